/*
 * trader: the checks before an entry below, at and above each limit; order
 * lines and rows, there and back; link ids; the caps; answer lines (F11, F14,
 * F54, F59, F62).
 *
 * Not tested here: what happens to an order (test-trader-ways), the process
 * and real requests (e2e/trader-*).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "tests/unit/trader-fake.h"

#define ID "0123456789abcdef0123456789abcdef"

/* The copy of a text that fails, counted down; 0: none. */
static int fail_strdup;

char *
strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = NULL;

	if (fail_strdup == 0 || --fail_strdup > 0)
		copy = malloc(size);
	return copy != NULL ? memcpy(copy, s, size) : NULL;
}

static int
setup(void **state)
{
	struct fake *f = malloc(sizeof(*f));

	if (f == NULL)
		return -1;
	fake_start(f);
	fake_run(f, 500); /* the equity, 10,000, is known */
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	fake_end(*state);
	free(*state);
	return 0;
}

/* The elements that check_entry adds, as text. */
static const char *
errors_of(struct buf *b, const struct order *o)
{
	buf_clear(b);
	json_open_array(b, NULL);
	check_entry(o, b);
	json_close_array(b);
	assert_non_null(buf_cstr(b));
	return b->p;
}

static void
entry(struct order *o, struct fake *f, const char *action, const char *qty,
    const char *price, const char *stop)
{
	memset(o, 0, sizeof(*o));
	o->t = f->t;
	(void)snprintf(o->id, sizeof(o->id), "%s", ID);
	(void)snprintf(o->account, sizeof(o->account), "main");
	(void)snprintf(o->symbol, sizeof(o->symbol), "BTCUSDT");
	(void)snprintf(o->action, sizeof(o->action), "%s", action);
	(void)snprintf(
	    o->side, sizeof(o->side), "%s", action[0] == 'b' ? "Buy" : "Sell");
	(void)snprintf(o->qty, sizeof(o->qty), "%s", qty);
	(void)snprintf(o->price, sizeof(o->price), "%s", price);
	(void)snprintf(o->stop_loss, sizeof(o->stop_loss), "%s", stop);
	o->time_ms = f->wall;
	o->expires_ms = f->wall + 30000;
	o->position_idx = 0;
}

/*
 * Equity 10,000: 2 % of risk and a tenth of that are 220; 600 % of exposure
 * are 60,000; the stop is 0.2 % to 10 % away: of 50,000, 100 to 5,000.
 */
static void
test_limits(void **state)
{
	static const struct {
		const char *action, *qty, *price, *stop, *error; /* "": none */
	} cases[] = {
		{ "buy", "0.1", "50000", "49000", "" },
		{ "sell", "0.1", "50000", "51000", "" },
		/* The side of the stop. */
		{ "buy", "0.1", "50000", "50000", "is not below the price" },
		{ "buy", "0.1", "50000", "50001", "is not below the price" },
		{ "sell", "0.1", "50000", "50000", "is not above the price" },
		{ "sell", "0.1", "50000", "49999", "is not above the price" },
		{ "buy", "0.1", "50000", "0", "is not below the price" },
		{ "buy", "0.1", "50000", "-1", "is not below the price" },
		/* Its distance. */
		{ "buy", "0.1", "50000", "49900", "" },
		{ "buy", "0.1", "50000", "49900.01", "STOP_LOSS_MIN" },
		{ "sell", "0.1", "50000", "50100", "" },
		{ "sell", "0.1", "50000", "50099.99", "STOP_LOSS_MIN" },
		{ "buy", "0.04", "50000", "45000", "" },
		{ "buy", "0.04", "50000", "44999.99", "STOP_LOSS_MAX" },
		{ "sell", "0.04", "50000", "55000", "" },
		{ "sell", "0.04", "50000", "55000.01", "STOP_LOSS_MAX" },
		/* Loss at the stop: 0.22 x 1000 = 220. */
		{ "buy", "0.22", "50000", "49000", "" },
		{ "buy", "0.220001", "50000", "49000", "MAX_RISK_PER_TRADE" },
		{ "sell", "0.22", "50000", "51000", "" },
		{ "sell", "0.220001", "50000", "51000", "MAX_RISK_PER_TRADE" },
		/* Worth 60,000. */
		{ "buy", "1.2", "50000", "49900", "" },
		{ "buy", "1.200001", "50000", "49900", "MAX_EXPOSURE" },
		/* What is no quantity, price or stop. */
		{ "buy", "0", "50000", "49000", "is not above zero" },
		{ "buy", "-0.1", "50000", "49000", "is not above zero" },
		{ "buy", "0.1", "0", "49000", "is not a number above 0" },
		{ "buy", "0.1", "-50000", "49000", "is not a number above 0" },
		{ "buy", "", "50000", "49000", "is not a number above 0" },
		{ "buy", "0.1", "50000", "1e3", "is not a number above 0" },
	};
	struct fake *f = *state;
	struct order o;
	struct buf b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got;

		entry(&o, f, cases[i].action, cases[i].qty, cases[i].price,
		    cases[i].stop);
		got = errors_of(&b, &o);
		if (cases[i].error[0] == '\0'
			? strcmp(got, "[]") != 0
			: strstr(got, cases[i].error) == NULL)
			fail_msg("%s %s at %s, stop %s: '%s' expected, got %s",
			    cases[i].action, cases[i].qty, cases[i].price,
			    cases[i].stop, cases[i].error, got);
	}
	/* By worth: 2 % and a tenth of that are 220. */
	f->t->opts.sizing_risk = 0;
	entry(&o, f, "buy", "0.0044", "50000", "49000");
	assert_string_equal(errors_of(&b, &o), "[]");
	entry(&o, f, "buy", "0.004401", "50000", "49000");
	assert_non_null(strstr(errors_of(&b, &o), "MAX_RISK_PER_TRADE"));
	buf_release(&b);
}

