/*
 * orders: what trader did.  Its rows are sorted by alert id, which tells no
 * time, so a list is a walk over all of them: some rows an event, each with a
 * transaction of its own, the newest being kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "webhookd/api_internal.h"
#include "webhookd/server.h"

#define STEP_ROWS 100
#define LIMIT_DEFAULT 50
#define LIMIT_MAX 200
#define ALERT_ID_LEN 32
#define ID_SIZE API_PART_SIZE

struct found {
	int64_t time_ms;
	char *row; /* its text */
	size_t len;
	char link[ID_SIZE];
};

struct walk {
	struct job job;		 /* first */
	unsigned char from[512]; /* the key to go on with */
	size_t from_len;
	int rows, bad; /* of this step */
	int nomem;

	/* What is looked for. */
	int open;		/* those that are not final alone */
	char order_id[ID_SIZE]; /* Bybit's, "" for all */
	struct found before;	/* older than that one; link "" for all */
	size_t limit;

	struct found list[LIMIT_MAX + 1]; /* newest first, one too many */
	size_t n;
};

static void
drop(struct job *j)
{
	struct walk *w = (struct walk *)j;

	for (size_t i = 0; i < w->n; i++)
		free(w->list[i].row);
	free(w);
}

/* Newest first; of the same time the larger link id first. */
static int
compare(const struct found *a, const struct found *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms > b->time_ms ? -1 : 1;
	return -strcmp(a->link, b->link);
}

static int
is_final(const char *state)
{
	return strcmp(state, "new") != 0 && strcmp(state, "sent") != 0 &&
	    strcmp(state, "filled") != 0 && strcmp(state, "protected") != 0;
}

static int
is_wanted(const struct walk *w, const struct json *row, const struct found *f)
{
	const char *state = json_string(json_get(row, "state"));
	const char *order_id = json_string(json_get(row, "order_id"));

	if (w->open && state != NULL && is_final(state))
		return 0;
	if (w->order_id[0] != '\0' &&
	    (order_id == NULL || strcmp(order_id, w->order_id) != 0))
		return 0;
	return w->before.link[0] == '\0' || compare(f, &w->before) > 0;
}

static void
keep(struct walk *w, struct found *f, const char *val, size_t len)
{
	size_t i = w->n;

	if (w->n == w->limit + 1 && compare(f, &w->list[w->n - 1]) > 0)
		return;
	f->row = malloc(len);
	if (f->row == NULL) {
		w->nomem = 1;
		return;
	}
	memcpy(f->row, val, len);
	f->len = len;
	if (w->n == w->limit + 1)
		free(w->list[--i].row);
	else
		w->n++;
	for (; i > 0 && compare(f, &w->list[i - 1]) < 0; i--)
		w->list[i] = w->list[i - 1];
	w->list[i] = *f;
}

static void
copy_link(struct found *f, const struct json *row)
{
	const char *link = json_string(json_get(row, "order_link_id"));

	(void)snprintf(
	    f->link, sizeof(f->link), "%s", link != NULL ? link : "");
}

static int
take_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct found f = { .time_ms = 0 };
	struct walk *w = arg;
	const struct json *row;

	if (w->rows == STEP_ROWS) {
		w->from_len = klen < sizeof(w->from) ? klen : sizeof(w->from);
		memcpy(w->from, key, w->from_len);
		return 1;
	}
	w->rows++;
	row = api_row(w->job.api, val, vlen);
	if (row == NULL) {
		w->bad = 1;
		return 1;
	}
	copy_link(&f, row);
	(void)json_time(json_get(row, "time"), &f.time_ms);
	if (is_wanted(w, row, &f))
		keep(w, &f, val, vlen);
	return w->nomem;
}

static void
finish(struct walk *w)
{
	struct api *a = w->job.api;
	struct buf *b = api_open(a);
	size_t n = w->n > w->limit ? w->limit : w->n;
	const struct json *row;

	json_open_array(b, "orders");
	for (size_t i = 0; i < n; i++) {
		row = api_row(a, w->list[i].row, w->list[i].len);
		if (row != NULL)
			json_put(b, NULL, row);
	}
	json_close_array(b);
	if (w->n > w->limit)
		json_put_string(b, "next", w->list[n - 1].link);
	if (w->order_id[0] != '\0' && n == 0)
		request_refuse(w->job.r, 404, "There is no such order");
	else
		api_close(a, w->job.r, 200);
	job_end(&w->job);
}

static void
step(int fd, short what, void *arg)
{
	struct walk *w = arg;
	struct api *a = w->job.api;
	struct store_txn *t;
	enum store_error e;

	(void)fd;
	(void)what;
	w->rows = 0;
	e = states_begin(a->states, STATE_TRADER, &t);
	if (e == STORE_OK) {
		size_t from_len = w->from_len;

		w->from_len = 0;
		e = store_scan(t, "orders", w->from, from_len, take_row, w);
		states_end(a->states, STATE_TRADER, t, e);
	}
	if (w->bad)
		e = states_damaged(a->states, STATE_TRADER, "orders");
	if (w->nomem) {
		request_refuse(w->job.r, 503, "Out of memory");
		job_end(&w->job);
	} else if (e != STORE_OK && e != STORE_NOTFOUND) {
		api_unreadable(a, w->job.r, STATE_TRADER);
		job_end(&w->job);
	} else if (e == STORE_OK && w->from_len > 0)
		job_again(&w->job, 0);
	else
		finish(w);
}

static struct walk *
new_walk(struct request *r)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (w == NULL)
		request_refuse(r, 503, "Out of memory");
	else {
		w->job.drop = drop;
		w->limit = LIMIT_DEFAULT;
	}
	return w;
}

