/*
 * notifier: who gets what, what it costs, the order of messages, restarts,
 * lost journals.  Without the process: a channel of the test's own takes the
 * messages, and a moment is what the test says it is.
 *
 * Not tested here: messages that cannot be sent, and what Telegram's replies
 * mean (test-notifier-waits), forgetting (test-notifier-forget), texts
 * (test-message), the watch and real sends (tests/e2e: notifier-*.sh), the
 * subscribers command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/notifier_fixture.h"

static void
an_open_goes_to_who_has_paid(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 2);
	add(f, "s2", 0);
	put(f, "s3", 5, 0, 0);
	put(f, "s4", 1, 1, 1); /* a tester is a subscriber too */
	take(f, 1, "OPEN");
	run(f);
	assert_string_equal(f->sent, "1" O1 "4" O1);
	assert_int_equal(count(f, "deliveries"), 2);
	assert_int_equal(get(f, "s1").balance, 1);
	assert_int_equal(get(f, "s2").balance, 0);
	assert_int_equal(get(f, "s3").balance, 5);
	assert_int_equal(get(f, "s4").balance, 0);
	/* The rest is for those two alone, and costs nothing. */
	f->sent[0] = '\0';
	put(f, "s2", 9, 1, 0);
	take(f, 1, "INCREASE");
	take(f, 1, "CLOSE");
	run(f);
	assert_string_equal(f->sent, "1" I1 "4" I1 "1" C1 "4" C1);
	assert_int_equal(get(f, "s1").balance, 1);
	assert_int_equal(get(f, "s2").balance, 9);
	assert_int_equal(count(f, "pending"), 0);
	assert_int_equal(delivery(f, J1, 3, "s4").state, DELIVERY_DELIVERED);
}

static void
the_lines_say_what_became_of_each(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "2", OUTCOME_REFUSED, 1, 0, NULL };
	add(f, "s1", 2);
	add(f, "s2", 2);
	take(f, 1, "OPEN");
	run(f);
	assert_string_equal(buf_cstr(&f->n->out),
	    "{\"type\":\"delivery\",\"time\":\"2025-11-21T04:40:00.000Z\","
	    "\"seq\":1,\"subscriber\":\"s1\",\"channel\":\"telegram\","
	    "\"ok\":true,\"ms\":5,\"attempts\":1}\n"
	    "{\"type\":\"delivery\",\"time\":\"2025-11-21T04:40:00.000Z\","
	    "\"seq\":1,\"subscriber\":\"s2\",\"channel\":\"telegram\","
	    "\"ok\":false,\"ms\":5,\"attempts\":1,\"error\":\"because\"}\n");
}

static void
a_trade_from_before_is_announced_to_nobody(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 2);
	assert_int_equal(
	    take_more(f, 1, "OPEN", ",\"initial\":true"), STORE_OK);
	take(f, 1, "CLOSE");
	run(f);
	assert_string_equal(f->sent, "");
	assert_int_equal(get(f, "s1").balance, 2);
	assert_int_equal(count(f, "deliveries") + count(f, "messages"), 0);
	/* Unless NOTIFY_INITIAL says so. */
	f->initial = 1;
	restart(f);
	assert_int_equal(
	    take_more(f, 2, "OPEN", ",\"initial\":true"), STORE_OK);
	run(f);
	assert_string_equal(f->sent, "1" O2);
}

static void
a_test_is_for_testers_and_free(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 2);
	put(f, "s2", 0, 1, 1);
	put(f, "s3", 0, 0, 1);
	assert_int_equal(take_more(f, 1, "OPEN", ",\"test\":true"), STORE_OK);
	assert_int_equal(take_more(f, 1, "CLOSE", ",\"test\":true"), STORE_OK);
	run(f);
	assert_string_equal(f->sent, "2:🧪 TEST|2:🧪 TEST|");
	assert_int_equal(get(f, "s1").balance, 2);
	assert_int_equal(get(f, "s2").balance, 0);
	/* One that fails credits nothing. */
	f->rules[0] = (struct rule){ "2", OUTCOME_REFUSED, -1, 0, NULL };
	assert_int_equal(take_more(f, 2, "OPEN", ",\"test\":true"), STORE_OK);
	run(f);
	assert_int_equal(get(f, "s2").balance, 0);
	assert_int_equal(count(f, "recipients"), 1);
}

