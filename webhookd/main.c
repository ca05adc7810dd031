/* webhookd: take TradingView's alerts, hand them to risker, answer. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/endpoint.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sig.h"
#include "common/stage.h"
#include "common/store.h"
#include "webhookd/alarms.h"
#include "webhookd/alert.h"
#include "webhookd/api.h"
#include "webhookd/intake.h"
#include "webhookd/server.h"
#include "webhookd/tls.h"

#define TICK_MS 60000 /* housekeeping of the store */
#define LOOK_MS 1000  /* what may need an alarm */
#define CLOSE_MS 2000 /* what a reader of lines gets to take the rest */
#define REST_MS 5000  /* … and the ring to end, once our output has */

/* A request (F37): TradingView's are below 4 KiB. */
#define HEADER_MAX (16u << 10)
#define BODY_MAX (64u << 10)
#define REQUEST_MS 5000
#define CONNECTIONS 256
#define PER_ADDRESS 16
#define ADMIN_CONNECTIONS 64
#define ADMIN_ANSWER_MS 10000

/* Past WEBHOOK_TIMEOUT, when a commit took long: still within 3 s. */
#define ANSWER_SPARE_MS 400

struct process {
	struct stage stage;
	struct store *store;
	struct intake *intake;
	struct json_doc *doc;
	struct decimal threshold; /* TREND_THRESHOLD */
	const char *token;

	struct event_base *base;
	struct event *timer, *on_sig, *on_in, *on_out, *on_signals;
	struct address_list *allow, *trust;
	struct tls *tls;
	struct server *public, *admin;
	struct api *api;

	struct input *in;
	struct output *out;
	struct output *signals;			/* of -s; NULL without */
	int in_ready, out_ready, signals_ready; /* by libevent */
	int more;	   /* lines that are read already may be there */
	int ended, cut;	   /* the input has; inside a line */
	int out_error;	   /* errno, for good */
	uint64_t connects; /* to risker, as of the last turn */
	uint64_t peers;	   /* on the input, likewise */
	unsigned long long refused; /* requests, 4xx */

	struct health health;
	struct alarms alarms;
	int64_t mono_ms, wall_ms; /* of this turn */
	int64_t tick_ms, look_ms; /* monotonic, of the next one */
	int soon;    /* results wait for a commit since the last turn */
	int failing; /* commits do; said in the log */
	int said;    /* the row of this start is in `health` */
};

static void
set_time(struct process *p)
{
	p->mono_ms = clock_mono_ms();
	p->wall_ms = clock_wall_ms();
	if (p->intake != NULL)
		intake_time(p->intake, p->wall_ms, p->mono_ms);
}

/* risker's side of the intake. */

static int
risker_ready(void *arg)
{
	struct process *p = arg;

	return p->out != NULL && p->out_error == 0 && output_ready(p->out);
}

static int
risker_hand(void *arg, const char *line, size_t len)
{
	struct process *p = arg;

	if (!risker_ready(p))
		return -1;
	if (output_write(p->out, line, len) == -1) {
		p->out_error = errno;
		return -1;
	}
	/* The peer may have been lost in that very write. */
	return risker_ready(p) ? 0 : -1;
}

static int
put_rows(void *arg, struct store_txn *t)
{
	struct process *p = arg;
	struct intake_counts c;

	intake_counts(p->intake, &c);
	p->health.out = c.handed;
	if (health_put(t, "webhookd", &p->health) == -1)
		return -1;
	return alarms_put(&p->alarms, t, p->wall_ms);
}

static void
reply(void *arg, void *client, const struct intake_answer *a)
{
	struct request *r = client;

	(void)arg;
	log_info("answered", LOG_STR("id", a->id), LOG_INT("code", a->code),
	    LOG_INT("duplicate", a->duplicate), LOG_INT("ms", a->took_ms),
	    LOG_STR("source", request_address(r)));
	if (a->body == NULL)
		request_refuse(r, 503, "Out of memory: try again");
	else
		request_reply(r, a->code, "application/json", a->body, a->len);
}

