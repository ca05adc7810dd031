/*
 * model - what differ knows: scopes, legs, their trades, steps and records.
 *
 * A scope is account, category and settle coin: what one snapshot covers.  A
 * leg is one position of Bybit's (category, symbol, positionIdx).  A trade is
 * what a leg holds from an OPEN to its CLOSE.  What snapshots showed and no
 * signal has told yet are the leg's steps, in order: a step that shrinks the
 * position waits for the record of its closing order, and what came after it
 * waits behind it.
 *
 * Times are milliseconds since 1970; 0 is "not known".  All of this is plain
 * data: it is kept in memory and, the same, as JSON in the state (persist.h).
 */
#ifndef SLUICE_DIFFER_MODEL_H
#define SLUICE_DIFFER_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

/* Bytes of the texts with their NUL; longer ones make a row unreadable. */
#define ACCOUNT_SIZE 65
#define COIN_SIZE 17
#define SYMBOL_SIZE 41
#define LEVERAGE_SIZE 24
#define ORDER_ID_SIZE 65

/*
 * Records and rows come each at their own pace.  So long, by the lines' time, a
 * shrunk position waits for its record, and a record for a row that shows what
 * it is of.
 */
#define RECORD_WAIT_MS 10000

/* So much later than the line that proves what it closed it may say it is. */
#define RECORD_LATE_MS 1000

/* Absence is a proof after so many snapshots and so much time. */
#define ABSENT_COUNT 3
#define ABSENT_MS 60000

/*
 * A record that no snapshot has shown as a smaller position for so long was
 * in the size already: something was added between the same two polls.
 */
#define REFLECTED_MS 60000

/* For so long after its CLOSE more records of a trade may come. */
#define CLOSED_KEPT_MS 600000

/* Order ids are used for 8 days, and forgotten a day later. */
#define RECORD_AGE_MS (8 * 86400000ll)
#define RECORD_KEPT_MS (9 * 86400000ll)

/* The end of the year 9999: the state cannot name a later time. */
#define TIME_MAX_MS 253402300799999ll

enum category { CATEGORY_LINEAR, CATEGORY_INVERSE, CATEGORY_SPOT };
enum side { SIDE_NONE, SIDE_BUY, SIDE_SELL };
enum status { STATUS_NORMAL, STATUS_LIQ, STATUS_ADL };
enum reason {
	REASON_NONE, /* not known */
	REASON_TRADE,
	REASON_STOP_LOSS,
	REASON_TAKE_PROFIT,
	REASON_LIQUIDATION,
	REASON_ADL,
	REASON_SETTLEMENT,
};

/* The names that stand on our lines; -1 where a text is none of them. */
const char *category_name(enum category c);
int category_parse(const char *s);
const char *side_name(enum side s);   /* "buy", "sell" */
int side_parse(const char *s);	      /* of these */
const char *reason_name(enum reason); /* NULL for REASON_NONE */
int reason_parse(const char *s);

/* One row of a snapshot, read. */
struct row {
	enum side side; /* SIDE_NONE: size 0 */
	enum status status;
	struct decimal size;
	struct decimal avg;
	struct decimal mark; /* 0: not there */
	struct decimal cum;  /* cumRealisedPnl */
	int has_cum;
	char leverage[LEVERAGE_SIZE]; /* as it came, or "" */
	int64_t seq;		      /* 0: none */
	int64_t open_time;
	int64_t updated;
};

/*
 * What is known of a trade's closes.  weight makes up the average exit: the
 * sum of size x exit for linear, of size / exit for inverse; cost the average
 * entry of what was closed, in the same way.  The est_ ones stand in for
 * records that did not come in time.
 */
struct exits {
	struct decimal qty, pnl, weight, cost;
	struct decimal price; /* the one exit price, while there is only one */
	int prices;	      /* 0, 1, or 2 for "several" */
	struct decimal
	    entry; /* the average entry that the last record states */
	struct decimal est_qty, est_pnl, est_weight, est_cost;
	int64_t est_time; /* of the proof that was estimated last */
};

/* Where a trade is. */
struct place {
	const struct scope *scope;
	char symbol[SYMBOL_SIZE];
	int idx;
};

