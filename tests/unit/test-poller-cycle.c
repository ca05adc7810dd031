/*
 * The poller's cycle around the snapshots: failures, the key, wallet, prices,
 * instruments, schedule, options.
 *
 * F21 (a ban is waited for), F27 (a heartbeat each cycle), F99 (back-off, one
 * log line a change of state).
 *
 * Not tested here: the snapshots (test-poller.c); descriptors, signals, the
 * wire (tests/e2e/poller-*.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/settings.h"
#include "poller/schedule.h"
#include "tests/unit/poller-fake.h"

static const struct rule empty[] = EMPTY_ACCOUNT;

/* F21, F27, F99: failures back off, a ban is waited for, each has a beat. */
static void
failures(void **state)
{
	static const struct rule down[] = { { "", 0, "" }, NO_MORE };
	static const struct rule bad[] = { { "", 502, "" }, NO_MORE };
	static const struct rule ban[] = { { "", 403, "too frequent" },
		NO_MORE };
	struct fake f;
	int64_t least = 500;
	int i;

	(void)state;
	fake_start(&f, &fake_usdt, empty);
	fake_cycle(&f, NULL);
	for (i = 0; i < 12; i++) {
		f.mono_ms = f.next_ms;
		assert_int_equal(fake_cycle(&f, down), POLLER_OK);
		/* No reply: the rest of the cycle would fare alike. */
		assert_int_equal(fake_count(&f.asked, "\n"), 1);
		assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
		assert_int_equal(fake_count(&f.out, "\"retry_in\":"), 1);
		assert_in_range(f.next_ms - f.mono_ms, least, least * 2);
		if (least < 30000)
			least = least * 2 < 30000 ? least * 2 : 30000;
		assert_int_equal(fake_count(&f.notes, "retrying"), i == 0);
	}
	fake_cycle(&f, bad);
	assert_int_equal(fake_count(&f.notes, "retrying"), 1);
	assert_int_equal(fake_count(&f.out,
			     "\"error\":\"/v5/position/list: HTTP "
			     "502\""),
	    1);
	f.banned_ms = 600000;
	fake_cycle(&f, ban);
	assert_int_equal(fake_count(&f.asked, "\n"), 1);
	assert_int_equal(f.next_ms, f.mono_ms + 600000);
	assert_int_equal(fake_count(&f.out, "\"retry_in\":600.0}"), 1);
	f.banned_ms = 0;
	fake_cycle(&f, empty);
	assert_int_equal(fake_count(&f.notes, "can be read again"), 1);
	assert_int_equal(fake_count(&f.out, "\"ok\":true"), 1);
	assert_int_equal((f.next_ms - 1000) % 5000, 0);
	fake_end(&f);
}

static void
fatal_errors(void **state)
{
	static const struct {
		int status;
		const char *body;
		const char *says;
	} t[] = {
		{ 200, ERROR(10003),
		    "BYBIT_API_KEY is refused by h: retCode "
		    "10003" },
		{ 200, ERROR(10004), "secret" },
		{ 200, ERROR(10005), "right" },
		{ 200, ERROR(10007), "retCode 10007" },
		{ 200, ERROR(10010), "address" },
		{ 200, ERROR(33004), "expired" },
		{ 401, "", "HTTP 401" },
		{ 404, "", "BYBIT_BASE_URL" },
		{ 403, "block access from your country", "country" },
	};
	struct fake f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct rule rules[] = { KEY,
			{ "position/list", t[i].status, t[i].body }, NO_MORE };

		fake_start(&f, &fake_usdt, rules);
		assert_int_equal(fake_cycle(&f, NULL), POLLER_FATAL);
		if (strstr(poller_error(f.p), t[i].says) == NULL)
			fail_msg("'%s'", poller_error(f.p));
		assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
		assert_int_equal(fake_count(&f.out, "retry_in"), 0);
		assert_int_equal(fake_count(&f.out, "\n"), 1);
		fake_end(&f);
	}
}

/*
 * A page of something in between is no word about the key or the path, once
 * these have worked: nothing would start the program again.
 */
static void
fatal_no_more(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum poller_status expect;
	} t[] = {
		{ 400, "<html>", POLLER_OK },
		{ 401, "", POLLER_OK },
		{ 404, "<html>no such page", POLLER_OK },
		{ 404, ERROR(10017), POLLER_FATAL },
		{ 401, ERROR(10003), POLLER_FATAL },
		{ 403, "block access from your country", POLLER_FATAL },
	};
	struct fake f;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct rule rules[] = { NO_WALLET, NO_PNL,
			{ "position/list", t[i].status, t[i].body }, NO_MORE };

		fake_start(&f, &fake_usdt, empty);
		fake_cycle(&f, NULL);
		assert_int_equal(fake_cycle(&f, rules), t[i].expect);
		assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
		fake_end(&f);
	}
}

