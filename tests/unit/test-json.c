/*
 * json: what is taken and what is refused (F11, F43 to F47).
 *
 * Not tested: lack of memory; speed (tests/bench).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/limits.h"
#include "tests/unit/json_fixture.h"

/* Taken, and written again without blanks, in the same order and digits. */
static void
test_taken(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "{}", "{}" },
		{ "[]", "[]" },
		{ " \t\r\n{ } \r", "{}" },
		{ "[ ]", "[]" },
		{ "null", "null" },
		{ "true", "true" },
		{ "false", "false" },
		{ "0", "0" },
		{ "-0", "-0" },
		{ "\"\"", "\"\"" },
		{ "{\"a\":[1,{\"b\":[]},null],\"c\":{}}",
		    "{\"a\":[1,{\"b\":[]},null],\"c\":{}}" },
		{ "{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }",
		    "{\"a\":1,\"b\":[1,2]}" },
		/* F11: as they stood, however long, however written. */
		{ "[9007199254740993,0.00000001,1.50,-0.0,1e5,1E+5,2.5e-3]",
		    "[9007199254740993,0.00000001,1.50,-0.0,1e5,1E+5,2.5e-3]" },
		{ "123456789012345678901234567890123456789012345678901234567890"
		  "123",
		    "12345678901234567890123456789012345678901234567890123456"
		    "7890123" },
		{ "{\"a\":1,\"b\":{\"c\":2,\"d\":[3,4]},\"e\":5}",
		    "{\"a\":1,\"b\":{\"c\":2,\"d\":[3,4]},\"e\":5}" },
		/* Keys differ in case, or in their tails alone. */
		{ "{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}" },
		{ "{\"sixteen bytes is.1\":1,\"sixteen bytes is.2\":2}",
		    "{\"sixteen bytes is.1\":1,\"sixteen bytes is.2\":2}" },
		{ "{\"\":1,\"a\":{\"\":2,\"a\":3}}",
		    "{\"\":1,\"a\":{\"\":2,\"a\":3}}" },
		{ "[{\"a\":1},{\"a\":1}]", "[{\"a\":1},{\"a\":1}]" },
		/* Escapes become bytes; only those that must are written. */
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		    "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\"" },
		{ "\"\\u0041\\u00e9\\u20AC\"", "\"A\xc3\xa9\xe2\x82\xac\"" },
		{ "\"\\ud83d\\udcc8\"", "\"\xf0\x9f\x93\x88\"" },
		{ "\"\\u001f\\u007f\"", "\"\\u001f\x7f\"" },
		{ "\"\x7f\"", "\"\x7f\"" },
		{ "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\"",
		    "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\"" },
		{ "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
		    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		expect_written(parse(rows[i].in), rows[i].out);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *in, *error; /* how the error begins */
	} rows[] = {
		{ "", "the text ends where a value is expected at byte 1" },
		{ " ", "the text ends where a value is expected at byte 2" },
		{ "{", "a key is expected" },
		{ "[", "the text ends where a value" },
		{ "[1", "',' or ']' is expected" },
		{ "{\"a\"", "':' is expected" },
		{ "{\"a\":", "the text ends where" },
		{ "{\"a\":1", "',' or '}' is expected" },
		{ "{\"a\":1,", "a key is expected" },
		{ "[1,]", "a value is expected at byte 4" },
		{ "[,1]", "a value is expected" },
		{ "{\"a\":1,}", "a key is expected" },
		{ "{,}", "a key is expected" },
		{ "{\"a\" 1}", "':' is expected" },
		{ "{\"a\"::1}", "a value is expected" },
		{ "{a:1}", "a key is expected" },
		{ "{1:1}", "a key is expected" },
		{ "{'a':1}", "a key is expected" },
		{ "[1}", "',' or ']' is expected" },
		{ "{\"a\":1]", "',' or '}' is expected" },
		{ "[1 2]", "',' or ']' is expected" },
		{ "]", "a value is expected" },
		{ "[1]]", "bytes behind the value at byte 4" },
		/* F43: cJSON does not look behind the value. */
		{ "{}x", "bytes behind the value" },
		{ "{}{}", "bytes behind the value" },
		{ "1 1", "bytes behind the value" },
		{ "{},", "bytes behind the value" },
		{ "\xef\xbb\xbf{}", "a value is expected" },
		/* Numbers that cJSON takes and RFC 8259 does not. */
		{ "01", "bytes behind the value" },
		{ "-01", "bytes behind the value" },
		{ "00", "bytes behind the value" },
		{ "1.", "malformed number" },
		{ ".5", "a value is expected" },
		{ "+1", "a value is expected" },
		{ "-", "malformed number" },
		{ "--1", "malformed number" },
		{ "1e", "malformed number" },
		{ "1e+", "malformed number" },
		{ "1.e5", "malformed number" },
		{ "0x10", "bytes behind the value" },
		{ "1e5.5", "bytes behind the value" },
		{ "NaN", "a value is expected" },
		{ "nan", "unknown word" },
		{ "Infinity", "a value is expected" },
		{ "-Infinity", "malformed number" },
		{ "12345678901234567890123456789012345678901234567890123456789"
		  "01234",
		    "number of more than 63 bytes" },
		{ "nul", "unknown word" },
		{ "nulL", "unknown word" },
		{ "True", "a value is expected" },
		{ "trueish", "bytes behind the value" },
		/* Strings. */
		{ "\"", "the text ends inside a string" },
		{ "\"abc", "the text ends inside a string" },
		{ "\"abcdefghijklmnopqrstuvwxyz", "the text ends inside" },
		{ "\"\\\"", "the text ends inside a string" },
		{ "\"\\", "unknown escape" },
		{ "\"\\x41\"", "unknown escape" },
		{ "\"\\'\"", "unknown escape" },
		{ "\"\\u12\"", "\\u without four hexadecimal digits" },
		{ "\"\\u12g4\"", "\\u without four" },
		{ "\"\\u", "\\u without four" },
		{ "\"\\u+123\"", "\\u without four" },
		/* F44 */
		{ "\"a\\u0000b\"", "\\u0000 in a string" },
		{ "{\"a\\u0000\":1}", "\\u0000 in a string" },
		{ "\"\\ud800\"", "half of a surrogate pair" },
		{ "\"\\udc00\"", "half of a surrogate pair" },
		{ "\"\\ud800\\ud800\"", "half of a surrogate pair" },
		{ "\"\\ud800x\"", "half of a surrogate pair" },
		{ "\"\\ud800\\n\"", "half of a surrogate pair" },
		{ "\"\\ud83d\\u", "half of a surrogate pair" },
		/* F45 */
		{ "\"a\nb\"", "control byte in a string at byte 3" },
		{ "\"a\tb\"", "control byte in a string" },
		{ "\"\x1f\"", "control byte in a string" },
		{ "\"0123456789abcdef\x01 and more of it\"",
		    "control byte in a string at byte 18" },
		{ "{\"a\rb\":1}", "control byte in a string" },
		/* F47 */
		{ "\"\x80\"", "invalid UTF-8" },
		{ "\"\xff\"", "invalid UTF-8" },
		{ "\"\xc0\x80\"", "invalid UTF-8" },
		{ "\"\xc1\xbf\"", "invalid UTF-8" },
		{ "\"\xc3\"", "invalid UTF-8" },
		{ "\"\xc3", "invalid UTF-8" },
		{ "\"\xe0\x9f\xbf\"", "invalid UTF-8" },
		{ "\"\xe2\x82\"", "invalid UTF-8" },
		{ "\"\xe2\x82", "invalid UTF-8" },
		{ "\"\xed\xa0\x80\"", "invalid UTF-8" },
		{ "\"\xed\xbf\xbf\"", "invalid UTF-8" },
		{ "\"\xf0\x8f\xbf\xbf\"", "invalid UTF-8" },
		{ "\"\xf4\x90\x80\x80\"", "invalid UTF-8" },
		{ "\"\xf5\x80\x80\x80\"", "invalid UTF-8" },
		{ "\"\xf0\x9f\x93\"", "invalid UTF-8" },
		{ "\"0123456789\xe9 and more text\"",
		    "invalid UTF-8 at byte 12" },
		{ "{\"\xff\":1}", "invalid UTF-8" },
		{ "[\xc3\xa9]", "a value is expected" },
		/* F43: twice, in whatever spelling and depth. */
		{ "{\"a\":1,\"a\":1}", "a key stands twice: a" },
		{ "{\"a\":1,\"b\":2,\"\\u0061\":3}", "a key stands twice: a" },
		{ "[{\"x\":{\"\":1,\"\":2}}]", "a key stands twice: " },
		{ "{\"a long key of many bytes\":1,\"a long key of many "
		  "bytes\":2}",
		    "a key stands twice: a long key" },
		{ "{\"12345678\":1,\"1234567\":2,\"12345678\":3}",
		    "a key stands twice: 12345678" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (parse_mem(rows[i].in, strlen(rows[i].in)) != NULL)
			fail_msg("%s was taken", rows[i].in);
		if (strncmp(json_error(doc), rows[i].error,
			strlen(rows[i].error)) != 0)
			fail_msg("%s: '%s', expected '%s'", rows[i].in,
			    json_error(doc), rows[i].error);
	}
	/* F44: a NUL is no end. */
	assert_null(parse_mem("{}\0", 3));
	assert_null(parse_mem("\"a\0b\"", 5));
	assert_null(parse_mem("[1,\0 2]", 7));
	assert_null(parse_mem("\0{}", 3));
	/* After all that the document is as good as new. */
	expect_written(parse("{\"a\":1}"), "{\"a\":1}");
}

