/*
 * notifier while nobody can be reached: thousands of deliveries wait for one
 * that is tried now and then, nothing is lost, who never got the OPEN gets no
 * more of its trade and did not pay (F34); alarms; and it goes on over a
 * restart.  Of which alarms the operator hears.
 *
 * Not tested here: what tells an outage from a bad address (test-way), the
 * wire (tests/e2e/notifier-outage.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/settings.h"
#include "notifier/watch.h"
#include "tests/unit/notifier_fixture.h"

#define MANY 3000
#define SOME 1000
#define HOUR (3600 * SECOND)
#define ALARM "unreachable telegram"

static void
add_many(struct fixture *f, int many)
{
	struct subscriber s = {
		.channel = "telegram", .balance = 5, .active = 1
	};
	struct store_txn *t = begin(f, 1);

	for (int i = 1; i <= many; i++) {
		snprintf(s.id, sizeof(s.id), "s%d", i);
		snprintf(s.address, sizeof(s.address), "%d", i);
		assert_int_equal(roll_put(t, &s), STORE_OK);
	}
	assert_int_equal(store_commit(t), STORE_OK);
}

/* As the process does it: a turn when something is due, a tick a second. */
static void
live(struct fixture *f, int64_t ms)
{
	int64_t until = f->now.mono_ms + ms, due;

	while (f->now.mono_ms < until) {
		run(f);
		assert_int_equal(notifier_tick(f->n, f->now), STORE_OK);
		due = notifier_due(f->n);
		if (due > f->now.mono_ms + SECOND)
			due = f->now.mono_ms + SECOND;
		pass(f, due > f->now.mono_ms ? due - f->now.mono_ms : 1);
	}
}

