/* trader: place the orders that risker decided, and keep them protected. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/confine.h"
#include "common/halt.h"
#include "common/killpoint.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sig.h"
#include "common/stage_open.h"
#include "trader/flatten.h"
#include "trader/order.h"
#include "trader/process.h"

#define SCAN_MS 1000	   /* between looks for decisions without an order */
#define UNREAD_MS 5000	   /* of decisions that cannot be read: an alarm */
#define TRIM_MS 1000	   /* between givings back of mapped pages */
#define TICK_MS 60000	   /* housekeeping of the store */
#define STOP_MS 6000	   /* what is under way gets so long after SIGTERM */
#define CLOSE_MS 3000	   /* what readers get to take the last lines */
#define RETRY_FIRST_MS 100 /* a commit that failed is tried again after */
#define RETRY_MAX_MS 5000
#define BODY_SHOWN_MAX 4096
#define LINES_MAX (64u << 20)

static int
start_call(void *arg, const struct bybit_call *c)
{
	struct process *p = arg;

	p->ordered |= strcmp(c->path, "/v5/order/create") == 0;
	return bybit_start(p->bybit, c);
}

static int64_t
bybit_time(void *arg)
{
	struct process *p = arg;

	return bybit_now_ms(p->bybit);
}

static int
is_halted(void *arg, char *why, size_t size)
{
	struct process *p = arg;
	char since[TIME_TEXT_MAX];
	struct halt h;

	if (!halt_get(p->stage.dir, &h))
		return 0;
	time_format(since, h.time_ms);
	(void)snprintf(why, size, "%s%s%s%s%s%s",
	    h.why[0] != '\0' ? h.why : "by the file 'halt'",
	    h.who[0] != '\0' ? " (" : "", h.who, h.who[0] != '\0' ? ")" : "",
	    h.time_ms != 0 ? " since " : "", h.time_ms != 0 ? since : "");
	return 1;
}

static int
halt(void *arg, const char *why)
{
	struct process *p = arg;

	if (halt_set(p->stage.dir, "trader", why, p->wall_ms) != -1) {
		log_error("trading is halted", LOG_STR("reason", why));
		return 0;
	}
	log_error("unable to make the file that halts trading, retrying; "
		  "halted until then, too",
	    LOG_STR("dir", p->stage.dir), LOG_STR("why", why),
	    LOG_STR("reason", strerror(errno)));
	return -1;
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
	size_t len = t->len < BODY_SHOWN_MAX ? t->len : BODY_SHOWN_MAX;

	(void)arg;
	if (!log_wants(LOG_DEBUG))
		return;
	log_debug("reply", LOG_STR("method", t->method),
	    LOG_STR("path", t->path), LOG_STR("payload", t->query),
	    LOG_INT("status", t->reply->status),
	    LOG_INT("retCode", t->reply->code), LOG_INT("ms", t->reply->ms),
	    LOG_STR("error", t->reply->error), LOG_MEM("body", t->body, len));
}

static void
write_lines(struct process *p)
{
	if (buf_failed(&p->lines) != 0)
		die(EX_OSERR, "unable to write: %s; the state has it all",
		    strerror(buf_failed(&p->lines)));
	if (p->lines.len == 0)
		return;
	kill_point("K10");
	if (output_write(p->out, p->lines.p, p->lines.len) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it all",
		    strerror(errno));
	for (size_t i = 0; i < p->lines.len; i++)
		p->health.out += p->lines.p[i] == '\n';
	buf_clear(&p->lines);
}

/*
 * Stored first, said second.  Where it cannot be stored, nothing is read, sent
 * or said, but for closing and protecting, until it can.
 */
static void
settle(struct process *p, int always)
{
	enum store_error e;

	if (trader_starved(p->trader))
		die(EX_OSERR,
		    "out of memory; the next start goes on from the state");
	if (p->mono_ms < p->retry_mono)
		return;
	if (always || p->retry_ms != 0 || trader_fresh(p->trader)) {
		e = state_commit(p);
		if (e == STORE_BAD || e == STORE_PANIC)
			die(store_exit(e), "unable to commit: %s",
			    store_errstr(p->store));
		if (e != STORE_OK) {
			if (p->retry_ms == 0)
				log_error(
				    "unable to commit, retrying; no entry is "
				    "sent, nothing is said",
				    LOG_STR("reason", store_errstr(p->store)));
			p->retry_ms = p->retry_ms == 0	     ? RETRY_FIRST_MS
			    : p->retry_ms * 2 < RETRY_MAX_MS ? p->retry_ms * 2
							     : RETRY_MAX_MS;
			p->retry_mono = p->mono_ms + p->retry_ms;
			trader_blocked(p->trader, 1);
			return;
		}
		if (p->retry_ms != 0) {
			log_line(LOG_WARN, "committed again", NULL, 0);
			trader_blocked(p->trader, 0);
		}
		p->retry_ms = p->retry_mono = 0;
	}
	trader_stored(p->trader, &p->lines);
	write_lines(p);
}

