/*
 * The poller's snapshots: pages, what vanished, records, executions, scopes.
 *
 * F10 and F16 (pages, errors that are not emptiness), F17 (hedge rows), F24
 * (several scopes), F26 (executions behind a record), F91.
 *
 * Not tested here: the rest of a cycle (test-poller-cycle.c); descriptors,
 * signals, the wire (tests/e2e/poller-*.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/poller-fake.h"

static const struct rule empty[] = EMPTY_ACCOUNT;

static void
a_cycle(void **state)
{
	static const struct rule rules[] = { KEY,
		{ "position/list", 200,
		    LIST(ROW("BTCUSDT", 0, "Buy", "1", 7)) },
		{ "closed-pnl", 200,
		    LIST(RECORD("ETHUSDT", "b", "1699999999000") "," RECORD(
			"ETHUSDT", "a", "1699990000000")) },
		{ "execution/list", 200,
		    LIST("{\"execId\":\"2\",\"execTime\":\"200\"},"
			 "{\"execId\":\"1\",\"execTime\":\"200\"}") },
		{ "wallet-balance", 200,
		    OK("{\"list\":[{\"totalEquity\":\"10\"}]}") },
		NO_MORE };
	struct fake f;

	(void)state;
	fake_start(&f, &fake_usdt, rules);
	assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
	/* A week of records; the executions of the young one alone. */
	assert_string_equal(buf_cstr(&f.asked),
	    "/v5/user/query-api?\n"
	    "/v5/position/list?category=linear&settleCoin=USDT&limit=200\n"
	    "/v5/position/closed-pnl?category=linear&startTime=1699395200000"
	    "&endTime=1700000000000&limit=100\n"
	    "/v5/execution/list?category=linear&orderId=b&limit=100\n"
	    "/v5/account/wallet-balance?accountType=UNIFIED\n");
	assert_string_equal(buf_cstr(&f.out),
	    HEAD(
		"executions") "\"category\":\"linear\",\"list\":["
			      "{\"execId\":\"1\",\"execTime\":\"200\"},"
			      "{\"execId\":\"2\",\"execTime\":\"200\"}]}\n" HEAD(
				  "positions") "\"category\":\"linear\",\"settle_coin\":"
					       "\"USDT\",\"positions\":[" ROW(
						   "BTCUSDT", 0, "Buy", "1",
						   7) "],\"closed_pnl\":[" RECORD("ETHUSDT",
						   "a",
						   "1699990000000") "," RECORD("ETHUSDT",
						   "b",
						   "1699999999000") "]}\n" HEAD("wallet") "\"wallet\":{\"totalEquity\":\"10\"}}\n" BEAT
											  "\"ok\":true,\"ms\":0,\"requests\":5}\n");
	/* The first snapshot is no change: the grid it is. */
	assert_int_equal(f.next_ms, 6000);
	assert_string_equal(buf_cstr(&f.notes), "1 first snapshot\n");

	/* The next look: since a minute before the last; all are known. */
	f.now_ms += 5000;
	f.mono_ms += 5000;
	assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
	assert_int_equal(fake_count(&f.asked, "query-api"), 0);
	assert_int_equal(fake_count(&f.asked, "execution/list"), 0);
	assert_int_equal(fake_count(&f.asked,
			     "startTime=1699999940000&endTime=1700000005000"),
	    1);
	assert_int_equal(f.next_ms, 11000);
	fake_end(&f);
}

/* F16: n positions on the pages that Bybit makes of them. */
static void
make_page(struct fake *f, int from, int n)
{
	int i;

	buf_clear(&f->made);
	buf_puts(&f->made,
	    "{\"retCode\":0,\"result\":{\"nextPageCursor\":"
	    "\"S%3A1\",\"list\":[");
	for (i = 0; i < n; i++)
		buf_printf(&f->made,
		    "%s{\"symbol\":\"S%dUSDT\",\"positionIdx\":0,"
		    "\"side\":\"Buy\",\"size\":\"1\"}",
		    i > 0 ? "," : "", from + i);
	buf_puts(&f->made, "]},\"time\":1700000000500}");
}

