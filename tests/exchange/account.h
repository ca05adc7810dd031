/*
 * account - the one account: coins, orders, fills, closed trades.
 *
 * Orders fill at the instrument's price.  Fees: 0.055 % taker, 0.02 % maker.
 * Nothing here knows HTTP; now_ms and turn_ms are set by the caller once a
 * turn.
 */
#ifndef SLUICE_EXCHANGE_ACCOUNT_H
#define SLUICE_EXCHANGE_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"
#include "tests/exchange/market.h"
#include "tests/exchange/position.h"

#define ID_SIZE 37 /* a UUID, or an orderLinkId of 36 characters, and a NUL */

enum order_status {
	ORDER_NEW,
	ORDER_UNTRIGGERED,
	ORDER_FILLED,
	ORDER_CANCELLED,
	ORDER_REJECTED,
	ORDER_DEACTIVATED,
};

/* What made an order; tells createType, stopOrderType and execType. */
enum order_origin {
	FROM_USER,	  /* the API */
	FROM_APP,	  /* by hand: opening */
	FROM_APP_CLOSING, /* by hand: reduce-only */
	FROM_STOP_LOSS,
	FROM_TAKE_PROFIT,
	FROM_CONDITION, /* a conditional order of the API */
	FROM_LIQUIDATION,
	FROM_ADL,
	FROM_FUNDING, /* no order: what the execution is written with */
};

/* The words of the API for an origin. */
struct origin_words {
	const char *create_type, *stop_order_type, *exec_type;
};
extern const struct origin_words origins[];

enum order_type { TYPE_MARKET, TYPE_LIMIT };
enum order_tif { TIF_GTC, TIF_IOC, TIF_FOK, TIF_POST_ONLY };

/* What is asked for. */
struct ticket {
	struct instrument *inst;
	enum side side;
	int idx; /* positionIdx */
	enum order_type type;
	enum order_tif tif;
	enum order_origin origin;
	struct decimal qty;
	struct decimal price;	/* limit */
	struct decimal trigger; /* zero: not conditional */
	int direction;		/* of the trigger: 1 rise, 2 fall */
	int reduce_only, close_on_trigger;
	struct decimal stop_loss, take_profit; /* zero: none */
	char stop_by[12], profit_by[12];
	char link[ID_SIZE];
};

/* One closing order's part in closed-pnl. */
struct closed_sum {
	struct decimal qty, entry_value, exit_value, open_fee, close_fee;
	struct decimal profit; /* before fees */
};

struct order {
	struct ticket t;
	char id[ID_SIZE];
	char parent_link[ID_SIZE];
	enum order_status status;
	const char *cancel_type;
	char reject_reason[40];
	struct decimal filled, value, fee;
	struct decimal price_then; /* lastPriceOnCreated */
	struct decimal leverage;
	struct closed_sum closed;
	int fills;
	int64_t created_ms, updated_ms;
	int64_t visible_ms; /* asked for before, it is not there */
	int64_t match_ms;   /* a New order that is filled later; 0: none */
	/* Asked of /control/fill. */
	struct decimal fill_percent;
	int fill_parts;
	char reject[40];  /* Rejected in the end, with this; "": not */
	int64_t known_ms; /* its rows say New, and it has no fills, before */
};

struct execution {
	const struct order *order; /* NULL: funding */
	const struct instrument *inst;
	char id[ID_SIZE], order_id[ID_SIZE];
	enum side side;
	enum order_origin origin;
	struct decimal price, qty, value, fee, rate, closed, left, mark;
	int maker;
	int64_t time_ms, visible_ms, seq;
};

struct closed_row {
	const struct order *order;
	struct closed_sum sum;
	int fills;
	int64_t time_ms, visible_ms;
};

struct coin {
	char name[16];
	struct decimal balance;
	struct decimal realised;
};

#define COINS_MAX 32

/* What /control/fill has in store for the next orders. */
struct fill_plan {
	int64_t count; /* orders; 0: none */
	struct decimal percent;
	int parts;
	int64_t delay_ms, status_ms;
	int drop_stop;	 /* accepted, and its levels are forgotten */
	char reject[40]; /* "": fill */
};

/* How late things can be seen. */
struct lag {
	int64_t closed_pnl_ms, position_ms, order_ms;
};

struct account {
	struct market *market;
	int64_t now_ms;	 /* what stamps are made of: may be set back */
	int64_t turn_ms; /* since the start: what lasts, and lags */
	uint64_t id_seed;
	int64_t seq; /* of the last fill */
	struct coin coins[COINS_MAX];
	size_t ncoins;
	struct order **orders; /* oldest first */
	size_t norders, orders_cap;
	struct execution *execs;
	size_t nexecs, execs_cap;
	struct closed_row *closed;
	size_t nclosed, closed_cap;
	struct fill_plan plan;
	struct lag lag;
	int hide_closed;
	size_t restarted; /* orders before: realtime forgot the closed ones */
	uint64_t changes; /* of positions */
};

