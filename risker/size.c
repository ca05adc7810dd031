#include "risker/size.h"

#include "risker/alert.h"
#include "risker/book.h"
#include "risker/limits.h"

int
size_percent(struct decimal *out, struct decimal whole, struct decimal percent,
    enum decimal_round round)
{
	struct decimal d;

	if (decimal_mul(&d, whole, percent, round) == -1)
		return -1;
	return decimal_div(out, d, decimal_from_int(100), round);
}

/* Where the stop is asked for, before it is put on a tick. */
static int
find_stop(struct size *s, const struct alert *a, const struct limits *l,
    struct decimal *out)
{
	struct decimal away;
	int rc;

	if (decimal_sign(a->stop_loss) > 0) {
		*out = a->stop_loss;
		return 0;
	}
	if (decimal_sign(a->atr) > 0)
		rc =
		    decimal_mul(&away, a->atr, l->atr_multiplier, DECIMAL_DOWN);
	else {
		s->default_stop = 1;
		rc = size_percent(
		    &away, a->price, l->stop_percent, DECIMAL_DOWN);
	}
	if (rc == -1)
		return -1;
	return a->action == ALERT_BUY ? decimal_sub(out, a->price, away)
				      : decimal_add(out, a->price, away);
}

void
size_stop(struct size *s, const struct alert *a, const struct limits *l,
    const struct book_instrument *i)
{
	/* Towards the price: a long's stop moves up, its target down. */
	int buy = a->action == ALERT_BUY;
	struct decimal d;

	if (find_stop(s, a, l, &d) == -1 ||
	    decimal_to_step(&s->stop, d, i->tick_size,
		buy ? DECIMAL_UP : DECIMAL_DOWN) == -1 ||
	    decimal_to_step(&s->take_profit, a->take_profit, i->tick_size,
		buy ? DECIMAL_DOWN : DECIMAL_UP) == -1)
		return;
	s->has_stop = 1;
}

static struct decimal
lower(struct decimal a, struct decimal b)
{
	return decimal_cmp(a, b) < 0 ? a : b;
}

static struct decimal
higher(struct decimal a, struct decimal b)
{
	return decimal_cmp(a, b) > 0 ? a : b;
}

void
size_quantity(struct size *s, const struct alert *a, const struct limits *l,
    const struct book_instrument *i, struct decimal mark, struct decimal equity)
{
	int buy = a->action == ALERT_BUY;
	struct decimal amount, each;

	if (!s->has_stop || decimal_sign(equity) <= 0 ||
	    size_percent(&amount, equity, l->max_risk, DECIMAL_DOWN) == -1)
		return;
	if (!buy && l->sizing_risk)
		s->price = lower(a->price, mark);
	else
		s->price = higher(a->price, mark);
	if (decimal_sub(&each, s->price, s->stop) == -1)
		return;
	if (!buy)
		each = decimal_neg(each);
	if (decimal_sign(each) <= 0)
		return;
	if (!l->sizing_risk)
		each = s->price;
	if (decimal_div(&s->exact, amount, each, DECIMAL_DOWN) == -1 ||
	    decimal_to_step(&s->qty, s->exact, i->qty_step, DECIMAL_DOWN) ==
		-1 ||
	    decimal_mul(&s->notional, s->qty, s->price, DECIMAL_UP) == -1)
		return;
	s->has_qty = 1;
}
