#include "differ/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/killpoint.h"
#include "common/limits.h"

#define TRIM_EVERY 2
#define BUCKETS 64 /* a batch of the usual lines changes fewer rows */

const char *const state_tables[] = {
	"positions",
	"legs",
	"signals",
	"events",
	"account",
	"records",
	"estimates",
	"requests",
	"journal",
	"health",
	"alarms",
	NULL,
};

/* A row that waits for the commit. */
struct entry {
	struct entry *chain; /* of its bucket */
	struct entry *next;  /* of all, in the order they came */
	const char *table;
	char *val; /* NULL: to be deleted */
	size_t vlen, klen;
	unsigned char key[];
};

struct state {
	struct store *store;
	struct entry *bucket[BUCKETS];
	struct entry *head, **tail;
	struct buf value; /* that state_get gave last */
	unsigned touches; /* of the store, reading or writing */
	char failed[192];
	int damaged; /* that is why it failed */
};

struct state *
state_new(struct store *store)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->store = store;
	s->tail = &s->head;
	buf_init(&s->value, LINE_SIZE_MAX);
	return s;
}

static void
forget(struct state *s)
{
	struct entry *e, *next;

	for (e = s->head; e != NULL; e = next) {
		next = e->next;
		free(e->val);
		free(e);
	}
	memset(s->bucket, 0, sizeof(s->bucket));
	s->head = NULL;
	s->tail = &s->head;
}

void
state_free(struct state *s)
{
	if (s == NULL)
		return;
	forget(s);
	buf_release(&s->value);
	free(s);
}

static void
fail(struct state *s, const char *what, const char *why)
{
	if (s->failed[0] == '\0')
		(void)snprintf(
		    s->failed, sizeof(s->failed), "%s: %s", what, why);
}

static struct entry **
bucket_of(struct state *s, const char *table, const struct store_key *key)
{
	uint32_t h = (uint32_t)(unsigned char)table[0] * 16777619u;

	for (size_t i = 0; i < key->len; i++)
		h = (h ^ key->p[i]) * 16777619u;
	return &s->bucket[(h ^ h >> 16) % BUCKETS];
}

static struct entry *
find(struct entry *e, const char *table, const struct store_key *key)
{
	while (e != NULL &&
	    (e->klen != key->len || memcmp(e->key, key->p, key->len) != 0 ||
		strcmp(e->table, table) != 0))
		e = e->chain;
	return e;
}

/*
 * The kernel maps 16 pages around each one that is touched: looks at a large
 * file here and there add up to a megabyte, if nothing is given back between.
 */
static void
trim(struct state *s)
{
	if (++s->touches % TRIM_EVERY == 0)
		store_trim(s->store);
}

const char *
state_get(struct state *s, const char *table, const struct store_key *key,
    size_t *len)
{
	struct entry *e = find(*bucket_of(s, table, key), table, key);
	enum store_error err;
	struct store_txn *t;
	const char *val;
	size_t vlen;

	if (e != NULL) {
		*len = e->vlen;
		return e->val;
	}
	if (key->failed) {
		fail(s, table, "a key is too long");
		return NULL;
	}
	if (store_begin(s->store, 0, &t) != STORE_OK) {
		fail(s, table, store_errstr(s->store));
		return NULL;
	}
	err = store_get(t, table, key->p, key->len, &val, &vlen);
	if (err == STORE_OK) {
		buf_clear(&s->value);
		buf_put(&s->value, val, vlen);
		val = buf_cstr(&s->value);
		if (val == NULL)
			fail(s, table, strerror(buf_failed(&s->value)));
		*len = vlen;
	} else {
		val = NULL;
		if (err != STORE_NOTFOUND)
			fail(s, table, store_errstr(s->store));
	}
	store_abort(t);
	trim(s);
	return val;
}

