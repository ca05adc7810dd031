/*
 * decimal: exact text and exact arithmetic (F11).
 *
 * Products and quotients of random operands are checked against schoolbook
 * multiplication over decimal digits, which shares nothing with decimal.c.
 *
 * Not tested: places and minima outside of their documented bounds.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/decimal.h"

#define LARGEST "170141183460469231731.687303715884105727"
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct decimal
dec(const char *s)
{
	struct decimal d = { 0 };

	if (decimal_parse(&d, s, strlen(s)) == -1)
		fail_msg("'%s' is not a decimal", s);
	return d;
}

static void
check(struct decimal d, const char *want, const char *what)
{
	char text[DECIMAL_TEXT_MAX];
	size_t len = decimal_format(text, d);

	if (len != strlen(text) || strcmp(text, want) != 0)
		fail_msg("%s: %s, expected %s", what, text, want);
}

static void
test_parse(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "0", "0" },
		{ "-0", "0" },
		{ "-0.000", "0" },
		{ "1", "1" },
		{ "10.00", "10" },
		{ "10", "10" },
		{ "0.5", "0.5" },
		{ "-0.5", "-0.5" },
		{ "007.50", "7.5" },
		{ "0.00000001", "0.00000001" },
		{ "0.000000000000000001", "0.000000000000000001" },
		{ "0.0000000000000000010000", "0.000000000000000001" },
		{ "123456789.123456789", "123456789.123456789" },
		{ "45000", "45000" },
		{ "9007199254740993", "9007199254740993" },
		{ "100000000000000000000", "100000000000000000000" },
		{ "1000000000000000000.1", "1000000000000000000.1" },
		{ LARGEST, LARGEST },
		{ "-" LARGEST, "-" LARGEST },
		{ "000000000000000000000000000000000000001", "1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check(dec(rows[i].in), rows[i].out, rows[i].in);
}

static void
test_parse_refused(void **state)
{
	static const struct {
		const char *in;
		int error;
	} rows[] = {
		{ "", EINVAL },
		{ "-", EINVAL },
		{ ".", EINVAL },
		{ ".5", EINVAL },
		{ "5.", EINVAL },
		{ "-.5", EINVAL },
		{ "+1", EINVAL },
		{ "--1", EINVAL },
		{ " 1", EINVAL },
		{ "1 ", EINVAL },
		{ "1,5", EINVAL },
		{ "1.2.3", EINVAL },
		{ "1e5", EINVAL },
		{ "1E-8", EINVAL },
		{ "0x10", EINVAL },
		{ "nan", EINVAL },
		{ "inf", EINVAL },
		{ "1.-5", EINVAL },
		{ "99999999999999999999999999x", EINVAL },
		{ "0.00000000000000000001x", EINVAL },
		{ "0.0000000000000000001", ERANGE },
		{ "170141183460469231731.687303715884105728", ERANGE },
		{ "-170141183460469231731.687303715884105728", ERANGE },
		{ "170141183460469231732", ERANGE },
		{ "1000000000000000000000", ERANGE },
		{ "99999999999999999999999999999999999999999999", ERANGE },
	};
	struct decimal d = { 4242 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		errno = 0;
		if (decimal_parse(&d, rows[i].in, strlen(rows[i].in)) != -1 ||
		    errno != rows[i].error || d.e18 != 4242)
			fail_msg("'%s': errno %d", rows[i].in, errno);
	}
	/* The length rules: a NUL inside is no digit, what follows is unread.
	 */
	assert_int_equal(decimal_parse(&d, "12\0", 3), -1);
	assert_int_equal(decimal_parse(&d, "12x", 2), 0);
	check(d, "12", "12x");
}

