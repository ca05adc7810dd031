/*
 * telegram - sendMessage and getMe of Telegram's Bot API; see updates.h, too.
 */
#ifndef SLUICE_EXCHANGE_TELEGRAM_H
#define SLUICE_EXCHANGE_TELEGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "tests/exchange/request.h"
#include "tests/exchange/updates.h"

#define TELEGRAM_RULES_MAX 64

/* What a chat answers, instead of taking the message. */
struct telegram_rule {
	char chat_id[24]; /* "": every chat */
	int status;
	char description[128];
	int64_t retry_after;	    /* 0: none */
	int64_t migrate_to_chat_id; /* 0: none */
	int64_t count;		    /* how often still; 0: until cleared */
};

struct telegram {
	struct telegram_rule rules[TELEGRAM_RULES_MAX];
	size_t n;
	int64_t messages; /* delivered */
	struct updates updates;
};

/* Take a rule on; with dry, only look.  0, or -1 with err. */
int telegram_rule_add(
    struct telegram *t, const struct json *v, int dry, char *err, size_t size);

/* Whether the path is one of a bot; the path with *** for its token. */
int telegram_path(const char *path);
void telegram_hide_token(char *out, size_t size, const char *path);

/* The reply is an error in Telegram's words. */
void telegram_refuse(struct reply *rep, int status, const char *description);

/*
 * Answer.  effect 0: the message is not taken, but what is wrong with it is
 * told.
 */
void telegram_answer(struct telegram *t, struct request *r, int effect,
    int64_t now_ms, struct reply *rep);

#endif
