/*
 * differ: sums over closes, and rows of Bybit's position list.
 *
 * Expected figures are worked out by hand.  Not tested here: what rows and
 * records do to a trade (test-differ.c, tests/replay).
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
#include "differ/exits.h"
#include "differ/row.h"

static struct decimal
dec(const char *s)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, s, strlen(s)), 0);
	return d;
}

static void
assert_decimal(struct decimal d, const char *expected)
{
	char s[DECIMAL_TEXT_MAX];

	decimal_format(s, d);
	assert_string_equal(s, expected);
}

/* Sums and figures. */
static void
close_at(struct exits *e, enum category c, const char *size, const char *price,
    const char *pnl)
{
	struct exits part = { .qty = dec(size),
		.pnl = dec(pnl),
		.price = dec(price),
		.prices = 1 };

	assert_int_equal(
	    exits_weight(&part.weight, c, part.qty, part.price), 0);
	exits_add(e, &part);
}

static void
test_exit_price(void **state)
{
	struct exits e = { 0 };
	struct decimal p;

	(void)state;
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), -1);
	close_at(&e, CATEGORY_LINEAR, "3", "0.123456789123", "1");
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "0.123456789123"); /* one record: as it stands */
	memset(&e, 0, sizeof(e));
	/* (1 x 100 + 3 x 104) / 4 */
	close_at(&e, CATEGORY_LINEAR, "1", "100", "1");
	close_at(&e, CATEGORY_LINEAR, "3", "104", "2");
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "103");
	assert_decimal(exits_pnl(&e), "3");
	memset(&e, 0, sizeof(e));
	/* 200 / (100 / 50000 + 100 / 25000) = 200 / 0.006 */
	close_at(&e, CATEGORY_INVERSE, "100", "50000", "0");
	close_at(&e, CATEGORY_INVERSE, "100", "25000", "0");
	assert_int_equal(exits_price(&p, &e, CATEGORY_INVERSE), 0);
	assert_decimal(p, "33333.33333333");
}

/* Of what was closed, in the way of the exit; an estimate is part of it. */
static void
test_entry(void **state)
{
	struct exits e = { 0 };
	struct decimal p;

	(void)state;
	assert_int_equal(exits_entry(&p, &e, CATEGORY_LINEAR), -1);
	/* (1 x 100 + 3 x 104) / 4 */
	e.qty = dec("1");
	e.cost = dec("100");
	exits_guess(&e, CATEGORY_LINEAR, dec("3"), dec("104"), dec("90"),
	    dec("-42"), 5);
	assert_int_equal(exits_entry(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "103");
	/* 200 / (100 / 50000 + 100 / 25000), to the last digit */
	e = (struct exits){ .qty = dec("200"), .cost = dec("0.006") };
	assert_int_equal(exits_entry(&p, &e, CATEGORY_INVERSE), 0);
	assert_decimal(p, "33333.333333333333333333");
}

static void
test_estimates_are_replaced(void **state)
{
	struct exits e = { 0 };
	struct decimal p;

	(void)state;
	exits_guess(&e, CATEGORY_LINEAR, dec("2"), dec("100"), dec("90"),
	    dec("-20"), 5);
	close_at(&e, CATEGORY_LINEAR, "2", "110", "20");
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "100"); /* (2 x 90 + 2 x 110) / 4 */
	assert_decimal(exits_pnl(&e), "0");
	exits_replace(&e, dec("0.5")); /* a quarter of the estimate */
	assert_decimal(e.est_qty, "1.5");
	assert_decimal(e.est_pnl, "-15");
	assert_decimal(e.est_cost, "150");
	assert_decimal(exits_pnl(&e), "5");
	exits_replace(&e, dec("1.5"));
	assert_decimal(exits_pnl(&e), "20");
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "110");
	exits_replace(&e, dec("1"));
	assert_decimal(e.est_qty, "0");
}

static void
test_record_split(void **state)
{
	struct record r = { .left = dec("3"),
		.left_pnl = dec("1"),
		.left_weight = dec("300"),
		.left_cost = dec("270"),
		.left_exit = dec("100") };
	struct exits a, b;

	(void)state;
	record_split(&r, dec("1"), &a);
	assert_decimal(a.pnl, "0.333333333333333333");
	assert_decimal(a.weight, "100");
	assert_decimal(a.cost, "90");
	record_split(&r, dec("5"), &b); /* no more than what is left */
	assert_decimal(b.qty, "2");
	assert_decimal(b.pnl, "0.666666666666666667");
	assert_decimal(r.left, "0");
	assert_decimal(r.left_pnl, "0");
}

static void
test_price_pnl(void **state)
{
	static const struct {
		enum category c;
		enum side side;
		const char *size, *entry, *price, *pnl;
	} t[] = {
		{ CATEGORY_LINEAR, SIDE_BUY, "0.5", "45000", "47000", "1000" },
		{ CATEGORY_LINEAR, SIDE_SELL, "0.5", "45000", "47000",
		    "-1000" },
		/* 100 / 50000 - 100 / 40000 = 0.002 - 0.0025 */
		{ CATEGORY_INVERSE, SIDE_BUY, "100", "50000", "40000",
		    "-0.0005" },
		{ CATEGORY_INVERSE, SIDE_SELL, "100", "50000", "40000",
		    "0.0005" },
		{ CATEGORY_LINEAR, SIDE_BUY, "1", "0", "1", "0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_decimal(price_pnl(t[i].c, t[i].side, dec(t[i].size),
				   dec(t[i].entry), dec(t[i].price)),
		    t[i].pnl);
}

