/* connection: from accept to the last byte of an answer. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "webhookd/server_internal.h"
#include "webhookd/tls.h"

/* Bytes that one read may bring beyond a whole request. */
#define SURPLUS_MAX (64u << 10)

/* Bytes that an alert and its headers take, so that one allocation does. */
#define REQUEST_FIRST 2048

/* Longer than a sequence number, shorter than an answer of ours. */
#define REFUSAL_MAX 4096

#define FORWARDED_MAX 2048

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* Can fail for the first time alone: then libevent has room for it. */
static int
set_timer(struct request *r, int64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	return event_add(r->timer, &tv);
}

/* With key NULL all are of one address. */
static int
is_of(const struct request *r, const unsigned char *key)
{
	return key == NULL ||
	    (r->admitted && memcmp(r->key, key, sizeof(r->key)) == 0);
}

static void
admitted(struct request *r)
{
	struct request *other;

	r->admitted = 1;
	TAILQ_FOREACH (other, &r->s->serving, entry)
		if (other != r && is_of(other, r->key)) {
			other->same++;
			r->same = other->same;
		}
	if (r->same == 0)
		r->same = 1;
}

static void
unlink_request(struct request *r)
{
	struct server *s = r->s;
	struct request *other;

	if (r->admitted && !r->ending)
		/* cppcheck-suppress unknownMacro */
		TAILQ_FOREACH (other, &s->serving, entry)
			other->same -= is_of(other, r->key);
	if (r->ending) {
		TAILQ_REMOVE(&s->ending, r, entry);
		s->ending_n--;
	} else {
		TAILQ_REMOVE(&s->serving, r, entry);
		s->serving_n--;
	}
}

void
connection_free(struct request *r)
{
	unlink_request(r);
	if (r->timer != NULL)
		event_free(r->timer);
	if (r->bev != NULL)
		bufferevent_free(r->bev);
	buf_release(&r->in);
	free(r);
}

void
connection_drop(struct request *r)
{
	if (r->state == REQUEST_WAITING)
		r->s->o.gone(r->s->o.arg, r);
	connection_free(r);
}

/* It counts no longer for the caps. */
static void
move_to_ending(struct request *r)
{
	struct server *s = r->s;

	if (r->ending)
		return;
	if (s->ending_n == ENDING_MAX)
		connection_free(TAILQ_FIRST(&s->ending));
	unlink_request(r);
	r->ending = 1;
	TAILQ_INSERT_TAIL(&s->ending, r, entry);
	s->ending_n++;
}

/* The answer has left. */
static void
finish(struct request *r)
{
	if (r->ssl != NULL) {
		(void)SSL_shutdown(r->ssl);
		ERR_clear_error();
	}
	if (!r->linger || r->eof) {
		connection_free(r);
		return;
	}
	(void)shutdown(bufferevent_getfd(r->bev), SHUT_WR);
	r->state = REQUEST_LINGERING;
	(void)set_timer(r, LINGER_MS);
	move_to_ending(r);
}

void
connection_answer(struct request *r, int status, const char *type,
    const void *body, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(r->bev);
	char head[ANSWER_HEAD_MAX];
	size_t n = answer_head(head, r, status, type, len);

	r->state = REQUEST_ANSWERING;
	(void)set_timer(r, r->s->o.deadline_ms);
	/* A HEAD is refused, and its refusal has no body either. */
	if (r->gate.method == METHOD_HEAD)
		len = 0;
	if (evbuffer_expand(out, n + len) == -1 ||
	    evbuffer_add(out, head, n) == -1 ||
	    evbuffer_add(out, body, len) == -1)
		connection_free(r);
}

static void
tell_refused(const struct request *r, int status, const char *why)
{
	const struct server_opts *o = &r->s->o;

	if (o->refused != NULL)
		o->refused(o->arg, r, status, why);
}

/* Refuse what never came to the handler. */
static void
refuse(struct request *r, int status, const char *why)
{
	struct buf b;

	if (r->early != 0 || r->in.len > 0)
		tell_refused(r, status, why);
	r->linger = 1;
	buf_init(&b, REFUSAL_MAX);
	if (answer_refusal(&b, why) == -1)
		connection_free(r);
	else
		connection_answer(r, status, "application/json", b.p, b.len);
	buf_release(&b);
}

/* Its request is not whole. */
static int
is_partial(const struct request *r)
{
	return r->state == REQUEST_HANDSHAKE || r->state == REQUEST_READING;
}

/* It has sent something, and nothing of it was read: it may be an alert. */
static int
is_unheard(const struct request *r)
{
	int unread = 0;

	if (r->in.len > 0 ||
	    (r->ssl != NULL && BIO_number_read(SSL_get_rbio(r->ssl)) > 0))
		return 0;
	return ioctl(bufferevent_getfd(r->bev), FIONREAD, &unread) == 0 &&
	    unread > 0;
}