static void
all_pages(void **state)
{
	static const struct {
		int first;
		const char *second; /* body of the page behind the cursor */
		int rows;
		int requests;
	} t[] = {
		{ 0, NULL, 0, 1 },
		{ 20, NULL, 20, 1 },
		{ 21, NULL, 21, 1 },
		{ 199, NULL, 199, 1 },
		{ 200, LIST(""), 200, 2 },
		{ 200, LIST(ROW("ZUSDT", 0, "Buy", "1", 1)), 201, 2 },
		/* It moved to page 2 meanwhile: once, as it was last. */
		{ 200, LIST(ROW("S7USDT", 0, "Buy", "2", 1)), 200, 2 },
	};
	struct fake f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct rule rules[] = { KEY, NO_WALLET, NO_PNL,
			{ "cursor=S%3A1", 200, t[i].second },
			{ "position/list", 200, NULL }, NO_MORE };

		fake_start(&f, &fake_usdt, rules);
		make_page(&f, 0, t[i].first);
		assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
		assert_int_equal(fake_count(&f.out, "\"symbol\":"), t[i].rows);
		assert_int_equal(
		    fake_count(&f.asked, "position/list"), t[i].requests);
		assert_int_equal(
		    fake_count(&f.out, "\"type\":\"positions\""), 1);
		assert_int_equal(fake_count(&f.out, "\"ok\":true"), 1);
		fake_end(&f);
	}
}

/* F10: what is not a whole snapshot is no line, and closes nothing. */
static void
no_line_for_a_failure(void **state)
{
	static const struct {
		int status;
		const char *body; /* of page 2, or of the page */
		const char *error;
	} t[] = {
		{ 200, "{}", "no retCode" },
		{ 200, "", "an empty body" },
		{ 200, ERROR(10016), "retCode 10016" },
		{ 502, "<html>Bad Gateway</html>", "HTTP 502" },
		{ 200, OK("{}"), "no list" },
		{ 200, OK("{\"list\":null}"), "no list" },
		{ 200, OK("{\"list\":{}}"), "no list" },
		{ 200, OK("{\"list\":[1]}"), "not an object" },
		{ 200, OK("{\"list\":[{\"symbol\":\"A\"}]}"), "positionIdx" },
		{ 200, OK("{\"list\":[{\"positionIdx\":0}]}"), "symbol" },
		{ 200, LIST("{\"symbol\":\"A&b\",\"positionIdx\":0}"),
		    "symbol" },
		{ 0, "", "time-out" },
	};
	struct fake f;
	size_t i;
	int page;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]) * 2; i++) {
		const char *body = t[i / 2].body;
		int status = t[i / 2].status;
		const struct rule page1[] = { NO_PNL,
			{ "position/list", status, body }, NO_MORE };
		const struct rule page2[] = { NO_PNL,
			{ "cursor=", status, body },
			{ "position/list", 200, NULL }, NO_MORE };

		page = (int)(i % 2);
		fake_start(&f, &fake_usdt, empty);
		assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
		make_page(&f, 0, 200);
		f.mono_ms += 5000;
		assert_int_equal(
		    fake_cycle(&f, page == 0 ? page1 : page2), POLLER_OK);
		assert_int_equal(fake_count(&f.out, "\n"), 1);
		assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
		if (fake_count(&f.out, t[i / 2].error) != 1)
			fail_msg("case %zu: %s", i, buf_cstr(&f.out));
		assert_in_range(f.next_ms, 6500, 7000);
		fake_end(&f);
	}
}

