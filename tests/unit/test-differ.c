/*
 * differ: the rules of signals and what is kept of them, without the process.
 *
 * Expected signals are worked out by hand.  A signal is summed up as
 *   ACTION #number symbol side size<old entry [exit] [pnl] [flags]
 * The whole lines, byte for byte, and most of the rules are in the recordings
 * of tests/replay; here is what a recording cannot reach: restarts and commits
 * at every line, commits that fail, damaged rows, days that pass, the sums.
 *
 * Not tested here: the process (tests/e2e), endpoints, logs.
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
#include "common/clock.h"
#include "common/json.h"
#include "common/store.h"
#include "differ/differ.h"
#include "differ/exits.h"
#include "differ/row.h"
#include "differ/state.h"

#define BASE 1735689600000ll /* 2025-01-01T00:00:00Z */
#define DAY 86400000ll

struct fixture {
	char dir[64];
	struct store *store;
	struct differ *d;
	struct buf said; /* all signal lines */
};

static void
open_state(struct fixture *f)
{
	struct store_opts o = { .dir = f->dir,
		.stage = "differ",
		.tables = state_tables,
		.schema = STATE_SCHEMA,
		.map_size = 64 << 20,
		.mode = STORE_OWN };
	char err[512] = "";

	if (store_open(&f->store, &o, err, sizeof(err)) != STORE_OK)
		fail_msg("store_open: %s", err);
	f->d = differ_new(f->store, "main", err, sizeof(err));
	if (f->d == NULL)
		fail_msg("differ_new: %s", err);
}

