/* send: order/create, and what its reply means (section 8.3, F01, F65). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/killpoint.h"
#include "trader/internal.h"

#define BODY_MAX 1024
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS 8000
#define HELD_MS 1000 /* a halt that comes meanwhile is seen after that */

static void
put_body(struct buf *b, const struct order *o)
{
	json_open_object(b, NULL);
	json_put_string(b, "category", "linear");
	json_put_string(b, "symbol", o->symbol);
	json_put_string(b, "side", o->side);
	json_put_string(b, "orderType", "Market");
	json_put_string(b, "qty", o->qty);
	json_put_int(b, "positionIdx", o->position_idx);
	json_put_string(b, "orderLinkId", o->link);
	if (o->kind == ORDER_ENTRY) {
		/* The stop goes with the order, never after it (F05). */
		json_put_string(b, "stopLoss", o->stop_loss);
		json_put_string(b, "slTriggerBy", "MarkPrice");
		if (o->take_profit[0] != '\0') {
			json_put_string(b, "takeProfit", o->take_profit);
			json_put_string(b, "tpTriggerBy", "MarkPrice");
		}
		json_put_string(b, "tpslMode", "Full");
	} else {
		/* Never larger than what is there, and no stop fields (F64). */
		json_put_bool(b, "reduceOnly", 1);
	}
	json_close_object(b);
}

/* It certainly had no effect: once more, later, as long as it is wanted. */
static void
try_later(struct order *o, const struct bybit_reply *r)
{
	o->sends--;
	trader_note(
	    o->t, LOG_WARN, "order not taken, trying again", o, r->error);
	o->next_mono = o->t->mono_ms +
	    trader_back_off(BACKOFF_FIRST_MS, BACKOFF_MAX_MS, o->retries++);
	o->step = STEP_WAIT;
	/* An earlier one may have gone through: it is asked for. */
	if (o->kind == ORDER_ENTRY && (o->sends > 0 || o->maybe))
		track_start(o, 0);
}

void
send_halt(struct trader *t, const struct bybit_reply *r)
{
	if (r->class == BYBIT_FATAL && r->code < 100000 && r->code != 10029)
		trader_halt(t, r->error);
}

static void
rejected(struct order *o, const struct bybit_reply *r)
{
	(void)snprintf(o->reason, sizeof(o->reason), "%s", r->error);
	o->ret_code = r->code;
	trader_note(o->t, LOG_WARN, "order refused", o, r->error);
	send_halt(o->t, r);
	if (o->kind != ORDER_ENTRY) {
		close_in_vain(o, 0);
		return;
	}
	/* Mode and account do not fit: read it again before the next (F63). */
	if (r->code == 10001 && strstr(r->error, "position idx") != NULL)
		slot_forget_mode(slot_of(o->t, o->symbol));
	/* An earlier send may have gone through all the same. */
	if (o->sends > 1 || o->maybe) {
		track_start(o, 0);
		return;
	}
	trader_finish(o, ORDER_REJECTED);
}

static void
on_create(void *arg, const struct bybit_reply *r)
{
	struct order *o = arg;
	const char *id;

	kill_point("K8");
	o->busy--;
	o->fresh = 1;
	if (r->class == BYBIT_OK) {
		id = json_string(json_get(r->result, "orderId"));
		if (id != NULL && strlen(id) < sizeof(o->order_id))
			memcpy(o->order_id, id, strlen(id) + 1);
		o->ret_code = 0;
		trader_note(o->t, LOG_INFO, "order accepted", o, "");
		track_start(o, 1);
	} else if (r->ambiguous || r->class == BYBIT_DONE || r->code == 10014) {
		/* Perhaps there, or there already (F60): Bybit is asked. */
		trader_note(o->t, LOG_WARN,
		    r->class == BYBIT_DONE ? "order is there already"
					   : "outcome unknown, asking",
		    o, r->error);
		/* It may have been held back: the window begins here. */
		o->send_mono = o->t->mono_ms;
		if (r->class == BYBIT_DONE && o->used_mono == 0)
			o->used_mono = o->t->mono_ms;
		track_start(o, r->class == BYBIT_DONE);
	} else if (r->class == BYBIT_RETRY || r->class == BYBIT_AGAIN ||
	    r->class == BYBIT_BANNED) {
		try_later(o, r);
	} else {
		rejected(o, r);
	}
}

/* Where a rate limit holds it back: it is held against the limits once more. */
static int64_t
entry_until(const struct order *o)
{
	int64_t left = o->expires_ms - o->t->wall_ms;

	return o->t->mono_ms + (left < HELD_MS ? left : HELD_MS);
}

void
send_order(struct order *o)
{
	struct trader *t = o->t;
	struct bybit_call c = { .method = "POST",
		.path = "/v5/order/create",
		.sign = 1,
		.done = on_create,
		.arg = o };
	struct buf body;

	kill_point("K6");
	buf_init(&body, BODY_MAX);
	put_body(&body, o);
	c.payload = buf_cstr(&body);
	c.len = body.len;
	if (o->kind == ORDER_ENTRY)
		c.until_mono_ms = entry_until(o);
	if (c.payload == NULL || t->io.start(t->io.arg, &c) == -1) {
		o->next_mono = t->mono_ms + BACKOFF_FIRST_MS;
		buf_release(&body);
		return;
	}
	buf_release(&body);
	o->busy++;
	o->sends++;
	o->send_mono = t->mono_ms;
	if (o->sent_ms == 0) {
		o->sent_ms = t->io.bybit_now_ms(t->io.arg);
		if (o->kind == ORDER_ENTRY)
			caps_sent(t, o);
	}
	o->state = ORDER_SENT;
	o->step = STEP_SEND;
	o->fresh = 1;
	o->say_sent = 1;
}
