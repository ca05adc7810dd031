/*
 * bot - commands over Telegram: getUpdates, one long poll at a time.
 *
 * What came is carried out and noted as dealt with in one commit, and is
 * confirmed to Telegram after that, by the offset of the next poll, which
 * waits a moment for the answers to go out.  Killed in between, the same
 * updates come again, are answered again, and have no second effect.  A halt
 * alone holds before the commit, as soon as it came.
 * Source: https://core.telegram.org/bots/api#getupdates, as of 2026.
 */
#ifndef SLUICE_NOTIFIER_BOT_H
#define SLUICE_NOTIFIER_BOT_H

#include <stdint.h>

#include "common/http.h"
#include "notifier/channel.h"
#include "notifier/notifier.h"
#include "notifier/replies.h"

struct bot;
struct settings;
struct watch;

/* Requests of it that are under way at a time. */
#define BOT_CONNECTIONS (1 + REPLIES_AIRBORNE)

/* All of them must outlive it. */
struct bot_opts {
	struct notifier *n;
	struct watch *watch; /* gets its alarm */
	struct http *http;
	const struct channel *channel; /* of Telegram; copied */
	const struct settings *settings;
	const char *dir; /* the state folder */
};

/*
 * Never NULL, which the functions below take, too: no commands are taken.
 */
struct bot *bot_new(const struct bot_opts *o);
void bot_free(struct bot *b);

/*
 * Commit what came, answer, ask for more.  STORE_OK; or an error, with words
 * in the notifier's, after which it is called again.
 */
enum store_error bot_turn(struct bot *b, struct moment now);

/* When to call it next, monotonic; INT64_MAX: not by itself. */
int64_t bot_due(const struct bot *b);

/* Nothing is to be answered; and none of its messages is on the wire. */
int bot_idle(const struct bot *b);
int bot_landed(const struct bot *b);

#endif
