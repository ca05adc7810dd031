/*
 * Wrong tokens and the wait that they cost (F09).
 *
 * Not tested: a monotonic clock that goes back, which there is not.
 */
#include "webhookd/guesses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* F09: ten are free, then each costs twice the wait of the one before. */
static void
test_guesses(void **arg)
{
	static struct guesses g;
	char address[32];
	int i;

	(void)arg;
	for (i = 0; i < 10; i++) {
		assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 1000), 0);
		guesses_add(&g, "192.0.2.1", 1000);
	}
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 1000), 0);
	guesses_add(&g, "::ffff:192.0.2.1", 1000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 1000), 1000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 1400), 600);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 2000), 0);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.2", 1000), 0);
	guesses_add(&g, "192.0.2.1", 2000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 2000), 2000);
	guesses_add(&g, "192.0.2.1", 4000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 4000), 4000);
	for (i = 0; i < 100; i++)
		guesses_add(&g, "192.0.2.1", 4000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 4000), 30000);
	/* 26 are remembered: 16 are forgotten in 80 s, and 10 are free. */
	guesses_add(&g, "192.0.2.1", 4000 + 80000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 84000), 1000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 84000 + 200000), 0);
	/* Bounded: the quietest gives way, the loud one stays. */
	for (i = 0; i < 5000; i++) {
		(void)snprintf(
		    address, sizeof(address), "10.0.%d.%d", i / 256, i % 256);
		guesses_add(&g, address, 84001 + i);
		guesses_add(&g, "192.0.2.1", 84001 + i);
	}
	assert_int_equal(g.n, GUESSES_KEPT);
	assert_true(guesses_wait_ms(&g, "192.0.2.1", 89001) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_guesses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
