/* state: the process's own store - its rows, what is taken up, commits. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/limits.h"
#include "common/log.h"
#include "trader/flatten.h"
#include "trader/order.h"
#include "trader/process.h"

#define SCHEMA 1
#define LINKS_MAX (64u << 20)

static const char *const tables[] = { "orders", "live", "caps", "identity",
	"health", "alarms", NULL };

int
state_row(void *arg, const char *link, struct buf *b)
{
	struct process *p = arg;
	struct store_txn *t;
	struct store_key key;
	enum store_error e;
	const char *val;
	size_t len;

	if (store_begin(p->store, 0, &t) != STORE_OK)
		return -1;
	store_key_init(&key);
	store_key_str(&key, link);
	e = store_get(t, "orders", key.p, key.len, &val, &len);
	if (e == STORE_OK)
		buf_put(b, val, len);
	store_abort(t);
	if (e == STORE_NOTFOUND)
		return 0;
	return e == STORE_OK && !buf_failed(b) ? 1 : -1;
}

struct sought {
	const char *id;
	struct buf *row;
	int found;
};

/* Keys are link ids: the alert's id, "-", positionIdx, and what follows. */
static int
take_row(void *arg, const void *key, size_t klen, const char *val, size_t len)
{
	struct sought *s = arg;
	const char *link = key;

	if (klen <= ALERT_ID_LEN + 2 || memcmp(link, s->id, ALERT_ID_LEN) != 0)
		return 1;
	if (link[ALERT_ID_LEN + 2] == 'x')
		return 0;
	buf_clear(s->row);
	buf_put(s->row, val, len);
	s->found = 1;
	return memmem(val, len, "\"result\":{", 10) != NULL;
}

int
state_find(void *arg, const char *id, struct buf *b)
{
	struct process *p = arg;
	struct sought s = { id, b, 0 };
	struct store_txn *t;
	enum store_error e;

	if (store_begin(p->store, 0, &t) != STORE_OK)
		return -1;
	e = store_scan(t, "orders", id, ALERT_ID_LEN, take_row, &s);
	store_abort(t);
	if ((e != STORE_OK && e != STORE_NOTFOUND) || buf_failed(b))
		return -1;
	return s.found;
}

static int
load_order(void *arg, const void *key, size_t klen, const char *val, size_t len)
{
	struct buf *links = arg;

	(void)val;
	(void)len;
	buf_put(links, key, klen);
	return 0;
}

/* What the last run left open is closed, until it shows again. */
static int
load_alarm(void *arg, const void *key, size_t klen, const char *val, size_t len)
{
	struct buf *open = arg;

	if (memmem(val, len, "\"open\":true", 11) != NULL)
		buf_put(open, key, klen);
	return 0;
}

static void
bad_state(const struct process *p, const char *what)
{
	if (trader_starved(p->trader))
		die(EX_OSERR, "out of memory");
	die(EX_CONFIG,
	    "the state in '%s' is damaged: %s cannot be read; restore it from "
	    "a backup",
	    p->stage.dir, what);
}

void
state_load(struct process *p)
{
	struct buf links, alarms, row;
	struct store_key key;
	struct store_txn *t;
	enum store_error e;
	const char *val;
	size_t len, at;
	int found;

	buf_init(&links, LINKS_MAX);
	buf_init(&alarms, LINKS_MAX);
	buf_init(&row, LINKS_MAX);
	identity_load(p);
	if (store_begin(p->store, 0, &t) != STORE_OK)
		die(EX_IOERR, "%s", store_errstr(p->store));
	e = store_scan(t, "live", NULL, 0, load_order, &links);
	if (e == STORE_OK)
		e = store_scan(t, "alarms", NULL, 0, load_alarm, &alarms);
	if (e != STORE_OK)
		die(store_exit(e), "%s", store_errstr(p->store));
	store_key_init(&key);
	store_key_str(&key, setting_str(p->stage.settings, ACCOUNT));
	e = store_get(t, "caps", key.p, key.len, &val, &len);
	if (e == STORE_OK && trader_load_caps(p->trader, val, len) == -1)
		bad_state(p, "a row of 'caps'");
	if (e != STORE_OK && e != STORE_NOTFOUND)
		die(store_exit(e), "%s", store_errstr(p->store));
	store_abort(t);
	for (at = 0; at < links.len; at += strlen(links.p + at) + 1) {
		buf_clear(&row);
		found = state_row(p, links.p + at, &row);
		if (found == -1)
			die(EX_IOERR, "%s", store_errstr(p->store));
		if (found == 0 || trader_load(p->trader, row.p, row.len) == -1)
			bad_state(p, links.p + at);
	}
	for (at = 0; at < alarms.len; at += strlen(alarms.p + at) + 1)
		trader_close_alarm(p->trader, alarms.p + at);
	buf_release(&links);
	buf_release(&alarms);
	buf_release(&row);
}

enum store_error
state_commit(struct process *p)
{
	struct store_txn *t;
	enum store_error e = store_begin(p->store, 1, &t);

	if (e != STORE_OK)
		return e;
	if (trader_store(p->trader, t) == -1 ||
	    health_put(t, "trader", &p->health) == -1) {
		store_abort(t);
		return STORE_FAIL;
	}
	return store_commit(t);
}

void
state_open(struct process *p)
{
	struct store_opts o = {
		.dir = p->stage.dir,
		.stage = "trader",
		.tables = tables,
		.schema = SCHEMA,
		.map_size = setting_bytes(p->stage.settings, STATE_MAP_SIZE),
		.mode = p->stage.check ? STORE_READ : STORE_OWN,
	};
	enum store_error e;
	char why[512];

	e = store_open(&p->store, &o, why, sizeof(why));
	if (p->stage.check && e == STORE_NOTFOUND)
		return;
	if (p->flatten && e == STORE_BUSY)
		exit(flatten_ask(p->stage.dir));
	if (e != STORE_OK)
		die(store_exit(e), "%s", why);
}
