/*
 * rules: each rule just below, at and just above its limit (F13, F50, F51, F54,
 * F57, F58, F59), and what a user is warned of.
 *
 * Not tested here: where the facts come from (test-risker, replay/risker).
 *
 * Every case starts from an entry that all rules allow without a word: a long
 * of BTCUSDT at 60000, mark price the same, stop 58800, equity 12000.  2 % of
 * that are 240; 240 / 1200 = 0.2 coins, worth 12000: 100 % of the equity.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/settings.h"
#include "risker/facts.h"
#include "risker/rules.h"

#define NOW 1795257000000ll /* 2026-11-21T10:30:00Z */

struct fixture {
	struct settings *settings;
	struct limits limits;
	struct alert alert;
	struct facts facts;
	struct slot slots[8];
};

static struct fixture f;

static struct decimal
dec(const char *s)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, s, strlen(s)), 0);
	return d;
}

/* The entry that all rules allow. */
static void
begin(void)
{
	struct facts *x = &f.facts;

	limits_read(&f.limits, f.settings);
	f.alert = (struct alert){ .id = "00000000000000000000000000000001",
		.time_ms = NOW,
		.timestamp_ms = -1,
		.action = ALERT_BUY,
		.symbol = "BTCUSDT",
		.trend = dec("4"),
		.price = dec("60000"),
		.stop_loss = dec("58800") };
	facts_init(x, &f.limits);
	x->alert = &f.alert;
	x->readable = x->has_wallet = x->has_day = x->has_ticker = 1;
	x->has_instrument = x->has_positions = 1;
	x->wallet = (struct book_wallet){ NOW, dec("12000") };
	x->day = (struct book_day){ .has_equity = 1,
		.first = dec("12000"),
		.highest = dec("12000"),
		.last = dec("12000") };
	x->ticker = (struct book_ticker){ NOW, dec("60000"), dec("60000") };
	x->instrument = (struct book_instrument){ .time_ms = NOW,
		.trading = 1,
		.tick_size = dec("0.1"),
		.qty_step = dec("0.001"),
		.min_qty = dec("0.001"),
		.max_market_qty = dec("500"),
		.min_value = dec("5"),
		.max_leverage = dec("100"),
		.tick_scale = 2,
		.step_scale = 3 };
	x->snapshot_ms = NOW;
	x->slots = f.slots;
}

static void
add_slot(const char *symbol, int idx, int buy, const char *notional)
{
	struct slot *s = &f.slots[f.facts.nslots++];

	memset(s, 0, sizeof(*s));
	strcpy(s->symbol, symbol);
	s->idx = idx;
	s->buy = buy;
	s->notional = dec(notional);
	assert_int_equal(
	    decimal_add(&f.facts.held, f.facts.held, s->notional), 0);
}

/* The facts as they are now break these rules, and warn of that. */
static void
says(const char *errors, const char *warnings)
{
	struct facts *x = &f.facts;
	struct buf e, w;
	size_t broken;

	memset(&x->size, 0, sizeof(x->size));
	if (x->has_instrument) {
		size_stop(&x->size, &f.alert, &f.limits, &x->instrument);
		if (x->has_wallet && x->has_ticker)
			size_quantity(&x->size, &f.alert, &f.limits,
			    &x->instrument, x->ticker.mark, x->wallet.equity);
	}
	buf_init(&e, 1 << 16);
	buf_init(&w, 1 << 16);
	broken = rules_entry(x, &e, &w);
	assert_int_equal(broken == 0, *errors == '\0');
	assert_string_equal(buf_cstr(&e), errors);
	assert_string_equal(buf_cstr(&w), warnings);
	buf_release(&e);
	buf_release(&w);
	begin();
}

