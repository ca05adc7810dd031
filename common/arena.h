/*
 * arena - memory that is given out in turn and taken back as a whole.
 */
#ifndef SLUICE_ARENA_H
#define SLUICE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

struct arena {
	char *p;		    /* the next free byte */
	size_t left;		    /* bytes behind p in this chunk */
	struct arena_chunk *chunks; /* newest first */
};

/* Empty; allocates nothing. */
void arena_init(struct arena *a);
void arena_release(struct arena *a);

/* Take everything back.  The first chunk is kept for the next use. */
void arena_reset(struct arena *a);

/* size bytes, aligned for any of our types; NULL with ENOMEM. */
void *arena_alloc(struct arena *a, size_t size);

#endif
