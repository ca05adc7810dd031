/*
 * trader's ways: an order through lost replies, lags, refusals, crashes at
 * every turn, closes that race with entries, and the halt (F01, F03, F04, F05,
 * F12, F14, F51, F60, F64, F70).
 *
 * Not tested here: checks, rows and answers (test-trader); the process, real
 * requests, hedge mode and flatten (e2e/trader-*).
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

static void
test_usual_way(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	fake_expect(f, 1, "-0", "protected");
	fake_expect_stands(f, 20);
	assert_int_equal(f->creates, 1);
	assert_int_equal(f->stops, 0);
	assert_int_equal(fake_said(f, 1), 1);
	fake_alert(f, 2, "close");
	fake_run(f, 3000);
	fake_expect(f, 2, "-0", "closed");
	fake_expect(f, 1, "-0", "closed");
	fake_expect_stands(f, 0);
	assert_int_equal(f->creates, 2);
	assert_int_equal(fake_said(f, 1), 1);
	assert_int_equal(fake_said(f, 2), 1);
}

/* F01, F60: whatever the replies were, one order, protected, said once. */
static void
test_replies(void **state)
{
	static const struct {
		enum fake_create script[3];
		size_t n;
		int creates;
	} cases[] = {
		{ { FAKE_LOSE }, 1, 1 },
		{ { FAKE_SWALLOW }, 1, 2 },
		{ { FAKE_LIMIT, FAKE_LIMIT }, 2, 3 },
		{ { FAKE_LIMIT, FAKE_LOSE }, 2, 2 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake f;

		fake_start(&f);
		fake_run(&f, 500);
		fake_script(&f, cases[i].n, cases[i].script);
		fake_alert(&f, 1, "buy");
		fake_run(&f, 20000);
		fake_expect(&f, 1, "-0", "protected");
		fake_expect_stands(&f, 20);
		assert_int_equal(fake_booked(&f, 1, "-0"), 1);
		assert_int_equal(f.creates, cases[i].creates);
		assert_int_equal(fake_said(&f, 1), 1);
		fake_end(&f);
	}
}

/* F04: Bybit said that it has the order, and cannot show it for 20 s. */
static void
test_accepted_and_late(void **state)
{
	struct fake *f = *state;

	f->order_lag = f->position_lag = 20000;
	fake_alert(f, 1, "buy");
	fake_run(f, 25000);
	assert_int_equal(f->creates, 1);
	fake_expect(f, 1, "-0", "protected");
}

/* The second request of an order waits for nothing that forbids the first. */
static void
test_no_second_send(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_SWALLOW);
	fake_alert(f, 1, "buy");
	fake_run(f, 1000);
	f->halted = 1;
	fake_run(f, 20000);
	assert_int_equal(f->creates, 1);
	fake_expect(f, 1, "-0", "sent");
	fake_run(f, 50000);
	fake_expect(f, 1, "-0", "failed");
	assert_int_equal(fake_said(f, 1), 1);
}

/*
 * The first request's fate is unknown and the second certainly had no effect:
 * that is not expired, and not refused.
 */
static void
test_second_had_no_effect(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_LOSE, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT,
	    FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT);
	f->order_lag = f->position_lag = 40000;
	fake_alert(f, 1, "buy");
	fake_run(f, 35000);
	fake_expect(f, 1, "-0", "sent");
	assert_int_equal(fake_said(f, 1), 0);
	fake_run(f, 10000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(fake_booked(f, 1, "-0"), 1);
}

/* The first took the margin, so the second is refused: it filled. */
static void
test_second_refused(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_LOSE, FAKE_REFUSE);
	f->order_lag = 90000;
	f->position_lag = 14000;
	fake_alert(f, 1, "buy");
	fake_run(f, 30000);
	fake_expect(f, 1, "-0", "protected");
	fake_expect_stands(f, 20);
	assert_int_equal(fake_booked(f, 1, "-0"), 1);
}

/* Where the last run got to when it was killed. */
struct killed {
	int turn;   /* that many turns after the alert */
	int stored; /* what happened in the last of them was */
	int arrive; /* what was on its way still had its effect */
};

