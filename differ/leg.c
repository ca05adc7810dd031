#include "differ/leg.h"

#include <stdlib.h>
#include <string.h>

#include "differ/array.h"
#include "differ/differ.h"
#include "differ/exits.h"
#include "differ/records.h"

enum order { ORDER_BACK = -1, ORDER_SAME, ORDER_NEWER, ORDER_UNKNOWN };

static enum order
compare(int64_t was, int64_t is)
{
	return is < was ? ORDER_BACK : is == was ? ORDER_SAME : ORDER_NEWER;
}

/* seq counts fills; updatedTime moves at funding too, and is second best. */
static enum order
order_of(const struct row *was, const struct row *is)
{
	if (was->seq > 0 && is->seq > 0)
		return compare(was->seq, is->seq);
	if (was->updated > 0 && is->updated > 0)
		return compare(was->updated, is->updated);
	/* A row that says it never traded is of before what was seen to. */
	if (was->seq > 0 && is->seq == 0 && is->updated == 0 &&
	    is->side == SIDE_NONE)
		return ORDER_BACK;
	return ORDER_UNKNOWN;
}

static struct step *
push(struct differ *d, struct leg *l, enum step_kind kind, int64_t time)
{
	struct step *s =
	    array_room(l->steps, &l->steps_cap, l->nsteps + 1, sizeof(*s));

	if (s == NULL) {
		d->error = "out of memory";
		return NULL;
	}
	l->steps = s;
	s += l->nsteps++;
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->time = time;
	l->dirty = 1;
	return s;
}

/* A step to what row r shows. */
static struct step *
push_row(struct differ *d, struct leg *l, enum step_kind kind,
    const struct row *r, int64_t time)
{
	struct step *s = push(d, l, kind, time);

	if (s == NULL)
		return NULL;
	s->side = r->side;
	s->status = r->status;
	s->size = r->size;
	s->entry = r->avg;
	s->mark = r->mark;
	s->open_time = r->open_time;
	s->seq = r->seq;
	s->updated = r->updated;
	memcpy(s->leverage, r->leverage, sizeof(s->leverage));
	if (kind == STEP_REDUCE && l->last.has_cum && r->has_cum) {
		s->cum = r->cum;
		sum_sub(&s->cum, l->last.cum);
		s->has_cum = decimal_sign(s->cum) != 0;
	}
	return s;
}

static void
push_open(struct differ *d, struct leg *l, const struct row *r, int64_t time,
    int64_t before)
{
	int64_t begin =
	    r->open_time > 0 ? r->open_time : records_begin(d, l, r, before);
	struct step *s = push_row(d, l, STEP_OPEN, r, time);

	if (s == NULL)
		return;
	s->initial = before == 0;
	s->begin = begin;
}

/* The row that shows that what is held ended says more of its CLOSE. */
static void
prove(const struct leg *l, struct step *s, const struct row *proof)
{
	if (decimal_sign(proof->mark) > 0)
		s->mark = proof->mark;
	if (proof->status != STATUS_NORMAL && proof->side == SIDE_NONE)
		s->status = proof->status;
	if (l->last.has_cum && proof->has_cum) {
		s->cum = proof->cum;
		sum_sub(&s->cum, l->last.cum);
		s->has_cum = decimal_sign(s->cum) != 0;
	}
}

/* The end of what is held; proof, unless NULL, is the row that showed it. */
static void
push_close(
    struct differ *d, struct leg *l, const struct row *proof, int64_t time)
{
	struct step *s = push_row(d, l, STEP_CLOSE, &l->last, time);

	if (s == NULL)
		return;
	s->size = decimal_zero;
	if (proof != NULL)
		prove(l, s, proof);
}

/* The row becomes the newest one of the leg; a side's order never goes back. */
static void
advance(struct leg *l, const struct row *r)
{
	int64_t seq = l->last.seq, updated = l->last.updated;

	l->last = *r;
	if (r->seq == 0)
		l->last.seq = seq;
	if (r->updated == 0)
		l->last.updated = updated;
	l->dirty = 1;
}

