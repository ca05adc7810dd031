/*
 * buf - a growable run of bytes with a ceiling.
 *
 * A failure (ceiling reached) sticks: later calls do nothing, and buf_failed()
 * tells, so that an encoder checks once, at the end.  Where there is no memory
 * the process ends: what it could not hold would else be a line without its
 * end, or a row that looks damaged; the next start goes on from the state.
 */
#ifndef SLUICE_BUF_H
#define SLUICE_BUF_H

#include <stddef.h>

struct buf {
	char *p;    /* the bytes; not NUL-terminated; NULL while empty */
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
	size_t max; /* ceiling of len */
	int failed; /* errno of the first failure, or 0 */
};

/* An empty buffer that never holds more than max bytes.  Allocates nothing. */
void buf_init(struct buf *b, size_t max);

/* Free the bytes; the struct is as after buf_init. */
void buf_release(struct buf *b);

/* Forget the bytes and any failure; keep the memory. */
void buf_clear(struct buf *b);

/*
 * Forget the first n bytes (all, where n is larger); the rest moves up.
 */
void buf_consume(struct buf *b, size_t n);

/* Make room for n more bytes.  0, or -1 with EMSGSIZE, sticking. */
int buf_reserve(struct buf *b, size_t n);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The bytes as a C string: a NUL is kept behind them, outside of len.  "" for
 * an empty buffer, NULL after a failure.  Valid until the buffer changes.
 */
const char *buf_cstr(struct buf *b);

/* errno of the first failure since init or clear, or 0. */
int buf_failed(const struct buf *b);

#endif
