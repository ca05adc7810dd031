#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/json.h"
#include "tests/unit/trader-fake.h"

#define MEMBER_MAX 64

/* A member's text out of the JSON that trader sent. */
static void
member(char out[MEMBER_MAX], const char *body, const char *key)
{
	struct json_doc *doc = json_new();
	char *text = strdup(body);
	const char *s;

	assert_non_null(doc);
	assert_non_null(text);
	s = json_string(json_get(json_parse(doc, text, strlen(text)), key));
	(void)snprintf(out, MEMBER_MAX, "%s", s != NULL ? s : "");
	free(text);
	json_free(doc);
}

/* A stop as Bybit takes it. */
static int
on_tick(const struct fake *f, int stop)
{
	return f->tick > 0 ? stop - stop % f->tick : stop;
}

/* "0.020" as thousandths. */
static int
thousandths(const char *s)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, s, strlen(s)), 0);
	return (int)(d.e18 / 1000000000000000);
}

static void
reply(const struct fake_call *c, enum bybit_class class, int64_t code,
    int ambiguous, const char *error, const char *result)
{
	struct json_doc *doc = json_new();
	char *text = strdup(result);
	struct bybit_reply r = { .class = class,
		.code = code,
		.ambiguous = ambiguous,
		.status = code == 0 && class != BYBIT_OK ? 0 : 200,
		.advice = "" };

	assert_non_null(doc);
	assert_non_null(text);
	(void)snprintf(r.error, sizeof(r.error), "%s", error);
	if (class == BYBIT_OK) {
		r.result = json_parse(doc, text, strlen(text));
		assert_non_null(r.result);
	}
	c->done(c->arg, &r);
	free(text);
	json_free(doc);
}

static void
moved(struct fake *f)
{
	if (f->mono >= f->show_mono) {
		f->was_side = f->side;
		f->was_size = f->size;
		f->was_seq = f->seq;
		f->was_stop = f->stop;
	}
}

static void
fill(struct fake *f, struct fake_order *o, int reduce, int stop)
{
	int percent = f->atp < f->npercent ? f->percent[f->atp++] : 100;

	o->filled = o->qty * percent / 100;
	if (o->filled == 0)
		return;
	moved(f);
	f->seq++;
	f->show_mono = f->mono + f->position_lag;
	if (!reduce) {
		assert_true(f->side == 0 || f->side == o->side);
		f->side = o->side;
		f->size += o->filled;
		f->stop = on_tick(f, stop);
		return;
	}
	/* Bybit refuses what would open the other side (F64). */
	assert_true(f->side != 0 && f->side != o->side);
	if (o->filled > f->size)
		o->filled = f->size;
	f->size -= o->filled;
	if (f->size == 0)
		f->side = (char)(f->stop = 0);
}

static int
is_short_leg(const struct fake_call *c)
{
	return strstr(c->payload, "\"positionIdx\":2") != NULL;
}

static void
book(struct fake *f, const struct fake_call *c)
{
	char link[MEMBER_MAX], side[MEMBER_MAX], qty[MEMBER_MAX],
	    stop[MEMBER_MAX];
	int reduce = strstr(c->payload, "\"reduceOnly\":true") != NULL;
	struct fake_order *o;

	member(link, c->payload, "orderLinkId");
	member(side, c->payload, "side");
	member(qty, c->payload, "qty");
	member(stop, c->payload, "stopLoss");
	assert_true(f->norders < FAKE_ORDERS_MAX);
	o = &f->orders[f->norders++];
	memset(o, 0, sizeof(*o));
	assert_true(strlen(link) < sizeof(o->link));
	memcpy(o->link, link, strlen(link) + 1);
	o->side = side[0];
	o->qty = thousandths(qty);
	if (reduce && f->most > 0 && o->qty > f->most)
		o->qty = f->most;
	o->seen_mono = f->mono + f->order_lag;
	if (is_short_leg(c)) {
		o->filled = f->hedged;
		f->hedged = 0;
	} else {
		fill(f, o, reduce, stop[0] != '\0' ? thousandths(stop) : 0);
	}
}

