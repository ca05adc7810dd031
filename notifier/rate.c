#include "notifier/rate.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define OWN_MAX 2 /* limits of one address */

/* A turn that was not taken for so long is no turn any more. */
#define TURN_KEPT_MS 1000

/* When the last messages went; a ring. */
struct window {
	size_t count, next;
	int64_t period_ms;
	int64_t at[]; /* count of them; 0: not yet */
};

/* An address that something was sent to lately, or that waits for its turn. */
struct peer {
	struct peer *prev, *next; /* by the last use */
	struct window *own[OWN_MAX];
	int64_t turn_ms; /* it may send from then on; 0: no turn was given */
	int64_t used_ms, keep_ms;
	const char *address; /* of a key; else text */
	char text[];
};

struct rate {
	struct window *all; /* NULL: no limit */
	void *by_address;
	struct peer *oldest, *newest;
	size_t n;
};

static struct window *
window_new(struct rate_limit limit)
{
	struct window *w =
	    calloc(1, sizeof(*w) + limit.count * sizeof(w->at[0]));

	if (w != NULL) {
		w->count = limit.count;
		w->period_ms = limit.period_ms;
	}
	return w;
}

/* From when on there is room; 0: at once. */
static int64_t
window_free_ms(const struct window *w)
{
	if (w == NULL || w->at[w->next] == 0)
		return 0;
	return w->at[w->next] + w->period_ms;
}

static void
window_take(struct window *w, int64_t ms)
{
	if (w == NULL)
		return;
	w->at[w->next] = ms;
	w->next = (w->next + 1) % w->count;
}

static int
by_address(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;

	return strcmp(x->address, y->address);
}

static void
peer_free(struct peer *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < OWN_MAX; i++)
		free(e->own[i]);
	free(e);
}

static void
unlink_peer(struct rate *r, struct peer *e)
{
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		r->oldest = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	else
		r->newest = e->prev;
}

static void
link_newest(struct rate *r, struct peer *e)
{
	e->prev = r->newest;
	e->next = NULL;
	if (r->newest != NULL)
		r->newest->next = e;
	else
		r->oldest = e;
	r->newest = e;
}

/* Who was quiet for longer than their limits look back. */
static void
forget(struct rate *r, int64_t now_ms)
{
	struct peer *e;

	while ((e = r->oldest) != NULL && now_ms - e->used_ms >= e->keep_ms &&
	    now_ms - e->turn_ms >= e->keep_ms) {
		unlink_peer(r, e);
		(void)tdelete(e, &r->by_address, by_address);
		peer_free(e);
		r->n--;
	}
}

static struct peer *
peer_new(const char *address, const struct rate_limit *own, size_t n)
{
	struct peer *e = calloc(1, sizeof(*e) + strlen(address) + 1);

	if (e == NULL)
		return NULL;
	memcpy(e->text, address, strlen(address) + 1);
	e->address = e->text;
	e->keep_ms = TURN_KEPT_MS;
	for (size_t i = 0; i < n && i < OWN_MAX; i++) {
		if (own[i].count == 0)
			continue;
		e->own[i] = window_new(own[i]);
		if (e->own[i] == NULL) {
			peer_free(e);
			return NULL;
		}
		if (own[i].period_ms > e->keep_ms)
			e->keep_ms = own[i].period_ms;
	}
	return e;
}

/* The peer of an address, made where there is none; NULL with ENOMEM. */
static struct peer *
peer_of(
    struct rate *r, const char *address, const struct rate_limit *own, size_t n)
{
	const struct peer key = { .address = address };
	struct peer *const *at = tfind(&key, &r->by_address, by_address);
	struct peer *e;

	if (at != NULL) {
		unlink_peer(r, *at);
		link_newest(r, *at);
		return *at;
	}
	e = peer_new(address, own, n);
	if (e == NULL || tsearch(e, &r->by_address, by_address) == NULL) {
		peer_free(e);
		return NULL;
	}
	r->n++;
	link_newest(r, e);
	return e;
}

struct rate *
rate_new(struct rate_limit all)
{
	struct rate *r = calloc(1, sizeof(*r));

	if (r == NULL || all.count == 0)
		return r;
	r->all = window_new(all);
	if (r->all == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

void
rate_free(struct rate *r)
{
	struct peer *e;

	if (r == NULL)
		return;
	while ((e = r->oldest) != NULL) {
		unlink_peer(r, e);
		(void)tdelete(e, &r->by_address, by_address);
		peer_free(e);
	}
	free(r->all);
	free(r);
}

/* A turn among all, taken for now or for later. */
static void
give_turn(struct rate *r, struct peer *e, int64_t now_ms)
{
	int64_t free_ms = window_free_ms(r->all);

	if (e->turn_ms != 0 && now_ms - e->turn_ms < TURN_KEPT_MS)
		return;
	e->turn_ms = free_ms > now_ms ? free_ms : now_ms;
	window_take(r->all, e->turn_ms);
}

int64_t
rate_turn_ms(struct rate *r, const char *address, const struct rate_limit *own,
    size_t n, int64_t now_ms)
{
	struct peer *e;
	int64_t wait_ms = 0;

	forget(r, now_ms);
	e = peer_of(r, address, own, n);
	if (e == NULL)
		return 0;
	e->used_ms = now_ms;
	for (size_t i = 0; i < OWN_MAX; i++)
		if (window_free_ms(e->own[i]) - now_ms > wait_ms)
			wait_ms = window_free_ms(e->own[i]) - now_ms;
	if (wait_ms > 0)
		return wait_ms;
	give_turn(r, e, now_ms);
	if (e->turn_ms > now_ms)
		return e->turn_ms - now_ms;
	e->turn_ms = 0;
	for (size_t i = 0; i < OWN_MAX; i++)
		window_take(e->own[i], now_ms);
	return 0;
}

size_t
rate_size(const struct rate *r)
{
	return r->n;
}
