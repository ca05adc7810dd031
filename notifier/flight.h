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
	STEP_TURN,  /* the address takes nothing for f->o.wait_ms */
	STEP_WAIT,  /* in f->way, for f->o.wait_ms at the most */
	STEP_EMPTY, /* nothing is pending */
};

/*
 * The head of the flight's lane, read, and what to do with it; with STEP_SEND
 * its channel, its address and its text are set, and it has room in its way.
 */
enum store_error flight_prepare(struct notifier *n, struct store_txn *t,
    struct flight *f, struct moment now, enum step *step);

/* It does not fly: the room that was kept for it in its way, if any. */
void flight_give_back(struct notifier *n, struct flight *f);

/* When a delivery is given up, by the wall clock. */
int64_t flight_deadline(const struct notifier *n, const struct delivery *d);

/* The delivery line, without or with (text is not NULL) the text. */
void flight_line(
    struct buf *b, const struct flight *f, const char *text, struct moment now);

/* Sends that are over make room in their ways, once. */
void flights_land(struct notifier *n, struct moment now);

/* The ways that were down when the last process ended. */
enum store_error outages_load(
    struct notifier *n, struct store_txn *t, struct moment now);

#endif
