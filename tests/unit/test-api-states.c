/*
 * What the operator's listener reads in the states of the stages: status,
 * positions, signals, orders, metrics.
 *
 * Not tested: webhookd's own alarms (the process has them, e2e/admin-status),
 * states of other users.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/halt.h"
#include "common/json.h"
#include "common/store.h"
#include "tests/unit/api-fake.h"

#define ID_A "0000000000000000000000000000000a"
#define ID_B "0000000000000000000000000000000b"
#define ID_C "0000000000000000000000000000000c"

/* The public answer: its status, and all that stands in it. */
static void
public_status(int status, const char *words, int bybit, int testnet)
{
	struct request r = fake_request("GET", "/status");
	char want[128];

	api_status(fake.api, &r);
	assert_int_equal(r.status, status);
	(void)snprintf(want, sizeof(want),
	    "{\"status\":\"%s\",\"bybit\":%s,\"timestamp\":\"", words,
	    bybit ? "true" : "false");
	if (strncmp(r.reply, want, strlen(want)) != 0)
		fail_msg("%s is not %s", r.reply, want);
	(void)snprintf(want, sizeof(want), "\"testnet\":%s}\n",
	    testnet ? "true" : "false");
	assert_string_equal(r.reply + strlen(r.reply) - strlen(want), want);
	/* The time, and nothing else between. */
	assert_int_equal(strlen(r.reply),
	    strlen("{\"status\":\"\",\"bybit\":,\"timestamp\":\"\",") +
		strlen(words) + (bybit ? 4 : 5) + TIME_TEXT_MAX - 1 +
		strlen(want));
	fake_done(&r);
}

static void
test_heartbeat(void **arg)
{
	static const struct {
		int ok, bybit;
		int64_t age_ms;
	} cases[] = {
		{ 1, 1, 0 },
		{ 1, 1, 29000 },
		{ 1, 0, 30500 },
		{ 0, 0, 0 },
		{ 1, 1, -29000 },
		{ 1, 0, -31000 },
	};

	(void)arg;
	fake_start();
	public_status(503, "degraded", 0, 1); /* no state at all */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_heartbeat(cases[i].ok, cases[i].age_ms);
		public_status(cases[i].bybit ? 200 : 503,
		    cases[i].bybit ? "healthy" : "degraded", cases[i].bybit, 1);
	}
	fake_get("/status", 503, "\"heartbeat\":{\"time\":\"");
}

static void
test_testnet(void **arg)
{
	(void)arg;
	(void)setenv("BYBIT_TESTNET", "false", 1);
	fake_start();
	fake_heartbeat(1, 0);
	public_status(200, "healthy", 1, 0);
}

/* An alarm that is closed is none; its name is the operator's alone. */
static void
test_alarms(void **arg)
{
	(void)arg;
	fake_start();
	fake_heartbeat(1, 0);
	fake_alarm("trader", "unprotected main BTCUSDT", 1);
	public_status(503, "degraded", 1, 1);
	fake_get("/status", 503,
	    "\"alarms\":[{\"stage\":\"trader\",\"alarm\":\"unprotected main "
	    "BTCUSDT\",\"since\":\"1970-01-01T00:00:01.000Z\",\"text\":"
	    "\"something is \\\"wrong\\\"\"}]");
	fake_alarm("trader", "unprotected main BTCUSDT", 0);
	public_status(200, "healthy", 1, 1);
	fake_get("/status", 200, "\"alarms\":[]");
	/* One that cannot be read may be open. */
	fake_row("risker", "alarms", "x", 0, "{nonsense");
	public_status(503, "degraded", 1, 1);
	fake_get("/status", 503, "\"stage\":\"risker\",\"alarm\":\"unknown\"");
}

