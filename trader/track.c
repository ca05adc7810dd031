/*
 * track: what became of an order?  Asked of realtime, then history, then
 * executions, until Bybit calls it final (sections 8.1 and 8.2).
 *
 * A look-up that fails tells nothing.  One that finds nothing in all three is
 * absence, and absence counts only after several, outside the window in which
 * the request could still arrive, with the position as it was (F04).
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/word.h"
#include "trader/internal.h"

#define ABSENT_MIN 3
#define ABSENT_CLOSE 2
#define ABSENT_MS 60000 /* without a trace for so long: lost */
#define MARGIN_MS 5000	/* after recv_window, nothing arrives any more */
#define ALARM_MS 10000

static const char *const paths[] = { "/v5/order/realtime", "/v5/order/history",
	"/v5/execution/list" };

static void
alarm_unknown(struct order *o, int open)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "unknown %s", o->link);
	trader_alarm(o->t, open, name,
	    "the outcome of an order is unknown: Bybit is being asked");
}

/* Until the next look, ms: of an order that Bybit has, and of one unknown. */
static int64_t
pause_ms(const struct order *o)
{
	static const int known[] = { 0, 30, 60, 100, 200, 400, 1000, 2000 };
	static const int unknown[] = { 200, 300, 500, 1000, 2000, 4000 };
	int n = o->looks;

	if (o->accepted)
		return n < 8 ? known[n] : 5000;
	return n < 6 ? unknown[n] : 5000;
}

int64_t
track_quiet_mono(const struct order *o)
{
	return o->send_mono + o->t->opts.recv_window_ms + MARGIN_MS;
}

void
track_start(struct order *o, int known)
{
	o->step = STEP_TRACK;
	o->accepted = known;
	o->looks = o->absent = 0;
	o->next_mono = o->t->mono_ms + pause_ms(o);
}

static void look(struct order *o, int where);

/* The look is over; *found: Bybit has it, though it may not be final. */
static void
looked(struct order *o, int found)
{
	o->looks++;
	o->looked = 1;
	if (found) {
		o->absent = 0;
		o->accepted = 1;
	}
	o->next_mono = o->t->mono_ms + pause_ms(o);
	/* The look that counts comes when nothing can arrive any more. */
	if (o->look_mono < track_quiet_mono(o) &&
	    o->next_mono > track_quiet_mono(o))
		o->next_mono = track_quiet_mono(o);
}

/* The text of a decimal that is above nothing, as Bybit wrote it. */
static void
keep_price(struct order *o, const struct json *v)
{
	const char *s = json_string(v);
	struct decimal d;

	if (s != NULL && strlen(s) < sizeof(o->avg_price) &&
	    decimal_parse(&d, s, strlen(s)) == 0 && decimal_sign(d) > 0)
		memcpy(o->avg_price, s, strlen(s) + 1);
}

/* What is said of a fill: nothing, but where it is a part. */
static void
tell_part(struct order *o)
{
	char text[DECIMAL_TEXT_MAX];
	struct decimal qty;

	o->reason[0] = '\0';
	if (decimal_parse(&qty, o->qty, strlen(o->qty)) == -1 ||
	    decimal_cmp(o->filled, qty) >= 0)
		return;
	(void)decimal_format(text, o->filled);
	(void)snprintf(o->reason, sizeof(o->reason),
	    "Filled %s of %s: the rest was cancelled and is not sent again",
	    text, o->qty);
}

void
track_filled(struct order *o)
{
	alarm_unknown(o, 0);
	o->fresh = 1;
	if (o->kind != ORDER_ENTRY) {
		close_filled(o);
		return;
	}
	/* That it is being closed, and why, is what counts. */
	if (!o->undone)
		tell_part(o);
	o->ret_code = 0;
	o->state = ORDER_FILLED;
	o->step = STEP_PROTECT;
	o->fill_mono = o->t->mono_ms;
	o->need_mono = o->t->mono_ms + 1; /* a read begun after this */
	o->next_mono = 0;
	trader_note(o->t, LOG_INFO, "order filled", o, o->reason);
}

/*
 * Final without a fill.  A cancel has been reported of an order that had
 * filled (section 8.2), so the position has the last word: entry_advance.
 */