static void
close_state(struct fixture *f)
{
	differ_free(f->d);
	store_close(f->store);
	f->d = NULL;
	f->store = NULL;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/test-differ.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	buf_init(&f->said, SIZE_MAX / 2);
	open_state(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const files[] = { "differ.mdb", "differ.mdb-lock",
		"differ.lock", "differ.write" };
	struct fixture *f = *state;
	char path[128];

	close_state(f);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(f->dir);
	buf_release(&f->said);
	free(f);
	return 0;
}

static void
commit(struct fixture *f)
{
	assert_int_equal(differ_commit(f->d, NULL, NULL), STORE_OK);
	buf_put(&f->said, f->d->out.p, f->d->out.len);
	differ_said(f->d);
}

static enum differ_result
feed(struct fixture *f, const char *line)
{
	size_t len = strlen(line);
	char *copy = malloc(len + 1);
	enum differ_result r;

	memcpy(copy, line, len + 1);
	r = differ_line(f->d, copy, len);
	free(copy);
	if (differ_failed(f->d) != NULL)
		fail_msg("%s", differ_failed(f->d));
	return r;
}

/* Texts that live as long as a test's expressions. */
static const char *
text(const char *fmt, ...)
{
	static char ring[64][4096];
	static size_t next;
	char *s = ring[next++ % 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof(ring[0]), fmt, ap);
	va_end(ap);
	return s;
}

static const char *
iso(int64_t ms)
{
	char t[TIME_TEXT_MAX];

	return text("%s", time_format(t, ms));
}

/* A snapshot of linear USDT at `at` ms after BASE. */
static const char *
snap(int64_t at, const char *rows, const char *records)
{
	return text("{\"type\":\"positions\",\"time\":\"%s\",\"account\":"
		    "\"main\",\"category\":\"linear\",\"settle_coin\":\"USDT\","
		    "\"positions\":[%s],\"closed_pnl\":[%s]}",
	    iso(BASE + at), rows, records);
}

static const char *
row(const char *symbol, const char *side, const char *size, const char *avg,
    const char *mark, int64_t seq, int64_t updated)
{
	return text("{\"positionIdx\":0,\"symbol\":\"%s\",\"side\":\"%s\","
		    "\"size\":\"%s\",\"avgPrice\":\"%s\",\"leverage\":\"10\","
		    "\"markPrice\":\"%s\",\"positionStatus\":\"Normal\","
		    "\"cumRealisedPnl\":\"0\",\"seq\":%lld,"
		    "\"updatedTime\":\"%lld\"}",
	    symbol, side, size, avg, mark, (long long)seq,
	    (long long)(BASE + updated));
}

static const char *
record(const char *symbol, const char *side, const char *id, const char *size,
    const char *entry, const char *exit, const char *pnl, int64_t at)
{
	return text("{\"symbol\":\"%s\",\"orderId\":\"%s\",\"side\":\"%s\","
		    "\"closedSize\":\"%s\",\"avgEntryPrice\":\"%s\","
		    "\"avgExitPrice\":\"%s\",\"closedPnl\":\"%s\","
		    "\"leverage\":\"10\",\"execType\":\"Trade\","
		    "\"createdTime\":\"%lld\",\"updatedTime\":\"%lld\"}",
	    symbol, id, side, size, entry, exit, pnl, (long long)(BASE + at),
	    (long long)(BASE + at));
}

static const char *
member(const struct json *v, const char *key)
{
	const struct json *m = json_get(v, key);
	int flag;

	if (m == NULL)
		return "-";
	if (json_string(m) != NULL)
		return json_string(m);
	if (json_number(m) != NULL)
		return json_number(m);
	return json_bool(m, &flag) == 0 && flag ? "true" : "false";
}

static void
sum_up(struct buf *b, const struct json *v)
{
	if (json_get(v, "error") != NULL) {
		buf_printf(b, "error %s\n", member(v, "error"));
		return;
	}
	buf_printf(b, "%s #%s %s %s %s<%s %s", member(v, "action"),
	    member(v, "signal_number"), member(v, "symbol"),
	    member(v, "signal_type"), member(v, "position_size"),
	    member(v, "old_position_size"), member(v, "entry_price"));
	if (json_get(v, "exit_price") != NULL)
		buf_printf(b, " exit %s %s%%", member(v, "exit_price"),
		    member(v, "profit_percentage"));
	if (json_get(v, "realized_pnl") != NULL)
		buf_printf(b, " pnl %s", member(v, "realized_pnl"));
	if (json_get(v, "close_reason") != NULL)
		buf_printf(b, " %s", member(v, "close_reason"));
	if (json_get(v, "estimated") != NULL)
		buf_puts(b, " estimated");
	if (json_get(v, "initial") != NULL)
		buf_puts(b, " initial");
	if (json_get(v, "test") != NULL)
		buf_puts(b, " test");
	buf_putc(b, '\n');
}

/* Commit, and compare what was said since the last time. */
static void
says(struct fixture *f, const char *expected)
{
	struct json_doc *doc = json_new();
	struct buf b;
	size_t start = 0;

	commit(f);
	buf_init(&b, SIZE_MAX / 2);
	for (size_t i = 0; i < f->said.len; i++) {
		if (f->said.p[i] != '\n')
			continue;
		f->said.p[i] = '\0';
		sum_up(&b, json_parse(doc, f->said.p + start, i - start));
		start = i + 1;
	}
	assert_string_equal(buf_cstr(&b), expected);
	buf_clear(&f->said);
	buf_release(&b);
	json_free(doc);
}

static char *
value(struct fixture *f, const char *table, const struct store_key *key)
{
	struct store_txn *t;
	const char *val;
	size_t len;
	char *copy = NULL;

	assert_int_equal(store_begin(f->store, 0, &t), STORE_OK);
	if (store_get(t, table, key->p, key->len, &val, &len) == STORE_OK)
		copy = strndup(val, len);
	store_abort(t);
	return copy;
}

static char *
account_row(struct fixture *f, const char *account, const char *kind,
    const char *category, const char *name)
{
	struct store_key key;

	store_key_init(&key);
	store_key_str(&key, account);
	store_key_str(&key, kind);
	store_key_str(&key, category);
	store_key_str(&key, name);
	return value(f, "account", &key);
}

static void
row_has(struct fixture *f, uint64_t number, const char *part)
{
	struct store_key key;
	char *row_text;

	store_key_init(&key);
	store_key_u64(&key, number);
	row_text = value(f, "signals", &key);
	assert_non_null(row_text);
	if (strstr(row_text, part) == NULL)
		fail_msg("%s is not in %s", part, row_text);
	free(row_text);
}

static struct decimal
dec(const char *s)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, s, strlen(s)), 0);
	return d;
}

