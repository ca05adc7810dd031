#include "trader/trader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "trader/internal.h"

#define ROW_MAX (1u << 20)
#define HALT_LOOK_MS 1000
#define ACTIVE_MS 10 /* between turns while an order is under way */
#define IDLE_MS 1000
#define LOST_ALARM_MS 3600000

struct trader *
trader_new(const struct trader_opts *opts, const struct trader_io *io)
{
	struct trader *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->opts = *opts;
	t->io = *io;
	buf_init(&t->said, 64u << 20);
	t->caps.sent = calloc((size_t)opts->max_minute + 1, sizeof(int64_t));
	if (t->caps.sent == NULL) {
		free(t);
		errno = ENOMEM;
		return NULL;
	}
	return t;
}

void
trader_free(struct trader *t)
{
	struct order *o;
	struct slot *s;
	struct alarm *a;

	if (t == NULL)
		return;
	while ((o = t->orders) != NULL) {
		t->orders = o->next;
		order_free(o);
	}
	while ((s = t->slots) != NULL) {
		t->slots = s->next;
		free(s);
	}
	while ((a = t->alarms) != NULL) {
		t->alarms = a->next;
		free(a);
	}
	free(t->caps.sent);
	buf_release(&t->said);
	free(t);
}

void
trader_time(struct trader *t, int64_t wall_ms, int64_t mono_ms)
{
	t->wall_ms = wall_ms;
	t->mono_ms = mono_ms;
	if (t->start_mono != 0)
		return;
	t->start_mono = mono_ms;
	/* The mode of each symbol, before the first alert. */
	for (size_t i = 0; t->opts.symbols[i] != NULL; i++) {
		struct slot *s = slot_of(t, t->opts.symbols[i]);

		if (s != NULL)
			(void)slot_read(s, mono_ms);
	}
}

void
trader_note(struct trader *t, enum log_level level, const char *msg,
    const struct order *o, const char *why)
{
	const struct log_field fields[] = {
		LOG_STR("order_link_id", o->link),
		LOG_STR("symbol", o->symbol),
		LOG_STR("action", o->action),
		LOG_STR("state", order_state_name(o->state)),
		LOG_STR("qty", o->qty),
		LOG_STR("reason", why),
	};

	t->io.note(t->io.arg, level, msg, fields,
	    why[0] != '\0'	    ? 6
		: o->qty[0] != '\0' ? 5
				    : 4);
}

/* The alarm of that name, made where there is none; NULL without memory. */
static struct alarm *
alarm_named(struct trader *t, const char *name, int make)
{
	struct alarm *a;

	for (a = t->alarms; a != NULL; a = a->next)
		if (strcmp(a->name, name) == 0)
			return a;
	if (!make)
		return NULL;
	a = calloc(1, sizeof(*a));
	if (a == NULL) {
		t->starved = 1;
		return NULL;
	}
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	a->next = t->alarms;
	t->alarms = a;
	return a;
}

void
trader_alarm(struct trader *t, int open, const char *name, const char *text)
{
	struct alarm *a = alarm_named(t, name, open);

	if (a == NULL || a->open == open)
		return;
	a->open = open;
	a->fresh = 1;
	if (open)
		(void)snprintf(a->text, sizeof(a->text), "%s", text);
	/* Where nobody sends alarms on, the log is where one is seen. */
	t->io.note(t->io.arg, open ? LOG_ERROR : LOG_INFO,
	    open ? a->text : "an alarm is over",
	    LOG_FIELDS(LOG_STR("alarm", name)));
}

void
trader_halt(struct trader *t, const char *why)
{
	if (t->io.halt(t->io.arg, why) == -1)
		(void)snprintf(t->must_halt, sizeof(t->must_halt), "%s", why);
	t->halt_mono = 0;
}

int
trader_halted(const struct trader *t, char *why, size_t size)
{
	if (t->must_halt[0] == '\0')
		return t->io.halted(t->io.arg, why, size);
	(void)snprintf(why, size, "%s", t->must_halt);
	return 1;
}

/* In the order of the decisions, which the scan does not keep. */
void
trader_append(struct trader *t, struct order *o)
{
	struct order **at = &t->orders;

	while (*at != NULL && (*at)->time_ms <= o->time_ms)
		at = &(*at)->next;
	o->next = *at;
	*at = o;
}

