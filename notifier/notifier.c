#include "notifier/notifier.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/killpoint.h"
#include "common/limits.h"
#include "notifier/flight.h"
#include "notifier/ledger.h"

#define PIECE 128 /* subscribers that are held in memory at a time */
#define TAKEN_MAX 4096

void
batch_init(struct batch *b)
{
	memset(b, 0, sizeof(*b));
	buf_init(&b->text, SIZE_MAX / 2);
}

void
batch_release(struct batch *b)
{
	buf_release(&b->text);
	free(b->line);
	batch_init(b);
}

void
batch_clear(struct batch *b)
{
	buf_clear(&b->text);
	b->n = 0;
}

void
batch_add(struct batch *b, const char *line, size_t len, uint64_t seq,
    const char *from)
{
	struct batch_line *l;

	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 64 : b->cap * 2;
		b->line = must_have(realloc(b->line, b->cap * sizeof(*l)));
	}
	l = &b->line[b->n++];
	l->at = b->text.len;
	l->len = len;
	l->seq = seq;
	(void)snprintf(l->from, sizeof(l->from), "%s", from);
	buf_put(&b->text, line, len);
	buf_putc(&b->text, '\n'); /* the byte that json_parse overwrites */
}

enum store_error
notifier_fail(struct notifier *n, enum store_error e)
{
	const char *why = store_errstr(n->o.store);

	if (e == STORE_BAD && n->rows.row.error[0] != '\0')
		why = n->rows.row.error;
	else if (e == STORE_BAD && n->roll.error[0] != '\0')
		why = n->roll.error;
	(void)snprintf(n->error, sizeof(n->error), "%.310s", why);
	n->rows.row.error[0] = n->roll.error[0] = '\0';
	return e;
}

const char *
notifier_error(const struct notifier *n)
{
	return n->error;
}

/* One lane for each subscriber that has something pending. */
static enum store_error
load(struct notifier *n, struct moment now)
{
	char id[ID_SIZE] = "";
	struct journal j = { .name = "" };
	struct store_txn *t;
	enum store_error e;
	uint64_t order;

	e = store_begin(n->o.store, 0, &t);
	if (e != STORE_OK)
		return notifier_fail(n, e);
	e = journal_newest(&n->rows, t, &j, &order);
	if (e == STORE_OK)
		memcpy(n->journal, j.name, sizeof(n->journal));
	if (e == STORE_OK || e == STORE_NOTFOUND)
		e = outages_load(n, t, now);
	while (e == STORE_OK) {
		e = pending_next(t, id, id);
		if (e == STORE_OK)
			queue_add(&n->queue, id, now.mono_ms, 1);
	}
	store_abort(t);
	return e == STORE_NOTFOUND ? STORE_OK : notifier_fail(n, e);
}

struct notifier *
notifier_new(
    const struct notifier_opts *o, struct moment now, char *err, size_t size)
{
	struct notifier *n = must_have(calloc(1, sizeof(*n)));
	enum store_error e;

	n->o = *o;
	n->settle_ms = INT64_MAX;
	queue_init(&n->queue);
	ways_init(&n->ways, now.mono_ms);
	buf_init(&n->out, SIZE_MAX / 2);
	buf_init(&n->woken, SIZE_MAX / 2);
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		buf_init(&n->flights[i].text, LINE_SIZE_MAX);
		buf_init(&n->flights[i].line, LINE_SIZE_MAX);
		n->flights[i].notifier = n;
	}
	for (size_t i = 0; i < COMPOSED_MAX; i++) {
		buf_init(&n->composed[i].text, LINE_SIZE_MAX);
		buf_init(&n->composed[i].line, LINE_SIZE_MAX);
	}
	n->doc = json_new();
	row_init(&n->roll);
	rows_init(&n->rows);
	e = load(n, now);
	if (e == STORE_OK)
		return n;
	(void)snprintf(err, size, "%s", n->error);
	notifier_free(n);
	errno = e == STORE_BAD ? EBADMSG : EIO;
	return NULL;
}

