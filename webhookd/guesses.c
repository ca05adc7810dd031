#include "webhookd/guesses.h"

#include <string.h>

/* So that the doubling ends somewhere, and forgiving takes minutes at most. */
#define COUNT_MAX (GUESSES_FREE + 16)

static struct guesser *
find(struct guesses *g, const unsigned char key[ADDRESS_KEY_SIZE])
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (memcmp(g->by[i].key, key, ADDRESS_KEY_SIZE) == 0)
			return &g->by[i];
	return NULL;
}

static void
make_key(unsigned char key[ADDRESS_KEY_SIZE], const char *address)
{
	if (address_key(key, address) == -1)
		memset(key, 0, ADDRESS_KEY_SIZE);
}

static struct guesser *
make_room(struct guesses *g)
{
	struct guesser *quiet = &g->by[0];
	size_t i;

	if (g->n < GUESSES_KEPT)
		return &g->by[g->n++];
	for (i = 1; i < g->n; i++)
		if (g->by[i].last_ms < quiet->last_ms)
			quiet = &g->by[i];
	return quiet;
}

static int
count_now(const struct guesser *b, int64_t now_ms)
{
	int64_t forgotten = (now_ms - b->last_ms) / GUESS_FORGET_MS;

	return forgotten >= b->count ? 0 : b->count - (int)forgotten;
}

void
guesses_add(struct guesses *g, const char *address, int64_t now_ms)
{
	unsigned char key[ADDRESS_KEY_SIZE];
	struct guesser *b;

	make_key(key, address);
	b = find(g, key);
	if (b == NULL) {
		b = make_room(g);
		memcpy(b->key, key, sizeof(key));
		b->count = 0;
	}
	b->count = count_now(b, now_ms) + 1;
	if (b->count > COUNT_MAX)
		b->count = COUNT_MAX;
	b->last_ms = now_ms;
}

int64_t
guesses_wait_ms(struct guesses *g, const char *address, int64_t now_ms)
{
	unsigned char key[ADDRESS_KEY_SIZE];
	int64_t wait = GUESS_WAIT_FIRST_MS;
	struct guesser *b;
	int i;

	make_key(key, address);
	b = find(g, key);
	if (b == NULL || b->count <= GUESSES_FREE)
		return 0;
	for (i = GUESSES_FREE + 1; i < b->count && wait < GUESS_WAIT_MAX_MS;
	     i++)
		wait *= 2;
	if (wait > GUESS_WAIT_MAX_MS)
		wait = GUESS_WAIT_MAX_MS;
	wait -= now_ms - b->last_ms;
	return wait > 0 ? wait : 0;
}
