#include "differ/trade.h"

#include <string.h>

#include "differ/differ.h"
#include "differ/estimates.h"
#include "differ/exits.h"
#include "differ/leg.h"
#include "differ/records.h"
#include "differ/signal.h"

/* Steps of the trade that is told, which an OPEN ends. */
static size_t
steps_of_trade(const struct leg *l)
{
	size_t n = 0;

	while (n < l->nsteps && l->steps[n].kind != STEP_OPEN)
		n++;
	return n;
}

/* How much the steps from the i-th on shrink the trade that is told. */
static struct decimal
shrinks(const struct leg *l, size_t i)
{
	size_t n = steps_of_trade(l);
	struct decimal sum = decimal_zero, size = l->trade.size;

	for (size_t k = 0; k < n; k++) {
		const struct step *s = &l->steps[k];

		if (k >= i && decimal_cmp(s->size, size) < 0) {
			sum_add(&sum, size);
			sum_sub(&sum, s->size);
		}
		size = s->size;
	}
	return sum;
}

static int
of_trade(const struct leg *l, const struct record *r)
{
	return record_at(r, &l->at) && r->side == l->trade.side &&
	    r->time >= l->trade.begin;
}

/*
 * seq links fills and rows (section 4.1), while of their times, which are some
 * ms apart, either may be the later.  It counts where the executions are known
 * that make up the record.
 */
static int
is_in(const struct record *r, int64_t seq, int64_t time)
{
	if (r->seq > 0 && seq > 0 && decimal_cmp(r->filled, r->size) >= 0)
		return r->seq <= seq;
	return r->time <= time;
}

int
trade_shows(const struct trade *t, const struct record *r)
{
	return is_in(r, t->row_seq, t->updated);
}

int
row_shows(const struct row *row, const struct record *r)
{
	return is_in(r, row->seq, row->updated);
}

/*
 * Records that the told size shows already (something was added and closed
 * between two polls, or the close was estimated) join the totals, unsaid.
 */
static void
absorb(struct differ *d, struct leg *l, int64_t now)
{
	struct trade *t = &l->trade;
	int quiet = l->nsteps == 0 && l->absent == 0 && !l->flat;

	for (size_t i = 0; t->number != 0 && i < d->nrecords; i++) {
		struct record *r = d->records[i];

		if (decimal_sign(r->left) == 0 || !of_trade(l, r))
			continue;
		if (!trade_shows(t, r) &&
		    (decimal_sign(t->exits.est_qty) == 0 ||
			r->time > t->exits.est_time) &&
		    (!quiet || r->time + REFLECTED_MS > now))
			continue;
		record_join(d, r, t);
		signal_row(d, &l->at, t);
		l->dirty = 1;
	}
}

/* 1 where no part of the record can be of the step: it shrank before that. */
static int
is_behind(const struct step *s, const struct record *r)
{
	return s->kind == STEP_REDUCE && s->updated > 0 &&
	    r->begin > s->updated && !is_in(r, s->seq, s->updated) &&
	    decimal_cmp(r->filled, r->size) >= 0;
}

/*
 * What is left of the trade's records up to a time; s: of those that can be of
 * that step, NULL: of all.
 */
static struct decimal
in_hand(const struct differ *d, const struct leg *l, int64_t until,
    const struct step *s)
{
	struct decimal sum = decimal_zero;

	for (size_t i = 0; i < d->nrecords; i++) {
		const struct record *r = d->records[i];

		if (of_trade(l, r) && r->time <= until &&
		    (s == NULL || !is_behind(s, r)))
			sum_add(&sum, r->left);
	}
	return sum;
}

/* Records in hand cover all that is held: that it vanished is proved (F10). */
static int
covered(const struct differ *d, const struct leg *l)
{
	struct decimal need = shrinks(l, 0);

	if (l->trade.number == 0 || steps_of_trade(l) != l->nsteps)
		return 0;
	sum_add(&need, l->last.size);
	/* More than that: it had grown since, nobody knows how far. */
	return decimal_cmp(in_hand(d, l, INT64_MAX, NULL), need) == 0;
}

/* The last moment of a record that may be of the trade that is told. */
static int64_t
end_of_trade(const struct leg *l)
{
	size_t n = steps_of_trade(l);

	for (size_t i = n; i < l->nsteps; i++)
		if (l->steps[i].kind == STEP_OPEN &&
		    l->steps[i].side == l->trade.side)
			return l->steps[i].open_time > 0 ? l->steps[i].open_time
							 : l->steps[n - 1].time;
	return INT64_MAX;
}

/*
 * The last moment of a record that may be of the first step.  One that is
 * later than the step's proof is of what came after it, unless there are
 * enough for all: an order that is still filling has one record in the end.
 */
