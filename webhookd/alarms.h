/*
 * alarms - what a person must see of webhookd: rows of its table `alarms`.
 */
#ifndef SLUICE_WEBHOOKD_ALARMS_H
#define SLUICE_WEBHOOKD_ALARMS_H

#include <stdint.h>

struct store_txn;

enum alarm_name {
	ALARM_CERTIFICATE, /* ends within ALARM_CERTIFICATE_MS */
	ALARM_DESCRIPTORS, /* none is left for a connection (F41) */
	ALARM_MAP,	   /* the state is filling up, or full (F72) */
	ALARM_READER,	   /* somebody reads the state without an end (F74) */
	ALARMS,
};

#define ALARM_CERTIFICATE_MS (14 * 86400000LL)
#define ALARM_MAP_PERCENT 70
#define ALARM_READER_MS 300000

struct alarms {
	struct {
		int open;
		int changed; /* to be written with the next commit */
	} of[ALARMS];
};

/* All closed, and to be written: one may be open from the last run. */
void alarms_init(struct alarms *a);

/* 1 where that is a change. */
int alarms_set(struct alarms *a, enum alarm_name name, int open);
int alarms_changed(const struct alarms *a);

/* Write what changed: 0, or -1 on a store error.  alarms_written: it is in. */
int alarms_put(const struct alarms *a, struct store_txn *t, int64_t now_ms);
void alarms_written(struct alarms *a);

/* What an alarm says. */
const char *alarms_text(enum alarm_name name);

#endif
