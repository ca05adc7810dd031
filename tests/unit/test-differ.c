/*
 * differ: the rules of signals, where a recording cannot reach or would not be
 * readable.  Most rules, and the whole lines, are in tests/replay.
 *
 * Expected signals are worked out by hand; differ_fixture.h tells how they are
 * summed up.  Not tested here: sums (test-differ-sums.c), restarts and the
 * state (test-differ-state.c), the process (tests/e2e), endpoints, logs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/differ_fixture.h"

/* A trade's life, each step with its record. */
static void
test_life(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "45000", "45000", 10, 4000),
		""));
	says(f, "OPEN #1 BTCUSDT buy 1<0 45000\n");
	feed(f,
	    snap(10000,
		row("BTCUSDT", "Buy", "1.50", "45100", "45200", 11, 9000), ""));
	says(f, "INCREASE #1 BTCUSDT buy 1.5<1 45100\n");
	feed(f,
	    snap(15000,
		row("BTCUSDT", "Buy", "0.5", "45100", "45300", 12, 14000),
		record("BTCUSDT", "Sell", "a", "1", "45100", "45300", "195.5",
		    14000)));
	says(f, "PARTIAL_CLOSE #1 BTCUSDT buy 0.5<1.5 45100 pnl 195.5\n");
	/* (1 x 45300 + 0.5 x 46200) / 1.5 = 45600; 500 / 45100 = 1.1086 % */
	feed(f,
	    snap(20000, row("BTCUSDT", "", "0", "0", "46200", 13, 19000),
		record("BTCUSDT", "Sell", "b", "0.5", "45100", "46200", "549.5",
		    19000)));
	says(f, "CLOSE #1 BTCUSDT buy 0<0.5 45100 exit 45600 1.11% pnl 745\n");
	row_has(f, 1, "\"status\":\"closed\"");
	row_has(f, 1, "\"max_position_size\":\"1.5\"");
	row_has(f, 1, "\"realized_pnl\":\"745\"");
}

/*
 * F19: a snapshot that lags shows the position again that is known to have
 * closed; it is no new one.
 */
static void
test_stale_row_after_close(void **state)
{
	struct fixture *f = *state;
	const char *open =
	    row("BTCUSDT", "Buy", "1", "45000", "45000", 10, 4000);

	feed(f, snap(0, "", ""));
	feed(f, snap(5000, open, ""));
	feed(f,
	    snap(10000, row("BTCUSDT", "", "0", "0", "45000", 12, 9000),
		record("BTCUSDT", "Sell", "a", "1", "45000", "45100", "100",
		    9000)));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 45000\n"
	    "CLOSE #1 BTCUSDT buy 0<1 45000 exit 45100 0.22% pnl 100\n");
	close_state(f);
	open_state(f);
	assert_int_equal(feed(f, snap(15000, open, "")), DIFFER_TAKEN);
	assert_int_equal(f->d->nnotes, 1);
	says(f, "");
	feed(f,
	    snap(20000, row("BTCUSDT", "Buy", "1", "46000", "46000", 14, 19000),
		""));
	says(f, "OPEN #2 BTCUSDT buy 1<0 46000\n");
}

/* The same, where records alone proved that it closed. */
static void
test_stale_row_after_records(void **state)
{
	struct fixture *f = *state;
	const char *open =
	    row("BTCUSDT", "Buy", "1", "45000", "45000", 10, 4000);

	feed(f, snap(0, "", ""));
	feed(f, snap(5000, open, ""));
	feed(f,
	    snap(10000, "",
		record("BTCUSDT", "Sell", "a", "1", "45000", "45100", "100",
		    9000)));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 45000\n"
	    "CLOSE #1 BTCUSDT buy 0<1 45000 exit 45100 0.22% pnl 100\n");
	feed(f, snap(15000, open, ""));
	says(f, "");
}

/* Absence was announced; the very same position is there after all. */
static void
test_back_after_estimated_close(void **state)
{
	struct fixture *f = *state;
	const char *open =
	    row("BTCUSDT", "Buy", "1", "45000", "45500", 10, 4000);

	feed(f, snap(0, "", ""));
	feed(f, snap(5000, open, ""));
	says(f, "OPEN #1 BTCUSDT buy 1<0 45000\n");
	feed(f, snap(10000, "", ""));
	feed(f, snap(40000, "", ""));
	feed(f, snap(70000, "", "")); /* the third, 60 s after the first */
	says(f, "");
	feed(f, snap(75000, open, "")); /* not announced yet: never gone */
	feed(f, snap(85000, open, ""));
	says(f, "");
	feed(f, snap(90000, "", ""));
	feed(f, snap(155000, "", "")); /* 65 s, but two snapshots */
	feed(f, snap(156000, "", "")); /* proof */
	feed(f, snap(156000 + 9999, "", ""));
	says(f, "");
	feed(f, snap(166000, "", ""));
	says(f,
	    "CLOSE #1 BTCUSDT buy 0<1 45000 exit 45500 1.11% pnl 500 "
	    "estimated\n");
	feed(f, snap(170000, open, ""));
	says(f, "OPEN #2 BTCUSDT buy 1<0 45000\n");
}

