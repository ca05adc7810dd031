/*
 * way: who may go now, who waits for whom, and when what many share is taken
 * to be down (F28, F34, F101).
 *
 * Not tested here: deliveries (test-outage), the wire
 * (tests/e2e/notifier-outage.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "notifier/way.h"

#define MINUTE INT64_C(60000)

static const struct channel chats = { .name = "telegram", .at_once = 2 };
static const struct channel hooks = {
	.name = "webhook", .by_host = 1, .at_once = 2
};

static const struct outcome refused = {
	.kind = OUTCOME_RETRY, .outage = OUTAGE_SURE, .reason = "refused"
};
static const struct outcome failed = { .kind = OUTCOME_RETRY,
	.outage = OUTAGE_PERHAPS };
static const struct outcome own_fault = { .kind = OUTCOME_RETRY };
static const struct outcome delivered = { .kind = OUTCOME_DELIVERED };
static const struct outcome gone = { .kind = OUTCOME_GONE };

static struct ways ways;
static struct queue queue;

static int
setup(void **state)
{
	(void)state;
	ways_init(&ways, 0);
	queue_init(&queue);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ways_release(&ways);
	queue_release(&queue);
	return 0;
}

static struct way *
way(const struct channel *c, const char *address)
{
	struct way *v = way_of(&ways, c, address);

	assert_non_null(v);
	return v;
}

/* A lane that waits in v. */
static void
wait_in(struct way *v, const char *id, int tried)
{
	struct lane *l;

	queue_add(&queue, id, 0, 0);
	l = queue_take(&queue, 0);
	assert_string_equal(l->id, id);
	way_wait(v, &queue, l, tried, INT64_MAX - 1);
}

/* Who is called, or "" for nobody. */
static const char *
call(int64_t now_ms)
{
	struct way *v;
	struct lane *l = ways_call(&ways, &queue, now_ms, &v);

	return l != NULL ? l->id : "";
}

/* Another one sends over v, whether it may or not; 1: it was a probe. */
static int
send(struct way *v, const char *address, const struct outcome *o, int64_t ms)
{
	int probe = v->down;

	if (!way_has_room(&ways, v, ms))
		return -1;
	way_take(v, ms);
	(void)way_landed(&ways, v, address, o, probe, ms);
	return probe;
}

static void
keys_are_hosts(void **state)
{
	static const struct {
		const struct channel *channel;
		const char *address, *key;
	} cases[] = {
		{ &chats, "-100123", "telegram" },
		{ &chats, "@news", "telegram" },
		{ &hooks, "https://a.example/x/y?z", "https://a.example" },
		{ &hooks, "https://a.example", "https://a.example" },
		{ &hooks, "https://a.example?z", "https://a.example" },
		{ &hooks, "https://a.example#secret/x", "https://a.example" },
		{ &hooks, "http://127.0.0.1:8080/x", "http://127.0.0.1:8080" },
		{ &hooks, "http://[::1]:8080/x", "http://[::1]:8080" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
		    way(cases[i].channel, cases[i].address)->key, cases[i].key);
	assert_ptr_equal(way(&hooks, "https://a.example/1"),
	    way(&hooks, "https://a.example/2"));
}

static void
so_many_at_once_and_then_in_turn(void **state)
{
	struct way *v = way(&chats, "1");

	(void)state;
	assert_true(way_has_room(&ways, v, 1));
	way_take(v, 1);
	assert_true(way_has_room(&ways, v, 1));
	assert_false(way_has_room(&ways, v, 1));
	assert_int_equal(ways_due(&ways), INT64_MAX);
	wait_in(v, "a", 0);
	wait_in(v, "b", 0);
	wait_in(v, "c", 0);
	assert_string_equal(call(1), "");
	assert_int_equal(ways_due(&ways), INT64_MAX);
	way_give_back(&ways, v);
	/* Nobody comes before who waits. */
	assert_false(way_has_room(&ways, v, 1));
	assert_true(ways_due(&ways) <= 1);
	assert_string_equal(call(1), "a");
	assert_string_equal(call(1), "");
	(void)way_landed(&ways, v, "1", &delivered, 0, 1);
	assert_string_equal(call(1), "b");
	way_take(v, 1);
	(void)way_landed(&ways, v, "1", &delivered, 0, 1);
	assert_string_equal(call(1), "c");
	assert_false(ways_are_waiting(&ways));
}

/* A hundred at once, ten a second: exact, and in order. */
static void
so_many_in_a_second(void **state)
{
	struct channel c = { .name = "telegram", .all = { 10, 1000 } };
	struct way *v = way(&c, "1");
	int64_t at[100];
	char id[16];
	int sent = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "%d", i);
		wait_in(v, id, 0);
	}
	for (int64_t now = 1; sent < 100; now = ways_due(&ways)) {
		const char *who;

		assert_true(now < INT64_MAX);
		while ((who = call(now))[0] != '\0') {
			snprintf(id, sizeof(id), "%d", sent);
			assert_string_equal(who, id);
			at[sent++] = now;
			/* What is called counts, before it is sent. */
			assert_true(v->called <= 10);
			if (sent % 2 == 0) {
				way_take(v, now);
				way_take(v, now);
			}
		}
	}
	for (int i = 10; i < 100; i++)
		assert_true(at[i] - at[i - 10] >= 1000);
	assert_int_equal(at[9], 1);
	assert_int_equal(at[99], 9001);
}

