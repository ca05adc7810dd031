/*
 * filter: lists as words and as rows, what they let through, what is refused.
 *
 * Not tested here: who is told of a trade (tests/e2e/subscribers-filters.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/json.h"
#include "notifier/filter.h"

static void
lists_come_back_as_they_were(void **state)
{
	struct filter f = { .symbols = "" }, back = { .symbols = "" };
	struct json_doc *doc = json_new();
	const struct json *v;
	char err[256] = "";
	struct buf b;

	(void)state;
	assert_int_equal(
	    filter_set(&f, "symbols", "BTCUSDT,BTC-26DEC25", err, sizeof(err)),
	    0);
	assert_int_equal(
	    filter_set(&f, "categories", "spot", err, sizeof(err)), 0);
	assert_int_equal(
	    filter_set(&f, "accounts", "main,sub#2", err, sizeof(err)), 0);
	assert_int_equal(
	    filter_set(&f, "actions", "CLOSE,OPEN", err, sizeof(err)), 0);
	buf_init(&b, 1024);
	json_open_object(&b, NULL);
	filter_write(&b, &f);
	json_close_object(&b);
	assert_string_equal(buf_cstr(&b),
	    "{\"symbols\":[\"BTCUSDT\",\"BTC-26DEC25\"],"
	    "\"categories\":[\"spot\"],\"accounts\":[\"main\",\"sub#2\"],"
	    "\"actions\":[\"CLOSE\",\"OPEN\"]}");

	v = json_parse(doc, b.p, b.len);
	for (const struct json *m = json_first(v); m != NULL;
	     m = json_next(m)) {
		assert_true(filter_is(json_key(m)));
		assert_int_equal(
		    filter_read(&back, json_key(m), m, err, sizeof(err)), 0);
	}
	assert_memory_equal(&f, &back, sizeof(f));

	/* Emptied, they have no members. */
	assert_int_equal(filter_set(&f, "symbols", "", err, sizeof(err)), 0);
	assert_int_equal(filter_set(&f, "categories", "", err, sizeof(err)), 0);
	assert_int_equal(filter_set(&f, "accounts", "", err, sizeof(err)), 0);
	assert_int_equal(filter_set(&f, "actions", "", err, sizeof(err)), 0);
	buf_clear(&b);
	json_open_object(&b, NULL);
	filter_write(&b, &f);
	json_close_object(&b);
	assert_string_equal(buf_cstr(&b), "{}");
	buf_release(&b);
	json_free(doc);
}

static void
what_passes(void **state)
{
	static const struct {
		const char *list, *words;
		int passes; /* BTCUSDT, linear, main */
	} cases[] = {
		{ "symbols", "", 1 }, { "symbols", "BTCUSDT", 1 },
		{ "symbols", "ETHUSDT,BTCUSDT,XRPUSDT", 1 },
		{ "symbols", "BTCUSD", 0 }, { "symbols", "BTCUSDTX", 0 },
		{ "symbols", "1BTCUSDT", 0 },
		{ "categories", "inverse,linear", 1 },
		{ "categories", "inverse,spot", 0 },
		{ "accounts", "other,main", 1 }, { "accounts", "mai", 0 },
		{ "accounts", "main2", 0 },
		{ "actions", "OPEN", 1 }, /* says nothing of trades */
	};
	struct filter f;
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&f, 0, sizeof(f));
		assert_int_equal(filter_set(&f, cases[i].list, cases[i].words,
				     err, sizeof(err)),
		    0);
		if (filter_trade(&f, "BTCUSDT", "linear", "main") !=
		    cases[i].passes)
			fail_msg("%s=%s", cases[i].list, cases[i].words);
	}

	/* All lists have to let it through; a line may name no account. */
	memset(&f, 0, sizeof(f));
	(void)filter_set(&f, "symbols", "BTCUSDT", err, sizeof(err));
	(void)filter_set(&f, "accounts", "main", err, sizeof(err));
	assert_true(filter_trade(&f, "BTCUSDT", "spot", "main"));
	assert_false(filter_trade(&f, "BTCUSDT", "spot", "other"));
	assert_false(filter_trade(&f, "BTCUSDT", "spot", ""));
	assert_false(filter_trade(&f, "ETHUSDT", "spot", "main"));

	assert_true(filter_action(&f, "INCREASE"));
	(void)filter_set(&f, "actions", "OPEN,CLOSE", err, sizeof(err));
	assert_true(filter_action(&f, "OPEN"));
	assert_true(filter_action(&f, "CLOSE"));
	assert_false(filter_action(&f, "PARTIAL_CLOSE"));
	assert_false(filter_action(&f, "INCREASE"));
}

