#include "webhookd/token.h"

#include <string.h>

int
token_equal(const char *secret, const char *guess, size_t len)
{
	size_t n = strlen(secret);
	/* volatile: the loop must not end at the first difference. */
	volatile unsigned differ = n != len;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		differ |=
		    (unsigned char)secret[i % n] ^ (unsigned char)guess[i];
	return differ == 0;
}
