/*
 * decimal: all work is done on magnitudes, unsigned 128-bit numbers of at most
 * MAGNITUDE_MAX, with the sign kept aside; so "half away from zero" needs no
 * case of its own for negative numbers.
 */
#include "common/decimal.h"

#include <errno.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 magnitude;

#define PLACES 18
#define ONE ((magnitude)1000000000000000000u)
#define MAGNITUDE_MAX (~(magnitude)0 >> 1)
#define WHOLE_MAX (MAGNITUDE_MAX / ONE)

const struct decimal decimal_zero = { 0 };

static const uint64_t power_of_10[PLACES + 1] = { 1u, 10u, 100u, 1000u, 10000u,
	100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u,
	100000000000u, 1000000000000u, 10000000000000u, 100000000000000u,
	1000000000000000u, 10000000000000000u, 100000000000000000u,
	1000000000000000000u };

static int
fail(int error)
{
	errno = error;
	return -1;
}

static magnitude
magnitude_of(struct decimal d)
{
	return d.e18 < 0 ? -(magnitude)d.e18 : (magnitude)d.e18;
}

static int
store(struct decimal *out, magnitude m, int negative)
{
	if (m > MAGNITUDE_MAX)
		return fail(ERANGE);
	out->e18 = negative ? -(decimal_int)m : (decimal_int)m;
	return 0;
}

/* Does a quotient with this rest have to grow by one?  rest < divisor. */
static int
rounds_up(magnitude rest, magnitude divisor, enum decimal_round round)
{
	switch (round) {
	case DECIMAL_DOWN:
		return 0;
	case DECIMAL_UP:
		return rest != 0;
	case DECIMAL_HALF_UP:
		return rest >= divisor - rest;
	}
	return 0;
}

struct decimal
decimal_from_int(long long n)
{
	return (struct decimal){ (decimal_int)n * (decimal_int)ONE };
}

int
decimal_parse(struct decimal *out, const char *s, size_t len)
{
	const char *end = s + len, *first;
	uint64_t fraction = 0;
	int big = 0, negative = 0;
	magnitude whole = 0;

	if (s < end && *s == '-') {
		negative = 1;
		s++;
	}
	for (first = s; s < end && *s >= '0' && *s <= '9'; s++) {
		if (whole > WHOLE_MAX)
			big = 1;
		else
			whole = whole * 10 + (unsigned)(*s - '0');
	}
	if (s == first)
		return fail(EINVAL);
	if (s < end && *s == '.') {
		for (first = ++s; s < end && *s >= '0' && *s <= '9'; s++) {
			if (s - first < PLACES)
				fraction = fraction * 10 + (unsigned)(*s - '0');
			else if (*s != '0')
				big = 1;
		}
		if (s == first)
			return fail(EINVAL);
		if (s - first < PLACES)
			fraction *= power_of_10[PLACES - (s - first)];
	}
	if (s != end)
		return fail(EINVAL);
	if (big || whole > WHOLE_MAX)
		return fail(ERANGE);
	return store(out, whole * ONE + fraction, negative);
}

/* The digits of n, at least width of them; returns the end. */
static char *
put_digits(char *p, uint64_t n, int width)
{
	char tmp[20];
	int len = 0;

	while (n != 0 || len < width) {
		tmp[len++] = (char)('0' + n % 10);
		n /= 10;
	}
	while (len > 0)
		*p++ = tmp[--len];
	return p;
}

size_t
decimal_format(char out[DECIMAL_TEXT_MAX], struct decimal d)
{
	return decimal_format_scale(out, d, 0, PLACES);
}

size_t
decimal_format_scale(
    char out[DECIMAL_TEXT_MAX], struct decimal d, int min, int max)
{
	magnitude m = magnitude_of(d), unit, whole;
	uint64_t fraction;
	char *p = out;

	max = max < 0 ? 0 : max > PLACES ? PLACES : max;
	min = min < 0 ? 0 : min > max ? max : min;
	unit = power_of_10[PLACES - max];
	m += rounds_up(m % unit, unit, DECIMAL_HALF_UP) ? unit : 0;
	m -= m % unit;
	if (m != 0 && d.e18 < 0)
		*p++ = '-';
	whole = m / ONE;
	fraction = (uint64_t)(m % ONE);
	if (whole >= ONE) {
		p = put_digits(p, (uint64_t)(whole / ONE), 1);
		p = put_digits(p, (uint64_t)(whole % ONE), PLACES);
	} else
		p = put_digits(p, (uint64_t)whole, 1);
	if (max > 0) {
		*p++ = '.';
		p = put_digits(p, fraction / power_of_10[PLACES - max], max);
		for (; max > min && p[-1] == '0'; max--)
			p--;
		if (p[-1] == '.')
			p--;
	}
	*p = '\0';
	return (size_t)(p - out);
}

