/*
 * differ: what is kept - restarts and commits at every line, commits that
 * fail, damaged rows, days that pass, accounts, trades made by hand.
 *
 * Expected signals are worked out by hand; differ_fixture.h tells how they are
 * summed up.  Not tested here: the rules (test-differ.c, tests/replay), the
 * process (tests/e2e), endpoints, logs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/differ_fixture.h"

static void
test_prune(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t;
	const void *key;
	const char *val;
	size_t klen, vlen;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, "",
		record("BTCUSDT", "Sell", "a", "1", "100", "110", "10", 4000)));
	commit(f);
	feed(f, snap(9 * DAY + 5000, "", ""));
	commit(f);
	feed(f, snap(10 * DAY, "", ""));
	commit(f);
	assert_int_equal(store_begin(f->store, 0, &t), STORE_OK);
	assert_int_equal(
	    store_last(t, "records", &key, &klen, &val, &vlen), STORE_NOTFOUND);
	store_abort(t);
}

/* What risker will look for: rows of `account`. */
static void
test_account_rows(void **state)
{
	struct fixture *f = *state;
	char *v;

	assert_int_equal(
	    feed(f,
		text("{\"type\":\"wallet\",\"time\":\"%s\",\"account\":"
		     "\"main\",\"wallet\":{\"totalEquity\":\"100\"}}",
		    iso(BASE))),
	    DIFFER_TAKEN);
	feed(f,
	    text("{\"type\":\"wallet\",\"time\":\"%s\",\"account\":"
		 "\"main\",\"wallet\":{\"totalEquity\":\"130.50\","
		 "\"n\":9007199254740993}}",
		iso(BASE + 1000)));
	feed(f,
	    text("{\"type\":\"wallet\",\"time\":\"%s\",\"account\":"
		 "\"main\",\"wallet\":{\"totalEquity\":\"90\"}}",
		iso(BASE + 500))); /* older: dropped */
	feed(f,
	    text("{\"type\":\"wallet\",\"time\":\"%s\",\"account\":"
		 "\"main\",\"wallet\":{\"totalEquity\":\"70\"}}",
		iso(BASE + DAY)));
	feed(f,
	    text("{\"type\":\"tickers\",\"time\":\"%s\",\"account\":"
		 "\"main\",\"category\":\"linear\",\"list\":[{\"symbol\":"
		 "\"BTCUSDT\",\"lastPrice\":\"1\"},{\"symbol\":"
		 "\"ETHUSDT\",\"lastPrice\":\"2\"}]}",
		iso(BASE)));
	feed(f,
	    text("{\"type\":\"heartbeat\",\"time\":\"%s\",\"account\":"
		 "\"main\",\"ok\":false,\"retry_in\":2.0}",
		iso(BASE)));
	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, "",
		record(
		    "BTCUSDT", "Sell", "a", "1", "100", "110", "10.5", 4000)));
	commit(f);
	v = account_row(f, "main", "day", "", "2025-01-01");
	assert_string_equal(v,
	    "{\"account\":\"main\",\"day\":\"2025-01-01\",\"first_equity\":"
	    "\"100\",\"highest_equity\":\"130.5\",\"last_equity\":\"130.5\","
	    "\"closed_pnl\":\"10.5\"}");
	free(v);
	v = account_row(f, "main", "day", "", "2025-01-02");
	assert_string_equal(v,
	    "{\"account\":\"main\",\"day\":\"2025-01-02\",\"first_equity\":"
	    "\"70\",\"highest_equity\":\"70\",\"last_equity\":\"70\","
	    "\"closed_pnl\":\"0\"}");
	free(v);
	v = account_row(f, "main", "tickers", "linear", "ETHUSDT");
	assert_string_equal(v,
	    "{\"type\":\"tickers\",\"time\":\"2025-01-01T00:00:00.000Z\","
	    "\"account\":\"main\",\"category\":\"linear\",\"list\":["
	    "{\"symbol\":\"ETHUSDT\",\"lastPrice\":\"2\"}]}");
	free(v);
	v = account_row(f, "main", "heartbeat", "", "");
	assert_non_null(strstr(v, "\"retry_in\":2.0"));
	free(v);
	v = account_row(f, "main", "scope", "linear", "USDT");
	assert_string_equal(v,
	    "{\"account\":\"main\",\"category\":\"linear\",\"settle_coin\":"
	    "\"USDT\",\"first\":\"2025-01-01T00:00:00.000Z\",\"last\":"
	    "\"2025-01-01T00:00:05.000Z\"}");
	free(v);
}

