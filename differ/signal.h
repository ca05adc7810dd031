/*
 * signal - the signal line, and the row of its trade in `signals`.
 */
#ifndef SLUICE_DIFFER_SIGNAL_H
#define SLUICE_DIFFER_SIGNAL_H

#include "differ/model.h"

struct differ;

enum action {
	ACTION_OPEN,
	ACTION_INCREASE,
	ACTION_PARTIAL_CLOSE,
	ACTION_CLOSE,
};

struct signal {
	const struct place *at;
	struct trade *trade; /* as it is after the event; gets its seq */
	enum action action;
	struct decimal old_size;
	const struct exits *step; /* PARTIAL_CLOSE: what this step closed */
	int64_t time;
	/* Of a trade made by hand. */
	int test;
	const char *request;
	const char *exit, *profit; /* CLOSE, as they came */
};

/*
 * Give the event its number, journal it, queue its line for the output, and
 * store the trade's row.
 */
void signal_emit(struct differ *d, const struct signal *s);

/* The row alone: totals of a trade changed without an event. */
void signal_row(
    struct differ *d, const struct place *at, const struct trade *t);

#endif