static void
test_who_and_when(void **state)
{
	struct fake *f = *state;
	struct order o;
	struct buf b;

	buf_init(&b, 65536);
	entry(&o, f, "buy", "0.1", "50000", "49000");
	o.expires_ms = f->t->wall_ms;
	assert_non_null(strstr(errors_of(&b, &o), "Alert expired at"));
	o.expires_ms = f->t->wall_ms + 1;
	assert_string_equal(errors_of(&b, &o), "[]");
	o.expires_ms = o.time_ms + 30001;
	assert_non_null(strstr(errors_of(&b, &o), "longer than ALERT_TTL"));
	/* F56: the wall clock was ahead when the alert came. */
	o.time_ms = f->t->wall_ms + 5001;
	o.expires_ms = o.time_ms + 30000;
	assert_non_null(strstr(errors_of(&b, &o), "from the future"));

	entry(&o, f, "buy", "0.1", "50000", "49000");
	(void)snprintf(o.symbol, sizeof(o.symbol), "BTCUSDC");
	assert_non_null(strstr(errors_of(&b, &o), "ALLOWED_SYMBOLS"));
	entry(&o, f, "buy", "0.1", "50000", "49000");
	(void)snprintf(o.account, sizeof(o.account), "mainly");
	assert_non_null(strstr(errors_of(&b, &o), "for account mainly, not"));

	/* Every one that is broken is told. */
	entry(&o, f, "buy", "0.1", "50000", "49000");
	f->halted = 1;
	f->t->read_only = 1;
	f->t->mono_ms = f->t->equity_mono + 30001;
	assert_non_null(strstr(errors_of(&b, &o), "Trading is halted: by a"));
	assert_non_null(strstr(b.p, "read-only"));
	assert_non_null(strstr(b.p, "Equity is 30 s old (limit 30 s)"));
	f->halted = f->t->read_only = 0;
	f->t->mono_ms = f->t->equity_mono + 30000;
	assert_string_equal(errors_of(&b, &o), "[]");
	f->t->equity = decimal_zero;
	assert_non_null(strstr(errors_of(&b, &o), "not above zero"));

	/* F20: 5 s off are the limit, in both directions. */
	f->t->equity = decimal_from_int(10000);
	for (int sign = -1; sign <= 1; sign += 2) {
		f->t->wall_ms = f->wall + sign * 5000;
		entry(&o, f, "buy", "0.1", "50000", "49000");
		o.time_ms = f->t->wall_ms;
		o.expires_ms = o.time_ms + 30000;
		assert_string_equal(errors_of(&b, &o), "[]");
		f->t->wall_ms = f->wall + sign * 5001;
		o.time_ms = f->t->wall_ms;
		o.expires_ms = o.time_ms + 30000;
		assert_non_null(strstr(errors_of(&b, &o), "ms off Bybit's"));
	}
	buf_release(&b);
}

