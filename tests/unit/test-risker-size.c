/*
 * size: stops, targets and quantities, worked out by hand (F11, F57).
 *
 * Not tested here: whether they are allowed (test-risker-rules), how they are
 * printed (replay/risker).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "risker/alert.h"
#include "risker/book.h"
#include "risker/limits.h"
#include "risker/size.h"

static struct decimal
dec(const char *s)
{
	struct decimal d = decimal_zero;

	if (*s != '\0')
		assert_int_equal(decimal_parse(&d, s, strlen(s)), 0);
	return d;
}

static void
equals(struct decimal d, const char *expected, const char *what)
{
	char text[DECIMAL_TEXT_MAX];

	(void)decimal_format(text, d);
	if (strcmp(text, expected) != 0)
		fail_msg("%s: %s, expected %s", what, text, expected);
}

/*
 * What is not said is the default: equity 10000, 2 % risk, stop 2 %, atr x 2,
 * tick 0.1, step 0.001, mark as price.  qty "-": none can be reckoned.
 */
static const struct {
	const char *name;
	char side;
	const char *price, *mark, *stop_loss, *atr, *target, *equity, *sizing;
	const char *stop, *take_profit, *at, *qty, *notional;
} cases[] = {
	/* 200 / (60000 - 58800) = 0.1666… */
	{ "example", 'b', "60000", "", "", "", "", "", "", "58800", "0",
	    "60000", "0.166", "9960" },
	{ "example, short", 's', "60000", "", "", "", "", "", "", "61200", "0",
	    "60000", "0.166", "9960" },
	/* 60000.05 x 0.98 = 58800.049, up; 200 / 1199.95 = 0.16667… */
	{ "long stop up to the tick", 'b', "60000.05", "", "", "", "", "", "",
	    "58800.1", "0", "60000.05", "0.166", "9960.0083" },
	/* 60000.05 x 1.02 = 61200.051, down; 200 / 1199.95 */
	{ "short stop down to the tick", 's', "60000.05", "", "", "", "", "",
	    "", "61200", "0", "60000.05", "0.166", "9960.0083" },
	{ "on a tick already", 'b', "60000", "", "58800.1", "", "", "", "",
	    "58800.1", "0", "60000", "0.166", "9960" },
	/* 500 x 2 = 1000; 200 / 1000 */
	{ "atr", 'b', "60000", "", "", "500", "", "", "", "59000", "0", "60000",
	    "0.2", "12000" },
	{ "atr, short", 's', "60000", "", "", "500", "", "", "", "61000", "0",
	    "60000", "0.2", "12000" },
	/* 200 / 500 */
	{ "stop_loss before atr", 'b', "60000", "", "59500", "500", "", "", "",
	    "59500", "0", "60000", "0.4", "24000" },
	/* long: 60600 - 58800 = 1800; 200 / 1800 = 0.111…; x 60600 */
	{ "mark above, long", 'b', "60000", "60600", "", "", "", "", "",
	    "58800", "0", "60600", "0.111", "6726.6" },
	{ "mark below, long", 'b', "60000", "59400", "", "", "", "", "",
	    "58800", "0", "60000", "0.166", "9960" },
	/* short: 61200 - 59400 = 1800; x 59400 */
	{ "mark below, short", 's', "60000", "59400", "", "", "", "", "",
	    "61200", "0", "59400", "0.111", "6593.4" },
	{ "mark above, short", 's', "60000", "60600", "", "", "", "", "",
	    "61200", "0", "60000", "0.166", "9960" },
	/* 200 / 60000 = 0.00333…; 200 / 60600 = 0.0033003… */
	{ "notional", 'b', "60000", "", "", "", "", "", "notional", "58800",
	    "0", "60000", "0.003", "180" },
	{ "notional, mark above, short", 's', "60000", "60600", "", "", "", "",
	    "notional", "61200", "0", "60600", "0.003", "181.8" },
	/* 2000000 / 60000 = 33.333… */
	{ "notional, large", 'b', "60000", "", "", "", "", "100000000",
	    "notional", "58800", "0", "60000", "33.333", "1999980" },
	/* stop 1000 away: risk 0.9, 1, 1.9, 1.999998 */
	{ "0.0009", 'b', "60000", "", "59000", "", "", "45", "", "59000", "0",
	    "60000", "0", "0" },
	{ "0.001", 'b', "60000", "", "59000", "", "", "50", "", "59000", "0",
	    "60000", "0.001", "60" },
	{ "0.0019", 'b', "60000", "", "59000", "", "", "95", "", "59000", "0",
	    "60000", "0.001", "60" },
	{ "0.001999998", 'b', "60000", "", "59000", "", "", "99.9999", "",
	    "59000", "0", "60000", "0.001", "60" },
	/* what doubles get wrong: 0.3 / 0.1 is 3, 29 x 0.01 is 0.29 */
	{ "three tenths", 'b', "60000", "", "59000", "", "", "15000", "",
	    "59000", "0", "60000", "0.3", "18000" },
	{ "0.29", 'b', "60000", "", "59000", "", "", "14500", "", "59000", "0",
	    "60000", "0.29", "17400" },
	/* a long's target down, a short's up: towards the price */
	{ "target", 'b', "60000", "", "", "", "61000.07", "", "", "58800",
	    "61000", "60000", "0.166", "9960" },
	{ "target, short", 's', "60000", "", "", "", "58000.03", "", "",
	    "61200", "58000.1", "60000", "0.166", "9960" },
	/* no quantity where the stop is not on its side of both */
	{ "stop at the price", 'b', "60000", "", "60000", "", "", "", "",
	    "60000", "0", "60000", "-", "" },
	{ "stop above", 'b', "60000", "", "61000", "", "", "", "", "61000", "0",
	    "60000", "-", "" },
	{ "stop below, short", 's', "60000", "", "59000", "", "", "", "",
	    "59000", "0", "60000", "-", "" },
	{ "no equity", 'b', "60000", "", "", "", "", "0", "", "58800", "0", "",
	    "-", "" },
	{ "debts", 'b', "60000", "", "", "", "", "-5", "", "58800", "0", "",
	    "-", "" },
};

