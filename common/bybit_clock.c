#include "common/bybit.h"

void
bybit_clock_start(struct bybit_clock *c, int64_t wall_ms, int64_t mono_ms)
{
	c->wall_ms = wall_ms;
	c->mono_ms = mono_ms;
	c->offset_ms = 0;
}

static int64_t
local_time(const struct bybit_clock *c, int64_t mono_ms)
{
	return c->wall_ms + (mono_ms - c->mono_ms);
}

int64_t
bybit_clock_now(const struct bybit_clock *c, int64_t mono_ms)
{
	return local_time(c, mono_ms) + c->offset_ms;
}

void
bybit_clock_learn(struct bybit_clock *c, int64_t server_ms,
    int64_t sent_mono_ms, int64_t done_mono_ms)
{
	int64_t low = server_ms - local_time(c, done_mono_ms);
	int64_t high = server_ms - local_time(c, sent_mono_ms);

	if (c->offset_ms < low || c->offset_ms > high)
		c->offset_ms = low + (high - low) / 2;
}

int
bybit_clock_sane(struct bybit_clock *c, int64_t wall_ms, int64_t mono_ms)
{
	int64_t now = bybit_clock_now(c, mono_ms);

	if (c->offset_ms >= -BYBIT_OFFSET_MAX_MS &&
	    c->offset_ms <= BYBIT_OFFSET_MAX_MS)
		return 1;
	c->wall_ms = wall_ms;
	c->mono_ms = mono_ms;
	c->offset_ms = now - wall_ms;
	return c->offset_ms >= -BYBIT_OFFSET_MAX_MS &&
	    c->offset_ms <= BYBIT_OFFSET_MAX_MS;
}
