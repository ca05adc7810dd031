/*
 * trader: what does not fill, what Bybit does not take, and what must not go
 * out (F12, F14, F20, F50, F51, F65, F67, F72).
 *
 * Not tested here: the limits of the checks (test-trader), lost replies
 * (test-trader-ways, test-trader-doubt).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/trader-fake.h"

/* F12: cancelled without a fill, say the lists; the position has one. */
static void
test_denied_fill(void **state)
{
	struct fake *f = *state;

	f->denied = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 3000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->creates, 1);
	assert_non_null(strstr(buf_cstr(&f->said), "\"filledQty\":0.020"));
}

/* The same, and the position shows it half a second late: two looks. */
static void
test_denied_fill_seen_late(void **state)
{
	struct fake *f = *state;

	f->denied = 1;
	f->position_lag = 500;
	fake_alert(f, 1, "buy");
	fake_run(f, 4000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->creates, 1);
}

/* F12, F14: nothing fills: failed, not repeated; five in a row halt. */
static void
test_no_fill_halts(void **state)
{
	struct fake *f = *state;

	f->npercent = 5; /* of 0 each */
	for (int n = 1; n <= 5; n++) {
		assert_int_equal(f->halted, 0);
		fake_alert(f, n, "buy");
		fake_run(f, 4000);
		fake_expect(f, n, "-0", "failed");
		assert_int_equal(fake_said(f, n), 1);
	}
	assert_int_equal(f->creates, 5);
	assert_int_equal(f->halted, 1);
}

/*
 * F14, F72: nothing can be stored: no entry goes out, and no second request of
 * one; a close does.
 */
static void
test_blocked(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	trader_blocked(f->t, 1);
	fake_alert(f, 2, "close");
	fake_run(f, 3000);
	assert_int_equal(f->size, 0);
	assert_int_equal(f->creates, 2);
	fake_alert(f, 3, "buy");
	fake_run(f, 5000);
	assert_int_equal(f->creates, 2);
	trader_blocked(f->t, 0);
	fake_run(f, 500);
	fake_expect(f, 3, "-0", "protected");
	assert_int_equal(f->creates, 3);
}

static void
test_blocked_second_request(void **state)
{
	struct fake *f = *state;

	f->script[0] = FAKE_SWALLOW;
	f->nscript = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 1000);
	trader_blocked(f->t, 1);
	fake_run(f, 20000);
	assert_int_equal(f->creates, 1);
}

/* F50, F14: a queue in the client holds an entry back for a second, so that a
 * halt is seen; a close for as long as it takes. */
static void
test_until(void **state)
{
	struct fake *f = *state;
	int64_t now = f->mono;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	assert_int_equal(f->creates, 1);
	assert_in_range(f->until_mono, now + 1000, now + 1500);
	fake_alert(f, 2, "close");
	fake_run(f, 500);
	assert_int_equal(f->creates, 2);
	assert_int_equal(f->until_mono, 0);
}

/* F50: a close of an hour ago goes out, one that is older does not. */
static void
test_old_close(void **state)
{
	static const struct {
		int64_t age_ms;
		int size;
		const char *state;
	} cases[] = {
		{ 3599000, 0, "closed" },
		{ 3601000, 20, "expired" },
	};
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		char line[2048];
		struct fake f;

		fake_start(&f);
		fake_run(&f, 500);
		fake_alert(&f, 1, "buy");
		fake_run(&f, 500);
		fake_line(line, sizeof(line), &f, 2, "close", "");
		f.wall += cases[i].age_ms;
		assert_int_equal(fake_take(&f, line, 0, 0), TRADER_TAKEN);
		fake_run(&f, 3000);
		assert_int_equal(f.size, cases[i].size);
		fake_expect(&f, 2, "-0", cases[i].state);
		fake_end(&f);
	}
}

/* F65: called a duplicate it is looked up, whatever else that code means. */
static void
test_called_duplicate(void **state)
{
	struct fake *f = *state;

	f->script[0] = FAKE_TWICE;
	f->nscript = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 2000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->creates, 1);
}

/*
 * F67: the key expires with a position open: entries halt, the position is
 * still looked at, slowly; and when the key works again all goes on.
 */
static void
test_key_expires(void **state)
{
	struct fake *f = *state;
	int before;

	fake_alert(f, 1, "buy");
	fake_run(f, 1000);
	f->key_expired = 1;
	f->wall++;
	fake_alert(f, 2, "buy");
	fake_run(f, 60000);
	fake_expect(f, 2, "-0", "rejected");
	before = f->requests;
	fake_run(f, 600000);
	/* A look at both symbols each 5 s, one at the wallet each minute. */
	assert_in_range(f->requests - before, 200, 260);
	assert_string_equal(f->t->alarms->name, "key");
	f->key_expired = 0;
	fake_run(f, 70000);
	f->stop = 0;
	fake_run(f, 4000);
	assert_int_equal(f->stop, 46550000);
	fake_expect(f, 1, "-0", "protected");
}

/* F65, F67: what is wrong with the key halts at the first refusal. */
static void
test_key_refused(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_turn(f, 10, 1);
	f->key_expired = 1;
	fake_run(f, 500);
	fake_expect(f, 1, "-0", "rejected");
	assert_int_equal(f->halted, 1);
	assert_non_null(strstr(buf_cstr(&f->said), "\"retCode\":33004"));
}

/* The same, where the leverage is what is asked for first. */
static void
test_key_refused_for_leverage(void **state)
{
	struct fake *f = *state;

	f->t->opts.leverage = decimal_from_int(5);
	fake_alert(f, 1, "buy");
	fake_turn(f, 10, 1);
	f->key_expired = 1;
	fake_run(f, 500);
	fake_expect(f, 1, "-0", "rejected");
	assert_int_equal(f->creates, 0);
	assert_int_equal(f->halted, 1);
}

