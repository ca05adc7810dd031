/*
 * An order is checked in one fixed order: positionIdx against the mode,
 * orderLinkId, price, reduce-only, quantity against the filters, minimum
 * value, trigger, stop loss and take profit, margin.
 */
#include <ctype.h>
#include <string.h>

#include "tests/exchange/account.h"
#include "tests/exchange/calc.h"

/* Prices in these texts are whole numbers, times a power of ten. */
static const char *
scaled(char out[DECIMAL_TEXT_MAX], struct decimal price)
{
	(void)decimal_format(out, calc_mul(price, decimal_from_int(10000)));
	return out;
}

int
levels_check(const struct instrument *i, enum side side, const struct levels *l,
    int on_create, struct refusal *why)
{
	char level[DECIMAL_TEXT_MAX], base[DECIMAL_TEXT_MAX];
	const char *name, *by;
	int way, below;

	for (int k = 0; k < 2; k++) {
		struct decimal at = k == 0 ? l->stop_loss : l->take_profit;

		if (decimal_sign(at) == 0)
			continue;
		if (on_create)
			name = k == 0 ? "sl" : "tp";
		else
			name = k == 0 ? "StopLoss" : "TakeProfit";
		by = k == 0 ? l->stop_by : l->profit_by;
		below = (side == SIDE_BUY) == (k == 0);
		way = decimal_cmp(at, i->price);
		if (below ? way < 0 : way > 0)
			continue;
		return refuse(why, CODE_PARAMS,
		    "%s:%s set for %s position should %s base_price:%s??%s",
		    name, scaled(level, at), side_name(side),
		    below ? "lower than" : "greater", scaled(base, i->price),
		    by[0] != '\0' ? by : "LastPrice");
	}
	return 0;
}

static int
check_qty(struct ticket *t, struct refusal *why)
{
	const struct instrument *i = t->inst;
	const struct decimal units = decimal_from_int(100000000);
	struct decimal most =
	    t->type == TYPE_MARKET ? i->max_market_qty : i->max_qty;
	char qty[DECIMAL_TEXT_MAX], max[DECIMAL_TEXT_MAX];

	if (decimal_sign(t->qty) < 0)
		return refuse(why, CODE_PARAMS, "Qty invalid");
	if (decimal_sign(t->qty) == 0 && t->reduce_only && t->close_on_trigger)
		t->qty = calc_min(i->positions[t->idx].now.size, most);
	else if (decimal_cmp(t->qty, i->min_qty) < 0)
		return refuse(why, CODE_PARAMS,
		    "The number of contracts exceeds minimum limit allowed");
	if (decimal_cmp(calc_floor(t->qty, i->step), t->qty) != 0)
		return refuse(why, CODE_PARAMS, "Qty invalid");
	if (decimal_cmp(t->qty, most) > 0) {
		(void)decimal_format(qty, calc_mul(t->qty, units));
		(void)decimal_format(max, calc_mul(most, units));
		return refuse(why, CODE_PARAMS,
		    "The number of contracts exceeds maximum limit allowed: "
		    "too large, order_qty:%s > max_qty:%s",
		    qty, max);
	}
	return 0;
}

static int
check_link(const struct account *a, const struct ticket *t, struct refusal *why)
{
	for (const char *s = t->link; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && *s != '-' && *s != '_')
			return refuse(why, CODE_PARAMS,
			    "params error: orderLinkId invalid");
	if (t->link[0] != '\0' && order_find(a, NULL, t->link) != NULL)
		return refuse(
		    why, CODE_LINK_TWICE, "OrderLinkedID is duplicate");
	return 0;
}

static int
check_price(const struct ticket *t, struct refusal *why)
{
	const struct instrument *i = t->inst;

	if (t->type != TYPE_LIMIT)
		return 0;
	if (decimal_cmp(t->price, i->min_price) < 0 ||
	    decimal_cmp(t->price, i->max_price) > 0)
		return refuse(
		    why, 110003, "Order price is out of permissible range");
	if (decimal_cmp(calc_floor(t->price, i->tick), t->price) != 0)
		return refuse(why, CODE_PARAMS, "Price invalid");
	return 0;
}

/* In hedge mode the other side of a leg can only close it. */
static int
check_reduce(struct ticket *t, struct refusal *why)
{
	const struct holding *h = &t->inst->positions[t->idx].now;
	const enum side leg = t->idx == 1 ? SIDE_BUY : SIDE_SELL;

	if (t->idx != 0 && t->side != leg)
		t->reduce_only = 1;
	if (!t->reduce_only)
		return 0;
	if (decimal_sign(t->stop_loss) > 0 || decimal_sign(t->take_profit) > 0)
		return refuse(why, CODE_PARAMS,
		    "params error: reduce-only order can not have tp/sl");
	if (decimal_sign(t->trigger) > 0)
		return 0;
	if (h->side == SIDE_NONE)
		return refuse(why, CODE_REDUCE_ONLY,
		    "current position is zero, cannot fix reduce-only order "
		    "qty");
	if (h->side == t->side)
		return refuse(why, CODE_REDUCE_ONLY,
		    "reduce-only order has same side with current position");
	return 0;
}