#define A40 "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD"

static void
what_is_refused(void **state)
{
	/* Words of a list, or a row's value where it begins with [ or ". */
	static const struct {
		const char *list, *value, *why;
	} cases[] = {
		{ "symbols", "btcusdt", "'btcusdt'" },
		{ "symbols", "BTC/USDT", "'BTC/USDT'" },
		{ "symbols", "BTCUSDT ", "'BTCUSDT '" },
		{ "symbols", A40 "E", "a symbol" },
		{ "symbols", ",", "''" },
		{ "symbols", "BTCUSDT,", "''" },
		{ "symbols", "A,,B", "''" },
		{ "symbols", "BTCUSDT,ETHUSDT,BTCUSDT", "once" },
		{ "categories", "option", "linear, inverse or spot" },
		{ "categories", "linear inverse", "linear, inverse or spot" },
		{ "accounts", "two words", "'two words'" },
		{ "actions", "open,OPEN", "'open'" },
		{ "actions", "ALARM", "'ALARM'" },
		{ "actions", "CLOSE", "OPEN among them" },
		{ "symbols", "\"BTCUSDT\"", "array" },
		{ "symbols", "[\"BTCUSDT\",5]", "array" },
		{ "symbols", "[\"BTCUSDT\",\"\"]", "''" },
		{ "actions", "[\"OPEN INCREASE\"]", "'OPEN INCREASE'" },
		{ "actions", "[\"INCREASE\"]", "OPEN among them" },
		{ "accounts", "[\"a,b\"]", "'a,b'" },
	};
	struct json_doc *doc = json_new();
	struct filter f, before;
	char err[256], text[128];
	int rc;

	(void)state;
	memset(&f, 0, sizeof(f));
	strcpy(f.symbols, "OLD ");
	before = f;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s", cases[i].value);
		err[0] = '\0';
		if (text[0] == '[' || text[0] == '"')
			rc = filter_read(&f, cases[i].list,
			    json_parse(doc, text, strlen(text)), err,
			    sizeof(err));
		else
			rc = filter_set(
			    &f, cases[i].list, text, err, sizeof(err));
		if (rc != -1 || strstr(err, cases[i].why) == NULL ||
		    strstr(err, cases[i].list) == NULL)
			fail_msg(
			    "%s=%s: '%s'", cases[i].list, cases[i].value, err);
		assert_memory_equal(&f, &before, sizeof(f));
	}
	json_free(doc);
}

/* A list that does not fit is refused, and never cut. */
static void
a_list_that_is_too_long(void **state)
{
	char text[2 * FILTER_SIZE] = "", err[256] = "";
	struct filter f = { .symbols = "" };
	size_t words = 0;

	(void)state;
	while (filter_set(&f, "symbols", text, err, sizeof(err)) == 0) {
		assert_true(++words < 1000);
		sprintf(text + strlen(text), "%sS%06zu",
		    text[0] != '\0' ? "," : "", words);
	}
	/* 8 bytes a word, and the one that ends the list: 127 words fit. */
	assert_int_equal(words - 1, (FILTER_SIZE - 1) / 8);
	assert_int_equal(strlen(f.symbols), (words - 1) * 8);
	assert_non_null(strstr(err, "too long"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_come_back_as_they_were),
		cmocka_unit_test(what_passes),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(a_list_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
