/*
 * trader in doubt: an order that no list shows, or one list alone, look-ups
 * that tell nothing, a stop whose fate is unknown, what the last run perhaps
 * sent (F01, F03, F04, F05, F06, F14).
 *
 * Not tested here: the usual way, crashes at every turn (test-trader-ways).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/trader-fake.h"

#define STOP 46550000 /* of the fake's entries */

/* F04: the request never arrived, but no look-up says so: it is not repeated.
 */
static void
test_failed_looks(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_SWALLOW);
	f->looks_fail = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 25000);
	assert_int_equal(f->creates, 1);
	fake_expect(f, 1, "-0", "sent");
	assert_true(
	    fake_alarm(f, "unknown 00000000000000000000000000000001-0"));
}

/* F04: an answer about another order is none about this one. */
static void
test_foreign_rows(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_SWALLOW);
	f->foreign = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 25000);
	assert_int_equal(f->creates, 1);
	fake_expect(f, 1, "-0", "sent");
}

/*
 * F04: three whole looks without a trace, and not fewer: those at 10 and 15 s
 * do not do, the third is at 20.
 */
static void
test_three_looks(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_SWALLOW);
	f->looks_fail = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 9500);
	f->looks_fail = 0;
	fake_run(f, 9000);
	assert_int_equal(f->creates, 1);
	fake_run(f, 4000);
	assert_int_equal(f->creates, 2);
	fake_expect(f, 1, "-0", "protected");
}

/* F01: the second request is the last one. */
static void
test_no_third_send(void **state)
{
	struct fake *f = *state;
	char line[2048];

	FAKE_SCRIPT(f, FAKE_SWALLOW, FAKE_SWALLOW);
	f->opts.alert_ttl_ms = f->t->opts.alert_ttl_ms = 120000;
	fake_line(line, sizeof(line), f, 1, "buy", "");
	/* It lives for 89 s: what ends it is not its age. */
	memcpy(strstr(line, "10:30:29"), "10:31:59", 8);
	assert_int_equal(fake_take(f, line, 0, 0), TRADER_TAKEN);
	fake_run(f, 55000);
	assert_int_equal(f->creates, 2);
	fake_expect(f, 1, "-0", "sent");
	fake_run(f, 30000);
	assert_int_equal(f->creates, 2);
	fake_expect(f, 1, "-0", "failed");
	assert_int_equal(f->halted, 1);
	assert_int_equal(fake_said(f, 1), 1);
}

/* F04: in one of the three places alone: found. */
static void
test_one_place(void **state)
{
	static const char *const places[] = { "/v5/order/realtime",
		"/v5/order/history", "/v5/execution/list" };
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		struct fake f;

		fake_start(&f);
		fake_run(&f, 500);
		FAKE_SCRIPT(&f, FAKE_LOSE);
		f.shown_in = places[i];
		/* The position would tell as well, but later. */
		f.position_lag = 8000;
		fake_alert(&f, 1, "buy");
		fake_run(&f, 5000);
		fake_expect(&f, 1, "-0", "filled");
		fake_run(&f, 10000);
		fake_expect(&f, 1, "-0", "protected");
		assert_int_equal(f.creates, 1);
		fake_end(&f);
	}
}

/* F04: in no list, ever; but the position has grown: it is not sent again. */
static void
test_position_tells(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_LOSE);
	f->order_lag = 1000000;
	fake_alert(f, 1, "buy");
	fake_run(f, 50000);
	assert_int_equal(f->creates, 1);
	fake_run(f, 20000);
	assert_int_equal(f->creates, 1);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->halted, 0);
	assert_int_equal(fake_said(f, 1), 1);
}

/*
 * The last run sent it, and was killed before it could store that; lists and
 * position show it that much later.
 */
static void
sent_by_last_run(struct fake *f, int64_t order_lag, int64_t position_lag)
{
	char line[2048];

	fake_line(line, sizeof(line), f, 1, "buy", "");
	assert_int_equal(fake_take(f, line, 0, 0), TRADER_TAKEN);
	f->order_lag = order_lag;
	f->position_lag = position_lag;
	while (f->ncalls == 0 ||
	    strcmp(f->calls[f->ncalls - 1].path, "/v5/order/create") != 0)
		fake_turn(f, 10, 0);
	fake_crash(f, 1);
	assert_int_equal(fake_booked(f, 1, "-0"), 1);
	assert_int_equal(fake_take(f, line, 1, 0), TRADER_TAKEN);
}

