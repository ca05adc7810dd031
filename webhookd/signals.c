#include <string.h>

#include "common/json.h"
#include "common/num.h"
#include "webhookd/api_internal.h"
#include "webhookd/server.h"

#define LIMIT_DEFAULT 50

/* The number of the newest trade; 0 where there is none. */
static enum store_error
newest(struct store_txn *t, int64_t *number)
{
	const void *key;
	enum store_error e;
	size_t klen, len;
	const char *val;

	*number = 0;
	e = store_last(t, "signals", &key, &klen, &val, &len);
	if (e == STORE_OK && klen == 8)
		*number = (int64_t)store_key_get_u64(key);
	return e == STORE_NOTFOUND ? STORE_OK : e;
}

/* Trades have numbers without a gap: down from `from`, limit of them. */
static enum store_error
put_trades(struct api *a, struct store_txn *t, int64_t from, int64_t limit)
{
	const struct json *row;
	struct store_key key;
	enum store_error e;
	const char *val;
	size_t len;

	for (int64_t n = from; n > 0 && n > from - limit; n--) {
		store_key_init(&key);
		store_key_u64(&key, (uint64_t)n);
		e = store_get(t, "signals", key.p, key.len, &val, &len);
		if (e == STORE_NOTFOUND)
			continue;
		if (e != STORE_OK)
			return e;
		row = api_row(a, val, len);
		if (row == NULL)
			return states_damaged(
			    a->states, STATE_DIFFER, "signals");
		json_put(&a->out, NULL, row);
	}
	return STORE_OK;
}

void
signals_get(struct api *a, struct request *r, const char *part)
{
	int64_t limit = LIMIT_DEFAULT, before = INT64_MAX, from = 0;
	struct store_txn *t;
	enum store_error e;
	struct buf *b;

	(void)part;
	if (query_number(r, "limit", 1, API_ROWS_MAX, &limit) == -1 ||
	    query_number(r, "before", 1, INT64_MAX, &before) == -1)
		return;
	b = api_open(a);
	json_open_array(b, "signals");
	e = states_begin(a->states, STATE_DIFFER, &t);
	if (e == STORE_OK) {
		e = newest(t, &from);
		if (from >= before)
			from = before - 1;
		if (e == STORE_OK)
			e = put_trades(a, t, from, limit);
		states_end(a->states, STATE_DIFFER, t, e);
	}
	if (e != STORE_OK && e != STORE_NOTFOUND) {
		api_unreadable(a, r, STATE_DIFFER);
		return;
	}
	json_close_array(b);
	if (from > limit)
		json_put_int(b, "next", from - limit + 1);
	api_close(a, r, 200);
}

void
signal_get(struct api *a, struct request *r, const char *part)
{
	const struct json *row;
	struct store_key key;
	enum store_error e;
	int64_t number;
	struct buf *b;

	if (num_parse(part, strlen(part), 1, INT64_MAX, &number) == -1) {
		request_refuse(r, 404, "Not found: a signal has a number");
		return;
	}
	store_key_init(&key);
	store_key_u64(&key, (uint64_t)number);
	e = api_get(a, STATE_DIFFER, "signals", &key, &row);
	if (e == STORE_NOTFOUND) {
		request_refuse(r, 404, "There is no signal of that number");
		return;
	}
	if (e != STORE_OK) {
		api_unreadable(a, r, STATE_DIFFER);
		return;
	}
	b = api_open(a);
	for (const struct json *m = json_first(row); m != NULL;
	     m = json_next(m))
		json_put(b, json_key(m), m);
	api_close(a, r, 200);
}

struct walk {
	struct api *a;
	int64_t skip; /* rows of the table that were shown before */
	int64_t rows; /* … that were met */
	int more;
	enum store_error error;
	int (*fn)(void *arg, const struct json *row);
	void *arg;
};

static int
take_position(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct walk *w = arg;
	const struct json *row;
	struct decimal size;

	(void)key;
	(void)klen;
	if (w->rows == w->skip + API_ROWS_MAX) {
		w->more = 1;
		return 1;
	}
	if (w->rows++ < w->skip)
		return 0;
	row = api_row(w->a, val, vlen);
	if (row == NULL ||
	    json_decimal(json_get(row, "position_size"), &size) == -1) {
		w->error =
		    states_damaged(w->a->states, STATE_DIFFER, "positions");
		return 1;
	}
	/* What is flat only waits for its record. */
	return decimal_sign(size) == 0 ? 0 : w->fn(w->arg, row);
}

enum store_error
positions_walk(struct api *a, int64_t skip, int64_t *next,
    int (*fn)(void *arg, const struct json *row), void *arg)
{
	struct walk w = {
		.a = a, .skip = skip, .fn = fn, .arg = arg, .error = STORE_OK
	};
	struct store_txn *t;
	enum store_error e;

	*next = 0;
	e = states_begin(a->states, STATE_DIFFER, &t);
	if (e != STORE_OK)
		return e;
	e = store_scan(t, "positions", NULL, 0, take_position, &w);
	states_end(a->states, STATE_DIFFER, t, e);
	if (w.more)
		*next = w.rows;
	return e == STORE_OK ? w.error : e;
}

/* What a person wants to know; the rest is for differ's restart. */
static int
put_position(void *arg, const struct json *row)
{
	static const char *const keys[] = { "account", "category",
		"settle_coin", "symbol", "position_idx", "signal_number",
		"signal_type", "position_size", "entry_price", "mark_price",
		"leverage", "max_position_size", "realized_pnl", "opened",
		"initial" };
	const struct json *v[sizeof(keys) / sizeof(keys[0])];
	struct buf *b = arg;

	json_pick(row, keys, sizeof(keys) / sizeof(keys[0]), v);
	json_open_object(b, NULL);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (v[i] != NULL)
			json_put(b, keys[i], v[i]);
	json_close_object(b);
	return 0;
}

void
positions_get(struct api *a, struct request *r, const char *part)
{
	int64_t skip = 0, next;
	enum store_error e;
	struct buf *b;

	(void)part;
	if (query_number(r, "offset", 0, 1000000, &skip) == -1)
		return;
	b = api_open(a);
	json_open_array(b, "positions");
	e = positions_walk(a, skip, &next, put_position, b);
	if (e != STORE_OK && e != STORE_NOTFOUND) {
		api_unreadable(a, r, STATE_DIFFER);
		return;
	}
	json_close_array(b);
	if (next != 0)
		json_put_int(b, "next", next);
	api_close(a, r, 200);
}
