#include "differ/estimates.h"

#include <stdlib.h>
#include <string.h>

#include "differ/array.h"
#include "differ/differ.h"
#include "differ/persist.h"
#include "differ/records.h"
#include "differ/signal.h"
#include "differ/state.h"
#include "differ/trade.h"

static void
estimate_save(struct differ *d, const struct estimate *e)
{
	struct store_key key;

	estimate_key(&key, e->trade.number);
	buf_clear(&d->text);
	estimate_put(&d->text, e);
	if (buf_failed(&d->text))
		d->error = "out of memory";
	else
		state_put(d->state, "estimates", &key, d->text.p, d->text.len);
}

void
estimate_add(struct differ *d, const struct estimate *like)
{
	struct estimate **v = array_room(d->estimates, &d->estimates_cap,
	    d->nestimates + 1, sizeof(struct estimate *));
	struct estimate *e = malloc(sizeof(*e));

	if (v != NULL)
		d->estimates = v;
	if (v == NULL || e == NULL) {
		d->error = "out of memory";
		free(e);
		return;
	}
	*e = *like;
	v[d->nestimates++] = e;
}

void
estimate_keep(struct differ *d, const struct estimate *like)
{
	estimate_add(d, like);
	estimate_save(d, like);
}

static int
is_estimated(const struct estimate *e)
{
	return decimal_sign(e->trade.exits.est_qty) > 0;
}

static int
lacks(const struct estimate *e, const struct record *r, int64_t late_ms)
{
	return is_estimated(e) && record_at(r, &e->at) &&
	    r->side == e->trade.side && r->time >= e->trade.begin &&
	    r->time <= e->trade.exits.est_time + late_ms;
}

int
estimate_lacks(const struct estimate *e, const struct record *r)
{
	return lacks(e, r, 0);
}

/* In one-way mode a trade on the other side ends what was before it. */
static int
is_behind_another(
    const struct differ *d, const struct estimate *e, const struct record *r)
{
	for (size_t i = 0; e->at.idx == 0 && i < d->nestimates; i++) {
		const struct estimate *o = d->estimates[i];

		if (record_at(r, &o->at) && o->trade.side != e->trade.side &&
		    o->trade.opened >= e->trade.closed &&
		    o->trade.opened <= r->time)
			return 1;
	}
	return 0;
}

/*
 * Of a time when the trade is known to have been open; or one more closing
 * order of a trade that nobody saw whole.
 */
static int
is_more(
    const struct differ *d, const struct estimate *e, const struct record *r)
{
	if (!record_at(r, &e->at) || r->side != e->trade.side)
		return 0;
	if (r->time >= e->trade.begin && trade_shows(&e->trade, r))
		return 1;
	return e->more && r->time <= e->proved + RECORD_LATE_MS &&
	    decimal_cmp(r->entry, e->trade.exits.entry) == 0 &&
	    !is_behind_another(d, e, r);
}

size_t
estimate_find(const struct differ *d, const struct record *r)
{
	for (size_t i = 0; i < d->nestimates; i++)
		if (lacks(d->estimates[i], r, 0))
			return i;
	for (size_t i = 0; i < d->nestimates; i++)
		if (is_more(d, d->estimates[i], r))
			return i;
	for (size_t i = 0; i < d->nestimates; i++)
		if (lacks(d->estimates[i], r, RECORD_LATE_MS))
			return i;
	return d->nestimates;
}

size_t
estimate_of_order(const struct differ *d, const struct record *r)
{
	size_t i = 0;

	while (i < d->nestimates &&
	    (d->estimates[i]->trade.number != r->number ||
		r->time > d->estimates[i]->proved))
		i++;
	return i;
}

void
estimate_correct(struct differ *d, size_t i, struct record *r)
{
	struct estimate *e = d->estimates[i];

	record_join(d, r, &e->trade);
	if (e->trade.reason == REASON_NONE)
		e->trade.reason = record_reason(r);
	signal_row(d, &e->at, &e->trade);
	estimate_save(d, e);
}

/* Nothing that comes from now on can be of it. */
static int
is_over(const struct estimate *e, int64_t time)
{
	if (is_estimated(e))
		return e->trade.closed < time - RECORD_KEPT_MS;
	return e->proved < time - CLOSED_KEPT_MS;
}

void
estimates_prune(struct differ *d, const struct scope *s, int64_t time)
{
	struct store_key key;
	size_t n = 0;

	for (size_t i = 0; i < d->nestimates; i++) {
		struct estimate *e = d->estimates[i];

		if (e->at.scope != s || !is_over(e, time)) {
			d->estimates[n++] = e;
			continue;
		}
		estimate_key(&key, e->trade.number);
		state_del(d->state, "estimates", &key);
		free(e);
	}
	d->nestimates = n;
}