int64_t
trader_back_off(int64_t first_ms, int64_t max_ms, int tried)
{
	int64_t wait = first_ms;

	for (int i = 0; i < tried && wait < max_ms; i++)
		wait *= 2;
	return wait < max_ms ? wait : max_ms;
}

int
trader_only_says(const struct order *o)
{
	return o->test || o->t->opts.dry_run;
}

/*
 * Whether an entry was in vain: refused, not filled, or closed by us for want
 * of a stop (F14).
 */
static void
count_end(const struct order *o, enum order_state state)
{
	struct trader *t = o->t;
	int closed = state == ORDER_CLOSED;

	if (o->sends == 0 || o->state == ORDER_PROTECTED)
		return;
	if (closed && (!o->undone || o->doomed)) {
		caps_filled(t);
		return;
	}
	if (!closed && state != ORDER_REJECTED && state != ORDER_FAILED)
		return;
	/* The halt is made before the count that asks for it. */
	if (t->caps.rejects + 1 == t->opts.max_rejects)
		trader_halt(t,
		    "refused entries in a row reached "
		    "MAX_CONSECUTIVE_REJECTS");
	caps_rejected(t);
}

void
trader_finish(struct order *o, enum order_state state)
{
	struct trader *t = o->t;
	char name[96];

	if (o->kind == ORDER_ENTRY)
		count_end(o, state);
	o->state = state;
	o->step = STEP_DONE;
	o->fresh = 1;
	(void)snprintf(name, sizeof(name), "unknown %s", o->link);
	trader_alarm(t, 0, name, "");
	if (o->kind == ORDER_ENTRY && o->position_idx != -1)
		protect_alarms_off(o);
	trader_note(t, LOG_INFO, "order is final", o, o->reason);
	answer(o);
}

/* The result of an order that is final and forgotten: from its row. */
static int
say_again(struct trader *t, const char *id)
{
	const struct json *v = NULL, *result;
	struct json_doc *doc = NULL;
	struct buf row;
	int known;

	buf_init(&row, ROW_MAX);
	known = t->io.find(t->io.arg, id, &row);
	/* Not for an order that is new and has to go out. */
	if (known == 1) {
		doc = json_new();
		if (buf_cstr(&row) != NULL)
			v = json_parse(doc, row.p, row.len);
	}
	result = v != NULL ? json_get(v, "result") : NULL;
	if (result != NULL) {
		json_put(&t->said, NULL, result);
		buf_putc(&t->said, '\n');
	}
	buf_release(&row);
	json_free(doc);
	return known;
}

/* An order of that alert is in memory: its result is said, once it has one. */
static int
again(struct trader *t, const char *id, int look_only)
{
	int n = 0;

	for (struct order *o = t->orders; o != NULL; o = o->next) {
		if (o->kind == ORDER_PROTECTIVE || strcmp(o->id, id) != 0)
			continue;
		if (!look_only)
			o->look_only = 0;
		o->unsaid |= o->result != NULL;
		n++;
	}
	return n > 0;
}

enum trader_taken
trader_order_line(struct trader *t, char *text, size_t len, int perhaps,
    int look_only, char *why, size_t size)
{
	struct json_doc *doc = json_new();
	struct order *o = order_new(t);
	int bad;
	enum trader_taken rc = TRADER_REFUSED;
	const struct json *line;

	(void)snprintf(why, size, "%s", strerror(ENOMEM));
	if (o == NULL) {
		t->starved = 1;
		goto out;
	}
	line = json_parse(doc, text, len);
	if (line == NULL) {
		(void)snprintf(why, size, "%s", json_error(doc));
		goto out;
	}
	bad = order_from_line(o, line, why, size) == -1;
	if (strlen(o->id) != ALERT_ID_LEN)
		goto out;
	if (again(t, o->id, look_only)) {
		rc = TRADER_KNOWN;
		goto out;
	}
	switch (say_again(t, o->id)) {
	case 0:
		break;
	case 1:
		rc = TRADER_KNOWN;
		goto out;
	default:
		(void)snprintf(why, size, "the state cannot be read");
		rc = TRADER_UNREAD;
		goto out;
	}
	if (bad) {
		/* It is a decision all the same: it gets an end. */
		o->kind = ORDER_ENTRY;
		(void)snprintf(o->reason, sizeof(o->reason), "%s", why);
		order_link(o);
		trader_append(t, o);
		trader_finish(o, ORDER_REJECTED);
		o = NULL;
		rc = TRADER_TAKEN;
		goto out;
	}
	o->perhaps = o->maybe = perhaps;
	o->look_only = look_only;
	o->need_mono = t->mono_ms;
	o->send_mono = t->start_mono;
	trader_append(t, o);
	o->say_taken = 1;
	o = NULL;
	rc = TRADER_TAKEN;
out:
	order_free(o);
	json_free(doc);
	return rc;
}