static void
unfilled(struct order *o, const char *status, const char *reject)
{
	(void)snprintf(o->reason, sizeof(o->reason), "not filled: %s%s%s",
	    status, reject[0] != '\0' ? ", " : "", reject);
	o->fresh = 1;
	if (o->kind != ORDER_ENTRY) {
		close_in_vain(o, 1);
		return;
	}
	if (strcmp(status, "Rejected") == 0) {
		trader_finish(o, ORDER_REJECTED);
		return;
	}
	o->step = STEP_REST;
	o->need_mono = o->t->mono_ms;
	o->next_mono = 0;
}

static int
is_final(const char *status)
{
	static const char *const names[] = { "Filled", "Cancelled", "Rejected",
		"Deactivated", "PartiallyFilledCanceled" };

	return WORD_FIND(status, names) != -1;
}

/* Sent by the last run: from now on it counts (F14). */
static void
count_sent(struct order *o)
{
	if (o->sent_ms != 0)
		return;
	o->sent_ms = o->t->io.bybit_now_ms(o->t->io.arg);
	o->sends = 1;
	o->state = ORDER_SENT;
	if (o->kind == ORDER_ENTRY)
		caps_sent(o->t, o);
}

/*
 * All that was asked for has filled.  What is Filled may still be less: Bybit
 * splits a reduceOnly order that is too large (section 5.1).
 */
static int
filled_whole(const struct order *o, const char *status)
{
	struct decimal qty;

	return strcmp(status, "Filled") == 0 &&
	    decimal_parse(&qty, o->qty, strlen(o->qty)) == 0 &&
	    decimal_cmp(o->filled, qty) >= 0;
}

/* The row of an order.  1 where it is ours and could be read. */
static int
take_order(struct order *o, const struct json *row)
{
	static const char *const keys[] = { "orderLinkId", "symbol", "side",
		"orderStatus", "orderId", "avgPrice", "cumExecQty",
		"rejectReason", "updatedTime" };
	const struct json *v[9];
	const char *s[4], *id, *reject;
	struct decimal done;

	json_pick(row, keys, 9, v);
	for (int i = 0; i < 4; i++) {
		s[i] = json_string(v[i]);
		if (s[i] == NULL)
			return 0;
	}
	/* A close may have been for the other side when it was sent first. */
	if (strcmp(s[0], o->link) != 0 || strcmp(s[1], o->symbol) != 0 ||
	    (o->kind == ORDER_ENTRY && strcmp(s[2], o->side) != 0))
		return 0;
	id = json_string(v[4]);
	if (id != NULL && strlen(id) < sizeof(o->order_id))
		memcpy(o->order_id, id, strlen(id) + 1);
	keep_price(o, v[5]);
	if (json_string(v[6]) == NULL || json_string(v[6])[0] == '\0')
		done = decimal_zero;
	else if (json_decimal(v[6], &done) == -1)
		return 0;
	o->filled = done;
	(void)snprintf(o->side, sizeof(o->side), "%s", s[2]);
	count_sent(o);
	o->fresh = 1;
	reject = json_string(v[7]);
	if (reject == NULL || strcmp(reject, "EC_NoError") == 0)
		reject = "";
	looked(o, 1);
	if (!is_final(s[3]))
		return 1;
	(void)json_ms(v[8], &o->done_ms);
	o->whole = filled_whole(o, s[3]);
	if (decimal_sign(done) > 0)
		track_filled(o);
	else
		unfilled(o, s[3], reject);
	return 1;
}

/* Fills alone, where neither list has the order (any more). */
static int
take_executions(struct order *o, const struct json *list)
{
	struct decimal sum = decimal_zero, qty;
	const struct json *v;

	for (v = json_first(list); v != NULL; v = json_next(v)) {
		const char *link = json_string(json_get(v, "orderLinkId"));
		const char *type = json_string(json_get(v, "execType"));

		if (link == NULL || strcmp(link, o->link) != 0 ||
		    type == NULL || strcmp(type, "Trade") != 0)
			continue;
		if (json_decimal(json_get(v, "execQty"), &qty) == -1 ||
		    decimal_add(&sum, sum, qty) == -1)
			return 0;
		keep_price(o, json_get(v, "execPrice"));
	}
	if (decimal_sign(sum) <= 0)
		return 0;
	o->filled = sum;
	o->whole = 0;
	count_sent(o);
	looked(o, 1);
	track_filled(o);
	return 1;
}