static void
whitelist(void **state)
{
	(void)state;
	says("", "");
	strcpy(f.alert.symbol, "BTCUSD");
	says("\"Symbol BTCUSD is not in ALLOWED_SYMBOLS\"", "");
	strcpy(f.alert.symbol, "BTCUSDTX");
	says("\"Symbol BTCUSDTX is not in ALLOWED_SYMBOLS\"", "");
}

/* A short of the same size: stop 61200. */
static void
make_short(const char *trend)
{
	f.alert.action = ALERT_SELL;
	f.alert.trend = dec(trend);
	f.alert.stop_loss = dec("61200");
}

static void
trend(void **state)
{
	(void)state;
	f.alert.trend = dec("2.999");
	says("\"Trend composite 2.999 is not above 3, as a buy needs\"", "");
	f.alert.trend = dec("3");
	says("\"Trend composite 3 is not above 3, as a buy needs\"", "");
	f.alert.trend = dec("3.001");
	says("", "");
	f.alert.trend = dec("-4");
	says("\"Trend composite -4 is not above 3, as a buy needs\"", "");
	make_short("-2.999");
	says("\"Trend composite -2.999 is not below -3, as a sell needs\"", "");
	make_short("-3");
	says("\"Trend composite -3 is not below -3, as a sell needs\"", "");
	make_short("-3.001");
	says("", "");
	make_short("4");
	says("\"Trend composite 4 is not below -3, as a sell needs\"", "");
	/* 0: the sign alone counts. */
	f.limits.trend = decimal_zero;
	f.alert.trend = decimal_zero;
	says("\"Trend composite 0 is not above 0, as a buy needs\"", "");
	f.limits.trend = decimal_zero;
	f.alert.trend = dec("0.1");
	says("", "");
}

