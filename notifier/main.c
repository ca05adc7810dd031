/* notifier: tell subscribers what differ saw. */
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sig.h"
#include "common/stage_open.h"
#include "notifier/process.h"

#define LOOK_MS 1000 /* how often to look without a line */
#define TICK_MS 60000
#define ABSENT_MS 5000	   /* how long a line may come without a state */
#define RETRY_FIRST_MS 100 /* after a store error */
#define RETRY_MAX_MS 5000
#define RETRY_STOPPING_MS 5000

static struct moment
moment(void)
{
	return (struct moment){ clock_wall_ms(), clock_mono_ms() };
}

/*
 * What could not be stored or read is tried again, with back-off; meanwhile
 * nothing is read or started.  1 where all is well.
 */
static int
went_well(struct process *p, enum store_error e, const char *why)
{
	if (e == STORE_OK)
		return 1;
	if (e == STORE_BAD || e == STORE_PANIC)
		die(store_exit(e), "%s", why);
	if (p->wait_ms == 0)
		log_error("unable to use the state, retrying; nothing is read "
			  "or announced",
		    LOG_STR("reason", why));
	p->wait_ms = p->wait_ms == 0	    ? RETRY_FIRST_MS
	    : p->wait_ms * 2 < RETRY_MAX_MS ? p->wait_ms * 2
					    : RETRY_MAX_MS;
	p->blocked_ms = p->now.mono_ms + p->wait_ms;
	return 0;
}

/* A whole turn went well. */
static void
unblock(struct process *p)
{
	if (p->wait_ms != 0)
		log_line(LOG_WARN, "the state works again", NULL, 0);
	p->wait_ms = p->blocked_ms = 0;
}

static int
own(struct process *p, enum store_error e)
{
	return went_well(p, e, notifier_error(p->n));
}

/* What was committed may be said now. */
static void
announce(struct process *p)
{
	if (p->n->out.len > 0 &&
	    output_write(p->out, p->n->out.p, p->n->out.len) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it all",
		    strerror(errno));
	buf_clear(&p->n->out);
	p->health.out += p->n->lines;
	p->n->lines = 0;
}

/* What is in the batch goes into the state; 1 once all of it did. */
static int
take_batch(struct process *p)
{
	while (p->next < p->batch.n)
		if (!own(p, notifier_take(p->n, &p->batch, &p->next, p->now)))
			return 0;
	batch_clear(&p->batch);
	p->next = 0;
	return 1;
}

/* Without a state a line can be matched with nothing. */
static void
orphan(struct process *p)
{
	if (p->orphan_ms == 0)
		p->orphan_ms = p->now.mono_ms;
	if (!p->ended && p->now.mono_ms - p->orphan_ms < ABSENT_MS)
		return;
	die(EX_CONFIG,
	    "signals come in, but '%s' has no state of differ: give both the "
	    "same -d, or use -l to take lines alone; nobody was told",
	    p->stage.dir);
}

/* Differ's numbers go on where they stopped, or it is another state. */
static void
check_back(struct process *p, uint64_t last)
{
	alarms_set(&p->watch.alarms, "events_back", last < p->seq,
	    last < p->seq
		? "differ's events end before the last that was announced: an "
		  "older copy of its state was restored; nobody is told of "
		  "anything until its numbers are past that one; restore "
		  "notifier's state of the same moment to go on at once"
		: "differ's events are past the last that was announced");
}

/* Take what is new in differ's state; 1 once there is nothing more. */
static int
look(struct process *p)
{
	char journal[JOURNAL_SIZE];
	uint64_t last, read;
	enum store_error e;

	e = source_last(&p->source, journal, &last);
	if (e == STORE_NOTFOUND) {
		if (p->orphan_ms != 0 && p->source.store == NULL)
			orphan(p);
		return 1;
	}
	if (!went_well(p, e, p->source.error))
		return 0;
	p->orphan_ms = 0;
	if (strcmp(journal, p->journal) != 0) {
		if (!own(p, notifier_follow(p->n, journal, &read)))
			return 0;
		memcpy(p->journal, journal, sizeof(p->journal));
		p->seq = read;
	}
	check_back(p, last);
	while (p->seq < last && !sig_stop()) {
		read = last;
		memcpy(p->batch.journal, journal, sizeof(journal));
		e = source_read(&p->source, p->seq + 1, &p->batch, &read);
		if (!went_well(p, e, p->source.error))
			return 0;
		if (!take_batch(p))
			return 0;
		p->seq = read;
		/* A long past must not keep the present waiting. */
		if (!own(p, notifier_pump(p->n, p->now)))
			return 0;
	}
	return 1;
}

