/*
 * identity: whose the state is, and whether it began in the midst of things.
 *
 * A state is new at the first start, and after it was lost.  Then risker may
 * hold orders for open of which nothing is known here: Bybit is asked for each
 * before anything is sent (track.c), and the operator is told.
 */
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "trader/process.h"

#define ROW_MAX 4096

struct identity {
	struct process *p;
	struct store_key key;
	struct buf row;
	int64_t began_ms;
	int64_t orders; /* that risker held for open then, but for tests */
};

/* 1, and the row of the account; or 0. */
static int
get_row(struct identity *i)
{
	struct store *s = i->p->store;
	struct store_txn *t;
	enum store_error e;
	const char *val;
	size_t len;

	e = store_begin(s, 0, &t);
	if (e != STORE_OK)
		die(store_exit(e), "%s", store_errstr(s));
	e = store_get(t, "identity", i->key.p, i->key.len, &val, &len);
	if (e == STORE_OK)
		buf_put(&i->row, val, len);
	store_abort(t);
	/* A read that failed is no first start. */
	if (e != STORE_OK && e != STORE_NOTFOUND)
		die(store_exit(e), "%s", store_errstr(s));
	return e == STORE_OK;
}

static void
take_row(struct identity *i)
{
	struct process *p = i->p;
	const char *host = bybit_host(p->bybit), *known;
	const struct json *v;

	if (buf_cstr(&i->row) == NULL)
		die(EX_OSERR, "out of memory");
	v = json_parse(p->doc, i->row.p, i->row.len);
	known = json_string(json_get(v, "host"));
	if (known == NULL || strcmp(known, host) != 0)
		die(EX_CONFIG,
		    "the state in '%s' belongs to account %s on %s, and the "
		    "settings name %s: use a state folder of its own for each "
		    "(STATE_DIR)",
		    p->stage.dir, setting_str(p->stage.settings, ACCOUNT),
		    known != NULL ? known : "?", host);
	/* A row that is older than these members has none of them. */
	(void)json_int(json_get(v, "open"), 0, INT64_MAX, &i->orders);
	(void)json_time(json_get(v, "time"), &i->began_ms);
}

static void
count_order(void *arg, const char *id, char *line, size_t len)
{
	struct identity *i = arg;
	const struct json *v = json_parse(i->p->doc, line, len);
	int test = 0;

	(void)id;
	(void)json_bool(json_get(v, "test"), &test);
	i->orders += !test;
}

static void
put_row(struct identity *i)
{
	struct store *s = i->p->store;
	struct settings *settings = i->p->stage.settings;
	struct buf *b = &i->row;
	struct store_txn *t;
	enum store_error e;

	json_open_object(b, NULL);
	json_put_string(b, "account", setting_str(settings, ACCOUNT));
	json_put_string(b, "host", bybit_host(i->p->bybit));
	json_put_time(b, "time", i->began_ms);
	json_put_int(b, "open", i->orders);
	json_close_object(b);
	if (buf_failed(b) != 0)
		die(EX_OSERR, "out of memory");
	e = store_begin(s, 1, &t);
	if (e != STORE_OK)
		die(store_exit(e), "%s", store_errstr(s));
	e = store_put(t, "identity", i->key.p, i->key.len, b->p, b->len);
	if (e == STORE_OK)
		e = store_commit(t);
	else
		store_abort(t);
	if (e != STORE_OK)
		die(store_exit(e), "%s", store_errstr(s));
}

/* Killed before the row is there, the next start counts again. */
static void
begin_anew(struct identity *i)
{
	struct decisions *d = i->p->decisions;

	i->began_ms = i->p->wall_ms;
	if (decisions_scan(d, count_order, i) == -1)
		die(EX_TEMPFAIL,
		    "the state in '%s' is new, and whether it was lost cannot "
		    "be told, as risker's decisions cannot be read: %s",
		    i->p->stage.dir, decisions_error(d));
	put_row(i);
}

void
identity_load(struct process *p)
{
	struct identity i = { .p = p };

	store_key_init(&i.key);
	store_key_str(&i.key, setting_str(p->stage.settings, ACCOUNT));
	buf_init(&i.row, ROW_MAX);
	if (get_row(&i))
		take_row(&i);
	else
		begin_anew(&i);
	buf_release(&i.row);
	trader_began(p->trader, i.began_ms, i.orders);
}
