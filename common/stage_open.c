#include "common/stage_open.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sig.h"

#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS 5000
#define RETRY_STOPPING_MS 5000 /* how long, once it is to end */

struct input *
stage_input(const struct stage *st)
{
	char why[512];
	struct input *in = input_open(st->input, why, sizeof(why));

	if (in == NULL)
		die(EX_IOERR, "%s", why);
	return in;
}

struct output *
stage_output(const struct stage *st, enum output_policy policy)
{
	struct output *out = output_new(policy);
	char why[512];

	if (out == NULL)
		die(EX_OSERR, "unable to start: %s", strerror(errno));
	for (size_t i = 0; i < st->noutputs; i++)
		if (output_add(out, st->outputs[i], why, sizeof(why)) == -1)
			die(EX_IOERR, "%s", why);
	return out;
}

struct store *
stage_store(const struct stage *st, const char *name, const char *const *tables,
    unsigned schema)
{
	struct store_opts o = {
		.dir = st->dir,
		.stage = name,
		.tables = tables,
		.schema = schema,
		.map_size = setting_bytes(st->settings, STATE_MAP_SIZE),
		.mode = st->check ? STORE_READ : STORE_OWN,
	};
	struct store *s = NULL;
	enum store_error e;
	char why[512];

	e = store_open(&s, &o, why, sizeof(why));
	if (st->check && e == STORE_NOTFOUND)
		return NULL;
	if (e != STORE_OK)
		die(store_exit(e), "%s", why);
	return s;
}

static _Noreturn void
give_up(const struct stage_retry *r, int code)
{
	die(code, "gave up: %s; what was read since the last commit was not %s",
	    r->why(r->arg), r->undone);
}

void
stage_retry(const struct stage_retry *r, enum store_error e)
{
	int64_t wait = RETRY_FIRST_MS, until = INT64_MAX, now;
	struct pollfd pfd = { .fd = sig_fd(), .events = POLLIN };
	char text[96];

	(void)snprintf(text, sizeof(text),
	    "unable to commit, retrying; nothing is read or %s", r->undone);
	log_error(text, LOG_STR("reason", r->why(r->arg)));
	while (e != STORE_OK) {
		if (e == STORE_BAD || e == STORE_PANIC)
			give_up(r, store_exit(e));
		now = clock_mono_ms();
		if (sig_stop() && until == INT64_MAX) {
			until = now + RETRY_STOPPING_MS;
			pfd.fd = -1;
		}
		if (now >= until)
			give_up(r, EX_IOERR);
		if (poll(&pfd, 1, (int)wait) == -1 && errno != EINTR)
			die(EX_OSERR, "poll: %s", strerror(errno));
		wait = wait * 2 < RETRY_MAX_MS ? wait * 2 : RETRY_MAX_MS;
		e = r->again(r->arg);
	}
	log_line(LOG_WARN, "committed again", NULL, 0);
}

void
stage_notices(const struct stage *st, struct input *in, struct output *out)
{
	const char *text;

	while (in != NULL && (text = input_notice(in)) != NULL)
		log_info(text, LOG_STR("endpoint", st->input));
	while (out != NULL && (text = output_notice(out)) != NULL)
		log_info(text, LOG_STR("endpoint", "output"));
}

enum input_status
stage_line(
    struct input *in, struct health *h, size_t *size, struct input_line *l)
{
	enum input_status st = INPUT_SKIP;

	while (st == INPUT_SKIP && *size < BATCH_SIZE_MAX) {
		st = input_next(in, l);
		if (st == INPUT_FAIL)
			die(EX_IOERR, "unable to read: %s", strerror(errno));
		if (st != INPUT_LINE && st != INPUT_SKIP)
			break;
		h->lines++;
		if (st == INPUT_LINE) {
			h->last_line_ms = clock_wall_ms();
			*size += l->len + 1;
			break;
		}
		h->skipped++;
		log_warn("skipping a line", LOG_STR("from", l->from),
		    LOG_STR("why", l->why));
		*size += LINE_SIZE_MAX;
	}
	return st;
}

void
stage_whole(int cut)
{
	if (cut)
		die(EX_DATAERR,
		    "the input ended inside a line; everything before it was "
		    "taken");
}
