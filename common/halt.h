/*
 * halt - the file STATE_DIR/halt: while it exists, no entry is traded.
 *
 * One line of JSON: {"time":…,"who":…,"why":…}.  A file, so that it survives
 * anything and works with every program broken: scripts/halt makes it, and an
 * empty one that somebody touched counts as well.  Closing and protecting go
 * on.
 */
#ifndef SLUICE_HALT_H
#define SLUICE_HALT_H

#include <stddef.h>
#include <stdint.h>

struct halt {
	int64_t time_ms; /* 0 where the file does not say */
	char who[64];	 /* "" where the file does not say */
	char why[256];	 /* likewise */
};

/*
 * 1 while trading is halted, also where that cannot be told (fail closed; why
 * then says so); 0 where the file is not there.  h may be NULL.
 */
int halt_get(const char *dir, struct halt *h);

/*
 * Make the file, durably, never half written.  A halt that is there already
 * keeps its first reason.  who and why are valid UTF-8.  1 where it was made,
 * 0 where one was there, -1 with errno.
 */
int halt_set(const char *dir, const char *who, const char *why, int64_t now_ms);

/* Remove it, durably.  1 removed, 0 there was none, -1 with errno. */
int halt_clear(const char *dir);

#endif
