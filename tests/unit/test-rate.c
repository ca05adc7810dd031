/*
 * rate: never more than the limit in any period, at once where there were
 * fewer, turns in the order of asking, and addresses that are forgotten (F34).
 *
 * Not tested: what Telegram itself counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "notifier/rate.h"

static void
an_address_waits(void **state)
{
	const struct rate_limit all = { 0, 1000 };
	const struct rate_limit own[] = { { 1, 1000 }, { 3, 60000 } };
	/* To one group: when it is asked, and the answer. */
	static const struct {
		int64_t ms, wait;
	} cases[] = {
		{ 5000, 0 }, { 5000, 1000 }, { 5400, 600 }, { 6000, 0 },
		{ 7500, 0 },
		{ 8500, 56500 }, /* three within a minute of 5000 */
		{ 64999, 1 }, { 65000, 0 }, { 65999, 1 }, { 66000, 0 },
		{ 67000, 500 }, /* the third came at 7500 */
	};
	struct rate *r = rate_new(all);

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rate_turn_ms(r, "-100", own, 2, cases[i].ms),
		    cases[i].wait);
	/* Others are not concerned; a person has the first limit alone. */
	assert_int_equal(rate_turn_ms(r, "5", own, 1, 67000), 0);
	assert_int_equal(rate_turn_ms(r, "5", own, 1, 67001), 999);
	rate_free(r);
}

/* A hundred at once, ten a second: each is asked for again at its time. */
static void
turns_come_in_order(void **state)
{
	const struct rate_limit all = { 10, 1000 };
	int64_t due[100], at[100];
	struct rate *r = rate_new(all);
	char name[16];
	int sent = 0, order[100], asked = 0;

	(void)state;
	assert_non_null(r);
	for (int i = 0; i < 100; i++)
		due[i] = 1;
	for (int64_t now = 1; sent < 100; now++)
		for (int i = 0; i < 100; i++) {
			int64_t wait;

			if (due[i] == 0 || due[i] > now)
				continue;
			snprintf(name, sizeof(name), "%d", i);
			wait = rate_turn_ms(r, name, NULL, 0, now);
			asked++;
			due[i] = wait > 0 ? now + wait : 0;
			if (wait == 0) {
				at[sent] = now;
				order[sent++] = i;
			}
		}
	for (int i = 0; i < 100; i++) {
		assert_int_equal(order[i], i);
		assert_true(i < 10 || at[i] - at[i - 10] >= 1000);
	}
	assert_int_equal(at[9], 1);
	assert_int_equal(at[99], 9001);
	/* Nobody is asked more than twice. */
	assert_true(asked <= 190);
	rate_free(r);
}

/* A turn that was missed for longer than a second is none. */
static void
a_turn_gets_old(void **state)
{
	const struct rate_limit all = { 1, 1000 };
	struct rate *r = rate_new(all);

	(void)state;
	assert_non_null(r);
	assert_int_equal(rate_turn_ms(r, "a", NULL, 0, 1000), 0);
	assert_int_equal(rate_turn_ms(r, "b", NULL, 0, 1000), 1000);
	assert_int_equal(rate_turn_ms(r, "c", NULL, 0, 1000), 2000);
	/* c is on time, b is too late and goes behind it. */
	assert_int_equal(rate_turn_ms(r, "c", NULL, 0, 3100), 0);
	assert_int_equal(rate_turn_ms(r, "b", NULL, 0, 3100), 900);
	assert_int_equal(rate_turn_ms(r, "b", NULL, 0, 4000), 0);
	rate_free(r);
}

static void
the_quiet_are_forgotten(void **state)
{
	const struct rate_limit all = { 0, 1000 };
	const struct rate_limit own[] = { { 1, 1000 }, { 20, 60000 } };
	struct rate *r = rate_new(all);
	char name[16];

	(void)state;
	assert_non_null(r);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(
		    rate_turn_ms(r, name, own, i < 500 ? 1 : 2, 1000), 0);
	}
	assert_int_equal(rate_size(r), 1000);
	assert_int_equal(rate_turn_ms(r, "0", own, 1, 1500), 500);
	assert_int_equal(rate_size(r), 1000);
	assert_int_equal(rate_turn_ms(r, "x", own, 1, 2000), 0);
	assert_int_equal(rate_size(r), 502);
	assert_int_equal(rate_turn_ms(r, "y", own, 1, 61000), 0);
	assert_int_equal(rate_size(r), 1);
	rate_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_waits),
		cmocka_unit_test(turns_come_in_order),
		cmocka_unit_test(a_turn_gets_old),
		cmocka_unit_test(the_quiet_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
