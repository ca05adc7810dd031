#include "notifier/rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
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

/* The table journals. */

static enum store_error
read_journal(struct rows *r, const struct json *v, struct journal *out)
{
	struct journal j;

	if (row_take_text(j.name, sizeof(j.name), json_get(v, "journal")) ==
		-1 ||
	    row_take_u64(&j.order, json_get(v, "order")) == -1 ||
	    row_take_u64(&j.seq, json_get(v, "seq")) == -1 ||
	    json_time(json_get(v, "first"), &j.first_ms) == -1)
		return row_damaged(&r->row, "journals", "a member is missing");
	*out = j;
	return STORE_OK;
}

enum store_error
journal_get(
    struct rows *r, struct store_txn *t, const char *name, struct journal *out)
{
	const struct json *v;
	struct store_key key;
	enum store_error e;

	row_key(&key, name);
	e = row_get(&r->row, t, "journals", &key, &v);
	return e == STORE_OK ? read_journal(r, v, out) : e;
}

enum store_error
journal_put(struct store_txn *t, const struct journal *j)
{
	struct store_key key;
	struct buf b;

	row_key(&key, j->name);
	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "journal", j->name);
	json_put_int(&b, "order", (int64_t)j->order);
	json_put_int(&b, "seq", (int64_t)j->seq);
	json_put_time(&b, "first", j->first_ms);
	json_close_object(&b);
	return row_put(t, "journals", &key, &b);
}

struct newest {
	struct rows *rows;
	struct journal *out;
	uint64_t order, best; /* of all, and of signals */
	enum store_error error;
};

static int
newest_row(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct newest *n = arg;
	const struct json *v;
	struct journal j;

	(void)key;
	(void)klen;
	n->error = row_parse(&n->rows->row, "journals", val, vlen, &v);
	if (n->error == STORE_OK)
		n->error = read_journal(n->rows, v, &j);
	if (n->error != STORE_OK)
		return 1;
	if (j.order > n->order)
		n->order = j.order;
	if (strcmp(j.name, ALARM_JOURNAL) != 0 && j.order > n->best) {
		n->best = j.order;
		*n->out = j;
	}
	return 0;
}

enum store_error
journal_newest(
    struct rows *r, struct store_txn *t, struct journal *out, uint64_t *order)
{
	struct newest n = { r, out, 0, 0, STORE_OK };
	enum store_error e;

	e = store_scan(t, "journals", "", 0, newest_row, &n);
	if (e == STORE_OK)
		e = n.error;
	if (e != STORE_OK)
		return e;
	*order = n.order;
	return n.best > 0 ? STORE_OK : STORE_NOTFOUND;
}
