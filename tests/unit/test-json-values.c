/*
 * json: values read and written, memory given back (F11).
 */
#include <errno.h>
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
#include "tests/unit/json_fixture.h"

static void
test_reading(void **state)
{
	static const char *const keys[] = { "size", "none", "symbol", "seq",
		"size" };
	const struct json *list, *out[5], *v;
	const struct json *root = parse(
	    "{\"type\":\"positions\",\"n\":17,\"ok\":true,\"no\":false,"
	    "\"nil\":null,\"list\":[{\"symbol\":\"BTCUSDT\",\"size\":\"0.5\","
	    "\"seq\":4242},7,[]]}");

	(void)state;
	assert_int_equal(json_type(root), JSON_OBJECT);
	assert_int_equal(json_count(root), 6);
	assert_string_equal(json_string(json_get(root, "type")), "positions");
	assert_null(json_get(root, "Type"));
	assert_null(json_get(root, "typ"));
	assert_null(json_get(root, ""));
	assert_null(json_get(NULL, "type"));
	assert_null(json_get(json_get(root, "type"), "type"));
	assert_int_equal(json_type(json_get(root, "n")), JSON_NUMBER);
	assert_int_equal(json_type(json_get(root, "ok")), JSON_BOOL);
	assert_int_equal(json_type(json_get(root, "no")), JSON_BOOL);
	assert_int_equal(json_type(json_get(root, "nil")), JSON_NULL);
	assert_int_equal(json_type(json_get(root, "type")), JSON_STRING);
	list = json_get(root, "list");
	assert_int_equal(json_type(list), JSON_ARRAY);
	assert_int_equal(json_count(list), 3);
	assert_null(json_get(list, "symbol"));
	v = json_first(list);
	json_pick(v, keys, 5, out);
	assert_string_equal(json_string(out[0]), "0.5");
	assert_null(out[1]);
	assert_string_equal(json_string(out[2]), "BTCUSDT");
	assert_string_equal(json_number(out[3]), "4242");
	assert_ptr_equal(out[4], out[0]);
	assert_string_equal(json_key(json_first(v)), "symbol");
	assert_string_equal(json_key(json_next(json_first(v))), "size");
	v = json_next(v);
	assert_string_equal(json_number(v), "7");
	assert_null(json_string(v));
	assert_null(json_first(v));
	assert_int_equal(json_count(v), 0);
	v = json_next(v);
	assert_null(json_first(v));
	assert_null(json_next(v));
	json_pick(v, keys, 5, out);
	assert_null(out[0]);
	assert_null(out[4]);
	assert_null(json_first(NULL));
	assert_null(json_string(NULL));
	assert_null(json_number(NULL));
	assert_null(json_number(json_get(root, "type")));
}

