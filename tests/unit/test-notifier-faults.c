/*
 * notifier, as it is in the worst of times: commits that fail, crashes, people
 * who are removed and come back under the same id, and all of that at random,
 * over many seeds (SLUICE_SEED, SLUICE_SEEDS: the first, and how many).
 *
 * Not tested here: one thing at a time (test-notifier, test-outage), the
 * process (tests/e2e: notifier-*.sh).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "common/json.h"
#include "notifier/ledger.h"
#include "tests/unit/notifier_fixture.h"

/* A disk that takes nothing: each file may be this long, and no longer. */
static void
limit_files(rlim_t size)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What was sent is counted once, however often its commit fails. */
static void
a_commit_that_fails_skips_no_part(void **state)
{
	struct fixture *f = *state;

	f->channel.units_max = 50;
	add(f, "s1", 1);
	take(f, 1, "OPEN");
	assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
	assert_int_equal(f->nsent, 1);
	limit_files(1);
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(notifier_settle(f->n, f->now), STORE_OK);
	limit_files(RLIM_INFINITY);
	assert_int_equal(notifier_settle(f->n, f->now), STORE_OK);
	assert_int_equal(delivery(f, J1, 1, "s1").parts, 1);
	assert_int_equal(delivery(f, J1, 1, "s1").attempts, 0);
	run(f);
	assert_string_equal(f->sent, "1:(1/2)|1:(2/2)|");
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_DELIVERED);
	assert_int_equal(delivery(f, J1, 1, "s1").attempts, 1);
}

/* Rows of any kind, until there is no room for one more. */
static void
fill_up(struct fixture *f)
{
	enum store_error e = STORE_OK;
	struct store_txn *t;

	for (uint64_t i = 0; e == STORE_OK; i++) {
		t = begin(f, 1);
		e = store_put(t, "told", &i, sizeof(i), logged, 500);
		if (e == STORE_OK)
			e = store_commit(t);
		else
			store_abort(t);
	}
	assert_int_equal(e, STORE_FULL);
}

/* F72: what has no room keeps nobody else's from being noted. */
static void
a_credit_without_room_keeps_no_other_waiting(void **state)
{
	struct fixture *f = *state;
	int64_t balance;
	char id[16];
	int n = 0;

	f->rules[0] = (struct rule){ "1", OUTCOME_REFUSED, 1, 0, NULL };
	for (int i = 1; i <= 20; i++) {
		snprintf(id, sizeof(id), "s%d", i);
		add(f, id, 1000);
	}
	while (take_more(f, ++n, "OPEN", "") == STORE_OK)
		assert_true(n < 1000);
	fill_up(f);
	balance = get(f, "s1").balance;
	assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
	assert_int_equal(f->nsent, 20);
	assert_int_equal(notifier_settle(f->n, f->now), STORE_FULL);
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_PENDING);
	assert_int_equal(get(f, "s1").balance, balance);
	for (int i = 2; i <= 20; i++) {
		snprintf(id, sizeof(id), "s%d", i);
		assert_int_equal(
		    delivery(f, J1, 1, id).state, DELIVERY_DELIVERED);
	}
	f->map_size = 64 << 20;
	restart(f);
	run(f);
	assert_int_equal(count(f, "pending"), 0);
	assert_int_equal(f->nsent, 20 * (n - 1) + 1);
}

/* F28: a wait of nothing is not obeyed by asking again and again. */
static void
who_says_wait_no_time_is_left_alone_for_a_second(void **state)
{
	struct fixture *f = *state;

	f->rules[0] = (struct rule){ "1", OUTCOME_WAIT, -1, 0, NULL };
	add(f, "s1", 1);
	take(f, 1, "OPEN");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
		assert_int_equal(notifier_settle(f->n, f->now), STORE_OK);
	}
	assert_int_equal(f->nsent, 1);
	pass(f, 999);
	assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
	assert_int_equal(f->nsent, 1);
	pass(f, 1);
	assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
	assert_int_equal(f->nsent, 2);
}

