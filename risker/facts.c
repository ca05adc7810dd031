#include "risker/facts.h"

#include <stdlib.h>
#include <string.h>

#include "risker/orders.h"

#define PRUNE_EACH 4 /* approvals looked at again with each alert */

void
facts_init(struct facts *f, const struct limits *l)
{
	memset(f, 0, sizeof(*f));
	f->limits = l;
}

void
facts_release(struct facts *f)
{
	free(f->slots);
	f->slots = NULL;
}

int
facts_stale(const struct facts *f, int64_t time_ms)
{
	return f->alert->time_ms - time_ms > f->limits->state_max_age_ms;
}

/* The slot of a symbol and positionIdx, made if need be. */
static struct slot *
slot_of(struct facts *f, const char *symbol, int idx, int buy)
{
	struct slot *v = f->slots;

	for (size_t i = 0; i < f->nslots; i++)
		if (v[i].idx == idx && strcmp(v[i].symbol, symbol) == 0)
			return &v[i];
	if (f->nslots == f->cap) {
		size_t cap = f->cap == 0 ? 16 : f->cap * 2;

		v = realloc(v, cap * sizeof(*v));
		if (v == NULL)
			return NULL;
		f->slots = v;
		f->cap = cap;
	}
	v += f->nslots++;
	memset(v, 0, sizeof(*v));
	memcpy(v->symbol, symbol, strlen(symbol) + 1);
	v->idx = idx;
	v->buy = buy;
	return v;
}

struct gathering {
	struct facts *f;
	int unfit, no_memory;
};

static int
add_position(void *arg, const struct book_position *p)
{
	struct gathering *g = arg;
	struct facts *f = g->f;
	struct decimal price = p->mark_price;
	struct slot *s;

	if (decimal_sign(price) == 0)
		price = p->entry_price;
	if (strlen(p->symbol) >= ALERT_SYMBOL_SIZE) {
		g->unfit = 1;
		return 1;
	}
	s = slot_of(f, p->symbol, p->position_idx, p->side[0] == 'B');
	if (s == NULL) {
		g->no_memory = 1;
		return 1;
	}
	g->unfit =
	    decimal_mul(&s->notional, p->size, price, DECIMAL_UP) == -1 ||
	    decimal_add(&f->open_pnl, f->open_pnl, p->unrealised_pnl) == -1;
	return g->unfit;
}

static int
read_positions(struct facts *f, struct book *b)
{
	struct gathering g = { .f = f };
	const char *coin;
	int64_t ms;

	f->has_positions = book_positions(b, add_position, &g) == 0 && !g.unfit;
	if (g.no_memory)
		return -1;
	for (size_t i = 0; (coin = limits_coin(f->limits, i)) != NULL; i++) {
		if (book_snapshot_ms(b, coin, &ms) != 1)
			ms = 0;
		if (i == 0 || ms < f->snapshot_ms)
			f->snapshot_ms = ms;
	}
	return 0;
}

static int
read_book(struct facts *f, struct book *b)
{
	const struct alert *a = f->alert;
	int rc;

	if (book_begin(b) == -1)
		return 0;
	f->readable = 1;
	f->has_wallet = book_wallet(b, &f->wallet) == 1;
	rc = book_day(b, a->time_ms, &f->day);
	f->has_day = rc == 1;
	f->day_damaged = rc == -1;
	f->has_ticker = book_ticker(b, a->symbol, &f->ticker) == 1;
	f->has_instrument = book_instrument(b, a->symbol, &f->instrument) == 1;
	rc = read_positions(f, b);
	book_end(b);
	return rc;
}

/* Where trader has not said it: MAX_POSITIONS_PER_SYMBOL 2 is hedge mode. */
static int
guess_idx(const struct facts *f, int buy)
{
	if (f->limits->max_per_symbol == 1)
		return 0;
	return buy ? 1 : 2;
}

