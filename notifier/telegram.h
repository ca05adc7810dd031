/*
 * telegram - the channel of Telegram's Bot API: one sendMessage a message.
 *
 * Messages go as plain text, in which nothing is markup.  Where Telegram says
 * that it cannot parse one all the same, it is sent once more (F29).
 *
 * An answer that does not come is no answer: the message is sent again, and
 * may arrive twice; it bears the number of its trade.
 */
#ifndef SLUICE_NOTIFIER_TELEGRAM_H
#define SLUICE_NOTIFIER_TELEGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "common/http.h"
#include "notifier/channel.h"

struct json_doc;
struct telegram;

/* Sends at a time. */
#define TELEGRAM_AT_ONCE 30

/* Messages in a time, 0: no limit. */
struct telegram_rates {
	int64_t all;	  /* a second, over all chats */
	int64_t chat;	  /* a second, to one chat */
	int64_t group;	  /* a minute, to one group or channel */
	int64_t start_ms; /* of the process, monotonic: rate.h */
};

/* The URL of a method of the bot's, to be freed; the token is in it. */
char *telegram_url(const char *url, const char *token, const char *method);

/*
 * url and token as in the settings; "" as token: nothing can be sent, and the
 * deliveries wait.  h must outlive it.
 */
struct telegram *telegram_new(struct http *h, const char *url,
    const char *token, const struct telegram_rates *rates);
void telegram_free(struct telegram *g);

struct channel telegram_channel(struct telegram *g);

/*
 * What a reply means.  Only Telegram's own words end a delivery or a
 * subscriber: an error page of something in between is tried again.
 */
void telegram_judge(
    struct outcome *o, struct json_doc *doc, const struct http_reply *r);

#endif