#define BASE_OF(account)                                                       \
	"\"type\":\"order\",\"time\":\"2026-11-21T10:30:00.000Z\","            \
	"\"expires\":\"2026-11-21T10:30:29.000Z\",\"account\":\"" account      \
	"\",\"symbol\":\"BTCUSDT\","
#define BASE BASE_OF("main")
#define CAT "\"category\":\"linear\","
#define BUY                                                                    \
	"\"action\":\"buy\",\"side\":\"Buy\",\"qty\":\"0.020\","               \
	"\"price\":\"47500.00\",\"stop_loss\":\"46550.00\""

static int
parse_line(struct order *o, const char *line, char *why, size_t size)
{
	struct json_doc *doc = json_new();
	char *text = strdup(line);
	const struct json *v;
	int rc;

	assert_non_null(doc);
	assert_non_null(text);
	v = json_parse(doc, text, strlen(text));
	assert_non_null(v);
	rc = order_from_line(o, v, why, size);
	free(text);
	json_free(doc);
	return rc;
}

static void
test_lines(void **state)
{
	static const struct {
		const char *line, *why; /* NULL: it is one */
	} cases[] = {
		{ "{\"id\":\"" ID "\"," BASE CAT BUY "}", NULL },
		{ "{\"id\":\"" ID "\"," BASE CAT "\"action\":\"close\"}",
		    NULL },
		{ "{\"id\":\"" ID "\"," BASE CAT BUY ",\"test\":true}", NULL },
		/* The longest ACCOUNT. */
		{ "{\"id\":\"" ID "\"," BASE_OF(ID ID) CAT BUY "}", NULL },
		{ "{" BASE CAT BUY "}", "id" },
		{ "{\"id\":\"0123\"," BASE CAT BUY "}", "32 hex" },
		{ "{\"id\":\"0123456789ABCDEF0123456789ABCDEF\"," BASE CAT BUY
		  "}",
		    "32 hex" },
		{ "{\"id\":\"" ID "0\"," BASE CAT BUY "}", "id" },
		{ "{\"id\":7," BASE CAT BUY "}", "id" },
		{ "{\"id\":\"" ID "\"," BASE "\"category\":\"inverse\"," BUY
		  "}",
		    "category" },
		{ "{\"id\":\"" ID "\"," BASE BUY "}", "category" },
		{ "{\"id\":\"" ID "\"," BASE CAT
		  "\"action\":\"hold\",\"side\":\"Buy\"}",
		    "action=hold" },
		{ "{\"id\":\"" ID "\"," BASE CAT BUY ",\"test\":1}", "test" },
		/* Side and action contradict each other. */
		{ "{\"id\":\"" ID "\"," BASE CAT
		  "\"action\":\"sell\",\"side\":\"Buy\",\"qty\":\"1\","
		  "\"price\":\"2\",\"stop_loss\":\"3\"}",
		    "does not fit action=sell" },
		/* Numbers are texts, and nothing but digits (F11). */
		{ "{\"id\":\"" ID "\"," BASE CAT
		  "\"action\":\"buy\",\"side\":\"Buy\",\"qty\":0.02,"
		  "\"price\":\"2\",\"stop_loss\":\"1\"}",
		    "qty" },
		{ "{\"id\":\"" ID "\"," BASE CAT
		  "\"action\":\"buy\",\"side\":\"Buy\",\"qty\":\"2e-2\","
		  "\"price\":\"2\",\"stop_loss\":\"1\"}",
		    "qty=2e-2: expected a decimal" },
		{ "{\"id\":\"" ID "\"," BASE CAT
		  "\"action\":\"buy\",\"side\":\"Buy\",\"qty\":\"\","
		  "\"price\":\"2\",\"stop_loss\":\"1\"}",
		    "qty" },
		/* No stop, no entry (F59). */
		{ "{\"id\":\"" ID "\"," BASE CAT
		  "\"action\":\"buy\",\"side\":\"Buy\",\"qty\":\"1\","
		  "\"price\":\"2\"}",
		    "stop_loss" },
		{ "{\"id\":\"" ID "\"," BASE CAT
		  "\"action\":\"buy\",\"side\":\"Buy\",\"qty\":\"1\","
		  "\"stop_loss\":\"2\"}",
		    "price" },
		{ "{\"id\":\"" ID
		  "\",\"account\":\"main\",\"symbol\":\"BTCUSDT\"," CAT BUY "}",
		    "time" },
		{ "{\"id\":\"" ID
		  "\",\"account\":\"main\",\"symbol\":\"BTC&x=1\"," CAT BUY "}",
		    "symbol" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct order *o = order_new(NULL);
		char why[256] = "";
		int rc;

		assert_non_null(o);
		rc = parse_line(o, cases[i].line, why, sizeof(why));
		if (rc != (cases[i].why != NULL ? -1 : 0) ||
		    (cases[i].why != NULL && strstr(why, cases[i].why) == NULL))
			fail_msg("%s: %d, '%s'", cases[i].line, rc, why);
		order_free(o);
	}
}

/* A row in text, read back, and written again: the same text. */
static void
test_rows(void **state)
{
	static const char *const names[] = { "new", "sent", "filled",
		"protected", "closed", "rejected", "expired", "failed", "dry" };
	struct buf a, b;
	char why[256];
	(void)state;

	buf_init(&a, 65536);
	buf_init(&b, 65536);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct order *o = order_new(NULL), *back = order_new(NULL);
		struct json_doc *doc = json_new();
		char *text;

		assert_non_null(o);
		assert_non_null(back);
		assert_non_null(doc);
		assert_int_equal(
		    parse_line(o,
			"{\"id\":\"" ID "\"," BASE CAT BUY
			",\"take_profit\":\"50000.10\",\"signal_strength\":"
			"\"4\",\"test\":true,\"risk_metrics\":{\"exposure\":"
			"\"9.50\",\"daily_trades\":1},\"warnings\":[\"a \\\"b"
			"\\\"\",\"c\"]}",
			why, sizeof(why)),
		    0);
		o->state = (enum order_state)i;
		assert_string_equal(order_state_name(o->state), names[i]);
		assert_int_equal(order_final(o), i >= 4);
		o->position_idx = 1;
		order_link(o);
		o->sent_ms = FAKE_WALL;
		o->sends = 2;
		(void)snprintf(o->order_id, sizeof(o->order_id), "o-1");
		(void)snprintf(o->avg_price, sizeof(o->avg_price), "47501.50");
		o->filled = decimal_from_int(3);
		o->base = decimal_from_int(2);
		o->closed = decimal_from_int(1);
		o->order_ids = strdup("\"o-0\",\"o-1\"");
		o->doomed = o->undone = 1;
		(void)snprintf(o->reason, sizeof(o->reason), "why \"not\"");
		o->ret_code = -2015;
		o->result = strdup("{\"type\":\"result\",\"quantity\":0.020}");
		buf_clear(&a);
		order_put(&a, o, FAKE_WALL);
		text = strdup(buf_cstr(&a));
		assert_non_null(text);
		assert_int_equal(
		    order_get(back, json_parse(doc, text, strlen(text))), 0);
		assert_string_equal(back->link, ID "-1");
		assert_int_equal(back->test, 1);
		assert_int_equal(back->time_ms, FAKE_WALL);
		buf_clear(&b);
		order_put(&b, back, FAKE_WALL);
		assert_string_equal(buf_cstr(&b), a.p);
		assert_non_null(strstr(a.p, "\"quantity\":0.020"));
		free(text);
		json_free(doc);
		order_free(o);
		order_free(back);
	}
	buf_release(&a);
	buf_release(&b);
}