/* Each beginning of a text is refused, and nothing behind it is read. */
static void
test_cut_anywhere(void **state)
{
	static const char whole[] =
	    "{\"a\":\"\\ud83d\\udcc8 \xe2\x82\xac\",\"b\":[-1.5e+3,true,null],"
	    "\"c\":{\"d\":false}}";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(whole) - 1; len++)
		assert_null(parse_mem(whole, len));
	assert_non_null(parse_mem(whole, len));
}

/* Every byte at every place of a string that a word's step covers. */
static void
test_every_byte(void **state)
{
	char s[40];
	size_t at;
	int c, ok;

	(void)state;
	for (at = 1; at <= 34; at++)
		for (c = 0; c < 256; c++) {
			memset(s, 'x', sizeof(s));
			s[0] = s[35] = '"';
			s[at] = (char)c;
			ok = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
			/* A backslash before x is no escape; the quote at 34
			 * leaves a second one behind. */
			assert_int_equal(parse_mem(s, 36) != NULL, ok);
		}
}

/* F46 */
static void
test_bounds(void **state)
{
	static const struct {
		const char *open, *mid, *close;
		size_t n;
		const char *error; /* NULL: taken */
	} rows[] = {
		{ "[", "", "]", JSON_DEPTH_MAX, NULL },
		{ "[", "", "]", JSON_DEPTH_MAX + 1, "nested too deep" },
		{ "{\"a\":", "1", "}", JSON_DEPTH_MAX, NULL },
		{ "{\"a\":", "1", "}", JSON_DEPTH_MAX + 1, "nested too deep" },
		{ "[", "", "", 1000000, "nested too deep" },
		/* The array itself is a value too. */
		{ "", "[1", ",1", JSON_VALUES_MAX - 2,
		    "',' or ']' is expected" },
		{ "", "[1", ",1", JSON_VALUES_MAX - 1, "too many values" },
	};
	char *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		s = repeat(rows[i].open, rows[i].n, rows[i].mid, rows[i].close);
		if (rows[i].error == NULL)
			assert_non_null(parse(s));
		else {
			assert_null(parse_mem(s, strlen(s)));
			assert_memory_equal(json_error(doc), rows[i].error,
			    strlen(rows[i].error));
		}
		free(s);
	}
}

