/*
 * notifier: who gets what, what it costs, the order of messages, what becomes
 * of those that cannot be sent, restarts, lost journals, forgetting; what
 * Telegram's replies mean.  Without the process: a channel of the test's own
 * takes the messages, and a moment is what the test says it is.
 *
 * Not tested here: texts (test-message), the watch and real sends (tests/e2e:
 * notifier-*.sh), the subscribers command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "notifier/prune.h"
#include "notifier/telegram.h"
#include "tests/unit/notifier_fixture.h"

#define O1 ":🔔 Trade #00001 ⚡|"
#define O2 ":🔔 Trade #00002 ⚡|"
#define C1 ":🔚 Trade #00001 ⚡|"
#define I1 ":🔼 Trade #00001 - Position increased|"

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
		assert_int_equal(
		    batch_add(&b, lines[i], strlen(lines[i]), 0, "test"), 0);
	signal_line(&b, J1, 1, 1, "OPEN", BASE, "");
	assert_int_equal(take_batch(f, &b), STORE_OK);
	run(f);
	assert_string_equal(f->sent, "1" O1);
	/* All but the empty one, the heartbeat and the refusal. */
	assert_int_equal(f->health.skipped, 6);
}

/* F32: one after the other, and nobody else waits for that. */
static void
the_order_is_kept_behind_a_retry(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_RETRY, 2, 0, NULL };
	add(f, "s1", 9);
	add(f, "s2", 9);
	take(f, 1, "OPEN");
	take(f, 1, "INCREASE");
	take(f, 1, "CLOSE");
	run(f);
	assert_string_equal(f->sent, "1" O1 "2" O1 "2" I1 "2" C1);
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_PENDING);
	pass(f, 999);
	f->sent[0] = '\0';
	run(f);
	assert_string_equal(f->sent, ""); /* 1 s at least */
	pass(f, 251);
	run(f);
	assert_string_equal(f->sent, "1" O1);
	pass(f, 2500);
	run(f);
	assert_string_equal(f->sent, "1" O1 "1" O1 "1" I1 "1" C1);
	assert_int_equal(delivery(f, J1, 1, "s1").attempts, 3);
}

/* F34: who never got the OPEN gets no CLOSE, and did not pay. */
static void
an_open_that_fails_is_credited_and_ends_the_trade(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_RETRY, -1, 0, NULL };
	add(f, "s1", 1);
	take(f, 1, "OPEN");
	take(f, 1, "CLOSE");
	run(f);
	assert_int_equal(get(f, "s1").balance, 0);
	assert_int_equal(count(f, "recipients"), 1);
	while (f->now.wall_ms < BASE + 600 * SECOND) {
		pass(f, 10 * SECOND);
		run(f);
	}
	assert_int_equal(get(f, "s1").balance, 1);
	assert_int_equal(count(f, "recipients"), 0);
	assert_int_equal(count(f, "pending"), 0);
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_FAILED);
	assert_string_equal(delivery(f, J1, 1, "s1").reason,
	    "not delivered within 600 s: because");
	assert_int_equal(delivery(f, J1, 2, "s1").state, DELIVERY_FAILED);
	assert_string_equal(delivery(f, J1, 2, "s1").reason,
	    "the OPEN of the trade was not delivered");
	assert_null(strstr(f->sent, C1));
	/* Later ones find no recipient. */
	take(f, 1, "CLOSE");
	assert_int_equal(count(f, "pending"), 0);
}

/* The rest of a trade is tried for longer: NOTIFY_MAX_AGE. */
static void
a_close_is_tried_for_a_day(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 1);
	take(f, 1, "OPEN");
	run(f);
	f->rules[0] = (struct rule){ "1", OUTCOME_RETRY, -1, 0, NULL };
	take(f, 1, "CLOSE");
	run(f);
	pass(f, DAY - 1);
	run(f);
	assert_int_equal(delivery(f, J1, 2, "s1").state, DELIVERY_PENDING);
	pass(f, 1);
	run(f);
	assert_int_equal(delivery(f, J1, 2, "s1").state, DELIVERY_FAILED);
	assert_int_equal(get(f, "s1").balance, 0); /* the OPEN had arrived */
}

/* F30 */
static void
who_is_gone_is_parked_with_an_alarm(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_GONE, -1, 0, NULL };
	add(f, "s1", 3);
	add(f, "s2", 3);
	take(f, 1, "OPEN");
	take(f, 2, "OPEN");
	run(f);
	assert_int_equal(get(f, "s1").active, 0);
	assert_int_equal(get(f, "s1").balance, 3);
	assert_true(alarm_open(f, "subscriber s1"));
	assert_string_equal(
	    delivery(f, J1, 2, "s1").reason, "the subscriber is inactive");
	/* Only the first was tried, and nobody else is touched. */
	assert_string_equal(f->sent, "1" O1 "2" O1 "2" O2);
	assert_int_equal(get(f, "s2").balance, 1);
}

