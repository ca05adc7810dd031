#include "risker/orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/reader.h"
#include "common/word.h"

#define LINK_SIZE 64
#define POSITIONS_IDX 3 /* 0 one-way; 1, 2 the sides in hedge mode */

struct orders {
	struct reader *reader;
	struct store_txn *txn; /* NULL where nothing can be read */
	struct json_doc *doc;
	struct json_keys keys; /* the members that are read */
	struct buf row;
};

struct orders *
orders_new(const char *dir)
{
	static const char *const names[] = { "state", "filled_qty", "avg_price",
		NULL };
	struct orders *o = must_have(calloc(1, sizeof(*o)));

	json_keys_init(&o->keys, names);
	buf_init(&o->row, LINE_SIZE_MAX);
	o->reader = reader_new(dir, "trader");
	o->doc = json_new();
	return o;
}

void
orders_free(struct orders *o)
{
	if (o == NULL)
		return;
	orders_end(o);
	reader_free(o->reader);
	json_free(o->doc);
	buf_release(&o->row);
	free(o);
}

void
orders_begin(struct orders *o)
{
	if (reader_begin(o->reader, &o->txn) != STORE_OK)
		o->txn = NULL;
}

void
orders_end(struct orders *o)
{
	if (o->txn != NULL)
		reader_end(o->reader, o->txn);
	o->txn = NULL;
}

void
orders_trim(struct orders *o)
{
	reader_trim(o->reader);
}

static int
is_final(const char *state)
{
	static const char *const names[] = { "closed", "rejected", "expired",
		"failed", "dry" };

	return WORD_FIND(state, names) != -1;
}

/* 1 where there is a row of that link id; *v is NULL where it is damaged. */
static int
get(struct orders *o, const char *link, const struct json **v)
{
	struct store_key key;
	enum store_error e;
	const char *val;
	size_t len;

	store_key_init(&key);
	store_key_str(&key, link);
	e = store_get(o->txn, "orders", key.p, key.len, &val, &len);
	if (e == STORE_NOTFOUND)
		return 0;
	*v = NULL;
	if (e != STORE_OK)
		return 1;
	buf_clear(&o->row);
	buf_put(&o->row, val, len);
	if (buf_cstr(&o->row) != NULL)
		*v = json_parse_keys(o->doc, o->row.p, o->row.len, &o->keys);
	return 1;
}

void
orders_look(struct orders *o, const char *id, struct order_seen *out)
{
	struct decimal qty, price;
	char link[LINK_SIZE];
	const struct json *v;
	int rows = 0, open = 0;

	*out = (struct order_seen){ .position_idx = -1 };
	for (int i = 0; i < POSITIONS_IDX && o->txn != NULL; i++) {
		(void)snprintf(link, sizeof(link), "%s-%d", id, i);
		if (!get(o, link, &v))
			continue;
		rows++;
		if (is_final(json_string(json_get(v, "state"))))
			continue;
		open++;
		out->position_idx = i;
		if (json_decimal(json_get(v, "filled_qty"), &qty) == -1 ||
		    json_decimal(json_get(v, "avg_price"), &price) == -1 ||
		    decimal_mul(&out->notional, qty, price, DECIMAL_UP) == -1)
			out->notional = decimal_zero;
	}
	out->final = rows > 0 && open == 0;
}