static void
alert_age(void **state)
{
	static const struct {
		int64_t limit, timestamp;
		const char *errors;
	} cases[] = {
		{ 60000, NOW - 59999, "" },
		{ 60000, NOW - 60000, "" },
		{ 60000, NOW - 60001,
		    "\"Alert's timestamp is 60.001 s old (limit 60 s)\"" },
		{ 60000, NOW + 5000, "" },
		{ 60000, -1, "" },
		{ 0, NOW - 86400000, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.limits.alert_max_age_ms = cases[i].limit;
		f.alert.timestamp_ms = cases[i].timestamp;
		says(cases[i].errors, "");
	}
}

#define OLDER                                                                  \
	"\"Alert is older than the last close of BTCUSDT, of "                 \
	"2026-11-21T10:30:00.000Z\""

/* F51; all of the closes' times that are known are NOW. */
static void
last_close(void **state)
{
	static const struct {
		int64_t received, timestamp; /* the entry's */
		int with, without;	     /* closes with a timestamp … */
		const char *errors;
	} cases[] = {
		{ NOW - 1, -1, 0, 0, "" },
		/* A close with a timestamp: compared by it, where it can be. */
		{ NOW - 1, NOW, 1, 0, "" },
		{ NOW + 9, NOW - 1, 1, 0, OLDER },
		{ NOW + 9, NOW + 1, 1, 0, "" },
		{ NOW - 1, -1, 1, 0, OLDER },
		{ NOW, -1, 1, 0, "" },
		/* One without: by receipt. */
		{ NOW - 1, NOW + 9, 0, 1, OLDER },
		{ NOW, NOW - 9, 0, 1, "" },
		{ NOW - 1, -1, 0, 1, OLDER },
		{ NOW, -1, 0, 1, "" },
		/* Both. */
		{ NOW - 1, NOW, 1, 1, OLDER },
		{ NOW, NOW - 1, 1, 1, OLDER },
		{ NOW, NOW, 1, 1, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct closes *c = &f.facts.closes;

		f.alert.time_ms = cases[i].received;
		f.alert.timestamp_ms = cases[i].timestamp;
		if (cases[i].with)
			c->timestamp_ms = c->time_ms = NOW;
		if (cases[i].without)
			c->bare_ms = c->time_ms = NOW;
		says(cases[i].errors, "");
	}
}

static void
equity(void **state)
{
	(void)state;
	f.facts.has_wallet = 0;
	says("\"Equity is not known\"", "");
	f.facts.wallet.time_ms = NOW - 29999;
	says("", "");
	f.facts.wallet.time_ms = NOW - 30000;
	says("", "");
	f.facts.wallet.time_ms = NOW - 30001;
	says("\"Equity is 30.001 s old (limit 30 s)\"", "");
	f.facts.wallet.equity = decimal_zero;
	says("\"Equity 0 is not above 0\",\"Daily loss limit reached: "
	     "12000.00 lost of 12000.00 (limit 10 %)\"",
	    "");
	f.facts.wallet.equity = f.facts.day.first = dec("-3.5");
	says("\"Equity -3.5 is not above 0\"", "");
}

static void
known_positions(void **state)
{
	(void)state;
	f.facts.has_positions = 0;
	says("\"Positions are not known\"", "");
	f.facts.snapshot_ms = 0;
	says("\"Positions are not known\"", "");
	f.facts.snapshot_ms = NOW - 30000;
	says("", "");
	f.facts.snapshot_ms = NOW - 30001;
	says("\"Positions are 30.001 s old (limit 30 s)\"", "");
}

static void
market(void **state)
{
	(void)state;
	f.facts.has_ticker = 0;
	says("\"Price of BTCUSDT is not known\"", "");
	f.facts.ticker.time_ms = NOW - 30000;
	says("", "");
	f.facts.ticker.time_ms = NOW - 30001;
	says("\"Price of BTCUSDT is 30.001 s old (limit 30 s)\"", "");
	f.facts.has_instrument = 0;
	says("\"Instrument BTCUSDT is not known\"", "");
	f.facts.instrument.trading = 0;
	says("\"Instrument BTCUSDT is not open for trading\"", "");
}

/*
 * 2 % of 60000 are 1200.  The quantity: 240 over the distance from the stop of
 * 58800 to the higher of price and mark, rounded down.
 */
static void
deviation(void **state)
{
	(void)state;
	f.alert.price = dec("61079.4"); /* 1.799 %; 240 / 2279.4 */
	says("", "\"Quantity rounded down from 0.10529086 to 0.105\"");
	f.alert.price = dec("61080"); /* 1.8 %; 240 / 2280 */
	says("",
	    "\"Price deviates 1.80 % from the mark price (limit 2 %)\","
	    "\"Quantity rounded down from 0.10526315 to 0.105\"");
	f.alert.price = dec("61200"); /* 2 %; 240 / 2400 */
	says("", "\"Price deviates 2.00 % from the mark price (limit 2 %)\"");
	f.alert.price = dec("61200.6"); /* 2.001 %; 240 / 2400.6 */
	says("\"Price 61200.6 deviates 2.001 % from the mark price 60000 "
	     "(limit 2 %)\"",
	    "\"Quantity rounded down from 0.099975 to 0.099\"");
	/* Below the mark price as well; 240 / 1200. */
	f.alert.price = dec("58800.6");
	f.alert.stop_loss = dec("57624");
	f.facts.ticker.mark = dec("60000");
	says("",
	    "\"Price deviates 1.999 % from the mark price (limit 2 %)\","
	    "\"Quantity rounded down from 0.1010101 to 0.101\"");
	f.alert.price = dec("58799.4");
	f.alert.stop_loss = dec("57600");
	says("\"Price 58799.4 deviates 2.001 % from the mark price 60000 "
	     "(limit 2 %)\"",
	    "");
}

/* 0.2 % are 120, 10 % are 6000. */
static void
stop_loss(void **state)
{
	static const struct {
		const char *stop, *errors, *warnings;
	} longs[] = {
		{ "59879.9", "",
		    "\"Quantity rounded down from 1.99833472 to "
		    "1.998\",\"Exposure of 999.00 % is close to "
		    "MAX_EXPOSURE: 1000 %\"" },
		{ "59880", "",
		    "\"Exposure of 1000.00 % is close to "
		    "MAX_EXPOSURE: 1000 %\"" },
		{ "59880.1",
		    "\"Stop loss 59880.10 is 0.19983333 % from the price "
		    "60000 (minimum 0.2 %)\",\"Exposure of 1000.50 % exceeds "
		    "MAX_EXPOSURE: 1000 %\"",
		    "\"Quantity rounded down from 2.00166805 to 2.001\"" },
		{ "54000.1", "",
		    "\"Quantity rounded down from 0.04000066 to 0.040\"" },
		{ "54000", "", "" },
		{ "53999.9",
		    "\"Stop loss 53999.90 is 10.00016667 % from the price "
		    "60000 (maximum 10 %)\"",
		    "\"Quantity rounded down from 0.03999933 to 0.039\"" },
		{ "60000",
		    "\"Stop loss 60000.00 is not below the price "
		    "60000\"",
		    "" },
		{ "60000.1",
		    "\"Stop loss 60000.10 is not below the price "
		    "60000\"",
		    "" },
		/* F59: rounded up to the price itself */
		{ "59999.99",
		    "\"Stop loss 60000.00 is not below the price "
		    "60000\"",
		    "" },
		/* F59: 99 % away; 240 / 59400 */
		{ "600",
		    "\"Stop loss 600.00 is 99.00 % from the price 60000 "
		    "(maximum 10 %)\"",
		    "\"Quantity rounded down from 0.0040404 to 0.004\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
		f.alert.stop_loss = dec(longs[i].stop);
		f.limits.max_exposure = dec("1000");
		says(longs[i].errors, longs[i].warnings);
	}
	make_short("-4");
	f.alert.stop_loss = dec("60000");
	says("\"Stop loss 60000.00 is not above the price 60000\"", "");
	make_short("-4");
	f.alert.stop_loss = dec("66000.1");
	says("\"Stop loss 66000.10 is 10.00016667 % from the price 60000 "
	     "(maximum 10 %)\"",
	    "\"Quantity rounded down from 0.03999933 to 0.039\"");
	/* The default one is told; one of the atr is not. */
	f.alert.stop_loss = decimal_zero;
	says("", "\"Default stop loss used: 2 % from the price\"");
	f.alert.stop_loss = decimal_zero;
	f.alert.atr = dec("600");
	says("", "");
	/* An atr above the price itself; 240 / 120000 = 0.002. */
	f.alert.stop_loss = decimal_zero;
	f.alert.atr = dec("60000");
	says("\"Stop loss -60000.00 is not above 0\"", "");
}

/* F59, F66: against a fresh mark price too. */
static void
stop_and_mark(void **state)
{
	(void)state;
	f.alert.stop_loss = dec("59400");
	f.facts.ticker.mark = dec("59400");
	says("\"Stop loss 59400.00 is not below the mark price 59400\"", "");
	/* 59518.9: 118.9 are 0.19976847 %; 240 / 600 = 0.4, 200 % */
	f.alert.stop_loss = dec("59400");
	f.facts.ticker.mark = dec("59518.9");
	says("\"Stop loss 59400.00 is 0.19976848 % from the mark price "
	     "59518.9 (minimum 0.2 %)\"",
	    "");
	make_short("-4");
	f.alert.stop_loss = dec("60600");
	f.facts.ticker.mark = dec("60600");
	says("\"Stop loss 60600.00 is not above the mark price 60600\"", "");
	/* Nearer than 10 % to the price, farther from the mark price. */
	f.alert.stop_loss = dec("54000");
	f.facts.ticker.mark = dec("60600"); /* 240 / 6600; 6600 / 606 */
	says("\"Stop loss 54000.00 is 10.89108911 % from the mark price 60600 "
	     "(maximum 10 %)\"",
	    "\"Quantity rounded down from 0.03636363 to 0.036\"");
}

static void
take_profit(void **state)
{
	(void)state;
	f.alert.take_profit = dec("60000.1");
	says("", "");
	f.alert.take_profit = dec("60000");
	says("\"Take profit 60000.00 is not above the price 60000\"", "");
	f.alert.take_profit = dec("60000.09"); /* down to a tick */
	says("\"Take profit 60000.00 is not above the price 60000\"", "");
	f.alert.take_profit = dec("60060");
	f.facts.ticker.mark = dec("60060"); /* 240 / 1260 */
	says("\"Take profit 60060.00 is not above the mark price 60060\"",
	    "\"Quantity rounded down from 0.19047619 to 0.190\"");
	make_short("-4");
	f.alert.take_profit = dec("59999.9");
	says("", "");
	make_short("-4");
	f.alert.take_profit = dec("60000");
	says("\"Take profit 60000.00 is not below the price 60000\"", "");
}

static void
quantity(void **state)
{
	struct book_instrument *i = &f.facts.instrument;

	(void)state;
	i->min_qty = dec("0.2");
	says("", "");
	i->min_qty = dec("0.201");
	says("\"Quantity 0.200 of BTCUSDT is below the minimum: 0.201\"", "");
	i->max_market_qty = dec("0.2");
	says("", "");
	i->max_market_qty = dec("0.199");
	says("\"Quantity 0.200 of BTCUSDT is above the maximum of a market "
	     "order: 0.199\"",
	    "");
	i->min_value = dec("12000");
	says("", "");
	i->min_value = dec("12000.01");
	says("\"Order value 12000.00 of BTCUSDT is below the minimum: "
	     "12000.01\"",
	    "");
	/* Contracts without a minimum: nothing is traded all the same. */
	i->min_qty = i->min_value = decimal_zero;
	f.facts.wallet.equity = f.facts.day.first = dec("45");
	says("\"Quantity 0.000 of BTCUSDT is below the minimum: 0\"",
	    "\"Quantity rounded down from 0.00075 to 0.000\"");
	/* No room in a decimal: 2 % of 1e20 are too many coins at 1e-9. */
	f.alert.price = f.facts.ticker.mark = dec("0.000000001");
	f.alert.stop_loss = dec("0.00000000098");
	f.facts.instrument.tick_size = dec("0.00000000001");
	f.facts.instrument.tick_scale = 11;
	f.facts.wallet.equity = f.facts.day.first = dec("10000000000000000");
	says("\"Quantity cannot be reckoned\"", "");
}

static void
per_symbol(void **state)
{
	static const char limit1[] = "\"Max positions reached for BTCUSDT: 1\"";
	static const char limit2[] = "\"Max positions reached for BTCUSDT: 2\"";

	(void)state;
	add_slot("ETHUSDT", 0, 1, "0");
	says("", "");
	for (int idx = 0; idx < 3; idx++)
		for (int buy = 0; buy < 2; buy++) {
			add_slot("BTCUSDT", idx, buy, "0");
			says(limit1, "");
		}
	/* Hedge mode: one a side; what is in one-way mode takes both. */
	f.limits.max_per_symbol = 2;
	add_slot("BTCUSDT", 1, 1, "0");
	says(limit2, "");
	f.limits.max_per_symbol = 2;
	add_slot("BTCUSDT", 2, 0, "0");
	says("", "");
	f.limits.max_per_symbol = 2;
	add_slot("BTCUSDT", 1, 1, "0");
	make_short("-4");
	says("", "");
	f.limits.max_per_symbol = 2;
	add_slot("BTCUSDT", 0, 0, "0");
	says(limit2, "");
	f.limits.max_per_symbol = 2;
	add_slot("BTCUSDT", 1, 1, "0");
	add_slot("BTCUSDT", 2, 0, "0");
	says(limit2, "");
}

static void
max_positions(void **state)
{
	static const char *const symbols[] = { "AUSDT", "BUSDT", "CUSDT",
		"DUSDT", "EUSDT", "FUSDT" };
	static const char *const errors[] = { "", "", "", "", "",
		"\"Max positions reached: 5\"",
		"\"Max positions reached: 5\"" };
	static const char *const warnings[] = { "", "", "", "",
		"\"Last position of MAX_POSITIONS taken: 5\"", "", "" };

	(void)state;
	for (size_t n = 0; n <= 6; n++) {
		for (size_t i = 0; i < n; i++)
			add_slot(symbols[i], 0, 1, "0");
		says(errors[n], warnings[n]);
	}
}

/* 10 % of 12000 are 1200; a warning from 1080 on. */
static void
daily_loss(void **state)
{
	static const struct {
		const char *first, *closed, *open, *errors, *warnings;
	} cases[] = {
		{ "13333.33", "0", "0", "",
		    "\"Daily loss of 1333.33 is close to the limit: "
		    "1333.333\"" },
		{ "13333.34", "0", "0",
		    "\"Daily loss limit reached: 1333.34 lost of 13333.34 "
		    "(limit 10 %)\"",
		    "" },
		{ "12000", "-1079.99", "0", "", "" },
		{ "12000", "-1080", "0", "",
		    "\"Daily loss of 1080.00 is close to the limit: 1200.00\"" },
		{ "12000", "-1199.99", "0", "",
		    "\"Daily loss of 1199.99 is close to the limit: 1200.00\"" },
		{ "12000", "-1200", "0",
		    "\"Daily loss limit reached: 1200.00 lost of 12000.00 "
		    "(limit 10 %)\"",
		    "" },
		{ "12000", "-1200.01", "0",
		    "\"Daily loss limit reached: 1200.01 lost of 12000.00 "
		    "(limit 10 %)\"",
		    "" },
		/* closed and open together, and a gain against a loss */
		{ "12000", "-600", "-600",
		    "\"Daily loss limit reached: 1200.00 lost of 12000.00 "
		    "(limit 10 %)\"",
		    "" },
		{ "12000", "-1500", "500", "", "" },
		{ "12000", "5000", "0", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.facts.day.first = dec(cases[i].first);
		f.facts.day.closed_pnl = dec(cases[i].closed);
		f.facts.open_pnl = dec(cases[i].open);
		says(cases[i].errors, cases[i].warnings);
	}
	f.facts.own_day.hit_or_later = 1;
	says("\"Daily loss limit was reached on 2026-11-21 UTC or later "
	     "(limit 10 %)\"",
	    "");
	f.facts.day_damaged = 1;
	says("\"Figures of the UTC day cannot be read\"", "");
	/* The day has no equity yet: it begins with what there is. */
	f.facts.has_day = 0;
	says("", "");
}

/* 12000 of 12000 are 100 %. */
static void
exposure(void **state)
{
	(void)state;
	f.limits.max_exposure = dec("111.12");
	says("", "");
	f.limits.max_exposure = dec("100.01");
	says("", "\"Exposure of 100.00 % is close to MAX_EXPOSURE: 100.01 %\"");
	f.limits.max_exposure = dec("100");
	says("", "\"Exposure of 100.00 % is close to MAX_EXPOSURE: 100 %\"");
	f.limits.max_exposure = dec("99.99");
	says("\"Exposure of 100.00 % exceeds MAX_EXPOSURE: 99.99 %\"", "");
	/* With what is held: 59999.99 + 12000 = 71999.99 = 599.99991667 %. */
	add_slot("ETHUSDT", 0, 1, "59999.99");
	says("",
	    "\"Exposure of 599.99991667 % is close to MAX_EXPOSURE: 600 %\"");
	add_slot("ETHUSDT", 0, 1, "60000");
	says("", "\"Exposure of 600.00 % is close to MAX_EXPOSURE: 600 %\"");
	add_slot("ETHUSDT", 0, 1, "60000.01");
	says("\"Exposure of 600.00008333 % exceeds MAX_EXPOSURE: 600 %\"", "");
}

/* 12000 / LEVERAGE of 12000. */
static void
leverage(void **state)
{
	(void)state;
	f.limits.leverage = dec("99");
	says("", "");
	f.limits.leverage = dec("100");
	says("", "");
	f.limits.leverage = dec("101");
	says("\"LEVERAGE 101 is above the maximum of BTCUSDT: 100\"", "");
	f.limits.leverage = dec("1");
	says("",
	    "\"Margin of 12000.00 at LEVERAGE 1 is close to the equity: "
	    "12000.00\"");
	/* (11999.99 + 12000) / 2, and so on. */
	f.limits.leverage = dec("2");
	add_slot("ETHUSDT", 0, 1, "9000");
	says("", "");
	f.limits.leverage = dec("2");
	add_slot("ETHUSDT", 0, 1, "12000");
	says("",
	    "\"Margin of 12000.00 at LEVERAGE 2 is close to the equity: "
	    "12000.00\"");
	f.limits.leverage = dec("2");
	add_slot("ETHUSDT", 0, 1, "12000.02");
	says("\"Margin of 12000.01 at LEVERAGE 2 exceeds the equity: "
	     "12000.00\"",
	    "");
}

/* All that is broken is told, in the order of the table. */
static void
all_at_once(void **state)
{
	(void)state;
	f.facts.has_wallet = f.facts.has_ticker = f.facts.has_instrument = 0;
	f.facts.has_positions = f.facts.has_day = 0;
	f.alert.trend = dec("1");
	strcpy(f.alert.symbol, "XUSDT");
	says("\"Symbol XUSDT is not in ALLOWED_SYMBOLS\","
	     "\"Trend composite 1 is not above 3, as a buy needs\","
	     "\"Equity is not known\",\"Positions are not known\","
	     "\"Price of XUSDT is not known\","
	     "\"Instrument XUSDT is not known\"",
	    "");
}

/* Each rule stands in the manual by its name. */
static void
names(void **state)
{
	const char *name;
	size_t n = 0;

	(void)state;
	while ((name = rules_name(n)) != NULL) {
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(rules_name(i), name);
		n++;
	}
	assert_int_equal(n, 18);
}

static int
setup(void **state)
{
	(void)state;
	begin();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whitelist, setup),
		cmocka_unit_test_setup(trend, setup),
		cmocka_unit_test_setup(alert_age, setup),
		cmocka_unit_test_setup(last_close, setup),
		cmocka_unit_test_setup(equity, setup),
		cmocka_unit_test_setup(known_positions, setup),
		cmocka_unit_test_setup(market, setup),
		cmocka_unit_test_setup(deviation, setup),
		cmocka_unit_test_setup(stop_loss, setup),
		cmocka_unit_test_setup(stop_and_mark, setup),
		cmocka_unit_test_setup(take_profit, setup),
		cmocka_unit_test_setup(quantity, setup),
		cmocka_unit_test_setup(per_symbol, setup),
		cmocka_unit_test_setup(max_positions, setup),
		cmocka_unit_test_setup(daily_loss, setup),
		cmocka_unit_test_setup(exposure, setup),
		cmocka_unit_test_setup(leverage, setup),
		cmocka_unit_test_setup(all_at_once, setup),
		cmocka_unit_test_setup(names, setup),
	};
	struct buf errors, warnings;
	int rc;

	/* Where there is no .env file, and with nothing of the caller's. */
	if (chdir("/") == -1 || clearenv() != 0)
		return 1;
	buf_init(&errors, 1 << 16);
	buf_init(&warnings, 1 << 16);
	f.settings = settings_read(NULL, &errors, &warnings);
	if (f.settings == NULL)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	settings_free(f.settings);
	buf_release(&errors);
	buf_release(&warnings);
	return rc;
}