static void
assert_decimal(struct decimal d, const char *expected)
{
	char s[DECIMAL_TEXT_MAX];

	decimal_format(s, d);
	assert_string_equal(s, expected);
}

/* Sums and figures. */
static void
close_at(struct exits *e, enum category c, const char *size, const char *price,
    const char *pnl)
{
	struct exits part = { .qty = dec(size),
		.pnl = dec(pnl),
		.price = dec(price),
		.prices = 1 };

	assert_int_equal(
	    exits_weight(&part.weight, c, part.qty, part.price), 0);
	exits_add(e, &part);
}

static void
test_exit_price(void **state)
{
	struct exits e = { 0 };
	struct decimal p;

	(void)state;
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), -1);
	close_at(&e, CATEGORY_LINEAR, "3", "0.123456789123", "1");
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "0.123456789123"); /* one record: as it stands */
	memset(&e, 0, sizeof(e));
	/* (1 x 100 + 3 x 104) / 4 */
	close_at(&e, CATEGORY_LINEAR, "1", "100", "1");
	close_at(&e, CATEGORY_LINEAR, "3", "104", "2");
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "103");
	assert_decimal(exits_pnl(&e), "3");
	memset(&e, 0, sizeof(e));
	/* 200 / (100 / 50000 + 100 / 25000) = 200 / 0.006 */
	close_at(&e, CATEGORY_INVERSE, "100", "50000", "0");
	close_at(&e, CATEGORY_INVERSE, "100", "25000", "0");
	assert_int_equal(exits_price(&p, &e, CATEGORY_INVERSE), 0);
	assert_decimal(p, "33333.33333333");
}

static void
test_estimates_are_replaced(void **state)
{
	struct exits e = { 0 };
	struct decimal p;

	(void)state;
	exits_guess(&e, CATEGORY_LINEAR, dec("2"), dec("90"), dec("-20"), 5);
	close_at(&e, CATEGORY_LINEAR, "2", "110", "20");
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "100"); /* (2 x 90 + 2 x 110) / 4 */
	assert_decimal(exits_pnl(&e), "0");
	exits_replace(&e, dec("0.5")); /* a quarter of the estimate */
	assert_decimal(e.est_qty, "1.5");
	assert_decimal(e.est_pnl, "-15");
	assert_decimal(exits_pnl(&e), "5");
	exits_replace(&e, dec("1.5"));
	assert_decimal(exits_pnl(&e), "20");
	assert_int_equal(exits_price(&p, &e, CATEGORY_LINEAR), 0);
	assert_decimal(p, "110");
	exits_replace(&e, dec("1"));
	assert_decimal(e.est_qty, "0");
}

static void
test_record_split(void **state)
{
	struct record r = { .left = dec("3"),
		.left_pnl = dec("1"),
		.left_weight = dec("300"),
		.left_exit = dec("100") };
	struct exits a, b;

	(void)state;
	record_split(&r, dec("1"), &a);
	assert_decimal(a.pnl, "0.333333333333333333");
	assert_decimal(a.weight, "100");
	record_split(&r, dec("5"), &b); /* no more than what is left */
	assert_decimal(b.qty, "2");
	assert_decimal(b.pnl, "0.666666666666666667");
	assert_decimal(r.left, "0");
	assert_decimal(r.left_pnl, "0");
}

static void
test_price_pnl(void **state)
{
	static const struct {
		enum category c;
		enum side side;
		const char *size, *entry, *price, *pnl;
	} t[] = {
		{ CATEGORY_LINEAR, SIDE_BUY, "0.5", "45000", "47000", "1000" },
		{ CATEGORY_LINEAR, SIDE_SELL, "0.5", "45000", "47000",
		    "-1000" },
		/* 100 / 50000 - 100 / 40000 = 0.002 - 0.0025 */
		{ CATEGORY_INVERSE, SIDE_BUY, "100", "50000", "40000",
		    "-0.0005" },
		{ CATEGORY_INVERSE, SIDE_SELL, "100", "50000", "40000",
		    "0.0005" },
		{ CATEGORY_LINEAR, SIDE_BUY, "1", "0", "1", "0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_decimal(price_pnl(t[i].c, t[i].side, dec(t[i].size),
				   dec(t[i].entry), dec(t[i].price)),
		    t[i].pnl);
}

