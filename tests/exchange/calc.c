#include "tests/exchange/calc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"

static struct decimal
checked(int status, struct decimal d)
{
	if (status == -1)
		die(EX_SOFTWARE, "a sum that does not fit: %s",
		    strerror(errno));
	return d;
}

struct decimal
calc_add(struct decimal a, struct decimal b)
{
	struct decimal d = decimal_zero;
	int status = decimal_add(&d, a, b);

	return checked(status, d);
}

struct decimal
calc_sub(struct decimal a, struct decimal b)
{
	struct decimal d = decimal_zero;
	int status = decimal_sub(&d, a, b);

	return checked(status, d);
}

struct decimal
calc_mul(struct decimal a, struct decimal b)
{
	struct decimal d = decimal_zero;
	int status = decimal_mul(&d, a, b, DECIMAL_HALF_UP);

	return checked(status, d);
}

struct decimal
calc_div(struct decimal a, struct decimal b)
{
	struct decimal d = decimal_zero;
	int status = decimal_div(&d, a, b, DECIMAL_HALF_UP);

	return checked(status, d);
}

struct decimal
calc_money(struct decimal a)
{
	struct decimal d = decimal_zero;
	int status = decimal_round(&d, a, 8, DECIMAL_HALF_UP);

	return checked(status, d);
}

struct decimal
calc_floor(struct decimal a, struct decimal step)
{
	struct decimal d = decimal_zero;
	int status = decimal_to_step(&d, a, step, DECIMAL_DOWN);

	return checked(status, d);
}

struct decimal
calc_near(struct decimal a, struct decimal step)
{
	struct decimal d = decimal_zero;
	int status = decimal_to_step(&d, a, step, DECIMAL_HALF_UP);

	return checked(status, d);
}

struct decimal
calc_min(struct decimal a, struct decimal b)
{
	return decimal_cmp(a, b) < 0 ? a : b;
}

struct decimal
calc_share(struct decimal total, struct decimal part, struct decimal whole)
{
	if (decimal_cmp(part, whole) == 0)
		return total;
	return calc_div(calc_mul(total, part), whole);
}

static int
bounded(struct decimal d)
{
	return decimal_cmp(decimal_abs(d), decimal_from_int(1000000000000)) <=
	    0;
}

int
calc_parse(struct decimal *out, const char *s, size_t len)
{
	struct decimal d;

	if (decimal_parse(&d, s, len) == -1 || !bounded(d))
		return -1;
	*out = d;
	return 0;
}

int
calc_json(const struct json *v, struct decimal *out)
{
	struct decimal d;

	if (json_decimal(v, &d) == -1 || !bounded(d))
		return -1;
	*out = d;
	return 0;
}

struct decimal
calc_of(const char *literal)
{
	struct decimal d = decimal_zero;
	int status = decimal_parse(&d, literal, strlen(literal));

	return checked(status, d);
}

void *
calc_grow(void *p, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return p;
	*cap = *cap == 0 ? 16 : *cap * 2;
	p = reallocarray(p, *cap, size);
	if (p == NULL)
		die(EX_OSERR, "unable to keep the account: %s",
		    strerror(errno));
	return p;
}
