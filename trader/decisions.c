#include "trader/decisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/reader.h"
#include "trader/order.h"

#define IDS_MAX (1u << 20) /* bytes: some 30,000 open approvals */
#define LINE_MAX (1u << 20)

struct decisions {
	struct reader *reader;
	char error[512];
};

struct decisions *
decisions_new(const char *dir)
{
	struct decisions *d = must_have(calloc(1, sizeof(*d)));

	d->reader = reader_new(dir, "risker");
	return d;
}

void
decisions_free(struct decisions *d)
{
	if (d == NULL)
		return;
	reader_free(d->reader);
	free(d);
}

void
decisions_trim(struct decisions *d)
{
	reader_trim(d->reader);
}

const char *
decisions_error(const struct decisions *d)
{
	return d->error;
}

static int
failed(struct decisions *d, const char *why)
{
	(void)snprintf(d->error, sizeof(d->error), "%s", why);
	return -1;
}

/* 1 and *t; 0 where there is no state: nothing was ever decided; or -1. */
static int
begin(struct decisions *d, struct store_txn **t)
{
	enum store_error e = reader_begin(d->reader, t);

	if (e == STORE_OK)
		return 1;
	(void)failed(d, reader_error(d->reader));
	return e == STORE_NOTFOUND ? 0 : -1;
}

/* 1 and the line of an order, 0 where there is none, or -1. */
static int
get(struct decisions *d, struct store_txn *t, const char *id, const char **val,
    size_t *len)
{
	struct store_key key;
	enum store_error e;

	store_key_init(&key);
	store_key_str(&key, id);
	e = store_get(t, "decisions", key.p, key.len, val, len);
	if (e == STORE_OK || e == STORE_NOTFOUND)
		return e == STORE_OK;
	return failed(d, reader_error(d->reader));
}

int
decisions_equal(
    struct decisions *d, const char *id, const char *line, size_t len)
{
	struct store_txn *t;
	const char *val;
	size_t vlen;
	int rc = begin(d, &t);

	if (rc != 1)
		return rc;
	rc = get(d, t, id, &val, &vlen);
	if (rc == 1)
		rc = vlen == len && memcmp(val, line, len) == 0;
	reader_end(d->reader, t);
	return rc;
}

/* Keys are alert ids, each with its NUL. */
static int
add_id(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct buf *ids = arg;

	(void)val;
	(void)vlen;
	if (klen == ALERT_ID_LEN + 1)
		buf_put(ids, key, klen);
	return 0;
}

/* The line of an order, copied; 0 where there is none. */
static int
copy_line(struct decisions *d, const char *id, struct buf *line)
{
	struct store_txn *t;
	const char *val;
	size_t vlen;
	int rc;

	buf_clear(line);
	/* There was a state a moment ago. */
	if (begin(d, &t) != 1)
		return -1;
	rc = get(d, t, id, &val, &vlen);
	if (rc == 1)
		buf_put(line, val, vlen);
	reader_end(d->reader, t);
	if (buf_cstr(line) == NULL)
		return failed(d, strerror(buf_failed(line)));
	return rc;
}

int
decisions_scan(struct decisions *d,
    void (*fn)(void *arg, const char *id, char *line, size_t len), void *arg)
{
	struct store_txn *t;
	struct buf ids, line;
	enum store_error e;
	int rc = begin(d, &t);

	if (rc != 1)
		return rc;
	rc = 0;
	buf_init(&ids, IDS_MAX);
	buf_init(&line, LINE_MAX);
	e = store_scan(t, "open", NULL, 0, add_id, &ids);
	if (e != STORE_OK && e != STORE_NOTFOUND)
		rc = failed(d, reader_error(d->reader));
	else if (buf_failed(&ids) != 0)
		rc = failed(d, strerror(buf_failed(&ids)));
	reader_end(d->reader, t);
	for (size_t at = 0; at < ids.len && rc == 0; at += ALERT_ID_LEN + 1) {
		int got = copy_line(d, ids.p + at, &line);

		if (got == 1)
			fn(arg, ids.p + at, line.p, line.len);
		else if (got == -1)
			rc = -1;
	}
	buf_release(&ids);
	buf_release(&line);
	return rc;
}