static void
skip(struct process *p, const char *from, const char *why)
{
	p->health.skipped++;
	log_warn("skipping a line", LOG_STR("from", from), LOG_STR("why", why));
}

/* A line is a nudge: whether it is differ's own, and news. */
static void
nudge(struct process *p, struct input_line *l)
{
	const struct json *v = json_parse(p->doc, l->text, l->len);
	struct event event;
	char why[128];

	if (v == NULL || json_type(v) != JSON_OBJECT) {
		skip(p, l->from,
		    v == NULL ? json_error(p->doc) : "not a JSON object");
		return;
	}
	switch (event_parse(&event, v, why, sizeof(why))) {
	case EVENT_OTHER:
		return;
	case EVENT_BAD:
		skip(p, l->from, why);
		return;
	case EVENT_OK:
		break;
	}
	if (strcmp(event.journal, p->journal) != 0 || event.seq > p->seq)
		p->nudged = 1;
	if (p->source.store == NULL && p->orphan_ms == 0)
		p->orphan_ms = p->now.mono_ms;
	if (strcmp(event.journal, p->foreign) != 0)
		memcpy(p->foreign, event.journal, sizeof(p->foreign));
}

/* After a look: a line of another journal than the state's is of no use. */
static void
check_foreign(struct process *p)
{
	if (p->foreign[0] == '\0' || p->source.store == NULL)
		return;
	if (strcmp(p->foreign, p->journal) != 0)
		log_warn("ignoring signals of another journal than that of "
			 "differ's state; use -l to take lines alone",
		    LOG_STR("journal", p->foreign),
		    LOG_STR("dir", p->stage.dir));
	p->foreign[0] = '\0';
}

/* Read what is there; 1 where there may be more at once. */
static int
read_lines(struct process *p)
{
	enum input_status st;
	struct input_line l;
	size_t size = 0;

	while ((st = stage_line(p->in, &p->health, &size, &l)) == INPUT_LINE) {
		if (!p->stage.lines_alone)
			nudge(p, &l);
		else
			batch_add(&p->batch, l.text, l.len, 0, l.from);
	}
	if (st == INPUT_END || st == INPUT_CUT) {
		p->ended = 1;
		p->nudged = 1;
		p->cut = st == INPUT_CUT;
		p->look_ms = 0;
	}
	return st == INPUT_SKIP;
}

/* Take what came in, or what differ's state has; 1 where it went well. */
static int
take_news(struct process *p, int *more)
{
	*more = 0;
	if (p->batch.n > 0 && !take_batch(p))
		return 0;
	if (!p->ended)
		*more = read_lines(p);
	if (p->stage.lines_alone) {
		p->nudged = 0;
		return take_batch(p);
	}
	if (!p->nudged && p->now.mono_ms < p->look_ms)
		return 1;
	if (!look(p))
		return 0;
	check_foreign(p);
	p->nudged = 0;
	return 1;
}

/* What is done by the clock; 1 where it went well. */
static int
housekeep(struct process *p)
{
	if (p->now.mono_ms >= p->look_ms) {
		p->look_ms = p->now.mono_ms + LOOK_MS;
		if (!own(p, notifier_tick(p->n, p->now)) ||
		    !went_well(
			p, watch_tick(&p->watch, p->now), p->watch.error) ||
		    !went_well(p,
			prune_tick(
			    &p->prune, p->n, !p->stage.lines_alone, p->now),
			store_errstr(p->store)))
			return 0;
	}
	if (p->now.mono_ms < p->tick_ms)
		return 1;
	p->tick_ms = p->now.mono_ms + TICK_MS;
	alarms_look(&p->watch.alarms, p->store, "notifier");
	if (p->source.store != NULL)
		store_trim(p->source.store);
	return 1;
}

/* Sends, and what became of them. */
static int
deliver(struct process *p, int stopping)
{
	if (!stopping && !own(p, notifier_pump(p->n, p->now)))
		return 0;
	printed_settle(&p->printed);
	if (!stopping && notifier_settle_due(p->n) > p->now.mono_ms)
		return 1;
	if (!own(p, notifier_settle(p->n, p->now)))
		return 0;
	announce(p);
	return 1;
}

