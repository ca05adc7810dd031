/*
 * An order's life:
 *
 *   New ──▶ Filled, Cancelled (perhaps with fills), Rejected
 *   Untriggered ──▶ New, as above; or Deactivated
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "tests/exchange/account.h"
#include "tests/exchange/calc.h"

/* Indexed by enum order_origin. */
const struct origin_words origins[] = {
	[FROM_USER] = { "CreateByUser", "", "Trade" },
	[FROM_APP] = { "CreateByUser", "", "Trade" },
	[FROM_APP_CLOSING] = { "CreateByClosing", "", "Trade" },
	[FROM_STOP_LOSS] = { "CreateByStopLoss", "StopLoss", "Trade" },
	[FROM_TAKE_PROFIT] = { "CreateByTakeProfit", "TakeProfit", "Trade" },
	[FROM_CONDITION] = { "CreateByUser", "Stop", "Trade" },
	[FROM_LIQUIDATION] = { "CreateByTakeOver_PassThrough", "",
	    "BustTrade" },
	[FROM_ADL] = { "CreateByAdl_PassThrough", "", "AdlTrade" },
	[FROM_FUNDING] = { "", "UNKNOWN", "Funding" },
};
_Static_assert(sizeof(origins) / sizeof(origins[0]) == FROM_FUNDING + 1,
    "an origin without its words");

#define TAKER "0.00055"
#define MAKER "0.0002"

static void
set_reason(struct order *o, const char *reason)
{
	size_t len = strnlen(reason, sizeof(o->reject_reason) - 1);

	memcpy(o->reject_reason, reason, len);
	o->reject_reason[len] = '\0';
}

struct order *
order_new(struct account *a, const struct ticket *t)
{
	struct order *o = calloc(1, sizeof(*o));

	if (o == NULL)
		die(EX_OSERR, "unable to keep an order");
	o->t = *t;
	account_new_id(a, o->id);
	o->status =
	    decimal_sign(t->trigger) > 0 ? ORDER_UNTRIGGERED : ORDER_NEW;
	o->cancel_type = "UNKNOWN";
	set_reason(o, "EC_NoError");
	o->price_then = t->inst->price;
	o->leverage = t->inst->leverage[t->side == SIDE_SELL];
	o->created_ms = o->updated_ms = a->now_ms;
	o->visible_ms = a->turn_ms + a->lag.order_ms;
	o->fill_percent = decimal_from_int(100);
	o->fill_parts = 1;
	a->orders = calc_grow((void *)a->orders, a->norders, &a->orders_cap,
	    sizeof(struct order *));
	a->orders[a->norders++] = o;
	return o;
}

void
account_keep(struct account *a, struct position *p)
{
	position_keep(p, a->turn_ms);
	a->changes++;
}

int
order_active(const struct order *o)
{
	return o->status == ORDER_NEW || o->status == ORDER_UNTRIGGERED;
}

struct order *
order_find(const struct account *a, const char *id, const char *link)
{
	for (size_t i = a->norders; i > 0; i--) {
		struct order *o = a->orders[i - 1];

		if (id != NULL ? strcmp(o->id, id) == 0
			       : link != NULL && strcmp(o->t.link, link) == 0)
			return o;
	}
	return NULL;
}

struct decimal
order_price(const struct order *o)
{
	const struct instrument *i = o->t.inst;
	const char *factor = o->t.side == SIDE_BUY ? "1.01" : "0.99";

	if (o->t.type == TYPE_LIMIT)
		return o->t.price;
	if (o->status == ORDER_UNTRIGGERED || o->status == ORDER_DEACTIVATED)
		return decimal_zero;
	return calc_near(calc_mul(o->price_then, calc_of(factor)), i->tick);
}

struct position *
order_position(const struct order *o)
{
	return &o->t.inst->positions[o->t.idx];
}