static void
test_format_scale(void **state)
{
	static const struct {
		const char *in;
		int min, max;
		const char *out;
	} rows[] = {
		{ "50", 2, 2, "50.00" },
		{ "4.444444444444444444", 2, 2, "4.44" },
		{ "4.445", 2, 2, "4.45" },
		{ "-4.445", 2, 2, "-4.45" },
		{ "4.4449999", 2, 2, "4.44" },
		{ "0.005", 2, 2, "0.01" },
		{ "-0.005", 2, 2, "-0.01" },
		{ "-0.0049", 2, 2, "0.00" },
		{ "99.995", 2, 2, "100.00" },
		{ "0.5", 0, 0, "1" },
		{ "-0.5", 0, 0, "-1" },
		{ "0.4", 0, 0, "0" },
		{ "45000", 1, 18, "45000.0" },
		{ "0.020", 1, 18, "0.02" },
		{ "4.4", 1, 2, "4.4" },
		{ "4.46", 1, 2, "4.46" },
		{ "4.999", 1, 2, "5.0" },
		{ "0.02", 3, 3, "0.020" },
		{ "0.000000005", 0, 8, "0.00000001" },
		{ "1", 18, 18, "1.000000000000000000" },
		{ LARGEST, 0, 0, "170141183460469231732" },
		{ "-" LARGEST, 2, 2, "-170141183460469231731.69" },
	};
	char text[DECIMAL_TEXT_MAX];
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = decimal_format_scale(
		    text, dec(rows[i].in), rows[i].min, rows[i].max);
		if (strcmp(text, rows[i].out) != 0 || len != strlen(text))
			fail_msg("%s at %d to %d: %s, expected %s", rows[i].in,
			    rows[i].min, rows[i].max, text, rows[i].out);
	}
}

static void
test_compare(void **state)
{
	(void)state;
	assert_int_equal(decimal_cmp(dec("10"), dec("10.00")), 0);
	assert_int_equal(decimal_cmp(dec("-1"), dec("1")), -1);
	assert_int_equal(decimal_cmp(dec("0.1"), dec("0.09")), 1);
	assert_int_equal(decimal_cmp(dec(LARGEST), dec("-" LARGEST)), 1);
	assert_int_equal(decimal_sign(dec("-0.1")), -1);
	assert_int_equal(decimal_sign(dec("-0")), 0);
	assert_int_equal(decimal_sign(dec("0.1")), 1);
	check(decimal_neg(dec("1.5")), "-1.5", "neg");
	check(decimal_abs(dec("-1.5")), "1.5", "abs");
	check(decimal_abs(dec("1.5")), "1.5", "abs");
	check(decimal_from_int(0), "0", "from_int");
	check(decimal_from_int(-17), "-17", "from_int");
	check(decimal_from_int(9223372036854775807LL), "9223372036854775807",
	    "from_int");
	check(decimal_from_int(-9223372036854775807LL - 1),
	    "-9223372036854775808", "from_int");
}

