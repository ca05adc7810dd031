/*
 * channel - a way to a subscriber: one small file each behind this.
 */
#ifndef SLUICE_NOTIFIER_CHANNEL_H
#define SLUICE_NOTIFIER_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "notifier/rate.h"
#include "notifier/roll.h"
#include "notifier/rows.h"

/* What became of a send. */
struct outcome {
	enum outcome_kind {
		OUTCOME_DELIVERED,
		OUTCOME_RETRY,	 /* not now, or unknown: try again */
		OUTCOME_WAIT,	 /* told to wait for wait_ms */
		OUTCOME_REFUSED, /* this message never */
		OUTCOME_GONE,	 /* nothing to that address any more */
		OUTCOME_MOVED,	 /* to the address moved_to */
	} kind;
	/* A retry: may it be the way, and not this address? */
	enum outage { OUTAGE_NONE, OUTAGE_PERHAPS, OUTAGE_SURE } outage;
	int64_t wait_ms;
	int64_t ms; /* how long it took */
	char moved_to[ADDRESS_SIZE];
	char reason[REASON_SIZE]; /* "" for a delivery */
};

/* One message on its way; it and its texts live until done is called. */
struct send {
	const char *address;
	const char *text; /* at most units_max of the channel */
	/*
	 * For a channel with `in_line` the `delivery` line as it will be, with
	 * the text in it; for one with `verbatim` the `signal` line, without a
	 * newline.  Else NULL.
	 */
	const char *line;
	size_t line_len;
	void (*done)(void *arg, const struct outcome *o);
	void *arg;
};

struct channel {
	const char *name;
	int in_line;	  /* the delivery line itself is the message */
	int verbatim;	  /* the signal line is */
	size_t units_max; /* of a text, in UTF-16 units; 0: any */
	/* Each host of an address is a way of its own (way.h), or all are. */
	int by_host;
	size_t at_once;	       /* sends over such a way; 0: any number */
	struct rate_limit all; /* messages over it; 0: no limit */
	void *state;
	/*
	 * 0 where a message to address may go, which is counted; else in how
	 * many ms to ask again, which is waited for at the end of the input,
	 * too.  NULL: it always may.
	 */
	int64_t (*turn_ms)(void *state, const char *address, int64_t mono_ms);
	/*
	 * Start; done is called once, perhaps before the return.  0, or -1
	 * with errno and no call of done.
	 */
	int (*start)(void *state, const struct send *s);
};

#endif
