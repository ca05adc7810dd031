#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/exchange/calc.h"
#include "tests/exchange/views.h"

#define FUNDING_MS INT64_C(28800000)

int
view_time(struct exchange *x, struct request *r, struct reply *rep)
{
	const int64_t now_ms = x->account.now_ms;
	char nano[32];

	(void)r;
	put_ms(&rep->body, "timeSecond", now_ms / 1000);
	(void)snprintf(nano, sizeof(nano), "%" PRId64 "000000", now_ms);
	json_put_string(&rep->body, "timeNano", nano);
	return 0;
}

static void
put_strings(struct buf *b, const char *const names[], const char *value)
{
	for (; *names != NULL; names++)
		json_put_string(b, *names, value);
}

static void
put_ticker(struct buf *b, const struct instrument *i, int64_t now_ms)
{
	static const char *const blank[] = { "predictedDeliveryPrice",
		"basisRate", "deliveryFeeRate", "basis", "preOpenPrice",
		"preQty", "curPreListingPhase", "basisRateYear", NULL };
	const int scale = i->price_scale;
	struct decimal below = calc_sub(i->price, i->tick), change;

	if (decimal_cmp(below, i->min_price) < 0)
		below = i->price;
	change = calc_div(calc_sub(i->price, i->day_open), i->day_open);
	json_open_object(b, NULL);
	json_put_string(b, "symbol", i->symbol);
	put_scaled(b, "lastPrice", i->price, scale);
	put_scaled(b, "indexPrice", i->price, scale);
	put_scaled(b, "markPrice", i->price, scale);
	put_scaled(b, "prevPrice24h", i->day_open, scale);
	put_scaled(b, "price24hPcnt", change, 6);
	put_scaled(b, "highPrice24h", i->day_high, scale);
	put_scaled(b, "lowPrice24h", i->day_low, scale);
	put_scaled(b, "prevPrice1h", i->day_open, scale);
	json_put_string(b, "openInterest", "240113967");
	json_put_string(b, "openInterestValue", "11614437205.81");
	json_put_string(b, "turnover24h", "2352063794.0035");
	json_put_string(b, "volume24h", "47293.8870");
	json_put_string(b, "fundingRate", "0.0001");
	put_ms(b, "nextFundingTime", (now_ms / FUNDING_MS + 1) * FUNDING_MS);
	json_put_string(b, "deliveryTime", "0");
	put_scaled(b, "bid1Price", below, scale);
	put_scaled(b, "bid1Size", i->max_market_qty, i->qty_scale);
	put_scaled(b, "ask1Price", i->price, scale);
	put_scaled(b, "ask1Size", i->max_market_qty, i->qty_scale);
	json_put_string(b, "fundingIntervalHour", "8");
	json_put_string(b, "fundingCap", "0.005");
	put_strings(b, blank, "");
	json_close_object(b);
}

int
view_tickers(struct exchange *x, struct request *r, struct reply *rep)
{
	struct buf *b = &rep->body;
	struct scope s;

	if (query_scope(x, r, SCOPE_SPOT | SCOPE_OPTION, &s, rep) == -1)
		return -1;
	json_put_string(b, "category", s.name);
	json_open_array(b, "list");
	for (size_t k = 0; k < x->market.n && !r->empty_list; k++)
		if (scope_has(&s, &x->market.list[k]))
			put_ticker(b, &x->market.list[k], x->account.now_ms);
	json_close_array(b);
	return 0;
}