static void
give_way(struct request *r, int status, const char *why)
{
	if (r->state == REQUEST_HANDSHAKE) {
		connection_free(r);
		return;
	}
	move_to_ending(r);
	refuse(r, status, why);
}

/* How readily it gives way: who has many connections can spare one. */
static size_t
weight(const struct request *r)
{
	return r->preferred ? 0 : r->admitted ? r->same : 1;
}

/*
 * Whose request is not whole, the oldest of those who weigh most; one that was
 * not heard yet only where it weighs more than light.  NULL: none.
 */
static struct request *
who_gives_way(struct request *r, const unsigned char *key, size_t light)
{
	struct request *other, *out = NULL;

	TAILQ_FOREACH (other, &r->s->serving, entry)
		if (other != r && is_of(other, key) && is_partial(other) &&
		    (out == NULL || weight(other) > weight(out)) &&
		    (weight(other) > light || !is_unheard(other)))
			out = other;
	return out;
}

/*
 * Room for r among at most max of an address: another gives way, so that
 * connections which get nowhere keep no alert out (F36), and who has one is not
 * pushed out by who has many.  0, or -1 with what to answer.
 */
static int
make_room(struct request *r, const unsigned char *key, size_t max, int status,
    const char *why)
{
	struct request *other;
	size_t n = 0, own = 1;

	TAILQ_FOREACH (other, &r->s->serving, entry)
		if (other != r) {
			n += is_of(other, key);
			own += is_of(other, r->key);
		}
	if (n < max)
		return 0;
	other = who_gives_way(r, key, r->preferred ? 0 : own);
	if (other != NULL) {
		give_way(other, status, why);
		return 0;
	}
	r->early = status;
	r->early_why = why;
	return -1;
}

/*
 * r->address is the one that counts.  0, or -1 with what to answer in
 * r->early.
 */
static int
admit(struct request *r)
{
	const struct server_opts *o = &r->s->o;

	if (address_key(r->key, r->address) == -1 ||
	    (!address_list_empty(o->allow) &&
		!address_list_has(o->allow, r->address))) {
		r->early = 403;
		r->early_why = "This address is not allowed";
		return -1;
	}
	r->preferred = address_list_has(o->prefer, r->address);
	if (!r->preferred &&
	    make_room(r, r->key, o->per_address, 429,
		"There are too many connections from this address") == -1)
		return -1;
	admitted(r);
	return 0;
}

/* The head is whole: whose is it, behind a proxy?  -1: refused. */
static int
take_head(struct request *r)
{
	char list[FORWARDED_MAX], peer[ADDRESS_TEXT_MAX];

	if (!r->admitted) {
		memcpy(peer, r->address, sizeof(peer));
		if (gate_forwarded_for(&r->gate, r->in.p, list, sizeof(list)) ==
		    -1) {
			refuse(r, 400, "X-Forwarded-For is too long");
			return -1;
		}
		address_client(r->address, sizeof(r->address), peer,
		    list[0] != '\0' ? list : NULL, r->s->o.trust);
		if (admit(r) == -1) {
			refuse(r, r->early, r->early_why);
			return -1;
		}
	}
	if (r->gate.wants_continue && r->in.len == r->gate.head_len &&
	    r->gate.body_len > 0)
		(void)bufferevent_write(r->bev, go_on, sizeof(go_on) - 1);
	return 0;
}

/*
 * More is to come from the client, and its kernel may hold that back until what
 * it sent is acknowledged, which ours else does 40 ms later: so now.
 */
static void
acknowledge(const struct request *r)
{
	const int on = 1;

	(void)setsockopt(bufferevent_getfd(r->bev), IPPROTO_TCP, TCP_QUICKACK,
	    &on, sizeof(on));
}