static int
known(const struct fake *f, const char *link)
{
	for (size_t i = 0; i < f->norders; i++)
		if (strcmp(f->orders[i].link, link) == 0)
			return 1;
	return 0;
}

static void
create(struct fake *f, const struct fake_call *c)
{
	enum fake_create how =
	    f->at < f->nscript ? f->script[f->at++] : FAKE_BOOK;
	int reduce = strstr(c->payload, "\"reduceOnly\":true") != NULL;
	int size = is_short_leg(c) ? f->hedged : f->size;
	char link[MEMBER_MAX];

	f->creates++;
	member(link, c->payload, "orderLinkId");
	if (how == FAKE_SWALLOW)
		reply(c, BYBIT_RETRY, 0, 1, "connection reset", "{}");
	else if (how == FAKE_LIMIT)
		reply(c, BYBIT_RETRY, 10006, 0, "too many", "{}");
	else if (how == FAKE_REFUSE)
		reply(c, BYBIT_REJECT, 110007, 0, "no margin", "{}");
	else if (how == FAKE_VAIN || (reduce && size == 0))
		reply(c, BYBIT_REJECT, 110017, 0, "zero position", "{}");
	else if (known(f, link))
		reply(c, BYBIT_DONE, 110072, 0, "duplicate", "{}");
	else {
		book(f, c);
		if (how == FAKE_LOSE)
			reply(c, BYBIT_RETRY, 0, 1, "time-out", "{}");
		else if (how == FAKE_TWICE)
			reply(c, BYBIT_REJECT, 10014, 0, "duplicate", "{}");
		else
			reply(c, BYBIT_OK, 0, 0, "",
			    "{\"orderId\":\"11111111-2222\"}");
	}
}

static void
positions(struct fake *f, const struct fake_call *c)
{
	int late = f->mono < f->show_mono;
	int ours = strstr(c->payload, "symbol=BTCUSDT") != NULL;
	char side = !ours ? 0 : late ? f->was_side : f->side, text[1024];
	int size = late ? f->was_size : f->size;
	int stop = late ? f->was_stop : f->stop;
	size_t n;

	n = (size_t)snprintf(text, sizeof(text),
	    "{\"list\":[{\"symbol\":\"%s\",\"positionIdx\":%d,\"side\":"
	    "\"%s\",\"size\":\"0.%03d\",\"stopLoss\":\"%d\",\"markPrice\":"
	    "\"%d\",\"leverage\":\"10\",\"seq\":%d,\"openTime\":%d}",
	    ours ? "BTCUSDT" : "ETHUSDT", f->hedge ? 1 : 0,
	    side == 'B'	      ? "Buy"
		: side == 'S' ? "Sell"
			      : "",
	    ours ? size : 0, stop / 1000, f->mark != 0 ? f->mark : 47500,
	    late ? f->was_seq : f->seq, side != 0 ? f->opened : 0);
	if (f->hedge)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    ",{\"symbol\":\"%s\",\"positionIdx\":2,\"side\":\"%s\","
		    "\"size\":\"0.%03d\",\"stopLoss\":\"48450\","
		    "\"markPrice\":\"47500\",\"leverage\":\"10\"}",
		    ours ? "BTCUSDT" : "ETHUSDT",
		    ours && f->hedged > 0 ? "Sell" : "", ours ? f->hedged : 0);
	(void)snprintf(text + n, sizeof(text) - n, "]}");
	reply(c, BYBIT_OK, 0, 0, "", text);
}

static void
execution(const struct fake_call *c, const struct fake_order *o)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "{\"list\":[{\"orderLinkId\":\"%s\",\"symbol\":\"BTCUSDT\","
	    "\"execType\":\"Trade\",\"execQty\":\"0.%03d\",\"execPrice\":"
	    "\"47500\"}]}",
	    o->link, o->filled);
	reply(c, BYBIT_OK, 0, 0, "", text);
}