void
notifier_free(struct notifier *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		buf_release(&n->flights[i].text);
		buf_release(&n->flights[i].line);
	}
	for (size_t i = 0; i < COMPOSED_MAX; i++) {
		buf_release(&n->composed[i].text);
		buf_release(&n->composed[i].line);
	}
	ways_release(&n->ways);
	queue_release(&n->queue);
	row_release(&n->roll);
	rows_release(&n->rows);
	buf_release(&n->out);
	buf_release(&n->woken);
	json_free(n->doc);
	free(n->taken);
	free(n);
}

/* An event under way through a transaction. */
struct taking {
	struct notifier *n;
	struct store_txn *t;
	struct event event;
	struct journal journal;
	struct moment now;
	uint64_t made; /* deliveries */
};

static enum store_error
add_delivery(struct taking *k, const char *id)
{
	struct delivery d = { .order = k->journal.order,
		.seq = k->event.seq,
		.number = k->event.number,
		.action = k->event.action,
		.free = k->event.test,
		.event_ms = k->event.time_ms,
		.taken_ms = k->now.wall_ms,
		.due_ms = k->now.wall_ms };
	enum store_error e;

	memcpy(d.journal, k->event.journal, sizeof(d.journal));
	(void)snprintf(d.subscriber, sizeof(d.subscriber), "%s", id);
	e = delivery_put(k->t, &d);
	if (e == STORE_OK)
		e = pending_put(k->t, &d);
	if (e == STORE_OK && d.action == ACTION_OPEN)
		e = recipient_put(k->t, &d);
	buf_put(&k->n->woken, id, strlen(id) + 1);
	k->made++;
	return e;
}

/* Who may get an OPEN: with a balance, or, of a test, a tester. */
static int
may_open(const struct event *e, const struct subscriber *s)
{
	return s->active && (e->test ? s->tester : s->balance > 0) &&
	    filter_trade(&s->filter, e->symbol, e->category, e->account);
}

static enum store_error
open_to_all(struct taking *k)
{
	struct subscriber *list = must_have(calloc(PIECE, sizeof(*list)));
	struct reason why = { .why = WHY_OPEN,
		.time_ms = k->now.wall_ms,
		.journal = k->event.journal,
		.trade = k->event.number };
	enum store_error e = STORE_OK;
	char after[ID_SIZE] = "";
	size_t got = PIECE;

	while (e == STORE_OK && got == PIECE) {
		e = roll_list(&k->n->roll, k->t, after, list, PIECE, &got);
		for (size_t i = 0; e == STORE_OK && i < got; i++) {
			struct subscriber *s = &list[i];

			memcpy(after, s->id, sizeof(after));
			if (!may_open(&k->event, s))
				continue;
			e = add_delivery(k, s->id);
			if (e != STORE_OK || k->event.test)
				continue;
			e = ledger_change(k->t, s, -1, &why);
			if (e == STORE_OK)
				e = roll_put(k->t, s);
		}
	}
	free(list);
	return e;
}

/*
 * The rest of a trade: to who got its OPEN, as far as they are still there.
 * Of their filters only that of actions counts by now, as it stands.
 */
static enum store_error
follow_up(struct taking *k)
{
	char(*ids)[ID_SIZE] = must_have(calloc(PIECE, sizeof(*ids)));
	enum store_error e = STORE_OK;
	char after[ID_SIZE] = "";
	struct subscriber s;
	size_t got = PIECE;

	while (e == STORE_OK && got == PIECE) {
		e = recipient_list(k->t, k->event.journal, k->event.number,
		    after, ids, PIECE, &got);
		for (size_t i = 0; e == STORE_OK && i < got; i++) {
			memcpy(after, ids[i], sizeof(after));
			e = roll_get(&k->n->roll, k->t, ids[i], &s);
			if (e == STORE_OK && s.active &&
			    filter_action(
				&s.filter, action_name(k->event.action)))
				e = add_delivery(k, ids[i]);
			else if (e == STORE_NOTFOUND)
				e = STORE_OK;
		}
	}
	free(ids);
	return e;
}

