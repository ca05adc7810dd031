#include "tests/unit/http_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/http_internal.h"

/* Whether the test ends the server, waiting ms at the most. */
static int
quitting(struct server *s, int ms)
{
	struct pollfd p = { .fd = s->quit[0], .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* One whole request; 0 where the client closed. */
static int
read_request(struct server *s, int fd)
{
	size_t n = 0, need = 0;
	char *end;

	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
			{ .fd = s->quit[0], .events = POLLIN } };
		ssize_t got;

		if (poll(p, 2, -1) == -1 || p[1].revents != 0)
			return 0;
		got = read(fd, s->request + n, sizeof(s->request) - 1 - n);
		if (got <= 0)
			return 0;
		n += (size_t)got;
		s->bytes += (int)got;
		s->request[n] = '\0';
		end = strstr(s->request, "\r\n\r\n");
		if (end == NULL)
			continue;
		if (need == 0) {
			char *l = strcasestr(s->request, "Content-Length: ");

			need = (size_t)(end + 4 - s->request);
			if (l != NULL)
				need += strtoul(l + 16, NULL, 10);
		}
		if (n >= need)
			return 1;
	}
}

static int
send_all(int fd, const char *p, size_t n)
{
	return send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* 1 where the connection stays. */
static int
act(struct server *s, int fd, const struct step *step)
{
	static const char head[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
	static char block[65536];

	switch (step->act) {
	case SEND:
	case LAST:
		return send_all(fd, step->text, strlen(step->text)) &&
		    step->act == SEND;
	case DRIP:
		(void)send_all(fd, head, strlen(head));
		while (!quitting(s, 20) && send_all(fd, "x", 1))
			;
		return 0;
	case FLOOD:
		(void)send_all(fd, "HTTP/1.1 200 OK\r\n\r\n", 19);
		memset(block, 'x', sizeof(block));
		while (!quitting(s, 0) && send_all(fd, block, sizeof(block)))
			;
		return 0;
	case HEADS:
		(void)send_all(fd, "HTTP/1.1 200 OK\r\n", 17);
		while (!quitting(s, 0) && send_all(fd, "X-A: b\r\n", 8))
			;
		return 0;
	case HANG:
		(void)quitting(s, 60000);
		return 0;
	default:
		return 0;
	}
}

static void *
serve(void *arg)
{
	struct server *s = arg;
	int fd = -1;

	while (s->step->act != STOP) {
		if (fd == -1) {
			struct pollfd p[2] = { { .fd = s->fd,
						   .events = POLLIN },
				{ .fd = s->quit[0], .events = POLLIN } };

			if (poll(p, 2, -1) == -1 || p[1].revents != 0)
				break;
			fd = accept(s->fd, NULL, NULL);
			s->connections++;
		}
		if (!read_request(s, fd)) {
			close(fd);
			fd = -1;
			if (quitting(s, 0))
				break;
			continue;
		}
		s->requests++;
		if (!act(s, fd, s->step++)) {
			close(fd);
			fd = -1;
			s->ended++;
		}
	}
	/* Keep the last connection open until the test has looked. */
	(void)quitting(s, 60000);
	if (fd != -1)
		close(fd);
	return NULL;
}

void
server_start(struct server *s, const struct step *script)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);

	memset(s, 0, sizeof(*s));
	s->step = script;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(s->fd, -1);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(s->fd, 8), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
	snprintf(
	    s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(a.sin_port));
	assert_int_equal(pipe2(s->quit, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

void
server_stop(struct server *s)
{
	assert_int_equal(write(s->quit[1], "", 1), 1);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->quit[0]);
	close(s->quit[1]);
	close(s->fd);
}

void
keep(void *arg, const struct http_reply *r)
{
	struct result *out = arg;

	out->done++;
	out->outcome = r->outcome;
	out->status = r->status;
	snprintf(out->body, sizeof(out->body), "%s", r->body);
	out->len = r->len;
	snprintf(out->error, sizeof(out->error), "%s", r->error);
	memcpy(out->limit_status, r->limit_status, sizeof(out->limit_status));
	memcpy(out->limit_reset, r->limit_reset, sizeof(out->limit_reset));
	memcpy(out->retry_after, r->retry_after, sizeof(out->retry_after));
	out->wait_ms = http_retry_after_ms(r, 3600000);
	r->body[r->len] = 'x'; /* as promised, it may be overwritten */
}

struct http *
client(long total_ms, long stall_ms)
{
	struct http_opts o = { NULL, 2000, stall_ms, total_ms, 4 };
	char err[256];
	struct http *h = http_new(&o, err, sizeof(err));

	assert_non_null(h);
	return h;
}

void
run(struct http *h, const struct http_request *r, struct result *out)
{
	memset(out, 0, sizeof(*out));
	assert_int_equal(http_start(h, r, keep, out), 0);
	while (!out->done)
		assert_int_equal(http_wait(h, NULL, 0, 1000), 0);
	assert_int_equal(out->done, 1);
	assert_null(h->active);
}

void
request(struct http *h, const char *method, const struct server *s,
    const char *path, const char *body, struct result *out)
{
	char url[512];
	struct http_request r = { .method = method, .url = url, .body = body };

	snprintf(url, sizeof(url), "%s%s", s->url, path);
	r.body_len = body != NULL ? strlen(body) : 0;
	run(h, &r, out);
}
