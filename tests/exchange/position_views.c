#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/exchange/calc.h"
#include "tests/exchange/views.h"

#define MAINTENANCE "0.005"
#define TAKER "0.00055"

/* Where a close would bring nothing and cost nothing, fees and all. */
static struct decimal
break_even(const struct holding *h, int inverse)
{
	const struct decimal one = decimal_from_int(1);
	const int up = (h->side == SIDE_BUY) == !inverse;
	struct decimal factor = calc_of(TAKER), value;

	value = up ? calc_add(h->value, h->open_fees)
		   : calc_sub(h->value, h->open_fees);
	if (inverse) {
		factor = h->side == SIDE_BUY ? calc_add(one, factor)
					     : calc_sub(one, factor);
		value = h->side == SIDE_BUY ? calc_sub(h->value, h->open_fees)
					    : calc_add(h->value, h->open_fees);
		return calc_div(calc_mul(h->size, factor), value);
	}
	factor = up ? calc_sub(one, factor) : calc_add(one, factor);
	return calc_div(value, calc_mul(h->size, factor));
}

/* An estimate, as if the margin were isolated. */
static struct decimal
liquidation_price(const struct instrument *i, const struct holding *h)
{
	const struct decimal one = decimal_from_int(1);
	const int inverse = i->category == CATEGORY_INVERSE;
	struct decimal average = holding_average(h, inverse), room, factor;

	room = calc_sub(calc_div(one, i->leverage[h->side == SIDE_SELL]),
	    calc_of(MAINTENANCE));
	if (inverse) {
		factor = h->side == SIDE_BUY ? calc_add(one, room)
					     : calc_sub(one, room);
		average = calc_div(average, factor);
	} else {
		factor = h->side == SIDE_BUY ? calc_sub(one, room)
					     : calc_add(one, room);
		average = calc_mul(average, factor);
	}
	return calc_near(average, i->tick);
}

/* What a position has that is open. */
static void
put_open(struct buf *b, const struct instrument *i, const struct holding *h)
{
	const int inverse = i->category == CATEGORY_INVERSE;
	struct decimal margin = holding_margin(i, h);
	struct decimal maintenance = calc_mul(h->value, calc_of(MAINTENANCE));
	struct decimal liquidation = liquidation_price(i, h);

	put_money(b, "avgPrice", holding_average(h, inverse));
	put_money(b, "positionValue", h->value);
	put_money(b, "positionBalance", margin);
	json_put_decimal(b, "markPrice", i->price);
	put_level(b, "liqPrice",
	    decimal_cmp(liquidation, i->min_price) > 0 &&
		    decimal_cmp(liquidation, i->max_price) < 0
		? liquidation
		: decimal_zero);
	put_money(b, "positionIM", margin);
	put_money(b, "positionIMByMp", margin);
	put_money(b, "positionMM", maintenance);
	put_money(b, "positionMMByMp", maintenance);
	put_level(b, "takeProfit", h->take_profit);
	put_level(b, "stopLoss", h->stop_loss);
	json_put_string(b, "trailingStop", "0");
	put_money(b, "unrealisedPnl", holding_unrealised(h, inverse, i->price));
	put_money(b, "breakEvenPrice", break_even(h, inverse));
}

/* The same keys for a flat one: zeros, or nothing if it was never traded. */
static void
put_flat(struct buf *b, const struct instrument *i, int traded)
{
	static const char *const keys[] = { "avgPrice", "positionValue",
		"positionBalance", "positionIM", "positionIMByMp", "positionMM",
		"positionMMByMp", "takeProfit", "stopLoss", "trailingStop",
		"unrealisedPnl", "breakEvenPrice" };

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		json_put_string(b, keys[k], traded ? "0" : "");
	json_put_string(b, "liqPrice", "");
	if (traded)
		json_put_decimal(b, "markPrice", i->price);
	else
		json_put_string(b, "markPrice", "");
}

void
put_position(
    struct buf *b, const struct instrument *i, int idx, const struct holding *h)
{
	const int traded = h->seq != -1, open = h->side != SIDE_NONE;