/* F72, F74: of the state itself. */
static void
test_store_alarms(void **state)
{
	struct fake *f = *state;

	trader_store_alarms(f->t, 1, 0);
	assert_true(fake_alarm(f, "map trader"));
	assert_false(fake_alarm(f, "reader trader"));
	trader_store_alarms(f->t, 0, 1);
	assert_false(fake_alarm(f, "map trader"));
	assert_true(fake_alarm(f, "reader trader"));
	fake_run(f, 10);
	trader_store_alarms(f->t, 0, 0);
	assert_false(fake_alarm(f, "reader trader"));
	assert_string_equal(f->logged,
	    "+map trader;-map trader;+reader trader;-reader trader;");
}

/*
 * In isolated margin the equity in USDT counts: 2 % of 500 are 10, and 11 with
 * the tenth that prices may drift; the entry loses 0.02 x 950 = 19 at its stop.
 */
static void
test_isolated(void **state)
{
	static const char none[] = "{\"list\":[{\"totalEquity\":\"10000\","
				   "\"totalMarginBalance\":\"\",\"coin\":["
				   "{\"coin\":\"BTC\",\"equity\":\"0.2\"},"
				   "{\"coin\":\"USDT\",\"equity\":\"500\"}]}]}";
	static const char some[] = "{\"list\":[{\"totalEquity\":\"10000\","
				   "\"totalMarginBalance\":\"9\",\"coin\":["
				   "{\"coin\":\"USDT\",\"equity\":\"500\"}]}]}";
	struct fake *f = *state;

	/* Changed while trader runs: seen with the next look at the wallet. */
	f->wallet = none;
	fake_run(f, 16000);
	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	fake_expect(f, 1, "-0", "rejected");
	assert_non_null(strstr(buf_cstr(&f->said),
	    "Loss at the stop of 19.00 exceeds MAX_RISK_PER_TRADE: "
	    "11.00"));
	/* By the mode that it asks for at the start. */
	f->wallet = some;
	f->isolated = 1;
	fake_crash(f, 0);
	fake_run(f, 500);
	fake_alert(f, 2, "buy");
	fake_run(f, 500);
	fake_expect(f, 2, "-0", "rejected");
	f->isolated = 0;
	fake_crash(f, 0);
	fake_run(f, 500);
	fake_alert(f, 3, "buy");
	fake_run(f, 2000);
	fake_expect(f, 3, "-0", "protected");
	assert_int_equal(f->creates, 1);
}

/* F13: a look at the position that is too old is none: first another one. */
static void
test_old_look(void **state)
{
	struct fake *f = *state;

	f->held = "/v5/position/list";
	fake_run(f, 31000);
	f->side = 'S';
	f->size = 50;
	f->seq++;
	fake_alert(f, 1, "buy");
	fake_run(f, 5000);
	assert_int_equal(f->creates, 0);
	f->held = NULL;
	fake_run(f, 100);
	fake_expect(f, 1, "-0", "rejected");
	assert_non_null(strstr(buf_cstr(&f->said), "on the other side"));
	assert_int_equal(f->creates, 0);
}

/* F14, F71: each of them cost its fees, so that they are refusals, too. */
static void
test_without_a_stop(void **state)
{
	struct fake *f = *state;

	f->stops_refused = 1;
	for (int n = 1; n <= 5; n++) {
		assert_int_equal(f->halted, 0);
		fake_alert(f, n, "buy");
		fake_run(f, 40);
		f->stop = 0;
		fake_run(f, 15000);
		fake_expect(f, n, "-0", "closed");
		assert_int_equal(fake_booked(f, n, "-0x"), 1);
	}
	assert_int_equal(f->halted, 1);
}

/* What a later close undid is none. */
static void
test_undone_by_a_close(void **state)
{
	struct fake *f = *state;

	f->position_lag = 300;
	for (int n = 1; n <= 6; n++) {
		fake_alert(f, n, "buy");
		fake_run(f, 250);
		fake_expect(f, n, "-0", "filled");
		fake_alert(f, n + 100, "close");
		fake_run(f, 15000);
		fake_expect(f, n, "-0", "closed");
	}
	assert_int_equal(f->halted, 0);
}

/* F20: both times are told, as either clock may be the wrong one. */
static void
test_clock_alarm(void **state)
{
	struct fake *f = *state;
	char here[TIME_TEXT_MAX], there[TIME_TEXT_MAX];

	time_format(there, f->wall);
	time_format(here, f->wall + 10000);
	f->t->wall_ms = f->wall + 10000;
	(void)trader_advance(f->t);
	assert_true(fake_alarm(f, "clock"));
	assert_non_null(strstr(f->t->alarms->text, here));
	assert_non_null(strstr(f->t->alarms->text, there));
	fake_run(f, 10);
	assert_false(fake_alarm(f, "clock"));
}

int
main(void)
{
#define REFUSED(name)                                                          \
	cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
		REFUSED(test_denied_fill),
		REFUSED(test_denied_fill_seen_late),
		REFUSED(test_no_fill_halts),
		REFUSED(test_blocked),
		REFUSED(test_blocked_second_request),
		REFUSED(test_until),
		cmocka_unit_test(test_old_close),
		REFUSED(test_called_duplicate),
		REFUSED(test_key_expires),
		REFUSED(test_key_refused),
		REFUSED(test_key_refused_for_leverage),
		REFUSED(test_store_alarms),
		REFUSED(test_isolated),
		REFUSED(test_clock_alarm),
		REFUSED(test_old_look),
		REFUSED(test_without_a_stop),
		REFUSED(test_undone_by_a_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