/*
 * F03: perhaps sent by the last run, hidden, and this run's request certainly
 * had no effect: it is not expired, for the last run's may stand.
 */
static void
test_perhaps_sent_stays_in_doubt(void **state)
{
	struct fake *f = *state;

	sent_by_last_run(f, 40000, 15000);
	FAKE_SCRIPT(f, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT,
	    FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT);
	fake_run(f, 35000);
	fake_expect(f, 1, "-0", "sent");
	assert_int_equal(fake_said(f, 1), 0);
	fake_run(f, 15000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(fake_booked(f, 1, "-0"), 1);
}

/*
 * F03, F04: perhaps sent by the last run, in no list, but a position is there:
 * it is neither sent nor expired; once a list has it, it is guarded.
 */
static void
test_perhaps_sent_and_standing(void **state)
{
	struct fake *f = *state;

	sent_by_last_run(f, 40000, 0);
	fake_run(f, 35000);
	assert_int_equal(f->creates, 1);
	assert_int_equal(fake_said(f, 1), 0);
	assert_true(
	    fake_alarm(f, "unknown 00000000000000000000000000000001-0"));
	fake_run(f, 10000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->creates, 1);
	assert_false(
	    fake_alarm(f, "unknown 00000000000000000000000000000001-0"));
}

/* The same, and no list ever has it: a person must look. */
static void
test_perhaps_sent_and_lost(void **state)
{
	struct fake *f = *state;

	sent_by_last_run(f, 1000000, 0);
	fake_run(f, 55000);
	assert_int_equal(fake_said(f, 1), 0);
	fake_run(f, 10000);
	fake_expect(f, 1, "-0", "failed");
	assert_int_equal(f->halted, 1);
	assert_int_equal(f->creates, 1);
	assert_int_equal(fake_said(f, 1), 1);
}

/* F03: what the last run perhaps sent is settled before a new entry goes out,
 * of another symbol, too. */
static void
test_settled_first(void **state)
{
	struct fake *f = *state;
	char line[2048];
	char *p;

	sent_by_last_run(f, 0, 0);
	f->held = "/v5/order/realtime";
	fake_line(line, sizeof(line), f, 2, "buy", "");
	p = strstr(line, "BTCUSDT");
	memcpy(p, "ETH", 3);
	assert_int_equal(fake_take(f, line, 0, 0), TRADER_TAKEN);
	fake_run(f, 3000);
	assert_int_equal(f->creates, 1);
	f->held = NULL;
	fake_run(f, 1000);
	assert_int_equal(f->creates, 2);
	fake_expect(f, 1, "-0", "protected");
}

/* A scan goes by ids; what it finds goes by the time of the decisions. */
static void
test_in_their_order(void **state)
{
	struct fake *f = *state;
	char first[2048], second[2048];

	fake_line(first, sizeof(first), f, 9, "buy", "");
	f->wall++;
	fake_line(second, sizeof(second), f, 1, "buy", "");
	assert_int_equal(fake_take(f, second, 1, 0), TRADER_TAKEN);
	assert_int_equal(fake_take(f, first, 1, 0), TRADER_TAKEN);
	assert_string_equal(
	    f->t->orders->id, "00000000000000000000000000000009");
}

/* F14: what the last run sent counts, wherever it is found. */
static void
test_counted_wherever_found(void **state)
{
	static const char *const places[] = { NULL, "/v5/execution/list" };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct fake f;

		fake_start(&f);
		fake_run(&f, 500);
		f.shown_in = places[i];
		sent_by_last_run(&f, 0, 0);
		/* Before it is known, the worst is assumed. */
		assert_int_equal(caps_minute(f.t), 1);
		fake_run(&f, 3000);
		fake_expect(&f, 1, "-0", "protected");
		assert_int_equal(caps_minute(f.t), 1);
		/* 0.020 at 47,500. */
		assert_int_equal(
		    decimal_cmp(caps_notional(f.t), decimal_from_int(950)), 0);
		fake_end(&f);
	}
}

