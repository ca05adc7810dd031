/*
 * Alarms on ways that are down.  They are in the state, so that an outage goes
 * on over a restart: with one message that is tried, and not with all of them.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/stage.h"
#include "notifier/flight.h"
#include "notifier/rows.h"

#define ALARM_PREFIX "unreachable "
#define ALARM_MS 10000	   /* shorter outages are nobody's business */
#define FORGET_MS 86400000 /* without a try: nobody has it for an address */

struct loading {
	struct notifier *n;
	struct moment now;
	enum store_error error;
};

static int
load_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct loading *l = arg;
	const struct json *row;
	const char *name;
	struct way *v;
	int open = 0;

	if (klen < strlen(ALARM_PREFIX) ||
	    memcmp(key, ALARM_PREFIX, strlen(ALARM_PREFIX)) != 0)
		return 1;
	l->error = row_parse(&l->n->rows.row, "alarms", val, vlen, &row);
	if (l->error != STORE_OK)
		return 1;
	name = json_string(json_get(row, "alarm"));
	if (name == NULL || json_bool(json_get(row, "open"), &open) == -1 ||
	    !open || strncmp(name, ALARM_PREFIX, strlen(ALARM_PREFIX)) != 0)
		return 0;
	v = way_named(&l->n->ways, name + strlen(ALARM_PREFIX));
	v->alarmed = v->down = 1;
	v->down_ms = v->probe_ms = v->tried_ms = l->now.mono_ms;
	return 0;
}

enum store_error
outages_load(struct notifier *n, struct store_txn *t, struct moment now)
{
	struct loading l = { n, now, STORE_OK };
	enum store_error e;

	e = store_scan(
	    t, "alarms", ALARM_PREFIX, strlen(ALARM_PREFIX), load_row, &l);
	return e == STORE_OK ? l.error : e;
}

static int
is_idle(const struct way *v, struct moment now)
{
	return v->nwaiting + v->called + v->flying == 0 &&
	    now.mono_ms - v->tried_ms > FORGET_MS;
}

/* Whether there is an alarm to be opened or closed. */
static int
is_news(const struct way *v, struct moment now)
{
	if (v->alarmed)
		return !v->down;
	return v->down && now.mono_ms - v->down_ms >= ALARM_MS;
}

static enum store_error
put_alarm(struct notifier *n, struct store_txn *t, const struct way *v,
    struct moment now)
{
	char name[sizeof(ALARM_PREFIX) + WAY_KEY_SIZE], text[768];
	char since[TIME_TEXT_MAX];
	int open = !v->alarmed;

	(void)snprintf(name, sizeof(name), ALARM_PREFIX "%s", v->key);
	if (open)
		(void)snprintf(text, sizeof(text),
		    "nothing has got through to %s since %s; its messages wait, "
		    "and one is tried now and then: %s",
		    v->key,
		    time_format(
			since, now.wall_ms - (now.mono_ms - v->down_ms)),
		    v->reason);
	else
		(void)snprintf(text, sizeof(text),
		    "messages get through to %s, or nobody is told over it any "
		    "more",
		    v->key);
	n->o.log(open ? LOG_ERROR : LOG_INFO, text,
	    LOG_FIELDS(LOG_STR("alarm", name)));
	return alarm_put(t, name, open, text, now.wall_ms) == -1 ? STORE_FAIL
								 : STORE_OK;
}

static enum store_error
write_alarms(struct notifier *n, struct moment now)
{
	struct store_txn *t;
	enum store_error e;
	struct way *v;

	e = store_begin(n->o.store, 1, &t);
	if (e != STORE_OK)
		return e;
	TAILQ_FOREACH (v, &n->ways.list, list)
		if (e == STORE_OK && is_news(v, now))
			e = put_alarm(n, t, v, now);
	if (e != STORE_OK) {
		store_abort(t);
		return e;
	}
	e = store_commit(t);
	TAILQ_FOREACH (v, &n->ways.list, list)
		if (e == STORE_OK && is_news(v, now))
			v->alarmed = !v->alarmed;
	return e;
}

enum store_error
notifier_tick(struct notifier *n, struct moment now)
{
	enum store_error e = STORE_OK;
	struct way *v, *next;
	int news = 0;

	for (v = TAILQ_FIRST(&n->ways.list); v != NULL; v = next) {
		next = TAILQ_NEXT(v, list);
		if (is_idle(v, now))
			v->down = 0;
		news |= is_news(v, now);
		if (is_idle(v, now))
			way_up(&n->ways, v);
	}
	if (news)
		e = write_alarms(n, now);
	return e == STORE_OK ? e : notifier_fail(n, e);
}
