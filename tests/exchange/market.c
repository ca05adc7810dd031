#include "tests/exchange/market.h"

#include <stdlib.h>
#include <string.h>

#include "tests/exchange/calc.h"

static const char *const category_names[] = {
	[CATEGORY_LINEAR] = "linear",
	[CATEGORY_INVERSE] = "inverse",
};

const char *
category_name(enum category c)
{
	return category_names[c];
}

void
market_release(struct market *m)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < 3; k++)
			position_release(&m->list[i].positions[k]);
	free(m->list);
	m->list = NULL;
	m->n = 0;
}

static int
by_symbol(const void *key, const void *row)
{
	const struct instrument *i = row;

	return strcmp(key, i->symbol);
}

struct instrument *
market_find(const struct market *m, const char *symbol)
{
	if (symbol == NULL)
		return NULL;
	return bsearch(symbol, m->list, m->n, sizeof(*m->list), by_symbol);
}

struct decimal
glide_price(const struct instrument *i, int64_t ms)
{
	const struct glide *g = &i->glide;
	struct decimal way;

	if (ms >= g->end_ms)
		return g->to;
	if (ms <= g->start_ms)
		return g->from;
	way = calc_div(calc_mul(calc_sub(g->to, g->from),
			   decimal_from_int(ms - g->start_ms)),
	    decimal_from_int(g->end_ms - g->start_ms));
	return calc_near(calc_add(g->from, way), i->tick);
}

void
market_set_price(struct instrument *i, struct decimal price)
{
	i->price = price;
	if (decimal_cmp(price, i->day_high) > 0)
		i->day_high = price;
	if (decimal_cmp(price, i->day_low) < 0)
		i->day_low = price;
}

struct decimal
market_usd(const struct market *m, const char *coin)
{
	static const char *const quotes[] = { "USD", "USDT", "PERP" };
	const struct instrument *i;
	char symbol[24];

	if (strcmp(coin, "USDT") == 0 || strcmp(coin, "USDC") == 0)
		return decimal_from_int(1);
	for (size_t k = 0; k < sizeof(quotes) / sizeof(quotes[0]); k++) {
		if (strlen(coin) + strlen(quotes[k]) >= sizeof(symbol))
			return decimal_zero;
		memcpy(symbol, coin, strlen(coin));
		memcpy(symbol + strlen(coin), quotes[k], strlen(quotes[k]) + 1);
		i = market_find(m, symbol);
		if (i != NULL)
			return i->price;
	}
	return decimal_zero;
}
