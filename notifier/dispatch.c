/*
 * Sends: what is due goes out, and what became of it is committed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/killpoint.h"
#include "notifier/ledger.h"
#include "notifier/notifier.h"
#include "notifier/parts.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 300000
#define BRIEF_MS 1000	  /* a channel is busy, no more than that */
#define COMPLAIN_MS 10000 /* how often a retry is worth a warning */

/* When a delivery is given up, by the wall clock. */
static int64_t
deadline(const struct notifier *n, const struct delivery *d)
{
	return d->event_ms +
	    (d->action == ACTION_OPEN ? n->o.open_max_age_ms : n->o.max_age_ms);
}

/* 1 s, 2 s, 4 s … 5 min, and up to a quarter more so that they spread. */
static int64_t
back_off(int64_t attempts)
{
	int64_t wait = RETRY_FIRST_MS;

	while (--attempts > 0 && wait < RETRY_MAX_MS)
		wait *= 2;
	if (wait > RETRY_MAX_MS)
		wait = RETRY_MAX_MS;
	return wait + arc4random_uniform((uint32_t)(wait / 4));
}

/* What is to be done with a lane. */
enum step {
	STEP_SEND,
	STEP_DROP,  /* the reason is in the flight's outcome */
	STEP_LATER, /* at f->o.wait_ms from now */
	STEP_BUSY,  /* the channel takes nothing for f->o.wait_ms */
	STEP_TURN,  /* it is another's turn for f->o.wait_ms */
	STEP_EMPTY, /* nothing is pending */
};

static enum step
drop(struct flight *f, const char *why)
{
	f->channel = NULL;
	f->o = (struct outcome){ .kind = OUTCOME_REFUSED };
	reason_set(f->o.reason, "%s", why);
	return STEP_DROP;
}

static enum step
give_up(struct flight *f, int64_t after_ms)
{
	char last[REASON_SIZE];

	memcpy(last, f->d.reason, sizeof(last));
	(void)drop(f, "");
	reason_set(f->o.reason, "not delivered within %lld s%s%s",
	    (long long)after_ms / 1000, last[0] != '\0' ? ": " : "", last);
	return STEP_DROP;
}

static const struct channel *
find_channel(const struct notifier *n, const char *name)
{
	for (size_t i = 0; i < n->o.nchannels; i++)
		if (strcmp(n->o.channels[i].name, name) == 0)
			return &n->o.channels[i];
	return NULL;
}

