/*
 * fuzz-decimal: two texts with a blank between them; what parses comes back
 * from its text, and the arithmetic agrees with itself.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/decimal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

static int
read_one(struct decimal *d, const char *s, size_t len)
{
	char text[DECIMAL_TEXT_MAX];
	struct decimal back, rounded;
	int places;

	if (decimal_parse(d, s, len) == -1) {
		check(errno == EINVAL || errno == ERANGE);
		return -1;
	}
	len = decimal_format(text, *d);
	check(len < DECIMAL_TEXT_MAX && len == strlen(text));
	check(decimal_parse(&back, text, len) == 0);
	check(decimal_cmp(back, *d) == 0);
	/* Written at a scale, it is the number rounded to that scale. */
	for (places = 0; places <= 18; places++) {
		len = decimal_format_scale(text, *d, places, places);
		check(len < DECIMAL_TEXT_MAX && len == strlen(text));
		if (decimal_round(&rounded, *d, places, DECIMAL_HALF_UP) == 0)
			check(decimal_parse(&back, text, len) == 0 &&
			    decimal_cmp(back, rounded) == 0);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum decimal_round how[] = { DECIMAL_DOWN, DECIMAL_UP,
		DECIMAL_HALF_UP };
	const char *s = (const char *)data, *blank;
	struct decimal a, b, c, d;
	size_t i;

	blank = size == 0 ? NULL : memchr(s, ' ', size);
	if (blank == NULL || read_one(&a, s, (size_t)(blank - s)) == -1 ||
	    read_one(&b, blank + 1, size - (size_t)(blank + 1 - s)) == -1)
		return 0;
	if (decimal_add(&c, a, b) == 0)
		check(decimal_sub(&d, c, b) == 0 && decimal_cmp(d, a) == 0);
	for (i = 0; i < 3; i++) {
		if (decimal_mul(&c, a, b, how[i]) == 0)
			check(decimal_mul(&d, b, a, how[i]) == 0 &&
			    decimal_cmp(c, d) == 0);
		if (decimal_div(&c, a, b, how[i]) == -1)
			check(errno == ERANGE || decimal_sign(b) == 0);
		/* What is a multiple of the step stays as it is. */
		if (decimal_to_step(&c, a, b, how[i]) == 0)
			check(decimal_to_step(&d, c, b, how[i]) == 0 &&
			    decimal_cmp(c, d) == 0);
	}
	return 0;
}