static void
test_bad_rows(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{\"id\":\"" ID "\"," BASE CAT BUY "}",
		"{\"order_link_id\":\"" ID "-0\",\"id\":\"" ID
		"\"," BASE CAT BUY ",\"state\":\"gone\"}",
		/* Another order's link id. */
		"{\"order_link_id\":\"" ID "-1\",\"id\":\"" ID
		"\"," BASE CAT BUY ",\"state\":\"sent\"}",
		"{\"order_link_id\":\"" ID "-0\",\"id\":\"" ID
		"\"," BASE CAT BUY ",\"state\":\"sent\",\"attempt\":1}",
		"{\"order_link_id\":\"" ID "-0\",\"id\":\"" ID
		"\"," BASE CAT BUY ",\"state\":\"sent\",\"position_idx\":2}",
	};
	struct json_doc *doc = json_new();
	(void)state;

	assert_non_null(doc);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct order *o = order_new(NULL);
		char *text = strdup(rows[i]);

		assert_non_null(o);
		assert_non_null(text);
		if (order_get(o, json_parse(doc, text, strlen(text))) != -1)
			fail_msg("taken: %s", rows[i]);
		free(text);
		order_free(o);
	}
	json_free(doc);
}

/* F62: of alert id, positionIdx and attempt alone; never over 36 bytes. */
static void
test_link(void **state)
{
	static const struct {
		enum order_kind kind;
		int idx, attempt;
		const char *link;
	} cases[] = {
		{ ORDER_ENTRY, -1, 0, ID "-0" },
		{ ORDER_ENTRY, 0, 0, ID "-0" },
		{ ORDER_ENTRY, 2, 0, ID "-2" },
		{ ORDER_CLOSE, 1, 1, ID "-1a" },
		{ ORDER_CLOSE, 1, 26, ID "-1z" },
		{ ORDER_CLOSE, 1, 27, ID "-1A" },
		{ ORDER_CLOSE, 1, 53, ID "-10" },
		{ ORDER_PROTECTIVE, 0, 0, ID "-0x" },
		{ ORDER_PROTECTIVE, 2, 62, ID "-2x9" },
	};
	char seen[ORDER_ATTEMPTS_MAX + 1][LINK_MAX + 1];
	struct order o = { .kind = ORDER_PROTECTIVE };
	(void)state;

	(void)snprintf(o.id, sizeof(o.id), "%s", ID);
	for (int i = 0; i <= ORDER_ATTEMPTS_MAX; i++) {
		o.attempt = i;
		order_link(&o);
		assert_true(strlen(o.link) <= 36);
		memcpy(seen[i], o.link, sizeof(seen[i]));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(seen[k], o.link);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		o.kind = cases[i].kind;
		o.position_idx = cases[i].idx;
		o.attempt = cases[i].attempt;
		order_link(&o);
		assert_string_equal(o.link, cases[i].link);
	}
}

