/*
 * reader - another stage's state, opened when it is asked.
 *
 * It need not be there yet, and may be replaced under us (a restored copy):
 * then it is opened again.  Start order does not matter (F79).
 */
#ifndef SLUICE_READER_H
#define SLUICE_READER_H

#include "common/store.h"

struct reader;

/*
 * Opens nothing yet; dir must outlive it.  Where memory runs out, the process
 * ends.
 */
struct reader *reader_new(const char *dir, const char *stage);
void reader_free(struct reader *r); /* NULL is fine */

/*
 * Begin a read transaction; keep it short.  STORE_NOTFOUND: there is no such
 * state yet.  Anything but STORE_OK has words in reader_error.
 */
enum store_error reader_begin(struct reader *r, struct store_txn **out);
void reader_end(struct reader *r, struct store_txn *t);

/*
 * Give back the pages that reading has mapped, once there is time for it.
 */
void reader_trim(struct reader *r);

/* In words, why the last reader_begin failed, or what a read said since. */
const char *reader_error(const struct reader *r);

#endif
