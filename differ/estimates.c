#include "differ/estimates.h"

#include <stdlib.h>
#include <string.h>

#include "differ/array.h"
#include "differ/differ.h"
#include "differ/exits.h"
#include "differ/persist.h"
#include "differ/records.h"
#include "differ/signal.h"
#include "differ/state.h"

static void
estimate_save(struct differ *d, const struct estimate *e)
{
	struct store_key key;

	estimate_key(&key, e->trade.number);
	if (decimal_sign(e->trade.exits.est_qty) == 0) {
		state_del(d->state, "estimates", &key);
		return;
	}
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
estimate_keep(struct differ *d, const struct place *at, const struct trade *t)
{
	struct estimate e = { .at = *at, .trade = *t };

	if (decimal_sign(t->exits.est_qty) <= 0)
		return;
	estimate_add(d, &e);
	estimate_save(d, &e);
}

int
estimate_owns(const struct estimate *e, const struct record *r)
{
	return record_at(r, &e->at) && r->side == e->trade.side &&
	    r->time >= e->trade.begin && r->time <= e->trade.closed;
}

void
estimate_correct(struct differ *d, size_t i, struct record *r)
{
	struct estimate *e = d->estimates[i];
	struct exits part;

	record_split(r, r->left, &part);
	record_save(d, r);
	exits_replace(&e->trade.exits, part.qty);
	exits_add(&e->trade.exits, &part);
	if (e->trade.reason == REASON_NONE)
		e->trade.reason = record_reason(r);
	signal_row(d, &e->at, &e->trade);
	estimate_save(d, e);
	if (decimal_sign(e->trade.exits.est_qty) > 0)
		return;
	free(e);
	d->nestimates--;
	memmove(&d->estimates[i], &d->estimates[i + 1],
	    (d->nestimates - i) * sizeof(d->estimates[0]));
}

void
estimates_prune(struct differ *d, const struct account *a, int64_t before)
{
	struct store_key key;
	size_t n = 0;

	for (size_t i = 0; i < d->nestimates; i++) {
		struct estimate *e = d->estimates[i];

		if (e->at.scope->account != a || e->trade.closed >= before) {
			d->estimates[n++] = e;
			continue;
		}
		estimate_key(&key, e->trade.number);
		state_del(d->state, "estimates", &key);
		free(e);
	}
	d->nestimates = n;
}
