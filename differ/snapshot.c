#include "differ/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "differ/array.h"
#include "differ/differ.h"
#include "differ/estimates.h"
#include "differ/exits.h"
#include "differ/leg.h"
#include "differ/model.h"
#include "differ/read.h"
#include "differ/records.h"
#include "differ/row.h"
#include "differ/scope.h"
#include "differ/trade.h"

#define NO_ORDER SIZE_MAX /* of a leg that was not shown, or shown twice */

/* A row that says more than another mark price. */
struct change {
	const struct json *row;
	struct leg *leg;
};

struct pass {
	struct differ *d;
	struct scope *s;
	int64_t time, before;
	struct change *changes;
	size_t n, cap;
	int blind; /* a row did not say whose it is: nothing is absent */
};

/* What stands in a row's field, for a person. */
static const char *
shown(const struct row_text *t, enum row_field f, const char *without)
{
	const char *text = t->field[f];

	return text != NULL && *text != '\0' ? text : without;
}

static void
warn_row(const struct pass *p, const struct row_text *t, const char *why)
{
	differ_note(p->d, NOTE_WARN,
	    "ignoring a row of %s (positionIdx %s): %s (side %s, size %s, "
	    "avgPrice %s, positionStatus %s, seq %s)",
	    shown(t, ROW_SYMBOL, "an unknown symbol"),
	    shown(t, ROW_IDX, "unknown"), why, shown(t, ROW_SIDE, "-"),
	    shown(t, ROW_SIZE, "-"), shown(t, ROW_AVG, "-"),
	    shown(t, ROW_STATUS, "-"), shown(t, ROW_SEQ, "-"));
}

static void
add_change(struct pass *p, const struct json *row, struct leg *l)
{
	struct change *v =
	    array_room(p->changes, &p->cap, p->n + 1, sizeof(*v));

	if (v == NULL) {
		p->d->error = "out of memory";
		return;
	}
	p->changes = v;
	v[p->n++] = (struct change){ .row = row, .leg = l };
}

/*
 * A row of a position that we do not hold; l: its leg, NULL where there is
 * none.  Whether one that is done is still there depends on when the last
 * commit was, and must make no difference.  NULL where it is flat, or bad.
 */
static struct leg *
new_leg(struct pass *p, const struct row_text *t, const char *symbol, int idx,
    struct leg *l)
{
	struct row r;
	const char *why;

	if (row_read(t, &r, &why) == -1) {
		warn_row(p, t, why);
		return NULL;
	}
	if (r.side == SIDE_NONE)
		return NULL;
	/* A symbol has one settle coin: the state has one key for it. */
	if (scope_elsewhere(p->d, p->s, symbol, idx)) {
		warn_row(p, t, "it is held with another settle coin");
		return NULL;
	}
	return l != NULL ? l : scope_add(p->d, p->s, symbol, idx);
}

/* Whose row it is, and whether it says anything new. */
static void
look_at(struct pass *p, const struct json *v, size_t order)
{
	struct row_text t;
	struct decimal mark;
	const char *symbol, *why;
	struct leg *l;
	int idx, found;
	size_t i;

	row_pick(v, &t);
	if (row_key(&t, &symbol, &idx, &why) == -1) {
		warn_row(p, &t, why);
		p->blind = 1;
		return;
	}
	i = scope_place(p->s, symbol, idx, &found);
	l = found ? p->s->legs[i] : NULL;
	if (l != NULL && l->seen == p->s->snapshots) {
		warn_row(p, &t, "it is there twice");
		l->order = NO_ORDER;
		return;
	}
	if (l == NULL || leg_done(l))
		l = new_leg(p, &t, symbol, idx, l);
	if (l == NULL)
		return;
	l->seen = p->s->snapshots;
	l->order = order;
	if (l->flat || l->absent > 0 || !row_same(&t, l) ||
	    row_mark(&t, &mark) == -1)
		add_change(p, v, l);
	else if (decimal_cmp(mark, l->last.mark) != 0) {
		l->last.mark = mark;
		l->dirty = 1;
	}
}

static void
apply(struct pass *p, const struct change *c)
{
	struct leg *l = c->leg;
	struct row_text t;
	struct row r;
	const char *why;

	if (l->order == NO_ORDER)
		return;
	row_pick(c->row, &t);
	l->text_len = 0;
	if (row_read(&t, &r, &why) == -1) {
		warn_row(p, &t, why);
		return;
	}
	switch (leg_row(p->d, l, &r, p->time, p->before)) {
	case LEG_OK:
		row_keep(&t, l);
		break;
	case LEG_BACK:
		warn_row(p, &t, "it is older than one that was seen");
		break;
	case LEG_ABSENT:
		leg_missing(p->d, l, p->time);
		break;
	}
}