static void
kill_and_go_on(const struct killed *k, int lose)
{
	char line[2048];
	int had, creates;
	struct fake f;

	fake_start(&f);
	fake_run(&f, 500);
	if (lose)
		FAKE_SCRIPT(&f, FAKE_LOSE);
	fake_line(line, sizeof(line), &f, 1, "buy", "");
	assert_int_equal(fake_take(&f, line, 0, 0), TRADER_TAKEN);
	for (int i = 1; i <= k->turn; i++)
		fake_turn(&f, 10, i < k->turn || k->stored);
	fake_crash(&f, k->arrive);
	had = f.norders > 0;
	creates = f.creates;
	/* What the first scan does, and every start is run twice (F68). */
	for (int i = 0; i < 2; i++) {
		if (!trader_knows(f.t, "00000000000000000000000000000001"))
			assert_int_equal(
			    fake_take(&f, line, 1, 0), TRADER_TAKEN);
		if (i == 0) {
			fake_run(&f, 100);
			fake_crash(&f, k->arrive);
		}
	}
	fake_run(&f, 20000);
	fake_expect(&f, 1, "-0", "protected");
	fake_expect_stands(&f, 20);
	assert_int_equal(fake_booked(&f, 1, "-0"), 1);
	assert_int_equal(f.norders, 1);
	/* What Bybit has is found, not sent to be refused. */
	if (had)
		assert_int_equal(f.creates, creates);
	assert_int_equal(fake_take(&f, line, 0, 0), TRADER_KNOWN);
	fake_run(&f, 100);
	assert_true(fake_said(&f, 1) >= 1);
	assert_int_equal(f.norders, 1);
	fake_end(&f);
}

/* F03, F68: killed at each turn, twice: one order, guarded, told. */
static void
test_killed_entry(void **state)
{
	(void)state;

	for (int turn = 1; turn <= 12; turn++)
		for (int i = 0; i < 8; i++) {
			const struct killed k = { turn, i & 1, i >> 1 & 1 };

			kill_and_go_on(&k, i >> 2);
		}
}

/* F03, F64: a close that is killed at each turn still closes, once. */
static void
test_killed_close(void **state)
{
	(void)state;

	for (int turn = 1; turn <= 12; turn++)
		for (int i = 0; i < 4; i++) {
			char line[2048];
			struct fake f;

			fake_start(&f);
			fake_run(&f, 500);
			fake_alert(&f, 1, "buy");
			fake_run(&f, 500);
			fake_line(line, sizeof(line), &f, 2, "close", "");
			assert_int_equal(
			    fake_take(&f, line, 0, 0), TRADER_TAKEN);
			for (int k = 1; k <= turn; k++)
				fake_turn(&f, 10, k < turn || (i & 1));
			fake_crash(&f, i >> 1 & 1);
			if (!trader_knows(
				f.t, "00000000000000000000000000000002"))
				assert_int_equal(
				    fake_take(&f, line, 1, 0), TRADER_TAKEN);
			fake_run(&f, 15000);
			fake_expect(&f, 2, "-0", "closed");
			fake_expect(&f, 1, "-0", "closed");
			fake_expect_stands(&f, 0);
			assert_int_equal(f.norders, 2);
			fake_end(&f);
		}
}

/* F51: a fill that the position does not show yet is closed all the same. */
static void
test_close_before_fill_is_seen(void **state)
{
	struct fake *f = *state;

	f->position_lag = 3000;
	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	fake_expect(f, 1, "-0", "filled");
	fake_alert(f, 2, "close");
	fake_run(f, 15000);
	fake_expect_stands(f, 0);
	fake_expect(f, 1, "-0", "closed");
	fake_expect(f, 2, "-0", "closed");
}

/* A close while the entry's request is out: what fills later goes at once. */
static void
test_close_overtakes(void **state)
{
	struct fake *f = *state;

	f->held = "/v5/order/create";
	fake_alert(f, 1, "buy");
	fake_run(f, 100);
	f->held = NULL;
	FAKE_SCRIPT(f, FAKE_LOSE);
	f->order_lag = 4000;
	f->position_lag = 4000;
	fake_alert(f, 2, "close");
	fake_run(f, 20000);
	fake_expect_stands(f, 0);
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(fake_booked(f, 1, "-0"), 1);
	assert_int_equal(fake_said(f, 1), 1);
}

/* A close while the leverage is being set: the entry never goes out. */
static void
test_close_during_leverage(void **state)
{
	struct fake *f = *state;

	f->t->opts.leverage = decimal_from_int(5);
	f->held = "/v5/position/set-leverage";
	fake_alert(f, 1, "buy");
	fake_run(f, 100);
	fake_alert(f, 2, "close");
	fake_run(f, 100);
	f->held = NULL;
	fake_run(f, 5000);
	fake_expect(f, 1, "-0", "expired");
	assert_int_equal(f->creates, 0);
	assert_int_equal(fake_said(f, 1), 1);
}

