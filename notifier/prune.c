#include "notifier/prune.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"

#define PASS_MS 3600000
#define TRADES_MAX 100 /* that one call looks at */
#define INVITES_MAX 100
#define EVENTS_MAX 128 /* of a trade that are forgotten at a time */
#define KEYS_MAX 256   /* rows that are deleted at a time */

void
prune_init(struct prune *p)
{
	store_key_init(&p->at);
	p->invite[0] = '\0';
	p->next_ms = 0;
}

/* The messages of one trade. */
struct trade {
	struct notifier *n;
	struct store_key prefix; /* journal and number */
	char journal[JOURNAL_SIZE];
	uint64_t number;
	uint64_t seqs[EVENTS_MAX]; /* the first of them */
	size_t n_seqs;
	int whole; /* those are all there are */
	int ended;
	int64_t last_ms; /* of the last event's time */
};

/* Journal and number of a key; 0 where it is none of ours. */
static int
take_journal(struct trade *r, const char *key, size_t klen)
{
	const char *end = memchr(key, '\0', klen);
	size_t n = end != NULL ? (size_t)(end - key) + 1 : 0;

	if (n == 0 || n > sizeof(r->journal) || klen != n + 16)
		return 0;
	memcpy(r->journal, key, n);
	r->number = store_key_get_u64(key + n);
	store_key_init(&r->prefix);
	store_key_str(&r->prefix, r->journal);
	store_key_u64(&r->prefix, r->number);
	return 1;
}

static int
message_row(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct trade *r = arg;
	struct row *row = &r->n->rows.row;
	const struct json *v;
	const char *action;

	if (r->n_seqs == 0 && !take_journal(r, key, klen))
		return 0; /* no row of ours */
	if (klen != r->prefix.len + 8 ||
	    memcmp(key, r->prefix.p, r->prefix.len) != 0)
		return 1;
	r->whole = r->n_seqs < EVENTS_MAX;
	if (r->whole)
		r->seqs[r->n_seqs++] =
		    store_key_get_u64((const char *)key + r->prefix.len);
	/* It is the last one that tells, wherever that stands. */
	v = json_parse_copy(row->doc, &row->text, val, vlen);
	action = json_string(json_get(v, "action"));
	r->ended = action != NULL &&
	    (strcmp(action, action_name(ACTION_CLOSE)) == 0 ||
		strcmp(action, action_name(ACTION_ALARM)) == 0);
	if (json_time(json_get(v, "time"), &r->last_ms) == -1)
		r->last_ms = INT64_MAX; /* unreadable: it stays */
	return 0;
}

struct finality {
	struct trade *trade;
	struct store_key prefix;
	int64_t before_ms;
	int final;
};

static int
delivery_row(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct finality *f = arg;
	struct row *row = &f->trade->n->rows.row;
	const struct json *v;
	int64_t done;

	if (klen < f->prefix.len ||
	    memcmp(key, f->prefix.p, f->prefix.len) != 0)
		return 1;
	v = json_parse_copy(row->doc, &row->text, val, vlen);
	/* `done` stands in rows that are final, and in no other. */
	f->final =
	    json_time(json_get(v, "done"), &done) == 0 && done < f->before_ms;
	return !f->final;
}

/* All of the deliveries in hand are final, and were so before a moment. */
static enum store_error
is_final(struct trade *r, struct store_txn *t, int64_t before_ms, int *final)
{
	struct finality f = { .trade = r, .before_ms = before_ms, .final = 1 };
	enum store_error e = STORE_OK;

	for (size_t i = 0; e == STORE_OK && f.final && i < r->n_seqs; i++) {
		store_key_init(&f.prefix);
		store_key_str(&f.prefix, r->journal);
		store_key_u64(&f.prefix, r->seqs[i]);
		e = store_scan(t, "deliveries", f.prefix.p, f.prefix.len,
		    delivery_row, &f);
	}
	*final = f.final;
	return e;
}

struct keys {
	const struct store_key *prefix;
	struct store_key *list;
	size_t n;
};

static int
key_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct keys *k = arg;
	struct store_key *out = &k->list[k->n];

	(void)val;
	(void)vlen;
	if (klen < k->prefix->len ||
	    memcmp(key, k->prefix->p, k->prefix->len) != 0 ||
	    k->n == KEYS_MAX || klen > sizeof(out->p))
		return 1;
	memcpy(out->p, key, klen);
	out->len = klen;
	k->n++;
	return 0;
}

/* Delete all rows of a table whose keys begin with prefix. */
static enum store_error
delete_all(struct store_txn *t, const char *table,
    const struct store_key *prefix, struct store_key *list)
{
	struct keys k = { prefix, list, 0 };
	enum store_error e;

	do {
		k.n = 0;
		e = store_scan(t, table, prefix->p, prefix->len, key_row, &k);
		for (size_t i = 0; e == STORE_OK && i < k.n; i++)
			e = store_del(t, table, list[i].p, list[i].len);
	} while (e == STORE_OK && k.n > 0);
	return e;
}

