/* poller: look at a Bybit account, and write what is there as lines. */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sysexits.h>

#include "common/build.h"
#include "common/bybit.h"
#include "common/clock.h"
#include "common/confine.h"
#include "common/endpoint.h"
#include "common/log.h"
#include "common/settings.h"
#include "common/sig.h"
#include "common/stage.h"
#include "poller/poller.h"

/* Bytes of a reply's body that a debug line shows. */
#define BODY_SHOWN_MAX 4096

/* How long the end waits for a reader to take the last lines. */
#define FLUSH_MS 3000

struct ends {
	struct bybit *bybit;
	struct output *out;
	uint64_t connects; /* readers that came, as of the last look */
};

static int
get(void *arg, const char *path, const char *query, int sign,
    struct bybit_reply *r)
{
	struct ends *e = arg;

	return bybit_get(e->bybit, path, query, sign, sig_fd(), r);
}

static uint64_t
requests(void *arg)
{
	struct ends *e = arg;

	return bybit_requests(e->bybit);
}

static int64_t
banned_ms(void *arg)
{
	struct ends *e = arg;

	return bybit_banned_ms(e->bybit);
}

static int64_t
now_ms(void *arg)
{
	struct ends *e = arg;

	return bybit_now_ms(e->bybit);
}

static int64_t
mono_ms(void *arg)
{
	(void)arg;
	return clock_mono_ms();
}

static int
write_line(void *arg, const char *line, size_t len)
{
	struct ends *e = arg;

	return output_write(e->out, line, len);
}

static void
note(void *arg, enum log_level level, const char *msg,
    const struct log_field *fields, size_t n)
{
	(void)arg;
	log_line(level, msg, fields, n);
}

static void
trace(void *arg, const struct bybit_trace *t)
{
	const struct bybit_reply *r = t->reply;
	size_t len = t->len < BODY_SHOWN_MAX ? t->len : BODY_SHOWN_MAX;

	(void)arg;
	if (!log_wants(LOG_DEBUG))
		return;
	log_debug("reply", LOG_STR("method", t->method),
	    LOG_STR("path", t->path), LOG_STR("query", t->query),
	    LOG_INT("status", r->status), LOG_INT("retCode", r->code),
	    LOG_INT("ms", r->ms), LOG_STR("error", r->error),
	    LOG_MEM("body", t->body, len));
}

static void
tell_notices(struct output *out)
{
	const char *text;

	while ((text = output_notice(out)) != NULL)
		log_info(text, LOG_STR("endpoint", "output"));
}

/*
 * Wait until a moment, or a new reader; let the output go on meanwhile.  -1
 * with errno.
 */
static int
wait_until(struct ends *e, int64_t until_mono_ms)
{
	struct pollfd pfd[2] = {
		{ .fd = sig_fd(), .events = POLLIN },
		{ .fd = output_fd(e->out), .events = POLLIN },
	};

	for (;;) {
		int64_t left = until_mono_ms - clock_mono_ms();

		if (left <= 0)
			return 0;
		if (poll(pfd, 2, left > INT_MAX ? INT_MAX : (int)left) == -1) {
			if (errno == EINTR)
				continue; /* revents are stale */
			return -1;
		}
		if (pfd[1].revents != 0 && output_flush(e->out) == -1)
			return -1;
		tell_notices(e->out);
		if (pfd[0].revents != 0 ||
		    e->connects != output_connects(e->out))
			return 0;
	}
}

/*
 * One look, or none while the last one's lines are unsent, or nobody is there
 * to read: what a look finds once alone (closed P&L, instruments) must not be
 * lost.
 */
static int64_t
turn(struct poller *p, struct ends *e, int *skipped)
{
	int64_t next = clock_mono_ms();
	const int ready = output_ready(e->out);

	if (!ready || output_pending(e->out) > 0) {
		if (!*skipped && ready)
			log_warn("the last lines are unsent, skipping looks",
			    LOG_INT("bytes", (int64_t)output_pending(e->out)));
		else if (!*skipped)
			log_warn("nobody is connected, skipping looks",
			    LOG_INT("readers", (int64_t)e->connects));
		*skipped = 1;
		return poller_skip(p);
	}
	if (*skipped)
		log_info("looking again",
		    LOG_INT("requests", (int64_t)bybit_requests(e->bybit)));
	*skipped = 0;
	if (e->connects != output_connects(e->out)) {
		e->connects = output_connects(e->out);
		poller_refresh(p);
	}
	switch (poller_cycle(p, &next)) {
	case POLLER_OK:
	case POLLER_STOP:
		break;
	case POLLER_FATAL:
		(void)output_close(e->out, FLUSH_MS);
		die(EX_CONFIG, "%s", poller_error(p));
	case POLLER_OUTPUT:
		die(EX_IOERR, "unable to write: %s", strerror(errno));
	case POLLER_NOMEM:
		die(EX_OSERR, "%s", strerror(ENOMEM));
	}
	return next;
}

int
main(int argc, char *argv[])
{
	struct stage st;
	struct poller_opts opts;
	struct ends e = { NULL, NULL, 0 };
	struct poller_io io = { &e, get, requests, banned_ms, now_ms, mono_ms,
		write_line, note };
	struct confine c = { .net = CONFINE_PORTS, .nports = 1 };
	struct poller *p;
	char err[512];
	int64_t next;
	int stop = 0, skipped = 0;
	size_t i;

	stage_start(
	    &st, argc, argv, "o:e:nhV", "[-hnV] [-e FILE] [-o ENDPOINT]...");
	STAGE_SECRETS(&st, BYBIT_API_KEY, BYBIT_API_SECRET);
	if (poller_opts_read(&opts, st.settings, err, sizeof(err)) == -1)
		die(EX_CONFIG, "%s", err);
	e.bybit = bybit_new(st.settings, 0, err, sizeof(err));
	if (e.bybit == NULL)
		die(EX_CONFIG, "%s", err);
	if (st.check) {
		bybit_free(e.bybit);
		settings_free(st.settings);
		return EX_OK;
	}
	opts.host = bybit_host(e.bybit);
	opts.build = build_id;
	bybit_set_trace(e.bybit, trace, NULL);
	e.out = output_new(OUTPUT_QUEUE);
	if (e.out == NULL)
		die(EX_OSERR, "unable to start: %s", strerror(errno));
	for (i = 0; i < st.noutputs; i++)
		if (output_add(e.out, st.outputs[i], err, sizeof(err)) == -1)
			die(EX_IOERR, "%s", err);
	c.ports[0] = bybit_port(e.bybit);
	stage_confine(&st, &c);
	p = poller_new(&opts, &io);
	if (p == NULL)
		die(EX_OSERR, "unable to start: %s", strerror(errno));

	log_info("ready", LOG_STR("host", opts.host),
	    LOG_STR("account", opts.account),
	    LOG_INT("scopes", (int64_t)opts.nscopes),
	    LOG_INT("interval_ms", opts.interval_ms));
	while (!stop) {
		next = turn(p, &e, &skipped);
		tell_notices(e.out);
		if (wait_until(&e, next) == -1)
			die(EX_IOERR, "unable to write: %s", strerror(errno));
		stop = sig_stop();
	}
	if (output_close(e.out, FLUSH_MS) == -1)
		die(EX_IOERR, "unable to write the last lines: %s",
		    strerror(errno));
	log_info(
	    "stopped", LOG_INT("requests", (int64_t)bybit_requests(e.bybit)));
	poller_free(p);
	bybit_free(e.bybit);
	settings_free(st.settings);
	return EX_OK;
}
