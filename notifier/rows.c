#include "notifier/rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"

#define ROW_MAX 4096

static const char *const states[] = {
	[DELIVERY_PENDING] = "pending",
	[DELIVERY_DELIVERED] = "delivered",
	[DELIVERY_FAILED] = "failed",
};

int
rows_init(struct rows *r)
{
	buf_init(&r->text, LINE_SIZE_MAX);
	r->error[0] = '\0';
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

static enum store_error
damaged(struct rows *r, const char *what, const char *why)
{
	(void)snprintf(r->error, sizeof(r->error),
	    "a row of table '%s' cannot be read: %.150s", what, why);
	return STORE_BAD;
}

static enum store_error
parse_row(struct rows *r, const char *table, const char *val, size_t len,
    const struct json **out)
{
	buf_clear(&r->text);
	buf_put(&r->text, val, len);
	if (buf_reserve(&r->text, 1) == -1)
		return damaged(r, table, "it is too long");
	*out = json_parse(r->doc, r->text.p, len);
	if (*out == NULL)
		return damaged(r, table, json_error(r->doc));
	return STORE_OK;
}

static enum store_error
get_row(struct rows *r, struct store_txn *t, const char *table,
    const struct store_key *key, const struct json **out)
{
	enum store_error e;
	const char *val;
	size_t len;

	e = store_get(t, table, key->p, key->len, &val, &len);
	if (e != STORE_OK)
		return e;
	return parse_row(r, table, val, len, out);
}

static enum store_error
put_row(struct store_txn *t, const char *table, const struct store_key *key,
    struct buf *b)
{
	enum store_error e = STORE_FAIL;

	if (buf_failed(b) == 0)
		e = store_put(t, table, key->p, key->len, b->p, b->len);
	buf_release(b);
	return e;
}

/* A text member into an array; 0, or -1 where it is none or too long. */
static int
take_text(char *to, size_t size, const struct json *v)
{
	const char *s = json_string(v);

	if (s == NULL || strlen(s) >= size)
		return -1;
	memcpy(to, s, strlen(s) + 1);
	return 0;
}

static int
take_u64(uint64_t *to, const struct json *v)
{
	int64_t n;

	if (json_int(v, 0, INT64_MAX, &n) == -1)
		return -1;
	*to = (uint64_t)n;
	return 0;
}

static int
is_journal(const char *s)
{
	return strlen(s) == JOURNAL_SIZE - 1 &&
	    s[strspn(s, "0123456789abcdef")] == '\0';
}

static enum event_status
lacks(char *err, size_t size, const char *what)
{
	(void)snprintf(err, size, "the signal has no valid %s", what);
	return EVENT_BAD;
}

enum event_status
event_parse(struct event *e, const struct json *v, char *err, size_t size)
{
	const char *type = json_string(json_get(v, "type"));
	const char *action = json_string(json_get(v, "action"));
	struct event new = { .initial = 0 };
	int a;

	if (type == NULL)
		return lacks(err, size, "type");
	if (strcmp(type, "signal") != 0 || json_get(v, "error") != NULL)
		return EVENT_OTHER;
	if (take_text(new.journal, sizeof(new.journal),
		json_get(v, "journal")) == -1 ||
	    !is_journal(new.journal))
		return lacks(err, size, "journal");
	if (take_u64(&new.seq, json_get(v, "seq")) == -1 || new.seq == 0)
		return lacks(err, size, "seq");
	if (take_u64(&new.number, json_get(v, "signal_number")) == -1)
		return lacks(err, size, "signal_number");
	if (json_time(json_get(v, "time"), &new.time_ms) == -1)
		return lacks(err, size, "time");
	if (take_text(new.symbol, sizeof(new.symbol), json_get(v, "symbol")) ==
	    -1)
		return lacks(err, size, "symbol");
	a = action != NULL ? action_parse(action) : -1;
	if (a == -1 || a == ACTION_ALARM)
		return lacks(err, size, "action");
	new.action = (enum action)a;
	(void)json_bool(json_get(v, "initial"), &new.initial);
	(void)json_bool(json_get(v, "test"), &new.test);
	*e = new;
	return EVENT_OK;
}

static enum store_error
read_journal(struct rows *r, const struct json *v, struct journal *out)
{
	struct journal j;

	if (take_text(j.name, sizeof(j.name), json_get(v, "journal")) == -1 ||
	    take_u64(&j.order, json_get(v, "order")) == -1 ||
	    take_u64(&j.seq, json_get(v, "seq")) == -1 ||
	    json_time(json_get(v, "first"), &j.first_ms) == -1)
		return damaged(r, "journals", "a member is missing");
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

	store_key_init(&key);
	store_key_str(&key, name);
	e = get_row(r, t, "journals", &key, &v);
	return e == STORE_OK ? read_journal(r, v, out) : e;
}

enum store_error
journal_put(struct store_txn *t, const struct journal *j)
{
	struct store_key key;
	struct buf b;

	store_key_init(&key);
	store_key_str(&key, j->name);
	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "journal", j->name);
	json_put_int(&b, "order", (int64_t)j->order);
	json_put_int(&b, "seq", (int64_t)j->seq);
	json_put_time(&b, "first", j->first_ms);
	json_close_object(&b);
	return put_row(t, "journals", &key, &b);
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
	n->error = parse_row(n->rows, "journals", val, vlen, &v);
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

static void
delivery_key(struct store_key *k, const char *journal, uint64_t seq,
    const char *subscriber)
{
	store_key_init(k);
	store_key_str(k, journal);
	store_key_u64(k, seq);
	store_key_str(k, subscriber);
}

static int
read_delivery(const struct json *v, struct delivery *d)
{
	const char *state = json_string(json_get(v, "state"));
	const char *action = json_string(json_get(v, "action"));
	int a;

	memset(d, 0, sizeof(*d));
	a = action != NULL ? action_parse(action) : -1;
	if (a == -1 || state == NULL ||
	    take_text(d->journal, sizeof(d->journal), json_get(v, "journal")) ==
		-1 ||
	    take_u64(&d->seq, json_get(v, "seq")) == -1 ||
	    take_u64(&d->number, json_get(v, "signal_number")) == -1 ||
	    take_text(d->subscriber, sizeof(d->subscriber),
		json_get(v, "subscriber")) == -1 ||
	    json_time(json_get(v, "time"), &d->event_ms) == -1 ||
	    json_time(json_get(v, "taken"), &d->taken_ms) == -1 ||
	    json_time(json_get(v, "due"), &d->due_ms) == -1 ||
	    json_int(json_get(v, "attempts"), 0, INT64_MAX, &d->attempts) == -1)
		return -1;
	d->action = (enum action)a;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(state, states[i]) == 0)
			d->state = (enum delivery_state)i;
	if (strcmp(state, states[d->state]) != 0)
		return -1;
	/* These may be missing. */
	(void)json_bool(json_get(v, "free"), &d->free);
	(void)take_text(d->channel, sizeof(d->channel), json_get(v, "channel"));
	(void)json_time(json_get(v, "done"), &d->done_ms);
	(void)json_int(json_get(v, "ms"), 0, INT64_MAX, &d->ms);
	(void)take_text(d->reason, sizeof(d->reason), json_get(v, "reason"));
	return 0;
}

