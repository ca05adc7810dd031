/*
 * ledger: rows in the order of time, chained by subscriber; the sum is the
 * balance; a state from before there was a ledger, or filters, opens and goes
 * on.
 *
 * Not tested here: charges of trades (test-notifier), the command and kills
 * (tests/e2e/subscribers-ledger.sh).
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

#include "common/json.h"
#include "notifier/ledger.h"
#include "notifier/roll.h"
#include "tests/unit/scratch.h"

#define NOON INT64_C(1763726400000) /* 2025-11-21T12:00:00Z */

struct fixture {
	char dir[SCRATCH_SIZE];
	struct store *store;
	struct row roll;
};

static void
open_store(struct fixture *f, const char *const tables[])
{
	struct store_opts o = { .dir = f->dir,
		.stage = "notifier",
		.tables = tables,
		.schema = NOTIFIER_SCHEMA,
		.map_size = 16 << 20,
		.mode = STORE_OWN };
	char err[512];

	if (store_open(&f->store, &o, err, sizeof(err)) != STORE_OK)
		fail_msg("store_open: %s", err);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(f->dir, "ledger");
	row_init(&f->roll);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	row_release(&f->roll);
	(void)scratch_remove(f->dir);
	free(f);
	return 0;
}

static struct store_txn *
begin(struct fixture *f)
{
	struct store_txn *t;

	assert_int_equal(store_begin(f->store, 1, &t), STORE_OK);
	return t;
}

static int
append_row(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	(void)key;
	(void)klen;
	buf_put(arg, val, vlen);
	buf_putc(arg, '\n');
	return 0;
}

static void
expect_table(struct store_txn *t, const char *expected)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	assert_int_equal(
	    store_scan(t, "ledger", "", 0, append_row, &b), STORE_OK);
	buf_putc(&b, '\n');
	assert_string_equal(buf_cstr(&b), expected);
	buf_release(&b);
}

static void
expect_latest(struct fixture *f, struct store_txn *t,
    const struct subscriber *s, size_t max, const char *expected)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	json_open_object(&b, NULL);
	assert_int_equal(ledger_write(&f->roll, t, s, max, &b), STORE_OK);
	json_close_object(&b);
	assert_string_equal(buf_cstr(&b), expected);
	buf_release(&b);
}

#define ADD                                                                    \
	"{\"number\":1,\"time\":\"2025-11-21T12:00:00.000Z\","                 \
	"\"subscriber\":\"ann\",\"change\":30,\"balance\":30,\"why\":\"add\"}"
#define BOB                                                                    \
	"{\"number\":2,\"time\":\"2025-11-21T12:00:00.000Z\","                 \
	"\"subscriber\":\"bob\",\"change\":5,\"balance\":5,\"why\":\"add\"}"
#define OPENED                                                                 \
	"{\"number\":3,\"time\":\"2025-11-21T12:00:01.000Z\","                 \
	"\"subscriber\":\"ann\",\"change\":-1,\"balance\":29,"                 \
	"\"why\":\"open\",\"journal\":\"9f86d081\",\"signal_number\":17,"      \
	"\"before\":1}"
#define CREDIT                                                                 \
	"{\"number\":4,\"time\":\"2025-11-21T12:00:02.000Z\","                 \
	"\"subscriber\":\"ann\",\"change\":10,\"balance\":39,"                 \
	"\"why\":\"credit\",\"note\":\"paid \\\"cash\\\"\",\"before\":3}"