/* A start and no orderly end: down, unless somebody has its lock. */
static void
test_stages(void **arg)
{
	pid_t pid;

	(void)arg;
	fake_start();
	fake_heartbeat(1, 0);
	fake_get("/status", 200, "{\"stage\":\"trader\",\"state\":\"absent\"}");
	fake_health("trader", 1);
	public_status(200, "healthy", 1, 1);
	fake_get("/status", 200, "\"stage\":\"trader\",\"state\":\"ended\"");
	fake_health("trader", 0);
	public_status(503, "degraded", 1, 1);
	fake_get("/status", 503, "\"stage\":\"trader\",\"state\":\"down\"");
	pid = fake_owner("trader");
	public_status(200, "healthy", 1, 1);
	fake_get("/status", 200, "\"stage\":\"trader\",\"state\":\"running\"");
	fake_end(pid);
	public_status(503, "degraded", 1, 1);
	fake_get("/status", 503,
	    "\"start\":\"2023-11-14T22:13:20.123Z\",\"lines\":42,"
	    "\"skipped\":3,\"out\":5}");
}

static void
test_halted(void **arg)
{
	char why[300], want[300];

	(void)arg;
	fake_start();
	fake_heartbeat(1, 0);
	fake_get("/status", 200, "\"halted\":false");
	assert_int_equal(halt_set(fake.state, "me", "rain", 2000), 1);
	public_status(503, "degraded", 1, 1);
	fake_get("/status", 503,
	    "\"halted\":true,\"halt\":{\"time\":\"1970-01-01T00:00:02.000Z\","
	    "\"who\":\"me\",\"why\":\"rain\"}");

	/* A reason that was cut inside a character: é at bytes 255 and 256. */
	assert_int_equal(halt_clear(fake.state), 1);
	memset(why, 'y', sizeof(why));
	memcpy(why + 254, "\xc3\xa9", 3);
	assert_int_equal(halt_set(fake.state, "me", why, 2000), 1);
	(void)snprintf(want, sizeof(want), "\"why\":\"%.254s\"}", why);
	fake_get("/status", 503, want);
}

/* A state that cannot be read is no good one; one that is back is read. */
static void
test_unreadable(void **arg)
{
	char path[128], aside[128];
	FILE *f;

	(void)arg;
	fake_start();
	fake_heartbeat(1, 0);
	fake_row("trader", "orders", ID_A "-0", 0, "{\"state\":\"sent\"}");
	public_status(200, "healthy", 1, 1);
	(void)snprintf(path, sizeof(path), "%s/trader.mdb", fake.state);
	(void)snprintf(aside, sizeof(aside), "%s/aside", fake.dir);
	assert_int_equal(rename(path, aside), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("this is no state", f) >= 0);
	assert_int_equal(fclose(f), 0);
	public_status(503, "degraded", 1, 1);
	fake_get(
	    "/status", 503, "\"stage\":\"trader\",\"state\":\"unreadable\"");
	fake_get("/api/orders", 503, "The state of trader cannot be read: ");
	fake_get("/api/orders/" ID_A, 503, "The state of trader cannot be");
	assert_int_equal(rename(aside, path), 0);
	/* A damaged file is not looked at in every event. */
	fake_get("/api/orders", 503, "cannot be read");
	(void)usleep(1100000);
	fake_get("/api/orders", 200, "\"orders\":[{\"state\":\"sent\"}]");
	public_status(200, "healthy", 1, 1);
}

/* Another state in its place is what is read from then on. */
static void
test_replaced(void **arg)
{
	char from[128], to[128];

	(void)arg;
	fake_start();
	fake_row("differ", "signals", NULL, 1, "{\"signal_number\":1}");
	fake_get("/api/signals/1", 200,
	    "{\"ok\":true,\"signal_number\":1,\"timestamp\":\"");
	(void)snprintf(from, sizeof(from), "%s/differ.mdb", fake.state);
	(void)snprintf(to, sizeof(to), "%s/old", fake.dir);
	assert_int_equal(rename(from, to), 0);
	fake_get("/api/signals/1", 404, "no signal");
	fake_row("differ", "signals", NULL, 2, "{\"signal_number\":2}");
	fake_get("/api/signals/1", 404, "no signal");
	fake_get("/api/signals/2", 200, "\"signal_number\":2");
}

