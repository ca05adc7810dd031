/*
 * records - closed_pnl records: which trade each belongs to.
 *
 * Table `records` remembers every closing order for nine days; those that no
 * trade has used up are in d->records too, by time and order id.
 */
#ifndef SLUICE_DIFFER_RECORDS_H
#define SLUICE_DIFFER_RECORDS_H

#include "differ/model.h"

struct differ;
struct json;

/* The members that are read of a record, NULL at the end. */
extern const char *const record_keys[];

/*
 * Take in the `closed_pnl` of a line of the scope at time.  One that cannot
 * be read is ignored with a note.
 */
void records_take(struct differ *d, const struct scope *line,
    const struct json *list, int64_t time);

/*
 * After the legs of the scope are settled at now: what belongs to no trade
 * that is open corrects one whose CLOSE is told, or is of a trade that no
 * snapshot showed, or waits for the next snapshot.
 */
void records_decide(struct differ *d, struct scope *s, int64_t now);

/*
 * Before they are settled: more of an order that a closed trade has taken of,
 * or a record that is just what an estimated CLOSE lacks, goes there, though a
 * trade opened meanwhile could take it too.
 */
void records_correct(struct differ *d, const struct scope *s);

/*
 * Since when at the latest a position is held that a row shows and that was not
 * shown before, at which time: since the row's updatedTime, or a record that
 * waits and has the same average entry (one that closed all of it before it was
 * opened again has another).  Bybit's openTime, where there is one, says
 * better.
 */
int64_t records_begin(const struct differ *d, const struct leg *l,
    const struct row *row, int64_t before);

/* 1 where the record is of this scope and symbol. */
int record_at(const struct record *r, const struct place *at);

/* Why its order closed, as far as known. */
enum reason record_reason(const struct record *r);

/*
 * What is known of an order: out of d->records or the state, or new.  NULL
 * without memory or with a damaged state.
 */
struct record *record_look_up(struct differ *d, const struct record *like);

/* Back into d->records, or away where nothing is left of it. */
void record_put_back(struct differ *d, struct record *r);

/* Store the record as it is now; drops none of d->records. */
void record_save(struct differ *d, const struct record *r);

/* All that is left of a record joins the trade, in an estimate's place. */
void record_join(struct differ *d, struct record *r, struct trade *t);

/* Let d->records have one more. */
void records_add(struct differ *d, struct record *r);

/* Forget the account's records that are old at time. */
void records_prune(struct differ *d, struct account *a, int64_t time);

#endif