/* Why an event is announced to nobody; NULL where it goes its way. */
static const char *
keep_quiet(const struct taking *k)
{
	if (k->event.action != ACTION_OPEN)
		return NULL;
	if (k->now.wall_ms - k->event.time_ms > k->n->o.open_max_age_ms)
		return "old";
	if (k->event.initial && !k->n->o.initial)
		return "open before tracking began";
	return NULL;
}

/*
 * The text is kept for those that get it; and a CLOSE of a trade with texts
 * always, as it tells that the trade can be forgotten some day.
 */
static enum store_error
keep_message(
    const struct taking *k, uint64_t made, const char *text, size_t len)
{
	const struct event *v = &k->event;
	enum store_error e = STORE_OK;

	if (made == 0 && v->action != ACTION_CLOSE)
		return STORE_OK;
	if (made == 0)
		e = message_any(k->t, v->journal, v->number);
	if (e == STORE_NOTFOUND)
		return STORE_OK;
	if (e != STORE_OK)
		return e;
	return message_put(k->t, v->journal, v->number, v->seq, text, len);
}

/* A journal that was never seen: the first, or differ's state was lost. */
static enum store_error
new_journal(struct taking *k)
{
	struct journal old = { .name = "" };
	enum store_error e;
	uint64_t order = 0;
	char text[256];

	e = journal_newest(&k->n->rows, k->t, &old, &order);
	if (e != STORE_OK && e != STORE_NOTFOUND)
		return e;
	k->journal =
	    (struct journal){ .order = order + 1, .first_ms = k->now.wall_ms };
	memcpy(k->journal.name, k->event.journal, sizeof(k->journal.name));
	if (e == STORE_NOTFOUND)
		return STORE_OK;
	(void)snprintf(text, sizeof(text),
	    "differ's state is another one: journal %s ended at event "
	    "%" PRIu64 ", journal %s begins; trades that were announced "
	    "before get no further message",
	    old.name, old.seq, k->journal.name);
	k->n->o.log(LOG_ERROR, text, NULL, 0);
	if (alarm_put(k->t, "journal_changed", 1, text, k->now.wall_ms) == -1)
		return STORE_FAIL;
	return STORE_OK;
}

static void
note_taken(struct notifier *n, const struct event *e, uint64_t notified,
    const char *why)
{
	if (n->ntaken == n->taken_cap) {
		n->taken_cap = n->taken_cap == 0 ? 64 : n->taken_cap * 2;
		n->taken = must_have(
		    realloc(n->taken, n->taken_cap * sizeof(*n->taken)));
	}
	n->taken[n->ntaken++] = (struct taken){ *e, notified, why };
}

/*
 * Events of a state that were skipped, or are not there: up to the one that is
 * taken now, which is how a start after a kill finds them, too.
 */
static enum store_error
lose_events(struct taking *k)
{
	uint64_t first = k->journal.seq + 1, last = k->event.seq - 1;
	char text[400];

	(void)snprintf(text, sizeof(text),
	    "events %" PRIu64 " to %" PRIu64 " of differ's journal %s are "
	    "missing or cannot be read: nobody is told of them; look in "
	    "differ/signals what became of the trades and tell who follows "
	    "them; any more of these within the hour are in the log alone",
	    first, last, k->event.journal);
	k->n->o.log(LOG_ERROR, text, NULL, 0);
	if (alarm_put(k->t, EVENTS_LOST, 1, text, k->now.wall_ms) == -1)
		return STORE_FAIL;
	return STORE_OK;
}

