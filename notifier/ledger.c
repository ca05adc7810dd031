#include "notifier/ledger.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "notifier/roll.h"

static const char *const words[] = {
	[WHY_START] = "start",
	[WHY_ADD] = "add",
	[WHY_IMPORT] = "import",
	[WHY_CREDIT] = "credit",
	[WHY_REMOVE] = "remove",
	[WHY_INVITE] = "invite",
	[WHY_OPEN] = "open",
	[WHY_UNDELIVERED] = "undelivered",
};

static enum store_error
next_number(struct store_txn *t, uint64_t *number)
{
	const void *key;
	const char *val;
	size_t klen, vlen;
	enum store_error e;

	e = store_last(t, "ledger", &key, &klen, &val, &vlen);
	if (e == STORE_NOTFOUND) {
		*number = 1;
		return STORE_OK;
	}
	if (e == STORE_OK && klen != sizeof(*number))
		return STORE_BAD;
	if (e == STORE_OK)
		*number = store_key_get_u64(key) + 1;
	return e;
}

/* A row for the balance that s has by now. */
static enum store_error
append(struct store_txn *t, struct subscriber *s, int64_t change,
    const struct reason *why)
{
	struct store_key key;
	uint64_t number = 0;
	enum store_error e;
	struct buf b;

	e = next_number(t, &number);
	if (e != STORE_OK)
		return e;
	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_int(&b, "number", (int64_t)number);
	json_put_time(&b, "time", why->time_ms);
	json_put_string(&b, "subscriber", s->id);
	json_put_int(&b, "change", change);
	json_put_int(&b, "balance", s->balance);
	json_put_string(&b, "why", words[why->why]);
	if (why->journal != NULL) {
		json_put_string(&b, "journal", why->journal);
		json_put_int(&b, "signal_number", (int64_t)why->trade);
	}
	if (why->note != NULL)
		json_put_string(&b, "note", why->note);
	if (s->ledger != 0)
		json_put_int(&b, "before", (int64_t)s->ledger);
	json_close_object(&b);
	store_key_init(&key);
	store_key_u64(&key, number);
	e = row_put(t, "ledger", &key, &b);
	if (e == STORE_OK)
		s->ledger = number;
	return e;
}

enum store_error
ledger_change(struct store_txn *t, struct subscriber *s, int64_t change,
    const struct reason *why)
{
	struct reason start = { .why = WHY_START, .time_ms = why->time_ms };
	enum store_error e = STORE_OK;

	if (change == 0)
		return STORE_OK;
	if (s->ledger == 0 && s->balance != 0)
		e = append(t, s, s->balance, &start);
	if (e != STORE_OK)
		return e;
	s->balance += change;
	return append(t, s, change, why);
}

/* A row that cannot be read is damage, and named. */
static enum store_error
read_row(struct row *r, struct store_txn *t, uint64_t number,
    const struct json **out)
{
	struct store_key key;
	enum store_error e;
	const char *val;
	size_t len;

	store_key_init(&key);
	store_key_u64(&key, number);
	e = store_get(t, "ledger", key.p, key.len, &val, &len);
	if (e != STORE_OK && e != STORE_NOTFOUND)
		return e;
	*out =
	    e == STORE_OK ? json_parse_copy(r->doc, &r->text, val, len) : NULL;
	if (*out != NULL)
		return STORE_OK;
	return row_bad(r,
	    "row %llu of table 'ledger' is missing or cannot be read",
	    (unsigned long long)number);
}

enum store_error
ledger_write(struct row *r, struct store_txn *t, const struct subscriber *s,
    size_t max, struct buf *b)
{
	enum store_error e = STORE_OK;
	const struct json *v = NULL;
	int64_t number = (int64_t)s->ledger, before;

	json_open_array(b, "ledger");
	for (size_t i = 0; i < max && number != 0; i++) {
		e = read_row(r, t, (uint64_t)number, &v);
		if (e != STORE_OK)
			return e;
		json_put(b, NULL, v);
		before = 0;
		(void)json_int(json_get(v, "before"), 1, number - 1, &before);
		number = before;
	}
	json_close_array(b);
	return e;
}