static void
wait_more(struct process *p, int at_once, int stopping)
{
	struct pollfd pfd[3];
	int64_t until = p->look_ms, due = notifier_due(p->n);
	int64_t bot = bot_due(p->bot);
	int64_t settle = notifier_settle_due(p->n);
	size_t n = 0, out;
	int wait;

	if (!stopping)
		pfd[n++] = (struct pollfd){ .fd = sig_fd(), .events = POLLIN };
	if (!stopping && !p->ended && p->blocked_ms == 0)
		pfd[n++] =
		    (struct pollfd){ .fd = input_fd(p->in), .events = POLLIN };
	out = n;
	pfd[n++] = (struct pollfd){ .fd = output_fd(p->out), .events = POLLIN };
	if (p->blocked_ms != 0)
		until = p->blocked_ms;
	else if (!stopping && (due < until || bot < until))
		until = due < bot ? due : bot;
	if (p->blocked_ms == 0 && settle < until)
		until = settle;
	wait = until > p->now.mono_ms ? (int)(until - p->now.mono_ms) : 0;
	if (stopping && wait > 100)
		wait = 100;
	if (at_once)
		wait = 0;
	if (http_wait(p->http, pfd, n, wait) == -1)
		die(EX_OSERR, "unable to wait: %s", strerror(errno));
	if (pfd[out].revents != 0 && output_flush(p->out) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it all",
		    strerror(errno));
}

/* SIGTERM came: what is under way is settled, if the state allows. */
static int
is_settled(struct process *p)
{
	if (p->give_up_ms == 0)
		p->give_up_ms = p->now.mono_ms + RETRY_STOPPING_MS;
	if (p->blocked_ms != 0 && p->now.mono_ms >= p->give_up_ms)
		die(EX_IOERR,
		    "unable to use the state: what came in last is lost with "
		    "-l, and what was sent last is sent again at the next "
		    "start");
	return p->n->airborne == 0 && p->n->done == 0 && p->batch.n == 0 &&
	    bot_landed(p->bot);
}

static int
is_drained(const struct process *p)
{
	return p->ended && !p->nudged && p->batch.n == 0 &&
	    notifier_idle(p->n, p->now) && bot_idle(p->bot);
}

static void
loop(struct process *p)
{
	int more, stopping, well;

	for (;;) {
		p->now = moment();
		stopping = sig_stop();
		more = 0;
		well = p->now.mono_ms >= p->blocked_ms;
		/* Commands first: /halt must hold where nothing else goes. */
		if (well && !stopping)
			well = own(p, bot_turn(p->bot, p->now)) &&
			    take_news(p, &more) && housekeep(p);
		/* What was read is nowhere else, where lines come alone. */
		if (well && stopping)
			well = take_batch(p);
		if (well)
			well = deliver(p, stopping);
		if (well)
			unblock(p);
		stage_notices(&p->stage, p->in, p->out);
		p->now = moment();
		if (stopping && is_settled(p))
			return;
		if (well && is_drained(p))
			return;
		wait_more(p, well && more, stopping);
	}
}

/* The row of this run in `health`, which goes with every commit. */
static void
put_health(struct process *p)
{
	struct batch none;
	size_t next = 0;

	batch_init(&none);
	if (notifier_take(p->n, &none, &next, p->now) != STORE_OK)
		die(EX_IOERR, "unable to commit: %s", notifier_error(p->n));
	batch_release(&none);
}

int
main(int argc, char *argv[])
{
	struct process p = { .ended = 0 };

	stage_start(&p.stage, argc, argv, "i:o:d:e:lnhV",
	    "[-hlnV] [-d DIR] [-e FILE] [-i ENDPOINT] [-o ENDPOINT]...");
	STAGE_SECRETS(&p.stage, TELEGRAM_BOT_TOKEN, NOTIFY_WEBHOOK_SECRET);
	p.now = moment();
	p.health.start_ms = p.now.wall_ms;
	setup_state(&p);
	if (p.stage.check) {
		store_close(p.store);
		templates_free(p.templates);
		settings_free(p.stage.settings);
		return EX_OK;
	}
	setup_rest(&p);
	setup_confine(&p);
	put_health(&p);
	log_info("ready", LOG_STR("dir", p.stage.dir),
	    LOG_STR("mode", p.stage.lines_alone ? "lines alone" : "state"),
	    LOG_INT("pending", (int64_t)p.n->queue.lanes));
	loop(&p);
	p.health.ended = 1;
	p.now = moment();
	put_health(&p);
	setup_release(&p);
	stage_whole(p.cut);
	log_info("drained", LOG_INT("lines", (int64_t)p.health.lines));
	return EX_OK;
}
