/*
 * rate - whose turn it is, where so many messages may go in so much time.
 *
 * Limits over all addresses and for each.  They are exact: not more than count
 * in any period, and at once as long as there were fewer.  Who has to wait for
 * the one over all gets a turn in the order of asking, which stands for a
 * second.
 */
#ifndef SLUICE_NOTIFIER_RATE_H
#define SLUICE_NOTIFIER_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_COUNT_MAX 1000

struct rate;

struct rate_limit {
	size_t count; /* 0: no limit; at most RATE_COUNT_MAX */
	int64_t period_ms;
};

/* all: the limit over all addresses.  NULL with ENOMEM. */
struct rate *rate_new(struct rate_limit all);
void rate_free(struct rate *r);

/*
 * 0: it is the turn of address, and that counts as a message; n limits hold
 * for it beside the one over all.  Else in how many ms to ask again.  Without
 * memory it is the turn of everybody.  now_ms: monotonic, above 0.
 */
int64_t rate_turn_ms(struct rate *r, const char *address,
    const struct rate_limit *own, size_t n, int64_t now_ms);

/* Addresses that are remembered. */
size_t rate_size(const struct rate *r);

#endif
