/* webhookd: take TradingView's alerts, hand them to risker, answer. */
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/endpoint.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sig.h"
#include "common/stage_open.h"
#include "common/store.h"
#include "webhookd/api.h"
#include "webhookd/intake.h"
#include "webhookd/process.h"
#include "webhookd/server.h"
#include "webhookd/tls.h"

#define TICK_MS 60000 /* housekeeping of the store */
#define CERTIFICATE_MS (14 * 86400000LL)
#define LOOK_MS 1000  /* what may need an alarm; mapped pages go back */
#define CLOSE_MS 2000 /* what a reader of lines gets to take the rest */
#define REST_MS 10000 /* for the ring to end, once our output has */
#define DRAIN_MS 1000 /* past WEBHOOK_TIMEOUT, for requests that have begun */

void
process_time(struct process *p)
{
	p->mono_ms = clock_mono_ms();
	p->wall_ms = clock_wall_ms();
	if (p->intake != NULL)
		intake_time(p->intake, p->wall_ms, p->mono_ms);
}

int
process_ready(void *arg)
{
	struct process *p = arg;

	return p->out != NULL && p->out_error == 0 && output_ready(p->out);
}

int
process_hand(void *arg, const char *line, size_t len)
{
	struct process *p = arg;

	if (!process_ready(p))
		return -1;
	if (output_write(p->out, line, len) == -1) {
		p->out_error = errno;
		return -1;
	}
	/* The peer may have been lost in that very write. */
	return process_ready(p) ? 0 : -1;
}

const struct json *
process_outcome(void *arg, const char *id)
{
	struct process *p = arg;

	return api_outcome(p->api, id);
}

int
process_decided(void *arg, const char *id)
{
	struct process *p = arg;

	return api_decided(p->api, id);
}

int
process_rows(void *arg, struct store_txn *t)
{
	struct process *p = arg;
	struct intake_counts c;

	intake_counts(p->intake, &c);
	p->health.out = c.handed;
	if (health_put(t, "webhookd", &p->health) == -1)
		return -1;
	return alarms_put(&p->alarms, t, p->wall_ms);
}

int
process_send(void *arg, const char *line, size_t len)
{
	struct process *p = arg;

	if (p->signals == NULL || !output_ready(p->signals))
		return -1;
	return output_write(p->signals, line, len);
}

void
process_counts(void *arg, struct api_counts *out)
{
	struct process *p = arg;
	struct intake_counts c;

	intake_counts(p->intake, &c);
	*out = (struct api_counts){
		.alerts = c.alerts,
		.duplicates = c.duplicates,
		.refused = p->refused,
		.results = c.results,
		.waiting = c.waiting,
		.risker = process_ready(p),
	};
}

static void
skip(struct process *p, const struct input_line *l, const char *why)
{
	p->health.skipped++;
	log_warn(
	    "skipping a line", LOG_STR("from", l->from), LOG_STR("why", why));
}

static void
take_result(struct process *p, const struct input_line *l, const struct json *v)
{
	const char *why, *id = json_string(json_get(v, "id"));

	switch (intake_result(p->intake, v, &why)) {
	case INTAKE_TAKEN:
		break;
	case INTAKE_KNOWN:
	case INTAKE_UNKNOWN:
		log_debug("ignoring a result", LOG_STR("id", id),
		    LOG_STR("from", l->from));
		break;
	case INTAKE_BAD:
		skip(p, l, why);
		break;
	case INTAKE_FAILED:
		log_error("unable to take a result", LOG_STR("id", id),
		    LOG_STR("reason", intake_error(p->intake)));
		break;
	}
}

static void
take_line(struct process *p, const struct input_line *l)
{
	const struct json *v = json_parse(p->doc, l->text, l->len);
	const char *type = json_string(json_get(v, "type"));

	if (v == NULL)
		skip(p, l, json_error(p->doc));
	else if (json_type(v) != JSON_OBJECT)
		skip(p, l, "not a JSON object");
	else if (type == NULL)
		skip(p, l, "type is missing");
	else if (strcmp(type, "result") == 0)
		take_result(p, l, v);
	else if (strcmp(type, "signal") == 0)
		api_signal(p->api, v);
	else
		log_debug("ignoring a line", LOG_STR("type", type),
		    LOG_STR("from", l->from));
}

static void
read_lines(struct process *p)
{
	enum input_status st;
	struct input_line l;
	size_t size = 0;

	while ((st = stage_line(p->in, &p->health, &size, &l)) == INPUT_LINE)
		take_line(p, &l);
	p->more = st == INPUT_SKIP;
	p->ended = st == INPUT_END || st == INPUT_CUT;
	p->cut = st == INPUT_CUT;
	if (p->ended)
		(void)event_del(p->on_in);
}