/* Refused, then booked and not filled, then filled: under the next link id. */
static void
test_close_in_vain(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	FAKE_SCRIPT(f, FAKE_VAIN);
	f->percent[1] = 0;
	f->percent[2] = 100;
	f->npercent = 3;
	f->atp = 1;
	fake_alert(f, 2, "close");
	fake_run(f, 10000);
	fake_expect_stands(f, 0);
	assert_int_equal(fake_booked(f, 2, "-0"), 1);
	assert_int_equal(fake_booked(f, 2, "-0a"), 1);
	assert_int_equal(fake_said(f, 2), 1);
}

/*
 * Booked, filled by half, seen late: sent again, it is for what is left, and
 * the fill of the first is not the fill of that.
 */
static void
test_close_in_parts_late(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	FAKE_SCRIPT(f, FAKE_LOSE);
	f->percent[0] = 50;
	f->npercent = 1;
	f->order_lag = 4000;
	fake_alert(f, 2, "close");
	fake_run(f, 6000);
	f->order_lag = 0;
	fake_run(f, 30000);
	fake_expect_stands(f, 0);
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(fake_said(f, 2), 1);
	assert_non_null(
	    strstr(buf_cstr(&f->said), "\"side\":\"Sell\",\"quantity\":0.02"));
}

/* F64: what a part fill leaves goes, and one answer tells of all of it. */
static void
test_close_in_parts(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->percent[0] = f->percent[1] = 50;
	f->npercent = 2;
	fake_alert(f, 2, "close");
	fake_run(f, 10000);
	fake_expect_stands(f, 0);
	assert_int_equal(f->norders, 4); /* 20, then 10 of 20, 5 of 10, 5 */
	assert_int_equal(fake_said(f, 2), 1);
	assert_non_null(
	    strstr(buf_cstr(&f->said), "\"side\":\"Sell\",\"quantity\":0.020"));
}

/* A close of unknown outcome is repeated, but no hammer. */
static void
test_close_does_not_hammer(void **state)
{
	struct fake *f = *state;
	enum fake_create lost[8];

	for (int i = 0; i < 8; i++)
		lost[i] = FAKE_SWALLOW;
	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->creates = 0;
	fake_script(f, 8, lost);
	fake_alert(f, 2, "close");
	fake_run(f, 10000);
	assert_in_range(f->creates, 2, 7);
	f->nscript = f->at = 0;
	fake_run(f, 10000);
	fake_expect_stands(f, 0);
}

/* A halt stops entries; it neither stops a close nor lets one stop it. */
static void
test_halted_close(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->halted = 1;
	fake_alert(f, 2, "close");
	f->wall++;
	fake_alert(f, 3, "buy");
	fake_run(f, 3000);
	fake_expect(f, 2, "-0", "closed");
	fake_expect(f, 3, "-0", "rejected");
	fake_expect_stands(f, 0);
}

/* F05: the stop vanishes: it is set again; where it cannot be, all is closed.
 */
static void
test_stop_vanishes(void **state)
{
	struct fake *f = *state;
	int64_t gone_mono;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->stop = 0;
	fake_run(f, 3000);
	fake_expect_stands(f, 20);
	f->stop = 0;
	f->stops_refused = 1;
	gone_mono = f->mono;
	while (f->size > 0 && f->mono - gone_mono < 20000)
		fake_turn(f, 10, 1);
	assert_in_range(f->mono - gone_mono, 1, 11000);
	fake_run(f, 5000);
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(fake_booked(f, 1, "-0x"), 1);
}

/* The same for a short: every comparison is the other way round. */
static void
test_short(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "sell");
	fake_run(f, 500);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->side, 'S');
	assert_int_equal(f->stop, 48450000);
	f->stop = 0;
	fake_run(f, 3000);
	assert_int_equal(f->stop, 48450000);
	assert_int_equal(f->norders, 1);
	fake_alert(f, 2, "close");
	fake_run(f, 3000);
	assert_int_equal(f->size, 0);
	fake_expect(f, 1, "-0", "closed");
}

/* F12: 37 % fill: that much is protected, nothing is sent again. */
static void
test_part_fill(void **state)
{
	struct fake *f = *state;

	f->percent[0] = 35;
	f->npercent = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 1000);
	fake_expect(f, 1, "-0", "protected");
	fake_expect_stands(f, 7);
	fake_run(f, 5000);
	assert_int_equal(f->creates, 1);
	assert_non_null(strstr(buf_cstr(&f->said), "\"filledQty\":0.007"));
}