static void
test_signals(void **arg)
{
	char row[64];

	(void)arg;
	fake_start();
	fake_get("/api/signals", 200, "{\"ok\":true,\"signals\":[],");
	for (unsigned i = 1; i <= 60; i++) {
		(void)snprintf(row, sizeof(row), "{\"n\":%u}", i);
		fake_row("differ", "signals", NULL, i, row);
	}
	fake_get("/api/signals?limit=3", 200,
	    "\"signals\":[{\"n\":60},{\"n\":59},{\"n\":58}],\"next\":58,");
	fake_get("/api/signals?limit=3&before=58", 200,
	    "\"signals\":[{\"n\":57},{\"n\":56},{\"n\":55}],\"next\":55,");
	fake_get("/api/signals?before=4&limit=2", 200,
	    "\"signals\":[{\"n\":3},{\"n\":2}],\"next\":2,");
	fake_get("/api/signals?before=4&limit=3", 200,
	    "\"signals\":[{\"n\":3},{\"n\":2},{\"n\":1}],\"timestamp\":");
	fake_get("/api/signals?before=1", 200, "\"signals\":[],\"timestamp\":");
	/* 50 without a limit. */
	fake_get("/api/signals", 200, "{\"n\":11}],\"next\":11,");
	fake_get("/api/signals?limit=500&before=1000", 200,
	    "{\"n\":1}],\"timestamp\":");
	fake_row("differ", "signals", NULL, 61, "{");
	fake_get("/api/signals", 503, "table 'signals' is damaged");
	fake_get("/api/signals/61", 503, "table 'signals' is damaged");
	fake_get("/api/signals/60", 200, "{\"ok\":true,\"n\":60,");
}

static void
put_position(const char *symbol, const char *size)
{
	const char *key[] = { "main", "linear", symbol, NULL };
	char row[256];

	(void)snprintf(row, sizeof(row),
	    "{\"account\":\"main\",\"category\":\"linear\",\"symbol\":\"%s\","
	    "\"position_idx\":0,\"signal_number\":7,\"signal_type\":\"buy\","
	    "\"position_size\":\"%s\",\"row\":{\"seq\":5},\"trade\":{}}",
	    symbol, size);
	fake_row_at("differ", "positions", key, row);
}

static void
test_positions(void **arg)
{
	(void)arg;
	fake_start();
	fake_get("/api/positions", 200, "{\"ok\":true,\"positions\":[],");
	put_position("BTCUSDT", "0.020");
	put_position("DOGEUSDT", "0");
	put_position("ETHUSDT", "3");
	/* What is flat, and differ's own members, are left out. */
	fake_get("/api/positions", 200,
	    "\"positions\":[{\"account\":\"main\",\"category\":\"linear\","
	    "\"symbol\":\"BTCUSDT\",\"position_idx\":0,\"signal_number\":7,"
	    "\"signal_type\":\"buy\",\"position_size\":\"0.020\"},"
	    "{\"account\":\"main\",\"category\":\"linear\","
	    "\"symbol\":\"ETHUSDT\",\"position_idx\":0,\"signal_number\":7,"
	    "\"signal_type\":\"buy\",\"position_size\":\"3\"}],"
	    "\"timestamp\":");
	fake_get("/api/positions?offset=2", 200,
	    "\"positions\":[{\"account\":\"main\",\"category\":\"linear\","
	    "\"symbol\":\"ETHUSDT\"");
	fake_get("/api/positions?offset=3", 200, "\"positions\":[],");
	put_position("XRPUSDT", "much");
	fake_get("/api/positions", 503, "table 'positions' is damaged");
}

