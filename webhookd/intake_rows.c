/* intake_rows: an alert as it lies in the state. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/word.h"
#include "webhookd/intake_internal.h"

#define IDS_SIZE_MAX (64u << 20) /* bytes: two million pending alerts */

const char *const intake_tables[] = { "alerts", "bodies", "pending", NULL };

static const char *const states[] = {
	[ENTRY_PENDING] = "pending",
	[ENTRY_ANSWERED] = "answered",
	[ENTRY_EXPIRED] = "expired",
};

void
entry_init(struct entry *e, const char *id)
{
	memset(e, 0, sizeof(*e));
	TAILQ_INIT(&e->waiters);
	memcpy(e->id, id, ALERT_ID_SIZE);
	buf_init(&e->line, ROW_SIZE_MAX);
	buf_init(&e->answer, LINE_SIZE_MAX);
}

void
entry_free(struct entry *e)
{
	if (e == NULL)
		return;
	buf_release(&e->line);
	buf_release(&e->answer);
	free(e);
}

static void
key_of_alert(struct store_key *k, const char *id)
{
	store_key_init(k);
	store_key_str(k, id);
}

/* By time, so that a start takes them in the order of receipt. */
static void
key_of_pending(struct store_key *k, const struct entry *e)
{
	store_key_init(k);
	store_key_u64(k, (uint64_t)e->received_ms);
	store_key_str(k, e->id);
}

static enum store_error
put(struct store_txn *t, const char *table, const void *key, size_t klen,
    struct buf *b)
{
	enum store_error rc = STORE_FAIL;

	if (!buf_failed(b))
		rc = store_put(t, table, key, klen, b->p, b->len);
	buf_release(b);
	return rc;
}

static enum store_error
put_alert(struct store_txn *t, const struct entry *e)
{
	struct store_key k;
	struct buf b;

	buf_init(&b, ROW_SIZE_MAX + LINE_SIZE_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "id", e->id);
	json_put_time(&b, "time", e->received_ms);
	json_put_string(&b, "state", states[e->state]);
	/* Both are objects that the encoder made; the line has a newline. */
	buf_puts(&b, ",\"alert\":");
	buf_put(&b, e->line.p, e->line.len - 1);
	if (e->state != ENTRY_PENDING) {
		json_put_int(&b, "code", e->code);
		buf_puts(&b, ",\"answer\":");
		buf_put(&b, e->answer.p, e->answer.len);
	}
	json_close_object(&b);
	key_of_alert(&k, e->id);
	return put(t, "alerts", k.p, k.len, &b);
}

enum store_error
rows_put(struct store_txn *t, const struct entry *e)
{
	enum store_error rc = put_alert(t, e);
	struct store_key k;
	struct buf b;

	if (rc != STORE_OK)
		return rc;
	key_of_pending(&k, e);
	if (e->state != ENTRY_PENDING) {
		rc = store_del(t, "pending", k.p, k.len);
		return rc == STORE_NOTFOUND ? STORE_OK : rc;
	}
	buf_init(&b, ROW_SIZE_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "id", e->id);
	json_put_time(&b, "time", e->received_ms);
	json_close_object(&b);
	return put(t, "pending", k.p, k.len, &b);
}

enum store_error
rows_put_body(struct store_txn *t, const struct body *body)
{
	struct buf b;

	buf_init(&b, ROW_SIZE_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "id", body->id);
	json_put_time(&b, "time", body->received_ms);
	json_close_object(&b);
	return put(t, "bodies", body->digest, sizeof(body->digest), &b);
}

enum store_error
rows_del_body(struct store_txn *t, const struct body *body)
{
	enum store_error rc =
	    store_del(t, "bodies", body->digest, sizeof(body->digest));

	return rc == STORE_NOTFOUND ? STORE_OK : rc;
}

/* Parse a copy of a row, which goes to *copy. */
static const struct json *
parse(struct json_doc *doc, const char *val, size_t len, char **copy)
{
	*copy = must_have(malloc(len + 1));
	memcpy(*copy, val, len);
	return json_parse(doc, *copy, len);
}

/* The id of an alert, as text of ALERT_ID_SIZE; or NULL. */
static const char *
get_id(const struct json *v)
{
	const char *id = json_string(json_get(v, "id"));

	return id != NULL && strlen(id) == ALERT_ID_SIZE - 1 ? id : NULL;
}