/* An order that fills bit by bit has one record, which grows. */
static void
test_growing_record(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), ""));
	feed(f,
	    snap(10000, row("BTCUSDT", "Buy", "0.7", "100", "110", 11, 9000),
		record(
		    "BTCUSDT", "Sell", "a", "0.3", "100", "110", "3", 9000)));
	/* (1 x 113 - 0.3 x 110) / 0.7 = 80 / 0.7 */
	feed(f,
	    snap(15000, row("BTCUSDT", "", "0", "0", "115", 12, 14000),
		record(
		    "BTCUSDT", "Sell", "a", "1", "100", "113", "13", 14000)));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 100\n"
	    "PARTIAL_CLOSE #1 BTCUSDT buy 0.7<1 100 pnl 3\n"
	    "CLOSE #1 BTCUSDT buy 0<0.7 100 exit 113 13.00% pnl 13\n");
}

/*
 * The record of two shrinks comes when the first was estimated: it serves the
 * second and replaces the estimate of the first.
 */
static void
test_one_record_for_two_steps(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), ""));
	feed(f,
	    snap(10000, row("BTCUSDT", "Buy", "0.7", "100", "110", 11, 9000),
		""));
	feed(f,
	    snap(20000, row("BTCUSDT", "Buy", "0.7", "100", "111", 11, 9000),
		""));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 100\n"
	    "PARTIAL_CLOSE #1 BTCUSDT buy 0.7<1 100 pnl 3 estimated\n");
	feed(f,
	    snap(25000, row("BTCUSDT", "Buy", "0.5", "100", "112", 12, 24000),
		record(
		    "BTCUSDT", "Sell", "a", "0.5", "100", "110", "5", 24000)));
	says(f, "PARTIAL_CLOSE #1 BTCUSDT buy 0.5<0.7 100 pnl 2\n");
	row_has(f, 1, "\"realized_pnl\":\"5\"");
	feed(f,
	    snap(30000, row("BTCUSDT", "", "0", "0", "120", 13, 29000),
		record(
		    "BTCUSDT", "Sell", "b", "0.5", "100", "120", "10", 29000)));
	says(f, "CLOSE #1 BTCUSDT buy 0<0.5 100 exit 115 15.00% pnl 15\n");
}

/* Something was added and closed between two polls: totals alone. */
static void
test_hidden_close(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), ""));
	feed(f,
	    snap(10000, row("BTCUSDT", "Buy", "1", "101", "102", 12, 9000),
		record(
		    "BTCUSDT", "Sell", "a", "0.5", "101", "103", "1", 8000)));
	says(f, "OPEN #1 BTCUSDT buy 1<0 100\n");
	row_has(f, 1, "\"realized_pnl\":\"1\"");
	/* A record a moment younger than its row: a minute shows it. */
	feed(f,
	    snap(20000, row("BTCUSDT", "Buy", "1", "101.5", "102", 14, 19000),
		record(
		    "BTCUSDT", "Sell", "b", "0.5", "101", "103", "1", 19005)));
	row_has(f, 1, "\"realized_pnl\":\"1\"");
	feed(f,
	    snap(80000, row("BTCUSDT", "Buy", "1", "101.5", "102", 14, 19000),
		""));
	commit(f);
	row_has(f, 1, "\"realized_pnl\":\"2\"");
}

/* A day passes, nine days pass: order ids are remembered long enough. */
static void
test_old_records(void **state)
{
	struct fixture *f = *state;
	const char *r =
	    record("BTCUSDT", "Sell", "a", "1", "100", "110", "10", 4000);

	feed(f, snap(0, "", ""));
	feed(f, snap(5000, "", r));
	feed(f, snap(13999, "", ""));
	says(f, "");
	feed(f, snap(14000, "", ""));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 100\n"
	    "CLOSE #1 BTCUSDT buy 0<1 100 exit 110 10.00% pnl 10\n");
	feed(f, snap(7 * DAY, "", r));
	feed(f, snap(8 * DAY, "", r));
	feed(f, snap(8 * DAY + 5000, "", r));
	feed(f, snap(9 * DAY, "", r));
	feed(f, snap(10 * DAY, "", r));
	feed(f, snap(20 * DAY, "", r));
	says(f, "");
}

