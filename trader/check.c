/*
 * check: what trader looks at again before an entry, whatever risker said.
 *
 * Each rule is a function that adds to the errors; all of them are asked.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "trader/internal.h"

/* Equity moves between risker's look and ours: so much above a limit, %. */
#define DRIFT_PERCENT 10

struct checked {
	const struct order *o;
	struct trader *t;
	struct buf *errors;
	struct decimal qty, price, stop, notional;
};

static void __attribute__((format(printf, 2, 3)))
error(struct checked *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_put_string(c->errors, NULL, text);
}

/* percent of whole, and extra percent more of that. */
static struct decimal
share(struct decimal whole, struct decimal percent, int extra)
{
	struct decimal d = decimal_zero;

	if (decimal_mul(&d, whole, percent, DECIMAL_DOWN) == -1 ||
	    decimal_mul(&d, d, decimal_from_int(100 + extra), DECIMAL_DOWN) ==
		-1 ||
	    decimal_div(&d, d, decimal_from_int(10000), DECIMAL_DOWN) == -1)
		return decimal_zero; /* no room for anything */
	return d;
}

static const char *
money(char out[DECIMAL_TEXT_MAX], struct decimal d)
{
	(void)decimal_format_scale(out, d, 2, 2);
	return out;
}

static void
halt(struct checked *c)
{
	char why[320];

	if (trader_halted(c->t, why, sizeof(why)))
		error(c, "Trading is halted: %s", why);
}

static void
age(struct checked *c)
{
	const struct order *o = c->o;
	char at[TIME_TEXT_MAX];

	if (c->t->wall_ms >= o->expires_ms)
		error(c, "Alert expired at %s", time_format(at, o->expires_ms));
	if (o->time_ms - c->t->wall_ms > SKEW_MAX_MS)
		error(c, "Alert is from the future: %s",
		    time_format(at, o->time_ms));
	if (o->expires_ms - o->time_ms > c->t->opts.alert_ttl_ms)
		error(c, "Order lives longer than ALERT_TTL (%" PRId64 " s)",
		    c->t->opts.alert_ttl_ms / 1000);
}

static void
clock_skew(struct checked *c)
{
	int64_t off = trader_clock_off(c->t);

	if (off != 0)
		error(c,
		    "This machine's clock is %" PRId64 " ms off Bybit's "
		    "(limit %d ms)",
		    off, SKEW_MAX_MS);
}

static void
symbol(struct checked *c)
{
	const char *const *s = c->t->opts.symbols;

	if (strcmp(c->o->account, c->t->opts.account) != 0)
		error(c, "Order is for account %s, not %s", c->o->account,
		    c->t->opts.account);
	while (*s != NULL && strcmp(*s, c->o->symbol) != 0)
		s++;
	if (*s == NULL)
		error(c, "Symbol %s is not in ALLOWED_SYMBOLS", c->o->symbol);
}

static void
key(struct checked *c)
{
	if (c->t->read_only)
		error(c,
		    "The API key is read-only: trader needs one that may "
		    "trade contracts");
}

static void
stop(struct checked *c)
{
	const struct trader_opts *opts = &c->t->opts;
	int buy = c->o->side[0] == 'B';
	struct decimal distance, least, most;

	if (decimal_sign(c->stop) <= 0 ||
	    decimal_cmp(c->stop, c->price) != (buy ? -1 : 1)) {
		error(c, "Stop loss %s is not %s the price %s", c->o->stop_loss,
		    buy ? "below" : "above", c->o->price);
		return;
	}
	least = share(c->price, opts->stop_min, 0);
	most = share(c->price, opts->stop_max, 0);
	if (decimal_sub(&distance, c->price, c->stop) == -1)
		return;
	distance = decimal_abs(distance);
	/* risker rounds a stop to the tick, towards the price. */
	if (decimal_cmp(distance, least) < 0 && decimal_sign(least) > 0)
		error(c, "Stop loss %s is nearer than STOP_LOSS_MIN",
		    c->o->stop_loss);
	if (decimal_cmp(distance, most) > 0)
		error(c, "Stop loss %s is farther than STOP_LOSS_MAX",
		    c->o->stop_loss);
}

