/* The channel slack: an incoming webhook of a Slack app. */
#include "common/buf.h"
#include "common/json.h"
#include "notifier/hook.h"

#define UNITS_MAX 4000 /* Slack cuts off at 40,000; an & takes five */

/* What would be a link, a command or a mention stands for itself. */
static void
put_escaped(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			buf_puts(b, "&amp;");
			break;
		case '<':
			buf_puts(b, "&lt;");
			break;
		case '>':
			buf_puts(b, "&gt;");
			break;
		default:
			buf_putc(b, *text);
		}
}

/* So that stars and underscores are no markup. */
static void
put_rest(struct buf *b)
{
	json_put_bool(b, "mrkdwn", 0);
}

const struct hook_text slack_text = {
	.member = "text",
	.put_escaped = put_escaped,
	.put_rest = put_rest,
};

static int
start(void *state, const struct send *s)
{
	return hook_post_text(state, s, &slack_text);
}

struct channel
slack_channel(struct http *h)
{
	return hook_channel("slack", UNITS_MAX, start, h);
}