/* Rows. */
static void
test_bad_rows(void **state)
{
	static const struct {
		const char *row, *why;
	} t[] = {
		{ "{\"size\":\"abc\"}", "size is no decimal from 0 on" },
		{ "{\"size\":\"\"}", "size is no decimal from 0 on" },
		{ "{}", "size is no decimal from 0 on" },
		{ "{\"size\":\"-1\"}", "size is no decimal from 0 on" },
		{ "{\"size\":\"1e3\"}", "size is no decimal from 0 on" },
		{ "{\"size\":{}}", "a field is neither a text nor a number" },
		{ "{\"size\":\"1\",\"side\":\"Long\"}", "side is not known" },
		{ "{\"size\":\"1\",\"side\":\"buy\"}", "side is not known" },
		{ "{\"size\":\"1\",\"side\":\"\",\"avgPrice\":\"1\"}",
		    "size is above 0, side is empty" },
		{ "{\"size\":\"1\",\"side\":\"Buy\",\"avgPrice\":\"\"}",
		    "size is above 0, avgPrice is missing" },
		{ "{\"size\":\"1\",\"side\":\"Buy\",\"avgPrice\":\"0.00\"}",
		    "size is above 0, avgPrice is missing" },
		{ "{\"size\":\"0\",\"positionStatus\":\"Odd\"}",
		    "positionStatus is not known" },
		{ "{\"size\":\"0\",\"markPrice\":\"x\"}",
		    "markPrice is no decimal from 0 on" },
		{ "{\"size\":\"0\",\"cumRealisedPnl\":\"x\"}",
		    "cumRealisedPnl is no decimal" },
		{ "{\"size\":\"0\",\"seq\":1.5}", "seq is no whole number" },
		{ "{\"size\":\"100000000\",\"side\":\"Buy\","
		  "\"avgPrice\":\"100000000\"}",
		    "size times avgPrice is out of range" },
		{ "{\"size\":\"1\",\"side\":\"Buy\",\"avgPrice\":\"1\","
		  "\"leverage\":\"much\"}",
		    "leverage is no decimal" },
	};
	struct json_doc *doc = json_new();

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *copy = strdup(t[i].row);
		struct row_text rt;
		struct row r;
		const char *why = "";

		row_pick(json_parse(doc, copy, strlen(copy)), &rt);
		assert_int_equal(row_read(&rt, &r, &why), -1);
		assert_string_equal(why, t[i].why);
		free(copy);
	}
	json_free(doc);
}

static void
test_flat_rows(void **state)
{
	static const char *const rows[] = {
		"{\"size\":\"0.000\",\"side\":\"None\",\"avgPrice\":\"0\"}",
		"{\"size\":\"0\",\"side\":\"\",\"avgPrice\":\"\",\"seq\":-1}",
		"{\"size\":\"0\",\"side\":\"Buy\"}",
	};
	struct json_doc *doc = json_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *copy = strdup(rows[i]);
		struct row_text rt;
		struct row r;
		const char *why;

		row_pick(json_parse(doc, copy, strlen(copy)), &rt);
		assert_int_equal(row_read(&rt, &r, &why), 0);
		assert_int_equal(r.side, SIDE_NONE);
		assert_int_equal(r.seq, 0);
		free(copy);
	}
	json_free(doc);
}

