#include "notifier/source.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"

/* Accounts in one state: more are none of ours. */
#define ACCOUNTS_MAX 1000

void
source_init(struct source *s, const char *dir)
{
	memset(s, 0, sizeof(*s));
	(void)snprintf(s->dir, sizeof(s->dir), "%s", dir);
	row_init(&s->row);
}

void
source_release(struct source *s)
{
	store_close(s->store);
	s->store = NULL;
	row_release(&s->row);
}

static enum store_error
failed(struct source *s, enum store_error e)
{
	if (e == STORE_BAD && s->row.error[0] != '\0')
		(void)snprintf(
		    s->error, sizeof(s->error), "differ: %s", s->row.error);
	else if (e != STORE_OK)
		(void)snprintf(
		    s->error, sizeof(s->error), "%s", store_errstr(s->store));
	s->row.error[0] = '\0';
	return e;
}

enum store_error
source_open(struct source *s)
{
	struct store_opts o = {
		.dir = s->dir, .stage = "differ", .mode = STORE_READ
	};

	if (s->store != NULL)
		return STORE_OK;
	return store_open(&s->store, &o, s->error, sizeof(s->error));
}

static enum store_error
begin(struct source *s, struct store_txn **t)
{
	enum store_error e = source_open(s);

	if (e != STORE_OK)
		return e;
	e = store_begin(s->store, 0, t);
	if (e == STORE_BAD) {
		/* Another file took its place: that is what is to be read. */
		(void)failed(s, e);
		store_close(s->store);
		s->store = NULL;
		e = source_open(s);
		if (e == STORE_OK)
			e = store_begin(s->store, 0, t);
	}
	return e == STORE_OK || s->store == NULL ? e : failed(s, e);
}

enum store_error
source_last(struct source *s, char journal[JOURNAL_SIZE], uint64_t *seq)
{
	struct row *r = &s->row;
	const struct json *v;
	struct event event;
	struct store_txn *t;
	enum store_error e;
	const void *key;
	const char *val;
	size_t klen, vlen;
	char why[128];

	e = begin(s, &t);
	if (e != STORE_OK)
		return e;
	e = store_last(t, "events", &key, &klen, &val, &vlen);
	if (e != STORE_OK)
		goto out;
	v = json_parse_copy(r->doc, &r->text, val, vlen);
	if (event_parse(&event, v, why, sizeof(why)) != EVENT_OK || klen != 8 ||
	    store_key_get_u64(key) != event.seq) {
		e = row_bad(r, "the last event cannot be read");
		goto out;
	}
	memcpy(journal, event.journal, sizeof(event.journal));
	*seq = event.seq;
out:
	store_abort(t);
	return e == STORE_OK || e == STORE_NOTFOUND ? e : failed(s, e);
}

struct reading {
	struct batch *b;
	uint64_t last;
};

static int
take_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct reading *r = arg;
	char from[48];

	if (klen != 8)
		return 0;
	r->last = store_key_get_u64(key);
	(void)snprintf(from, sizeof(from), "event %llu of differ's state",
	    (unsigned long long)r->last);
	batch_add(r->b, val, vlen, r->last, from);
	return r->b->n == SOURCE_LINES_MAX;
}

enum store_error
source_read(struct source *s, uint64_t from, struct batch *b, uint64_t *last)
{
	struct reading r = { b, 0 };
	struct store_key key;
	struct store_txn *t;
	enum store_error e;

	e = begin(s, &t);
	if (e != STORE_OK)
		return e;
	store_key_init(&key);
	store_key_u64(&key, from);
	e = store_scan(t, "events", key.p, key.len, take_row, &r);
	store_abort(t);
	if (e != STORE_OK)
		return failed(s, e);
	if (b->n > 0)
		*last = r.last;
	return STORE_OK;
}

struct scoping {
	struct source *s;
	struct scope *out;
	size_t max, n;
	struct store_key key; /* account and "scope" */
	char account[65];     /* of the first row behind */
	enum store_error error;
};

static int
take_account(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct scoping *c = arg;
	const char *end = memchr(key, '\0', klen);

	(void)val;
	(void)vlen;
	if (end == NULL ||
	    (size_t)(end - (const char *)key) >= sizeof(c->account))
		return 0;
	memcpy(c->account, key, (size_t)(end - (const char *)key) + 1);
	return 1;
}

static int
take_scope(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct scoping *c = arg;
	struct row *r = &c->s->row;
	struct scope *o = &c->out[c->n];
	const struct json *v;

	if (klen < c->key.len || memcmp(key, c->key.p, c->key.len) != 0 ||
	    c->n == c->max)
		return 1;
	v = json_parse_copy(r->doc, &r->text, val, vlen);
	if (row_take_text(
		o->account, sizeof(o->account), json_get(v, "account")) == -1 ||
	    row_take_text(o->category, sizeof(o->category),
		json_get(v, "category")) == -1 ||
	    json_time(json_get(v, "last"), &o->last_ms) == -1) {
		c->error =
		    row_bad(r, "a scope in table 'account' cannot be read");
		return 1;
	}
	o->settle_coin[0] = '\0';
	(void)row_take_text(
	    o->settle_coin, sizeof(o->settle_coin), json_get(v, "settle_coin"));
	c->n++;
	return 0;
}

/* The scopes of the first account behind c->account; 0 where there is none. */
static int
next_account(struct scoping *c, struct store_txn *t)
{
	char before[sizeof(c->account)];

	memcpy(before, c->account, sizeof(before));
	store_key_init(&c->key);
	if (before[0] != '\0') {
		store_key_str(&c->key, before);
		store_key_u64(&c->key, UINT64_MAX);
	}
	c->error =
	    store_scan(t, "account", c->key.p, c->key.len, take_account, c);
	if (c->error != STORE_OK || strcmp(before, c->account) == 0)
		return 0;
	store_key_init(&c->key);
	store_key_str(&c->key, c->account);
	store_key_str(&c->key, "scope");
	if (store_scan(t, "account", c->key.p, c->key.len, take_scope, c) !=
	    STORE_OK)
		c->error = STORE_FAIL;
	return c->error == STORE_OK;
}

enum store_error
source_scopes(struct source *s, struct scope *out, size_t max, size_t *n)
{
	struct scoping c = { .s = s, .out = out, .max = max };
	struct store_txn *t;
	enum store_error e;
	int i = 0;

	e = begin(s, &t);
	if (e != STORE_OK)
		return e;
	while (i < ACCOUNTS_MAX && next_account(&c, t))
		i++;
	store_abort(t);
	if (c.error != STORE_OK)
		return failed(s, c.error);
	*n = c.n;
	return STORE_OK;
}
