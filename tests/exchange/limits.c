#include "tests/exchange/limits.h"

#define SECOND_MS 1000
#define ADDRESS_MS 5000
#define BAN_MS 600000

void
limits_init(struct limits *l)
{
	*l = (struct limits){ .per_ip = 600 };
}

/* The n-th call before now, 0 the last one. */
static int64_t
before(const struct window *w, size_t n)
{
	return w->at_ms[(w->next + WINDOW_MAX - 1 - n) % WINDOW_MAX];
}

/* Calls within span_ms; *oldest_ms is the first of them. */
static int64_t
within(
    const struct window *w, int64_t now_ms, int64_t span_ms, int64_t *oldest_ms)
{
	size_t n = 0;

	*oldest_ms = now_ms;
	while (n < w->n && before(w, n) > now_ms - span_ms &&
	    before(w, n) <= now_ms) {
		*oldest_ms = before(w, n);
		n++;
	}
	return (int64_t)n;
}

static void
count(struct window *w, int64_t now_ms)
{
	w->at_ms[w->next] = now_ms;
	w->next = (w->next + 1) % WINDOW_MAX;
	if (w->n < WINDOW_MAX)
		w->n++;
}

int
limits_address(struct limits *l, int64_t now_ms, struct reply *rep)
{
	int64_t oldest_ms;

	if (l->per_ip == 0)
		return 0;
	if (now_ms >= l->banned_until_ms) {
		count(&l->address, now_ms);
		if (within(&l->address, now_ms, ADDRESS_MS, &oldest_ms) <=
		    l->per_ip)
			return 0;
		l->banned_until_ms = now_ms + BAN_MS;
	}
	return reply_page(rep, 403, "text/plain", "access too frequent");
}

int
limits_endpoint(const struct limits *l, struct window *w, int64_t cap,
    int64_t now_ms, struct reply *rep)
{
	int64_t oldest_ms, used;

	if (l->per_second > 0)
		cap = l->per_second;
	used = within(w, now_ms, SECOND_MS, &oldest_ms);
	rep->has_limits = !l->hide_headers;
	rep->limit = cap;
	rep->limit_reset_ms = now_ms;
	if (used >= cap) {
		rep->limit_left = 0;
		rep->limit_reset_ms = oldest_ms + SECOND_MS;
		return reply_refuse(rep, now_ms, 10006, "%s", code_text(10006));
	}
	count(w, now_ms);
	rep->limit_left = cap - used - 1;
	if (rep->limit_left == 0)
		rep->limit_reset_ms = oldest_ms + SECOND_MS;
	return 0;
}
