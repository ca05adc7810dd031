/*
 * book and reader: what differ's state says, as the real differ wrote it.
 *
 * Not tested here: a state that is damaged in its structure (test-store); the
 * reader's words for each way an open can fail (test-store).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/clock.h"
#include "differ/account.h"
#include "differ/differ.h"
#include "differ/state.h"
#include "risker/book.h"
#include "tests/unit/scratch.h"

#define AT "2026-11-21T10:30:00.000Z"

struct fixture {
	char dir[SCRATCH_SIZE];
	struct store *store;
	struct differ *d;
	struct book *b;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(f->dir, "book");
	f->b = book_new(f->dir, "main");
	assert_non_null(f->b);
	*state = f;
	return 0;
}

static void
remove_state(const struct fixture *f)
{
	static const char *const names[] = { "differ.mdb", "differ.mdb-lock",
		"differ.lock" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[96];

		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		(void)unlink(path);
	}
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	int rc;

	book_free(f->b);
	rc = scratch_remove(f->dir);
	free(f);
	return rc;
}

/* A book and a differ of one process would be two handles of one file. */
static void
release(struct fixture *f)
{
	book_free(f->b);
	f->b = book_new(f->dir, "main");
	assert_non_null(f->b);
}

static void
open_differ(struct fixture *f)
{
	struct store_opts o = { .dir = f->dir,
		.stage = "differ",
		.tables = state_tables,
		.schema = STATE_SCHEMA,
		.map_size = 64 << 20,
		.mode = STORE_OWN };
	char err[512] = "";

	release(f);
	if (store_open(&f->store, &o, err, sizeof(err)) != STORE_OK)
		fail_msg("store_open: %s", err);
	f->d = differ_new(f->store, "main", err, sizeof(err));
	assert_non_null(f->d);
}

static void
close_differ(struct fixture *f)
{
	assert_int_equal(differ_commit(f->d, NULL, NULL), STORE_OK);
	differ_free(f->d);
	store_close(f->store);
}

static void
feed(struct fixture *f, const char *line)
{
	char *copy = strdup(line);

	assert_int_equal(differ_line(f->d, copy, strlen(copy)), DIFFER_TAKEN);
	free(copy);
}

/* One line, by a differ that comes and goes. */
static void
put(struct fixture *f, const char *line)
{
	open_differ(f);
	feed(f, line);
	close_differ(f);
}

/* A row as no differ would write it. */
static void
spoil(struct fixture *f, const char *kind, const char *category,
    const char *name, const char *value)
{
	struct store_txn *t;
	struct store_key key;

	open_differ(f);
	account_key(&key, "main", kind, category, name);
	assert_int_equal(store_begin(f->store, 1, &t), STORE_OK);
	assert_int_equal(
	    store_put(t, "account", key.p, key.len, value, strlen(value)),
	    STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	close_differ(f);
}

static void
equals(struct decimal d, const char *expected)
{
	char text[DECIMAL_TEXT_MAX];

	(void)decimal_format(text, d);
	assert_string_equal(text, expected);
}

static int64_t
ms(const char *s)
{
	int64_t out;

	assert_int_equal(time_parse(s, strlen(s), &out), 0);
	return out;
}

/* F79: no state yet, then one, then another in its place. */
static void
comes_and_goes(void **state)
{
	struct fixture *f = *state;
	struct book_wallet w;

	assert_int_equal(book_begin(f->b), -1);
	assert_non_null(strstr(book_error(f->b), f->dir));
	book_end(f->b);

	put(f,
	    "{\"type\":\"wallet\",\"time\":\"" AT "\",\"account\":"
	    "\"main\",\"wallet\":{\"totalEquity\":\"100\"}}");
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_wallet(f->b, &w), 1);
	equals(w.equity, "100");
	assert_int_equal(w.time_ms, ms(AT));
	book_end(f->b);

	/* The book keeps the file open that is replaced now. */
	remove_state(f);
	assert_int_equal(book_begin(f->b), -1);
	put(f,
	    "{\"type\":\"wallet\",\"time\":\"" AT "\",\"account\":"
	    "\"main\",\"wallet\":{\"totalEquity\":\"130\"}}");
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_wallet(f->b, &w), 1);
	equals(w.equity, "130");
	book_end(f->b);
}

