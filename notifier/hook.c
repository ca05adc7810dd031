#include "notifier/hook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/decimal.h"

#define BODY_MAX (64u << 10)

/* A send that waits for its reply. */
struct call {
	void (*done)(void *arg, const struct outcome *o);
	void *arg;
};

/* Retry-After in ms, rounded up; -1 where it is no number of seconds. */
static int64_t
retry_after_ms(const char *text)
{
	const struct decimal max = decimal_from_int(HOOK_WAIT_MAX);
	struct decimal d;

	if (decimal_parse(&d, text, strlen(text)) == -1 || decimal_sign(d) < 0)
		return -1;
	if (decimal_cmp(d, max) > 0)
		d = max;
	return (int64_t)((d.e18 + 999999999999999) / 1000000000000000);
}

static void
judge_status(struct outcome *o, const struct http_reply *r)
{
	int64_t wait_ms = retry_after_ms(r->retry_after);

	if (r->status >= 200 && r->status <= 299) {
		o->kind = OUTCOME_DELIVERED;
		return;
	}
	reason_set(o->reason, "HTTP %d", r->status);
	if (r->status == 429 && wait_ms >= 0) {
		o->kind = OUTCOME_WAIT;
		o->wait_ms = wait_ms;
	} else if (r->status == 404 || r->status == 410) {
		o->kind = OUTCOME_GONE;
	} else if (r->status >= 400 && r->status <= 499 && r->status != 408 &&
	    r->status != 429) {
		o->kind = OUTCOME_REFUSED;
	}
}

void
hook_judge(struct outcome *o, const struct http_reply *r)
{
	*o = (struct outcome){ .kind = OUTCOME_RETRY, .ms = r->ms };
	if (r->outcome == HTTP_REPLY)
		judge_status(o, r);
	else
		reason_set(o->reason, "%s", r->error);
}

static void
on_reply(void *arg, const struct http_reply *r)
{
	struct call *c = arg;
	struct outcome o;

	hook_judge(&o, r);
	c->done(c->arg, &o);
	free(c);
}

int
hook_post(struct http *h, const struct send *s, const char *url,
    const char *const *headers, const char *body, size_t len)
{
	const struct http_request r = { .method = "POST",
		.url = url,
		.headers = headers,
		.body = body,
		.body_len = len,
		.path_is_secret = 1 };
	struct call *c = malloc(sizeof(*c));

	if (c == NULL) {
		errno = ENOMEM;
		return -1;
	}
	*c = (struct call){ s->done, s->arg };
	if (http_start(h, &r, on_reply, c) == -1) {
		free(c);
		return -1;
	}
	return 0;
}

int
hook_post_json(struct http *h, const struct send *s,
    int (*body)(struct buf *b, const char *text))
{
	static const char *const headers[] = { "Content-Type: application/json",
		NULL };
	struct buf b;
	int rc = -1;

	buf_init(&b, BODY_MAX);
	if (body(&b, s->text) == 0)
		rc = hook_post(h, s, s->address, headers, b.p, b.len);
	buf_release(&b);
	return rc;
}
