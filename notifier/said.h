/*
 * said - what somebody wrote to the bot, as far as that matters to us.
 *
 * Made of an update of Telegram's getUpdates.  The sender is a number, never
 * a name.  Forwarded messages, those of other bots, and those that speak for a
 * chat are nobody's word, and no command.
 * Source: https://core.telegram.org/bots/api#update, as of 2026.
 */
#ifndef SLUICE_NOTIFIER_SAID_H
#define SLUICE_NOTIFIER_SAID_H

#include <stdint.h>

struct json;

#define SAID_WORDS_SIZE 201 /* bytes of what stands behind a command */

enum command {
	COMMAND_NONE, /* nothing for us */
	COMMAND_TEXT, /* a text that is no command of ours */
	COMMAND_START,
	COMMAND_STOP,
	COMMAND_BALANCE,
	COMMAND_STATUS,
	COMMAND_LANG,
	COMMAND_HELP,
	COMMAND_HALT,
	COMMAND_RESUME,
};

struct said {
	int64_t update;
	int64_t user, chat;
	int64_t time_ms; /* when, by Telegram's clock */
	int alone;	 /* in a private chat: nobody else reads it */
	enum command command;
	/*
	 * What stands behind the command: UTF-8, cut to size, one line, with
	 * no control characters in it.
	 */
	char words[SAID_WORDS_SIZE];
};

/*
 * Take an update; name is the bot's own, without the @: "/stop@other" is not
 * for us.  0; or -1 where it has no update_id, so that it cannot be dealt
 * with.
 */
int said_parse(struct said *out, const struct json *update, const char *name);

/* "/start", for the log. */
const char *command_name(enum command c);

#endif