/* F101: all hosts together leave room for others, and for each other. */
static void
hosts_share(void **state)
{
	struct way *v[WAY_HOSTS_AT_ONCE], *last;
	char url[64];

	(void)state;
	for (int i = 0; i < WAY_HOSTS_AT_ONCE / 2; i++) {
		snprintf(url, sizeof(url), "https://h%d.example/", i);
		v[i] = way(&hooks, url);
		assert_true(way_has_room(&ways, v[i], 1));
		assert_true(way_has_room(&ways, v[i], 1));
		assert_false(way_has_room(&ways, v[i], 1));
	}
	last = way(&hooks, "https://other.example/");
	assert_false(way_has_room(&ways, last, 1));
	wait_in(last, "a", 0);
	assert_string_equal(call(1), "");
	assert_true(way_has_room(&ways, way(&chats, "1"), 1));
	way_take(v[0], 1);
	(void)way_landed(&ways, v[0], "x", &failed, 0, 1);
	assert_string_equal(call(1), "a");
}

static void
who_is_quiet_is_forgotten(void **state)
{
	char url[64];
	struct way *v;
	int n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(url, sizeof(url), "https://h%d.example/", i);
		assert_int_equal(send(way(&hooks, url), url,
				     i % 100 == 0 ? &refused : &delivered, 1),
		    0);
	}
	TAILQ_FOREACH (v, &ways.list, list)
		n++;
	assert_int_equal(n, 10);
}

/* Who was tried and could not even be sent to says nothing of the way. */
static void
a_probe_that_tells_nothing_is_put_off(void **state)
{
	struct way *v = way(&chats, "1");

	(void)state;
	assert_int_equal(send(v, "1", &refused, 1), 0);
	assert_true(v->down);
	assert_int_equal(send(v, "2", &own_fault, MINUTE), 1);
	assert_true(v->down);
	assert_int_equal(send(v, "2", &own_fault, MINUTE), -1);
	assert_int_equal(send(v, "2", &own_fault, MINUTE + 1999), -1);
	assert_int_equal(send(v, "2", &own_fault, MINUTE + 2500), 1);
	/* Nor that it works. */
	assert_true(v->down);
	assert_int_equal(send(v, "3", &delivered, 2 * MINUTE), 1);
	assert_false(v->down);
}

static void
one_bad_address_is_no_outage(void **state)
{
	struct way *v = way(&chats, "1");

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(send(v, "1", &failed, 1 + i), 0);
		assert_int_equal(
		    send(v, i % 2 == 0 ? "1" : "2", &failed, 1), 0);
		assert_int_equal(send(v, "3", &own_fault, 1 + i), 0);
	}
	/* A third one, but others get through in between. */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(send(v, "1", &failed, 1), 0);
		assert_int_equal(send(v, "2", &failed, 1), 0);
		assert_int_equal(
		    send(v, "9", i % 2 ? &gone : &delivered, 1), 0);
		assert_int_equal(send(v, "3", &failed, 1), 0);
		assert_int_equal(send(v, "9", &delivered, 1), 0);
	}
	assert_int_equal(send(v, "1", &failed, 1), 0);
	assert_int_equal(send(v, "2", &failed, 1), 0);
	assert_false(v->down);
	assert_int_equal(send(v, "3", &failed, 1), 0);
	assert_true(v->down);
}

