/*
 * trader's closes beside what else its symbol has: tests and dry runs, lines
 * that never come, entries whose stop is gone, a flatten, a position that
 * somebody else opened (F05, F51, F64).
 *
 * Not tested here: a close alone, and its races with entries
 * (test-trader-ways); hedge mode (test-trader-legs).
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

/* An entry that has filled, while the position does not show it yet. */
static void
fill_unseen(struct fake *f)
{
	f->position_lag = 300;
	fake_alert(f, 1, "buy");
	fake_run(f, 250);
	fake_expect(f, 1, "-0", "filled");
}

/* A close that is only asked what it would do does nothing to an entry. */
static void
test_close_for_show(void **state)
{
	(void)state;

	for (int dry = 0; dry <= 1; dry++) {
		char line[2048];
		struct fake f;

		fake_start(&f);
		fake_run(&f, 500);
		fill_unseen(&f);
		f.t->opts.dry_run = dry;
		fake_line(line, sizeof(line), &f, 2, "close",
		    dry ? "" : ",\"test\":true");
		assert_int_equal(fake_take(&f, line, 0, 0), TRADER_TAKEN);
		fake_run(&f, 15000);
		fake_expect(&f, 1, "-0", "protected");
		fake_expect(&f, 2, "-0", "dry");
		fake_expect_stands(&f, 20);
		assert_int_equal(f.norders, 1);
		fake_end(&f);
	}
}

/* A test of an entry is none that a close would have come too late for. */
static void
test_entry_for_show(void **state)
{
	struct fake *f = *state;
	char close[2048], test[2048];

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	fake_line(close, sizeof(close), f, 2, "close", "");
	fake_run(f, 10);
	fake_line(test, sizeof(test), f, 3, "buy", ",\"test\":true");
	fake_crash(f, 0);
	assert_int_equal(fake_take(f, close, 1, 0), TRADER_TAKEN);
	assert_int_equal(fake_take(f, test, 1, 0), TRADER_TAKEN);
	fake_run(f, 20000);
	fake_expect(f, 2, "-0", "closed");
	fake_expect_stands(f, 0);
}

/* DRY_RUN is about what alerts ask for: what stands is guarded, and -F acts. */
static void
test_guarded_under_dry_run(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->opts.dry_run = 1;
	fake_crash(f, 0);
	fake_alert(f, 2, "close");
	f->stop = 0;
	fake_run(f, 4000);
	fake_expect(f, 2, "-0", "dry");
	fake_expect(f, 1, "-0", "protected");
	fake_expect_stands(f, 20);
	trader_flatten(f->t, 1);
	fake_run(f, 2000);
	fake_expect_stands(f, 0);
}

/* -F alone has no input: a close whose line it never gets is not in the way. */
static void
test_flatten_beside_a_close(void **state)
{
	struct fake *f = *state;
	char line[2048];

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	fake_line(line, sizeof(line), f, 2, "close", "");
	fake_crash(f, 0);
	assert_int_equal(fake_take(f, line, 1, 1), TRADER_TAKEN);
	trader_flatten(f->t, 1);
	assert_false(trader_flat(f->t));
	fake_run(f, 5000);
	fake_expect_stands(f, 0);
	assert_true(trader_flat(f->t));
	/* What comes now does not go out, and is told why. */
	fake_alert(f, 3, "buy");
	fake_run(f, 500);
	fake_expect(f, 3, "-0", "expired");
	assert_non_null(strstr(buf_cstr(&f->said), "The operator flattens"));
}

/*
 * F68: a close of which the state knows nothing any more, as it was lost, has
 * long been done: what stands there is a later entry's.
 */
static void
test_close_of_a_lost_state(void **state)
{
	(void)state;

	for (int shift = 0; shift < 3; shift++) {
		char lines[3][2048];
		struct fake f;

		fake_start(&f);
		fake_run(&f, 500);
		for (int n = 0; n < 3; n++) {
			fake_line(lines[n], sizeof(lines[n]), &f, n + 1,
			    n == 1 ? "close" : "buy", "");
			assert_int_equal(
			    fake_take(&f, lines[n], 0, 0), TRADER_TAKEN);
			fake_run(&f, 3000);
		}
		fake_expect(&f, 3, "-0", "protected");
		f.nrows = 0;
		fake_crash(&f, 0);
		for (int n = 0; n < 3; n++)
			assert_int_equal(
			    fake_take(&f, lines[(n + shift) % 3], 1, 0),
			    TRADER_TAKEN);
		fake_run(&f, 50 + 200 * shift);
		/* Once more, in the midst of it. */
		fake_crash(&f, 0);
		for (int n = 0; n < 3; n++)
			(void)fake_take(&f, lines[n], 1, 0);
		fake_run(&f, 30000);
		fake_expect(&f, 2, "-0", "closed");
		fake_expect(&f, 3, "-0", "protected");
		fake_expect_stands(&f, 20);
		assert_int_equal(f.norders, 3);
		fake_end(&f);
	}
}

