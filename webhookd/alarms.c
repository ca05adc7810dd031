#include "webhookd/alarms.h"

#include "common/stage.h"

static const struct {
	const char *name, *text;
} table[ALARMS] = {
	[ALARM_CERTIFICATE] = { "certificate webhookd",
	    "the certificate in WEBHOOK_TLS_CERT ends within 14 days: renew it "
	    "and send webhookd a SIGHUP" },
	[ALARM_DESCRIPTORS] = { "descriptors webhookd",
	    "webhookd has no descriptor left and takes no connection: raise "
	    "the limit of open files" },
	[ALARM_MAP] = { "map webhookd",
	    "the state of webhookd is all but full: set a larger "
	    "STATE_MAP_SIZE for all stages and restart them" },
	[ALARM_READER] = { "reader webhookd",
	    "a program has read the state of webhookd for more than 5 minutes "
	    "without an end, so the file grows" },
};

void
alarms_init(struct alarms *a)
{
	for (int i = 0; i < ALARMS; i++) {
		a->of[i].open = 0;
		a->of[i].changed = 1;
	}
}

int
alarms_set(struct alarms *a, enum alarm_name name, int open)
{
	if (a->of[name].open == open)
		return 0;
	a->of[name].open = open;
	a->of[name].changed = 1;
	return 1;
}

int
alarms_changed(const struct alarms *a)
{
	for (int i = 0; i < ALARMS; i++)
		if (a->of[i].changed)
			return 1;
	return 0;
}

int
alarms_put(const struct alarms *a, struct store_txn *t, int64_t now_ms)
{
	for (int i = 0; i < ALARMS; i++)
		if (a->of[i].changed &&
		    alarm_put(t, table[i].name, a->of[i].open, table[i].text,
			now_ms) == -1)
			return -1;
	return 0;
}

void
alarms_written(struct alarms *a)
{
	for (int i = 0; i < ALARMS; i++)
		a->of[i].changed = 0;
}

const char *
alarms_text(enum alarm_name name)
{
	return table[name].text;
}
