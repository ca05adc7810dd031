/*
 * flight - what the files that deliver share: choose.c says what is to be done
 * with the first of a subscriber's deliveries, dispatch.c does it, and settle.c
 * commits what became of it.
 */
#ifndef SLUICE_NOTIFIER_FLIGHT_H
#define SLUICE_NOTIFIER_FLIGHT_H

#include <stdint.h>

#include "common/buf.h"
#include "common/store.h"
#include "notifier/notifier.h"

/* What is to be done with a lane. */
enum step {
	STEP_SEND,
	STEP_DROP,  /* the reason is in the flight's outcome */
	STEP_LATER, /* at f->o.wait_ms from now */
	STEP_BUSY,  /* the channel takes nothing for f->o.wait_ms */
	STEP_TURN,  /* it is another's turn for f->o.wait_ms */
	STEP_EMPTY, /* nothing is pending */
};

/*
 * The head of the flight's lane, read, and what to do with it; with STEP_SEND
 * its channel, its address and its text are set.
 */
enum store_error flight_prepare(struct notifier *n, struct store_txn *t,
    struct flight *f, struct moment now, enum step *step);

/* When a delivery is given up, by the wall clock. */
int64_t flight_deadline(const struct notifier *n, const struct delivery *d);

/* The delivery line, without or with (text is not NULL) the text. */
void flight_line(
    struct buf *b, const struct flight *f, const char *text, struct moment now);

#endif
