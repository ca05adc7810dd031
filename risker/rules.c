/*
 * rules: each a function that adds to the errors, or warns.  A rule that cannot
 * be asked, for want of a fact, leaves it to the rule that misses the fact.
 */
#include "risker/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "risker/facts.h"

#define CLOSE_PERCENT 90 /* of a limit: warn */

struct asked {
	const struct facts *f;
	const struct limits *l;
	const struct alert *a;
	struct buf *errors, *warnings;
	size_t broken;
};

static void __attribute__((format(printf, 2, 0)))
say(struct buf *b, const char *fmt, va_list ap)
{
	char text[384];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	json_put_string(b, NULL, text);
}

static void __attribute__((format(printf, 2, 3)))
error(struct asked *q, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(q->errors, fmt, ap);
	va_end(ap);
	q->broken++;
}

static void __attribute__((format(printf, 2, 3)))
warning(struct asked *q, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(q->warnings, fmt, ap);
	va_end(ap);
}

/* A number, as short as it is. */
struct text {
	char s[DECIMAL_TEXT_MAX];
};

static struct text
number(struct decimal d)
{
	struct text t = { "" };

	(void)decimal_format(t.s, d);
	return t;
}

/* Money and percentages: two decimals, more where they say more. */
static struct text
fine(struct decimal d)
{
	struct text t = { "" };

	(void)decimal_format_scale(t.s, d, 2, 8);
	return t;
}

static struct text
scaled(struct decimal d, int scale)
{
	struct text t = { "" };

	(void)decimal_format_scale(t.s, d, scale, scale);
	return t;
}

/* On a tick already. */
static struct text
price(const struct asked *q, struct decimal d)
{
	return scaled(d, q->f->instrument.tick_scale);
}

static struct text
seconds(int64_t ms)
{
	struct decimal d = decimal_from_int(ms);

	(void)decimal_div(&d, d, decimal_from_int(1000), DECIMAL_UP);
	return number(d);
}

/* value >= CLOSE_PERCENT of limit */
static int
close_to(struct decimal value, struct decimal limit)
{
	struct decimal d;

	return size_percent(&d, limit, decimal_from_int(CLOSE_PERCENT),
		   DECIMAL_UP) == 0 &&
	    decimal_cmp(value, d) >= 0;
}

static int
is_buy(const struct asked *q)
{
	return q->a->action == ALERT_BUY;
}

static void
whitelist(struct asked *q)
{
	if (!limits_allow(q->l, q->a->symbol))
		error(q, "Symbol %s is not in ALLOWED_SYMBOLS", q->a->symbol);
}

static void
trend(struct asked *q)
{
	struct decimal limit =
	    is_buy(q) ? q->l->trend : decimal_neg(q->l->trend);

	if (decimal_cmp(q->a->trend, limit) != (is_buy(q) ? 1 : -1))
		error(q, "Trend composite %s is not %s %s, as a %s needs",
		    number(q->a->trend).s, is_buy(q) ? "above" : "below",
		    number(limit).s, is_buy(q) ? "buy" : "sell");
}

static void
alert_age(struct asked *q)
{
	int64_t age = q->a->time_ms - q->a->timestamp_ms;

	if (q->l->alert_max_age_ms != 0 && q->a->timestamp_ms != -1 &&
	    age > q->l->alert_max_age_ms)
		error(q, "Alert's timestamp is %s s old (limit %s s)",
		    seconds(age).s, seconds(q->l->alert_max_age_ms).s);
}

/* By their own timestamps where both have one, else by receipt (F51). */
static void
last_close(struct asked *q)
{
	const struct closes *c = &q->f->closes;
	int64_t at = q->a->timestamp_ms, last = c->timestamp_ms;
	char text[TIME_TEXT_MAX];

	if (at == -1 || last == 0 || at >= last) {
		/* Those that cannot be compared by their own. */
		last = at == -1 ? c->time_ms : c->bare_ms;
		at = q->a->time_ms;
	}
	if (last != 0 && at < last)
		error(q, "Alert is older than the last close of %s, of %s",
		    q->a->symbol, time_format(text, last));
}

