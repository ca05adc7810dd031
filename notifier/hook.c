#include "notifier/hook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/log.h"

#define BODY_MAX (64u << 10)
#define ESCAPED_MAX (32u << 10)

/* A send that waits for its reply. */
struct call {
	void (*done)(void *arg, const struct outcome *o);
	void *arg;
};

static void
judge_status(struct outcome *o, const struct http_reply *r)
{
	int64_t wait_ms = http_retry_after_ms(r, HOOK_WAIT_MAX_MS);

	if (r->status >= 200 && r->status <= 299) {
		o->kind = OUTCOME_DELIVERED;
		return;
	}
	reason_set(o->reason, "HTTP %d", r->status);
	if (r->status == 429 && wait_ms > 0) {
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
	*o = (struct outcome){ .kind = OUTCOME_RETRY,
		.outage =
		    r->outcome == HTTP_NOT_SENT ? OUTAGE_SURE : OUTAGE_PERHAPS,
		.ms = r->ms };
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

struct channel
hook_channel(const char *name, size_t units_max,
    int (*start)(void *state, const struct send *s), void *state)
{
	return (struct channel){
		.name = name,
		.units_max = units_max,
		.by_host = 1,
		.at_once = HOOK_AT_ONCE,
		.state = state,
		.start = start,
	};
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
		.path_is_secret = 1,
		.may_repeat = 1 };
	struct call *c = must_have(malloc(sizeof(*c)));

	*c = (struct call){ s->done, s->arg };
	if (http_start(h, &r, on_reply, c) == -1) {
		free(c);
		return -1;
	}
	return 0;
}

int
hook_text_body(struct buf *b, const struct hook_text *k, const char *text)
{
	struct buf escaped;
	int rc;

	buf_init(&escaped, ESCAPED_MAX);
	k->put_escaped(&escaped, text);
	json_open_object(b, NULL);
	json_put_mem(
	    b, k->member, escaped.p != NULL ? escaped.p : "", escaped.len);
	k->put_rest(b);
	json_close_object(b);
	rc = buf_failed(&escaped) == 0 && buf_failed(b) == 0 ? 0 : -1;
	buf_release(&escaped);
	if (rc == -1)
		errno = ENOMEM;
	return rc;
}

int
hook_post_text(struct http *h, const struct send *s, const struct hook_text *k)
{
	static const char *const headers[] = { "Content-Type: application/json",
		NULL };
	struct buf b;
	int rc = -1;

	buf_init(&b, BODY_MAX);
	if (hook_text_body(&b, k, s->text) == 0)
		rc = hook_post(h, s, s->address, headers, b.p, b.len);
	buf_release(&b);
	return rc;
}