	json_open_object(b, NULL);
	json_put_string(b, "symbol", i->symbol);
	json_put_int(b, "positionIdx", idx);
	json_put_string(b, "side", side_name(h->side));
	json_put_decimal(b, "size", h->size);
	json_put_string(b, "positionStatus", traded ? h->status : "");
	json_put_decimal(b, "leverage", i->leverage[h->side == SIDE_SELL]);
	if (open)
		put_open(b, i, h);
	else
		put_flat(b, i, traded);
	if (traded) {
		put_money(b, "curRealisedPnl", h->realised);
		put_money(b, "cumRealisedPnl", h->realised_ever);
		put_ms(b, "createdTime", h->created_ms);
		put_ms(b, "updatedTime", h->updated_ms);
	} else {
		json_put_string(b, "curRealisedPnl", "");
		json_put_string(b, "cumRealisedPnl", "");
		json_put_string(b, "createdTime", "");
		json_put_string(b, "updatedTime", "");
	}
	json_put_int(b, "openTime", h->opened_ms);
	json_put_int(b, "seq", h->seq);
	json_put_string(b, "tpslMode", traded ? "Full" : "");
	json_put_string(b, "sessionAvgPrice", "");
	json_put_string(b, "bustPrice", "");
	json_put_int(b, "riskId", 1);
	json_put_decimal(b, "riskLimitValue", i->risk_limit);
	json_put_int(b, "tradeMode", 0);
	json_put_int(b, "autoAddMargin", 0);
	json_put_int(b, "adlRankIndicator", open ? 2 : 0);
	json_put_bool(b, "isReduceOnly", 0);
	json_put_string(b, "mmrSysUpdatedTime", "");
	json_put_string(b, "leverageSysUpdatedTime", "");
	json_close_object(b);
}

/* A row of the list: which one, and as it was when it is looked at. */
struct row {
	const struct instrument *i;
	int idx;
	const struct holding *h;
};

struct rows {
	struct row *list;
	size_t n, cap;
};

/* Sorted by symbol and positionIdx. */
static void
collect(const struct exchange *x, const struct scope *s, int64_t at_ms,
    struct rows *rows)
{
	for (size_t k = 0; k < x->market.n; k++) {
		const struct instrument *i = &x->market.list[k];

		if (!scope_has(s, i))
			continue;
		for (int idx = 0; idx < 3; idx++) {
			const struct holding *h =
			    position_at(&i->positions[idx], at_ms);
			const int mode_has = i->hedge == (idx != 0);

			if (h->side == SIDE_NONE &&
			    (s->inst == NULL || !mode_has))
				continue;
			rows->list = calc_grow(rows->list, rows->n, &rows->cap,
			    sizeof(*rows->list));
			rows->list[rows->n++] =
			    (struct row){ .i = i, .idx = idx, .h = h };
		}
	}
}

/* The first row behind "SYMBOL,updatedTime,idx"; -1: that is no cursor. */
static int
behind(const struct rows *rows, const char *cursor, size_t *first)
{
	const char *comma = strchr(cursor, ',');
	const char *last = strrchr(cursor, ',');
	size_t len, k;
	int way, idx;

	if (comma == NULL || last == comma || last[1] < '0' || last[1] > '2' ||
	    last[2] != '\0')
		return -1;
	idx = last[1] - '0';
	len = (size_t)(comma - cursor);
	for (k = 0; k < rows->n; k++) {
		const char *symbol = rows->list[k].i->symbol;

		way = strncmp(symbol, cursor, len);
		if (way == 0 && symbol[len] != '\0')
			way = 1;
		if (way > 0 || (way == 0 && rows->list[k].idx > idx))
			break;
	}
	*first = k;
	return 0;
}

static void
put_rows(struct buf *b, const struct rows *rows, size_t first, size_t end)
{
	const struct row *last;
	char text[64] = "";

	json_open_array(b, "list");
	for (size_t k = first; k < end; k++)
		put_position(
		    b, rows->list[k].i, rows->list[k].idx, rows->list[k].h);
	json_close_array(b);
	/* Not empty on the last page either: as on a unified account. */
	if (end > first) {
		last = &rows->list[end - 1];
		(void)snprintf(text, sizeof(text), "%s,%" PRId64 ",%d",
		    last->i->symbol, last->h->updated_ms, last->idx);
	}
	put_cursor(b, text);
}