/* What is to be closed stays so after a crash, whoever asked for it. */
static void
test_flatten_is_remembered(void **state)
{
	struct fake *f = *state;

	FAKE_SCRIPT(f, FAKE_LOSE);
	f->order_lag = f->position_lag = 3000;
	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	fake_expect(f, 1, "-0", "sent");
	trader_flatten(f->t, 1);
	fake_run(f, 100);
	fake_alert(f, 2, "close");
	fake_run(f, 100);
	fake_crash(f, 0);
	fake_run(f, 20000);
	fake_expect(f, 1, "-0", "closed");
	fake_expect_stands(f, 0);
}

/* F05: a close that Bybit does not take leaves nothing without its stop. */
static void
test_stop_beside_a_close(void **state)
{
	struct fake *f = *state;

	fill_unseen(f);
	FAKE_SCRIPT(f, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT,
	    FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT);
	fake_alert(f, 2, "close");
	f->stop = 0;
	fake_run(f, 5000);
	fake_expect(f, 2, "-0", "sent");
	fake_expect_stands(f, 20);
}

/* Bybit books the most of a market order, which fills whole (section 5.1). */
static void
test_more_than_one_order_takes(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->most = 8;
	fake_alert(f, 2, "close");
	fake_run(f, 5000);
	fake_expect_stands(f, 0);
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(f->norders, 4); /* 20, then 8, 8 and 4 */
	assert_int_equal(fake_said(f, 2), 1);
	assert_non_null(
	    strstr(buf_cstr(&f->said), "\"side\":\"Sell\",\"quantity\":0.020"));
}

/* What an order of a close has closed is counted once, also after a crash. */
static void
test_counted_after_crash(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->percent[0] = 50;
	f->npercent = 1;
	f->position_lag = 5000;
	fake_alert(f, 2, "close");
	fake_run(f, 1000);
	fake_expect(f, 2, "-0", "filled");
	fake_crash(f, 1);
	fake_run(f, 10000);
	fake_expect_stands(f, 0);
	assert_int_equal(fake_said(f, 2), 1);
	assert_non_null(strstr(buf_cstr(&f->said),
	    "\"orderIds\":[\"11111111-2222\",\"11111111-2222\"]"));
	assert_non_null(
	    strstr(buf_cstr(&f->said), "\"side\":\"Sell\",\"quantity\":0.02,"));
}

/*
 * The position is gone before any list has the close: it is asked for, and what
 * it closed is told.  So it is where the second request is refused, as the
 * first, whose reply was lost, has done it.
 */
static void
test_seen_late(void **state)
{
	(void)state;

	for (int i = 0; i < 3; i++) {
		struct fake f;

		fake_start(&f);
		fake_run(&f, 500);
		fake_alert(&f, 1, "buy");
		fake_run(&f, 500);
		f.order_lag = 4000;
		if (i > 0)
			FAKE_SCRIPT(&f, FAKE_LOSE);
		f.position_lag = i == 2 ? 2000 : 0;
		fake_alert(&f, 2, "close");
		fake_run(&f, 2500);
		fake_expect_stands(&f, 0);
		assert_int_equal(fake_said(&f, 2), 0);
		fake_run(&f, 6000);
		assert_int_equal(fake_said(&f, 2), 1);
		assert_non_null(strstr(
		    buf_cstr(&f.said), "\"side\":\"Sell\",\"quantity\":0.02,"));
		fake_expect(&f, 1, "-0", "closed");
		assert_int_equal(f.norders, 2);
		assert_in_range(f.requests, 1, 150);
		fake_end(&f);
	}
}

/*
 * It did what it was to do, unseen, and somebody has sold by hand since: the
 * request for that side has the same link id, of which Bybit has the first.
 */
