#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/service.h"
#include "common/settings.h"
#include "common/utf8.h"
#include "webhookd/api_internal.h"
#include "webhookd/server.h"

#define ALARMS_MAX (256u << 10) /* bytes of them in one answer */

static const char *const state_names[] = {
	[STAGE_ABSENT] = "absent",
	[STAGE_ENDED] = "ended",
	[STAGE_RUNNING] = "running",
	[STAGE_DOWN] = "down",
	[STAGE_UNREADABLE] = "unreadable",
};

struct reading {
	struct api *a;
	struct view *v;
	enum state_of which;
	size_t rows;
};

static void
put_alarm(struct buf *b, const char *stage, const char *name,
    const struct json *since, const char *text)
{
	json_open_object(b, NULL);
	json_put_string(b, "stage", stage);
	json_put_string(b, "alarm", name);
	if (json_string(since) != NULL)
		json_put(b, "since", since);
	json_put_string(b, "text", text);
	json_close_object(b);
}

/* What notifier says of services is looked up where it looks it up. */
static int
is_of_service(enum state_of which, const char *name)
{
	if (which != STATE_NOTIFIER || name == NULL)
		return 0;
	for (int i = 0; i < SERVICE_TROUBLES; i++) {
		const char *alarm = service_alarm((enum service_trouble)i);

		if (strncmp(name, alarm, strlen(alarm)) == 0)
			return 1;
	}
	return 0;
}

/* A row that cannot be read may be an open one. */
static int
take_alarm(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct reading *d = arg;
	const struct json *row = api_row(d->a, val, vlen);
	const char *name = json_string(json_get(row, "alarm"));
	const char *text = json_string(json_get(row, "text"));
	int open = 1;

	(void)key;
	(void)klen;
	if (json_bool(json_get(row, "open"), &open) == 0 && !open)
		return 0;
	if (is_of_service(d->which, name))
		return 0;
	d->v->stages[d->which].alarms++;
	put_alarm(&d->v->alarms, states_name(d->which),
	    name != NULL ? name : "unknown", json_get(row, "since"),
	    text != NULL ? text : "a row of this stage's alarms is damaged");
	return ++d->rows == API_ROWS_MAX;
}

static int64_t
get_count(const struct json *row, const char *key)
{
	int64_t n = 0;

	(void)json_int(json_get(row, key), 0, INT64_MAX, &n);
	return n;
}

static void
take_health(struct stage_view *s, const struct json *row, int owned)
{
	int ended = 0;

	s->health = 1;
	s->pid = get_count(row, "pid");
	s->lines = get_count(row, "lines");
	s->skipped = get_count(row, "skipped");
	s->out = get_count(row, "out");
	(void)json_time(json_get(row, "start"), &s->start_ms);
	(void)json_time(json_get(row, "last_line"), &s->last_line_ms);
	(void)json_bool(json_get(row, "ended"), &ended);
	s->state = owned ? STAGE_RUNNING : ended ? STAGE_ENDED : STAGE_DOWN;
}

static enum store_error
read_health(struct api *a, struct stage_view *s, enum state_of which,
    struct store_txn *t)
{
	int owned = states_owned(a->states, which);
	const char *name = states_name(which), *val;
	const struct json *row;
	struct store_key key;
	enum store_error e;
	size_t len;

	s->state = owned ? STAGE_RUNNING : STAGE_ABSENT;
	store_key_init(&key);
	store_key_str(&key, name);
	e = store_get(t, "health", key.p, key.len, &val, &len);
	if (e != STORE_OK)
		return e == STORE_NOTFOUND ? STORE_OK : e;
	row = api_row(a, val, len);
	if (row == NULL)
		return states_damaged(a->states, which, "health");
	take_health(s, row, owned);
	return STORE_OK;
}

static void
read_stage(struct api *a, struct view *v, enum state_of which)
{
	struct reading d = { .a = a, .v = v, .which = which };
	struct stage_view *s = &v->stages[which];
	struct store_txn *t;
	enum store_error e;

	e = states_begin(a->states, which, &t);
	if (e == STORE_OK) {
		e = read_health(a, s, which, t);
		if (e == STORE_OK)
			e = store_scan(t, "alarms", NULL, 0, take_alarm, &d);
		states_end(a->states, which, t, e);
	}
	if (e != STORE_OK && e != STORE_NOTFOUND)
		s->state = STAGE_UNREADABLE;
	else if (which == STATE_WEBHOOKD)
		s->state = STAGE_RUNNING; /* whose row may not be there yet */
}

static void
read_heartbeat(struct api *a, struct view *v)
{
	int64_t max = setting_ms(a->o.settings, STATE_MAX_AGE);
	const struct json *row;
	struct store_key key;
	const char *text;

	store_key_init(&key);
	store_key_str(&key, setting_str(a->o.settings, ACCOUNT));
	store_key_str(&key, "heartbeat");
	store_key_str(&key, "");
	store_key_str(&key, "");
	if (api_get(a, STATE_DIFFER, "account", &key, &row) != STORE_OK ||
	    json_time(json_get(row, "time"), &v->heartbeat_ms) == -1 ||
	    json_bool(json_get(row, "ok"), &v->heartbeat_ok) == -1)
		return;
	v->heartbeat = 1;
	text = json_string(json_get(row, "error"));
	(void)snprintf(v->heartbeat_error, sizeof(v->heartbeat_error), "%s",
	    text != NULL ? text : "");
	/* One from the future says as little as one of long ago. */
	v->bybit = v->heartbeat_ok && llabs(v->now_ms - v->heartbeat_ms) <= max;
}