static void
a_moved_chat_is_followed_once(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_MOVED, 1, 0, "-1001" };
	f->rules[1] = (struct rule){ "2", OUTCOME_MOVED, -1, 0, "22" };
	f->rules[2] = (struct rule){ "22", OUTCOME_MOVED, -1, 0, "2" };
	add(f, "s1", 3);
	add(f, "s2", 3);
	take(f, 1, "OPEN");
	run(f);
	assert_string_equal(get(f, "s1").address, "-1001");
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_DELIVERED);
	/* Round in circles: it ends. */
	assert_int_equal(delivery(f, J1, 1, "s2").state, DELIVERY_FAILED);
	assert_int_equal(get(f, "s2").balance, 3);
	assert_string_equal(f->sent, "1" O1 "2" O1 "-1001" O1 "22" O1);
}

/* F28: also over a restart. */
static void
a_wait_is_obeyed(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_WAIT, 1, 60 * SECOND, NULL };
	add(f, "s1", 3);
	take(f, 1, "OPEN");
	run(f);
	pass(f, 30 * SECOND);
	restart(f);
	run(f);
	assert_string_equal(f->sent, "1" O1);
	pass(f, 30 * SECOND - 1);
	run(f);
	assert_string_equal(f->sent, "1" O1);
	pass(f, 1);
	run(f);
	assert_string_equal(f->sent, "1" O1 "1" O1);
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_DELIVERED);
}

/*
 * F56: also where the clock was set back before a restart: what was put off
 * waits as long as it was told to, and what was never tried not at all.
 */
static void
a_restart_waits_for_no_clock(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_WAIT, 1, 60 * SECOND, NULL };
	add(f, "s1", 3);
	add(f, "s2", 3);
	take(f, 1, "OPEN");
	take(f, 1, "INCREASE");
	run(f);
	assert_string_equal(f->sent, "1" O1 "2" O1 "2" I1);
	take(f, 1, "INCREASE");
	f->now.wall_ms -= 3600 * SECOND;
	restart(f);
	run(f);
	assert_string_equal(f->sent, "1" O1 "2" O1 "2" I1 "2" I1);
	pass(f, 60 * SECOND - 1);
	run(f);
	assert_string_equal(f->sent, "1" O1 "2" O1 "2" I1 "2" I1);
	pass(f, 1);
	run(f);
	assert_string_equal(
	    f->sent, "1" O1 "2" O1 "2" I1 "2" I1 "1" O1 "1" I1 "1" I1);
}

/* F56: a clock that is set back an hour does not make a retry wait for it. */
static void
a_retry_waits_by_the_monotonic_clock(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_RETRY, 1, 0, NULL };
	add(f, "s1", 3);
	take(f, 1, "OPEN");
	run(f);
	pass(f, 1250);
	f->now.wall_ms -= 3600 * SECOND;
	run(f);
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_DELIVERED);
}

/* F28: three hours are longer than an OPEN lives. */
static void
a_wait_that_is_too_long_ends_in_time(void **state)
{
	struct fixture *f = *state;

	f->rules[0] =
	    (struct rule){ "1", OUTCOME_WAIT, -1, 10072 * SECOND, NULL };
	add(f, "s1", 3);
	take(f, 1, "OPEN");
	run(f);
	pass(f, 600 * SECOND);
	run(f);
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_FAILED);
	assert_int_equal(get(f, "s1").balance, 3);
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

/* One that is told to wait for long is not waited for at the end. */
static void
a_channel_on_hold_is_left_for_later(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 1);
	take(f, 1, "OPEN");
	f->busy_ms = 30 * SECOND;
	run(f);
	assert_true(notifier_idle(f->n, f->now));
	assert_int_equal(count(f, "pending"), 1);
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

