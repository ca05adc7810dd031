/* start: settings, state, endpoints, listeners. */
#include <errno.h>
#include <event2/event.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sysexits.h>

#include "common/confine.h"
#include "common/crypto.h"
#include "common/json.h"
#include "common/log.h"
#include "common/service.h"
#include "common/sig.h"
#include "common/stage_open.h"
#include "webhookd/address.h"
#include "webhookd/api.h"
#include "webhookd/intake.h"
#include "webhookd/process.h"
#include "webhookd/server.h"
#include "webhookd/tls.h"

/* A request (F37): TradingView's are below 4 KiB. */
#define HEADER_MAX (16u << 10)
#define BODY_MAX (64u << 10)
#define REQUEST_MS 5000
#define CONNECTIONS 256
#define PER_ADDRESS 16
#define ADMIN_CONNECTIONS 64
#define OTHER_FILES 128 /* states, sockets of siblings, certificates */
#define ADMIN_ANSWER_MS 10000

#define TOKEN_LEN_GOOD 12 /* as .env.example asks for */

/* Past WEBHOOK_TIMEOUT, when a commit took long: still within 3 s. */
#define ANSWER_SPARE_MS 400

void
start_store(struct process *p)
{
	struct intake_opts io = {
		.timeout_ms = setting_ms(p->stage.settings, WEBHOOK_TIMEOUT),
		.ttl_ms = setting_ms(p->stage.settings, ALERT_TTL),
		.ready = process_ready,
		.hand = process_hand,
		.outcome = process_outcome,
		.decided = process_decided,
		.rows = process_rows,
		.answer = front_reply,
		.arg = p,
	};
	char why[512];

	p->store =
	    stage_store(&p->stage, "webhookd", intake_tables, INTAKE_SCHEMA);
	if (p->store == NULL)
		return;
	io.store = p->store;
	p->intake = intake_new(&io, p->wall_ms, p->mono_ms, why, sizeof(why));
	if (p->intake == NULL)
		die(errno == EBADMSG ? EX_CONFIG : EX_IOERR,
		    "unable to use the state in '%s': %s", p->stage.dir, why);
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

/* TradingView's, whose list is ours: it cannot be wrong. */
static struct address_list *
tradingview(void)
{
	char why[256];
	struct address_list *l =
	    address_list_new("tradingview", why, sizeof(why));

	if (l == NULL)
		die(EX_OSERR, "out of memory");
	return l;
}

/* What the settings say, and the files that they name. */
void
start_settings(struct process *p)
{
	const struct settings *s = p->stage.settings;
	const struct alert none = { .timestamp_ms = 0 };
	char id[ALERT_ID_SIZE], why[512];
	const char *port;

	p->token = setting_str(s, WEBHOOK_SECRET);
	if (*p->token == '\0')
		die(EX_CONFIG,
		    "WEBHOOK_SECRET is not set: expected the token that "
		    "TradingView's alerts carry");
	p->threshold = setting_decimal(s, TREND_THRESHOLD);
	crypto_start();
	/* What the library reads at its first use is not read by an alert. */
	if (alert_id(id, &none, 0) == -1)
		die(EX_OSERR, "the OpenSSL of this machine has no SHA-256");
	if (tls_new(&p->tls, s, why, sizeof(why)) == -1)
		die(EX_CONFIG, "%s", why);
	p->allow = addresses(p, WEBHOOK_ALLOW);
	p->trust = addresses(p, WEBHOOK_TRUST_PROXY);
	p->prefer = tradingview();
	if (strlen(p->token) < TOKEN_LEN_GOOD)
		log_warn("WEBHOOK_SECRET is short, and who guesses it trades: "
			 "take a longer one",
		    LOG_INT("bytes", (int64_t)strlen(p->token)),
		    LOG_INT("expected", TOKEN_LEN_GOOD));
	port = strrchr(setting_str(s, WEBHOOK_LISTEN), ':');
	if (port == NULL ||
	    (strcmp(port, ":80") != 0 && strcmp(port, ":443") != 0 &&
		address_list_empty(p->trust)))
		log_warn("TradingView posts to ports 80 and 443 alone: listen "
			 "there, or let a proxy do so and set "
			 "WEBHOOK_TRUST_PROXY",
		    LOG_STR("WEBHOOK_LISTEN", setting_str(s, WEBHOOK_LISTEN)));
	else if (strcmp(port, ":443") == 0 && p->tls == NULL &&
	    address_list_empty(p->trust))
		log_warn("TradingView speaks TLS to port 443: set "
			 "WEBHOOK_TLS_CERT and WEBHOOK_TLS_KEY, or let a proxy "
			 "do so and set WEBHOOK_TRUST_PROXY",
		    LOG_STR("WEBHOOK_LISTEN", setting_str(s, WEBHOOK_LISTEN)));
}

void
start_endpoints(struct process *p)
{
	const char *signals = p->stage.own['s'];

	for (size_t i = 0; i < p->stage.noutputs; i++)
		if (signals != NULL &&
		    strcmp(signals, p->stage.outputs[i]) == 0)
			stage_usage("-s %s is the same as -o", signals);
	p->in = stage_input(&p->stage);
	p->out = stage_output(&p->stage, OUTPUT_QUEUE);
	if (signals != NULL) {
		struct stage only = { .outputs = { signals }, .noutputs = 1 };

		p->signals = stage_output(&only, OUTPUT_QUEUE);
	}
	/* What is pending goes out with the first turn. */
	p->connects = output_connects(p->out) + 1;
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	int *flag = arg;

	(void)fd;
	(void)what;
	*flag = 1;
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

/* What libevent would write to standard error by itself. */
static void
on_libevent(int severity, const char *msg)
{
	log_line(severity >= EVENT_LOG_ERR ? LOG_ERROR : LOG_WARN, "libevent",
	    LOG_FIELDS(LOG_STR("reason", msg)));
}

void
start_base(struct process *p)
{
	struct event_config *c = event_config_new();
	static int nothing;

	event_set_log_callback(on_libevent);
	/* What an advisory asks for first (F40). */
	log_info("libraries", LOG_STR("libevent", event_get_version()),
	    LOG_STR("openssl", OpenSSL_version(OPENSSL_VERSION_STRING)));
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

void
start_api(struct process *p)
{
	struct api_opts o = {
		.base = p->base,
		.settings = p->stage.settings,
		.dir = p->stage.dir,
		.store = p->store,
		.send = process_send,
		.counts = process_counts,
		.note = front_note,
		.arg = p,
	};
	char why[512];

	p->api = api_new(&o, why, sizeof(why));
	if (p->api == NULL)
		die(EX_CONFIG, "%s", why);
}

/*
 * Whether an address that cannot be listened on may be had later: the port is
 * another's, or the interface is not up yet.
 */
static int
listen_exit(int error)
{
	switch (error) {
	case EADDRINUSE:
	case EADDRNOTAVAIL:
		return EX_TEMPFAIL;
	case EACCES:
	case EINVAL:
		return EX_CONFIG;
	default:
		return EX_OSERR;
	}
}

static _Noreturn void
cannot_listen(enum setting which, const struct server_opts *o, const char *why)
{
	int error = errno;

	die(listen_exit(error), "%s=%s: %s%s", setting_name(which), o->listen,
	    why,
	    error == EACCES ? ": a port below 1024 takes CAP_NET_BIND_SERVICE: "
			      "expected that (setcap "
			      "cap_net_bind_service=+ep WEBHOOKD), or a "
			      "higher port with a proxy before it"
			    : "");
}

void
start_servers(struct process *p)
{
	const struct settings *s = p->stage.settings;
	struct server_opts public = {
		.base = p->base,
		.listen = setting_str(s, WEBHOOK_LISTEN),
		.tls = p->tls,
		.trust = p->trust,
		.allow = p->allow,
		.prefer = p->prefer,
		.header_max = HEADER_MAX,
		.body_max = BODY_MAX,
		.deadline_ms = REQUEST_MS,
		.answer_ms = setting_ms(s, WEBHOOK_TIMEOUT) + ANSWER_SPARE_MS,
		.connections = CONNECTIONS,
		.per_address = PER_ADDRESS,
		.handler = front_public,
		.gone = front_public_gone,
		.refused = front_public_refused,
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
		.handler = front_admin,
		.gone = front_admin_gone,
		.arg = p,
	};
	char why[512];

	stage_files(CONNECTIONS + ADMIN_CONNECTIONS + OTHER_FILES);
	p->public = server_new(&public, why, sizeof(why));
	if (p->public == NULL)
		cannot_listen(WEBHOOK_LISTEN, &public, why);
	p->admin = server_new(&admin, why, sizeof(why));
	if (p->admin == NULL)
		cannot_listen(ADMIN_LISTEN, &admin, why);
	api_set_server(p->api, p->admin);
}

/* It connects to nobody; SIGHUP reads the certificate again. */
void
start_confine(struct process *p)
{
	static const enum setting files[] = { WEBHOOK_TLS_CERT, WEBHOOK_TLS_KEY,
		WEBHOOK_CLIENT_CA };
	const struct settings *s = p->stage.settings;
	struct confine c = { .net = CONFINE_LOCAL };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (setting_given(s, files[i]))
			confine_file(&c, setting_str(s, files[i]));
	service_confine(&c, p->stage.dir);
	/* The halt is a file that comes and goes. */
	confine_path(&c, p->stage.dir, CONFINE_REMOVE);
	stage_confine(&p->stage, &c);
}

void
start_undo(struct process *p)
{
	server_free(p->public);
	server_free(p->admin);
	api_free(p->api);
	input_close(p->in);
	intake_free(p->intake);
	store_close(p->store);
	tls_free(p->tls);
	address_list_free(p->allow);
	address_list_free(p->trust);
	address_list_free(p->prefer);
	json_free(p->doc);
	alarms_release(&p->alarms);
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
