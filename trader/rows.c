/* rows: what is in memory as rows of the state, and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/stage.h"
#include "common/store.h"
#include "trader/internal.h"

#define ROW_MAX (1u << 20)

/* By this account's key it would be taken for gone, and not be guarded. */
static void
look_whose(struct trader *t, const struct order *o)
{
	if (strcmp(o->account, t->opts.account) != 0)
		(void)snprintf(t->fatal, sizeof(t->fatal),
		    "the state holds order %s of account %s, which is not "
		    "final, and ACCOUNT is %s: set it back, or use a state "
		    "folder of its own (STATE_DIR)",
		    o->link, o->account, t->opts.account);
}

int
trader_load(struct trader *t, const char *row, size_t len)
{
	struct json_doc *doc = json_new();
	struct order *o = order_new(t);
	char *text = malloc(len + 1);
	const struct json *v = NULL;
	int rc = -1;

	if (o == NULL || text == NULL) {
		t->starved = 1;
		goto out;
	}
	memcpy(text, row, len);
	v = json_parse(doc, text, len);
	if (v == NULL || order_get(o, v) == -1 || order_final(o))
		goto out;
	look_whose(t, o);
	o->send_mono = o->fill_mono = o->need_mono = t->mono_ms;
	o->accepted = o->order_id[0] != '\0';
	o->has_row = 1;
	/* Of a next one that went out and was not stored, nothing is known. */
	o->maybe = o->sends == 0;
	switch (o->state) {
	case ORDER_SENT:
		o->step = STEP_TRACK;
		break;
	case ORDER_FILLED:
		o->step = o->kind == ORDER_ENTRY ? STEP_PROTECT : STEP_REST;
		break;
	case ORDER_PROTECTED:
		o->step = STEP_GUARD;
		break;
	default:
		o->step = STEP_WAIT;
		break;
	}
	trader_append(t, o);
	o = NULL;
	rc = 0;
out:
	order_free(o);
	free(text);
	json_free(doc);
	return rc;
}

int
trader_load_caps(struct trader *t, const char *row, size_t len)
{
	struct json_doc *doc = json_new();
	char *text = malloc(len + 1);
	const struct json *v = NULL;
	int rc = -1;

	t->starved |= text == NULL;
	if (!t->starved) {
		memcpy(text, row, len);
		v = json_parse(doc, text, len);
		if (v != NULL)
			rc = caps_get(t, v);
	}
	free(text);
	json_free(doc);
	return rc;
}

int
trader_fresh(const struct trader *t)
{
	if (t->caps.fresh)
		return 1;
	for (const struct order *o = t->orders; o != NULL; o = o->next)
		if (o->fresh)
			return 1;
	for (const struct alarm *a = t->alarms; a != NULL; a = a->next)
		if (a->fresh)
			return 1;
	return 0;
}

static int
put(struct store_txn *txn, const char *table, const char *name, struct buf *b)
{
	struct store_key key;
	int rc = -1;

	store_key_init(&key);
	store_key_str(&key, name);
	if (buf_failed(b) == 0 &&
	    store_put(txn, table, key.p, key.len, b->p, b->len) == STORE_OK)
		rc = 0;
	buf_clear(b);
	return rc;
}

/* The row, and its place in `live` as long as it is not final. */
static int
store_order(struct trader *t, struct store_txn *txn, const struct order *o,
    struct buf *b)
{
	struct store_key key;
	enum store_error e;

	/* Nothing was done about it yet: risker's decision is the intent. */
	if (o->state == ORDER_NEW && o->attempt == 0 && !o->has_row)
		return 0;
	order_put(b, o, t->wall_ms);
	if (put(txn, "orders", o->link, b) == -1)
		return -1;
	if (!order_final(o)) {
		json_open_object(b, NULL);
		json_put_string(b, "order_link_id", o->link);
		json_close_object(b);
		return put(txn, "live", o->link, b);
	}
	store_key_init(&key);
	store_key_str(&key, o->link);
	e = store_del(txn, "live", key.p, key.len);
	return e == STORE_OK || e == STORE_NOTFOUND ? 0 : -1;
}

int
trader_store(struct trader *t, struct store_txn *txn)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, ROW_MAX);
	for (struct order *o = t->orders; o != NULL && rc == 0; o = o->next)
		if (o->fresh)
			rc = store_order(t, txn, o, &b);
	if (rc == 0 && t->caps.fresh) {
		caps_put(&b, t);
		rc = put(txn, "caps", t->opts.account, &b);
	}
	for (struct alarm *a = t->alarms; a != NULL && rc == 0; a = a->next)
		if (a->fresh &&
		    alarm_put(txn, a->name, a->open, a->text, t->wall_ms) == -1)
			rc = -1;
	buf_release(&b);
	return rc;
}

/* The log waits for the order, not the order for the log. */
static void
say_steps(struct order *o)
{
	if (o->say_taken)
		trader_note(o->t, LOG_INFO, "order taken", o,
		    o->maybe ? "perhaps sent" : "");
	if (o->say_sent)
		trader_note(o->t, LOG_INFO, "order sent", o, "");
	o->say_taken = o->say_sent = 0;
}

void
trader_stored(struct trader *t, struct buf *lines)
{
	struct order **at = &t->orders, *o;
	struct alarm **an = &t->alarms, *a;

	t->caps.fresh = 0;
	while ((a = *an) != NULL) {
		a->fresh = 0;
		if (a->open) {
			an = &a->next;
		} else {
			*an = a->next;
			free(a);
		}
	}
	while ((o = *at) != NULL) {
		o->fresh = 0;
		say_steps(o);
		if (o->unsaid) {
			buf_puts(lines, o->result);
			buf_putc(lines, '\n');
		}
		o->unsaid = 0;
		if (o->step == STEP_DONE && o->busy == 0) {
			*at = o->next;
			order_free(o);
		} else {
			at = &o->next;
		}
	}
	buf_put(lines, t->said.p, t->said.len);
	buf_clear(&t->said);
}
