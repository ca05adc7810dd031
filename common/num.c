/* num: the one place where text becomes a whole number. */
#include "common/num.h"

#include <errno.h>

static int
fail(int error)
{
	errno = error;
	return -1;
}

int
num_parse(const char *s, size_t len, int64_t min, int64_t max, int64_t *out)
{
	int64_t n = 0;
	size_t i = 0, first;
	int big = 0, negative = 0;

	if (len > 0 && s[0] == '-') {
		negative = 1;
		i = 1;
	}
	/* Counts downwards: INT64_MIN has no positive twin. */
	for (first = i; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return fail(EINVAL);
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, s[i] - '0', &n))
			big = 1;
	}
	if (i == first)
		return fail(EINVAL);
	if (big || (!negative && n == INT64_MIN))
		return fail(ERANGE);
	if (!negative)
		n = -n;
	if (n < min || n > max)
		return fail(ERANGE);
	*out = n;
	return 0;
}
