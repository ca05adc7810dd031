#include "notifier/parts.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"

/* "(1000/1000)" and a newline: more than a thousand parts are no message. */
#define NUMBER_UNITS 12

/* Bytes of the character at p; what is no UTF-8 counts byte by byte. */
static size_t
char_len(const char *p, size_t n)
{
	size_t len = utf8_len(p, n);

	return len > 0 ? len : 1;
}

static int
fits(const char *p, size_t n, size_t max)
{
	size_t units = 0, len;

	for (; n > 0; p += len, n -= len) {
		len = char_len(p, n);
		units += len == 4 ? 2 : 1;
		if (units > max)
			return 0;
	}
	return 1;
}

/* Bytes of the next part: at most max units of the n at p. */
static size_t
part_len(const char *p, size_t n, size_t max)
{
	size_t units = 0, at = 0, line = 0, len;

	while (at < n) {
		len = char_len(p + at, n - at);
		units += len == 4 ? 2 : 1;
		if (units > max)
			return line > 0 ? line : at;
		at += len;
		if (p[at - 1] == '\n' && units >= max / 2)
			line = at;
	}
	return n;
}

int
parts_cut(struct buf *b, size_t max, int64_t which)
{
	const char *p = b->p, *from = NULL;
	size_t left = b->len, room = max - NUMBER_UNITS, len, part = 0;
	int64_t count = 0, number = 0;
	char head[64];
	struct buf out;
	int rc = -1;

	if (buf_failed(b) != 0)
		return -1;
	if (fits(b->p, b->len, max))
		return 1;
	for (; left > 0; p += len, left -= len) {
		len = part_len(p, left, room);
		if (count++ > which)
			continue;
		number = count;
		from = p;
		part = len;
	}
	/* The newline that was cut at is no part of either. */
	if (part > 0 && from[part - 1] == '\n')
		part--;
	(void)snprintf(head, sizeof(head), "(%lld/%lld)\n", (long long)number,
	    (long long)count);
	buf_init(&out, b->max);
	buf_puts(&out, head);
	buf_put(&out, from, part);
	if (buf_failed(&out) == 0) {
		buf_clear(b);
		buf_put(b, out.p, out.len);
		rc = buf_failed(b) != 0 ? -1 : number == count;
	}
	buf_release(&out);
	return rc;
}
