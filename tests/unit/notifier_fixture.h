/*
 * notifier_fixture - a notifier without its process: a channel of the test's
 * own takes the messages, and a moment is what the test says it is.
 */
#ifndef SLUICE_TESTS_UNIT_NOTIFIER_FIXTURE_H
#define SLUICE_TESTS_UNIT_NOTIFIER_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "notifier/notifier.h"
#include "tests/unit/scratch.h"

#define BASE INT64_C(1763700000000)
#define SECOND INT64_C(1000)
#define DAY INT64_C(86400000)
#define AT_ONCE 30 /* sends over the channel */
#define J1 "9f86d081"
#define J2 "00c0ffee"

/* What is sent, behind its address. */
#define O1 ":🔔 Trade #00001 ⚡|"
#define O2 ":🔔 Trade #00002 ⚡|"
#define C1 ":🔚 Trade #00001 ⚡|"
#define I1 ":🔼 Trade #00001 - Position increased|"

/* What an address does with a message; the first that fits, counted down. */
struct rule {
	const char *address;
	enum outcome_kind kind;
	int count; /* -1: for ever */
	int64_t wait_ms;
	const char *moved_to;
};

struct fixture {
	char dir[SCRATCH_SIZE];
	int64_t map_size;
	struct store *store;
	struct templates *templates;
	struct notifier *n;
	struct health health;
	struct moment now;
	struct channel channel;
	int initial;
	struct rule rules[8];
	int down;	    /* every send fails, … */
	enum outage outage; /* … and every retry, like this */
	int hang;	    /* nothing is answered */
	int64_t busy_ms;    /* the channel takes nothing */
	char sent[4096];    /* "address:first line|…", as fits */
	size_t nsent;
	struct send held[FLIGHTS_MAX]; /* while it hangs */
	size_t nheld;
	uint64_t seq;
};

extern char logged[8192]; /* messages of the log, a line each */

/* A fixture's files are in a folder of its own, which teardown removes. */
int setup(void **state);
int setup_small(void **state); /* with a map of 1 MiB */
int teardown(void **state);
void restart(struct fixture *f);
struct store_txn *begin(struct fixture *f, int write);
/* A subscriber whose address is the id's number: "s1" has chat 1. */
void put(
    struct fixture *f, const char *id, int64_t balance, int active, int tester);
struct subscriber get(struct fixture *f, const char *id);
void add(struct fixture *f, const char *id, int64_t balance);

/* A line of journal J1 is made with the next seq. */
void signal_line(struct batch *b, const char *journal, uint64_t seq, int number,
    const char *action, int64_t time_ms, const char *more);
enum store_error take_batch(struct fixture *f, struct batch *b);
enum store_error take_more(
    struct fixture *f, int number, const char *action, const char *more);
void take(struct fixture *f, int number, const char *action);

/* Send and settle until nothing is due; and let time pass. */
void run(struct fixture *f);
void pass(struct fixture *f, int64_t ms);

/* With attempts -1: there is none. */
struct delivery delivery(
    struct fixture *f, const char *journal, uint64_t seq, const char *id);
int count(struct fixture *f, const char *table);
/* Whether an alarm's row is there and open. */
int alarm_open(struct fixture *f, const char *name);

#endif
