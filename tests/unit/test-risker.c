/*
 * risker: batches, commits that fail, restarts, approvals that become final
 * (F13, F52, F93).
 *
 * Not tested here: figures and rules (test-risker-size, test-risker-rules,
 * replay/risker), the process (e2e/risker-*).
 */
#include <dlfcn.h>
#include <errno.h>
#include <lmdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/settings.h"
#include "risker/risker.h"
#include "risker/state.h"
#include "tests/unit/scratch.h"

struct fixture {
	char dir[SCRATCH_SIZE];
	struct settings *settings;
	struct store *store;
	struct risker *r;
	struct buf said; /* what was written after commits */
};

/* Tables cannot be walked for want of memory. */
static int fail_cursors;

int
mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor)
{
	static int (*next)(MDB_txn *, MDB_dbi, MDB_cursor **);

	if (fail_cursors)
		return ENOMEM;
	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "mdb_cursor_open");
	return next(txn, dbi, cursor);
}

static void start(struct fixture *f, int64_t map_size);
static void stop(struct fixture *f);

/*
 * A stage's environment; without risker meanwhile, as a store can be opened
 * once in a process.
 */
static void
put_row(struct fixture *f, const char *stage, const char *table,
    const char *const key[], const char *value)
{
	static const char *const differ[] = { "account", "positions", NULL };
	static const char *const trader[] = { "orders", NULL };
	struct store_opts o = { .dir = f->dir,
		.stage = stage,
		.tables = strcmp(stage, "differ") == 0 ? differ : trader,
		.schema = 1,
		.map_size = 16 << 20,
		.mode = STORE_OWN };
	struct store_key k;
	struct store_txn *t;
	struct store *s;
	char err[512] = "";
	int running = f->r != NULL;

	if (running)
		stop(f);
	if (store_open(&s, &o, err, sizeof(err)) != STORE_OK)
		fail_msg("%s", err);
	store_key_init(&k);
	for (size_t i = 0; key[i] != NULL; i++)
		store_key_str(&k, key[i]);
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	assert_int_equal(
	    store_put(t, table, k.p, k.len, value, strlen(value)), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	store_close(s);
	if (running)
		start(f, 16 << 20);
}

#define KEY(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define AT "2026-11-21T10:30:00.000Z"

static void
put_order(struct fixture *f, int n, const char *suffix, const char *state)
{
	char link[64], row[256];

	snprintf(link, sizeof(link), "%032d-%s", n, suffix);
	snprintf(row, sizeof(row), "{\"state\":\"%s\"}", state);
	put_row(f, "trader", "orders", KEY(link), row);
}

static void
put_state(struct fixture *f)
{
	static const char *const symbols[] = { "BTCUSDT", "ETHUSDT", "SOLUSDT",
		"XRPUSDT" };

	put_row(f, "differ", "account", KEY("main", "wallet", "", ""),
	    "{\"time\":\"" AT "\",\"wallet\":{\"totalEquity\":\"10000\"}}");
	put_row(f, "differ", "account", KEY("main", "scope", "linear", "USDT"),
	    "{\"last\":\"" AT "\"}");
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		put_row(f, "differ", "account",
		    KEY("main", "tickers", "linear", symbols[i]),
		    "{\"time\":\"" AT "\",\"list\":[{\"lastPrice\":\"100\","
		    "\"markPrice\":\"100\"}]}");
		put_row(f, "differ", "account",
		    KEY("main", "instruments", "linear", symbols[i]),
		    "{\"time\":\"" AT "\",\"list\":[{\"status\":\"Trading\","
		    "\"priceFilter\":{\"tickSize\":\"1\"},\"lotSizeFilter\":{"
		    "\"minOrderQty\":\"1\",\"qtyStep\":\"1\"}}]}");
	}
}

static void
start(struct fixture *f, int64_t map_size)
{
	struct store_opts o = { .dir = f->dir,
		.stage = "risker",
		.tables = risker_tables,
		.schema = RISKER_SCHEMA,
		.map_size = map_size,
		.mode = STORE_OWN };
	char err[512] = "";

	if (store_open(&f->store, &o, err, sizeof(err)) != STORE_OK)
		fail_msg("%s", err);
	f->r = risker_new(f->store, f->settings, f->dir);
	assert_non_null(f->r);
}

static void
stop(struct fixture *f)
{
	risker_free(f->r);
	store_close(f->store);
	f->r = NULL;
}

