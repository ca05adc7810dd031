#include "common/store.h"

#include <string.h>

void
store_key_init(struct store_key *k)
{
	k->len = 0;
	k->failed = 0;
}

/* A failed key is empty, which every put refuses. */
static unsigned char *
extend(struct store_key *k, size_t n)
{
	unsigned char *p;

	if (k->failed || n > sizeof(k->p) - k->len) {
		k->failed = 1;
		k->len = 0;
		return NULL;
	}
	p = k->p + k->len;
	k->len += n;
	return p;
}

void
store_key_mem(struct store_key *k, const char *s, size_t len)
{
	unsigned char *p;

	/* A NUL inside would make two keys of different parts alike. */
	if (len >= sizeof(k->p) || memchr(s, '\0', len) != NULL) {
		k->failed = 1;
		k->len = 0;
		return;
	}
	p = extend(k, len + 1);
	if (p == NULL)
		return;
	memcpy(p, s, len);
	p[len] = '\0';
}

void
store_key_str(struct store_key *k, const char *s)
{
	store_key_mem(k, s, strlen(s));
}

void
store_key_u64(struct store_key *k, uint64_t n)
{
	unsigned char *p;
	int i;

	p = extend(k, sizeof(n));
	if (p == NULL)
		return;
	for (i = 7; i >= 0; i--) {
		p[i] = (unsigned char)n;
		n >>= 8;
	}
}

uint64_t
store_key_get_u64(const void *key)
{
	const unsigned char *p = key;
	uint64_t n = 0;
	int i;

	for (i = 0; i < 8; i++)
		n = n << 8 | p[i];
	return n;
}
