#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/exchange/calc.h"
#include "tests/exchange/views.h"

#define RECENT_MAX 500 /* closed orders that realtime still knows */

static const char *const statuses[] = {
	[ORDER_NEW] = "New",
	[ORDER_UNTRIGGERED] = "Untriggered",
	[ORDER_FILLED] = "Filled",
	[ORDER_CANCELLED] = "Cancelled",
	[ORDER_REJECTED] = "Rejected",
	[ORDER_DEACTIVATED] = "Deactivated",
};

static const char *const tifs[] = {
	[TIF_GTC] = "GTC",
	[TIF_IOC] = "IOC",
	[TIF_FOK] = "FOK",
	[TIF_POST_ONLY] = "PostOnly",
};

static int
is_level(const struct order *o)
{
	return o->t.origin == FROM_STOP_LOSS || o->t.origin == FROM_TAKE_PROFIT;
}

/* What is asked for, and how much of it happened. */
static void
put_amounts(struct buf *b, const struct order *o)
{
	const int inverse = o->t.inst->category == CATEGORY_INVERSE;
	struct decimal qty = o->t.qty, left = decimal_zero, price;

	/* The order that stands for a level follows the position. */
	if (is_level(o) && o->status == ORDER_UNTRIGGERED)
		qty = o->t.inst->positions[o->t.idx].now.size;
	if (order_active(o))
		left = calc_sub(qty, o->filled);
	price = order_price(o);
	json_put_decimal(b, "price", price);
	json_put_decimal(b, "qty", qty);
	if (decimal_sign(o->filled) > 0)
		put_money(b, "avgPrice",
		    inverse ? calc_div(o->filled, o->value)
			    : calc_div(o->value, o->filled));
	else
		json_put_string(b, "avgPrice", "");
	json_put_decimal(b, "leavesQty", left);
	put_money(b, "leavesValue",
	    decimal_sign(price) > 0 ? contract_value(inverse, left, price)
				    : decimal_zero);
	json_put_decimal(b, "cumExecQty", o->filled);
	put_money(b, "cumExecValue", o->value);
	put_money(b, "cumExecFee", o->fee);
	json_open_object(b, "cumFeeDetail");
	if (decimal_sign(o->fee) != 0)
		put_money(b, o->t.inst->settle, o->fee);
	json_close_object(b);
}

void
put_order(struct buf *b, const struct order *o)
{
	static const char *const blank[] = { "blockTradeId", "isLeverage",
		"orderIv", "smpOrderId", "placeType", "marketUnit",
		"extraFees" };
	const int levels = decimal_sign(o->t.stop_loss) > 0 ||
	    decimal_sign(o->t.take_profit) > 0;

	json_open_object(b, NULL);
	json_put_string(b, "orderId", o->id);
	json_put_string(b, "orderLinkId", o->t.link);
	json_put_string(b, "parentOrderLinkId", o->parent_link);
	json_put_string(b, "symbol", o->t.inst->symbol);
	json_put_string(b, "side", side_name(o->t.side));
	json_put_int(b, "positionIdx", o->t.idx);
	json_put_string(
	    b, "orderType", o->t.type == TYPE_LIMIT ? "Limit" : "Market");
	json_put_string(b, "timeInForce", tifs[o->t.tif]);
	json_put_string(b, "orderStatus", statuses[o->status]);
	json_put_string(b, "cancelType", o->cancel_type);
	json_put_string(b, "rejectReason", o->reject_reason);
	put_amounts(b, o);
	json_put_string(
	    b, "stopOrderType", origins[o->t.origin].stop_order_type);
	json_put_string(b, "createType", origins[o->t.origin].create_type);
	put_level(b, "triggerPrice", o->t.trigger);
	json_put_string(
	    b, "triggerBy", decimal_sign(o->t.trigger) > 0 ? "LastPrice" : "");
	json_put_int(b, "triggerDirection", o->t.direction);
	put_level(b, "takeProfit", o->t.take_profit);
	put_level(b, "stopLoss", o->t.stop_loss);
	json_put_string(b, "tpTriggerBy",
	    decimal_sign(o->t.take_profit) > 0 ? o->t.profit_by : "");
	json_put_string(b, "slTriggerBy",
	    decimal_sign(o->t.stop_loss) > 0 ? o->t.stop_by : "");
	json_put_string(b, "tpslMode", levels || is_level(o) ? "Full" : "");
	json_put_string(b, "tpLimitPrice", "0");
	json_put_string(b, "slLimitPrice", "0");
	json_put_bool(b, "reduceOnly", o->t.reduce_only);
	json_put_bool(b, "closeOnTrigger", o->t.close_on_trigger);
	json_put_decimal(b, "lastPriceOnCreated", o->price_then);
	json_put_string(b, "smpType", "None");
	json_put_int(b, "smpGroup", 0);
	json_put_string(b, "slippageToleranceType", "UNKNOWN");
	json_put_string(b, "slippageTolerance", "0");
	for (size_t k = 0; k < sizeof(blank) / sizeof(blank[0]); k++)
		json_put_string(b, blank[k], "");
	put_ms(b, "createdTime", o->created_ms);
	put_ms(b, "updatedTime", o->updated_ms);
	json_close_object(b);
}

