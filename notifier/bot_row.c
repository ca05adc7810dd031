#include "notifier/bot_row.h"

#include <string.h>

#include "common/json.h"

#define TABLE "bot"
#define KEY "telegram"

static int
parse(struct bot_row *out, const struct json *v)
{
	const struct json *time = json_get(v, "time");

	if (row_take_text(out->name, sizeof(out->name), json_get(v, "name")) ==
		-1 ||
	    json_int(json_get(v, "bot"), 0, INT64_MAX, &out->bot) == -1)
		return -1;
	if (time == NULL)
		return 0;
	return json_time(time, &out->time_ms) == -1
	    ? -1
	    : json_int(json_get(v, "update"), 0, INT64_MAX, &out->update);
}

enum store_error
bot_row_get(struct row *r, struct store_txn *t, struct bot_row *out)
{
	const struct json *v;
	struct store_key key;
	enum store_error e;

	memset(out, 0, sizeof(*out));
	row_key(&key, KEY);
	e = row_get(r, t, TABLE, &key, &v);
	if (e != STORE_OK)
		return e;
	return parse(out, v) == 0
	    ? STORE_OK
	    : row_damaged(r, TABLE, "a member is missing");
}

enum store_error
bot_row_put(struct store_txn *t, const struct bot_row *row)
{
	struct store_key key;
	struct buf b;

	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_int(&b, "bot", row->bot);
	json_put_string(&b, "name", row->name);
	if (row->time_ms != 0) {
		json_put_int(&b, "update", row->update);
		json_put_time(&b, "time", row->time_ms);
	}
	json_close_object(&b);
	row_key(&key, KEY);
	return row_put(t, TABLE, &key, &b);
}
