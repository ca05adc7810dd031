/*
 * What became of the sends is committed, and then told.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/killpoint.h"
#include "notifier/flight.h"
#include "notifier/ledger.h"

#define WAIT_MIN_MS 1000
#define RETRY_MAX_MS 300000
#define COMPLAIN_MS 10000 /* how often a retry is worth a warning */

void
flight_line(
    struct buf *b, const struct flight *f, const char *text, struct moment now)
{
	const struct delivery *d = &f->d;
	int ok = f->o.kind == OUTCOME_DELIVERED;

	json_open_object(b, NULL);
	json_put_string(b, "type", "delivery");
	json_put_time(b, "time", now.wall_ms);
	if (d->action != ACTION_ALARM)
		json_put_int(b, "seq", (int64_t)d->seq);
	json_put_string(b, "subscriber",
	    d->action == ACTION_ALARM ? "operator" : d->subscriber);
	if (d->channel[0] != '\0')
		json_put_string(b, "channel", d->channel);
	json_put_bool(b, "ok", ok);
	json_put_int(b, "ms", f->o.ms);
	json_put_int(b, "attempts", d->attempts);
	if (!ok)
		json_put_string(b, "error", f->o.reason);
	if (text != NULL)
		json_put_string(b, "text", text);
	json_close_object(b);
	buf_putc(b, '\n');
}

/* For good, one way or the other: off the queue. */
static enum store_error
finish(struct store_txn *t, struct delivery *d, enum delivery_state state,
    struct moment now)
{
	enum store_error e;

	d->state = state;
	d->done_ms = now.wall_ms;
	e = pending_del(t, d);
	return e == STORE_OK ? delivery_put(t, d) : e;
}

/*
 * An OPEN that did not arrive is not paid for, and what follows of its trade
 * finds no recipient.  Who was removed meanwhile lost what was paid, and is no
 * recipient any more; who has the id by now is another.
 */
static enum store_error
fail_delivery(struct notifier *n, struct store_txn *t, struct flight *f,
    struct moment now)
{
	struct delivery *d = &f->d;
	struct reason why = { .why = WHY_UNDELIVERED,
		.time_ms = now.wall_ms,
		.journal = d->journal,
		.trade = d->number };
	struct subscriber s;
	enum store_error e;

	e = finish(t, d, DELIVERY_FAILED, now);
	if (e != STORE_OK || d->action != ACTION_OPEN)
		return e;
	e = recipient_del(t, d);
	if (e == STORE_NOTFOUND || (e == STORE_OK && d->free))
		return STORE_OK;
	if (e != STORE_OK)
		return e;
	e = roll_get(&n->roll, t, d->subscriber, &s);
	if (e == STORE_OK && s.balance < BALANCE_MAX) {
		e = ledger_change(t, &s, 1, &why);
		if (e == STORE_OK)
			e = roll_put(t, &s);
	}
	return e == STORE_NOTFOUND ? STORE_OK : e;
}

/* The chat is gone: its subscriber gets nothing more, and a person is told. */
static enum store_error
park(struct notifier *n, struct store_txn *t, const struct flight *f,
    struct moment now)
{
	char name[GONE_ALARM_SIZE], text[REASON_SIZE + 160];
	struct subscriber s;
	enum store_error e;

	if (f->d.action == ACTION_ALARM)
		return STORE_OK;
	e = roll_get(&n->roll, t, f->d.subscriber, &s);
	/* Meanwhile the command may have changed the address. */
	if (e == STORE_NOTFOUND ||
	    (e == STORE_OK && strcmp(s.address, f->s.address) != 0))
		return STORE_OK;
	if (e != STORE_OK)
		return e;
	s.active = 0;
	roll_gone_alarm(name, s.id);
	(void)snprintf(text, sizeof(text),
	    "subscriber %s gets nothing any more: %s", s.id, f->o.reason);
	if (alarm_put(t, name, 1, text, now.wall_ms) == -1)
		return STORE_FAIL;
	return roll_put(t, &s);
}

