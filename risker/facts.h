/*
 * facts - all that one decision rests on, gathered before a rule is asked.
 *
 * What has_… says is not there is unknown, not zero: rules refuse an entry
 * that needs it (F13, F58).
 */
#ifndef SLUICE_RISKER_FACTS_H
#define SLUICE_RISKER_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "risker/alert.h"
#include "risker/book.h"
#include "risker/limits.h"
#include "risker/size.h"
#include "risker/state.h"

struct orders;

/* A position, or an approval on its way to one, or both in one. */
struct slot {
	char symbol[ALERT_SYMBOL_SIZE];
	int idx; /* positionIdx; without trader's word: by the settings */
	int buy;
	struct decimal notional; /* the larger, where both know it */
};

struct facts {
	const struct limits *limits;
	const struct alert *alert;

	/* differ's. */
	int readable; /* its state could be read */
	int day_damaged;
	int has_wallet, has_day, has_ticker, has_instrument, has_positions;
	struct book_wallet wallet;
	struct book_day day;
	struct book_ticker ticker;
	struct book_instrument instrument;
	int64_t snapshot_ms; /* the oldest of the settle coins; 0: never */
	struct decimal open_pnl;

	/* differ's and our own approvals. */
	struct slot *slots;
	size_t nslots, cap;
	struct decimal held; /* notional of all slots */

	/* Our own. */
	struct day own_day;
	struct closes closes;

	/* Of an entry. */
	struct size size;
};

void facts_init(struct facts *f, const struct limits *l);
void facts_release(struct facts *f);

/*
 * Gather them anew.  Inside of a state's batch; approvals that are final are
 * forgotten there.  0, or -1 without memory.
 */
int facts_gather(struct facts *f, const struct alert *a, struct book *b,
    struct orders *o, struct state *s);

/*
 * What the UTC day began with, and what it has lost by now: the equity less
 * the first, or closed and open P&L, whichever lost more; negative where both
 * gained.  0, or -1 where that is not known.
 */
int facts_day_loss(
    const struct facts *f, struct decimal *first, struct decimal *loss);

/* 1 where that loss reaches MAX_DAILY_LOSS, by a wallet that is not stale. */
int facts_loss_hit(const struct facts *f);

/* 1 where a time of differ's state is older than STATE_MAX_AGE. */
int facts_stale(const struct facts *f, int64_t time_ms);

/* percent of equity, all slots and extra; -1 where it does not fit. */
int facts_exposure(
    const struct facts *f, struct decimal extra, struct decimal *percent);

#endif
