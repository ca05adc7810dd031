/*
 * rate: never more than the limit in any period, at once where there were
 * fewer, and addresses that are forgotten (F34).
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
	struct rate *r = rate_new(0);

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

static void
a_window_counts_ahead(void **state)
{
	struct rate_window *w =
	    rate_window_new((struct rate_limit){ 3, 1000 }, 0);

	(void)state;
	assert_non_null(w);
	rate_window_take(w, 100);
	rate_window_take(w, 300);
	assert_int_equal(rate_window_free_ms(w, 0), 0);
	assert_int_equal(rate_window_free_ms(w, 1), 1100);
	assert_int_equal(rate_window_free_ms(w, 2), 1300);
	assert_int_equal(rate_window_free_ms(w, 3), INT64_MAX);
	rate_window_take(w, 400);
	assert_int_equal(rate_window_free_ms(w, 0), 1100);
	rate_window_take(w, 1100);
	assert_int_equal(rate_window_free_ms(w, 0), 1300);
	rate_window_free(w);
	assert_int_equal(rate_window_free_ms(NULL, 7), 0);
}

/* The last run may have sent a moment ago. */
static void
a_start_has_half_a_limit(void **state)
{
	const struct rate_limit own[] = { { 1, 1000 }, { 5, 60000 } };
	struct rate_window *w =
	    rate_window_new((struct rate_limit){ 5, 1000 }, 7000);
	struct rate *r = rate_new(7000);

	(void)state;
	assert_non_null(w);
	assert_non_null(r);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rate_window_free_ms(w, 0), 0);
		rate_window_take(w, 7100);
	}
	assert_int_equal(rate_window_free_ms(w, 0), 8000);
	assert_int_equal(rate_window_free_ms(w, 1), 8000);
	assert_int_equal(rate_window_free_ms(w, 2), 8100);
	rate_window_free(w);
	/* One that is not heard of before has both; a limit of 1 has no half.
	 */
	assert_int_equal(rate_turn_ms(r, "-100", own, 2, 7000), 0);
	assert_int_equal(rate_turn_ms(r, "-100", own, 2, 8000), 0);
	assert_int_equal(rate_turn_ms(r, "-100", own, 2, 9000), 0);
	assert_int_equal(rate_turn_ms(r, "-100", own, 2, 10000), 57000);
	assert_int_equal(rate_turn_ms(r, "-100", own, 2, 67000), 0);
	rate_free(r);
}

static void
the_quiet_are_forgotten(void **state)
{
	const struct rate_limit own[] = { { 1, 1000 }, { 20, 60000 } };
	struct rate *r = rate_new(0);
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
		cmocka_unit_test(a_window_counts_ahead),
		cmocka_unit_test(a_start_has_half_a_limit),
		cmocka_unit_test(the_quiet_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
