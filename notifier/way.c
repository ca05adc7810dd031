#include "notifier/way.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "notifier/rate.h"

#define RETRY_FIRST_MS 1000

void
ways_init(struct ways *w, int64_t start_ms)
{
	memset(w, 0, sizeof(*w));
	TAILQ_INIT(&w->list);
	w->start_ms = start_ms;
}

static int
by_key(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Who was told to wait until then, or before, may be sent to again. */
static void
drop_told(struct way *v, int64_t until_ms)
{
	struct told **at = &v->told_to, *t;

	while ((t = *at) != NULL)
		if (t->until_ms <= until_ms) {
			*at = t->next;
			free(t);
		} else {
			at = &t->next;
		}
}

static void
way_free(struct ways *w, struct way *v)
{
	TAILQ_REMOVE(&w->list, v, list);
	drop_told(v, INT64_MAX);
	(void)tdelete(v, &w->by_key, by_key);
	rate_window_free(v->all);
	free(v);
}

void
ways_release(struct ways *w)
{
	while (!TAILQ_EMPTY(&w->list))
		way_free(w, TAILQ_FIRST(&w->list));
}

/* Nothing has to be remembered of it: what needs no memory has none. */
static void
forget(struct ways *w, struct way *v)
{
	if (v->host &&
	    v->called + v->flying + v->nwaiting + v->nsuspects == 0 &&
	    v->told_to == NULL && !v->down && !v->alarmed)
		way_free(w, v);
}

struct way *
way_named(struct ways *w, const char *key)
{
	struct way *v = must_have(calloc(1, sizeof(*v)));
	struct way **at;

	(void)snprintf(v->key, sizeof(v->key), "%s", key);
	at = must_have(tsearch(v, &w->by_key, by_key));
	if (*at != v) {
		free(v);
		return *at;
	}
	TAILQ_INIT(&v->fresh);
	TAILQ_INIT(&v->tried);
	TAILQ_INSERT_TAIL(&w->list, v, list);
	return v;
}

struct way *
way_of(struct ways *w, const struct channel *c, const char *address)
{
	const char *host = c->by_host ? strstr(address, "://") : NULL;
	char key[WAY_KEY_SIZE];
	struct way *v;

	if (host != NULL)
		(void)snprintf(key, sizeof(key), "%.*s",
		    (int)(host + 3 + strcspn(host + 3, "/?#") - address),
		    address);
	else
		(void)snprintf(key, sizeof(key), "%s", c->name);
	v = way_named(w, key);
	if (v->known)
		return v;
	v->host = host != NULL;
	v->at_once = c->at_once;
	if (c->all.count > 0)
		v->all = rate_window_new(c->all, w->start_ms);
	v->known = 1;
	return v;
}

/* From when on one more may be called; INT64_MAX: not by itself. */
static int64_t
room_ms(const struct ways *w, const struct way *v)
{
	if (v->down)
		return v->probing ? INT64_MAX : v->probe_ms;
	if ((v->at_once > 0 && v->called + v->flying >= v->at_once) ||
	    (v->host && w->hosts >= WAY_HOSTS_AT_ONCE))
		return INT64_MAX;
	return rate_window_free_ms(v->all, v->called);
}

static void
keep_room(struct ways *w, struct way *v)
{
	v->called++;
	w->hosts += v->host;
	v->probing |= v->down;
}

int
way_has_room(struct ways *w, struct way *v, int64_t now_ms)
{
	if (v->nwaiting > 0 || room_ms(w, v) > now_ms)
		return 0;
	keep_room(w, v);
	return 1;
}

int
way_cut_in(struct ways *w, struct way *v, int64_t now_ms)
{
	if (v->down || room_ms(w, v) > now_ms)
		return 0;
	keep_room(w, v);
	return 1;
}

void
way_take(struct way *v, int64_t now_ms)
{
	v->called--;
	v->flying++;
	rate_window_take(v->all, now_ms);
}

void
way_give_back(struct ways *w, struct way *v)
{
	v->called--;
	w->hosts -= v->host;
	v->probing = 0;
	forget(w, v);
}

/* Who is called first: no suspect, where the way is down. */
static struct lane *
next_lane(const struct way *v)
{
	const struct waiting *a = v->down ? &v->fresh : &v->tried;
	const struct waiting *b = v->down ? &v->tried : &v->fresh;

	return TAILQ_FIRST(TAILQ_EMPTY(a) ? b : a);
}

struct lane *
ways_call(struct ways *w, struct queue *q, int64_t now_ms, struct way **way)
{
	struct lane *l;
	struct way *v = NULL;

	TAILQ_FOREACH (v, &w->list, list) {
		if (v->nwaiting == 0 || room_ms(w, v) > now_ms)
			continue;
		l = next_lane(v);
		way_leave(l);
		queue_pull(q, l);
		keep_room(w, v);
		TAILQ_REMOVE(&w->list, v, list);
		TAILQ_INSERT_TAIL(&w->list, v, list);
		*way = v;
		return l;
	}
	return NULL;
}

void
way_wait(
    struct way *v, struct queue *q, struct lane *l, int tried, int64_t due_ms)
{
	l->way = v;
	l->waits = tried ? &v->tried : &v->fresh;
	TAILQ_INSERT_TAIL(l->waits, l, list);
	v->nwaiting++;
	queue_put(q, l, due_ms, 0);
}

void
way_leave(struct lane *l)
{
	if (l->waits == NULL)
		return;
	TAILQ_REMOVE(l->waits, l, list);
	l->way->nwaiting--;
	l->waits = NULL;
	l->way = NULL;
}

/* FNV-1a. */
static uint64_t
hash(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return h;
}

int64_t
way_told_ms(struct way *v, const char *address, int64_t now_ms)
{
	uint64_t h = v->told_to != NULL ? hash(address) : 0;
	int64_t until_ms = now_ms;

	drop_told(v, now_ms);
	for (const struct told *t = v->told_to; t != NULL; t = t->next)
		if (t->until_ms > until_ms && t->address == h)
			until_ms = t->until_ms;
	return until_ms - now_ms;
}

void
way_tell(struct way *v, const char *address, int64_t until_ms)
{
	struct told *t = must_have(malloc(sizeof(*t)));

	*t = (struct told){ v->told_to, hash(address), until_ms };
	v->told_to = t;
}

static void
suspect(struct way *v, const char *address, const struct outcome *o)
{
	uint64_t h = hash(address);
	int64_t told = o->kind == OUTCOME_WAIT ? o->wait_ms : 0;
	size_t i = 0;

	if (v->nsuspects == 0 || told < v->told_ms)
		v->told_ms = told;
	while (i < v->nsuspects && v->suspects[i] != h)
		i++;
	if (i == v->nsuspects && i < WAY_SUSPECTS)
		v->suspects[v->nsuspects++] = h;
}

static void
clear(struct way *v)
{
	v->down = v->told = v->probing = 0;
	v->nsuspects = 0;
}

int64_t
retry_ms(int64_t failures, int64_t max_ms)
{
	int64_t wait = RETRY_FIRST_MS;

	while (--failures > 0 && wait < max_ms)
		wait *= 2;
	if (wait > max_ms)
		wait = max_ms;
	return wait + arc4random_uniform((uint32_t)(wait / 4));
}

/* When to try again: as told, or with back-off. */
static void
put_off(struct way *v, int64_t told_ms, int64_t now_ms)
{
	int64_t wait_ms = retry_ms(++v->failures, WAY_PROBE_MAX_MS);

	v->probe_ms = now_ms + (told_ms > 0 ? told_ms : wait_ms);
}

static void
go_down(struct way *v, int64_t told_ms, int64_t now_ms)
{
	v->down = 1;
	v->told = told_ms > 0;
	v->down_ms = now_ms;
	v->failures = 0;
	put_off(v, told_ms, now_ms);
}

static void
way_failed(struct way *v, const char *address, const struct outcome *o,
    int probe, int64_t now_ms)
{
	int sure = o->kind == OUTCOME_RETRY && o->outage == OUTAGE_SURE;

	v->tried_ms = now_ms;
	memcpy(v->reason, o->reason, sizeof(v->reason));
	if (o->kind == OUTCOME_WAIT)
		way_tell(v, address, now_ms + o->wait_ms);
	/* Who tells one address to wait is there again. */
	if (probe && o->kind == OUTCOME_WAIT && !v->told)
		clear(v);
	suspect(v, address, o);
	if (!v->down && (sure || v->nsuspects == WAY_SUSPECTS))
		go_down(v, sure ? 0 : v->told_ms, now_ms);
	else if (probe && v->down)
		put_off(v, o->kind == OUTCOME_WAIT ? o->wait_ms : 0, now_ms);
}

int
way_landed(struct ways *w, struct way *v, const char *address,
    const struct outcome *o, int probe, int64_t now_ms)
{
	int down;

	v->flying--;
	w->hosts -= v->host;
	if (probe)
		v->probing = 0;
	if (o->kind == OUTCOME_WAIT ||
	    (o->kind == OUTCOME_RETRY && o->outage != OUTAGE_NONE))
		way_failed(v, address, o, probe, now_ms);
	else if (o->kind != OUTCOME_RETRY)
		clear(v);
	else if (probe && v->down)
		put_off(v, 0, now_ms); /* it told nothing */
	down = v->down;
	drop_told(v, now_ms);
	forget(w, v);
	return down;
}

void
way_up(struct ways *w, struct way *v)
{
	clear(v);
	drop_told(v, INT64_MAX);
	forget(w, v);
}

int64_t
ways_due(const struct ways *w)
{
	int64_t due = INT64_MAX, at;
	const struct way *v = NULL;

	TAILQ_FOREACH (v, &w->list, list) {
		at = v->nwaiting > 0 ? room_ms(w, v) : INT64_MAX;
		if (at < due)
			due = at;
	}
	return due;
}

int
ways_are_waiting(const struct ways *w)
{
	const struct way *v = NULL;

	TAILQ_FOREACH (v, &w->list, list)
		if (v->nwaiting > 0 && !v->down)
			return 1;
	return 0;
}