/* A trade, as its signals have told it. */
struct trade {
	uint64_t number; /* 0: there is none */
	enum side side;
	struct decimal size, entry, max;
	char leverage[LEVERAGE_SIZE];
	int64_t opened;	   /* time of its OPEN */
	int64_t closed;	   /* time of its CLOSE */
	int64_t begin;	   /* a record before this is not of this trade */
	int64_t open_time; /* Bybit's openTime */
	/* A record up to here, by its fills or else its time, is in size. */
	int64_t row_seq, updated;
	int initial;
	enum reason reason;
	uint64_t seq; /* of its last signal */
	struct exits exits;
};

enum step_kind { STEP_OPEN, STEP_INCREASE, STEP_REDUCE, STEP_CLOSE };

/* A change that a snapshot showed and no signal has told yet. */
struct step {
	enum step_kind kind;
	int64_t time; /* of the line that proved it */
	enum side side;
	enum status status;
	struct decimal size; /* after it */
	struct decimal entry, mark;
	struct decimal cum; /* by which cumRealisedPnl moved */
	int has_cum;
	char leverage[LEVERAGE_SIZE];
	int64_t open_time, seq, updated;
	int64_t begin; /* STEP_OPEN */
	int initial;   /* STEP_OPEN */
	int absence;   /* STEP_CLOSE: proved by absence alone */
};

struct leg {
	struct place at;
	struct row last; /* the newest row of it that counted */
	int flat;	 /* nothing is held now; last tells its order */
	int gone;	 /* flat, and a row with last's order is stale */
	/* Flat: a row that is before both is of a trade that has ended. */
	int64_t told_seq, told_time;
	int absent; /* snapshots that did not show it, in a row */
	int64_t absent_since;
	struct trade trade; /* what the signals have told so far */
	struct step *steps;
	size_t nsteps, steps_cap;
	int dirty;	 /* differs from the state */
	uint64_t seen;	 /* the snapshot that showed it last */
	size_t order;	 /* its place in that one */
	char text[192];	 /* that row's texts, to know it again */
	size_t text_len; /* 0: none kept */
};

/* Who an account's lines come from; a name per host and uid. */
struct account {
	char name[ACCOUNT_SIZE];
	char host[128];
	char uid[32];
	int64_t pruned; /* UTC day up to which old records are gone */
};

struct scope {
	struct account *account;
	enum category category;
	char coin[COIN_SIZE]; /* linear: the settle coin; else "" */
	int64_t first, last;  /* times of snapshots; first 0: none yet */
	uint64_t snapshots;   /* since the start, for leg.seen */
	struct leg **legs;    /* by symbol and idx */
	size_t nlegs, legs_cap;
	int dirty;
};

/* What is known of one closing order. */
struct record {
	const struct account *account;
	const struct scope *scope; /* NULL: of none that is tracked */
	enum category category;
	char symbol[SYMBOL_SIZE];
	char order_id[ORDER_ID_SIZE];
	int known;	/* the record came; else only its execution did */
	enum side side; /* of the trade that it closes */
	int64_t time;
	int64_t seen; /* time of the line that brought it first */
	/* Of its executions that closed: the first's time, the last's seq. */
	int64_t begin, seq;
	struct decimal filled; /* what its known executions closed */
	struct decimal size, pnl, exit, entry; /* Bybit's, in all */
	struct decimal weight, cost;
	char leverage[LEVERAGE_SIZE];
	uint64_t number;    /* the trade that took of it last; 0: none */
	enum reason reason; /* by an execution */
	enum reason type;   /* by the record's own execType */
	/* What no trade has taken yet; left 0: all is used. */
	struct decimal left, left_pnl, left_weight, left_cost, left_exit;
};

/*
 * A trade whose CLOSE is told, and may still be corrected: since it stands on
 * an estimate, or was told a moment ago.
 */
struct estimate {
	struct place at;
	struct trade trade;
	int64_t proved; /* the line that showed that it had closed */
	/*
	 * It was larger than any snapshot showed: what other orders closed at
	 * its last entry is of it, too.
	 */
	int more;
};

#endif
