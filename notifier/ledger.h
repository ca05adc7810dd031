/*
 * ledger - every change of a balance, with its reason: table `ledger`.
 *
 *   ledger      number                    one change of one balance
 *
 * Numbers are 1, 2, 3 ... over all subscribers, so that the table reads in the
 * order of time.  A row names the one before it of the same subscriber, and
 * the subscriber's row names the latest.  Nothing is ever deleted.
 *
 * The sum of a subscriber's changes is the balance.  Who had one before this
 * table was there gets a row `start` for it, in front of the first change; who
 * is removed gets one that takes what was left.
 */
#ifndef SLUICE_NOTIFIER_LEDGER_H
#define SLUICE_NOTIFIER_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "common/store.h"

struct buf;
struct row;
struct subscriber;

#define NOTE_MAX 200 /* bytes of a note, in UTF-8 */

struct reason {
	enum reason_why {
		WHY_START, /* a balance older than the ledger */
		WHY_ADD,   /* of the subscribers command … */
		WHY_IMPORT,
		WHY_CREDIT,
		WHY_REMOVE,
		WHY_INVITE,	 /* a code was redeemed; its id is the note */
		WHY_OPEN,	 /* a trade was paid for */
		WHY_UNDELIVERED, /* and is not, as its OPEN did not arrive */
	} why;
	int64_t time_ms;
	const char *journal; /* of the trade, or NULL */
	uint64_t trade;
	const char *note; /* a person's, or NULL */
};

/*
 * Add change to the balance of s and write that into the ledger; a change of 0
 * is none.  The caller sees to the bounds, and puts or deletes the row of s in
 * the same transaction.
 */
enum store_error ledger_change(struct store_txn *t, struct subscriber *s,
    int64_t change, const struct reason *why);

/*
 * The latest rows of s, at most max, as an array: the newest first.  It is the
 * member `ledger` of the object that is open.
 */
enum store_error ledger_write(struct row *r, struct store_txn *t,
    const struct subscriber *s, size_t max, struct buf *b);

#endif
