/*
 * persist - rows of the state: what is in memory as JSON, and back.
 *
 * Reading gives the very same thing as was written, so that a restart at any
 * line changes nothing.  The _get functions return 0, or -1 where the row
 * cannot be: a damaged state.
 */
#ifndef SLUICE_DIFFER_PERSIST_H
#define SLUICE_DIFFER_PERSIST_H

#include "differ/model.h"

struct buf;
struct json;
struct store_key;

/* `positions`: what is open now; and in `legs` the order of what is not. */
void leg_key(struct store_key *k, const struct place *at);
void leg_put(struct buf *b, const struct leg *l);
int leg_get(const struct json *v, struct leg *l);
void leg_mark_put(struct buf *b, const struct leg *l);
int leg_mark_get(const struct json *v, struct leg *l);

/* `records` */
void record_key(struct store_key *k, const char *account, enum category c,
    const char *symbol, const char *order_id);
void record_put(struct buf *b, const struct record *r);
int record_get(const struct json *v, struct record *r);

/* `estimates` */
void estimate_key(struct store_key *k, uint64_t number);
void estimate_put(struct buf *b, const struct estimate *e);
int estimate_get(const struct json *v, struct estimate *e);

/*
 * The place that a row names: account, category and settle coin into the
 * texts, symbol and position_idx into *at, whose scope the caller sets.
 */
int place_get(const struct json *v, char account[ACCOUNT_SIZE],
    enum category *c, char coin[COIN_SIZE], struct place *at);

#endif