/* A trade's life, each step with its record. */
static void
test_life(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "45000", "45000", 10, 4000),
		""));
	says(f, "OPEN #1 BTCUSDT buy 1<0 45000\n");
	feed(f,
	    snap(10000,
		row("BTCUSDT", "Buy", "1.50", "45100", "45200", 11, 9000), ""));
	says(f, "INCREASE #1 BTCUSDT buy 1.5<1 45100\n");
	feed(f,
	    snap(15000,
		row("BTCUSDT", "Buy", "0.5", "45100", "45300", 12, 14000),
		record("BTCUSDT", "Sell", "a", "1", "45100", "45300", "195.5",
		    14000)));
	says(f, "PARTIAL_CLOSE #1 BTCUSDT buy 0.5<1.5 45100 pnl 195.5\n");
	/* (1 x 45300 + 0.5 x 46200) / 1.5 = 45600; 500 / 45100 = 1.1086 % */
	feed(f,
	    snap(20000, row("BTCUSDT", "", "0", "0", "46200", 13, 19000),
		record("BTCUSDT", "Sell", "b", "0.5", "45100", "46200", "549.5",
		    19000)));
	says(f, "CLOSE #1 BTCUSDT buy 0<0.5 45100 exit 45600 1.11% pnl 745\n");
	row_has(f, 1, "\"status\":\"closed\"");
	row_has(f, 1, "\"max_position_size\":\"1.5\"");
	row_has(f, 1, "\"realized_pnl\":\"745\"");
}

/*
 * F19: a snapshot that lags shows the position again that is known to have
 * closed; it is no new one.
 */
static void
test_stale_row_after_close(void **state)
{
	struct fixture *f = *state;
	const char *open =
	    row("BTCUSDT", "Buy", "1", "45000", "45000", 10, 4000);

	feed(f, snap(0, "", ""));
	feed(f, snap(5000, open, ""));
	feed(f,
	    snap(10000, row("BTCUSDT", "", "0", "0", "45000", 12, 9000),
		record("BTCUSDT", "Sell", "a", "1", "45000", "45100", "100",
		    9000)));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 45000\n"
	    "CLOSE #1 BTCUSDT buy 0<1 45000 exit 45100 0.22% pnl 100\n");
	close_state(f);
	open_state(f);
	assert_int_equal(feed(f, snap(15000, open, "")), DIFFER_TAKEN);
	assert_int_equal(f->d->nnotes, 1);
	says(f, "");
	feed(f,
	    snap(20000, row("BTCUSDT", "Buy", "1", "46000", "46000", 14, 19000),
		""));
	says(f, "OPEN #2 BTCUSDT buy 1<0 46000\n");
}

/* The same, where records alone proved that it closed. */
static void
test_stale_row_after_records(void **state)
{
	struct fixture *f = *state;
	const char *open =
	    row("BTCUSDT", "Buy", "1", "45000", "45000", 10, 4000);

	feed(f, snap(0, "", ""));
	feed(f, snap(5000, open, ""));
	feed(f,
	    snap(10000, "",
		record("BTCUSDT", "Sell", "a", "1", "45000", "45100", "100",
		    9000)));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 45000\n"
	    "CLOSE #1 BTCUSDT buy 0<1 45000 exit 45100 0.22% pnl 100\n");
	feed(f, snap(15000, open, ""));
	says(f, "");
}

/* Absence was announced; the very same position is there after all. */
static void
test_back_after_estimated_close(void **state)
{
	struct fixture *f = *state;
	const char *open =
	    row("BTCUSDT", "Buy", "1", "45000", "45500", 10, 4000);

	feed(f, snap(0, "", ""));
	feed(f, snap(5000, open, ""));
	says(f, "OPEN #1 BTCUSDT buy 1<0 45000\n");
	feed(f, snap(10000, "", ""));
	feed(f, snap(40000, "", ""));
	feed(f, snap(70000, "", "")); /* the third, 60 s after the first */
	says(f, "");
	feed(f, snap(75000, open, "")); /* not announced yet: never gone */
	feed(f, snap(85000, open, ""));
	says(f, "");
	feed(f, snap(90000, "", ""));
	feed(f, snap(149999, "", ""));
	feed(f, snap(149999 + 1, "", "")); /* proof */
	feed(f, snap(150000 + 9999, "", ""));
	says(f, "");
	feed(f, snap(160000, "", ""));
	says(f,
	    "CLOSE #1 BTCUSDT buy 0<1 45000 exit 45500 1.11% pnl 500 "
	    "estimated\n");
	feed(f, snap(165000, open, ""));
	says(f, "OPEN #2 BTCUSDT buy 1<0 45000\n");
}