static void
restart(struct fixture *f)
{
	stop(f);
	start(f, 16 << 20);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct buf errors, warnings;

	buf_init(&errors, 1 << 16);
	buf_init(&warnings, 1 << 16);
	scratch_make(f->dir, "risker");
	/* No .env file here, and nothing of the caller's. */
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(clearenv(), 0);
	assert_int_equal(
	    setenv("ALLOWED_SYMBOLS", "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT", 1), 0);
	assert_int_equal(setenv("MAX_POSITIONS", "3", 1), 0);
	f->settings = settings_read(NULL, &errors, &warnings);
	assert_non_null(f->settings);
	buf_release(&errors);
	buf_release(&warnings);
	buf_init(&f->said, 1 << 20);
	put_state(f);
	start(f, 16 << 20);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	int rc;

	stop(f);
	settings_free(f->settings);
	buf_release(&f->said);
	rc = scratch_remove(f->dir);
	free(f);
	return rc;
}

static void
begin(struct fixture *f)
{
	assert_int_equal(risker_begin(f->r), STORE_OK);
}

static void
commit(struct fixture *f)
{
	if (risker_commit(f->r, NULL, NULL) != STORE_OK)
		fail_msg("%s", risker_error(f->r));
	buf_put(&f->said, f->r->out.p, f->r->out.len);
}

/* Hand a line to the batch; what became of it. */
static enum risker_result
hand(struct fixture *f, const char *line)
{
	char *copy = strdup(line);
	enum risker_result result;

	risker_line(f->r, copy, strlen(copy));
	free(copy);
	result = f->r->told[f->r->ntold - 1].result;
	return result;
}

static enum risker_result
alert(struct fixture *f, int n, const char *action, const char *symbol,
    const char *more)
{
	char line[512];

	snprintf(line, sizeof(line),
	    "{\"type\":\"alert\",\"id\":\"%032d\",\"time\":\"" AT
	    "\",\"action\":\"%s\",\"symbol\":\"%s\",\"trend_composite\":"
	    "\"4\",\"price\":\"100\"%s}",
	    n, action, symbol, more);
	return hand(f, line);
}

/* In a batch of its own. */
static enum risker_result
alone(struct fixture *f, int n, const char *action, const char *symbol,
    const char *more)
{
	enum risker_result result;

	begin(f);
	result = alert(f, n, action, symbol, more);
	commit(f);
	return result;
}

/* F52: within one batch, and over batches and restarts. */
static void
limits_hold(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(alert(f, 1, "buy", "BTCUSDT", ""), RISKER_ORDER);
	assert_int_equal(alert(f, 2, "buy", "BTCUSDT", ""), RISKER_REFUSED);
	assert_int_equal(alert(f, 3, "buy", "ETHUSDT", ""), RISKER_ORDER);
	commit(f);
	restart(f);
	assert_int_equal(alone(f, 4, "buy", "BTCUSDT", ""), RISKER_REFUSED);
	assert_int_equal(alone(f, 5, "buy", "SOLUSDT", ""), RISKER_ORDER);
	assert_int_equal(alone(f, 6, "buy", "XRPUSDT", ""), RISKER_REFUSED);
	assert_int_equal(scratch_rows(f->store, "decisions"), 6);
	assert_int_equal(scratch_rows(f->store, "open"), 3);
}

/* What could not be read is no reason to say what is not stored (F08). */
static void
read_fails(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(alone(f, 1, "buy", "BTCUSDT", ""), RISKER_ORDER);
	begin(f);
	fail_cursors = 1;
	(void)alert(f, 2, "buy", "ETHUSDT", "");
	fail_cursors = 0;
	assert_true(risker_dirty(f->r));
	assert_int_equal(risker_commit(f->r, NULL, NULL), STORE_FAIL);
	assert_int_equal(alone(f, 2, "buy", "ETHUSDT", ""), RISKER_ORDER);
	assert_int_equal(scratch_rows(f->store, "decisions"), 2);
}

