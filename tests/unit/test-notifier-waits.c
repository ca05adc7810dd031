/*
 * notifier: what becomes of messages that cannot be sent, by what the channel
 * answers; what Telegram's replies mean (F28, F30, F34, F56).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "notifier/telegram.h"
#include "tests/unit/notifier_fixture.h"

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

/*
 * F28: what comes behind a message that was given up waits as long as the chat
 * was told, also after a restart, and where nothing was behind it by then.
 */
static void
a_wait_outlasts_what_was_given_up(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_DELIVERED, 1, 0, NULL };
	f->rules[1] =
	    (struct rule){ "1", OUTCOME_WAIT, 1, 3600 * SECOND, NULL };
	add(f, "s1", 3);
	take(f, 1, "OPEN");
	take(f, 2, "OPEN");
	take(f, 1, "CLOSE");
	run(f);
	assert_string_equal(f->sent, "1" O1 "1" O2);
	f->sent[0] = '\0';
	pass(f, 300 * SECOND);
	restart(f);
	run(f);
	pass(f, 300 * SECOND);
	run(f);
	assert_int_equal(delivery(f, J1, 2, "s1").state, DELIVERY_FAILED);
	assert_int_equal(get(f, "s1").balance, 2);
	pass(f, 3000 * SECOND - 1);
	run(f);
	assert_string_equal(f->sent, "");
	pass(f, 1);
	run(f);
	assert_string_equal(f->sent, "1" C1);

	f->sent[0] = '\0';
	f->rules[1].count = 1;
	take(f, 3, "OPEN");
	run(f);
	pass(f, 600 * SECOND);
	run(f);
	assert_int_equal(count(f, "pending"), 0);
	f->sent[0] = '\0';
	take(f, 4, "OPEN");
	run(f);
	pass(f, 599 * SECOND);
	run(f);
	assert_string_equal(f->sent, "");
	/* Another chat was told nothing. */
	add(f, "s2", 1);
	take(f, 5, "OPEN");
	run(f);
	assert_string_equal(f->sent, "2:🔔 Trade #00005 ⚡|");
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
		TEST(the_order_is_kept_behind_a_retry),
		TEST(an_open_that_fails_is_credited_and_ends_the_trade),
		TEST(a_close_is_tried_for_a_day),
		TEST(who_is_gone_is_parked_with_an_alarm),
		TEST(a_moved_chat_is_followed_once),
		TEST(a_wait_is_obeyed),
		TEST(a_wait_outlasts_what_was_given_up),
		TEST(a_retry_waits_by_the_monotonic_clock),
		TEST(a_restart_waits_for_no_clock),
		TEST(a_wait_that_is_too_long_ends_in_time),
		cmocka_unit_test(replies_are_judged),
		cmocka_unit_test(long_reasons_are_cut_between_characters),
	};

	if (setenv("TZ", "UTC0", 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
