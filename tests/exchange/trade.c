/*
 * The endpoints that change something: parameters in, refusal or result out.
 */
#include <stdio.h>
#include <string.h>

#include "tests/exchange/calc.h"
#include "tests/exchange/views.h"

static int
params(const struct exchange *x, struct reply *rep, const char *text)
{
	return reply_refuse(rep, x->account.now_ms, CODE_PARAMS,
	    "params error: %s invalid", text);
}

static int
refused(const struct exchange *x, struct reply *rep, const struct refusal *why)
{
	return reply_refuse(rep, x->account.now_ms, why->code, "%s", why->text);
}

/* The instrument that category and symbol name; NULL: refused. */
static struct instrument *
take_instrument(struct exchange *x, const struct request *r, struct reply *rep)
{
	struct scope s;

	if (query_scope(x, r, 0, &s, rep) == -1)
		return NULL;
	if (s.inst == NULL) {
		(void)params(x, rep, "symbol");
		return NULL;
	}
	return market_find(&x->market, s.inst->symbol);
}

/*
 * A decimal that must be written as a string; absent or "" is zero, and
 * *there 0.
 */
static int
take_decimal(
    const struct request *r, const char *name, struct decimal *out, int *there)
{
	const struct json *v = json_get(r->json, name);
	const char *s = json_string(v);

	*out = decimal_zero;
	*there = 0;
	if (v == NULL || (s != NULL && *s == '\0'))
		return 0;
	*there = 1;
	if (s == NULL || calc_parse(out, s, strlen(s)) == -1 ||
	    decimal_sign(*out) < 0)
		return -1;
	return 0;
}

/* A small number, which clients write as a number or as a string. */
static int
take_int(const struct request *r, const char *name, int64_t max, int *out)
{
	const struct json *v = json_get(r->json, name);
	int64_t n;

	if (v == NULL)
		return 0;
	if (json_ms(v, &n) == -1 || n < 0 || n > max)
		return -1;
	*out = (int)n;
	return 0;
}

static int
take_flag(const struct request *r, const char *name, int *out)
{
	const struct json *v = json_get(r->json, name);

	return v == NULL ? 0 : json_bool(v, out);
}

/* What triggers a level: 0, or -1 where it is no such word. */
static int
take_trigger_by(const struct request *r, const char *name, char out[12])
{
	static const char *const words[] = { "LastPrice", "MarkPrice",
		"IndexPrice" };
	const char *s = request_text(r, name);

	if (s == NULL)
		s = words[0];
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(s, words[i]) == 0) {
			memcpy(out, s, strlen(s) + 1);
			return 0;
		}
	return -1;
}

static int
take_link(const struct request *r, char out[ID_SIZE])
{
	const char *s = request_text(r, "orderLinkId");

	if (s == NULL)
		return 0;
	if (strlen(s) >= ID_SIZE)
		return -1;
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

/* Type and time in force; a market order is always IOC. */
static int
take_type(const struct request *r, struct ticket *t)
{
	static const struct {
		const char *name;
		enum order_tif tif;
	} tifs[] = { { "GTC", TIF_GTC }, { "IOC", TIF_IOC }, { "FOK", TIF_FOK },
		{ "PostOnly", TIF_POST_ONLY } };
	const char *type = request_text(r, "orderType");
	const char *tif = request_text(r, "timeInForce");

	if (type == NULL)
		return -1;
	if (strcmp(type, "Market") == 0) {
		t->type = TYPE_MARKET;
		t->tif = TIF_IOC;
		return 0;
	}
	if (strcmp(type, "Limit") != 0)
		return -1;
	t->type = TYPE_LIMIT;
	t->tif = TIF_GTC;
	if (tif == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(tifs) / sizeof(tifs[0]); i++)
		if (strcmp(tif, tifs[i].name) == 0) {
			t->tif = tifs[i].tif;
			return 0;
		}
	return -1;
}

/* What there is of Bybit's that this exchange has not: refused, by name. */
static int
check_known(
    const struct exchange *x, const struct request *r, struct reply *rep)
{
	static const char *const levels[] = { "slLimitPrice", "tpLimitPrice",
		"tpSize", "slSize", "trailingStop", "activePrice" };
	const char *mode = request_text(r, "tpslMode");

	if (mode != NULL && strcmp(mode, "Full") != 0)
		return reply_refuse(rep, x->account.now_ms, CODE_PARAMS,
		    "the stand-in has tpslMode Full only");
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		const char *s = request_text(r, levels[i]);

		if (s != NULL && strcmp(s, "0") != 0)
			return reply_refuse(rep, x->account.now_ms, CODE_PARAMS,
			    "the stand-in has no %s", levels[i]);
	}
	return 0;
}

