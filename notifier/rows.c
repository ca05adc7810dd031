#include "notifier/rows.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/limits.h"

void
rows_init(struct rows *r)
{
	buf_init(&r->last_row, LINE_SIZE_MAX);
	r->order = 0;
	row_init(&r->row);
}

void
rows_release(struct rows *r)
{
	row_release(&r->row);
	buf_release(&r->last_row);
}

void
reason_set(char out[REASON_SIZE], const char *fmt, ...)
{
	va_list ap;
	size_t n;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(out, REASON_SIZE, fmt, ap);
	va_end(ap);
	if (len < REASON_SIZE)
		return;
	/* What was cut off may have been the end of a character. */
	n = REASON_SIZE - 1;
	while (n > 0 && ((unsigned char)out[n - 1] & 0xc0) == 0x80)
		n--;
	if (n > 0 && (unsigned char)out[n - 1] >= 0xc0)
		n--;
	out[n] = '\0';
}
