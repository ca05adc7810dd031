/*
 * position - one side of an instrument: what is held and what it brought.
 *
 * Pure arithmetic; no order, no wallet, no clock.  A position remembers how
 * it was, so that a view of a moment ago can be given.
 */
#ifndef SLUICE_EXCHANGE_POSITION_H
#define SLUICE_EXCHANGE_POSITION_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

enum side { SIDE_NONE, SIDE_BUY, SIDE_SELL };

/* "", "Buy", "Sell"; SIDE_NONE for any other text. */
const char *side_name(enum side s);
enum side side_parse(const char *s);
enum side side_other(enum side s);

struct holding {
	enum side side;
	struct decimal size;	  /* base coin; USD for inverse */
	struct decimal value;	  /* at entry: quote; coin for inverse */
	struct decimal open_fees; /* paid for what is still open */
	struct decimal realised;  /* of this position; stays after the close */
	struct decimal realised_ever;
	struct decimal stop_loss, take_profit; /* zero: none */
	char stop_by[12], profit_by[12];       /* "LastPrice", … */
	char status[8];			       /* "Normal", "Liq", "Adl" */
	int64_t seq;			       /* of the last fill, or -1 */
	int64_t created_ms;		       /* first ever; 0: never */
	int64_t opened_ms;		       /* 0: flat */
	int64_t updated_ms;
};

struct version {
	int64_t ms; /* from when on it was so */
	struct holding h;
};

struct position {
	struct holding now;
	struct version *past; /* oldest first; the last one is now */
	size_t n, cap;
	size_t told; /* versions that the journal has */
};

void position_init(struct position *p);
void position_release(struct position *p);

/* Remember how it is at time ms. */
void position_keep(struct position *p, int64_t ms);

/* How it was at time ms. */
const struct holding *position_at(const struct position *p, int64_t ms);

/* What qty is worth at price: quote for linear, coin for inverse. */
struct decimal contract_value(
    int inverse, struct decimal qty, struct decimal price);

/* Average entry; zero where flat. */
struct decimal holding_average(const struct holding *h, int inverse);

/* Unrealised profit at price. */
struct decimal holding_unrealised(
    const struct holding *h, int inverse, struct decimal price);

/* What the closing part of a fill did. */
struct closing {
	struct decimal qty;
	struct decimal entry_value, exit_value;
	struct decimal open_fee, close_fee;
	struct decimal profit; /* before fees */
};

/*
 * Take a fill of qty at price, for which fee was paid, into the position: the
 * part against it closes, the rest opens.  *c tells the closing part (qty zero
 * where there is none); the result is what the wallet gains: profit less fees.
 */
struct decimal holding_fill(struct holding *h, int inverse, enum side side,
    struct decimal qty, struct decimal price, struct decimal fee,
    int64_t now_ms, struct closing *c);

#endif
