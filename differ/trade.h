/*
 * trade - the rules: what a snapshot's row does to a leg, and when its steps
 * are told.
 *
 *   flat  --row of size > 0-->            OPEN
 *   held  --larger-->                     INCREASE
 *   held  --smaller-->                    REDUCE, waits for its record
 *   held  --another side or openTime-->   CLOSE, waits; OPEN behind it
 *   held  --newer row of size 0-->        CLOSE, waits
 *   held  --not shown, records cover it-> CLOSE
 *   held  --not shown 3 times and 60 s--> CLOSE, waits; void if the very same
 *                                         position is back before it is told,
 *                                         and no newer row of size 0 came
 *
 * A step that waits is told with records that cover it, or, 10 s after its
 * proof, with an estimate of what is missing.  A record that is later than a
 * REDUCE's proof is of what came after it, unless there are enough for all;
 * what such a one has over waits for the row that shows it.
 */
#ifndef SLUICE_DIFFER_TRADE_H
#define SLUICE_DIFFER_TRADE_H

#include "differ/model.h"

struct differ;

enum leg_result {
	LEG_OK,
	LEG_BACK,   /* the row is older than one seen: ignored */
	LEG_ABSENT, /* a row of size 0 that proves nothing */
};

/*
 * A row of the snapshot of time; before: time of the scope's last one, 0 for
 * the first ever.
 */
enum leg_result leg_row(struct differ *d, struct leg *l, const struct row *r,
    int64_t time, int64_t before);

/* The snapshot of time does not show it. */
void leg_missing(struct differ *d, struct leg *l, int64_t time);

/*
 * Take in the records that are there and tell what can be told at now, the
 * time of the snapshot.
 */
void leg_settle(struct differ *d, struct leg *l, int64_t now);

/* 1 where the size that was told shows what the record closed. */
int trade_shows(const struct trade *t, const struct record *r);

/* 1 where a record is of the trade that is told, or of one that waits. */
int leg_owns(const struct leg *l, const struct record *r);

/* 1 where nothing is held, told or waiting: the leg can be forgotten. */
int leg_done(const struct leg *l);

void leg_free(struct leg *l);

#endif