/* One-way, it would net: neither position would be what it says (F64). */
static void
opposite(struct checked *c)
{
	const struct order *o = c->o;
	const struct slot *s = slot_of(c->t, o->symbol);
	const struct position *p;

	if (s == NULL || o->position_idx == -1)
		return;
	p = slot_row(s, o->position_idx);
	if (p->side != 0 && p->side != o->side[0])
		error(
		    c, "A position on the other side of %s is open", o->symbol);
}

static void
equity(struct checked *c)
{
	struct trader *t = c->t;

	if (t->equity_mono == 0)
		error(c, "Equity is not known yet");
	else if (t->mono_ms - t->equity_mono > t->opts.state_max_age_ms)
		error(c, "Equity is %" PRId64 " s old (limit %" PRId64 " s)",
		    (t->mono_ms - t->equity_mono) / 1000,
		    t->opts.state_max_age_ms / 1000);
	else if (decimal_sign(t->equity) <= 0)
		error(c, "Equity is not above zero");
}

/* What the position may be worth, and may lose at its stop. */
static void
quantity(struct checked *c)
{
	const struct trader_opts *opts = &c->t->opts;
	char a[DECIMAL_TEXT_MAX], b[DECIMAL_TEXT_MAX];
	struct decimal limit, loss;

	if (decimal_sign(c->qty) <= 0) {
		error(c, "Quantity %s is not above zero", c->o->qty);
		return;
	}
	if (c->t->equity_mono == 0)
		return;
	limit = share(c->t->equity, opts->max_exposure, 0);
	if (decimal_cmp(c->notional, limit) > 0)
		error(c, "Position of %s exceeds MAX_EXPOSURE: %s",
		    money(a, c->notional), money(b, limit));
	loss = c->notional;
	limit = share(c->t->equity, opts->max_risk, DRIFT_PERCENT);
	if (opts->sizing_risk &&
	    (decimal_sub(&loss, c->price, c->stop) == -1 ||
		decimal_mul(&loss, decimal_abs(loss), c->qty, DECIMAL_UP) ==
		    -1))
		loss = c->notional;
	if (decimal_cmp(loss, limit) > 0)
		error(c, "%s of %s exceeds MAX_RISK_PER_TRADE: %s",
		    opts->sizing_risk ? "Loss at the stop" : "Position",
		    money(a, loss), money(b, limit));
}

static void
notional(struct checked *c)
{
	char a[DECIMAL_TEXT_MAX], b[DECIMAL_TEXT_MAX];
	struct decimal sum = caps_notional(c->t);
	struct decimal limit = share(c->t->equity, c->t->opts.max_notional, 0);

	if (c->t->equity_mono == 0 || c->o->test || c->o->sent_ms != 0)
		return;
	if (decimal_add(&sum, sum, c->notional) == -1 ||
	    decimal_cmp(sum, limit) > 0)
		error(c,
		    "Entries of the day of %s exceed MAX_DAILY_NOTIONAL: %s",
		    money(a, sum), money(b, limit));
}

static void
minute(struct checked *c)
{
	if (!c->o->test && c->o->sent_ms == 0 &&
	    caps_minute(c->t) >= (size_t)c->t->opts.max_minute)
		error(c,
		    "Orders in the last minute reached "
		    "MAX_ORDERS_PER_MINUTE: %" PRId64,
		    c->t->opts.max_minute);
}

void
check_entry(const struct order *o, struct buf *errors)
{
	static void (*const rules[])(struct checked *) = { halt, age,
		clock_skew, symbol, key, stop, opposite, equity, quantity,
		notional, minute };
	struct checked c = { .o = o, .t = o->t, .errors = errors };

	if (decimal_parse(&c.qty, o->qty, strlen(o->qty)) == -1 ||
	    decimal_parse(&c.price, o->price, strlen(o->price)) == -1 ||
	    decimal_parse(&c.stop, o->stop_loss, strlen(o->stop_loss)) == -1 ||
	    decimal_sign(c.price) <= 0 ||
	    decimal_mul(&c.notional, c.qty, c.price, DECIMAL_UP) == -1) {
		error(
		    &c, "Quantity, price or stop loss is not a number above 0");
		return;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](&c);
}
