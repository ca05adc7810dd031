/*
 * close: what is there goes, by reduceOnly market orders (F64).  Asked for by
 * an alert, or protective; what one order leaves, another takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "trader/internal.h"

#define CLOSE_MAX_AGE_MS 3600000
#define AGAIN_MS 500
#define AGAIN_MAX_MS 5000
#define LAG_MS 10000 /* the position may be seen that much after a fill */

/*
 * The entries whose position this closed need not be looked at for long, and
 * those that come are not to be judged by what stood there.
 */
static void
tell_entries(const struct order *o)
{
	struct slot *s = slot_of(o->t, o->symbol);

	if (s != NULL && decimal_sign(o->closed) > 0) {
		s->closed_mono = o->t->mono_ms + 1;
		(void)slot_read(s, s->closed_mono);
	}
	for (struct order *e = o->t->orders; e != NULL; e = e->next)
		if (e->kind == ORDER_ENTRY &&
		    strcmp(e->symbol, o->symbol) == 0 &&
		    e->position_idx == o->position_idx &&
		    (e->step == STEP_GUARD ||
			(e->step == STEP_PROTECT &&
			    decimal_sign(o->closed) > 0))) {
			e->gone = GONE_SURE;
			e->need_mono = o->t->mono_ms + 1;
		}
}

/* The other leg of the same alert: one of them tells for both. */
static struct order *
sibling(const struct order *o)
{
	for (struct order *p = o->t->orders; p != NULL; p = p->next)
		if (p != o && p->kind == ORDER_CLOSE && !order_final(p) &&
		    strcmp(p->id, o->id) == 0)
			return p;
	return NULL;
}

static void
add_id(struct order *o, const char *elements)
{
	struct buf b;
	char *text = NULL;

	buf_init(&b, 1u << 16);
	if (o->order_ids != NULL)
		buf_puts(&b, o->order_ids);
	if (b.len > 0)
		buf_putc(&b, ',');
	buf_puts(&b, elements);
	if (buf_cstr(&b) != NULL)
		text = strdup(b.p);
	buf_release(&b);
	if (text == NULL) {
		o->t->starved = 1;
		return;
	}
	free(o->order_ids);
	o->order_ids = text;
}

static int
is_flat(const struct order *o, const struct slot *s)
{
	if (o->position_idx != -1)
		return slot_row(s, o->position_idx)->side == 0;
	return slot_row(s, 0)->side == 0 && slot_row(s, 1)->side == 0 &&
	    slot_row(s, 2)->side == 0;
}

/*
 * Given up, and the position stands.  Who asked has long had a 202, so a
 * person must see it; slot.c takes the alarm back.
 */
static void
alarm_unclosed(struct order *o)
{
	struct slot *s = slot_of(o->t, o->symbol);
	char name[96], text[256];

	if (o->kind != ORDER_CLOSE || trader_only_says(o) || s == NULL ||
	    is_flat(o, s))
		return;
	(void)snprintf(name, sizeof(name), "unclosed %s", o->symbol);
	(void)snprintf(text, sizeof(text),
	    "the position of %s is still open, though an alert asked to close it: close "
	    "it by hand, or with a new alert; %.100s",
	    o->symbol, o->reason);
	trader_alarm(o->t, 1, name, text);
}

static void
finish(struct order *o, enum order_state state)
{
	int failed = state == ORDER_REJECTED || state == ORDER_FAILED;
	struct order *other = sibling(o);

	if (failed)
		alarm_unclosed(o);
	if (other != NULL) {
		(void)decimal_add(&other->closed, other->closed, o->closed);
		if (o->order_ids != NULL)
			add_id(other, o->order_ids);
		/* The last tells, or the one that fails. */
		*(failed ? &other->silent : &o->silent) = 1;
		other->fresh = 1;
	}
	if (state == ORDER_CLOSED)
		tell_entries(o);
	trader_finish(o, state);
}

static void
nothing_left(struct order *o)
{
	if (o->kind == ORDER_CLOSE && decimal_sign(o->closed) == 0 &&
	    sibling(o) == NULL)
		(void)snprintf(o->reason, sizeof(o->reason),
		    o->sends > 0
			? "The position of %s is gone; how much of it the close "
			  "took is not known"
			: "Nothing to close: no open position of %s",
		    o->symbol);
	else if (o->kind == ORDER_CLOSE)
		o->reason[0] = '\0';
	o->ret_code = 0;
	finish(o, trader_only_says(o) ? ORDER_DRY : ORDER_CLOSED);
}

/*
 * What this order did is done; the same struct goes on with the next link id,
 * and a copy stays as the row of the last.
 */
