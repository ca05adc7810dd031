/*
 * trade - when the steps of a leg are told, and with which records.
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

/*
 * Take in the records that are there and tell what can be told at now, the
 * time of the snapshot.
 */
void leg_settle(struct differ *d, struct leg *l, int64_t now);

/* 1 where the size that was told shows what the record closed. */
int trade_shows(const struct trade *t, const struct record *r);

/* The same of a row's. */
int row_shows(const struct row *row, const struct record *r);

/* 1 where a record is of the trade that is told, or of one that waits. */
int leg_owns(const struct leg *l, const struct record *r);

#endif
