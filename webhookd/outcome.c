/* outcome: what came of an alert, by the states of risker and trader. */
#include <stdio.h>

#include "common/json.h"
#include "webhookd/alert.h"
#include "webhookd/api_internal.h"

static const struct json *
get_row(struct api *a, enum state_of which, const char *table, const char *name)
{
	const struct json *row;
	struct store_key key;

	store_key_init(&key);
	store_key_str(&key, name);
	return api_get(a, which, table, &key, &row) == STORE_OK ? row : NULL;
}

const struct json *
api_outcome(struct api *a, const char *id)
{
	const struct json *row, *result;
	char link[ALERT_ID_SIZE + 12];

	/* The order link id ends in positionIdx: 0, or 1 and 2 in hedge mode.
	 */
	for (int idx = 0; idx <= 2; idx++) {
		(void)snprintf(link, sizeof(link), "%.32s-%d", id, idx);
		row = get_row(a, STATE_TRADER, "orders", link);
		result = json_get(row, "result");
		if (result != NULL)
			return result;
	}
	/* A decision that is a result is a refusal; else it is an order. */
	row = get_row(a, STATE_RISKER, "decisions", id);
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
