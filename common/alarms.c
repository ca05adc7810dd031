#include "common/alarms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/stage.h"
#include "common/store.h"

static struct alarm *
find(struct alarms *a, const char *name)
{
	struct alarm *v;

	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->list[i].name, name) == 0)
			return &a->list[i];
	a->list = must_have(realloc(a->list, (a->n + 1) * sizeof(a->list[0])));
	v = &a->list[a->n++];
	memset(v, 0, sizeof(*v));
	(void)snprintf(v->name, sizeof(v->name), "%s", name);
	v->changed = 1;
	return v;
}

void
alarms_set(struct alarms *a, const char *name, int open, const char *text)
{
	struct alarm *v = find(a, name);

	v->set_ms = clock_mono_ms();
	if (text != NULL)
		(void)snprintf(v->text, sizeof(v->text), "%s", text);
	if (v->open == open)
		return;
	v->open = open;
	v->changed = 1;
	log_line(open ? LOG_ERROR : LOG_INFO,
	    open ? v->text : "an alarm is over",
	    LOG_FIELDS(LOG_STR("alarm", name)));
}

static void
set_of(struct alarms *a, const char *kind, const char *stage, int open,
    const char *text)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s %s", kind, stage);
	alarms_set(a, name, open, text);
}

void
alarms_map(struct alarms *a, const char *stage, int open)
{
	char text[160];

	(void)snprintf(text, sizeof(text),
	    "the state of %s fills up: set a larger STATE_MAP_SIZE for all "
	    "stages and restart them, or make room on its disk",
	    stage);
	set_of(a, "map", stage, open, text);
}

void
alarms_look(struct alarms *a, struct store *s, const char *stage)
{
	char text[160];
	int percent = 0;

	store_tick(s, &percent);
	alarms_map(a, stage, percent >= MAP_ALARM_PERCENT);
	(void)snprintf(text, sizeof(text),
	    "a program has read the state of %s for more than %d minutes "
	    "without an end, so the file grows",
	    stage, READER_ALARM_MS / 60000);
	set_of(a, "reader", stage, store_reader_age_ms(s) >= READER_ALARM_MS,
	    text);
}

int
alarms_changed(const struct alarms *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].changed)
			return 1;
	return 0;
}

int
alarms_put(const struct alarms *a, struct store_txn *t, int64_t now_ms)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct alarm *v = &a->list[i];

		if (v->changed &&
		    alarm_put(t, v->name, v->open, v->text, now_ms) == -1)
			return -1;
	}
	return 0;
}

void
alarms_written(struct alarms *a)
{
	for (size_t i = 0; i < a->n; i++)
		a->list[i].changed = 0;
}

void
alarms_release(struct alarms *a)
{
	free(a->list);
	*a = (struct alarms){ NULL, 0 };
}
