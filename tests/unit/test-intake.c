/*
 * intake: duplicates, who waits for what, handing on, results, answers,
 * restarts, a state that cannot be written - with a state on disk, and a
 * risker and clients that are lists.  F07, F08, F49, F50, F72 (webhookd's
 * part).
 *
 * Not tested here: sockets, the loop, kill -9 (tests/e2e/webhookd-*), a
 * machine without memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/stage.h"
#include "tests/unit/scratch.h"
#include "webhookd/intake.h"

#define TIMEOUT 2500
#define TTL 30000
#define WALL 1700000000000

#define TOKEN "t"
#define BODY(symbol, rest)                                                     \
	"{\"token\":\"t\",\"trendComposite\":4,\"symbol\":\"" symbol "\","     \
	"\"price\":\"1\"" rest "}"
#define BUY BODY("BTCUSDT", ",\"timestamp\":1640995200")
#define BARE BODY("BTCUSDT", "")
#define BUY_ID "1dfcd4efc5ab2d2ee626c20cd72303c8"

struct client {
	struct waiter *waiter;
	int answers, code, duplicate;
	char body[512];
};

static struct {
	char dir[SCRATCH_SIZE];
	struct store *store;
	struct intake *in;
	struct json_doc *doc;
	int64_t wall_ms, mono_ms;
	int connected;	     /* risker */
	int rows_fail;	     /* commits do */
	const char *outcome; /* of BUY_ID, in the states */
	int decided;
	size_t looks; /* for it */
	size_t lines; /* written */
	char last[1024];
	struct client c[64];
} f;

static int
ready(void *arg)
{
	(void)arg;
	return f.connected;
}

static int
hand(void *arg, const char *line, size_t len)
{
	(void)arg;
	if (!f.connected)
		return -1;
	assert_true(len < sizeof(f.last) && line[len - 1] == '\n');
	memcpy(f.last, line, len);
	f.last[len] = '\0';
	f.lines++;
	return 0;
}

static int
rows(void *arg, struct store_txn *t)
{
	(void)arg;
	(void)t;
	return f.rows_fail ? -1 : 0;
}

static const struct json *
outcome(void *arg, const char *id)
{
	static char text[512];

	(void)arg;
	f.looks++;
	if (f.outcome == NULL || strcmp(id, BUY_ID) != 0)
		return NULL;
	(void)snprintf(text, sizeof(text), "%s", f.outcome);
	return json_parse(f.doc, text, strlen(text));
}

static int
decided(void *arg, const char *id)
{
	(void)arg;
	(void)id;
	return f.decided;
}

static void
answered(void *arg, void *client, const struct intake_answer *a)
{
	struct client *c = client;

	(void)arg;
	c->answers++;
	c->code = a->code;
	c->duplicate = a->duplicate;
	c->waiter = NULL;
	assert_true(a->len < sizeof(c->body));
	memcpy(c->body, a->body, a->len);
	c->body[a->len] = '\0';
}

static void
start_with(int64_t map_size)
{
	struct store_opts so = {
		.dir = f.dir,
		.stage = "webhookd",
		.tables = intake_tables,
		.schema = INTAKE_SCHEMA,
		.map_size = map_size,
		.mode = STORE_OWN,
	};
	struct intake_opts o = {
		.timeout_ms = TIMEOUT,
		.ttl_ms = TTL,
		.ready = ready,
		.hand = hand,
		.outcome = outcome,
		.decided = decided,
		.rows = rows,
		.answer = answered,
	};
	char err[512];

	assert_int_equal(store_open(&f.store, &so, err, sizeof(err)), STORE_OK);
	o.store = f.store;
	f.in = intake_new(&o, f.wall_ms, f.mono_ms, err, sizeof(err));
	assert_non_null(f.in);
}

static void
start(void)
{
	start_with(16 << 20);
}

