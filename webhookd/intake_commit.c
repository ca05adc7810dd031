/* intake_commit: what is stored, and what may be said after it. */
#include "common/killpoint.h"
#include "webhookd/intake_internal.h"

#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS 5000

/* risker has it, and needs the disk. */
static int
can_wait(const struct intake *in, const struct entry *e)
{
	return !e->recorded && e->handed && e->state == ENTRY_PENDING &&
	    !in->failing;
}

int64_t
intake_unsaved_due(const struct intake *in)
{
	int64_t due = INT64_MAX;
	struct entry *e;

	for (e = TAILQ_FIRST(&in->unsaved); e != NULL;
	     e = TAILQ_NEXT(e, unsaved)) {
		if (!can_wait(in, e))
			return in->retry_ms;
		if (e->born_ms + INTAKE_RECORD_MS < due)
			due = e->born_ms + INTAKE_RECORD_MS;
	}
	return due > in->retry_ms ? due : in->retry_ms;
}

enum intake_needs
intake_needs(const struct intake *in)
{
	if (TAILQ_EMPTY(&in->unsaved) || in->mono_ms < in->retry_ms)
		return INTAKE_NOTHING;
	if (in->fresh == 0)
		return INTAKE_SOON;
	return in->mono_ms >= intake_unsaved_due(in) ? INTAKE_NOW
						     : INTAKE_NOTHING;
}

/* Everything that is to be written; results alone where fresh is 0. */
static enum store_error
commit_rows(struct intake *in, int fresh)
{
	struct store_txn *t;
	enum store_error rc;
	struct entry *e;
	struct body *b;

	rc = store_begin(in->o.store, 1, &t);
	if (rc != STORE_OK)
		return rc;
	for (e = TAILQ_FIRST(&in->unsaved); e != NULL;
	     e = TAILQ_NEXT(e, unsaved)) {
		if (!e->recorded && !fresh)
			continue;
		rc = rows_put(t, e);
		if (rc == STORE_OK && e->body != NULL)
			rc = rows_put_body(t, e->body);
		if (rc != STORE_OK)
			goto fail;
	}
	for (b = TAILQ_FIRST(&in->bodies); b != NULL; b = TAILQ_NEXT(b, next))
		if (b->stored && body_old(in, b)) {
			rc = rows_del_body(t, b);
			if (rc != STORE_OK)
				goto fail;
		}
	if (in->o.rows(in->o.arg, t) == -1) {
		rc = STORE_FAIL;
		goto fail;
	}
	return store_commit(t);
fail:
	store_abort(t);
	return rc;
}

/* What a commit wrote is no longer to be written. */
static void
committed(struct intake *in, int fresh)
{
	struct body *b, *next_body;
	struct entry *e, *next;

	for (b = TAILQ_FIRST(&in->bodies); b != NULL; b = next_body) {
		next_body = TAILQ_NEXT(b, next);
		if (b->stored && body_old(in, b))
			body_drop(in, b);
	}
	for (e = TAILQ_FIRST(&in->unsaved); e != NULL; e = next) {
		next = TAILQ_NEXT(e, unsaved);
		if (!e->recorded && !fresh)
			continue;
		entry_clean(in, e);
		e->recorded = 1;
		if (e->body != NULL)
			e->body->stored = 1;
		e->body = NULL;
		/* Where it does not go now, it goes with the next connection.
		 */
		if (!e->handed && entry_live(in, e))
			(void)entry_hand_on(in, e);
		if (e->state != ENTRY_PENDING) {
			entry_answer(in, e, NOT_RECORDED);
			entry_drop(in, e);
		}
	}
}

/*
 * It could not be recorded: what nobody knows of is refused and forgotten; for
 * the rest a result may come, and is told then.
 */
static void
not_committed(struct intake *in)
{
	struct entry *e, *next;

	for (e = TAILQ_FIRST(&in->unsaved); e != NULL; e = next) {
		next = TAILQ_NEXT(e, unsaved);
		if (entry_settled(in, e))
			entry_answer(in, e, NOT_RECORDED);
		if (e->recorded || e->handed)
			continue;
		entry_answer(in, e, NOT_RECORDED);
		if (e->body != NULL)
			body_drop(in, e->body);
		entry_drop(in, e);
	}
}

enum store_error
intake_commit(struct intake *in)
{
	int had_fresh = in->fresh > 0;
	enum store_error rc;

	if (had_fresh)
		kill_point("K1");
	rc = commit_rows(in, 1);
	if (rc == STORE_OK) {
		if (had_fresh)
			kill_point("K2");
		/* Without a new alert it is no proof that there is room. */
		if (had_fresh || !in->full)
			in->failing = in->full = 0;
		in->retry_ms = in->wait_ms = 0;
		committed(in, 1);
		return rc;
	}
	/* In a full map there is still room for results. */
	if (rc == STORE_FULL && had_fresh && commit_rows(in, 0) == STORE_OK)
		committed(in, 0);
	in->failing = 1;
	in->full = rc == STORE_FULL;
	in->wait_ms = in->wait_ms == 0	     ? RETRY_FIRST_MS
	    : in->wait_ms * 2 < RETRY_MAX_MS ? in->wait_ms * 2
					     : RETRY_MAX_MS;
	in->retry_ms = in->mono_ms + in->wait_ms;
	not_committed(in);
	return rc;
}

int
intake_failing(const struct intake *in)
{
	return in->failing;
}

const char *
intake_error(const struct intake *in)
{
	return store_errstr(in->o.store);
}
