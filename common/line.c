/*
 * line: bytes are read behind those that are there; the rest of a line moves
 * to the front only when the room behind it runs out.
 */
#include "common/line.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 65536	     /* bytes asked for at a time: a pipe's capacity */
#define KEEP_SIZE (1u << 20) /* bytes kept when a long line is done */

void
line_init(struct line_reader *r, size_t max)
{
	*r = (struct line_reader){ .max = max };
	/* A line, its newline, and what a last read brought behind it. */
	buf_init(&r->b, max + 1 + READ_SIZE);
}

void
line_release(struct line_reader *r)
{
	buf_release(&r->b);
	line_init(r, r->max);
}

static void
move_to_front(struct line_reader *r)
{
	buf_consume(&r->b, r->start);
	r->scanned -= r->start;
	r->start = 0;
}

long
line_fill(struct line_reader *r, int fd)
{
	ssize_t n;

	if (r->start == r->b.len && r->b.cap > KEEP_SIZE) {
		buf_release(&r->b);
		r->start = r->scanned = 0;
	} else if (r->start > 0 && r->b.cap - r->b.len <= READ_SIZE)
		move_to_front(r);
	if (buf_reserve(&r->b, READ_SIZE) == -1)
		return -1;
	n = read(fd, r->b.p + r->b.len, READ_SIZE);
	if (n == 0)
		r->ended = 1;
	else if (n > 0)
		r->b.len += (size_t)n;
	return (long)n;
}

/*
 * The bytes up to end are a line's: give them, or nothing where there were too
 * many.
 */
static enum line_status
give(struct line_reader *r, size_t end, char **line, size_t *len)
{
	int skipped = r->skipping || end - r->start > r->max;

	r->number++;
	r->skipping = 0;
	if (skipped)
		r->start = end;
	*line = r->b.p + r->start;
	*len = end - r->start;
	r->b.p[end] = '\0';
	r->start = r->scanned = end;
	return skipped ? LINE_LONG : LINE_OK;
}

enum line_status
line_next(struct line_reader *r, char **line, size_t *len)
{
	enum line_status st;
	const char *nl;

	nl = r->b.len == r->scanned
	    ? NULL
	    : memchr(r->b.p + r->scanned, '\n', r->b.len - r->scanned);
	if (nl != NULL) {
		st = give(r, (size_t)(nl - r->b.p), line, len);
		r->start++;
		r->scanned++;
		return st;
	}
	r->scanned = r->b.len;
	if (r->skipping || r->b.len - r->start > r->max) {
		r->skipping = 1;
		r->start = r->b.len;
		move_to_front(r);
	}
	if (!r->ended)
		return LINE_MORE;
	if (!r->skipping && r->start == r->b.len)
		return LINE_END;
	(void)give(r, r->b.len, line, len);
	return LINE_TAIL;
}