/* op: '+', '-', '*', '/'; want NULL: refused with error. */
static void
test_arithmetic(void **state)
{
	static const struct {
		const char *a;
		char op;
		const char *b;
		enum decimal_round round;
		const char *want;
		int error;
	} rows[] = {
		{ "0.1", '+', "0.2", DECIMAL_DOWN, "0.3", 0 },
		{ "0.3", '-', "0.1", DECIMAL_DOWN, "0.2", 0 },
		{ "-1", '-', "-1", DECIMAL_DOWN, "0", 0 },
		{ LARGEST, '+', "0", DECIMAL_DOWN, LARGEST, 0 },
		{ LARGEST, '-', LARGEST, DECIMAL_DOWN, "0", 0 },
		{ LARGEST, '+', "0.000000000000000001", DECIMAL_DOWN, NULL,
		    ERANGE },
		{ "-" LARGEST, '-', "0.000000000000000001", DECIMAL_DOWN, NULL,
		    ERANGE },
		{ LARGEST, '+', LARGEST, DECIMAL_DOWN, NULL, ERANGE },
		{ "-" LARGEST, '-', LARGEST, DECIMAL_DOWN, NULL, ERANGE },
		{ "0.29", '*', "100", DECIMAL_DOWN, "29", 0 },
		{ "-0.29", '*', "100", DECIMAL_DOWN, "-29", 0 },
		{ "0.000000001", '*', "0.000000001", DECIMAL_DOWN,
		    "0.000000000000000001", 0 },
		{ "0.000000001", '*', "0.0000000005", DECIMAL_DOWN, "0", 0 },
		{ "0.000000001", '*', "0.0000000005", DECIMAL_HALF_UP,
		    "0.000000000000000001", 0 },
		{ "0.000000001", '*', "-0.0000000005", DECIMAL_HALF_UP,
		    "-0.000000000000000001", 0 },
		{ "0.000000001", '*', "0.00000000049", DECIMAL_HALF_UP, "0",
		    0 },
		{ "0.000000001", '*', "0.00000000001", DECIMAL_UP,
		    "0.000000000000000001", 0 },
		{ "123456789.123456789", '*', "2", DECIMAL_DOWN,
		    "246913578.246913578", 0 },
		{ LARGEST, '*', "1", DECIMAL_UP, LARGEST, 0 },
		{ LARGEST, '*', "-1", DECIMAL_UP, "-" LARGEST, 0 },
		{ LARGEST, '*', "1.000000000000000001", DECIMAL_DOWN, NULL,
		    ERANGE },
		{ LARGEST, '*', LARGEST, DECIMAL_DOWN, NULL, ERANGE },
		{ "20000000000", '*', "10000000000", DECIMAL_DOWN, NULL,
		    ERANGE },
		{ "0.3", '/', "0.1", DECIMAL_DOWN, "3", 0 },
		{ "1", '/', "3", DECIMAL_DOWN, "0.333333333333333333", 0 },
		{ "1", '/', "3", DECIMAL_UP, "0.333333333333333334", 0 },
		{ "2", '/', "3", DECIMAL_HALF_UP, "0.666666666666666667", 0 },
		{ "-2", '/', "3", DECIMAL_HALF_UP, "-0.666666666666666667", 0 },
		{ "-2", '/', "3", DECIMAL_DOWN, "-0.666666666666666666", 0 },
		{ "0.000000000000000001", '/', "2", DECIMAL_HALF_UP,
		    "0.000000000000000001", 0 },
		{ "0.000000000000000001", '/', "-2", DECIMAL_DOWN, "0", 0 },
		{ "2000", '/', "45000", DECIMAL_DOWN, "0.044444444444444444",
		    0 },
		{ LARGEST, '/', LARGEST, DECIMAL_DOWN, "1", 0 },
		{ LARGEST, '/', "1", DECIMAL_UP, LARGEST, 0 },
		{ "1", '/', LARGEST, DECIMAL_UP, "0.000000000000000001", 0 },
		{ LARGEST, '/', "0.5", DECIMAL_DOWN, NULL, ERANGE },
		{ LARGEST, '/', "0.000000000000000001", DECIMAL_DOWN, NULL,
		    ERANGE },
		{ "1", '/', "0", DECIMAL_DOWN, NULL, EDOM },
		{ "0", '/', "0", DECIMAL_DOWN, NULL, EDOM },
		{ "0", '/', "-7", DECIMAL_UP, "0", 0 },
	};
	struct decimal a, b, out;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		a = dec(rows[i].a);
		b = dec(rows[i].b);
		out.e18 = 4242;
		errno = 0;
		switch (rows[i].op) {
		case '+':
			rc = decimal_add(&out, a, b);
			break;
		case '-':
			rc = decimal_sub(&out, a, b);
			break;
		case '*':
			rc = decimal_mul(&out, a, b, rows[i].round);
			break;
		default:
			rc = decimal_div(&out, a, b, rows[i].round);
			break;
		}
		if (rc != (rows[i].want == NULL ? -1 : 0) ||
		    errno != rows[i].error)
			fail_msg("%s %c %s: %d, errno %d", rows[i].a,
			    rows[i].op, rows[i].b, rc, errno);
		if (rows[i].want == NULL)
			assert_true(out.e18 == 4242);
		else
			check(out, rows[i].want, rows[i].a);
	}
	/* The result may go where an operand stands. */
	a = dec("7");
	assert_int_equal(decimal_mul(&a, a, a, DECIMAL_DOWN), 0);
	check(a, "49", "in place");
}

