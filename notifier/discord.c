/* The channel discord: an incoming webhook of a Discord channel. */
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "notifier/hook.h"

/* Discord takes 2000 characters, and a backslash may be before each. */
#define UNITS_MAX 1000

/* What would be markup, a link or a mention stands for itself. */
static void
put_escaped(struct buf *b, const char *text)
{
	int begins = 1; /* a line does */

	for (; *text != '\0'; text++) {
		if (strchr("\\*_~`|<>[]@", *text) != NULL ||
		    (begins && strchr("#-+", *text) != NULL))
			buf_putc(b, '\\');
		buf_putc(b, *text);
		begins = *text == '\n' || (begins && *text == ' ');
	}
}

static void
put_rest(struct buf *b)
{
	json_open_object(b, "allowed_mentions");
	json_open_array(b, "parse");
	json_close_array(b);
	json_close_object(b);
}

const struct hook_text discord_text = {
	.member = "content",
	.put_escaped = put_escaped,
	.put_rest = put_rest,
};

static int
start(void *state, const struct send *s)
{
	return hook_post_text(state, s, &discord_text);
}

struct channel
discord_channel(struct http *h)
{
	return hook_channel("discord", UNITS_MAX, start, h);
}