static int64_t
latest(const struct differ *d, const struct leg *l)
{
	const struct step *s = &l->steps[0];
	struct decimal need = shrinks(l, 0);
	int64_t end = end_of_trade(l);

	if (s->kind == STEP_CLOSE)
		return end;
	if (l->absent > 0 && steps_of_trade(l) == l->nsteps)
		sum_add(&need, l->last.size);
	if (decimal_cmp(in_hand(d, l, end, NULL), need) >= 0 || end < s->time)
		return end;
	return s->time;
}

/* Let qty of a record's rest, at most all of it, join e: how much did. */
static struct decimal
hand_over(struct record *r, struct decimal qty, struct exits *e)
{
	struct exits part = { 0 };

	if (decimal_sign(qty) > 0 && decimal_sign(r->left) > 0) {
		record_split(r, qty, &part);
		exits_add(e, &part);
	}
	return part.qty;
}

/*
 * Let the first step, of need, have its part of a record.  An order that was
 * filled bit by bit has one: what the steps behind do not wait for is of one
 * that was estimated, or, since something was added, of this one; or no row
 * shows it yet.
 */
static void
take(struct differ *d, struct leg *l, struct record *r, struct decimal need,
    struct exits *got)
{
	const struct step *s = &l->steps[0];
	struct exits *told = &l->trade.exits;
	struct decimal over, known = told->est_qty;

	(void)hand_over(r, need, got);
	r->number = l->trade.number;
	over = r->left;
	sum_sub(&over, shrinks(l, 1));
	if (s->kind == STEP_CLOSE || is_in(r, s->seq, s->updated)) {
		if (decimal_cmp(over, known) < 0)
			known = over;
		known = hand_over(r, known, told);
		exits_replace(told, known);
		sum_sub(&over, known);
		(void)hand_over(r, over, got);
	}
	record_save(d, r);
}

/*
 * Where more of an order comes of which the trade has taken, or where more was
 * closed by now than was held when it was seen last, it had grown since: what
 * was closed after that at the very same average entry is of the same trade,
 * too, and not of one that nobody saw.  left: need that is left, not above 0.
 */
static int
grown(const struct leg *l, struct decimal left, struct decimal entry,
    const struct record *r)
{
	return l->steps[0].kind == STEP_CLOSE &&
	    (r->number == l->trade.number ||
		(decimal_sign(left) < 0 && decimal_cmp(entry, r->entry) == 0));
}

/*
 * Gather the records of the first step, which shrinks the trade by need.  0
 * where it has to wait for more; else *got and the reason, as far as known.
 */
static int
gather(struct differ *d, struct leg *l, struct decimal need, int64_t now,
    struct exits *got, enum reason *reason)
{
	const struct step *s = &l->steps[0];
	int64_t until = latest(d, l);
	struct decimal rest, entry = decimal_zero, run = decimal_zero;

	if (decimal_cmp(in_hand(d, l, until, s), need) < 0 &&
	    now < s->time + RECORD_WAIT_MS)
		return 0;
	for (size_t i = 0; i < d->nrecords; i++) {
		struct record *r = d->records[i];

		if (decimal_sign(r->left) == 0 || !of_trade(l, r) ||
		    r->time > until || is_behind(s, r))
			continue;
		rest = need;
		sum_sub(&rest, got->qty);
		if (decimal_sign(rest) <= 0 && !grown(l, rest, entry, r))
			break;
		*reason = record_reason(r);
		/* Nothing was added meanwhile: it was all held at once. */
		if (decimal_cmp(entry, r->entry) != 0)
			run = decimal_zero;
		entry = r->entry;
		sum_sub(&run, got->qty);
		take(d, l, r, decimal_sign(rest) > 0 ? rest : r->left, got);
		if (l->flat && l->nsteps == 1)
			leg_passed(l, r->seq, r->time);
		sum_add(&run, got->qty);
		if (decimal_cmp(run, l->trade.max) > 0)
			l->trade.max = run;
	}
	return 1;
}

/* Stand in for the records of `missing` of the first step. */
static void
guess(struct leg *l, struct decimal missing, struct exits *got)
{
	const struct step *s = &l->steps[0];
	enum category c = l->at.scope->category;
	struct decimal price = s->mark, pnl;

	if (decimal_sign(price) == 0)
		price = s->entry;
	if (s->has_cum) {
		pnl = s->cum;
		sum_sub(&pnl, got->pnl);
	} else
		pnl = price_pnl(c, l->trade.side, missing, s->entry, price);
	exits_guess(got, c, missing, s->entry, price, pnl, s->time);
}

static void
copy_step(struct trade *t, const struct step *s)
{
	t->size = s->size;
	t->entry = s->entry;
	memcpy(t->leverage, s->leverage, sizeof(t->leverage));
	if (decimal_cmp(t->size, t->max) > 0)
		t->max = t->size;
	if (s->seq > t->row_seq)
		t->row_seq = s->seq;
	if (s->updated > t->updated)
		t->updated = s->updated;
}

