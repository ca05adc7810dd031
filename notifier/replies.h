/*
 * replies - answers on their way, in memory.
 *
 * They go the way that messages go, and so through its limits; past those that
 * wait in it, but not more than one in six of what the way takes, so that no
 * message waits for long.  To one chat they go one after the other.  One that
 * does not arrive within a minute is given up: who asked asks again.
 */
#ifndef SLUICE_NOTIFIER_REPLIES_H
#define SLUICE_NOTIFIER_REPLIES_H

#include <stddef.h>
#include <stdint.h>

#include "notifier/way.h"

#define REPLIES_MAX 256	   /* that wait; the memory is bounded by it */
#define REPLIES_AIRBORNE 4 /* of them under way at a time */

struct replies;

/* Ways and the channel's state must outlive it. */
struct replies *replies_new(const struct channel *c, struct ways *ways);
void replies_free(struct replies *r);

/* 0; or -1 with ENOBUFS where too many wait. */
int replies_add(struct replies *r, int64_t chat, const char *text, size_t len,
    int64_t mono_ms);

/* Start what may start. */
void replies_pump(struct replies *r, int64_t mono_ms);

/* When to pump next, monotonic; INT64_MAX: not by itself. */
int64_t replies_due(const struct replies *r);

size_t replies_left(const struct replies *r);
size_t replies_airborne(const struct replies *r);

#endif