/* The order's closing part becomes a row of closed-pnl. */
static void
book_closed(struct account *a, const struct order *o)
{
	if (decimal_sign(o->closed.qty) == 0)
		return;
	a->closed = calc_grow(
	    a->closed, a->nclosed, &a->closed_cap, sizeof(*a->closed));
	a->closed[a->nclosed++] = (struct closed_row){
		.order = o,
		.sum = o->closed,
		.fills = o->fills,
		.time_ms = a->now_ms,
		.visible_ms = a->turn_ms + a->lag.closed_pnl_ms,
	};
}

static void
end(struct account *a, struct order *o, enum order_status status,
    const char *reason)
{
	o->status = status;
	o->match_ms = 0;
	o->updated_ms = a->now_ms;
	set_reason(o, reason);
	book_closed(a, o);
}

/* Fees of a fill: none where the exchange takes the position away. */
static struct decimal
fee_rate(const struct order *o, int maker)
{
	if (o->t.origin == FROM_ADL)
		return decimal_zero;
	return calc_of(maker ? MAKER : TAKER);
}

/* One fill of qty at price: position, wallet, execution. */
static void
fill(struct account *a, struct order *o, struct decimal qty,
    struct decimal price, int maker)
{
	struct instrument *i = o->t.inst;
	struct position *p = order_position(o);
	const int inverse = i->category == CATEGORY_INVERSE;
	struct decimal value = contract_value(inverse, qty, price);
	struct decimal rate = fee_rate(o, maker);
	struct decimal fee = calc_money(calc_mul(value, rate));
	struct closing c;
	struct execution *e;

	account_gain(a, i->settle,
	    holding_fill(
		&p->now, inverse, o->t.side, qty, price, fee, a->now_ms, &c));
	p->now.seq = ++a->seq;
	account_keep(a, p);

	o->filled = calc_add(o->filled, qty);
	o->value = calc_add(o->value, value);
	o->fee = calc_add(o->fee, fee);
	o->fills++;
	o->closed.qty = calc_add(o->closed.qty, c.qty);
	o->closed.entry_value = calc_add(o->closed.entry_value, c.entry_value);
	o->closed.exit_value = calc_add(o->closed.exit_value, c.exit_value);
	o->closed.open_fee = calc_add(o->closed.open_fee, c.open_fee);
	o->closed.close_fee = calc_add(o->closed.close_fee, c.close_fee);
	o->closed.profit = calc_add(o->closed.profit, c.profit);

	a->execs =
	    calc_grow(a->execs, a->nexecs, &a->execs_cap, sizeof(*a->execs));
	e = &a->execs[a->nexecs++];
	*e = (struct execution){
		.order = o,
		.inst = i,
		.side = o->t.side,
		.origin = o->t.origin,
		.price = price,
		.qty = qty,
		.value = value,
		.fee = fee,
		.rate = rate,
		.closed = c.qty,
		.left = calc_sub(o->t.qty, o->filled),
		.mark = i->price,
		.maker = maker,
		.time_ms = a->now_ms,
		.visible_ms = a->turn_ms + a->lag.order_ms > o->known_ms
		    ? a->turn_ms + a->lag.order_ms
		    : o->known_ms,
		.seq = a->seq,
	};
	memcpy(e->order_id, o->id, sizeof(e->order_id));
	account_new_id(a, e->id);
}

/* The stops that the order carries, and those of what it closed. */
static void
settle_stops(struct account *a, struct order *o)
{
	struct position *p = order_position(o);

	if (p->now.side == SIDE_NONE || p->now.side != o->t.side) {
		if (p->now.side == SIDE_NONE)
			stops_clear(a, o->t.inst, o->t.idx);
		return;
	}
	if (decimal_sign(o->closed.qty) > 0) /* turned round */
		stops_clear(a, o->t.inst, o->t.idx);
	/* No slot: the fill stands, and what it carried is not there. */
	if (decimal_sign(p->now.stop_loss) == 0 &&
	    stops_count(a, o->t.inst) >= STOPS_MAX)
		return;
	if (decimal_sign(o->t.stop_loss) > 0 ||
	    decimal_sign(o->t.take_profit) > 0)
		stops_set(a, o->t.inst, o->t.idx,
		    decimal_sign(o->t.stop_loss) > 0 ? o->t.stop_loss
						     : p->now.stop_loss,
		    decimal_sign(o->t.take_profit) > 0 ? o->t.take_profit
						       : p->now.take_profit,
		    o->t.stop_by, o->t.profit_by, o->t.link);
}

