/*
 * roll: what may stand in the table of subscribers, rows there and back, the
 * list in pieces, a damaged row.
 *
 * Not tested here: the command (tests/e2e/subscribers-command.sh).
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
#include "notifier/roll.h"
#include "tests/unit/scratch.h"

static int
parse(struct subscriber *s, const char *text, char *err, size_t size)
{
	struct json_doc *doc = json_new();
	char copy[1024];
	int rc;

	snprintf(copy, sizeof(copy), "%s", text);
	rc = roll_parse(s, json_parse(doc, copy, strlen(copy)), err, size);
	json_free(doc);
	return rc;
}

#define ID64 "0123456789012345678901234567890123456789012345678901234567890123"

static void
rows_are_checked(void **state)
{
	/* why: NULL where it is good, else what the words name. */
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\"}",
		    NULL },
		{ "{\"id\":\"A.b_c@d-9\",\"channel\":\"telegram\","
		  "\"address\":\"-1001234567890123\",\"balance\":5,"
		  "\"lang\":\"en\",\"active\":false,\"tester\":true}",
		    NULL },
		{ "{\"id\":\"" ID64 "\",\"channel\":\"telegram\","
		  "\"address\":\"@news_channel\"}",
		    NULL },
		{ "{\"id\":\"" ID64 "4\",\"channel\":\"stdout\","
		  "\"address\":\"x\"}",
		    "id" },
		{ "{\"id\":\"\",\"channel\":\"stdout\",\"address\":\"x\"}",
		    "id" },
		{ "{\"id\":\"a b\",\"channel\":\"stdout\",\"address\":\"x\"}",
		    "id" },
		{ "{\"id\":\"ann\\u00e9\",\"channel\":\"stdout\","
		  "\"address\":\"x\"}",
		    "id" },
		{ "{\"id\":\"a\",\"channel\":\"pigeon\",\"address\":\"x\"}",
		    "channel" },
		{ "{\"id\":\"a\",\"channel\":\"telegram\","
		  "\"address\":\"12x\"}",
		    "address" },
		{ "{\"id\":\"a\",\"channel\":\"telegram\",\"address\":\"\"}",
		    "address" },
		{ "{\"id\":\"a\",\"channel\":\"telegram\",\"address\":\"0\"}",
		    "address" },
		{ "{\"id\":\"a\",\"channel\":\"telegram\",\"address\":\"@\"}",
		    "address" },
		{ "{\"id\":\"a\",\"channel\":\"telegram\","
		  "\"address\":\"9223372036854775808\"}",
		    "address" },
		{ "{\"id\":\"a\",\"channel\":\"telegram\",\"address\":5}",
		    "address" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\"}", "address" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"balance\":-1}",
		    "balance" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"balance\":1.5}",
		    "balance" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"balance\":\"5\"}",
		    "balance" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"lang\":\"de\"}",
		    "lang" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"active\":1}",
		    "active" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"balence\":5}",
		    "balence" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"symbols\":[\"BTCUSDT\"],\"categories\":[],"
		  "\"accounts\":[\"main\"],\"actions\":[\"OPEN\"]}",
		    NULL },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"symbols\":[\"btc\"]}",
		    "symbols" },
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"actions\":\"OPEN\"}",
		    "actions" },
		/* As `show` prints it. */
		{ "{\"id\":\"a\",\"channel\":\"stdout\",\"address\":\"x\","
		  "\"ledger\":[{\"number\":5}]}",
		    NULL },
		{ "[]", "object" },
	};
	struct subscriber s;
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err[0] = '\0';
		memset(&s, 'x', sizeof(s));
		if (cases[i].why == NULL) {
			if (parse(&s, cases[i].text, err, sizeof(err)) == -1)
				fail_msg("%s: %s", cases[i].text, err);
			continue;
		}
		assert_int_equal(
		    parse(&s, cases[i].text, err, sizeof(err)), -1);
		if (strstr(err, cases[i].why) == NULL)
			fail_msg("%s: '%s' does not name %s", cases[i].text,
			    err, cases[i].why);
		assert_int_equal(s.id[0], 'x'); /* untouched */
	}
}

struct fixture {
	char dir[SCRATCH_SIZE];
	struct store *store;
	struct row roll;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct store_opts o = { .dir = f->dir,
		.stage = "notifier",
		.tables = notifier_tables,
		.schema = NOTIFIER_SCHEMA,
		.map_size = 16 << 20,
		.mode = STORE_OWN };
	char err[512];

	scratch_make(f->dir, "roll");
	row_init(&f->roll);
	if (store_open(&f->store, &o, err, sizeof(err)) != STORE_OK)
		return -1;
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

static void
a_row_comes_back_as_it_was(void **state)
{
	struct subscriber in = { .id = "ann",
		.channel = "telegram",
		.address = "-5",
		.balance = 7,
		.lang = "en",
		.tester = 1,
		.filter = { .symbols = "BTCUSDT ETHUSDT " },
		.ledger = 41 };
	struct subscriber out;
	struct fixture *f = *state;
	struct store_txn *t = begin(f);

	assert_int_equal(roll_get(&f->roll, t, "ann", &out), STORE_NOTFOUND);
	assert_int_equal(roll_put(t, &in), STORE_OK);
	assert_int_equal(roll_get(&f->roll, t, "ann", &out), STORE_OK);
	assert_string_equal(out.id, "ann");
	assert_string_equal(out.channel, "telegram");
	assert_string_equal(out.address, "-5");
	assert_int_equal(out.balance, 7);
	assert_string_equal(out.lang, "en");
	assert_int_equal(out.active, 0);
	assert_int_equal(out.tester, 1);
	assert_string_equal(out.filter.symbols, "BTCUSDT ETHUSDT ");
	assert_string_equal(out.filter.actions, "");
	assert_int_equal(out.ledger, 41);
	assert_int_equal(roll_del(t, "ann"), STORE_OK);
	assert_int_equal(roll_del(t, "ann"), STORE_NOTFOUND);
	store_abort(t);
}

static void
the_list_comes_in_pieces(void **state)
{
	static const char *const ids[] = { "-", "B", "a", "aa", "b" };
	struct subscriber s = { .channel = "stdout", .address = "x" };
	struct subscriber out[2];
	struct fixture *f = *state;
	struct store_txn *t = begin(f);
	char after[ID_SIZE] = "", all[64] = "";
	size_t n;

	for (size_t i = 5; i-- > 0;) {
		strcpy(s.id, ids[i]);
		assert_int_equal(roll_put(t, &s), STORE_OK);
	}
	do {
		assert_int_equal(
		    roll_list(&f->roll, t, after, out, 2, &n), STORE_OK);
		for (size_t i = 0; i < n; i++) {
			strcat(all, out[i].id);
			strcat(all, " ");
			strcpy(after, out[i].id);
		}
	} while (n == 2);
	assert_string_equal(all, "- B a aa b ");
	store_abort(t);
}

static void
a_damaged_row_is_named(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = begin(f);
	struct subscriber out;
	size_t n;

	assert_int_equal(
	    store_put(t, "subscribers", "bob", 4, "{\"id\":", 6), STORE_OK);
	assert_int_equal(roll_get(&f->roll, t, "bob", &out), STORE_BAD);
	assert_non_null(strstr(f->roll.error, "'bob'"));
	assert_int_equal(roll_list(&f->roll, t, "", &out, 1, &n), STORE_BAD);
	store_abort(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_checked),
		cmocka_unit_test_setup_teardown(
		    a_row_comes_back_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    the_list_comes_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_damaged_row_is_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
