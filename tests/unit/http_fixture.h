/*
 * http_fixture - a scripted server on loopback, a thread that sends exact bytes
 * and counts what it got; and requests to it.
 */
#ifndef SLUICE_TESTS_HTTP_FIXTURE_H
#define SLUICE_TESTS_HTTP_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/http.h"

/* What the server does with one request that it has read whole. */
enum act {
	SEND,  /* text, and keep the connection */
	LAST,  /* text, and close */
	CLOSE, /* close without a byte */
	DRIP,  /* a head for 1000 bytes, then a byte each 20 ms */
	FLOOD, /* bytes without end */
	HEADS, /* header lines without end */
	HANG,  /* nothing, for ever */
	STOP,  /* the end of the script */
};

struct step {
	enum act act;
	const char *text;
};

struct server {
	int fd;
	int quit[2];
	pthread_t thread;
	const struct step *step;
	char url[64];
	char request[4096]; /* the last one, head and body */
	atomic_int connections;
	atomic_int ended; /* of those, by the server */
	atomic_int requests;
	atomic_int bytes; /* in all */
};

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

void server_start(struct server *s, const struct step *script);
void server_stop(struct server *s);

/* What a call came to, copied out of the callback. */
struct result {
	int done;
	enum http_outcome outcome;
	int status;
	char body[256];
	size_t len;
	char error[640];
	char limit_status[24];
	char limit_reset[24];
	char retry_after[40];
	int64_t wait_ms; /* as http_retry_after_ms understands it */
};
/* For http_start; arg is the result. */
void keep(void *arg, const struct http_reply *r);

struct http *client(long total_ms, long stall_ms);
/* A request, until it has ended. */
void run(struct http *h, const struct http_request *r, struct result *out);
void request(struct http *h, const char *method, const struct server *s,
    const char *path, const char *body, struct result *out);

#endif