/* One at a time, later and later, and never more than half a minute. */
static void
a_way_that_is_down_is_probed(void **state)
{
	static const int64_t waits[] = { 1000, 2000, 4000, 8000, 16000, 30000,
		30000, 30000 };
	struct way *v = way(&chats, "1");
	int64_t now = 5000;

	(void)state;
	assert_int_equal(send(v, "1", &refused, now), 0);
	assert_true(v->down);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		now += waits[i] - 1;
		assert_int_equal(send(v, "1", &refused, now), -1);
		now += 1 + waits[i] / 4;
		assert_true(way_has_room(&ways, v, now));
		/* That is the one; a late failure of another is nothing new. */
		assert_false(way_has_room(&ways, v, now));
		assert_int_equal(v->probing, 1);
		v->flying++;
		assert_true(way_landed(&ways, v, "2", &refused, 0, now));
		assert_int_equal(v->probing, 1);
		way_take(v, now);
		assert_true(way_landed(&ways, v, "1", &refused, 1, now));
	}
	now += 40000;
	assert_int_equal(send(v, "1", &delivered, now), 1);
	assert_false(v->down);
	assert_int_equal(send(v, "1", &delivered, now), 0);
	/* The next outage begins with a second again. */
	assert_int_equal(send(v, "1", &refused, now), 0);
	assert_true(v->probe_ms <= now + 1250);
}

/* Who may be the cause of it all is not asked first. */
static void
a_probe_is_no_suspect(void **state)
{
	struct way *v = way(&chats, "1");

	(void)state;
	assert_int_equal(send(v, "1", &refused, 1), 0);
	wait_in(v, "suspect1", 1);
	wait_in(v, "suspect2", 1);
	wait_in(v, "other", 0);
	assert_false(ways_are_waiting(&ways));
	assert_int_equal(ways_due(&ways), v->probe_ms);
	assert_string_equal(call(v->probe_ms), "other");
	assert_string_equal(call(v->probe_ms), "");
	assert_int_equal(ways_due(&ways), INT64_MAX);
	/* It was dropped, and not sent: the next one. */
	way_give_back(&ways, v);
	assert_string_equal(call(v->probe_ms), "suspect1");
	way_take(v, 2000);
	assert_false(way_landed(&ways, v, "1", &gone, 1, 2000));
	assert_string_equal(call(2000), "suspect2");
}

static struct outcome
told(int64_t ms)
{
	return (struct outcome){ .kind = OUTCOME_WAIT, .wait_ms = ms };
}

/* F28: three chats in a row were told to wait: all do, as long as told. */
static void
a_limit_of_all_is_obeyed(void **state)
{
	const struct outcome long_wait = told(10072000), minute = told(MINUTE),
			     hour = told(60 * MINUTE);
	struct way *v = way(&chats, "1");

	(void)state;
	for (int i = 0; i < 9; i++)
		assert_int_equal(send(v, "1", &long_wait, 1), 0);
	assert_int_equal(send(v, "2", &minute, 1), 0);
	assert_false(v->down);
	assert_int_equal(send(v, "3", &hour, 1), 0);
	assert_int_equal(send(v, "4", &delivered, MINUTE), -1);
	/* Then one, and as long as it is told. */
	assert_int_equal(send(v, "4", &hour, 1 + MINUTE), 1);
	assert_int_equal(send(v, "5", &delivered, 61 * MINUTE), -1);
	assert_int_equal(send(v, "5", &delivered, 1 + 61 * MINUTE), 1);
	assert_int_equal(send(v, "6", &delivered, 1 + 61 * MINUTE), 0);
}

/* After an outage a chat that is told to wait tells that somebody is there. */
static void
a_limit_of_one_ends_an_outage(void **state)
{
	const struct outcome long_wait = told(10072000);
	struct way *v = way(&chats, "1");

	(void)state;
	assert_int_equal(send(v, "1", &refused, 1), 0);
	assert_int_equal(send(v, "1", &long_wait, 2000), 1);
	assert_int_equal(send(v, "2", &delivered, 2000), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_are_hosts),
		TEST(so_many_at_once_and_then_in_turn),
		TEST(so_many_in_a_second),
		TEST(hosts_share),
		TEST(who_is_quiet_is_forgotten),
		TEST(a_probe_that_tells_nothing_is_put_off),
		TEST(one_bad_address_is_no_outage),
		TEST(a_way_that_is_down_is_probed),
		TEST(a_probe_is_no_suspect),
		TEST(a_limit_of_all_is_obeyed),
		TEST(a_limit_of_one_ends_an_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