/* The same id, in the batch, after it, after a restart: the same bytes. */
static void
same_again(void **state)
{
	struct fixture *f = *state;
	size_t len;

	begin(f);
	assert_int_equal(alert(f, 1, "buy", "BTCUSDT", ""), RISKER_ORDER);
	len = f->r->out.len;
	assert_int_equal(alert(f, 1, "buy", "BTCUSDT", ""), RISKER_AGAIN);
	commit(f);
	assert_int_equal(alone(f, 1, "sell", "ETHUSDT", ""), RISKER_AGAIN);
	restart(f);
	assert_int_equal(alone(f, 1, "buy", "BTCUSDT", ""), RISKER_AGAIN);
	assert_int_equal(f->said.len, 4 * len);
	for (size_t i = 1; i < 4; i++)
		assert_memory_equal(f->said.p, f->said.p + i * len, len);
	assert_int_equal(scratch_rows(f->store, "open"), 1);
}

static int
fail_once(struct store_txn *t, void *arg)
{
	(void)t;
	return (*(int *)arg)++ == 0 ? -1 : 0;
}

/* A commit that fails leaves nothing behind; the same lines go again. */
static void
commit_fails(void **state)
{
	struct fixture *f = *state;
	int times = 0;
	char *first;
	size_t len;

	for (int i = 0; i < 2; i++) {
		begin(f);
		assert_int_equal(
		    alert(f, 1, "buy", "BTCUSDT", ""), RISKER_ORDER);
		assert_int_equal(
		    alert(f, 2, "buy", "BTCUSDT", ""), RISKER_REFUSED);
		assert_int_equal(
		    alert(f, 3, "close", "ETHUSDT", ""), RISKER_ORDER);
		len = f->r->out.len;
		if (i == 0) {
			first = strndup(f->r->out.p, len);
			assert_int_equal(
			    risker_commit(f->r, fail_once, &times), STORE_FAIL);
			assert_int_equal(
			    scratch_rows(f->store, "decisions"), 0);
			assert_int_equal(scratch_rows(f->store, "open"), 0);
			continue;
		}
		assert_int_equal(
		    risker_commit(f->r, fail_once, &times), STORE_OK);
		assert_int_equal(strlen(first), len);
		assert_memory_equal(first, f->r->out.p, len);
		free(first);
	}
	assert_int_equal(scratch_rows(f->store, "decisions"), 3);
	assert_int_equal(scratch_rows(f->store, "open"), 2);
}

