/*
 * states - the states of the stages, read by one of them.
 *
 * Each environment is opened when it is asked for first, and again when it was
 * replaced.  Transactions are short and never outlive an event.
 */
#ifndef SLUICE_STATES_H
#define SLUICE_STATES_H

#include "common/store.h"

struct states;

enum state_of {
	STATE_DIFFER,
	STATE_NOTIFIER,
	STATE_WEBHOOKD,
	STATE_RISKER,
	STATE_TRADER,
	STATES,
};

/* own: webhookd's, open, stays the caller's; NULL: it is never read. */
struct states *states_new(const char *dir, struct store *own);
void states_free(struct states *s); /* NULL is fine */

const char *states_name(enum state_of which);

/*
 * A reading transaction.  STORE_NOTFOUND: no such environment, yet.  After
 * anything but that and STORE_OK states_error says what is wrong, and nothing
 * is tried again for a second.
 */
enum store_error states_begin(
    struct states *s, enum state_of which, struct store_txn **t);

/* Ends it; e other than STORE_OK and STORE_NOTFOUND: read anew next time. */
void states_end(struct states *s, enum state_of which, struct store_txn *t,
    enum store_error e);

/* After states_begin: 1 while the stage itself has it open. */
int states_owned(const struct states *s, enum state_of which);

/*
 * A row of that table, as it was read, cannot be understood: states_error says
 * so.  STORE_BAD, which is then no reason to open the state anew.
 */
enum store_error states_damaged(
    struct states *s, enum state_of which, const char *table);

const char *states_error(const struct states *s, enum state_of which);

#endif
