/*
 * risker - decides alerts: an order, or a refusal with every broken rule.
 *
 * The work without the process: no clock, no descriptor, no log, no exit.  An
 * alert's time is the clock, so that the same lines on the same state give the
 * same bytes.  A batch of lines is one commit: risker_begin, risker_line for
 * each, risker_commit; after anything but STORE_OK the same lines can be given
 * again.  What is in `out` is to be written only after the commit.
 */
#ifndef SLUICE_RISKER_RISKER_H
#define SLUICE_RISKER_RISKER_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/store.h"
#include "risker/facts.h"

struct json_doc;
struct settings;

/* Lines in a batch at the most: each may have something to tell. */
#define RISKER_LINES_MAX 256

/* What became of a line. */
enum risker_result {
	RISKER_ORDER,
	RISKER_REFUSED,
	RISKER_AGAIN,	/* it has its decision already: the same line again */
	RISKER_PASSED,	/* of another type: as it came */
	RISKER_SKIPPED, /* not what it should be */
	RISKER_RESULTS,
};

/* For the log. */
struct told {
	enum risker_result result;
	char id[ALERT_ID_SIZE];
	char symbol[ALERT_SYMBOL_SIZE];
	const char *action;
	char qty[DECIMAL_TEXT_MAX];
	char why[160]; /* RISKER_SKIPPED; else the first error, as JSON */
};

struct risker {
	struct limits limits;
	struct state *state;
	struct book *book;
	struct orders *orders;
	struct facts facts;
	struct json_doc *doc;
	struct buf out;		     /* lines, ready to be written */
	struct buf line;	     /* one, while it is made */
	struct buf errors, warnings; /* elements of JSON arrays */
	struct told told[RISKER_LINES_MAX];
	size_t ntold;
	int gathered;	   /* since risker_begin, for a decision */
	int out_of_memory; /* sticks: nothing may be committed */
};

/*
 * For an open store and the folder that differ's and trader's states are in;
 * store, settings and dir must outlive it.
 */
struct risker *risker_new(
    struct store *store, const struct settings *settings, const char *dir);
void risker_free(struct risker *r);

enum store_error risker_begin(struct risker *r);

/* Take one line; text[len] must be writable.  What came of it is in told. */
void risker_line(struct risker *r, char *text, size_t len);

/*
 * 1 where the lines since risker_begin have something to be stored, or could
 * not be decided, which risker_commit tells.
 */
int risker_dirty(const struct risker *r);

enum store_error risker_commit(
    struct risker *r, int (*also)(struct store_txn *t, void *arg), void *arg);
/* Nothing is to be stored: end the batch, keep `out`. */
void risker_end(struct risker *r);

/* In words, why risker_begin or risker_commit failed. */
const char *risker_error(const struct risker *r);

/*
 * Why differ's state could not be read for the last decision of the batch; ""
 * where it could; NULL where nothing was decided.
 */
const char *risker_blind(const struct risker *r);

/* `out` was written: forget it. */
void risker_said(struct risker *r);

/* Give the mapped pages of the states that are read back to the kernel. */
void risker_trim(struct risker *r);

#endif