/* A cursor that comes again ends it; one that cannot be sent is an error. */
static void
odd_cursors(void **state)
{
	struct fake f;
	int pages = 0;

	(void)state;
	fake_start(&f, &fake_usdt, empty);
	{
		static const struct rule rules[] = { KEY, NO_WALLET, NO_PNL,
			{ "position/list", 200, NULL }, NO_MORE };

		f.rules = rules;
	}
	make_page(&f, 0, 200); /* the same page for ever */
	assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
	assert_int_equal(fake_count(&f.asked, "position/list"), 2);
	assert_int_equal(fake_count(&f.out, "\"symbol\":"), 200);

	/* A cursor with an ampersand would be another parameter. */
	{
		char *c = strstr(f.made.p, "S%3A1");

		memcpy(c, "S&x=1", 5);
	}
	assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
	pages = fake_count(&f.asked, "position/list");
	assert_int_equal(pages, 1);
	assert_int_equal(fake_count(&f.out, "\"type\":\"positions\""), 0);
	assert_int_equal(fake_count(&f.out, "unusable"), 1);
	fake_end(&f);
}

#define OPEN(rows)                                                             \
	{                                                                      \
		KEY, NO_WALLET, NO_PNL, { "position/list", 200, LIST(rows) },  \
		    NO_MORE                                                    \
	}
#define THEN(by_symbol, rows)                                                  \
	{                                                                      \
		NO_PNL, { "symbol=BTCUSDT", 200, by_symbol },                  \
		    { "position/list", 200, LIST(rows) }, NO_MORE              \
	}

/* What vanished from the list is asked for by symbol, and joins the line. */
static void
vanished_positions(void **state)
{
	static const struct rule one[] = OPEN(ROW(
	    "BTCUSDT", 0, "Buy", "1", 7) "," ROW("ETHUSDT", 0, "Sell", "2", 8));
	static const struct rule both[] = OPEN(ROW(
	    "BTCUSDT", 2, "Sell", "3", 9) "," ROW("BTCUSDT", 1, "Buy", "1", 7));
	static const struct rule closed[] =
	    THEN(LIST(ROW("BTCUSDT", 0, "", "0", 10)),
		ROW("ETHUSDT", 0, "Sell", "2", 8));
	static const struct rule still_there[] =
	    THEN(LIST(ROW("BTCUSDT", 0, "Buy", "1", 7)),
		ROW("ETHUSDT", 0, "Sell", "2", 8));
	/* F17: both rows come, in any order; the open one is there already. */
	static const struct rule one_leg[] =
	    THEN(LIST(ROW("BTCUSDT", 2, "Sell", "3", 9) "," ROW(
		     "BTCUSDT", 1, "", "0.00", 10)),
		ROW("BTCUSDT", 2, "Sell", "3", 9));
	static const struct rule both_legs[] =
	    THEN(LIST(ROW("BTCUSDT", 1, "", "0", 10) "," ROW(
		     "BTCUSDT", 2, "", "", 11)),
		"");
	/* Opened since: not asked for, the next look has it. */
	static const struct rule another_leg[] =
	    THEN(LIST(ROW("BTCUSDT", 0, "", "0", 10) "," ROW(
		     "BTCUSDT", 1, "Buy", "5", 12)),
		ROW("ETHUSDT", 0, "Sell", "2", 8));
	static const struct rule delisted[] =
	    THEN(ERROR(10001), ROW("ETHUSDT", 0, "Sell", "2", 8));
	static const struct rule not_valid[] =
	    THEN(ERROR(10029), ROW("ETHUSDT", 0, "Sell", "2", 8));
	static const struct rule fails[] =
	    THEN(ERROR(10016), ROW("ETHUSDT", 0, "Sell", "2", 8));
	static const struct {
		const struct rule *first;
		const struct rule *then;
		const char *rows; /* NULL: no line */
	} t[] = {
		{ one, closed,
		    ROW("ETHUSDT", 0, "Sell", "2", 8) "," ROW(
			"BTCUSDT", 0, "", "0", 10) },
		{ one, still_there,
		    ROW("ETHUSDT", 0, "Sell", "2", 8) "," ROW(
			"BTCUSDT", 0, "Buy", "1", 7) },
		{ both, one_leg,
		    ROW("BTCUSDT", 2, "Sell", "3", 9) "," ROW(
			"BTCUSDT", 1, "", "0.00", 10) },
		{ both, both_legs,
		    ROW("BTCUSDT", 1, "", "0", 10) "," ROW(
			"BTCUSDT", 2, "", "", 11) },
		{ one, another_leg,
		    ROW("ETHUSDT", 0, "Sell", "2", 8) "," ROW(
			"BTCUSDT", 0, "", "0", 10) },
		{ one, delisted, ROW("ETHUSDT", 0, "Sell", "2", 8) },
		{ one, not_valid, ROW("ETHUSDT", 0, "Sell", "2", 8) },
		{ one, fails, NULL },
	};
	char expect[1024];
	struct fake f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fake_start(&f, &fake_usdt, t[i].first);
		assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
		assert_int_equal(fake_cycle(&f, t[i].then), POLLER_OK);
		assert_int_equal(fake_count(&f.asked, "&symbol=BTCUSDT"), 1);
		if (t[i].rows == NULL) {
			assert_int_equal(fake_count(&f.out, "positions"), 0);
			/* Nothing is forgotten: it is asked for again. */
			assert_int_equal(fake_cycle(&f, closed), POLLER_OK);
			assert_int_equal(
			    fake_count(&f.asked, "&symbol=BTCUSDT"), 1);
		} else {
			snprintf(expect, sizeof(expect),
			    "\"positions\":[%s],\"closed_pnl\":[]}\n",
			    t[i].rows);
			if (fake_count(&f.out, expect) != 1)
				fail_msg("case %zu: %s", i, buf_cstr(&f.out));
			/* Asked for once, unless it is there after all. */
			assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
			assert_int_equal(
			    fake_count(&f.asked, "&symbol=BTCUSDT"),
			    t[i].then == still_there);
		}
		fake_end(&f);
	}
}

