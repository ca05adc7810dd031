/* intake_answer: what a client is told, and when it may be. */
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "webhookd/intake_internal.h"

/* What a client gets of an answer that is there. */
void
intake_tell(struct intake *in, void *client, const struct entry *e,
    int duplicate, int64_t took_ms)
{
	struct intake_answer a = {
		.id = e->id,
		.code = e->code,
		.duplicate = duplicate,
		.took_ms = took_ms,
	};
	struct buf b;

	buf_init(&b, LINE_SIZE_MAX + 64);
	buf_put(&b, e->answer.p, e->answer.len);
	if (duplicate && b.len > 0) {
		b.len--; /* the brace, for one member more */
		json_put_bool(&b, "duplicate", 1);
		json_close_object(&b);
	}
	a.body = b.p;
	a.len = b.len;
	in->o.answer(in->o.arg, client, &a);
	buf_release(&b);
}

/* {"ok":false,"error":…}: nothing is known, and it may be sent again. */
void
intake_refuse(struct intake *in, void *client, const char *id,
    const char *error, int64_t took_ms)
{
	struct intake_answer a = { .id = id, .code = 503, .took_ms = took_ms };
	struct buf b;

	buf_init(&b, 1024);
	json_open_object(&b, NULL);
	json_put_bool(&b, "ok", 0);
	json_put_string(&b, "error", error);
	json_put_time(&b, "timestamp", in->wall_ms);
	json_close_object(&b);
	a.body = b.p;
	a.len = b.len;
	in->o.answer(in->o.arg, client, &a);
	buf_release(&b);
}

/* It is recorded, and no result is there: it will be traded or expire. */
static void
tell_pending(struct intake *in, void *client, const struct entry *e,
    int duplicate, int64_t took_ms)
{
	struct intake_answer a = {
		.id = e->id,
		.code = 202,
		.duplicate = duplicate,
		.took_ms = took_ms,
	};
	struct buf b;

	buf_init(&b, 1024);
	json_open_object(&b, NULL);
	json_put_bool(&b, "ok", 1);
	json_put_string(&b, "status", "pending");
	json_put_string(&b, "id", e->id);
	json_put_time(&b, "timestamp", in->wall_ms);
	if (duplicate)
		json_put_bool(&b, "duplicate", 1);
	json_close_object(&b);
	a.body = b.p;
	a.len = b.len;
	in->o.answer(in->o.arg, client, &a);
	buf_release(&b);
	in->said_pending = 1;
}

/* Answer a waiter with what is there now. */
void
waiter_answer(struct intake *in, struct waiter *w, const char *error)
{
	int64_t took_ms = in->mono_ms - w->since_ms;
	struct entry *e = w->entry;

	if (e->state != ENTRY_PENDING)
		intake_tell(in, w->client, e, w->duplicate, took_ms);
	else if (e->recorded)
		tell_pending(in, w->client, e, w->duplicate, took_ms);
	else
		intake_refuse(in, w->client, e->id, error, took_ms);
	waiter_drop(in, w);
}

void
entry_answer(struct intake *in, struct entry *e, const char *error)
{
	struct waiter *w;

	while ((w = TAILQ_FIRST(&e->waiters)) != NULL)
		waiter_answer(in, w, error);
}

/* The result may be told: it is known, and the alert recorded, if it can be. */
int
entry_settled(const struct intake *in, const struct entry *e)
{
	return e->state != ENTRY_PENDING && (e->recorded || in->failing);
}

/* The object that clients get of a result line. */
void
answer_put(struct buf *b, const struct json *line)
{
	const struct json *v;
	const char *key;

	json_open_object(b, NULL);
	for (v = json_first(line); v != NULL; v = json_next(v)) {
		key = json_key(v);
		if (strcmp(key, "type") != 0 && strcmp(key, "id") != 0 &&
		    strcmp(key, "code") != 0)
			json_put(b, key, v);
	}
	json_close_object(b);
}