/* The listeners. */

/* 4xx with what is wrong, field by field. */
static void
refuse(struct process *p, struct request *r, int code, const char *error,
    const struct buf *errors)
{
	struct buf b;

	p->refused++;
	log_warn("refused a request", LOG_INT("code", code),
	    LOG_STR("error", error),
	    LOG_MEM("errors", errors->p == NULL ? "" : errors->p, errors->len),
	    LOG_STR("source", request_address(r)));
	buf_init(&b, BODY_MAX);
	json_open_object(&b, NULL);
	json_put_bool(&b, "ok", 0);
	json_put_string(&b, "error", error);
	json_open_array(&b, "errors");
	buf_put(&b, errors->p, errors->len);
	json_close_array(&b);
	json_put_time(&b, "timestamp", p->wall_ms);
	json_close_object(&b);
	if (buf_failed(&b))
		request_refuse(r, code, error);
	else
		request_reply(r, code, "application/json", b.p, b.len);
	buf_release(&b);
}

static void
refuse_short(struct process *p, struct request *r, int code, const char *error)
{
	p->refused++;
	log_warn("refused a request", LOG_INT("code", code),
	    LOG_STR("error", error), LOG_STR("source", request_address(r)));
	request_refuse(r, code, error);
}

static void
take_alert(struct process *p, struct request *r)
{
	const char *source = request_address(r);
	struct waiter *w;
	struct buf errors;
	struct alert a;
	char *body;
	size_t len;

	if (guess_wait_ms(p->public, source) > 0) {
		refuse_short(p, r, 429, "Too many wrong tokens: try later");
		return;
	}
	body = request_body(r, &len);
	buf_init(&errors, BODY_MAX);
	switch (alert_parse(
	    &a, p->doc, body, len, p->token, p->threshold, &errors)) {
	case ALERT_NOT_JSON:
		refuse(p, r, 400, "Invalid JSON", &errors);
		break;
	case ALERT_BAD_TOKEN:
		guess_wrong(p->public, source);
		refuse_short(p, r, 401, "Bad token");
		break;
	case ALERT_BAD:
		refuse(p, r, 400, "Invalid alert", &errors);
		break;
	case ALERT_FAILED:
		refuse_short(p, r, 503, "Out of memory: try again");
		break;
	case ALERT_OK:
		log_info("alert",
		    LOG_STR("action", alert_action_name(a.action)),
		    LOG_STR("symbol", a.symbol), LOG_STR("price", a.price),
		    LOG_INT("test", a.test), LOG_STR("source", source));
		w = intake_alert(p->intake, &a, source, r);
		if (w != NULL)
			request_set_user(r, w);
		break;
	}
	buf_release(&errors);
}

static int
is_bybit(const struct request *r)
{
	return strcmp(request_path(r), "/bybit") == 0;
}

static void
public_request(void *arg, struct request *r)
{
	const char *method = request_method(r);
	struct process *p = arg;

	set_time(p);
	if (is_bybit(r)) {
		if (strcmp(method, "POST") == 0)
			take_alert(p, r);
		else
			refuse_short(p, r, 405, "Method not allowed: use POST");
	} else if (strcmp(request_path(r), "/status") == 0) {
		if (strcmp(method, "GET") == 0)
			api_status(p->api, r);
		else
			refuse_short(p, r, 405, "Method not allowed: use GET");
	} else
		refuse_short(p, r, 404, "Not found");
}

static void
public_gone(void *arg, struct request *r)
{
	struct process *p = arg;

	if (!is_bybit(r))
		api_gone(p->api, r);
	else if (request_user(r) != NULL)
		intake_gone(p->intake, request_user(r));
}

static void
admin_request(void *arg, struct request *r)
{
	struct process *p = arg;

	set_time(p);
	api_request(p->api, r);
}

static void
admin_gone(void *arg, struct request *r)
{
	struct process *p = arg;

	api_gone(p->api, r);
}

