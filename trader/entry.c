/* entry: its turn, what it needs to know first, and its way from step to step.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "trader/internal.h"

#define SECOND_LOOK_MS 1000
#define START_MS 3000 /* for the first look at the wallet */

/* Whether an entry is next in its symbol, and the start is settled (F03). */
static int
its_turn(const struct order *o)
{
	int before = 1;

	for (const struct order *p = o->t->orders; p != NULL; p = p->next) {
		if (p == o) {
			before = 0;
			continue;
		}
		if (order_final(p) || p->test || (p->look_only && !p->perhaps))
			continue;
		if (p->step == STEP_TRACK && !p->looked &&
		    p->kind == ORDER_ENTRY)
			return 0;
		if (strcmp(p->symbol, o->symbol) != 0 || p->step == STEP_GUARD)
			continue;
		if (before || p->kind == ORDER_PROTECTIVE ||
		    p->step != STEP_WAIT)
			return 0;
	}
	return 1;
}

static void
refuse(struct order *o, struct buf *errors)
{
	if (buf_cstr(errors) != NULL)
		o->errors = strdup(errors->p);
	o->t->starved |= o->errors == NULL;
	(void)snprintf(o->reason, sizeof(o->reason), "refused by trader");
	trader_note(o->t, LOG_WARN, "order refused", o,
	    o->errors != NULL ? o->errors : "");
	trader_finish(o, ORDER_REJECTED);
}

static void
on_leverage(void *arg, const struct bybit_reply *r)
{
	struct order *o = arg;

	o->busy--;
	if (order_final(o))
		return;
	if (r->class == BYBIT_OK || r->class == BYBIT_DONE) {
		o->step = STEP_WAIT;
		slot_of(o->t, o->symbol)->row[o->position_idx].leverage =
		    o->t->opts.leverage;
	} else if (r->class == BYBIT_REJECT || r->class == BYBIT_FATAL) {
		(void)snprintf(o->reason, sizeof(o->reason),
		    "LEVERAGE cannot be set: %s", r->error);
		o->ret_code = r->code;
		send_halt(o->t, r);
		trader_finish(o, ORDER_REJECTED);
	} else {
		o->step = STEP_WAIT;
		o->next_mono = o->t->mono_ms + 500;
	}
}

/* 1 where the leverage is as it should be. */
static int
leverage_set(struct order *o, const struct position *p)
{
	struct decimal want = o->t->opts.leverage;
	char text[DECIMAL_TEXT_MAX];
	struct bybit_call c = { .method = "POST",
		.path = "/v5/position/set-leverage",
		.sign = 1,
		.done = on_leverage,
		.arg = o };
	struct buf b;

	if (decimal_sign(want) == 0 || decimal_cmp(p->leverage, want) == 0)
		return 1;
	(void)decimal_format(text, want);
	buf_init(&b, 512);
	json_open_object(&b, NULL);
	json_put_string(&b, "category", "linear");
	json_put_string(&b, "symbol", o->symbol);
	json_put_string(&b, "buyLeverage", text);
	json_put_string(&b, "sellLeverage", text);
	json_close_object(&b);
	c.payload = buf_cstr(&b);
	c.len = b.len;
	if (c.payload != NULL && o->t->io.start(o->t->io.arg, &c) == 0) {
		o->busy++;
		o->step = STEP_LEVERAGE;
	}
	buf_release(&b);
	return 0;
}

static void
expire(struct order *o, const char *why)
{
	(void)snprintf(o->reason, sizeof(o->reason), "%s", why);
	trader_finish(o, ORDER_EXPIRED);
}

/* What stands there is known from a look of late, or looked at (F13). */
static int
looked_at(const struct trader *t, struct slot *s)
{
	int64_t since = t->mono_ms - t->opts.state_max_age_ms;

	return slot_read(s, since > s->closed_mono ? since : s->closed_mono);
}

static void
try_entry(struct order *o)
{
	struct trader *t = o->t;
	struct slot *s = slot_of(t, o->symbol);
	struct buf errors;

	if (s == NULL || t->mono_ms < o->next_mono)
		return;
	if (t->wall_ms >= o->expires_ms && !o->perhaps) {
		expire(o, "Alert expired before it could be traded");
		return;
	}
	if (o->look_only && !o->perhaps)
		return;
	if (s->hedge == -1 && (!o->doomed || o->perhaps)) {
		(void)slot_read(s, t->start_mono);
		return;
	}
	if (o->position_idx == -1 && s->hedge != -1) {
		o->position_idx = !s->hedge ? 0 : o->side[0] == 'B' ? 1 : 2;
		order_link(o);
	}
	if (o->perhaps) {
		o->send_mono = t->start_mono;
		track_start(o, 0);
		o->next_mono = 0;
		return;
	}
	if (o->doomed) {
		expire(o,
		    t->flatten ? "The operator flattens"
			       : "A later close of the symbol came first");
		return;
	}
	if (!its_turn(o) || t->stopping || t->blocked || !looked_at(t, s))
		return;
	buf_init(&errors, 1u << 16);
	check_entry(o, &errors);
	if (t->equity_mono == 0 && t->mono_ms - t->start_mono < START_MS) {
		/* Just started: the equity is on its way. */
	} else if (errors.len > 0 || buf_failed(&errors)) {
		if (o->sent_ms == 0 && !trader_only_says(o) &&
		    caps_minute(t) >= (size_t)t->opts.max_minute)
			trader_halt(t,
			    "entries in a minute exceed "
			    "MAX_ORDERS_PER_MINUTE");
		refuse(o, &errors);
	} else if (trader_only_says(o)) {
		trader_finish(o, ORDER_DRY);
	} else if (leverage_set(o, slot_row(s, o->position_idx))) {
		o->base = slot_row(s, o->position_idx)->side == o->side[0]
		    ? slot_row(s, o->position_idx)->size
		    : decimal_zero;
		send_order(o);
	}
	buf_release(&errors);
}

/* Cancelled without a fill, they say: two looks at the position. */
static void
look_twice(struct order *o)
{
	struct slot *s = slot_of(o->t, o->symbol);

	if (s == NULL || o->t->mono_ms < o->next_mono ||
	    !slot_read(s, o->need_mono))
		return;
	if (track_by_position(o) == 1)
		return;
	if (o->gone++ == 0) {
		o->next_mono = o->need_mono = o->t->mono_ms + SECOND_LOOK_MS;
		return;
	}
	trader_finish(o, ORDER_FAILED);
}

void
entry_advance(struct order *o)
{
	switch (o->step) {
	case STEP_WAIT:
		try_entry(o);
		break;
	case STEP_TRACK:
		if (o->sends > 0)
			protect_advance(o);
		if (o->step == STEP_TRACK)
			track_advance(o);
		break;
	case STEP_REST:
		look_twice(o);
		break;
	case STEP_PROTECT:
	case STEP_GUARD:
		protect_advance(o);
		break;
	case STEP_LEVERAGE:
	case STEP_SEND:
	case STEP_DONE:
		break;
	}
}
