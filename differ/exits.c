#include "differ/exits.h"

#include <string.h>

int
value_fits(struct decimal d)
{
	return decimal_cmp(decimal_abs(d), decimal_from_int(VALUE_MAX)) <= 0;
}

void
sum_add(struct decimal *a, struct decimal b)
{
	(void)decimal_add(a, *a, b);
}

void
sum_sub(struct decimal *a, struct decimal b)
{
	(void)decimal_sub(a, *a, b);
}

int
exits_weight(struct decimal *out, enum category c, struct decimal size,
    struct decimal price)
{
	struct decimal w;

	if (decimal_sign(price) <= 0)
		return -1;
	if (c == CATEGORY_INVERSE) {
		if (decimal_div(&w, size, price, DECIMAL_HALF_UP) == -1)
			return -1;
	} else if (decimal_mul(&w, size, price, DECIMAL_HALF_UP) == -1)
		return -1;
	if (!value_fits(w))
		return -1;
	*out = w;
	return 0;
}

/* part/whole of value; all of it where the division cannot be done. */
static struct decimal
share(struct decimal value, struct decimal part, struct decimal whole)
{
	struct decimal quotient, out;

	if (decimal_cmp(part, whole) >= 0)
		return value;
	if (decimal_mul(&out, value, part, DECIMAL_HALF_UP) == 0 &&
	    decimal_div(&out, out, whole, DECIMAL_HALF_UP) == 0)
		return out;
	if (decimal_div(&quotient, part, whole, DECIMAL_HALF_UP) == 0 &&
	    decimal_mul(&out, value, quotient, DECIMAL_HALF_UP) == 0)
		return out;
	return value;
}

void
record_split(struct record *r, struct decimal qty, struct exits *part)
{
	memset(part, 0, sizeof(*part));
	if (decimal_cmp(qty, r->left) > 0)
		qty = r->left;
	part->qty = qty;
	part->pnl = share(r->left_pnl, qty, r->left);
	part->weight = share(r->left_weight, qty, r->left);
	part->cost = share(r->left_cost, qty, r->left);
	part->price = r->left_exit;
	part->prices = 1;
	part->entry = r->entry;
	sum_sub(&r->left, part->qty);
	sum_sub(&r->left_pnl, part->pnl);
	sum_sub(&r->left_weight, part->weight);
	sum_sub(&r->left_cost, part->cost);
}

void
exits_add(struct exits *e, const struct exits *part)
{
	sum_add(&e->qty, part->qty);
	sum_add(&e->pnl, part->pnl);
	sum_add(&e->weight, part->weight);
	sum_add(&e->cost, part->cost);
	sum_add(&e->est_qty, part->est_qty);
	sum_add(&e->est_pnl, part->est_pnl);
	sum_add(&e->est_weight, part->est_weight);
	sum_add(&e->est_cost, part->est_cost);
	if (part->est_time > e->est_time)
		e->est_time = part->est_time;
	if (part->prices == 0)
		return;
	e->entry = part->entry;
	if (e->prices == 0) {
		e->price = part->price;
		e->prices = part->prices;
	} else if (part->prices > 1 || decimal_cmp(e->price, part->price) != 0)
		e->prices = 2;
}

void
exits_guess(struct exits *e, enum category c, struct decimal qty,
    struct decimal entry, struct decimal price, struct decimal pnl,
    int64_t time)
{
	struct decimal weight;

	sum_add(&e->est_qty, qty);
	sum_add(&e->est_pnl, pnl);
	if (exits_weight(&weight, c, qty, price) == 0)
		sum_add(&e->est_weight, weight);
	if (exits_weight(&weight, c, qty, entry) == 0)
		sum_add(&e->est_cost, weight);
	e->est_time = time;
}

void
exits_replace(struct exits *e, struct decimal qty)
{
	struct decimal rest;

	if (decimal_sign(e->est_qty) == 0)
		return;
	if (decimal_cmp(qty, e->est_qty) >= 0) {
		e->est_qty = e->est_pnl = decimal_zero;
		e->est_weight = e->est_cost = decimal_zero;
		return;
	}
	rest = e->est_qty;
	sum_sub(&rest, qty);
	e->est_pnl = share(e->est_pnl, rest, e->est_qty);
	e->est_weight = share(e->est_weight, rest, e->est_qty);
	e->est_cost = share(e->est_cost, rest, e->est_qty);
	e->est_qty = rest;
}

struct decimal
exits_pnl(const struct exits *e)
{
	struct decimal pnl = e->pnl;

	sum_add(&pnl, e->est_pnl);
	return pnl;
}

/* The price that makes weight of all that was closed. */
static int
average(struct decimal *out, const struct exits *e, enum category c,
    struct decimal weight)
{
	struct decimal qty = e->qty;

	sum_add(&qty, e->est_qty);
	if (decimal_sign(qty) <= 0 || decimal_sign(weight) <= 0)
		return -1;
	if (c == CATEGORY_INVERSE)
		return decimal_div(out, qty, weight, DECIMAL_HALF_UP);
	return decimal_div(out, weight, qty, DECIMAL_HALF_UP);
}

int
exits_price(struct decimal *out, const struct exits *e, enum category c)
{
	struct decimal weight = e->weight, price;

	if (e->prices == 1 && decimal_sign(e->est_qty) == 0) {
		*out = e->price;
		return 0;
	}
	sum_add(&weight, e->est_weight);
	if (average(&price, e, c, weight) == -1)
		return -1;
	return decimal_round(out, price, 8, DECIMAL_HALF_UP);
}

int
exits_entry(struct decimal *out, const struct exits *e, enum category c)
{
	struct decimal cost = e->cost;

	sum_add(&cost, e->est_cost);
	return average(out, e, c, cost);
}

struct decimal
price_pnl(enum category c, enum side side, struct decimal size,
    struct decimal entry, struct decimal price)
{
	struct decimal in, out, pnl;

	if (exits_weight(&in, c, size, entry) == -1 ||
	    exits_weight(&out, c, size, price) == -1 ||
	    decimal_sub(&pnl, out, in) == -1)
		return decimal_zero;
	/* Inverse: size / entry - size / price is the long's. */
	if ((c == CATEGORY_INVERSE) != (side == SIDE_SELL))
		pnl = decimal_neg(pnl);
	return pnl;
}

int
profit_percent(struct decimal *out, enum side side, struct decimal entry,
    struct decimal price)
{
	struct decimal move;

	if (decimal_sub(&move, price, entry) == -1)
		return -1;
	if (side == SIDE_SELL)
		move = decimal_neg(move);
	return percent_of(out, move, entry);
}

int
percent_of(struct decimal *out, struct decimal part, struct decimal whole)
{
	struct decimal p;

	if (decimal_mul(&p, part, decimal_from_int(100), DECIMAL_HALF_UP) == -1)
		return -1;
	return decimal_div(out, p, whole, DECIMAL_HALF_UP);
}