static int
send_signal(void *arg, const char *line, size_t len)
{
	struct process *p = arg;

	if (p->signals == NULL || !output_ready(p->signals))
		return -1;
	return output_write(p->signals, line, len);
}

static void
get_counts(void *arg, struct api_counts *out)
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
		.risker = risker_ready(p),
	};
}

static void
note(void *arg, const char *what, const char *who)
{
	(void)arg;
	log_warn(what, LOG_STR("who", who));
}

/* What comes in on the input. */

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
		log_error("unable to take a result: asking again later",
		    LOG_STR("id", id),
		    LOG_STR("reason", intake_error(p->intake)));
		break;
	}
}

static void
take_line(struct process *p, const struct input_line *l)
{
	const struct json *v = json_parse(p->doc, l->text, l->len);
	const char *type = json_string(json_get(v, "type"));

	p->health.lines++;
	p->health.last_line_ms = p->wall_ms;
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
	enum input_status st = INPUT_WAIT;
	struct input_line l;
	size_t size = 0;

	while (size < BATCH_SIZE_MAX) {
		st = input_next(p->in, &l);
		if (st == INPUT_SKIP) {
			p->health.lines++;
			skip(p, &l, l.why);
			size += LINE_SIZE_MAX;
			continue;
		}
		if (st != INPUT_LINE)
			break;
		take_line(p, &l);
		size += l.len + 1;
	}
	if (st == INPUT_FAIL)
		die(EX_IOERR, "unable to read: %s", strerror(errno));
	p->more = st == INPUT_LINE || st == INPUT_SKIP;
	p->ended = st == INPUT_END || st == INPUT_CUT;
	p->cut = st == INPUT_CUT;
	if (p->ended)
		(void)event_del(p->on_in);
}

/* The turn. */

static void
commit(struct process *p)
{
	enum store_error rc = intake_commit(p->intake);

	if (rc == STORE_OK) {
		if (p->failing && !intake_failing(p->intake))
			log_line(LOG_WARN, "the state works again", NULL, 0);
		p->failing = intake_failing(p->intake);
		p->said = 1;
		alarms_written(&p->alarms);
		store_trim(p->store);
		return;
	}
	if (rc == STORE_BAD)
		die(EX_CONFIG, "unable to commit: %s", intake_error(p->intake));
	if (!p->failing)
		log_error("unable to commit, retrying; alerts are refused",
		    LOG_STR("reason", intake_error(p->intake)));
	p->failing = 1;
	if (rc == STORE_FULL)
		(void)alarms_set(&p->alarms, ALARM_MAP, 1);
}

/* Alerts at once; results once their answers are on the wire. */
static void
commit_due(struct process *p)
{
	enum intake_needs needs = intake_needs(p->intake);

	if (needs == INTAKE_NOW || (needs == INTAKE_SOON && p->soon)) {
		commit(p);
		needs = INTAKE_NOTHING;
	}
	p->soon = needs == INTAKE_SOON;
}

static void
outputs(struct process *p)
{
	const char *text;

	if (p->out_ready && output_flush(p->out) == -1)
		p->out_error = errno;
	if (p->out_error != 0)
		die(EX_IOERR,
		    "unable to write: %s; the state has what was recorded",
		    strerror(p->out_error));
	if (p->signals != NULL && p->signals_ready &&
	    output_flush(p->signals) == -1)
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
	while ((text = input_notice(p->in)) != NULL)
		log_info(text, LOG_STR("endpoint", p->stage.input));
	while ((text = output_notice(p->out)) != NULL)
		log_info(text, LOG_STR("endpoint", "output"));
	while (p->signals != NULL && (text = output_notice(p->signals)) != NULL)
		log_info(text, LOG_STR("endpoint", p->stage.own['s']));
	while ((text = server_notice(p->public)) != NULL)
		log_warn(text, LOG_STR("listener", "public"));
	while ((text = server_notice(p->admin)) != NULL)
		log_warn(text, LOG_STR("listener", "operator"));
}