/* A state belongs to one account on one host. */
static void
test_identity(void **state)
{
	static const char beat[] =
	    "{\"type\":\"%s\",\"time\":\"%s\",\"account\":\"main\",\"ok\":true,"
	    "\"category\":\"linear\",\"settle_coin\":\"USDT\","
	    "\"positions\":[],\"host\":\"%s\",\"uid\":%s}";
	struct fixture *f = *state;

	feed(f, snap(0, "", "")); /* says neither */
	assert_int_equal(
	    feed(f,
		text(beat, "heartbeat", iso(BASE + 1), "a.example", "\"7\"")),
	    DIFFER_TAKEN);
	assert_int_equal(
	    feed(f, text(beat, "positions", iso(BASE + 2), "a.example", "8")),
	    DIFFER_REFUSED);
	assert_string_equal(f->d->refused, "main");
	assert_int_equal(
	    feed(f,
		text(beat, "heartbeat", iso(BASE + 3), "b.example", "\"7\"")),
	    DIFFER_REFUSED);
	commit(f);
	close_state(f);
	open_state(f);
	assert_int_equal(
	    feed(f,
		text(beat, "positions", iso(BASE + 4), "b.example", "\"7\"")),
	    DIFFER_REFUSED);
	assert_int_equal(
	    feed(f, text(beat, "positions", iso(BASE + 5), "a.example", "7")),
	    DIFFER_TAKEN);
}

static void
test_manual(void **state)
{
	static const char open[] =
	    "{\"type\":\"manual\",\"time\":\"2025-01-01T00:00:00.000Z\","
	    "\"request\":\"r1\",\"op\":\"open\",\"symbol\":\"BTCUSDT\","
	    "\"signal_type\":\"sell\",\"category\":\"linear\",\"leverage\":"
	    "\"10\",\"position_size\":\"1\",\"entry_price\":\"45000\"}";
	static const char close[] =
	    "{\"type\":\"manual\",\"time\":\"2025-01-01T00:01:00.000Z\","
	    "\"request\":\"%s\",\"op\":\"close\",\"signal_number\":%d,"
	    "\"exit_price\":\"44000\",\"profit_percentage\":\"2.22\"}";
	struct fixture *f = *state;

	feed(f, open);
	says(f, "OPEN #1 BTCUSDT sell 1<0 45000 test\n");
	feed(f, open);
	says(f, "OPEN #1 BTCUSDT sell 1<0 45000 test\n"); /* the same line */
	assert_int_equal(f->d->seq, 1);
	feed(f, text(close, "r2", 2));
	says(f, "error there is no such signal_number\n");
	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), ""));
	says(f, "OPEN #2 BTCUSDT buy 1<0 100\n");
	feed(f, text(close, "r2", 2)); /* once answered, always so */
	feed(f, text(close, "r3", 2));
	says(f,
	    "error there is no such signal_number\n"
	    "error that trade was not made by hand\n");
	close_state(f);
	open_state(f);
	feed(f, text(close, "r4", 1));
	feed(f, text(close, "r5", 1));
	says(f,
	    "CLOSE #1 BTCUSDT sell 0<1 45000 exit 44000 2.22% test\n"
	    "error that trade is closed already\n");
	row_has(f, 1, "\"status\":\"closed\"");
	assert_int_equal(feed(f,
			     "{\"type\":\"manual\",\"time\":"
			     "\"2025-01-01T00:00:00.000Z\",\"op\":\"open\"}"),
	    DIFFER_SKIPPED);
}

/* Everything that a restart must know of, in one account's hour. */
static size_t
long_story(const char *lines[], size_t max)
{
	size_t n = 0;

#define SAY(x) assert_true(n < max), lines[n++] = (x)
	SAY(strdup(snap(
	    0, row("ETHUSDT", "Sell", "2", "3000", "2990", 5, -1000), "")));
	SAY(strdup(snap(5000,
	    text("%s,%s", row("ETHUSDT", "Sell", "2", "3000", "2991", 5, -1000),
		row("BTCUSDT", "Buy", "1", "100", "101", 10, 4000)),
	    record("SOLUSDT", "Buy", "s1", "5", "20", "19", "5", 3000))));
	/* BTC shrinks without a record, then grows; ETH is not shown. */
	SAY(strdup(snap(
	    10000, row("BTCUSDT", "Buy", "0.6", "100", "102", 11, 9000), "")));
	SAY(strdup(
	    snap(12000, row("BTCUSDT", "Buy", "0.9", "101", "103", 12, 11000),
		record("XRPUSDT", "Sell", "x1", "9", "1", "2", "9", 12500))));
	SAY(strdup(snap(14000,
	    text("%s,%s",
		row("BTCUSDT", "Sell", "0.4", "104", "104", 13, 13000),
		row("ETHUSDT", "Sell", "2", "3000", "2980", 5, -1000)),
	    "")));
	SAY(strdup(snap(16000,
	    text("%s,%s",
		row("BTCUSDT", "Sell", "0.4", "104", "103", 13, 13000),
		row("ETHUSDT", "Sell", "1.5", "3000", "2980", 6, 15000)),
	    record(
		"BTCUSDT", "Sell", "b1", "0.4", "100", "102", "0.8", 8900))));
	SAY(strdup(snap(25000,
	    row("BTCUSDT", "Sell", "0.4", "104", "103", 13, 13000), "")));
	SAY(strdup(snap(26000, "",
	    record(
		"BTCUSDT", "Sell", "b2", "0.9", "101", "104", "2.7", 12900))));
	SAY(strdup(snap(60000, "", "")));
	SAY(strdup(snap(90000, "",
	    record(
		"ETHUSDT", "Buy", "e1", "2", "3000", "2900", "200", 24000))));
	SAY(strdup(snap(100000, "", "")));
	SAY(strdup(snap(110000, "",
	    record("BTCUSDT", "Buy", "b3", "0.4", "104", "99", "2", 25500))));
	SAY(strdup(snap(120000, "",
	    record("ADAUSDT", "Sell", "a1", "3", "2", "3", "2.7", 119000))));
	SAY(strdup(snap(
	    121000, row("ADAUSDT", "Buy", "7", "2", "3", 20, 119000), "")));
#undef SAY
	return n;
}