/* A service that was taken down may have ended in order the time before. */
static void
read_service(struct api *a, struct view *v, const char *stage)
{
	char text[SERVICE_TEXT_SIZE];

	for (int i = 0; i < SERVICE_TROUBLES; i++) {
		enum service_trouble which = (enum service_trouble)i;

		if (!service_trouble(a->o.dir, stage, which, v->now_ms, text))
			continue;
		put_alarm(&v->alarms, stage, service_alarm(which), NULL, text);
		v->healthy = 0;
		for (int j = 0; j < STATES; j++) {
			struct stage_view *s = &v->stages[j];

			if (strcmp(states_name((enum state_of)j), stage) != 0)
				continue;
			s->alarms++;
			if (which == SERVICE_DOWN && s->state == STAGE_ENDED)
				s->state = STAGE_DOWN;
		}
	}
}

void
view_read(struct api *a, struct view *v)
{
	const char *stage;

	memset(v, 0, sizeof(*v));
	buf_init(&v->alarms, ALARMS_MAX);
	v->now_ms = clock_wall_ms();
	read_heartbeat(a, v);
	v->halted = halt_get(a->o.dir, &v->halt);
	v->healthy = v->bybit && !v->halted;
	for (int i = 0; i < STATES; i++) {
		struct stage_view *s = &v->stages[i];

		read_stage(a, v, (enum state_of)i);
		if (s->state == STAGE_DOWN || s->state == STAGE_UNREADABLE ||
		    s->alarms > 0)
			v->healthy = 0;
	}
	for (size_t i = 0; (stage = service_stage(i)) != NULL; i++)
		read_service(a, v, stage);
}

void
view_release(struct view *v)
{
	buf_release(&v->alarms);
}

/* What everybody may know. */
static void
put_public(struct api *a, struct buf *b, const struct view *v)
{
	int demo = setting_bool(a->o.settings, BYBIT_DEMO);

	buf_clear(b);
	json_open_object(b, NULL);
	json_put_string(b, "status", v->healthy ? "healthy" : "degraded");
	json_put_bool(b, "bybit", v->bybit);
	json_put_time(b, "timestamp", v->now_ms);
	json_put_bool(
	    b, "testnet", !demo && setting_bool(a->o.settings, BYBIT_TESTNET));
	if (demo)
		json_put_bool(b, "demo", 1);
}

static void
put_stage(struct api *a, struct buf *b, enum state_of which,
    const struct stage_view *s)
{
	json_open_object(b, NULL);
	json_put_string(b, "stage", states_name(which));
	json_put_string(b, "state", state_names[s->state]);
	if (s->state == STAGE_UNREADABLE)
		json_put_string(b, "error", states_error(a->states, which));
	if (s->health) {
		json_put_int(b, "pid", s->pid);
		json_put_time(b, "start", s->start_ms);
		if (s->last_line_ms != 0)
			json_put_time(b, "last_line", s->last_line_ms);
		json_put_int(b, "lines", s->lines);
		json_put_int(b, "skipped", s->skipped);
		json_put_int(b, "out", s->out);
	}
	json_close_object(b);
}

/* Of a text that was cut somewhere: its whole characters. */
static void
put_whole(struct buf *b, const char *key, const char *s)
{
	size_t len = strlen(s), n = 0, step;

	for (; n < len; n += step) {
		step = utf8_len(s + n, len - n);
		if (step == 0)
			break;
	}
	if (n > 0)
		json_put_mem(b, key, s, n);
}

static void
put_halt(struct buf *b, const struct view *v)
{
	json_put_bool(b, "halted", v->halted);
	if (!v->halted)
		return;
	json_open_object(b, "halt");
	if (v->halt.time_ms != 0)
		json_put_time(b, "time", v->halt.time_ms);
	put_whole(b, "who", v->halt.who);
	put_whole(b, "why", v->halt.why);
	json_close_object(b);
}

static void
put_private(struct api *a, struct buf *b, const struct view *v)
{
	struct api_counts c = { 0 };

	a->o.counts(a->o.arg, &c);
	json_put_string(b, "account", setting_str(a->o.settings, ACCOUNT));
	json_put_bool(b, "dry_run", setting_bool(a->o.settings, DRY_RUN));
	put_halt(b, v);
	if (v->heartbeat) {
		json_open_object(b, "heartbeat");
		json_put_time(b, "time", v->heartbeat_ms);
		json_put_bool(b, "ok", v->heartbeat_ok);
		put_whole(b, "error", v->heartbeat_error);
		json_close_object(b);
	}
	json_put_bool(b, "risker_connected", c.risker);
	json_put_int(b, "waiting", (int64_t)c.waiting);
	json_open_array(b, "stages");
	for (int i = 0; i < STATES; i++)
		put_stage(a, b, (enum state_of)i, &v->stages[i]);
	json_close_array(b);
	json_open_array(b, "alarms");
	buf_put(b, v->alarms.p, v->alarms.len);
	json_close_array(b);
}

static void
answer(struct api *a, struct request *r, int all)
{
	struct buf *b = &a->out;
	struct view v;

	view_read(a, &v);
	put_public(a, b, &v);
	if (all)
		put_private(a, b, &v);
	json_close_object(b);
	buf_putc(b, '\n');
	if (buf_failed(b) || buf_failed(&v.alarms))
		request_refuse(r, 503, "Out of memory");
	else
		request_reply(
		    r, v.healthy ? 200 : 503, "application/json", b->p, b->len);
	view_release(&v);
}

void
status_get(struct api *a, struct request *r, const char *part)
{
	(void)part;
	answer(a, r, 1);
}

void
api_status(struct api *a, struct request *r)
{
	answer(a, r, 0);
}
