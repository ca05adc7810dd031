/* risker: decide alerts by the rules, commit each decision, then write it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/alarms.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/confine.h"
#include "common/killpoint.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sig.h"
#include "common/stage_open.h"
#include "risker/risker.h"
#include "risker/state.h"

#define TICK_MS 60000 /* housekeeping of the store */
#define TRIM_MS 1000  /* between givings back of mapped pages */
#define CLOSE_MS 5000 /* what a socket's peer gets to read the rest */

/* A line of the batch; at is where it begins in the text of all. */
struct taken {
	size_t at, len;
	char from[48];
};

struct process {
	struct stage stage;
	struct store *store;
	struct risker *risker;
	struct input *in;
	struct output *out;
	struct health health;
	struct alarms alarms;
	struct buf text; /* the lines of the batch, each with a byte more */
	struct taken taken[RISKER_LINES_MAX];
	size_t ntaken;
	int64_t tick_ms; /* monotonic, of the next housekeeping */
	int64_t trim_ms; /* … and of the next trim */
	int unsaid; /* the row of this start in `health` is not there yet */
	int cut;    /* the input ended inside a line */
};

/* why: differ's state cannot be read; "": it can, as far as is known. */
static void
look_blind(struct process *p, const char *why)
{
	char text[sizeof(p->alarms.list->text)];

	(void)snprintf(text, sizeof(text),
	    "unable to read the state of differ, refusing entries%s%s",
	    *why != '\0' ? ": " : "", why);
	alarms_set(&p->alarms, "blind risker", *why != '\0', text);
}

/* The counters, with what is decided and will be said once it is stored. */
static struct health
counted(const struct process *p)
{
	struct health h = p->health;

	for (size_t i = 0; i < p->risker->ntold; i++)
		if (p->risker->told[i].result == RISKER_SKIPPED)
			h.skipped++;
		else
			h.out++;
	return h;
}

/* The rows that go with every commit. */
static int
put_rows(struct store_txn *t, void *arg)
{
	struct process *p = arg;
	const struct health h = counted(p);

	if (health_put(t, "risker", &h) == -1)
		return -1;
	return alarms_put(&p->alarms, t, clock_wall_ms());
}

/* Decide the lines that were taken, in one commit.  must: with none, too. */
static enum store_error
decide(struct process *p, int must)
{
	struct risker *r = p->risker;
	enum store_error err = risker_begin(r);

	if (err != STORE_OK)
		return err;
	for (size_t i = 0; i < p->ntaken; i++)
		risker_line(r, p->text.p + p->taken[i].at, p->taken[i].len);
	if (!must && !risker_dirty(r) && !r->out_of_memory) {
		risker_end(r);
		return STORE_OK;
	}
	err = risker_commit(r, put_rows, p);
	if (r->out_of_memory)
		die(EX_OSERR,
		    "out of memory; what was read since the last commit was "
		    "not decided");
	if (err != STORE_OK)
		return err;
	p->unsaid = 0;
	alarms_written(&p->alarms);
	return STORE_OK;
}

static enum store_error
try_all(void *arg)
{
	return decide(arg, 1);
}

static enum store_error
try_decide(void *arg)
{
	return decide(arg, 0);
}

static const char *
commit_error(void *arg)
{
	const struct process *p = arg;

	return risker_error(p->risker);
}

static void
log_told(const struct told *t, const char *from)
{
	static const char *const outcomes[RISKER_RESULTS] = {
		[RISKER_ORDER] = "order",
		[RISKER_REFUSED] = "refused",
		[RISKER_AGAIN] = "again",
	};

	if (t->result == RISKER_SKIPPED)
		log_warn("skipping a line", LOG_STR("from", from),
		    LOG_STR("why", t->why));
	else if (t->result == RISKER_REFUSED)
		log_info("decision", LOG_STR("id", t->id),
		    LOG_STR("outcome", outcomes[t->result]),
		    LOG_STR("action", t->action), LOG_STR("symbol", t->symbol),
		    LOG_STR("errors", t->why));
	else if (t->result != RISKER_PASSED)
		log_info("decision", LOG_STR("id", t->id),
		    LOG_STR("outcome", outcomes[t->result]),
		    LOG_STR("action", t->action), LOG_STR("symbol", t->symbol),
		    LOG_STR("qty", t->qty));
}

/* What was committed may be said now. */
static void
announce(struct process *p)
{
	struct risker *r = p->risker;

	if (r->out.len > 0) {
		kill_point("K5");
		if (output_write(p->out, r->out.p, r->out.len) == -1)
			die(EX_IOERR, "unable to write: %s; the state has it",
			    strerror(errno));
	}
	for (size_t i = 0; i < r->ntold; i++)
		log_told(&r->told[i], p->taken[i].from);
	risker_said(r);
}

/* Mapped pages, which a line at a time need not fault in anew each time. */
static void
trim(struct process *p)
{
	int64_t now = clock_mono_ms();

	if (now < p->trim_ms)
		return;
	p->trim_ms = now + TRIM_MS;
	risker_trim(p->risker);
	store_trim(p->store);
}

