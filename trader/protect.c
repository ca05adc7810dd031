/*
 * protect: no position of ours without its stop (F05, F06).
 *
 * The stop goes with the order; here the position is read, and where the stop
 * is missing or, right after the fill, is another one, it is set.  A position
 * that cannot be protected is closed.  Whatever a reply said, the position is
 * read before anything further is done.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/killpoint.h"
#include "trader/internal.h"

#define GUARD_MS 2000 /* between looks at a protected position */
#define LOOK_MS 200   /* … at one that is not */
/* Without its stop for so long it is closed: done within the promised 10 s. */
#define BARE_MAX_MS 8000
#define STOP_AGAIN_MS 1000
#define UNREAD_MAX_MS 10000
#define LAG_MS 1000 /* a position is seen that much after its fill, mostly */
/* … and may be, by all that answers (section 8.2): before, none is no news. */
#define LAG_MAX_MS 10000
#define GONE_MIN 2 /* reads without the position, while guarded */

/* Why a position that has its stop is closed all the same. */
static const char *
doom(const struct order *o)
{
	return o->t->flatten
	    ? "closed: the operator flattens"
	    : "closed at once: a later close of the symbol came first";
}

static void
alarm_bare(struct order *o, int open)
{
	char name[96], text[256];

	(void)snprintf(name, sizeof(name), "unprotected %s %d", o->symbol,
	    o->position_idx);
	(void)snprintf(text, sizeof(text),
	    "the position of %s has no stop loss of %s: it is being set, or "
	    "the position is closed",
	    o->symbol, o->stop_loss);
	trader_alarm(o->t, open, name, text);
}

/* Nobody can tell whether it is protected. */
static void
alarm_unread(struct order *o, int open)
{
	char name[96], text[256];

	(void)snprintf(
	    name, sizeof(name), "unread %s %d", o->symbol, o->position_idx);
	(void)snprintf(text, sizeof(text),
	    "the position of %s cannot be read at Bybit: whether it has its "
	    "stop loss is not known",
	    o->symbol);
	trader_alarm(o->t, open, name, text);
}

void
protect_alarms_off(struct order *o)
{
	alarm_bare(o, 0);
	alarm_unread(o, 0);
}

/* The protective close of that entry that is under way, or NULL. */
static struct order *
protect_closing(const struct order *o)
{
	for (struct order *p = o->t->orders; p != NULL; p = p->next)
		if (p->kind == ORDER_PROTECTIVE && !order_final(p) &&
		    strcmp(p->id, o->id) == 0)
			return p;
	return NULL;
}

/* A close of that symbol that an alert asked for is under way, for real. */
static int
closing_by_alert(const struct order *o)
{
	for (const struct order *p = o->t->orders; p != NULL; p = p->next)
		if (p->kind == ORDER_CLOSE && !order_final(p) &&
		    !p->look_only && !trader_only_says(p) &&
		    strcmp(p->symbol, o->symbol) == 0)
			return 1;
	return 0;
}

static void
on_stop(void *arg, const struct bybit_reply *r)
{
	struct order *o = arg;

	o->busy--;
	o->stop_busy = 0;
	/* Whatever it says: the position is read (F06). */
	o->need_mono = o->t->mono_ms + 1;
	o->stop_mono = o->t->mono_ms + STOP_AGAIN_MS;
	o->stop_taken = r->class == BYBIT_OK || r->class == BYBIT_DONE;
	if (o->stop_taken) {
		/* So there is a position, whatever was read. */
		o->gone = 0;
		trader_note(o->t, LOG_INFO, "stop loss set", o, "");
	} else if (r->code == 10001 && strstr(r->error, "zero position")) {
		if (o->step == STEP_PROTECT &&
		    o->t->mono_ms - o->fill_mono >= LAG_MAX_MS)
			o->gone = GONE_SURE;
	} else {
		trader_note(
		    o->t, LOG_WARN, "unable to set the stop loss", o, r->error);
	}
}

static void
set_stop(struct order *o)
{
	struct bybit_call c = { .method = "POST",
		.path = "/v5/position/trading-stop",
		.sign = 1,
		.done = on_stop,
		.arg = o };
	struct buf b;

	if (o->stop_busy || o->t->mono_ms < o->stop_mono)
		return;
	buf_init(&b, 512);
	json_open_object(&b, NULL);
	json_put_string(&b, "category", "linear");
	json_put_string(&b, "symbol", o->symbol);
	json_put_string(&b, "tpslMode", "Full");
	json_put_int(&b, "positionIdx", o->position_idx);
	json_put_string(&b, "stopLoss", o->stop_loss);
	json_put_string(&b, "slTriggerBy", "MarkPrice");
	json_close_object(&b);
	c.payload = buf_cstr(&b);
	c.len = b.len;
	if (c.payload != NULL && o->t->io.start(o->t->io.arg, &c) == 0) {
		o->busy++;
		o->stop_busy = 1;
	}
	buf_release(&b);
}