enum store_error
delivery_get(struct rows *r, struct store_txn *t, const char *journal,
    uint64_t seq, const char *subscriber, struct delivery *out)
{
	const struct json *v;
	struct store_key key;
	enum store_error e;
	struct delivery d;

	delivery_key(&key, journal, seq, subscriber);
	e = get_row(r, t, "deliveries", &key, &v);
	if (e != STORE_OK)
		return e;
	if (read_delivery(v, &d) == -1)
		return damaged(r, "deliveries", "a member is missing");
	*out = d;
	return STORE_OK;
}

enum store_error
delivery_put(struct store_txn *t, const struct delivery *d)
{
	struct store_key key;
	struct buf b;

	delivery_key(&key, d->journal, d->seq, d->subscriber);
	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "journal", d->journal);
	json_put_int(&b, "seq", (int64_t)d->seq);
	json_put_string(&b, "subscriber", d->subscriber);
	json_put_string(&b, "state", states[d->state]);
	json_put_int(&b, "signal_number", (int64_t)d->number);
	json_put_string(&b, "action", action_name(d->action));
	json_put_time(&b, "time", d->event_ms);
	json_put_time(&b, "taken", d->taken_ms);
	json_put_time(&b, "due", d->due_ms);
	json_put_int(&b, "attempts", d->attempts);
	if (d->free)
		json_put_bool(&b, "free", 1);
	if (d->channel[0] != '\0')
		json_put_string(&b, "channel", d->channel);
	if (d->done_ms != 0)
		json_put_time(&b, "done", d->done_ms);
	if (d->attempts > 0)
		json_put_int(&b, "ms", d->ms);
	if (d->reason[0] != '\0')
		json_put_string(&b, "reason", d->reason);
	json_close_object(&b);
	return put_row(t, "deliveries", &key, &b);
}

