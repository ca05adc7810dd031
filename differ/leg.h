/*
 * leg - what a snapshot's row does to a leg: its steps.
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
 */
#ifndef SLUICE_DIFFER_LEG_H
#define SLUICE_DIFFER_LEG_H

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

/* What is held is gone; absence: nothing else proves it. */
void leg_vanish(struct differ *d, struct leg *l, int64_t time, int absence);

/*
 * A fill of this seq and time ended what was told.  Rows whose seq is below it
 * are old (F19), unless they bear a later time: that fills and rows share one
 * counter is not certain (section 4.1), and a position that is there must not
 * be hidden.
 */
void leg_passed(struct leg *l, int64_t seq, int64_t time);

/* 1 where nothing is held, told or waiting: the leg can be forgotten. */
int leg_done(const struct leg *l);

void leg_free(struct leg *l);

#endif