static void
test_flipped_meanwhile(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	FAKE_SCRIPT(f, FAKE_LOSE);
	f->order_lag = 2000;
	fake_alert(f, 2, "close");
	fake_run(f, 100);
	fake_expect_stands(f, 0);
	f->side = 'S';
	f->size = 7;
	f->seq++;
	fake_run(f, 10000);
	fake_expect(f, 2, "-0", "closed");
	assert_int_equal(fake_said(f, 2), 1);
	assert_non_null(strstr(
	    buf_cstr(&f->said), "\"side\":\"Sell\",\"quantity\":0.020,"));
	assert_int_equal(f->size, 7);
}

/* … but not for ever. */
static void
test_never_seen(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->order_lag = 1000000;
	FAKE_SCRIPT(f, FAKE_LOSE);
	fake_alert(f, 2, "close");
	fake_run(f, 20000);
	fake_expect_stands(f, 0);
	fake_expect(f, 2, "-0", "closed");
	assert_int_equal(fake_said(f, 2), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "is not known"));
}

/* Refused as it is gone already: nothing is out that could have closed it. */
static void
test_gone_before(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->held = "/v5/order/create";
	fake_alert(f, 2, "close");
	fake_run(f, 100);
	f->held = NULL;
	f->side = 0;
	f->size = 0;
	f->seq++;
	fake_run(f, 2000);
	assert_int_equal(f->creates, 2);
	assert_int_equal(fake_said(f, 2), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "Nothing to close"));
}

/*
 * The link id is taken, by an order that did nothing and that no list shows: a
 * close does not repeat it for ever, but goes on with the next.
 */
static void
test_link_taken(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	FAKE_SCRIPT(f, FAKE_LOSE);
	f->npercent = 1; /* 0 % of it */
	f->atp = 0;
	f->order_lag = 3600000;
	fake_alert(f, 2, "close");
	fake_run(f, 100);
	f->order_lag = 0;
	fake_run(f, 20000);
	fake_expect_stands(f, 0);
	fake_expect(f, 2, "-0a", "closed");
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(fake_booked(f, 2, "-0"), 1);
	assert_int_equal(fake_said(f, 2), 1);
}

/* A thin book: orders end without a fill, and a close goes on. */
static void
test_no_fill_for_long(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	f->npercent = 8; /* 0 % of each */
	f->atp = 0;
	fake_alert(f, 2, "close");
	fake_run(f, 60000);
	fake_expect_stands(f, 0);
	fake_expect(f, 2, "-0h", "closed");
	assert_int_equal(fake_said(f, 2), 1);
}

/* Refused for good: whoever asked has had a 202, so a person must see it. */
static void
test_refused(void **state)
{
	struct fake *f = *state;

	fake_alert(f, 1, "buy");
	fake_run(f, 500);
	FAKE_SCRIPT(f, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE,
	    FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE);
	fake_alert(f, 2, "close");
	fake_run(f, 30000);
	fake_expect(f, 2, "-0", "rejected");
	fake_expect_stands(f, 20);
	assert_true(fake_alarm(f, "unclosed BTCUSDT"));
	/* The next run does not take it back before the position is gone. */
	fake_crash(f, 0);
	trader_close_alarm(f->t, "unclosed BTCUSDT");
	trader_close_alarm(f->t, "halted");
	fake_run(f, 20000);
	assert_true(fake_alarm(f, "unclosed BTCUSDT"));
	assert_false(fake_alarm(f, "halted"));
	f->side = (char)(f->size = f->stop = 0);
	f->seq++;
	fake_run(f, 20000);
	assert_false(fake_alarm(f, "unclosed BTCUSDT"));
}

/*
 * F56: the clock was set back after an entry.  The close comes later, whatever
 * its time says; and what is on its way goes, too.
 */
static void
test_clock_set_back(void **state)
{
	(void)state;

	for (int unseen = 0; unseen <= 1; unseen++) {
		struct fake f;

		fake_start(&f);
		fake_run(&f, 500);
		if (unseen)
			fill_unseen(&f);
		else {
			fake_alert(&f, 1, "buy");
			fake_run(&f, 500);
			fake_expect(&f, 1, "-0", "protected");
		}
		f.wall -= 600000;
		f.skew = 600000;
		fake_alert(&f, 2, "close");
		fake_run(&f, 15000);
		fake_expect(&f, 2, "-0", "closed");
		fake_expect(&f, 1, "-0", "closed");
		fake_expect_stands(&f, 0);
		fake_end(&f);
	}
}

