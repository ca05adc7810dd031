#include "risker/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"

const char *const risker_tables[] = { "decisions", "open", "days", "closes",
	"health", "alarms", NULL };

struct state {
	struct store *store;
	const char *account;
	struct store_txn *txn;
	struct json_doc *doc;
	struct buf row, text; /* one that is read, one that is made */
	struct approval *approvals;
	size_t n, cap;
	int loaded; /* approvals are what table `open` has */
	int dirty;
	char turn[ALERT_ID_SIZE]; /* the id that state_turn gave last */
	enum store_error failed;  /* STORE_OK: nothing so far */
	char error[512];
};

struct state *
state_new(struct store *store, const char *account)
{
	struct state *s = must_have(calloc(1, sizeof(*s)));

	s->store = store;
	s->account = account;
	buf_init(&s->row, LINE_SIZE_MAX);
	buf_init(&s->text, LINE_SIZE_MAX);
	s->doc = json_new();
	return s;
}

void
state_free(struct state *s)
{
	if (s == NULL)
		return;
	state_rollback(s);
	json_free(s->doc);
	buf_release(&s->row);
	buf_release(&s->text);
	free(s->approvals);
	free(s);
}

const char *
state_error(const struct state *s)
{
	return s->error;
}

int
state_dirty(const struct state *s)
{
	return s->dirty || s->failed != STORE_OK;
}

/* The first failure of a batch is the one that is told. */
static enum store_error
fail(struct state *s, enum store_error e, const char *why)
{
	if (s->failed == STORE_OK) {
		s->failed = e;
		(void)snprintf(s->error, sizeof(s->error), "%s", why);
	}
	return e;
}

static void
damaged(struct state *s, const char *table)
{
	char why[96];

	(void)snprintf(
	    why, sizeof(why), "a row of table '%s' cannot be read", table);
	(void)fail(s, STORE_BAD, why);
}

static void
put(struct state *s, const char *table, const struct store_key *key,
    const char *val, size_t len)
{
	enum store_error e;

	if (s->failed != STORE_OK)
		return;
	s->dirty = 1;
	e = store_put(s->txn, table, key->p, key->len, val, len);
	if (e != STORE_OK)
		(void)fail(s, e, store_errstr(s->store));
}

/* s->text is the value. */
static void
put_text(struct state *s, const char *table, const struct store_key *key)
{
	if (buf_failed(&s->text))
		(void)fail(s, STORE_FAIL, "out of memory");
	else
		put(s, table, key, s->text.p, s->text.len);
}

static const char *
get(struct state *s, const char *table, const struct store_key *key,
    size_t *len)
{
	enum store_error e;
	const char *val;

	if (s->failed != STORE_OK)
		return NULL;
	e = store_get(s->txn, table, key->p, key->len, &val, len);
	if (e == STORE_OK)
		return val;
	if (e != STORE_NOTFOUND)
		(void)fail(s, e, store_errstr(s->store));
	return NULL;
}

static void
id_key(struct store_key *key, const char *id)
{
	store_key_init(key);
	store_key_str(key, id);
}

/* A copy of a text that fits; 0, or -1. */
static int
copy(char *out, size_t size, const char *s)
{
	if (s == NULL || strlen(s) >= size)
		return -1;
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

static void
remember(struct state *s, const struct approval *a)
{
	struct approval *v = s->approvals;

	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 16 : s->cap * 2;

		v = realloc(v, cap * sizeof(*v));
		if (v == NULL) {
			(void)fail(s, STORE_FAIL, "out of memory");
			return;
		}
		s->approvals = v;
		s->cap = cap;
	}
	v[s->n++] = *a;
}

static int
load_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct state *s = arg;
	const struct json *v = json_parse_copy(s->doc, &s->row, val, vlen);
	const char *account = json_string(json_get(v, "account"));
	const char *action = json_string(json_get(v, "action"));
	struct approval a;
	int test = 0;

	(void)key;
	(void)klen;
	(void)json_bool(json_get(v, "test"), &test);
	if (account == NULL || action == NULL ||
	    copy(a.id, sizeof(a.id), json_string(json_get(v, "id"))) == -1) {
		damaged(s, "open");
		return 1;
	}
	if (test || strcmp(action, "close") == 0 ||
	    strcmp(account, s->account) != 0)
		return 0;
	a.buy = strcmp(action, "buy") == 0;
	if (copy(a.symbol, sizeof(a.symbol),
		json_string(json_get(v, "symbol"))) == -1 ||
	    json_decimal(json_get(v, "notional"), &a.notional) == -1) {
		damaged(s, "open");
		return 1;
	}
	remember(s, &a);
	return s->failed != STORE_OK;
}

