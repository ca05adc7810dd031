/*
 * notifier: trades that ended are forgotten after a week, and no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "notifier/prune.h"
#include "tests/unit/notifier_fixture.h"

static void
prune_of(struct fixture *f, int one_journal)
{
	struct prune p;

	prune_init(&p);
	do
		assert_int_equal(
		    prune_tick(&p, f->n, one_journal, f->now), STORE_OK);
	while (p.next_ms == 0);
}

static void
prune_all(struct fixture *f)
{
	prune_of(f, 1);
}

static void
trades_that_ended_are_forgotten_after_a_week(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 5);
	add(f, "s2", 5);
	take(f, 1, "OPEN");
	take(f, 2, "OPEN");
	take(f, 1, "CLOSE");
	run(f);
	pass(f, PRUNE_AGE_MS);
	prune_all(f);
	assert_int_equal(count(f, "deliveries"), 6);
	pass(f, 1);
	prune_all(f);
	/* Trade 2 is open still. */
	assert_int_equal(count(f, "deliveries"), 2);
	assert_int_equal(count(f, "recipients"), 2);
	assert_int_equal(count(f, "messages"), 1);
	take(f, 2, "CLOSE");
	run(f);
	assert_int_equal(delivery(f, J1, 4, "s1").state, DELIVERY_DELIVERED);
}

/* More events than are looked at, or forgotten, at a time. */
static void
long_trades_are_forgotten_piece_by_piece(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 5);
	take(f, 1, "OPEN");
	for (int i = 0; i < 150; i++)
		take(f, 1, "INCREASE");
	run(f);
	pass(f, PRUNE_SILENT_MS);
	take(f, 1, "INCREASE");
	run(f);
	pass(f, 1);
	/* Open, and heard of just now, whatever its beginning says. */
	prune_of(f, 1);
	prune_of(f, 0);
	assert_int_equal(count(f, "messages"), 152);
	take(f, 1, "CLOSE");
	run(f);
	assert_int_equal(delivery(f, J1, 153, "s1").state, DELIVERY_DELIVERED);
	pass(f, PRUNE_AGE_MS + 1);
	prune_all(f);
	assert_int_equal(count(f, "messages"), 153 - 128);
	assert_int_equal(count(f, "recipients"), 1);
	prune_all(f);
	assert_int_equal(count(f, "deliveries") + count(f, "messages") +
		count(f, "recipients"),
	    0);
}

/* Differ's state was lost, and restored: its trades are open still. */
static void
trades_of_a_journal_that_came_back_are_kept(void **state)
{
	struct fixture *f = *state;
	struct batch b;
	uint64_t seq;

	add(f, "s1", 5);
	take(f, 1, "OPEN");
	batch_init(&b);
	signal_line(&b, J2, 1, 1, "OPEN", f->now.wall_ms, "");
	assert_int_equal(take_batch(f, &b), STORE_OK);
	run(f);
	restart(f);
	assert_int_equal(notifier_follow(f->n, J1, &seq), STORE_OK);
	assert_int_equal(seq, 1);
	pass(f, PRUNE_AGE_MS + 1);
	prune_all(f);
	assert_int_equal(delivery(f, J2, 1, "s1").attempts, -1);
	take(f, 1, "CLOSE");
	run(f);
	assert_int_equal(delivery(f, J1, 2, "s1").state, DELIVERY_DELIVERED);
}

/* Behind a filter that lets no CLOSE through; with a state there is one. */
static void
silent_trades_are_forgotten_behind_a_filter(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 5);
	take(f, 1, "OPEN");
	run(f);
	pass(f, DAY);
	take(f, 1, "INCREASE");
	run(f);
	pass(f, PRUNE_SILENT_MS);
	prune_of(f, 0);
	assert_int_equal(count(f, "deliveries"), 2);
	pass(f, 1);
	prune_of(f, 1);
	assert_int_equal(count(f, "deliveries"), 2);
	prune_of(f, 0);
	assert_int_equal(count(f, "deliveries") + count(f, "messages") +
		count(f, "recipients"),
	    0);
}

/* Nothing unresolved is ever pruned, and its week begins when it is final. */
static void
what_is_pending_is_not_forgotten(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 5);
	take(f, 1, "OPEN");
	run(f);
	f->hang = 1;
	take(f, 1, "CLOSE");
	run(f);
	pass(f, PRUNE_AGE_MS + DAY);
	prune_all(f);
	assert_int_equal(count(f, "deliveries"), 2);
	restart(f);
	run(f); /* too old by now: it fails */
	assert_int_equal(delivery(f, J1, 2, "s1").state, DELIVERY_FAILED);
	prune_all(f);
	assert_int_equal(count(f, "deliveries"), 2);
	pass(f, PRUNE_AGE_MS + 1);
	prune_all(f);
	assert_int_equal(count(f, "deliveries") + count(f, "messages") +
		count(f, "recipients"),
	    0);
}

/* A CLOSE that reached nobody ends its trade as well. */
static void
a_trade_that_failed_is_forgotten_too(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_REFUSED, -1, 0, NULL };
	add(f, "s1", 5);
	take(f, 1, "OPEN");
	run(f);
	take(f, 1, "CLOSE");
	pass(f, PRUNE_AGE_MS + 1);
	prune_all(f);
	assert_int_equal(count(f, "deliveries") + count(f, "messages"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trades_that_ended_are_forgotten_after_a_week),
		TEST(long_trades_are_forgotten_piece_by_piece),
		TEST(trades_of_a_journal_that_came_back_are_kept),
		TEST(silent_trades_are_forgotten_behind_a_filter),
		TEST(what_is_pending_is_not_forgotten),
		TEST(a_trade_that_failed_is_forgotten_too),
	};

	if (setenv("TZ", "UTC0", 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