/* n members of different keys, the last one's key as told. */
static char *
many_members(size_t n, size_t last)
{
	char *s = malloc(n * 24 + 3), *p = s;
	size_t i;

	assert_non_null(s);
	*p++ = '{';
	for (i = 0; i < n; i++)
		p += snprintf(p, 24, "\"k%zu\":%zu,", i == n - 1 ? last : i, i);
	p[-1] = '}';
	*p = '\0';
	return s;
}

/* F46, F43: from the few members of a usual object to very many. */
static void
test_many_members(void **state)
{
	static const size_t counts[] = { 2, 63, 64, 65, 66, 1000, 10000,
		200000 };
	const struct json *v;
	int64_t n;
	char *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(counts); i++) {
		s = many_members(counts[i], counts[i] - 1);
		v = parse(s);
		assert_int_equal(json_count(v), counts[i]);
		free(s);
		s = many_members(counts[i], 0);
		assert_null(parse_mem(s, strlen(s)));
		assert_string_equal(json_error(doc), "a key stands twice: k0");
		free(s);
		/* The two that come last in order, for most counts. */
		s = many_members(counts[i], counts[i] - 2);
		assert_null(parse_mem(s, strlen(s)));
		free(s);
		s = many_members(counts[i], counts[i] - 1);
		s[strlen(s) - 2] = '7';
		v = json_first(parse(s));
		while (json_next(v) != NULL)
			v = json_next(v);
		assert_int_equal(json_int(v, 0, INT64_MAX, &n), 0);
		assert_int_equal(n, (counts[i] - 1) / 10 * 10 + 7);
		free(s);
	}
}

/*
 * With the keys "a" and "key": what is left, written again; NULL where the
 * text is refused all the same.
 */