/* Why something is refused: Bybit's code and text. */
struct refusal {
	int code;
	char text[256];
};
int refuse(struct refusal *why, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Bybit's codes, by what they say. */
enum {
	CODE_PARAMS = 10001,
	CODE_ORDER_GONE = 110001,
	CODE_STOPS_MANY = 110009,
	CODE_NO_MARGIN = 110007,
	CODE_LEVERAGE_TOO_HIGH = 110013,
	CODE_REDUCE_ONLY = 110017,
	CODE_MODE_POSITION = 110024,
	CODE_MODE_SAME = 110025,
	CODE_MODE_ORDERS = 110028,
	CODE_NO_HEDGE = 110029,
	CODE_LEVERAGE_SAME = 110043,
	CODE_LINK_TWICE = 110072,
	CODE_TRIGGER_RISE = 110092,
	CODE_TRIGGER_FALL = 110093,
	CODE_MIN_VALUE = 110094,
	CODE_STOP_SAME = 34040,
};

/* 10,000 USDT.  The market outlives the account. */
void account_init(struct account *a, struct market *m, int64_t now_ms);
void account_release(struct account *a);

/* coins.c */
struct coin *account_coin(struct account *a, const char *name); /* or NULL */
/* The coin, made with nothing in it if need be; NULL: no room, bad name. */
struct coin *account_add_coin(struct account *a, const char *name);
void account_gain(struct account *a, const char *coin, struct decimal amount);
/* In a coin: unrealised profit, and initial margin of open positions. */
struct decimal account_unrealised(const struct account *a, const char *coin);
struct decimal account_margin(const struct account *a, const char *coin);
/* In USD, over all coins. */
struct totals {
	struct decimal wallet, unrealised, margin, equity, available;
};
void account_totals(const struct account *a, struct totals *t);
struct decimal holding_margin(
    const struct instrument *i, const struct holding *h);

/* A fresh UUID. */
void account_new_id(struct account *a, char out[ID_SIZE]);

/* place.c: check what is asked for, and book it.  0, or -1 with *why. */
int order_place(struct account *a, const struct ticket *t, struct order **out,
    struct refusal *why);
/* Stop loss and take profit against the price now, and what they trigger by. */
struct levels {
	struct decimal stop_loss, take_profit; /* zero: none */
	const char *stop_by, *profit_by;
};
int levels_check(const struct instrument *i, enum side side,
    const struct levels *l, int on_create, struct refusal *why);

/* order.c: an order's life. */
struct order *order_new(struct account *a, const struct ticket *t);
int order_active(const struct order *o);
struct order *order_find(
    const struct account *a, const char *id, const char *link);
/* Match what is asked for at the instrument's price, and end it. */
void order_match(struct account *a, struct order *o);
/* Fill a resting or triggered order at price. */
void order_fill_at(
    struct account *a, struct order *o, struct decimal price, int maker);
void order_cancel(struct account *a, struct order *o, const char *cancel_type);
/* The price that it shows; a market order's is its cap, 1 % away. */
struct decimal order_price(const struct order *o);
/* A limit order that would trade now. */
int order_crosses(const struct order *o);

/* A position is another one now: its past, and the journal, have it. */
void account_keep(struct account *a, struct position *p);

/* stops.c: stop loss and take profit of a position, and what triggers. */
struct position *order_position(const struct order *o);
/* Set the levels (zero: remove) and the orders that stand for them. */
void stops_set(struct account *a, struct instrument *i, int idx,
    struct decimal stop_loss, struct decimal take_profit, const char *stop_by,
    const char *profit_by, const char *parent_link);
/* The conditional orders of an instrument, those of levels among them. */
#define STOPS_MAX 10
size_t stops_count(const struct account *a, const struct instrument *i);
/* What stands for a position's levels goes: flat. */
void stops_clear(struct account *a, struct instrument *i, int idx);
/*
 * The price goes to another.  What lies in between triggers: at its own price
 * where the price glides, at the new one where it jumps.
 */
void price_move(
    struct account *a, struct instrument *i, struct decimal to, int jumps);

/* events.c: what the exchange does by itself, and settings.  As above. */
int position_liquidate(
    struct account *a, struct instrument *i, int idx, struct refusal *why);
int position_deleverage(struct account *a, struct instrument *i, int idx,
    struct decimal qty, struct refusal *why);
/* i NULL: every instrument. */
void funding_tick(
    struct account *a, const struct instrument *i, struct decimal rate);
int leverage_set(struct instrument *i, struct decimal buy, struct decimal sell,
    struct refusal *why);
int mode_set(
    struct account *a, struct instrument *i, int hedge, struct refusal *why);
int trading_stop(struct account *a, struct instrument *i, int idx,
    const struct decimal *stop_loss, const struct decimal *take_profit,
    const char *stop_by, const char *profit_by, struct refusal *why);
/* Orders whose time has come are matched; when the next one is due, or -1. */
int64_t account_advance(struct account *a);

#endif
