#include "webhookd/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/killpoint.h"
#include "common/limits.h"
#include "common/result.h"
#include "webhookd/intake_internal.h"

#define SCAN_MS 1000 /* between two looks for what has expired */
#define LOOK_MS 5000 /* … and for the outcome of one that is late */

/* An alert that is here already. */
static struct waiter *
join(struct intake *in, struct entry *e, void *client)
{
	struct waiter *w;

	in->counts.duplicates++;
	if (entry_settled(in, e)) {
		intake_tell(in, client, e, 1, 0);
		return NULL;
	}
	w = waiter_add(in, e, client, 1);
	if (w == NULL)
		intake_refuse(in, client, e->id, NOT_RECORDED, 0);
	/* One that could not be recorded may have been lost on its way. */
	if (e->handed && e->connection != in->connection && entry_live(in, e) &&
	    in->o.ready(in->o.arg))
		(void)entry_hand_on(in, e);
	return w;
}

static enum store_error
read_row(struct intake *in, const char *id, struct entry **out)
{
	struct store_txn *t;
	enum store_error rc;

	rc = store_begin(in->o.store, 0, &t);
	if (rc != STORE_OK)
		return rc;
	rc = rows_get(t, in->doc, id, out);
	store_abort(t);
	return rc;
}

/* The body of the same bytes, not older than they may be; or NULL. */
static struct body *
find_body(struct intake *in, const struct alert *a)
{
	struct body *b, *next;

	for (b = TAILQ_FIRST(&in->bodies); b != NULL; b = next) {
		next = TAILQ_NEXT(b, next);
		if (memcmp(b->digest, a->digest, sizeof(b->digest)) != 0)
			continue;
		if (in->mono_ms - b->born_ms < INTAKE_SAME_MS)
			return b;
		body_drop(in, b); /* its row is written anew */
	}
	return NULL;
}

static struct body *
new_body(struct intake *in, const struct alert *a, const char *id)
{
	struct body *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	memcpy(b->digest, a->digest, sizeof(b->digest));
	memcpy(b->id, id, sizeof(b->id));
	b->received_ms = in->wall_ms;
	b->born_ms = in->mono_ms;
	TAILQ_INSERT_TAIL(&in->bodies, b, next);
	return b;
}

static struct entry *
new_entry(struct intake *in, const struct alert *a, const char *id,
    const char *source)
{
	struct entry *e = malloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	entry_init(e, id);
	e->received_ms = in->wall_ms;
	e->born_ms = in->mono_ms;
	alert_line(&e->line, a, id, in->wall_ms, source);
	if (a->timestamp_ms == -1)
		e->body = new_body(in, a, id);
	if (buf_failed(&e->line) ||
	    (a->timestamp_ms == -1 && e->body == NULL)) {
		if (e->body != NULL)
			body_drop(in, e->body);
		entry_free(e);
		return NULL;
	}
	entry_add(in, e);
	return e;
}

/* A new alert: on its way at once, but where it must be recorded first. */
static struct waiter *
take_new(struct intake *in, const struct alert *a, const char *id,
    const char *source, void *client)
{
	struct waiter *w = NULL;
	struct entry *e;

	if (in->stopped || !in->o.ready(in->o.arg)) {
		intake_refuse(
		    in, client, id, in->stopped ? STOPPING : NO_RISKER, 0);
		return NULL;
	}
	if (in->mono_ms < in->retry_ms) {
		intake_refuse(in, client, id, NOT_RECORDED, 0);
		return NULL;
	}
	e = new_entry(in, a, id, source);
	if (e != NULL)
		w = waiter_add(in, e, client, 0);
	if (w == NULL) {
		intake_refuse(in, client, id, NOT_RECORDED, 0);
		goto drop;
	}
	if (e->body == NULL && !in->failing && entry_hand_on(in, e) == -1) {
		waiter_answer(in, w, NO_RISKER);
		goto drop;
	}
	in->counts.alerts++;
	entry_dirty(in, e);
	return w;
drop:
	if (e != NULL && e->body != NULL)
		body_drop(in, e->body);
	if (e != NULL)
		entry_drop(in, e);
	return NULL;
}

struct waiter *
intake_alert(
    struct intake *in, const struct alert *a, const char *source, void *client)
{
	const struct body *b = a->timestamp_ms == -1 ? find_body(in, a) : NULL;
	char id[ALERT_ID_SIZE];
	struct entry *e;

	if (b != NULL)
		memcpy(id, b->id, sizeof(id));
	else if (alert_id(id, a, in->wall_ms) == -1) {
		intake_refuse(in, client, "", NOT_RECORDED, 0);
		return NULL;
	}
	e = entry_find(in, id);
	if (e != NULL)
		return join(in, e, client);
	switch (read_row(in, id, &e)) {
	case STORE_NOTFOUND:
		return take_new(in, a, id, source, client);
	case STORE_OK:
		/* All that is pending is in memory. */
		if (e->state != ENTRY_PENDING) {
			in->counts.duplicates++;
			intake_tell(in, client, e, 1, 0);
			entry_free(e);
			return NULL;
		}
		entry_free(e);
		break;
	default:
		break;
	}
	intake_refuse(in, client, id, NOT_RECORDED, 0);
	return NULL;
}

