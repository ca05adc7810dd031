/* The channel slack: an incoming webhook of a Slack app. */
#include <errno.h>

#include "common/buf.h"
#include "common/json.h"
#include "notifier/hook.h"

#define UNITS_MAX 4000 /* Slack cuts off at 40,000; an & takes five */
#define CONTENT_MAX (32u << 10)

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

int
slack_body(struct buf *b, const char *text)
{
	struct buf content;
	int rc;

	buf_init(&content, CONTENT_MAX);
	put_escaped(&content, text);
	json_open_object(b, NULL);
	json_put_mem(
	    b, "text", content.p != NULL ? content.p : "", content.len);
	/* So that stars and underscores are no markup. */
	json_put_bool(b, "mrkdwn", 0);
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
	return hook_post_json(state, s, slack_body);
}

struct channel
slack_channel(struct http *h)
{
	return (struct channel){
		.name = "slack",
		.units_max = UNITS_MAX,
		.state = h,
		.start = start,
	};
}