static void
test_reasons(void **state)
{
	static const struct {
		const char *fields, *reason;
	} t[] = {
		{ "\"execType\":\"BustTrade\"", "liquidation" },
		{ "\"execType\":\"AdlTrade\"", "adl" },
		{ "\"execType\":\"Settle\"", "settlement" },
		{ "\"execType\":\"Delivery\"", "settlement" },
		{ "\"execType\":\"Trade\",\"createType\":"
		  "\"CreateByTakeOver_PassThrough\"",
		    "liquidation" },
		{ "\"execType\":\"Trade\",\"createType\":\"CreateByLiq\"",
		    "liquidation" },
		{ "\"execType\":\"Trade\",\"createType\":"
		  "\"CreateByAdl_PassThrough\"",
		    "adl" },
		{ "\"execType\":\"Trade\",\"createType\":\"CreateBySettle\"",
		    "settlement" },
		{ "\"execType\":\"Trade\",\"stopOrderType\":\"StopLoss\"",
		    "stop_loss" },
		{ "\"execType\":\"Trade\",\"createType\":"
		  "\"CreateByPartialStopLoss\"",
		    "stop_loss" },
		{ "\"execType\":\"Trade\",\"stopOrderType\":\"TrailingStop\"",
		    "stop_loss" },
		{ "\"execType\":\"Trade\",\"stopOrderType\":"
		  "\"PartialTakeProfit\"",
		    "take_profit" },
		{ "\"execType\":\"Trade\",\"createType\":"
		  "\"CreateByTakeProfit\"",
		    "take_profit" },
		{ "\"execType\":\"Trade\",\"stopOrderType\":\"UNKNOWN\","
		  "\"createType\":\"CreateByUser\"",
		    "trade" },
		{ "\"execType\":\"Trade\"", "trade" },
	};
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t at = 20000 * (int64_t)(i + 1);
		const char *id = text("order-%zu", i);

		feed(f,
		    text("{\"type\":\"executions\",\"time\":\"%s\","
			 "\"account\":\"main\",\"category\":\"linear\","
			 "\"list\":[{\"symbol\":\"BTCUSDT\",\"orderId\":"
			 "\"%s\",\"execTime\":\"%lld\",%s},"
			 "{\"symbol\":\"BTCUSDT\",\"orderId\":\"%s\","
			 "\"execTime\":\"%lld\",\"execType\":"
			 "\"Funding\"}]}",
			iso(BASE + at - 11000), id,
			(long long)(BASE + at - 12000), t[i].fields, id,
			(long long)(BASE + at - 12000)));
		feed(f,
		    snap(at, "",
			record("BTCUSDT", "Sell", id, "1", "100", "110", "10",
			    at - 12000)));
		says(f,
		    text("OPEN #%zu BTCUSDT buy 1<0 100\nCLOSE #%zu "
			 "BTCUSDT buy 0<1 100 exit 110 10.00%% pnl 10 "
			 "%s\n",
			i + 1, i + 1, t[i].reason));
	}
}

/* The records of another settle coin's symbols wait for its own snapshot. */
static void
test_other_coins_record(void **state)
{
	static const char usdc[] =
	    "{\"type\":\"positions\",\"time\":\"%s\",\"account\":\"main\","
	    "\"category\":\"linear\",\"settle_coin\":\"USDC\",\"positions\":"
	    "[],\"closed_pnl\":[%s]}";
	struct fixture *f = *state;
	const char *r =
	    record("BTCUSDT", "Sell", "a", "0.5", "100", "110", "5", 6000);

	feed(f, snap(0, "", ""));
	feed(f, text(usdc, iso(BASE + 1), ""));
	/* USDC's snapshot comes first, and has the record. */
	feed(f, text(usdc, iso(BASE + 9000), r));
	says(f, "");
	feed(f,
	    snap(
		9001, row("BTCUSDT", "Buy", "0.5", "100", "110", 10, 6000), r));
	says(f, "OPEN #1 BTCUSDT buy 0.5<0 100\n");
	row_has(f, 1, "\"realized_pnl\":\"5\"");
	row_has(f, 1, "\"pnl_coin\":\"USDT\"");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define STATEFUL(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		STATEFUL(test_life),
		STATEFUL(test_stale_row_after_close),
		STATEFUL(test_stale_row_after_records),
		STATEFUL(test_back_after_estimated_close),
		STATEFUL(test_growing_record),
		STATEFUL(test_one_record_for_two_steps),
		STATEFUL(test_hidden_close),
		STATEFUL(test_old_records),
		STATEFUL(test_reasons),
		STATEFUL(test_other_coins_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