static int
check_value(const struct ticket *t, struct refusal *why)
{
	const struct instrument *i = t->inst;
	struct decimal price = t->type == TYPE_LIMIT ? t->price : i->price;
	char least[DECIMAL_TEXT_MAX];

	if (t->reduce_only || decimal_sign(i->min_value) == 0 ||
	    decimal_cmp(calc_mul(t->qty, price), i->min_value) >= 0)
		return 0;
	(void)decimal_format(least, i->min_value);
	return refuse(why, CODE_MIN_VALUE,
	    "Order does not meet minimum order value %s%s", least, i->settle);
}

static int
check_trigger(
    const struct account *a, const struct ticket *t, struct refusal *why)
{
	int way = decimal_cmp(t->trigger, t->inst->price);

	if (decimal_sign(t->trigger) == 0)
		return 0;
	if (stops_count(a, t->inst) >= STOPS_MAX)
		return refuse(why, CODE_STOPS_MANY,
		    "The number of stop orders exceeds the limit");
	if (t->direction == 1 && way <= 0)
		return refuse(why, CODE_TRIGGER_RISE,
		    "expect Rising, but trigger_price[%s] <= current",
		    t->inst->symbol);
	if (t->direction == 2 && way >= 0)
		return refuse(why, CODE_TRIGGER_FALL,
		    "expect Falling, but trigger_price[%s] >= current",
		    t->inst->symbol);
	return 0;
}

/* The part that opens needs its margin and its fee. */
static int
check_margin(
    const struct account *a, const struct ticket *t, struct refusal *why)
{
	const struct instrument *i = t->inst;
	const struct holding *h = &i->positions[t->idx].now;
	const int inverse = i->category == CATEGORY_INVERSE;
	struct decimal opens = t->qty, value, needed;
	struct totals totals;

	if (t->reduce_only)
		return 0;
	if (h->side != SIDE_NONE && h->side != t->side) {
		opens = calc_sub(opens, h->size);
		if (decimal_sign(opens) <= 0)
			return 0;
	}
	value = contract_value(
	    inverse, opens, t->type == TYPE_LIMIT ? t->price : i->price);
	needed = calc_add(calc_div(value, i->leverage[t->side == SIDE_SELL]),
	    calc_mul(value, calc_of("0.00055")));
	account_totals(a, &totals);
	if (decimal_cmp(calc_mul(needed, market_usd(a->market, i->settle)),
		totals.available) > 0)
		return refuse(
		    why, CODE_NO_MARGIN, "ab not enough for new order");
	return 0;
}

static int
check(const struct account *a, struct ticket *t, struct refusal *why)
{
	const struct levels levels = { t->stop_loss, t->take_profit, t->stop_by,
		t->profit_by };

	if ((t->inst->hedge && t->idx == 0) || (!t->inst->hedge && t->idx != 0))
		return refuse(
		    why, CODE_PARAMS, "position idx not match position mode");
	if (check_link(a, t, why) == -1 || check_price(t, why) == -1 ||
	    check_reduce(t, why) == -1 || check_qty(t, why) == -1 ||
	    check_value(t, why) == -1 || check_trigger(a, t, why) == -1 ||
	    levels_check(t->inst, t->side, &levels, 1, why) == -1)
		return -1;
	return check_margin(a, t, why);
}

int
order_place(struct account *a, const struct ticket *asked, struct order **out,
    struct refusal *why)
{
	struct fill_plan *plan = &a->plan;
	struct ticket t = *asked;
	struct order *o;

	if (check(a, &t, why) == -1)
		return -1;
	o = order_new(a, &t);
	*out = o;
	if (o->status == ORDER_UNTRIGGERED)
		return 0;
	if (plan->count > 0) {
		plan->count--;
		memcpy(o->reject, plan->reject, sizeof(o->reject));
		o->fill_percent = plan->percent;
		o->fill_parts = plan->parts;
		if (plan->status_ms > 0)
			o->known_ms = a->turn_ms + plan->status_ms;
		if (plan->drop_stop)
			o->t.stop_loss = o->t.take_profit = decimal_zero;
		if (plan->delay_ms > 0) {
			o->match_ms = a->turn_ms + plan->delay_ms;
			return 0;
		}
	}
	order_match(a, o);
	return 0;
}
