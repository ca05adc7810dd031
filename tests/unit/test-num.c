/*
 * num: what is a whole number, and what only looks like one.
 *
 * Not tested: bytes that are no ASCII beside one example.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/num.h"

static void
test_table(void **state)
{
	static const struct {
		const char *s;
		int64_t min, max, value;
		int error;
	} rows[] = {
		{ "0", 0, 10, 0, 0 },
		{ "10", 0, 10, 10, 0 },
		{ "-0", 0, 10, 0, 0 },
		{ "007", 0, 10, 7, 0 },
		{ "-5", -5, 5, -5, 0 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, 0 },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, 0 },
		{ "11", 0, 10, 0, ERANGE },
		{ "-1", 0, 10, 0, ERANGE },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, 0, ERANGE },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, 0, ERANGE },
		{ "18446744073709551617", INT64_MIN, INT64_MAX, 0, ERANGE },
		{ "99999999999999999999999", INT64_MIN, INT64_MAX, 0, ERANGE },
		{ "99999999999999999999x", INT64_MIN, INT64_MAX, 0, EINVAL },
		{ "", 0, 10, 0, EINVAL },
		{ "-", 0, 10, 0, EINVAL },
		{ "--1", -10, 10, 0, EINVAL },
		{ "+1", 0, 10, 0, EINVAL },
		{ " 1", 0, 10, 0, EINVAL },
		{ "1 ", 0, 10, 0, EINVAL },
		{ "1.0", 0, 10, 0, EINVAL },
		{ "1e1", 0, 10, 0, EINVAL },
		{ "0x1", 0, 10, 0, EINVAL },
		{ "\xd9\xa1", 0, 10, 0, EINVAL },
	};
	int64_t out;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out = 4242;
		errno = 0;
		rc = num_parse(rows[i].s, strlen(rows[i].s), rows[i].min,
		    rows[i].max, &out);
		if (rc != (rows[i].error == 0 ? 0 : -1) ||
		    errno != rows[i].error ||
		    out != (rows[i].error == 0 ? rows[i].value : 4242))
			fail_msg("'%s': %d, errno %d, %lld", rows[i].s, rc,
			    errno, (long long)out);
	}
}

/* The length rules, not a NUL: what lies behind is not read, a NUL is bad. */
static void
test_length(void **state)
{
	int64_t out = 0;

	(void)state;
	assert_int_equal(num_parse("123", 2, 0, 1000, &out), 0);
	assert_int_equal(out, 12);
	assert_int_equal(num_parse("12\0", 3, 0, 1000, &out), -1);
	assert_int_equal(errno, EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