static void
test_rounding(void **state)
{
	static const struct {
		const char *in;
		const char *step; /* NULL: by places */
		int places;
		const char *down, *half, *up;
	} rows[] = {
		{ "0.0009", "0.001", 0, "0", "0.001", "0.001" },
		{ "0.001", "0.001", 0, "0.001", "0.001", "0.001" },
		{ "0.0019", "0.001", 0, "0.001", "0.002", "0.002" },
		{ "-0.0019", "0.001", 0, "-0.001", "-0.002", "-0.002" },
		{ "0.0015", "0.001", 0, "0.001", "0.002", "0.002" },
		{ "-0.0015", "0.001", 0, "-0.001", "-0.002", "-0.002" },
		{ "0.00149", "0.001", 0, "0.001", "0.001", "0.002" },
		{ "47500.3", "0.5", 0, "47500", "47500.5", "47500.5" },
		{ "47500.2", "0.5", 0, "47500", "47500", "47500.5" },
		{ "7", "2.5", 0, "5", "7.5", "7.5" },
		{ "0.3", "0.1", 0, "0.3", "0.3", "0.3" },
		{ "3", "0.3", 0, "3", "3", "3" },
		{ "0", "0.1", 0, "0", "0", "0" },
		{ "4.445", NULL, 2, "4.44", "4.45", "4.45" },
		{ "-4.445", NULL, 2, "-4.44", "-4.45", "-4.45" },
		{ "4.444999999999999999", NULL, 2, "4.44", "4.44", "4.45" },
		{ "0.5", NULL, 0, "0", "1", "1" },
		{ "-0.5", NULL, 0, "0", "-1", "-1" },
		{ "1.000000000000000001", NULL, 18, "1.000000000000000001",
		    "1.000000000000000001", "1.000000000000000001" },
	};
	static const enum decimal_round how[] = { DECIMAL_DOWN, DECIMAL_HALF_UP,
		DECIMAL_UP };
	struct decimal out;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		for (k = 0; k < COUNT(how); k++) {
			if (rows[i].step != NULL)
				assert_int_equal(
				    decimal_to_step(&out, dec(rows[i].in),
					dec(rows[i].step), how[k]),
				    0);
			else
				assert_int_equal(
				    decimal_round(&out, dec(rows[i].in),
					rows[i].places, how[k]),
				    0);
			check(out,
			    k == 0	 ? rows[i].down
				: k == 1 ? rows[i].half
					 : rows[i].up,
			    rows[i].in);
		}
	out.e18 = 4242;
	assert_int_equal(
	    decimal_to_step(&out, dec("1"), dec("0"), DECIMAL_DOWN), -1);
	assert_int_equal(errno, EDOM);
	assert_int_equal(
	    decimal_to_step(&out, dec("1"), dec("-1"), DECIMAL_DOWN), -1);
	assert_int_equal(errno, EDOM);
	assert_int_equal(decimal_round(&out, dec(LARGEST), 0, DECIMAL_UP), -1);
	assert_int_equal(errno, ERANGE);
	assert_true(out.e18 == 4242);
}

/* xorshift64*: the same numbers everywhere. */
static uint64_t
next_random(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 2685821657736338717u;
}

/* Any length of number, short ones as often as long ones. */
static struct decimal
random_decimal(uint64_t *seed)
{
	decimal_int n = (decimal_int)(next_random(seed) >> 1);

	n = n * 18446744073709551615u + (decimal_int)next_random(seed);
	n >>= next_random(seed) % 127;
	return (struct decimal){ next_random(seed) % 2 ? -n : n };
}

static void
test_round_trip(void **state)
{
	uint64_t seed = 20261121;
	char text[DECIMAL_TEXT_MAX];
	struct decimal back, d;
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 200000; i++) {
		d = random_decimal(&seed);
		len = decimal_format(text, d);
		if (decimal_parse(&back, text, len) == -1 || back.e18 != d.e18)
			fail_msg("%s does not come back", text);
	}
}