/* F14: refusals in a row halt, also where the file cannot be made. */
static void
test_rejects_halt(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(
	    f, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE);
	f->unwritable = 1;
	for (int n = 1; n <= 5; n++) {
		fake_alert(f, n, "buy");
		fake_run(f, 200);
		fake_expect(f, n, "-0", "rejected");
		if (n == 3)
			fake_crash(f, 0);
		fake_run(f, 3000);
	}
	assert_int_equal(f->creates, 5);
	fake_alert(f, 6, "buy");
	fake_run(f, 3000);
	fake_expect(f, 6, "-0", "rejected");
	assert_int_equal(f->creates, 5);
	f->unwritable = 0;
	fake_run(f, 3000);
	assert_int_equal(f->halted, 1);
	/* Resumed: the count begins again. */
	f->halted = 0;
	fake_run(f, 3000);
	fake_alert(f, 7, "buy");
	fake_run(f, 1000);
	fake_expect(f, 7, "-0", "protected");
}

/* F70: no entry after SIGTERM. */
static void
test_stopping(void **state)
{
	struct fake *f = *state;

	trader_stop(f->t);
	fake_alert(f, 1, "buy");
	fake_run(f, 1000);
	assert_int_equal(f->creates, 0);
	assert_true(trader_idle(f->t));
}

/* F19: rows from before the fill, for 30 s: the guard goes on. */
static void
test_stale_rows(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 1000);
	fake_expect(f, 1, "-0", "protected");
	f->was_side = 0;
	f->was_size = f->was_seq = f->was_stop = 0;
	f->show_mono = f->mono + 30000;
	fake_run(f, 31000);
	fake_expect(f, 1, "-0", "protected");
	f->stop = 0;
	fake_run(f, 8000);
	fake_expect_stands(f, 20);
}

/* Bought by hand on the other side: that is not ours to net. */
static void
test_other_side(void **state)
{
	struct fake *f = *state;

	f->side = 'S';
	f->size = 50;
	f->seq++;
	fake_run(f, 16000);
	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	fake_expect(f, 1, "-0", "rejected");
	assert_int_equal(f->creates, 0);
	assert_int_equal(f->stop, 0);
}

/* The line of a close that took two orders comes again: its one answer. */
static void
test_said_again(void **state)
{
	struct fake *f = *state;
	char line[2048];

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->percent[0] = 50;
	f->npercent = 1;
	fake_line(line, sizeof(line), f, 2, "close", "");
	assert_int_equal(fake_take(f, line, 0, 0), TRADER_TAKEN);
	fake_run(f, 5000);
	assert_int_equal(fake_said(f, 2), 1);
	assert_int_equal(fake_take(f, line, 0, 0), TRADER_KNOWN);
	fake_run(f, 50);
	assert_int_equal(fake_said(f, 2), 2);
	assert_int_equal(f->norders, 3);
}

/* -l: what no line asks for is looked up, and neither sent nor in the way. */
static void
test_lines_alone(void **state)
{
	struct fake *f = *state;
	char close[2048], late[2048];

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	fake_line(close, sizeof(close), f, 2, "close", "");
	assert_int_equal(fake_take(f, close, 1, 1), TRADER_TAKEN);
	fake_line(late, sizeof(late), f, 3, "buy", "");
	assert_int_equal(fake_take(f, late, 1, 1), TRADER_TAKEN);
	fake_run(f, 40000);
	fake_expect_stands(f, 20);
	assert_int_equal(f->creates, 1);
	fake_expect(f, 3, "-0", "expired");
	assert_true(trader_drained(f->t));
	/* The position goes by hand; the next entry does not wait. */
	f->side = (char)(f->size = f->stop = 0);
	f->seq++;
	fake_run(f, 5000);
	fake_alert(f, 4, "buy");
	fake_run(f, 1000);
	fake_expect(f, 4, "-0", "protected");
	/* The line comes after all. */
	assert_int_equal(fake_take(f, close, 0, 0), TRADER_KNOWN);
	fake_run(f, 5000);
	fake_expect(f, 2, "-0", "expired");
	fake_expect_stands(f, 20);
}