static int
logged_times(const char *text)
{
	int n = 0;

	for (const char *p = logged; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

static void
break_off(struct fixture *f, enum outage outage)
{
	f->down = 1;
	f->outage = outage;
}

/* Two hours; then all get it, in order, and nobody waits for a back-off. */
static void
everything_waits_for_one_that_is_tried(void **state)
{
	struct fixture *f = *state;
	int64_t tried = 0;

	add_many(f, MANY);
	take(f, 1, "OPEN");
	run(f);
	assert_int_equal(f->nsent, MANY);
	break_off(f, OUTAGE_SURE);
	f->nsent = 0;
	take(f, 1, "INCREASE");
	take(f, 1, "CLOSE");
	live(f, 9 * SECOND);
	assert_false(alarm_open(f, ALARM));
	live(f, 2 * HOUR);
	/* What was begun at the same time, then one in 30 s or more. */
	assert_true(f->nsent <= AT_ONCE + 2 * 120 + 10);
	assert_true(f->nsent >= 190);
	assert_int_equal(count(f, "pending"), 2 * MANY);
	assert_true(alarm_open(f, ALARM));
	assert_int_equal(
	    logged_times("nothing has got through to telegram"), 1);
	f->down = 0;
	f->nsent = 0;
	live(f, 38 * SECOND);
	assert_int_equal(f->nsent, 2 * MANY);
	assert_int_equal(count(f, "pending"), 0);
	assert_false(alarm_open(f, ALARM));
	for (int i = 1; i <= MANY; i++) {
		char id[16];

		snprintf(id, sizeof(id), "s%d", i);
		assert_int_equal(
		    delivery(f, J1, 2, id).state, DELIVERY_DELIVERED);
		tried += delivery(f, J1, 2, id).attempts - 1;
		assert_int_equal(delivery(f, J1, 3, id).attempts, 1);
	}
	assert_true(tried <= AT_ONCE + 2 * 120 + 10);
}

/* An OPEN is no good after ten minutes: credited, and the trade is over. */
static void
who_never_got_the_open_gets_no_more(void **state)
{
	struct fixture *f = *state;

	add_many(f, SOME);
	break_off(f, OUTAGE_SURE);
	take(f, 1, "OPEN");
	live(f, 60 * SECOND);
	take(f, 1, "CLOSE");
	assert_int_equal(get(f, "s777").balance, 4);
	assert_int_equal(count(f, "recipients"), SOME);
	live(f, 542 * SECOND);
	assert_int_equal(count(f, "pending"), 0);
	assert_int_equal(count(f, "recipients"), 0);
	assert_int_equal(count(f, "deliveries"), 2 * SOME);
	assert_int_equal(delivery(f, J1, 1, "s777").state, DELIVERY_FAILED);
	assert_non_null(strstr(delivery(f, J1, 1, "s777").reason, "600 s"));
	assert_string_equal(delivery(f, J1, 2, "s777").reason,
	    "the OPEN of the trade was not delivered");
	f->nsent = 0;
	f->down = 0;
	take(f, 1, "CLOSE");
	live(f, 60 * SECOND);
	assert_int_equal(f->nsent, 0);
	for (int i = 1; i <= SOME; i++) {
		char id[16];

		snprintf(id, sizeof(id), "s%d", i);
		assert_int_equal(get(f, id).balance, 5);
	}
}

/* Answers that are none: three chats have to agree; then it is the same. */
static void
errors_of_three_are_an_outage(void **state)
{
	struct fixture *f = *state;

	add_many(f, 100);
	break_off(f, OUTAGE_PERHAPS);
	take(f, 1, "OPEN");
	live(f, 300 * SECOND);
	assert_true(f->nsent <= AT_ONCE + 20);
	assert_true(alarm_open(f, ALARM));
	f->down = 0;
	f->nsent = 0;
	live(f, 38 * SECOND);
	assert_int_equal(f->nsent, 100);
	assert_false(alarm_open(f, ALARM));
}

/* A few subscribers: the longest wait after the end is that of a probe. */
static void
nobody_waits_longer_than_a_probe(void **state)
{
	struct fixture *f = *state;

	add_many(f, 2);
	take(f, 1, "OPEN");
	run(f);
	break_off(f, OUTAGE_SURE);
	take(f, 1, "CLOSE");
	live(f, HOUR);
	assert_true(delivery(f, J1, 2, "s1").attempts > 50);
	f->down = 0;
	live(f, 38 * SECOND);
	assert_int_equal(count(f, "pending"), 0);
}

/* One bad chat among others: it is tried again by itself, without alarm. */
static void
one_bad_chat_holds_up_nobody(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "3", OUTCOME_RETRY, -1, 0, NULL };
	f->outage = OUTAGE_PERHAPS;
	add_many(f, 10);
	take(f, 1, "OPEN");
	live(f, 20 * SECOND);
	take(f, 2, "OPEN");
	live(f, 20 * SECOND);
	assert_int_equal(count(f, "pending"), 2);
	assert_int_equal(delivery(f, J1, 1, "s3").state, DELIVERY_PENDING);
	assert_int_equal(delivery(f, J1, 2, "s2").attempts, 1);
	assert_false(alarm_open(f, ALARM));
}

static void
an_outage_goes_on_over_a_restart(void **state)
{
	struct fixture *f = *state;

	add_many(f, 100);
	break_off(f, OUTAGE_SURE);
	take(f, 1, "OPEN");
	live(f, 60 * SECOND);
	restart(f);
	f->nsent = 0;
	live(f, SECOND / 2);
	assert_int_equal(f->nsent, 1);
	live(f, 30 * SECOND);
	assert_true(f->nsent <= 6);
	assert_int_equal(logged_times("nothing has got through"), 1);
	/* Over by the next start: the first message tells. */
	f->down = 0;
	restart(f);
	live(f, 2 * SECOND);
	assert_int_equal(count(f, "pending"), 0);
	assert_false(alarm_open(f, ALARM));
	assert_int_equal(logged_times("messages get through"), 1);
}

/* Nobody has such an address any more: the alarm does not stand for ever. */
static void
what_is_not_used_is_forgotten(void **state)
{
	struct fixture *f = *state;

	add_many(f, 1);
	break_off(f, OUTAGE_SURE);
	take(f, 1, "OPEN");
	live(f, 20 * SECOND);
	assert_true(alarm_open(f, ALARM));
	put(f, "s1", 5, 0, 0);
	live(f, 600 * SECOND);
	assert_true(alarm_open(f, ALARM));
	assert_int_equal(count(f, "pending"), 0);
	pass(f, DAY - 1000 * SECOND);
	live(f, SECOND);
	assert_true(alarm_open(f, ALARM));
	pass(f, 1001 * SECOND);
	live(f, 2 * SECOND);
	assert_false(alarm_open(f, ALARM));
}

/* Who gets another address meanwhile does not wait for the old one. */
static void
a_new_address_is_found(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t;
	struct subscriber s;

	f->channel.by_host = 1;
	f->channel.name = "webhook";
	add_many(f, 1);
	s = get(f, "s1");
	strcpy(s.channel, "webhook");
	strcpy(s.address, "https://dead.example/x");
	t = begin(f, 1);
	assert_int_equal(roll_put(t, &s), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	f->rules[0] = (struct rule){ "https://dead.example/x", OUTCOME_RETRY,
		-1, 0, NULL };
	f->outage = OUTAGE_SURE;
	take(f, 1, "OPEN");
	live(f, 20 * SECOND);
	assert_true(alarm_open(f, "unreachable https://dead.example"));
	assert_int_equal(count(f, "pending"), 1);
	strcpy(s.address, "https://live.example/x");
	t = begin(f, 1);
	assert_int_equal(roll_put(t, &s), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	live(f, 300 * SECOND);
	assert_int_equal(count(f, "pending"), 0);
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_DELIVERED);
}

/* At the end of the input nobody waits for the end of an outage. */
static void
the_end_does_not_wait(void **state)
{
	struct fixture *f = *state;

	add_many(f, 100);
	break_off(f, OUTAGE_SURE);
	take(f, 1, "OPEN");
	run(f);
	assert_true(notifier_idle(f->n, f->now));
	f->down = 0;
	/* But for a turn that comes, it is waited. */
	restart(f);
	f->channel.at_once = 10;
	f->hang = 1;
	assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
	f->n->airborne -= 10; /* as if those were done */
	assert_false(notifier_idle(f->n, f->now));
	f->n->airborne += 10;
}

/* A watch that tells of the alarms in the fixture's state. */
static void
open_watch(struct watch *w, struct fixture *f, struct settings **settings)
{
	struct buf errors, warnings;

	buf_init(&errors, 65536);
	buf_init(&warnings, 65536);
	*settings = settings_read("/dev/null", &errors, &warnings);
	assert_non_null(*settings);
	buf_release(&errors);
	buf_release(&warnings);
	watch_init(w, f->n, NULL, f->dir, *settings, 1, f->now);
}

static void
put_alarm(struct fixture *f, int open)
{
	struct store_txn *t = begin(f, 1);

	assert_int_equal(
	    alarm_put(t, "some", open, "something", f->now.wall_ms), 1);
	assert_int_equal(store_commit(t), STORE_OK);
	pass(f, 100);
}

/* What came and went before anybody looked is no news, also not its end. */
static void
the_operator_hears_of_an_end_after_a_beginning(void **state)
{
	struct fixture *f = *state;
	struct settings *settings;
	struct watch w;

	open_watch(&w, f, &settings);
	put_alarm(f, 1);
	put_alarm(f, 0);
	assert_int_equal(watch_tick(&w, f->now), STORE_OK);
	assert_int_equal(count(f, "messages"), 0);
	put_alarm(f, 1);
	assert_int_equal(watch_tick(&w, f->now), STORE_OK);
	assert_int_equal(count(f, "messages"), 1);
	put_alarm(f, 0);
	assert_int_equal(watch_tick(&w, f->now), STORE_OK);
	assert_int_equal(count(f, "messages"), 2);
	put_alarm(f, 1);
	put_alarm(f, 0);
	assert_int_equal(watch_tick(&w, f->now), STORE_OK);
	assert_int_equal(count(f, "messages"), 2);
	put_alarm(f, 1);
	assert_int_equal(watch_tick(&w, f->now), STORE_OK);
	assert_int_equal(count(f, "messages"), 3);
	watch_release(&w);
	settings_free(settings);
}

/* Each subscriber whose chat was ever gone has an alarm, open or closed. */
static void
the_operator_hears_of_many_alarms(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = begin(f, 1);
	struct settings *settings;
	struct watch w;
	char name[32];

	for (int i = 0; i < 2 * MANY; i++) {
		snprintf(name, sizeof(name), "subscriber tg%d", 100000000 + i);
		assert_int_equal(alarm_put(t, name, 1,
				     "subscriber tg100000000 gets nothing any "
				     "more: HTTP 403: Forbidden: bot was "
				     "blocked by the user",
				     BASE),
		    1);
	}
	assert_int_equal(store_commit(t), STORE_OK);
	open_watch(&w, f, &settings);
	assert_int_equal(watch_tick(&w, f->now), STORE_OK);
	assert_int_equal(count(f, "told"), 2 * MANY);
	assert_int_equal(watch_tick(&w, f->now), STORE_OK);
	assert_int_equal(count(f, "messages"), 2 * MANY);
	watch_release(&w);
	settings_free(settings);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_waits_for_one_that_is_tried),
		TEST(who_never_got_the_open_gets_no_more),
		TEST(errors_of_three_are_an_outage),
		TEST(nobody_waits_longer_than_a_probe),
		TEST(one_bad_chat_holds_up_nobody),
		TEST(an_outage_goes_on_over_a_restart),
		TEST(what_is_not_used_is_forgotten),
		TEST(a_new_address_is_found),
		TEST(the_end_does_not_wait),
		TEST(the_operator_hears_of_an_end_after_a_beginning),
		TEST(the_operator_hears_of_many_alarms),
	};

	if (setenv("TZ", "UTC0", 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
