/*
 * fanout: what it costs to choose who gets an event, and to commit it.
 *
 *   fanout DIR N
 *
 * makes a state in DIR with N subscribers who have paid for one trade, a
 * hundred of them for two.  Two trades open; then the second closes.  Prints:
 * microseconds for the first OPEN, which N get; for the second, which 100 get
 * of N; and for the CLOSE, to those 100; and the peak of memory in KiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>

#include "common/clock.h"
#include "common/num.h"
#include "notifier/ledger.h"
#include "notifier/notifier.h"

#define FEW 100
#define SETTLE 5    /* events of the second trade before its CLOSE */
#define PIECE 10000 /* subscribers that one transaction adds */

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "fanout: %s\n", what);
	exit(EX_SOFTWARE);
}

static void
no_log(enum log_level level, const char *msg, const struct log_field *fields,
    size_t n)
{
	(void)level;
	(void)msg;
	(void)fields;
	(void)n;
}

static void
fill(struct store *s, int64_t n)
{
	struct subscriber sub = { .channel = "telegram", .active = 1 };
	struct reason paid = { .why = WHY_ADD, .time_ms = clock_wall_ms() };
	struct store_txn *t = NULL;

	for (int64_t i = 0; i < n; i++) {
		if (i % PIECE == 0 && store_begin(s, 1, &t) != STORE_OK)
			fail("unable to begin");
		(void)snprintf(
		    sub.id, sizeof(sub.id), "user%08lld", (long long)i);
		(void)snprintf(sub.address, sizeof(sub.address), "%lld",
		    100000000 + (long long)i);
		sub.balance = 0;
		sub.ledger = 0;
		if (ledger_change(t, &sub, i % (n / FEW) == 0 ? 2 : 1, &paid) !=
			STORE_OK ||
		    roll_put(t, &sub) != STORE_OK)
			fail("unable to add a subscriber");
		if ((i % PIECE == PIECE - 1 || i == n - 1) &&
		    store_commit(t) != STORE_OK)
			fail("unable to commit");
	}
}

/* Microseconds for one event; it must have been for so many. */
static int64_t
take(struct notifier *n, int seq, int trade, const char *action,
    uint64_t receivers)
{
	struct moment now = { clock_wall_ms(), clock_mono_ms() };
	struct timespec a, b;
	struct batch batch;
	char when[TIME_TEXT_MAX], line[512];
	size_t next = 0;

	batch_init(&batch);
	(void)snprintf(line, sizeof(line),
	    "{\"type\":\"signal\",\"seq\":%d,\"time\":\"%s\","
	    "\"account\":\"main\",\"signal_number\":%d,\"action\":\"%s\","
	    "\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
	    "\"signal_type\":\"buy\",\"position_idx\":0,\"leverage\":\"10\","
	    "\"position_size\":\"1\",\"old_position_size\":\"0\","
	    "\"entry_price\":\"45000\",\"journal\":\"9f86d081\"}",
	    seq, time_format(when, now.wall_ms), trade, action);
	batch_add(&batch, line, strlen(line), 0, "fanout");
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	if (notifier_take(n, &batch, &next, now) != STORE_OK)
		fail(notifier_error(n));
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	if (n->ntaken != 1 || n->taken[0].notified != receivers)
		fail("the event did not go to whom it should");
	batch_release(&batch);
	return (b.tv_sec - a.tv_sec) * INT64_C(1000000) +
	    (b.tv_nsec - a.tv_nsec) / 1000;
}

int
main(int argc, char *argv[])
{
	struct health health = { .start_ms = clock_wall_ms() };
	struct notifier_opts o = { .lang = "en",
		.operator_chat = "",
		.max_age_ms = 86400000,
		.open_max_age_ms = 600000,
		.health = &health,
		.log = no_log };
	struct moment now = { clock_wall_ms(), clock_mono_ms() };
	struct store_opts so = { .stage = "notifier",
		.tables = notifier_tables,
		.schema = NOTIFIER_SCHEMA,
		.map_size = INT64_C(4) << 30,
		.mode = STORE_OWN };
	int64_t subscribers, all, some, rest;
	struct store *store;
	struct notifier *n;
	struct rusage ru;
	char err[512];
	int seq;

	if (argc != 3 ||
	    num_parse(argv[2], strlen(argv[2]), FEW, 10000000, &subscribers) ==
		-1) {
		fprintf(stderr, "usage: fanout DIR SUBSCRIBERS\n");
		return EX_USAGE;
	}
	so.dir = argv[1];
	if (store_open(&store, &so, err, sizeof(err)) != STORE_OK)
		fail(err);
	fill(store, subscribers);
	o.store = store;
	n = notifier_new(&o, now, err, sizeof(err));
	if (n == NULL)
		fail(err);
	all = take(n, 1, 1, "OPEN", (uint64_t)subscribers);
	some = take(n, 2, 2, "OPEN", FEW);
	/* What comes first after an OPEN to all sorts the pages it freed. */
	for (seq = 3; seq < 3 + SETTLE; seq++)
		(void)take(n, seq, 2, "INCREASE", FEW);
	rest = take(n, seq, 2, "CLOSE", FEW);
	(void)getrusage(RUSAGE_SELF, &ru);
	printf("%lld %lld %lld %ld\n", (long long)all, (long long)some,
	    (long long)rest, ru.ru_maxrss);
	notifier_free(n);
	store_close(store);
	return EX_OK;
}
