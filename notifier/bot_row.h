/*
 * bot_row - what is known of the bot and of its updates: table `bot`.
 *
 * One row: which bot it is, its name, and the last of its updates that was
 * dealt with, written in the commit of what that update did.
 */
#ifndef SLUICE_NOTIFIER_BOT_ROW_H
#define SLUICE_NOTIFIER_BOT_ROW_H

#include <stdint.h>

#include "common/store.h"
#include "notifier/row.h"

#define BOT_NAME_SIZE 65

struct bot_row {
	int64_t bot;		  /* Telegram's id of it */
	char name[BOT_NAME_SIZE]; /* without the @ */
	int64_t update;		  /* id of the last one; 0: none yet */
	int64_t time_ms;	  /* when that was dealt with; 0 */
};

/*
 * STORE_NOTFOUND where there is none, or no such table yet, and *out is all
 * zero; STORE_BAD with r->error.
 */
enum store_error bot_row_get(
    struct row *r, struct store_txn *t, struct bot_row *out);
enum store_error bot_row_put(struct store_txn *t, const struct bot_row *row);

#endif