static void
test_conversions(void **state)
{
	const struct json *root = parse(
	    "{\"t\":true,\"f\":false,\"i\":42,\"neg\":-1,\"frac\":1.0,"
	    "\"exp\":1e2,\"big\":9223372036854775808,\"s\":\"42\","
	    "\"dec\":\"0.00000001\",\"bad\":\"1e-8\",\"empty\":\"\","
	    "\"time\":\"2023-12-07T10:30:00.000Z\",\"nil\":null,"
	    "\"ms\":\"1701945000000\",\"msn\":1701945000000,\"mid\":2147483648,"
	    "\"precise\":0.1}");
	char out[DECIMAL_TEXT_MAX];
	struct decimal d = { 4242 };
	int64_t n = 4242;
	int flag = 42;

	(void)state;
	assert_int_equal(json_bool(json_get(root, "t"), &flag), 0);
	assert_int_equal(flag, 1);
	assert_int_equal(json_bool(json_get(root, "f"), &flag), 0);
	assert_int_equal(flag, 0);
	assert_int_equal(json_bool(json_get(root, "i"), &flag), -1);
	assert_int_equal(json_bool(json_get(root, "nil"), &flag), -1);
	assert_int_equal(json_bool(NULL, &flag), -1);

	assert_int_equal(json_int(json_get(root, "s"), 0, 100, &n), -1);
	assert_int_equal(json_int(json_get(root, "neg"), 0, 100, &n), -1);
	assert_int_equal(json_int(json_get(root, "i"), 0, 41, &n), -1);
	assert_int_equal(json_int(json_get(root, "frac"), 0, 100, &n), -1);
	assert_int_equal(json_int(json_get(root, "exp"), 0, 100, &n), -1);
	assert_int_equal(
	    json_int(json_get(root, "big"), INT64_MIN, INT64_MAX, &n), -1);
	assert_int_equal(json_int(NULL, 0, 100, &n), -1);
	assert_int_equal(n, 4242);
	assert_int_equal(json_int(json_get(root, "i"), 0, 42, &n), 0);
	assert_int_equal(n, 42);
	/* F11: past 31 bits. */
	assert_int_equal(json_int(json_get(root, "mid"), 0, INT64_MAX, &n), 0);
	assert_int_equal(n, 2147483648);

	assert_int_equal(json_decimal(json_get(root, "bad"), &d), -1);
	assert_int_equal(json_decimal(json_get(root, "empty"), &d), -1);
	assert_int_equal(json_decimal(json_get(root, "exp"), &d), -1);
	assert_int_equal(json_decimal(json_get(root, "t"), &d), -1);
	assert_int_equal(json_decimal(NULL, &d), -1);
	assert_true(d.e18 == 4242);
	assert_int_equal(json_decimal(json_get(root, "dec"), &d), 0);
	decimal_format(out, d);
	assert_string_equal(out, "0.00000001");
	assert_int_equal(json_decimal(json_get(root, "precise"), &d), 0);
	decimal_format(out, d);
	assert_string_equal(out, "0.1");

	n = 4242;
	assert_int_equal(json_ms(json_get(root, "neg"), &n), -1);
	assert_int_equal(json_ms(json_get(root, "empty"), &n), -1);
	assert_int_equal(json_ms(json_get(root, "time"), &n), -1);
	assert_int_equal(json_ms(NULL, &n), -1);
	assert_int_equal(n, 4242);
	assert_int_equal(json_ms(json_get(root, "ms"), &n), 0);
	assert_int_equal(n, 1701945000000);
	n = 0;
	assert_int_equal(json_ms(json_get(root, "msn"), &n), 0);
	assert_int_equal(n, 1701945000000);
	n = 0;
	assert_int_equal(json_time(json_get(root, "time"), &n), 0);
	assert_int_equal(n, 1701945000000);
	assert_int_equal(json_time(json_get(root, "ms"), &n), -1);
	assert_int_equal(json_time(json_get(root, "msn"), &n), -1);
	assert_int_equal(json_time(NULL, &n), -1);
}

static void
test_writer(void **state)
{
	struct decimal d;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	json_open_object(&b, NULL);
	json_put_string(&b, "type", "signal");
	json_put_int(&b, "n", INT64_MIN);
	json_put_bool(&b, "on", 2);
	json_put_bool(&b, "off", 0);
	assert_int_equal(decimal_parse(&d, "45000.50", 8), 0);
	json_put_decimal(&b, "price", d);
	json_put_number(&b, "quantity", "0.020");
	json_put_time(&b, "time", 1701945000000);
	json_open_object(&b, "empty");
	json_close_object(&b);
	json_open_array(&b, "list");
	json_put_int(&b, NULL, 1);
	json_put_string(&b, NULL, "{[:,");
	json_open_array(&b, NULL);
	json_close_array(&b);
	json_open_object(&b, NULL);
	json_put_mem(&b, "k\"1", "a\nb\\c\x01xyz", 6);
	json_close_object(&b);
	json_put_bool(&b, NULL, 1);
	json_close_array(&b);
	json_put(&b, "copy", parse("{\"a\":[1.50,null,\"x\"]}"));
	json_put_string(&b, "last", "\xd0\x96\x7f");
	json_close_object(&b);
	buf_putc(&b, '\n');
	/* The next line in the same buffer begins without a comma. */
	json_open_object(&b, NULL);
	json_close_object(&b);
	assert_string_equal(buf_cstr(&b),
	    "{\"type\":\"signal\",\"n\":-9223372036854775808,\"on\":true,"
	    "\"off\":false,\"price\":\"45000.5\",\"quantity\":0.020,"
	    "\"time\":\"2023-12-07T10:30:00.000Z\",\"empty\":{},"
	    "\"list\":[1,\"{[:,\",[],{\"k\\\"1\":\"a\\nb\\\\c\\u0001\"},true],"
	    "\"copy\":{\"a\":[1.50,null,\"x\"]},\"last\":\"\xd0\x96\x7f\"}\n"
	    "{}");
	buf_release(&b);
	/* A buffer that is too small says so, and nothing else happens. */
	buf_init(&b, 4);
	json_open_object(&b, NULL);
	json_put_string(&b, "type", "signal");
	json_close_object(&b);
	assert_int_equal(buf_failed(&b), EMSGSIZE);
	buf_release(&b);
}

