#include "poller/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/decimal.h"
#include "common/limits.h"
#include "poller/internal.h"

#define PATH "/v5/position/list"
#define LIMIT 200
#define PAGES_MAX 25 /* 5,000 positions: far above what an account can hold */

/* Bytes of a line beside its rows: brackets, commas and names. */
#define ROOM 65536

/* How long a symbol that cannot be asked for keeps its scope waiting. */
#define ANSWER_MS 60000

/* How long a record of what shrank is looked for at the quick pace. */
#define AWAIT_MS 15000

void
scope_init(struct scope *s, const char *category, const char *settle_coin)
{
	memset(s, 0, sizeof(*s));
	s->category = category;
	s->settle_coin = settle_coin;
	rows_init(&s->positions);
	rows_init(&s->pnl);
}

void
scope_release(struct scope *s)
{
	rows_release(&s->positions);
	rows_release(&s->pnl);
	free(s->held.v);
	free(s->now.v);
	free(s->records.v);
	memset(s, 0, sizeof(*s));
}

static void
take_text(char *out, size_t size, const struct json *v)
{
	const char *s = json_string(v);

	snprintf(out, size, "%s", s != NULL ? s : "");
}

/* "", "0" and "0.000" are all flat; what cannot be read is not. */
static int
is_flat(const char *size)
{
	struct decimal d;

	if (size[0] == '\0')
		return 1;
	return decimal_parse(&d, size, strlen(size)) == 0 &&
	    decimal_sign(d) == 0;
}

/* -1, 0, 1; texts that are no numbers are compared as texts. */
static int
compare_sizes(const char *a, const char *b)
{
	struct decimal x, y;
	int c;

	if (decimal_parse(&x, a, strlen(a)) == 0 &&
	    decimal_parse(&y, b, strlen(b)) == 0)
		return decimal_cmp(x, y);
	c = strcmp(a, b);
	return (c > 0) - (c < 0);
}

static struct held *
find(const struct held_list *l, const char *symbol, int64_t position_idx)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].position_idx == position_idx &&
		    strcmp(l->v[i].symbol, symbol) == 0)
			return &l->v[i];
	return NULL;
}

/* 0, or -1 where the row does not say which position it is of. */
static int
read_row(struct held *h, const struct json *row)
{
	const char *symbol = json_string(json_get(row, "symbol"));

	memset(h, 0, sizeof(*h));
	if (!is_token(symbol) || strlen(symbol) >= sizeof(h->symbol) ||
	    json_int(json_get(row, "positionIdx"), 0, 2, &h->position_idx) ==
		-1)
		return -1;
	take_text(h->symbol, sizeof(h->symbol), json_get(row, "symbol"));
	take_text(h->side, sizeof(h->side), json_get(row, "side"));
	take_text(h->size, sizeof(h->size), json_get(row, "size"));
	take_text(
	    h->avg_price, sizeof(h->avg_price), json_get(row, "avgPrice"));
	(void)json_int(json_get(row, "openTime"), 0, INT64_MAX, &h->open_time);
	(void)json_int(json_get(row, "seq"), INT64_MIN, INT64_MAX, &h->seq);
	h->flat = is_flat(h->size);
	return 0;
}

/* Add a row to the snapshot; of a position that came before, the newer one. */
static enum step
add_row(struct poller *p, struct scope *s, const struct held *h,
    const struct json *row)
{
	struct held_list *l = &s->now;
	struct held *before = find(l, h->symbol, h->position_idx);
	enum step st = keep_row(p, &s->positions, row, 0);

	if (st != STEP_OK)
		return st;
	if (before == NULL && grow(&l->v, &l->room, l->n, sizeof(*l->v)) == -1)
		return STEP_NOMEM;
	if (before != NULL)
		rows_drop(&s->positions, before->row);
	else
		before = &l->v[l->n++];
	*before = *h;
	before->row = s->positions.n - 1;
	return STEP_OK;
}

struct taking {
	struct poller *p;
	struct scope *s;
};

static enum step
take_position(void *arg, const struct json *row)
{
	struct taking *t = arg;
	struct held h;

	if (read_row(&h, row) == -1) {
		poller_fail(
		    t->p, 0, PATH ": a row without symbol and positionIdx");
		return STEP_FAILED;
	}
	return add_row(t->p, t->s, &h, row);
}

