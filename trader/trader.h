/*
 * trader - orders of risker's decisions, sent exactly once and protected.
 *
 * The work of the stage: no clock, no socket, no exit.  The process hands in
 * lines, decisions and replies, and writes what is to be stored and said.  How
 * an order goes from state to state stands in trader(8).
 */
#ifndef SLUICE_TRADER_TRADER_H
#define SLUICE_TRADER_TRADER_H

#include <stddef.h>
#include <stdint.h>

#include "common/bybit.h"
#include "common/decimal.h"
#include "common/log.h"

struct buf;
struct order;
struct settings;
struct store_txn;
struct trader;

struct trader_opts {
	const char *account;
	const char *const *symbols; /* ALLOWED_SYMBOLS, NULL at the end */
	int64_t recv_window_ms;
	int64_t alert_ttl_ms;
	int64_t state_max_age_ms;
	struct decimal max_risk, stop_min, stop_max, max_exposure; /* percent */
	struct decimal max_notional; /* percent of equity a UTC day */
	int sizing_risk;	     /* POSITION_SIZING is risk */
	struct decimal leverage;     /* 0: leave it */
	int64_t max_minute, max_rejects;
	int dry_run;
};

/* What the work asks of the process. */
struct trader_io {
	void *arg;
	int (*start)(void *arg, const struct bybit_call *c);
	int64_t (*bybit_now_ms)(void *arg);
	/* 1 while trading is halted, with the reason; a halt of our own. */
	int (*halted)(void *arg, char *why, size_t size);
	int (*halt)(void *arg, const char *why); /* -1: it is not made */
	/* The row of `orders` of that key, copied into b; 1, 0 or -1. */
	int (*row)(void *arg, const char *link, struct buf *b);
	/*
	 * Of the rows of that alert, but protective ones, the one that has the
	 * result, else any; copied into b; 1, 0 or -1.
	 */
	int (*find)(void *arg, const char *id, struct buf *b);
	void (*note)(void *arg, enum log_level level, const char *msg,
	    const struct log_field *fields, size_t n);
};

/* NULL with errno.  What opts and io point to must outlive it. */
struct trader *trader_new(
    const struct trader_opts *opts, const struct trader_io *io);
void trader_free(struct trader *t);

/* The time of a turn, before anything else in it. */
void trader_time(struct trader *t, int64_t wall_ms, int64_t mono_ms);

/*
 * A row that is not final, at start.  0, or -1 where it cannot be: a damaged
 * state.  One of another account is fatal.  trader_load_caps: the counters.
 */
int trader_load(struct trader *t, const char *row, size_t len);
int trader_load_caps(struct trader *t, const char *row, size_t len);

enum trader_taken {
	TRADER_TAKEN,	/* a new order */
	TRADER_KNOWN,	/* it has one: its result is said again, once it has one
			 */
	TRADER_REFUSED, /* not what a decision looks like; why says it */
	TRADER_UNREAD,	/* the state cannot tell whether it has one; why says it
			 */
};

/*
 * An `order` line that equals its decision.  perhaps: it was there when this
 * run began and has no row, so the last run may have sent it.  look_only: no
 * line asked for it and none is asked for it (-l), so it is looked up, and not
 * sent until a line comes.
 */
enum trader_taken trader_order_line(struct trader *t, char *text, size_t len,
    int perhaps, int look_only, char *why, size_t size);

/*
 * While it is on, orders that are perhaps sent wait: not all decisions are
 * known yet, and what is not may be what stands at Bybit.
 */
void trader_hold(struct trader *t, int on);

/* Do what can be done now; the next moment of interest, monotonic. */
int64_t trader_advance(struct trader *t);

/*
 * What is to be stored: in one transaction; then what is to be said, whole
 * result lines.  trader_stored follows a commit, trader_blocked a failure.
 */
int trader_fresh(const struct trader *t);
int trader_store(struct trader *t, struct store_txn *txn);
void trader_stored(struct trader *t, struct buf *lines);
void trader_blocked(struct trader *t, int blocked);

/* From now on no new order goes out; 1 once nothing is under way. */
void trader_stop(struct trader *t);
int trader_idle(const struct trader *t);

/* Everything that was taken has its result: the end of the input. */
int trader_drained(const struct trader *t);

/* Close the positions of all entries, from now on or no longer. */
void trader_flatten(struct trader *t, int on);
/* No order is left that is not final, but what waits for its line. */
int trader_flat(const struct trader *t);

/*
 * 1 where there is an order of that alert, in memory or in the state; 0 where
 * there is none; -1 where the state cannot be read.
 */
int trader_knows(const struct trader *t, const char *id);

/*
 * An alarm that the last run left open is closed, until it shows again; of a
 * close that was given up, once its position is gone.
 */
void trader_close_alarm(struct trader *t, const char *name);
/* Whether the map fills up, and whether a reader holds old pages (F72, F74). */
void trader_store_alarms(struct trader *t, int full, int read_long);
/* risker's decisions, or our own rows, cannot be read: nothing is traded. */
void trader_unread_alarm(struct trader *t, int open);

/*
 * When the state began, and how many orders risker held for open then: any of
 * them, and it was lost, or never there.  The alarm says so for an hour.
 */
void trader_began(struct trader *t, int64_t wall_ms, int64_t orders);

/* Why it cannot go on (exit 78), or NULL. */
const char *trader_fatal(const struct trader *t);

/*
 * 1 where memory ran out and something of what happened is only half here:
 * nothing more is to be stored or said; the next run goes on from the state.
 */
int trader_starved(const struct trader *t);

/* Orders that are not final. */
size_t trader_live(const struct trader *t);

#endif
