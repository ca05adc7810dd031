#include "tests/exchange/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/num.h"
#include "tests/exchange/exchange.h"
#include "tests/exchange/wire.h"

struct front {
	struct exchange *x;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *stop, *tick;
	SSL_CTX *tls;
	char url[80];
	uint64_t connections; /* ever */
	struct conn *first;   /* of those that are open */
};

struct conn {
	struct front *f;
	struct bufferevent *bev;
	struct event *timer; /* a late reply, or the next byte of one */
	struct conn *prev, *next;
	uint64_t id;
	char ip[INET6_ADDRSTRLEN];
	int busy;	 /* a request is being answered */
	int close_after; /* this reply is the last one */
	int ending;	 /* closed once what is written has left */
	/* A reply that has not left yet. */
	struct evbuffer *held;
	enum delivery delivery;
	size_t at_once; /* bytes of the next drip: the head, then one by one */
	int64_t drip_ms, bytes;
	int64_t filling; /* bytes of it that are still to be written */
	/* A long poll (DELIVER_POLL). */
	struct poll poll;
	int keep; /* the connection, after its answer */
};

static void
conn_free(struct conn *c)
{
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->f->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->timer != NULL)
		event_free(c->timer);
	if (c->held != NULL)
		evbuffer_free(c->held);
	bufferevent_free(c->bev);
	free(c);
}

/* End with a reset, not with a polite end. */
static void
conn_reset(struct conn *c)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER,
	    &at_once, sizeof(at_once));
	conn_free(c);
}

static void
timer_in(struct event *ev, int64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	(void)event_add(ev, &tv);
}

/* Let the market go on, and come back when something is due in it. */
static void
arm_tick(struct front *f)
{
	int wait_ms = exchange_advance(f->x);

	if (wait_ms >= 0)
		timer_in(f->tick, wait_ms > 0 ? wait_ms : 1);
	else
		(void)event_del(f->tick);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	arm_tick(arg);
}

static void serve(struct conn *c);

/* The reply is out, or at least handed over: take the next request. */
static void
conn_done(struct conn *c)
{
	c->busy = 0;
	if (c->close_after) {
		c->ending = 1;
		if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0)
			conn_free(c);
		return;
	}
	serve(c);
}

#define FILL_CHUNK 65536

/* Some more of a body that is nothing but filling. */
static void
put_filling(struct conn *c)
{
	static char filling[FILL_CHUNK];
	size_t n = FILL_CHUNK;

	if (filling[0] == '\0')
		memset(filling, 'x', sizeof(filling));
	if ((int64_t)n > c->filling)
		n = (size_t)c->filling;
	(void)bufferevent_write(c->bev, filling, n);
	c->filling -= (int64_t)n;
}

/* What is held back may leave now. */
static void
release_held(struct conn *c)
{
	switch (c->delivery) {
	case DELIVER_RESET:
		conn_reset(c);
		return;
	case DELIVER_HANG:
		return;
	case DELIVER_DRIP:
		(void)evbuffer_remove_buffer(
		    c->held, bufferevent_get_output(c->bev), c->at_once);
		c->at_once = 1;
		if (evbuffer_get_length(c->held) > 0) {
			timer_in(c->timer, c->drip_ms);
			return;
		}
		break;
	case DELIVER_FILL:
		(void)bufferevent_write_buffer(c->bev, c->held);
		c->filling = c->bytes;
		if (c->filling > 0) {
			put_filling(c); /* and more when that has left */
			return;
		}
		c->delivery = DELIVER_PLAIN;
		break;
	case DELIVER_CUT:
	case DELIVER_GZIP:
	case DELIVER_PLAIN:
	case DELIVER_POLL:
		(void)bufferevent_write_buffer(c->bev, c->held);
		break;
	}
	conn_done(c);
}

/* Send a reply the way that it asks for. */
static void
deliver(struct conn *c, const struct reply *rep, int keep)
{
	c->delivery = rep->delivery;
	c->drip_ms = rep->drip_ms > 0 ? rep->drip_ms : 1;
	c->bytes = rep->bytes;
	c->keep = keep;
	c->poll = rep->poll;
	if (rep->delivery == DELIVER_POLL) {
		timer_in(c->timer, rep->delay_ms);
		return;
	}
	c->close_after = !keep || rep->delivery == DELIVER_CUT;
	c->at_once = wire_write(c->held, rep, keep);
	if (rep->delay_ms > 0)
		timer_in(c->timer, rep->delay_ms);
	else
		release_held(c);
}