static void
look_at_halt(struct trader *t)
{
	char why[320], text[400];
	int halted;

	if (t->mono_ms < t->halt_mono)
		return;
	t->halt_mono = t->mono_ms + HALT_LOOK_MS;
	if (t->must_halt[0] != '\0' &&
	    t->io.halt(t->io.arg, t->must_halt) != -1)
		t->must_halt[0] = '\0';
	halted = trader_halted(t, why, sizeof(why));
	if (halted) {
		(void)snprintf(text, sizeof(text),
		    "trading is halted: %s; closing and protecting go on", why);
		trader_alarm(t, 1, "halted", text);
	} else {
		trader_alarm(t, 0, "halted", "");
		/* An operator has resumed: the count begins again. */
		if (t->caps.rejects >= t->opts.max_rejects)
			caps_filled(t);
	}
	t->halted = halted;
}

static void
flatten(struct trader *t)
{
	for (struct order *o = t->orders; o != NULL; o = o->next) {
		if (o->kind != ORDER_ENTRY || order_final(o) || o->doomed)
			continue;
		o->doomed = o->fresh = 1;
		o->need_mono = t->mono_ms;
	}
}

/* When there is something to do for an order, but for a reply. */
static int64_t
order_moment(const struct order *o)
{
	int64_t now = o->t->mono_ms;
	int64_t at = o->need_mono > o->next_mono ? o->need_mono : o->next_mono;

	if (o->step == STEP_GUARD && o->bare_mono == 0)
		return o->need_mono;
	return at > now && at < now + ACTIVE_MS ? at : now + ACTIVE_MS;
}

/* When there is something to do next. */
static int64_t
next_moment(const struct trader *t)
{
	int64_t next = t->mono_ms + IDLE_MS, at;

	for (const struct order *o = t->orders; o != NULL; o = o->next) {
		at = order_moment(o);
		if (at < next)
			next = at;
	}
	for (const struct slot *s = t->slots; s != NULL; s = s->next)
		if (s->want_mono != 0 && s->begun_mono == 0 &&
		    s->next_mono < next)
			next = s->next_mono;
	return next > t->mono_ms ? next : t->mono_ms + ACTIVE_MS;
}

int64_t
trader_clock_off(const struct trader *t)
{
	int64_t off = t->wall_ms - t->io.bybit_now_ms(t->io.arg);

	return off > SKEW_MAX_MS || off < -SKEW_MAX_MS ? off : 0;
}

/* Entries are refused while it is so (F20, F56). */
static void
look_at_clock(struct trader *t)
{
	int64_t off = trader_clock_off(t);
	char text[200], here[TIME_TEXT_MAX], there[TIME_TEXT_MAX];

	(void)snprintf(text, sizeof(text),
	    "the clock of this machine says %s, Bybit's %s: set it (NTP); no "
	    "entry is sent until then",
	    time_format(here, t->wall_ms),
	    time_format(there, t->io.bybit_now_ms(t->io.arg)));
	trader_alarm(t, off != 0, "clock", text);
}

/* Everybody knows after an hour, and nothing is left to be found out. */
static void
look_at_state(struct trader *t)
{
	char text[256];

	if (t->orphans == 0)
		return;
	(void)snprintf(text, sizeof(text),
	    "the state of trader is new while risker holds %" PRId64
	    " orders for open: it was lost, or trader was never started; Bybit "
	    "is asked for each before it is sent, and the caps begin "
	    "anew: compare positions and orders at Bybit with trader/orders",
	    t->orphans);
	trader_alarm(
	    t, t->wall_ms - t->began_ms < LOST_ALARM_MS, "state_lost", text);
}