/* In the state, or in memory and not stored yet; in doubt, yes. */
static int
link_used(const struct trader *t, const char *link)
{
	struct buf row;
	int used;

	for (const struct order *o = t->orders; o != NULL; o = o->next)
		if (strcmp(o->link, link) == 0)
			return 1;
	buf_init(&row, 1u << 20);
	used = t->io.row(t->io.arg, link, &row) != 0;
	buf_release(&row);
	return used;
}

static void
protect_close(struct order *o, const char *why)
{
	struct trader *t = o->t;
	struct order *p;

	if (protect_closing(o) != NULL)
		return;
	p = order_close(o, ORDER_PROTECTIVE);
	if (p == NULL)
		return;
	(void)snprintf(
	    p->side, sizeof(p->side), "%s", o->side[0] == 'B' ? "Sell" : "Buy");
	p->position_idx = o->position_idx;
	p->done_ms = o->done_ms;
	p->open_ms = o->open_ms;
	p->time_ms = t->wall_ms;
	p->expires_ms = t->wall_ms;
	p->need_mono = t->mono_ms;
	(void)snprintf(p->reason, sizeof(p->reason), "%s", why);
	/* One that ended before has its link id: this is another attempt. */
	for (order_link(p);
	     p->attempt < ORDER_ATTEMPTS_MAX && link_used(t, p->link);
	     order_link(p))
		p->attempt++;
	if (p->attempt == ORDER_ATTEMPTS_MAX) {
		/* All used up: the alarm is open, the stop is still tried. */
		order_free(p);
		set_stop(o);
		return;
	}
	if (o->state != ORDER_PROTECTED) {
		o->undone = 1;
		(void)snprintf(o->reason, sizeof(o->reason), "%s", why);
	}
	o->fresh = 1;
	trader_append(t, p);
	trader_note(t, LOG_ERROR, "closing a position", p, why);
}

/* Bybit shows no position (any more). */
static void
gone(struct order *o)
{
	alarm_bare(o, 0);
	if (o->doomed && o->state != ORDER_PROTECTED) {
		o->undone = 1;
		(void)snprintf(o->reason, sizeof(o->reason), "%s", doom(o));
	} else if (o->state != ORDER_PROTECTED && !o->undone &&
	    o->reason[0] == '\0')
		(void)snprintf(o->reason, sizeof(o->reason),
		    "The position is gone already: closed by its stop, or by "
		    "hand");
	trader_finish(o, ORDER_CLOSED);
}

int
protect_another(const struct order *o, const struct position *p)
{
	if (o->open_ms != 0)
		return p->open_ms != 0 && p->open_ms != o->open_ms;
	/* Not seen with its stop yet: no fill opens what is opened later. */
	return o->done_ms != 0 && p->open_ms > o->done_ms + LAG_MAX_MS;
}

/* The price is where the stop would have acted: it cannot be set any more. */
static int
through(
    const struct order *o, const struct position *p, const struct decimal *stop)
{
	int c = decimal_cmp(p->mark_price, *stop);

	if (decimal_sign(p->mark_price) <= 0)
		return 0;
	return o->side[0] == 'B' ? c <= 0 : c >= 0;
}

static void protected(struct order *o, const struct position *p)
{
	if (o->bare_mono != 0) {
		o->bare_mono = 0;
		alarm_bare(o, 0);
	}
	o->need_mono = o->t->mono_ms + GUARD_MS;
	if (o->step != STEP_PROTECT)
		return;
	caps_filled(o->t);
	o->open_ms = p->open_ms;
	o->state = ORDER_PROTECTED;
	o->step = STEP_GUARD;
	o->fresh = 1;
	trader_note(o->t, LOG_INFO, "position protected", o, "");
	answer(o);
}