static enum store_error
commit(struct process *p)
{
	enum store_error rc = intake_commit(p->intake);

	if (rc == STORE_OK) {
		if (p->failing && !intake_failing(p->intake))
			log_line(LOG_WARN, "the state works again", NULL, 0);
		p->failing = intake_failing(p->intake);
		p->said = 1;
		alarms_written(&p->alarms);
		return rc;
	}
	if (rc == STORE_BAD || rc == STORE_PANIC)
		die(store_exit(rc), "unable to commit: %s",
		    intake_error(p->intake));
	if (!p->failing)
		log_error("unable to commit, retrying; alerts are refused",
		    LOG_STR("reason", intake_error(p->intake)));
	p->failing = 1;
	if (rc == STORE_FULL)
		alarms_map(&p->alarms, "webhookd", 1);
	return rc;
}

/* Alerts at once; results once their answers are on the wire. */
static void
commit_due(struct process *p)
{
	enum intake_needs needs = intake_needs(p->intake);

	if (needs == INTAKE_NOW || (needs == INTAKE_SOON && p->soon)) {
		(void)commit(p);
		needs = INTAKE_NOTHING;
	}
	p->soon = needs == INTAKE_SOON;
}

/* What the endpoints and listeners have to say. */
static void
say_notices(struct process *p)
{
	const char *text;

	stage_notices(&p->stage, p->in, p->out);
	while (p->signals != NULL && (text = output_notice(p->signals)) != NULL)
		log_info(text, LOG_STR("endpoint", p->stage.own['s']));
	while ((text = server_notice(p->public)) != NULL)
		log_warn(text, LOG_STR("listener", "public"));
	while ((text = server_notice(p->admin)) != NULL)
		log_warn(text, LOG_STR("listener", "operator"));
}

/* Write what waits; hand on again what a new peer may lack. */
static void
outputs(struct process *p)
{
	if (p->out_ready && output_flush(p->out) == -1)
		p->out_error = errno;
	if (p->out_error != 0)
		die(EX_IOERR,
		    "unable to write: %s; the state has what was recorded",
		    strerror(p->out_error));
	if (p->signals_ready && output_flush(p->signals) == -1)
		die(EX_IOERR, "unable to write to -s %s: %s", p->stage.own['s'],
		    strerror(errno));
	p->out_ready = p->signals_ready = 0;
	if (p->connects != output_connects(p->out)) {
		p->connects = output_connects(p->out);
		intake_connected(p->intake);
	}
	if (p->peers != input_peers_ever(p->in)) {
		p->peers = input_peers_ever(p->in);
		intake_overdue(p->intake);
	}
}

static void
housekeep(struct process *p)
{
	if (p->mono_ms < p->look_ms)
		return;
	p->look_ms = p->mono_ms + LOOK_MS;
	store_trim(p->store);
	front_look(p);
	alarms_set(&p->alarms, "certificate webhookd",
	    p->tls != NULL &&
		tls_expires_ms(p->tls) - p->wall_ms < CERTIFICATE_MS,
	    "the certificate in WEBHOOK_TLS_CERT ends within 14 days: renew it "
	    "and send webhookd a SIGHUP");
	alarms_set(&p->alarms, "descriptors webhookd",
	    server_starved(p->public) || server_starved(p->admin),
	    "webhookd has no descriptor left and takes no connection: raise "
	    "the limit of open files");
	if (p->mono_ms >= p->tick_ms) {
		p->tick_ms = p->mono_ms + TICK_MS;
		alarms_look(&p->alarms, p->store, "webhookd");
	}
	if (alarms_changed(&p->alarms) || !p->said || p->failing)
		(void)commit(p);
}

static void
reload(struct process *p)
{
	char why[512];

	if (p->tls == NULL)
		log_line(LOG_INFO, "hangup: there is no certificate to read",
		    NULL, 0);
	else if (tls_reload(p->tls, why, sizeof(why)) == -1)
		log_error("unable to reload the certificate: keeping the old "
			  "one",
		    LOG_STR("reason", why));
	else
		log_line(LOG_INFO, "the certificate was read again", NULL, 0);
}

static void
turn(struct process *p)
{
	process_time(p);
	if (sig_hup())
		reload(p);
	if ((p->in_ready || p->more) && !p->ended)
		read_lines(p);
	p->in_ready = 0;
	commit_due(p);
	if (p->out != NULL)
		outputs(p);
	say_notices(p);
	intake_tick(p->intake);
	housekeep(p);
}

