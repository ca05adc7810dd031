#include "notifier/said.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/utf8.h"

#define BLANKS " \t\r\n"

static const char *const names[] = {
	[COMMAND_NONE] = "-",
	[COMMAND_TEXT] = "text",
	[COMMAND_START] = "/start",
	[COMMAND_STOP] = "/stop",
	[COMMAND_BALANCE] = "/balance",
	[COMMAND_STATUS] = "/status",
	[COMMAND_LANG] = "/lang",
	[COMMAND_HELP] = "/help",
	[COMMAND_HALT] = "/halt",
	[COMMAND_RESUME] = "/resume",
};

const char *
command_name(enum command c)
{
	return names[c];
}

/* Controls of ASCII and of Latin-1. */
static int
is_control(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	return (len == 1 && (p[0] < 0x20 || p[0] == 0x7f)) ||
	    (len == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

static void
take_words(char out[SAID_WORDS_SIZE], const char *s)
{
	size_t left, n, at = 0;

	s += strspn(s, BLANKS);
	for (left = strlen(s); left > 0; s += n, left -= n) {
		n = utf8_len(s, left);
		if (n == 0 || at + n >= SAID_WORDS_SIZE)
			break;
		if (is_control(s, n)) {
			out[at++] = ' ';
		} else {
			memcpy(out + at, s, n);
			at += n;
		}
	}
	while (at > 0 && out[at - 1] == ' ')
		at--;
	out[at] = '\0';
}

/* "/halt@name why": which command it is, and what stands behind it. */
static enum command
take_text(struct said *out, const char *text, const char *name)
{
	size_t len = strcspn(text, BLANKS), word = strcspn(text, "@" BLANKS);

	if (text[0] != '/')
		return COMMAND_TEXT;
	if (word < len &&
	    (len - word - 1 != strlen(name) ||
		strncasecmp(text + word + 1, name, len - word - 1) != 0))
		return COMMAND_NONE;
	take_words(out->words, text + len);
	for (size_t i = COMMAND_START; i < sizeof(names) / sizeof(names[0]);
	     i++)
		if (strlen(names[i]) == word &&
		    strncasecmp(text, names[i], word) == 0)
			return (enum command)i;
	return COMMAND_TEXT;
}

/* Written by that person, to be read as theirs. */
static int
is_own_word(const struct json *message, const struct json *from)
{
	static const char *const others[] = { "forward_origin", "forward_date",
		"sender_chat", "via_bot" };
	int bot = 1;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (json_get(message, others[i]) != NULL)
			return 0;
	return json_bool(json_get(from, "is_bot"), &bot) == 0 && !bot;
}

int
said_parse(struct said *out, const struct json *update, const char *name)
{
	const struct json *message = json_get(update, "message");
	const struct json *from = json_get(message, "from");
	const struct json *chat = json_get(message, "chat");
	const char *text = json_string(json_get(message, "text"));
	const char *type = json_string(json_get(chat, "type"));
	int64_t date;

	memset(out, 0, sizeof(*out));
	if (json_int(json_get(update, "update_id"), 0, INT64_MAX - 1,
		&out->update) == -1)
		return -1;
	if (text == NULL || type == NULL ||
	    json_int(json_get(from, "id"), 1, INT64_MAX, &out->user) == -1 ||
	    json_int(json_get(chat, "id"), INT64_MIN, INT64_MAX, &out->chat) ==
		-1 ||
	    json_int(json_get(message, "date"), 0, INT64_MAX / 1000, &date) ==
		-1 ||
	    !is_own_word(message, from))
		return 0;
	out->time_ms = date * 1000;
	out->alone = strcmp(type, "private") == 0 && out->chat == out->user;
	out->command = take_text(out, text, name);
	return 0;
}