/* A new notifier beside an old state of differ: nothing old is announced. */
static void
old_news_are_no_news(void **state)
{
	struct fixture *f = *state;
	struct batch b;

	add(f, "s1", 9);
	batch_init(&b);
	signal_line(&b, J1, 1, 1, "OPEN", BASE - 601 * SECOND, "");
	signal_line(&b, J1, 2, 1, "CLOSE", BASE - 60 * SECOND, "");
	signal_line(&b, J1, 3, 2, "OPEN", BASE - 600 * SECOND + 1, "");
	assert_int_equal(take_batch(f, &b), STORE_OK);
	run(f);
	assert_string_equal(f->sent, "1" O2);
	assert_int_equal(count(f, "deliveries"), 1);
	assert_int_equal(get(f, "s1").balance, 8);
	assert_non_null(strstr(logged, "old signals"));
}

static void
a_line_twice_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct batch b;

	add(f, "s1", 9);
	take(f, 1, "OPEN");
	take(f, 2, "OPEN");
	for (uint64_t seq = 1; seq <= 2; seq++) {
		batch_init(&b);
		signal_line(&b, J1, seq, 7, "OPEN", BASE, "");
		assert_int_equal(take_batch(f, &b), STORE_OK);
	}
	restart(f);
	batch_init(&b);
	signal_line(&b, J1, 2, 7, "OPEN", BASE, "");
	assert_int_equal(take_batch(f, &b), STORE_OK);
	run(f);
	assert_string_equal(f->sent, "1" O1 "1" O2);
	assert_int_equal(get(f, "s1").balance, 7);
}

static void
bad_lines_are_skipped_and_counted(void **state)
{
	static const char *const lines[] = {
		"",
		"{",
		"[]",
		"{\"type\":\"signal\"}",
		"{\"type\":\"heartbeat\"}",
		"{\"type\":\"signal\",\"request\":\"r\",\"error\":\"no\"}",
		"{\"type\":\"signal\",\"seq\":0,\"time\":"
		"\"2025-11-21T04:40:00.000Z\",\"signal_number\":1,"
		"\"action\":\"OPEN\",\"symbol\":\"B\",\"journal\":\"" J1 "\"}",
		"{\"type\":\"signal\",\"seq\":1,\"time\":"
		"\"2025-11-21T04:40:00.000Z\",\"signal_number\":1,"
		"\"action\":\"OPEN\",\"symbol\":\"B\",\"journal\":\"alarms\"}",
		"{\"type\":\"signal\",\"seq\":1,\"time\":\"yesterday\","
		"\"signal_number\":1,\"action\":\"OPEN\",\"symbol\":\"B\","
		"\"journal\":\"" J1 "\"}",
	};
	struct fixture *f = *state;
	struct batch b;

	add(f, "s1", 9);
	batch_init(&b);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		batch_add(&b, lines[i], strlen(lines[i]), 0, "test");
	signal_line(&b, J1, 1, 1, "OPEN", BASE, "");
	assert_int_equal(take_batch(f, &b), STORE_OK);
	run(f);
	assert_string_equal(f->sent, "1" O1);
	/* All but the empty one, the heartbeat and the refusal. */
	assert_int_equal(f->health.skipped, 6);
}

/* F31: nothing sent yet, or sent and not recorded; charged once. */
static void
a_restart_sends_what_is_not_settled(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 3);
	take(f, 1, "OPEN");
	restart(f);
	assert_string_equal(f->sent, "");
	f->hang = 1;
	run(f);
	assert_string_equal(f->sent, "1" O1);
	restart(f);
	f->hang = 0;
	run(f);
	assert_string_equal(f->sent, "1" O1 "1" O1);
	restart(f);
	run(f);
	assert_string_equal(f->sent, "1" O1 "1" O1);
	assert_int_equal(get(f, "s1").balance, 2);
	assert_int_equal(count(f, "deliveries"), 1);
}

static void
sends_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct outcome o = { .kind = OUTCOME_DELIVERED };
	char id[16];

	for (int i = 1; i <= AT_ONCE + 3; i++) {
		snprintf(id, sizeof(id), "s%d", i);
		add(f, id, 1);
	}
	take(f, 1, "OPEN");
	f->hang = 1;
	run(f);
	assert_int_equal(f->nheld, AT_ONCE);
	assert_true(notifier_due(f->n) > f->now.mono_ms);
	f->hang = 0;
	for (size_t i = 0; i < f->nheld; i++)
		f->held[i].done(f->held[i].arg, &o);
	run(f);
	assert_int_equal(count(f, "pending"), 0);
}

