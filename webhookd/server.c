#include "webhookd/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/num.h"
#include "webhookd/server_internal.h"

/* Older ones have holes that a request reaches (F40); scripts/setup looks at
   the package, which tells more than this. */
_Static_assert(
    LIBEVENT_VERSION_NUMBER >= 0x02010c00, "libevent 2.1.12 is needed");

/*
 * Connections that the kernel keeps for us meanwhile; past them it drops the
 * first packet of a client, which comes again after a second, then three.
 */
#define BACKLOG 4096

/*
 * Taken in one turn, so that those who were accepted are heard, and those who
 * had to go are closed, before more come (F36, F41).
 */
#define ACCEPT_MAX 32

/* How long nothing is accepted once descriptors have run out, and how long
   there must be enough of them before that is said to be over (F41). */
#define REST_MS 100
#define QUIET_MS 10000

static void
again_in(struct server *s, int64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	(void)event_add(s->again, &tv);
}

/*
 * Answer one client with the spare descriptor, so that those who wait see that
 * there is somebody, and send again.  TLS has no words before its handshake.
 */
static void
turn_away(struct server *s)
{
	static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\n"
				   "Content-Type: application/json\r\n"
				   "Content-Length: 0\r\n"
				   "Connection: close\r\n\r\n";
	char unread[4096];
	int fd;

	if (s->spare != -1)
		(void)close(s->spare);
	fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd != -1) {
		/* What is unread when it is closed resets the connection. */
		(void)recv(fd, unread, sizeof(unread), 0);
		if (s->o.tls == NULL)
			(void)send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL);
		(void)close(fd);
		s->turned_away++;
	}
	s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* accept failed, and would fail again at once, for ever. */
static void
rest(struct server *s, int error)
{
	(void)event_del(s->on_fd);
	s->resting = 1;
	turn_away(s);
	if (!s->starved) {
		s->starved = 1;
		s->notice_due = 1;
		(void)snprintf(s->notice, sizeof(s->notice),
		    "unable to accept on %s: %s: retrying every %d ms",
		    s->o.listen, strerror(error), REST_MS);
	}
	again_in(s, REST_MS);
}

static void
on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct server *s = arg;
	struct sockaddr_storage sa;
	socklen_t len;
	int fd, i;

	(void)what;
	for (i = 0; i < ACCEPT_MAX; i++) {
		len = sizeof(sa);
		fd = accept4(listener, (struct sockaddr *)&sa, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd != -1)
			connection_open(s, fd, (struct sockaddr *)&sa);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED) {
			rest(s, errno);
			return;
		}
	}
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	if (s->on_fd == NULL)
		return;
	if (s->resting) {
		s->resting = 0;
		again_in(s, QUIET_MS);
		(void)event_add(s->on_fd, NULL);
		return;
	}
	s->starved = 0;
	s->notice_due = 1;
	(void)snprintf(s->notice, sizeof(s->notice),
	    "accepting on %s again: %lld clients were turned away", s->o.listen,
	    (long long)s->turned_away);
	s->turned_away = 0;
}

/* "127.0.0.1:8080" or "[::1]:8080": 0, or -1. */
static int
parse_listen(const char *text, struct sockaddr_storage *sa, socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	int64_t port;
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;

	memset(sa, 0, sizeof(*sa));
	if (n == 0 || n >= sizeof(host) ||
	    num_parse(colon + 1, strlen(colon + 1), 0, 65535, &port) == -1)
		return -1;
	memcpy(host, text, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*len = sizeof(*v4);
		return 0;
	}
	if (host[0] != '[' || host[n - 1] != ']')
		return -1;
	host[n - 1] = '\0';
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	*len = sizeof(*v6);
	return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1 ? 0 : -1;
}

/* 0, or -1 with errno. */
static int
open_listener(
    struct server *s, const struct sockaddr_storage *sa, socklen_t len)
{
	const int on = 1;

	s->fd = socket(
	    sa->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd == -1 ||
	    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
		-1 ||
	    bind(s->fd, (const struct sockaddr *)sa, len) == -1 ||
	    listen(s->fd, BACKLOG) == -1)
		return -1;
	s->on_fd =
	    event_new(s->o.base, s->fd, EV_READ | EV_PERSIST, on_accept, s);
	return s->on_fd == NULL ? -1 : event_add(s->on_fd, NULL);
}

static void
close_listener(struct server *s)
{
	if (s->on_fd != NULL)
		event_free(s->on_fd);
	if (s->fd != -1)
		(void)close(s->fd);
	s->on_fd = NULL;
	s->fd = -1;
}

struct server *
server_new(const struct server_opts *o, char *err, size_t size)
{
	struct sockaddr_storage sa;
	struct server *s;
	socklen_t len;
	int error;

	if (parse_listen(o->listen, &sa, &len) == -1) {
		(void)snprintf(err, size,
		    "%s: ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080, "
		    "is expected",
		    o->listen);
		errno = EINVAL;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)snprintf(err, size, "%s", strerror(errno));
		return NULL;
	}
	s->o = *o;
	s->fd = -1;
	TAILQ_INIT(&s->serving);
	TAILQ_INIT(&s->ending);
	s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->again = evtimer_new(o->base, on_again, s);
	if (s->spare == -1 || s->again == NULL ||
	    open_listener(s, &sa, len) == -1) {
		error = errno;
		(void)snprintf(err, size, "unable to listen on %s: %s",
		    o->listen, strerror(error));
		server_free(s);
		errno = error;
		return NULL;
	}
	return s;
}

/* Drop what has said nothing yet. */
static void
drop_silent(struct request_list *l)
{
	struct request *next, *r;

	for (r = TAILQ_FIRST(l); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		if (r->state == REQUEST_HANDSHAKE ||
		    (r->state == REQUEST_READING && r->in.len == 0))
			connection_free(r);
	}
}

void
server_stop(struct server *s)
{
	close_listener(s);
	drop_silent(&s->serving);
	drop_silent(&s->ending);
}

size_t
server_active(const struct server *s)
{
	return s->serving_n + s->ending_n;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	close_listener(s);
	while (!TAILQ_EMPTY(&s->serving))
		connection_drop(TAILQ_FIRST(&s->serving));
	while (!TAILQ_EMPTY(&s->ending))
		connection_free(TAILQ_FIRST(&s->ending));
	if (s->again != NULL)
		event_free(s->again);
	if (s->spare != -1)
		(void)close(s->spare);
	free(s);
}

int
server_port(const struct server *s)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (s->fd == -1 ||
	    getsockname(s->fd, (struct sockaddr *)&sa, &len) == -1)
		return -1;
	return sa.ss_family == AF_INET6
	    ? ntohs(((struct sockaddr_in6 *)&sa)->sin6_port)
	    : ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

const char *
server_notice(struct server *s)
{
	if (!s->notice_due)
		return NULL;
	s->notice_due = 0;
	return s->notice;
}

int
server_starved(const struct server *s)
{
	return s->starved;
}

void
guess_wrong(struct server *s, const char *address)
{
	guesses_add(&s->guesses, address, clock_mono_ms());
}

int64_t
guess_wait_ms(struct server *s, const char *address)
{
	if (address_list_has(s->o.prefer, address))
		return 0;
	return guesses_wait_ms(&s->guesses, address, clock_mono_ms());
}
