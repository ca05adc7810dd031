/*
 * The instruments: some with filters as in life, and as many made-up ones as
 * it takes for the list to need more than one page of the default size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "tests/exchange/calc.h"
#include "tests/exchange/market.h"

#define MADE_UP 600

static const struct row {
	const char *symbol, *base, *settle;
	int price_scale, qty_scale;
	const char *tick, *step, *max_qty, *max_market_qty, *max_leverage,
	    *risk_limit, *price;
	int64_t launch_ms;
} rows[] = {
	{ "BTCUSDT", "BTC", "USDT", 2, 3, "0.1", "0.001", "1190", "500", "100",
	    "2000000", "47500", 1585526400000 },
	{ "ETHUSDT", "ETH", "USDT", 2, 2, "0.01", "0.01", "7240", "724", "100",
	    "900000", "2500", 1603872000000 },
	{ "SOLUSDT", "SOL", "USDT", 3, 1, "0.01", "0.1", "79770", "7977", "100",
	    "200000", "100", 1634256000000 },
	{ "XRPUSDT", "XRP", "USDT", 4, 1, "0.0001", "0.1", "3550000", "710000",
	    "75", "200000", "0.6", 1620345600000 },
	{ "DOGEUSDT", "DOGE", "USDT", 5, 0, "0.00001", "1", "15000000",
	    "3000000", "75", "200000", "0.08", 1620345600000 },
	{ "LTCUSDT", "LTC", "USDT", 2, 1, "0.01", "0.1", "24000", "4800", "75",
	    "200000", "70", 1606348800000 },
	{ "ADAUSDT", "ADA", "USDT", 4, 0, "0.0001", "1", "3000000", "600000",
	    "75", "200000", "0.5", 1611532800000 },
	{ "AVAXUSDT", "AVAX", "USDT", 3, 1, "0.001", "0.1", "60000", "12000",
	    "50", "200000", "35", 1632441600000 },
	{ "BNBUSDT", "BNB", "USDT", 2, 2, "0.1", "0.01", "13000", "2000", "75",
	    "200000", "300", 1623801600000 },
	{ "LINKUSDT", "LINK", "USDT", 3, 1, "0.001", "0.1", "170000", "34000",
	    "75", "200000", "15", 1606348800000 },
	{ "1000PEPEUSDT", "1000PEPE", "USDT", 7, 0, "0.0000001", "100",
	    "1000000000", "150000000", "75", "200000", "0.001", 1682985600000 },
	{ "BTCPERP", "BTC", "USDC", 2, 3, "0.1", "0.001", "500", "100", "100",
	    "2000000", "47500", 1643846400000 },
	{ "ETHPERP", "ETH", "USDC", 2, 2, "0.01", "0.01", "5000", "600", "100",
	    "900000", "2500", 1649894400000 },
	{ "SOLPERP", "SOL", "USDC", 3, 1, "0.01", "0.1", "50000", "7000", "75",
	    "200000", "100", 1652745600000 },
	{ "BTCUSD", "BTC", "BTC", 2, 0, "0.5", "1", "25000000", "5000000",
	    "100", "150", "47500", 1542067200000 },
	{ "ETHUSD", "ETH", "ETH", 2, 0, "0.05", "1", "10000000", "2000000",
	    "100", "3000", "2500", 1548374400000 },
	{ "XRPUSD", "XRP", "XRP", 4, 0, "0.0001", "1", "3000000", "500000",
	    "50", "1000000", "0.6", 1573603200000 },
};

static void
text(char *to, size_t size, const char *from)
{
	int n = snprintf(to, size, "%s", from);

	if (n < 0 || (size_t)n >= size)
		die(EX_SOFTWARE, "a name too long: %s", from);
}

static void
fill(struct instrument *i, const struct row *r, int id)
{
	*i = (struct instrument){
		.id = id,
		.price_scale = r->price_scale,
		.qty_scale = r->qty_scale,
		.tick = calc_of(r->tick),
		.step = calc_of(r->step),
		.min_qty = calc_of(r->step),
		.max_qty = calc_of(r->max_qty),
		.max_market_qty = calc_of(r->max_market_qty),
		.max_leverage = calc_of(r->max_leverage),
		.risk_limit = calc_of(r->risk_limit),
		.launch_ms = r->launch_ms,
		.price = calc_of(r->price),
	};
	text(i->symbol, sizeof(i->symbol), r->symbol);
	text(i->base, sizeof(i->base), r->base);
	text(i->settle, sizeof(i->settle), r->settle);
	if (strcmp(r->base, r->settle) == 0) {
		i->category = CATEGORY_INVERSE;
		text(i->quote, sizeof(i->quote), "USD");
	} else {
		text(i->quote, sizeof(i->quote), r->settle);
		i->min_value = decimal_from_int(5);
	}
	i->min_price = i->tick;
	i->max_price = calc_mul(i->tick, decimal_from_int(19999998));
	i->day_open = i->day_high = i->day_low = i->price;
	i->leverage[0] = i->leverage[1] = decimal_from_int(10);
	for (size_t k = 0; k < 3; k++)
		position_init(&i->positions[k]);
}

static int
compare(const void *a, const void *b)
{
	const struct instrument *x = a, *y = b;

	return strcmp(x->symbol, y->symbol);
}

void
market_init(struct market *m)
{
	const size_t real = sizeof(rows) / sizeof(rows[0]);
	char symbol[24], base[16];
	struct row r = { .symbol = symbol,
		.base = base,
		.settle = "USDT",
		.price_scale = 4,
		.qty_scale = 1,
		.tick = "0.0001",
		.step = "0.1",
		.max_qty = "1000000",
		.max_market_qty = "200000",
		.max_leverage = "25",
		.risk_limit = "200000",
		.price = "1",
		.launch_ms = 1700000000000 };

	m->n = real + MADE_UP;
	m->list = calloc(m->n, sizeof(*m->list));
	if (m->list == NULL)
		die(EX_OSERR, "unable to keep %zu instruments", m->n);
	for (size_t i = 0; i < real; i++)
		fill(&m->list[i], &rows[i], (int)i + 1);
	for (int i = 0; i < MADE_UP; i++) {
		(void)snprintf(base, sizeof(base), "COIN%03d", i + 1);
		(void)snprintf(symbol, sizeof(symbol), "%.12sUSDT", base);
		fill(&m->list[real + (size_t)i], &r, (int)real + i + 1);
	}
	qsort(m->list, m->n, sizeof(*m->list), compare);
}
