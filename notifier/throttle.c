#include "notifier/throttle.h"

static const struct {
	int64_t every_ms; /* one more */
	int64_t count;	  /* at once */
} limits[THROTTLE_KINDS] = {
	[THROTTLE_COMMAND] = { 10000, 10 },
	[THROTTLE_CODE] = { 720000, 5 },
	[THROTTLE_CODES] = { 2000, 30 },
	[THROTTLE_LOOKUP] = { 200, 60 },
	[THROTTLE_STRANGER] = { 2000, 30 },
};

static int64_t
last_ms(const struct throttled *p)
{
	return p->command_ms > p->code_ms ? p->command_ms : p->code_ms;
}

/* What is known of a user; who was quiet longest makes room for a new one. */
static struct throttled *
find(struct throttle *h, int64_t user)
{
	struct throttled *quiet = &h->by[0];

	for (size_t i = 0; i < h->n; i++) {
		if (h->by[i].user == user)
			return &h->by[i];
		if (last_ms(&h->by[i]) < last_ms(quiet))
			quiet = &h->by[i];
	}
	if (h->n < THROTTLE_PEOPLE)
		quiet = &h->by[h->n++];
	*quiet = (struct throttled){ .user = user };
	return quiet;
}

static int64_t *
room(struct throttle *h, enum throttle_what what, int64_t user)
{
	switch (what) {
	case THROTTLE_COMMAND:
		return &find(h, user)->command_ms;
	case THROTTLE_CODE:
		return &find(h, user)->code_ms;
	default:
		return &h->all_ms[what];
	}
}

int
throttle_allows(
    struct throttle *h, enum throttle_what what, int64_t user, int64_t mono_ms)
{
	int64_t *free_ms = room(h, what, user);
	int64_t from = *free_ms > mono_ms ? *free_ms : mono_ms;

	if (from - mono_ms > (limits[what].count - 1) * limits[what].every_ms)
		return 0;
	*free_ms = from + limits[what].every_ms;
	return 1;
}