static void
nothing_there(void **state)
{
	struct fixture *f = *state;
	struct book_wallet w;
	struct book_day d;
	struct book_ticker t;
	struct book_instrument i;
	int64_t at;

	put(f,
	    "{\"type\":\"heartbeat\",\"time\":\"" AT "\",\"account\":"
	    "\"main\",\"ok\":true}");
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_wallet(f->b, &w), 0);
	assert_int_equal(book_day(f->b, ms(AT), &d), 0);
	assert_int_equal(book_ticker(f->b, "BTCUSDT", &t), 0);
	assert_int_equal(book_instrument(f->b, "BTCUSDT", &i), 0);
	assert_int_equal(book_snapshot_ms(f->b, "USDT", &at), 0);
	book_end(f->b);
}

static void
wallet_and_day(void **state)
{
	static const char line[] =
	    "{\"type\":\"wallet\",\"time\":\"%s\",\"account\":\"main\","
	    "\"wallet\":{\"totalEquity\":\"%s\",\"coin\":[{\"coin\":\"BTC\","
	    "\"equity\":\"1\"},{\"coin\":\"USDT\",\"equity\":\"77.5\"}]}}";
	struct fixture *f = *state;
	struct book_wallet w;
	struct book_day d;
	char text[512];

	open_differ(f);
	snprintf(text, sizeof(text), line, "2026-11-21T00:00:00.000Z", "100");
	feed(f, text);
	snprintf(text, sizeof(text), line, "2026-11-21T00:00:01.000Z", "130");
	feed(f, text);
	snprintf(text, sizeof(text), line, "2026-11-21T23:59:59.999Z", "90.5");
	feed(f, text);
	close_differ(f);
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_wallet(f->b, &w), 1);
	assert_int_equal(w.time_ms, ms("2026-11-21T23:59:59.999Z"));
	equals(w.equity, "90.5");
	assert_int_equal(book_day(f->b, ms(AT), &d), 1);
	assert_int_equal(d.has_equity, 1);
	equals(d.first, "100");
	equals(d.highest, "130");
	equals(d.last, "90.5");
	equals(d.closed_pnl, "0");
	/* The day before, the day after: UTC (F55). */
	assert_int_equal(book_day(f->b, ms("2026-11-20T23:59:59.999Z"), &d), 0);
	assert_int_equal(book_day(f->b, ms("2026-11-22T00:00:00.000Z"), &d), 0);
	book_end(f->b);

	/* Isolated margin: other coins back nothing. */
	snprintf(text, sizeof(text), line, "2026-11-22T00:00:00.000Z",
	    "90077.5\",\"totalMarginBalance\":\"");
	put(f, text);
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_wallet(f->b, &w), 1);
	equals(w.equity, "77.5");
	assert_int_equal(book_day(f->b, ms("2026-11-22T00:00:00.000Z"), &d), 1);
	equals(d.first, "77.5");
	book_end(f->b);

	/* An account of which Bybit gives no sum at all. */
	snprintf(text, sizeof(text), line, "2026-11-23T00:00:00.000Z", "");
	put(f, text);
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_wallet(f->b, &w), 1);
	equals(w.equity, "77.5");
	book_end(f->b);

	/* Of one that is not isolated it stands there. */
	snprintf(text, sizeof(text), line, "2026-11-24T00:00:00.000Z",
	    "90\",\"totalMarginBalance\":\"88");
	put(f, text);
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_wallet(f->b, &w), 1);
	equals(w.equity, "90");
	book_end(f->b);
}