/* Wait for what comes, until the next thing is due, and let libevent do it. */
static void
wait_more(struct process *p)
{
	int64_t due = intake_due(p->intake), ms;
	struct timeval tv;

	if (p->look_ms < due)
		due = p->look_ms;
	ms = due > p->mono_ms ? due - p->mono_ms : 0;
	if (p->more || p->soon)
		ms = 0;
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	if (event_add(p->timer, &tv) == -1 ||
	    event_base_loop(p->base, EVLOOP_ONCE) == -1)
		die(EX_OSERR, "unable to wait: %s", strerror(errno));
}

static void
loop(struct process *p)
{
	while (!sig_stop() && !p->ended) {
		wait_more(p);
		turn(p);
	}
}

/* 1 once nobody waits for an answer, or for the last bytes of one. */
static int
is_quiet(const struct process *p)
{
	struct intake_counts c;

	intake_counts(p->intake, &c);
	return c.waiting == 0 && intake_needs(p->intake) == INTAKE_NOTHING &&
	    server_active(p->public) == 0 && server_active(p->admin) == 0;
}

static int
has_ended(const struct process *p)
{
	return p->ended;
}

/* Turns until done says so, for ms at the most. */
static void
turns(struct process *p, int (*done)(const struct process *), int64_t ms)
{
	int64_t until = p->mono_ms + ms;

	while (!done(p) && p->mono_ms < until) {
		if (p->look_ms > p->mono_ms + 50)
			p->look_ms = p->mono_ms + 50;
		wait_more(p);
		turn(p);
	}
}

/*
 * Nothing new is taken; who waits gets an answer.  Then the output ends, so
 * that in a ring risker and trader come to their ends, and the results that
 * they still have are read, for a while.
 */
static void
drain(struct process *p)
{
	int to_stdout = 0;

	server_stop(p->public);
	server_stop(p->admin);
	intake_stop(p->intake);
	if (p->ended)
		intake_end(p->intake);
	turns(p, is_quiet,
	    setting_ms(p->stage.settings, WEBHOOK_TIMEOUT) + DRAIN_MS);
	intake_end(p->intake);
	for (size_t i = 0; i < p->stage.noutputs; i++)
		to_stdout |= strcmp(p->stage.outputs[i], "-") == 0;
	(void)event_del(p->on_out);
	if (p->on_signals != NULL)
		(void)event_del(p->on_signals);
	if (output_close(p->out, CLOSE_MS) == -1)
		die(EX_IOERR,
		    "unable to write: %s; the state has what was recorded",
		    strerror(errno));
	p->out = NULL;
	if (p->signals != NULL)
		(void)output_close(p->signals, CLOSE_MS);
	p->signals = NULL;
	if (to_stdout && close(STDOUT_FILENO) == 0 &&
	    strcmp(p->stage.input, "-") == 0 && !isatty(STDIN_FILENO))
		turns(p, has_ended, REST_MS);
	p->health.ended = 1;
	process_time(p);
	if (commit(p) != STORE_OK)
		die(EX_IOERR,
		    "unable to commit: %s; results that are not stored are "
		    "asked for by the next start",
		    intake_error(p->intake));
}

int
main(int argc, char *argv[])
{
	static struct process p;

	stage_start(&p.stage, argc, argv, "i:o:d:e:s:nhV",
	    "[-hnV] [-d DIR] [-e FILE] [-i ENDPOINT] [-o ENDPOINT]... "
	    "[-s ENDPOINT]\n"
	    "  -s ENDPOINT  signals made by hand go to unix:PATH of differ");
	if (p.stage.own['s'] != NULL)
		stage_endpoint('s', p.stage.own['s']);
	STAGE_SECRETS(&p.stage, WEBHOOK_SECRET, ADMIN_TOKEN);
	process_time(&p);
	p.health.start_ms = p.wall_ms;
	p.doc = json_new();
	start_settings(&p);
	start_store(&p);
	if (p.stage.check) {
		start_api(&p);
		start_undo(&p);
		return EX_OK;
	}
	start_endpoints(&p);
	start_base(&p);
	start_api(&p);
	start_servers(&p);
	start_confine(&p);
	log_info("ready", LOG_STR("dir", p.stage.dir),
	    LOG_INT("port", server_port(p.public)),
	    LOG_INT("admin_port", server_port(p.admin)),
	    LOG_INT("tls", p.tls != NULL));
	turn(&p);
	loop(&p);
	drain(&p);
	start_undo(&p);
	stage_whole(p.cut);
	log_info("drained", LOG_INT("lines", (int64_t)p.health.lines));
	return EX_OK;
}