static void
set_alarm(struct process *p, enum alarm_name name, int open)
{
	if (alarms_set(&p->alarms, name, open) && open)
		log_error(alarms_text(name), LOG_INT("alarm", name));
}

static void
housekeep(struct process *p)
{
	int percent = 0;

	if (p->mono_ms < p->look_ms)
		return;
	p->look_ms = p->mono_ms + LOOK_MS;
	set_alarm(p, ALARM_CERTIFICATE,
	    p->tls != NULL &&
		tls_expires_ms(p->tls) - p->wall_ms < ALARM_CERTIFICATE_MS);
	set_alarm(p, ALARM_DESCRIPTORS,
	    server_starved(p->public) || server_starved(p->admin));
	if (p->mono_ms >= p->tick_ms) {
		p->tick_ms = p->mono_ms + TICK_MS;
		store_tick(p->store, &percent);
		set_alarm(p, ALARM_MAP, percent >= ALARM_MAP_PERCENT);
		set_alarm(p, ALARM_READER,
		    store_reader_age_ms(p->store) >= ALARM_READER_MS);
	}
	if (alarms_changed(&p->alarms) || !p->said || p->failing)
		commit(p);
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
	set_time(p);
	if (sig_hup())
		reload(p);
	if ((p->in_ready || p->more) && !p->ended)
		read_lines(p);
	p->in_ready = 0;
	commit_due(p);
	outputs(p);
	intake_tick(p->intake);
	housekeep(p);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	int *flag = arg;

	(void)fd;
	(void)what;
	*flag = 1;
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

/* 1 once no result can come that anything was handed on for. */
static int
is_settled(const struct process *p)
{
	struct intake_counts c;

	intake_counts(p->intake, &c);
	return p->ended || c.pending == 0;
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
	    setting_ms(p->stage.settings, WEBHOOK_TIMEOUT) + REQUEST_MS);
	intake_end(p->intake);
	for (size_t i = 0; i < p->stage.noutputs; i++)
		to_stdout |= strcmp(p->stage.outputs[i], "-") == 0;
	(void)event_del(p->on_out);
	if (output_close(p->out, CLOSE_MS) == -1)
		die(EX_IOERR,
		    "unable to write: %s; the state has what was recorded",
		    strerror(errno));
	p->out = NULL;
	if (to_stdout && close(STDOUT_FILENO) == 0 &&
	    strcmp(p->stage.input, "-") == 0)
		turns(p, is_settled, REST_MS);
	p->health.ended = 1;
	set_time(p);
	commit(p);
}

/* Start. */

static void
open_store(struct process *p)
{
	struct store_opts o = {
		.dir = p->stage.dir,
		.stage = "webhookd",
		.tables = intake_tables,
		.schema = INTAKE_SCHEMA,
		.map_size = setting_bytes(p->stage.settings, STATE_MAP_SIZE),
		.mode = p->stage.check ? STORE_READ : STORE_OWN,
	};
	struct intake_opts io = {
		.timeout_ms = setting_ms(p->stage.settings, WEBHOOK_TIMEOUT),
		.ttl_ms = setting_ms(p->stage.settings, ALERT_TTL),
		.ready = risker_ready,
		.hand = risker_hand,
		.rows = put_rows,
		.answer = reply,
		.arg = p,
	};
	enum store_error err;
	char why[512];

	err = store_open(&p->store, &o, why, sizeof(why));
	if (p->stage.check && err == STORE_NOTFOUND)
		return;
	if (err != STORE_OK)
		die(store_exit(err), "%s", why);
	io.store = p->store;
	p->intake = intake_new(&io, p->wall_ms, p->mono_ms, why, sizeof(why));
	if (p->intake == NULL)
		die(EX_CONFIG, "unable to use the state in '%s': %s",
		    p->stage.dir, why);
}

static struct address_list *
addresses(struct process *p, enum setting which)
{
	struct address_list *l;
	char why[256];

	l = address_list_new(
	    setting_str(p->stage.settings, which), why, sizeof(why));
	if (l == NULL)
		die(EX_CONFIG, "%s=%s: %s", setting_name(which),
		    setting_str(p->stage.settings, which), why);
	return l;
}