/*
 * Ours was stopped out while trader was away, and somebody bought by hand,
 * below its stop: that is not ours to close, nor to give that stop.
 */
static void
test_another_position(void **state)
{
	struct fake *f = *state;

	f->opened = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 3000);
	fake_expect(f, 1, "-0", "protected");
	f->opened = 2;
	f->size = 50;
	f->stop = 0;
	f->mark = 45000;
	f->seq++;
	fake_crash(f, 0);
	fake_run(f, 15000);
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(f->size, 50);
	assert_int_equal(f->stops, 0);
	assert_int_equal(f->creates, 1);
}

/*
 * … nor is it where the state was lost, and all that is known of ours is when
 * it filled; one that was opened then is ours.
 */
static void
test_opened_since(void **state)
{
	(void)state;

	for (int i = 0; i < 2; i++) {
		char line[2048];
		struct fake f;

		fake_start(&f);
		f.opened = f.done = 1000;
		fake_run(&f, 500);
		fake_line(line, sizeof(line), &f, 1, "buy", "");
		assert_int_equal(fake_take(&f, line, 0, 0), TRADER_TAKEN);
		fake_run(&f, 3000);
		f.nrows = 0;
		f.opened = i == 0 ? 11000 : 11001;
		f.stop = 0;
		fake_crash(&f, 0);
		assert_int_equal(fake_take(&f, line, 1, 0), TRADER_TAKEN);
		fake_run(&f, 200);
		fake_expect(&f, 1, "-0", i == 0 ? "protected" : "filled");
		fake_crash(&f, 0);
		fake_run(&f, 6000);
		fake_expect(&f, 1, "-0", i == 0 ? "protected" : "closed");
		assert_int_equal(f.stops, i == 0);
		assert_int_equal(f.creates, 1);
		assert_int_equal(f.size, 20);
		fake_end(&f);
	}
}

/* … nor is it for a close that Bybit did not take while ours was there. */
static void
test_another_while_closing(void **state)
{
	struct fake *f = *state;

	f->opened = 1;
	fake_alert(f, 1, "buy");
	fake_run(f, 3000);
	f->stop = 0;
	f->stops_refused = 1;
	FAKE_SCRIPT(f, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT,
	    FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT, FAKE_LIMIT);
	fake_run(f, 12000);
	fake_expect(f, 1, "-0x", "sent");
	f->opened = 2;
	f->size = 50;
	f->seq++;
	fake_run(f, 60000);
	assert_int_equal(f->size, 50);
	fake_expect(f, 1, "-0", "closed");
	assert_int_equal(fake_booked(f, 1, "-0x"), 0);
}

/*
 * What somebody opened by hand is closed, and nothing guards it: an entry on
 * the other side is not held against what stood there before.
 */
static void
test_entry_behind_a_close(void **state)
{
	struct fake *f = *state;

	f->side = 'B';
	f->size = 20;
	f->stop = 46550000;
	f->seq = 1;
	fake_alert(f, 2, "close");
	fake_run(f, 1000);
	fake_expect(f, 2, "-0", "closed");
	fake_expect_stands(f, 0);
	fake_alert(f, 3, "sell");
	fake_run(f, 1000);
	fake_expect(f, 3, "-0", "protected");
	/* … nor one that waits behind it. */
	fake_alert(f, 4, "close");
	fake_run(f, 10);
	fake_alert(f, 5, "buy");
	fake_run(f, 1000);
	fake_expect(f, 5, "-0", "protected");
}

int
main(void)
{
#define CLOSE(name)                                                            \
	cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_for_show),
		CLOSE(test_entry_for_show),
		CLOSE(test_guarded_under_dry_run),
		CLOSE(test_flatten_beside_a_close),
		CLOSE(test_flatten_is_remembered),
		CLOSE(test_stop_beside_a_close),
		CLOSE(test_more_than_one_order_takes),
		CLOSE(test_counted_after_crash),
		cmocka_unit_test(test_seen_late),
		CLOSE(test_flipped_meanwhile),
		CLOSE(test_never_seen),
		CLOSE(test_gone_before),
		CLOSE(test_link_taken),
		CLOSE(test_no_fill_for_long),
		CLOSE(test_refused),
		cmocka_unit_test(test_close_of_a_lost_state),
		cmocka_unit_test(test_clock_set_back),
		CLOSE(test_another_position),
		cmocka_unit_test(test_opened_since),
		CLOSE(test_another_while_closing),
		CLOSE(test_entry_behind_a_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