/* What a reply of one of the three tells.  1 where it found the order. */
static int
found(struct order *o, int where, const struct json *list)
{
	const struct json *v;

	if (where == 2)
		return take_executions(o, list);
	for (v = json_first(list); v != NULL; v = json_next(v))
		if (take_order(o, v))
			return 1;
	return 0;
}

static void
on_look(struct order *o, int where, const struct bybit_reply *r)
{
	const struct json *list =
	    r->class == BYBIT_OK ? json_get(r->result, "list") : NULL;

	o->busy--;
	if (o->step != STEP_TRACK)
		return;
	if (list == NULL || json_type(list) != JSON_ARRAY) {
		trader_note(o->t, LOG_DEBUG, "look-up failed", o, r->error);
		looked(o, 0);
		return;
	}
	if (found(o, where, list))
		return;
	if (json_first(list) != NULL) {
		/* Rows, and none is ours: not an answer to this question. */
		looked(o, 0);
		return;
	}
	if (where < 2) {
		look(o, where + 1);
		return;
	}
	o->absent++;
	looked(o, 0);
}

static void
on_realtime(void *arg, const struct bybit_reply *r)
{
	on_look(arg, 0, r);
}

static void
on_history(void *arg, const struct bybit_reply *r)
{
	on_look(arg, 1, r);
}

static void
on_executions(void *arg, const struct bybit_reply *r)
{
	on_look(arg, 2, r);
}

static void
look(struct order *o, int where)
{
	static void (*const done[])(void *, const struct bybit_reply *) = {
		on_realtime, on_history, on_executions
	};
	char query[128 + SYMBOL_SIZE];
	struct bybit_call c = { .method = "GET",
		.path = paths[where],
		.payload = query,
		.sign = 1,
		.done = done[where],
		.arg = o };

	if (where == 0)
		o->look_mono = o->t->mono_ms;
	c.len = (size_t)snprintf(query, sizeof(query),
	    "category=linear&symbol=%s&orderLinkId=%s", o->symbol, o->link);
	if (o->t->io.start(o->t->io.arg, &c) == 0)
		o->busy++;
	else
		looked(o, 0);
}

/* Whether the position is as it was before the order, by a read of now. */
static int
position_unchanged(struct order *o)
{
	struct slot *s = slot_of(o->t, o->symbol);
	const struct position *p;

	if (s == NULL || o->position_idx == -1)
		return 0;
	o->reading = !slot_read(s, o->send_mono + o->t->opts.recv_window_ms);
	if (o->reading)
		return 0;
	p = slot_row(s, o->position_idx);
	return p->there && decimal_cmp(p->size, o->base) == 0;
}

/*
 * Bybit's lists do not have it, or say that it did not fill; where the position
 * has grown on its side since, it did (section 8.2).  1 where it has; -1 where
 * the position must be read first.
 */
int
track_by_position(struct order *o)
{
	struct slot *s = slot_of(o->t, o->symbol);
	const struct position *p;
	struct decimal grown;

	if (s == NULL || o->position_idx == -1)
		return -1;
	o->reading = !slot_read(s, o->look_mono);
	if (o->reading)
		return -1;
	p = slot_row(s, o->position_idx);
	if (p->side != o->side[0] ||
	    decimal_sub(&grown, p->size, o->base) == -1 ||
	    decimal_sign(grown) <= 0)
		return 0;
	trader_note(o->t, LOG_WARN,
	    "no fill in the lists, but the position has grown", o, "");
	o->filled = grown;
	track_filled(o);
	return 1;
}

/*
 * One that Bybit said it has is never sent again: it is late to be seen.  The
 * rules and the halt hold for the second request as for the first.
 */
