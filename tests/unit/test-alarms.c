/*
 * alarms: which rows of the table they come to, and when.
 *
 * Not tested here: how old a reader is (test-store-others), what the log has
 * (e2e/webhookd-tls).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/alarms.h"
#include "common/store.h"
#include "tests/unit/scratch.h"

static char dir[SCRATCH_SIZE];
static struct store *store;
static struct alarms alarms;

static int
setup(void **arg)
{
	static const char *const tables[] = { "days", NULL };
	const struct store_opts o = { .dir = dir,
		.stage = "risker",
		.tables = tables,
		.schema = 1,
		.map_size = 1 << 20,
		.mode = STORE_OWN };
	char err[512];

	(void)arg;
	scratch_make(dir, "alarms");
	if (store_open(&store, &o, err, sizeof(err)) != STORE_OK)
		fail_msg("%s", err);
	return 0;
}

static int
teardown(void **arg)
{
	(void)arg;
	alarms_release(&alarms);
	store_close(store);
	return scratch_remove(dir);
}

static void
commit(int64_t ms)
{
	struct store_txn *t;

	assert_int_equal(store_begin(store, 1, &t), STORE_OK);
	assert_int_equal(alarms_put(&alarms, t, ms), 0);
	assert_int_equal(store_commit(t), STORE_OK);
	alarms_written(&alarms);
	assert_false(alarms_changed(&alarms));
}

/* The row of that name, "" where there is none. */
static const char *
row(const char *name)
{
	static char text[512];
	struct store_key key;
	struct store_txn *t;
	const char *val;
	size_t len;

	text[0] = '\0';
	store_key_init(&key);
	store_key_str(&key, name);
	assert_int_equal(store_begin(store, 0, &t), STORE_OK);
	if (store_get(t, "alarms", key.p, key.len, &val, &len) == STORE_OK) {
		assert_in_range(len, 1, sizeof(text) - 1);
		memcpy(text, val, len);
		text[len] = '\0';
	}
	store_abort(t);
	return text;
}

static void
test_changes(void **arg)
{
	(void)arg;
	alarms_set(&alarms, "rain", 0, "it rains");
	assert_true(alarms_changed(&alarms));
	commit(1000);
	assert_string_equal(row("rain"), "");

	alarms_set(&alarms, "rain", 0, "it rains");
	assert_false(alarms_changed(&alarms));
	alarms_set(&alarms, "rain", 1, "it rains hard");
	alarms_set(&alarms, "snow", 1, "it snows");
	assert_true(alarms_changed(&alarms));
	commit(2000);
	assert_string_equal(row("rain"),
	    "{\"alarm\":\"rain\",\"open\":true,"
	    "\"since\":\"1970-01-01T00:00:02.000Z\","
	    "\"text\":\"it rains hard\"}");

	alarms_set(&alarms, "rain", 1, NULL);
	assert_false(alarms_changed(&alarms));
	alarms_set(&alarms, "rain", 0, NULL);
	commit(3000);
	assert_string_equal(row("rain"),
	    "{\"alarm\":\"rain\",\"open\":false,"
	    "\"since\":\"1970-01-01T00:00:02.000Z\","
	    "\"until\":\"1970-01-01T00:00:03.000Z\","
	    "\"text\":\"it rains hard\"}");
	assert_non_null(strstr(row("snow"), "\"open\":true"));

	/* The next run finds one open that it knows nothing of. */
	alarms_release(&alarms);
	alarms_set(&alarms, "snow", 0, "it snows");
	commit(4000);
	assert_non_null(strstr(row("snow"), "\"open\":false"));
}

static void
fill_map(void)
{
	static char val[4000];
	struct store_key key;
	struct store_txn *t;

	for (unsigned i = 0; i < 190; i++) {
		store_key_init(&key);
		store_key_u64(&key, i);
		assert_int_equal(store_begin(store, 1, &t), STORE_OK);
		assert_int_equal(
		    store_put(t, "days", key.p, key.len, val, sizeof(val)),
		    STORE_OK);
		assert_int_equal(store_commit(t), STORE_OK);
	}
}

/* F72: 190 rows, a page of 4 KiB each, of 256 pages: 74 % and more. */
static void
test_map(void **arg)
{
	(void)arg;
	alarms_look(&alarms, store, "risker");
	commit(1000);
	assert_int_equal(alarms.n, 2);
	assert_string_equal(alarms.list[1].name, "reader risker");
	assert_string_equal(row("map risker"), "");
	fill_map();
	alarms_look(&alarms, store, "risker");
	commit(2000);
	assert_non_null(strstr(row("map risker"), "\"open\":true"));
	assert_non_null(strstr(row("map risker"),
	    "\"the state of risker fills up: set a larger STATE_MAP_SIZE "));
	assert_string_equal(row("reader risker"), "");
	alarms_map(&alarms, "risker", 0);
	commit(3000);
	assert_non_null(strstr(row("map risker"), "\"open\":false"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_changes),
		T(test_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
