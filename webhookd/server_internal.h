/*
 * server_internal - what server.c, connection.c and request.c share.
 *
 * One connection has one request, so struct request is both.  The states:
 *
 *   HANDSHAKE   TLS is being agreed on
 *   READING     the request is not whole
 *   WAITING     the handler has it
 *   ANSWERING   the answer is leaving
 *   LINGERING   it has left, but the client may still be writing: what comes
 *               is thrown away, since closing now would reset the connection
 *               and could take the answer with it
 *
 * Each has an end of its own in time; the timer is never moved by a byte that
 * came (F36).  A request stands in one of two lists: serving counts for the
 * caps, ending (refused at once, or lingering) is short, and its oldest gives
 * way.
 */
#ifndef SLUICE_WEBHOOKD_SERVER_INTERNAL_H
#define SLUICE_WEBHOOKD_SERVER_INTERNAL_H

#include <openssl/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "common/buf.h"
#include "webhookd/address.h"
#include "webhookd/gate.h"
#include "webhookd/guesses.h"
#include "webhookd/server.h"

/* Connections that are refused or lingering, beside those of the caps. */
#define ENDING_MAX 64

/* What a client that was refused gets to read its answer. */
#define LINGER_MS 2000

struct bufferevent;
struct event;

enum request_state {
	REQUEST_HANDSHAKE,
	REQUEST_READING,
	REQUEST_WAITING,
	REQUEST_ANSWERING,
	REQUEST_LINGERING,
};

struct request {
	struct server *s;
	TAILQ_ENTRY(request) entry;
	enum request_state state;
	int ending;   /* which list it is in */
	int admitted; /* address is the one that counts, and was let in */
	int preferred;
	size_t same; /* admitted: those of its key in serving, with itself */
	int linger;  /* the client may still be writing */
	int eof;     /* the client has shut down its sending side */
	int early;   /* refuse with this status as soon as that can be said */
	const char *early_why;
	struct bufferevent *bev;
	SSL *ssl; /* the bufferevent's; NULL: plain */
	struct event *timer;
	char address[ADDRESS_TEXT_MAX];
	unsigned char key[ADDRESS_KEY_SIZE];
	struct gate gate;
	struct buf in; /* all bytes of the request */
	void *user;
};

TAILQ_HEAD(request_list, request);

struct server {
	struct server_opts o;
	int fd; /* that it listens on; -1: stopped */
	struct event *on_fd;
	struct request_list serving, ending;
	size_t serving_n, ending_n;
	struct guesses guesses;
	/* Descriptors (F41). */
	struct event *again; /* listen again, then: it is over */
	int spare;	     /* given up to turn one client away */
	int resting;	     /* not accepting */
	int starved;
	int64_t turned_away;
	char notice[128];
	int notice_due;
};

/* connection.c: serve what was accepted; owns fd. */
void connection_open(struct server *s, int fd, const struct sockaddr *sa);
void connection_free(struct request *r);
/* Tell the handler if it has the request, then free. */
void connection_drop(struct request *r);
/* Begin to answer: linger where the client may still be writing. */
void connection_answer(struct request *r, int status, const char *type,
    const void *body, size_t len);

/* request.c: the head of an answer; its length. */
#define ANSWER_HEAD_MAX 512
size_t answer_head(char out[ANSWER_HEAD_MAX], const struct request *r,
    int status, const char *type, size_t len);
/* {"ok":false,…}: 0, or -1 where there is no memory. */
int answer_refusal(struct buf *b, const char *error);

#endif