/*
 * One symbol that cannot be asked for, for ever, does not keep the others of
 * its scope from being told: after a minute it is left out.
 */
static void
vanished_without_an_answer(void **state)
{
	static const struct rule both[] = OPEN(ROW(
	    "BTCUSDT", 0, "Buy", "1", 7) "," ROW("ETHUSDT", 0, "Sell", "2", 8));
	static const struct rule unknown_code[] =
	    THEN(ERROR(999999), ROW("ETHUSDT", 0, "Sell", "2", 8));
	static const struct rule no_list[] =
	    THEN(OK("{}"), ROW("ETHUSDT", 0, "Sell", "2", 8));
	const struct rule *const then[] = { unknown_code, no_list };
	struct fake f;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		fake_start(&f, &fake_usdt, both);
		fake_cycle(&f, NULL);
		fake_cycle(&f, then[i]);
		assert_int_equal(fake_count(&f.out, "positions"), 0);
		f.mono_ms += 59999;
		fake_cycle(&f, NULL);
		assert_int_equal(fake_count(&f.out, "positions"), 0);
		f.mono_ms += 1;
		fake_cycle(&f, NULL);
		assert_int_equal(fake_count(&f.out, "ETHUSDT"), 1);
		assert_int_equal(fake_count(&f.out, "BTCUSDT"), 0);
		fake_cycle(&f, NULL);
		assert_int_equal(fake_count(&f.asked, "&symbol=BTCUSDT"), 0);
		assert_int_equal(fake_count(&f.out, "\"ok\":true"), 1);
		fake_end(&f);
	}
}