static void
set(struct state *s, const char *table, const struct store_key *key, char *val,
    size_t len)
{
	struct entry **b = bucket_of(s, table, key);
	struct entry *e = find(*b, table, key);

	if (key->failed)
		fail(s, table, "a key is too long");
	if (e == NULL) {
		e = malloc(sizeof(*e) + key->len);
		if (e == NULL) {
			free(val);
			fail(s, table, "out of memory");
			return;
		}
		e->table = table;
		e->klen = key->len;
		memcpy(e->key, key->p, key->len);
		e->chain = *b;
		*b = e;
		e->next = NULL;
		*s->tail = e;
		s->tail = &e->next;
	} else
		free(e->val);
	e->val = val;
	e->vlen = len;
}

void
state_put(struct state *s, const char *table, const struct store_key *key,
    const void *val, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL) {
		fail(s, table, "out of memory");
		return;
	}
	memcpy(copy, val, len);
	copy[len] = '\0';
	set(s, table, key, copy, len);
}

void
state_del(struct state *s, const char *table, const struct store_key *key)
{
	set(s, table, key, NULL, 0);
}

int
state_waits(struct state *s, const char *table, const struct store_key *key)
{
	return find(*bucket_of(s, table, key), table, key) != NULL;
}

int
state_scan(struct state *s, const char *table, const struct store_key *from,
    int (*fn)(
	void *arg, const void *key, size_t klen, const char *val, size_t vlen),
    void *arg)
{
	enum store_error err;
	struct store_txn *t;

	if (store_begin(s->store, 0, &t) != STORE_OK) {
		fail(s, table, store_errstr(s->store));
		return -1;
	}
	err = store_scan(t, table, from != NULL ? from->p : NULL,
	    from != NULL ? from->len : 0, fn, arg);
	store_abort(t);
	if (err != STORE_OK && err != STORE_NOTFOUND)
		fail(s, table, store_errstr(s->store));
	return s->failed[0] != '\0' ? -1 : 0;
}

uint64_t
state_last(struct state *s, const char *table)
{
	struct store_txn *t;
	const void *key;
	const char *val;
	size_t klen, vlen;
	enum store_error err;
	uint64_t n = 0;

	if (store_begin(s->store, 0, &t) != STORE_OK) {
		fail(s, table, store_errstr(s->store));
		return 0;
	}
	err = store_last(t, table, &key, &klen, &val, &vlen);
	if (err == STORE_OK && klen == 8)
		n = store_key_get_u64(key);
	else if (err != STORE_NOTFOUND)
		fail(s, table,
		    err == STORE_OK ? "a key is not a number"
				    : store_errstr(s->store));
	store_abort(t);
	return n;
}

int
state_dirty(const struct state *s)
{
	return s->head != NULL;
}

enum store_error
state_commit(
    struct state *s, int (*also)(struct store_txn *t, void *arg), void *arg)
{
	enum store_error err;
	struct store_txn *t;

	err = store_begin(s->store, 1, &t);
	if (err != STORE_OK)
		return err;
	for (struct entry *e = s->head; e != NULL && err == STORE_OK;
	     e = e->next) {
		trim(s);
		if (e->val != NULL)
			err = store_put(
			    t, e->table, e->key, e->klen, e->val, e->vlen);
		else
			err = store_del(t, e->table, e->key, e->klen);
		if (err == STORE_NOTFOUND)
			err = STORE_OK;
	}
	if (err == STORE_OK && also != NULL && also(t, arg) != 0)
		err = STORE_FAIL;
	if (err != STORE_OK) {
		store_abort(t);
		return err;
	}
	kill_point("K4");
	err = store_commit(t);
	if (err == STORE_OK)
		forget(s);
	return err;
}

const char *
state_failed(const struct state *s)
{
	return s->failed[0] != '\0' ? s->failed : NULL;
}

int
state_is_damaged(const struct state *s)
{
	return s->damaged;
}

void
state_damaged(struct state *s, const char *table, const char *why)
{
	char what[64];

	(void)snprintf(what, sizeof(what), "table '%s' is damaged", table);
	s->damaged |= s->failed[0] == '\0';
	fail(s, what, why);
}