static void
run_story(struct fixture *f, const char *const lines[], size_t n,
    size_t restart_every, size_t commit_every, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		feed(f, lines[i]);
		if ((i + 1) % commit_every == 0)
			commit(f);
		if (restart_every != 0 && (i + 1) % restart_every == 0) {
			commit(f);
			close_state(f);
			open_state(f);
		}
	}
	commit(f);
	buf_put(out, f->said.p, f->said.len);
}

/*
 * F25: whether lines come at once or one by one, with a restart between any
 * two, what is said stays the same, byte for byte.
 */
static void
test_restarts(void **state)
{
	struct fixture *f = *state;
	const char *lines[32];
	size_t n = long_story(lines, 32);
	struct buf first;

	buf_init(&first, SIZE_MAX / 2);
	run_story(f, lines, n, 0, n, &first);
	says(f,
	    "OPEN #1 ETHUSDT sell 2<0 3000 initial\n"
	    "OPEN #2 BTCUSDT buy 1<0 100\n"
	    "OPEN #3 SOLUSDT sell 5<0 20\n"
	    "CLOSE #3 SOLUSDT sell 0<5 20 exit 19 5.00% pnl 5\n"
	    "PARTIAL_CLOSE #2 BTCUSDT buy 0.6<1 100 pnl 0.8\n"
	    "INCREASE #2 BTCUSDT buy 0.9<0.6 101\n"
	    /* No record 10 s after 14000: the mark price was 104;
	       (0.4 x 102 + 0.9 x 104) / 1.3 = 103.38461538, entered at
	       (0.4 x 100 + 0.9 x 101) / 1.3 = 100.69230769. */
	    "CLOSE #2 BTCUSDT buy 0<0.9 100.69230769 exit 103.38461538 2.67% "
	    "pnl 3.5 estimated\n"
	    "OPEN #4 BTCUSDT sell 0.4<0 104\n"
	    /* 10 s after their records: SOL's at 14000, XRP's at 25000. */
	    "OPEN #5 XRPUSDT buy 9<0 1\n"
	    "CLOSE #5 XRPUSDT buy 0<9 1 exit 2 100.00% pnl 9\n"
	    /* 0.5 x (3000 - 2980) */
	    "PARTIAL_CLOSE #1 ETHUSDT sell 1.5<2 3000 pnl 10 estimated\n"
	    /* The record of 2 covers 1.5 and what was estimated. */
	    "CLOSE #1 ETHUSDT sell 0<1.5 3000 exit 2900 3.33% pnl 200\n"
	    /* Not shown at 26000, 60000 and 90000; 10 s more. */
	    "CLOSE #4 BTCUSDT sell 0<0.4 104 exit 103 0.96% pnl 0.4 "
	    "estimated\n"
	    /* Shown after 3 of 10 had been closed. */
	    "OPEN #6 ADAUSDT buy 7<0 2\n");
	row_has(f, 2, "\"realized_pnl\":\"3.5\"");
	row_lacks(f, 2, "estimated"); /* b2 corrected it */
	row_lacks(f, 4, "estimated");
	row_has(f, 4, "\"exit_price\":\"99\"");
	row_has(f, 4, "\"realized_pnl\":\"2\"");
	row_has(f, 6, "\"realized_pnl\":\"2.7\"");
	for (size_t every = 1; every <= 3; every++) {
		for (size_t restart = 0; restart <= 3; restart++) {
			void *other;
			struct buf again;

			buf_init(&again, SIZE_MAX / 2);
			setup(&other);
			run_story(other, lines, n, restart, every, &again);
			assert_int_equal(again.len, first.len);
			assert_memory_equal(again.p, first.p, first.len);
			/* Fed once more, nothing is new. */
			buf_clear(&((struct fixture *)other)->said);
			run_story(other, lines, n, restart, every, &again);
			assert_int_equal(
			    ((struct fixture *)other)->said.len, 0);
			teardown(&other);
			buf_release(&again);
		}
	}
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)lines[i]);
	buf_release(&first);
}

