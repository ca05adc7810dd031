/*
 * market - the instruments, and where their prices are.
 *
 * One price an instrument: last, mark and index price are the same.  It stands
 * still until it is set, or glides evenly to a price.
 */
#ifndef SLUICE_EXCHANGE_MARKET_H
#define SLUICE_EXCHANGE_MARKET_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"
#include "tests/exchange/position.h"

enum category { CATEGORY_LINEAR, CATEGORY_INVERSE };

struct glide {
	int on;
	struct decimal from, to;
	int64_t start_ms, end_ms; /* of the market's own time */
};

struct instrument {
	char symbol[24];
	char base[16];
	char quote[8];
	char settle[16];
	enum category category;
	int id;
	int price_scale; /* decimals that a price is written with */
	int qty_scale;
	struct decimal tick, min_price, max_price;
	struct decimal step, min_qty, max_qty, max_market_qty;
	struct decimal min_value; /* zero: none */
	struct decimal max_leverage;
	struct decimal risk_limit;
	int64_t launch_ms;

	struct decimal price, day_open, day_high, day_low;
	struct glide glide;

	/* What the account has to do with it. */
	int hedge;		      /* positionIdx 1 and 2; else 0 */
	struct decimal leverage[2];   /* buy, sell */
	struct position positions[3]; /* by positionIdx */
};

struct market {
	struct instrument *list; /* sorted by symbol */
	size_t n;
};

/* Where the price of BTCUSDT is 47500, and that of ETHUSDT 2500. */
void market_init(struct market *m);
void market_release(struct market *m);

/* NULL where there is none. */
struct instrument *market_find(const struct market *m, const char *symbol);

/* "linear", "inverse" */
const char *category_name(enum category c);

/* Where the glide has the price at time ms, a multiple of the tick. */
struct decimal glide_price(const struct instrument *i, int64_t ms);

/* Write the price, and what it makes of the day. */
void market_set_price(struct instrument *i, struct decimal price);

/* What one unit of coin is worth in USD; zero where nothing tells. */
struct decimal market_usd(const struct market *m, const char *coin);

#endif