/*
 * Rows of a symbol that has vanished from the list: of its positions those
 * that are flat, or that were held and are there after all (F10).
 */
static enum step
take_vanished(void *arg, const struct json *row)
{
	struct taking *t = arg;
	struct held h;
	const struct held *before;

	if (read_row(&h, row) == -1)
		return STEP_OK;
	before = find(&t->s->held, h.symbol, h.position_idx);
	if (find(&t->s->now, h.symbol, h.position_idx) != NULL ||
	    (!h.flat && before == NULL))
		return STEP_OK;
	return add_row(t->p, t->s, &h, row);
}

static int
has_vanished(const struct scope *s, const struct held *h)
{
	return !h->flat && find(&s->now, h->symbol, h->position_idx) == NULL;
}

static enum step
ask_symbol(struct poller *p, struct scope *s, const char *symbol)
{
	struct taking t = { p, s };
	struct bybit_reply r;
	const struct json *list, *v;
	char query[96];
	enum step st;

	snprintf(
	    query, sizeof(query), "category=%s&symbol=%s", s->category, symbol);
	st = poller_ask(p, PATH, query, 1, &r);
	/*
	 * A symbol that is no more has no row; its position is gone.  It is
	 * not the key that is refused: the list was read with it just now.
	 */
	if (st == STEP_FAILED && r.status == 200 &&
	    (r.class == BYBIT_REJECT || r.class == BYBIT_FATAL))
		return STEP_OK;
	if (st == STEP_FAILED || st == STEP_DOWN)
		poller_failed(p, PATH, &r);
	if (st != STEP_OK)
		return st;
	list = json_get(r.result, "list");
	if (list == NULL || json_type(list) != JSON_ARRAY) {
		poller_fail(p, 0, PATH ": no list in the reply");
		return STEP_FAILED;
	}
	for (v = json_first(list); v != NULL && st == STEP_OK; v = json_next(v))
		st = take_vanished(&t, v);
	return st;
}

/* The others of the scope must not wait for one symbol for ever. */
static int
is_given_up(struct poller *p, struct held *h)
{
	int64_t now = p->io.mono_ms(p->io.arg);

	if (h->failed_mono_ms == 0)
		h->failed_mono_ms = now;
	return now - h->failed_mono_ms >= ANSWER_MS;
}

static enum step
ask_vanished(struct poller *p, struct scope *s)
{
	enum step st;
	size_t i;

	for (i = 0; i < s->held.n; i++) {
		struct held *h = &s->held.v[i];

		/* The answer may bring several of them. */
		if (!has_vanished(s, h))
			continue;
		st = ask_symbol(p, s, h->symbol);
		if (st == STEP_FAILED && is_given_up(p, h))
			continue;
		if (st != STEP_OK)
			return st;
	}
	return STEP_OK;
}

/* Expect the record of a position that shrank. */
static void
expect_record(struct poller *p, struct scope *s, const char *symbol)
{
	struct await *a;

	if (s->nawaits == AWAITS_MAX)
		return;
	a = &s->awaits[s->nawaits++];
	snprintf(a->symbol, sizeof(a->symbol), "%s", symbol);
	a->until_mono_ms = p->io.mono_ms(p->io.arg) + AWAIT_MS;
}

static void
forget_awaits(struct poller *p, struct scope *s)
{
	int64_t now = p->io.mono_ms(p->io.arg);
	size_t i, n = 0;

	for (i = 0; i < s->nawaits; i++)
		if (s->awaits[i].until_mono_ms > now &&
		    !records_new_of(s, s->awaits[i].symbol))
			s->awaits[n++] = s->awaits[i];
	s->nawaits = n;
}

static void
note_change(struct poller *p, const struct scope *s, const struct held *old,
    const struct held *now)
{
	const struct held *h = now != NULL ? now : old;

	NOTE(p, LOG_INFO, "position", LOG_STR("category", s->category),
	    LOG_STR("symbol", h->symbol),
	    LOG_INT("position_idx", h->position_idx),
	    LOG_STR("side", now != NULL ? now->side : ""),
	    LOG_STR("size", now != NULL ? now->size : "0"),
	    LOG_STR("old_side", old != NULL ? old->side : ""),
	    LOG_STR("old_size", old != NULL ? old->size : "0"),
	    LOG_STR("avg_price", now != NULL ? now->avg_price : ""));
}

