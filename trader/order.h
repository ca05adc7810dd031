/*
 * order - one order: what the decision says, what Bybit said, how far it is.
 *
 * The states, and what a crash leaves in each, are a table in trader(8).  A
 * row of `orders` is written and read here; nothing here talks to anybody.
 */
#ifndef SLUICE_TRADER_ORDER_H
#define SLUICE_TRADER_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

struct buf;
struct json;

#define ALERT_ID_LEN 32
#define LINK_MAX 36	      /* Bybit's longest orderLinkId (section 5.1) */
#define ORDER_ATTEMPTS_MAX 62 /* letters for the further orders of a close */
#define SYMBOL_SIZE 32
#define ORDER_ID_SIZE 64

enum order_state {
	ORDER_NEW, /* no row yet */
	ORDER_SENT,
	ORDER_FILLED,
	ORDER_PROTECTED,
	ORDER_CLOSED, /* from here on: final */
	ORDER_REJECTED,
	ORDER_EXPIRED,
	ORDER_FAILED,
	ORDER_DRY,
};

enum order_kind {
	ORDER_ENTRY,
	ORDER_CLOSE,	  /* a close that an alert asked for */
	ORDER_PROTECTIVE, /* a close that the guard asked for */
};

/* What is being done about it now; in memory alone. */
enum order_step {
	STEP_WAIT,     /* its turn, or what it needs to know first */
	STEP_LEVERAGE, /* the leverage is being set */
	STEP_SEND,     /* order/create is under way */
	STEP_TRACK,    /* look-ups until Bybit calls it final */
	STEP_PROTECT,  /* filled: the stop is to be confirmed */
	STEP_GUARD,    /* protected: is the stop still there? */
	STEP_REST,     /* a close is done: is anything left? */
	STEP_DONE,     /* final: to be forgotten */
};

struct trader;

struct order {
	struct order *next;
	struct trader *t;

	/* The decision's. */
	enum order_kind kind;
	char id[ALERT_ID_LEN + 1]; /* of the alert */
	char account[65];	   /* ACCOUNT has 64 bytes at the most */
	char symbol[SYMBOL_SIZE];
	char action[8];
	char side[8]; /* "Buy" or "Sell"; of a close "" until it is known */
	char qty[DECIMAL_TEXT_MAX];
	char price[DECIMAL_TEXT_MAX];
	char stop_loss[DECIMAL_TEXT_MAX];
	char take_profit[DECIMAL_TEXT_MAX]; /* "" without */
	char strength[DECIMAL_TEXT_MAX];
	char *risk_metrics; /* JSON; NULL without */
	char *warnings;	    /* elements of a JSON array; NULL without */
	int64_t time_ms, expires_ms;
	int test;

	/* Ours. */
	char link[LINK_MAX + 1];
	int position_idx; /* -1: not known yet */
	int attempt;	  /* of a close: 0, 1 is "a", 27 "A", 53 "0" */
	enum order_state state;
	enum order_step step;
	int64_t sent_ms;     /* Bybit's clock, the first time; 0: never */
	int sends;	     /* times that order/create went out */
	int maybe;	     /* an earlier run may have sent it; stays */
	int perhaps;	     /* found at start: perhaps sent by the last run */
	int doomed;	     /* a later close asked for it: what fills, goes */
	struct decimal base; /* size of the position before it */
	int64_t done_ms;     /* when Bybit called it final; 0: not known */
	int64_t open_ms;     /* of the position that it guards; 0: not known */
	char order_id[ORDER_ID_SIZE];
	char avg_price[DECIMAL_TEXT_MAX];
	struct decimal filled;
	struct decimal closed; /* by earlier attempts of a close */
	char *order_ids;       /* of them: elements of a JSON array */
	char reason[320];
	int64_t ret_code;
	char *errors; /* of check_entry: elements of a JSON array; NULL */
	int undone;   /* we closed what it had opened */
	int silent;   /* another leg of the same close tells for it */
	char *result; /* the line that told the outcome, no newline; NULL */

	/* In memory alone. */
	int fresh;    /* the row is to be written */
	int unsaid;   /* the result is to be written to the output */
	int busy;     /* calls under way that hold a pointer to it */
	int accepted; /* Bybit has it, somewhere */
	int looks;    /* look-ups since the last send */
	int judged;   /* look-ups when absence was judged last */
	int reading;  /* … and the position is to be read first */
	int absent;   /* of them: whole ones that found nothing, in a row */
	int looked;   /* a look-up since the start has answered */
	int retries;  /* sends that certainly had no effect */
	int64_t next_mono; /* nothing to do before */
	int64_t
	    send_mono; /* of the last send; of one perhaps sent: the start */
	int64_t look_mono; /* when the last look-up began */
	int64_t need_mono; /* the position must have been read after this */
	int64_t fill_mono; /* when the fill was learnt */
	int64_t used_mono; /* since when Bybit calls its link id used; 0 */
	int64_t bare_mono; /* since when its position is without its stop; 0 */
	int64_t stop_mono; /* no trading-stop before that */
	int stop_busy;
	int stop_taken; /* Bybit said so of the last trading-stop */
	int gone;	/* reads in a row that showed no position */
	int64_t seq;	/* of a close: the position\'s before it */
	int whole;	/* of a close: no less than was asked has filled */
	int look_only;	/* found without a line: looked up, not sent */
	int say_taken, say_sent; /* to be logged after the commit */
	int has_row; /* though it is new: loaded, or one of two legs */
	int moved;   /* the stop is somewhere else, and that was said */
};

/*
 * An order from the line that risker decided: the shape alone is checked, the
 * rules are check.h's.  0; or -1 with what is wrong in why.
 */
int order_from_line(
    struct order *o, const struct json *line, char *why, size_t size);

/* A new order, nothing in it; NULL without memory.  order_free(NULL) is fine.
 */
struct order *order_new(struct trader *t);
/* A close for the same alert, account and symbol; NULL without memory. */
struct order *order_close(const struct order *o, enum order_kind kind);
void order_free(struct order *o);

/*
 * The order link id: alert id, "-", positionIdx; "x" behind it for a
 * protective close; a letter for further attempts.  Nothing else is in it, so
 * that the same alert has it again after anything (F62).
 */
void order_link(struct order *o);

/*
 * The row of `orders`, and back.  order_get: 0; or -1 where it cannot be, and
 * where memory is short, which trader_starved() tells.
 */
void order_put(struct buf *b, const struct order *o, int64_t now_ms);
int order_get(struct order *o, const struct json *row);

const char *order_state_name(enum order_state s);
int order_final(const struct order *o);

#endif