void
intake_gone(struct intake *in, struct waiter *w)
{
	waiter_drop(in, w);
}

/* What is wrong with a result line, or NULL. */
static const char *
check_result(const struct json *line, const char **id, int *code)
{
	int64_t n;
	int ok;

	*id = json_string(json_get(line, "id"));
	if (*id == NULL || strlen(*id) != ALERT_ID_SIZE - 1)
		return "id is no alert's";
	/* 504 is the one that TradingView does not send again. */
	if (json_int(json_get(line, "code"), 200, 599, &n) == -1 || n == 504)
		return "code is not an HTTP status of an answer";
	if (json_bool(json_get(line, "ok"), &ok) == -1)
		return "ok is neither true nor false";
	*code = (int)n;
	return NULL;
}

/* What came of an alert that was told as expired, or is gone from memory. */
static enum intake_taken
late_result(struct intake *in, const char *id, struct entry **out)
{
	struct entry *e;

	switch (read_row(in, id, &e)) {
	case STORE_OK:
		break;
	case STORE_NOTFOUND:
		return INTAKE_UNKNOWN;
	default:
		return INTAKE_FAILED;
	}
	if (e->state == ENTRY_ANSWERED) {
		entry_free(e);
		return INTAKE_KNOWN;
	}
	e->born_ms = in->mono_ms;
	entry_add(in, e);
	*out = e;
	return INTAKE_TAKEN;
}

enum intake_taken
intake_result(struct intake *in, const struct json *line, const char **why)
{
	enum intake_taken rc;
	const char *id;
	struct entry *e;
	struct buf b;
	int code;

	*why = check_result(line, &id, &code);
	if (*why != NULL)
		return INTAKE_BAD;
	e = entry_find(in, id);
	if (e != NULL && e->state == ENTRY_ANSWERED)
		return INTAKE_KNOWN;
	if (e == NULL) {
		rc = late_result(in, id, &e);
		if (rc != INTAKE_TAKEN)
			return rc;
	}
	buf_init(&b, LINE_SIZE_MAX);
	answer_put(&b, line);
	if (buf_failed(&b)) {
		buf_release(&b);
		return INTAKE_FAILED;
	}
	buf_release(&e->answer);
	e->answer = b;
	in->counts.pending -= e->state == ENTRY_PENDING;
	e->state = ENTRY_ANSWERED;
	e->code = code;
	in->counts.results++;
	entry_dirty(in, e);
	if (entry_settled(in, e))
		entry_answer(in, e, NOT_RECORDED);
	return INTAKE_TAKEN;
}

void
intake_connected(struct intake *in)
{
	struct entry *e;

	in->connection++;
	for (e = TAILQ_FIRST(&in->entries); e != NULL; e = TAILQ_NEXT(e, all))
		if (e->recorded && entry_live(in, e) &&
		    entry_hand_on(in, e) == -1)
			break;
}

void
intake_overdue(struct intake *in)
{
	struct entry *e;

	if (!in->o.ready(in->o.arg))
		return;
	for (e = TAILQ_FIRST(&in->entries); e != NULL; e = TAILQ_NEXT(e, all))
		if ((e->recorded || e->handed) && entry_live(in, e) &&
		    entry_hand_on(in, e) == -1)
			break;
}

/* No result will come, or none that anybody waits for. */
static void
expire(struct intake *in, struct entry *e)
{
	char why[160];
	struct buf errors, line;
	struct result_refusal r = {
		.id = e->id,
		.code = 422,
		.error = RESULT_VALIDATION,
		.errors = &errors,
		.time_ms = in->wall_ms,
	};
	const struct json *v;

	(void)snprintf(why, sizeof(why),
	    e->handed
		? "Alert expired: nothing was heard of it within %lld s"
		: "Alert expired: it could not be handed on within %lld s",
	    (long long)(entry_age_ms(in, e) / 1000));
	buf_init(&errors, 1024);
	buf_init(&line, 4096);
	json_put_string(&errors, NULL, why);
	result_refuse(&line, &r);
	v = buf_failed(&line) ? NULL
			      : json_parse(in->doc, line.p, line.len - 1);
	buf_clear(&e->answer);
	if (v != NULL)
		answer_put(&e->answer, v);
	if (v != NULL && !buf_failed(&e->answer)) {
		in->counts.pending--;
		e->state = ENTRY_EXPIRED;
		e->code = r.code;
		entry_dirty(in, e);
	}
	buf_release(&errors);
	buf_release(&line);
}

/* What came of it while nobody here could hear. */
static void
look_for_outcome(struct intake *in, struct entry *e)
{
	const struct json *line;
	const char *why;

	if (in->mono_ms < e->look_ms)
		return;
	e->look_ms = in->mono_ms + LOOK_MS;
	line = in->o.outcome(in->o.arg, e->id);
	if (line != NULL)
		(void)intake_result(in, line, &why);
	else if (e->connection != in->connection && !entry_live(in, e) &&
	    in->o.ready(in->o.arg) && in->o.decided(in->o.arg, e->id) == 0)
		expire(in, e);
}