/* As kill -9 would leave it, or an orderly end: nothing differs. */
static void
end(void)
{
	intake_free(f.in);
	store_close(f.store);
	f.in = NULL;
	f.store = NULL;
	memset(f.c, 0, sizeof(f.c));
}

static int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.decided = 1;
	scratch_make(f.dir, "intake");
	f.doc = json_new();
	f.wall_ms = WALL;
	f.mono_ms = 1000000;
	f.connected = 1;
	return f.doc == NULL ? -1 : 0;
}

static int
teardown(void **state)
{

	(void)state;
	end();
	json_free(f.doc);
	return scratch_remove(f.dir);
}

static void
pass(int64_t ms)
{
	f.wall_ms += ms;
	f.mono_ms += ms;
	intake_time(f.in, f.wall_ms, f.mono_ms);
	intake_tick(f.in);
}

static void
post(size_t n, const char *body)
{
	struct alert a;
	struct buf errors;
	char copy[1024];

	assert_true(strlen(body) < sizeof(copy));
	(void)snprintf(copy, sizeof(copy), "%s", body);
	buf_init(&errors, 4096);
	assert_int_equal(alert_parse(&a, f.doc, copy, strlen(copy), TOKEN,
			     decimal_from_int(3), &errors),
	    ALERT_OK);
	buf_release(&errors);
	memset(&f.c[n], 0, sizeof(f.c[n]));
	f.c[n].waiter = intake_alert(f.in, &a, "127.0.0.1", &f.c[n]);
	assert_int_equal(f.c[n].waiter == NULL, f.c[n].answers == 1);
}

static void
commit(void)
{
	assert_int_equal(intake_commit(f.in), STORE_OK);
}

static enum intake_taken
result_line(const char *text)
{
	char copy[1024];
	const struct json *v;
	const char *why;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	v = json_parse(f.doc, copy, strlen(copy));
	assert_non_null(v);
	return intake_result(f.in, v, &why);
}

static enum intake_taken
result(const char *id, int code, const char *rest)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	    "{\"type\":\"result\",\"id\":\"%s\",\"code\":%d,\"ok\":%s%s}", id,
	    code, code < 300 ? "true" : "false", rest);
	return result_line(text);
}

static void
expect(size_t n, int code, const char *body)
{
	if (f.c[n].answers != 1 || f.c[n].code != code)
		fail_msg("client %zu: %d answers, code %d: %s", n,
		    f.c[n].answers, f.c[n].code, f.c[n].body);
	if (body != NULL)
		assert_string_equal(f.c[n].body, body);
}

static void
expect_none(size_t n)
{
	assert_int_equal(f.c[n].answers, 0);
}

/* The id of the last line. */
static const char *
last_id(void)
{
	static char id[ALERT_ID_SIZE];
	const char *at = strstr(f.last, "\"id\":\"");

	assert_non_null(at);
	(void)snprintf(id, sizeof(id), "%.32s", at + 6);
	return id;
}

static size_t
pending(void)
{
	struct intake_counts c;

	intake_counts(f.in, &c);
	return c.pending;
}

/* The row of an alert as it lies there. */
static void
expect_row(const char *id, const char *expected)
{
	struct store_txn *t;
	struct store_key k;
	const char *val;
	size_t len;

	store_key_init(&k);
	store_key_str(&k, id);
	assert_int_equal(store_begin(f.store, 0, &t), STORE_OK);
	assert_int_equal(
	    store_get(t, "alerts", k.p, k.len, &val, &len), STORE_OK);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(val, expected, len);
	store_abort(t);
}

#define LINE                                                                   \
	"{\"type\":\"alert\",\"id\":\"" BUY_ID "\",\"time\":"                  \
	"\"2023-11-14T22:13:20.000Z\",\"source\":\"127.0.0.1\",\"action\":"    \
	"\"buy\",\"symbol\":\"BTCUSDT\",\"trend_composite\":\"4\",\"price\":"  \
	"\"1\",\"timestamp\":\"1640995200000\"}"