static void
market(void **state)
{
	struct fixture *f = *state;
	struct book_ticker t;
	struct book_instrument i;

	open_differ(f);
	feed(f,
	    "{\"type\":\"tickers\",\"time\":\"" AT "\",\"account\":\"main\","
	    "\"category\":\"linear\",\"list\":[{\"symbol\":\"BTCUSDT\","
	    "\"lastPrice\":\"51444.40\",\"markPrice\":\"51444.10\"},"
	    "{\"symbol\":\"NOMARK\",\"lastPrice\":\"1\",\"markPrice\":\"\"},"
	    "{\"symbol\":\"ZERO\",\"lastPrice\":\"1\",\"markPrice\":\"0\"}]}");
	feed(f,
	    "{\"type\":\"instruments\",\"time\":\"" AT
	    "\",\"account\":\"main\",\"category\":\"linear\",\"list\":["
	    "{\"symbol\":\"BTCUSDT\",\"status\":\"Trading\","
	    "\"leverageFilter\":{\"maxLeverage\":\"100.00\"},"
	    "\"priceFilter\":{\"tickSize\":\"0.10\"},\"lotSizeFilter\":{"
	    "\"minOrderQty\":\"0.001\",\"qtyStep\":\"0.001\","
	    "\"maxMktOrderQty\":\"500.000\",\"minNotionalValue\":\"5\"}},"
	    "{\"symbol\":\"OLD\",\"status\":\"Closed\",\"priceFilter\":{"
	    "\"tickSize\":\"5\"},\"lotSizeFilter\":{\"minOrderQty\":\"1\","
	    "\"qtyStep\":\"1\",\"maxOrderQty\":\"7\"}},"
	    "{\"symbol\":\"NOSTEP\",\"status\":\"Trading\",\"priceFilter\":{"
	    "\"tickSize\":\"0\"},\"lotSizeFilter\":{\"minOrderQty\":\"1\","
	    "\"qtyStep\":\"1\"}}]}");
	close_differ(f);
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_ticker(f->b, "BTCUSDT", &t), 1);
	assert_int_equal(t.time_ms, ms(AT));
	equals(t.last, "51444.4");
	equals(t.mark, "51444.1");
	assert_int_equal(book_ticker(f->b, "NOMARK", &t), -1);
	assert_int_equal(book_ticker(f->b, "ZERO", &t), -1);

	assert_int_equal(book_instrument(f->b, "BTCUSDT", &i), 1);
	assert_int_equal(i.trading, 1);
	assert_int_equal(i.tick_scale, 2);
	assert_int_equal(i.step_scale, 3);
	equals(i.tick_size, "0.1");
	equals(i.qty_step, "0.001");
	equals(i.min_qty, "0.001");
	equals(i.max_market_qty, "500");
	equals(i.min_value, "5");
	equals(i.max_leverage, "100");
	/* Old ones lack some; the limit for market orders has a stand-in. */
	assert_int_equal(book_instrument(f->b, "OLD", &i), 1);
	assert_int_equal(i.trading, 0);
	assert_int_equal(i.tick_scale, 0);
	equals(i.max_market_qty, "7");
	equals(i.min_value, "0");
	equals(i.max_leverage, "0");
	assert_int_equal(book_instrument(f->b, "NOSTEP", &i), -1);
	book_end(f->b);
}

struct seen {
	char text[512];
	int stop_after;
};

static int
see(void *arg, const struct book_position *p)
{
	struct seen *s = arg;
	char size[DECIMAL_TEXT_MAX], mark[DECIMAL_TEXT_MAX];
	char pnl[DECIMAL_TEXT_MAX];
	size_t n = strlen(s->text);

	(void)decimal_format(size, p->size);
	(void)decimal_format(mark, p->mark_price);
	(void)decimal_format(pnl, p->unrealised_pnl);
	snprintf(s->text + n, sizeof(s->text) - n, "%s %s %d %s %s %s\n",
	    p->symbol, p->side, p->position_idx, size, mark, pnl);
	return --s->stop_after == 0;
}

/*
 * P&L: (71.1 - 64.5) x 2 = 13.2 of the long; (100 - 98) x 3 = 6 of the short;
 * none without a mark price.
 */
