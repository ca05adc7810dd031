/* The tables deliveries and pending. */
#include <string.h>

#include "common/json.h"
#include "common/word.h"
#include "notifier/rows.h"

static const char *const states[] = {
	[DELIVERY_PENDING] = "pending",
	[DELIVERY_DELIVERED] = "delivered",
	[DELIVERY_FAILED] = "failed",
};

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
	int state = WORD_FIND(json_string(json_get(v, "state")), states);
	const char *action = json_string(json_get(v, "action"));
	int a;

	memset(d, 0, sizeof(*d));
	a = action != NULL ? action_parse(action) : -1;
	if (a == -1 || state == -1 ||
	    row_take_text(
		d->journal, sizeof(d->journal), json_get(v, "journal")) == -1 ||
	    row_take_u64(&d->seq, json_get(v, "seq")) == -1 ||
	    row_take_u64(&d->number, json_get(v, "signal_number")) == -1 ||
	    row_take_text(d->subscriber, sizeof(d->subscriber),
		json_get(v, "subscriber")) == -1 ||
	    json_time(json_get(v, "time"), &d->event_ms) == -1 ||
	    json_time(json_get(v, "taken"), &d->taken_ms) == -1 ||
	    json_time(json_get(v, "due"), &d->due_ms) == -1 ||
	    json_int(json_get(v, "attempts"), 0, INT64_MAX, &d->attempts) == -1)
		return -1;
	d->action = (enum action)a;
	d->state = (enum delivery_state)state;
	/* These may be missing. */
	(void)json_bool(json_get(v, "free"), &d->free);
	(void)row_take_text(
	    d->channel, sizeof(d->channel), json_get(v, "channel"));
	(void)json_time(json_get(v, "put_off"), &d->put_off_ms);
	(void)json_time(json_get(v, "done"), &d->done_ms);
	(void)json_int(json_get(v, "parts"), 0, INT64_MAX, &d->parts);
	(void)json_int(json_get(v, "ms"), 0, INT64_MAX, &d->ms);
	(void)row_take_text(
	    d->reason, sizeof(d->reason), json_get(v, "reason"));
	return 0;
}

/*
 * The deliveries of an event are alike but for the id, so that the row of one
 * tells what the next one's says: nothing has to be parsed.
 */
static void
remember(struct rows *r, const char *val, size_t len, const struct delivery *d)
{
	static const char key[] = "\"subscriber\":\"";
	const char *at = memmem(val, len, key, sizeof(key) - 1);
	size_t id = strlen(d->subscriber);

	buf_clear(&r->last_row);
	if (at == NULL)
		return;
	at += sizeof(key) - 1;
	r->last_id = (size_t)(at - val);
	if (len - r->last_id <= id || memcmp(at, d->subscriber, id) != 0)
		return;
	r->last = *d;
	buf_put(&r->last_row, val, len);
}

/* Whether a row is the one that was read last, with this id in its place. */
static int
is_alike(const struct rows *r, const char *val, size_t len, const char *id)
{
	const struct buf *last = &r->last_row;
	size_t n = strlen(id), behind = r->last_id + strlen(r->last.subscriber);

	return last->len != 0 && len - n == last->len - behind + r->last_id &&
	    memcmp(val, last->p, r->last_id) == 0 &&
	    memcmp(val + r->last_id, id, n) == 0 &&
	    memcmp(val + r->last_id + n, last->p + behind,
		last->len - behind) == 0;
}

enum store_error
delivery_get(struct rows *r, struct store_txn *t, const char *journal,
    uint64_t seq, const char *subscriber, struct delivery *out)
{
	const struct json *v;
	struct store_key key;
	enum store_error e;
	struct delivery d;
	const char *val;
	size_t len;

	delivery_key(&key, journal, seq, subscriber);
	e = store_get(t, "deliveries", key.p, key.len, &val, &len);
	if (e != STORE_OK)
		return e;
	if (is_alike(r, val, len, subscriber)) {
		*out = r->last;
		memcpy(out->subscriber, subscriber, strlen(subscriber) + 1);
		return STORE_OK;
	}
	e = row_parse(&r->row, "deliveries", val, len, &v);
	if (e != STORE_OK)
		return e;
	if (read_delivery(v, &d) == -1)
		return row_damaged(
		    &r->row, "deliveries", "a member is missing");
	remember(r, val, len, &d);
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
	if (d->put_off_ms != 0)
		json_put_time(&b, "put_off", d->put_off_ms);
	json_put_int(&b, "attempts", d->attempts);
	if (d->free)
		json_put_bool(&b, "free", 1);
	if (d->channel[0] != '\0')
		json_put_string(&b, "channel", d->channel);
	if (d->done_ms != 0)
		json_put_time(&b, "done", d->done_ms);
	if (d->parts > 0)
		json_put_int(&b, "parts", d->parts);
	if (d->attempts > 0)
		json_put_int(&b, "ms", d->ms);
	if (d->reason[0] != '\0')
		json_put_string(&b, "reason", d->reason);
	json_close_object(&b);
	return row_put(t, "deliveries", &key, &b);
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
	return row_put(t, "pending", &key, &b);
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

/* The whole row; what order stands for is remembered. */
static enum store_error
read_head(struct rows *r, const char *val, size_t len, struct delivery *out)
{
	const struct json *v;
	enum store_error e;

	e = row_parse(&r->row, "pending", val, len, &v);
	if (e != STORE_OK)
		return e;
	if (row_take_text(out->journal, sizeof(out->journal),
		json_get(v, "journal")) == -1 ||
	    row_take_u64(&out->order, json_get(v, "order")) == -1 ||
	    row_take_u64(&out->seq, json_get(v, "seq")) == -1)
		return row_damaged(&r->row, "pending", "a member is missing");
	r->order = out->order;
	memcpy(r->journal, out->journal, sizeof(r->journal));
	return STORE_OK;
}

static int
head_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	const unsigned char *numbers = key;
	struct head *h = arg;

	if (klen < h->prefix->len ||
	    memcmp(key, h->prefix->p, h->prefix->len) != 0)
		return 1;
	numbers += h->prefix->len;
	/* The key has it all but for the journal's name. */
	if (klen == h->prefix->len + 16 && h->rows->order != 0 &&
	    store_key_get_u64(numbers) == h->rows->order) {
		h->out->order = h->rows->order;
		h->out->seq = store_key_get_u64(numbers + 8);
		memcpy(
		    h->out->journal, h->rows->journal, sizeof(h->out->journal));
		h->error = STORE_OK;
	} else {
		h->error = read_head(h->rows, val, vlen, h->out);
	}
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