#define DAY 86400000

static void
test_caps(void **state)
{
	struct fake *f = *state;
	struct order o;
	struct buf b;

	entry(&o, f, "buy", "0.1", "50000", "49000");
	buf_init(&b, 65536);
	/* A minute: an entry counts for 60 s, and then no more. */
	caps_sent(f->t, &o);
	f->wall += 1;
	caps_sent(f->t, &o);
	assert_int_equal(caps_minute(f->t), 2);
	f->wall += 59998;
	assert_int_equal(caps_minute(f->t), 2);
	f->wall += 1;
	assert_int_equal(caps_minute(f->t), 1);
	f->wall += 1;
	assert_int_equal(caps_minute(f->t), 0);
	/* More than fit are counted as at the limit. */
	for (int i = 0; i < 20; i++)
		caps_sent(f->t, &o);
	assert_true(caps_minute(f->t) >= 10);

	/* The day's notional: 22 x 5,000, until the UTC day turns. */
	assert_int_equal(
	    decimal_cmp(caps_notional(f->t), decimal_from_int(110000)), 0);
	f->wall = (f->wall / DAY + 1) * DAY - 1;
	assert_int_equal(
	    decimal_cmp(caps_notional(f->t), decimal_from_int(110000)), 0);
	f->wall += 1;
	assert_int_equal(decimal_sign(caps_notional(f->t)), 0);
	caps_sent(f->t, &o);
	/* F55: going back in time brings nothing back and frees nothing. */
	f->wall -= 1;
	assert_int_equal(
	    decimal_cmp(caps_notional(f->t), decimal_from_int(5000)), 0);
	caps_sent(f->t, &o);
	assert_int_equal(
	    decimal_cmp(caps_notional(f->t), decimal_from_int(10000)), 0);

	/* Stored and read back, all of it is as before. */
	caps_rejected(f->t);
	caps_rejected(f->t);
	caps_put(&b, f->t);
	assert_non_null(buf_cstr(&b));
	(void)snprintf(f->caps, sizeof(f->caps), "%s", b.p);
	fake_crash(f, 0);
	assert_int_equal(f->t->caps.rejects, 2);
	assert_int_equal(
	    decimal_cmp(caps_notional(f->t), decimal_from_int(10000)), 0);
	f->wall -= 1000;
	assert_int_equal(caps_minute(f->t), 2);
	caps_filled(f->t);
	assert_int_equal(f->t->caps.rejects, 0);
	buf_release(&b);
}