static void
positions(void **state)
{
	struct fixture *f = *state;
	struct seen s = { "", 0 };
	int64_t at;

	open_differ(f);
	feed(f,
	    "{\"type\":\"positions\",\"time\":\"" AT "\",\"account\":\"main\","
	    "\"category\":\"linear\",\"settle_coin\":\"USDT\",\"positions\":["
	    "{\"symbol\":\"LTCUSDT\",\"side\":\"Buy\",\"size\":\"2\","
	    "\"avgPrice\":\"64.5\",\"markPrice\":\"71.1\",\"positionIdx\":1,"
	    "\"seq\":5},"
	    "{\"symbol\":\"LTCUSDT\",\"side\":\"Sell\",\"size\":\"3\","
	    "\"avgPrice\":\"100\",\"markPrice\":\"98\",\"positionIdx\":2,"
	    "\"seq\":6},"
	    "{\"symbol\":\"XRPUSDT\",\"side\":\"Buy\",\"size\":\"10\","
	    "\"avgPrice\":\"2\",\"positionIdx\":0,\"seq\":7}]}");
	/* Another account, whose name begins alike, and another category. */
	feed(f,
	    "{\"type\":\"positions\",\"time\":\"" AT
	    "\",\"account\":\"main2\",\"category\":\"linear\","
	    "\"settle_coin\":\"USDC\",\"positions\":[{\"symbol\":\"ABCPERP\","
	    "\"side\":\"Buy\",\"size\":\"9\",\"avgPrice\":\"1\","
	    "\"positionIdx\":0,\"seq\":5}]}");
	feed(f,
	    "{\"type\":\"positions\",\"time\":\"" AT
	    "\",\"account\":\"main\",\"category\":\"inverse\",\"positions\":["
	    "{\"symbol\":\"BTCUSD\",\"side\":\"Buy\",\"size\":\"9\","
	    "\"avgPrice\":\"1\",\"positionIdx\":0,\"seq\":5}]}");
	close_differ(f);
	assert_int_equal(book_begin(f->b), 0);
	assert_int_equal(book_positions(f->b, see, &s), 0);
	assert_string_equal(s.text,
	    "LTCUSDT Buy 1 2 71.1 13.2\n"
	    "LTCUSDT Sell 2 3 98 6\n"
	    "XRPUSDT Buy 0 10 0 0\n");
	s = (struct seen){ "", 1 };
	assert_int_equal(book_positions(f->b, see, &s), 0);
	assert_string_equal(s.text, "LTCUSDT Buy 1 2 71.1 13.2\n");
	assert_int_equal(book_snapshot_ms(f->b, "USDT", &at), 1);
	assert_int_equal(at, ms(AT));
	assert_int_equal(book_snapshot_ms(f->b, "USDC", &at), 0);
	book_end(f->b);
}

/* A row that cannot be read is an error, never nothing (F10). */
static void
damaged(void **state)
{
	static const struct {
		const char *kind, *category, *name;
	} rows[] = {
		{ "wallet", "", "" },
		{ "day", "", "2026-11-21" },
		{ "tickers", "linear", "BTCUSDT" },
		{ "instruments", "linear", "BTCUSDT" },
		{ "scope", "linear", "XXX" },
	};
	static const char *const values[] = { "{}", "{\"time\":" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < 2; k++) {
			struct book_wallet w;
			struct book_day d;
			struct book_ticker t;
			struct book_instrument in;
			int64_t at;
			int rc[5];

			/* differ itself does not take a scope like that. */
			if (strcmp(rows[i].kind, "scope") == 0)
				remove_state(f);
			spoil(f, rows[i].kind, rows[i].category, rows[i].name,
			    values[k]);
			assert_int_equal(book_begin(f->b), 0);
			rc[0] = book_wallet(f->b, &w);
			rc[1] = book_day(f->b, ms(AT), &d);
			rc[2] = book_ticker(f->b, "BTCUSDT", &t);
			rc[3] = book_instrument(f->b, "BTCUSDT", &in);
			rc[4] = book_snapshot_ms(f->b, "XXX", &at);
			book_end(f->b);
			assert_int_equal(rc[i], -1);
			assert_non_null(strstr(book_error(f->b), rows[i].kind));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    comes_and_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_there, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    wallet_and_day, setup, teardown),
		cmocka_unit_test_setup_teardown(market, setup, teardown),
		cmocka_unit_test_setup_teardown(positions, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