/* ---- what comes in ---- */

/* It is not known whether that order is to be sent: the next scan asks again.
 */
static void
miss_order(
    struct process *p, const char *from, const char *what, const char *why)
{
	if (!p->unread)
		log_error(what, LOG_STR("from", from), LOG_STR("reason", why));
	p->health.skipped++;
	p->missed = 1;
}

/* A line that no decision backs moves nothing (F09). */
static void
take_order(struct process *p, const char *id, char *text, size_t len,
    int perhaps, int look_only, const char *from)
{
	char why[256];

	switch (decisions_equal(p->decisions, id, text, len)) {
	case 1:
		break;
	case 0:
		log_warn("ignoring an order that risker did not decide",
		    LOG_STR("from", from), LOG_STR("id", id));
		p->health.skipped++;
		return;
	default:
		miss_order(p, from,
		    "ignoring an order, as risker's decisions cannot be read",
		    decisions_error(p->decisions));
		return;
	}
	switch (trader_order_line(
	    p->trader, text, len, perhaps, look_only, why, sizeof(why))) {
	case TRADER_TAKEN:
	case TRADER_KNOWN:
		break;
	case TRADER_REFUSED:
		p->health.skipped++;
		log_warn("ignoring an order", LOG_STR("from", from),
		    LOG_STR("why", why));
		break;
	case TRADER_UNREAD:
		miss_order(p, from, "ignoring an order for now", why);
		break;
	}
}

static void
pass_on(struct process *p, const struct input_line *l)
{
	buf_put(&p->lines, l->text, l->len);
	buf_putc(&p->lines, '\n');
}

static void
take_line(struct process *p, struct input_line *l)
{
	const struct json *line, *id;
	const char *type;
	struct buf copy;

	/* Parsing writes into the text, and what is compared are its bytes. */
	buf_init(&copy, LINE_SIZE_MAX + 1);
	buf_put(&copy, l->text, l->len);
	line = buf_cstr(&copy) != NULL ? json_parse(p->doc, copy.p, copy.len)
				       : NULL;
	type = json_string(json_get(line, "type"));
	id = json_get(line, "id");
	if (line == NULL || json_type(line) != JSON_OBJECT || type == NULL) {
		p->health.skipped++;
		log_warn("skipping a line", LOG_STR("from", l->from),
		    LOG_STR("why",
			line == NULL ? json_error(p->doc) : "type is missing"));
	} else if (strcmp(type, "order") != 0) {
		pass_on(p, l);
	} else if (json_string(id) == NULL ||
	    strlen(json_string(id)) != ALERT_ID_LEN) {
		p->health.skipped++;
		log_warn("skipping an order", LOG_STR("from", l->from),
		    LOG_STR("why", "id is missing or not 32 hex digits"));
	} else {
		char name[ALERT_ID_LEN + 1];

		memcpy(name, json_string(id), sizeof(name));
		take_order(p, name, l->text, l->len, p->starting, 0, l->from);
	}
	buf_release(&copy);
}

static void
take_lines(struct process *p)
{
	enum input_status st = INPUT_LINE;
	struct input_line l;
	size_t size = 0;

	while (st == INPUT_LINE && p->in != NULL && !p->ended &&
	    p->retry_ms == 0) {
		st = stage_line(p->in, &p->health, &size, &l);
		if (st == INPUT_LINE)
			take_line(p, &l);
	}
	p->cut |= st == INPUT_CUT;
	p->ended |= st == INPUT_END || st == INPUT_CUT;
}

static void
take_decision(void *arg, const char *id, char *line, size_t len)
{
	struct process *p = arg;

	switch (trader_knows(p->trader, id)) {
	case 0:
		take_order(
		    p, id, line, len, p->starting, p->look_only, "decisions");
		break;
	case 1:
		break;
	default:
		miss_order(p, "decisions", "leaving an order for now",
		    "the state cannot be read");
		break;
	}
}