static void
next_attempt(struct order *o)
{
	struct trader *t = o->t;
	struct order *done = order_new(t);

	if (done == NULL) {
		t->starved = 1;
		return;
	}
	if (o->attempt == ORDER_ATTEMPTS_MAX) {
		order_free(done);
		(void)snprintf(o->reason, sizeof(o->reason),
		    "the position of %s could not be closed with %d orders: "
		    "look at Bybit",
		    o->symbol, o->attempt + 1);
		trader_halt(t, o->reason);
		finish(o, ORDER_FAILED);
		return;
	}
	*done = *o;
	done->risk_metrics = done->warnings = done->order_ids = NULL;
	done->errors = done->result = NULL;
	done->state = ORDER_CLOSED;
	done->step = STEP_DONE;
	done->fresh = 1;
	done->busy = 0;
	trader_append(t, done);
	o->attempt++;
	order_link(o);
	o->state = ORDER_NEW;
	o->step = STEP_WAIT;
	o->sends = 0;
	o->sent_ms = o->used_mono = 0;
	o->order_id[0] = '\0';
	o->filled = decimal_zero;
	o->need_mono = t->mono_ms;
	o->fresh = 1;
}

/* Bybit calls it final, with a fill. */
void
close_filled(struct order *o)
{
	struct buf b;

	(void)decimal_add(&o->closed, o->closed, o->filled);
	if (o->order_id[0] != '\0') {
		buf_init(&b, ORDER_ID_SIZE * 6);
		json_put_string(&b, NULL, o->order_id);
		if (buf_cstr(&b) != NULL)
			add_id(o, b.p);
		buf_release(&b);
	}
	o->fresh = 1;
	trader_note(o->t, LOG_INFO, "close filled", o, "");
	if (o->whole) {
		nothing_left(o);
		return;
	}
	/* What it closed is counted, also after a crash. */
	o->state = ORDER_FILLED;
	o->step = STEP_REST;
	o->fill_mono = o->t->mono_ms;
	o->need_mono = o->t->mono_ms + 1;
	o->next_mono = 0;
}

/* The next try comes later each time. */
void
close_back_off(struct order *o)
{
	o->next_mono = o->t->mono_ms +
	    trader_back_off(AGAIN_MS, AGAIN_MAX_MS, o->retries++);
}

/*
 * Refused, or final without a fill: the position is read again.  Flat is done
 * (110017); an order that was booked has used its link id up.
 */
void
close_in_vain(struct order *o, int booked)
{
	if (o->kind == ORDER_CLOSE && !booked && o->ret_code != 110017 &&
	    o->retries > 5) {
		finish(o, ORDER_REJECTED);
		return;
	}
	o->need_mono = o->t->mono_ms;
	close_back_off(o);
	o->step = STEP_WAIT;
	if (booked)
		next_attempt(o);
	else
		o->sends--; /* that one had no effect */
}

/* Where this machine's clock is off no time tells which came first (F56). */
static int
is_later(const struct order *e, const struct order *o)
{
	return e->time_ms > o->time_ms && trader_clock_off(o->t) == 0;
}

/*
 * 1 where a later entry of the symbol went out: what stands there is its
 * position, not the one that was to be closed.  -1 where that is not known yet.
 */
static int
later_entry(const struct order *o)
{
	int perhaps = 0;

	for (const struct order *e = o->t->orders; e != NULL; e = e->next)
		if (e->kind == ORDER_ENTRY && !e->test && is_later(e, o) &&
		    strcmp(e->symbol, o->symbol) == 0 &&
		    (!order_final(e) || e->state == ORDER_CLOSED)) {
			if (e->sends > 0)
				return 1;
			perhaps |= e->perhaps;
		}
	return perhaps ? -1 : 0;
}

/* A fill of the symbol that the position does not show yet. */
static int
unseen_fill(const struct order *o)
{
	for (const struct order *e = o->t->orders; e != NULL; e = e->next)
		if (e->kind == ORDER_ENTRY && e->step == STEP_PROTECT &&
		    strcmp(e->symbol, o->symbol) == 0 &&
		    o->t->mono_ms - e->fill_mono < LAG_MS)
			return 1;
	return 0;
}

/*
 * What entered before this close and is not sent yet will not be; what is on
 * its way is closed as soon as it fills.
 */
static void
doom(const struct order *o)
{
	for (struct order *e = o->t->orders; e != NULL; e = e->next) {
		if (e->kind != ORDER_ENTRY || e->test || order_final(e) ||
		    is_later(e, o) || strcmp(e->symbol, o->symbol) != 0 ||
		    (e->doomed && e->state != ORDER_NEW))
			continue;
		if (e->state == ORDER_NEW && !e->perhaps) {
			(void)snprintf(e->reason, sizeof(e->reason),
			    "A later close of %s came first", e->symbol);
			trader_finish(e, ORDER_EXPIRED);
		} else if (e->state != ORDER_PROTECTED) {
			/*
			 * From now on it is one whose fate is unknown; it has
			 * a row as soon as its link id is known.
			 */
			e->doomed = 1;
			if (e->position_idx == -1)
				continue;
			if (e->state == ORDER_NEW)
				e->state = ORDER_SENT;
			e->fresh = 1;
		}
	}
}

/*
 * Which leg: in hedge mode both may be there, and get an order each; of what is
 * perhaps sent either may have had one, and be gone.
 */