/* Where a list goes on: the time of that order.  0; -1, and r is answered. */
static int
find_before(struct api *a, struct request *r, struct walk *w)
{
	const struct json *row;
	struct store_key key;
	enum store_error e;
	char link[ID_SIZE];
	int rc;

	rc = query_text(r, "before", link, sizeof(link));
	if (rc <= 0)
		return rc;
	store_key_init(&key);
	store_key_str(&key, link);
	e = api_get(a, STATE_TRADER, "orders", &key, &row);
	if (e == STORE_NOTFOUND) {
		request_refuse(r, 400,
		    "Bad parameter before: there is no order of that link id");
		return -1;
	}
	if (e != STORE_OK) {
		api_unreadable(a, r, STATE_TRADER);
		return -1;
	}
	copy_link(&w->before, row);
	(void)json_time(json_get(row, "time"), &w->before.time_ms);
	return 0;
}

/* state=open or state=all.  0; -1, and r is answered. */
static int
read_state(struct request *r, struct walk *w)
{
	char state[16];
	int rc = query_text(r, "state", state, sizeof(state));

	if (rc <= 0)
		return rc;
	w->open = strcmp(state, "open") == 0;
	if (w->open || strcmp(state, "all") == 0)
		return 0;
	request_refuse(r, 400, "Bad parameter state: expected open or all");
	return -1;
}

void
orders_get(struct api *a, struct request *r, const char *part)
{
	struct walk *w = new_walk(r);
	int64_t limit = LIMIT_DEFAULT;

	(void)part;
	if (w == NULL)
		return;
	if (query_number(r, "limit", 1, LIMIT_MAX, &limit) == -1 ||
	    read_state(r, w) == -1 || find_before(a, r, w) == -1) {
		free(w);
		return;
	}
	w->limit = (size_t)limit;
	(void)job_begin(&w->job, a, r, step, 0);
}

/* Rows of one alert, or of one link id. */
struct group {
	struct api *a;
	const char *id;
	size_t len;
	size_t n;
	int bad;
};

static int
take_member(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct group *g = arg;
	const struct json *row;

	if (klen < g->len || memcmp(key, g->id, g->len) != 0 ||
	    g->n == API_ROWS_MAX)
		return 1;
	/* Of a link id, that one alone. */
	if (g->len > ALERT_ID_LEN && klen > g->len &&
	    ((const char *)key)[g->len] != '\0')
		return 0;
	row = api_row(g->a, val, vlen);
	if (row == NULL) {
		g->bad = 1;
		return 1;
	}
	json_put(&g->a->out, NULL, row);
	g->n++;
	return 0;
}

static enum store_error
put_group(struct api *a, struct group *g)
{
	struct store_txn *t;
	enum store_error e;

	e = states_begin(a->states, STATE_TRADER, &t);
	if (e != STORE_OK)
		return e;
	e = store_scan(t, "orders", g->id, g->len, take_member, g);
	states_end(a->states, STATE_TRADER, t, e);
	return g->bad ? states_damaged(a->states, STATE_TRADER, "orders") : e;
}

/*
 * The row of another stage that belongs to it: 1 where there is one, 0 where
 * there is none; -1 where that cannot be told, and r is answered.
 */
static int
put_row(struct api *a, struct request *r, const char *name, enum state_of which,
    const char *table, const char *id)
{
	const struct json *row;
	struct store_key key;
	enum store_error e;

	store_key_init(&key);
	store_key_str(&key, id);
	e = api_get(a, which, table, &key, &row);
	if (e != STORE_OK && e != STORE_NOTFOUND) {
		api_unreadable(a, r, which);
		return -1;
	}
	if (e == STORE_OK)
		json_put(&a->out, name, row);
	return e == STORE_OK;
}

/* By alert id or link id: a few neighbours, and what was decided. */
static void
answer_group(struct api *a, struct request *r, const char *id)
{
	struct group g = { .a = a, .id = id, .len = strlen(id) };
	char alert[ALERT_ID_LEN + 1];
	enum store_error e;
	int decided = 0, alerted = 0;

	memcpy(alert, id, ALERT_ID_LEN);
	alert[ALERT_ID_LEN] = '\0';
	json_put_string(api_open(a), "id", alert);
	json_open_array(&a->out, "orders");
	e = put_group(a, &g);
	if (e != STORE_OK && e != STORE_NOTFOUND) {
		api_unreadable(a, r, STATE_TRADER);
		return;
	}
	json_close_array(&a->out);
	if (g.n > 0 || g.len == ALERT_ID_LEN) {
		decided =
		    put_row(a, r, "decision", STATE_RISKER, "decisions", alert);
		if (decided == -1)
			return;
		alerted =
		    put_row(a, r, "alert", STATE_WEBHOOKD, "alerts", alert);
		if (alerted == -1)
			return;
	}
	if (g.n > 0 || decided || alerted)
		api_close(a, r, 200);
	else
		request_refuse(r, 404, "There is no such order");
}

void
order_get(struct api *a, struct request *r, const char *part)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = strspn(part, hex);
	struct walk *w;

	if (n >= ALERT_ID_LEN &&
	    (part[ALERT_ID_LEN] == '\0' || part[ALERT_ID_LEN] == '-')) {
		answer_group(a, r, part);
		return;
	}
	w = new_walk(r);
	if (w == NULL)
		return;
	memcpy(w->order_id, part, strlen(part) + 1);
	w->limit = 1;
	(void)job_begin(&w->job, a, r, step, 0);
}