/* An order that fills bit by bit has one record, which grows. */
static void
test_growing_record(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), ""));
	feed(f,
	    snap(10000, row("BTCUSDT", "Buy", "0.7", "100", "110", 11, 9000),
		record(
		    "BTCUSDT", "Sell", "a", "0.3", "100", "110", "3", 9000)));
	/* (1 x 113 - 0.3 x 110) / 0.7 = 80 / 0.7 */
	feed(f,
	    snap(15000, row("BTCUSDT", "", "0", "0", "115", 12, 14000),
		record(
		    "BTCUSDT", "Sell", "a", "1", "100", "113", "13", 14000)));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 100\n"
	    "PARTIAL_CLOSE #1 BTCUSDT buy 0.7<1 100 pnl 3\n"
	    "CLOSE #1 BTCUSDT buy 0<0.7 100 exit 113 13.00% pnl 13\n");
}

/*
 * The record of two shrinks comes when the first was estimated: it serves the
 * second and replaces the estimate of the first.
 */
static void
test_one_record_for_two_steps(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), ""));
	feed(f,
	    snap(10000, row("BTCUSDT", "Buy", "0.7", "100", "110", 11, 9000),
		""));
	feed(f,
	    snap(20000, row("BTCUSDT", "Buy", "0.7", "100", "111", 11, 9000),
		""));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 100\n"
	    "PARTIAL_CLOSE #1 BTCUSDT buy 0.7<1 100 pnl 3 estimated\n");
	feed(f,
	    snap(25000, row("BTCUSDT", "Buy", "0.5", "100", "112", 12, 24000),
		record(
		    "BTCUSDT", "Sell", "a", "0.5", "100", "110", "5", 24000)));
	says(f, "PARTIAL_CLOSE #1 BTCUSDT buy 0.5<0.7 100 pnl 2\n");
	row_has(f, 1, "\"realized_pnl\":\"5\"");
	feed(f,
	    snap(30000, row("BTCUSDT", "", "0", "0", "120", 13, 29000),
		record(
		    "BTCUSDT", "Sell", "b", "0.5", "100", "120", "10", 29000)));
	says(f, "CLOSE #1 BTCUSDT buy 0<0.5 100 exit 115 15.00% pnl 15\n");
}

/* Something was added and closed between two polls: totals alone. */
static void
test_hidden_close(void **state)
{
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	feed(f,
	    snap(5000, row("BTCUSDT", "Buy", "1", "100", "100", 10, 4000), ""));
	feed(f,
	    snap(10000, row("BTCUSDT", "Buy", "1", "101", "102", 12, 9000),
		record(
		    "BTCUSDT", "Sell", "a", "0.5", "101", "103", "1", 8000)));
	says(f, "OPEN #1 BTCUSDT buy 1<0 100\n");
	row_has(f, 1, "\"realized_pnl\":\"1\"");
	/* A record a moment younger than its row: a minute shows it. */
	feed(f,
	    snap(20000, row("BTCUSDT", "Buy", "1", "101.5", "102", 14, 19000),
		record(
		    "BTCUSDT", "Sell", "b", "0.5", "101", "103", "1", 19005)));
	row_has(f, 1, "\"realized_pnl\":\"1\"");
	feed(f,
	    snap(80000, row("BTCUSDT", "Buy", "1", "101.5", "102", 14, 19000),
		""));
	commit(f);
	row_has(f, 1, "\"realized_pnl\":\"2\"");
}

/* A day passes, nine days pass: order ids are remembered long enough. */
static void
test_old_records(void **state)
{
	struct fixture *f = *state;
	const char *r =
	    record("BTCUSDT", "Sell", "a", "1", "100", "110", "10", 4000);

	feed(f, snap(0, "", ""));
	feed(f, snap(5000, "", r));
	says(f,
	    "OPEN #1 BTCUSDT buy 1<0 100\n"
	    "CLOSE #1 BTCUSDT buy 0<1 100 exit 110 10.00% pnl 10\n");
	feed(f, snap(7 * DAY, "", r));
	feed(f, snap(8 * DAY, "", r));
	feed(f, snap(8 * DAY + 5000, "", r));
	feed(f, snap(9 * DAY, "", r));
	feed(f, snap(10 * DAY, "", r));
	feed(f, snap(20 * DAY, "", r));
	says(f, "");
}

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