static int
very_same(const struct row *was, const struct row *is)
{
	if (was->side != is->side)
		return 0;
	if (was->open_time > 0 && is->open_time > 0)
		return was->open_time == is->open_time;
	return decimal_cmp(was->size, is->size) == 0 &&
	    decimal_cmp(was->avg, is->avg) == 0 && was->seq == is->seq;
}

/* 1 where its end is not told yet and rests on absence alone. */
static int
revocable(const struct leg *l)
{
	return l->nsteps > 0 && l->steps[l->nsteps - 1].absence;
}

static enum leg_result
row_of_flat(struct differ *d, struct leg *l, const struct row *r, int64_t time,
    int64_t before)
{
	enum order o = order_of(&l->last, r);

	if (r->side == SIDE_NONE) {
		if (o != ORDER_NEWER && o != ORDER_UNKNOWN)
			return LEG_OK;
		if (revocable(l)) {
			struct step *s = &l->steps[l->nsteps - 1];

			prove(l, s, r);
			s->absence = 0;
		}
		advance(l, r);
		return LEG_OK;
	}
	if (o == ORDER_BACK || (o == ORDER_SAME && l->gone) ||
	    (r->seq < l->told_seq && r->updated <= l->told_time))
		return LEG_BACK;
	push_open(d, l, r, time, before);
	advance(l, r);
	l->flat = l->gone = 0;
	l->told_seq = l->told_time = 0;
	return LEG_OK;
}

static void
row_of_held(struct differ *d, struct leg *l, const struct row *r, int64_t time,
    int64_t before)
{
	const struct row *was = &l->last;
	int other = was->side != r->side ||
	    (was->open_time > 0 && r->open_time > 0 &&
		was->open_time != r->open_time);
	int cmp = decimal_cmp(r->size, was->size);

	if (l->absent > 0 && !very_same(was, r))
		other = 1;
	if (other) {
		push_close(d, l, r, time);
		push_open(d, l, r, time, before);
	} else if (cmp > 0)
		(void)push_row(d, l, STEP_INCREASE, r, time);
	else if (cmp < 0)
		(void)push_row(d, l, STEP_REDUCE, r, time);
	advance(l, r);
}

enum leg_result
leg_row(struct differ *d, struct leg *l, const struct row *r, int64_t time,
    int64_t before)
{
	enum order o = order_of(&l->last, r);

	if (l->flat && o != ORDER_BACK && revocable(l) &&
	    very_same(&l->last, r)) {
		l->nsteps--;
		l->flat = 0;
	}
	if (l->flat)
		return row_of_flat(d, l, r, time, before);
	if (o == ORDER_BACK)
		return LEG_BACK;
	if (r->side == SIDE_NONE) {
		if (o == ORDER_SAME)
			return LEG_ABSENT;
		push_close(d, l, r, time);
		advance(l, r);
		l->flat = 1;
	} else
		row_of_held(d, l, r, time, before);
	l->absent = 0;
	l->absent_since = 0;
	return LEG_OK;
}

/* last keeps its numbers, since it may come back. */
void
leg_vanish(struct differ *d, struct leg *l, int64_t time, int absence)
{
	push_close(d, l, NULL, time);
	if (l->nsteps > 0)
		l->steps[l->nsteps - 1].absence = absence;
	l->flat = 1;
	l->gone = !absence;
	l->absent = 0;
	l->absent_since = 0;
}

void
leg_missing(struct differ *d, struct leg *l, int64_t time)
{
	if (l->flat)
		return;
	if (l->absent++ == 0)
		l->absent_since = time;
	l->dirty = 1;
	if (l->absent >= ABSENT_COUNT && time - l->absent_since >= ABSENT_MS)
		leg_vanish(d, l, time, 1);
}

void
leg_passed(struct leg *l, int64_t seq, int64_t time)
{
	if (seq <= l->told_seq)
		return;
	l->told_seq = seq;
	l->told_time = time;
	l->dirty = 1;
}

int
leg_done(const struct leg *l)
{
	return l->flat && l->nsteps == 0 && l->trade.number == 0;
}

void
leg_free(struct leg *l)
{
	if (l == NULL)
		return;
	free(l->steps);
	free(l);
}
