#include "notifier/replies.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

#define AGE_MAX_MS 60000
#define RETRY_MS 1000
#define ROOM_MS 50 /* how often to look for room in the way */
#define SHARE 6	   /* one in so many of the way's messages is ours */

struct reply {
	struct replies *replies;
	struct way *way; /* while airborne */
	struct reply *next;
	int airborne, over;
	int64_t due_ms, give_up_ms; /* monotonic */
	char address[24];
	char text[];
};

struct replies {
	struct channel channel;
	struct ways *ways;
	struct reply *first, **last; /* in the order of being added */
	size_t n, airborne;
	int64_t share_ms; /* from one to the next, at the least */
	int64_t next_ms;  /* monotonic: none is started before */
	int64_t look_ms;  /* … and there was no room: look again then */
};

struct replies *
replies_new(const struct channel *c, struct ways *ways)
{
	struct replies *r = must_have(calloc(1, sizeof(*r)));

	r->channel = *c;
	r->ways = ways;
	if (c->all.count > 0)
		r->share_ms = SHARE * c->all.period_ms / (int64_t)c->all.count;
	r->last = &r->first;
	return r;
}

void
replies_free(struct replies *r)
{
	struct reply *p;

	if (r == NULL)
		return;
	while ((p = r->first) != NULL) {
		r->first = p->next;
		free(p);
	}
	free(r);
}

int
replies_add(struct replies *r, int64_t chat, const char *text, size_t len,
    int64_t mono_ms)
{
	struct reply *p;

	if (r->n == REPLIES_MAX) {
		errno = ENOBUFS;
		return -1;
	}
	p = must_have(calloc(1, sizeof(*p) + len + 1));
	p->replies = r;
	p->due_ms = mono_ms;
	p->give_up_ms = mono_ms + AGE_MAX_MS;
	(void)snprintf(p->address, sizeof(p->address), "%" PRId64, chat);
	memcpy(p->text, text, len);
	*r->last = p;
	r->last = &p->next;
	r->n++;
	return 0;
}

/* Who would get it after it is given up gets nothing. */
static void
put_off(struct reply *p, int64_t due_ms)
{
	p->due_ms = due_ms;
	p->over = due_ms >= p->give_up_ms;
}

/* From the channel. */
static void
landed(void *arg, const struct outcome *o)
{
	int64_t wait_ms = o->kind == OUTCOME_WAIT ? o->wait_ms : RETRY_MS;
	int64_t now_ms = clock_mono_ms();
	struct reply *p = arg;

	(void)way_landed(p->replies->ways, p->way, p->address, o, 0, now_ms);
	p->airborne = 0;
	p->replies->airborne--;
	put_off(p, now_ms + wait_ms);
	p->over |= o->kind != OUTCOME_RETRY && o->kind != OUTCOME_WAIT;
}

/* Those that are over go. */
static void
sweep(struct replies *r, int64_t now_ms)
{
	struct reply **at = &r->first, *p;

	while ((p = *at) != NULL) {
		if (!p->airborne && (p->over || now_ms >= p->give_up_ms)) {
			*at = p->next;
			free(p);
			r->n--;
		} else {
			at = &p->next;
		}
	}
	r->last = at;
}

/* Whether one to the same chat goes before it. */
static int
is_behind(const struct replies *r, const struct reply *p)
{
	const struct reply *o;

	for (o = r->first; o != p; o = o->next)
		if (!o->over && strcmp(o->address, p->address) == 0)
			return 1;
	return 0;
}

static void
start(struct replies *r, struct reply *p, struct way *way, int64_t now_ms)
{
	const struct send s = {
		.address = p->address, .text = p->text, .done = landed, .arg = p
	};
	const struct outcome failed = { .kind = OUTCOME_RETRY };

	p->way = way;
	p->airborne = 1;
	r->airborne++;
	way_take(way, now_ms);
	r->next_ms = now_ms + r->share_ms;
	if (r->channel.start(r->channel.state, &s) == -1)
		landed(p, &failed);
}

/* 0 where the way has no room, for any of them. */
static int
try(struct replies *r, struct reply *p, int64_t now_ms)
{
	struct way *way = way_of(r->ways, &r->channel, p->address);
	int64_t wait_ms = way_told_ms(way, p->address, now_ms);

	if (wait_ms > 0) {
		put_off(p, now_ms + wait_ms);
		return 1;
	}
	if (!way_cut_in(r->ways, way, now_ms)) {
		r->look_ms = now_ms + ROOM_MS;
		return 0;
	}
	if (r->channel.turn_ms != NULL)
		wait_ms =
		    r->channel.turn_ms(r->channel.state, p->address, now_ms);
	if (wait_ms > 0) {
		way_give_back(r->ways, way);
		put_off(p, now_ms + wait_ms);
	} else {
		start(r, p, way, now_ms);
	}
	return 1;
}

void
replies_pump(struct replies *r, int64_t mono_ms)
{
	for (struct reply *p = r->first; p != NULL &&
	     r->airborne < REPLIES_AIRBORNE && mono_ms >= r->next_ms;
	     p = p->next)
		if (!p->airborne && !p->over && p->due_ms <= mono_ms &&
		    !is_behind(r, p) && !try(r, p, mono_ms))
			break;
	sweep(r, mono_ms);
}

int64_t
replies_due(const struct replies *r)
{
	int64_t due = INT64_MAX;

	if (r->airborne == REPLIES_AIRBORNE)
		return due;
	for (const struct reply *p = r->first; p != NULL; p = p->next)
		if (!p->airborne && !is_behind(r, p) && p->due_ms < due)
			due = p->due_ms;
	if (due < r->next_ms)
		due = r->next_ms;
	return due < r->look_ms ? r->look_ms : due;
}

size_t
replies_left(const struct replies *r)
{
	return r->n;
}

size_t
replies_airborne(const struct replies *r)
{
	return r->airborne;
}