static void
order_cursor(const void *row, char out[128])
{
	const struct order *o = row;

	(void)snprintf(out, 128, "%s:%" PRId64, o->id, o->created_ms);
}

/* What is asked for by id, if anything is. */
static int
has_id(const struct order *o, const char *id, const char *link)
{
	if (id != NULL)
		return strcmp(o->id, id) == 0;
	return link == NULL || strcmp(o->t.link, link) == 0;
}

enum which { OPEN, RECENT, PAST };

static int
belongs(const struct order *o, enum which which)
{
	switch (which) {
	case OPEN:
		return order_active(o);
	case RECENT:
		return 1;
	case PAST:
		return !order_active(o);
	}
	return 0;
}

/* What is known of an order: where its status lags, that it is there. */
static const struct order *
as_known(const struct account *a, const struct order *o, struct order *young)
{
	if (o->known_ms <= a->turn_ms)
		return o;
	*young = *o;
	young->status = ORDER_NEW;
	young->filled = young->value = young->fee = decimal_zero;
	young->cancel_type = "UNKNOWN";
	memcpy(young->reject_reason, "EC_NoError", sizeof("EC_NoError"));
	young->updated_ms = o->created_ms;
	return young;
}

static int
list_orders(
    struct exchange *x, struct request *r, enum which which, struct reply *rep)
{
	const struct account *a = &x->account;
	const char *id = request_text(r, "orderId");
	const char *link = request_text(r, "orderLinkId");
	int64_t from_ms = 0, to_ms = INT64_MAX;
	struct page p = { 0 };
	struct order young;
	struct scope s;
	size_t limit;
	int failed;

	if (query_scope(x, r, SCOPE_SPOT | SCOPE_OPTION, &s, rep) == -1 ||
	    query_limit(x, r, 20, 50, &limit, rep) == -1)
		return -1;
	if (which == PAST && query_times(x, r, &from_ms, &to_ms, rep) == -1)
		return -1;
	if (which != PAST && s.category == CATEGORY_LINEAR && !s.none &&
	    s.inst == NULL && s.settle == NULL && s.base == NULL &&
	    id == NULL && link == NULL)
		return reply_refuse(rep, a->now_ms, CODE_PARAMS,
		    "Missing some parameters that must be filled in, symbol "
		    "or settleCoin or baseCoin");
	if (which == OPEN && (id != NULL || link != NULL))
		which = RECENT;
	for (size_t k = a->norders; k > 0; k--) {
		const struct order *o = as_known(a, a->orders[k - 1], &young);

		/* No order of the user's. */
		if (o->t.origin == FROM_LIQUIDATION || o->t.origin == FROM_ADL)
			continue;
		if (which == RECENT && !order_active(o) &&
		    (a->norders - k >= RECENT_MAX || k <= a->restarted))
			continue;
		if (!r->empty_list && o->visible_ms <= a->turn_ms &&
		    o->created_ms >= from_ms && o->created_ms <= to_ms &&
		    belongs(o, which) && scope_has(&s, o->t.inst) &&
		    has_id(o, id, link))
			page_add(&p, a->orders[k - 1]);
	}
	failed = page_cut(x, &p, r, limit, order_cursor, rep);
	if (failed == 0) {
		json_put_string(&rep->body, "category", s.name);
		json_open_array(&rep->body, "list");
		for (size_t k = p.first; k < p.end; k++)
			put_order(&rep->body, as_known(a, p.rows[k], &young));
		json_close_array(&rep->body);
		page_put_cursor(&rep->body, &p, order_cursor);
	}
	page_release(&p);
	return failed;
}

int
view_orders_open(struct exchange *x, struct request *r, struct reply *rep)
{
	const char *which = request_text(r, "openOnly");

	return list_orders(x, r,
	    which != NULL && strcmp(which, "1") == 0 ? RECENT : OPEN, rep);
}