/* The delivery line, without or with the text. */
static void
put_line(
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

/* The subscriber as they are now; NOTFOUND where the row is gone. */
static enum store_error
read_subscriber(struct notifier *n, struct store_txn *t, struct flight *f)
{
	if (f->d.action != ACTION_ALARM)
		return roll_get(&n->roll, t, f->d.subscriber, &f->s);
	f->s = (struct subscriber){ .id = OPERATOR_ID,
		.channel = "telegram",
		.active = n->o.operator_chat[0] != '\0' };
	(void)snprintf(
	    f->s.address, sizeof(f->s.address), "%s", n->o.operator_chat);
	return STORE_OK;
}

/* Whether it may still be sent, and to whom. */
static enum store_error
judge(struct notifier *n, struct store_txn *t, struct flight *f,
    struct moment now, enum step *step)
{
	struct delivery *d = &f->d;
	int64_t limit = deadline(n, d);
	enum store_error e;

	if (now.wall_ms >= limit) {
		*step = give_up(f, limit - d->event_ms);
		return STORE_OK;
	}
	if (f->lane->loaded && d->due_ms > now.wall_ms) {
		*step = STEP_LATER;
		f->o.wait_ms =
		    (d->due_ms < limit ? d->due_ms : limit) - now.wall_ms;
		return STORE_OK;
	}
	e = read_subscriber(n, t, f);
	if (e == STORE_NOTFOUND || (e == STORE_OK && !f->s.active)) {
		*step = drop(f,
		    e == STORE_OK ? "the subscriber is inactive"
				  : "the subscriber was removed");
		return STORE_OK;
	}
	if (e != STORE_OK)
		return e;
	if (d->action != ACTION_OPEN && d->action != ACTION_ALARM) {
		e = recipient_has(t, d);
		if (e == STORE_NOTFOUND) {
			*step =
			    drop(f, "the OPEN of the trade was not delivered");
			return STORE_OK;
		}
	}
	return e;
}

/* Whether the channel takes it now. */
static enum step
ask(struct flight *f, struct moment now)
{
	const struct channel *c = f->channel;

	if (c->busy_ms != NULL) {
		f->o.wait_ms = c->busy_ms(c->state, now.mono_ms);
		if (f->o.wait_ms > 0)
			return STEP_BUSY;
	}
	if (c->turn_ms != NULL) {
		f->o.wait_ms = c->turn_ms(c->state, f->s.address, now.mono_ms);
		if (f->o.wait_ms > 0)
			return STEP_TURN;
	}
	return STEP_SEND;
}

/* The text, or the piece of it that is to be sent next; 0, or -1. */
static int
put_text(struct notifier *n, struct flight *f, const struct json *v)
{
	const char *lang = f->s.lang[0] != '\0' ? f->s.lang : n->o.lang;
	int last;

	if ((f->d.action == ACTION_ALARM
		    ? message_alarm(&f->text, v, lang)
		    : message_signal(&f->text, v, lang)) == -1)
		return -1;
	f->more = 0;
	if (f->channel->units_max > 0) {
		last = parts_cut(&f->text, f->channel->units_max, f->d.parts);
		if (last == -1)
			return -1;
		f->more = !last;
	}
	return buf_cstr(&f->text) != NULL ? 0 : -1;
}

/* The channel, and what is to be sent over it. */
static enum store_error
compose(struct notifier *n, struct store_txn *t, struct flight *f,
    struct moment now, enum step *step)
{
	struct delivery *d = &f->d;
	const struct json *v;
	enum store_error e;

	f->channel = find_channel(n, f->s.channel);
	if (f->channel == NULL) {
		*step = drop(f, "there is no such channel");
		return STORE_OK;
	}
	*step = ask(f, now);
	if (*step != STEP_SEND)
		return STORE_OK;
	memcpy(d->channel, f->s.channel, sizeof(d->channel));
	e = message_get(&n->rows, t, d->journal, d->number, d->seq, &v);
	if (e != STORE_OK)
		return e;
	if (put_text(n, f, v) == -1)
		*step = drop(f, "no text can be made of the signal");
	else if (f->channel->verbatim)
		buf_put(&f->line, n->rows.text.p, n->rows.text.len);
	return STORE_OK;
}

/* The head of the flight's lane, read, and what to do with it. */
static enum store_error
prepare(struct notifier *n, struct store_txn *t, struct flight *f,
    struct moment now, enum step *step)
{
	struct delivery head = { .journal = "" };
	enum store_error e;

	*step = STEP_SEND;
	f->channel = NULL;
	memset(&f->o, 0, sizeof(f->o));
	buf_clear(&f->text);
	buf_clear(&f->line);
	e = pending_head(&n->rows, t, f->lane->id, &head);
	if (e == STORE_NOTFOUND) {
		*step = STEP_EMPTY;
		return STORE_OK;
	}
	if (e == STORE_OK)
		e = delivery_get(
		    &n->rows, t, head.journal, head.seq, f->lane->id, &f->d);
	if (e != STORE_OK)
		return e;
	f->d.order = head.order;
	e = judge(n, t, f, now, step);
	if (e == STORE_OK && *step == STEP_SEND)
		e = compose(n, t, f, now, step);
	f->lane->loaded = 0;
	return e;
}

/* From a channel: the send is over. */
static void
landed(void *arg, const struct outcome *o)
{
	struct flight *f = arg;

	f->o = *o;
	f->state = FLIGHT_DONE;
	f->notifier->airborne--;
	f->notifier->done++;
}

static void
take_off(struct notifier *n, struct flight *f, struct moment now)
{
	struct send s = { .address = f->s.address,
		.text = buf_cstr(&f->text),
		.done = landed,
		.arg = f };
	struct outcome failed = { .kind = OUTCOME_RETRY };

	f->d.attempts++;
	f->state = FLIGHT_AIRBORNE;
	n->airborne++;
	if (f->channel->in_line)
		put_line(&f->line, f, s.text, now);
	if (f->channel->in_line || f->channel->verbatim) {
		s.line = f->line.p;
		s.line_len = f->line.len;
	}
	if (buf_failed(&f->line) == 0 &&
	    f->channel->start(f->channel->state, &s) == 0)
		return;
	reason_set(failed.reason, "unable to send: %s",
	    strerror(buf_failed(&f->line) != 0 ? ENOMEM : errno));
	landed(f, &failed);
}

/* Free slots get lanes that are due; how many were found. */
static size_t
board(struct notifier *n, struct moment now)
{
	size_t found = 0;

	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *f = &n->flights[i];

		if (f->state != FLIGHT_FREE)
			continue;
		f->lane = queue_take(&n->queue, now.mono_ms);
		if (f->lane == NULL)
			break;
		f->state = FLIGHT_READY;
		found++;
	}
	return found;
}