/* The answer of a poll that is held, if there is one; 1 where there was. */
static int
answer_poll(struct conn *c, int over)
{
	struct reply rep;
	int due;

	if (c->delivery != DELIVER_POLL)
		return 0;
	reply_init(&rep);
	due = updates_due(&c->f->x->telegram.updates, &c->poll, over, &rep);
	if (due) {
		(void)event_del(c->timer);
		deliver(c, &rep, c->keep);
	}
	reply_release(&rep);
	return due;
}

/* Somebody wrote, or somebody else polls. */
static void
answer_polls(struct front *f)
{
	struct conn *c = f->first;

	while (c != NULL)
		c = answer_poll(c, 0) ? f->first : c->next;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (!answer_poll(c, 1))
		release_held(c);
}

static void
answer(struct conn *c, struct wire *w)
{
	struct front *f = c->f;
	struct reply rep;

	reply_init(&rep);
	w->r.connection = c->id;
	w->r.ip = c->ip;
	exchange_answer(f->x, &w->r, &rep);
	arm_tick(f);
	deliver(c, &rep, w->keep_alive);
	reply_release(&rep);
	answer_polls(f);
}

/* Take the next request out of what was read, if it is all there. */
static void
serve(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	enum wire_status st;
	struct wire w;

	if (c->busy || c->ending)
		return;
	st = wire_read(&w, in);
	switch (st) {
	case WIRE_MORE:
		return;
	case WIRE_CONTINUE:
		(void)bufferevent_write(
		    c->bev, WIRE_CONTINUE_TEXT, strlen(WIRE_CONTINUE_TEXT));
		return;
	case WIRE_BAD:
		(void)bufferevent_write(
		    c->bev, WIRE_BAD_TEXT, strlen(WIRE_BAD_TEXT));
		c->busy = c->ending = 1;
		return;
	case WIRE_OK:
		break;
	}
	c->busy = 1;
	answer(c, &w);
	wire_release(&w);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	serve(arg);
}

