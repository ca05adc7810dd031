/* buf: growth is by half, so that n appended bytes cost O(n). */
#include "common/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"

#define BUF_FIRST 256 /* bytes of the first allocation */

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_release(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = 0;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->p, b->p + n, b->len);
}

static int
fail(struct buf *b, int error)
{
	if (b->failed == 0)
		b->failed = error;
	errno = b->failed;
	return -1;
}

/* Room for n more bytes and one for buf_cstr's NUL, which max leaves out. */
int
buf_reserve(struct buf *b, size_t n)
{
	size_t cap, need;
	char *p;

	if (b->failed != 0)
		return fail(b, b->failed);
	if (n > b->max - b->len || b->max == SIZE_MAX)
		return fail(b, EMSGSIZE);
	need = b->len + n + 1;
	if (need <= b->cap)
		return 0;
	cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap + b->cap / 2;
	if (cap < need)
		cap = need;
	if (cap > b->max + 1)
		cap = b->max + 1;
	p = realloc(b->p, cap);
	if (p == NULL)
		die(EX_OSERR, "out of memory");
	b->p = p;
	b->cap = cap;
	return 0;
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || buf_reserve(b, n) == -1)
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
	if (buf_reserve(b, 1) == -1)
		return;
	b->p[b->len++] = c;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		(void)fail(b, errno);
		return;
	}
	if (buf_reserve(b, (size_t)n) == -1)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *
buf_cstr(struct buf *b)
{
	if (buf_reserve(b, 0) == -1)
		return NULL;
	b->p[b->len] = '\0';
	return b->p;
}

int
buf_failed(const struct buf *b)
{
	return b->failed;
}