/* The ticket that a body asks for. */
static int
take_ticket(struct exchange *x, const struct request *r, struct ticket *t,
    struct reply *rep)
{
	int has_qty, has_price, there;

	t->side = side_parse(request_text(r, "side"));
	if (t->side == SIDE_NONE)
		return params(x, rep, "side");
	if (take_type(r, t) == -1)
		return params(x, rep, "orderType");
	if (take_decimal(r, "qty", &t->qty, &has_qty) == -1 || !has_qty)
		return reply_refuse(
		    rep, x->account.now_ms, CODE_PARAMS, "Qty invalid");
	if (take_decimal(r, "price", &t->price, &has_price) == -1 ||
	    (t->type == TYPE_LIMIT && !has_price))
		return params(x, rep, "price");
	if (take_int(r, "positionIdx", 2, &t->idx) == -1)
		return params(x, rep, "positionIdx");
	if (take_flag(r, "reduceOnly", &t->reduce_only) == -1 ||
	    take_flag(r, "closeOnTrigger", &t->close_on_trigger) == -1)
		return params(x, rep, "reduceOnly");
	if (take_link(r, t->link) == -1)
		return params(x, rep, "orderLinkId");
	if (take_decimal(r, "stopLoss", &t->stop_loss, &there) == -1 ||
	    take_trigger_by(r, "slTriggerBy", t->stop_by) == -1)
		return params(x, rep, "stopLoss");
	if (take_decimal(r, "takeProfit", &t->take_profit, &there) == -1 ||
	    take_trigger_by(r, "tpTriggerBy", t->profit_by) == -1)
		return params(x, rep, "takeProfit");
	if (take_decimal(r, "triggerPrice", &t->trigger, &there) == -1 ||
	    take_int(r, "triggerDirection", 2, &t->direction) == -1 ||
	    (decimal_sign(t->trigger) > 0 && t->direction == 0))
		return params(x, rep, "triggerPrice");
	if (decimal_sign(t->trigger) > 0)
		t->origin = FROM_CONDITION;
	return check_known(x, r, rep);
}

static void
put_ids(struct buf *b, const struct order *o)
{
	json_put_string(b, "orderId", o->id);
	json_put_string(b, "orderLinkId", o->t.link);
}

int
do_order_create(struct exchange *x, struct request *r, struct reply *rep)
{
	struct ticket t = { .origin = FROM_USER };
	struct refusal why;
	struct order *o;

	t.inst = take_instrument(x, r, rep);
	if (t.inst == NULL || take_ticket(x, r, &t, rep) == -1)
		return -1;
	if (order_place(&x->account, &t, &o, &why) == -1)
		return refused(x, rep, &why);
	rep->order_id = o->id;
	put_ids(&rep->body, o);
	return 0;
}

/* The level that an order stands for goes with it. */
static void
cancel(struct account *a, struct order *o)
{
	const struct holding *h = &order_position(o)->now;
	const int stop = o->t.origin == FROM_STOP_LOSS;

	if (!stop && o->t.origin != FROM_TAKE_PROFIT) {
		order_cancel(a, o, "CancelByUser");
		return;
	}
	stops_set(a, o->t.inst, o->t.idx, stop ? decimal_zero : h->stop_loss,
	    stop ? h->take_profit : decimal_zero, h->stop_by, h->profit_by, "");
}

int
do_order_cancel(struct exchange *x, struct request *r, struct reply *rep)
{
	const char *id = request_text(r, "orderId");
	const char *link = request_text(r, "orderLinkId");
	const struct instrument *i = take_instrument(x, r, rep);
	struct order *o;

	if (i == NULL)
		return -1;
	if (id == NULL && link == NULL)
		return reply_refuse(rep, x->account.now_ms, CODE_PARAMS,
		    "params error: OrderId or orderLinkId is required");
	o = order_find(&x->account, id, link);
	if (o == NULL || o->t.inst != i || !order_active(o))
		return reply_refuse(rep, x->account.now_ms, CODE_ORDER_GONE,
		    "order not exists or too late to cancel");
	cancel(&x->account, o);
	put_ids(&rep->body, o);
	return 0;
}