static int
no_room(struct store_txn *t, void *arg)
{
	(void)t;
	(void)arg;
	return -1;
}

/* F72, F73: a commit that fails loses nothing; it can be repeated. */
static void
test_failed_commit(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), ""));
	assert_int_not_equal(differ_commit(f->d, no_room, NULL), STORE_OK);
	assert_int_not_equal(differ_commit(f->d, no_room, NULL), STORE_OK);
	says(f, "OPEN #1 BTCUSDT buy 1<0 100\n");
	close_state(f);
	open_state(f);
	assert_int_equal(f->d->seq, 1);
	feed(f,
	    snap(
		10000, row("BTCUSDT", "Buy", "2", "100", "100", 11, 9000), ""));
	says(f, "INCREASE #1 BTCUSDT buy 2<1 100\n");
}

/* Nothing of a batch that was not committed is there after a kill. */
static void
test_uncommitted(void **state)
{
	struct fixture *f = *state;
	const char *open =
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), "");

	feed(f, snap(0, "", ""));
	commit(f);
	feed(f, open);
	close_state(f);
	open_state(f);
	assert_int_equal(f->d->seq, 0);
	feed(f, open);
	says(f, "OPEN #1 BTCUSDT buy 1<0 100\n");
}

/* Put a row, or take it away where val is NULL. */
static void
put_row(struct fixture *f, const char *table, const struct store_key *key,
    const char *val)
{
	struct store_txn *t;

	assert_int_equal(store_begin(f->store, 1, &t), STORE_OK);
	assert_int_equal(val == NULL
		? store_del(t, table, key->p, key->len)
		: store_put(t, table, key->p, key->len, val, strlen(val)),
	    STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
}

static void
expect_damage(struct fixture *f, const char *table)
{
	char err[512] = "";

	assert_null(differ_new(f->store, "main", err, sizeof(err)));
	if (strstr(err, table) == NULL || strstr(err, "is damaged") == NULL)
		fail_msg("%s: '%s'", table, err);
}

/*
 * F23: a row that cannot be read, or that lacks what it needs, is an error,
 * never "nothing there".
 */
static void
test_damage(void **state)
{
	static const struct {
		const char *table;
		const char *row[2];
	} cases[] = {
		{ "positions", { "{\"left\":,", "{\"account\":\"main\"}" } },
		{ "records", { "{\"left\":,", "{\"left\":\"1\"}" } },
		{ "estimates", { "{\"left\":,", "{}" } },
		{ "journal", { "{\"left\":,", "{}" } },
	};
	struct fixture *f = *state;
	struct store_key key;

	feed(f, snap(0, row("BTCUSDT", "Buy", "1", "100", "100", 10, -1), ""));
	commit(f);
	store_key_init(&key);
	store_key_str(&key, "main");
	store_key_str(&key, "scope");
	store_key_str(&key, "linear");
	store_key_str(&key, "USDT");
	put_row(f, "account", &key,
	    "{\"account\":\"main\",\"category\":\"linear\",\"settle_coin\":"
	    "\"USDT\"}");
	expect_damage(f, "account");
	put_row(f, "account", &key,
	    "{\"account\":\"main\",\"category\":\"linear\",\"settle_coin\":"
	    "\"USDT\",\"first\":\"2026-03-02T10:00:00.000Z\",\"last\":"
	    "\"2026-03-02T10:00:00.000Z\"}");
	store_key_init(&key);
	store_key_str(&key, "journal");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int k = 0; k < 2; k++) {
			put_row(f, cases[i].table, &key, cases[i].row[k]);
			expect_damage(f, cases[i].table);
			put_row(f, cases[i].table, &key, NULL);
		}
	/* Events, and not whose they are. */
	expect_damage(f, "journal");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define STATEFUL(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		STATEFUL(test_prune),
		STATEFUL(test_account_rows),
		STATEFUL(test_identity),
		STATEFUL(test_manual),
		STATEFUL(test_restarts),
		STATEFUL(test_failed_commit),
		STATEFUL(test_uncommitted),
		STATEFUL(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
