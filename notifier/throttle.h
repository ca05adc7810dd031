/*
 * throttle - how much people may ask of the bot.
 *
 * What is over is left unanswered.  A fixed number of people is remembered;
 * who was quiet longest gives way, and what holds for all of them together
 * goes on to hold.  Nothing of it is in the state.
 */
#ifndef SLUICE_NOTIFIER_THROTTLE_H
#define SLUICE_NOTIFIER_THROTTLE_H

#include <stddef.h>
#include <stdint.h>

#define THROTTLE_PEOPLE 1024 /* 24 KiB */

enum throttle_what {
	THROTTLE_COMMAND,  /* anything: 10 at once, then 6 a minute each */
	THROTTLE_CODE,	   /* /start CODE: 5 at once, then 5 an hour each */
	THROTTLE_CODES,	   /* the same, of all: 30 at once, 30 a minute */
	THROTTLE_LOOKUP,   /* who is not known by id, of all: 60, 5 a second */
	THROTTLE_STRANGER, /* who is not known, of all: 30, 30 a minute */
};
#define THROTTLE_KINDS 5

struct throttle {
	/* From when on there is room for all at once again; monotonic. */
	int64_t all_ms[THROTTLE_KINDS];
	size_t n;
	struct throttled {
		int64_t user;
		int64_t command_ms, code_ms;
	} by[THROTTLE_PEOPLE];
};

/* Begin with { 0 }.  1 where it may go on, which counts; 0 where not. */
int throttle_allows(
    struct throttle *h, enum throttle_what what, int64_t user, int64_t mono_ms);

#endif
