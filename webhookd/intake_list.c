/* intake_list: entries, bodies and waiters, as they lie in memory. */
#include <stdlib.h>
#include <string.h>

#include "webhookd/intake_internal.h"

/* By the first digits of an id, which are as good as random. */
static size_t
bucket_of(const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < 4; i++)
		n = n * 33 + (unsigned char)id[i];
	return n % BUCKETS;
}

struct entry *
entry_find(struct intake *in, const char *id)
{
	struct entry *e;

	for (e = LIST_FIRST(&in->buckets[bucket_of(id)]); e != NULL;
	     e = LIST_NEXT(e, bucket))
		if (strcmp(e->id, id) == 0)
			return e;
	return NULL;
}

void
entry_dirty(struct intake *in, struct entry *e)
{
	if (e->dirty)
		return;
	e->dirty = 1;
	in->fresh += !e->recorded;
	TAILQ_INSERT_TAIL(&in->unsaved, e, unsaved);
}

void
entry_clean(struct intake *in, struct entry *e)
{
	if (!e->dirty)
		return;
	e->dirty = 0;
	in->fresh -= !e->recorded;
	TAILQ_REMOVE(&in->unsaved, e, unsaved);
}

void
entry_add(struct intake *in, struct entry *e)
{
	TAILQ_INSERT_TAIL(&in->entries, e, all);
	LIST_INSERT_HEAD(&in->buckets[bucket_of(e->id)], e, bucket);
	in->counts.pending += e->state == ENTRY_PENDING;
}

/* Forget an entry that nobody waits for. */
void
entry_drop(struct intake *in, struct entry *e)
{
	entry_clean(in, e);
	in->counts.pending -= e->state == ENTRY_PENDING;
	TAILQ_REMOVE(&in->entries, e, all);
	LIST_REMOVE(e, bucket);
	entry_free(e);
}

void
body_drop(struct intake *in, struct body *b)
{
	TAILQ_REMOVE(&in->bodies, b, next);
	free(b);
}

int
body_old(const struct intake *in, const struct body *b)
{
	return in->mono_ms - b->born_ms >= INTAKE_SAME_MS;
}

int64_t
entry_age_ms(const struct intake *in, const struct entry *e)
{
	return in->mono_ms - e->born_ms;
}

/* Whether it may still be traded, as far as webhookd can tell. */
int
entry_live(const struct intake *in, const struct entry *e)
{
	return e->state == ENTRY_PENDING && entry_age_ms(in, e) < in->o.ttl_ms;
}

int
entry_hand_on(struct intake *in, struct entry *e)
{
	if (in->o.hand(in->o.arg, e->line.p, e->line.len) == -1)
		return -1;
	e->handed = 1;
	e->connection = in->connection;
	in->counts.handed++;
	return 0;
}

struct waiter *
waiter_add(struct intake *in, struct entry *e, void *client, int duplicate)
{
	struct waiter *w = malloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	*w = (struct waiter){
		.entry = e,
		.client = client,
		.duplicate = duplicate,
		.since_ms = in->mono_ms,
	};
	TAILQ_INSERT_TAIL(&in->waiters, w, all);
	TAILQ_INSERT_TAIL(&e->waiters, w, entry_link);
	in->counts.waiting++;
	return w;
}

void
waiter_drop(struct intake *in, struct waiter *w)
{
	TAILQ_REMOVE(&in->waiters, w, all);
	TAILQ_REMOVE(&w->entry->waiters, w, entry_link);
	in->counts.waiting--;
	free(w);
}
