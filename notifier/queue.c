#include "notifier/queue.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

void
queue_init(struct queue *q)
{
	memset(q, 0, sizeof(*q));
}

void
queue_release(struct queue *q)
{
	tdestroy(q->by_id, free);
	free(q->heap);
	queue_init(q);
}

static int
by_id(const void *a, const void *b)
{
	const struct lane *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static int
before(const struct lane *a, const struct lane *b)
{
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms;
	return a->round < b->round;
}

static void
place(struct queue *q, size_t i, struct lane *l)
{
	q->heap[i] = l;
	l->at = i;
}

/* l belongs somewhere from i upwards. */
static void
rise(struct queue *q, size_t i, struct lane *l)
{
	for (; i > 0 && before(l, q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		place(q, i, q->heap[(i - 1) / 2]);
	place(q, i, l);
}

/* l belongs somewhere from i downwards. */
static void
sink(struct queue *q, size_t i, struct lane *l)
{
	size_t child;

	while ((child = 2 * i + 1) < q->n) {
		if (child + 1 < q->n &&
		    before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!before(q->heap[child], l))
			break;
		place(q, i, q->heap[child]);
		i = child;
	}
	place(q, i, l);
}

static void
insert(struct queue *q, struct lane *l, int64_t due_ms)
{
	l->due_ms = due_ms;
	l->round = q->round++;
	rise(q, q->n++, l);
}

/* Room for every lane there is, so that putting one back cannot fail. */
static void
make_room(struct queue *q)
{
	if (q->lanes < q->cap)
		return;
	q->cap = q->cap == 0 ? 64 : q->cap * 2;
	q->heap = must_have(realloc(q->heap, q->cap * sizeof(struct lane *)));
}

void
queue_add(struct queue *q, const char *id, int64_t due_ms, int loaded)
{
	struct lane *l = must_have(calloc(1, sizeof(*l)));
	struct lane **at;

	memcpy(l->id, id, strlen(id) + 1);
	at = must_have(tsearch(l, &q->by_id, by_id));
	if (*at != l) {
		free(l);
		return;
	}
	make_room(q);
	q->lanes++;
	l->loaded = loaded;
	insert(q, l, due_ms);
}

void
queue_pull(struct queue *q, struct lane *l)
{
	struct lane *last = q->heap[--q->n];

	if (last != l && before(last, l))
		rise(q, l->at, last);
	else if (last != l)
		sink(q, l->at, last);
	if (l->held)
		q->nheld--;
	l->held = 0;
}

struct lane *
queue_take(struct queue *q, int64_t now_ms)
{
	struct lane *l = q->n > 0 ? q->heap[0] : NULL;

	if (l == NULL || l->due_ms > now_ms)
		return NULL;
	queue_pull(q, l);
	return l;
}

void
queue_put(struct queue *q, struct lane *l, int64_t due_ms, int held)
{
	l->held = held;
	if (held)
		q->nheld++;
	insert(q, l, due_ms);
}

void
queue_drop(struct queue *q, struct lane *l)
{
	(void)tdelete(l, &q->by_id, by_id);
	q->lanes--;
	free(l);
}

int64_t
queue_due(const struct queue *q)
{
	return q->n == 0 ? INT64_MAX : q->heap[0]->due_ms;
}
