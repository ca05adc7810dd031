/*
 * queue - which subscribers have something pending, and when to look at it.
 *
 * One lane a subscriber, in memory; what is pending in it is in the store.  A
 * lane is taken out while its head is under way, so a subscriber's messages
 * go one after the other.  Times are of the monotonic clock.
 */
#ifndef SLUICE_NOTIFIER_QUEUE_H
#define SLUICE_NOTIFIER_QUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "notifier/roll.h"

struct way;
TAILQ_HEAD(waiting, lane);

struct lane {
	char id[ID_SIZE];
	int64_t due_ms;
	uint64_t round; /* of equals, who waits longer comes first */
	int loaded; /* from the state, and its head has not been waited for */
	int held;   /* put back because its channel was busy */
	int moved;  /* its head was sent to a new address once */
	int64_t fails;	 /* its head did, in a row, where others did not */
	size_t at;	 /* in the heap */
	struct way *way; /* where it waits, and in which line; or NULL */
	struct waiting *waits;
	TAILQ_ENTRY(lane) list;
};

struct queue {
	struct lane **heap; /* by due_ms and round */
	size_t n, cap;
	size_t lanes; /* those that are taken out among them */
	size_t nheld;
	uint64_t round;
	void *by_id; /* of tsearch(3) */
};

void queue_init(struct queue *q);
void queue_release(struct queue *q);

/*
 * The subscriber has something pending; a lane that is there already stays as
 * it is.
 */
void queue_add(struct queue *q, const char *id, int64_t due_ms, int loaded);

/* Take out the lane that is due first, or NULL where none is by now_ms. */
struct lane *queue_take(struct queue *q, int64_t now_ms);

/* The same for one that is not due. */
void queue_pull(struct queue *q, struct lane *l);

/* Put it back, or forget it. */
void queue_put(struct queue *q, struct lane *l, int64_t due_ms, int held);
void queue_drop(struct queue *q, struct lane *l);

/* When the next one is due; INT64_MAX where none waits. */
int64_t queue_due(const struct queue *q);

#endif