static void
a_busy_channel_is_left_alone(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 1);
	take(f, 1, "OPEN");
	f->busy_ms = 100;
	run(f);
	assert_string_equal(f->sent, "");
	assert_false(notifier_idle(f->n, f->now)); /* it is only held up */
	f->busy_ms = 0;
	pass(f, 100);
	run(f);
	assert_string_equal(f->sent, "1" O1);
	assert_true(notifier_idle(f->n, f->now));
}

/* The first part went over slack, where parts are shorter. */
static void
a_text_begins_anew_on_another_channel(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t;
	struct delivery d;

	add(f, "s1", 1);
	take(f, 1, "OPEN");
	d = delivery(f, J1, 1, "s1");
	d.parts = 1;
	strcpy(d.channel, "slack");
	t = begin(f, 1);
	assert_int_equal(delivery_put(t, &d), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	f->channel.units_max = 50;
	run(f);
	assert_string_equal(f->sent, "1:(1/2)|1:(2/2)|");
}

static void
who_is_removed_gets_nothing_more(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t;

	add(f, "s1", 1);
	take(f, 1, "OPEN");
	t = begin(f, 1);
	assert_int_equal(roll_del(t, "s1"), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	take(f, 1, "CLOSE");
	run(f);
	assert_string_equal(f->sent, "");
	assert_string_equal(
	    delivery(f, J1, 1, "s1").reason, "the subscriber was removed");
	assert_int_equal(delivery(f, J1, 2, "s1").attempts, -1); /* none */
	assert_int_equal(count(f, "pending"), 0);
}

/* F23: it is noticed, nothing old is announced, old trades end. */
static void
a_lost_journal_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct batch b;

	add(f, "s1", 5);
	take(f, 1, "OPEN");
	run(f);
	assert_false(alarm_open(f, "journal_changed"));
	f->sent[0] = '\0';
	batch_init(&b);
	signal_line(&b, J2, 1, 1, "OPEN", f->now.wall_ms, ",\"initial\":true");
	signal_line(&b, J2, 2, 1, "CLOSE", f->now.wall_ms, "");
	signal_line(&b, J2, 3, 2, "OPEN", f->now.wall_ms, "");
	assert_int_equal(take_batch(f, &b), STORE_OK);
	run(f);
	assert_true(alarm_open(f, "journal_changed"));
	assert_non_null(strstr(logged, J1 " ended at event 1"));
	assert_string_equal(f->sent, "1" O2);
	assert_int_equal(get(f, "s1").balance, 3);
}

/* F72: nothing of a batch is stored, nothing is announced; then all is. */
static void
a_full_state_loses_nothing(void **state)
{
	struct fixture *f = *state;
	enum store_error e = STORE_OK;
	int n = 0, left, rows;

	for (int i = 1; i <= 50; i++) {
		char id[16];

		snprintf(id, sizeof(id), "s%d", i);
		add(f, id, 1000);
	}
	while (e == STORE_OK && n < 1000) {
		rows = count(f, "deliveries");
		left = (int)get(f, "s1").balance;
		n++;
		e = take_more(f, n, "OPEN", "");
	}
	assert_int_equal(e, STORE_FULL);
	assert_non_null(strstr(notifier_error(f->n), "STATE_MAP_SIZE"));
	assert_int_equal(count(f, "deliveries"), rows);
	assert_int_equal(get(f, "s1").balance, left);
	/* What is there is sent and settled none the less. */
	run(f);
	assert_int_equal(count(f, "pending"), 0);
	f->map_size = 64 << 20;
	restart(f);
	f->seq--;
	take(f, n, "OPEN");
	assert_int_equal(count(f, "deliveries"), rows + 50);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_open_goes_to_who_has_paid),
		TEST(the_lines_say_what_became_of_each),
		TEST(a_trade_from_before_is_announced_to_nobody),
		TEST(a_test_is_for_testers_and_free),
		TEST(old_news_are_no_news),
		TEST(a_line_twice_changes_nothing),
		TEST(bad_lines_are_skipped_and_counted),
		TEST(a_restart_sends_what_is_not_settled),
		TEST(sends_are_bounded),
		TEST(a_busy_channel_is_left_alone),
		TEST(a_text_begins_anew_on_another_channel),
		TEST(who_is_removed_gets_nothing_more),
		TEST(a_lost_journal_is_noticed),
		cmocka_unit_test_setup_teardown(
		    a_full_state_loses_nothing, setup_small, teardown),
	};

	if (setenv("TZ", "UTC0", 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
