/*
 * printed - the channel stdout: the delivery line itself is the message.
 *
 * A message counts as delivered once its line has left this process.
 */
#ifndef SLUICE_NOTIFIER_PRINTED_H
#define SLUICE_NOTIFIER_PRINTED_H

#include <stddef.h>

#include "common/endpoint.h"
#include "notifier/channel.h"

/* Messages that may be on their way to a reader. */
#define PRINTED_AT_ONCE 16

struct printed {
	struct output *out;
	struct send waiting[PRINTED_AT_ONCE];
	size_t n;
};

struct channel printed_channel(struct printed *p);

/* Tell of what has left by now. */
void printed_settle(struct printed *p);

#endif