/*
 * F06: the stop is set, the reply is lost, and the position shows it late; the
 * next request is refused.  One stop, no close.
 */
static void
test_stop_in_doubt(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->stops_lost = 1;
	f->position_lag = 3000;
	f->stop = 0;
	fake_run(f, 10000);
	assert_in_range(f->stops, 2, 4);
	assert_int_equal(f->stop, STOP);
	assert_int_equal(f->size, 20);
	assert_int_equal(f->creates, 1);
	fake_expect(f, 1, "-0", "protected");
	assert_false(fake_alarm(f, "unprotected BTCUSDT 0"));
}

/* F05, F66: without its stop, and the price is where that would have acted:
 * closed at once. */
static void
test_through_the_stop(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->mark = 46550;
	f->stop = 0;
	fake_run(f, 3500);
	assert_int_equal(f->size, 0);
	assert_int_equal(f->stops, 0);
	assert_int_equal(fake_booked(f, 1, "-0x"), 1);
}

/* … before any list has told the fill: what it was closed for is the answer. */
static void
test_through_before_the_fill(void **state)
{
	struct fake *f = *state;

	f->order_lag = 3000;
	f->percent[0] = 50;
	f->npercent = 1;
	fake_alert(f, 1, "buy");
	fake_turn(f, 10, 1);
	fake_turn(f, 10, 1);
	assert_int_equal(f->size, 10);
	f->mark = 46550;
	f->stop = 0;
	fake_run(f, 20000);
	assert_int_equal(f->size, 0);
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(fake_said(f, 1), 1);
	assert_non_null(strstr(
	    buf_cstr(&f->said), "Bybit: closed for want of a stop loss"));
}

/*
 * The tick has changed since risker was told: Bybit puts the stop on its own.
 * That is a stop, and no reason to close; one that it never took is none.
 */
static void
test_stop_on_another_tick(void **state)
{
	struct fake *f = *state;

	f->tick = 100000;
	fake_alert(f, 1, "buy");
	fake_run(f, 15000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->stop, 46500000);
	assert_int_equal(f->creates, 1);
	assert_false(fake_alarm(f, "unprotected BTCUSDT 0"));
	fake_alert(f, 2, "close");
	fake_run(f, 5000);
	f->stops_refused = 1;
	fake_alert(f, 3, "buy");
	fake_run(f, 15000);
	fake_expect(f, 3, "-0", "closed");
	assert_int_equal(fake_booked(f, 3, "-0x"), 1);
}

/* Somebody moved the stop: theirs to do. */
static void
test_stop_moved(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->stop = 47000000;
	fake_run(f, 20000);
	assert_int_equal(f->stop, 47000000);
	assert_int_equal(f->stops, 0);
	assert_int_equal(f->creates, 1);
}

/* F05: Bybit takes no close either; meanwhile the stop can be set: it is. */
static void
test_stop_while_closing(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->stop = 0;
	f->stops_refused = 1;
	FAKE_SCRIPT(f, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE,
	    FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE);
	fake_run(f, 11500);
	assert_int_equal(f->size, 20);
	assert_true(f->creates > 1);
	assert_true(fake_alarm(f, "unprotected BTCUSDT 0"));
	f->stops_refused = 0;
	fake_run(f, 1500);
	assert_int_equal(f->stop, STOP);
	assert_int_equal(f->size, 20);
}

/* F05, F62: closed for want of a stop, and there again: another order, with an
 * id of its own, closes that. */
static void
test_bare_again(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->stop = 0;
	f->stops_refused = 1;
	for (int i = 0; i < 2000 && f->size > 0; i++)
		fake_turn(f, 10, 1);
	assert_int_equal(fake_booked(f, 1, "-0x"), 1);
	f->side = 'B';
	f->size = 20;
	f->seq++;
	fake_run(f, 12000);
	assert_int_equal(fake_booked(f, 1, "-0xa"), 1);
	assert_int_equal(f->size, 0);
	fake_expect(f, 1, "-0", "closed");
}