static void
test_left_out(void **state)
{
	static const char *const names[] = { "key", "a", NULL };
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "{}", "{}" },
		{ "[1,\"b\",null]", "[1,\"b\",null]" },
		{ "{\"b\":1}", "{}" },
		{ "{ \"b\" : 1 }", "{}" },
		{ "{\"b\":1,\"c\":\"x\",\"d\":null}", "{}" },
		{ "{\"a\":1}", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":2}", "{\"a\":1}" },
		{ "{\"b\":2,\"a\":1}", "{\"a\":1}" },
		{ "{\"b\":2,\"a\":1.50,\"c\":3}", "{\"a\":1.50}" },
		{ "{\"a\":1,\"b\":2,\"key\":3}", "{\"a\":1,\"key\":3}" },
		{ "{\"a\":1 , \"b\":2 , \"c\":2 }", "{\"a\":1}" },
		{ "{\"a\":1 , \"b\":2 , \"key\":3 }", "{\"a\":1,\"key\":3}" },
		/* Numbers that are left out do not shift the others' digits. */
		{ "{\"b\":7,\"a\":8,\"c\":[9,{\"b\":10,\"key\":11}]}",
		    "{\"a\":8,\"c\":[9,{\"key\":11}]}" },
		/* What holds others stays, and is gone through. */
		{ "{\"b\":{\"b\":1,\"a\":2},\"c\":[{\"b\":3}]}",
		    "{\"b\":{\"a\":2},\"c\":[{}]}" },
		{ "[{\"b\":1},{\"a\":2}]", "[{},{\"a\":2}]" },
		/* No key of another length, case or tail is taken for one. */
		{ "{\"A\":1,\"aa\":2,\"kex\":3,\"ke\":4,\"\":5}", "{}" },
		{ "{\"0123456789012345678901234567890123456789\":1}", "{}" },
		/* Values that look like the end of something. */
		{ "{\"b\":\",}\",\"a\":\"{,\"}", "{\"a\":\"{,\"}" },
		{ "{\"a\":\",\",\"b\":\"x\"}", "{\"a\":\",\"}" },
		/* An escaped key is kept. */
		{ "{\"\\u0061\":1,\"b\":2}", "{\"a\":1}" },
		{ "{\"\\u0062\":1,\"b\":2}", "{\"b\":1}" },
		/* Twice: refused where it is kept. */
		{ "{\"a\":1,\"a\":2}", NULL },
		{ "{\"b\":1,\"b\":2}", "{}" },
		/* What is left out is checked. */
		{ "{\"b\":01}", NULL },
		{ "{\"b\":1,}", NULL },
		{ "{\"b\":1 \"a\":2}", NULL },
		{ "{\"b\":}", NULL },
		{ "{\"b\":1", NULL },
		{ "{\"b\":1]", NULL },
		{ "{\"b\":\"\xff\"}", NULL },
		{ "{\"b\":1}}", NULL },
	};
	const struct json *v;
	struct json_keys keys;
	size_t i, len;

	(void)state;
	json_keys_init(&keys, names);
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].in);
		free(text);
		text = malloc(len + 1);
		assert_non_null(text);
		memcpy(text, rows[i].in, len);
		v = json_parse_keys(doc, text, len, &keys);
		if (rows[i].out == NULL && v == NULL)
			continue;
		if (rows[i].out == NULL || v == NULL)
			fail_msg("%s: %s", rows[i].in,
			    v == NULL ? json_error(doc) : "taken");
		expect_written(v, rows[i].out);
	}
}

/* Longer than what may be kept of it: a bad text, and no want of memory. */
static void
test_too_long(void **state)
{
	static const char *const names[] = { "a", NULL };
	const size_t len = (size_t)REPLY_SIZE_MAX + 1;
	struct json_keys keys;

	(void)state;
	json_keys_init(&keys, names);
	free(text);
	text = malloc(len + 1);
	assert_non_null(text);
	memset(text, ' ', len);
	memcpy(text + len - 2, "{}", 2);
	assert_null(json_parse_keys(doc, text, len, &keys));
	assert_non_null(strstr(json_error(doc), "too long"));
	assert_non_null(json_parse_keys(doc, text + 1, len - 1, &keys));
	assert_non_null(json_parse(doc, text, len));
}

/* What must not be written to stays as it is; the copy has its ceiling. */
static void
test_of_a_copy(void **state)
{
	static const char given[] = "[1,\"a\\nb\"]#";
	char row[sizeof(given)];
	struct buf copy;

	(void)state;
	memcpy(row, given, sizeof(given));
	buf_init(&copy, 16);
	expect_written(json_parse_copy(doc, &copy, row, 10), "[1,\"a\\nb\"]");
	assert_memory_equal(row, given, sizeof(given));
	assert_null(json_parse_copy(doc, &copy, "                {}", 18));
	assert_string_equal(json_error(doc), "it is too long");
	assert_non_null(json_parse_copy(doc, &copy, "{}", 2));
	buf_release(&copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_of_a_copy),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
