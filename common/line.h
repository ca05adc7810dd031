/*
 * line - lines out of a stream of bytes (F93, F100).
 *
 * One reader a stream.  A line longer than the ceiling is skipped up to its
 * newline in bounded memory, and reported once.
 */
#ifndef SLUICE_LINE_H
#define SLUICE_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum line_status {
	LINE_OK,   /* a whole line */
	LINE_LONG, /* a line over the ceiling was skipped */
	LINE_MORE, /* no whole line yet: fill again */
	LINE_END,  /* the stream ended after a newline, or was empty */
	LINE_TAIL, /* the stream ended inside a line: here is the piece, of
		      length 0 where it is over the ceiling */
};

struct line_reader {
	struct buf b;
	size_t max;	 /* ceiling of a line, bytes */
	size_t start;	 /* where the next line begins in b */
	size_t scanned;	 /* no newline before this offset */
	uint64_t number; /* of the line given last, from 1 */
	int skipping;	 /* inside a line that is too long */
	int ended;	 /* the stream has ended */
};

void line_init(struct line_reader *r, size_t max);
void line_release(struct line_reader *r);

/*
 * Read once from fd, what is there, once line_next() has said LINE_MORE.  The
 * bytes read; 0 at the end of the stream; -1 with errno, which may be EAGAIN or
 * EINTR.
 */
long line_fill(struct line_reader *r, int fd);

/*
 * The next line.  For LINE_OK and LINE_TAIL *line and *len are set: bytes
 * without the newline, a NUL behind them that may be overwritten, valid until
 * the next call of line_fill or line_next.  r->number is the line's number
 * also for LINE_LONG.
 */
enum line_status line_next(struct line_reader *r, char **line, size_t *len);

#endif