static void
equity(struct asked *q)
{
	const struct facts *f = q->f;

	if (!f->has_wallet)
		error(q, "Equity is not known");
	else if (decimal_sign(f->wallet.equity) <= 0)
		error(
		    q, "Equity %s is not above 0", number(f->wallet.equity).s);
	else if (facts_stale(f, f->wallet.time_ms))
		error(q, "Equity is %s s old (limit %s s)",
		    seconds(q->a->time_ms - f->wallet.time_ms).s,
		    seconds(q->l->state_max_age_ms).s);
}

static void
positions(struct asked *q)
{
	const struct facts *f = q->f;

	if (!f->has_positions || f->snapshot_ms == 0)
		error(q, "Positions are not known");
	else if (facts_stale(f, f->snapshot_ms))
		error(q, "Positions are %s s old (limit %s s)",
		    seconds(q->a->time_ms - f->snapshot_ms).s,
		    seconds(q->l->state_max_age_ms).s);
}

static void
ticker(struct asked *q)
{
	const struct facts *f = q->f;

	if (!f->has_ticker)
		error(q, "Price of %s is not known", q->a->symbol);
	else if (facts_stale(f, f->ticker.time_ms))
		error(q, "Price of %s is %s s old (limit %s s)", q->a->symbol,
		    seconds(q->a->time_ms - f->ticker.time_ms).s,
		    seconds(q->l->state_max_age_ms).s);
}

static void
instrument(struct asked *q)
{
	if (!q->f->has_instrument)
		error(q, "Instrument %s is not known", q->a->symbol);
	else if (!q->f->instrument.trading)
		error(q, "Instrument %s is not open for trading", q->a->symbol);
}

static void
deviation(struct asked *q)
{
	struct decimal d, mark = q->f->ticker.mark;

	if (!q->f->has_ticker)
		return;
	if (decimal_sub(&d, q->a->price, mark) == -1 ||
	    decimal_mul(
		&d, decimal_abs(d), decimal_from_int(100), DECIMAL_UP) == -1 ||
	    decimal_div(&d, d, mark, DECIMAL_UP) == -1)
		error(q, "Price %s is not a price of %s", number(q->a->price).s,
		    q->a->symbol);
	else if (decimal_cmp(d, q->l->max_deviation) > 0)
		error(q,
		    "Price %s deviates %s %% from the mark price %s (limit "
		    "%s %%)",
		    number(q->a->price).s, fine(d).s, number(mark).s,
		    number(q->l->max_deviation).s);
	else if (close_to(d, q->l->max_deviation))
		warning(q,
		    "Price deviates %s %% from the mark price (limit %s %%)",
		    fine(d).s, number(q->l->max_deviation).s);
}

/* The stop against one of the prices: its side, and how far it is. */
static void
stop_against(struct asked *q, struct decimal at, const char *what)
{
	struct decimal stop = q->f->size.stop, away, low, high;

	if (decimal_cmp(stop, at) != (is_buy(q) ? -1 : 1)) {
		error(q, "Stop loss %s is not %s the %s %s", price(q, stop).s,
		    is_buy(q) ? "below" : "above", what, number(at).s);
		return;
	}
	if (decimal_sub(&away, at, stop) == -1 ||
	    decimal_mul(&away, decimal_abs(away), decimal_from_int(100),
		DECIMAL_DOWN) == -1 ||
	    decimal_div(&low, away, at, DECIMAL_DOWN) == -1 ||
	    decimal_div(&high, away, at, DECIMAL_UP) == -1)
		error(q, "Stop loss %s does not go with the %s %s",
		    price(q, stop).s, what, number(at).s);
	else if (decimal_cmp(low, q->l->stop_min) < 0)
		error(q, "Stop loss %s is %s %% from the %s %s (minimum %s %%)",
		    price(q, stop).s, fine(low).s, what, number(at).s,
		    number(q->l->stop_min).s);
	else if (decimal_cmp(high, q->l->stop_max) > 0)
		error(q, "Stop loss %s is %s %% from the %s %s (maximum %s %%)",
		    price(q, stop).s, fine(high).s, what, number(at).s,
		    number(q->l->stop_max).s);
}