enum store_error
state_begin(struct state *s)
{
	enum store_error e;

	s->failed = STORE_OK;
	s->dirty = 0;
	e = store_begin(s->store, 1, &s->txn);
	if (e != STORE_OK) {
		s->txn = NULL;
		return fail(s, e, store_errstr(s->store));
	}
	if (s->loaded)
		return STORE_OK;
	s->n = 0;
	e = store_scan(s->txn, "open", NULL, 0, load_row, s);
	if (e != STORE_OK)
		(void)fail(s, e, store_errstr(s->store));
	if (s->failed != STORE_OK) {
		state_rollback(s);
		return s->failed;
	}
	s->loaded = 1;
	return STORE_OK;
}

enum store_error
state_commit(
    struct state *s, int (*also)(struct store_txn *t, void *arg), void *arg)
{
	enum store_error e;

	if (s->failed == STORE_OK && also != NULL && also(s->txn, arg) != 0)
		(void)fail(s, STORE_FAIL, store_errstr(s->store));
	if (s->failed != STORE_OK) {
		state_rollback(s);
		return s->failed;
	}
	e = store_commit(s->txn);
	s->txn = NULL;
	if (e != STORE_OK) {
		s->loaded = 0;
		return fail(s, e, store_errstr(s->store));
	}
	s->dirty = 0;
	return STORE_OK;
}

void
state_rollback(struct state *s)
{
	if (s->txn == NULL)
		return;
	store_abort(s->txn);
	s->txn = NULL;
	if (s->dirty)
		s->loaded = 0;
	s->dirty = 0;
}

const char *
state_decision(struct state *s, const char *id, size_t *len)
{
	struct store_key key;

	id_key(&key, id);
	return get(s, "decisions", &key, len);
}

void
state_decide(struct state *s, const char *id, const char *line, size_t len)
{
	struct store_key key;

	id_key(&key, id);
	put(s, "decisions", &key, line, len);
}

const struct approval *
state_approval(const struct state *s, size_t i)
{
	return i < s->n ? &s->approvals[i] : NULL;
}

void
state_open(struct state *s, const struct alert *a, struct decimal notional)
{
	struct store_key key;
	struct approval v;

	id_key(&key, a->id);
	buf_clear(&s->text);
	json_open_object(&s->text, NULL);
	json_put_string(&s->text, "id", a->id);
	json_put_time(&s->text, "time", a->time_ms);
	json_put_string(&s->text, "account", s->account);
	json_put_string(&s->text, "symbol", a->symbol);
	json_put_string(&s->text, "action", alert_action_name(a->action));
	if (a->action != ALERT_CLOSE)
		json_put_decimal(&s->text, "notional", notional);
	if (a->test)
		json_put_bool(&s->text, "test", 1);
	json_close_object(&s->text);
	put_text(s, "open", &key);
	if (a->test || a->action == ALERT_CLOSE)
		return;
	memcpy(v.id, a->id, sizeof(v.id));
	memcpy(v.symbol, a->symbol, sizeof(v.symbol));
	v.buy = a->action == ALERT_BUY;
	v.notional = notional;
	remember(s, &v);
}

void
state_close(struct state *s, const char *id)
{
	struct store_key key;
	enum store_error e;
	size_t n = 0;

	if (s->failed != STORE_OK)
		return;
	id_key(&key, id);
	s->dirty = 1;
	e = store_del(s->txn, "open", key.p, key.len);
	if (e != STORE_OK && e != STORE_NOTFOUND)
		(void)fail(s, e, store_errstr(s->store));
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->approvals[i].id, id) != 0)
			s->approvals[n++] = s->approvals[i];
	s->n = n;
}

struct turn {
	char (*ids)[ALERT_ID_SIZE];
	size_t n, max;
};

static int
add_id(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct turn *t = arg;

	(void)val;
	(void)vlen;
	if (klen == ALERT_ID_SIZE)
		memcpy(t->ids[t->n++], key, klen);
	return t->n == t->max;
}

size_t
state_turn(struct state *s, char ids[][ALERT_ID_SIZE], size_t max)
{
	struct turn t = { .ids = ids, .max = max };
	struct store_key from;
	enum store_error e;

	if (s->failed != STORE_OK || max == 0)
		return 0;
	/* Behind the last one: its key and a further NUL. */
	store_key_init(&from);
	if (s->turn[0] != '\0') {
		store_key_str(&from, s->turn);
		store_key_str(&from, "");
	}
	e = store_scan(s->txn, "open", from.p, from.len, add_id, &t);
	if (e != STORE_OK) {
		(void)fail(s, e, store_errstr(s->store));
		return 0;
	}
	if (t.n < max)
		s->turn[0] = '\0';
	else
		memcpy(s->turn, t.ids[t.n - 1], sizeof(s->turn));
	return t.n;
}