static void
test_reasons(void **state)
{
	static const struct {
		const char *fields, *reason;
	} t[] = {
		{ "\"execType\":\"BustTrade\"", "liquidation" },
		{ "\"execType\":\"AdlTrade\"", "adl" },
		{ "\"execType\":\"Settle\"", "settlement" },
		{ "\"execType\":\"Delivery\"", "settlement" },
		{ "\"execType\":\"Trade\",\"createType\":"
		  "\"CreateByTakeOver_PassThrough\"",
		    "liquidation" },
		{ "\"execType\":\"Trade\",\"createType\":\"CreateByLiq\"",
		    "liquidation" },
		{ "\"execType\":\"Trade\",\"createType\":"
		  "\"CreateByAdl_PassThrough\"",
		    "adl" },
		{ "\"execType\":\"Trade\",\"createType\":\"CreateBySettle\"",
		    "settlement" },
		{ "\"execType\":\"Trade\",\"stopOrderType\":\"StopLoss\"",
		    "stop_loss" },
		{ "\"execType\":\"Trade\",\"createType\":"
		  "\"CreateByPartialStopLoss\"",
		    "stop_loss" },
		{ "\"execType\":\"Trade\",\"stopOrderType\":\"TrailingStop\"",
		    "stop_loss" },
		{ "\"execType\":\"Trade\",\"stopOrderType\":"
		  "\"PartialTakeProfit\"",
		    "take_profit" },
		{ "\"execType\":\"Trade\",\"createType\":"
		  "\"CreateByTakeProfit\"",
		    "take_profit" },
		{ "\"execType\":\"Trade\",\"stopOrderType\":\"UNKNOWN\","
		  "\"createType\":\"CreateByUser\"",
		    "trade" },
		{ "\"execType\":\"Trade\"", "trade" },
	};
	struct fixture *f = *state;

	feed(f, snap(0, "", ""));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t at = 5000 * (int64_t)(i + 1);
		const char *id = text("order-%zu", i);

		feed(f,
		    text("{\"type\":\"executions\",\"time\":\"%s\","
			 "\"account\":\"main\",\"category\":\"linear\","
			 "\"list\":[{\"symbol\":\"BTCUSDT\",\"orderId\":"
			 "\"%s\",\"execTime\":\"%lld\",%s},"
			 "{\"symbol\":\"BTCUSDT\",\"orderId\":\"%s\","
			 "\"execTime\":\"%lld\",\"execType\":"
			 "\"Funding\"}]}",
			iso(BASE + at - 1000), id,
			(long long)(BASE + at - 2000), t[i].fields, id,
			(long long)(BASE + at - 2000)));
		feed(f,
		    snap(at, "",
			record("BTCUSDT", "Sell", id, "1", "100", "110", "10",
			    at - 2000)));
		says(f,
		    text("OPEN #%zu BTCUSDT buy 1<0 100\nCLOSE #%zu "
			 "BTCUSDT buy 0<1 100 exit 110 10.00%% pnl 10 "
			 "%s\n",
			i + 1, i + 1, t[i].reason));
	}
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
	    /* XRP's record was later than its line's time. */
	    "OPEN #4 XRPUSDT buy 9<0 1\n"
	    "CLOSE #4 XRPUSDT buy 0<9 1 exit 2 100.00% pnl 9\n"
	    "PARTIAL_CLOSE #2 BTCUSDT buy 0.6<1 100 pnl 0.8\n"
	    "INCREASE #2 BTCUSDT buy 0.9<0.6 101\n"
	    /* No record 10 s after 14000: the mark price was 104;
	       (0.4 x 102 + 0.9 x 104) / 1.3 = 103.38461538. */
	    "CLOSE #2 BTCUSDT buy 0<0.9 101 exit 103.38461538 2.36% pnl 3.5 "
	    "estimated\n"
	    "OPEN #5 BTCUSDT sell 0.4<0 104\n"
	    /* 0.5 x (3000 - 2980) */
	    "PARTIAL_CLOSE #1 ETHUSDT sell 1.5<2 3000 pnl 10 estimated\n"
	    /* The record of 2 covers 1.5 and what was estimated. */
	    "CLOSE #1 ETHUSDT sell 0<1.5 3000 exit 2900 3.33% pnl 200\n"
	    /* Not shown at 26000, 60000 and 90000; 10 s more. */
	    "CLOSE #5 BTCUSDT sell 0<0.4 104 exit 103 0.96% pnl 0.4 "
	    "estimated\n");
	row_has(f, 2, "\"realized_pnl\":\"3.5\"");
	row_has(f, 5, "\"exit_price\":\"99\"");
	row_has(f, 5, "\"realized_pnl\":\"2\"");
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

