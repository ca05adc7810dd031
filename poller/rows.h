/*
 * rows - rows of Bybit's replies, kept as text until their line is written.
 *
 * A reply lives until the next call; a line may take rows of many replies.
 */
#ifndef POLLER_ROWS_H
#define POLLER_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/json.h"

struct row {
	size_t start; /* in text */
	size_t len;   /* 0: dropped */
	int64_t when; /* to sort by, ms */
	size_t nth;   /* the order of arrival */
};

struct rows {
	struct buf text;
	struct row *v;
	size_t n;
	size_t room;
};

void rows_init(struct rows *r);
void rows_release(struct rows *r);
void rows_clear(struct rows *r);

/* Add a row.  0, or -1 with ENOMEM or EMSGSIZE (over a line's ceiling). */
int rows_add(struct rows *r, const struct json *row, int64_t when);

/* Leave row i out. */
void rows_drop(struct rows *r, size_t i);

/*
 * Oldest first.  Bybit gives newest first: of two rows with one time, the one
 * that came later is the older one.
 */
void rows_sort(struct rows *r);

/* As an array, a member of the object that is open. */
void rows_put(struct buf *line, const char *key, const struct rows *r);

#endif