static enum store_error
take_event(struct taking *k, int whole, const char *text, size_t len)
{
	uint64_t before = k->made;
	enum store_error e;
	const char *why;

	e = journal_get(&k->n->rows, k->t, k->event.journal, &k->journal);
	if (e == STORE_NOTFOUND)
		e = new_journal(k);
	if (e != STORE_OK)
		return e;
	if (k->event.seq <= k->journal.seq)
		return STORE_OK;
	if (whole && k->event.seq != k->journal.seq + 1)
		e = lose_events(k);
	why = keep_quiet(k);
	if (e == STORE_OK && why == NULL)
		e = k->event.action == ACTION_OPEN ? open_to_all(k)
						   : follow_up(k);
	if (e == STORE_OK)
		e = keep_message(k, k->made - before, text, len);
	if (e != STORE_OK)
		return e;
	k->journal.seq = k->event.seq;
	note_taken(k->n, &k->event, k->made - before, why);
	return journal_put(k->t, &k->journal);
}

/* Whether an event of a state is the one that its key says. */
static int
is_itself(const struct event *e, const struct batch *b,
    const struct batch_line *l, char *why, size_t size)
{
	if (l->seq == 0 ||
	    (e->seq == l->seq && strcmp(e->journal, b->journal) == 0))
		return 1;
	(void)snprintf(why, size,
	    "it says that it is event %" PRIu64 " of journal %s", e->seq,
	    e->journal);
	return 0;
}

/* A line of the batch; one that is bad is said so once. */
static enum store_error
take_line(struct taking *k, struct batch *b, struct batch_line *l)
{
	struct notifier *n = k->n;
	const struct json *v;
	char why[128];

	if (l->len == 0)
		return STORE_OK;
	v = json_parse(n->doc, b->text.p + l->at, l->len);
	if (v == NULL || json_type(v) != JSON_OBJECT) {
		(void)snprintf(why, sizeof(why), "%s",
		    v == NULL ? json_error(n->doc) : "not a JSON object");
	} else {
		switch (event_parse(&k->event, v, why, sizeof(why))) {
		case EVENT_OK:
			if (is_itself(&k->event, b, l, why, sizeof(why)))
				return take_event(
				    k, l->seq != 0, b->text.p + l->at, l->len);
			break;
		case EVENT_OTHER:
			if (l->seq == 0)
				return STORE_OK;
			(void)snprintf(why, sizeof(why), "not a signal");
			break;
		case EVENT_BAD:
			break;
		}
	}
	l->len = 0;
	n->o.health->skipped++;
	n->o.log(LOG_WARN, "skipping a line",
	    LOG_FIELDS(LOG_STR("from", l->from), LOG_STR("why", why)));
	return STORE_OK;
}

/* Old news in one line; the rest one by one. */
static void
say_taken(const struct notifier *n, struct moment now)
{
	uint64_t old = 0;

	for (size_t i = 0; i < n->ntaken; i++) {
		const struct taken *k = &n->taken[i];

		if (k->notified == 0 &&
		    now.wall_ms - k->event.time_ms > n->o.open_max_age_ms) {
			old++;
			continue;
		}
		n->o.log(LOG_INFO, "signal",
		    LOG_FIELDS(LOG_INT("number", (int64_t)k->event.number),
			LOG_STR("action", action_name(k->event.action)),
			LOG_STR("symbol", k->event.symbol),
			LOG_INT("notified", (int64_t)k->notified),
			LOG_STR("why", k->why != NULL ? k->why : "-")));
	}
	if (old > 0)
		n->o.log(LOG_INFO, "old signals are announced to nobody",
		    LOG_FIELDS(LOG_INT("signals", (int64_t)old),
			LOG_INT("max_age_s", n->o.open_max_age_ms / 1000)));
}

