/*
 * state - risker's tables, and the approvals that are not final yet.
 *
 *   decisions  alert id        the line that the alert got
 *   open       alert id        an order whose end trader has not told yet
 *   days       account, day    entries approved, whether the loss limit was hit
 *   closes     account, symbol when a close was asked for last
 *
 * A batch of lines is one transaction: state_begin, reads and writes, then
 * state_commit or state_rollback.  What goes wrong between the two sticks, and
 * state_commit returns it: nothing of the batch is stored then, and the same
 * lines may be tried again.
 */
#ifndef SLUICE_RISKER_STATE_H
#define SLUICE_RISKER_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"
#include "common/store.h"
#include "risker/alert.h"

extern const char *const risker_tables[];
#define RISKER_SCHEMA 1

struct state;

/* For an open store, which stays the caller's. */
struct state *state_new(struct store *store, const char *account);
void state_free(struct state *s);

enum store_error state_begin(struct state *s);
/* also, unless NULL, adds rows of its own (0 to go on). */
enum store_error state_commit(
    struct state *s, int (*also)(struct store_txn *t, void *arg), void *arg);
void state_rollback(struct state *s);
const char *state_error(const struct state *s);

/* 1 where something was written since state_begin, or failed. */
int state_dirty(const struct state *s);

/* The decision of that id, valid until the next write; NULL: none. */
const char *state_decision(struct state *s, const char *id, size_t *len);
void state_decide(
    struct state *s, const char *id, const char *line, size_t len);

/* An entry that was approved and is not final: it counts as open. */
struct approval {
	char id[ALERT_ID_SIZE];
	char symbol[ALERT_SYMBOL_SIZE];
	int buy;
	struct decimal notional;
};

/* The i-th of this account, valid until the next write; NULL past the end. */
const struct approval *state_approval(const struct state *s, size_t i);

/* An alert that became an order; notional 0 for a close. */
void state_open(
    struct state *s, const struct alert *a, struct decimal notional);
/* Its order is final, or it is none that is open. */
void state_close(struct state *s, const char *id);

/*
 * Up to max ids of table `open`, the next ones in turn: called again and
 * again it comes by all of them.  Returns how many.
 */
size_t state_turn(struct state *s, char ids[][ALERT_ID_SIZE], size_t max);

/* The UTC day of a time. */
struct day {
	int64_t entries;
	int loss_hit;	  /* the day's loss limit was hit on it */
	int hit_or_later; /* … on it, or on a later one (F55) */
};
void state_day(struct state *s, int64_t time_ms, struct day *out);
void state_day_put(struct state *s, int64_t time_ms, const struct day *day);

/*
 * The closes of a symbol: the latest receipt, the latest timestamp of those
 * that had one, the latest receipt of those that had none.  0: none.
 */
struct closes {
	int64_t time_ms, timestamp_ms, bare_ms;
};
void state_closes(struct state *s, const char *symbol, struct closes *out);
void state_closes_put(
    struct state *s, const char *symbol, const struct closes *c);

#endif