/* Rows. */
static void
test_bad_rows(void **state)
{
	static const struct {
		const char *row, *why;
	} t[] = {
		{ "{\"size\":\"abc\"}", "size is not a decimal from 0 up" },
		{ "{\"size\":\"\"}", "size is not a decimal from 0 up" },
		{ "{}", "size is not a decimal from 0 up" },
		{ "{\"size\":\"-1\"}", "size is not a decimal from 0 up" },
		{ "{\"size\":\"1e3\"}", "size is not a decimal from 0 up" },
		{ "{\"size\":{}}", "a field is neither a text nor a number" },
		{ "{\"size\":\"1\",\"side\":\"Long\"}", "side is not known" },
		{ "{\"size\":\"1\",\"side\":\"buy\"}", "side is not known" },
		{ "{\"size\":\"1\",\"side\":\"\",\"avgPrice\":\"1\"}",
		    "size is above 0, side is empty" },
		{ "{\"size\":\"1\",\"side\":\"Buy\",\"avgPrice\":\"\"}",
		    "size is above 0, avgPrice is missing" },
		{ "{\"size\":\"1\",\"side\":\"Buy\",\"avgPrice\":\"0.00\"}",
		    "size is above 0, avgPrice is missing" },
		{ "{\"size\":\"0\",\"positionStatus\":\"Odd\"}",
		    "positionStatus is not known" },
		{ "{\"size\":\"0\",\"markPrice\":\"x\"}",
		    "markPrice is not a decimal from 0 up" },
		{ "{\"size\":\"0\",\"cumRealisedPnl\":\"x\"}",
		    "cumRealisedPnl is not a decimal" },
		{ "{\"size\":\"0\",\"seq\":1.5}", "seq is not a whole number" },
		{ "{\"size\":\"100000000\",\"side\":\"Buy\","
		  "\"avgPrice\":\"100000000\"}",
		    "size times avgPrice is out of range" },
		{ "{\"size\":\"1\",\"side\":\"Buy\",\"avgPrice\":\"1\","
		  "\"leverage\":\"much\"}",
		    "leverage is not a decimal" },
	};
	struct json_doc *doc = json_new();

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *copy = strdup(t[i].row);
		struct row_text rt;
		struct row r;
		const char *why = "";

		row_pick(json_parse(doc, copy, strlen(copy)), &rt);
		assert_int_equal(row_read(&rt, &r, &why), -1);
		assert_string_equal(why, t[i].why);
		free(copy);
	}
	json_free(doc);
}

static void
test_flat_rows(void **state)
{
	static const char *const rows[] = {
		"{\"size\":\"0.000\",\"side\":\"None\",\"avgPrice\":\"0\"}",
		"{\"size\":\"0\",\"side\":\"\",\"avgPrice\":\"\",\"seq\":-1}",
		"{\"size\":\"0\",\"side\":\"Buy\"}",
	};
	struct json_doc *doc = json_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *copy = strdup(rows[i]);
		struct row_text rt;
		struct row r;
		const char *why;

		row_pick(json_parse(doc, copy, strlen(copy)), &rt);
		assert_int_equal(row_read(&rt, &r, &why), 0);
		assert_int_equal(r.side, SIDE_NONE);
		assert_int_equal(r.seq, 0);
		free(copy);
	}
	json_free(doc);
}

/* Rows in whatever order of members, one after another. */
static void
test_row_order(void **state)
{
	static const struct {
		const char *row, *size, *open;
	} t[] = {
		{ "{\"symbol\":\"A\",\"size\":\"1\",\"x\":\"\"}", "1", "" },
		{ "{\"symbol\":\"A\",\"size\":\"2\",\"x\":\"\"}", "2", "" },
		{ "{\"symbol\":\"A\",\"size\":\"3\",\"openTime\":7}", "3",
		    "7" },
		{ "{\"openTime\":8,\"size\":\"4\",\"symbol\":\"A\"}", "4",
		    "8" },
		{ "{\"size\":\"5\",\"symbol\":\"A\"}", "5", "" },
		{ "{\"symbol\":\"A\"}", "", "" },
		{ "{\"symbol\":\"A\",\"size\":\"6\"}", "6", "" },
		{ "{}", "", "" },
		{ "{\"size\":\"7\",\"openTime\":9}", "7", "9" },
	};
	struct json_doc *doc = json_new();

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *copy = strdup(t[i].row);
		struct row_text rt;

		row_pick(json_parse(doc, copy, strlen(copy)), &rt);
		assert_string_equal(rt.field[ROW_SIZE], t[i].size);
		assert_string_equal(rt.field[ROW_OPEN], t[i].open);
		free(copy);
	}
	json_free(doc);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_price),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_estimates_are_replaced),
		cmocka_unit_test(test_record_split),
		cmocka_unit_test(test_price_pnl),
		cmocka_unit_test(test_row_order),
		cmocka_unit_test(test_bad_rows),
		cmocka_unit_test(test_flat_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