/* One position that was held or is.  1 where anything changed. */
static int
compare_held(struct poller *p, struct scope *s, const struct held *old,
    const struct held *now)
{
	int shrank, moved;

	if (now != NULL && now->flat)
		now = NULL;
	if (old == NULL && now == NULL)
		return 0;
	shrank = now == NULL ||
	    (old != NULL &&
		(strcmp(old->side, now->side) != 0 ||
		    old->open_time != now->open_time ||
		    compare_sizes(now->size, old->size) < 0));
	moved =
	    shrank || old == NULL || compare_sizes(now->size, old->size) != 0;
	if (moved)
		note_change(p, s, old, now);
	if (shrank)
		expect_record(p, s, old->symbol);
	return moved || old->seq != now->seq;
}

/* What this look changed; it becomes the last one. */
static void
settle(struct poller *p, struct scope *s)
{
	struct held_list old = s->held;
	size_t i, n = 0;

	s->quick = 0;
	for (i = 0; s->looks > 0 && i < old.n; i++)
		s->quick |= compare_held(p, s, &old.v[i],
		    find(&s->now, old.v[i].symbol, old.v[i].position_idx));
	for (i = 0; s->looks > 0 && i < s->now.n; i++)
		if (find(&old, s->now.v[i].symbol, s->now.v[i].position_idx) ==
		    NULL)
			s->quick |= compare_held(p, s, NULL, &s->now.v[i]);
	forget_awaits(p, s);
	s->quick |= s->nawaits > 0;
	if (s->looks == 0)
		NOTE(p, LOG_INFO, "first snapshot",
		    LOG_STR("category", s->category),
		    LOG_STR("settle_coin",
			s->settle_coin != NULL ? s->settle_coin : ""),
		    LOG_INT("positions", (int64_t)s->now.n));
	for (i = 0; i < s->now.n; i++)
		if (!s->now.v[i].flat)
			s->now.v[n++] = s->now.v[i];
	s->now.n = n;
	s->held = s->now;
	s->now = old;
	s->looks++;
}

static enum step
write_positions(struct poller *p, struct scope *s, int64_t time_ms, int pnl)
{
	line_begin(p, "positions", time_ms);
	json_put_string(&p->line, "category", s->category);
	if (s->settle_coin != NULL)
		json_put_string(&p->line, "settle_coin", s->settle_coin);
	rows_put(&p->line, "positions", &s->positions);
	if (pnl && p->line.len + s->pnl.text.len > LINE_SIZE_MAX - ROOM)
		poller_fail(p, 0,
		    "closed P&L records over %u bytes are left "
		    "out",
		    LINE_SIZE_MAX);
	else if (pnl)
		rows_put(&p->line, "closed_pnl", &s->pnl);
	return line_end(p);
}

/*
 * What a person has to change.  An error page without a code says so as long
 * as nothing has worked; later it is of something in between, and passes.
 */
static int
is_final(const struct scope *s, const struct bybit_reply *r)
{
	return r->class == BYBIT_FATAL &&
	    (s->looks == 0 || r->code != 0 || r->status == 403);
}

enum step
scope_look(struct poller *p, struct scope *s)
{
	struct taking t = { p, s };
	struct bybit_reply r;
	char query[96];
	enum step st, records;
	int64_t time_ms;
	int have_pnl;

	s->now.n = 0;
	rows_clear(&s->positions);
	snprintf(query, sizeof(query), "category=%s%s%s", s->category,
	    s->settle_coin != NULL ? "&settleCoin=" : "",
	    s->settle_coin != NULL ? s->settle_coin : "");
	st = poller_pages(
	    p, PATH, query, 1, LIMIT, PAGES_MAX, NULL, take_position, &t, &r);
	if (st == STEP_FAILED && is_final(s, &r))
		return poller_refused(p, &r);
	if (st != STEP_OK)
		return st;
	time_ms = r.time_ms;
	st = ask_vanished(p, s);
	if (st != STEP_OK)
		return st;
	/* Without records a snapshot is still one (they may be missing). */
	records = records_look(p, s, &have_pnl);
	if (records > STEP_DOWN)
		return records;
	st = write_positions(p, s, time_ms, have_pnl);
	if (st != STEP_OK)
		return st;
	settle(p, s);
	return records == STEP_DOWN ? STEP_DOWN : STEP_OK;
}
