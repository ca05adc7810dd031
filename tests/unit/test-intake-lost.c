/*
 * intake where risker is away, lines and results are lost, alerts expire, the
 * state cannot be written, and after a restart (F07, F08, F49, F50, F72).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/intake_fixture.h"
#include "tests/unit/scratch.h"
#include "webhookd/intake.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		U(risker_is_away),
		U(connections),
		U(restart),
		U(commit_fails),
		U(handed_on_and_lost),
		U(map_full),
		U(expiry),
		U(lost_result),
		U(lost_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
