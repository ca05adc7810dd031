/*
 * notifier - who gets which message, and what became of it.
 *
 * The work without the process: no clock, no descriptor, no log of its own.
 * Events go in by notifier_take, which commits who is to get them;
 * notifier_pump starts sends; notifier_settle commits what became of them and
 * leaves the `delivery` lines in `out`, to be written after that.  Whatever is
 * committed and not settled is sent again by the next start: each message
 * arrives at least once.
 */
#ifndef SLUICE_NOTIFIER_NOTIFIER_H
#define SLUICE_NOTIFIER_NOTIFIER_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/stage.h"
#include "common/store.h"
#include "notifier/channel.h"
#include "notifier/queue.h"
#include "notifier/roll.h"
#include "notifier/rows.h"
#include "notifier/way.h"

/*
 * Sends under way at a time, of all ways that are not alike (way.h), and those
 * that are over and not committed yet: so many go into one commit at the most,
 * and the first of them waits for the others no longer than that.
 */
#define FLIGHTS_MAX 198
#define SETTLE_MAX 128
#define SETTLE_MS 20

/* Deliveries that one transaction makes, give or take an event's. */
#define TAKE_ROWS_MAX 10000

/* The alarm on events of differ's state that nobody is told of. */
#define EVENTS_LOST "events_lost"

struct templates;

struct moment {
	int64_t wall_ms; /* for stamps and ages */
	int64_t mono_ms; /* for waiting */
};

struct notifier_opts {
	struct store *store;
	const struct channel *channels;
	size_t nchannels;
	const struct templates *templates;
	const char *lang;	   /* of who has chosen none */
	const char *operator_chat; /* "" for none */
	int initial;		   /* announce trades that were open before */
	int64_t max_age_ms;
	int64_t open_max_age_ms; /* of an OPEN */
	struct health *health;	 /* its row goes with every commit */
	/* log_line, or what a test has in its place. */
	void (*log)(enum log_level level, const char *msg,
	    const struct log_field *fields, size_t n);
};

/* One send under way. */
struct flight {
	enum { FLIGHT_FREE, FLIGHT_READY, FLIGHT_AIRBORNE, FLIGHT_DONE } state;
	struct notifier *notifier;
	struct lane *lane;
	struct delivery d;
	struct subscriber s;
	const struct channel *channel; /* NULL: it was dropped unsent */
	struct way *way;	       /* it has room there; or NULL */
	int called;		       /* … which was kept before it asked */
	int probe;		       /* … and is for one alone */
	struct buf text, line;
	int more; /* the text is a part, and not the last */
	struct outcome o;
};

/* A message that was made, for all who get the same. */
struct composed {
	char journal[JOURNAL_SIZE];
	uint64_t seq; /* 0: none */
	char lang[3];
	struct buf text; /* uncut */
	struct buf line; /* the signal itself */
};
#define COMPOSED_MAX 4

/* An event that was taken, to be logged once it is committed. */
struct taken {
	struct event event;
	uint64_t notified;
	const char *why; /* nobody is told; or NULL */
};

struct notifier {
	struct notifier_opts o;
	struct row roll;
	struct rows rows;
	struct queue queue;
	struct ways ways;
	char journal[JOURNAL_SIZE]; /* that is followed; "" before the first */
	struct flight flights[FLIGHTS_MAX];
	struct composed composed[COMPOSED_MAX];
	size_t oldest;	       /* of those */
	size_t airborne, done; /* flights in these states */
	int64_t settle_ms; /* when the first of the done is due, monotonic */
	int64_t complained_ms; /* of the last warning of a retry, monotonic */
	struct buf out;	       /* delivery lines, ready to be written */
	uint64_t lines;	       /* … how many */
	struct buf woken;      /* ids with something new, NUL-terminated */
	struct taken *taken;
	size_t ntaken, taken_cap;
	struct json_doc *doc;
	char error[320]; /* what went wrong last */
};

/*
 * Lines of events for one notifier_take.  Those of a state are all that there
 * are of its journal, so that one that is missing, or is not what its key says,
 * is lost: an alarm.  Those of an input may be what a filter has left of them.
 */
struct batch {
	struct buf text;
	char journal[JOURNAL_SIZE]; /* of the state; "" of an input */
	struct batch_line {
		size_t at, len;
		uint64_t seq;  /* by its key; of an input 0 */
		char from[48]; /* for messages */
	} * line;
	size_t n, cap;
};
void batch_init(struct batch *b);
void batch_release(struct batch *b);
void batch_clear(struct batch *b);
void batch_add(struct batch *b, const char *line, size_t len, uint64_t seq,
    const char *from);

/*
 * Loads who has something pending.  NULL with a message in err, and errno:
 * EBADMSG for a damaged state; EIO.
 */
struct notifier *notifier_new(
    const struct notifier_opts *o, struct moment now, char *err, size_t size);
void notifier_free(struct notifier *n);

/* What went wrong last, in words. */
const char *notifier_error(const struct notifier *n);

/*
 * Take the lines of b from *next on: one transaction, and *next behind what it
 * covers.  Call again while *next < b->n.  After anything but STORE_OK nothing
 * is stored, *next is as it was, and the call can be repeated.  A line that is
 * not newer than what was taken of its journal changes nothing.
 */
enum store_error notifier_take(
    struct notifier *n, struct batch *b, size_t *next, struct moment now);

/*
 * Differ's state counts in this journal: the others are lost, also one that was
 * seen later.  *seq is the last that was taken of it; 0 where it is unknown.
 */
enum store_error notifier_follow(
    struct notifier *n, const char *journal, uint64_t *seq);

/*
 * Make an alarm a message to the operator, within a transaction; wake the
 * queue with notifier_wake after its commit.
 */
enum store_error notifier_alarm(struct notifier *n, struct store_txn *t,
    const char *stage, const char *name, int open, const char *text,
    int64_t since_ms, struct moment now);
void notifier_wake(struct notifier *n, struct moment now);

/* Start what is due.  STORE_OK, or a failure to read. */
enum store_error notifier_pump(struct notifier *n, struct moment now);

/*
 * Commit what became of the sends that are done.  As above: after a failure
 * call it again.  With STORE_OK `out` has their lines.
 */
enum store_error notifier_settle(struct notifier *n, struct moment now);

/* When to do that, monotonic; INT64_MAX: there is nothing. */
int64_t notifier_settle_due(const struct notifier *n);

/* Once a second or so: alarms on ways that are down, and on those no more. */
enum store_error notifier_tick(struct notifier *n, struct moment now);

/* Nothing is under way, and nothing is due by now. */
int notifier_idle(const struct notifier *n, struct moment now);

/* When to call notifier_pump next, monotonic; INT64_MAX: not by itself. */
int64_t notifier_due(const struct notifier *n);

/* For the files of this folder: fail with words; the row of a store error. */
enum store_error notifier_fail(struct notifier *n, enum store_error e);

#endif
