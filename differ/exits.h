/*
 * exits - sums over a trade's closes, and the figures that come of them.
 *
 * Every size, price, value and P&L that comes in lies within VALUE_MAX, so a
 * sum cannot leave the range of struct decimal before some 100,000 closes;
 * one that would stays as it is.
 */
#ifndef SLUICE_DIFFER_EXITS_H
#define SLUICE_DIFFER_EXITS_H

#include "differ/model.h"

#define VALUE_MAX 1000000000000000ll

/* 1 where -VALUE_MAX <= d <= VALUE_MAX. */
int value_fits(struct decimal d);

/* a += b, a -= b. */
void sum_add(struct decimal *a, struct decimal b);
void sum_sub(struct decimal *a, struct decimal b);

/*
 * What size closed at price adds to exits.weight, or, entered at it, to
 * exits.cost.  0, or -1 where it does not fit or price is not above 0.
 */
int exits_weight(struct decimal *out, enum category c, struct decimal size,
    struct decimal price);

/* Take qty of a record's rest, at most all of it, out of the record. */
void record_split(struct record *r, struct decimal qty, struct exits *part);

/* Add the closes of part. */
void exits_add(struct exits *e, const struct exits *part);

/*
 * Add an estimate: qty, entered at entry, made pnl at price; shown by the line
 * of time.
 */
void exits_guess(struct exits *e, enum category c, struct decimal qty,
    struct decimal entry, struct decimal price, struct decimal pnl,
    int64_t time);

/* qty of what was estimated is known now: that much less is estimated. */
void exits_replace(struct exits *e, struct decimal qty);

/* P&L of all closes, estimates included. */
struct decimal exits_pnl(const struct exits *e);

/*
 * The average exit: 8 decimals, or as Bybit states it where there is only one
 * price.  0, or -1 where nothing closed or it does not fit.
 */
int exits_price(struct decimal *out, const struct exits *e, enum category c);

/* The average entry of what was closed, not rounded.  0, or -1 as above. */
int exits_entry(struct decimal *out, const struct exits *e, enum category c);

/* P&L of closing size, entered at entry, at price: 0 where it does not fit. */
struct decimal price_pnl(enum category c, enum side side, struct decimal size,
    struct decimal entry, struct decimal price);

/* How far price went in the trade's favour, percent.  0, or -1. */
int profit_percent(struct decimal *out, enum side side, struct decimal entry,
    struct decimal price);

/* part of whole, percent.  0, or -1. */
int percent_of(struct decimal *out, struct decimal part, struct decimal whole);

#endif
