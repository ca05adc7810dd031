/*
 * prune - forget trades that ended, seven days after all of theirs is final;
 * and invites, seven days after they were used or expired.
 *
 * One trade a transaction, some trades a call; an alarm counts as a trade of
 * its own.  A trade ends with its CLOSE; those of a journal that is lost end
 * with it.  Behind a filter (-l), which may keep each CLOSE back, a trade ends
 * when nothing was heard of it for half a year, too.
 */
#ifndef SLUICE_NOTIFIER_PRUNE_H
#define SLUICE_NOTIFIER_PRUNE_H

#include <stdint.h>

#include "notifier/invites.h"
#include "notifier/notifier.h"

#define PRUNE_AGE_MS (INT64_C(7) * 86400000)
#define PRUNE_SILENT_MS (INT64_C(180) * 86400000)

struct prune {
	struct store_key at; /* of table messages: where the pass stands */
	char invite[INVITE_ID_SIZE]; /* … and, behind its end, of invites */
	int64_t next_ms;	     /* monotonic: when the next pass begins */
};
void prune_init(struct prune *p);

/*
 * A piece of the pass, if it is time for one.  one_journal: older journals
 * than the newest are lost; else several may be alive (-l).
 */
enum store_error prune_tick(
    struct prune *p, struct notifier *n, int one_journal, struct moment now);

#endif