static void
order(const struct fake *f, const struct fake_call *c,
    const struct fake_order *o, int denied)
{
	int filled = denied ? 0 : o->filled;
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "{\"list\":[{\"orderLinkId\":\"%s\",\"symbol\":\"BTCUSDT\","
	    "\"side\":\"%s\",\"orderStatus\":\"%s\",\"orderId\":"
	    "\"11111111-2222\",\"avgPrice\":\"47500\",\"cumExecQty\":"
	    "\"0.%03d\",\"rejectReason\":\"EC_NoError\",\"updatedTime\":"
	    "\"%d\"}]}",
	    o->link, o->side == 'B' ? "Buy" : "Sell",
	    filled == o->qty ? "Filled" : "Cancelled", filled, f->done);
	reply(c, BYBIT_OK, 0, 0, "", text);
}

/* The orders that were made last, all of them a moment ago. */
static void
latest(struct fake *f, const struct fake_call *c)
{
	char text[16384] = "{\"list\":[";
	size_t n = strlen(text);

	for (size_t i = 0; i < f->norders; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "{\"orderLinkId\":\"%s\",\"createdTime\":\"%lld\"},",
		    f->orders[i].link, (long long)f->wall);
	(void)snprintf(text + n, sizeof(text) - n,
	    "{\"orderLinkId\":\"%s\",\"createdTime\":\"%lld\"}]}",
	    f->alien != NULL ? f->alien : "", (long long)f->alien_ms);
	reply(c, BYBIT_OK, 0, 0, "", text);
}

/* Where an order is looked for: in both lists, or where a test says. */
static void
lists(struct fake *f, const struct fake_call *c)
{
	static const char executions[] = "/v5/execution/list";
	static const struct fake_order other = {
		"ffffffffffffffffffffffffffffffff-0", 'B', 20, 20, 0
	};
	const char *p = strstr(c->payload, "orderLinkId=");
	int shown = f->shown_in != NULL ? strcmp(c->path, f->shown_in) == 0
					: strcmp(c->path, executions) != 0;

	if (p == NULL) {
		latest(f, c);
		return;
	}
	p += strlen("orderLinkId=");
	if (f->looks_fail) {
		reply(c, BYBIT_RETRY, 10016, 1, "server error", "{}");
		return;
	}
	if (f->foreign) {
		order(f, c, &other, 0);
		return;
	}
	for (size_t i = 0; i < f->norders && shown; i++) {
		const struct fake_order *o = &f->orders[i];

		if (strcmp(o->link, p) != 0 || f->mono < o->seen_mono)
			continue;
		if (strcmp(c->path, executions) == 0)
			execution(c, o);
		else
			order(f, c, o, f->denied);
		return;
	}
	reply(c, BYBIT_OK, 0, 0, "", "{\"list\":[]}");
}

static void
stop_loss(struct fake *f, const struct fake_call *c)
{
	char stop[MEMBER_MAX];

	f->stops++;
	member(stop, c->payload, "stopLoss");
	if (f->side == 0 ||
	    (f->stops_late && f->mono < f->show_mono && f->was_side == 0)) {
		reply(c, BYBIT_REJECT, 10001, 0,
		    "can not set tp/sl/ts for zero position", "{}");
	} else if (f->stops_refused) {
		reply(c, BYBIT_REJECT, 110009, 0, "too many", "{}");
	} else if (f->stop == on_tick(f, thousandths(stop))) {
		/* It is so already; but not every refusal says so (F06). */
		if (f->tick > 0)
			reply(c, BYBIT_DONE, 34040, 0, "not modified", "{}");
		else
			reply(c, BYBIT_REJECT, 10001, 0, "not modified", "{}");
	} else if (f->stops_lost) {
		moved(f);
		f->seq++;
		f->show_mono = f->mono + f->position_lag;
		f->stop = on_tick(f, thousandths(stop));
		reply(c, BYBIT_RETRY, 0, 1, "time-out", "{}");
	} else {
		f->stop = on_tick(f, thousandths(stop));
		reply(c, BYBIT_OK, 0, 0, "", "{}");
	}
}