/* F52: what the disk did not take holds no place of a limit. */
static void
disk_refuses(void **state)
{
	struct fixture *f = *state;
	struct rlimit was, none;

	assert_int_not_equal((intptr_t)signal(SIGXFSZ, SIG_IGN), -1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = was;
	none.rlim_cur = 2 * 4096; /* LMDB's two heads: no page of data */
	begin(f);
	assert_int_equal(alert(f, 1, "buy", "BTCUSDT", ""), RISKER_ORDER);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_not_equal(risker_commit(f->r, NULL, NULL), STORE_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(alone(f, 2, "buy", "BTCUSDT", ""), RISKER_ORDER);
	assert_int_equal(alone(f, 1, "buy", "BTCUSDT", ""), RISKER_REFUSED);
	assert_int_equal(scratch_rows(f->store, "open"), 1);
}

/* F72: a full map is an error of the commit, in words, and loses nothing. */
static void
map_full(void **state)
{
	struct fixture *f = *state;
	enum store_error e = STORE_OK;
	size_t decided = 0;
	int n;

	stop(f);
	{
		char path[96];

		snprintf(path, sizeof(path), "%s/risker.mdb", f->dir);
		assert_int_equal(unlink(path), 0);
	}
	start(f, 256 << 10);
	for (n = 1; n < 2000 && e == STORE_OK; n++) {
		begin(f);
		assert_int_equal(
		    alert(f, n, "close", "BTCUSDT", ""), RISKER_ORDER);
		e = risker_commit(f->r, NULL, NULL);
		decided += e == STORE_OK;
	}
	assert_int_equal(e, STORE_FULL);
	assert_non_null(strstr(risker_error(f->r), "STATE_MAP_SIZE"));
	assert_true(decided > 10);
	assert_int_equal(scratch_rows(f->store, "decisions"), decided);
	stop(f);
	start(f, 16 << 20);
	assert_int_equal(alone(f, n - 1, "close", "BTCUSDT", ""), RISKER_ORDER);
}

/* What is final leaves `open`; what is not, never does. */
static void
prunes(void **state)
{
	static const char *const states[] = { "sent", "filled", "protected",
		"closed", "rejected", "expired", "failed", "dry" };
	struct fixture *f = *state;

	for (int n = 1; n <= 10; n++)
		assert_int_equal(
		    alone(f, n, "close", "BTCUSDT", ""), RISKER_ORDER);
	assert_int_equal(
	    alone(f, 11, "buy", "ETHUSDT", ",\"test\":true"), RISKER_ORDER);
	assert_int_equal(scratch_rows(f->store, "open"), 11);
	for (int n = 1; n <= 8; n++)
		put_order(f, n, "0", states[n - 1]);
	/* A close of both sides in hedge mode: final when both are. */
	put_order(f, 9, "1", "closed");
	put_order(f, 9, "2", "sent");
	put_order(f, 11, "0", "dry");
	/* Four with each alert, in turn: 11 rows are seen in 3 alerts. */
	for (int n = 12; n <= 14; n++)
		assert_int_equal(
		    alone(f, n, "buy", "UNKNOWN", ""), RISKER_REFUSED);
	/* Left: sent, filled, protected, the half close, the one without. */
	assert_int_equal(scratch_rows(f->store, "open"), 5);
	put_order(f, 9, "2", "closed");
	for (int n = 15; n <= 16; n++)
		assert_int_equal(
		    alone(f, n, "buy", "UNKNOWN", ""), RISKER_REFUSED);
	assert_int_equal(scratch_rows(f->store, "open"), 4);
	assert_int_equal(scratch_rows(f->store, "decisions"), 16);
}

/* F13, F24: the positions are as old as those of the oldest settle coin. */
static void
settle_coins(void **state)
{
#define LATE "2026-11-21T10:29:29.000Z"
	static const struct {
		const char *usdt, *usdc; /* the snapshots' times; NULL: none */
		enum risker_result result;
		const char *why;
	} cases[] = {
		{ AT, NULL, RISKER_REFUSED, "Positions are not known" },
		{ AT, LATE, RISKER_REFUSED, "Positions are 31 s old" },
		{ LATE, AT, RISKER_REFUSED, "Positions are 31 s old" },
		{ AT, AT, RISKER_ORDER, "" },
	};
	struct fixture *f = *state;
	struct buf b;

	stop(f);
	settings_free(f->settings);
	assert_int_equal(setenv("BYBIT_SETTLE_COINS", "USDT,USDC", 1), 0);
	buf_init(&b, 1 << 16);
	f->settings = settings_read(NULL, &b, &b);
	assert_non_null(f->settings);
	buf_release(&b);
	start(f, 16 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *times[] = { cases[i].usdt, cases[i].usdc };
		static const char *const coins[] = { "USDT", "USDC" };

		for (int k = 0; k < 2; k++) {
			char row[64];

			if (times[k] == NULL)
				continue;
			(void)snprintf(
			    row, sizeof(row), "{\"last\":\"%s\"}", times[k]);
			put_row(f, "differ", "account",
			    KEY("main", "scope", "linear", coins[k]), row);
		}
		assert_int_equal(alone(f, (int)i + 1, "buy", "BTCUSDT", ""),
		    cases[i].result);
		assert_non_null(
		    strstr(f->r->told[f->r->ntold - 1].why, cases[i].why));
	}
}

/* F13: an order's row that cannot be read is not final. */
static void
orders_damaged(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(alone(f, 1, "buy", "BTCUSDT", ""), RISKER_ORDER);
	put_row(f, "trader", "orders",
	    KEY("00000000000000000000000000000001-0"), "{\"state\":\"clos");
	assert_int_equal(alone(f, 2, "buy", "BTCUSDT", ""), RISKER_REFUSED);
	put_order(f, 1, "0", "nonsense");
	assert_int_equal(alone(f, 3, "buy", "BTCUSDT", ""), RISKER_REFUSED);
	put_order(f, 1, "0", "failed");
	assert_int_equal(alone(f, 4, "buy", "BTCUSDT", ""), RISKER_ORDER);
}

/* Positions that cannot be read keep an entry out, and no close. */
static void
positions_damaged(void **state)
{
	struct fixture *f = *state;

	put_row(f, "differ", "positions", KEY("main", "linear", "ETHUSDT"),
	    "{\"symbol\":\"ETHUSDT\"}");
	assert_int_equal(alone(f, 1, "buy", "BTCUSDT", ""), RISKER_REFUSED);
	assert_non_null(strstr(f->r->told[0].why, "Positions are not known"));
	assert_int_equal(alone(f, 2, "close", "BTCUSDT", ""), RISKER_ORDER);
	assert_string_equal(risker_blind(f->r), "");
}

/* Our own state, damaged: nothing is decided on a guess. */
static void
own_damaged(void **state)
{
	static const struct {
		const char *table;
		const char *key[3];
	} cases[] = {
		{ "open", { "00000000000000000000000000000007", NULL } },
		{ "days", { "main", "2026-11-21", NULL } },
		{ "closes", { "main", "BTCUSDT", NULL } },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_key k;
		struct store_txn *t;
		enum store_error e;

		restart(f);
		store_key_init(&k);
		for (size_t j = 0; cases[i].key[j] != NULL; j++)
			store_key_str(&k, cases[i].key[j]);
		assert_int_equal(store_begin(f->store, 1, &t), STORE_OK);
		assert_int_equal(
		    store_put(t, cases[i].table, k.p, k.len, "{", 1), STORE_OK);
		assert_int_equal(store_commit(t), STORE_OK);
		e = risker_begin(f->r);
		if (e == STORE_OK) {
			(void)alert(f, 1, "buy", "BTCUSDT", "");
			e = risker_commit(f->r, NULL, NULL);
		}
		assert_int_equal(e, STORE_BAD);
		assert_non_null(strstr(risker_error(f->r), cases[i].table));
		assert_int_equal(store_begin(f->store, 1, &t), STORE_OK);
		assert_int_equal(
		    store_del(t, cases[i].table, k.p, k.len), STORE_OK);
		assert_int_equal(store_commit(t), STORE_OK);
	}
}

/* F93: what is no alert; nothing of it needs a commit. */
static void
other_lines(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{\"type\":1}",
		"{\"type\":\"alert\"}",
		"{\"type\":\"alert\",\"id\":\"0123456789abcdef\"}" };
	static const char *const members[] = { "id", "time", "action", "symbol",
		"trend_composite", "price", "timestamp", "test", "stop_loss",
		"take_profit", "atr" };
	static const char *const wrong[] = { "\"\"", "[]", "{}", "null",
		"\"0x1\"", "\"_\"" };
	struct fixture *f = *state;

	begin(f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hand(f, bad[i]), RISKER_SKIPPED);
	assert_string_equal(f->r->told[4].why,
	    "the alert's id is missing: expected 32 hex digits");
	assert_string_equal(f->r->told[5].why,
	    "the alert's id is '0123456789abcdef': expected 32 hex digits");
	assert_int_equal(f->r->out.len, 0);
	risker_end(f->r);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++) {
			static const char *const right[] = {
				"\"00000000000000000000000000000001\"",
				"\"" AT "\"", "\"buy\"", "\"BTCUSDT\"", "\"4\"",
				"\"100\"", "\"1640995200000\"", "true",
				"\"98\"", "\"102\"", "\"1\""
			};
			struct buf b;

			buf_init(&b, 4096);
			buf_puts(&b, "{\"type\":\"alert\"");
			for (size_t m = 0; m < 11; m++)
				buf_printf(&b, ",\"%s\":%s", members[m],
				    m == i ? wrong[k] : right[m]);
			buf_putc(&b, '}');
			begin(f);
			assert_int_equal(hand(f, buf_cstr(&b)), RISKER_SKIPPED);
			assert_non_null(strstr(f->r->told[0].why, members[i]));
			assert_non_null(
			    strstr(f->r->told[0].why, ": expected "));
			buf_release(&b);
			risker_end(f->r);
		}
	begin(f);
	assert_int_equal(
	    hand(f, "{ \"type\":\"result\", \"n\":1.50 }"), RISKER_PASSED);
	assert_int_equal(risker_dirty(f->r), 0);
	risker_end(f->r);
	assert_string_equal(
	    buf_cstr(&f->r->out), "{ \"type\":\"result\", \"n\":1.50 }\n");
}

/* A close needs nothing that only an entry needs. */
static void
bare_close(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(
	    hand(f,
		"{\"type\":\"alert\",\"id\":"
		"\"00000000000000000000000000000001\",\"time\":\"" AT
		"\",\"action\":\"close\",\"symbol\":\"BTCUSDT\","
		"\"price\":\"?\"}"),
	    RISKER_ORDER);
	commit(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(limits_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(same_again, setup, teardown),
		cmocka_unit_test_setup_teardown(read_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(commit_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(disk_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(settle_coins, setup, teardown),
		cmocka_unit_test_setup_teardown(map_full, setup, teardown),
		cmocka_unit_test_setup_teardown(prunes, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    orders_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    positions_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(own_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(other_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(bare_close, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
