/*
 * throttle: how much at once and how much later, for one and for all; more
 * people than are remembered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "notifier/throttle.h"

#define SECOND INT64_C(1000)
#define NOW (INT64_C(1000000) * SECOND)

/* How many of so many are allowed, one after the other at the same moment. */
static int
allowed(struct throttle *h, enum throttle_what what, int64_t user, int n,
    int64_t ms)
{
	int count = 0;

	while (n-- > 0)
		count += throttle_allows(h, what, user, ms);
	return count;
}

static void
one_and_all(void **state)
{
	/* So many at once; then one more every so many ms. */
	static const struct {
		enum throttle_what what;
		int at_once, each;
		int64_t every_ms;
	} cases[] = {
		{ THROTTLE_COMMAND, 10, 1, 10 * SECOND },
		{ THROTTLE_CODE, 5, 1, 720 * SECOND },
		{ THROTTLE_CODES, 30, 0, 2 * SECOND },
		{ THROTTLE_LOOKUP, 60, 0, 200 },
		{ THROTTLE_STRANGER, 30, 0, 2 * SECOND },
	};
	struct throttle *h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		h = calloc(1, sizeof(*h));
		assert_non_null(h);
		assert_int_equal(
		    allowed(h, cases[i].what, 5, 100, NOW), cases[i].at_once);
		/* Another person has their own, or not. */
		assert_int_equal(allowed(h, cases[i].what, 6, 100, NOW),
		    cases[i].each ? cases[i].at_once : 0);
		assert_int_equal(allowed(h, cases[i].what, 5, 9,
				     NOW + cases[i].every_ms - 1),
		    0);
		assert_int_equal(
		    allowed(h, cases[i].what, 5, 9, NOW + cases[i].every_ms),
		    1);
		/* All of it again, and not more, after all of the time. */
		assert_int_equal(allowed(h, cases[i].what, 5, 100,
				     NOW + 100 * cases[i].every_ms),
		    cases[i].at_once);
		free(h);
	}
}

/* Commands and guesses count apart. */
static void
kinds_are_apart(void **state)
{
	struct throttle *h = calloc(1, sizeof(*h));

	(void)state;
	assert_non_null(h);
	assert_int_equal(allowed(h, THROTTLE_CODE, 5, 9, NOW), 5);
	assert_int_equal(allowed(h, THROTTLE_COMMAND, 5, 99, NOW), 10);
	assert_int_equal(allowed(h, THROTTLE_STRANGER, 5, 99, NOW), 30);
	free(h);
}

/* Who was quiet longest gives way, and nobody else. */
static void
more_than_are_remembered(void **state)
{
	struct throttle *h = calloc(1, sizeof(*h));

	(void)state;
	assert_non_null(h);
	for (int64_t user = 1; user <= THROTTLE_PEOPLE; user++)
		assert_int_equal(
		    allowed(h, THROTTLE_CODE, user, 9, NOW + user), 5);
	assert_int_equal(allowed(h, THROTTLE_CODE, 1, 1, NOW + 2000), 0);
	assert_int_equal(allowed(h, THROTTLE_CODE, 9999, 1, NOW + 2000), 1);
	assert_int_equal(h->n, THROTTLE_PEOPLE);
	/* It was the first that was forgotten. */
	assert_int_equal(allowed(h, THROTTLE_CODE, 2, 1, NOW + 2000), 0);
	assert_int_equal(
	    allowed(h, THROTTLE_CODE, THROTTLE_PEOPLE, 1, NOW + 2000), 0);
	free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_and_all),
		cmocka_unit_test(kinds_are_apart),
		cmocka_unit_test(more_than_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
