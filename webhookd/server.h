/*
 * server - a listener that lets nobody in who should not be.
 *
 * HTTP over libevent's listeners and buffers, with its OpenSSL part where TLS
 * is asked for.  Not over evhttp, since that parses before anything of ours
 * sees a byte, knows no peer until a request is whole, and so can hold no
 * absolute deadline (F36), no caps on connections (F37) and no meaning of a
 * byte but its own (F38, F39); put behind a bufferevent_filter it loses the
 * answer (2.1.12).  What is left of HTTP is small: a head and a length
 * (gate.h), one request a connection.
 *
 * An absolute deadline from accept to the whole request, caps on header, body
 * and connections, in all and an address, back-off where descriptors run out
 * (F41).  Nothing of a request is ever echoed in a header of a reply.
 *
 * The handler gets a whole request and answers it now or later.
 */
#ifndef SLUICE_WEBHOOKD_SERVER_H
#define SLUICE_WEBHOOKD_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "webhookd/address.h"

struct event_base;
struct request;
struct server;
struct tls;

struct server_opts {
	struct event_base *base;
	const char *listen; /* "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:443" */
	struct tls *tls;    /* NULL: plain HTTP; belongs to the caller */
	const struct address_list *trust; /* whose X-Forwarded-For counts */
	const struct address_list *allow; /* who may ask; NULL or empty: all */
	/*
	 * Addresses that many honest clients share, and whose owner keeps them
	 * slow: they give way after all others, are not held to per_address,
	 * and guesses of theirs cost no wait, since else one of them could keep
	 * the others' alerts out.
	 */
	const struct address_list *prefer;
	size_t header_max; /* bytes */
	size_t body_max;   /* bytes */
	/* From accept to the last byte of the request; as long for an answer
	   to be taken. */
	int64_t deadline_ms;
	int64_t answer_ms; /* for the handler to answer, else 503 */
	/*
	 * Connections in all, and by the address that counts.  Where there are
	 * as many, one whose request is not whole gives way to a new one: of
	 * the address that has most of them the oldest; one of which nothing
	 * was read yet only to an address that has fewer.  Where there is none,
	 * the new one goes: 503 and 429.
	 */
	size_t connections;
	size_t per_address;
	void (*handler)(void *arg, struct request *r);
	/*
	 * The client has gone before it was answered, answer_ms is over, or the
	 * server is freed: r ends with this call.  A client that shut down its
	 * sending side alone is still there.
	 */
	void (*gone)(void *arg, struct request *r);
	/*
	 * For the log: what never came to the handler was refused, with that
	 * status; 0: the TLS handshake failed.  Not told of a client that said
	 * nothing until its time was over.  NULL: nobody asks.
	 */
	void (*refused)(
	    void *arg, const struct request *r, int status, const char *why);
	void *arg;
};

/*
 * Listens.  NULL with errno, and a message in err: the address, and what is
 * wrong.
 */
struct server *server_new(const struct server_opts *o, char *err, size_t size);

/*
 * Take no new connection; requests that have begun are answered.
 * server_active counts the connections that are left, until the last byte of
 * an answer is taken.  server_free (NULL is fine) drops them.
 */
void server_stop(struct server *s);
size_t server_active(const struct server *s);
void server_free(struct server *s);

/* The port, for a listen address with port 0. */
int server_port(const struct server *s);

/*
 * What there is to say since the last call, one line a change of state; NULL:
 * nothing more.
 */
const char *server_notice(struct server *s);

/* 1 while descriptors have run out: for the alarm (F41). */
int server_starved(const struct server *s);

/*
 * A request.  All of it is valid until it is answered.  path is what stands
 * before a '?', query what follows it ("" without); neither is decoded.  body
 * has a NUL behind it.  address is the client's, as text, X-Forwarded-For
 * taken into account.  request_header returns NULL where it is absent, the
 * first where there are several (never of Authorization, Content-Type, Host and
 * Origin); names are compared without case.
 */
const char *request_method(const struct request *r);
const char *request_path(const struct request *r);
const char *request_query(const struct request *r);
const char *request_header(const struct request *r, const char *name);
char *request_body(const struct request *r, size_t *len);
const char *request_address(const struct request *r);

/* The caller's own, to find a request again. */
void request_set_user(struct request *r, void *user);
void *request_user(const struct request *r);

/*
 * Answer, once; r ends with this call.  type is the Content-Type; every answer
 * says Connection: close.  request_refuse has the shape of DESIGN's table:
 * {"ok":false,"error":…,"timestamp":…}; error is ours, not the client's words.
 */
void request_reply(struct request *r, int status, const char *type,
    const void *body, size_t len);
void request_refuse(struct request *r, int status, const char *error);

/*
 * Guesses of a token (F09), as in guesses.h.  guess_wrong counts one;
 * guess_wait_ms tells how long that address must wait before the next is
 * looked at at all; 0 for those of prefer.
 */
void guess_wrong(struct server *s, const char *address);
int64_t guess_wait_ms(struct server *s, const char *address);

#endif