static int
may_send_again(const struct order *o)
{
	const struct trader *t = o->t;
	struct buf errors;
	int fine;

	if (o->sends != 1 || o->order_id[0] != '\0' || o->ret_code != 0 ||
	    o->doomed || o->undone || t->stopping || t->blocked ||
	    t->opts.dry_run)
		return 0;
	buf_init(&errors, 1u << 16);
	check_entry(o, &errors);
	fine = errors.len == 0 && buf_failed(&errors) == 0;
	buf_release(&errors);
	return fine;
}

/* What stands at the place of an entry for others of our entries. */
static struct decimal
of_others(const struct order *o)
{
	struct decimal sum = decimal_zero;

	for (const struct order *e = o->t->orders; e != NULL; e = e->next)
		if (e != o && e->kind == ORDER_ENTRY && !order_final(e) &&
		    e->position_idx == o->position_idx &&
		    strcmp(e->symbol, o->symbol) == 0)
			(void)decimal_add(&sum, sum, e->filled);
	return sum;
}

/*
 * No list has what the last run perhaps sent; but there is more of a position
 * on its side than is known of, which may be its own (F04).
 */
static int
may_stand(struct order *o)
{
	struct slot *s = slot_of(o->t, o->symbol);
	const struct position *p;

	if (s == NULL || o->position_idx == -1)
		return 0;
	o->reading = !slot_read(s, o->look_mono);
	if (o->reading)
		return 1;
	p = slot_row(s, o->position_idx);
	if (p->side != o->side[0] || decimal_cmp(p->size, o->base) <= 0 ||
	    decimal_cmp(p->size, of_others(o)) <= 0)
		return 0;
	alarm_unknown(o, 1);
	return 1;
}

static void
lost(struct order *o)
{
	(void)snprintf(o->reason, sizeof(o->reason),
	    "no trace of order %s for %d s: look at Bybit whether it is there",
	    o->link, ABSENT_MS / 1000);
	trader_halt(o->t, o->reason);
	trader_finish(o, ORDER_FAILED);
}

/* Nowhere found, again and again: once more with the same id, or lost. */
static void
judge_absence(struct order *o)
{
	struct trader *t = o->t;
	int64_t quiet = t->mono_ms - o->send_mono;

	if (o->kind != ORDER_ENTRY) {
		if (o->absent < (o->sends > 0 ? ABSENT_CLOSE : 1))
			return;
		if (o->used_mono != 0 &&
		    t->mono_ms - o->used_mono >=
			t->opts.recv_window_ms + MARGIN_MS) {
			/* Its link id is used up, by one that is nowhere. */
			close_in_vain(o, 1);
			return;
		}
		/* The same reduceOnly order once more does no harm. */
		o->step = STEP_WAIT;
		o->perhaps = 0;
		o->need_mono = t->mono_ms;
		if (o->sends > 0)
			close_back_off(o);
		return;
	}
	if (o->absent < ABSENT_MIN || o->look_mono < track_quiet_mono(o))
		return;
	if (o->sends == 0 && !may_stand(o)) {
		/* The last run did not send it after all. */
		o->perhaps = 0;
		o->step = STEP_WAIT;
		o->next_mono = 0;
		return;
	}
	if (o->sends == 0) {
		if (!o->reading && quiet >= ABSENT_MS)
			lost(o);
		return;
	}
	if (may_send_again(o) && position_unchanged(o)) {
		trader_note(t, LOG_WARN,
		    "no trace of the order, sending it again with the same id",
		    o, "");
		send_order(o);
		return;
	}
	if ((quiet < ABSENT_MS && o->ret_code == 0) ||
	    track_by_position(o) != 0)
		return;
	if (o->ret_code != 0)
		trader_finish(o, ORDER_REJECTED);
	else
		lost(o);
}

void
track_advance(struct order *o)
{
	struct trader *t = o->t;

	if (o->busy > 0)
		return;
	/* Once a look, and where one has to wait for the position. */
	if (o->judged != o->looks || o->reading)
		judge_absence(o);
	o->judged = o->looks;
	if (o->step != STEP_TRACK || t->mono_ms < o->next_mono)
		return;
	if (o->sends > 0 &&
	    t->mono_ms - o->send_mono > (o->accepted ? ABSENT_MS : ALARM_MS))
		alarm_unknown(o, 1);
	look(o, 0);
}
