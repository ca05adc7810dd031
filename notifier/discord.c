/* The channel discord: an incoming webhook of a Discord channel. */
#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "notifier/hook.h"

/* Discord takes 2000 characters, and a backslash may be before each. */
#define UNITS_MAX 1000
#define CONTENT_MAX (32u << 10)

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

int
discord_body(struct buf *b, const char *text)
{
	struct buf content;
	int rc;

	buf_init(&content, CONTENT_MAX);
	put_escaped(&content, text);
	json_open_object(b, NULL);
	json_put_mem(
	    b, "content", content.p != NULL ? content.p : "", content.len);
	json_open_object(b, "allowed_mentions");
	json_open_array(b, "parse");
	json_close_array(b);
	json_close_object(b);
	json_close_object(b);
	rc = buf_failed(&content) == 0 && buf_failed(b) == 0 ? 0 : -1;
	buf_release(&content);
	if (rc == -1)
		errno = ENOMEM;
	return rc;
}

static int
start(void *state, const struct send *s)
{
	return hook_post_json(state, s, discord_body);
}

struct channel
discord_channel(struct http *h)
{
	return (struct channel){
		.name = "discord",
		.units_max = UNITS_MAX,
		.state = h,
		.start = start,
	};
}
