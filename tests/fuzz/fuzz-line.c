/*
 * fuzz-line: any bytes, in pieces of any size, give the lines that a plain
 * split gives.  The first byte is the size of a piece.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/line.h"

#define CEILING 24 /* bytes of a line, so that short inputs reach it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

/* What the reader says of the line that begins at p; returns the next one. */
static const char *
expect(struct line_reader *r, enum line_status st, const char *line, size_t len,
    const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	size_t want = (size_t)((nl == NULL ? end : nl) - p);

	check(r->b.cap <= CEILING + 2 + 65536);
	check((st == LINE_TAIL) == (nl == NULL));
	if (st == LINE_LONG || (st == LINE_TAIL && len == 0))
		check(want > CEILING);
	else
		check(want == len && memcmp(line, p, len) == 0 &&
		    line[len] == '\0');
	return nl == NULL ? end : nl + 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *end, *next, *p;
	struct line_reader r;
	enum line_status st;
	size_t len, piece;
	char *line;
	int fd[2];

	if (size == 0 || size > 60000)
		return 0;
	piece = data[0] + 1u;
	p = next = (const char *)data + 1;
	end = (const char *)data + size;
	check(pipe2(fd, O_CLOEXEC | O_NONBLOCK) == 0);
	line_init(&r, CEILING);
	for (;;) {
		st = line_next(&r, &line, &len);
		if (st == LINE_END)
			break;
		if (st != LINE_MORE) {
			next = expect(&r, st, line, len, next, end);
			continue;
		}
		if (piece > (size_t)(end - p))
			piece = (size_t)(end - p);
		if (piece == 0)
			close(fd[1]);
		else
			check(write(fd[1], p, piece) == (ssize_t)piece);
		p += piece;
		check(line_fill(&r, fd[0]) == (long)piece);
	}
	check(next == end);
	line_release(&r);
	close(fd[0]);
	return 0;
}