/* What the settings say, and the files that they name. */
static void
check_settings(struct process *p)
{
	const struct settings *s = p->stage.settings;
	const char *port;
	char why[512];

	p->token = setting_str(s, WEBHOOK_SECRET);
	if (*p->token == '\0')
		die(EX_CONFIG,
		    "WEBHOOK_SECRET is not set: expected the token that "
		    "TradingView's alerts carry");
	p->threshold = setting_decimal(s, TREND_THRESHOLD);
	if (tls_new(&p->tls, s, why, sizeof(why)) == -1)
		die(EX_CONFIG, "%s", why);
	p->allow = addresses(p, WEBHOOK_ALLOW);
	p->trust = addresses(p, WEBHOOK_TRUST_PROXY);
	port = strrchr(setting_str(s, WEBHOOK_LISTEN), ':');
	if (port == NULL ||
	    (strcmp(port, ":80") != 0 && strcmp(port, ":443") != 0 &&
		address_list_empty(p->trust)))
		log_warn("TradingView posts to ports 80 and 443 alone: listen "
			 "there, or let a proxy do so and set "
			 "WEBHOOK_TRUST_PROXY",
		    LOG_STR("WEBHOOK_LISTEN", setting_str(s, WEBHOOK_LISTEN)));
}

static void
add_output(struct output **out, const char *endpoint)
{
	char why[512];

	if (*out == NULL)
		*out = output_new(OUTPUT_QUEUE);
	if (*out == NULL)
		die(EX_OSERR, "out of memory");
	if (output_add(*out, endpoint, why, sizeof(why)) == -1)
		die(EX_IOERR, "%s", why);
}

static void
open_endpoints(struct process *p)
{
	const char *signals = p->stage.own['s'];
	char why[512];

	for (size_t i = 0; i < p->stage.noutputs; i++)
		if (signals != NULL &&
		    strcmp(signals, p->stage.outputs[i]) == 0)
			stage_usage("-s %s is the same as -o", signals);
	p->in = input_open(p->stage.input, why, sizeof(why));
	if (p->in == NULL)
		die(EX_IOERR, "%s", why);
	for (size_t i = 0; i < p->stage.noutputs; i++)
		add_output(&p->out, p->stage.outputs[i]);
	if (signals != NULL)
		add_output(&p->signals, signals);
	/* What is pending goes out with the first turn. */
	p->connects = output_connects(p->out) + 1;
}

static struct event *
watch(struct process *p, int fd, int *flag)
{
	struct event *e =
	    event_new(p->base, fd, EV_READ | EV_PERSIST, on_ready, flag);

	if (e == NULL || event_add(e, NULL) == -1)
		die(EX_OSERR, "unable to wait for descriptor %d", fd);
	return e;
}

static void
open_base(struct process *p)
{
	struct event_config *c = event_config_new();
	static int nothing;

	/* Standard input may be a file, which epoll refuses. */
	if (c == NULL || event_config_require_features(c, EV_FEATURE_FDS) == -1)
		die(EX_OSERR, "out of memory");
	p->base = event_base_new_with_config(c);
	event_config_free(c);
	if (p->base == NULL)
		die(EX_OSERR, "libevent has no way to wait for files");
	p->timer = event_new(p->base, -1, 0, on_ready, &nothing);
	if (p->timer == NULL)
		die(EX_OSERR, "out of memory");
	p->on_sig = watch(p, sig_fd(), &nothing);
	p->on_in = watch(p, input_fd(p->in), &p->in_ready);
	p->on_out = watch(p, output_fd(p->out), &p->out_ready);
	if (p->signals != NULL)
		p->on_signals =
		    watch(p, output_fd(p->signals), &p->signals_ready);
}

