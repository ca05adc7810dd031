/*
 * buf: bytes in, bytes out, the ceiling, and failures that stick.
 *
 * Not tested: lack of memory (ENOMEM), which no test here can bring about.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"

static void
test_append(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_null(b.p);
	assert_string_equal(buf_cstr(&b), "");
	buf_put(&b, "ab", 2);
	buf_putc(&b, 'c');
	buf_puts(&b, "de");
	buf_printf(&b, "%d-%s", 7, "x");
	assert_int_equal(b.len, 8);
	assert_string_equal(buf_cstr(&b), "abcde7-x");
	assert_int_equal(b.len, 8);
	buf_put(&b, NULL, 0);
	assert_int_equal(buf_failed(&b), 0);
	buf_release(&b);
	assert_null(b.p);
	assert_int_equal(b.max, 100);
}

static void
test_consume(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_consume(&b, 5);
	buf_puts(&b, "0123456789");
	buf_consume(&b, 0);
	buf_consume(&b, 3);
	assert_string_equal(buf_cstr(&b), "3456789");
	buf_consume(&b, 8);
	assert_string_equal(buf_cstr(&b), "");
	buf_release(&b);
}

/* Exactly max bytes fit; one more is refused whole, and the failure sticks. */
static void
test_ceiling(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "abcd");
	assert_int_equal(buf_failed(&b), 0);
	assert_string_equal(buf_cstr(&b), "abcd");
	buf_putc(&b, 'e');
	assert_int_equal(buf_failed(&b), EMSGSIZE);
	assert_int_equal(b.len, 4);
	assert_null(buf_cstr(&b));
	buf_consume(&b, 4);
	buf_putc(&b, 'x');
	assert_int_equal(b.len, 0);
	errno = 0;
	assert_int_equal(buf_reserve(&b, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	buf_clear(&b);
	assert_int_equal(buf_failed(&b), 0);
	buf_printf(&b, "%s", "abcde");
	assert_int_equal(buf_failed(&b), EMSGSIZE);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_printf(&b, "%s", "wxyz");
	assert_string_equal(buf_cstr(&b), "wxyz");
	buf_release(&b);
}

/* A length near SIZE_MAX must not wrap around the check. */
static void
test_huge(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX - 1);
	buf_puts(&b, "abc");
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 2), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(b.len, 3);
	buf_release(&b);
}

/* 100,000 single bytes: grown many times, nothing lost or moved. */
static void
test_growth(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100000);
	for (i = 0; i < 100000; i++)
		buf_putc(&b, (char)('a' + i % 26));
	assert_int_equal(buf_failed(&b), 0);
	assert_int_equal(b.len, 100000);
	assert_true(b.cap <= 100001);
	for (i = 0; i < 100000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_consume),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
