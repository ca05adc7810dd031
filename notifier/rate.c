#include "notifier/rate.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/log.h"

#define OWN_MAX 2 /* limits of one address */

/* When the last messages went; a ring. */
struct rate_window {
	size_t count, next;
	int64_t period_ms;
	int64_t at[]; /* count of them; 0: not yet */
};

/* An address that something was sent to lately. */
struct peer {
	TAILQ_ENTRY(peer) list;
	struct rate_window *own[OWN_MAX];
	int64_t used_ms, keep_ms;
	const char *address; /* of a key; else text */
	char text[];
};

struct rate {
	void *by_address;
	TAILQ_HEAD(peers, peer) peers; /* who was used last is the last */
	size_t n;
	int64_t start_ms;
};

struct rate_window *
rate_window_new(struct rate_limit limit, int64_t start_ms)
{
	struct rate_window *w =
	    must_have(calloc(1, sizeof(*w) + limit.count * sizeof(w->at[0])));

	w->count = limit.count;
	w->period_ms = limit.period_ms;
	/* The oldest first: those that are free. */
	for (size_t i = limit.count - limit.count / 2; i < w->count; i++)
		w->at[i] = start_ms;
	return w;
}

void
rate_window_free(struct rate_window *w)
{
	free(w);
}

int64_t
rate_window_free_ms(const struct rate_window *w, size_t before)
{
	int64_t at;

	if (w == NULL)
		return 0;
	if (before >= w->count)
		return INT64_MAX;
	at = w->at[(w->next + before) % w->count];
	return at == 0 ? 0 : at + w->period_ms;
}

void
rate_window_take(struct rate_window *w, int64_t now_ms)
{
	if (w == NULL)
		return;
	w->at[w->next] = now_ms;
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
	for (size_t i = 0; i < OWN_MAX; i++)
		free(e->own[i]);
	free(e);
}

static void
forget(struct rate *r, struct peer *e)
{
	TAILQ_REMOVE(&r->peers, e, list);
	(void)tdelete(e, &r->by_address, by_address);
	peer_free(e);
	r->n--;
}

/* Who was quiet for longer than their limits look back. */
static void
forget_quiet(struct rate *r, int64_t now_ms)
{
	struct peer *e;

	while ((e = TAILQ_FIRST(&r->peers)) != NULL &&
	    now_ms - e->used_ms >= e->keep_ms)
		forget(r, e);
}

static struct peer *
peer_new(const char *address, const struct rate_limit *own, size_t n,
    int64_t start_ms)
{
	struct peer *e = must_have(calloc(1, sizeof(*e) + strlen(address) + 1));

	memcpy(e->text, address, strlen(address) + 1);
	e->address = e->text;
	for (size_t i = 0; i < n && i < OWN_MAX; i++) {
		if (own[i].count == 0)
			continue;
		e->own[i] = rate_window_new(own[i], start_ms);
		if (own[i].period_ms > e->keep_ms)
			e->keep_ms = own[i].period_ms;
	}
	return e;
}

/* The peer of an address, made where there is none. */
static struct peer *
peer_of(
    struct rate *r, const char *address, const struct rate_limit *own, size_t n)
{
	const struct peer key = { .address = address };
	struct peer *const *at = tfind(&key, &r->by_address, by_address);
	struct peer *e;

	if (at != NULL) {
		TAILQ_REMOVE(&r->peers, *at, list);
		TAILQ_INSERT_TAIL(&r->peers, *at, list);
		return *at;
	}
	e = peer_new(address, own, n, r->start_ms);
	(void)must_have(tsearch(e, &r->by_address, by_address));
	r->n++;
	TAILQ_INSERT_TAIL(&r->peers, e, list);
	return e;
}

struct rate *
rate_new(int64_t start_ms)
{
	struct rate *r = must_have(calloc(1, sizeof(*r)));

	TAILQ_INIT(&r->peers);
	r->start_ms = start_ms;
	return r;
}

void
rate_free(struct rate *r)
{
	struct peer *e;

	if (r == NULL)
		return;
	while ((e = TAILQ_FIRST(&r->peers)) != NULL)
		forget(r, e);
	free(r);
}

int64_t
rate_turn_ms(struct rate *r, const char *address, const struct rate_limit *own,
    size_t n, int64_t now_ms)
{
	struct peer *e;
	int64_t wait_ms = 0;

	forget_quiet(r, now_ms);
	e = peer_of(r, address, own, n);
	e->used_ms = now_ms;
	for (size_t i = 0; i < OWN_MAX; i++) {
		int64_t ms = rate_window_free_ms(e->own[i], 0) - now_ms;

		if (ms > wait_ms)
			wait_ms = ms;
	}
	if (wait_ms > 0)
		return wait_ms;
	for (size_t i = 0; i < OWN_MAX; i++)
		rate_window_take(e->own[i], now_ms);
	return 0;
}

size_t
rate_size(const struct rate *r)
{
	return r->n;
}