/* Everything that was written has left. */
static void
on_written(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (c->filling > 0) {
		put_filling(c);
		if (c->filling > 0)
			return;
		c->delivery = DELIVER_PLAIN;
		conn_done(c);
	} else if (c->ending) {
		conn_free(c);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		conn_free(arg);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa,
    int len, void *arg)
{
	struct front *f = arg;
	struct conn *c = calloc(1, sizeof(*c));
	SSL *ssl = NULL;

	(void)l;
	if (c == NULL) {
		(void)evutil_closesocket(fd);
		return;
	}
	if (f->tls != NULL) {
		ssl = SSL_new(f->tls);
		c->bev = ssl == NULL
		    ? NULL
		    : bufferevent_openssl_socket_new(f->base, fd, ssl,
			  BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	} else {
		c->bev =
		    bufferevent_socket_new(f->base, fd, BEV_OPT_CLOSE_ON_FREE);
	}
	if (c->bev == NULL) {
		SSL_free(ssl);
		(void)evutil_closesocket(fd);
		free(c);
		return;
	}
	c->f = f;
	c->id = ++f->connections;
	c->next = f->first;
	if (c->next != NULL)
		c->next->prev = c;
	f->first = c;
	(void)getnameinfo(
	    sa, (socklen_t)len, c->ip, sizeof(c->ip), NULL, 0, NI_NUMERICHOST);
	c->timer = event_new(f->base, -1, 0, on_timer, c);
	c->held = evbuffer_new();
	if (c->timer == NULL || c->held == NULL) {
		conn_free(c);
		return;
	}
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* "127.0.0.1:8080" or "[::1]:8080": 0, or -1 with err. */
static int
take_address(const char *text, struct sockaddr_storage *sa, socklen_t *len,
    char *err, size_t size)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;
	const char *colon = strrchr(text, ':');
	char host[64];
	int64_t port;
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;

	memset(sa, 0, sizeof(*sa));
	if (n == 0 || n >= sizeof(host) ||
	    num_parse(colon + 1, strlen(colon + 1), 0, 65535, &port) == -1) {
		(void)snprintf(err, size, "%s: ADDRESS:PORT is expected", text);
		return -1;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	v4->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1 &&
	    ntohl(v4->sin_addr.s_addr) >> 24 == 127) {
		v4->sin_family = AF_INET;
		*len = sizeof(*v4);
		return 0;
	}
	if (strcmp(host, "[::1]") == 0) {
		v6->sin6_family = AF_INET6;
		v6->sin6_addr = in6addr_loopback;
		*len = sizeof(*v6);
		return 0;
	}
	(void)snprintf(err, size, "%s: a loopback address is expected", text);
	return -1;
}

static int
load_tls(
    struct front *f, const char *cert, const char *key, char *err, size_t size)
{
	f->tls = SSL_CTX_new(TLS_server_method());
	if (f->tls == NULL ||
	    SSL_CTX_set_min_proto_version(f->tls, TLS1_2_VERSION) != 1) {
		(void)snprintf(err, size, "unable to start TLS");
		return -1;
	}
	if (SSL_CTX_use_certificate_chain_file(f->tls, cert) != 1) {
		(void)snprintf(err, size,
		    "%s: a PEM file with a certificate is expected", cert);
		return -1;
	}
	if (SSL_CTX_use_PrivateKey_file(f->tls, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(f->tls) != 1) {
		(void)snprintf(err, size,
		    "%s: a PEM file with the key of %s is expected", key, cert);
		return -1;
	}
	return 0;
}

/* The address that we got, as a URL. */
static int
set_url(struct front *f)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	char host[INET6_ADDRSTRLEN], port[8];
	int v6, n;

	if (getsockname(evconnlistener_get_fd(f->listener),
		(struct sockaddr *)&sa, &len) == -1 ||
	    getnameinfo((struct sockaddr *)&sa, len, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return -1;
	v6 = sa.ss_family == AF_INET6;
	n = snprintf(f->url, sizeof(f->url), "http%s://%s%s%s:%s",
	    f->tls != NULL ? "s" : "", v6 ? "[" : "", host, v6 ? "]" : "",
	    port);
	return n > 0 && (size_t)n < sizeof(f->url) ? 0 : -1;
}

static void
on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;

	(void)fd;
	(void)what;
	(void)event_base_loopbreak(f->base);
}

struct front *
front_open(struct exchange *x, const char *listen, const char *cert,
    const char *key, char *err, size_t size)
{
	struct sockaddr_storage sa;
	socklen_t len;
	struct front *f;

	if (take_address(listen, &sa, &len, err, size) == -1)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)snprintf(err, size, "%s", strerror(errno));
		return NULL;
	}
	f->x = x;
	if (cert != NULL && load_tls(f, cert, key, err, size) == -1) {
		front_close(f);
		return NULL;
	}
	f->base = event_base_new();
	if (f->base != NULL)
		f->listener = evconnlistener_new_bind(f->base, on_accept, f,
		    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
			LEV_OPT_REUSEABLE,
		    -1, (struct sockaddr *)&sa, (int)len);
	if (f->listener == NULL || set_url(f) == -1) {
		(void)snprintf(err, size, "unable to listen on %s: %s", listen,
		    strerror(errno));
		front_close(f);
		return NULL;
	}
	return f;
}

void
front_close(struct front *f)
{
	if (f == NULL)
		return;
	while (f->first != NULL)
		conn_free(f->first);
	if (f->stop != NULL)
		event_free(f->stop);
	if (f->tick != NULL)
		event_free(f->tick);
	if (f->listener != NULL)
		evconnlistener_free(f->listener);
	if (f->base != NULL)
		event_base_free(f->base);
	SSL_CTX_free(f->tls);
	free(f);
}

const char *
front_url(const struct front *f)
{
	return f->url;
}

int
front_run(struct front *f, int stop_fd)
{
	f->stop = event_new(f->base, stop_fd, EV_READ, on_stop, f);
	f->tick = evtimer_new(f->base, on_tick, f);
	if (f->stop == NULL || f->tick == NULL ||
	    event_add(f->stop, NULL) == -1)
		return -1;
	arm_tick(f);
	return event_base_dispatch(f->base) == -1 ? -1 : 0;
}