/* A change makes the next look come soon, until its record is there. */
static void
quick_looks(void **state)
{
	static const struct rule open[] =
	    OPEN(ROW("BTCUSDT", 0, "Buy", "2", 7));
	static const struct rule same[] =
	    OPEN(ROW("BTCUSDT", 0, "Buy", "2.00", 7));
	static const struct rule more[] =
	    OPEN(ROW("BTCUSDT", 0, "Buy", "3", 8));
	static const struct rule less[] =
	    OPEN(ROW("BTCUSDT", 0, "Buy", "1", 9));
	static const struct rule record[] = { NO_WALLET,
		{ "closed-pnl", 200,
		    LIST(RECORD("BTCUSDT", "x", "1700000000000")) },
		{ "execution/list", 200, LIST("") },
		{ "position/list", 200,
		    LIST(ROW("BTCUSDT", 0, "Buy", "1", 9)) },
		NO_MORE };
	struct fake f;
	int i;

	(void)state;
	fake_start(&f, &fake_usdt, open);
	fake_cycle(&f, NULL);
	assert_int_equal(f.next_ms, 6000);
	f.mono_ms = 6000;
	fake_cycle(&f, same);
	assert_int_equal(f.next_ms, 11000);
	assert_string_equal(buf_cstr(&f.notes), "");
	f.mono_ms = 11000;
	fake_cycle(&f, more);
	assert_int_equal(f.next_ms, 11500);
	assert_string_equal(buf_cstr(&f.notes), "1 position\n");
	f.mono_ms = 11500;
	fake_cycle(&f, NULL);
	assert_int_equal(f.next_ms, 16000);
	/* It shrank: looked for until the record comes ... */
	f.mono_ms = 16000;
	fake_cycle(&f, less);
	for (i = 0; i < 3; i++) {
		assert_int_equal(f.next_ms, f.mono_ms + 500);
		f.mono_ms = f.next_ms;
		fake_cycle(&f, NULL);
	}
	f.mono_ms = f.next_ms;
	fake_cycle(&f, record);
	assert_int_equal(fake_count(&f.asked, "orderId=x"), 1);
	assert_int_equal(f.next_ms, 21000);
	fake_end(&f);

	/* ... or 15 s are over. */
	fake_start(&f, &fake_usdt, more);
	fake_cycle(&f, NULL);
	f.mono_ms = 6000;
	fake_cycle(&f, less);
	for (i = 0; f.next_ms == f.mono_ms + 500; i++) {
		f.mono_ms = f.next_ms;
		fake_cycle(&f, NULL);
	}
	assert_int_equal(f.mono_ms, 21000);
	fake_end(&f);
}

/* Executions: once for a record, again when it could not be had (F26). */
static void
executions_of_records(void **state)
{
	static const struct rule fails[] = { NO_WALLET,
		{ "closed-pnl", 200,
		    LIST(RECORD("BTCUSDT", "b", "1700000000200") "," RECORD(
			"BTCUSDT", "a", "1700000000100")) },
		{ "orderId=b", 200, ERROR(10016) },
		{ "position/list", 200, LIST("") }, NO_MORE };
	static const struct rule works[] = { NO_WALLET,
		{ "closed-pnl", 200,
		    LIST(RECORD("BTCUSDT", "b", "1700000000200") "," RECORD(
			"BTCUSDT", "a", "1700000000100")) },
		{ "orderId=b", 200,
		    LIST("{\"id\":\"3\",\"execTime\":\"30\"},"
			 "{\"id\":\"1\",\"execTime\":\"10\"}") },
		{ "orderId=a", 200,
		    LIST("{\"id\":\"2\",\"execTime\":\"20\"}") },
		{ "position/list", 200, LIST("") }, NO_MORE };
	struct fake f;

	(void)state;
	fake_start(&f, &fake_usdt, empty);
	fake_cycle(&f, NULL);
	fake_cycle(&f, fails);
	/* The snapshot goes out all the same. */
	assert_int_equal(fake_count(&f.out, "\"type\":\"positions\""), 1);
	assert_int_equal(fake_count(&f.out, "\"type\":\"executions\""), 0);
	assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
	fake_cycle(&f, works);
	assert_int_equal(fake_count(&f.asked, "orderId="), 2);
	assert_memory_equal(
	    buf_cstr(&f.out), HEAD("executions"), strlen(HEAD("executions")));
	assert_int_equal(fake_count(&f.out,
			     "\"list\":[{\"id\":\"1\",\"execTime\":\"10\"},"
			     "{\"id\":\"2\",\"execTime\":\"20\"},"
			     "{\"id\":\"3\",\"execTime\":\"30\"}]"),
	    1);
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "orderId="), 0);
	fake_end(&f);
}