static void
follow(struct notifier *n, struct flight *f, enum step step, struct moment now)
{
	switch (step) {
	case STEP_SEND:
		return;
	case STEP_DROP:
		f->state = FLIGHT_DONE;
		n->done++;
		return;
	case STEP_LATER:
	case STEP_BUSY:
	case STEP_TURN:
		queue_put(&n->queue, f->lane, now.mono_ms + f->o.wait_ms,
		    step == STEP_TURN ||
			(step == STEP_BUSY && f->o.wait_ms <= BRIEF_MS));
		break;
	case STEP_EMPTY:
		queue_drop(&n->queue, f->lane);
		break;
	}
	f->state = FLIGHT_FREE;
}

enum store_error
notifier_pump(struct notifier *n, struct moment now)
{
	struct store_txn *t;
	enum store_error e = STORE_OK;
	enum step step;

	while (e == STORE_OK && board(n, now) > 0) {
		e = store_begin(n->o.store, 0, &t);
		if (e != STORE_OK)
			t = NULL;
		for (size_t i = 0; i < FLIGHTS_MAX; i++) {
			struct flight *f = &n->flights[i];

			if (f->state != FLIGHT_READY)
				continue;
			step = STEP_LATER;
			if (e == STORE_OK)
				e = prepare(n, t, f, now, &step);
			if (e != STORE_OK) {
				/* It stays where it was. */
				step = STEP_LATER;
				f->o.wait_ms = 0;
			}
			follow(n, f, step, now);
		}
		if (e != STORE_OK)
			(void)notifier_fail(n, e);
		store_abort(t);
		/* Nothing is sent inside of a transaction (F75). */
		for (size_t i = 0; i < FLIGHTS_MAX; i++)
			if (n->flights[i].state == FLIGHT_READY)
				take_off(n, &n->flights[i], now);
	}
	return e;
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
 * finds no recipient.
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
	if (e != STORE_OK && e != STORE_NOTFOUND)
		return e;
	if (d->free)
		return STORE_OK;
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
	d->due_ms = now.wall_ms + wait_ms;
	return delivery_put(t, d);
}

/* The next part is another first attempt, in its turn. */
static enum store_error
part_delivered(struct store_txn *t, struct delivery *d, struct moment now)
{
	d->parts++;
	d->attempts--;
	return put_off(t, d, 0, now);
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
		f->o.wait_ms = back_off(f->d.attempts);
		return put_off(t, &f->d, f->o.wait_ms, now);
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
	if (f->d.state != DELIVERY_PENDING) {
		if (f->channel == NULL || !f->channel->in_line ||
		    f->o.kind != OUTCOME_DELIVERED)
			put_line(&n->out, f, NULL, now);
		n->lines++;
		f->lane->moved = 0;
	} else {
		if (f->o.kind == OUTCOME_MOVED)
			f->lane->moved = 1;
		else
			wait = f->o.wait_ms;
		/* Not asleep when it is to be given up. */
		left = deadline(n, &f->d) - now.wall_ms;
		if (wait > left)
			wait = left > 0 ? left : 0;
	}
	queue_put(&n->queue, f->lane, now.mono_ms + wait, 0);
	f->state = FLIGHT_FREE;
	n->done--;
}

enum store_error
notifier_settle(struct notifier *n, struct moment now)
{
	struct store_txn *t;
	enum store_error e;

	if (n->done == 0)
		return STORE_OK;
	kill_point("K14");
	e = store_begin(n->o.store, 1, &t);
	if (e != STORE_OK)
		return notifier_fail(n, e);
	for (size_t i = 0; e == STORE_OK && i < FLIGHTS_MAX; i++) {
		struct flight *f = &n->flights[i];

		if (f->state != FLIGHT_DONE)
			continue;
		if (!can_move(f))
			f->o.kind = OUTCOME_REFUSED;
		e = record(n, t, f, now);
	}
	if (e == STORE_OK && health_put(t, "notifier", n->o.health) == -1)
		e = STORE_FAIL;
	if (e == STORE_OK) {
		e = store_commit(t);
		t = NULL;
	}
	/* After a failure the outcomes stand, and are recorded anew. */
	if (e != STORE_OK) {
		(void)notifier_fail(n, e);
		store_abort(t);
		return e;
	}
	for (size_t i = 0; i < FLIGHTS_MAX; i++)
		if (n->flights[i].state == FLIGHT_DONE)
			release(n, &n->flights[i], now);
	return STORE_OK;
}

int
notifier_idle(const struct notifier *n, struct moment now)
{
	return n->airborne == 0 && n->done == 0 && n->queue.nheld == 0 &&
	    queue_due(&n->queue) > now.mono_ms;
}

int64_t
notifier_due(const struct notifier *n)
{
	/* Without a free slot an outcome must come first. */
	if (n->airborne + n->done == FLIGHTS_MAX)
		return INT64_MAX;
	return queue_due(&n->queue);
}