/* F28, F30, F91: what each answer means. */
static void
replies_are_judged(void **state)
{
	static const struct {
		enum http_outcome outcome;
		int status;
		const char *body, *retry_after;
		enum outcome_kind kind;
		int64_t wait_ms;
	} cases[] = {
		{ HTTP_REPLY, 200, "{\"ok\":true,\"result\":{}}", "",
		    OUTCOME_DELIVERED, 0 },
		{ HTTP_REPLY, 200, "{\"ok\":false}", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 200, "{\"ok\":tr", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 200, "", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 502, "<html>", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 500, "{\"ok\":false,\"error_code\":500}", "",
		    OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 302, "", "", OUTCOME_RETRY, 0 },
		{ HTTP_NOT_SENT, 0, "", "", OUTCOME_RETRY, 0 },
		{ HTTP_UNKNOWN, 0, "", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429,
		    "{\"ok\":false,\"parameters\":{\"retry_after\":3}}", "",
		    OUTCOME_WAIT, 3000 },
		{ HTTP_REPLY, 429,
		    "{\"ok\":false,\"parameters\":{\"retry_after\":10072}}",
		    "9", OUTCOME_WAIT, 10072000 },
		{ HTTP_REPLY, 429,
		    "{\"ok\":false,\"parameters\":{\"retry_after\":60}}", "",
		    OUTCOME_WAIT, 60000 },
		/* No longer than a week. */
		{ HTTP_REPLY, 429,
		    "{\"ok\":false,\"parameters\":{\"retry_after\":604801}}",
		    "", OUTCOME_WAIT, 604800000 },
		/* No time at all would be to ask without end. */
		{ HTTP_REPLY, 429,
		    "{\"ok\":false,\"parameters\":{\"retry_after\":0}}", "",
		    OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429,
		    "{\"ok\":false,\"parameters\":{\"retry_after\":-1}}", "",
		    OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429, "{\"ok\":false}", "0", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429, "{\"ok\":false}", "7", OUTCOME_WAIT, 7000 },
		{ HTTP_REPLY, 429, "{\"ok\":false}", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429, "slow down", "7", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 403,
		    "{\"ok\":false,\"description\":\"Forbidden: bot was blocked "
		    "by the user\"}",
		    "", OUTCOME_GONE, 0 },
		/* Of something in between: nobody is gone. */
		{ HTTP_REPLY, 403, "<html>Forbidden", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 400,
		    "{\"ok\":false,\"description\":\"Bad Request: chat not "
		    "found\"}",
		    "", OUTCOME_GONE, 0 },
		{ HTTP_REPLY, 400,
		    "{\"ok\":false,\"description\":\"Bad Request: message is "
		    "too long\"}",
		    "", OUTCOME_REFUSED, 0 },
		{ HTTP_REPLY, 400,
		    "{\"ok\":false,\"parameters\":"
		    "{\"migrate_to_chat_id\":-1001234567890}}",
		    "", OUTCOME_MOVED, 0 },
		{ HTTP_REPLY, 401, "{\"ok\":false}", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 404, "{\"ok\":false}", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 400, "{\"ok\":true}", "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 413, "{\"ok\":false}", "", OUTCOME_REFUSED, 0 },
	};
	struct json_doc *doc = json_new();
	struct outcome o;
	char body[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_reply r = { .outcome = cases[i].outcome,
			.status = cases[i].status,
			.body = body,
			.error = "no reply" };

		strcpy(body, cases[i].body);
		r.len = strlen(body);
		strcpy(r.retry_after, cases[i].retry_after);
		telegram_judge(&o, doc, &r);
		if (o.kind != cases[i].kind || o.wait_ms != cases[i].wait_ms)
			fail_msg("%d %s: kind %d, wait %lld", cases[i].status,
			    cases[i].body, (int)o.kind, (long long)o.wait_ms);
		assert_int_equal(
		    o.reason[0] == '\0', o.kind == OUTCOME_DELIVERED);
		if (o.kind == OUTCOME_MOVED)
			assert_string_equal(o.moved_to, "-1001234567890");
	}
	json_free(doc);
}

/* A reason is cut between characters: its row must stay valid UTF-8. */
static void
long_reasons_are_cut_between_characters(void **state)
{
	char text[400], out[REASON_SIZE];

	(void)state;
	for (int pad = 0; pad < 4; pad++) {
		memset(text, 'x', (size_t)pad);
		text[pad] = '\0';
		while (strlen(text) < 300)
			strcat(text, "⚡");
		reason_set(out, "%s", text);
		assert_true(strlen(out) > REASON_SIZE - 8);
		assert_int_equal((strlen(out) - (size_t)pad) % 3, 0);
	}
	reason_set(out, "%s", "short ⚡");
	assert_string_equal(out, "short ⚡");
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
		TEST(the_order_is_kept_behind_a_retry),
		TEST(an_open_that_fails_is_credited_and_ends_the_trade),
		TEST(a_close_is_tried_for_a_day),
		TEST(who_is_gone_is_parked_with_an_alarm),
		TEST(a_moved_chat_is_followed_once),
		TEST(a_wait_is_obeyed),
		TEST(a_retry_waits_by_the_monotonic_clock),
		TEST(a_restart_waits_for_no_clock),
		TEST(a_wait_that_is_too_long_ends_in_time),
		TEST(a_restart_sends_what_is_not_settled),
		TEST(sends_are_bounded),
		TEST(a_busy_channel_is_left_alone),
		TEST(a_channel_on_hold_is_left_for_later),
		TEST(who_is_removed_gets_nothing_more),
		TEST(a_lost_journal_is_noticed),
		cmocka_unit_test_setup_teardown(
		    a_full_state_loses_nothing, setup_small, teardown),
		TEST(trades_that_ended_are_forgotten_after_a_week),
		TEST(long_trades_are_forgotten_piece_by_piece),
		TEST(silent_trades_are_forgotten_behind_a_filter),
		TEST(what_is_pending_is_not_forgotten),
		TEST(a_trade_that_failed_is_forgotten_too),
		cmocka_unit_test(replies_are_judged),
		cmocka_unit_test(long_reasons_are_cut_between_characters),
	};

	if (setenv("TZ", "UTC0", 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
