/*
 * server_fixture - a listener on loopback and clients of it, in one thread:
 * whoever waits for the listener turns its loop.
 */
#ifndef SLUICE_TESTS_SERVER_FIXTURE_H
#define SLUICE_TESTS_SERVER_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "webhookd/server.h"

#define POST "POST /bybit HTTP/1.1\r\nHost: x\r\n"
#define GET "GET /a HTTP/1.1\r\nHost: x\r\n"
#define ALERT POST "Content-Length: 5\r\n\r\nhello"

/* libevent reads a coarse clock. */
#define COARSE_MS 10

struct fixture {
	struct event_base *base;
	struct server *server;
	struct server_opts o; /* for start */
	char err[256];
	/* What the handler saw. */
	int handled, gone;
	size_t active;	      /* connections */
	int hold;	      /* it keeps the request */
	struct request *held; /* the last one; NULL: gone */
	char seen[512];	      /* method, path, query, address, X-A, body */
	size_t large;	      /* bytes of its answer; 0: "done" */
	char reply[8192];     /* what get read last */
	int refused;	      /* without the handler */
	char why[256];	      /* the last one: status, address, reason */
};
extern struct fixture fx;

/* cmocka's. */
int setup(void **arg);
int teardown(void **arg);

/* Listen as fx.o says. */
void start(void);

/* Do what the listener has to do now; for so long. */
void turn(void);
void turns(int64_t ms);

/* The handler's answer to a request that it held. */
void answer(struct request *r);

int dial(void);
int dial_from(const char *address); /* of loopback */
void put(int fd, const char *text);
void hang_up(int fd, int reset);

/*
 * Everything until the connection ends, into fx.reply as far as that holds it,
 * and hang up; the number of bytes, or -1 after a reset.
 */
long get(int fd);
int status_of(const char *text);

/* One request: the status of its answer; -1 where there is none. */
int ask(const char *text);

/* Nothing is left of what was served, shortly. */
void check_idle(void);

#endif