/* Nobody can tell whether it is protected: said, and said that it is over. */
static void
test_position_unread(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->held = "/v5/position/list";
	fake_run(f, 11000);
	assert_false(fake_alarm(f, "unread BTCUSDT 0"));
	fake_run(f, 3000);
	assert_true(fake_alarm(f, "unread BTCUSDT 0"));
	f->held = NULL;
	fake_run(f, 1000);
	assert_false(fake_alarm(f, "unread BTCUSDT 0"));
	assert_int_equal(f->creates, 1);
}

/* F13: the fill is told, and the position is not shown for 30 s. */
static void
test_position_late(void **state)
{
	struct fake *f = *state;

	f->position_lag = 30000;
	fake_alert(f, 1, "buy");
	fake_run(f, 29000);
	fake_expect(f, 1, "-0", "filled");
	fake_run(f, 3000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->creates, 1);
}

/* All of Bybit is late: it is no end of an entry that has just filled. */
static void
test_no_position_yet(void **state)
{
	struct fake *f = *state;

	f->position_lag = 8000;
	f->stops_late = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 10000);
	fake_expect(f, 1, "-0", "protected");
	fake_alert(f, 2, "close");
	fake_run(f, 20000);
	fake_expect(f, 1, "-0", "closed");
	/* One that was stopped out at once is told by the same words, later. */
	f->position_lag = 300;
	fake_alert(f, 3, "buy");
	fake_run(f, 100);
	f->side = (char)(f->size = f->stop = 0);
	f->seq++;
	fake_run(f, 12000);
	fake_expect(f, 3, "-0", "closed");
}

/*
 * The first certainly had no effect, and of the second nothing was stored when
 * it went out and the run was killed: a third that is refused is no end.
 */
static void
test_refused_after_crash(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_LIMIT);
	fake_alert(f, 1, "buy");
	while (f->creates == 0)
		fake_turn(f, 10, 1);
	fake_expect(f, 1, "-0", "sent");
	while (f->ncalls == 0 ||
	    strcmp(f->calls[f->ncalls - 1].path, "/v5/order/create") != 0)
		fake_turn(f, 10, 0);
	f->order_lag = 30000;
	f->position_lag = 14000;
	fake_crash(f, 1);
	FAKE_SCRIPT(f, FAKE_REFUSE);
	fake_run(f, 40000);
	fake_expect(f, 1, "-0", "protected");
	fake_expect_stands(f, 20);
	assert_int_equal(fake_booked(f, 1, "-0"), 1);
}

/* Then somebody wants it closed, and nobody has told of it yet. */
static void
test_flatten_after_crash(void **state)
{
	struct fake *f = *state;

	sent_by_last_run(f, 0, 0);
	trader_flatten(f->t, 1);
	fake_run(f, 15000);
	fake_expect_stands(f, 0);
	fake_expect(f, 1, "-0", "closed");
	assert_true(trader_flat(f->t));
}

static void
test_close_after_crash(void **state)
{
	struct fake *f = *state;

	sent_by_last_run(f, 4000, 4000);
	fake_alert(f, 2, "close");
	fake_run(f, 20000);
	fake_expect_stands(f, 0);
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(fake_booked(f, 1, "-0"), 1);
}

int
main(void)
{
#define DOUBT(name)                                                            \
	cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
		DOUBT(test_failed_looks),
		DOUBT(test_foreign_rows),
		DOUBT(test_three_looks),
		DOUBT(test_no_third_send),
		cmocka_unit_test(test_one_place),
		DOUBT(test_position_tells),
		DOUBT(test_perhaps_sent_stays_in_doubt),
		DOUBT(test_perhaps_sent_and_standing),
		DOUBT(test_perhaps_sent_and_lost),
		DOUBT(test_settled_first),
		DOUBT(test_in_their_order),
		cmocka_unit_test(test_counted_wherever_found),
		DOUBT(test_stop_in_doubt),
		DOUBT(test_through_the_stop),
		DOUBT(test_through_before_the_fill),
		DOUBT(test_stop_on_another_tick),
		DOUBT(test_stop_moved),
		DOUBT(test_stop_while_closing),
		DOUBT(test_bare_again),
		DOUBT(test_position_unread),
		DOUBT(test_position_late),
		DOUBT(test_no_position_yet),
		DOUBT(test_refused_after_crash),
		DOUBT(test_flatten_after_crash),
		DOUBT(test_close_after_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
