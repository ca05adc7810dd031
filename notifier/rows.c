#include "notifier/rows_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"

int
rows_init(struct rows *r)
{
	buf_init(&r->text, LINE_SIZE_MAX);
	buf_init(&r->last_row, LINE_SIZE_MAX);
	r->error[0] = '\0';
	r->order = 0;
	r->doc = json_new();
	if (r->doc == NULL) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

void
rows_release(struct rows *r)
{
	json_free(r->doc);
	r->doc = NULL;
	buf_release(&r->text);
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

enum store_error
rows_damaged(struct rows *r, const char *table, const char *why)
{
	(void)snprintf(r->error, sizeof(r->error),
	    "a row of table '%s' cannot be read: %.150s", table, why);
	return STORE_BAD;
}

enum store_error
rows_parse(struct rows *r, const char *table, const char *val, size_t len,
    const struct json **out)
{
	buf_clear(&r->text);
	buf_put(&r->text, val, len);
	if (buf_reserve(&r->text, 1) == -1)
		return rows_damaged(r, table, "it is too long");
	*out = json_parse(r->doc, r->text.p, len);
	if (*out == NULL)
		return rows_damaged(r, table, json_error(r->doc));
	return STORE_OK;
}

enum store_error
rows_get(struct rows *r, struct store_txn *t, const char *table,
    const struct store_key *key, const struct json **out)
{
	enum store_error e;
	const char *val;
	size_t len;

	e = store_get(t, table, key->p, key->len, &val, &len);
	if (e != STORE_OK)
		return e;
	return rows_parse(r, table, val, len, out);
}

enum store_error
rows_put(struct store_txn *t, const char *table, const struct store_key *key,
    struct buf *b)
{
	enum store_error e = STORE_FAIL;

	if (buf_failed(b) == 0)
		e = store_put(t, table, key->p, key->len, b->p, b->len);
	buf_release(b);
	return e;
}

/* A text member into an array; 0, or -1 where it is none or too long. */
int
rows_take_text(char *to, size_t size, const struct json *v)
{
	const char *s = json_string(v);

	if (s == NULL || strlen(s) >= size)
		return -1;
	memcpy(to, s, strlen(s) + 1);
	return 0;
}

int
rows_take_u64(uint64_t *to, const struct json *v)
{
	int64_t n;

	if (json_int(v, 0, INT64_MAX, &n) == -1)
		return -1;
	*to = (uint64_t)n;
	return 0;
}
