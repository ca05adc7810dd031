#include "poller/schedule.h"

void
schedule_start(struct schedule *s, int64_t now_ms, int64_t interval_ms)
{
	s->start_ms = now_ms;
	s->interval_ms = interval_ms;
	s->failures = 0;
}

int64_t
schedule_tick(const struct schedule *s, int64_t now_ms)
{
	int64_t past = now_ms - s->start_ms;

	return s->start_ms + (past / s->interval_ms + 1) * s->interval_ms;
}

int64_t
schedule_good(struct schedule *s, int64_t now_ms, int quick)
{
	int64_t tick = schedule_tick(s, now_ms);

	s->failures = 0;
	return quick && now_ms + QUICK_MS < tick ? now_ms + QUICK_MS : tick;
}

int64_t
schedule_failed(struct schedule *s, int64_t now_ms, unsigned random)
{
	int64_t most = BACK_OFF_MIN_MS * 2;
	int i;

	for (i = 0; i < s->failures && most < BACK_OFF_MAX_MS; i++)
		most *= 2;
	if (most > BACK_OFF_MAX_MS)
		most = BACK_OFF_MAX_MS;
	s->failures++;
	return now_ms + most / 2 + most / 2 * (int64_t)random / 1000;
}