/* Look at what came. */
static void
take(struct request *r)
{
	for (;;)
		switch (gate_take(&r->gate, r->in.p, r->in.len)) {
		case GATE_MORE:
			acknowledge(r);
			return;
		case GATE_HEAD:
			if (take_head(r) == -1)
				return;
			break;
		case GATE_REFUSE:
			refuse(r, r->gate.status, r->gate.why);
			return;
		case GATE_DONE:
			r->state = REQUEST_WAITING;
			(void)set_timer(r, r->s->o.answer_ms);
			/* It may be answered, and even be gone, after this. */
			r->s->o.handler(r->s->o.arg, r);
			return;
		}
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *from = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(from);
	struct request *r = arg;

	if (r->state != REQUEST_READING) {
		(void)evbuffer_drain(from, n);
		r->linger = 1;
		return;
	}
	if (buf_reserve(&r->in, n > REQUEST_FIRST ? n : REQUEST_FIRST) == -1 &&
	    buf_reserve(&r->in, n) == -1) {
		connection_free(r);
		return;
	}
	(void)evbuffer_remove(from, r->in.p + r->in.len, n);
	r->in.len += n;
	r->in.p[r->in.len] = '\0';
	take(r);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct request *r = arg;

	if (r->state == REQUEST_ANSWERING &&
	    evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		finish(r);
}

/* The handshake is done, if there was one. */
static void
begin(struct request *r)
{
	r->state = REQUEST_READING;
	if (r->early == 0 && r->ssl != NULL &&
	    !tls_peer_ok(r->s->o.tls, r->ssl)) {
		r->early = 403;
		r->early_why = "A client certificate is required";
	}
	if (r->early != 0)
		refuse(r, r->early, r->early_why);
	else if (r->ssl != NULL)
		acknowledge(r);
}

static void
on_eof(struct request *r)
{
	r->eof = 1;
	switch (r->state) {
	case REQUEST_READING:
		if (r->in.len > 0) {
			refuse(r, 400, "The request ended before its length");
			return;
		}
		break;
	case REQUEST_WAITING:
	case REQUEST_ANSWERING:
		return; /* it may still read */
	case REQUEST_HANDSHAKE:
	case REQUEST_LINGERING:
		break;
	}
	connection_free(r);
}

/* Where the client said what it has against us, or the other way round. */
static void
tell_handshake(const struct request *r)
{
	const char *why =
	    ERR_reason_error_string(bufferevent_get_openssl_error(r->bev));

	if (why != NULL)
		tell_refused(r, 0, why);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct request *r = arg;

	(void)bev;
	if ((what & BEV_EVENT_CONNECTED) != 0)
		begin(r);
	else if ((what & BEV_EVENT_EOF) != 0)
		on_eof(r);
	else if ((what & BEV_EVENT_ERROR) != 0) {
		if (r->state == REQUEST_HANDSHAKE)
			tell_handshake(r);
		connection_drop(r);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct request *r = arg;

	(void)fd;
	(void)what;
	switch (r->state) {
	case REQUEST_READING:
		refuse(r, 408, "The request did not come in time");
		return;
	case REQUEST_WAITING:
		r->s->o.gone(r->s->o.arg, r);
		refuse(r, 503, "There was no answer in time");
		return;
	case REQUEST_HANDSHAKE:
	case REQUEST_ANSWERING:
	case REQUEST_LINGERING:
		connection_free(r);
		return;
	}
}

static void
set_address(struct request *r, const struct sockaddr *sa)
{
	char peer[ADDRESS_TEXT_MAX] = "";
	const void *a = sa->sa_family == AF_INET6
	    ? (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr
	    : (const void *)&((const struct sockaddr_in *)sa)->sin_addr;

	(void)inet_ntop(sa->sa_family, a, peer, sizeof(peer));
	address_client(r->address, sizeof(r->address), peer, NULL, NULL);
	(void)address_key(r->key, r->address);
	r->preferred = address_list_has(r->s->o.prefer, r->address);
}

/* 0, or -1; fd belongs to the bufferevent where there is one. */
static int
set_bufferevent(struct request *r, int fd)
{
	const struct server_opts *o = &r->s->o;

	if (o->tls == NULL) {
		r->bev =
		    bufferevent_socket_new(o->base, fd, BEV_OPT_CLOSE_ON_FREE);
		return r->bev == NULL ? -1 : 0;
	}
	r->state = REQUEST_HANDSHAKE;
	r->ssl = SSL_new(tls_context(o->tls));
	if (r->ssl == NULL)
		return -1;
	r->bev = bufferevent_openssl_socket_new(o->base, fd, r->ssl,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (r->bev == NULL) {
		SSL_free(r->ssl);
		return -1;
	}
	return 0;
}

void
connection_open(struct server *s, int fd, const struct sockaddr *sa)
{
	struct request *r = calloc(1, sizeof(*r));
	const int on = 1;

	if (r == NULL) {
		(void)close(fd);
		return;
	}
	r->s = s;
	r->state = REQUEST_READING;
	gate_init(&r->gate, s->o.header_max, s->o.body_max);
	buf_init(&r->in, s->o.header_max + s->o.body_max + SURPLUS_MAX);
	set_address(r, sa);
	TAILQ_INSERT_TAIL(&s->serving, r, entry);
	s->serving_n++;
	if (set_bufferevent(r, fd) == -1) {
		(void)close(fd);
		connection_free(r);
		return;
	}
	r->timer = evtimer_new(s->o.base, on_timer, r);
	if (r->timer == NULL || set_timer(r, s->o.deadline_ms) == -1) {
		connection_free(r);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (make_room(r, NULL, s->o.connections, 503,
		"There are too many connections") == 0 &&
	    !address_list_has(s->o.trust, r->address))
		(void)admit(r);
	bufferevent_setcb(r->bev, on_read, on_written, on_event, r);
	(void)bufferevent_enable(r->bev, EV_READ | EV_WRITE);
	if (r->early != 0)
		move_to_ending(r);
	if (r->state == REQUEST_READING)
		begin(r);
}