/* Orders, the first at second 0; every third is open. */
static int
write_orders(struct store_txn *t, void *arg)
{
	char row[256], link[64], time[TIME_TEXT_MAX];
	struct store_key key;

	for (unsigned i = 0; i < *(unsigned *)arg; i++) {
		/* The keys' order is not that of the times. */
		(void)snprintf(
		    link, sizeof(link), "%02x%030x-0", (i * 7 + 3) % 256, i);
		(void)snprintf(row, sizeof(row),
		    "{\"order_link_id\":\"%s\",\"time\":\"%s\",\"state\":"
		    "\"%s\",\"qty\":\"0.020\",\"order_id\":\"oid-%u\"}",
		    link, time_format(time, i * 1000),
		    i % 3 == 0 ? "protected" : "closed", i);
		store_key_init(&key);
		store_key_str(&key, link);
		if (store_put(t, "orders", key.p, key.len, row, strlen(row)) !=
		    STORE_OK)
			return -1;
	}
	return 0;
}

static void
put_orders(unsigned n)
{
	fake_write("trader", write_orders, &n);
}

/* The seconds of the orders in an answer, as "5 4 3". */
static void
seconds(const char *path, char *out, size_t size)
{
	struct request r = fake_request("GET", "/api/orders");
	const char *s;
	size_t len = 0;

	r.query = path;
	fake_ask(&r);
	assert_int_equal(r.status, 200);
	out[0] = '\0';
	for (s = r.reply; (s = strstr(s, "\"time\":\"1970-01-01T00:")) != NULL;
	     s += 30)
		len += (size_t)snprintf(out + len, size - len, "%s%.5s",
		    len > 0 ? " " : "",
		    s + strlen("\"time\":\"1970-01-01T00:"));
	fake_done(&r);
}

static void
test_orders(void **arg)
{
	char text[4096];

	(void)arg;
	fake_start();
	fake_get("/api/orders", 200, "{\"ok\":true,\"orders\":[],");
	put_orders(10);
	seconds("limit=4", text, sizeof(text));
	assert_string_equal(text, "00:09 00:08 00:07 00:06");
	/* 6 is 06·7+3 = 2d. */
	fake_get("/api/orders?limit=4", 200,
	    "],\"next\":\"2d000000000000000000000000000006-0\",");
	seconds("limit=4&before=2d000000000000000000000000000006-0", text,
	    sizeof(text));
	assert_string_equal(text, "00:05 00:04 00:03 00:02");
	seconds("limit=200&before=11000000000000000000000000000002-0", text,
	    sizeof(text));
	assert_string_equal(text, "00:01 00:00");
	seconds("state=open", text, sizeof(text));
	assert_string_equal(text, "00:09 00:06 00:03 00:00");
	seconds("state=open&limit=1", text, sizeof(text));
	assert_string_equal(text, "00:09");
	fake_get("/api/orders?before=nothing", 400, "no order of that link id");
	fake_get("/api/orders?state=open&limit=1", 200, "\"qty\":\"0.020\"");
	fake_get("/api/orders?limit=10", 200, "}],\"timestamp\":");
	/* The next order of a close, not sent yet, is no end of it. */
	fake_row("trader", "orders", "ff-0a", 0, "{\"state\":\"new\"}");
	fake_get("/api/orders?state=open", 200, "{\"state\":\"new\"}");
	fake_row("trader", "orders", "zz", 0, "[");
	fake_get("/api/orders", 503, "table 'orders' is damaged");
}

/* More rows than one event reads: a walk of several, with others between. */
static void
test_many_orders(void **arg)
{
	struct request r = fake_request("GET", "/api/orders");
	struct request gone = fake_request("GET", "/api/orders");
	char text[64];

	(void)arg;
	fake_start();
	put_orders(450);
	seconds("limit=3", text, sizeof(text));
	assert_string_equal(text, "07:29 07:28 07:27");
	fake_get("/api/orders/oid-449", 200, "\"order_id\":\"oid-449\"");
	fake_get("/api/orders/oid-450", 404, "no such order");
	api_request(fake.api, &gone);
	api_request(fake.api, &r);
	assert_int_equal(r.status, 0);
	(void)event_base_loop(fake.base, EVLOOP_ONCE);
	assert_int_equal(r.status, 0);
	api_gone(fake.api, &gone);
	fake_wait(&r);
	assert_int_equal(r.status, 200);
	assert_int_equal(gone.status, 0);
	fake_done(&r);
}