/* The position is there, and its stop is not what it must be. */
static void
bare(struct order *o, const struct position *p, const struct decimal *stop)
{
	struct trader *t = o->t;

	if (o->bare_mono == 0) {
		o->bare_mono =
		    o->step == STEP_PROTECT ? o->fill_mono : t->mono_ms;
		trader_note(t, LOG_ERROR, "position without its stop loss", o,
		    "setting it");
	}
	alarm_bare(o, 1);
	o->need_mono = t->mono_ms + LOOK_MS;
	if (through(o, p, stop))
		protect_close(o,
		    "closed for want of a stop loss: the price is through it");
	else if (t->mono_ms - o->bare_mono < BARE_MAX_MS)
		set_stop(o);
	else if (o->stop_taken && decimal_sign(p->stop_loss) != 0) {
		/* On a tick of Bybit's own: closing would cost more. */
		trader_note(t, LOG_WARN,
		    "Bybit keeps another stop loss, leaving it", o, "");
		protected(o, p);
	} else
		protect_close(
		    o, "closed for want of a stop loss: it could not be set");
}

/* It is being closed; a close that Bybit does not take must not stop the stop.
 */
static void
until_closed(
    struct order *o, const struct position *p, const struct decimal *stop)
{
	o->need_mono = o->t->mono_ms + LOOK_MS;
	if (p->side != o->side[0] || decimal_sign(p->stop_loss) != 0)
		return;
	alarm_bare(o, 1);
	if (!through(o, p, stop))
		set_stop(o);
}

/* No position on our side. */
static void
absent(struct order *o, const struct position *p)
{
	struct trader *t = o->t;

	if (o->step == STEP_TRACK) {
		o->need_mono = t->mono_ms + LOOK_MS;
		return;
	}
	o->gone++;
	if (p->side != 0 && t->mono_ms - o->fill_mono >= LAG_MS) {
		/* Theirs, on the other side: it has taken ours up. */
		(void)snprintf(o->reason, sizeof(o->reason),
		    "Netted against a position on the other side");
		o->gone = GONE_SURE + 1;
	}
	if (o->gone > GONE_SURE ||
	    (o->step == STEP_GUARD && o->gone >= GONE_MIN)) {
		gone(o);
		return;
	}
	if (o->step == STEP_GUARD) {
		o->need_mono = t->mono_ms + GUARD_MS;
		return;
	}
	/* Not to be seen yet, or gone again: the stop's setting tells. */
	o->need_mono = t->mono_ms + LOOK_MS;
	if (t->mono_ms - o->fill_mono >= LAG_MS)
		set_stop(o);
}

void
protect_advance(struct order *o)
{
	struct trader *t = o->t;
	struct slot *s = slot_of(t, o->symbol);
	const struct position *p;
	struct decimal stop;
	int right;

	if (s == NULL || o->position_idx == -1 || t->mono_ms < o->need_mono)
		return;
	if (o->step == STEP_PROTECT)
		kill_point("K9");
	if (!slot_read(s, o->need_mono)) {
		if (o->step != STEP_TRACK &&
		    t->mono_ms - o->need_mono > UNREAD_MAX_MS)
			alarm_unread(o, 1);
		return;
	}
	alarm_unread(o, 0);
	if (decimal_parse(&stop, o->stop_loss, strlen(o->stop_loss)) == -1)
		return;
	p = slot_row(s, o->position_idx);
	if (protect_closing(o) != NULL) {
		until_closed(o, p, &stop);
		return;
	}
	if (p->side != o->side[0]) {
		absent(o, p);
		return;
	}
	if (protect_another(o, p)) {
		o->need_mono = t->mono_ms + GUARD_MS;
		if (++o->gone < GONE_MIN)
			return;
		trader_note(t, LOG_WARN,
		    "the position is another one, leaving it", o, "");
		gone(o);
		return;
	}
	o->gone = 0;
	if (o->step == STEP_TRACK && decimal_cmp(p->size, o->base) <= 0) {
		o->need_mono = t->mono_ms + LOOK_MS;
		return;
	}
	if (o->doomed && o->step != STEP_TRACK) {
		if (closing_by_alert(o))
			until_closed(o, p, &stop);
		else
			protect_close(o, doom(o));
		return;
	}
	right = decimal_cmp(p->stop_loss, stop) == 0;
	if (!right && decimal_sign(p->stop_loss) != 0 &&
	    o->step != STEP_PROTECT) {
		/* Somebody moved it: theirs to do, ours to say. */
		if (!o->moved)
			trader_note(t, LOG_WARN,
			    "the stop loss was moved, leaving it", o, "");
		o->moved = 1;
		right = 1;
	}
	if (right)
	protected(o, p);
	else bare(o, p, &stop);
}