static void
tell_open(struct differ *d, struct leg *l, int64_t now)
{
	const struct step *s = &l->steps[0];
	struct trade *t = &l->trade;

	memset(t, 0, sizeof(*t));
	t->number = ++d->number;
	t->side = s->side;
	t->opened = now;
	t->begin = s->begin;
	t->open_time = s->open_time;
	t->initial = s->initial;
	copy_step(t, s);
	signal_emit(d,
	    &(struct signal){
		.at = &l->at, .trade = t, .action = ACTION_OPEN, .time = now });
}

static void
tell_increase(struct differ *d, struct leg *l, int64_t now)
{
	struct decimal old = l->trade.size;

	copy_step(&l->trade, &l->steps[0]);
	signal_emit(d,
	    &(struct signal){ .at = &l->at,
		.trade = &l->trade,
		.action = ACTION_INCREASE,
		.old_size = old,
		.time = now });
}

/* The records say that what closed was more than was seen of it. */
static int
had_grown(const struct step *s, struct decimal need, const struct exits *got)
{
	return got->prices > 0 &&
	    (decimal_cmp(got->qty, need) > 0 ||
		decimal_cmp(got->entry, s->entry) != 0);
}

/* A REDUCE or CLOSE: 0 where it has to wait. */
static int
tell_shrink(struct differ *d, struct leg *l, int64_t now)
{
	const struct step *s = &l->steps[0];
	struct trade *t = &l->trade;
	struct decimal old = t->size, need = old, missing;
	struct exits got = { 0 };
	enum reason reason = REASON_NONE;

	sum_sub(&need, s->size);
	if (!gather(d, l, need, now, &got, &reason))
		return 0;
	missing = need;
	sum_sub(&missing, got.qty);
	if (decimal_sign(missing) > 0)
		guess(l, missing, &got);
	if (reason == REASON_NONE && s->status != STATUS_NORMAL)
		reason =
		    s->status == STATUS_LIQ ? REASON_LIQUIDATION : REASON_ADL;
	exits_add(&t->exits, &got);
	copy_step(t, s);
	if (s->kind == STEP_CLOSE) {
		t->closed = now;
		t->reason = reason;
	}
	signal_emit(d,
	    &(struct signal){ .at = &l->at,
		.trade = t,
		.action =
		    s->kind == STEP_CLOSE ? ACTION_CLOSE : ACTION_PARTIAL_CLOSE,
		.old_size = old,
		.step = &got,
		.time = now });
	if (s->kind == STEP_CLOSE) {
		estimate_keep(d,
		    &(struct estimate){ .at = l->at,
			.trade = *t,
			.proved = s->time,
			.more = had_grown(s, need, &got) });
		memset(t, 0, sizeof(*t));
	}
	return 1;
}

static int
tell(struct differ *d, struct leg *l, int64_t now)
{
	switch (l->steps[0].kind) {
	case STEP_OPEN:
		tell_open(d, l, now);
		return 1;
	case STEP_INCREASE:
		tell_increase(d, l, now);
		return 1;
	case STEP_REDUCE:
	case STEP_CLOSE:
		break;
	}
	return tell_shrink(d, l, now);
}

/* All is told: what the newest row says holds for the trade. */
static void
catch_up(struct leg *l)
{
	struct trade *t = &l->trade;

	t->entry = l->last.avg;
	memcpy(t->leverage, l->last.leverage, sizeof(t->leverage));
	if (t->open_time == 0)
		t->open_time = l->last.open_time;
	if (l->last.seq > t->row_seq)
		t->row_seq = l->last.seq;
	if (l->last.updated > t->updated)
		t->updated = l->last.updated;
}

static void
pop(struct leg *l)
{
	l->nsteps--;
	memmove(&l->steps[0], &l->steps[1], l->nsteps * sizeof(l->steps[0]));
	l->dirty = 1;
}

void
leg_settle(struct differ *d, struct leg *l, int64_t now)
{
	if (l->nsteps == 0 && !l->flat)
		catch_up(l);
	absorb(d, l, now);
	if (l->absent > 0 && covered(d, l))
		leg_vanish(d, l, now, 0);
	while (l->nsteps > 0 && tell(d, l, now)) {
		pop(l);
		if (l->nsteps == 0 && !l->flat)
			catch_up(l);
		absorb(d, l, now);
	}
}

int
leg_owns(const struct leg *l, const struct record *r)
{
	if (!record_at(r, &l->at))
		return 0;
	if (l->trade.number != 0 && of_trade(l, r))
		return 1;
	for (size_t i = 0; i < l->nsteps; i++)
		if (l->steps[i].kind == STEP_OPEN &&
		    l->steps[i].side == r->side && r->time >= l->steps[i].begin)
			return 1;
	return 0;
}