/* Every byte, at every place of the words that are looked at at once. */
static void
test_every_byte_written(void **state)
{
	char word[25], escaped[8], want[64];
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	for (int c = 1; c < 256; c++) {
		(void)snprintf(escaped, sizeof(escaped),
		    c == '"' || c == '\\' ? "\\%c"
			: c == '\n'	  ? "\\n"
			: c == '\r'	  ? "\\r"
			: c == '\t'	  ? "\\t"
			: c < 0x20	  ? "\\u%04x"
					  : "%c",
		    c);
		for (int at = 0; at < 24; at++) {
			memset(word, at % 2 == 0 ? 'x' : 0xc3, 24);
			word[24] = '\0';
			word[at] = (char)c;
			(void)snprintf(want, sizeof(want), "\"%.*s%s%s\"", at,
			    word, escaped, word + at + 1);
			buf_clear(&b);
			json_put_string(&b, NULL, word);
			assert_string_equal(buf_cstr(&b), want);
		}
	}
	buf_release(&b);
}

/* Two documents at a time do not share anything. */
static void
test_two_documents(void **state)
{
	struct json_doc *other = json_new();
	char line[] = "{\"b\":2.50}#";
	const struct json *a, *b;

	(void)state;
	assert_non_null(other);
	a = parse("{\"a\":1.50}");
	b = json_parse(other, line, sizeof(line) - 2);
	assert_non_null(b);
	assert_int_equal(line[sizeof(line) - 2], '\0');
	expect_written(a, "{\"a\":1.50}");
	expect_written(b, "{\"b\":2.50}");
	json_free(other);
	expect_written(a, "{\"a\":1.50}");
}

/* What a document that ended leaves to the next is given to one alone. */
static void
test_documents_come_and_go(void **state)
{
	struct json_doc *docs[5];
	const struct json *values[5];
	char lines[5][32];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5; i++) {
			docs[i] = json_new();
			assert_non_null(docs[i]);
			(void)snprintf(
			    lines[i], sizeof(lines[i]), "{\"a\":\"%d\"}", i);
			values[i] =
			    json_parse(docs[i], lines[i], strlen(lines[i]));
		}
		for (int i = 0; i < 5; i++) {
			(void)snprintf(
			    lines[i], sizeof(lines[i]), "{\"a\":\"%d\"}", i);
			expect_written(values[i], lines[i]);
		}
		for (int i = 0; i < 5; i++)
			json_free(docs[(i + round) % 5]);
	}
}

/* Large and small texts in turn: values are right, chunks come and go. */
static void
test_arena(void **state)
{
	const struct json *v;
	char *s, *big;
	int round;

	(void)state;
	s = repeat("[\"0123456789 0123456789\",0.00000001],", 30000, "0]", "");
	big = malloc(strlen(s) + 2);
	assert_non_null(big);
	big[0] = '[';
	memcpy(big + 1, s, strlen(s) + 1);
	for (round = 0; round < 3; round++) {
		v = parse(big);
		assert_int_equal(json_count(v), 30001);
		v = json_next(json_first(json_next(json_first(v))));
		assert_string_equal(json_number(v), "0.00000001");
		expect_written(parse("[1,\"a\"]"), "[1,\"a\"]");
	}
	free(s);
	/* One string larger than any chunk. */
	memset(big + 1, 'x', 500000);
	big[0] = '"';
	big[500001] = '"';
	big[500002] = '\0';
	v = parse(big);
	assert_int_equal(strlen(json_string(v)), 500000);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_every_byte_written),
		cmocka_unit_test(test_two_documents),
		cmocka_unit_test(test_documents_come_and_go),
		cmocka_unit_test(test_arena),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