#define KEY_IS(body)                                                           \
	{                                                                      \
		{ "query-api", 200, OK(body) }, NO_WALLET, NO_PNL,             \
		    { "position/list", 200, LIST("") }, NO_MORE                \
	}

static void
the_key(void **state)
{
	static const struct rule trades[] = KEY_IS(
	    "{\"readOnly\":0,\"userID\":\"7\",\"ips\":[\"*\"],\"permissions\":"
	    "{\"ContractTrade\":[\"Position\"]},"
	    "\"expiredAt\":\"2030-01-01T00:00:00Z\"}");
	static const struct rule withdraws[] = KEY_IS(
	    "{\"readOnly\":0,\"userID\":7,\"permissions\":{\"Derivatives\":"
	    "[\"DerivativesTrade\"],\"Wallet\":[\"Withdraw\"]}}");
	static const struct rule rightless[] = KEY_IS(
	    "{\"readOnly\":1,\"userID\":7,\"permissions\":{\"ContractTrade\":"
	    "[],\"Wallet\":[\"AccountTransfer\"]}}");
	static const struct rule expired[] =
	    KEY_IS("{\"readOnly\":1,\"ips\":[\"*\"],"
		   "\"expiredAt\":\"2023-01-01T00:00:00Z\"}");
	static const struct rule bound[] =
	    KEY_IS("{\"readOnly\":1,\"ips\":[\"10.0.0.1\"],\"userID\":0,"
		   "\"expiredAt\":\"1970-01-01T00:00:00Z\"}");
	static const struct rule demo[] = { { "query-api", 404, "" }, NO_WALLET,
		NO_PNL, { "position/list", 200, LIST("") }, NO_MORE };
	static const struct rule later[] = { { "query-api", 503, "" },
		NO_MORE };
	static const struct rule wrong[] = { { "query-api", 200, ERROR(10003) },
		NO_MORE };
	static const struct {
		const struct rule *rules;
		enum poller_status status;
		const char *uid; /* NULL: none */
		const char *note;
	} t[] = {
		{ trades, POLLER_OK, "7", "can trade" },
		{ withdraws, POLLER_OK, "7", "can withdraw" },
		{ rightless, POLLER_FATAL, "7", NULL },
		{ expired, POLLER_FATAL, NULL, NULL },
		{ bound, POLLER_OK, NULL, "first snapshot" },
		{ demo, POLLER_OK, NULL, "whose key" },
		{ later, POLLER_OK, NULL, "retrying" },
		{ wrong, POLLER_FATAL, NULL, NULL },
	};
	struct fake f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fake_start(&f, &fake_usdt, t[i].rules);
		assert_int_equal(fake_cycle(&f, NULL), t[i].status);
		assert_int_equal(
		    fake_count(&f.out, "\"uid\":\"7\"") > 0, t[i].uid != NULL);
		assert_int_equal(
		    fake_count(&f.out, "\"uid\":") > 0, t[i].uid != NULL);
		if (t[i].note != NULL)
			assert_int_equal(fake_count(&f.notes, t[i].note), 1);
		/* Without the key's answer nothing else is asked. */
		if (t[i].rules == later || t[i].rules == wrong)
			assert_int_equal(fake_count(&f.asked, "\n"), 1);
		/* It is asked until it is answered, and then no more. */
		if (t[i].status == POLLER_OK) {
			fake_cycle(&f, NULL);
			assert_int_equal(fake_count(&f.asked, "query-api"),
			    t[i].rules == later);
		}
		fake_end(&f);
	}
}

static void
no_wallet(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, &fake_usdt, empty);
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "wallet-balance"), 1);
	assert_int_equal(fake_count(&f.notes, "may not read the wallet"), 1);
	assert_int_equal(fake_count(&f.out, "\"ok\":true"), 1);
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "wallet-balance"), 0);
	assert_int_equal(fake_count(&f.notes, "wallet"), 0);
	fake_end(&f);
}

#define PRICE(symbol) "{\"symbol\":\"" symbol "\",\"lastPrice\":\"1\"}"

