#include "common/arena.h"

#include <stdlib.h>

/*
 * The first chunk holds what a line of 20 positions becomes; it is reserved
 * at once and touched only as far as it is used.
 */
#define CHUNK_SIZE ((size_t)192 << 10)
#define ALIGN 8

struct arena_chunk {
	struct arena_chunk *older;
	size_t size; /* of bytes */
	_Alignas(ALIGN) char bytes[];
};

void
arena_init(struct arena *a)
{
	a->p = NULL;
	a->left = 0;
	a->chunks = NULL;
}

void
arena_release(struct arena *a)
{
	struct arena_chunk *c;

	while ((c = a->chunks) != NULL) {
		a->chunks = c->older;
		free(c);
	}
	arena_init(a);
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *c = a->chunks;

	if (c == NULL)
		return;
	while (c->older != NULL) {
		a->chunks = c->older;
		free(c);
		c = a->chunks;
	}
	a->p = c->bytes;
	a->left = c->size;
}

static int
grow(struct arena *a, size_t size)
{
	size_t want = size > CHUNK_SIZE ? size : CHUNK_SIZE;
	struct arena_chunk *c;

	if (want > SIZE_MAX - sizeof(*c))
		return -1;
	c = malloc(sizeof(*c) + want);
	if (c == NULL)
		return -1;
	c->older = a->chunks;
	c->size = want;
	a->chunks = c;
	a->p = c->bytes;
	a->left = want;
	return 0;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	void *p;

	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (size > a->left && grow(a, size) == -1)
		return NULL;
	p = a->p;
	a->p += size;
	a->left -= size;
	return p;
}