int
view_positions(struct exchange *x, struct request *r, struct reply *rep)
{
	const int64_t now_ms = x->account.now_ms;
	const char *cursor = request_text(r, "cursor");
	int64_t late_ms = x->account.lag.position_ms;
	struct rows rows = { 0 };
	size_t limit, first = 0;
	struct scope s;
	int status = 0;

	if (query_scope(x, r, SCOPE_OPTION, &s, rep) == -1 ||
	    query_limit(x, r, 20, 200, &limit, rep) == -1)
		return -1;
	if (!s.none && s.category == CATEGORY_LINEAR && s.inst == NULL &&
	    s.settle == NULL)
		return reply_refuse(rep, now_ms, CODE_PARAMS,
		    "Missing some parameters that must be filled in, symbol "
		    "or settleCoin");
	if (r->stale_ms > late_ms)
		late_ms = r->stale_ms;
	if (!r->empty_list)
		collect(x, &s, x->account.turn_ms - late_ms, &rows);
	if (cursor != NULL && behind(&rows, cursor, &first) == -1) {
		status = reply_refuse(
		    rep, now_ms, CODE_PARAMS, "params error: cursor invalid");
	} else {
		json_put_string(&rep->body, "category", s.name);
		put_rows(&rep->body, &rows, first,
		    rows.n - first > limit ? first + limit : rows.n);
	}
	free(rows.list);
	return status;
}

static struct decimal
average(const struct instrument *i, struct decimal qty, struct decimal value)
{
	return i->category == CATEGORY_INVERSE ? calc_div(qty, value)
					       : calc_div(value, qty);
}

static void
put_closed(struct buf *b, const struct closed_row *c)
{
	const struct order *o = c->order;
	const struct instrument *i = o->t.inst;
	const struct closed_sum *sum = &c->sum;

	json_open_object(b, NULL);
	json_put_string(b, "symbol", i->symbol);
	json_put_string(b, "orderId", o->id);
	json_put_string(b, "side", side_name(o->t.side));
	json_put_decimal(b, "qty", o->t.qty);
	json_put_decimal(b, "orderPrice", order_price(o));
	json_put_string(
	    b, "orderType", o->t.type == TYPE_LIMIT ? "Limit" : "Market");
	/* AdlTrade is none of the documented kinds here. */
	json_put_string(b, "execType",
	    o->t.origin == FROM_LIQUIDATION ? "BustTrade" : "Trade");
	json_put_decimal(b, "closedSize", sum->qty);
	put_money(b, "cumEntryValue", sum->entry_value);
	put_money(b, "avgEntryPrice", average(i, sum->qty, sum->entry_value));
	put_money(b, "cumExitValue", sum->exit_value);
	put_money(b, "avgExitPrice", average(i, sum->qty, sum->exit_value));
	put_money(b, "closedPnl",
	    calc_sub(calc_sub(sum->profit, sum->open_fee), sum->close_fee));
	put_money(b, "openFee", sum->open_fee);
	put_money(b, "closeFee", sum->close_fee);
	put_ms(b, "fillCount", c->fills);
	json_put_decimal(b, "leverage", o->leverage);
	put_ms(b, "createdTime", o->created_ms);
	put_ms(b, "updatedTime", c->time_ms);
	json_close_object(b);
}

static void
closed_cursor(const void *row, char out[128])
{
	const struct closed_row *c = row;

	(void)snprintf(
	    out, 128, "%s:%" PRId64 "000000", c->order->id, c->time_ms);
}

int
view_closed(struct exchange *x, struct request *r, struct reply *rep)
{
	const struct account *a = &x->account;
	struct page p = { 0 };
	int64_t from_ms, to_ms;
	struct scope s;
	size_t limit;
	int failed;

	if (query_scope(x, r, 0, &s, rep) == -1 ||
	    query_times(x, r, &from_ms, &to_ms, rep) == -1 ||
	    query_limit(x, r, 50, 100, &limit, rep) == -1)
		return -1;
	for (size_t k = a->nclosed; k > 0; k--) {
		const struct closed_row *c = &a->closed[k - 1];

		if (!r->empty_list && !a->hide_closed &&
		    c->visible_ms <= a->turn_ms && c->time_ms >= from_ms &&
		    c->time_ms <= to_ms && scope_has(&s, c->order->t.inst))
			page_add(&p, c);
	}
	failed = page_cut(x, &p, r, limit, closed_cursor, rep);
	if (failed == 0) {
		json_put_string(&rep->body, "category", s.name);
		json_open_array(&rep->body, "list");
		for (size_t k = p.first; k < p.end; k++)
			put_closed(&rep->body, p.rows[k]);
		json_close_array(&rep->body);
		page_put_cursor(&rep->body, &p, closed_cursor);
	}
	page_release(&p);
	return failed;
}