static int
choose_leg(struct order *o, const struct slot *s)
{
	struct order *other;

	if (!s->hedge) {
		o->position_idx = 0;
	} else if (o->perhaps ||
	    (slot_row(s, 1)->side != 0 && slot_row(s, 2)->side != 0)) {
		other = order_close(o, ORDER_CLOSE);
		if (other == NULL)
			return -1;
		other->time_ms = o->time_ms;
		other->expires_ms = o->expires_ms;
		other->test = o->test;
		other->look_only = o->look_only;
		other->perhaps = other->maybe = o->perhaps;
		other->send_mono = o->send_mono;
		other->position_idx = 2;
		other->need_mono = o->need_mono;
		order_link(other);
		other->next = o->next;
		o->next = other;
		o->position_idx = 1;
		o->has_row = other->has_row = o->fresh = other->fresh = 1;
	} else {
		o->position_idx = slot_row(s, 2)->side != 0 ? 2 : 1;
	}
	order_link(o);
	return 0;
}

/*
 * Too old, or for what is gone: then it has its end.  While a close goes on no
 * entry goes out behind it; but after a start on a state that was lost it may
 * have been done long since, with an entry behind it: a further order waits
 * until that is known.
 */
static int
too_late(struct order *o)
{
	int old = o->t->wall_ms - o->time_ms > CLOSE_MAX_AGE_MS, later = 0;

	if (o->sends == 0)
		later = later_entry(o);
	if (!old && later == -1 && o->attempt > 0) {
		o->next_mono = o->t->mono_ms + AGAIN_MS;
		return 1;
	}
	if (!old && later == 0)
		return 0;
	(void)snprintf(o->reason, sizeof(o->reason),
	    "Close expired: it is over an hour old, or a later entry of %s was "
	    "approved",
	    o->symbol);
	if (old)
		alarm_unclosed(o);
	finish(o, decimal_sign(o->closed) == 0 ? ORDER_EXPIRED : ORDER_CLOSED);
	return 1;
}

/*
 * Flat, and a request is out that no list shows: it is late to be seen, mostly,
 * and who asked is to know what it closed.
 */
static int
may_have_closed(const struct order *o)
{
	return o->kind == ORDER_CLOSE && (o->sends > 0 || o->maybe) &&
	    o->t->mono_ms < track_quiet_mono(o);
}

static void
begin(struct order *o)
{
	struct trader *t = o->t;
	struct slot *s = slot_of(t, o->symbol);
	const struct position *p;

	if (s == NULL || t->mono_ms < o->next_mono)
		return;
	if (o->kind == ORDER_CLOSE && !o->perhaps) {
		if (too_late(o))
			return;
		if (o->look_only)
			return;
		if (o->sends == 0 && o->attempt == 0 && !trader_only_says(o))
			doom(o);
	}
	if (!slot_read(s, o->need_mono))
		return;
	if (is_flat(o, s) && unseen_fill(o)) {
		o->need_mono = t->mono_ms;
		o->next_mono = t->mono_ms + AGAIN_MS;
		return;
	}
	if (o->position_idx == -1 && choose_leg(o, s) == -1)
		return;
	if (o->perhaps) {
		/* Its own order, if there was one, has the numbers. */
		track_start(o, 0);
		o->next_mono = 0;
		return;
	}
	p = slot_row(s, o->position_idx);
	if (p->side == 0 && may_have_closed(o)) {
		o->step = STEP_TRACK;
		return;
	}
	if (p->side == 0 ||
	    (o->kind == ORDER_PROTECTIVE &&
		(p->side == o->side[0] || protect_another(o, p)))) {
		nothing_left(o);
		return;
	}
	(void)snprintf(
	    o->side, sizeof(o->side), "%s", p->side == 'B' ? "Sell" : "Buy");
	(void)decimal_format(o->qty, p->size);
	o->seq = p->seq;
	if (o->kind == ORDER_CLOSE && trader_only_says(o)) {
		(void)decimal_add(&o->closed, o->closed, p->size);
		nothing_left(o);
		return;
	}
	if (!t->stopping || o->kind == ORDER_PROTECTIVE)
		send_order(o);
}

/* A part is closed: once the position shows it, the rest. */
static void
rest(struct order *o)
{
	struct trader *t = o->t;
	struct slot *s = slot_of(t, o->symbol);
	const struct position *p;

	if (s == NULL || t->mono_ms < o->next_mono ||
	    !slot_read(s, o->need_mono))
		return;
	p = slot_row(s, o->position_idx);
	if (p->side == 0) {
		nothing_left(o);
		return;
	}
	if (p->seq == o->seq && t->mono_ms - o->fill_mono < LAG_MS) {
		o->need_mono = t->mono_ms;
		o->next_mono = t->mono_ms + AGAIN_MS;
		return;
	}
	o->retries = 0;
	next_attempt(o);
}

void
close_advance(struct order *o)
{
	switch (o->step) {
	case STEP_WAIT:
		begin(o);
		break;
	case STEP_TRACK:
		track_advance(o);
		break;
	case STEP_REST:
		rest(o);
		break;
	case STEP_LEVERAGE:
	case STEP_SEND:
	case STEP_PROTECT:
	case STEP_GUARD:
	case STEP_DONE:
		break;
	}
}
