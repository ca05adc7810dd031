#include "common/line.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* One read: what a pipe holds. */
#define FILL_SIZE ((size_t)64 << 10)

void
line_init(struct line_reader *r, size_t max)
{
	memset(r, 0, sizeof(*r));
	/* Room for the longest line, its newline or NUL, and a read behind. */
	buf_init(&r->b, max + 2 + FILL_SIZE);
	r->max = max;
}

void
line_release(struct line_reader *r)
{
	buf_release(&r->b);
	line_init(r, r->max);
}

long
line_fill(struct line_reader *r, int fd)
{
	ssize_t n;

	/* What was given out is done with: the rest moves to the front. */
	if (r->start > 0) {
		buf_consume(&r->b, r->start);
		r->scanned -= r->start;
		r->start = 0;
	}
	if (buf_reserve(&r->b, FILL_SIZE + 1) == -1)
		return -1;
	n = read(fd, r->b.p + r->b.len, FILL_SIZE);
	if (n == -1)
		return -1;
	if (n == 0)
		r->ended = 1;
	r->b.len += (size_t)n;
	return n;
}

/* Forget what is buffered of a line that is too long. */
static void
drop(struct line_reader *r)
{
	r->start = r->b.len;
	r->scanned = r->b.len;
}

enum line_status
line_next(struct line_reader *r, char **line, size_t *len)
{
	char *from, *nl;
	size_t have;

	if (r->scanned < r->start)
		r->scanned = r->start;
	from = r->b.len == 0 ? NULL : r->b.p + r->start;
	have = r->b.len - r->start;
	nl = r->scanned == r->b.len
	    ? NULL
	    : memchr(r->b.p + r->scanned, '\n', r->b.len - r->scanned);
	if (nl != NULL) {
		r->start = (size_t)(nl - r->b.p) + 1;
		r->scanned = r->start;
		r->number++;
		if (r->skipping || (size_t)(nl - from) > r->max) {
			r->skipping = 0;
			return LINE_LONG;
		}
		*nl = '\0';
		*line = from;
		*len = (size_t)(nl - from);
		return LINE_OK;
	}
	r->scanned = r->b.len;
	if (r->skipping || have > r->max) {
		drop(r);
		if (!r->ended) {
			r->skipping = 1;
			return LINE_MORE;
		}
		if (r->skipping || have > 0) {
			r->skipping = 0;
			r->number++;
			return LINE_LONG;
		}
	}
	if (!r->ended)
		return LINE_MORE;
	if (have == 0)
		return LINE_END;
	r->number++;
	*line = from;
	*len = have;
	from[have] = '\0';
	drop(r);
	return LINE_TAIL;
}