static void
test_bad_caps(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{\"rejects\":-1,\"day\":1,\"notional\":\"1\",\"sent\":[]}",
		"{\"rejects\":1,\"day\":1,\"notional\":\"x\",\"sent\":[]}",
		"{\"rejects\":1,\"day\":1,\"notional\":\"1\",\"sent\":[\"1\"]}",
		"{\"rejects\":1,\"day\":1,\"notional\":\"1\"}",
		"no json",
	};
	struct fake *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    trader_load_caps(f->t, rows[i], strlen(rows[i])), -1);
}

static void
expect_answer(struct order *o, const char *want)
{
	char *at;

	o->result = NULL;
	answer(o);
	assert_non_null(o->result);
	/* The moment, which is that of the clock. */
	at = strstr(o->result, ",\"timestamp\":");
	assert_non_null(at);
	*at = '\0';
	assert_string_equal(o->result, want);
	free(o->result);
	o->result = NULL;
}

static void
test_answers(void **state)
{
	static char warnings[] = "\"risker's\"", ids[] = "\"a\",\"b\"",
		    errors[] = "\"one\",\"two\"";
	struct fake *f = *state;
	struct order o;

	entry(&o, f, "buy", "0.020", "47500.00", "46550.00");
	(void)snprintf(o.order_id, sizeof(o.order_id), "12345");
	(void)snprintf(o.avg_price, sizeof(o.avg_price), "47501");
	(void)snprintf(o.strength, sizeof(o.strength), "4");
	o.warnings = warnings;
	assert_int_equal(decimal_parse(&o.filled, "0.02", 4), 0);
	o.state = ORDER_PROTECTED;
	expect_answer(&o,
	    "{\"type\":\"result\",\"id\":\"" ID
	    "\",\"code\":200,\"ok\":true,\"action\":\"buy\",\"orderId\":"
	    "\"12345\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"quantity\":"
	    "0.020,\"price\":47500.00,\"stopLoss\":46550.00,\"avgPrice\":"
	    "47501,\"filledQty\":0.020,\"signalStrength\":4,\"warnings\":["
	    "\"risker's\"]");
	/* A part fill, closed by its stop before it was seen. */
	(void)snprintf(o.reason, sizeof(o.reason), "ours");
	o.state = ORDER_CLOSED;
	o.warnings = NULL;
	o.order_id[0] = o.avg_price[0] = o.strength[0] = '\0';
	o.filled = decimal_zero;
	expect_answer(&o,
	    "{\"type\":\"result\",\"id\":\"" ID
	    "\",\"code\":200,\"ok\":true,\"action\":\"buy\",\"symbol\":"
	    "\"BTCUSDT\",\"side\":\"Buy\",\"quantity\":0.020,\"price\":"
	    "47500.00,\"stopLoss\":46550.00,\"warnings\":[\"ours\"]");
	/* We closed it ourselves: that is no success. */
	o.undone = 1;
	o.sends = 1;
	expect_answer(&o,
	    "{\"type\":\"result\",\"id\":\"" ID
	    "\",\"code\":422,\"ok\":false,\"error\":\"Bybit: ours\","
	    "\"errors\":[\"ours\"],\"warnings\":[]");
	o.undone = 0;
	o.state = ORDER_REJECTED;
	o.ret_code = 110007;
	expect_answer(&o,
	    "{\"type\":\"result\",\"id\":\"" ID
	    "\",\"code\":422,\"ok\":false,\"error\":\"Bybit: ours\","
	    "\"retCode\":110007,\"errors\":[\"ours\"],\"warnings\":[]");
	/* By our own rules: nothing was sent. */
	o.sends = 0;
	o.ret_code = 0;
	o.errors = errors;
	expect_answer(&o,
	    "{\"type\":\"result\",\"id\":\"" ID
	    "\",\"code\":422,\"ok\":false,\"error\":\"Trade validation "
	    "failed\",\"errors\":[\"one\",\"two\"],\"warnings\":[]");
	o.errors = NULL;
	o.state = ORDER_EXPIRED;
	expect_answer(&o,
	    "{\"type\":\"result\",\"id\":\"" ID
	    "\",\"code\":422,\"ok\":false,\"error\":\"Trade validation "
	    "failed\",\"errors\":[\"ours\"],\"warnings\":[]");
	/* A close of two orders. */
	o.kind = ORDER_CLOSE;
	o.state = ORDER_CLOSED;
	o.order_ids = ids;
	o.reason[0] = '\0';
	(void)snprintf(o.action, sizeof(o.action), "close");
	(void)snprintf(o.side, sizeof(o.side), "Sell");
	(void)snprintf(o.qty, sizeof(o.qty), "0.010");
	assert_int_equal(decimal_parse(&o.closed, "0.03", 4), 0);
	expect_answer(&o,
	    "{\"type\":\"result\",\"id\":\"" ID
	    "\",\"code\":200,\"ok\":true,\"action\":\"close\",\"orderIds\":["
	    "\"a\",\"b\"],\"symbol\":\"BTCUSDT\",\"side\":\"Sell\","
	    "\"quantity\":0.030,\"warnings\":[]");
	/* A protective one has no alert that waits for it. */
	o.kind = ORDER_PROTECTIVE;
	answer(&o);
	assert_null(o.result);
}

