/*
 * internal - what trader's files share; for them and their tests.
 *
 * trader.c   lines, turns: which order does what now
 * entry.c    an entry's way
 * rows.c     the state's rows
 * send.c     order/create and what its reply means
 * track.c    look-ups of an order whose end is not known
 * protect.c  the stop of a position
 * close.c    closing, asked for or protective
 * slot.c     what is known of a symbol's positions
 * check.c    what is checked again before an entry
 * answer.c   result lines
 * account.c  equity, the key's rights
 * foreign.c  orders of another trader
 * ledger.c   trader's own caps
 */
#ifndef SLUICE_TRADER_INTERNAL_H
#define SLUICE_TRADER_INTERNAL_H

#include <stdint.h>

#include "common/buf.h"
#include "common/bybit.h"
#include "common/log.h"
#include "trader/order.h"
#include "trader/trader.h"

/* Between this machine's clock and Bybit's, ms (F20, F56). */
#define SKEW_MAX_MS 5000

/*
 * Reads in a row that show no position of an entry that has filled: a minute
 * of them, as long as an order may be without a trace (F04, F13).  It is set
 * where something else tells that it is gone.
 */
#define GONE_SURE 300

/* A row of position/list. */
struct position {
	int there; /* Bybit has shown a row */
	char side; /* 'B', 'S', or 0 where flat */
	struct decimal size, stop_loss, mark_price, leverage;
	int64_t seq, updated_ms;
	int64_t open_ms; /* when this one was opened; 0: not given */
};

/* What is known of a symbol; by positionIdx. */
struct slot {
	struct slot *next;
	char symbol[SYMBOL_SIZE];
	int hedge; /* -1: not known yet */
	struct position row[3];
	int64_t fresh_mono;  /* the last good read was begun then; 0: none */
	int64_t closed_mono; /* a close of ours ended: before, it was another */
	int64_t begun_mono;  /* of the read under way; 0: none */
	int64_t want_mono;   /* somebody needs a read begun not before; 0 */
	int64_t next_mono;   /* no read before: the last one failed */
	int failures;
	struct trader *t;
};

struct alarm {
	struct alarm *next;
	char name[96], text[256];
	int open, fresh;
};

/* Trader's own caps on entries, counted durably (F14). */
struct caps {
	int64_t *sent; /* times of entries, oldest first; room for max + 1 */
	size_t nsent;
	int64_t rejects; /* in a row */
	int64_t day;	 /* UTC day number */
	struct decimal notional;
	int fresh;
};

struct trader {
	struct trader_opts opts;
	struct trader_io io;
	int64_t wall_ms, mono_ms; /* of this turn */
	int64_t start_mono;
	struct order *orders; /* those that are not final, oldest first */
	struct slot *slots;
	struct alarm *alarms;
	struct caps caps;
	struct decimal equity;
	int64_t equity_mono; /* 0: not known */
	int64_t warm_mono;   /* the next look at the wallet */
	int64_t halt_mono;   /* the next look whether trading is halted */
	int halted;
	char must_halt[320]; /* a halt that could not be written yet; "" */
	int wallet_busy, info_busy, key_busy;
	int64_t info_mono, key_mono; /* the next try; INT64_MAX: done */
	int isolated;		     /* isolated margin */
	int read_only;		     /* the key cannot trade */
	int blocked; /* the state cannot be written: no entry goes out */
	int hold;    /* what is perhaps sent waits */
	int stopping;
	int flatten;
	struct buf said; /* results that are said again, lines */
	char fatal[512]; /* why it cannot go on; "" */
	int foreign_busy;
	int64_t foreign_next; /* the next look */
	int64_t
	    foreign_since;    /* Bybit's clock: what was made after it is new */
	int64_t foreign_mono; /* the last of them was seen then; 0: none */
	int64_t began_ms;     /* the state, by the wall clock */
	int64_t orphans;      /* orders that risker held for open then */
	int starved; /* out of memory: nothing of this is to be stored */
};

/* trader.c */
void trader_note(struct trader *t, enum log_level level, const char *msg,
    const struct order *o, const char *why);
void trader_alarm(
    struct trader *t, int open, const char *name, const char *text);
void trader_halt(struct trader *t, const char *why);
int trader_halted(const struct trader *t, char *why, size_t size);
void trader_append(struct trader *t, struct order *o);
/* How long to wait after so many tries, twice as long after each. */
int64_t trader_back_off(int64_t first_ms, int64_t max_ms, int tried);
/* How far this machine's clock is ahead of Bybit's, ms; 0 within bounds. */
int64_t trader_clock_off(const struct trader *t);
/* 1 for a test, and under DRY_RUN: it is said what would be done, no more. */
int trader_only_says(const struct order *o);
/* The order is final: its row, its result (unless it has one), its place. */
void trader_finish(struct order *o, enum order_state state);

/* One step of each kind, at t->mono_ms. */
void entry_advance(struct order *o);
void close_advance(struct order *o);

/* account.c: equity, margin mode, the key's rights; keeps the line warm. */
void account_advance(struct trader *t);

/* foreign.c: a look for the orders of another trader. */
void foreign_advance(struct trader *t);

/* send.c */
void send_order(struct order *o);
/* What is wrong with the account or the key stops all entries (F65, F67). */
void send_halt(struct trader *t, const struct bybit_reply *r);

/* track.c */
void track_start(struct order *o, int known);
void track_advance(struct order *o);
void track_filled(struct order *o);
/* From then on a request that was sent cannot arrive any more. */
int64_t track_quiet_mono(const struct order *o);
int track_by_position(struct order *o);

/* protect.c */
void protect_advance(struct order *o);
void protect_alarms_off(struct order *o);
/* Ours is gone, and somebody has opened one on its side since. */
int protect_another(const struct order *o, const struct position *p);

/*
 * close.c: Bybit says that the order is final with a fill; or it was refused,
 * or, booked, did not fill.
 */
void close_filled(struct order *o);
void close_in_vain(struct order *o, int booked);
void close_back_off(struct order *o);

/* slot.c */
struct slot *slot_of(struct trader *t, const char *symbol);
/* Ask for a read begun at or after since; 1 where there is one already. */
int slot_read(struct slot *s, int64_t since_mono);
void slot_advance(struct slot *s);
const struct position *slot_row(const struct slot *s, int idx);
/* The mode did not fit: it is to be read again before the next entry. */
void slot_forget_mode(struct slot *s);

/* check.c: what forbids this entry now, as elements of a JSON array. */
void check_entry(const struct order *o, struct buf *errors);

/* answer.c: the line for what became of it, into o->result. */
void answer(struct order *o);

/* ledger.c */
void caps_sent(struct trader *t, const struct order *o);
void caps_rejected(struct trader *t);
void caps_filled(struct trader *t);
size_t caps_minute(const struct trader *t);
struct decimal caps_notional(const struct trader *t);
void caps_put(struct buf *b, const struct trader *t);
int caps_get(struct trader *t, const struct json *row);

#endif