/* closed-pnl alone fails: a snapshot without it, the window stays open. */
static void
records_may_be_missing(void **state)
{
	static const struct rule fails[] = { NO_WALLET,
		{ "closed-pnl", 502, "" }, { "position/list", 200, LIST("") },
		NO_MORE };
	struct fake f;

	(void)state;
	fake_start(&f, &fake_usdt, empty);
	fake_cycle(&f, NULL);
	f.now_ms += 600000;
	fake_cycle(&f, fails);
	assert_int_equal(fake_count(&f.out, "\"positions\":[]}\n"), 1);
	assert_int_equal(fake_count(&f.out, "closed_pnl"), 0);
	assert_int_equal(fake_count(&f.out,
			     "\"ok\":false,\"error\":"
			     "\"/v5/position/closed-pnl: HTTP 502"),
	    1);
	f.now_ms += 600000;
	fake_cycle(&f, empty);
	assert_int_equal(fake_count(&f.asked,
			     "startTime=1699999940000&endTime=1700001200000"),
	    1);
	fake_end(&f);
}

/* What an earlier reader got is perhaps lost with it: a new one gets a week. */
static void
a_new_reader_gets_the_records(void **state)
{
	static const struct rule rules[] = { KEY, NO_WALLET,
		{ "position/list", 200, LIST("") },
		{ "closed-pnl", 200,
		    LIST(RECORD("ETHUSDT", "b", "1699999999000")) },
		{ "execution/list", 200, LIST("{\"execId\":\"1\"}") },
		NO_MORE };
	struct fake f;

	(void)state;
	fake_start(&f, &fake_usdt, rules);
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "orderId=b"), 1);
	f.now_ms += 600000;
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "startTime=1699999940000"), 1);
	assert_int_equal(fake_count(&f.asked, "orderId=b"), 0);
	poller_refresh(f.p);
	f.now_ms += 5000;
	fake_cycle(&f, NULL);
	assert_int_equal(
	    fake_count(
		&f.asked, "closed-pnl?category=linear&startTime=1699395805000"),
	    1);
	assert_int_equal(fake_count(&f.asked, "orderId=b"), 1);
	f.now_ms += 5000;
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "startTime=1700000545000"), 1);
	assert_int_equal(fake_count(&f.asked, "orderId=b"), 0);
	fake_end(&f);
}

