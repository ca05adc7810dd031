#include "notifier/printed.h"

#include <errno.h>

#define BUSY_MS 100 /* how often a reader that is slow is looked after */

static int64_t
turn_ms(void *state, const char *address, int64_t mono_ms)
{
	const struct printed *p = state;

	(void)address;
	(void)mono_ms;
	return output_pending(p->out) > 0 ? BUSY_MS : 0;
}

static int
start(void *state, const struct send *s)
{
	struct printed *p = state;

	if (p->n == PRINTED_AT_ONCE) {
		errno = EAGAIN;
		return -1;
	}
	if (output_write(p->out, s->line, s->line_len) == -1)
		return -1;
	p->waiting[p->n++] = *s;
	return 0;
}

void
printed_settle(struct printed *p)
{
	const struct outcome o = { .kind = OUTCOME_DELIVERED };
	size_t n = p->n;

	if (n == 0 || output_pending(p->out) > 0)
		return;
	p->n = 0;
	for (size_t i = 0; i < n; i++)
		p->waiting[i].done(p->waiting[i].arg, &o);
}

struct channel
printed_channel(struct printed *p)
{
	return (struct channel){
		.name = "stdout",
		.in_line = 1,
		.at_once = PRINTED_AT_ONCE,
		.state = p,
		.turn_ms = turn_ms,
		.start = start,
	};
}