static void
table(void **state)
{
	const struct book_instrument instrument = { .tick_size = dec("0.10"),
		.qty_step = dec("0.001") };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *equity = cases[i].equity;
		struct alert a = {
			.action = cases[i].side == 'b' ? ALERT_BUY : ALERT_SELL,
			.price = dec(cases[i].price),
			.stop_loss = dec(cases[i].stop_loss),
			.atr = dec(cases[i].atr),
			.take_profit = dec(cases[i].target),
		};
		struct limits l = {
			.max_risk = dec("2"),
			.stop_percent = dec("2"),
			.atr_multiplier = dec("2"),
			.sizing_risk = cases[i].sizing[0] == '\0',
		};
		struct size s = { 0 };

		size_stop(&s, &a, &l, &instrument);
		assert_int_equal(s.has_stop, 1);
		equals(s.stop, cases[i].stop, cases[i].name);
		equals(s.take_profit, cases[i].take_profit, cases[i].name);
		assert_int_equal(s.default_stop,
		    cases[i].stop_loss[0] == '\0' && cases[i].atr[0] == '\0');
		size_quantity(&s, &a, &l, &instrument,
		    dec(*cases[i].mark != '\0' ? cases[i].mark
					       : cases[i].price),
		    dec(*equity != '\0' ? equity : "10000"));
		if (cases[i].qty[0] == '-') {
			if (s.has_qty)
				fail_msg("%s: has a quantity", cases[i].name);
			continue;
		}
		assert_int_equal(s.has_qty, 1);
		equals(s.price, cases[i].at, cases[i].name);
		equals(s.qty, cases[i].qty, cases[i].name);
		equals(s.notional, cases[i].notional, cases[i].name);
	}
}

/* What does not fit a decimal (about 1.7e20) is no stop, or no quantity. */
static void
overflow(void **state)
{
	const struct book_instrument instrument = { .tick_size = dec("0.10"),
		.qty_step = dec("0.001") };
	const struct limits l = { .max_risk = dec("100"),
		.stop_percent = dec("2"),
		.atr_multiplier = dec("100"),
		.sizing_risk = 1 };
	struct alert a = { .action = ALERT_BUY,
		.price = dec("60000"),
		.atr = dec("10000000000000000000") };
	struct size s = { 0 };

	(void)state;
	size_stop(&s, &a, &l, &instrument);
	assert_int_equal(s.has_stop, 0);
	size_quantity(&s, &a, &l, &instrument, a.price, dec("10000"));
	assert_int_equal(s.has_qty, 0);

	a.atr = decimal_zero;
	size_stop(&s, &a, &l, &instrument);
	assert_int_equal(s.has_stop, 1);
	size_quantity(
	    &s, &a, &l, &instrument, a.price, dec("100000000000000000000"));
	assert_int_equal(s.has_qty, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