#define DONE "{\"ok\":true,\"quantity\":0.020}"
#define DONE_AGAIN "{\"ok\":true,\"quantity\":0.020,\"duplicate\":true}"

static void
one_alert(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	/* The line is out before anything is stored, the answer is not. */
	assert_int_equal(f.lines, 1);
	assert_string_equal(f.last, LINE "\n");
	assert_int_equal(scratch_rows(f.store, "alerts"), 0);
	/* The disk is risker's first. */
	pass(INTAKE_RECORD_MS - 1);
	assert_int_equal(intake_needs(f.in), INTAKE_NOTHING);
	assert_int_equal(intake_due(f.in), f.mono_ms + 1);
	pass(1);
	assert_int_equal(intake_needs(f.in), INTAKE_NOW);
	commit();
	expect_none(0);
	assert_int_equal(intake_needs(f.in), INTAKE_NOTHING);
	assert_int_equal(scratch_rows(f.store, "pending"), 1);
	expect_row(BUY_ID,
	    "{\"id\":\"" BUY_ID "\",\"time\":\"2023-11-14T22:13:20.000Z\","
	    "\"state\":\"pending\",\"alert\":" LINE "}");
	assert_int_equal(
	    result(BUY_ID, 200, ",\"quantity\":0.020"), INTAKE_TAKEN);
	expect(0, 200, DONE);
	assert_int_equal(f.c[0].duplicate, 0);
	assert_int_equal(intake_needs(f.in), INTAKE_SOON);
	commit();
	expect_row(BUY_ID,
	    "{\"id\":\"" BUY_ID "\",\"time\":\"2023-11-14T22:13:20.000Z\","
	    "\"state\":\"answered\",\"alert\":" LINE ",\"code\":200,"
	    "\"answer\":" DONE "}");
	assert_int_equal(scratch_rows(f.store, "pending"), 0);
	assert_int_equal(pending(), 0);
	assert_int_equal(f.lines, 1);
	expect(0, 200, DONE);
}

/* A result before the commit waits for it: an answer is of a safe alert. */
static void
result_before_commit(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	assert_int_equal(
	    result(BUY_ID, 200, ",\"quantity\":0.020"), INTAKE_TAKEN);
	expect_none(0);
	post(1, BUY);
	expect_none(1);
	commit();
	expect(0, 200, DONE);
	expect(1, 200, DONE_AGAIN);
	assert_int_equal(scratch_rows(f.store, "pending"), 0);
}

/* F07 */
static void
duplicates(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	post(1, BUY);
	commit();
	for (size_t i = 2; i < 50; i++)
		post(i,
		    BODY("BYBIT:BTCUSDT.P",
			",\"timestamp\":\"2022-01-01T00:00:00Z\""));
	assert_int_equal(f.lines, 1);
	(void)result(BUY_ID, 200, ",\"quantity\":0.020");
	expect(0, 200, DONE);
	for (size_t i = 1; i < 50; i++)
		expect(i, 200, DONE_AGAIN);
	/* Its answer is not stored yet; then it is; then after a restart. */
	post(50, BUY);
	expect(50, 200, DONE_AGAIN);
	commit();
	post(51, BUY);
	expect(51, 200, DONE_AGAIN);
	end();
	start();
	post(52, BUY);
	expect(52, 200, DONE_AGAIN);
	assert_int_equal(f.c[52].duplicate, 1);
	assert_int_equal(f.lines, 1);
	/* Even with nobody to hand it to. */
	f.connected = 0;
	pass(86400000);
	post(53, BUY);
	expect(53, 200, DONE_AGAIN);
}

