/*
 * channels - which channels there are, and what an address of each looks like.
 *
 * For whoever writes the table of subscribers; nothing here sends anything.
 */
#ifndef SLUICE_NOTIFIER_CHANNELS_H
#define SLUICE_NOTIFIER_CHANNELS_H

#include <stddef.h>

/* For usage and messages. */
#define CHANNEL_NAMES "telegram, webhook, discord, slack, ntfy or stdout"

/*
 * 0 where there is the channel and address is one of its.  Else -1 with words
 * in err, in which no URL stands: it may hold a token (F35).
 */
int channel_check(
    const char *name, const char *address, char *err, size_t size);

#endif