/*
 * Decisions without an order: at the start, when a peer connects, and every
 * second; with -l at the start alone, to learn what the last run sent.  The
 * start is over once each of them was taken in: what a read that failed left
 * out is perhaps sent all the same.
 */
static void
scan(struct process *p)
{
	uint64_t peers = p->in != NULL ? input_peers_ever(p->in) : 0;

	if (p->retry_ms != 0 || (p->unread && p->mono_ms < p->scan_mono) ||
	    (!p->starting &&
		(p->look_only ||
		    (p->mono_ms < p->scan_mono && peers == p->peers))))
		return;
	p->peers = peers;
	p->scan_mono = p->mono_ms + SCAN_MS;
	p->missed = 0;
	if (decisions_scan(p->decisions, take_decision, p) == -1) {
		if (!p->unread)
			log_warn("risker's decisions cannot be read, trying "
				 "again every second",
			    LOG_STR("reason", decisions_error(p->decisions)));
		p->unread = 1;
	} else if (p->missed) {
		p->unread = 1;
	} else {
		if (p->unread)
			log_line(
			    LOG_INFO, "all decisions can be read", NULL, 0);
		p->unread = 0;
		p->starting = 0;
	}
	trader_hold(p->trader, p->starting);
	if (!p->unread)
		p->unread_mono = 0;
	else if (p->unread_mono == 0)
		p->unread_mono = p->mono_ms;
	trader_unread_alarm(
	    p->trader, p->unread && p->mono_ms - p->unread_mono >= UNREAD_MS);
}

static void
tick(struct process *p)
{
	int percent = 0;

	if (p->mono_ms >= p->trim_mono) {
		p->trim_mono = p->mono_ms + TRIM_MS;
		decisions_trim(p->decisions);
		store_trim(p->store);
	}
	if (p->mono_ms < p->tick_mono)
		return;
	p->tick_mono = p->mono_ms + TICK_MS;
	store_tick(p->store, &percent);
	trader_store_alarms(p->trader, percent >= MAP_ALARM_PERCENT,
	    store_reader_age_ms(p->store) >= READER_ALARM_MS);
}

static void
take_time(struct process *p)
{
	p->wall_ms = clock_wall_ms();
	p->mono_ms = clock_mono_ms();
	trader_time(p->trader, p->wall_ms, p->mono_ms);
}

/* Whether there is nothing more to wait for. */
static int
over(struct process *p)
{
	if (trader_fatal(p->trader) != NULL)
		return 1;
	if (p->stop_mono != 0)
		return trader_idle(p->trader) || p->mono_ms >= p->stop_mono;
	if (p->flatten)
		return trader_flat(p->trader);
	return p->ended && trader_drained(p->trader);
}

static void
look_at_signals(struct process *p)
{
	if (p->stop_mono != 0 || !sig_stop())
		return;
	p->stop_mono = p->mono_ms + STOP_MS;
	p->ended = 1;
	trader_stop(p->trader);
}

