#include "trader/decisions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/store.h"
#include "trader/order.h"

#define IDS_MAX (1u << 20) /* bytes: some 30,000 open approvals */
#define LINE_MAX (1u << 20)

struct decisions {
	struct store *store;
	const char *dir;
	int none;
	char error[512];
};

struct decisions *
decisions_new(const char *dir)
{
	struct decisions *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->dir = dir;
	return d;
}

void
decisions_free(struct decisions *d)
{
	if (d == NULL)
		return;
	store_close(d->store);
	free(d);
}

void
decisions_trim(struct decisions *d)
{
	if (d->store != NULL)
		store_trim(d->store);
}

const char *
decisions_error(const struct decisions *d)
{
	return d->error;
}

/*
 * Begin a read transaction; a state that was replaced is opened again.  d->none
 * is set where there is no state: nothing was ever decided.
 */
static struct store_txn *
begin(struct decisions *d)
{
	struct store_opts o = {
		.dir = d->dir, .stage = "risker", .mode = STORE_READ
	};
	struct store_txn *t;

	for (int i = 0; i < 2; i++) {
		enum store_error e = STORE_OK;

		if (d->store == NULL)
			e = store_open(
			    &d->store, &o, d->error, sizeof(d->error));
		d->none = e == STORE_NOTFOUND;
		if (e != STORE_OK)
			return NULL;
		if (store_begin(d->store, 0, &t) == STORE_OK)
			return t;
		(void)snprintf(
		    d->error, sizeof(d->error), "%s", store_errstr(d->store));
		store_close(d->store);
		d->store = NULL;
	}
	return NULL;
}

static enum store_error
get(struct store_txn *t, const char *id, const char **val, size_t *len)
{
	struct store_key key;

	store_key_init(&key);
	store_key_str(&key, id);
	return store_get(t, "decisions", key.p, key.len, val, len);
}

int
decisions_equal(
    struct decisions *d, const char *id, const char *line, size_t len)
{
	struct store_txn *t = begin(d);
	enum store_error e;
	const char *val;
	size_t vlen;
	int rc;

	if (t == NULL)
		return d->none ? 0 : -1;
	e = get(t, id, &val, &vlen);
	rc = e == STORE_OK && vlen == len && memcmp(val, line, len) == 0;
	if (e != STORE_OK && e != STORE_NOTFOUND) {
		(void)snprintf(
		    d->error, sizeof(d->error), "%s", store_errstr(d->store));
		rc = -1;
	}
	store_abort(t);
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

static void
say_failed(struct decisions *d, const struct buf *b)
{
	(void)snprintf(
	    d->error, sizeof(d->error), "%s", strerror(buf_failed(b)));
}

/* The line of an order, copied; 0 where there is none. */
static int
copy_line(struct decisions *d, const char *id, struct buf *line)
{
	struct store_txn *t = begin(d);
	enum store_error e;
	const char *val;
	size_t vlen;

	buf_clear(line);
	if (t == NULL)
		return -1;
	e = get(t, id, &val, &vlen);
	if (e == STORE_OK)
		buf_put(line, val, vlen);
	else if (e != STORE_NOTFOUND)
		(void)snprintf(
		    d->error, sizeof(d->error), "%s", store_errstr(d->store));
	store_abort(t);
	if (e != STORE_OK && e != STORE_NOTFOUND)
		return -1;
	if (buf_cstr(line) == NULL) {
		say_failed(d, line);
		return -1;
	}
	return line->len > 0;
}

int
decisions_scan(struct decisions *d,
    void (*fn)(void *arg, const char *id, char *line, size_t len), void *arg)
{
	struct store_txn *t = begin(d);
	struct buf ids, line;
	enum store_error e;
	int rc = 0;

	if (t == NULL)
		return d->none ? 0 : -1;
	buf_init(&ids, IDS_MAX);
	buf_init(&line, LINE_MAX);
	e = store_scan(t, "open", NULL, 0, add_id, &ids);
	if (e != STORE_OK && e != STORE_NOTFOUND) {
		(void)snprintf(
		    d->error, sizeof(d->error), "%s", store_errstr(d->store));
		rc = -1;
	} else if (buf_failed(&ids) != 0) {
		say_failed(d, &ids);
		rc = -1;
	}
	store_abort(t);
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