/* F23: a row that cannot be read is an error, never "nothing there". */
static void
test_damage(void **state)
{
	static const char *const tables[] = {
		"positions",
		"records",
		"estimates",
		"journal",
	};
	struct fixture *f = *state;
	struct store_key key;
	struct store_txn *t;
	char err[512];

	feed(f, snap(0, row("BTCUSDT", "Buy", "1", "100", "100", 10, -1), ""));
	commit(f);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		static const char rubbish[] = "{\"left\":,";

		store_key_init(&key);
		store_key_str(&key, "journal");
		assert_int_equal(store_begin(f->store, 1, &t), STORE_OK);
		assert_int_equal(store_put(t, tables[i], key.p, key.len,
				     rubbish, sizeof(rubbish) - 1),
		    STORE_OK);
		assert_int_equal(store_commit(t), STORE_OK);
		err[0] = '\0';
		assert_null(differ_new(f->store, "main", err, sizeof(err)));
		assert_non_null(strstr(err, tables[i]));
		assert_non_null(strstr(err, "is damaged"));
		assert_int_equal(store_begin(f->store, 1, &t), STORE_OK);
		assert_int_equal(
		    store_del(t, tables[i], key.p, key.len), STORE_OK);
		assert_int_equal(store_commit(t), STORE_OK);
	}
}

/* The records of another settle coin's symbols wait for its own snapshot. */
static void
test_other_coins_record(void **state)
{
	static const char usdc[] =
	    "{\"type\":\"positions\",\"time\":\"%s\",\"account\":\"main\","
	    "\"category\":\"linear\",\"settle_coin\":\"USDC\",\"positions\":"
	    "[],\"closed_pnl\":[%s]}";
	struct fixture *f = *state;
	const char *r =
	    record("BTCUSDT", "Sell", "a", "0.5", "100", "110", "5", 6000);

	feed(f, snap(0, "", ""));
	feed(f, text(usdc, iso(BASE + 1), ""));
	/* USDC's snapshot comes first, and has the record. */
	feed(f, text(usdc, iso(BASE + 9000), r));
	says(f, "");
	feed(f,
	    snap(
		9001, row("BTCUSDT", "Buy", "0.5", "100", "110", 10, 6000), r));
	says(f, "OPEN #1 BTCUSDT buy 0.5<0 100\n");
	row_has(f, 1, "\"realized_pnl\":\"5\"");
	row_has(f, 1, "\"pnl_coin\":\"USDT\"");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_price),
		cmocka_unit_test(test_estimates_are_replaced),
		cmocka_unit_test(test_record_split),
		cmocka_unit_test(test_price_pnl),
		cmocka_unit_test(test_bad_rows),
		cmocka_unit_test(test_flat_rows),
#define STATEFUL(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		STATEFUL(test_life),
		STATEFUL(test_stale_row_after_close),
		STATEFUL(test_stale_row_after_records),
		STATEFUL(test_back_after_estimated_close),
		STATEFUL(test_growing_record),
		STATEFUL(test_one_record_for_two_steps),
		STATEFUL(test_hidden_close),
		STATEFUL(test_old_records),
		STATEFUL(test_prune),
		STATEFUL(test_reasons),
		STATEFUL(test_account_rows),
		STATEFUL(test_identity),
		STATEFUL(test_manual),
		STATEFUL(test_restarts),
		STATEFUL(test_failed_commit),
		STATEFUL(test_uncommitted),
		STATEFUL(test_damage),
		STATEFUL(test_other_coins_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
