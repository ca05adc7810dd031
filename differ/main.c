/* differ: fold the poller's lines into the state, write what changed. */
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
#include "differ/differ.h"
#include "differ/state.h"

#define TICK_MS 60000	     /* housekeeping of the store */
#define CLOSE_MS 5000	     /* what a socket's peer gets to read the rest */
#define IDENTITY "identity " /* and an account: an alarm */

struct process {
	struct stage stage;
	struct store *store;
	struct differ *differ;
	struct input *in;
	struct output *out;
	struct health health;
	uint64_t told; /* signals written */
	struct alarms alarms;
	int64_t tick_ms; /* monotonic, of the next housekeeping */
	int unsaid; /* the row of this start in `health` is not there yet */
	int cut;    /* the input ended inside a line */
};

/* Lines of an account were refused, or none yet. */
static void
alarm_identity(struct process *p, const char *account, int open)
{
	char name[96], text[192];

	(void)snprintf(name, sizeof(name), IDENTITY "%s", account);
	(void)snprintf(text, sizeof(text),
	    "differ refuses lines of account '%s': they come from another "
	    "host or uid than its state",
	    account);
	alarms_set(&p->alarms, name, open, text);
}

/* They are open for a minute after the last line that was refused. */
static void
end_identity(struct process *p, int64_t now)
{
	for (size_t i = 0; i < p->alarms.n; i++) {
		const struct alarm *a = &p->alarms.list[i];

		if (strncmp(a->name, IDENTITY, strlen(IDENTITY)) == 0 &&
		    now - a->set_ms >= TICK_MS)
			alarms_set(&p->alarms, a->name, 0, NULL);
	}
}

/* The rows that go with every commit. */
static int
put_rows(struct store_txn *t, void *arg)
{
	struct process *p = arg;

	p->health.out = p->told + p->differ->ntold;
	if (health_put(t, "differ", &p->health) == -1)
		return -1;
	return alarms_put(&p->alarms, t, clock_wall_ms());
}

/* What cannot be made good ends the process: the state is as it was. */
static void
must_go_on(const struct process *p)
{
	if (differ_failed(p->differ) != NULL)
		die(EX_IOERR, "%s; nothing since the last commit was announced",
		    differ_failed(p->differ));
}

static enum store_error
try_commit(void *arg)
{
	struct process *p = arg;

	return differ_commit(p->differ, put_rows, p);
}

static const char *
commit_error(void *arg)
{
	const struct process *p = arg;

	return store_errstr(p->store);
}

static void
commit(struct process *p)
{
	const struct stage_retry r = { try_commit, commit_error, p,
		"announced" };
	enum store_error err = try_commit(p);

	must_go_on(p);
	if (err != STORE_OK)
		stage_retry(&r, err);
	p->unsaid = 0;
	alarms_written(&p->alarms);
	store_trim(p->store);
}

/* What was committed may be said now. */
static void
announce(struct process *p)
{
	struct differ *d = p->differ;

	kill_point("K12");
	if (d->out.len > 0 && output_write(p->out, d->out.p, d->out.len) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it all",
		    strerror(errno));
	for (size_t i = 0; i < d->ntold; i++)
		log_info("signal",
		    LOG_INT("number", (int64_t)d->told[i].number),
		    LOG_STR("action", d->told[i].action),
		    LOG_STR("symbol", d->told[i].symbol));
	p->told += d->ntold;
	differ_said(d);
}

static void
say_notes(const struct differ *d, const char *from)
{
	static const enum log_level levels[] = {
		[NOTE_DEBUG] = LOG_DEBUG,
		[NOTE_WARN] = LOG_WARN,
		[NOTE_ERROR] = LOG_ERROR,
	};

	for (size_t i = 0; i < d->nnotes; i++)
		log_line(levels[d->notes[i].level], d->notes[i].text,
		    LOG_FIELDS(LOG_STR("from", from)));
}

static void
take(struct process *p, const struct input_line *l)
{
	switch (differ_line(p->differ, l->text, l->len)) {
	case DIFFER_TAKEN:
	case DIFFER_IGNORED:
		break;
	case DIFFER_SKIPPED:
		p->health.skipped++;
		break;
	case DIFFER_REFUSED:
		p->health.skipped++;
		alarm_identity(p, p->differ->refused, 1);
		break;
	}
	say_notes(p->differ, l->from);
	must_go_on(p);
}