static enum store_error
move(struct notifier *n, struct store_txn *t, const struct flight *f)
{
	struct subscriber s;
	enum store_error e;
	char why[128];

	e = roll_get(&n->roll, t, f->d.subscriber, &s);
	if (e == STORE_NOTFOUND)
		return STORE_OK;
	if (e != STORE_OK || strcmp(s.address, f->s.address) != 0)
		return e;
	memcpy(s.address, f->o.moved_to, sizeof(s.address));
	if (roll_check(&s, why, sizeof(why)) == -1)
		return STORE_OK;
	return roll_put(t, &s);
}

/* Where a chat moves again and again, or cannot be followed, it ends. */
static int
can_move(struct flight *f)
{
	if (f->o.kind != OUTCOME_MOVED)
		return 1;
	if (f->d.action == ACTION_ALARM)
		reason_set(f->o.reason,
		    "the chat is now %.60s: set OPERATOR_CHAT", f->o.moved_to);
	return !f->lane->moved && f->d.action != ACTION_ALARM;
}

static enum store_error
put_off(
    struct store_txn *t, struct delivery *d, int64_t wait_ms, struct moment now)
{
	d->put_off_ms = now.wall_ms;
	d->due_ms = now.wall_ms + wait_ms;
	return delivery_put(t, d);
}

/*
 * The next part is another first attempt, in its turn.  Counted in a copy, as
 * a commit that fails is tried again.
 */
static enum store_error
part_delivered(struct store_txn *t, const struct delivery *d, struct moment now)
{
	struct delivery next = *d;

	next.parts++;
	next.attempts--;
	return put_off(t, &next, 0, now);
}

/* One flight's outcome into the transaction. */
static enum store_error
record(struct notifier *n, struct store_txn *t, struct flight *f,
    struct moment now)
{
	enum store_error e = STORE_OK;

	f->d.ms = f->o.ms;
	memcpy(f->d.reason, f->o.reason, sizeof(f->d.reason));
	switch (f->o.kind) {
	case OUTCOME_DELIVERED:
		if (f->more)
			return part_delivered(t, &f->d, now);
		return finish(t, &f->d, DELIVERY_DELIVERED, now);
	case OUTCOME_RETRY:
	case OUTCOME_WAIT:
		return put_off(t, &f->d, f->o.wait_ms, now);
	case OUTCOME_MOVED:
		e = move(n, t, f);
		return e == STORE_OK ? put_off(t, &f->d, 0, now) : e;
	case OUTCOME_GONE:
		e = park(n, t, f, now);
		break;
	case OUTCOME_REFUSED:
		break;
	}
	return e == STORE_OK ? fail_delivery(n, t, f, now) : e;
}

static void
say(struct notifier *n, const struct flight *f, struct moment now)
{
	enum log_level level = LOG_WARN;
	const char *what = "not delivered";

	if (f->o.kind == OUTCOME_DELIVERED)
		return;
	if (f->o.kind == OUTCOME_MOVED) {
		what = "the chat has moved";
		level = LOG_INFO;
	} else if (f->d.state == DELIVERY_PENDING) {
		what = "unable to deliver, retrying";
		if (now.mono_ms - n->complained_ms < COMPLAIN_MS)
			level = LOG_DEBUG;
		else
			n->complained_ms = now.mono_ms;
	}
	n->o.log(level, what,
	    LOG_FIELDS(LOG_STR("subscriber", f->d.subscriber),
		LOG_INT("number", (int64_t)f->d.number),
		LOG_STR("action", action_name(f->d.action)),
		LOG_INT("attempts", f->d.attempts),
		LOG_STR("reason", f->o.reason)));
}

