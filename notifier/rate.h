/*
 * rate - when the next message may go, where so many may in so much time.
 *
 * Limits are exact: not more than count in any period, and at once as long as
 * there were fewer.
 */
#ifndef SLUICE_NOTIFIER_RATE_H
#define SLUICE_NOTIFIER_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_COUNT_MAX 1000

struct rate_limit {
	size_t count; /* 0: no limit; at most RATE_COUNT_MAX */
	int64_t period_ms;
};

/*
 * What counts for one limit.  What went before start_ms, by an earlier run, is
 * not known: half of the limit counts as used then, so that a restart, or many,
 * send no full burst each; 0: nothing does.
 */
struct rate_window;
struct rate_window *rate_window_new(struct rate_limit limit, int64_t start_ms);
void rate_window_free(struct rate_window *w);

/*
 * From when on a message may go, with so many before it that are not counted
 * yet; 0: at once, as without a window.
 */
int64_t rate_window_free_ms(const struct rate_window *w, size_t before);

/* Count a message; now_ms: monotonic, above 0. */
void rate_window_take(struct rate_window *w, int64_t now_ms);

/* Limits of each address, all as above. */
struct rate;
struct rate *rate_new(int64_t start_ms);
void rate_free(struct rate *r);

/*
 * 0: a message to address may go, and is counted; n limits hold for it.  Else
 * in how many ms to ask again.
 */
int64_t rate_turn_ms(struct rate *r, const char *address,
    const struct rate_limit *own, size_t n, int64_t now_ms);

/* Addresses that are remembered. */
size_t rate_size(const struct rate *r);

#endif