static int
get_state(const struct json *row, enum entry_state *out)
{
	int i = WORD_FIND(json_string(json_get(row, "state")), states);

	if (i == -1)
		return -1;
	*out = (enum entry_state)i;
	return 0;
}

static int
fill(struct entry *e, const struct json *row)
{
	const struct json *alert = json_get(row, "alert");
	const struct json *answer = json_get(row, "answer");
	int64_t code;

	if (get_id(row) == NULL || strcmp(get_id(row), e->id) != 0 ||
	    json_time(json_get(row, "time"), &e->received_ms) == -1 ||
	    get_state(row, &e->state) == -1 || alert == NULL ||
	    json_type(alert) != JSON_OBJECT)
		return -1;
	json_put(&e->line, NULL, alert);
	buf_putc(&e->line, '\n');
	if (e->state != ENTRY_PENDING) {
		if (answer == NULL || json_type(answer) != JSON_OBJECT ||
		    json_int(json_get(row, "code"), 200, 599, &code) == -1)
			return -1;
		e->code = (int)code;
		json_put(&e->answer, NULL, answer);
	}
	e->recorded = 1;
	return buf_failed(&e->line) || buf_failed(&e->answer) ? -1 : 0;
}

enum store_error
rows_get(struct store_txn *t, struct json_doc *doc, const char *id,
    struct entry **out)
{
	enum store_error rc;
	struct entry *e = NULL;
	struct store_key k;
	const char *val;
	char *copy = NULL;
	size_t len;

	key_of_alert(&k, id);
	rc = store_get(t, "alerts", k.p, k.len, &val, &len);
	if (rc != STORE_OK)
		return rc;
	e = must_have(malloc(sizeof(*e)));
	entry_init(e, id);
	rc = STORE_BAD;
	if (fill(e, parse(doc, val, len, &copy)) == -1)
		goto out;
	*out = e;
	e = NULL;
	rc = STORE_OK;
out:
	free(copy);
	entry_free(e);
	return rc;
}

/* Ids of a table, copied out: nothing else may be read in a scan. */
struct loading {
	struct json_doc *doc;
	struct bodies *bodies; /* or NULL */
	struct buf ids;
	enum store_error rc;
};

static int
load_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct loading *l = arg;
	const struct json *row;
	struct body *b = NULL;
	const char *id;
	char *copy;

	row = parse(l->doc, val, vlen, &copy);
	id = get_id(row);
	l->rc = STORE_BAD;
	if (id == NULL)
		goto out;
	if (l->bodies == NULL) {
		buf_put(&l->ids, id, ALERT_ID_SIZE);
		l->rc = buf_failed(&l->ids) ? STORE_FAIL : STORE_OK;
		goto out;
	}
	b = must_have(calloc(1, sizeof(*b)));
	if (klen != sizeof(b->digest) ||
	    json_time(json_get(row, "time"), &b->received_ms) == -1)
		goto out;
	memcpy(b->digest, key, klen);
	memcpy(b->id, id, ALERT_ID_SIZE);
	b->stored = 1;
	TAILQ_INSERT_TAIL(l->bodies, b, next);
	b = NULL;
	l->rc = STORE_OK;
out:
	free(b);
	free(copy);
	return l->rc != STORE_OK;
}

enum store_error
rows_load(struct store_txn *t, struct json_doc *doc, struct entries *entries,
    struct bodies *bodies)
{
	struct loading l = { .doc = doc, .rc = STORE_OK };
	enum store_error rc;
	struct entry *e;

	buf_init(&l.ids, IDS_SIZE_MAX);
	rc = store_scan(t, "pending", NULL, 0, load_row, &l);
	if (rc == STORE_OK)
		rc = l.rc;
	for (size_t at = 0; rc == STORE_OK && at < l.ids.len;
	     at += ALERT_ID_SIZE) {
		rc = rows_get(t, doc, l.ids.p + at, &e);
		if (rc == STORE_OK)
			TAILQ_INSERT_TAIL(entries, e, all);
		else if (rc == STORE_NOTFOUND)
			rc = STORE_BAD;
	}
	buf_release(&l.ids);
	if (rc != STORE_OK)
		return rc;
	l.bodies = bodies;
	rc = store_scan(t, "bodies", NULL, 0, load_row, &l);
	return rc == STORE_OK ? l.rc : rc;
}
