#include "tests/exchange/position.h"

#include <stdlib.h>
#include <string.h>

#include "tests/exchange/calc.h"

static const char *const side_names[] = {
	[SIDE_NONE] = "",
	[SIDE_BUY] = "Buy",
	[SIDE_SELL] = "Sell",
};

const char *
side_name(enum side s)
{
	return side_names[s];
}

enum side
side_parse(const char *s)
{
	if (s != NULL && strcmp(s, "Buy") == 0)
		return SIDE_BUY;
	if (s != NULL && strcmp(s, "Sell") == 0)
		return SIDE_SELL;
	return SIDE_NONE;
}

enum side
side_other(enum side s)
{
	return s == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
}

void
position_init(struct position *p)
{
	*p = (struct position){ .now = { .status = "Normal", .seq = -1 } };
	position_keep(p, 0);
}

void
position_release(struct position *p)
{
	free(p->past);
	p->past = NULL;
	p->n = p->cap = 0;
}

void
position_keep(struct position *p, int64_t ms)
{
	p->past = calc_grow(p->past, p->n, &p->cap, sizeof(*p->past));
	p->past[p->n++] = (struct version){ .ms = ms, .h = p->now };
}

const struct holding *
position_at(const struct position *p, int64_t ms)
{
	size_t i = p->n;

	while (i > 1 && p->past[i - 1].ms > ms)
		i--;
	return &p->past[i - 1].h;
}

struct decimal
contract_value(int inverse, struct decimal qty, struct decimal price)
{
	return inverse ? calc_div(qty, price) : calc_mul(qty, price);
}

struct decimal
holding_average(const struct holding *h, int inverse)
{
	if (h->side == SIDE_NONE)
		return decimal_zero;
	return inverse ? calc_div(h->size, h->value)
		       : calc_div(h->value, h->size);
}

/* What it brings to leave at exit_value what was entered at entry_value. */
static struct decimal
profit(enum side side, int inverse, struct decimal entry_value,
    struct decimal exit_value)
{
	struct decimal d = calc_sub(exit_value, entry_value);

	return (side == SIDE_BUY) == !inverse ? d : decimal_neg(d);
}

struct decimal
holding_unrealised(const struct holding *h, int inverse, struct decimal price)
{
	if (h->side == SIDE_NONE)
		return decimal_zero;
	return calc_money(profit(h->side, inverse, h->value,
	    contract_value(inverse, h->size, price)));
}

/* Flat now: what was of this position goes, what it brought stays. */
static void
go_flat(struct holding *h)
{
	h->side = SIDE_NONE;
	h->size = h->value = h->open_fees = decimal_zero;
	h->stop_loss = h->take_profit = decimal_zero;
	h->stop_by[0] = h->profit_by[0] = '\0';
	h->opened_ms = 0;
	memcpy(h->status, "Normal", sizeof("Normal"));
}

struct decimal
holding_fill(struct holding *h, int inverse, enum side side, struct decimal qty,
    struct decimal price, struct decimal fee, int64_t now_ms, struct closing *c)
{
	struct decimal value = contract_value(inverse, qty, price);
	struct decimal opened = qty, gain = decimal_zero, value_left = value;
	struct decimal fee_left = fee;

	*c = (struct closing){ 0 };
	if (h->side != SIDE_NONE && h->side != side) {
		c->qty = calc_min(qty, h->size);
		c->entry_value = calc_share(h->value, c->qty, h->size);
		c->exit_value = calc_share(value, c->qty, qty);
		c->open_fee =
		    calc_money(calc_share(h->open_fees, c->qty, h->size));
		c->close_fee = calc_money(calc_share(fee, c->qty, qty));
		c->profit = calc_money(
		    profit(h->side, inverse, c->entry_value, c->exit_value));
		gain = calc_sub(c->profit, c->close_fee);

		opened = calc_sub(qty, c->qty);
		value_left = calc_sub(value, c->exit_value);
		fee_left = calc_sub(fee, c->close_fee);
		h->size = calc_sub(h->size, c->qty);
		h->value = calc_sub(h->value, c->entry_value);
		h->open_fees = calc_sub(h->open_fees, c->open_fee);
		h->realised = calc_add(h->realised, gain);
		h->realised_ever = calc_add(h->realised_ever, gain);
		if (decimal_sign(h->size) == 0)
			go_flat(h);
	}
	if (decimal_sign(opened) > 0) {
		if (h->side == SIDE_NONE) {
			h->realised = decimal_zero;
			h->opened_ms = now_ms;
		}
		h->side = side;
		h->size = calc_add(h->size, opened);
		h->value = calc_add(h->value, value_left);
		h->open_fees = calc_add(h->open_fees, fee_left);
		h->realised = calc_sub(h->realised, fee_left);
		h->realised_ever = calc_sub(h->realised_ever, fee_left);
		gain = calc_sub(gain, fee_left);
	}
	if (h->created_ms == 0)
		h->created_ms = now_ms;
	h->updated_ms = now_ms;
	return gain;
}