static void
wait_for_news(struct process *p, int64_t next)
{
	struct pollfd pfd[3] = {
		{ .fd = output_fd(p->out), .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	int64_t left = next - clock_mono_ms();
	size_t n = 1;

	if (p->stop_mono == 0)
		pfd[n++].fd = sig_fd();
	if (p->in != NULL && !p->ended && p->retry_ms == 0)
		pfd[n++].fd = input_fd(p->in);
	if (bybit_wait(p->bybit, pfd, n, left > 0 ? (int)left : 0) == -1)
		die(EX_OSERR, "unable to wait: %s", strerror(errno));
	if (pfd[0].revents != 0 && output_flush(p->out) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it all",
		    strerror(errno));
}

static void
loop(struct process *p)
{
	int64_t next;

	for (;;) {
		take_time(p);
		look_at_signals(p);
		if (!p->flatten || p->starting)
			scan(p);
		if (p->stop_mono == 0)
			take_lines(p);
		flatten_look(p->stage.dir, p->trader, p->flatten);
		p->ordered = 0;
		/*
		 * What was started goes out before the commit is waited for; a
		 * reply that comes with it starts the next step.
		 */
		for (int i = 0; i < 2; i++) {
			next = trader_advance(p->trader);
			if (bybit_wait(p->bybit, NULL, 0, 0) == -1)
				die(EX_OSERR, "unable to send: %s",
				    strerror(errno));
		}
		if (p->ordered)
			kill_point("K7");
		settle(p, 0);
		stage_notices(&p->stage, p->in, p->out);
		tick(p);
		if (over(p))
			return;
		wait_for_news(p, next);
	}
}

/* ---- start and end ---- */

/* Bybit, the state, and nothing else. */
static void
confine_all(struct process *p)
{
	struct confine c = { .net = CONFINE_PORTS,
		.ports = { bybit_port(p->bybit) },
		.nports = 1 };

	/* The halt, and what asks to close all, are files that come and go. */
	confine_path(&c, p->stage.dir, CONFINE_REMOVE);
	stage_confine(&p->stage, &c);
}

static void
release(struct process *p)
{
	trader_free(p->trader);
	bybit_free(p->bybit);
	decisions_free(p->decisions);
	input_close(p->in);
	store_close(p->store);
	json_free(p->doc);
	buf_release(&p->lines);
	trader_settings_release(&p->opts);
	settings_free(p->stage.settings);
}

/* poller's key is for where trader has none of its own. */
static void
keep_secrets(struct process *p)
{
	if (setting_given(p->stage.settings, BYBIT_TRADE_API_KEY))
		STAGE_SECRETS(
		    &p->stage, BYBIT_TRADE_API_KEY, BYBIT_TRADE_API_SECRET);
	else
		STAGE_SECRETS(&p->stage, BYBIT_API_KEY, BYBIT_API_SECRET);
}

int
main(int argc, char *argv[])
{
	struct process p = { .starting = 1 };
	struct trader_io io = { &p, start_call, bybit_time, is_halted, halt,
		state_row, state_find, note };
	char why[512];

	stage_start(&p.stage, argc, argv, "i:o:d:e:lnhVF",
	    "[-FhlnV] [-d DIR] [-e FILE] [-i ENDPOINT] [-o ENDPOINT]...\n"
	    "  -F           close the positions of all entries, and exit");
	keep_secrets(&p);
	p.flatten = p.stage.own['F'] != NULL;
	p.look_only = p.stage.lines_alone || strcmp(p.stage.input, "-") == 0;
	p.health.start_ms = clock_wall_ms();
	buf_init(&p.lines, LINES_MAX);
	if (trader_settings_read(&p.opts, p.stage.settings) == -1)
		die(EX_OSERR, "out of memory");
	state_open(&p);
	p.bybit = bybit_new(p.stage.settings, 1, why, sizeof(why));
	if (p.bybit == NULL)
		die(EX_CONFIG, "%s", why);
	bybit_set_trace(p.bybit, trace, NULL);
	p.doc = json_new();
	p.trader = trader_new(&p.opts.opts, &io);
	p.decisions = decisions_new(p.stage.dir);
	if (p.trader == NULL)
		die(EX_OSERR, "out of memory");
	if (p.stage.check) {
		release(&p);
		return EX_OK;
	}
	take_time(&p);
	state_load(&p);
	if (trader_fatal(p.trader) != NULL)
		die(EX_CONFIG, "%s", trader_fatal(p.trader));
	if (!p.flatten)
		p.in = stage_input(&p.stage);
	p.out = stage_output(&p.stage, OUTPUT_QUEUE);
	confine_all(&p);
	if (p.flatten)
		trader_flatten(p.trader, 1);
	p.tick_mono = p.mono_ms + TICK_MS;
	log_info("ready", LOG_STR("dir", p.stage.dir),
	    LOG_STR("host", bybit_host(p.bybit)),
	    LOG_INT("orders", (int64_t)trader_live(p.trader)),
	    LOG_STR("dry_run", p.opts.opts.dry_run ? "true" : "false"));
	settle(&p, 1);
	loop(&p);
	p.health.ended = trader_idle(p.trader);
	p.retry_mono = 0;
	settle(&p, 1);
	stage_notices(&p.stage, p.in, p.out);
	if (output_close(p.out, CLOSE_MS) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it all",
		    strerror(errno));
	if (trader_fatal(p.trader) != NULL)
		die(EX_CONFIG, "%s", trader_fatal(p.trader));
	if (p.retry_ms != 0)
		die(EX_IOERR,
		    "unable to commit: %s; what is not stored is found out by "
		    "the next start",
		    store_errstr(p.store));
	log_info("drained", LOG_INT("lines", (int64_t)p.health.lines),
	    LOG_INT("orders", (int64_t)trader_live(p.trader)));
	release(&p);
	stage_whole(p.cut);
	return EX_OK;
}