static void
changes_are_written_in_order(void **state)
{
	struct reason add = { .why = WHY_ADD, .time_ms = NOON };
	struct reason opened = { .why = WHY_OPEN,
		.time_ms = NOON + 1000,
		.journal = "9f86d081",
		.trade = 17 };
	struct reason credit = { .why = WHY_CREDIT,
		.time_ms = NOON + 2000,
		.note = "paid \"cash\"" };
	struct subscriber ann = { .id = "ann" }, bob = { .id = "bob" };
	struct fixture *f = *state;
	struct store_txn *t;

	open_store(f, notifier_tables);
	t = begin(f);
	assert_int_equal(ledger_change(t, &ann, 30, &add), STORE_OK);
	assert_int_equal(ledger_change(t, &bob, 5, &add), STORE_OK);
	assert_int_equal(ledger_change(t, &ann, -1, &opened), STORE_OK);
	/* Nothing changes: no row. */
	assert_int_equal(ledger_change(t, &ann, 0, &credit), STORE_OK);
	assert_int_equal(ledger_change(t, &ann, 10, &credit), STORE_OK);
	assert_int_equal(ann.balance, 39);
	assert_int_equal(ann.ledger, 4);
	expect_table(t, ADD "\n" BOB "\n" OPENED "\n" CREDIT "\n\n");
	expect_latest(
	    f, t, &ann, 10, "{\"ledger\":[" CREDIT "," OPENED "," ADD "]}");
	expect_latest(f, t, &ann, 2, "{\"ledger\":[" CREDIT "," OPENED "]}");
	expect_latest(f, t, &bob, 2, "{\"ledger\":[" BOB "]}");
	ann.ledger = 0;
	expect_latest(f, t, &ann, 2, "{\"ledger\":[]}");

	/* A row that is not there is damage. */
	ann.ledger = 9;
	{
		struct buf b;

		buf_init(&b, 1024);
		json_open_object(&b, NULL);
		assert_int_equal(
		    ledger_write(&f->roll, t, &ann, 2, &b), STORE_BAD);
		assert_non_null(strstr(f->roll.error, "row 9"));
		buf_release(&b);
	}
	store_abort(t);
}

/* Tables and rows of the version before there was a ledger. */
static void
an_older_state_goes_on(void **state)
{
	static const char *const old_tables[] = { "subscribers", "recipients",
		"deliveries", "pending", "messages", "journals", "told", NULL };
	static const char old_row[] =
	    "{\"id\":\"ann\",\"channel\":\"telegram\",\"address\":\"5\","
	    "\"balance\":3,\"lang\":\"en\",\"active\":true,"
	    "\"tester\":false}";
	struct reason opened = { .why = WHY_OPEN,
		.time_ms = NOON,
		.journal = "9f86d081",
		.trade = 1 };
	struct fixture *f = *state;
	struct subscriber s, again;
	struct store_txn *t;

	open_store(f, old_tables);
	t = begin(f);
	assert_int_equal(
	    store_put(t, "subscribers", "ann", 4, old_row, sizeof(old_row) - 1),
	    STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	store_close(f->store);

	open_store(f, notifier_tables);
	t = begin(f);
	assert_int_equal(roll_get(&f->roll, t, "ann", &s), STORE_OK);
	assert_int_equal(s.balance, 3);
	assert_int_equal(s.ledger, 0);
	assert_string_equal(s.filter.symbols, "");
	assert_int_equal(ledger_change(t, &s, -1, &opened), STORE_OK);
	assert_int_equal(roll_put(t, &s), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);

	t = begin(f);
	assert_int_equal(roll_get(&f->roll, t, "ann", &again), STORE_OK);
	assert_int_equal(again.balance, 2);
	assert_int_equal(again.ledger, 2);
	expect_table(t,
	    "{\"number\":1,\"time\":\"2025-11-21T12:00:00.000Z\","
	    "\"subscriber\":\"ann\",\"change\":3,\"balance\":3,"
	    "\"why\":\"start\"}\n"
	    "{\"number\":2,\"time\":\"2025-11-21T12:00:00.000Z\","
	    "\"subscriber\":\"ann\",\"change\":-1,\"balance\":2,"
	    "\"why\":\"open\",\"journal\":\"9f86d081\",\"signal_number\":1,"
	    "\"before\":1}\n\n");
	store_abort(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    changes_are_written_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    an_older_state_goes_on, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