static void
no_result_in_time(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	commit();
	pass(1000);
	post(1, BUY);
	pass(TIMEOUT - 1001);
	expect_none(0);
	pass(1);
	expect(0, 202,
	    "{\"ok\":true,\"status\":\"pending\",\"id\":\"" BUY_ID
	    "\",\"timestamp\":\"2023-11-14T22:13:22.500Z\"}");
	expect_none(1);
	pass(1000);
	expect(1, 202,
	    "{\"ok\":true,\"status\":\"pending\",\"id\":\"" BUY_ID
	    "\",\"timestamp\":\"2023-11-14T22:13:23.500Z\",\"duplicate\":"
	    "true}");
	/* The result comes later, and answers the next one. */
	(void)result(BUY_ID, 200, ",\"quantity\":0.020");
	commit();
	post(2, BUY);
	expect(2, 200, DONE_AGAIN);
	assert_int_equal(f.lines, 1);
}

/* F08: a 503 leaves nothing behind. */
static void
risker_is_away(void **state)
{
	(void)state;
	start();
	f.connected = 0;
	post(0, BUY);
	expect(0, 503,
	    "{\"ok\":false,\"error\":\"Risker is not connected: try again\","
	    "\"timestamp\":\"2023-11-14T22:13:20.000Z\"}");
	post(1, BODY("BTCUSDT", ""));
	expect(1, 503, NULL);
	assert_int_equal(intake_needs(f.in), INTAKE_NOTHING);
	f.connected = 1;
	intake_connected(f.in);
	assert_int_equal(f.lines, 0);
	assert_int_equal(scratch_rows(f.store, "alerts"), 0);
	/* Sent again, both trade. */
	pass(5000);
	post(2, BUY);
	post(3, BODY("BTCUSDT", ""));
	commit();
	assert_int_equal(f.lines, 2);
	assert_int_equal(scratch_rows(f.store, "alerts"), 2);
}

/* What is pending is handed on again, in the order of receipt; once. */
static void
connections(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	pass(1);
	post(1, BODY("ETHUSDT", ",\"timestamp\":1640995200"));
	commit();
	assert_int_equal(f.lines, 2);
	f.connected = 0;
	pass(5000);
	f.connected = 1;
	intake_connected(f.in);
	assert_int_equal(f.lines, 4);
	assert_non_null(strstr(f.last, "ETHUSDT"));
	(void)result(last_id(), 422, "");
	intake_connected(f.in);
	assert_int_equal(f.lines, 5);
	assert_string_equal(f.last, LINE "\n");
	/* F50: not once it has expired. */
	pass(TTL - 5001);
	intake_connected(f.in);
	assert_int_equal(f.lines, 5);
}

/* F08: K2 and K3: recorded, and killed. */
static void
restart(void **state)
{
	(void)state;
	start();
	post(0, BODY("ETHUSDT", ",\"timestamp\":1640995200"));
	commit();
	pass(1);
	post(1, BUY);
	commit();
	end();
	f.lines = 0;
	f.wall_ms += 10000;
	f.mono_ms = 5; /* the machine was started anew */
	start();
	assert_int_equal(pending(), 2);
	intake_connected(f.in);
	assert_int_equal(f.lines, 2);
	assert_string_equal(f.last,
	    "{\"type\":\"alert\",\"id\":\"" BUY_ID "\",\"time\":"
	    "\"2023-11-14T22:13:20.001Z\",\"source\":\"127.0.0.1\","
	    "\"action\":\"buy\",\"symbol\":\"BTCUSDT\",\"trend_composite\":"
	    "\"4\",\"price\":\"1\",\"timestamp\":\"1640995200000\"}\n");
	post(2, BUY);
	expect_none(2);
	assert_int_equal(f.lines, 2);
	(void)result(BUY_ID, 200, ",\"quantity\":0.020");
	expect(2, 200, DONE_AGAIN);
	commit();
	end();
	/* The other expired meanwhile. */
	f.wall_ms += TTL;
	f.lines = 0;
	start();
	intake_connected(f.in);
	assert_int_equal(f.lines, 0);
	/* The last run may have handed it on: its result is waited for. */
	pass(1000);
	assert_int_equal(pending(), 1);
}

