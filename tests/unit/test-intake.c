/*
 * intake: duplicates, who waits for what, handing on, results and answers
 * (F07, F08).
 *
 * Not tested here: what is lost, fails or is over (test-intake-lost); sockets,
 * the loop, kill -9 (e2e/webhookd-*); a machine without memory.
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		U(one_alert),
		U(result_before_commit),
		U(duplicates),
		U(no_result_in_time),
		U(without_timestamp),
		U(clients_that_go),
		U(result_lines),
		U(overdue),
		U(ends),
		U(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
