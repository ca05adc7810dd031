/*
 * stage_open - what a stage opens at its start, as its options say, and what
 * all of them do with it.
 *
 * For the process alone: what cannot be opened is said and ends it, with 71,
 * 74, or what store_exit() says.
 */
#ifndef SLUICE_STAGE_OPEN_H
#define SLUICE_STAGE_OPEN_H

#include "common/endpoint.h"
#include "common/stage.h"
#include "common/store.h"

/* -i */
struct input *stage_input(const struct stage *st);

/* Each -o. */
struct output *stage_output(const struct stage *st, enum output_policy policy);

/*
 * The stage's own state, with these tables; with -n it is read, and NULL where
 * there is none yet.
 */
struct store *stage_store(const struct stage *st, const char *name,
    const char *const *tables, unsigned schema);

/*
 * A commit failed with e: again() is called, with back-off from 0.1 s to 5 s,
 * until it succeeds; the caller reads and says nothing meanwhile.  Once the
 * process is to end, for 5 seconds at most; then, and where the state is bad,
 * it ends, with 74 or 78.
 */
struct stage_retry {
	enum store_error (*again)(void *arg);
	const char *(*why)(void *arg); /* it failed, the last time */
	void *arg;
	const char *undone; /* what is not done meanwhile: "announced" */
};
void stage_retry(const struct stage_retry *r, enum store_error e);

/* Log what the endpoints have to say; either may be NULL. */
void stage_notices(
    const struct stage *st, struct input *in, struct output *out);

/*
 * The next line of a batch, which has *size bytes, 0 at first.  INPUT_LINE, and
 * it is counted; INPUT_WAIT, INPUT_END or INPUT_CUT; INPUT_SKIP where the batch
 * is full, with lines that were skipped, too: more may have been read already.
 */
enum input_status stage_line(
    struct input *in, struct health *h, size_t *size, struct input_line *l);

/* The end: where the input was cut inside a line, die (65). */
void stage_whole(int cut);

#endif