static void
put_filters(struct buf *b, const struct instrument *i)
{
	json_open_object(b, "leverageFilter");
	json_put_string(b, "minLeverage", "1");
	put_scaled(b, "maxLeverage", i->max_leverage, 2);
	json_put_string(b, "leverageStep", "0.01");
	json_close_object(b);
	json_open_object(b, "priceFilter");
	put_scaled(b, "minPrice", i->min_price, i->price_scale);
	put_scaled(b, "maxPrice", i->max_price, i->price_scale);
	put_scaled(b, "tickSize", i->tick, i->price_scale);
	json_close_object(b);
	json_open_object(b, "lotSizeFilter");
	put_scaled(b, "maxOrderQty", i->max_qty, i->qty_scale);
	put_scaled(b, "minOrderQty", i->min_qty, i->qty_scale);
	put_scaled(b, "qtyStep", i->step, i->qty_scale);
	put_scaled(b, "postOnlyMaxOrderQty", i->max_qty, i->qty_scale);
	put_scaled(b, "maxMktOrderQty", i->max_market_qty, i->qty_scale);
	if (decimal_sign(i->min_value) > 0)
		json_put_decimal(b, "minNotionalValue", i->min_value);
	json_close_object(b);
}

static void
put_instrument(struct buf *b, const struct instrument *i)
{
	char scale[12];

	(void)snprintf(scale, sizeof(scale), "%d", i->price_scale);
	json_open_object(b, NULL);
	json_put_string(b, "symbol", i->symbol);
	json_put_int(b, "symbolId", i->id);
	json_put_string(b, "contractType",
	    i->category == CATEGORY_INVERSE ? "InversePerpetual"
					    : "LinearPerpetual");
	json_put_string(b, "status", "Trading");
	json_put_string(b, "baseCoin", i->base);
	json_put_string(b, "quoteCoin", i->quote);
	put_ms(b, "launchTime", i->launch_ms);
	json_put_string(b, "deliveryTime", "0");
	json_put_string(b, "deliveryFeeRate", "");
	json_put_string(b, "priceScale", scale);
	put_filters(b, i);
	json_put_bool(b, "unifiedMarginTrade", 1);
	json_put_int(b, "fundingInterval", 480);
	json_put_string(b, "settleCoin", i->settle);
	json_put_string(b, "copyTrading", "both");
	json_put_string(b, "upperFundingRate", "0.00375");
	json_put_string(b, "lowerFundingRate", "-0.00375");
	json_put_bool(b, "isPreListing", 0);
	/* The writer knows no null, as our own lines have none. */
	buf_puts(b, ",\"preListingInfo\":null");
	json_open_object(b, "riskParameters");
	json_put_string(b, "priceLimitRatioX", "0.01");
	json_put_string(b, "priceLimitRatioY", "0.02");
	json_close_object(b);
	json_put_string(b, "symbolType", "");
	json_close_object(b);
}

static void
instrument_cursor(const void *row, char out[128])
{
	const struct instrument *i = row;

	(void)snprintf(out, 128, "%s", i->symbol);
}

int
view_instruments(struct exchange *x, struct request *r, struct reply *rep)
{
	struct buf *b = &rep->body;
	const char *status = request_text(r, "status");
	struct page p = { 0 };
	struct scope s;
	size_t limit;
	int failed;

	if (query_scope(x, r, SCOPE_SPOT | SCOPE_OPTION, &s, rep) == -1 ||
	    query_limit(x, r, 500, 1000, &limit, rep) == -1)
		return -1;
	if (status == NULL || strcmp(status, "Trading") == 0)
		for (size_t k = 0; k < x->market.n && !r->empty_list; k++)
			if (scope_has(&s, &x->market.list[k]))
				page_add(&p, &x->market.list[k]);
	failed = page_cut(x, &p, r, limit, instrument_cursor, rep);
	if (failed == 0) {
		json_put_string(b, "category", s.name);
		json_open_array(b, "list");
		for (size_t k = p.first; k < p.end; k++)
			put_instrument(b, p.rows[k]);
		json_close_array(b);
		/* Here, unlike elsewhere, the last page has no cursor. */
		if (p.end == p.n)
			put_cursor(b, "");
		else
			page_put_cursor(b, &p, instrument_cursor);
	}
	page_release(&p);
	return failed;
}
