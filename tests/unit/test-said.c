/*
 * said: commands and what stands behind them, for whom they are, who said
 * them; updates that are not for us, and one that cannot be dealt with.
 *
 * Not tested here: what becomes of a command (test-commands, tests/e2e:
 * notifier-bot*.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "notifier/said.h"

/* An update with members of its message before the text. */
static int
parse(struct said *out, const char *members, const char *text)
{
	struct json_doc *doc = json_new();
	char line[2048];
	int n, rc;

	n = snprintf(line, sizeof(line),
	    "{\"update_id\":7,\"message\":{%s\"date\":1700000000,"
	    "\"text\":\"%s\"}}",
	    members, text);
	assert_in_range(n, 1, sizeof(line) - 1);
	rc = said_parse(out, json_parse(doc, line, (size_t)n), "Signals_Bot");
	json_free(doc);
	return rc;
}

#define FROM "\"from\":{\"id\":5,\"is_bot\":false},"
#define OWN FROM "\"chat\":{\"id\":5,\"type\":\"private\"},"

static void
commands_and_words(void **state)
{
	static const struct {
		const char *text;
		enum command command;
		const char *words;
	} cases[] = {
		{ "/start", COMMAND_START, "" },
		{ "/start abc_-9", COMMAND_START, "abc_-9" },
		{ "/START@signals_bot  abc ", COMMAND_START, "abc" },
		{ "/start@signals", COMMAND_NONE, "" },
		{ "/stop@signals_bot2", COMMAND_NONE, "" },
		{ "/stop@", COMMAND_NONE, "" },
		{ "/stop", COMMAND_STOP, "" },
		{ "/balance\\n", COMMAND_BALANCE, "" },
		{ "/status", COMMAND_STATUS, "" },
		{ "/lang\\tru", COMMAND_LANG, "ru" },
		{ "/help me", COMMAND_HELP, "me" },
		{ "/halt the\\nnews \\u007f\\u0085\\u00e9 \\\"", COMMAND_HALT,
		    "the news   \xc3\xa9 \"" },
		{ "/resume 0badc0de", COMMAND_RESUME, "0badc0de" },
		{ "/starts", COMMAND_TEXT, "" },
		{ "/star", COMMAND_TEXT, "" },
		{ "start", COMMAND_TEXT, "" },
		{ " /start", COMMAND_TEXT, "" },
		{ "/", COMMAND_TEXT, "" },
		{ "/text", COMMAND_TEXT, "" },
		{ "", COMMAND_TEXT, "" },
	};
	struct said s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(&s, OWN, cases[i].text), 0);
		if (s.command != cases[i].command ||
		    strcmp(s.words, cases[i].words) != 0)
			fail_msg("%s: %s '%s'", cases[i].text,
			    command_name(s.command), s.words);
		assert_int_equal(s.update, 7);
		assert_int_equal(s.user, 5);
		assert_int_equal(s.chat, 5);
		assert_int_equal(s.time_ms, INT64_C(1700000000000));
		assert_int_equal(s.alone, 1);
	}
}

/* Cut before a character that does not fit whole: 200 bytes at the most. */
static void
words_are_cut(void **state)
{
	char text[600] = "/halt ", expect[600] = "";
	struct said s;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "\xe2\x82\xac");
	assert_int_equal(parse(&s, OWN, text), 0);
	for (int i = 0; i < 66; i++)
		strcat(expect, "\xe2\x82\xac");
	assert_string_equal(s.words, expect);
}

static void
who_says_it(void **state)
{
	static const struct {
		const char *members;
		enum command command;
		int alone;
	} cases[] = {
		{ FROM "\"chat\":{\"id\":-100,\"type\":\"group\"},",
		    COMMAND_STOP, 0 },
		{ FROM "\"chat\":{\"id\":6,\"type\":\"private\"},",
		    COMMAND_STOP, 0 },
		{ FROM "\"chat\":{\"id\":5,\"type\":\"channel\"},",
		    COMMAND_STOP, 0 },
		{ "\"from\":{\"id\":5,\"is_bot\":true},"
		  "\"chat\":{\"id\":5,\"type\":\"private\"},",
		    COMMAND_NONE, 0 },
		{ "\"from\":{\"id\":5},"
		  "\"chat\":{\"id\":5,\"type\":\"private\"},",
		    COMMAND_NONE, 0 },
		{ OWN "\"forward_origin\":{},", COMMAND_NONE, 0 },
		{ OWN "\"forward_date\":1,", COMMAND_NONE, 0 },
		{ OWN "\"sender_chat\":{\"id\":-1},", COMMAND_NONE, 0 },
		{ OWN "\"via_bot\":{\"id\":9},", COMMAND_NONE, 0 },
		{ "\"chat\":{\"id\":5,\"type\":\"private\"},", COMMAND_NONE,
		    0 },
		{ FROM, COMMAND_NONE, 0 },
		{ "\"from\":{\"id\":\"5\",\"is_bot\":false},"
		  "\"chat\":{\"id\":5,\"type\":\"private\"},",
		    COMMAND_NONE, 0 },
		{ "\"from\":{\"id\":-5,\"is_bot\":false},"
		  "\"chat\":{\"id\":-5,\"type\":\"private\"},",
		    COMMAND_NONE, 0 },
		{ "\"from\":{\"id\":5.0,\"is_bot\":false},"
		  "\"chat\":{\"id\":5,\"type\":\"private\"},",
		    COMMAND_NONE, 0 },
	};
	struct said s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(&s, cases[i].members, "/stop"), 0);
		if (s.command != cases[i].command || s.alone != cases[i].alone)
			fail_msg("%s: %s %d", cases[i].members,
			    command_name(s.command), s.alone);
	}
}

static void
other_updates(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{ "{\"update_id\":3}", 0 },
		{ "{\"update_id\":3,\"edited_message\":{\"text\":\"/stop\"}}",
		    0 },
		{ "{\"update_id\":3,\"message\":null}", 0 },
		{ "{\"update_id\":3,\"message\":{\"text\":[]}}", 0 },
		{ "{\"update_id\":-3,\"message\":{}}", -1 },
		{ "{\"update_id\":\"3\"}", -1 },
		{ "{\"message\":{}}", -1 },
		{ "[]", -1 },
		{ "7", -1 },
	};
	struct json_doc *doc = json_new();
	struct said s;
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(line, cases[i].text);
		assert_int_equal(
		    said_parse(&s, json_parse(doc, line, strlen(line)), "b"),
		    cases[i].rc);
		assert_int_equal(s.command, COMMAND_NONE);
		if (cases[i].rc == 0)
			assert_int_equal(s.update, 3);
	}
	json_free(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_and_words),
		cmocka_unit_test(words_are_cut),
		cmocka_unit_test(who_says_it),
		cmocka_unit_test(other_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
