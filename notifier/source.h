/*
 * source - differ's state, read: the journal of events, and the scopes.
 */
#ifndef SLUICE_NOTIFIER_SOURCE_H
#define SLUICE_NOTIFIER_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "common/store.h"
#include "notifier/notifier.h"
#include "notifier/rows.h"

#define SOURCE_LINES_MAX 512 /* events that are read at a time */

struct source {
	char dir[1024];
	struct store *store; /* NULL while there is none */
	struct row row;
	char error[512];
};

void source_init(struct source *s, const char *dir);
void source_release(struct source *s);

/*
 * Open differ's environment where it is not open yet: STORE_NOTFOUND while
 * there is none.
 */
enum store_error source_open(struct source *s);

/* The last event's journal and seq; STORE_NOTFOUND while there is none. */
enum store_error source_last(
    struct source *s, char journal[JOURNAL_SIZE], uint64_t *seq);

/*
 * Fill b with events from seq `from` on; *last is the seq of the last of
 * them, untouched where there is none.
 */
enum store_error source_read(
    struct source *s, uint64_t from, struct batch *b, uint64_t *last);

/* One row of kind `scope`: when its newest good snapshot was. */
struct scope {
	char account[65];
	char category[16];
	char settle_coin[24];
	int64_t last_ms;
};

/* Up to max scopes; *n of them. */
enum store_error source_scopes(
    struct source *s, struct scope *out, size_t max, size_t *n);

#endif
