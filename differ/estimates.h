/*
 * estimates - trades whose CLOSE stands on an estimate: their records correct
 * them in table `signals`, without a line.
 */
#ifndef SLUICE_DIFFER_ESTIMATES_H
#define SLUICE_DIFFER_ESTIMATES_H

#include "differ/model.h"

struct differ;

/* Keep a trade whose CLOSE was estimated; nothing where it was not. */
void estimate_keep(
    struct differ *d, const struct place *at, const struct trade *t);

/* One that is stored already joins d->estimates. */
void estimate_add(struct differ *d, const struct estimate *like);

/* 1 where a record may be of that trade. */
int estimate_owns(const struct estimate *e, const struct record *r);

/* All that is left of the record joins the trade of estimate i. */
void estimate_correct(struct differ *d, size_t i, struct record *r);

/* Forget those of the account that closed before. */
void estimates_prune(struct differ *d, const struct account *a, int64_t before);

#endif