/* Decide what was taken, and say it.  must: write the rows in any case. */
static void
work(struct process *p, int must)
{
	const struct stage_retry r = { must ? try_all : try_decide,
		commit_error, p, "decided" };
	enum store_error err = r.again(p);
	const char *why;

	if (err != STORE_OK)
		stage_retry(&r, err);
	p->health = counted(p);
	announce(p);
	why = risker_blind(p->risker);
	if (why != NULL)
		look_blind(p, why);
	p->ntaken = 0;
	buf_clear(&p->text);
	trim(p);
}

/* What a batch leaves behind. */
enum rest {
	REST_NONE,  /* nothing waits: the input is to be waited for */
	REST_LINES, /* more may have been read, which no descriptor shows */
	REST_END,   /* the input has ended */
};

static void
take(struct process *p, const struct input_line *l)
{
	struct taken *t = &p->taken[p->ntaken++];

	t->at = p->text.len;
	t->len = l->len;
	memcpy(t->from, l->from, sizeof(t->from));
	buf_put(&p->text, l->text, l->len);
	buf_putc(&p->text, '\n');
	if (buf_failed(&p->text))
		die(EX_OSERR, "out of memory");
}

/* Take the lines that wait, one commit's worth at the most. */
static enum rest
batch(struct process *p)
{
	enum input_status st = INPUT_LINE;
	struct input_line l;
	size_t size = 0;

	while (st == INPUT_LINE && p->ntaken < RISKER_LINES_MAX) {
		st = stage_line(p->in, &p->health, &size, &l);
		if (st == INPUT_LINE)
			take(p, &l);
	}
	if (p->ntaken > 0)
		work(p, 0);
	p->cut = st == INPUT_CUT;
	if (st == INPUT_WAIT)
		return REST_NONE;
	return st == INPUT_LINE || st == INPUT_SKIP ? REST_LINES : REST_END;
}

static void
tick(struct process *p)
{
	int64_t now = clock_mono_ms();

	if (now < p->tick_ms)
		return;
	p->tick_ms = now + TICK_MS;
	alarms_look(&p->alarms, p->store, "risker");
}

static void
open_store(struct process *p)
{
	p->store =
	    stage_store(&p->stage, "risker", risker_tables, RISKER_SCHEMA);
	if (p->stage.check)
		return;
	p->risker = risker_new(p->store, p->stage.settings, p->stage.dir);
}

static void
loop(struct process *p)
{
	struct pollfd pfd[3] = {
		{ .fd = sig_fd(), .events = POLLIN },
		{ .fd = input_fd(p->in), .events = POLLIN },
		{ .fd = output_fd(p->out), .events = POLLIN },
	};

	while (!sig_stop()) {
		enum rest rest = batch(p);

		if (rest == REST_END)
			break;
		stage_notices(&p->stage, p->in, p->out);
		tick(p);
		pfd[1].revents = 0;
		if (poll(pfd, 3, 0) == -1 && errno != EINTR)
			die(EX_OSERR, "poll: %s", strerror(errno));
		if (rest == REST_NONE && pfd[1].revents == 0) {
			/* Nothing waits: the time for what is no decision. */
			if (p->unsaid || alarms_changed(&p->alarms))
				work(p, 1);
			if (poll(pfd, 3, TICK_MS) == -1 && errno != EINTR)
				die(EX_OSERR, "poll: %s", strerror(errno));
		}
		if (pfd[2].revents != 0 && output_flush(p->out) == -1)
			die(EX_IOERR, "unable to write: %s; the state has it",
			    strerror(errno));
	}
}

static void
release(struct process *p)
{
	input_close(p->in);
	risker_free(p->risker);
	store_close(p->store);
	settings_free(p->stage.settings);
	buf_release(&p->text);
	alarms_release(&p->alarms);
}

int
main(int argc, char *argv[])
{
	static struct process p = { .unsaid = 1 };
	struct confine alone = { .net = CONFINE_LOCAL };

	stage_start(&p.stage, argc, argv, "i:o:d:e:nhV",
	    "[-hnV] [-d DIR] [-e FILE] [-i ENDPOINT] [-o ENDPOINT]...");
	STAGE_NO_SECRETS(&p.stage);
	p.health.start_ms = clock_wall_ms();
	buf_init(&p.text, BATCH_SIZE_MAX + LINE_SIZE_MAX + 2);
	open_store(&p);
	if (p.stage.check) {
		release(&p);
		return EX_OK;
	}
	look_blind(&p, "");
	tick(&p);
	p.in = stage_input(&p.stage);
	p.out = stage_output(&p.stage, OUTPUT_BLOCK);
	stage_confine(&p.stage, &alone);
	log_info("ready", LOG_STR("dir", p.stage.dir));
	loop(&p);
	p.health.ended = 1;
	work(&p, 1);
	stage_notices(&p.stage, p.in, p.out);
	if (output_close(p.out, CLOSE_MS) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it",
		    strerror(errno));
	release(&p);
	stage_whole(p.cut);
	log_info("drained", LOG_INT("lines", (int64_t)p.health.lines));
	return EX_OK;
}
