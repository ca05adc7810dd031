/*
 * What is to be done with the first of a subscriber's deliveries: whether it
 * may still be sent, over which channel, and its text.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "notifier/flight.h"
#include "notifier/message.h"
#include "notifier/parts.h"

/*
 * How long nobody looks at what waits in a way that is down: meanwhile the
 * subscriber may have got an address that does not lead there.
 */
#define LOOK_AGAIN_MS 300000

int64_t
flight_deadline(const struct notifier *n, const struct delivery *d)
{
	return d->event_ms +
	    (d->action == ACTION_OPEN ? n->o.open_max_age_ms : n->o.max_age_ms);
}

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

/*
 * What an earlier run left of a wait.  It is never longer than it was at first:
 * else the clock was set back since (F56).
 */
static int64_t
rest_ms(const struct delivery *d, int64_t now_ms)
{
	int64_t whole = d->put_off_ms != 0 ? d->due_ms - d->put_off_ms : 0;

	return d->due_ms - now_ms < whole ? d->due_ms - now_ms : whole;
}

/* Whether it may still be sent, and to whom. */
static enum store_error
judge(struct notifier *n, struct store_txn *t, struct flight *f,
    struct moment now, enum step *step)
{
	struct delivery *d = &f->d;
	int64_t limit = flight_deadline(n, d);
	enum store_error e;

	if (now.wall_ms >= limit) {
		*step = give_up(f, limit - d->event_ms);
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
	if (d->action != ACTION_ALARM) {
		e = recipient_has(t, d);
		if (e == STORE_NOTFOUND) {
			/* Who has the id now is not who the OPEN was for. */
			*step = drop(f,
			    d->action == ACTION_OPEN
				? "the subscriber was removed"
				: "the OPEN of the trade was not delivered");
			return STORE_OK;
		}
	}
	return e;
}

void
flight_give_back(struct notifier *n, struct flight *f)
{
	if (f->way != NULL)
		way_give_back(&n->ways, f->way);
	f->way = NULL;
}

/*
 * Room in the way that leads to the address, which may not be the called; not
 * before the end of what the address was told to wait, which an earlier run may
 * have been told.
 */
static enum step
find_room(struct notifier *n, struct flight *f, struct moment now)
{
	struct way *v = way_of(&n->ways, f->channel, f->s.address);
	int64_t rest;

	if (!f->called || f->way != v)
		flight_give_back(n, f);
	rest = f->lane->loaded ? rest_ms(&f->d, now.wall_ms) : 0;
	if (rest > 0)
		way_tell(v, f->s.address, now.mono_ms + rest);
	f->o.wait_ms = way_told_ms(v, f->s.address, now.mono_ms);
	if (f->o.wait_ms > 0)
		return STEP_LATER;
	if (f->way == v)
		return STEP_SEND;
	f->way = v;
	return way_has_room(&n->ways, v, now.mono_ms) ? STEP_SEND : STEP_WAIT;
}

/* Whether the channel takes it now; with STEP_SEND it is counted. */
static enum step
ask(struct notifier *n, struct flight *f, struct moment now)
{
	const struct channel *c = f->channel;
	int64_t left = flight_deadline(n, &f->d) - now.wall_ms;
	enum step step;

	step = find_room(n, f, now);
	if (step == STEP_WAIT)
		f->o.wait_ms = f->way->down ? LOOK_AGAIN_MS : left;
	if (f->o.wait_ms > left)
		f->o.wait_ms = left;
	if (step != STEP_SEND)
		return step;
	f->probe = f->way->down;
	f->o.wait_ms = c->turn_ms != NULL
	    ? c->turn_ms(c->state, f->s.address, now.mono_ms)
	    : 0;
	return f->o.wait_ms > 0 ? STEP_TURN : STEP_SEND;
}

/* The message of a delivery in a language, made where it is not there. */
static enum store_error
find_message(struct notifier *n, struct store_txn *t, const struct delivery *d,
    const char *lang, struct composed **out)
{
	struct composed *c;
	const struct json *v;
	enum store_error e;

	for (size_t i = 0; i < COMPOSED_MAX; i++) {
		*out = c = &n->composed[i];
		if (c->seq == d->seq && strcmp(c->lang, lang) == 0 &&
		    strcmp(c->journal, d->journal) == 0)
			return STORE_OK;
	}
	*out = c = &n->composed[n->oldest++ % COMPOSED_MAX];
	c->seq = 0;
	e = message_get(&n->rows, t, d->journal, d->number, d->seq, &v);
	if (e != STORE_OK)
		return e;
	buf_clear(&c->text);
	buf_clear(&c->line);
	if ((d->action == ACTION_ALARM
		    ? message_alarm(&c->text, n->o.templates, v, lang)
		    : message_signal(&c->text, n->o.templates, v, lang)) == -1)
		*out = NULL;
	buf_put(&c->line, n->rows.row.text.p, n->rows.row.text.len);
	if (*out == NULL || buf_failed(&c->line) != 0)
		return STORE_OK;
	c->seq = d->seq;
	memcpy(c->journal, d->journal, sizeof(c->journal));
	(void)snprintf(c->lang, sizeof(c->lang), "%s", lang);
	return STORE_OK;
}

/* The text, or the piece of it that is to be sent next; 0, or -1. */
static int
put_text(struct flight *f, const struct composed *c)
{
	int last;

	buf_put(&f->text, c->text.p, c->text.len);
	f->more = 0;
	if (f->channel->units_max > 0) {
		last = parts_cut(&f->text, f->channel->units_max, f->d.parts);
		if (last == -1)
			return -1;
		f->more = !last;
	}
	if (f->channel->verbatim)
		buf_put(&f->line, c->line.p, c->line.len);
	return buf_cstr(&f->text) != NULL ? 0 : -1;
}

/* The channel, and what is to be sent over it. */
static enum store_error
compose(struct notifier *n, struct store_txn *t, struct flight *f,
    struct moment now, enum step *step)
{
	struct delivery *d = &f->d;
	struct composed *c;
	enum store_error e;

	f->channel = find_channel(n, f->s.channel);
	if (f->channel == NULL) {
		*step = drop(f, "there is no such channel");
		return STORE_OK;
	}
	*step = ask(n, f, now);
	if (*step != STEP_SEND)
		return STORE_OK;
	/* On another channel it begins anew: its parts are others there. */
	if (strcmp(d->channel, f->s.channel) != 0)
		d->parts = 0;
	memcpy(d->channel, f->s.channel, sizeof(d->channel));
	e = find_message(
	    n, t, d, f->s.lang[0] != '\0' ? f->s.lang : n->o.lang, &c);
	if (e != STORE_OK)
		return e;
	if (c == NULL || put_text(f, c) == -1)
		*step = drop(f, "no text can be made of the signal");
	return STORE_OK;
}

enum store_error
flight_prepare(struct notifier *n, struct store_txn *t, struct flight *f,
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
	if (e == STORE_OK && *step == STEP_SEND)
		way_take(f->way, now.mono_ms);
	return e;
}
