/*
 * size - where the stop stands, and how much is traded.
 *
 * Exact decimals all the way; rounding only where it is said, and always to
 * the side that risks less (F11, F57).
 */
#ifndef SLUICE_RISKER_SIZE_H
#define SLUICE_RISKER_SIZE_H

#include "common/decimal.h"

struct alert;
struct book_instrument;
struct limits;

struct size {
	int has_stop;
	int default_stop;	    /* STOP_LOSS_PERCENT made it */
	struct decimal stop;	    /* on a tick, rounded towards the price */
	struct decimal take_profit; /* likewise; 0: none */
	int has_qty;
	struct decimal price; /* what the quantity was reckoned at */
	struct decimal exact; /* the quantity before it was rounded */
	struct decimal qty;   /* down to a qtyStep; may be 0 */
	struct decimal notional;
};

/*
 * The stop of an entry: the alert's own, else its atr times ATR_MULTIPLIER,
 * else STOP_LOSS_PERCENT away from the alert's price.  Sets has_stop, unless
 * it does not fit a decimal.
 */
void size_stop(struct size *s, const struct alert *a, const struct limits *l,
    const struct book_instrument *i);

/*
 * The quantity, once there is a stop: what is risked, over the distance from
 * the stop to the worse of alert price and mark price; or what the position
 * may be worth, over the higher of the two.  So it is the smaller of two
 * quantities.  Sets has_qty, unless the stop is not on its side of both prices
 * or something does not fit.
 */
void size_quantity(struct size *s, const struct alert *a,
    const struct limits *l, const struct book_instrument *i,
    struct decimal mark, struct decimal equity);

/* percent of whole: 0, or -1 where it does not fit. */
int size_percent(struct decimal *out, struct decimal whole,
    struct decimal percent, enum decimal_round round);

#endif
