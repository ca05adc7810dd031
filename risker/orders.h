/*
 * orders - what became of an approval, by trader's table `orders`.
 *
 * Only what can be read and says so is final: no state of trader's yet, no
 * row, or one that cannot be read leaves an approval open (F13).
 */
#ifndef SLUICE_RISKER_ORDERS_H
#define SLUICE_RISKER_ORDERS_H

#include "common/decimal.h"

struct orders;

struct orders *orders_new(const char *dir);
void orders_free(struct orders *o);

/* What is asked between these two sees one moment; without words if it fails.
 */
void orders_begin(struct orders *o);
void orders_end(struct orders *o);
void orders_trim(struct orders *o); /* as book_trim */

struct order_seen {
	int final;
	int position_idx;	 /* -1: not known */
	struct decimal notional; /* of what was filled; 0: not known */
};
void orders_look(struct orders *o, const char *id, struct order_seen *out);

#endif