/* Want of memory is no damage, for which trader would stay down. */
static void
test_rows_without_memory(void **state)
{
	static const char row[] =
	    "{\"id\":\"" ID "\"," BASE CAT BUY ",\"order_link_id\":\"" ID
	    "-0\",\"state\":\"protected\","
	    "\"sends\":1,\"risk_metrics\":{\"exposure\":\"9.50\"},"
	    "\"warnings\":[\"a\"],\"order_ids\":[\"o-1\"],"
	    "\"result\":{\"ok\":true}}";
	struct fake *f = *state;
	int n = 0, rc;

	do {
		fail_strdup = ++n;
		rc = trader_load(f->t, row, strlen(row));
		if (rc == -1 && !trader_starved(f->t))
			fail_msg("copy %d: called damaged", n);
		f->t->starved = 0;
	} while (rc == -1);
	fail_strdup = 0;
	assert_int_equal(n, 5); /* there are four texts */
}

/* All that a decision may hold fits into the result: else it would never end.
 */
static void
test_longest_answer(void **state)
{
	static char metrics[(64 << 10) + 1], warnings[(64 << 10) + 1];
	struct fake *f = *state;
	struct order o;

	(void)snprintf(metrics, sizeof(metrics), "{\"exposure\":\"%0*d\"}",
	    (int)sizeof(metrics) - 18, 1);
	(void)snprintf(warnings, sizeof(warnings), "\"%0*d\"",
	    (int)sizeof(warnings) - 3, 1);
	entry(&o, f, "buy", "0.020", "47500.00", "46550.00");
	o.risk_metrics = metrics;
	o.warnings = warnings;
	o.state = ORDER_PROTECTED;
	answer(&o);
	assert_false(trader_starved(f->t));
	assert_non_null(o.result);
	assert_non_null(strstr(o.result, "1\"],\"timestamp\":"));
	free(o.result);
}

int
main(void)
{
#define FAKE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		FAKE(test_limits),
		FAKE(test_who_and_when),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_rows),
		FAKE(test_rows_without_memory),
		cmocka_unit_test(test_bad_rows),
		cmocka_unit_test(test_link),
		FAKE(test_caps),
		FAKE(test_bad_caps),
		FAKE(test_answers),
		FAKE(test_longest_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
