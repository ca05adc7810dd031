#include <string.h>

#include "tests/exchange/account.h"
#include "tests/exchange/calc.h"

static int
stands_for(const struct order *o, const struct instrument *i, int idx,
    enum order_origin origin)
{
	return o->status == ORDER_UNTRIGGERED && o->t.inst == i &&
	    o->t.idx == idx && o->t.origin == origin;
}

static struct order *
find_stop(struct account *a, const struct instrument *i, int idx,
    enum order_origin origin)
{
	for (size_t k = a->norders; k > 0; k--)
		if (stands_for(a->orders[k - 1], i, idx, origin))
			return a->orders[k - 1];
	return NULL;
}

size_t
stops_count(const struct account *a, const struct instrument *i)
{
	size_t n = 0;

	for (size_t k = 0; k < a->norders; k++)
		n += a->orders[k]->status == ORDER_UNTRIGGERED &&
		    a->orders[k]->t.inst == i;
	return n;
}

/* Make, move or take away the order that stands for one level. */
static void
set_level(struct account *a, struct instrument *i, int idx,
    enum order_origin origin, struct decimal level, const char *parent_link)
{
	const struct holding *h = &i->positions[idx].now;
	struct order *o = find_stop(a, i, idx, origin);
	const int falls = (h->side == SIDE_BUY) == (origin == FROM_STOP_LOSS);
	struct ticket t = {
		.inst = i,
		.side = side_other(h->side),
		.idx = idx,
		.type = TYPE_MARKET,
		.tif = TIF_IOC,
		.origin = origin,
		.qty = h->size,
		.trigger = level,
		.direction = falls ? 2 : 1,
		.reduce_only = 1,
		.close_on_trigger = 1,
	};

	if (decimal_sign(level) == 0) {
		if (o != NULL)
			order_cancel(a, o, "CancelByUser");
	} else if (o == NULL) {
		o = order_new(a, &t);
		memcpy(o->parent_link, parent_link, strlen(parent_link) + 1);
	} else if (decimal_cmp(o->t.trigger, level) != 0) {
		o->t.trigger = level;
		o->updated_ms = a->now_ms;
	}
}

void
stops_set(struct account *a, struct instrument *i, int idx,
    struct decimal stop_loss, struct decimal take_profit, const char *stop_by,
    const char *profit_by, const char *parent_link)
{
	struct position *p = &i->positions[idx];

	set_level(a, i, idx, FROM_STOP_LOSS, stop_loss, parent_link);
	set_level(a, i, idx, FROM_TAKE_PROFIT, take_profit, parent_link);
	p->now.stop_loss = stop_loss;
	p->now.take_profit = take_profit;
	memmove(p->now.stop_by, stop_by, strlen(stop_by) + 1);
	memmove(p->now.profit_by, profit_by, strlen(profit_by) + 1);
	p->now.updated_ms = a->now_ms;
	account_keep(a, p);
}

void
stops_clear(struct account *a, struct instrument *i, int idx)
{
	for (size_t k = 0; k < a->norders; k++) {
		struct order *o = a->orders[k];

		if (stands_for(o, i, idx, FROM_STOP_LOSS) ||
		    stands_for(o, i, idx, FROM_TAKE_PROFIT))
			order_cancel(a, o, "CancelByTpSlTsClear");
	}
}

/* Where an order wakes up, coming from price: 1 and *at, or 0. */
static int
wakes(const struct order *o, struct decimal price, struct decimal *at)
{
	int rises;

	if (o->status == ORDER_UNTRIGGERED) {
		rises = o->t.direction == 1;
		*at = o->t.trigger;
	} else if (o->status == ORDER_NEW && o->t.type == TYPE_LIMIT &&
	    o->match_ms == 0) {
		rises = o->t.side == SIDE_SELL;
		*at = o->t.price;
	} else {
		return 0;
	}
	return rises ? decimal_cmp(price, *at) >= 0
		     : decimal_cmp(price, *at) <= 0;
}

/* The order on i that the way to `to` meets first. */
static struct order *
first_met(const struct account *a, const struct instrument *i,
    struct decimal to, struct decimal *at)
{
	struct order *first = NULL;
	struct decimal here, way, least = decimal_zero;

	for (size_t k = 0; k < a->norders; k++) {
		struct order *o = a->orders[k];

		if (o->t.inst != i || !order_active(o) || !wakes(o, to, &here))
			continue;
		way = decimal_abs(calc_sub(here, i->price));
		if (first == NULL || decimal_cmp(way, least) < 0) {
			first = o;
			least = way;
			*at = here;
		}
	}
	return first;
}

void
price_move(
    struct account *a, struct instrument *i, struct decimal to, int jumps)
{
	struct decimal at;
	struct order *o;

	if (jumps)
		market_set_price(i, to);
	while ((o = first_met(a, i, to, &at)) != NULL) {
		if (!jumps)
			market_set_price(i, at);
		if (o->status == ORDER_NEW) {
			order_fill_at(a, o, o->t.price, 1);
			continue;
		}
		o->status = ORDER_NEW;
		if (o->t.origin != FROM_CONDITION)
			o->t.qty = order_position(o)->now.size;
		order_match(a, o);
	}
	market_set_price(i, to);
}