/* What a batch leaves behind. */
enum rest {
	REST_NONE,  /* nothing waits: the input is to be waited for */
	REST_LINES, /* more may have been read, which no descriptor shows */
	REST_END,   /* the input has ended */
};

/* Take the lines that wait, one commit's worth at the most. */
static enum rest
batch(struct process *p)
{
	enum input_status st;
	struct input_line l;
	size_t size = 0;
	int taken = 0;

	while ((st = stage_line(p->in, &p->health, &size, &l)) == INPUT_LINE) {
		take(p, &l);
		taken = 1;
	}
	if (taken && (differ_dirty(p->differ) || alarms_changed(&p->alarms)))
		commit(p);
	if (p->differ->out.len > 0)
		announce(p);
	p->cut = st == INPUT_CUT;
	if (st == INPUT_WAIT)
		return REST_NONE;
	return st == INPUT_SKIP ? REST_LINES : REST_END;
}

static void
tick(struct process *p)
{
	int64_t now = clock_mono_ms();

	if (now < p->tick_ms)
		return;
	p->tick_ms = now + TICK_MS;
	alarms_look(&p->alarms, p->store, "differ");
	end_identity(p, now);
	if (alarms_changed(&p->alarms))
		commit(p);
}

static void
open_store(struct process *p)
{
	char why[512];

	p->store = stage_store(&p->stage, "differ", state_tables, STATE_SCHEMA);
	if (p->store == NULL)
		return;
	p->differ = differ_new(p->store,
	    setting_str(p->stage.settings, ACCOUNT), why, sizeof(why));
	if (p->differ == NULL && errno != EBADMSG)
		die(EX_IOERR, "unable to read the state in '%s': %s",
		    p->stage.dir, why);
	if (p->differ == NULL)
		die(EX_CONFIG,
		    "unable to use the state in '%s': %s; restore a copy, or "
		    "move it away to begin a new journal",
		    p->stage.dir, why);
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
			/* Nothing waits: the time for the row of the start. */
			if (p->unsaid)
				commit(p);
			if (poll(pfd, 3, TICK_MS) == -1 && errno != EINTR)
				die(EX_OSERR, "poll: %s", strerror(errno));
		}
		if (pfd[2].revents != 0 && output_flush(p->out) == -1)
			die(EX_IOERR,
			    "unable to write: %s; the state has it "
			    "all",
			    strerror(errno));
	}
}

static void
release(struct process *p)
{
	input_close(p->in);
	differ_free(p->differ);
	store_close(p->store);
	settings_free(p->stage.settings);
	alarms_release(&p->alarms);
}

int
main(int argc, char *argv[])
{
	struct confine alone = { .net = CONFINE_LOCAL };
	struct process p = { .unsaid = 1 };

	stage_start(&p.stage, argc, argv, "i:o:d:e:nhV",
	    "[-hnV] [-d DIR] [-e FILE] [-i ENDPOINT] [-o ENDPOINT]...");
	STAGE_NO_SECRETS(&p.stage);
	p.health.start_ms = clock_wall_ms();
	open_store(&p);
	if (p.stage.check) {
		release(&p);
		return EX_OK;
	}
	alarms_look(&p.alarms, p.store, "differ");
	for (size_t i = 0; i < p.differ->naccounts; i++)
		alarm_identity(&p, differ_account(p.differ, i), 0);
	p.in = stage_input(&p.stage);
	p.out = stage_output(&p.stage, OUTPUT_BLOCK);
	stage_confine(&p.stage, &alone);
	p.tick_ms = clock_mono_ms() + TICK_MS;
	log_info("ready", LOG_STR("dir", p.stage.dir),
	    LOG_INT("seq", (int64_t)p.differ->seq));
	loop(&p);
	p.health.ended = 1;
	commit(&p);
	stage_notices(&p.stage, p.in, p.out);
	if (output_close(p.out, CLOSE_MS) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it all",
		    strerror(errno));
	release(&p);
	stage_whole(p.cut);
	log_info("drained", LOG_INT("lines", (int64_t)p.health.lines));
	return EX_OK;
}