static void
open_api(struct process *p)
{
	struct api_opts o = {
		.base = p->base,
		.settings = p->stage.settings,
		.dir = p->stage.dir,
		.store = p->store,
		.send = send_signal,
		.counts = get_counts,
		.note = note,
		.arg = p,
	};
	char why[512];

	p->api = api_new(&o, why, sizeof(why));
	if (p->api == NULL)
		die(EX_CONFIG, "%s", why);
}

static void
open_servers(struct process *p)
{
	const struct settings *s = p->stage.settings;
	struct server_opts public = {
		.base = p->base,
		.listen = setting_str(s, WEBHOOK_LISTEN),
		.tls = p->tls,
		.trust = p->trust,
		.allow = p->allow,
		.header_max = HEADER_MAX,
		.body_max = BODY_MAX,
		.deadline_ms = REQUEST_MS,
		.answer_ms = setting_ms(s, WEBHOOK_TIMEOUT) + ANSWER_SPARE_MS,
		.connections = CONNECTIONS,
		.per_address = PER_ADDRESS,
		.handler = public_request,
		.gone = public_gone,
		.arg = p,
	};
	struct server_opts admin = {
		.base = p->base,
		.listen = setting_str(s, ADMIN_LISTEN),
		.header_max = HEADER_MAX,
		.body_max = BODY_MAX,
		.deadline_ms = REQUEST_MS,
		.answer_ms = ADMIN_ANSWER_MS,
		.connections = ADMIN_CONNECTIONS,
		.per_address = ADMIN_CONNECTIONS,
		.handler = admin_request,
		.gone = admin_gone,
		.arg = p,
	};
	char why[512];

	p->public = server_new(&public, why, sizeof(why));
	if (p->public == NULL)
		die(EX_CONFIG, "WEBHOOK_LISTEN=%s: %s", public.listen, why);
	p->admin = server_new(&admin, why, sizeof(why));
	if (p->admin == NULL)
		die(EX_CONFIG, "ADMIN_LISTEN=%s: %s", admin.listen, why);
	api_set_server(p->api, p->admin);
}

static void
release(struct process *p)
{
	server_free(p->public);
	server_free(p->admin);
	api_free(p->api);
	input_close(p->in);
	if (p->signals != NULL)
		(void)output_close(p->signals, CLOSE_MS);
	intake_free(p->intake);
	store_close(p->store);
	tls_free(p->tls);
	address_list_free(p->allow);
	address_list_free(p->trust);
	json_free(p->doc);
	if (p->base != NULL) {
		event_free(p->timer);
		event_free(p->on_sig);
		event_free(p->on_in);
		event_free(p->on_out);
		if (p->on_signals != NULL)
			event_free(p->on_signals);
		event_base_free(p->base);
	}
	settings_free(p->stage.settings);
}

int
main(int argc, char *argv[])
{
	static struct process p;

	stage_start(&p.stage, argc, argv, "i:o:d:e:s:nhV",
	    "[-nhV] [-d DIR] [-e FILE] [-i ENDPOINT] [-o ENDPOINT]... "
	    "[-s ENDPOINT]");
	set_time(&p);
	p.health.start_ms = p.wall_ms;
	alarms_init(&p.alarms);
	p.doc = json_new();
	if (p.doc == NULL)
		die(EX_OSERR, "out of memory");
	check_settings(&p);
	open_store(&p);
	if (p.stage.check) {
		open_api(&p);
		release(&p);
		return EX_OK;
	}
	open_endpoints(&p);
	open_base(&p);
	open_api(&p);
	open_servers(&p);
	p.tick_ms = p.mono_ms + TICK_MS;
	log_info("ready", LOG_STR("dir", p.stage.dir),
	    LOG_INT("port", server_port(p.public)),
	    LOG_INT("admin_port", server_port(p.admin)),
	    LOG_INT("tls", p.tls != NULL));
	turn(&p);
	loop(&p);
	drain(&p);
	release(&p);
	if (p.cut)
		die(EX_DATAERR,
		    "the input ended inside a line; everything before it was "
		    "taken");
	log_info("drained", LOG_INT("lines", (int64_t)p.health.lines));
	return EX_OK;
}