static void
few_symbols(void **state)
{
	static const struct poller_opts o = { .account = "main",
		.host = "h",
		.build = "b",
		.interval_ms = 5000,
		.scopes = { { "linear", "USDT" } },
		.nscopes = 1,
		.symbols = { "BTCUSDT", "NOSUCH", "DELISTED", "ETHUSDT" },
		.nsymbols = 4 };
	static const struct rule rules[] = { KEY, NO_WALLET, NO_PNL,
		{ "position/list", 200, LIST("") },
		{ "symbol=NOSUCH", 200, ERROR(10001) },
		{ "symbol=DELISTED", 200, ERROR(10029) },
		{ "instruments-info?category=linear&symbol=BTCUSDT", 200,
		    LIST("{\"symbol\":\"BTCUSDT\",\"tickSize\":\"0.1\"}") },
		{ "instruments-info?category=linear&symbol=ETHUSDT", 200,
		    LIST("{\"symbol\":\"ETHUSDT\"}") },
		{ "tickers?category=linear&symbol=BTCUSDT", 200,
		    LIST(PRICE("BTCUSDT")) },
		{ "tickers?category=linear&symbol=ETHUSDT", 200,
		    LIST(PRICE("ETHUSDT")) },
		NO_MORE };
	static const struct rule one_fails[] = { NO_PNL,
		{ "position/list", 200, LIST("") },
		{ "tickers?category=linear&symbol=BTCUSDT", 502, "" },
		{ "tickers?category=linear&symbol=ETHUSDT", 200,
		    LIST(PRICE("ETHUSDT")) },
		NO_MORE };
	static const struct rule none[] = { KEY, NO_WALLET, NO_PNL,
		{ "position/list", 200, LIST("") },
		{ "instruments-info", 502, "" }, { "tickers", 200, LIST("") },
		NO_MORE };
	struct fake f;

	(void)state;
	fake_start(&f, &o, rules);
	fake_cycle(&f, NULL);
	assert_int_equal(
	    fake_count(&f.out,
		HEAD("instruments") "\"category\":\"linear\","
				    "\"list\":[{\"symbol\":\"BTCUSDT\","
				    "\"tickSize\":\"0.1\"},"
				    "{\"symbol\":\"ETHUSDT\"}]}\n"),
	    1);
	assert_int_equal(
	    fake_count(&f.out,
		HEAD("tickers") "\"category\":\"linear\","
				"\"list\":[" PRICE("BTCUSDT") "," PRICE(
				    "ETHUSDT") "]}\n"),
	    1);
	assert_int_equal(fake_count(&f.out, "\"ok\":true"), 1);
	assert_int_equal(fake_count(&f.notes, "ALLOWED_SYMBOLS"), 2);
	/* One price that fails is no reason to leave out the others. */
	fake_cycle(&f, one_fails);
	assert_int_equal(
	    fake_count(&f.out, "\"list\":[" PRICE("ETHUSDT") "]}\n"), 1);
	assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
	fake_cycle(&f, rules);
	/* Prices each cycle, instruments once a day. */
	f.mono_ms += 24 * 3600 * 1000 - 1;
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "instruments-info"), 0);
	assert_int_equal(fake_count(&f.asked, "tickers"), 2);
	assert_int_equal(fake_count(&f.notes, "ALLOWED_SYMBOLS"), 0);
	f.mono_ms += 1;
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "instruments-info"), 4);
	/* They fail once known: the old ones do for an hour. */
	f.mono_ms += 24 * 3600 * 1000;
	fake_cycle(&f, none);
	assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
	f.mono_ms += 3599 * 1000;
	fake_cycle(&f, rules);
	assert_int_equal(fake_count(&f.asked, "instruments-info"), 0);
	f.mono_ms += 1000;
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "instruments-info"), 4);
	fake_end(&f);

	/* Never known: asked for again in a minute; positions go on. */
	fake_start(&f, &o, none);
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.out, "\"type\":\"positions\""), 1);
	assert_int_equal(fake_count(&f.asked, "tickers"), 0);
	assert_int_equal(f.next_ms, 6000);
	f.mono_ms += 59999;
	fake_cycle(&f, rules);
	assert_int_equal(fake_count(&f.asked, "instruments-info"), 0);
	f.mono_ms += 1;
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.out, "\"type\":\"tickers\""), 1);
	fake_end(&f);
}