static void
day_key(const struct state *s, struct store_key *key, int64_t time_ms,
    char date[TIME_TEXT_MAX])
{
	(void)time_format(date, time_ms);
	date[10] = '\0';
	store_key_init(key);
	store_key_str(key, s->account);
	store_key_str(key, date);
}

struct days {
	struct state *s;
	struct store_key key, prefix; /* of the day, of the account */
	struct day *day;
};

/* The day's own row, and those of later ones, of which there are few. */
static int
see_day(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct days *d = arg;
	const struct json *v;
	struct day day = { 0 };

	if (klen < d->prefix.len ||
	    memcmp(key, d->prefix.p, d->prefix.len) != 0)
		return 1;
	v = json_parse_copy(d->s->doc, &d->s->row, val, vlen);
	if (json_int(json_get(v, "entries"), 0, INT64_MAX, &day.entries) ==
		-1 ||
	    json_bool(json_get(v, "loss_limit_hit"), &day.loss_hit) == -1) {
		damaged(d->s, "days");
		return 1;
	}
	if (klen == d->key.len && memcmp(key, d->key.p, klen) == 0)
		*d->day = day;
	d->day->hit_or_later |= day.loss_hit;
	return 0;
}

void
state_day(struct state *s, int64_t time_ms, struct day *out)
{
	struct days d = { .s = s, .day = out };
	char date[TIME_TEXT_MAX];
	enum store_error e;

	*out = (struct day){ 0 };
	if (s->failed != STORE_OK)
		return;
	day_key(s, &d.key, time_ms, date);
	store_key_init(&d.prefix);
	store_key_str(&d.prefix, s->account);
	e = store_scan(s->txn, "days", d.key.p, d.key.len, see_day, &d);
	if (e != STORE_OK)
		(void)fail(s, e, store_errstr(s->store));
}

void
state_day_put(struct state *s, int64_t time_ms, const struct day *day)
{
	char date[TIME_TEXT_MAX];
	struct store_key key;

	day_key(s, &key, time_ms, date);
	buf_clear(&s->text);
	json_open_object(&s->text, NULL);
	json_put_string(&s->text, "account", s->account);
	json_put_string(&s->text, "day", date);
	json_put_int(&s->text, "entries", day->entries);
	json_put_bool(&s->text, "loss_limit_hit", day->loss_hit);
	json_close_object(&s->text);
	put_text(s, "days", &key);
}

static void
closes_key(const struct state *s, struct store_key *key, const char *symbol)
{
	store_key_init(key);
	store_key_str(key, s->account);
	store_key_str(key, symbol);
}

/* A time that may be missing. */
static int
get_time(const struct json *v, const char *key, int64_t *out)
{
	const struct json *m = json_get(v, key);

	*out = 0;
	return m == NULL ? 0 : json_time(m, out);
}

void
state_closes(struct state *s, const char *symbol, struct closes *out)
{
	struct store_key key;
	const struct json *v;
	const char *val;
	size_t len;

	*out = (struct closes){ 0 };
	closes_key(s, &key, symbol);
	val = get(s, "closes", &key, &len);
	if (val == NULL)
		return;
	v = json_parse_copy(s->doc, &s->row, val, len);
	if (v == NULL || get_time(v, "time", &out->time_ms) == -1 ||
	    get_time(v, "timestamp", &out->timestamp_ms) == -1 ||
	    get_time(v, "time_without_timestamp", &out->bare_ms) == -1)
		damaged(s, "closes");
}

void
state_closes_put(struct state *s, const char *symbol, const struct closes *c)
{
	struct store_key key;

	closes_key(s, &key, symbol);
	buf_clear(&s->text);
	json_open_object(&s->text, NULL);
	json_put_string(&s->text, "account", s->account);
	json_put_string(&s->text, "symbol", symbol);
	json_put_time(&s->text, "time", c->time_ms);
	if (c->timestamp_ms != 0)
		json_put_time(&s->text, "timestamp", c->timestamp_ms);
	if (c->bare_ms != 0)
		json_put_time(&s->text, "time_without_timestamp", c->bare_ms);
	json_close_object(&s->text);
	put_text(s, "closes", &key);
}
