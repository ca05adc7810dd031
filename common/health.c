#include "common/stage.h"

#include <unistd.h>

#include "common/buf.h"
#include "common/build.h"
#include "common/json.h"
#include "common/store.h"

#define ROW_MAX 4096

static int
put_row(struct store_txn *t, const char *table, const char *name, struct buf *b)
{
	struct store_key key;
	int rc = -1;

	store_key_init(&key);
	store_key_str(&key, name);
	if (buf_failed(b) == 0 &&
	    store_put(t, table, key.p, key.len, b->p, b->len) == STORE_OK)
		rc = 0;
	buf_release(b);
	return rc;
}

int
health_put(struct store_txn *t, const char *stage, const struct health *h)
{
	struct buf b;

	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "stage", stage);
	json_put_string(&b, "build", build_id);
	json_put_int(&b, "pid", getpid());
	json_put_time(&b, "start", h->start_ms);
	if (h->last_line_ms != 0)
		json_put_time(&b, "last_line", h->last_line_ms);
	json_put_int(&b, "lines", (int64_t)h->lines);
	json_put_int(&b, "skipped", (int64_t)h->skipped);
	json_put_int(&b, "out", (int64_t)h->out);
	json_put_bool(&b, "ended", h->ended);
	json_close_object(&b);
	return put_row(t, "health", stage, &b);
}

/*
 * The alarm as it stands: *open, and *since_ms where that is 1.  0, or -1.
 */
static int
read_alarm(struct store_txn *t, const char *name, int *open, int64_t *since_ms)
{
	const struct json *row;
	struct json_doc *doc;
	struct store_key key;
	enum store_error e;
	const char *val;
	struct buf copy;
	size_t len;

	*open = 0;
	store_key_init(&key);
	store_key_str(&key, name);
	e = store_get(t, "alarms", key.p, key.len, &val, &len);
	if (e == STORE_NOTFOUND)
		return 0;
	if (e != STORE_OK)
		return -1;
	buf_init(&copy, ROW_MAX + 1);
	doc = json_new();
	row = json_parse_copy(doc, &copy, val, len);
	/* A row that cannot be read counts as none: it is written again. */
	if (json_bool(json_get(row, "open"), open) == -1 ||
	    json_time(json_get(row, "since"), since_ms) == -1)
		*open = 0;
	json_free(doc);
	buf_release(&copy);
	return 0;
}

int
alarm_put(struct store_txn *t, const char *name, int open, const char *text,
    int64_t now_ms)
{
	int64_t since_ms = now_ms;
	struct buf b;
	int was_open;

	if (read_alarm(t, name, &was_open, &since_ms) == -1)
		return -1;
	if (open == was_open)
		return 0;
	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "alarm", name);
	json_put_bool(&b, "open", open);
	json_put_time(&b, "since", open ? now_ms : since_ms);
	if (!open)
		json_put_time(&b, "until", now_ms);
	json_put_string(&b, "text", text);
	json_close_object(&b);
	return put_row(t, "alarms", name, &b) == -1 ? -1 : 1;
}

int
alarm_expire(struct store_txn *t, const char *name, int64_t max_ms,
    const char *text, int64_t now_ms)
{
	int64_t since_ms;
	int open;

	if (read_alarm(t, name, &open, &since_ms) == -1)
		return -1;
	if (!open || now_ms - since_ms < max_ms)
		return 0;
	return alarm_put(t, name, 0, text, now_ms);
}
