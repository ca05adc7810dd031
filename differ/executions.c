#include "differ/executions.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "differ/array.h"
#include "differ/differ.h"
#include "differ/exits.h"
#include "differ/read.h"
#include "differ/records.h"

/* Why the order of an execution closed; REASON_NONE where it says nothing. */
static enum reason
execution_reason(const struct json *v)
{
	static const struct {
		const char *name;
		enum reason reason;
	} stops[] = {
		{ "StopLoss", REASON_STOP_LOSS },
		{ "PartialStopLoss", REASON_STOP_LOSS },
		{ "TrailingStop", REASON_STOP_LOSS },
		{ "TakeProfit", REASON_TAKE_PROFIT },
		{ "PartialTakeProfit", REASON_TAKE_PROFIT },
	};
	const char *type = read_string(v, "execType", "");
	const char *stop = read_string(v, "stopOrderType", "");
	const char *create = read_string(v, "createType", "");

	if (strncmp(create, "CreateBy", 8) == 0)
		create += 8;
	if (strcmp(type, "BustTrade") == 0 || strncmp(create, "Liq", 3) == 0 ||
	    strncmp(create, "TakeOver", 8) == 0)
		return REASON_LIQUIDATION;
	if (strcmp(type, "AdlTrade") == 0 || strncmp(create, "Adl", 3) == 0)
		return REASON_ADL;
	if (strcmp(type, "Settle") == 0 || strcmp(type, "Delivery") == 0 ||
	    strcmp(type, "SessionSettlePnL") == 0 ||
	    strncmp(create, "Settle", 6) == 0)
		return REASON_SETTLEMENT;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (strcmp(stop, stops[i].name) == 0 ||
		    strcmp(create, stops[i].name) == 0)
			return stops[i].reason;
	return strcmp(type, "Trade") == 0 ? REASON_TRADE : REASON_NONE;
}

/* What is known of the orders behind a line's executions. */
struct orders {
	struct record **v;
	size_t n, cap;
};

/* That of an execution; its fills are counted anew.  NULL: see differ_failed.
 */
static struct record *
order_of(struct differ *d, struct orders *o, const struct record *like)
{
	struct record **v, *r;

	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->v[i]->order_id, like->order_id) == 0 &&
		    strcmp(o->v[i]->symbol, like->symbol) == 0)
			return o->v[i];
	v = array_room(o->v, &o->cap, o->n + 1, sizeof(struct record *));
	if (v == NULL) {
		d->error = "out of memory";
		return NULL;
	}
	o->v = v;
	r = record_look_up(d, like);
	if (r == NULL)
		return NULL;
	r->filled = decimal_zero;
	o->v[o->n++] = r;
	return r;
}

static void
take_execution(
    struct record *r, const struct json *v, int64_t time, enum reason reason)
{
	struct decimal closed;
	int64_t seq;

	if (!r->known)
		r->time = time;
	if (r->reason == REASON_NONE || reason != REASON_TRADE)
		r->reason = reason;
	if (read_positive(v, "closedSize", &closed) == -1)
		return; /* the part of a reversing order that opens */
	sum_add(&r->filled, closed);
	if (r->begin == 0 || time < r->begin)
		r->begin = time;
	if (json_int(json_get(v, "seq"), 1, INT64_MAX, &seq) == 0 &&
	    seq > r->seq)
		r->seq = seq;
}

void
executions_take(struct differ *d, const struct account *a, enum category c,
    const struct json *list)
{
	struct orders o = { 0 };

	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v)) {
		struct record like = { .account = a, .category = c };
		enum reason reason = execution_reason(v);
		struct record *r;

		if (reason == REASON_NONE ||
		    read_copy(v, "symbol", like.symbol, SYMBOL_SIZE) == -1 ||
		    read_copy(v, "orderId", like.order_id, ORDER_ID_SIZE) ==
			-1 ||
		    read_ms(v, "execTime", &like.time) == -1)
			continue;
		r = order_of(d, &o, &like);
		if (r == NULL)
			break;
		take_execution(r, v, like.time, reason);
	}
	for (size_t i = 0; i < o.n; i++) {
		record_save(d, o.v[i]);
		record_put_back(d, o.v[i]);
	}
	free(o.v);
}