int64_t
trader_advance(struct trader *t)
{
	look_at_clock(t);
	look_at_state(t);
	look_at_halt(t);
	account_advance(t);
	foreign_advance(t);
	if (t->flatten)
		flatten(t);
	for (struct order *o = t->orders; o != NULL; o = o->next) {
		if (o->perhaps && t->hold)
			continue;
		if (o->kind == ORDER_ENTRY)
			entry_advance(o);
		else
			close_advance(o);
	}
	for (struct slot *s = t->slots; s != NULL; s = s->next)
		slot_advance(s);
	return next_moment(t);
}

void
trader_blocked(struct trader *t, int blocked)
{
	t->blocked = blocked;
}

void
trader_stop(struct trader *t)
{
	t->stopping = 1;
}

int
trader_idle(const struct trader *t)
{
	for (const struct order *o = t->orders; o != NULL; o = o->next) {
		if (o->step == STEP_DONE)
			continue;
		if (o->bare_mono != 0 || o->kind == ORDER_PROTECTIVE ||
		    (o->step != STEP_GUARD && o->step != STEP_WAIT))
			return 0;
	}
	return 1;
}

int
trader_drained(const struct trader *t)
{
	for (const struct order *o = t->orders; o != NULL; o = o->next)
		if (o->step != STEP_GUARD && o->step != STEP_DONE &&
		    !o->look_only)
			return 0;
	return 1;
}

void
trader_flatten(struct trader *t, int on)
{
	t->flatten = on;
}

int
trader_knows(const struct trader *t, const char *id)
{
	struct buf row;
	int known;

	for (const struct order *o = t->orders; o != NULL; o = o->next)
		if (o->kind != ORDER_PROTECTIVE && strcmp(o->id, id) == 0)
			return 1;
	buf_init(&row, ROW_MAX);
	known = t->io.find(t->io.arg, id, &row);
	buf_release(&row);
	return known;
}

void
trader_close_alarm(struct trader *t, const char *name)
{
	struct alarm *a = alarm_named(t, name, 1);

	if (a == NULL)
		return;
	a->fresh = 1;
	/* What was given up is not tried again: it would never show. */
	a->open = strncmp(name, "unclosed ", 9) == 0;
	if (a->open)
		(void)slot_of(t, name + 9); /* it is looked at */
	(void)snprintf(a->text, sizeof(a->text), "%s",
	    a->open
		? "the position is still open, though an alert asked to close it"
		: "left open by an earlier run of trader");
}

void
trader_store_alarms(struct trader *t, int full, int read_long)
{
	trader_alarm(t, full, "map trader",
	    "the state of trader fills up: set a larger STATE_MAP_SIZE for "
	    "all stages and restart them");
	trader_alarm(t, read_long, "reader trader",
	    "a program has read the state of trader for more than 5 minutes "
	    "without an end, so the file grows");
}

void
trader_began(struct trader *t, int64_t wall_ms, int64_t orders)
{
	t->began_ms = wall_ms;
	t->orphans = orders;
}

void
trader_unread_alarm(struct trader *t, int open)
{
	trader_alarm(t, open, "decisions",
	    "risker's decisions, or trader's own orders, cannot all be read: "
	    "what cannot is not traded; see trader's log, look after the disk, "
	    "or restore the state");
}

void
trader_hold(struct trader *t, int on)
{
	t->hold = on;
}

int
trader_flat(const struct trader *t)
{
	for (const struct order *o = t->orders; o != NULL; o = o->next)
		if (!o->look_only || o->perhaps || o->state != ORDER_NEW)
			return 0;
	return 1;
}

const char *
trader_fatal(const struct trader *t)
{
	return t->fatal[0] != '\0' ? t->fatal : NULL;
}

int
trader_starved(const struct trader *t)
{
	return t->starved || buf_failed(&t->said) != 0;
}

size_t
trader_live(const struct trader *t)
{
	size_t n = 0;

	for (const struct order *o = t->orders; o != NULL; o = o->next)
		n += !order_final(o);
	return n;
}