/* More than five: all of the category in one call, and our rows of it. */
static void
many_symbols(void **state)
{
	static const struct poller_opts o = { .account = "main",
		.host = "h",
		.build = "b",
		.interval_ms = 5000,
		.scopes = { { "linear", "USDT" } },
		.nscopes = 1,
		.symbols = { "A", "B", "C", "D", "E", "F" },
		.nsymbols = 6 };
#define SIX                                                                    \
	PRICE("F")                                                             \
	"," PRICE("X") "," PRICE("A") "," PRICE("B") "," PRICE("C") "," PRICE( \
	    "D") "," PRICE("E")
	static const struct rule rules[] = { KEY, NO_WALLET, NO_PNL,
		{ "position/list", 200, LIST("") },
		{ "market/", 200, LIST(SIX) }, NO_MORE };
	struct fake f;

	(void)state;
	fake_start(&f, &o, rules);
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "instruments-info"), 1);
	assert_int_equal(
	    fake_count(&f.asked, "instruments-info?category=linear&limit=1000"),
	    1);
	assert_int_equal(fake_count(&f.asked, "tickers"), 1);
	assert_int_equal(fake_count(&f.out, "lastPrice"), 12);
	assert_int_equal(fake_count(&f.out, "\"X\""), 0);
	fake_end(&f);
}

static void
stopped_and_broken(void **state)
{
	struct fake f;
	uint64_t i;

	(void)state;
	for (i = 1; i <= 4; i++) {
		fake_start(&f, &fake_usdt, empty);
		f.stop_at = i;
		assert_int_equal(fake_cycle(&f, NULL), POLLER_STOP);
		assert_int_equal(fake_count(&f.out, "heartbeat"), 0);
		fake_end(&f);
	}
	fake_start(&f, &fake_usdt, empty);
	f.write_errno = EPIPE;
	assert_int_equal(fake_cycle(&f, NULL), POLLER_OUTPUT);
	assert_int_equal(errno, EPIPE);
	fake_end(&f);
}

static void
schedules(void **state)
{
	struct schedule s;

	(void)state;
	schedule_start(&s, 1000, 5000);
	assert_int_equal(schedule_tick(&s, 1000), 6000);
	assert_int_equal(schedule_tick(&s, 5999), 6000);
	assert_int_equal(schedule_tick(&s, 6000), 11000);
	/* Late by two intervals: those ticks are gone, the grid is not. */
	assert_int_equal(schedule_good(&s, 17777, 0), 21000);
	assert_int_equal(schedule_good(&s, 17777, 1), 18277);
	assert_int_equal(schedule_good(&s, 20800, 1), 21000);
	/* 0.5 to 1 s, doubled each time, up to 60 s. */
	assert_int_equal(schedule_failed(&s, 0, 0), 500);
	assert_int_equal(schedule_failed(&s, 0, 1000), 2000);
	assert_int_equal(schedule_failed(&s, 0, 500), 3000);
	s.failures = 1000;
	assert_int_equal(schedule_failed(&s, 0, 0), 30000);
	assert_int_equal(schedule_failed(&s, 0, 1000), 60000);
	assert_int_equal(schedule_good(&s, 1000, 0), 6000);
	assert_int_equal(schedule_failed(&s, 0, 0), 500);
}

static int
read_opts(struct poller_opts *o, const char *categories, const char *coins,
    char *err, size_t size)
{
	struct buf errors, warnings;
	struct settings *s;
	int rc;

	buf_init(&errors, 65536);
	buf_init(&warnings, 65536);
	setenv("BYBIT_CATEGORIES", categories, 1);
	setenv("BYBIT_SETTLE_COINS", coins, 1);
	s = settings_read(NULL, &errors, &warnings);
	if (s == NULL)
		fail_msg("%s", buf_cstr(&errors));
	rc = poller_opts_read(o, s, err, size);
	settings_free(s);
	buf_release(&errors);
	buf_release(&warnings);
	unsetenv("BYBIT_CATEGORIES");
	unsetenv("BYBIT_SETTLE_COINS");
	return rc;
}

static void
options(void **state)
{
	struct poller_opts o;
	char err[256];

	(void)state;
	assert_int_equal(
	    read_opts(&o, "linear,inverse", "USDT,USDC", err, 256), 0);
	assert_int_equal(o.nscopes, 3);
	assert_int_equal(o.nsymbols, 2);
	assert_null(o.scopes[2].settle_coin);
	assert_int_equal(read_opts(&o, "linear,spot", "USDT", err, 256), -1);
	assert_non_null(strstr(err, "BYBIT_CATEGORIES=spot: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures),
		cmocka_unit_test(fatal_errors),
		cmocka_unit_test(fatal_no_more),
		cmocka_unit_test(the_key),
		cmocka_unit_test(no_wallet),
		cmocka_unit_test(few_symbols),
		cmocka_unit_test(many_symbols),
		cmocka_unit_test(stopped_and_broken),
		cmocka_unit_test(schedules),
		cmocka_unit_test(options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
