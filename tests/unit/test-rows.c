/*
 * rows: a delivery reads the same whatever was read before it, though the rows
 * of an event are told by the one before.
 *
 * Not tested here: what is made of the rows (test-notifier).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "notifier/rows.h"
#include "tests/unit/notifier_fixture.h"

#define FRESH                                                                  \
	.journal = J1, .seq = 7, .number = 3, .action = ACTION_OPEN,           \
	.event_ms = BASE, .taken_ms = BASE

/* The first four are alike. */
static const struct delivery made[] = {
	{ FRESH, .due_ms = BASE, .subscriber = "ann" },
	{ FRESH, .due_ms = BASE, .subscriber = "bob" },
	{ FRESH, .due_ms = BASE, .subscriber = "a" },
	{ FRESH, .due_ms = BASE, .subscriber = "someone-longer" },
	{ FRESH, .due_ms = BASE + 1, .subscriber = "then" },
	{ FRESH, .due_ms = BASE, .subscriber = "free", .free = 1 },
	{ FRESH, .due_ms = BASE, .subscriber = "late", .attempts = 2, .ms = 15,
	    .reason = "HTTP 502: \"subscriber\":\"ann\"" },
	{ FRESH, .due_ms = BASE, .subscriber = "done", .attempts = 1,
	    .state = DELIVERY_DELIVERED, .channel = "telegram",
	    .done_ms = BASE + 5 },
	{ FRESH, .due_ms = BASE, .subscriber = "ann2" },
};
#define MADE (sizeof(made) / sizeof(made[0]))

static void
expect(struct fixture *f, const struct delivery *want)
{
	struct delivery d = delivery(f, J1, 7, want->subscriber);

	assert_string_equal(d.subscriber, want->subscriber);
	assert_string_equal(d.journal, J1);
	assert_int_equal(d.seq, 7);
	assert_int_equal(d.number, 3);
	assert_int_equal(d.state, want->state);
	assert_int_equal(d.free, want->free);
	assert_string_equal(d.channel, want->channel);
	assert_int_equal(d.due_ms, want->due_ms);
	assert_int_equal(d.done_ms, want->done_ms);
	assert_int_equal(d.attempts, want->attempts);
	assert_string_equal(d.reason, want->reason);
}

static void
a_row_reads_the_same_behind_any_other(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = begin(f, 1);

	for (size_t i = 0; i < MADE; i++)
		assert_int_equal(delivery_put(t, &made[i]), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	for (size_t i = 0; i < MADE; i++)
		for (size_t j = 0; j < MADE; j++) {
			expect(f, &made[i]);
			expect(f, &made[j]);
		}
}

/* The row of ann, put in the place of bob's after a change to it. */
static struct delivery
put_changed(struct fixture *f, const char *text, size_t cut)
{
	struct store_txn *t = begin(f, 1);
	struct store_key key;

	store_key_init(&key);
	store_key_str(&key, J1);
	store_key_u64(&key, 7);
	store_key_str(&key, "bob");
	assert_int_equal(store_put(t, "deliveries", key.p, key.len, text,
			     strlen(text) - cut),
	    STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	expect(f, &made[0]);
	return delivery(f, J1, 7, "bob");
}

static void
a_damaged_row_is_none_behind_a_good_one(void **state)
{
	static const char row[] =
	    "{\"journal\":\"" J1 "\",\"seq\":7,\"subscriber\":\"bob\","
	    "\"state\":\"pending\",\"signal_number\":3,\"action\":\"OPEN\","
	    "\"time\":\"2025-11-21T04:40:00.000Z\","
	    "\"taken\":\"2025-11-21T04:40:00.000Z\","
	    "\"due\":\"2025-11-21T04:40:00.000Z\",\"attempts\":0}";
	struct fixture *f = *state;
	struct store_txn *t = begin(f, 1);
	char text[sizeof(row)];

	assert_int_equal(delivery_put(t, &made[0]), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	assert_int_equal(put_changed(f, row, 0).attempts, 0);
	/* -1: it cannot be read. */
	for (size_t cut = 1; cut < sizeof(row) - 1; cut++)
		assert_int_equal(put_changed(f, row, cut).attempts, -1);
	for (size_t at = 0; at < sizeof(row) - 1; at++) {
		memcpy(text, row, sizeof(row));
		text[at] = '\n';
		assert_int_equal(put_changed(f, text, 0).attempts, -1);
	}
	/* Somebody else's row. */
	memcpy(text, row, sizeof(row));
	memcpy(strstr(text, "bob"), "eve", 3);
	assert_string_equal(put_changed(f, text, 0).subscriber, "eve");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_reads_the_same_behind_any_other),
		TEST(a_damaged_row_is_none_behind_a_good_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