static int
add_approvals(struct facts *f, struct orders *o, struct state *s)
{
	const struct approval *a;
	struct order_seen seen;
	size_t i = 0;

	while ((a = state_approval(s, i)) != NULL) {
		struct decimal notional = a->notional;
		struct slot *slot;

		orders_look(o, a->id, &seen);
		if (seen.final) {
			char id[ALERT_ID_SIZE];

			memcpy(id, a->id, sizeof(id));
			state_close(s, id);
			continue;
		}
		if (decimal_cmp(seen.notional, notional) > 0)
			notional = seen.notional;
		slot = slot_of(f, a->symbol,
		    seen.position_idx != -1 ? seen.position_idx
					    : guess_idx(f, a->buy),
		    a->buy);
		if (slot == NULL)
			return -1;
		if (decimal_cmp(notional, slot->notional) > 0)
			slot->notional = notional;
		i++;
	}
	return 0;
}

/* Closes and test orders are looked at in turn, a few with each alert. */
static void
prune(struct orders *o, struct state *s)
{
	char ids[PRUNE_EACH][ALERT_ID_SIZE];
	struct order_seen seen;
	size_t n = state_turn(s, ids, PRUNE_EACH);

	for (size_t i = 0; i < n; i++) {
		orders_look(o, ids[i], &seen);
		if (seen.final)
			state_close(s, ids[i]);
	}
}

static void
add_held(struct facts *f)
{
	f->held = decimal_zero;
	for (size_t i = 0; i < f->nslots; i++)
		if (decimal_add(&f->held, f->held, f->slots[i].notional) == -1)
			f->has_positions = 0;
}

int
facts_gather(struct facts *f, const struct alert *a, struct book *b,
    struct orders *o, struct state *s)
{
	struct facts old = *f;
	int rc;

	facts_init(f, old.limits);
	f->slots = old.slots;
	f->cap = old.cap;
	f->alert = a;
	rc = read_book(f, b);
	if (rc == 0) {
		orders_begin(o);
		rc = add_approvals(f, o, s);
		prune(o, s);
		orders_end(o);
	}
	add_held(f);
	state_day(s, a->time_ms, &f->own_day);
	state_closes(s, a->symbol, &f->closes);
	if (a->action == ALERT_CLOSE || !f->has_instrument)
		return rc;
	size_stop(&f->size, a, f->limits, &f->instrument);
	if (f->has_wallet && f->has_ticker)
		size_quantity(&f->size, a, f->limits, &f->instrument,
		    f->ticker.mark, f->wallet.equity);
	return rc;
}

int
facts_day_loss(
    const struct facts *f, struct decimal *first, struct decimal *loss)
{
	struct decimal by_equity, by_pnl;

	if (!f->has_wallet)
		return -1;
	/* Until the day's first wallet line is there: what we have. */
	*first =
	    f->has_day && f->day.has_equity ? f->day.first : f->wallet.equity;
	if (decimal_sub(&by_equity, *first, f->wallet.equity) == -1 ||
	    decimal_add(&by_pnl, f->day.closed_pnl, f->open_pnl) == -1)
		return -1;
	by_pnl = decimal_neg(by_pnl);
	*loss = decimal_cmp(by_equity, by_pnl) > 0 ? by_equity : by_pnl;
	return 0;
}

int
facts_loss_hit(const struct facts *f)
{
	struct decimal first, loss, limit;

	if (facts_day_loss(f, &first, &loss) == -1 ||
	    facts_stale(f, f->wallet.time_ms) ||
	    size_percent(
		&limit, first, f->limits->max_daily_loss, DECIMAL_UP) == -1)
		return 0;
	return decimal_sign(loss) > 0 && decimal_cmp(loss, limit) >= 0;
}

int
facts_exposure(
    const struct facts *f, struct decimal extra, struct decimal *percent)
{
	struct decimal d;

	if (decimal_add(&d, f->held, extra) == -1 ||
	    decimal_mul(&d, d, decimal_from_int(100), DECIMAL_UP) == -1)
		return -1;
	return decimal_div(percent, d, f->wallet.equity, DECIMAL_UP);
}