static int
by_order(const void *a, const void *b)
{
	const struct leg *const *x = a, *const *y = b;
	const struct leg *l = *x, *m = *y;
	int cmp;

	if (l->order != m->order)
		return l->order < m->order ? -1 : 1;
	cmp = strcmp(l->at.symbol, m->at.symbol);
	return cmp != 0 ? cmp : l->at.idx - m->at.idx;
}

/* Tell what can be told, in the order that the header states. */
static void
settle(struct pass *p)
{
	const struct scope *s = p->s;
	struct leg **todo;
	size_t n = 0;

	if (p->n == 0 && p->d->nrecords == 0) {
		size_t i = 0;

		while (i < s->nlegs && s->legs[i]->nsteps == 0)
			i++;
		if (i == s->nlegs)
			return;
	}
	if (s->nlegs == 0)
		return;
	todo = calloc(s->nlegs, sizeof(struct leg *));
	if (todo == NULL) {
		p->d->error = "out of memory";
		return;
	}
	for (size_t i = 0; i < s->nlegs; i++) {
		struct leg *l = s->legs[i];

		if (l->seen != s->snapshots)
			l->order = NO_ORDER;
		if (l->dirty || l->nsteps > 0 || p->d->nrecords > 0)
			todo[n++] = l;
	}
	qsort(todo, n, sizeof(struct leg *), by_order);
	for (size_t i = 0; i < n; i++)
		leg_settle(p->d, todo[i], p->time);
	free(todo);
}

static void
fold(struct pass *p, const struct json *positions, const struct json *closed)
{
	struct scope *s = p->s;
	size_t order = 0;

	for (const struct json *v = json_first(positions); v != NULL;
	     v = json_next(v))
		look_at(p, v, order++);
	for (size_t i = 0; i < p->n; i++)
		apply(p, &p->changes[i]);
	for (size_t i = 0; i < s->nlegs && !p->blind; i++)
		if (s->legs[i]->seen != s->snapshots)
			leg_missing(p->d, s->legs[i], p->time);
	if (closed != NULL)
		records_take(p->d, s, closed, p->time);
	if (p->d->nrecords > 0 && p->d->nestimates > 0)
		records_correct(p->d, s);
	settle(p);
	if (p->d->nrecords > 0)
		records_decide(p->d, s, p->time);
	free(p->changes);
}

void
snapshot_keys(struct json_keys *keys)
{
	static const char *const own[] = { "type", "time", "account", "host",
		"uid", "category", "settle_coin", "positions", "closed_pnl",
		NULL };
	const char *const *const lists[] = { own, row_keys, record_keys };
	const char *names[JSON_KEYS_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const char *const *name = lists[i]; *name != NULL; name++)
			names[n++] = *name;
	names[n] = NULL;
	json_keys_init(keys, names);
}

int
snapshot_take(struct differ *d, struct account *a, const struct json *line,
    int64_t time, const char **why)
{
	const struct json *positions = json_get(line, "positions");
	const struct json *closed = json_get(line, "closed_pnl");
	const char *coin = read_string(line, "settle_coin", "");
	int c = category_parse(read_string(line, "category", ""));
	struct pass p = { .d = d, .time = time };

	*why = NULL;
	if (c != CATEGORY_LINEAR && c != CATEGORY_INVERSE)
		*why = "category is not linear or inverse";
	else if (c == CATEGORY_LINEAR &&
	    (*coin == '\0' || strlen(coin) >= COIN_SIZE))
		*why = "settle_coin is missing or too long";
	else if (positions == NULL || json_type(positions) != JSON_ARRAY)
		*why = "positions is not an array";
	else if (closed != NULL && json_type(closed) != JSON_ARRAY)
		*why = "closed_pnl is not an array";
	if (*why != NULL)
		return -1;
	p.s =
	    scope_get(d, a, (enum category)c, c == CATEGORY_LINEAR ? coin : "");
	if (p.s == NULL)
		return -1;
	if (time <= p.s->last)
		return 0;
	differ_took(d);
	records_prune(d, a, time);
	p.before = p.s->last;
	/* After an outage the first line may have a record of before it. */
	estimates_prune(d, p.s, p.before);
	p.s->last = time;
	if (p.s->first == 0)
		p.s->first = time;
	p.s->snapshots++;
	p.s->dirty = 1;
	fold(&p, positions, closed);
	return 1;
}
