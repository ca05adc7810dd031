#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "poller/internal.h"

#define DAY_MS (24 * 3600 * (int64_t)1000)

/* How far back the first look goes: the most that one query can ask for. */
#define FIRST_MS (7 * DAY_MS)

/* Looks overlap by so much: a record may come late. */
#define OVERLAP_MS (60 * (int64_t)1000)

/*
 * The first look finds a week of records.  Why a position closed is asked for
 * the young ones alone: enough for what closed while the poller was restarted.
 */
#define FIRST_ASKED_MS (15 * 60 * (int64_t)1000)

#define PNL_LIMIT 100
#define PNL_PAGES_MAX 40 /* 4,000 records take some 2 MiB of a line */

#define EXECUTIONS_LIMIT 100
#define EXECUTIONS_PAGES_MAX 10 /* of an order */
#define ORDERS_MAX 20		/* asked for in one look */

/* Bytes of executions above which the rest waits for the next look. */
#define EXECUTIONS_SIZE_MAX (LINE_SIZE_MAX / 2)

struct taking {
	struct poller *p;
	struct scope *s;
	int64_t young_ms; /* of the first look: younger ones are asked for */
};

int
grow(void *array, size_t *room, size_t n, size_t size)
{
	size_t more = *room == 0 ? 16 : *room * 2;
	void **v = array;
	void *bigger;

	if (n < *room)
		return 0;
	bigger = reallocarray(*v, more, size);
	if (bigger == NULL)
		return -1;
	*v = bigger;
	*room = more;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int c = strcmp(x->order_id, y->order_id);

	if (c != 0)
		return c;
	return (x->updated_ms > y->updated_ms) -
	    (x->updated_ms < y->updated_ms);
}

static int
is_known(const struct record_list *l, const struct record *r)
{
	size_t i;

	if (l->sorted > 0 &&
	    bsearch(r, l->v, l->sorted, sizeof(*r), compare) != NULL)
		return 1;
	for (i = l->sorted; i < l->n; i++)
		if (compare(r, &l->v[i]) == 0)
			return 1;
	return 0;
}

/*
 * closed-pnl knows no settle coin.  Of linear contracts those of USDT have it
 * in their name (BTCUSDT, BTCUSDT-26DEC25), those of USDC have not (BTCPERP,
 * BTC-26DEC25).
 */
static int
is_of_scope(const struct scope *s, const char *symbol)
{
	const char *usdt = strstr(symbol, "USDT");
	int is_usdt = usdt != NULL && (usdt[4] == '\0' || usdt[4] == '-');

	if (s->settle_coin == NULL)
		return 1;
	return is_usdt == (strcmp(s->settle_coin, "USDT") == 0);
}

static enum step
take_record(void *arg, const struct json *row)
{
	struct taking *t = arg;
	struct record_list *l = &t->s->records;
	const char *symbol = json_string(json_get(row, "symbol"));
	const char *id = json_string(json_get(row, "orderId"));
	struct record r = { .look = t->s->looks };
	enum step st;

	if (symbol == NULL || !is_of_scope(t->s, symbol))
		return STEP_OK;
	(void)json_ms(json_get(row, "updatedTime"), &r.updated_ms);
	st = keep_row(t->p, &t->s->pnl, row, r.updated_ms);
	if (st != STEP_OK)
		return st;
	if (!is_token(id) || strlen(id) >= sizeof(r.order_id) ||
	    strlen(symbol) >= sizeof(r.symbol))
		return STEP_OK;
	snprintf(r.order_id, sizeof(r.order_id), "%s", id);
	snprintf(r.symbol, sizeof(r.symbol), "%s", symbol);
	if (is_known(l, &r))
		return STEP_OK;
	r.pending = r.updated_ms >= t->young_ms;
	if (!r.pending)
		r.look = -2;
	if (grow(&l->v, &l->room, l->n, sizeof(*l->v)) == -1)
		return STEP_NOMEM;
	l->v[l->n++] = r;
	return STEP_OK;
}

/* Forget what no query can bring again, and put the new ones in their place. */
static void
tidy(struct record_list *l, int64_t before_ms)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		if (l->v[i].updated_ms >= before_ms)
			l->v[n++] = l->v[i];
	l->n = l->sorted = n;
	if (n > 1)
		qsort(l->v, n, sizeof(*l->v), compare);
}

int
records_new_of(const struct scope *s, const char *symbol)
{
	size_t i;

	for (i = 0; i < s->records.n; i++)
		if (s->records.v[i].look + 1 >= s->looks &&
		    strcmp(s->records.v[i].symbol, symbol) == 0)
			return 1;
	return 0;
}

static enum step
take_execution(void *arg, const struct json *row)
{
	struct poller *p = arg;
	int64_t when = 0;

	(void)json_ms(json_get(row, "execTime"), &when);
	return keep_row(p, &p->rows, row, when);
}

/* One line for the orders behind the records that are new (F26). */
static enum step
executions(struct poller *p, struct scope *s)
{
	enum step st = STEP_OK, written;
	struct bybit_reply r;
	int64_t time_ms = 0;
	size_t i, asked = 0;
	char query[128];
	int cut;

	rows_clear(&p->rows);
	for (i = 0; i < s->records.n && asked < ORDERS_MAX; i++) {
		struct record *record = &s->records.v[i];

		if (!record->pending || p->rows.text.len > EXECUTIONS_SIZE_MAX)
			continue;
		snprintf(query, sizeof(query), "category=%s&orderId=%s",
		    s->category, record->order_id);
		st = poller_pages(p, "/v5/execution/list", query, 1,
		    EXECUTIONS_LIMIT, EXECUTIONS_PAGES_MAX, &cut,
		    take_execution, p, &r);
		if (st != STEP_OK)
			break;
		record->pending = 0;
		time_ms = r.time_ms;
		asked++;
	}
	if (p->rows.n == 0 || st > STEP_DOWN)
		return st;
	rows_sort(&p->rows);
	line_begin(p, "executions", time_ms);
	json_put_string(&p->line, "category", s->category);
	rows_put(&p->line, "list", &p->rows);
	written = line_end(p);
	return written != STEP_OK ? written : st;
}

enum step
records_look(struct poller *p, struct scope *s, int *have)
{
	int64_t end = p->io.now_ms(p->io.arg);
	int64_t start = s->pnl_end_ms == 0 ? 0 : s->pnl_end_ms - OVERLAP_MS;
	struct taking t = { p, s,
		s->pnl_end_ms == 0 ? end - FIRST_ASKED_MS : INT64_MIN };
	struct bybit_reply r;
	char query[160];
	enum step st;
	int cut = 0;

	*have = 0;
	rows_clear(&s->pnl);
	if (start < end - FIRST_MS)
		start = end - FIRST_MS;
	snprintf(query, sizeof(query),
	    "category=%s&startTime=%" PRId64 "&endTime=%" PRId64, s->category,
	    start, end);
	st = poller_pages(p, "/v5/position/closed-pnl", query, 1, PNL_LIMIT,
	    PNL_PAGES_MAX, &cut, take_record, &t, &r);
	if (st != STEP_OK)
		return st;
	*have = 1;
	if (cut)
		NOTE(p, LOG_WARN,
		    "too many closed P&L records, ignoring the "
		    "oldest",
		    LOG_STR("category", s->category),
		    LOG_INT("kept", PNL_LIMIT * PNL_PAGES_MAX));
	rows_sort(&s->pnl);
	s->pnl_end_ms = end;
	st = executions(p, s);
	tidy(&s->records, start);
	return st;
}