static void
test_one_order(void **arg)
{
	(void)arg;
	fake_start();
	fake_get("/api/orders/" ID_A, 404, "no such order");
	fake_row("risker", "decisions", ID_A, 0, "{\"type\":\"order\"}");
	fake_get("/api/orders/" ID_A, 200,
	    "{\"ok\":true,\"id\":\"" ID_A
	    "\",\"orders\":[],\"decision\":{\"type\":\"order\"},\"timestamp\"");
	fake_row("trader", "orders", ID_A "-1", 0, "{\"n\":1}");
	fake_row("trader", "orders", ID_A "-1x", 0, "{\"n\":\"1x\"}");
	fake_row("trader", "orders", ID_A "-2", 0, "{\"n\":2}");
	fake_row("trader", "orders", ID_B "-0", 0, "{\"n\":3}");
	fake_get("/api/orders/" ID_A, 200,
	    "\"orders\":[{\"n\":1},{\"n\":\"1x\"},{\"n\":2}],\"decision\"");
	fake_get("/api/orders/" ID_A "-1", 200,
	    "\"orders\":[{\"n\":1}],\"decision\"");
	fake_get("/api/orders/" ID_A "-1x", 200, "\"orders\":[{\"n\":\"1x\"}]");
	fake_get("/api/orders/" ID_A "-0", 404, "no such order");
	fake_get("/api/orders/" ID_B, 200, "\"orders\":[{\"n\":3}],\"time");
	/* What cannot be read may be there. */
	fake_row("risker", "decisions", ID_B, 0, "{");
	fake_get("/api/orders/" ID_B, 503, "table 'decisions' is damaged");
}

/* What webhookd finds of an alert whose result line was lost. */
static void
test_outcome(void **arg)
{
	const struct json *v;

	(void)arg;
	fake_start();
	assert_null(api_outcome(fake.api, ID_A));
	fake_row("risker", "decisions", ID_A, 0, "{\"type\":\"order\"}");
	fake_row("risker", "decisions", ID_B, 0, "{\"ok\":false,\"code\":422}");
	fake_row("trader", "orders", ID_B "-0", 0, "{\"result\":{\"n\":1}}");
	fake_row("trader", "orders", ID_A "-0", 0, "{\"state\":\"closed\"}");
	assert_null(api_outcome(fake.api, ID_A));
	/* A close that took two orders: the second row has it. */
	fake_row("trader", "orders", ID_A "-0a", 0, "{\"result\":{\"n\":2}}");
	v = api_outcome(fake.api, ID_A);
	assert_non_null(v);
	assert_string_equal(json_number(json_get(v, "n")), "2");
	v = api_outcome(fake.api, ID_B);
	assert_string_equal(json_number(json_get(v, "n")), "1");
	v = api_outcome(fake.api, ID_C);
	assert_null(v);
	fake_row("risker", "decisions", ID_C, 0, "{\"ok\":false,\"code\":422}");
	v = api_outcome(fake.api, ID_C);
	assert_string_equal(json_number(json_get(v, "code")), "422");
}

