/*
 * What a market script and /control/ can ask for: one verb, what with.  See
 * README.md.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/exchange/calc.h"
#include "tests/exchange/exchange.h"
#include "tests/exchange/views.h"

/* What a verb gets. */
struct ask {
	struct exchange *x;
	const struct json *arg;	   /* what with */
	const struct json *around; /* the object that it stands in */
	int dry;		   /* look only */
	char *err;
	size_t size;
};

static int bad(const struct ask *k, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
bad(const struct ask *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(k->err, k->size, fmt, ap);
	va_end(ap);
	return -1;
}

static int
refused(const struct ask *k, const struct refusal *why)
{
	return bad(k, "refused with %d: %s", why->code, why->text);
}

static struct instrument *
take_symbol(const struct ask *k)
{
	const char *symbol = json_string(json_get(k->arg, "symbol"));
	struct instrument *i = market_find(&k->x->market, symbol);

	if (i == NULL)
		(void)bad(k, "symbol: an instrument is expected, not %s",
		    symbol != NULL ? symbol : "nothing");
	return i;
}

static int
take_idx(const struct ask *k, int *idx)
{
	const struct json *v = json_get(k->arg, "positionIdx");
	int64_t n = 0;

	if (v != NULL && json_int(v, 0, 2, &n) == -1)
		return bad(k, "positionIdx: 0, 1 or 2 is expected");
	*idx = (int)n;
	return 0;
}

/* A decimal member; absent is zero, and *there 0. */
static int
take_decimal(
    const struct ask *k, const char *name, struct decimal *out, int *there)
{
	const struct json *v = json_get(k->arg, name);

	*out = decimal_zero;
	*there = v != NULL;
	if (v != NULL && (calc_json(v, out) == -1 || decimal_sign(*out) < 0))
		return bad(
		    k, "%s: a decimal that is not negative is expected", name);
	return 0;
}

static int
take_int(const struct ask *k, const char *name, int64_t min, int64_t max,
    int64_t *out)
{
	const struct json *v = json_get(k->arg, name);

	if (v != NULL && json_int(v, min, max, out) == -1)
		return bad(k,
		    "%s: a whole number from %lld to %lld is "
		    "expected",
		    name, (long long)min, (long long)max);
	return 0;
}

static int
take_bool(const struct ask *k, const char *name, int *out)
{
	const struct json *v = json_get(k->arg, name);

	if (v != NULL && json_bool(v, out) == -1)
		return bad(k, "%s: true or false is expected", name);
	return 0;
}

/* One member of an object of prices. */
static int
take_price(const struct ask *k, const struct json *m, struct instrument **i,
    struct decimal *price)
{
	*i = market_find(&k->x->market, json_key(m));
	if (*i == NULL)
		return bad(k, "%s is no instrument", json_key(m));
	if (calc_json(m, price) == -1 ||
	    decimal_cmp(*price, (*i)->min_price) < 0 ||
	    decimal_cmp(*price, (*i)->max_price) > 0 ||
	    decimal_cmp(calc_floor(*price, (*i)->tick), *price) != 0)
		return bad(k,
		    "%s: a price that is a multiple of its tick is expected",
		    json_key(m));
	return 0;
}

static int
do_price(const struct ask *k)
{
	const struct json *m;
	struct instrument *i;
	struct decimal price;

	for (m = json_first(k->arg); m != NULL; m = json_next(m)) {
		if (take_price(k, m, &i, &price) == -1)
			return -1;
		if (k->dry)
			continue;
		i->glide.on = 0;
		price_move(&k->x->account, i, price, 1);
	}
	return 0;
}

static int
do_glide(const struct ask *k)
{
	const struct json *m, *f = json_get(k->around, "for");
	struct decimal seconds, price;
	struct instrument *i;
	int64_t ms;

	if (calc_json(f, &seconds) == -1 || decimal_sign(seconds) <= 0 ||
	    decimal_cmp(seconds, decimal_from_int(1000000)) > 0)
		return bad(k, "for: seconds are expected");
	seconds = calc_mul(seconds, decimal_from_int(1000));
	ms = (int64_t)(seconds.e18 / decimal_from_int(1).e18);
	for (m = json_first(k->arg); m != NULL; m = json_next(m)) {
		if (strcmp(json_key(m), "for") == 0)
			continue;
		if (take_price(k, m, &i, &price) == -1)
			return -1;
		if (k->dry)
			continue;
		i->glide = (struct glide){
			.on = 1,
			.from = i->price,
			.to = price,
			.start_ms = k->x->account.turn_ms,
			.end_ms = k->x->account.turn_ms + ms,
		};
	}
	return 0;
}

/* A market order by hand, in the app. */
static int
do_trade(const struct ask *k)
{
	struct ticket t = {
		.type = TYPE_MARKET,
		.tif = TIF_IOC,
		.inst = take_symbol(k),
		.side = side_parse(json_string(json_get(k->arg, "side"))),
		.stop_by = "LastPrice",
		.profit_by = "LastPrice",
	};
	struct refusal why;
	struct order *o;
	int there;

	if (t.inst == NULL)
		return -1;
	if (t.side == SIDE_NONE)
		return bad(k, "side: Buy or Sell is expected");
	if (take_idx(k, &t.idx) == -1 ||
	    take_bool(k, "reduceOnly", &t.reduce_only) == -1 ||
	    take_decimal(k, "stopLoss", &t.stop_loss, &there) == -1 ||
	    take_decimal(k, "takeProfit", &t.take_profit, &there) == -1 ||
	    take_decimal(k, "qty", &t.qty, &there) == -1)
		return -1;
	if (!there)
		return bad(k, "qty: a decimal is expected");
	t.origin = t.reduce_only ? FROM_APP_CLOSING : FROM_APP;
	if (k->dry)
		return 0;
	if (order_place(&k->x->account, &t, &o, &why) == -1)
		return refused(k, &why);
	return 0;
}

static int
do_liquidate(const struct ask *k)
{
	struct instrument *i = take_symbol(k);
	struct refusal why;
	int idx;

	if (i == NULL || take_idx(k, &idx) == -1)
		return -1;
	if (k->dry)
		return 0;
	if (position_liquidate(&k->x->account, i, idx, &why) == -1)
		return refused(k, &why);
	return 0;
}

static int
do_adl(const struct ask *k)
{
	struct instrument *i = take_symbol(k);
	struct decimal qty;
	struct refusal why;
	int idx, there;

	if (i == NULL || take_idx(k, &idx) == -1 ||
	    take_decimal(k, "qty", &qty, &there) == -1)
		return -1;
	if (k->dry)
		return 0;
	if (position_deleverage(&k->x->account, i, idx, qty, &why) == -1)
		return refused(k, &why);
	return 0;
}

static int
do_funding(const struct ask *k)
{
	const struct instrument *i = NULL;
	struct decimal rate;

	if (json_get(k->arg, "symbol") != NULL) {
		i = take_symbol(k);
		if (i == NULL)
			return -1;
	}
	if (calc_json(json_get(k->arg, "rate"), &rate) == -1 ||
	    decimal_cmp(decimal_abs(rate), decimal_from_int(1)) > 0)
		return bad(k, "rate: a decimal from -1 to 1 is expected");
	if (!k->dry)
		funding_tick(&k->x->account, i, rate);
	return 0;
}

static int
do_leverage(const struct ask *k)
{
	struct instrument *i = take_symbol(k);
	struct decimal leverage;
	struct refusal why;
	int there;

	if (i == NULL || take_decimal(k, "leverage", &leverage, &there) == -1)
		return -1;
	if (!there)
		return bad(k, "leverage: a decimal is expected");
	if (!k->dry && leverage_set(i, leverage, leverage, &why) == -1)
		return refused(k, &why);
	return 0;
}

static int
do_mode(const struct ask *k)
{
	struct instrument *i = take_symbol(k);
	struct refusal why;
	int64_t mode = -1;

	if (i == NULL || take_int(k, "mode", 0, 3, &mode) == -1)
		return -1;
	if (mode != 0 && mode != 3)
		return bad(k, "mode: 0 (one-way) or 3 (hedge) is expected");
	if (!k->dry && mode_set(&k->x->account, i, mode == 3, &why) == -1)
		return refused(k, &why);
	return 0;
}

static int
do_stop(const struct ask *k)
{
	struct instrument *i = take_symbol(k);
	struct decimal stop, profit;
	int idx, has_stop, has_profit;
	struct refusal why;

	if (i == NULL || take_idx(k, &idx) == -1 ||
	    take_decimal(k, "stopLoss", &stop, &has_stop) == -1 ||
	    take_decimal(k, "takeProfit", &profit, &has_profit) == -1)
		return -1;
	if (k->dry)
		return 0;
	if (trading_stop(&k->x->account, i, idx, has_stop ? &stop : NULL,
		has_profit ? &profit : NULL, "LastPrice", "LastPrice",
		&why) == -1)
		return refused(k, &why);
	return 0;
}

/* Liquidation or ADL under way: the word that the row has. */
static int
do_status(const struct ask *k)
{
	struct instrument *i = take_symbol(k);
	const char *status = json_string(json_get(k->arg, "status"));
	struct position *p;
	int idx;

	if (i == NULL || take_idx(k, &idx) == -1)
		return -1;
	if (status == NULL || strlen(status) >= sizeof(p->now.status))
		return bad(k, "status: Normal, Liq or Adl is expected");
	if (k->dry)
		return 0;
	p = &i->positions[idx];
	memcpy(p->now.status, status, strlen(status) + 1);
	p->now.updated_ms = k->x->account.now_ms;
	account_keep(&k->x->account, p);
	return 0;
}

static int
do_balance(const struct ask *k)
{
	const struct json *m;
	struct decimal amount;
	struct coin *c;

	for (m = json_first(k->arg); m != NULL; m = json_next(m)) {
		if (calc_json(m, &amount) == -1)
			return bad(k, "%s: a decimal is expected", json_key(m));
		if (k->dry)
			continue;
		c = account_add_coin(&k->x->account, json_key(m));
		if (c == NULL)
			return bad(k, "%s is no coin", json_key(m));
		c->balance = amount;
	}
	return 0;
}

/* What a fault makes happen beside it: verbs, as in a line of a script. */
static int
check_verbs(const struct ask *k, const char *when)
{
	const struct json *verbs = json_get(k->arg, when), *m;

	if (verbs == NULL)
		return 0;
	if (json_type(verbs) != JSON_OBJECT)
		return bad(k, "%s: an object of verbs is expected", when);
	for (m = json_first(verbs); m != NULL; m = json_next(m)) {
		if (strcmp(json_key(m), "fault") == 0 ||
		    strcmp(json_key(m), "clear") == 0)
			return bad(k, "%s: no %s in here", when, json_key(m));
		if (control_do(
			k->x, json_key(m), m, verbs, 1, k->err, k->size) == -1)
			return -1;
	}
	return 0;
}

static int
do_fault(const struct ask *k)
{
	if (check_verbs(k, "first") == -1 || check_verbs(k, "then") == -1)
		return -1;
	return faults_add(&k->x->faults, k->arg, k->dry, k->err, k->size);
}

/* Everything that is wrong by request is right again. */
static int
do_clear(const struct ask *k)
{
	struct exchange *x = k->x;

	if (k->dry)
		return 0;
	faults_clear(&x->faults);
	x->telegram.n = 0;
	x->account.plan = (struct fill_plan){ 0 };
	x->account.lag = (struct lag){ 0 };
	x->account.hide_closed = 0;
	limits_init(&x->limits);
	return 0;
}

static int
do_delay(const struct ask *k)
{
	struct lag lag = k->x->account.lag;

	if (take_int(k, "closed_pnl_ms", 0, 86400000, &lag.closed_pnl_ms) ==
		-1 ||
	    take_int(k, "position_ms", 0, 86400000, &lag.position_ms) == -1 ||
	    take_int(k, "order_ms", 0, 86400000, &lag.order_ms) == -1)
		return -1;
	if (!k->dry)
		k->x->account.lag = lag;
	return 0;
}

static int
do_hide(const struct ask *k)
{
	int hide = k->x->account.hide_closed;

	if (take_bool(k, "closed_pnl", &hide) == -1)
		return -1;
	if (!k->dry)
		k->x->account.hide_closed = hide;
	return 0;
}

/* The service restarts: what is closed is in the history alone (5.3). */
static int
do_restart(const struct ask *k)
{
	if (!k->dry)
		k->x->account.restarted = k->x->account.norders;
	return 0;
}

static int
do_limits(const struct ask *k)
{
	struct limits *l = &k->x->limits;
	int64_t per_second = l->per_second, per_ip = l->per_ip;
	int headers = !l->hide_headers;

	if (take_bool(k, "headers", &headers) == -1 ||
	    take_int(k, "per_second", 0, WINDOW_MAX, &per_second) == -1 ||
	    take_int(k, "per_ip", 0, WINDOW_MAX - 1, &per_ip) == -1)
		return -1;
	if (k->dry)
		return 0;
	l->hide_headers = !headers;
	l->per_second = per_second;
	l->per_ip = per_ip;
	l->banned_until_ms = 0;
	return 0;
}

static int
do_clock(const struct ask *k)
{
	struct exchange *x = k->x;
	int64_t offset_ms = x->offset_ms, now_ms = -1;

	if (take_int(k, "offset_ms", -INT64_C(4000000000000),
		INT64_C(4000000000000), &offset_ms) == -1 ||
	    take_int(k, "now_ms", 0, INT64_C(4000000000000), &now_ms) == -1)
		return -1;
	if (k->dry)
		return 0;
	x->offset_ms = offset_ms;
	if (now_ms != -1)
		x->offset_ms += now_ms - exchange_now_ms(x);
	x->account.now_ms = exchange_now_ms(x);
	return 0;
}

static int
do_key(const struct ask *k)
{
	return key_change(&k->x->key, k->arg, k->dry, k->err, k->size);
}

static int
do_fill(const struct ask *k)
{
	const char *reject = json_string(json_get(k->arg, "reject"));
	struct fill_plan plan = { .count = 1, .parts = 1 };
	int64_t parts = 1;
	int there;

	if (take_decimal(k, "percent", &plan.percent, &there) == -1 ||
	    take_int(k, "count", 0, 1000000, &plan.count) == -1 ||
	    take_int(k, "parts", 1, 100, &parts) == -1 ||
	    take_int(k, "delay_ms", 0, 86400000, &plan.delay_ms) == -1 ||
	    take_int(k, "status_ms", 0, 86400000, &plan.status_ms) == -1 ||
	    take_bool(k, "drop_stop", &plan.drop_stop) == -1)
		return -1;
	if (!there && reject == NULL)
		plan.percent = decimal_from_int(100);
	if (decimal_cmp(plan.percent, decimal_from_int(100)) > 0)
		return bad(k, "percent: at most 100 is expected");
	if (reject != NULL && strlen(reject) >= sizeof(plan.reject))
		return bad(k, "reject: a short word is expected");
	if (reject != NULL)
		memcpy(plan.reject, reject, strlen(reject) + 1);
	plan.parts = (int)parts;
	if (!k->dry)
		k->x->account.plan = plan;
	return 0;
}

static int
do_telegram(const struct ask *k)
{
	return telegram_rule_add(
	    &k->x->telegram, k->arg, k->dry, k->err, k->size);
}

static int
do_update(const struct ask *k)
{
	return updates_add(&k->x->telegram.updates, k->arg,
	    exchange_now_ms(k->x), k->dry, k->err, k->size);
}

static const struct {
	const char *name;
	int (*run)(const struct ask *k);
} verbs[] = {
	{ "adl", do_adl },
	{ "balance", do_balance },
	{ "clear", do_clear },
	{ "clock", do_clock },
	{ "delay", do_delay },
	{ "fault", do_fault },
	{ "fill", do_fill },
	{ "funding", do_funding },
	{ "glide", do_glide },
	{ "hide", do_hide },
	{ "key", do_key },
	{ "leverage", do_leverage },
	{ "limits", do_limits },
	{ "liquidate", do_liquidate },
	{ "mode", do_mode },
	{ "price", do_price },
	{ "restart", do_restart },
	{ "status", do_status },
	{ "stop", do_stop },
	{ "telegram", do_telegram },
	{ "trade", do_trade },
	{ "update", do_update },
};

int
control_do(struct exchange *x, const char *verb, const struct json *arg,
    const struct json *around, int dry, char *err, size_t size)
{
	const struct ask k = { x, arg, around, dry, err, size };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, verb) != 0)
			continue;
		if (json_type(arg) != JSON_OBJECT)
			return bad(&k, "%s: an object is expected", verb);
		return verbs[i].run(&k);
	}
	return bad(&k, "%s is nothing that can be asked for", verb);
}

void
control_answer(struct exchange *x, struct request *r, struct reply *rep)
{
	const char *verb = r->path + strlen("/control/");
	char err[256] = "";
	int status;

	rep->journaled = 0;
	if (strcmp(verb, "state") == 0) {
		view_state(x, rep);
		return;
	}
	if (strcmp(r->method, "POST") != 0 || r->json == NULL) {
		(void)snprintf(
		    err, sizeof(err), "a POST with a JSON object is expected");
		status = -1;
	} else {
		status =
		    control_do(x, verb, r->json, r->json, 0, err, sizeof(err));
	}
	if (status == -1)
		rep->status = 400;
	json_open_object(&rep->body, NULL);
	json_put_bool(&rep->body, "ok", status == 0);
	if (status == -1)
		json_put_string(&rep->body, "error", err);
	json_close_object(&rep->body);
}