static void
serve(struct fake *f, const struct fake_call *c)
{
	f->requests++;
	if (f->key_expired)
		reply(c, BYBIT_FATAL, 33004, 0, "the key has expired", "{}");
	else if (strcmp(c->path, "/v5/order/create") == 0)
		create(f, c);
	else if (strcmp(c->path, "/v5/position/list") == 0)
		positions(f, c);
	else if (strcmp(c->path, "/v5/order/realtime") == 0 ||
	    strcmp(c->path, "/v5/order/history") == 0 ||
	    strcmp(c->path, "/v5/execution/list") == 0)
		lists(f, c);
	else if (strcmp(c->path, "/v5/position/trading-stop") == 0)
		stop_loss(f, c);
	else if (strcmp(c->path, "/v5/account/wallet-balance") == 0)
		reply(c, BYBIT_OK, 0, 0, "",
		    f->wallet != NULL
			? f->wallet
			: "{\"list\":[{\"totalEquity\":\"10000\"}]}");
	else if (strcmp(c->path, "/v5/account/info") == 0)
		reply(c, BYBIT_OK, 0, 0, "",
		    f->isolated ? "{\"marginMode\":\"ISOLATED_MARGIN\"}"
				: "{\"marginMode\":\"REGULAR_MARGIN\"}");
	else if (strcmp(c->path, "/v5/position/set-leverage") == 0) {
		f->leverages++;
		reply(c, BYBIT_OK, 0, 0, "", "{}");
	} else
		reply(c, BYBIT_OK, 0, 0, "", "{\"list\":[]}");
}

static int
on_start(void *arg, const struct bybit_call *c)
{
	struct fake *f = arg;
	struct fake_call *k = &f->calls[f->ncalls];

	assert_true(f->ncalls < FAKE_CALLS_MAX);
	assert_true(c->len < sizeof(k->payload));
	(void)snprintf(k->path, sizeof(k->path), "%s", c->path);
	memcpy(k->payload, c->payload, c->len);
	k->payload[c->len] = '\0';
	k->done = c->done;
	k->arg = c->arg;
	if (strcmp(c->path, "/v5/order/create") == 0)
		f->until_mono = c->until_mono_ms;
	f->ncalls++;
	return 0;
}

static int64_t
bybit_now(void *arg)
{
	struct fake *f = arg;

	return f->wall + f->skew;
}

static int
is_halted(void *arg, char *why, size_t size)
{
	struct fake *f = arg;

	(void)snprintf(why, size, "by a test");
	return f->halted;
}

static int
on_halt(void *arg, const char *why)
{
	struct fake *f = arg;

	(void)why;
	if (f->unwritable)
		return -1;
	f->halted = 1;
	return 0;
}

static char *
row_of(struct fake *f, const char *link)
{
	for (size_t i = 0; i < f->nrows; i++)
		if (strcmp(f->rows[i][0], link) == 0)
			return f->rows[i][1];
	return NULL;
}

static int
on_row(void *arg, const char *link, struct buf *b)
{
	const char *row = row_of(arg, link);

	if (row == NULL)
		return 0;
	buf_puts(b, row);
	return 1;
}

static int
on_find(void *arg, const char *id, struct buf *b)
{
	struct fake *f = arg;
	int found = 0;

	for (size_t i = 0; i < f->nrows; i++) {
		const char *link = f->rows[i][0], *row = f->rows[i][1];

		if (strncmp(link, id, ALERT_ID_LEN) != 0 ||
		    link[ALERT_ID_LEN + 2] == 'x')
			continue;
		buf_clear(b);
		buf_puts(b, row);
		found = 1;
		if (strstr(row, "\"result\":{") != NULL)
			break;
	}
	return found;
}

static void
on_note(void *arg, enum log_level level, const char *msg,
    const struct log_field *fields, size_t n)
{
	struct fake *f = arg;
	size_t len = strlen(f->logged);

	assert_true(*msg != '\0');
	if (n == 1 && strcmp(fields[0].key, "alarm") == 0)
		(void)snprintf(f->logged + len, sizeof(f->logged) - len,
		    "%c%s;", level == LOG_ERROR ? '+' : '-', fields[0].str);
}