static void
stop_loss(struct asked *q)
{
	const struct facts *f = q->f;

	if (!f->has_instrument)
		return;
	if (!f->size.has_stop) {
		error(q, "Stop loss cannot be reckoned for the price %s",
		    number(q->a->price).s);
		return;
	}
	if (decimal_sign(f->size.stop) <= 0) {
		error(
		    q, "Stop loss %s is not above 0", price(q, f->size.stop).s);
		return;
	}
	stop_against(q, q->a->price, "price");
	if (f->has_ticker && decimal_cmp(f->ticker.mark, q->a->price) != 0)
		stop_against(q, f->ticker.mark, "mark price");
	if (f->size.default_stop)
		warning(q, "Default stop loss used: %s %% from the price",
		    number(q->l->stop_percent).s);
}

static void
take_profit(struct asked *q)
{
	const struct facts *f = q->f;
	struct decimal target = f->size.take_profit, at = q->a->price;
	int want = is_buy(q) ? 1 : -1;
	const char *what = "price";

	if (!f->size.has_stop || decimal_sign(q->a->take_profit) == 0)
		return;
	if (f->has_ticker && decimal_cmp(f->ticker.mark, at) == want) {
		at = f->ticker.mark;
		what = "mark price";
	}
	if (decimal_cmp(target, at) != want)
		error(q, "Take profit %s is not %s the %s %s",
		    price(q, target).s, is_buy(q) ? "above" : "below", what,
		    number(at).s);
}

static void
quantity(struct asked *q)
{
	const struct book_instrument *i = &q->f->instrument;
	const struct size *s = &q->f->size;
	struct text qty = scaled(s->qty, i->step_scale);
	struct decimal shown = s->exact;

	if (!s->has_qty) {
		/* Else something else that was said is the reason. */
		if (q->broken == 0)
			error(q, "Quantity cannot be reckoned");
		return;
	}
	(void)decimal_round(&shown, shown, 8, DECIMAL_DOWN);
	if (decimal_cmp(s->exact, s->qty) != 0)
		warning(q, "Quantity rounded down from %s to %s",
		    number(shown).s, qty.s);
	if (decimal_cmp(s->qty, i->min_qty) < 0 || decimal_sign(s->qty) == 0)
		error(q, "Quantity %s of %s is below the minimum: %s", qty.s,
		    q->a->symbol, number(i->min_qty).s);
	if (decimal_sign(i->max_market_qty) != 0 &&
	    decimal_cmp(s->qty, i->max_market_qty) > 0)
		error(q,
		    "Quantity %s of %s is above the maximum of a market order: "
		    "%s",
		    qty.s, q->a->symbol, number(i->max_market_qty).s);
	if (decimal_cmp(s->notional, i->min_value) < 0)
		error(q, "Order value %s of %s is below the minimum: %s",
		    fine(s->notional).s, q->a->symbol, number(i->min_value).s);
}

/*
 * One a symbol, whatever its side; or, in hedge mode, one a side.  What stands
 * in one-way mode takes both sides.
 */
static void
per_symbol(struct asked *q)
{
	int64_t limit = q->l->max_per_symbol, n = 0;

	for (size_t i = 0; i < q->f->nslots; i++) {
		const struct slot *s = &q->f->slots[i];

		if (strcmp(s->symbol, q->a->symbol) != 0)
			continue;
		n++;
		if (s->idx == 0 || s->buy == is_buy(q))
			n = limit;
	}
	if (n >= limit)
		error(q, "Max positions reached for %s: %lld", q->a->symbol,
		    (long long)limit);
}

static void
max_positions(struct asked *q)
{
	int64_t n = (int64_t)q->f->nslots;

	if (n >= q->l->max_positions)
		error(q, "Max positions reached: %lld",
		    (long long)q->l->max_positions);
	else if (n + 1 == q->l->max_positions)
		warning(q, "Last position of MAX_POSITIONS taken: %lld",
		    (long long)q->l->max_positions);
}

static void
daily_loss(struct asked *q)
{
	struct decimal first, loss, limit;
	char day[TIME_TEXT_MAX];

	if (q->f->day_damaged) {
		error(q, "Figures of the UTC day cannot be read");
		return;
	}
	if (facts_day_loss(q->f, &first, &loss) == -1 ||
	    size_percent(&limit, first, q->l->max_daily_loss, DECIMAL_UP) == -1)
		return;
	if (facts_loss_hit(q->f))
		error(q,
		    "Daily loss limit reached: %s lost of %s (limit %s %%)",
		    fine(loss).s, fine(first).s,
		    number(q->l->max_daily_loss).s);
	else if (q->f->own_day.hit_or_later) {
		(void)time_format(day, q->a->time_ms);
		error(q,
		    "Daily loss limit was reached on %.10s UTC or later "
		    "(limit %s %%)",
		    day, number(q->l->max_daily_loss).s);
	} else if (decimal_sign(loss) > 0 && close_to(loss, limit))
		warning(q, "Daily loss of %s is close to the limit: %s",
		    fine(loss).s, fine(limit).s);
}