/* A number as digits, lowest first: enough for a product of two. */
struct digits {
	unsigned char d[84];
};

static struct digits
digits_of(decimal_int n)
{
	struct digits x = { { 0 } };
	int i;

	for (i = 0; n != 0; i++, n /= 10)
		x.d[i] = (unsigned char)(n % 10);
	return x;
}

static struct digits
multiply(decimal_int a, decimal_int b)
{
	struct digits x = digits_of(a), y = digits_of(b), z = { { 0 } };
	unsigned carry;
	int i, j;

	for (i = 0; i < 40; i++) {
		carry = 0;
		for (j = 0; j < 43; j++) {
			carry += z.d[i + j] + (unsigned)x.d[i] * y.d[j];
			z.d[i + j] = (unsigned char)(carry % 10);
			carry /= 10;
		}
	}
	return z;
}

static int
compare(struct digits a, struct digits b)
{
	int i;

	for (i = 83; i >= 0; i--)
		if (a.d[i] != b.d[i])
			return a.d[i] < b.d[i] ? -1 : 1;
	return 0;
}

#define ONE ((decimal_int)1000000000000000000)

/* q x 10^18 <= a x b < (q + 1) x 10^18, for q rounded down. */
static void
test_products(void **state)
{
	uint64_t seed = 4242;
	struct decimal a, b, q;
	struct digits product;
	int fits = 0, i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		a = decimal_abs(random_decimal(&seed));
		b = decimal_abs(random_decimal(&seed));
		product = multiply(a.e18, b.e18);
		if (decimal_mul(&q, a, b, DECIMAL_DOWN) == -1) {
			/* 2^127 x 10^18, the first that does not fit. */
			assert_true(
			    compare(product,
				multiply((decimal_int)1 << 126, 2 * ONE)) >= 0);
			continue;
		}
		fits++;
		assert_true(compare(multiply(q.e18, ONE), product) <= 0);
		if (q.e18 != dec(LARGEST).e18)
			assert_true(
			    compare(product, multiply(q.e18 + 1, ONE)) < 0);
	}
	assert_true(fits > 5000 && fits < 20000);
}

/* q x b <= a x 10^18 < (q + 1) x b, for q rounded down. */
static void
test_quotients(void **state)
{
	uint64_t seed = 777;
	struct decimal a, b, q;
	struct digits dividend;
	int fits = 0, i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		a = decimal_abs(random_decimal(&seed));
		b = decimal_abs(random_decimal(&seed));
		if (b.e18 == 0)
			continue;
		if (decimal_div(&q, a, b, DECIMAL_DOWN) == -1) {
			assert_int_equal(errno, ERANGE);
			continue;
		}
		fits++;
		dividend = multiply(a.e18, ONE);
		assert_true(compare(multiply(q.e18, b.e18), dividend) <= 0);
		if (q.e18 != dec(LARGEST).e18)
			assert_true(
			    compare(dividend, multiply(q.e18 + 1, b.e18)) < 0);
	}
	assert_true(fits > 5000 && fits < 20000);
}

/* a x b / b is a, where the product is exact. */
static void
test_inverse(void **state)
{
	uint64_t seed = 99;
	struct decimal a, b, p, q;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		/* 9 decimals each, so that the product has 18. */
		a.e18 = (decimal_int)(next_random(&seed) >> 20) * 1000000000;
		b.e18 = (decimal_int)(next_random(&seed) >> 40) * 1000000000;
		if (next_random(&seed) % 2)
			a = decimal_neg(a);
		if (b.e18 == 0)
			continue;
		assert_int_equal(decimal_mul(&p, a, b, DECIMAL_UP), 0);
		assert_int_equal(decimal_div(&q, p, b, DECIMAL_UP), 0);
		assert_true(q.e18 == a.e18);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refused),
		cmocka_unit_test(test_format_scale),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_products),
		cmocka_unit_test(test_quotients),
		cmocka_unit_test(test_inverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