static void
pending_key(struct store_key *k, const struct delivery *d)
{
	store_key_init(k);
	store_key_str(k, d->subscriber);
	store_key_u64(k, d->order);
	store_key_u64(k, d->seq);
}

enum store_error
pending_put(struct store_txn *t, const struct delivery *d)
{
	struct store_key key;
	struct buf b;

	pending_key(&key, d);
	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "subscriber", d->subscriber);
	json_put_string(&b, "journal", d->journal);
	json_put_int(&b, "order", (int64_t)d->order);
	json_put_int(&b, "seq", (int64_t)d->seq);
	json_close_object(&b);
	return put_row(t, "pending", &key, &b);
}

enum store_error
pending_del(struct store_txn *t, const struct delivery *d)
{
	struct store_key key;

	pending_key(&key, d);
	return store_del(t, "pending", key.p, key.len);
}

struct head {
	struct rows *rows;
	const struct store_key *prefix;
	struct delivery *out;
	enum store_error error;
};

static int
head_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct head *h = arg;
	const struct json *v;

	if (klen < h->prefix->len ||
	    memcmp(key, h->prefix->p, h->prefix->len) != 0)
		return 1;
	h->error = parse_row(h->rows, "pending", val, vlen, &v);
	if (h->error == STORE_OK &&
	    (take_text(h->out->journal, sizeof(h->out->journal),
		 json_get(v, "journal")) == -1 ||
		take_u64(&h->out->order, json_get(v, "order")) == -1 ||
		take_u64(&h->out->seq, json_get(v, "seq")) == -1))
		h->error = damaged(h->rows, "pending", "a member is missing");
	return 1;
}

enum store_error
pending_head(struct rows *r, struct store_txn *t, const char *subscriber,
    struct delivery *out)
{
	struct store_key key;
	struct head h = { r, &key, out, STORE_NOTFOUND };
	enum store_error e;

	store_key_init(&key);
	store_key_str(&key, subscriber);
	e = store_scan(t, "pending", key.p, key.len, head_row, &h);
	return e == STORE_OK ? h.error : e;
}

static int
id_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	char *out = arg;
	const char *end = memchr(key, '\0', klen);

	(void)val;
	(void)vlen;
	if (end == NULL || (size_t)(end - (const char *)key) >= ID_SIZE)
		return 0;
	memcpy(out, key, (size_t)(end - (const char *)key) + 1);
	return 1;
}

enum store_error
pending_next(struct store_txn *t, const char *after, char out[ID_SIZE])
{
	struct store_key key;
	enum store_error e;
	char id[ID_SIZE] = "";

	store_key_init(&key);
	if (after[0] != '\0') {
		store_key_str(&key, after);
		store_key_u64(&key, UINT64_MAX);
		store_key_u64(&key, UINT64_MAX);
	}
	e = store_scan(t, "pending", key.p, key.len, id_row, id);
	if (e == STORE_OK && id[0] == '\0')
		return STORE_NOTFOUND;
	if (e == STORE_OK)
		memcpy(out, id, sizeof(id));
	return e;
}

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
	return get_row(r, t, "messages", &key, out);
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
	return put_row(t, "recipients", &key, &b);
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
