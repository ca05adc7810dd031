/*
 * estimates - trades whose CLOSE is told and may still be corrected: records
 * that come later join them in table `signals`, without a line.
 *
 * A CLOSE that stands on an estimate is corrected for as long as records
 * count; any other one for some minutes, as another record of its closing
 * orders may come late.
 */
#ifndef SLUICE_DIFFER_ESTIMATES_H
#define SLUICE_DIFFER_ESTIMATES_H

#include "differ/model.h"

struct differ;

/* A trade whose CLOSE was told; copied. */
void estimate_keep(struct differ *d, const struct estimate *like);

/* One that is stored already joins d->estimates. */
void estimate_add(struct differ *d, const struct estimate *like);

/* 1 where a record may be of what was estimated. */
int estimate_lacks(const struct estimate *e, const struct record *r);

/* Which of d->estimates a record corrects; d->nestimates: none. */
size_t estimate_find(const struct differ *d, const struct record *r);

/* The same for what an order that it has taken of filled while it was open. */
size_t estimate_of_order(const struct differ *d, const struct record *r);

/* All that is left of the record joins the trade of estimate i. */
void estimate_correct(struct differ *d, size_t i, struct record *r);

/* Forget those of the scope that are too old at time. */
void estimates_prune(struct differ *d, const struct scope *s, int64_t time);

#endif