int
do_cancel_all(struct exchange *x, struct request *r, struct reply *rep)
{
	struct account *a = &x->account;
	struct buf *b = &rep->body;
	struct scope s;

	if (query_scope(x, r, 0, &s, rep) == -1)
		return -1;
	if (s.inst == NULL && s.settle == NULL && s.base == NULL)
		return reply_refuse(rep, a->now_ms, CODE_PARAMS,
		    "Missing some parameters that must be filled in, symbol "
		    "or settleCoin or baseCoin");
	json_open_array(b, "list");
	for (size_t k = 0; k < a->norders; k++) {
		struct order *o = a->orders[k];

		if (!order_active(o) || !scope_has(&s, o->t.inst))
			continue;
		cancel(a, o);
		json_open_object(b, NULL);
		put_ids(b, o);
		json_close_object(b);
	}
	json_close_array(b);
	json_put_string(b, "success", "1");
	return 0;
}

int
do_trading_stop(struct exchange *x, struct request *r, struct reply *rep)
{
	struct instrument *i = take_instrument(x, r, rep);
	struct decimal stop, profit;
	char stop_by[12] = "", profit_by[12] = "";
	int idx = -1, has_stop, has_profit;
	struct refusal why;

	if (i == NULL)
		return -1;
	if (take_int(r, "positionIdx", 2, &idx) == -1 || idx == -1)
		return params(x, rep, "positionIdx");
	if (request_text(r, "tpslMode") == NULL)
		return params(x, rep, "tpslMode");
	if (take_decimal(r, "stopLoss", &stop, &has_stop) == -1 ||
	    (has_stop && take_trigger_by(r, "slTriggerBy", stop_by) == -1))
		return params(x, rep, "stopLoss");
	if (take_decimal(r, "takeProfit", &profit, &has_profit) == -1 ||
	    (has_profit && take_trigger_by(r, "tpTriggerBy", profit_by) == -1))
		return params(x, rep, "takeProfit");
	if (check_known(x, r, rep) == -1)
		return -1;
	if (trading_stop(&x->account, i, idx, has_stop ? &stop : NULL,
		has_profit ? &profit : NULL, stop_by, profit_by, &why) == -1)
		return refused(x, rep, &why);
	return 0;
}

int
do_set_leverage(struct exchange *x, struct request *r, struct reply *rep)
{
	struct instrument *i = take_instrument(x, r, rep);
	struct decimal buy, sell;
	struct refusal why;
	int there;

	if (i == NULL)
		return -1;
	if (take_decimal(r, "buyLeverage", &buy, &there) == -1 || !there)
		return params(x, rep, "buyLeverage");
	if (take_decimal(r, "sellLeverage", &sell, &there) == -1 || !there)
		return params(x, rep, "sellLeverage");
	if (leverage_set(i, buy, sell, &why) == -1)
		return refused(x, rep, &why);
	return 0;
}

/* Every instrument of a coin that has neither position nor order. */
static int
switch_coin(struct exchange *x, const char *coin, int hedge)
{
	struct refusal why;
	int any = 0;

	for (size_t k = 0; k < x->market.n; k++) {
		struct instrument *i = &x->market.list[k];

		if (i->category != CATEGORY_LINEAR ||
		    strcmp(i->settle, coin) != 0)
			continue;
		any = 1;
		(void)mode_set(&x->account, i, hedge, &why);
	}
	return any ? 0 : -1;
}

int
do_switch_mode(struct exchange *x, struct request *r, struct reply *rep)
{
	const char *coin = request_text(r, "coin");
	struct instrument *i;
	struct refusal why;
	int mode = -1;

	if (take_int(r, "mode", 3, &mode) == -1 || (mode != 0 && mode != 3))
		return params(x, rep, "mode");
	if (request_text(r, "symbol") == NULL && coin != NULL) {
		if (switch_coin(x, coin, mode == 3) == -1)
			return params(x, rep, "coin");
		return 0;
	}
	i = take_instrument(x, r, rep);
	if (i == NULL)
		return -1;
	if (mode_set(&x->account, i, mode == 3, &why) == -1)
		return refused(x, rep, &why);
	return 0;
}