int
decimal_cmp(struct decimal a, struct decimal b)
{
	return (a.e18 > b.e18) - (a.e18 < b.e18);
}

int
decimal_sign(struct decimal d)
{
	return decimal_cmp(d, decimal_zero);
}

struct decimal
decimal_neg(struct decimal d)
{
	return (struct decimal){ -d.e18 };
}

struct decimal
decimal_abs(struct decimal d)
{
	return d.e18 < 0 ? decimal_neg(d) : d;
}

int
decimal_add(struct decimal *out, struct decimal a, struct decimal b)
{
	decimal_int sum;

	/* The lowest 128-bit number has no negative: it is out of range. */
	if (__builtin_add_overflow(a.e18, b.e18, &sum) ||
	    sum < -(decimal_int)MAGNITUDE_MAX)
		return fail(ERANGE);
	out->e18 = sum;
	return 0;
}

int
decimal_sub(struct decimal *out, struct decimal a, struct decimal b)
{
	return decimal_add(out, a, decimal_neg(b));
}

/*
 * With a = A + x and b = B + y, split at the point: a*b = A*b + x*B + x*y.
 * Only the last product has digits past the 18th, and it fits 128 bits.
 */
int
decimal_mul(struct decimal *out, struct decimal a, struct decimal b,
    enum decimal_round round)
{
	magnitude ma = magnitude_of(a), mb = magnitude_of(b), m, rest;

	rest = (ma % ONE) * (mb % ONE);
	m = (ma % ONE) * (mb / ONE) + rest / ONE;
	m += (magnitude)rounds_up(rest % ONE, ONE, round);
	if (__builtin_mul_overflow(ma / ONE, mb, &ma) ||
	    __builtin_add_overflow(m, ma, &m))
		return fail(ERANGE);
	return store(out, m, (a.e18 < 0) != (b.e18 < 0));
}

/*
 * The whole part by one division, then the rest times 10^18 divided by b: from
 * the factor's highest bit, quotient and rest are doubled and the rest added,
 * so that nothing ever exceeds 2 x b, which fits 128 bits.
 */
int
decimal_div(struct decimal *out, struct decimal a, struct decimal b,
    enum decimal_round round)
{
	magnitude ma = magnitude_of(a), mb = magnitude_of(b), m, part, rest = 0;
	uint64_t bit, q = 0;

	if (mb == 0)
		return fail(EDOM);
	part = ma % mb;
	for (bit = (uint64_t)1 << 59; bit != 0; bit >>= 1) {
		q *= 2;
		rest *= 2;
		if (rest >= mb) {
			rest -= mb;
			q++;
		}
		if ((bit & (uint64_t)ONE) == 0)
			continue;
		rest += part;
		if (rest >= mb) {
			rest -= mb;
			q++;
		}
	}
	if (__builtin_mul_overflow(ma / mb, ONE, &m) ||
	    __builtin_add_overflow(
		m, (magnitude)q + (unsigned)rounds_up(rest, mb, round), &m))
		return fail(ERANGE);
	return store(out, m, (a.e18 < 0) != (b.e18 < 0));
}

int
decimal_round(
    struct decimal *out, struct decimal d, int places, enum decimal_round round)
{
	struct decimal unit;

	places = places < 0 ? 0 : places > PLACES ? PLACES : places;
	unit.e18 = (decimal_int)power_of_10[PLACES - places];
	return decimal_to_step(out, d, unit, round);
}

int
decimal_to_step(struct decimal *out, struct decimal d, struct decimal step,
    enum decimal_round round)
{
	magnitude m = magnitude_of(d), rest, unit = magnitude_of(step);

	if (step.e18 <= 0)
		return fail(EDOM);
	rest = m % unit;
	m -= rest;
	if (rounds_up(rest, unit, round))
		m += unit;
	return store(out, m, d.e18 < 0);
}