static void
save(struct fake *f, const struct order *o)
{
	struct buf b;

	if (o->state == ORDER_NEW && o->attempt == 0 && !o->has_row)
		return;
	buf_init(&b, 8191);
	order_put(&b, o, f->wall);
	assert_non_null(buf_cstr(&b));
	if (row_of(f, o->link) == NULL) {
		assert_true(f->nrows < FAKE_ROWS_MAX);
		(void)snprintf(
		    f->rows[f->nrows][0], sizeof(f->rows[0][0]), "%s", o->link);
		f->nrows++;
	}
	(void)snprintf(row_of(f, o->link), sizeof(f->rows[0][1]), "%s", b.p);
	buf_release(&b);
}

static void
commit(struct fake *f)
{
	struct buf b;

	for (const struct order *o = f->t->orders; o != NULL; o = o->next)
		if (o->fresh)
			save(f, o);
	if (f->t->caps.fresh) {
		buf_init(&b, sizeof(f->caps) - 1);
		caps_put(&b, f->t);
		assert_non_null(buf_cstr(&b));
		(void)snprintf(f->caps, sizeof(f->caps), "%s", b.p);
		buf_release(&b);
	}
	trader_stored(f->t, &f->said);
}

static void
begin(struct fake *f)
{
	const struct trader_io io = { f, on_start, bybit_now, is_halted,
		on_halt, on_row, on_find, on_note };

	f->t = trader_new(&f->opts, &io);
	assert_non_null(f->t);
	trader_time(f->t, f->wall, f->mono);
}

static struct decimal
number(const char *s)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, s, strlen(s)), 0);
	return d;
}

void
fake_start(struct fake *f)
{
	static const char *const symbols[] = { "BTCUSDT", "ETHUSDT", NULL };

	memset(f, 0, sizeof(*f));
	f->opts = (struct trader_opts){
		.account = "main",
		.symbols = symbols,
		.recv_window_ms = 5000,
		.alert_ttl_ms = 30000,
		.state_max_age_ms = 30000,
		.max_risk = number("2"),
		.stop_min = number("0.2"),
		.stop_max = number("10"),
		.max_exposure = number("600"),
		.max_notional = number("2000"),
		.sizing_risk = 1,
		.max_minute = 10,
		.max_rejects = 5,
	};
	f->mono = 1000000;
	f->wall = FAKE_WALL;
	buf_init(&f->said, 1u << 20);
	begin(f);
}

void
fake_end(struct fake *f)
{
	trader_free(f->t);
	buf_release(&f->said);
}

int
fake_setup(void **state)
{
	struct fake *f = malloc(sizeof(*f));

	if (f == NULL)
		return -1;
	fake_start(f);
	fake_run(f, 500);
	*state = f;
	return 0;
}

int
fake_teardown(void **state)
{
	fake_end(*state);
	free(*state);
	return 0;
}

static void
nobody(void *arg, const struct bybit_reply *r)
{
	(void)arg;
	(void)r;
}

void
fake_crash(struct fake *f, int arrive)
{
	for (size_t i = 0; i < f->ncalls && arrive; i++) {
		f->calls[i].done = nobody;
		serve(f, &f->calls[i]);
	}
	trader_free(f->t);
	f->ncalls = 0;
	f->mono += 1000;
	f->wall += 1000;
	begin(f);
	if (f->caps[0] != '\0')
		assert_int_equal(
		    trader_load_caps(f->t, f->caps, strlen(f->caps)), 0);
	for (size_t i = 0; i < f->nrows; i++) {
		char state[MEMBER_MAX];
		int final;

		member(state, f->rows[i][1], "state");
		final = strcmp(state, "new") != 0 &&
		    strcmp(state, "sent") != 0 &&
		    strcmp(state, "filled") != 0 &&
		    strcmp(state, "protected") != 0;
		if (!final)
			assert_int_equal(trader_load(f->t, f->rows[i][1],
					     strlen(f->rows[i][1])),
			    0);
	}
}

void
fake_turn(struct fake *f, int64_t ms, int stored)
{
	struct fake_call calls[FAKE_CALLS_MAX];
	size_t n = f->ncalls;

	f->mono += ms;
	f->wall += ms;
	trader_time(f->t, f->wall, f->mono);
	memcpy(calls, f->calls, n * sizeof(calls[0]));
	f->ncalls = 0;
	for (size_t i = 0; i < n; i++) {
		if (f->deaf ||
		    (f->held != NULL && strcmp(calls[i].path, f->held) == 0))
			f->calls[f->ncalls++] = calls[i];
		else
			serve(f, &calls[i]);
	}
	(void)trader_advance(f->t);
	if (stored)
		commit(f);
}

