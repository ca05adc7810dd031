/*
 * schedule - when the next look is due.
 *
 * Looks stand on a grid of monotonic time, start + k x interval, so that the
 * length of a cycle moves nothing; a cycle that takes longer than an interval
 * skips ticks.  A failure leaves the grid for a back-off, a change for a
 * quicker look; success returns to it.
 */
#ifndef POLLER_SCHEDULE_H
#define POLLER_SCHEDULE_H

#include <stdint.h>

#define QUICK_MS 500	    /* the next look after a change */
#define BACK_OFF_MIN_MS 500 /* and doubled, with jitter, up to */
#define BACK_OFF_MAX_MS 60000

struct schedule {
	int64_t start_ms;
	int64_t interval_ms;
	int failures; /* in a row */
};

void schedule_start(struct schedule *s, int64_t now_ms, int64_t interval_ms);

/* The first tick of the grid after now. */
int64_t schedule_tick(const struct schedule *s, int64_t now_ms);

/* When to look again after success; quick: something changed. */
int64_t schedule_good(struct schedule *s, int64_t now_ms, int quick);

/* After a failure.  random: 0 to 1000, where in the back-off's upper half. */
int64_t schedule_failed(struct schedule *s, int64_t now_ms, unsigned random);

#endif
