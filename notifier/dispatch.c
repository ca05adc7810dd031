/*
 * Sends: what is due goes out.
 */
#include <errno.h>
#include <string.h>

#include "notifier/flight.h"

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
		flight_line(&f->line, f, s.text, now);
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
		f->way = NULL;
		f->lane = ways_call(&n->ways, &n->queue, now.mono_ms, &f->way);
		f->called = f->lane != NULL;
		if (!f->called)
			f->lane = queue_take(&n->queue, now.mono_ms);
		if (f->lane == NULL)
			break;
		way_leave(f->lane);
		f->state = FLIGHT_READY;
		found++;
	}
	return found;
}

static void
follow(struct notifier *n, struct flight *f, enum step step, struct moment now)
{
	if (step != STEP_SEND && step != STEP_WAIT)
		flight_give_back(n, f);
	switch (step) {
	case STEP_SEND:
		return;
	case STEP_DROP:
		f->state = FLIGHT_DONE;
		n->done++;
		return;
	case STEP_LATER:
	case STEP_TURN:
		queue_put(&n->queue, f->lane, now.mono_ms + f->o.wait_ms,
		    step == STEP_TURN);
		break;
	case STEP_WAIT:
		way_wait(f->way, &n->queue, f->lane, f->d.attempts > 0,
		    now.mono_ms + f->o.wait_ms);
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

	flights_land(n, now);
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
				e = flight_prepare(n, t, f, now, &step);
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

int
notifier_idle(const struct notifier *n, struct moment now)
{
	return n->airborne == 0 && n->done == 0 && n->queue.nheld == 0 &&
	    queue_due(&n->queue) > now.mono_ms && !ways_are_waiting(&n->ways);
}

int64_t
notifier_due(const struct notifier *n)
{
	int64_t due, at;

	/* Without a free slot an outcome must come first. */
	if (n->airborne + n->done == FLIGHTS_MAX)
		return INT64_MAX;
	due = queue_due(&n->queue);
	at = ways_due(&n->ways);
	return due < at ? due : at;
}
