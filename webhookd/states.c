#include "webhookd/states.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"

/* How long what cannot be opened is left alone: opening may take a while. */
#define RETRY_MS 1000

struct state {
	struct store *store;
	enum store_error failed; /* the last attempt, unless STORE_OK */
	int64_t next_ms;	 /* monotonic: no attempt before */
	int damaged;		 /* a row is: error says which */
	char error[512];
};

struct states {
	const char *dir;
	struct state of[STATES];
};

static const char *const names[STATES] = {
	[STATE_DIFFER] = "differ",
	[STATE_NOTIFIER] = "notifier",
	[STATE_WEBHOOKD] = "webhookd",
	[STATE_RISKER] = "risker",
	[STATE_TRADER] = "trader",
};

struct states *
states_new(const char *dir, struct store *own)
{
	struct states *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->dir = dir;
	s->of[STATE_WEBHOOKD].store = own;
	return s;
}

static void
drop(struct state *st, enum state_of which)
{
	if (which == STATE_WEBHOOKD)
		return;
	store_close(st->store);
	st->store = NULL;
}

void
states_free(struct states *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < STATES; i++)
		drop(&s->of[i], (enum state_of)i);
	free(s);
}

const char *
states_name(enum state_of which)
{
	return names[which];
}

static enum store_error
failed(struct state *st, enum store_error e)
{
	if (e == STORE_OK || e == STORE_NOTFOUND)
		return e;
	st->failed = e;
	st->next_ms = clock_mono_ms() + RETRY_MS;
	return e;
}

static enum store_error
open_state(struct states *s, enum state_of which)
{
	struct state *st = &s->of[which];
	struct store_opts o = {
		.dir = s->dir, .stage = names[which], .mode = STORE_READ
	};

	if (st->store != NULL)
		return STORE_OK;
	/* A second handle would take the first one's lock away. */
	if (which == STATE_WEBHOOKD)
		return STORE_NOTFOUND;
	if (st->failed != STORE_OK && clock_mono_ms() < st->next_ms)
		return st->failed;
	st->failed = STORE_OK;
	return failed(
	    st, store_open(&st->store, &o, st->error, sizeof(st->error)));
}

enum store_error
states_begin(struct states *s, enum state_of which, struct store_txn **t)
{
	struct state *st = &s->of[which];
	enum store_error e = open_state(s, which);

	st->damaged = 0;
	if (e != STORE_OK)
		return e;
	e = store_begin(st->store, 0, t);
	if (e == STORE_BAD && which != STATE_WEBHOOKD) {
		/* Another file took its place: that is what is to be read. */
		drop(st, which);
		e = open_state(s, which);
		if (e != STORE_OK)
			return e;
		e = store_begin(st->store, 0, t);
	}
	if (e == STORE_OK)
		return e;
	(void)snprintf(
	    st->error, sizeof(st->error), "%s", store_errstr(st->store));
	drop(st, which);
	return failed(st, e);
}

void
states_end(struct states *s, enum state_of which, struct store_txn *t,
    enum store_error e)
{
	struct state *st = &s->of[which];

	store_abort(t);
	if (which == STATE_WEBHOOKD)
		return;
	if (e == STORE_OK || e == STORE_NOTFOUND || st->damaged) {
		store_trim(st->store);
		return;
	}
	(void)snprintf(
	    st->error, sizeof(st->error), "%s", store_errstr(st->store));
	drop(st, which);
	(void)failed(st, e);
}

int
states_owned(const struct states *s, enum state_of which)
{
	const struct store *store = s->of[which].store;

	return store != NULL && store_owned(store);
}

enum store_error
states_damaged(struct states *s, enum state_of which, const char *table)
{
	struct state *st = &s->of[which];

	(void)snprintf(st->error, sizeof(st->error),
	    "a row of table '%s' is damaged", table);
	st->damaged = 1;
	return STORE_BAD;
}

const char *
states_error(const struct states *s, enum state_of which)
{
	return s->of[which].error;
}
