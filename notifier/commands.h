/*
 * commands - what becomes of what somebody wrote to the bot.
 *
 * A subscriber's command is carried out within a transaction of the caller's,
 * in which the caller also notes the update as dealt with: so it is done once,
 * however often Telegram tells of it.  The operator's are in operator.h.
 */
#ifndef SLUICE_NOTIFIER_COMMANDS_H
#define SLUICE_NOTIFIER_COMMANDS_H

#include <stdint.h>

#include "common/buf.h"
#include "common/store.h"
#include "notifier/invites.h"
#include "notifier/notifier.h"
#include "notifier/said.h"
#include "notifier/throttle.h"

struct commands {
	struct notifier *n; /* whose subscribers, trades, language, log */
	struct throttle throttle;
};

/* What a command did, for the log after the commit. */
struct done {
	const char *what; /* NULL: nothing to be told */
	char subscriber[ID_SIZE];
	char invite[INVITE_ID_SIZE]; /* the id of the code, or "" */
};

/*
 * 1 where the sender may be heard; that counts.  Once an update; not for the
 * operator.
 */
int commands_heard(
    struct commands *c, const struct said *said, struct moment now);

/*
 * Carry it out, and append the answer to b: nothing where there is none.
 * again: it was dealt with before, and is answered without any effect.
 * STORE_OK, or an error, after which the transaction is to be given up.
 */
enum store_error commands_do(struct commands *c, struct store_txn *t,
    const struct said *said, int again, struct moment now, struct buf *b,
    struct done *done);

#endif
