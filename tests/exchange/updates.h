/*
 * updates - getUpdates of Telegram's Bot API: what people write to the bot.
 *
 * They wait until they are confirmed by an offset above them.  A long poll
 * without one is held by the transport, which asks again (updates_due).
 */
#ifndef SLUICE_EXCHANGE_UPDATES_H
#define SLUICE_EXCHANGE_UPDATES_H

#include <stddef.h>
#include <stdint.h>

#include "tests/exchange/request.h"

#define UPDATES_MAX 1024

struct updates {
	struct update {
		int64_t id;
		char *text; /* the object as it is sent */
	} list[UPDATES_MAX];
	size_t n;
	int64_t last_id, messages;
	uint64_t polls; /* the latest is the one that is answered */
};

void updates_release(struct updates *u);

/* Somebody writes; with dry, only look.  0, or -1 with err. */
int updates_add(struct updates *u, const struct json *v, int64_t now_ms,
    int dry, char *err, size_t size);

/*
 * Answer; or leave the reply to the transport, which holds it for delay_ms
 * (delivery DELIVER_POLL).  effect 0: nothing is confirmed.
 */
void updates_answer(
    struct updates *u, struct request *r, int effect, struct reply *rep);

/*
 * The answer of a poll that is held, in *rep; 0 where there is none yet, and
 * it is not over.
 */
int updates_due(
    struct updates *u, const struct poll *p, int over, struct reply *rep);

#endif
