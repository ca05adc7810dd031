/*
 * array - room in a growing array: a pointer and how many elements it holds.
 */
#ifndef SLUICE_DIFFER_ARRAY_H
#define SLUICE_DIFFER_ARRAY_H

#include <stdlib.h>

/*
 * The array p with room for n elements of size; *cap is how many it has room
 * for.  NULL with ENOMEM, and p is left as it was.
 */
static inline void *
array_room(void *p, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap < 4 ? 4 : *cap;
	void *q;

	if (n <= *cap)
		return p;
	while (want < n)
		want += want / 2;
	q = reallocarray(p, want, size);
	if (q != NULL)
		*cap = want;
	return q;
}

#endif
