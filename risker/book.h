/*
 * book - what differ's state says about the account, for those who decide.
 *
 * Reads STATE_DIR/differ.mdb: equity, the UTC day, prices, instruments, and
 * what is open.  Every answer carries the time of the line that it came from;
 * how old is too old is the caller's rule.  An answer that is not there, or
 * cannot be read, is none: nothing is ever guessed (F13, F58).
 */
#ifndef SLUICE_RISKER_BOOK_H
#define SLUICE_RISKER_BOOK_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

struct book;

/*
 * A book of that account.  The state need not be there yet, and may be
 * replaced under us: it is opened when it is asked, and again when it must.
 * Where memory runs out, the process ends.
 */
struct book *book_new(const char *dir, const char *account);
void book_free(struct book *b);

/*
 * All questions between these two see one moment of the state.  0; or -1 with
 * words in book_error: no state yet, or it cannot be read.
 */
int book_begin(struct book *b);
void book_end(struct book *b);
/* Give memory back, once there is time for it. */
void book_trim(struct book *b);
const char *book_error(const struct book *b);

/* The questions: 1 and *out, 0 where there is no such row, -1 on an error. */
struct book_wallet {
	int64_t time_ms;
	struct decimal equity; /* as in wallet.h */
};
int book_wallet(struct book *b, struct book_wallet *out);

struct book_day {	/* of the UTC day that now_ms lies in */
	int has_equity; /* 0: the day has no equity yet; the three are 0 */
	struct decimal first, highest, last, closed_pnl;
};
int book_day(struct book *b, int64_t now_ms, struct book_day *out);

struct book_ticker {
	int64_t time_ms;
	struct decimal last, mark;
};
int book_ticker(struct book *b, const char *symbol, struct book_ticker *out);

struct book_instrument {
	int64_t time_ms;
	int trading; /* status is Trading */
	struct decimal tick_size, qty_step, min_qty, max_market_qty, min_value;
	struct decimal max_leverage; /* this and the two before: 0 unknown */
	int tick_scale, step_scale;  /* decimals of the two */
};
int book_instrument(
    struct book *b, const char *symbol, struct book_instrument *out);

/* Open positions of category linear; fn returns 0 to go on.  0, or -1. */
struct book_position {
	const char *symbol; /* valid inside fn */
	const char *side;   /* Buy or Sell */
	int position_idx;
	struct decimal size, entry_price;
	struct decimal mark_price; /* 0: not known, and no P&L */
	struct decimal unrealised_pnl;
};
int book_positions(struct book *b,
    int (*fn)(void *arg, const struct book_position *p), void *arg);

/*
 * When the last whole snapshot of linear positions with that settle coin was
 * taken.
 */
int book_snapshot_ms(struct book *b, const char *settle_coin, int64_t *out);

#endif