static enum store_error
forget(struct trade *r, struct store *s)
{
	struct store_key *list = must_have(calloc(KEYS_MAX, sizeof(*list)));
	struct store_key key;
	struct store_txn *t;
	enum store_error e;

	e = store_begin(s, 1, &t);
	if (e != STORE_OK)
		goto out;
	for (size_t i = 0; e == STORE_OK && i < r->n_seqs; i++) {
		store_key_init(&key);
		store_key_str(&key, r->journal);
		store_key_u64(&key, r->seqs[i]);
		e = delete_all(t, "deliveries", &key, list);
		if (e != STORE_OK)
			break;
		key = r->prefix;
		store_key_u64(&key, r->seqs[i]);
		e = store_del(t, "messages", key.p, key.len);
	}
	if (e == STORE_OK && r->whole)
		e = delete_all(t, "recipients", &r->prefix, list);
	if (e == STORE_OK)
		e = store_commit(t);
	else
		store_abort(t);
out:
	free(list);
	return e;
}

/* The trade at p->at, or behind it: *more is 0 where there is none. */
static enum store_error
look(struct prune *p, struct notifier *n, int one_journal, int64_t now_ms,
    int *more)
{
	struct trade *r = must_have(calloc(1, sizeof(*r)));
	int64_t before_ms = now_ms - PRUNE_AGE_MS;
	struct store_txn *t;
	enum store_error e;
	int final = 0;

	r->n = n;
	*more = 0;
	e = store_begin(n->o.store, 0, &t);
	if (e != STORE_OK)
		goto out;
	e = store_scan(t, "messages", p->at.p, p->at.len, message_row, r);
	if (e == STORE_OK && r->n_seqs > 0) {
		*more = 1;
		if (one_journal && strcmp(r->journal, n->journal) != 0)
			r->ended = 1;
		if (!one_journal && r->last_ms < now_ms - PRUNE_SILENT_MS)
			r->ended = 1;
		if (r->ended && r->last_ms < before_ms)
			e = is_final(r, t, before_ms, &final);
		/* Behind all of the trade's. */
		p->at = r->prefix;
		store_key_u64(&p->at, UINT64_MAX);
	}
	store_abort(t);
	if (e == STORE_OK && final)
		e = forget(r, n->o.store);
out:
	free(r);
	return e;
}

/* The ledger names who used it, and the code is no code without its row. */
static enum store_error
forget_invites(
    struct store *s, const struct invite *list, size_t n, int64_t before_ms)
{
	struct store_txn *t;
	enum store_error e = store_begin(s, 1, &t);

	if (e != STORE_OK)
		return e;
	for (size_t i = 0; e == STORE_OK && i < n; i++) {
		if (invite_over_ms(&list[i]) < before_ms)
			e = invite_del(t, list[i].id);
		if (e == STORE_NOTFOUND)
			e = STORE_OK; /* it was revoked meanwhile */
	}
	if (e == STORE_OK)
		return store_commit(t);
	store_abort(t);
	return e;
}

/* Some invites behind p->invite: *more is 0 where these are the last. */
static enum store_error
look_at_invites(
    struct prune *p, struct notifier *n, int64_t before_ms, int *more)
{
	struct invite *list = must_have(calloc(INVITES_MAX, sizeof(*list)));
	struct store_txn *t;
	enum store_error e;
	size_t got = 0, old = 0;

	*more = 0;
	e = store_begin(n->o.store, 0, &t);
	if (e == STORE_OK) {
		e = invite_list(
		    &n->roll, t, p->invite, list, INVITES_MAX, &got);
		store_abort(t);
	}
	/* One that cannot be read is for who uses it: it stops nothing here. */
	if (e == STORE_BAD && n->roll.error[0] != '\0') {
		n->roll.error[0] = '\0';
		e = STORE_OK;
	}
	for (size_t i = 0; i < got; i++)
		old += invite_over_ms(&list[i]) < before_ms;
	if (e == STORE_OK && old > 0)
		e = forget_invites(n->o.store, list, got, before_ms);
	if (got == INVITES_MAX) {
		memcpy(p->invite, list[got - 1].id, sizeof(p->invite));
		*more = 1;
	}
	free(list);
	return e;
}

enum store_error
prune_tick(
    struct prune *p, struct notifier *n, int one_journal, struct moment now)
{
	enum store_error e = STORE_OK;
	int more = 1;

	if (now.mono_ms < p->next_ms)
		return STORE_OK;
	for (int i = 0; e == STORE_OK && more && i < TRADES_MAX; i++)
		e = look(p, n, one_journal, now.wall_ms, &more);
	if (e == STORE_OK && !more)
		e = look_at_invites(p, n, now.wall_ms - PRUNE_AGE_MS, &more);
	if (e != STORE_OK || !more) {
		prune_init(p);
		p->next_ms = now.mono_ms + PASS_MS;
	}
	return e;
}