/* F07: without a timestamp the bytes are what tells. */
static void
without_timestamp(void **state)
{
	char first[ALERT_ID_SIZE];

	(void)state;
	start();
	post(0, BARE);
	assert_int_equal(f.lines, 0); /* recorded before it is handed on */
	post(1, BARE);
	commit();
	assert_int_equal(f.lines, 1);
	(void)snprintf(first, sizeof(first), "%s", last_id());
	pass(15000);
	post(2, BARE);
	assert_int_equal(f.c[2].waiter != NULL, 1);
	(void)result(first, 200, "");
	expect(2, 200, "{\"ok\":true,\"duplicate\":true}");
	commit();
	pass(20000);
	end();
	start(); /* 35 s after the first */
	post(3, BARE);
	expect(3, 200, "{\"ok\":true,\"duplicate\":true}");
	/* Other bytes are another alert. */
	post(4, BODY("BTCUSDT", " "));
	commit();
	assert_int_equal(f.lines, 2);
	assert_string_not_equal(last_id(), first);
	/* A minute after the first, not after the last. */
	pass(24999);
	post(5, BARE);
	expect(5, 200, "{\"ok\":true,\"duplicate\":true}");
	pass(1);
	post(6, BARE);
	expect_none(6);
	commit();
	assert_int_equal(f.lines, 3);
	assert_string_not_equal(last_id(), first);
	assert_int_equal(scratch_rows(f.store, "alerts"), 3);
	/* What is over is no longer kept. */
	pass(INTAKE_SAME_MS);
	post(7, BUY);
	commit();
	assert_int_equal(scratch_rows(f.store, "bodies"), 0);
}

/* F08: nothing can be recorded. */
static void
commit_fails(void **state)
{
	(void)state;
	start();
	f.rows_fail = 1;
	post(0, BUY);
	post(1, BARE);
	assert_int_equal(f.lines, 1);
	assert_int_not_equal(intake_commit(f.in), STORE_OK);
	assert_int_equal(intake_failing(f.in), 1);
	/* That one nobody knows of: refused and forgotten. */
	expect(1, 503,
	    "{\"ok\":false,\"error\":\"Unable to record the alert: try "
	    "again\",\"timestamp\":\"2023-11-14T22:13:20.000Z\"}");
	expect_none(0);
	/* Not tried before its time, and then recorded before handed on. */
	assert_int_equal(intake_needs(f.in), INTAKE_NOTHING);
	post(2, BODY("ETHUSDT", ",\"timestamp\":1640995200"));
	expect(2, 503, NULL);
	pass(100);
	assert_int_equal(intake_needs(f.in), INTAKE_NOW);
	post(3, BODY("ETHUSDT", ",\"timestamp\":1640995200"));
	expect_none(3);
	assert_int_equal(f.lines, 1);
	assert_int_not_equal(intake_commit(f.in), STORE_OK);
	expect(3, 503, NULL);
	assert_int_equal(f.lines, 1);
	/* The first was handed on, and gets its result, recorded or not. */
	(void)result(BUY_ID, 200, ",\"quantity\":0.020");
	expect(0, 200, DONE);
	post(4, BUY);
	expect(4, 200, DONE_AGAIN);
	/* When there is room again, it is recorded, and all is as before. */
	f.rows_fail = 0;
	pass(5000);
	commit();
	assert_int_equal(intake_failing(f.in), 0);
	assert_int_equal(scratch_rows(f.store, "alerts"), 1);
	post(5, BODY("ETHUSDT", ",\"timestamp\":1640995200"));
	assert_int_equal(f.lines, 2);
	commit();
	expect_none(5);
	post(6, BARE);
	commit();
	assert_int_equal(f.lines, 3);
}

