/*
 * telegram: which limits hold for which chat (F34).
 *
 * Not tested here: what a reply means (test-notifier), requests on the wire
 * (tests/e2e/notifier-telegram.sh, notifier-limits.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "notifier/telegram.h"

/* In a minute, one ask a second: how many go. */
static int
minute(const struct telegram_rates *rates, const char *address)
{
	struct telegram *g =
	    telegram_new(NULL, "https://api.telegram.org", "1:t", rates);
	struct channel c;
	int sent = 0;

	assert_non_null(g);
	c = telegram_channel(g);
	for (int64_t s = 1; s <= 60; s++)
		for (int i = 0; i < 5; i++)
			sent += c.turn_ms(c.state, address, s * 1000 + i) == 0;
	telegram_free(g);
	return sent;
}

static void
groups_get_less(void **state)
{
	static const struct {
		struct telegram_rates rates;
		const char *address;
		int sent;
	} cases[] = {
		{ { 30, 1, 20, 0 }, "123", 60 },
		{ { 30, 1, 20, 0 }, "-123", 20 },
		{ { 30, 1, 20, 0 }, "-1001234567890", 20 },
		{ { 30, 1, 20, 0 }, "@news", 20 },
		{ { 30, 2, 0, 0 }, "-123", 120 },
		{ { 30, 0, 7, 0 }, "-123", 7 },
		{ { 30, 0, 0, 0 }, "123", 300 },
		{ { 0, 0, 0, 0 }, "-123", 300 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int sent = minute(&cases[i].rates, cases[i].address);

		if (sent != cases[i].sent)
			fail_msg("%zu, to %s: %d, not %d", i, cases[i].address,
			    sent, cases[i].sent);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_get_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