static void
exposure(struct asked *q)
{
	const struct facts *f = q->f;
	struct decimal d;

	if (!f->size.has_qty)
		return;
	if (facts_exposure(f, f->size.notional, &d) == -1)
		error(q, "Exposure cannot be reckoned");
	else if (decimal_cmp(d, q->l->max_exposure) > 0)
		error(q, "Exposure of %s %% exceeds MAX_EXPOSURE: %s %%",
		    fine(d).s, number(q->l->max_exposure).s);
	else if (close_to(d, q->l->max_exposure))
		warning(q, "Exposure of %s %% is close to MAX_EXPOSURE: %s %%",
		    fine(d).s, number(q->l->max_exposure).s);
}

static void
max_leverage(struct asked *q)
{
	struct decimal most = q->f->instrument.max_leverage;

	if (decimal_sign(q->l->leverage) == 0 || !q->f->has_instrument ||
	    decimal_sign(most) == 0)
		return;
	if (decimal_cmp(q->l->leverage, most) > 0)
		error(q, "LEVERAGE %s is above the maximum of %s: %s",
		    number(q->l->leverage).s, q->a->symbol, number(most).s);
}

static void
margin(struct asked *q)
{
	const struct facts *f = q->f;
	struct decimal d;

	if (decimal_sign(q->l->leverage) == 0 || !f->size.has_qty)
		return;
	if (decimal_add(&d, f->held, f->size.notional) == -1 ||
	    decimal_div(&d, d, q->l->leverage, DECIMAL_UP) == -1)
		error(q, "Margin cannot be reckoned");
	else if (decimal_cmp(d, f->wallet.equity) > 0)
		error(q, "Margin of %s at LEVERAGE %s exceeds the equity: %s",
		    fine(d).s, number(q->l->leverage).s,
		    fine(f->wallet.equity).s);
	else if (close_to(d, f->wallet.equity))
		warning(q,
		    "Margin of %s at LEVERAGE %s is close to the equity: %s",
		    fine(d).s, number(q->l->leverage).s,
		    fine(f->wallet.equity).s);
}

/* In the order of the errors; the names are those of risker(8). */
static const struct rule {
	const char *name;
	void (*ask)(struct asked *);
} rules[] = {
	{ "whitelist", whitelist },
	{ "trend", trend },
	{ "alert-age", alert_age },
	{ "last-close", last_close },
	{ "equity", equity },
	{ "positions", positions },
	{ "price", ticker },
	{ "instrument", instrument },
	{ "deviation", deviation },
	{ "stop-loss", stop_loss },
	{ "take-profit", take_profit },
	{ "quantity", quantity },
	{ "per-symbol", per_symbol },
	{ "max-positions", max_positions },
	{ "daily-loss", daily_loss },
	{ "exposure", exposure },
	{ "leverage", max_leverage },
	{ "margin", margin },
};

const char *
rules_name(size_t i)
{
	return i < sizeof(rules) / sizeof(rules[0]) ? rules[i].name : NULL;
}

size_t
rules_entry(const struct facts *f, struct buf *errors, struct buf *warnings)
{
	struct asked q = { .f = f,
		.l = f->limits,
		.a = f->alert,
		.errors = errors,
		.warnings = warnings };

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i].ask(&q);
	return q.broken;
}

/*
 * Closing passes: refused is only what is not allowed and, as far as can be
 * seen, not held.
 */
size_t
rules_close(const struct facts *f, struct buf *errors, struct buf *warnings)
{
	struct asked q = { .f = f,
		.l = f->limits,
		.a = f->alert,
		.errors = errors,
		.warnings = warnings };

	if (limits_allow(f->limits, f->alert->symbol) || !f->has_positions)
		return 0;
	for (size_t i = 0; i < f->nslots; i++)
		if (strcmp(f->slots[i].symbol, f->alert->symbol) == 0)
			return 0;
	whitelist(&q);
	return q.broken;
}