/* F24: each scope for itself; records go to the scope of their coin. */
static void
several_scopes(void **state)
{
	static const struct poller_opts o = { .account = "main",
		.host = "h",
		.build = "b",
		.interval_ms = 5000,
		.scopes = { { "linear", "USDT" }, { "linear", "USDC" },
		    { "inverse", NULL } },
		.nscopes = 3 };
	static const struct rule rules[] = { KEY, NO_WALLET,
		{ "closed-pnl?category=linear", 200,
		    LIST(RECORD("BTCUSDT", "a", "1") "," RECORD(
			"BTCPERP", "b", "1") "," RECORD("BTC-26DEC25", "c",
			"1") "," RECORD("BTCUSDT-26DEC25", "d", "1")) },
		{ "closed-pnl?category=inverse", 200,
		    LIST(RECORD("BTCUSD", "e", "1")) },
		{ "settleCoin=USDC", 502, "" },
		{ "position/list", 200, LIST("") }, NO_MORE };
	static const struct rule good[] = { NO_PNL,
		{ "position/list", 200, LIST("") }, NO_MORE };
	struct fake f;

	(void)state;
	fake_start(&f, &o, rules);
	assert_int_equal(fake_cycle(&f, NULL), POLLER_OK);
	assert_int_equal(fake_count(&f.out, "\"type\":\"positions\""), 2);
	assert_int_equal(fake_count(&f.out, "\"settle_coin\":\"USDC\""), 0);
	assert_int_equal(fake_count(&f.out,
			     "\"settle_coin\":\"USDT\",\"positions\":[],"
			     "\"closed_pnl\":[" RECORD("BTCUSDT-26DEC25", "d",
				 "1") "," RECORD("BTCUSDT", "a", "1") "]"),
	    1);
	assert_int_equal(fake_count(&f.out,
			     "\"category\":\"inverse\",\"positions\":[],"
			     "\"closed_pnl\":[" RECORD("BTCUSD", "e", "1")),
	    1);
	assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
	assert_int_equal(fake_count(&f.asked, "category=inverse&limit=200"), 1);
	f.mono_ms = f.next_ms;
	fake_cycle(&f, good);
	assert_int_equal(fake_count(&f.out, "\"type\":\"positions\""), 3);
	fake_end(&f);
}

/*
 * A scope that fails backs off by itself: the others are looked at as often as
 * ever, and it is no secret meanwhile that it is not.
 */
static void
scopes_fail_alone(void **state)
{
	static const struct poller_opts o = { .account = "main",
		.host = "h",
		.build = "b",
		.interval_ms = 5000,
		.scopes = { { "linear", "USDT" }, { "inverse", NULL } },
		.nscopes = 2 };
	static const struct rule one[] = { KEY, NO_WALLET, NO_PNL,
		{ "position/list?category=inverse", 200, ERROR(10016) },
		{ "position/list", 200, LIST("") }, NO_MORE };
	static const struct rule none[] = { NO_PNL,
		{ "position/list", 200, ERROR(10016) }, NO_MORE };
	static const struct rule both[] = EMPTY_ACCOUNT;
	struct fake f;
	int asked = 0;

	(void)state;
	fake_start(&f, &o, one);
	/* In five minutes, while it would be asked every minute at last. */
	for (int i = 0; i < 60; i++) {
		fake_cycle(&f, NULL);
		assert_int_equal(
		    fake_count(&f.out, "\"category\":\"linear\""), 1);
		assert_int_equal(fake_count(&f.out, "\"ok\":false"), 1);
		assert_int_equal(fake_count(&f.out, "10016"), 1);
		assert_int_equal(fake_count(&f.notes, "retrying"), i == 0);
		asked += fake_count(&f.asked, "category=inverse");
		assert_int_equal(f.next_ms, f.mono_ms + 5000);
		f.mono_ms = f.next_ms;
	}
	assert_in_range(asked, 8, 16);
	/* Where all fail, all are asked at each look, and that backs off. */
	fake_cycle(&f, none);
	fake_cycle(&f, NULL);
	assert_int_equal(fake_count(&f.asked, "position/list"), 2);
	assert_in_range(f.next_ms - f.mono_ms, 1000, 2000);
	fake_cycle(&f, both);
	assert_int_equal(fake_count(&f.out, "\"type\":\"positions\""), 2);
	assert_int_equal(fake_count(&f.out, "\"ok\":true"), 1);
	fake_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cycle),
		cmocka_unit_test(all_pages),
		cmocka_unit_test(no_line_for_a_failure),
		cmocka_unit_test(odd_cursors),
		cmocka_unit_test(vanished_positions),
		cmocka_unit_test(vanished_without_an_answer),
		cmocka_unit_test(quick_looks),
		cmocka_unit_test(executions_of_records),
		cmocka_unit_test(records_may_be_missing),
		cmocka_unit_test(a_new_reader_gets_the_records),
		cmocka_unit_test(several_scopes),
		cmocka_unit_test(scopes_fail_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
