/*
 * trader's closes in hedge mode, where two legs may stand: an order each, one
 * answer of all of it (F17, F64).
 *
 * Not tested here: entries in hedge mode, a mode that changes
 * (e2e/trader-hedge).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/trader-fake.h"

/* A long of 20 and a short of 5, of nobody's. */
static void
stand_on_both(struct fake *f)
{
	fake_start(f);
	f->hedge = 1;
	f->side = 'B';
	f->size = 20;
	f->stop = 46550000;
	f->seq = 1;
	f->hedged = 5;
	fake_run(f, 500);
}

/* Asked what it would do, a close tells of both legs at once. */
static void
test_legs_for_show(void **state)
{
	char line[2048];
	struct fake f;
	(void)state;

	stand_on_both(&f);
	fake_line(line, sizeof(line), &f, 2, "close", ",\"test\":true");
	assert_int_equal(fake_take(&f, line, 0, 0), TRADER_TAKEN);
	fake_run(&f, 1000);
	assert_int_equal(fake_said(&f, 2), 1);
	assert_non_null(strstr(buf_cstr(&f.said), "\"quantity\":0.025,"));
	assert_int_equal(f.creates, 0);
	fake_end(&f);
}

/* One leg goes, the other is refused for good: that is what is told, once. */
static void
test_leg_refused(void **state)
{
	struct fake f;
	(void)state;

	stand_on_both(&f);
	FAKE_SCRIPT(&f, FAKE_REFUSE, FAKE_BOOK, FAKE_REFUSE, FAKE_REFUSE,
	    FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE);
	fake_alert(&f, 2, "close");
	fake_run(&f, 5000);
	assert_int_equal(f.hedged, 0);
	assert_int_equal(fake_said(&f, 2), 0);
	fake_run(&f, 40000);
	fake_expect_stands(&f, 20);
	fake_expect(&f, 2, "-1", "rejected");
	fake_expect(&f, 2, "-2", "closed");
	assert_int_equal(fake_said(&f, 2), 1);
	assert_non_null(strstr(buf_cstr(&f.said), "\"code\":422"));
	fake_end(&f);
}

/* … whichever of them ends first, and over a crash. */
static void
test_leg_refused_first(void **state)
{
	struct fake f;
	(void)state;

	stand_on_both(&f);
	FAKE_SCRIPT(&f, FAKE_REFUSE, FAKE_LOSE, FAKE_REFUSE, FAKE_REFUSE,
	    FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE, FAKE_REFUSE);
	f.looks_fail = 1;
	fake_alert(&f, 2, "close");
	fake_run(&f, 40000);
	fake_expect(&f, 2, "-1", "rejected");
	fake_expect(&f, 2, "-2", "sent");
	fake_crash(&f, 1);
	f.looks_fail = 0;
	fake_run(&f, 20000);
	fake_expect(&f, 2, "-2", "closed");
	assert_int_equal(fake_said(&f, 2), 1);
	assert_non_null(strstr(buf_cstr(&f.said), "\"code\":422"));
	fake_end(&f);
}

/*
 * Killed before what was sent is stored, and what it closed is gone: which leg
 * that was is to be found out, and not to be forgotten when it is killed again.
 */
static void
test_leg_after_crash(void **state)
{
	(void)state;

	for (int i = 0; i < 2; i++) {
		char line[2048];
		struct fake f;

		stand_on_both(&f);
		if (i == 0) {
			f.side = 0;
			f.size = 0;
			f.seq = 2;
		} else {
			f.hedged = 0;
		}
		fake_run(&f, 500);
		fake_line(line, sizeof(line), &f, 2, "close", "");
		assert_int_equal(fake_take(&f, line, 0, 0), TRADER_TAKEN);
		for (int k = 0; k < 5; k++)
			fake_turn(&f, 10, 0);
		fake_crash(&f, 1);
		assert_int_equal(f.creates, 1);
		assert_int_equal(f.size + f.hedged, 0);
		assert_int_equal(fake_take(&f, line, 1, 0), TRADER_TAKEN);
		fake_run(&f, 30);
		fake_expect(&f, 2, "-2", "new");
		fake_crash(&f, 1);
		fake_run(&f, 3000);
		fake_crash(&f, 1);
		fake_run(&f, 20000);
		assert_int_equal(f.creates, 1);
		assert_int_equal(fake_said(&f, 2), 1);
		assert_non_null(strstr(buf_cstr(&f.said),
		    i == 0 ? "\"quantity\":0.005," : "\"quantity\":0.02,"));
		fake_end(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_legs_for_show),
		cmocka_unit_test(test_leg_refused),
		cmocka_unit_test(test_leg_refused_first),
		cmocka_unit_test(test_leg_after_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
