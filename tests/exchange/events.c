/*
 * What the exchange does by itself (liquidation, ADL, funding), and the
 * settings of an instrument and of a position.
 */
#include <string.h>

#include "tests/exchange/account.h"
#include "tests/exchange/calc.h"

/* Take qty of a position away, at the price now, with no order of the user's.
 */
static int
take_away(struct account *a, struct instrument *i, int idx, struct decimal qty,
    enum order_origin origin, struct refusal *why)
{
	const struct holding *h = &i->positions[idx].now;
	struct ticket t = {
		.inst = i,
		.idx = idx,
		.type = TYPE_MARKET,
		.tif = TIF_IOC,
		.origin = origin,
		.qty = qty,
		.reduce_only = 1,
	};

	if (h->side == SIDE_NONE)
		return refuse(why, CODE_PARAMS,
		    "%s has no position with positionIdx %d", i->symbol, idx);
	t.side = side_other(h->side);
	if (decimal_sign(qty) == 0)
		t.qty = h->size;
	order_match(a, order_new(a, &t));
	return 0;
}

int
position_liquidate(
    struct account *a, struct instrument *i, int idx, struct refusal *why)
{
	return take_away(a, i, idx, decimal_zero, FROM_LIQUIDATION, why);
}

int
position_deleverage(struct account *a, struct instrument *i, int idx,
    struct decimal qty, struct refusal *why)
{
	return take_away(a, i, idx, qty, FROM_ADL, why);
}

static void
fund(struct account *a, const struct instrument *i, struct position *p,
    struct decimal rate)
{
	struct holding *h = &p->now;
	struct decimal value, fee;
	struct execution *e;

	if (h->side == SIDE_NONE)
		return;
	if (h->side == SIDE_SELL)
		rate = decimal_neg(rate);
	value =
	    contract_value(i->category == CATEGORY_INVERSE, h->size, i->price);
	fee = calc_money(calc_mul(value, rate));
	account_gain(a, i->settle, decimal_neg(fee));
	h->realised = calc_sub(h->realised, fee);
	h->realised_ever = calc_sub(h->realised_ever, fee);
	h->updated_ms = a->now_ms;
	account_keep(a, p);
	a->execs =
	    calc_grow(a->execs, a->nexecs, &a->execs_cap, sizeof(*a->execs));
	e = &a->execs[a->nexecs++];
	*e = (struct execution){
		.inst = i,
		.side = h->side,
		.origin = FROM_FUNDING,
		.price = i->price,
		.qty = h->size,
		.value = value,
		.fee = fee,
		.rate = rate,
		.mark = i->price,
		.time_ms = a->now_ms,
		.visible_ms = a->turn_ms,
		.seq = a->seq,
	};
	account_new_id(a, e->id);
	account_new_id(a, e->order_id);
}

void
funding_tick(
    struct account *a, const struct instrument *only, struct decimal rate)
{
	for (size_t k = 0; k < a->market->n; k++) {
		struct instrument *i = &a->market->list[k];

		if (only != NULL && only != i)
			continue;
		for (size_t p = 0; p < 3; p++)
			fund(a, i, &i->positions[p], rate);
	}
}

int
leverage_set(struct instrument *i, struct decimal buy, struct decimal sell,
    struct refusal *why)
{
	const struct decimal one = decimal_from_int(1);

	if (decimal_cmp(buy, one) < 0 || decimal_cmp(sell, one) < 0 ||
	    decimal_cmp(buy, i->max_leverage) > 0 ||
	    decimal_cmp(sell, i->max_leverage) > 0)
		return refuse(why, CODE_LEVERAGE_TOO_HIGH,
		    "cannot set leverage gt maxLeverage by risk limit");
	/* The account trades on cross margin. */
	if (decimal_cmp(buy, sell) != 0)
		return refuse(why, CODE_PARAMS,
		    "buy leverage must equal sell leverage in cross margin");
	if (decimal_cmp(buy, i->leverage[0]) == 0)
		return refuse(why, CODE_LEVERAGE_SAME, "leverage not modified");
	i->leverage[0] = i->leverage[1] = buy;
	return 0;
}

int
mode_set(
    struct account *a, struct instrument *i, int hedge, struct refusal *why)
{
	if (i->category != CATEGORY_LINEAR || strcmp(i->settle, "USDT") != 0)
		return refuse(why, CODE_NO_HEDGE,
		    "The current symbol does not support hedge mode");
	if (i->hedge == hedge)
		return refuse(
		    why, CODE_MODE_SAME, "Position mode is not modified");
	for (size_t p = 0; p < 3; p++)
		if (i->positions[p].now.side != SIDE_NONE)
			return refuse(why, CODE_MODE_POSITION,
			    "You have an existing position, so the position "
			    "mode cannot be switched");
	for (size_t k = 0; k < a->norders; k++)
		if (a->orders[k]->t.inst == i && order_active(a->orders[k]))
			return refuse(why, CODE_MODE_ORDERS,
			    "You have existing active orders, so the position "
			    "mode cannot be switched");
	i->hedge = hedge;
	return 0;
}

int
trading_stop(struct account *a, struct instrument *i, int idx,
    const struct decimal *stop_loss, const struct decimal *take_profit,
    const char *stop_by, const char *profit_by, struct refusal *why)
{
	const struct holding *h = &i->positions[idx].now;
	struct decimal stop = stop_loss != NULL ? *stop_loss : h->stop_loss;
	struct decimal profit =
	    take_profit != NULL ? *take_profit : h->take_profit;
	const struct levels set = {
		.stop_loss = stop_loss != NULL ? stop : decimal_zero,
		.take_profit = take_profit != NULL ? profit : decimal_zero,
		.stop_by = stop_by,
		.profit_by = profit_by,
	};

	if ((i->hedge && idx == 0) || (!i->hedge && idx != 0))
		return refuse(
		    why, CODE_PARAMS, "position idx not match position mode");
	if (h->side == SIDE_NONE)
		return refuse(
		    why, CODE_PARAMS, "can not set tp/sl/ts for zero position");
	if (decimal_cmp(stop, h->stop_loss) == 0 &&
	    decimal_cmp(profit, h->take_profit) == 0)
		return refuse(why, CODE_STOP_SAME, "not modified");
	if (levels_check(i, h->side, &set, 0, why) == -1)
		return -1;
	if (decimal_sign(stop) > 0 && decimal_sign(h->stop_loss) == 0 &&
	    stops_count(a, i) >= STOPS_MAX)
		return refuse(why, CODE_STOPS_MANY,
		    "The number of stop orders exceeds the limit");
	stops_set(a, i, idx, stop, profit,
	    stop_by[0] != '\0' ? stop_by : h->stop_by,
	    profit_by[0] != '\0' ? profit_by : h->profit_by, "");
	return 0;
}
