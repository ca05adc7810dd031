/*
 * commands: what each does to the state and is answered with, once and again;
 * invites: used once, expired, hashed, without effect where the commit fails;
 * who is known by their chat; the row of the bot.
 *
 * Not tested here: what was said (test-said), polls and the operator (tests/
 * e2e: notifier-bot*.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/stage.h"
#include "notifier/bot_row.h"
#include "notifier/commands.h"
#include "notifier/invites.h"
#include "notifier/ledger.h"
#include "notifier/prune.h"
#include "tests/unit/notifier_fixture.h"

#define STRANGER                                                               \
	"This bot writes to subscribers only. If you have a code, send: "      \
	"/start CODE"
#define BAD "This code cannot be used."

static struct commands *commands; /* of the test that runs */
static char answer[4096];
static struct done done;

static int
begin_commands(void **state)
{
	if (setup(state) != 0)
		return -1;
	commands = calloc(1, sizeof(*commands));
	return commands != NULL ? 0 : -1;
}

static int
end_commands(void **state)
{
	free(commands);
	return teardown(state);
}

/* Within t; the answer is in `answer`. */
static enum store_error
say_in(struct fixture *f, struct store_txn *t, int64_t user,
    enum command command, const char *words, int again)
{
	struct said said = {
		.user = user, .chat = user, .alone = 1, .command = command
	};
	enum store_error e;
	struct buf b;

	commands->n = f->n;
	snprintf(said.words, sizeof(said.words), "%s", words);
	buf_init(&b, sizeof(answer) - 1);
	e = commands_do(commands, t, &said, again, f->now, &b, &done);
	assert_int_equal(buf_failed(&b), 0);
	snprintf(answer, sizeof(answer), "%s", buf_cstr(&b));
	buf_release(&b);
	return e;
}