/* F08: handed on, never recorded, no result: 503, and its id is not used up. */
static void
handed_on_and_lost(void **state)
{
	(void)state;
	start();
	f.rows_fail = 1;
	post(0, BUY);
	(void)intake_commit(f.in);
	pass(TIMEOUT);
	expect(0, 503, NULL);
	/* Sent again it waits again, and is written again to a new risker. */
	post(1, BUY);
	expect_none(1);
	assert_int_equal(f.lines, 1);
	f.connected = 0;
	f.connected = 1;
	intake_connected(f.in);
	assert_int_equal(f.lines, 1);
	post(2, BUY);
	assert_int_equal(f.lines, 2);
	assert_string_equal(f.last, LINE "\n");
	(void)result(BUY_ID, 200, ",\"quantity\":0.020");
	expect(1, 200, DONE_AGAIN);
	expect(2, 200, DONE_AGAIN);
}

/* F72: the map is full; what there was gets its results all the same. */
static void
map_full(void **state)
{
	char body[512];
	int64_t i;
	size_t n;

	(void)state;
	start_with(1 << 20);
	post(0, BUY);
	commit();
	for (i = 0; i < 20000; i++) {
		(void)snprintf(body, sizeof(body),
		    BODY("ETHUSDT", ",\"timestamp\":%lld"),
		    (long long)(1700000000 + i));
		post(1, body);
		if (intake_commit(f.in) != STORE_OK)
			break;
		(void)result(last_id(), 422, ",\"error\":\"no\"");
	}
	assert_true(i < 20000);
	n = f.lines;
	expect_none(1);
	/* New ones are refused, and not handed on. */
	pass(100);
	post(2, BODY("ETHUSDT", ",\"timestamp\":1600000000"));
	assert_int_equal(intake_commit(f.in), STORE_FULL);
	expect(2, 503, NULL);
	assert_int_equal(f.lines, n);
	(void)result(BUY_ID, 200, ",\"quantity\":0.020");
	expect(0, 200, DONE);
	pass(5000);
	assert_int_equal(intake_commit(f.in), STORE_FULL);
	post(3, BUY);
	expect(3, 200, DONE_AGAIN);
	end();
	start_with(1 << 20);
	post(4, BUY);
	expect(4, 200, DONE_AGAIN);
	/* A commit without a new alert is no proof that there is room. */
	for (i = 0; i < 1000 && !intake_failing(f.in); i++) {
		(void)snprintf(body, sizeof(body),
		    BODY("BTCUSDT", ",\"x\":%lld"), (long long)i);
		post(5, body);
		(void)intake_commit(f.in);
	}
	expect(5, 503, NULL);
	pass(1000);
	commit();
	assert_int_equal(intake_failing(f.in), 1);
	n = f.lines;
	post(6, BODY("ETHUSDT", ",\"timestamp\":1600000000"));
	assert_int_equal(intake_commit(f.in), STORE_FULL);
	expect(6, 503, NULL);
	assert_int_equal(f.lines, n);
}

static void
clients_that_go(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	post(1, BUY);
	intake_gone(f.in, f.c[0].waiter);
	commit();
	(void)result(BUY_ID, 200, ",\"quantity\":0.020");
	expect_none(0);
	expect(1, 200, DONE_AGAIN);
	commit();
	/* All of them: the alert is as good. */
	post(2, BARE);
	intake_gone(f.in, f.c[2].waiter);
	commit();
	assert_int_equal(f.lines, 2);
	pass(TIMEOUT);
	(void)result(last_id(), 200, "");
	commit();
	assert_int_equal(pending(), 0);
}