/* What reduce-only leaves of a quantity; the order's own is cut to it. */
static struct decimal
wanted(struct order *o)
{
	const struct holding *h = &order_position(o)->now;

	if (o->t.reduce_only) {
		if (h->side != side_other(o->t.side))
			return decimal_zero;
		if (decimal_cmp(o->t.qty, h->size) > 0)
			o->t.qty = h->size;
	}
	return o->t.qty;
}

void
order_fill_at(
    struct account *a, struct order *o, struct decimal price, int maker)
{
	struct decimal qty = wanted(o), want, part, left;

	if (decimal_sign(qty) == 0) {
		o->cancel_type = "CancelByReduceOnly";
		end(a, o, ORDER_CANCELLED, "EC_NoError");
		return;
	}
	want = calc_floor(
	    calc_div(calc_mul(qty, o->fill_percent), decimal_from_int(100)),
	    o->t.inst->step);
	part = calc_floor(
	    calc_div(want, decimal_from_int(o->fill_parts)), o->t.inst->step);
	left = want;
	for (int k = 1; k < o->fill_parts && decimal_sign(part) > 0; k++) {
		fill(a, o, part, price, maker);
		left = calc_sub(left, part);
	}
	if (decimal_sign(left) > 0)
		fill(a, o, left, price, maker);
	if (o->reject[0] != '\0')
		end(a, o, ORDER_REJECTED, o->reject);
	else if (decimal_cmp(want, qty) == 0)
		end(a, o, ORDER_FILLED, "EC_NoError");
	else
		end(a, o, ORDER_CANCELLED,
		    decimal_sign(want) > 0 ? "EC_CancelForNoFullFill"
					   : "EC_NoImmediateQtyToFill");
	settle_stops(a, o);
}

int
order_crosses(const struct order *o)
{
	int way = decimal_cmp(o->t.inst->price, o->t.price);

	return o->t.side == SIDE_BUY ? way <= 0 : way >= 0;
}

void
order_match(struct account *a, struct order *o)
{
	if (o->t.type == TYPE_MARKET) {
		order_fill_at(a, o, o->t.inst->price, 0);
	} else if (order_crosses(o)) {
		if (o->t.tif == TIF_POST_ONLY)
			end(a, o, ORDER_CANCELLED,
			    "EC_PostOnlyWillTakeLiquidity");
		else
			order_fill_at(a, o, o->t.inst->price, 0);
	} else if (o->t.tif == TIF_IOC || o->t.tif == TIF_FOK) {
		end(a, o, ORDER_CANCELLED,
		    o->t.tif == TIF_IOC ? "EC_NoImmediateQtyToFill"
					: "EC_NoEnoughQtyToFill");
	}
}

void
order_cancel(struct account *a, struct order *o, const char *cancel_type)
{
	o->cancel_type = cancel_type;
	end(a, o,
	    o->status == ORDER_UNTRIGGERED ? ORDER_DEACTIVATED
					   : ORDER_CANCELLED,
	    strcmp(cancel_type, "CancelByUser") == 0 ? "EC_PerCancelRequest"
						     : "EC_NoError");
}

int64_t
account_advance(struct account *a)
{
	int64_t next = -1;

	for (size_t i = 0; i < a->norders; i++) {
		struct order *o = a->orders[i];

		if (o->match_ms == 0)
			continue;
		if (o->match_ms <= a->turn_ms) {
			o->match_ms = 0;
			order_match(a, o);
		} else if (next == -1 || o->match_ms < next) {
			next = o->match_ms;
		}
	}
	return next;
}
