/*
 * watch - the alarms on missing snapshots (F27) and on services that are down
 * (F103), and alarms to the operator.
 *
 * What counts is the age of the newest good snapshot, not which process is
 * up.  The alarms of all stages become messages to OPERATOR_CHAT, once a change
 * of state; table `told` remembers what was said.
 */
#ifndef SLUICE_NOTIFIER_WATCH_H
#define SLUICE_NOTIFIER_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/alarms.h"
#include "common/store.h"
#include "notifier/notifier.h"
#include "notifier/source.h"

#define WATCH_PEERS 4

struct settings;

struct watch {
	struct notifier *n;
	struct store *store;   /* notifier's own */
	struct source *source; /* NULL: no look at snapshots (-l) */
	const char *dir;       /* the state folder */
	const struct settings *settings;
	int64_t max_age_ms;
	int64_t start_ms; /* monotonic: the first STATE_MAX_AGE is patient */
	int64_t write_ms; /* monotonic: the next write of all */
	int tell;	  /* there is an operator who can be told */
	struct alarms alarms; /* written, and told, by the next tick */
	struct peer {
		const char *stage;
		struct store *store;
		int64_t next_ms; /* when to try to open it again */
		int failures;	 /* to open it, in a row */
	} peers[WATCH_PEERS];
	char error[512];
};

/* dir and s must outlive it; tell: whether alarms go to the operator. */
void watch_init(struct watch *w, struct notifier *n, struct source *source,
    const char *dir, const struct settings *s, int tell, struct moment now);
void watch_release(struct watch *w);

/*
 * The state of stage i, of WATCH_PEERS, to be read; *stage is its name.  NULL
 * where it has none, or none that can be read.
 */
struct store *watch_stage(
    struct watch *w, size_t i, const char **stage, struct moment now);

/* Once a second or so: look, and commit what changed. */
enum store_error watch_tick(struct watch *w, struct moment now);

#endif
