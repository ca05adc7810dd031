/*
 * listener: webhookd's public listener without the rest of webhookd, for tests
 * of what goes over the wire.
 *
 *   listener [-b BODY] [-c CONNECTIONS] [-d DEADLINE_MS] [-h HEADER]
 *       [-p PER_ADDRESS] [-w ANSWER_MS] [-e FILE]
 *
 * Listens as WEBHOOK_LISTEN, _TLS_…, _CLIENT_…, _ALLOW and _TRUST_PROXY say and
 * prints {"type":"listening","port":N}; then a line for each request, and for
 * each that was given up ("gone").  POST /later is answered after 300 ms, POST
 * /never never, /large with 4 MiB, anything else at once, with the number of
 * bytes of the body.  SIGHUP reads the certificate again, SIGTERM ends.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/num.h"
#include "common/settings.h"
#include "webhookd/server.h"
#include "webhookd/tls.h"

#define LATER_MS 300
#define LARGE (4u << 20)

static struct event_base *base;
static struct server *server;
static struct tls *tls;

struct later {
	struct request *r; /* NULL: gone */
};

static void
say(const char *what, const struct request *r)
{
	size_t len;

	(void)request_body(r, &len);
	(void)printf("{\"type\":\"%s\",\"method\":\"%s\",\"path\":\"%s\","
		     "\"length\":%zu,\"address\":\"%s\"}\n",
	    what, request_method(r), request_path(r), len, request_address(r));
	(void)fflush(stdout);
}

static void
answer(struct request *r)
{
	static char large[LARGE];
	char text[64];
	size_t len;

	if (strcmp(request_path(r), "/large") == 0) {
		memset(large, 'x', sizeof(large));
		request_reply(r, 200, "text/plain", large, sizeof(large));
		return;
	}
	(void)request_body(r, &len);
	(void)snprintf(text, sizeof(text), "%zu\n", len);
	request_reply(r, 200, "text/plain", text, strlen(text));
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	struct later *l = arg;

	(void)fd;
	(void)what;
	if (l->r != NULL)
		answer(l->r);
	free(l);
}

static void
handler(void *arg, struct request *r)
{
	const struct timeval tv = { .tv_usec = LATER_MS * 1000 };
	struct later *l;

	(void)arg;
	say("request", r);
	if (strcmp(request_path(r), "/never") == 0)
		return;
	if (strcmp(request_path(r), "/later") != 0) {
		answer(r);
		return;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		request_refuse(r, 503, "Out of memory");
		return;
	}
	l->r = r;
	request_set_user(r, l);
	if (event_base_once(base, -1, EV_TIMEOUT, on_later, l, &tv) == -1)
		die(EX_SOFTWARE, "unable to set a timer");
}

static void
gone(void *arg, struct request *r)
{
	struct later *l = request_user(r);

	(void)arg;
	say("gone", r);
	if (l != NULL)
		l->r = NULL;
}

static void
on_signal(evutil_socket_t which, short what, void *arg)
{
	char err[512];

	(void)what;
	(void)arg;
	if (which == SIGTERM)
		(void)event_base_loopbreak(base);
	else if (tls == NULL || tls_reload(tls, err, sizeof(err)) == -1)
		log_warn("unable to reload",
		    LOG_STR("error", tls == NULL ? "no TLS" : err));
	else
		log_info(
		    "reloaded", LOG_INT("expires", tls_expires_ms(tls) / 1000));
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	const char *text;

	(void)fd;
	(void)what;
	(void)arg;
	while ((text = server_notice(server)) != NULL)
		log_warn(text, LOG_INT("starved", server_starved(server)));
}

static struct settings *
read_settings(const char *file)
{
	struct buf errors, warnings;
	struct settings *s;

	buf_init(&errors, 1u << 20);
	buf_init(&warnings, 1u << 20);
	s = settings_read(file, &errors, &warnings);
	if (s == NULL)
		die(EX_CONFIG, "%s", buf_cstr(&errors));
	buf_release(&errors);
	buf_release(&warnings);
	return s;
}

static size_t
number(const char *text)
{
	int64_t n;

	if (num_parse(text, strlen(text), 0, 1 << 30, &n) == -1)
		die(EX_USAGE, "'%s' is not a number", text);
	return (size_t)n;
}

static struct address_list *
list(const struct settings *s, enum setting which)
{
	char err[512];
	struct address_list *l =
	    address_list_new(setting_str(s, which), err, sizeof(err));

	if (l == NULL)
		die(EX_CONFIG, "%s=%s", setting_name(which), err);
	return l;
}

int
main(int argc, char *argv[])
{
	struct server_opts o = { .header_max = 8192,
		.body_max = 65536,
		.deadline_ms = 5000,
		.answer_ms = 3000,
		.connections = 256,
		.per_address = 16,
		.handler = handler,
		.gone = gone };
	const struct timeval tick = { .tv_usec = 50000 };
	struct address_list *allow, *trust;
	const char *file = NULL;
	struct event *ev[3];
	struct settings *s;
	char err[512];
	int ch;

	log_init(argv[0]);
	while ((ch = getopt(argc, argv, "b:c:d:e:h:p:w:")) != -1)
		switch (ch) {
		case 'b':
			o.body_max = number(optarg);
			break;
		case 'c':
			o.connections = number(optarg);
			break;
		case 'd':
			o.deadline_ms = (int64_t)number(optarg);
			break;
		case 'e':
			file = optarg;
			break;
		case 'h':
			o.header_max = number(optarg);
			break;
		case 'p':
			o.per_address = number(optarg);
			break;
		case 'w':
			o.answer_ms = (int64_t)number(optarg);
			break;
		default:
			return EX_USAGE;
		}
	s = read_settings(file);
	allow = list(s, WEBHOOK_ALLOW);
	trust = list(s, WEBHOOK_TRUST_PROXY);
	if (tls_new(&tls, s, err, sizeof(err)) == -1)
		die(EX_CONFIG, "%s", err);
	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	if (base == NULL)
		die(EX_OSERR, "unable to start libevent");
	o.base = base;
	o.listen = setting_str(s, WEBHOOK_LISTEN);
	o.tls = tls;
	o.allow = allow;
	o.trust = trust;
	server = server_new(&o, err, sizeof(err));
	if (server == NULL)
		die(EX_UNAVAILABLE, "%s", err);
	ev[0] = evsignal_new(base, SIGTERM, on_signal, NULL);
	ev[1] = evsignal_new(base, SIGHUP, on_signal, NULL);
	ev[2] = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	if (ev[0] == NULL || ev[1] == NULL || ev[2] == NULL ||
	    event_add(ev[0], NULL) == -1 || event_add(ev[1], NULL) == -1 ||
	    event_add(ev[2], &tick) == -1)
		die(EX_OSERR, "unable to wait for signals");
	(void)printf(
	    "{\"type\":\"listening\",\"port\":%d}\n", server_port(server));
	(void)fflush(stdout);
	if (event_base_dispatch(base) == -1)
		die(EX_SOFTWARE, "unable to wait for events");
	server_free(server);
	for (ch = 0; ch < 3; ch++)
		event_free(ev[ch]);
	event_base_free(base);
	tls_free(tls);
	address_list_free(allow);
	address_list_free(trust);
	settings_free(s);
	return EX_OK;
}
