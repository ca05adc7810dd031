#include "notifier/row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"

void
row_init(struct row *r)
{
	buf_init(&r->text, LINE_SIZE_MAX);
	r->error[0] = '\0';
	r->doc = json_new();
}

void
row_release(struct row *r)
{
	json_free(r->doc);
	r->doc = NULL;
	buf_release(&r->text);
}

enum store_error
row_bad(struct row *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->error, sizeof(r->error), fmt, ap);
	va_end(ap);
	return STORE_BAD;
}

enum store_error
row_damaged(struct row *r, const char *table, const char *why)
{
	return row_bad(
	    r, "a row of table '%s' cannot be read: %.150s", table, why);
}

enum store_error
row_parse(struct row *r, const char *table, const char *val, size_t len,
    const struct json **out)
{
	*out = json_parse_copy(r->doc, &r->text, val, len);
	return *out != NULL ? STORE_OK
			    : row_damaged(r, table, json_error(r->doc));
}

enum store_error
row_get(struct row *r, struct store_txn *t, const char *table,
    const struct store_key *key, const struct json **out)
{
	enum store_error e;
	const char *val;
	size_t len;

	e = store_get(t, table, key->p, key->len, &val, &len);
	return e == STORE_OK ? row_parse(r, table, val, len, out) : e;
}

void
row_key(struct store_key *k, const char *id)
{
	store_key_init(k);
	store_key_str(k, id);
}

enum store_error
row_put(struct store_txn *t, const char *table, const struct store_key *key,
    struct buf *b)
{
	enum store_error e = STORE_FAIL;

	if (buf_failed(b) == 0)
		e = store_put(t, table, key->p, key->len, b->p, b->len);
	buf_release(b);
	return e;
}

enum store_error
row_del(struct store_txn *t, const char *table, const char *id)
{
	struct store_key key;

	row_key(&key, id);
	return store_del(t, table, key.p, key.len);
}

enum store_error
row_find(struct row *r, struct store_txn *t, const char *table, const char *id,
    enum store_error (*read)(
	struct row *r, const char *id, const char *val, size_t len, void *out),
    void *out)
{
	struct store_key key;
	enum store_error e;
	const char *val;
	size_t len;

	row_key(&key, id);
	e = store_get(t, table, key.p, key.len, &val, &len);
	return e == STORE_OK ? read(r, id, val, len, out) : e;
}

struct listing {
	struct row *row;
	const char *after;
	enum store_error (*read)(struct row *r, const char *id, const char *val,
	    size_t len, void *out);
	char *out;
	size_t size, max, n;
	enum store_error error;
};

static int
list_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct listing *l = arg;
	const char *id = key;

	if (klen == 0 || id[klen - 1] != '\0')
		return 0; /* no key of ours */
	if (strcmp(id, l->after) == 0)
		return 0;
	if (l->n == l->max)
		return 1;
	l->error = l->read(l->row, id, val, vlen, l->out + l->n * l->size);
	if (l->error != STORE_OK)
		return 1;
	l->n++;
	return 0;
}

enum store_error
row_list(struct row *r, struct store_txn *t, const char *table,
    const char *after,
    enum store_error (*read)(
	struct row *r, const char *id, const char *val, size_t len, void *out),
    void *out, size_t size, size_t max, size_t *n)
{
	struct listing l = { r, after, read, out, size, max, 0, STORE_OK };
	struct store_key key;
	enum store_error e;

	row_key(&key, after);
	e = store_scan(t, table, key.p, key.len, list_row, &l);
	if (e == STORE_OK)
		e = l.error;
	if (e == STORE_OK)
		*n = l.n;
	return e;
}

int
row_take_text(char *to, size_t size, const struct json *v)
{
	const char *s = json_string(v);

	if (s == NULL || strlen(s) >= size)
		return -1;
	memcpy(to, s, strlen(s) + 1);
	return 0;
}

int
row_take_u64(uint64_t *to, const struct json *v)
{
	int64_t n;

	if (json_int(v, 0, INT64_MAX, &n) == -1)
		return -1;
	*to = (uint64_t)n;
	return 0;
}