/* After the commit: the line, the log, and the lane goes back. */
static void
release(struct notifier *n, struct flight *f, struct moment now)
{
	int64_t wait = 0, left;

	say(n, f, now);
	if (f->o.kind != OUTCOME_RETRY)
		f->lane->fails = 0;
	if (f->d.state != DELIVERY_PENDING) {
		if (f->channel == NULL || !f->channel->in_line ||
		    f->o.kind != OUTCOME_DELIVERED)
			flight_line(&n->out, f, NULL, now);
		n->lines++;
		f->lane->moved = 0;
	} else {
		if (f->o.kind == OUTCOME_MOVED)
			f->lane->moved = 1;
		else
			wait = f->o.wait_ms;
		/* Not asleep when it is to be given up. */
		left = flight_deadline(n, &f->d) - now.wall_ms;
		if (wait > left)
			wait = left > 0 ? left : 0;
	}
	queue_put(&n->queue, f->lane, now.mono_ms + wait, 0);
	f->state = FLIGHT_FREE;
	n->done--;
}

/*
 * What it means for the way, once.  Where that is down the lane waits there,
 * and not for a time of its own.
 */
static void
leave_way(struct notifier *n, struct flight *f, struct moment now)
{
	int down;

	if (f->way == NULL)
		return;
	down = way_landed(
	    &n->ways, f->way, f->s.address, &f->o, f->probe, now.mono_ms);
	f->way = NULL;
	if (f->o.kind == OUTCOME_RETRY)
		f->o.wait_ms =
		    down ? 0 : retry_ms(++f->lane->fails, RETRY_MAX_MS);
	/* Told to wait for no time at all, it is not to be hammered (F28). */
	if (f->o.kind == OUTCOME_WAIT && f->o.wait_ms < WAIT_MIN_MS)
		f->o.wait_ms = WAIT_MIN_MS;
	if (!can_move(f))
		f->o.kind = OUTCOME_REFUSED;
}

void
flights_land(struct notifier *n, struct moment now)
{
	if (n->done == 0)
		return;
	if (n->settle_ms == INT64_MAX)
		n->settle_ms = now.mono_ms + SETTLE_MS;
	for (size_t i = 0; i < FLIGHTS_MAX; i++)
		if (n->flights[i].state == FLIGHT_DONE)
			leave_way(n, &n->flights[i], now);
}

int64_t
notifier_settle_due(const struct notifier *n)
{
	if (n->done == 0)
		return INT64_MAX;
	return n->airborne == 0 || n->done >= SETTLE_MAX ? 0 : n->settle_ms;
}

/* Flights from first to last in one transaction; after a failure they stand. */
static enum store_error
settle(struct notifier *n, size_t first, size_t last, struct moment now)
{
	struct flight *some[FLIGHTS_MAX];
	struct store_txn *t;
	enum store_error e;
	size_t found = 0;

	e = store_begin(n->o.store, 1, &t);
	if (e != STORE_OK)
		return notifier_fail(n, e);
	for (size_t i = first; i <= last; i++)
		if (n->flights[i].state == FLIGHT_DONE)
			some[found++] = &n->flights[i];
	for (size_t i = 0; e == STORE_OK && i < found; i++)
		e = record(n, t, some[i], now);
	if (e == STORE_OK && health_put(t, "notifier", n->o.health) == -1)
		e = STORE_FAIL;
	if (e == STORE_OK) {
		e = store_commit(t);
		t = NULL;
	}
	if (e != STORE_OK) {
		(void)notifier_fail(n, e);
		store_abort(t);
		return e;
	}
	for (size_t i = 0; i < found; i++)
		release(n, some[i], now);
	n->settle_ms = INT64_MAX;
	return STORE_OK;
}

/*
 * A commit needs room for itself: what is small may have it, and what needs a
 * new row must not keep the others from being known as delivered.
 */
static enum store_error
settle_each(struct notifier *n, struct moment now)
{
	enum store_error e = STORE_OK, all = STORE_OK;

	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		if (n->flights[i].state != FLIGHT_DONE)
			continue;
		e = settle(n, i, i, now);
		if (e != STORE_OK && e != STORE_FULL)
			return e;
		if (e == STORE_FULL)
			all = e;
	}
	return all;
}

enum store_error
notifier_settle(struct notifier *n, struct moment now)
{
	enum store_error e;

	if (n->done == 0)
		return STORE_OK;
	kill_point("K14");
	flights_land(n, now);
	e = settle(n, 0, FLIGHTS_MAX - 1, now);
	return e == STORE_FULL ? settle_each(n, now) : e;
}
