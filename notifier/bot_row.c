#include "notifier/bot_row.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"

#define ROW_MAX 1024
#define TABLE "bot"
#define KEY "telegram"

static int
parse(struct bot_row *out, const struct json *v)
{
	const char *name = json_string(json_get(v, "name"));
	const struct json *time = json_get(v, "time");

	if (name == NULL || strlen(name) >= sizeof(out->name) ||
	    json_int(json_get(v, "bot"), 0, INT64_MAX, &out->bot) == -1)
		return -1;
	memcpy(out->name, name, strlen(name) + 1);
	if (time == NULL)
		return 0;
	return json_time(time, &out->time_ms) == -1
	    ? -1
	    : json_int(json_get(v, "update"), 0, INT64_MAX, &out->update);
}

enum store_error
bot_row_get(struct roll *r, struct store_txn *t, struct bot_row *out)
{
	const struct json *v = NULL;
	struct store_key key;
	enum store_error e;
	const char *val;
	size_t len;

	memset(out, 0, sizeof(*out));
	store_key_init(&key);
	store_key_str(&key, KEY);
	e = store_get(t, TABLE, key.p, key.len, &val, &len);
	if (e != STORE_OK)
		return e;
	buf_clear(&r->text);
	buf_put(&r->text, val, len);
	if (buf_reserve(&r->text, 1) == 0)
		v = json_parse(r->doc, r->text.p, len);
	if (v != NULL && parse(out, v) == 0)
		return STORE_OK;
	(void)snprintf(r->error, sizeof(r->error),
	    "the row of table 'bot' cannot be read");
	return STORE_BAD;
}

enum store_error
bot_row_put(struct store_txn *t, const struct bot_row *row)
{
	enum store_error e = STORE_FAIL;
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
	store_key_init(&key);
	store_key_str(&key, KEY);
	if (buf_failed(&b) == 0)
		e = store_put(t, TABLE, key.p, key.len, b.p, b.len);
	buf_release(&b);
	return e;
}