int
view_orders_past(struct exchange *x, struct request *r, struct reply *rep)
{
	return list_orders(x, r, PAST, rep);
}

static void
put_execution(struct buf *b, const struct execution *e)
{
	static const char *const blank[] = { "underlyingPrice", "indexPrice",
		"tradeIv", "markIv", "blockTradeId", "extraFees",
		"marketUnit" };
	const struct origin_words *w = &origins[e->origin];
	const struct order *o = e->order;

	json_open_object(b, NULL);
	json_put_string(b, "symbol", e->inst->symbol);
	json_put_string(b, "orderId", e->order_id);
	json_put_string(b, "orderLinkId", o != NULL ? o->t.link : "");
	json_put_string(b, "side", side_name(e->side));
	json_put_decimal(
	    b, "orderPrice", o != NULL ? order_price(o) : decimal_zero);
	json_put_decimal(b, "orderQty", o != NULL ? o->t.qty : decimal_zero);
	json_put_decimal(b, "leavesQty", e->left);
	json_put_string(b, "orderType",
	    o == NULL			  ? "UNKNOWN"
		: o->t.type == TYPE_LIMIT ? "Limit"
					  : "Market");
	json_put_string(b, "createType", w->create_type);
	json_put_string(b, "stopOrderType",
	    w->stop_order_type[0] != '\0' ? w->stop_order_type : "UNKNOWN");
	json_put_string(b, "execId", e->id);
	json_put_decimal(b, "execPrice", e->price);
	json_put_decimal(b, "execQty", e->qty);
	put_money(b, "execValue", e->value);
	put_ms(b, "execTime", e->time_ms);
	json_put_string(b, "execType", w->exec_type);
	put_money(b, "execFee", e->fee);
	json_put_string(b, "feeCurrency", e->inst->settle);
	json_put_decimal(b, "feeRate", e->rate);
	json_put_bool(b, "isMaker", e->maker);
	json_put_decimal(b, "closedSize", e->closed);
	json_put_decimal(b, "markPrice", e->mark);
	for (size_t k = 0; k < sizeof(blank) / sizeof(blank[0]); k++)
		json_put_string(b, blank[k], "");
	json_put_int(b, "seq", e->seq);
	json_close_object(b);
}

static void
execution_cursor(const void *row, char out[128])
{
	const struct execution *e = row;

	(void)snprintf(out, 128, "%s:%" PRId64, e->id, e->seq);
}

/* Whether an execution is asked for: by id alone, or by all the rest. */
static int
wanted(const struct request *r, const struct scope *s,
    const struct execution *e, int64_t from_ms, int64_t to_ms)
{
	const char *id = request_text(r, "orderId");
	const char *link = request_text(r, "orderLinkId");
	const char *type = request_text(r, "execType");

	if (id != NULL)
		return strcmp(e->order_id, id) == 0;
	if (link != NULL)
		return e->order != NULL && strcmp(e->order->t.link, link) == 0;
	return scope_has(s, e->inst) && e->time_ms >= from_ms &&
	    e->time_ms <= to_ms &&
	    (type == NULL || strcmp(origins[e->origin].exec_type, type) == 0);
}

int
view_executions(struct exchange *x, struct request *r, struct reply *rep)
{
	const struct account *a = &x->account;
	int64_t from_ms, to_ms;
	struct page p = { 0 };
	struct scope s;
	size_t limit;
	int failed;

	if (query_scope(x, r, SCOPE_SPOT | SCOPE_OPTION, &s, rep) == -1 ||
	    query_times(x, r, &from_ms, &to_ms, rep) == -1 ||
	    query_limit(x, r, 50, 100, &limit, rep) == -1)
		return -1;
	for (size_t k = a->nexecs; k > 0; k--) {
		const struct execution *e = &a->execs[k - 1];

		if (!r->empty_list && e->visible_ms <= a->turn_ms &&
		    e->inst->category == s.category && !s.none &&
		    wanted(r, &s, e, from_ms, to_ms))
			page_add(&p, e);
	}
	failed = page_cut(x, &p, r, limit, execution_cursor, rep);
	if (failed == 0) {
		json_put_string(&rep->body, "category", s.name);
		json_open_array(&rep->body, "list");
		for (size_t k = p.first; k < p.end; k++)
			put_execution(&rep->body, p.rows[k]);
		json_close_array(&rep->body);
		page_put_cursor(&rep->body, &p, execution_cursor);
	}
	page_release(&p);
	return failed;
}
