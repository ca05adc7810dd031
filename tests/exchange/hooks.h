/*
 * hooks - paths that take any POST: what stands behind somebody's webhook.
 */
#ifndef SLUICE_EXCHANGE_HOOKS_H
#define SLUICE_EXCHANGE_HOOKS_H

#include "tests/exchange/request.h"

/* Whether the path is /hook/NAME. */
int hook_path(const char *path);

/*
 * 200 and "ok"; effect 0: the message is not taken.  With a fault's 429 goes a
 * Retry-After of a second.
 */
void hook_answer(struct request *r, int effect, struct reply *rep);

/* Members of its line in the journal: the body as a text, and headers. */
void hook_journal(
    struct buf *b, const struct request *r, const struct reply *rep);

#endif