static void
test_metrics(void **arg)
{
	static const char *const wallet[] = { "main", "wallet", "", "", NULL };
	static const char *const wanted[] = { "\nsluice_healthy 0\n",
		"\nsluice_halted 1\n",
		"\nsluice_stage_up{stage=\"trader\"} 0\n",
		"\nsluice_alarms{stage=\"trader\"} 1\n",
		"\nsluice_alarms{stage=\"differ\"} 0\n",
		"\nsluice_stage_lines_total{stage=\"trader\"} 42\n",
		"\nsluice_stage_skipped_total{stage=\"trader\"} 3\n",
		"\nsluice_stage_out_total{stage=\"trader\"} 5\n",
		/* That run's. */
		"_start_time_seconds{stage=\"trader\"} 1700000000.123\n",
		"\nsluice_heartbeat_ok 1\n", "\nsluice_positions 1\n",
		"\nsluice_equity_usd 10000.5\n",
		"\nsluice_equity_time_seconds 1.000\n",
		"\nsluice_alerts_total 12\n", "\nsluice_results_total 11\n",
		"\nsluice_alerts_waiting 1\n", "\nsluice_risker_connected 1\n",
		"\n# TYPE sluice_alerts_total counter\n" };
	static const char age[] = "\nsluice_heartbeat_age_seconds ";
	struct request r = fake_request("GET", "/metrics");
	const char *at;

	(void)arg;
	fake_start();
	fake.counts = (struct api_counts){
		.alerts = 12, .results = 11, .waiting = 1, .risker = 1
	};
	fake_heartbeat(1, 5000);
	put_position("BTCUSDT", "1");
	put_position("ETHUSDT", "0");
	fake_row_at("differ", "account", wallet,
	    "{\"time\":\"1970-01-01T00:00:01.000Z\",\"wallet\":"
	    "{\"totalEquity\":\"10000.50\"}}");
	fake_health("trader", 0);
	fake_alarm("trader", "halt", 1);
	assert_int_equal(halt_set(fake.state, "me", "rain", 2000), 1);
	fake_ask(&r);
	assert_int_equal(r.status, 200);
	assert_string_equal(
	    r.reply_type, "text/plain; version=0.0.4; charset=utf-8");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (strstr(r.reply, wanted[i]) == NULL)
			fail_msg("%s lacks in %s", wanted[i], r.reply);
	at = strstr(r.reply, age);
	assert_non_null(at);
	assert_in_range(strtol(at + sizeof(age) - 1, NULL, 10), 5, 60);
	/* This run took no line yet: no time of 1970. */
	assert_null(strstr(r.reply, "last_line_time_seconds{"));
	fake_done(&r);
}

/* In isolated margin that of the coin counts. */
static void
test_metrics_isolated(void **arg)
{
	static const char *const wallet[] = { "main", "wallet", "", "", NULL };
	struct request r = fake_request("GET", "/metrics");

	(void)arg;
	fake_start();
	fake_row_at("differ", "account", wallet,
	    "{\"time\":\"1970-01-01T00:00:01.000Z\",\"wallet\":"
	    "{\"totalEquity\":\"90000\",\"totalMarginBalance\":\"\",\"coin\":["
	    "{\"coin\":\"BTC\",\"equity\":\"2\"},"
	    "{\"coin\":\"USDT\",\"equity\":\"812.25\"}]}}");
	fake_ask(&r);
	assert_non_null(strstr(r.reply, "\nsluice_equity_usd 812.25\n"));
	fake_done(&r);
}

/* Before anything ran, nothing is made up. */
static void
test_metrics_empty(void **arg)
{
	struct request r = fake_request("GET", "/metrics");

	(void)arg;
	fake_start();
	fake_ask(&r);
	assert_int_equal(r.status, 200);
	assert_null(strstr(r.reply, "sluice_equity_usd"));
	assert_null(strstr(r.reply, "sluice_heartbeat"));
	assert_null(strstr(r.reply, "sluice_positions"));
	assert_non_null(strstr(r.reply, "\nsluice_halted 0\n"));
	fake_done(&r);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_heartbeat),
		T(test_testnet),
		T(test_alarms),
		T(test_stages),
		T(test_halted),
		T(test_unreadable),
		T(test_replaced),
		T(test_signals),
		T(test_positions),
		T(test_orders),
		T(test_many_orders),
		T(test_one_order),
		T(test_outcome),
		T(test_metrics),
		T(test_metrics_isolated),
		T(test_metrics_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