static void
expiry(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	commit();
	/* One that is recorded while risker goes. */
	post(1, BARE);
	f.connected = 0;
	commit();
	assert_int_equal(f.lines, 1);
	pass(TIMEOUT);
	expect(0, 202, NULL);
	expect(1, 202, NULL);
	pass(TTL - TIMEOUT);
	/* Nobody has seen that one: it will not be traded. */
	assert_int_equal(pending(), 1);
	commit();
	post(2, BARE);
	expect(2, 422,
	    "{\"ok\":false,\"error\":\"Trade validation failed\",\"errors\":"
	    "[\"Alert expired: it could not be handed on within 30 s\"],"
	    "\"warnings\":[],\"timestamp\":\"2023-11-14T22:13:50.000Z\","
	    "\"duplicate\":true}");
	f.connected = 1;
	intake_connected(f.in);
	assert_int_equal(f.lines, 1);
	/* The other may have been: its result is waited for, not for ever. */
	pass(INTAKE_GRACE_MS - 1);
	assert_int_equal(pending(), 1);
	pass(1000);
	assert_int_equal(pending(), 0);
	commit();
	post(3, BUY);
	expect(3, 422, NULL);
	assert_non_null(strstr(f.c[3].body, "nothing was heard"));
	assert_int_equal(scratch_rows(f.store, "pending"), 0);
	/* What comes after all is the truth. */
	assert_int_equal(
	    result(BUY_ID, 200, ",\"quantity\":0.020"), INTAKE_TAKEN);
	commit();
	assert_int_equal(result(BUY_ID, 422, ""), INTAKE_KNOWN);
	post(4, BUY);
	expect(4, 200, DONE_AGAIN);
}

/* Its result was told while nobody heard it: the states have it. */
static void
lost_result(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	commit();
	end();
	f.wall_ms += TIMEOUT - 1;
	f.outcome = "{\"type\":\"result\",\"id\":\"" BUY_ID
		    "\",\"code\":200,\"ok\":true,\"quantity\":0.020}";
	start();
	pass(0);
	assert_int_equal(f.looks, 0); /* it may still come */
	pass(1000);
	assert_int_equal(f.looks, 1);
	commit();
	assert_int_equal(pending(), 0);
	post(1, BUY);
	expect(1, 200, DONE_AGAIN);
	/* Looked for every five seconds, while there is none. */
	f.outcome = NULL;
	post(2, BODY("ETHUSDT", ",\"timestamp\":1640995200"));
	commit();
	pass(TTL);
	assert_int_equal(f.looks, 2);
	pass(4999);
	assert_int_equal(f.looks, 2);
	pass(1000);
	assert_int_equal(f.looks, 3);
	assert_int_equal(pending(), 1);
}

/* Handed on to a risker that has gone since, too late for another one. */
static void
lost_line(void **state)
{
	static const struct {
		int decided, connects, pending;
	} cases[] = {
		{ 0, 0, 1 },  /* it waits, unread */
		{ 1, 1, 1 },  /* its result is on the way */
		{ -1, 0, 1 }, /* nobody knows */
		{ 0, 0, 0 },
	};

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.decided = cases[i].decided;
		post(0, BUY);
		commit();
		pass(TIMEOUT);
		expect(0, 202, NULL);
		pass(TTL - TIMEOUT);
		if (cases[i].connects)
			intake_connected(f.in);
		pass(5000);
		commit();
		assert_int_equal(pending(), cases[i].pending);
	}
	post(1, BUY);
	expect(1, 422, NULL);
	assert_non_null(strstr(f.c[1].body, "nothing was heard"));
	assert_int_equal(scratch_rows(f.store, "pending"), 0);
}