static void
say_again(struct fixture *f, int64_t user, enum command command,
    const char *words, int again, const char *expected)
{
	struct store_txn *t = begin(f, 1);

	assert_int_equal(say_in(f, t, user, command, words, again), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	assert_string_equal(answer, expected);
}

static void
say(struct fixture *f, int64_t user, enum command command, const char *words,
    const char *expected)
{
	say_again(f, user, command, words, 0, expected);
}

/* An invite for an hour. */
static void
invite(struct fixture *f, int64_t balance, const char *lang,
    char code[INVITE_CODE_SIZE], struct invite *v)
{
	struct store_txn *t = begin(f, 1);

	*v = (struct invite){ .balance = balance,
		.made_ms = f->now.wall_ms,
		.expires_ms = f->now.wall_ms + 3600 * SECOND };
	snprintf(v->lang, sizeof(v->lang), "%s", lang);
	assert_int_equal(invite_draw(v, code), 0);
	assert_int_equal(invite_put(t, v), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
}

static struct invite
get_invite(struct fixture *f, const char *id)
{
	struct store_txn *t = begin(f, 0);
	struct invite v;

	assert_int_equal(invite_get(&f->n->roll, t, id, &v), STORE_OK);
	store_abort(t);
	return v;
}

static int
is_invited(struct fixture *f, const struct invite *v)
{
	struct store_txn *t = begin(f, 0);
	enum store_error e;
	struct invite out;

	e = invite_get(&f->n->roll, t, v->id, &out);
	store_abort(t);
	assert_true(e == STORE_OK || e == STORE_NOTFOUND);
	return e == STORE_OK;
}

static void
prune(struct fixture *f)
{
	struct prune p;

	prune_init(&p);
	do
		assert_int_equal(prune_tick(&p, f->n, 1, f->now), STORE_OK);
	while (p.next_ms == 0);
}

/* Used now, or expired in an hour, among more than one look takes. */
static void
an_invite_is_forgotten_after_a_week(void **state)
{
	struct fixture *f = *state;
	char code[INVITE_CODE_SIZE], unused[INVITE_CODE_SIZE];
	struct invite used, expired, other;

	invite(f, 30, "en", code, &used);
	invite(f, 30, "en", unused, &expired);
	for (int i = 0; i < 250; i++)
		invite(f, 1, "", unused, &other);
	say(f, 5, COMMAND_START, code,
	    "✅ Welcome! You are subscribed.\nBalance: 30\n\n"
	    "/help — what this bot can do");
	pass(f, PRUNE_AGE_MS);
	prune(f);
	assert_true(is_invited(f, &used));
	pass(f, 1);
	prune(f);
	assert_false(is_invited(f, &used));
	assert_int_equal(count(f, "invites"), 251);
	say(f, 6, COMMAND_START, code, BAD);
	pass(f, 3600 * SECOND - 1);
	prune(f);
	assert_true(is_invited(f, &expired));
	pass(f, 1);
	prune(f);
	assert_int_equal(count(f, "invites"), 0);
	assert_int_equal(count(f, "ledger"), 1);
}

static void
a_code_is_used_once(void **state)
{
	struct fixture *f = *state;
	char code[INVITE_CODE_SIZE];
	struct subscriber s;
	struct invite v;

	invite(f, 30, "ru", code, &v);
	assert_string_equal(invite_state(&v, f->now.wall_ms), "open");
	say(f, 12345, COMMAND_START, code,
	    "✅ Добро пожаловать! Подписка оформлена.\nБаланс: 30\n\n"
	    "/help — что умеет этот бот");
	assert_string_equal(done.subscriber, "tg12345");
	assert_string_equal(done.invite, v.id);
	s = get(f, "tg12345");
	assert_string_equal(s.channel, "telegram");
	assert_string_equal(s.address, "12345");
	assert_string_equal(s.lang, "ru");
	assert_int_equal(s.balance, 30);
	assert_int_equal(s.active, 1);
	assert_int_equal(s.ledger, 1);
	v = get_invite(f, v.id);
	assert_string_equal(v.subscriber, "tg12345");
	assert_int_equal(v.used_ms, f->now.wall_ms);
	assert_string_equal(invite_state(&v, f->now.wall_ms), "used");

	/* By the same person, and by another. */
	say(f, 12345, COMMAND_START, code, "✅ Подписка активна.\nБаланс: 30");
	assert_null(done.what);
	say(f, 777, COMMAND_START, code, BAD);
	assert_int_equal(get(f, "tg12345").balance, 30);
	assert_int_equal(count(f, "subscribers"), 1);
	assert_int_equal(count(f, "ledger"), 1);
}

static void
a_code_adds_to_what_is_there(void **state)
{
	struct fixture *f = *state;
	char code[INVITE_CODE_SIZE], name[GONE_ALARM_SIZE];
	struct store_txn *t;
	struct invite v;

	/* Inactive, as the chat was gone: who writes is there again. */
	put(f, "s5", 7, 0, 0);
	t = begin(f, 1);
	roll_gone_alarm(name, "s5");
	assert_int_equal(alarm_put(t, name, 1, "gone", f->now.wall_ms), 1);
	assert_int_equal(store_commit(t), STORE_OK);
	invite(f, 3, "ru", code, &v);
	say(f, 5, COMMAND_START, code, "✅ Code accepted: +3\nBalance: 10");
	assert_int_equal(get(f, "s5").balance, 10);
	assert_int_equal(get(f, "s5").active, 1);
	assert_string_equal(get(f, "s5").lang, "");
	assert_int_equal(alarm_open(f, name), 0);
	assert_int_equal(count(f, "subscribers"), 1);
	/* One without a balance leaves no row in the ledger. */
	invite(f, 0, "", code, &v);
	say(f, 5, COMMAND_START, code, "✅ Code accepted: +0\nBalance: 10");
	assert_int_equal(count(f, "ledger"), 2);
}

static void
codes_that_are_none(void **state)
{
	struct fixture *f = *state;
	char code[INVITE_CODE_SIZE], other[INVITE_CODE_SIZE];
	struct invite v, w;

	invite(f, 5, "", code, &v);
	invite(f, BALANCE_MAX, "", other, &w);
	assert_string_not_equal(code, other);
	put(f, "s5", 1, 1, 0);
	/* A balance that would be too large. */
	say(f, 5, COMMAND_START, other, BAD);
	/* Part of one, one more letter, the id, nothing like it. */
	other[10] = '\0';
	say(f, 6, COMMAND_START, other, BAD);
	snprintf(answer, sizeof(answer), "%sA", code);
	say(f, 6, COMMAND_START, answer, BAD);
	say(f, 6, COMMAND_START, v.id, BAD);
	say(f, 6, COMMAND_START, v.hash, BAD);
	say(f, 6, COMMAND_START, "' OR 1", BAD);
	/* Dealt with before, by a state that did not keep it. */
	say_again(f, 6, COMMAND_START, code, 1, BAD);
	/* To the last millisecond, and not after it. */
	f->now.wall_ms = v.expires_ms;
	assert_string_equal(invite_state(&v, f->now.wall_ms), "expired");
	say(f, 6, COMMAND_START, code, BAD);
	assert_int_equal(count(f, "subscribers"), 1);
	f->now.wall_ms = v.expires_ms - 1;
	say(f, 6, COMMAND_START, code,
	    "✅ Welcome! You are subscribed.\nBalance: 5\n\n"
	    "/help — what this bot can do");
}

/* The state has the hash of a code and not the code. */
static void
codes_are_hashed(void **state)
{
	/* SHA-256 of "abc": FIPS 180-2, B.1. */
	static const struct invite abc = { .id = "ba7816bf8f01",
		.hash = "ba7816bf8f01cfea414140de5dae2223"
			"b00361a396177a9cb410ff61f20015ad",
		.balance = 1,
		.expires_ms = BASE + DAY };
	struct fixture *f = *state;
	struct store_txn *t = begin(f, 1);
	struct invite v, another = abc;

	assert_int_equal(invite_put(t, &abc), STORE_OK);
	assert_int_equal(invite_find(&f->n->roll, t, "abc", &v), STORE_OK);
	assert_string_equal(v.hash, abc.hash);
	/* The same id, and another hash behind it. */
	another.hash[63] = 'e';
	assert_int_equal(invite_put(t, &another), STORE_OK);
	assert_int_equal(
	    invite_find(&f->n->roll, t, "abc", &v), STORE_NOTFOUND);
	store_abort(t);
}

static void
without_a_commit_there_is_no_effect(void **state)
{
	struct fixture *f = *state;
	char code[INVITE_CODE_SIZE];
	struct store_txn *t;
	struct invite v;

	invite(f, 5, "", code, &v);
	t = begin(f, 1);
	assert_int_equal(say_in(f, t, 6, COMMAND_START, code, 0), STORE_OK);
	store_abort(t);
	assert_int_equal(count(f, "subscribers"), 0);
	assert_int_equal(get_invite(f, v.id).used_ms, 0);
	say(f, 6, COMMAND_START, code,
	    "✅ Welcome! You are subscribed.\nBalance: 5\n\n"
	    "/help — what this bot can do");
	assert_int_equal(count(f, "ledger"), 1);
}

static void
pauses_and_languages(void **state)
{
	struct fixture *f = *state;

	put(f, "s5", 7, 1, 0);
	say_again(f, 5, COMMAND_STOP, "", 1,
	    "⏸ Your subscription is paused: no messages, and your balance "
	    "stays.\n/start resumes it.");
	assert_int_equal(get(f, "s5").active, 1);
	say(f, 5, COMMAND_STOP, "",
	    "⏸ Your subscription is paused: no messages, and your balance "
	    "stays.\n/start resumes it.");
	assert_int_equal(get(f, "s5").active, 0);
	assert_string_equal(done.what, "a subscriber paused");
	say_again(f, 5, COMMAND_START, "", 1,
	    "✅ Your subscription is active.\nBalance: 7");
	assert_int_equal(get(f, "s5").active, 0);
	say(f, 5, COMMAND_START, "",
	    "✅ Your subscription is active.\nBalance: 7");
	assert_int_equal(get(f, "s5").active, 1);
	say(f, 5, COMMAND_START, "",
	    "✅ Your subscription is active.\nBalance: 7");
	assert_null(done.what);
	say(f, 5, COMMAND_LANG, "ru", "Язык: русский");
	assert_string_equal(get(f, "s5").lang, "ru");
	say(f, 5, COMMAND_LANG, "rus", "Отправьте /lang ru или /lang en");
	say(f, 5, COMMAND_BALANCE, "", "Баланс: 7");
	say(f, 5, COMMAND_LANG, "en", "Language: English");
	say(f, 6, COMMAND_LANG, "en", STRANGER);
	say(f, 6, COMMAND_STOP, "", STRANGER);
}

/* What the operator paused is the operator's, also with a code. */
static void
the_operator_pauses(void **state)
{
	static const char paused[] =
	    "⏸ The operator has paused your subscription, and only they can "
	    "resume it.\nBalance: 7";
	struct fixture *f = *state;
	char code[INVITE_CODE_SIZE];
	struct store_txn *t;
	struct subscriber s;
	struct invite v;

	put(f, "s5", 7, 1, 0);
	s = get(f, "s5");
	s.active = 0;
	s.paused = 1;
	t = begin(f, 1);
	assert_int_equal(roll_put(t, &s), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	invite(f, 5, "", code, &v);
	say(f, 5, COMMAND_START, "", paused);
	say(f, 5, COMMAND_STOP, "", paused);
	say(f, 5, COMMAND_START, code, paused);
	assert_int_equal(get_invite(f, v.id).used_ms, 0);
	assert_int_equal(get(f, "s5").active, 0);
	assert_int_equal(get(f, "s5").paused, 1);
	assert_int_equal(get(f, "s5").balance, 7);
}

/* Open trades whose OPEN they got, of this journal alone. */
static void
open_trades(void **state)
{
	struct fixture *f = *state;

	put(f, "s1", 9, 1, 0);
	take(f, 1, "OPEN");
	put(f, "s2", 9, 1, 0);
	take(f, 2, "OPEN");
	take(f, 3, "OPEN");
	take(f, 2, "CLOSE");
	take(f, 3, "INCREASE");
	run(f);
	say(f, 1, COMMAND_STATUS, "",
	    "✅ Your subscription is active\nBalance: 6\nLanguage: English\n"
	    "Open trades: 2\n#00001 LONG BTC/USDT\n#00003 LONG BTC/USDT");
	say(f, 2, COMMAND_STATUS, "",
	    "✅ Your subscription is active\nBalance: 7\nLanguage: English\n"
	    "Open trades: 1\n#00003 LONG BTC/USDT");
	for (int number = 4; number <= 24; number++)
		take(f, number, "OPEN");
	run(f);
	put(f, "s2", 9, 0, 0);
	say(f, 2, COMMAND_STATUS, "", answer);
	assert_non_null(strstr(answer, "Open trades: 8\n"));
}

static void
who_is_known_by_chat(void **state)
{
	static const char *const rows[] = { "501", "-501", "@501", "5010" };
	struct fixture *f = *state;
	struct subscriber s = { .active = 1, .balance = 1 };
	struct store_txn *t = begin(f, 1);

	for (size_t i = 1; i < 4; i++) {
		snprintf(s.id, sizeof(s.id), "x%zu", i);
		strcpy(s.channel, "telegram");
		strcpy(s.address, rows[i]);
		assert_int_equal(roll_put(t, &s), STORE_OK);
	}
	strcpy(s.id, "x5");
	strcpy(s.channel, "stdout");
	strcpy(s.address, "\"channel\":\"telegram\",\"address\":\"501\"");
	assert_int_equal(roll_put(t, &s), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	say(f, 501, COMMAND_BALANCE, "", STRANGER);
	/* Of two, the one with the id of the user. */
	put(f, "s501", 7, 1, 0);
	say(f, 501, COMMAND_BALANCE, "", "Balance: 7");
	strcpy(s.id, "tg501");
	s.balance = 8;
	t = begin(f, 1);
	assert_int_equal(roll_put(t, &s), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	say(f, 501, COMMAND_BALANCE, "", "Balance: 8");
}

/* Whom there was no time to look for is no stranger, and gets no second row. */
static void
too_many_to_look_for(void **state)
{
	struct fixture *f = *state;
	char code[INVITE_CODE_SIZE];
	struct invite v;

	put(f, "s5", 7, 1, 0);
	invite(f, 3, "", code, &v);
	while (throttle_allows(
	    &commands->throttle, THROTTLE_LOOKUP, 1, f->now.mono_ms))
		;
	say(f, 5, COMMAND_START, code, "");
	say(f, 6, COMMAND_BALANCE, "", "");
	assert_int_equal(count(f, "subscribers"), 1);
	f->now.mono_ms += 200;
	say(f, 5, COMMAND_START, code, "✅ Code accepted: +3\nBalance: 10");
}

static void
the_row_of_the_bot(void **state)
{
	struct bot_row row = { .bot = 42, .name = "a_bot" }, got;
	struct fixture *f = *state;
	struct store_txn *t = begin(f, 1);

	assert_int_equal(bot_row_get(&f->n->roll, t, &got), STORE_NOTFOUND);
	assert_int_equal(got.update, 0);
	assert_int_equal(bot_row_put(t, &row), STORE_OK);
	assert_int_equal(bot_row_get(&f->n->roll, t, &got), STORE_OK);
	assert_int_equal(got.update + got.time_ms, 0);
	row.update = 9007199254740993;
	row.time_ms = BASE;
	assert_int_equal(bot_row_put(t, &row), STORE_OK);
	assert_int_equal(bot_row_get(&f->n->roll, t, &got), STORE_OK);
	assert_int_equal(got.bot, 42);
	assert_string_equal(got.name, "a_bot");
	assert_int_equal(got.update, 9007199254740993);
	assert_int_equal(got.time_ms, BASE);
	store_abort(t);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, begin_commands, end_commands)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_code_is_used_once),
		TEST(an_invite_is_forgotten_after_a_week),
		TEST(a_code_adds_to_what_is_there),
		TEST(codes_that_are_none),
		TEST(codes_are_hashed),
		TEST(without_a_commit_there_is_no_effect),
		TEST(pauses_and_languages),
		TEST(the_operator_pauses),
		TEST(open_trades),
		TEST(who_is_known_by_chat),
		TEST(too_many_to_look_for),
		TEST(the_row_of_the_bot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