/* A decision that cannot be understood has an end, too. */
static void
test_bad_decision(void **state)
{
	struct fake *f = *state;
	char line[2048];

	fake_line(line, sizeof(line), f, 1, "hold", "");
	assert_int_equal(fake_take(f, line, 0, 0), TRADER_TAKEN);
	fake_run(f, 100);
	fake_expect(f, 1, "-0", "rejected");
	assert_int_equal(fake_said(f, 1), 1);
	assert_int_equal(fake_take(f, line, 0, 0), TRADER_KNOWN);
	assert_int_equal(f->creates, 0);
}

/* F14: the entry after the last of a minute is refused, and halts. */
static void
test_minute(void **state)
{
	struct fake *f = *state;

	for (int n = 1; n <= 10; n++) {
		fake_alert(f, n, "buy");
		fake_run(f, 300);
		fake_expect(f, n, "-0", "protected");
		fake_alert(f, n + 100, "close");
		fake_run(f, 3000);
	}
	fake_crash(f, 0);
	fake_run(f, 500);
	assert_int_equal(f->halted, 0);
	fake_alert(f, 11, "buy");
	fake_run(f, 300);
	fake_expect(f, 11, "-0", "rejected");
	assert_int_equal(f->halted, 1);
	assert_int_equal(fake_booked(f, 11, "-0"), 0);
}

/* Bybit does not answer at all for a minute, and then does. */
static void
test_silence(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_turn(f, 10, 1);
	f->deaf = 1;
	fake_run(f, 60000);
	f->deaf = 0;
	fake_run(f, 2000);
	fake_expect(f, 1, "-0", "protected");
	assert_int_equal(f->creates, 1);
}

/* F69: one of another trader's, made from the first look on, is an alarm. */
static void
test_another_trader(void **state)
{
	static const char name[] = "foreign_orders";
	struct fake *f = *state;

	f->alien = "ffffffffffffffffffffffffffffffff-0";
	f->alien_ms = f->wall - 1000;
	fake_run(f, 61000);
	fake_alert(f, 1, "buy");
	fake_run(f, 60000);
	fake_alert(f, 2, "close");
	fake_run(f, 60000);
	assert_string_equal(fake_state(f, 1, "-0"), "closed");
	assert_false(fake_alarm(f, name));
	/* Made as ours are not: by hand, or by another program. */
	f->alien_ms = f->wall + 1;
	f->alien = "mine";
	fake_run(f, 60000);
	f->alien_ms = f->wall + 1;
	f->alien = "ffffffffffffffffffffffffffffffff-3";
	fake_run(f, 60000);
	assert_false(fake_alarm(f, name));
	f->alien_ms = f->wall + 1;
	f->alien = "ffffffffffffffffffffffffffffffff-1x";
	fake_run(f, 60000);
	assert_true(fake_alarm(f, name));
	/* Over an hour after the last. */
	fake_run(f, 3540000);
	assert_true(fake_alarm(f, name));
	fake_run(f, 70000);
	assert_false(fake_alarm(f, name));
}

/* F83: a state that began in the midst of things is an alarm for an hour. */
static void
test_new_state(void **state)
{
	struct fake *f = *state;

	trader_began(f->t, f->wall - 1000, 0);
	fake_run(f, 100);
	assert_false(fake_alarm(f, "state_lost"));
	trader_began(f->t, f->wall - 3599000, 2);
	fake_run(f, 100);
	assert_true(fake_alarm(f, "state_lost"));
	fake_run(f, 1000);
	assert_false(fake_alarm(f, "state_lost"));
}

int
main(void)
{
#define WAY(name)                                                              \
	cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
		WAY(test_usual_way),
		cmocka_unit_test(test_replies),
		WAY(test_accepted_and_late),
		WAY(test_no_second_send),
		WAY(test_second_had_no_effect),
		WAY(test_second_refused),
		cmocka_unit_test(test_killed_entry),
		cmocka_unit_test(test_killed_close),
		WAY(test_close_before_fill_is_seen),
		WAY(test_close_overtakes),
		WAY(test_close_during_leverage),
		WAY(test_close_in_vain),
		WAY(test_close_in_parts),
		WAY(test_close_in_parts_late),
		WAY(test_close_does_not_hammer),
		WAY(test_halted_close),
		WAY(test_stop_vanishes),
		WAY(test_short),
		WAY(test_part_fill),
		WAY(test_rejects_halt),
		WAY(test_stopping),
		WAY(test_stale_rows),
		WAY(test_other_side),
		WAY(test_said_again),
		WAY(test_lines_alone),
		WAY(test_bad_decision),
		WAY(test_minute),
		WAY(test_silence),
		WAY(test_new_state),
		WAY(test_another_trader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