void
fake_run(struct fake *f, int64_t ms)
{
	for (int64_t i = 0; i < ms; i += 10)
		fake_turn(f, 10, 1);
}

void
fake_line(char *out, size_t size, const struct fake *f, int n,
    const char *action, const char *more)
{
	char at[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	int buy = strcmp(action, "buy") == 0;

	time_format(at, f->wall);
	time_format(until, f->wall + 29000);
	(void)snprintf(out, size,
	    "{\"type\":\"order\",\"id\":\"%032d\",\"time\":\"%s\",\"expires\":"
	    "\"%s\",\"account\":\"main\",\"category\":\"linear\",\"symbol\":"
	    "\"BTCUSDT\",\"action\":\"%s\"%s,\"signal_strength\":\"4\","
	    "\"warnings\":[]%s}",
	    n, at, until, action,
	    strcmp(action, "close") == 0 ? ""
		: buy ? ",\"side\":\"Buy\",\"qty\":\"0.020\","
			"\"price\":\"47500.00\",\"stop_loss\":\"46550.00\""
		      : ",\"side\":\"Sell\",\"qty\":\"0.020\","
			"\"price\":\"47500.00\",\"stop_loss\":\"48450.00\"",
	    more);
}

enum trader_taken
fake_take(struct fake *f, const char *line, int perhaps, int look_only)
{
	char text[2048], why[256] = "";
	enum trader_taken rc;

	(void)snprintf(text, sizeof(text), "%s", line);
	rc = trader_order_line(
	    f->t, text, strlen(text), perhaps, look_only, why, sizeof(why));
	if (rc == TRADER_REFUSED)
		print_message("%s\n", why);
	return rc;
}

void
fake_alert(struct fake *f, int n, const char *action)
{
	char line[2048];

	fake_line(line, sizeof(line), f, n, action, "");
	assert_int_equal(fake_take(f, line, 0, 0), TRADER_TAKEN);
}

void
fake_script(struct fake *f, size_t n, const enum fake_create *script)
{
	f->at = 0;
	memcpy(f->script, script, n * sizeof(script[0]));
	f->nscript = n;
}

const char *
fake_state(const struct fake *f, int n, const char *suffix)
{
	static char state[MEMBER_MAX];
	char link[64];

	(void)snprintf(link, sizeof(link), "%032d%s", n, suffix);
	state[0] = '\0';
	for (size_t i = 0; i < f->nrows; i++)
		if (strcmp(f->rows[i][0], link) == 0)
			member(state, f->rows[i][1], "state");
	return state;
}

int
fake_booked(const struct fake *f, int n, const char *suffix)
{
	char link[64];
	int booked = 0;

	(void)snprintf(link, sizeof(link), "%032d%s", n, suffix);
	for (size_t i = 0; i < f->norders; i++)
		booked += strcmp(f->orders[i].link, link) == 0;
	return booked;
}

int
fake_said(struct fake *f, int n)
{
	const char *p = buf_cstr(&f->said);
	char what[64];
	int said = 0;

	(void)snprintf(what, sizeof(what), "\"id\":\"%032d\"", n);
	for (; p != NULL && (p = strstr(p, what)) != NULL; p++)
		said++;
	return said;
}

int
fake_alarm(const struct fake *f, const char *name)
{
	for (const struct alarm *a = f->t->alarms; a != NULL; a = a->next)
		if (strcmp(a->name, name) == 0)
			return a->open;
	return 0;
}

void
fake_expect(const struct fake *f, int n, const char *suffix, const char *state)
{
	assert_string_equal(fake_state(f, n, suffix), state);
}

void
fake_expect_stands(const struct fake *f, int size)
{
	assert_int_equal(f->size, size);
	if (size > 0)
		assert_int_equal(f->stop, 46550000);
}