/* As the subscribers command does. */
static void
remove_one(struct fixture *f, const char *id)
{
	struct reason why = { .why = WHY_REMOVE, .time_ms = f->now.wall_ms };
	struct store_txn *t = begin(f, 1);
	struct subscriber s;

	assert_int_equal(roll_get(&f->n->roll, t, id, &s), STORE_OK);
	assert_int_equal(ledger_change(t, &s, -s.balance, &why), STORE_OK);
	assert_int_equal(roll_del(t, id), STORE_OK);
	assert_int_equal(recipient_forget(t, id), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
}

static void
who_gets_the_id_of_another_gets_nothing_of_theirs(void **state)
{
	struct fixture *f = *state;

	add(f, "s1", 5);
	add(f, "s11", 5); /* whose id ends in the same */
	take(f, 1, "OPEN");
	run(f);
	take(f, 1, "INCREASE");
	take(f, 2, "OPEN");
	remove_one(f, "s1");
	add(f, "s1", 3);
	assert_int_equal(count(f, "recipients"), 2);
	f->sent[0] = '\0';
	take(f, 1, "CLOSE");
	run(f);
	assert_null(strstr(f->sent, "|1:"));
	assert_int_not_equal(strncmp(f->sent, "1:", 2), 0);
	assert_int_equal(get(f, "s1").balance, 3);
	assert_string_equal(
	    delivery(f, J1, 3, "s1").reason, "the subscriber was removed");
	assert_int_equal(delivery(f, J1, 4, "s1").attempts, -1); /* none */
	assert_int_equal(delivery(f, J1, 4, "s11").state, DELIVERY_DELIVERED);
}

/* The same while the message to the one who left is under way. */
static void
an_open_of_who_left_is_not_credited_to_another(void **state)
{
	const struct outcome refused = { .kind = OUTCOME_REFUSED };
	struct fixture *f = *state;

	add(f, "s1", 5);
	f->hang = 1;
	take(f, 1, "OPEN");
	assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
	remove_one(f, "s1");
	add(f, "s1", 3);
	f->held[0].done(f->held[0].arg, &refused);
	assert_int_equal(notifier_settle(f->n, f->now), STORE_OK);
	assert_int_equal(delivery(f, J1, 1, "s1").state, DELIVERY_FAILED);
	assert_int_equal(get(f, "s1").balance, 3);
}

/* F30: the chat that is gone is no longer the subscriber's. */
static void
an_address_of_before_parks_nobody(void **state)
{
	const struct outcome gone = { .kind = OUTCOME_GONE };
	struct fixture *f = *state;
	struct subscriber s;
	struct store_txn *t;

	add(f, "s1", 5);
	f->hang = 1;
	take(f, 1, "OPEN");
	assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
	s = get(f, "s1");
	strcpy(s.address, "7");
	t = begin(f, 1);
	assert_int_equal(roll_put(t, &s), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	f->held[0].done(f->held[0].arg, &gone);
	assert_int_equal(notifier_settle(f->n, f->now), STORE_OK);
	assert_int_equal(get(f, "s1").active, 1);
	assert_false(alarm_open(f, "subscriber s1"));
	f->hang = 0;
	take(f, 2, "OPEN");
	run(f);
	assert_int_equal(delivery(f, J1, 2, "s1").state, DELIVERY_DELIVERED);
}

/*
 * At random.
 */
#define PEOPLE 6
#define PERSONS 12 /* one after the other, who have the same id */
#define JOURNALS 3
#define EVENTS 160 /* of a journal */
#define TRADES 40
#define STEPS 150

static const char *const journals[JOURNALS] = { "00000001", "00000002",
	"00000003" };

struct got {
	unsigned parts;	  /* that arrived */
	unsigned settled; /* … and that was committed */
	int n;		  /* parts there are */
};

/* Who has an id, and an address that nobody had before. */
struct person {
	int there;
	int64_t since, latest; /* events, as rank() counts them */
	int64_t paid;	       /* what came in, less what was taken */
	struct got got[JOURNALS][EVENTS];
	int opened[JOURNALS][TRADES]; /* something of the OPEN arrived */
};

struct part {
	struct got *got;
	int part;
};

static struct sim {
	struct fixture *f;
	uint64_t random;
	unsigned long seed;
	int calm; /* everything works */
	struct person person[PEOPLE][PERSONS];
	int who[PEOPLE];   /* … has the id by now */
	int moves[PEOPLE]; /* addresses this one had before */
	int journal;
	uint64_t seq[JOURNALS];
	int action[TRADES]; /* of the journal: 0 none, 1 open, 2 over */
	struct part part[FLIGHTS_MAX];
	struct send sends[FLIGHTS_MAX];
	size_t nparts, nheld;
} sim;

static unsigned
draw(unsigned n)
{
	sim.random = sim.random * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)(sim.random >> 33) % n;
}

#define must(x)                                                                \
	do {                                                                   \
		if (!(x))                                                      \
			fail_msg("seed %lu: %s", sim.seed, #x);                \
	} while (0)

static int64_t
rank(int journal, uint64_t seq)
{
	return (int64_t)journal * EVENTS + (int64_t)seq;
}

static int64_t
number_in(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at != NULL ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* It arrived: whether it may. */
static struct part
arrive(const struct send *s)
{
	long address = strtol(s->address, NULL, 10);
	int id = (int)(address / 10000), j = 0, part = 1, n = 1;
	struct person *p = &sim.person[id][address / 100 % 100];
	int64_t seq, trade;
	struct got *g;
	char line[512];

	must(s->line_len < sizeof(line));
	memcpy(line, s->line, s->line_len);
	line[s->line_len] = '\0';
	seq = number_in(line, "\"seq\":");
	trade = number_in(line, "\"signal_number\":");
	while (strstr(line, journals[j]) == NULL)
		j++;
	if (s->text[0] == '(') {
		part = (int)strtol(s->text + 1, NULL, 10);
		n = (int)number_in(s->text, "/");
	}
	g = &p->got[j][seq];
	must(rank(j, (uint64_t)seq) > p->since);
	must(rank(j, (uint64_t)seq) >= p->latest);
	p->latest = rank(j, (uint64_t)seq);
	/* Never again, once it was told and committed. */
	must((g->settled & 1u << part) == 0);
	must(part == 1 || (g->parts & 1u << (part - 1)) != 0);
	g->parts |= 1u << part;
	g->n = n;
	if (strstr(line, "OPEN") != NULL)
		p->opened[j][trade] = 1;
	must(p->opened[j][trade]);
	return (struct part){ .got = g, .part = part };
}

static struct outcome
any_outcome(int *arrives)
{
	struct outcome o = { .kind = OUTCOME_DELIVERED };

	*arrives = 1;
	if (sim.calm || draw(10) < 5)
		return o;
	*arrives = 0;
	strcpy(o.reason, "because");
	switch (draw(12)) {
	case 0:
		o.kind = OUTCOME_REFUSED;
		break;
	case 1:
		o.kind = OUTCOME_GONE;
		break;
	case 2:
	case 3:
		o.kind = OUTCOME_WAIT;
		o.wait_ms = draw(20) * SECOND;
		break;
	case 4:
		o.kind = OUTCOME_RETRY;
		o.outage = OUTAGE_SURE;
		break;
	default:
		o.kind = OUTCOME_RETRY;
		o.outage = draw(2) ? OUTAGE_PERHAPS : OUTAGE_NONE;
		*arrives = draw(2) == 0;
	}
	return o;
}

static void
land(const struct send *s)
{
	struct part p = { .got = NULL };
	struct outcome o;
	int arrives;

	o = any_outcome(&arrives);
	if (arrives)
		p = arrive(s);
	if (o.kind == OUTCOME_DELIVERED)
		sim.part[sim.nparts++] = p;
	s->done(s->arg, &o);
}

static int
sim_start(void *state, const struct send *s)
{
	(void)state;
	if (!sim.calm && draw(10) == 0)
		return -1;
	if (!sim.calm && draw(3) == 0)
		sim.sends[sim.nheld++] = *s;
	else
		land(s);
	return 0;
}

static void
set_channel(void)
{
	sim.f->channel.start = sim_start;
	sim.f->channel.verbatim = 1;
	sim.f->channel.units_max = 50;
	sim.f->channel.at_once = 4;
	sim.f->channel.all = (struct rate_limit){ 10, 1000 };
}

static void
sim_restart(void)
{
	sim.nheld = sim.nparts = 0;
	restart(sim.f);
	set_channel();
}

static void
sim_settle(int fails)
{
	enum store_error e;

	if (fails)
		limit_files(1);
	e = notifier_settle(sim.f->n, sim.f->now);
	if (fails)
		limit_files(RLIM_INFINITY);
	if (e != STORE_OK)
		return;
	for (size_t i = 0; i < sim.nparts; i++)
		sim.part[i].got->settled |= 1u << sim.part[i].part;
	sim.nparts = 0;
}

static void
sim_turn(void)
{
	must(notifier_pump(sim.f->n, sim.f->now) == STORE_OK);
	sim_settle(!sim.calm && draw(4) == 0);
}

static void
name(char out[8], int id)
{
	snprintf(out, 8, "s%d", id);
}

static struct person *
person(int id)
{
	return &sim.person[id][sim.who[id]];
}

/* Under an address of their own: id, who, and how often they moved. */
static void
set_address(struct subscriber *s, int id)
{
	snprintf(s->address, sizeof(s->address), "%d",
	    id * 10000 + sim.who[id] * 100 + sim.moves[id]);
}

static void
come(int id)
{
	struct reason why = { .why = WHY_ADD, .time_ms = sim.f->now.wall_ms };
	struct subscriber s = { .active = 1, .channel = "telegram" };
	struct store_txn *t = begin(sim.f, 1);
	struct person *p;

	sim.moves[id] = 0;
	name(s.id, id);
	set_address(&s, id);
	p = person(id);
	p->there = 1;
	p->since = rank(sim.journal, sim.seq[sim.journal]);
	p->paid = draw(6);
	must(ledger_change(t, &s, p->paid, &why) == STORE_OK);
	must(roll_put(t, &s) == STORE_OK);
	must(store_commit(t) == STORE_OK);
}

static void
change(int id)
{
	struct reason why = { .why = WHY_CREDIT };
	struct store_txn *t = begin(sim.f, 1);
	struct subscriber s;
	int64_t by = draw(4);
	char key[8];

	name(key, id);
	must(roll_get(&sim.f->n->roll, t, key, &s) == STORE_OK);
	switch (draw(4)) {
	case 0:
		s.active = 0;
		break;
	case 1:
		if (sim.moves[id] < 99)
			sim.moves[id]++;
		set_address(&s, id);
		break;
	case 2:
		must(ledger_change(t, &s, by, &why) == STORE_OK);
		person(id)->paid += by;
		break;
	default:
		s.active = 1;
	}
	must(roll_put(t, &s) == STORE_OK);
	must(store_commit(t) == STORE_OK);
}

static void
go(int id)
{
	char key[8];

	if (sim.who[id] + 1 == PERSONS)
		return;
	name(key, id);
	remove_one(sim.f, key);
	person(id)->there = 0;
	sim.who[id]++;
}

static void
signal_at_random(void)
{
	static const char *const actions[] = { "INCREASE", "PARTIAL_CLOSE",
		"CLOSE" };
	int trade = 1 + (int)draw(TRADES - 1), *was = &sim.action[trade];
	const char *action = *was == 0 ? "OPEN" : actions[draw(3)];
	uint64_t seq = sim.seq[sim.journal] + 1;
	struct batch b;

	if (*was == 2 || seq == EVENTS)
		return;
	batch_init(&b);
	signal_line(&b, journals[sim.journal], seq, trade, action,
	    sim.f->now.wall_ms, "");
	limit_files(draw(5) == 0 ? 1 : RLIM_INFINITY);
	if (take_batch(sim.f, &b) == STORE_OK) {
		sim.seq[sim.journal] = seq;
		*was = strcmp(action, "CLOSE") == 0 ? 2 : 1;
	}
	limit_files(RLIM_INFINITY);
}

static void
step(void)
{
	int id = 1 + (int)draw(PEOPLE - 1);
	size_t i;

	switch (draw(14)) {
	case 0:
	case 1:
	case 2:
	case 3:
		signal_at_random();
		break;
	case 4:
		pass(sim.f, draw(2) ? draw(400) : draw(400) * SECOND);
		break;
	case 5:
		if (!person(id)->there)
			come(id);
		else if (draw(3) == 0)
			go(id);
		break;
	case 6:
	case 7:
		if (person(id)->there)
			change(id);
		break;
	case 8:
		if (draw(4) == 0)
			sim_restart();
		break;
	case 9:
		if (draw(12) == 0 && sim.journal + 1 < JOURNALS) {
			sim.journal++;
			memset(sim.action, 0, sizeof(sim.action));
		}
		break;
	case 10:
	case 11:
		if (sim.nheld == 0)
			break;
		i = draw((unsigned)sim.nheld);
		land(&sim.sends[i]);
		sim.sends[i] = sim.sends[--sim.nheld];
		break;
	case 12:
		must(notifier_tick(sim.f->n, sim.f->now) == STORE_OK);
		break;
	default:
		sim_turn();
	}
}

/* All that was delivered arrived in whole, and was paid for, and no more. */
static void
check_person(int id)
{
	struct person *p = person(id);
	int64_t opens = 0;
	char key[8];

	if (!p->there)
		return;
	name(key, id);
	for (int j = 0; j < JOURNALS; j++)
		for (uint64_t seq = 1; seq <= sim.seq[j]; seq++) {
			struct delivery d;
			struct got *g = &p->got[j][seq];

			if (rank(j, seq) <= p->since)
				continue;
			d = delivery(sim.f, journals[j], seq, key);
			if (d.attempts == -1)
				continue;
			must(d.state != DELIVERY_PENDING);
			if (d.state != DELIVERY_DELIVERED)
				continue;
			must(g->n > 0 && g->parts == (2u << g->n) - 2);
			opens += d.action == ACTION_OPEN;
		}
	must(get(sim.f, key).balance == p->paid - opens);
}

static void
simulate(struct fixture *f, unsigned long seed)
{
	memset(&sim, 0, sizeof(sim));
	sim.f = f;
	sim.seed = sim.random = seed;
	set_channel();
	for (int id = 1; id < PEOPLE; id++)
		come(id);
	for (int i = 0; i < STEPS; i++)
		step();
	sim.calm = 1;
	while (sim.nheld > 0)
		land(&sim.sends[--sim.nheld]);
	for (int i = 0; i < 2000 && count(f, "pending") > 0; i++) {
		sim_turn();
		pass(f, 1000);
	}
	must(count(f, "pending") == 0);
	must(f->n->airborne == 0 && f->n->done == 0);
	for (int id = 1; id < PEOPLE; id++)
		check_person(id);
}

static void
nothing_is_lost_or_doubled_at_random(void **state)
{
	const char *first = getenv("SLUICE_SEED"), *n = getenv("SLUICE_SEEDS");
	unsigned long seed = first != NULL ? strtoul(first, NULL, 10) : 1;
	unsigned long left = n != NULL ? strtoul(n, NULL, 10) : 8;

	for (; left > 0; seed++, left--) {
		simulate(*state, seed);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_commit_that_fails_skips_no_part),
		cmocka_unit_test_setup_teardown(
		    a_credit_without_room_keeps_no_other_waiting, setup_small,
		    teardown),
		TEST(who_says_wait_no_time_is_left_alone_for_a_second),
		TEST(who_gets_the_id_of_another_gets_nothing_of_theirs),
		TEST(an_open_of_who_left_is_not_credited_to_another),
		TEST(an_address_of_before_parks_nobody),
		TEST(nothing_is_lost_or_doubled_at_random),
	};

	if (setenv("TZ", "UTC0", 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