void
notifier_wake(struct notifier *n, struct moment now)
{
	size_t at = 0;

	while (at < n->woken.len) {
		queue_add(&n->queue, n->woken.p + at, now.mono_ms, 0);
		at += strlen(n->woken.p + at) + 1;
	}
	buf_clear(&n->woken);
}

enum store_error
notifier_take(
    struct notifier *n, struct batch *b, size_t *next, struct moment now)
{
	struct taking k = { .n = n, .now = now };
	enum store_error e;
	size_t i = *next;

	e = store_begin(n->o.store, 1, &k.t);
	if (e != STORE_OK)
		return notifier_fail(n, e);
	n->ntaken = 0;
	buf_clear(&n->woken);
	for (; e == STORE_OK && i < b->n && k.made < TAKE_ROWS_MAX &&
	     n->ntaken < TAKEN_MAX;
	     i++)
		e = take_line(&k, b, &b->line[i]);
	if (e == STORE_OK && health_put(k.t, "notifier", n->o.health) == -1)
		e = STORE_FAIL;
	if (e != STORE_OK) {
		(void)notifier_fail(n, e);
		store_abort(k.t);
		return e;
	}
	e = store_commit(k.t);
	if (e != STORE_OK)
		return notifier_fail(n, e);
	*next = i;
	kill_point("K13");
	if (n->ntaken > 0)
		memcpy(n->journal, n->taken[n->ntaken - 1].event.journal,
		    sizeof(n->journal));
	say_taken(n, now);
	notifier_wake(n, now);
	return STORE_OK;
}

enum store_error
notifier_follow(struct notifier *n, const char *journal, uint64_t *seq)
{
	struct journal j = { .seq = 0 };
	struct store_txn *t;
	enum store_error e;

	e = store_begin(n->o.store, 0, &t);
	if (e != STORE_OK)
		return notifier_fail(n, e);
	e = journal_get(&n->rows, t, journal, &j);
	store_abort(t);
	if (e != STORE_OK && e != STORE_NOTFOUND)
		return notifier_fail(n, e);
	(void)snprintf(n->journal, sizeof(n->journal), "%s", journal);
	*seq = j.seq;
	return STORE_OK;
}

enum store_error
notifier_alarm(struct notifier *n, struct store_txn *t, const char *stage,
    const char *name, int open, const char *text, int64_t since_ms,
    struct moment now)
{
	struct taking k = { .n = n, .t = t, .now = now };
	struct journal unused = { .name = "" };
	enum store_error e;
	struct buf b;

	e = journal_get(&n->rows, t, ALARM_JOURNAL, &k.journal);
	if (e == STORE_NOTFOUND) {
		k.journal = (struct journal){ .name = ALARM_JOURNAL,
			.first_ms = now.wall_ms };
		e = journal_newest(&n->rows, t, &unused, &k.journal.order);
		k.journal.order++;
	}
	if (e != STORE_OK && e != STORE_NOTFOUND)
		return e;
	k.journal.seq++;
	k.event = (struct event){ .journal = ALARM_JOURNAL,
		.seq = k.journal.seq,
		.number = k.journal.seq,
		.time_ms = now.wall_ms,
		.action = ACTION_ALARM,
		.test = 1 };
	buf_init(&b, LINE_SIZE_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "type", "alarm");
	json_put_string(&b, "action", action_name(ACTION_ALARM));
	json_put_string(&b, "stage", stage);
	json_put_string(&b, "alarm", name);
	json_put_bool(&b, "open", open);
	json_put_string(&b, "text", text);
	json_put_time(&b, "time", since_ms);
	json_close_object(&b);
	e = buf_failed(&b) != 0 ? STORE_FAIL
				: message_put(t, ALARM_JOURNAL, k.event.number,
				      k.event.seq, b.p, b.len);
	buf_release(&b);
	if (e == STORE_OK)
		e = add_delivery(&k, OPERATOR_ID);
	if (e == STORE_OK)
		e = journal_put(t, &k.journal);
	return e;
}
