/*
 * limits - how often may be called: per endpoint in a rolling second, per
 * address in five.
 */
#ifndef SLUICE_EXCHANGE_LIMITS_H
#define SLUICE_EXCHANGE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/exchange/request.h"

#define WINDOW_MAX 1024 /* calls that a window remembers */

struct window {
	int64_t at_ms[WINDOW_MAX]; /* a ring of the last calls */
	size_t next, n;
};

struct limits {
	int hide_headers;
	int64_t per_second; /* for every endpoint; 0: its own */
	int64_t per_ip;	    /* requests in 5 s; 0: any */
	struct window address;
	int64_t banned_until_ms;
};

void limits_init(struct limits *l);

/* 0, or -1 and the reply is a 403: too frequent. */
int limits_address(struct limits *l, int64_t now_ms, struct reply *rep);

/*
 * Count a call of an endpoint whose own cap this is, and write what is left
 * into the reply.  0, or -1 and the reply is a 10006.
 */
int limits_endpoint(const struct limits *l, struct window *w, int64_t cap,
    int64_t now_ms, struct reply *rep);

#endif
