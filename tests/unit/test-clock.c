/*
 * clock: times as text and back.  Expected values are those of date(1).
 *
 * Not tested: a wall clock that steps (F56); that durations use the monotonic
 * clock is a matter of its callers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"

static const struct {
	const char *text;
	int64_t ms;
} times[] = {
	{ "1970-01-01T00:00:00.000Z", 0 },
	{ "1970-01-01T00:00:00.001Z", 1 },
	{ "1969-12-31T23:59:59.999Z", -1 },
	{ "2023-12-07T10:30:00.000Z", 1701945000000 },
	{ "2000-02-29T12:00:00.500Z", 951825600500 },
	{ "2024-02-29T23:59:59.999Z", 1709251199999 },
	{ "2024-03-01T00:00:00.000Z", 1709251200000 },
	{ "1900-03-01T00:00:00.000Z", -2203891200000 },
	{ "2100-12-31T23:59:59.000Z", 4133980799000 },
	{ "0000-01-01T00:00:00.000Z", -62167219200000 },
	{ "9999-12-31T23:59:59.999Z", 253402300799999 },
};

static void
test_both_ways(void **state)
{
	char text[TIME_TEXT_MAX];
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_ptr_equal(time_format(text, times[i].ms), text);
		assert_string_equal(text, times[i].text);
		ms = 4242;
		assert_int_equal(time_parse(text, strlen(text), &ms), 0);
		assert_int_equal(ms, times[i].ms);
	}
}

static void
test_clamped(void **state)
{
	char text[TIME_TEXT_MAX];

	(void)state;
	assert_string_equal(
	    time_format(text, INT64_MAX), "9999-12-31T23:59:59.999Z");
	assert_string_equal(
	    time_format(text, INT64_MIN), "0000-01-01T00:00:00.000Z");
}

static void
test_fractions(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "1970-01-01T00:00:01Z", 1000 },
		{ "1970-01-01T00:00:01.5Z", 1500 },
		{ "1970-01-01T00:00:01.05Z", 1050 },
		{ "1970-01-01T00:00:01.0019999999999999Z", 1001 },
	};
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ms = -1;
		assert_int_equal(
		    time_parse(rows[i].text, strlen(rows[i].text), &ms), 0);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void
test_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"Z",
		"2023-12-07",
		"2023-12-07T10:30:00",
		"2023-12-07T10:30:00.Z",
		"2023-12-07T10:30:00.000",
		"2023-12-07T10:30:00.000z",
		"2023-12-07t10:30:00.000Z",
		"2023-12-07 10:30:00.000Z",
		"2023-12-07T10:30:00.000+00:00",
		"2023-12-07T10:30:00,000Z",
		"2023-12-07T10:30:00.00xZ",
		"2023-12-07T10:30:00.000ZZ",
		" 2023-12-07T10:30:00.000Z",
		"2023-13-07T10:30:00.000Z",
		"2023-00-07T10:30:00.000Z",
		"2023-12-32T10:30:00.000Z",
		"2023-12-00T10:30:00.000Z",
		"2023-04-31T10:30:00.000Z",
		"2023-02-29T10:30:00.000Z",
		"1900-02-29T10:30:00.000Z",
		"2023-12-07T24:00:00.000Z",
		"2023-12-07T10:60:00.000Z",
		"2023-12-07T10:30:60.000Z",
		"2023-12-07T1-:30:00.000Z",
		"-023-12-07T10:30:00.000Z",
	};
	int64_t ms = 4242;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		errno = 0;
		if (time_parse(rows[i], strlen(rows[i]), &ms) != -1 ||
		    errno != EINVAL || ms != 4242)
			fail_msg("'%s' was taken", rows[i]);
	}
}

/* Each day from 1600 to 2400, against libc's calendar. */
static void
test_every_day(void **state)
{
	char text[TIME_TEXT_MAX], want[TIME_TEXT_MAX];
	int64_t ms;
	struct tm tm;
	time_t t;

	(void)state;
	for (t = -11676096000; t < 13569465600; t += 86400) {
		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(
		    strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm),
		    24);
		time_format(text, (int64_t)t * 1000);
		if (strcmp(text, want) != 0)
			fail_msg("%s, expected %s", text, want);
		assert_int_equal(time_parse(text, 24, &ms), 0);
		assert_true(ms == (int64_t)t * 1000);
	}
}

static void
test_clocks(void **state)
{
	int64_t before = clock_mono_ms();
	int64_t wall = clock_wall_ms();

	(void)state;
	assert_true(clock_mono_ms() >= before);
	/* ms, not s or us: after 2020 and before 2200. */
	assert_true(wall > 1577836800000 && wall < 7258118400000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_clamped),
		cmocka_unit_test(test_fractions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