static void
result_lines(void **state)
{
	static const struct {
		const char *line;
		enum intake_taken taken;
	} cases[] = {
		{ "{\"type\":\"result\"}", INTAKE_BAD },
		{ "{\"id\":\"x\",\"code\":200,\"ok\":true}", INTAKE_BAD },
		{ "{\"id\":\"" BUY_ID "\",\"code\":504,\"ok\":false}",
		    INTAKE_BAD },
		{ "{\"id\":\"" BUY_ID "\",\"code\":199,\"ok\":true}",
		    INTAKE_BAD },
		{ "{\"id\":\"" BUY_ID "\",\"code\":\"200\",\"ok\":1}",
		    INTAKE_BAD },
		{ "{\"id\":\"" BUY_ID "\",\"code\":200}", INTAKE_BAD },
		{ "{\"id\":\"00000000000000000000000000000000\",\"code\":200,"
		  "\"ok\":true}",
		    INTAKE_UNKNOWN },
		{ "{\"type\":\"result\",\"id\":\"" BUY_ID "\",\"code\":422,"
		  "\"ok\":false,\"error\":\"Bybit: x\",\"retCode\":110007,"
		  "\"riskMetrics\":{\"exposure\":\"15.50\",\"dailyTrades\":1},"
		  "\"price\":47500.00,\"warnings\":[\"a\"]}",
		    INTAKE_TAKEN },
		{ "{\"id\":\"" BUY_ID "\",\"code\":200,\"ok\":true}",
		    INTAKE_KNOWN },
	};

	(void)state;
	start();
	post(0, BUY);
	commit();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (result_line(cases[i].line) != cases[i].taken)
			fail_msg("%s", cases[i].line);
	expect(0, 422,
	    "{\"ok\":false,\"error\":\"Bybit: x\",\"retCode\":110007,"
	    "\"riskMetrics\":{\"exposure\":\"15.50\",\"dailyTrades\":1},"
	    "\"price\":47500.00,\"warnings\":[\"a\"]}");
	commit();
	assert_int_equal(
	    result_line(cases[8].line), INTAKE_KNOWN); /* from the row */
}

/* A peer came that may have lost results: whatever has none is asked again. */
static void
overdue(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	commit();
	intake_overdue(f.in);
	assert_int_equal(f.lines, 2);
	pass(TIMEOUT + 1);
	intake_overdue(f.in);
	assert_int_equal(f.lines, 3);
	f.connected = 0;
	intake_overdue(f.in);
	assert_int_equal(f.lines, 3);
}

static void
ends(void **state)
{
	(void)state;
	start();
	post(0, BUY);
	commit();
	intake_stop(f.in);
	post(1, BODY("ETHUSDT", ",\"timestamp\":1640995200"));
	expect(1, 503,
	    "{\"ok\":false,\"error\":\"Stopping: try again\",\"timestamp\":"
	    "\"2023-11-14T22:13:20.000Z\"}");
	post(2, BUY);
	expect_none(0);
	intake_end(f.in);
	expect(0, 202, NULL);
	expect(2, 202, NULL);
	assert_int_equal(f.lines, 1);
}

/* F49: many alerts, and a risker that says nothing. */
static void
many(void **state)
{
	char body[512];

	(void)state;
	start();
	for (int64_t i = 0; i < 1000; i++) {
		(void)snprintf(body, sizeof(body),
		    BODY("ETHUSDT", ",\"timestamp\":%lld"),
		    (long long)(1700000000 + i));
		post(0, body);
		intake_gone(f.in, f.c[0].waiter);
		if (i % 100 == 99)
			commit();
		pass(1);
	}
	assert_int_equal(pending(), 1000);
	assert_int_equal(scratch_rows(f.store, "pending"), 1000);
	end();
	f.lines = 0;
	start();
	intake_connected(f.in);
	assert_int_equal(f.lines, 1000);
	post(0, body);
	assert_true(intake_due(f.in) <= f.mono_ms + TIMEOUT);
	(void)result(last_id(), 200, "");
	expect(0, 200, "{\"ok\":true,\"duplicate\":true}");
	commit();
	assert_int_equal(scratch_rows(f.store, "pending"), 999);
}

#define U(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		U(one_alert),
		U(result_before_commit),
		U(duplicates),
		U(no_result_in_time),
		U(risker_is_away),
		U(connections),
		U(restart),
		U(without_timestamp),
		U(commit_fails),
		U(handed_on_and_lost),
		U(map_full),
		U(clients_that_go),
		U(expiry),
		U(lost_result),
		U(lost_line),
		U(result_lines),
		U(overdue),
		U(ends),
		U(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
