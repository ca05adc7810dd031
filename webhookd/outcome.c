/* outcome: what came of an alert, by the states of risker and trader. */
#include <string.h>

#include "common/json.h"
#include "webhookd/alert.h"
#include "webhookd/api_internal.h"

/* Rows of one alert. */
struct told {
	struct api *a;
	const char *id;
	const struct json *result;
};

/*
 * Keys are order link ids: the alert's id, "-", positionIdx, and what follows
 * for the further orders of a close, of which the last one has the result.
 */
static int
take_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct told *t = arg;

	if (klen < ALERT_ID_SIZE || memcmp(key, t->id, ALERT_ID_SIZE - 1) != 0)
		return 1;
	t->result = json_get(api_row(t->a, val, vlen), "result");
	return t->result != NULL;
}

static const struct json *
told_by_trader(struct api *a, const char *id)
{
	struct told found = { .a = a, .id = id };
	struct store_txn *t;
	enum store_error e;

	if (states_begin(a->states, STATE_TRADER, &t) != STORE_OK)
		return NULL;
	e = store_scan(t, "orders", id, ALERT_ID_SIZE - 1, take_row, &found);
	states_end(a->states, STATE_TRADER, t, e);
	return found.result;
}

const struct json *
api_outcome(struct api *a, const char *id)
{
	const struct json *row, *result = told_by_trader(a, id);
	struct store_key key;

	if (result != NULL)
		return result;
	/* A decision that is a result is a refusal; else it is an order. */
	store_key_init(&key);
	store_key_str(&key, id);
	if (api_get(a, STATE_RISKER, "decisions", &key, &row) != STORE_OK)
		return NULL;
	return json_get(row, "ok") != NULL ? row : NULL;
}

int
api_decided(struct api *a, const char *id)
{
	const struct json *row;
	struct store_key key;

	store_key_init(&key);
	store_key_str(&key, id);
	switch (api_get(a, STATE_RISKER, "decisions", &key, &row)) {
	case STORE_OK:
		return 1;
	case STORE_NOTFOUND:
		return 0;
	default:
		return -1;
	}
}
