/*
 * fuzz-door: any bytes, in pieces, into a connection of the listener, through a
 * socket pair (F36 to F40).  What the handler gets has the meaning that the
 * gate sees in the bytes, once; the client gets one answer or none; and nothing
 * is left of it.
 *
 * The first byte is the size of a piece, the second how it ends: bit 0 the
 * client shuts down its sending side, bit 1 it does not wait for the answer,
 * bit 2 the handler answers later, bit 3 it refuses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "webhookd/server_internal.h"

#define HEADER_MAX 600
#define BODY_MAX 40
#define ANSWER_MAX 1024
#define TURNS 4

enum end {
	END_SHUTDOWN = 1,
	END_GONE = 2,
	END_LATER = 4,
	END_REFUSE = 8,
};

struct visit {
	int how;
	int calls;	      /* of the handler */
	struct request *held; /* which it answers later */
	enum gate_status st;  /* what the bytes mean … */
	struct gate gate;     /* … and say */
	const char *bytes;    /* as the gate left them */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

static void
answer(struct visit *v, struct request *r)
{
	v->held = NULL;
	if (v->how & END_REFUSE)
		request_refuse(r, 422, "refused");
	else
		request_reply(r, 200, "text/plain", "ok", 2);
}

static void
on_request(void *arg, struct request *r)
{
	struct visit *v = arg;
	const char *body;
	size_t len;

	check(++v->calls == 1 && v->st == GATE_DONE);
	body = request_body(r, &len);
	check(len == v->gate.body_len && body[len] == '\0');
	check(memcmp(body, v->bytes + v->gate.head_len, len) == 0);
	check(strcmp(request_method(r),
		  v->gate.method == METHOD_POST ? "POST" : "GET") == 0);
	check(request_path(r)[0] == '/');
	if (v->how & END_LATER)
		v->held = r;
	else
		answer(v, r);
}

static void
on_gone(void *arg, struct request *r)
{
	struct visit *v = arg;

	check(v->held == r);
	v->held = NULL;
}

static struct server *
listener(struct visit *v)
{
	struct event_base *base;
	struct server_opts o = {
		.listen = "127.0.0.1:0",
		.header_max = HEADER_MAX,
		.body_max = BODY_MAX,
		.deadline_ms = 5000,
		.answer_ms = 3000,
		.connections = 4,
		.per_address = 4,
		.handler = on_request,
		.gone = on_gone,
		.arg = v,
	};
	struct server *s;
	char err[128];

	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	o.base = base;
	s = server_new(&o, err, sizeof(err));
	check(s != NULL);
	return s;
}

/*
 * What a listener that gets the bytes in such pieces makes of them.  It answers
 * a whole request, and looks at nothing behind it in a later piece.
 */
static enum gate_status
meaning(struct gate *g, char *p, size_t size, size_t step)
{
	enum gate_status st = GATE_MORE;
	size_t n = 0;

	gate_init(g, HEADER_MAX, BODY_MAX);
	while (st == GATE_MORE && n < size) {
		n = step < size - n ? n + step : size;
		do
			st = gate_take(g, p, n);
		while (st == GATE_HEAD);
	}
	return st;
}

/* Let the listener do what there is to do. */
static void
turn(struct server *s)
{
	for (int i = 0; i < TURNS; i++)
		check(event_base_loop(s->o.base, EVLOOP_NONBLOCK) != -1);
}

/* One answer, whole, or none; whether there was one. */
static int
read_answer(int fd)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	char buf[ANSWER_MAX + 1], *text = buf;
	const char *head;
	ssize_t n;

	n = recv(fd, buf, ANSWER_MAX, MSG_DONTWAIT);
	check(n < ANSWER_MAX);
	buf[n > 0 ? n : 0] = '\0';
	if (strncmp(text, go_on, sizeof(go_on) - 1) == 0)
		text += sizeof(go_on) - 1;
	if (*text == '\0')
		return 0;
	check(strncmp(text, "HTTP/1.1 ", 9) == 0);
	head = strstr(text, "\r\n\r\n");
	check(head != NULL && strstr(text, "Connection: close\r\n") != NULL);
	check(strstr(head, "\nHTTP/1.1 ") == NULL);
	return 1;
}

static void
send_pieces(struct server *s, int fd, const char *p, size_t len, size_t step)
{
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = step < len ? step : len;
		/* A listener that has refused may have hung up. */
		if (send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
			return;
		turn(s);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server *s;
	static struct visit v;
	const struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int pair[2], answered;
	char *copy;
	size_t step;

	if (s == NULL)
		s = listener(&v);
	if (size < 3)
		return 0;
	step = data[0] + 1u;
	v = (struct visit){ .how = data[1] };
	data += 2;
	size -= 2;
	copy = malloc(size);
	check(copy != NULL);
	memcpy(copy, data, size);
	v.bytes = copy;
	v.st = meaning(&v.gate, copy, size, step);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		  pair) == 0);
	connection_open(s, pair[0], (const struct sockaddr *)&from);
	send_pieces(s, pair[1], (const char *)data, size, step);
	if (v.how & END_SHUTDOWN)
		(void)shutdown(pair[1], SHUT_WR);
	turn(s);
	check(v.calls == (v.st == GATE_DONE));
	if (v.how & END_GONE) {
		(void)close(pair[1]);
		turn(s);
	}
	if (v.held != NULL)
		answer(&v, v.held);
	turn(s);
	if (!(v.how & END_GONE)) {
		answered = read_answer(pair[1]);
		check(answered || v.st == GATE_MORE);
		(void)close(pair[1]);
	}
	turn(s);
	check(v.held == NULL && server_active(s) == 0);
	free(copy);
	return 0;
}
