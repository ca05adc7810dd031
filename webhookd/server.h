/*
 * server - a listener that lets nobody in who should not be.
 *
 * libevent serves HTTP, with its OpenSSL part where TLS is asked for; this
 * adds what it does not have: an absolute deadline from accept to the whole
 * request (F36), caps on header, body and connections, in all and an address
 * (F37), a length that must be there (F38), one meaning of every byte or a 400
 * (F39), one request a connection, and back-off where descriptors run out
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
	int tell_all;	     /* 404 and 405 name what is there: operators */
	size_t header_max;   /* bytes */
	size_t body_max;     /* bytes */
	int64_t deadline_ms; /* from accept to the last byte of the request */
	int64_t answer_ms;   /* from there to an answer, else 503 */
	size_t connections;  /* in all */
	size_t per_address;  /* by the address that counts */
	void (*handler)(void *arg, struct request *r);
	/* The client has gone before it was answered: r ends with this call. */
	void (*gone)(void *arg, struct request *r);
	void *arg;
};

/* Listens.  NULL with a message in err (the address, and what is wrong). */
struct server *server_new(const struct server_opts *o, char *err, size_t size);

/* Take no new connection; those that are there are answered. */
void server_stop(struct server *s);
size_t server_active(const struct server *s); /* connections */
void server_free(struct server *s);	      /* NULL is fine */

/* The port, for a listen address with port 0. */
int server_port(const struct server *s);

/* What there is to say, one line a change of state; NULL: nothing more. */
const char *server_notice(struct server *s);

/* 1 while descriptors have run out: for the alarm (F41). */
int server_starved(const struct server *s);

/*
 * A request.  All of it is valid until it is answered.  path is what stands
 * before a '?', query what follows it ("" without); neither is decoded.  body
 * has a NUL behind it.  address is the client's, as text, X-Forwarded-For
 * taken into account.  request_header returns NULL where it is absent; names
 * are compared without case.
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
 * Guesses of a token (F09).  guess_wrong counts one; guess_wait_ms tells how
 * long that address must wait before the next is looked at at all: 0 for the
 * first ones, then growing, forgotten after a quiet time.  Kept in the server,
 * by a bounded number of addresses.
 */
void guess_wrong(struct server *s, const char *address);
int64_t guess_wait_ms(struct server *s, const char *address);

#endif
