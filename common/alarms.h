/*
 * alarms - what a person must see of a stage: the alarms of its table `alarms`
 * as they stand now, and which of them the table does not have yet.
 *
 * Of those in common/ that log: opening an alarm is an error, its end is said.
 */
#ifndef SLUICE_ALARMS_H
#define SLUICE_ALARMS_H

#include <stddef.h>
#include <stdint.h>

struct store;
struct store_txn;

struct alarm {
	char name[128], text[640];
	int open;
	int changed;	/* to be written with the next commit */
	int64_t set_ms; /* monotonic, of the last alarms_set */
};

struct alarms {
	struct alarm *list;
	size_t n;
};

/*
 * Open or close the alarm of that name; text is a sentence, or NULL to leave
 * what it says.  Without memory it ends the process.  One that is new is to be
 * written, also where it is closed: the last run may have left it open.
 */
void alarms_set(struct alarms *a, const char *name, int open, const char *text);

/*
 * "map STAGE": the state is filling up, or it or the disk is full (F72); and,
 * by alarms_look, "reader STAGE": somebody reads it without an end (F74).  That
 * looks after the store too, as store_tick does: to be called at the start and
 * once a minute.
 */
void alarms_map(struct alarms *a, const char *stage, int open);
void alarms_look(struct alarms *a, struct store *s, const char *stage);

int alarms_changed(const struct alarms *a);

/* Write what changed: 0, or -1 on a store error.  alarms_written: it is in. */
int alarms_put(const struct alarms *a, struct store_txn *t, int64_t now_ms);
void alarms_written(struct alarms *a);
void alarms_release(struct alarms *a);

#endif