static void
expire_due(struct intake *in)
{
	struct entry *e;
	int64_t limit;

	if (in->mono_ms < in->scan_ms)
		return;
	in->scan_ms = in->mono_ms + SCAN_MS;
	for (e = TAILQ_FIRST(&in->entries); e != NULL; e = TAILQ_NEXT(e, all)) {
		limit = in->o.ttl_ms + (e->handed ? INTAKE_GRACE_MS : 0);
		if (e->state == ENTRY_PENDING && e->handed &&
		    entry_age_ms(in, e) >= in->o.timeout_ms)
			look_for_outcome(in, e);
		if (e->state == ENTRY_PENDING && entry_age_ms(in, e) >= limit)
			expire(in, e);
	}
}

void
intake_tick(struct intake *in)
{
	struct waiter *w;

	/* The answers of the last turn are on the wire by now. */
	if (in->said_pending)
		kill_point("K3");
	in->said_pending = 0;
	while ((w = TAILQ_FIRST(&in->waiters)) != NULL &&
	    in->mono_ms - w->since_ms >= in->o.timeout_ms)
		waiter_answer(in, w, NOT_RECORDED);
	expire_due(in);
}

int64_t
intake_due(const struct intake *in)
{
	const struct waiter *w = TAILQ_FIRST(&in->waiters);
	int64_t due = INT64_MAX;

	if (w != NULL)
		due = w->since_ms + in->o.timeout_ms;
	if (!TAILQ_EMPTY(&in->entries) && in->scan_ms < due)
		due = in->scan_ms;
	if (!TAILQ_EMPTY(&in->unsaved) && intake_unsaved_due(in) < due)
		due = intake_unsaved_due(in);
	return in->said_pending ? 0 : due;
}

void
intake_stop(struct intake *in)
{
	in->stopped = 1;
}

void
intake_end(struct intake *in)
{
	struct waiter *w;

	in->stopped = 1;
	while ((w = TAILQ_FIRST(&in->waiters)) != NULL)
		waiter_answer(in, w, STOPPING);
}

void
intake_time(struct intake *in, int64_t wall_ms, int64_t mono_ms)
{
	in->wall_ms = wall_ms;
	in->mono_ms = mono_ms;
}

void
intake_counts(const struct intake *in, struct intake_counts *out)
{
	*out = in->counts;
}

/* The monotonic time of a wall clock's: what lies ahead counts as now. */
static int64_t
born_at(const struct intake *in, int64_t received_ms)
{
	return received_ms < in->wall_ms
	    ? in->mono_ms - (in->wall_ms - received_ms)
	    : in->mono_ms;
}

static enum store_error
load(struct intake *in)
{
	struct entries loaded = TAILQ_HEAD_INITIALIZER(loaded);
	struct store_txn *t;
	enum store_error rc;
	struct entry *e;
	struct body *b;

	rc = store_begin(in->o.store, 0, &t);
	if (rc != STORE_OK)
		return rc;
	rc = rows_load(t, in->doc, &loaded, &in->bodies);
	store_abort(t);
	while ((e = TAILQ_FIRST(&loaded)) != NULL) {
		TAILQ_REMOVE(&loaded, e, all);
		e->born_ms = born_at(in, e->received_ms);
		/* By the last run, for all that is known. */
		e->handed = 1;
		entry_add(in, e);
	}
	for (b = TAILQ_FIRST(&in->bodies); b != NULL; b = TAILQ_NEXT(b, next))
		b->born_ms = born_at(in, b->received_ms);
	return rc;
}

struct intake *
intake_new(const struct intake_opts *o, int64_t wall_ms, int64_t mono_ms,
    char *err, size_t size)
{
	struct intake *in = calloc(1, sizeof(*in));
	enum store_error rc;

	if (in == NULL) {
		(void)snprintf(err, size, "out of memory");
		errno = ENOMEM;
		return NULL;
	}
	in->doc = json_new();
	in->o = *o;
	TAILQ_INIT(&in->entries);
	TAILQ_INIT(&in->unsaved);
	TAILQ_INIT(&in->bodies);
	TAILQ_INIT(&in->waiters);
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&in->buckets[i]);
	intake_time(in, wall_ms, mono_ms);
	rc = load(in);
	if (rc != STORE_OK) {
		(void)snprintf(err, size, "%s",
		    rc == STORE_BAD ? "an alert in the state cannot be read"
				    : store_errstr(o->store));
		intake_free(in);
		errno = rc == STORE_BAD ? EBADMSG : EIO;
		return NULL;
	}
	return in;
}

void
intake_free(struct intake *in)
{
	struct waiter *w;
	struct entry *e;
	struct body *b;

	if (in == NULL)
		return;
	while ((w = TAILQ_FIRST(&in->waiters)) != NULL)
		waiter_drop(in, w);
	while ((e = TAILQ_FIRST(&in->entries)) != NULL)
		entry_drop(in, e);
	while ((b = TAILQ_FIRST(&in->bodies)) != NULL)
		body_drop(in, b);
	json_free(in->doc);
	free(in);
}
