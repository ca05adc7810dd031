/*
 * scratch - a folder of a test's own, and what lies in a state there.
 */
#ifndef SLUICE_TESTS_SCRATCH_H
#define SLUICE_TESTS_SCRATCH_H

#include <stddef.h>

struct store;

#define SCRATCH_SIZE 64 /* short, as paths of sockets have to be */

/* Make it; its path goes to dir.  The test fails where that cannot be. */
void scratch_make(char dir[SCRATCH_SIZE], const char *name);

/* Remove it, with all that is in it; 0 or -1. */
int scratch_remove(const char *dir);

/* How many rows a table has. */
size_t scratch_rows(struct store *s, const char *table);

#endif
