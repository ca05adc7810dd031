/*
 * exchange - the whole stand-in: what a request is answered with.
 *
 * Nothing here knows sockets.  The transport (front.c) hands in a request and
 * gets a reply, and how it is to be sent; the journal's line is written in
 * between, so that its order is the one in which requests took effect.
 */
#ifndef SLUICE_EXCHANGE_EXCHANGE_H
#define SLUICE_EXCHANGE_EXCHANGE_H

#include <stdint.h>
#include <stdio.h>

#include "tests/exchange/account.h"
#include "tests/exchange/faults.h"
#include "tests/exchange/key.h"
#include "tests/exchange/limits.h"
#include "tests/exchange/market.h"
#include "tests/exchange/script.h"
#include "tests/exchange/telegram.h"

#define ROUTES_MAX 32 /* paths of Bybit */

struct exchange {
	struct market market;
	struct account account;
	struct key key;
	struct limits limits;
	struct window windows[ROUTES_MAX]; /* calls, by route */
	struct faults faults;
	struct script script;
	struct telegram telegram;
	FILE *journal;	       /* NULL: none is kept */
	size_t told_fills;     /* that the journal has */
	uint64_t told_changes; /* of positions, likewise */
	uint64_t requests;
	int64_t offset_ms;     /* of its clock, from the machine's */
	int64_t start_mono_ms; /* the market's zero */
	struct json_doc *body; /* of the request at hand */
};

/* The account as it is at the start; the script is empty. */
void exchange_init(struct exchange *x, const char *key, const char *secret);
void exchange_release(struct exchange *x);

/* The exchange's own time. */
int64_t exchange_now_ms(const struct exchange *x);

/*
 * Let the script, gliding prices and late orders come up to now.  Returns how
 * many ms from now the next such thing is due, or -1 for none.
 */
int exchange_advance(struct exchange *x);

/* Answer, and write the journal's line. */
void exchange_answer(struct exchange *x, struct request *r, struct reply *rep);

/* routes.c: the paths of Bybit. */
void route_answer(struct exchange *x, struct request *r, struct reply *rep);

/* control.c: /control/… */
void control_answer(struct exchange *x, struct request *r, struct reply *rep);

/*
 * One thing that a script line or a /control/ request asks for: verb, what
 * with, and the object that both stand in (a script line: "for" is there).
 * With dry, only look whether it is well-formed.  0, or -1 with err.
 */
int control_do(struct exchange *x, const char *verb, const struct json *arg,
    const struct json *around, int dry, char *err, size_t size);

/* journal.c */
void journal_write(struct exchange *x, const struct request *r,
    const struct reply *rep, int64_t now_ms);
/* Lines of what has been filled, and of sizes and stops that are others now. */
void journal_changes(struct exchange *x);

#endif
