/* The tables messages and recipients: what is kept of a trade. */
#include <string.h>

#include "common/json.h"
#include "notifier/rows.h"

static void
message_key(
    struct store_key *k, const char *journal, uint64_t number, uint64_t seq)
{
	store_key_init(k);
	store_key_str(k, journal);
	store_key_u64(k, number);
	store_key_u64(k, seq);
}

enum store_error
message_put(struct store_txn *t, const char *journal, uint64_t number,
    uint64_t seq, const char *text, size_t len)
{
	struct store_key key;

	message_key(&key, journal, number, seq);
	return store_put(t, "messages", key.p, key.len, text, len);
}

enum store_error
message_get(struct rows *r, struct store_txn *t, const char *journal,
    uint64_t number, uint64_t seq, const struct json **out)
{
	struct store_key key;

	message_key(&key, journal, number, seq);
	return row_get(&r->row, t, "messages", &key, out);
}

struct any {
	const struct store_key *prefix;
	int found;
};

static int
any_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct any *a = arg;

	(void)val;
	(void)vlen;
	a->found = klen >= a->prefix->len &&
	    memcmp(key, a->prefix->p, a->prefix->len) == 0;
	return 1;
}

enum store_error
message_any(struct store_txn *t, const char *journal, uint64_t number)
{
	struct store_key key;
	struct any a = { &key, 0 };
	enum store_error e;

	store_key_init(&key);
	store_key_str(&key, journal);
	store_key_u64(&key, number);
	e = store_scan(t, "messages", key.p, key.len, any_row, &a);
	if (e != STORE_OK)
		return e;
	return a.found ? STORE_OK : STORE_NOTFOUND;
}

struct latest {
	const struct store_key *journal;
	uint64_t number, seq;
};

/* Rows of one trade, up to the last of them. */
static int
latest_row(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	const unsigned char *p = key;
	struct latest *l = arg;
	uint64_t number;

	(void)val;
	(void)vlen;
	if (klen != l->journal->len + 16 ||
	    memcmp(p, l->journal->p, l->journal->len) != 0)
		return 1;
	number = store_key_get_u64(p + l->journal->len);
	if (l->number != 0 && number != l->number)
		return 1;
	l->number = number;
	l->seq = store_key_get_u64(p + l->journal->len + 8);
	return 0;
}

enum store_error
message_next(struct store_txn *t, const char *journal, uint64_t after,
    uint64_t *number, uint64_t *seq)
{
	struct store_key key, from;
	struct latest l = { .journal = &key };
	enum store_error e;

	store_key_init(&key);
	store_key_str(&key, journal);
	message_key(&from, journal, after + 1, 0);
	e = store_scan(t, "messages", from.p, from.len, latest_row, &l);
	if (e != STORE_OK)
		return e;
	*number = l.number;
	*seq = l.seq;
	return l.number != 0 ? STORE_OK : STORE_NOTFOUND;
}

static void
recipient_key(struct store_key *k, const char *journal, uint64_t number,
    const char *subscriber)
{
	store_key_init(k);
	store_key_str(k, journal);
	store_key_u64(k, number);
	store_key_str(k, subscriber);
}

enum store_error
recipient_put(struct store_txn *t, const struct delivery *d)
{
	struct store_key key;
	struct buf b;

	recipient_key(&key, d->journal, d->number, d->subscriber);
	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "journal", d->journal);
	json_put_int(&b, "signal_number", (int64_t)d->number);
	json_put_string(&b, "subscriber", d->subscriber);
	json_put_time(&b, "taken", d->taken_ms);
	json_close_object(&b);
	return row_put(t, "recipients", &key, &b);
}

enum store_error
recipient_del(struct store_txn *t, const struct delivery *d)
{
	struct store_key key;

	recipient_key(&key, d->journal, d->number, d->subscriber);
	return store_del(t, "recipients", key.p, key.len);
}

enum store_error
recipient_has(struct store_txn *t, const struct delivery *d)
{
	struct store_key key;
	const char *val;
	size_t len;

	recipient_key(&key, d->journal, d->number, d->subscriber);
	return store_get(t, "recipients", key.p, key.len, &val, &len);
}

/* Keys of one subscriber, some at a time. */
struct leaving {
	const char *subscriber;
	struct store_key list[64];
	size_t n;
};

static int
leaving_row(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct leaving *l = arg;
	struct store_key *out = &l->list[l->n];
	const char *id = memchr(key, '\0', klen);
	size_t len = strlen(l->subscriber) + 1;

	(void)val;
	(void)vlen;
	/* Behind the journal and the number. */
	if (id == NULL || klen > sizeof(out->p) ||
	    klen != (size_t)(id + 1 - (const char *)key) + 8 + len ||
	    memcmp(id + 1 + 8, l->subscriber, len) != 0)
		return 0;
	memcpy(out->p, key, klen);
	out->len = klen;
	return ++l->n == sizeof(l->list) / sizeof(l->list[0]);
}

enum store_error
recipient_forget(struct store_txn *t, const char *subscriber)
{
	struct leaving l = { .subscriber = subscriber };
	struct store_key from;
	enum store_error e;

	store_key_init(&from);
	do {
		l.n = 0;
		e = store_scan(
		    t, "recipients", from.p, from.len, leaving_row, &l);
		for (size_t i = 0; e == STORE_OK && i < l.n; i++) {
			from = l.list[i];
			e = store_del(t, "recipients", from.p, from.len);
		}
	} while (e == STORE_OK && l.n > 0);
	return e;
}

struct listing {
	size_t prefix; /* bytes of journal and number in a key */
	const struct store_key *from;
	const char *after;
	char (*out)[ID_SIZE];
	size_t max, n;
};

static int
list_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	const char *id = (const char *)key;
	struct listing *l = arg;

	(void)val;
	(void)vlen;
	if (klen <= l->prefix || memcmp(key, l->from->p, l->prefix) != 0)
		return 1;
	id += l->prefix;
	if (klen - l->prefix > ID_SIZE || id[klen - l->prefix - 1] != '\0')
		return 0;
	if (strcmp(id, l->after) == 0)
		return 0;
	if (l->n == l->max)
		return 1;
	memcpy(l->out[l->n++], id, klen - l->prefix);
	return 0;
}

enum store_error
recipient_list(struct store_txn *t, const char *journal, uint64_t number,
    const char *after, char (*out)[ID_SIZE], size_t max, size_t *n)
{
	struct store_key key;
	struct listing l = {
		.from = &key, .after = after, .out = out, .max = max
	};
	enum store_error e;

	store_key_init(&key);
	store_key_str(&key, journal);
	store_key_u64(&key, number);
	l.prefix = key.len;
	store_key_str(&key, after);
	e = store_scan(t, "recipients", key.p, key.len, list_row, &l);
	if (e == STORE_OK)
		*n = l.n;
	return e;
}
