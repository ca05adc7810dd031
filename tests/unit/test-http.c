/*
 * The HTTP client against a scripted server on loopback, a thread that sends
 * exact bytes and counts what it got.
 *
 * F02 (a POST is never sent twice), F22 (size cap, total deadline), F35 (no
 * token in errors), F85 (time-outs), F86 (a GET moves to a new connection),
 * F90 (more than 1024 descriptors; idle costs nothing), F104 (descriptors).
 *
 * Not tested here: TLS and certificates (tests/e2e/http-tls.sh), a dead
 * resolver, the age limits of connections and addresses, which take minutes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/http.h"
#include "common/limits.h"

/* What the server does with one request that it has read whole. */
enum act {
	SEND,  /* text, and keep the connection */
	LAST,  /* text, and close */
	CLOSE, /* close without a byte */
	DRIP,  /* a head for 1000 bytes, then a byte each 20 ms */
	FLOOD, /* bytes without end */
	HEADS, /* header lines without end */
	HANG,  /* nothing, for ever */
	STOP,  /* the end of the script */
};

struct step {
	enum act act;
	const char *text;
};

struct server {
	int fd;
	int quit[2];
	pthread_t thread;
	const struct step *step;
	char url[64];
	char request[4096]; /* the last one, head and body */
	atomic_int connections;
	atomic_int ended; /* of those, by the server */
	atomic_int requests;
	atomic_int bytes; /* in all */
};

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

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

static void
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

static void
server_stop(struct server *s)
{
	assert_int_equal(write(s->quit[1], "", 1), 1);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->quit[0]);
	close(s->quit[1]);
	close(s->fd);
}

/* What a call came to, copied out of the callback. */
struct result {
	int done;
	enum http_outcome outcome;
	int status;
	char body[256];
	size_t len;
	char error[640];
	char limit_status[24];
	char limit_reset[24];
	char retry_after[40];
	int64_t wait_ms; /* as http_retry_after_ms understands it */
};

static void
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

static struct http *
client(long total_ms, long stall_ms)
{
	struct http_opts o = { NULL, 2000, stall_ms, total_ms, 4 };
	char err[256];
	struct http *h = http_new(&o, err, sizeof(err));

	assert_non_null(h);
	return h;
}

static void
run(struct http *h, const struct http_request *r, struct result *out)
{
	memset(out, 0, sizeof(*out));
	assert_int_equal(http_start(h, r, keep, out), 0);
	while (!out->done)
		assert_int_equal(http_wait(h, NULL, 0, 1000), 0);
	assert_int_equal(out->done, 1);
	assert_int_equal(http_active(h), 0);
}

static void
request(struct http *h, const char *method, const struct server *s,
    const char *path, const char *body, struct result *out)
{
	char url[512];
	struct http_request r = { .method = method, .url = url, .body = body };

	snprintf(url, sizeof(url), "%s%s", s->url, path);
	r.body_len = body != NULL ? strlen(body) : 0;
	run(h, &r, out);
}

static void
urls_are_checked(void **state)
{
	static const struct {
		const char *url;
		int ok;
	} t[] = {
		{ "https://api.bybit.com", 1 },
		{ "HTTPS://api.bybit.com/v5", 1 },
		{ "https://10.0.0.1:8443/x?y", 1 },
		{ "http://127.0.0.1:9", 1 },
		{ "http://127.8.7.6", 1 },
		{ "http://localhost:80/x", 1 },
		{ "http://[::1]:80/x", 1 },
		{ "http://api.bybit.com", 0 },
		{ "http://128.0.0.1", 0 },
		{ "http://127.0.0.1.example.com", 0 },
		{ "http://localhost.example.com", 0 },
		{ "http://127.0.0.1@example.com", 0 },
		{ "https://user@api.bybit.com", 0 },
		{ "http://[::ffff:127.0.0.1]", 0 },
		{ "ftp://127.0.0.1", 0 },
		{ "file:///etc/passwd", 0 },
		{ "api.bybit.com", 0 },
		{ "https://", 0 },
		{ "", 0 },
	};
	char err[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		err[0] = '\0';
		if ((http_check_url(t[i].url, err, sizeof(err)) == 0) !=
		    t[i].ok)
			fail_msg("%s: %s", t[i].url, err);
		assert_int_equal(err[0] == '\0', t[i].ok);
	}
	assert_int_equal(
	    http_host("https://api.bybit.com:443/v5", err, sizeof(err)), 0);
	assert_string_equal(err, "api.bybit.com");
	assert_int_equal(http_host("http://[::1]:8080", err, sizeof(err)), 0);
	assert_string_equal(err, "::1");
	assert_int_equal(http_host("https://abcd", err, 4), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(http_host("abcd", err, sizeof(err)), -1);
	assert_int_equal(errno, EINVAL);
}

static void
a_reply_with_its_headers(void **state)
{
	static const struct step script[] = {
		{ SEND,
		    "HTTP/1.1 200 OK\r\nx-bapi-limit-status:  49 \r\n"
		    "X-Bapi-Limit-Reset-Timestamp: 1700000000123\r\n"
		    "Retry-After: 7\r\nContent-Length: 5\r\n\r\nhello" },
		{ SEND,
		    "HTTP/1.1 503 Service Unavailable\r\n"
		    "Date: Fri, 31 Dec 1999 23:59:58 GMT\r\n"
		    "Retry-After: Sat, 01 Jan 2000 00:01:00 GMT\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" },
		{ SEND,
		    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
		    "Content-Length: 0\r\n\r\n" },
		{ STOP, NULL },
	};
	static const char *const headers[] = { "X-BAPI-SIGN: abc", NULL };
	struct http_request r = { .method = "GET", .headers = headers };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	char url[128];

	(void)state;
	server_start(&s, script);
	snprintf(url, sizeof(url), "%s/v5/x?a=b%%2C", s.url);
	r.url = url;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_REPLY);
	assert_int_equal(out.status, 200);
	assert_string_equal(out.body, "hello");
	assert_int_equal(out.len, 5);
	assert_string_equal(out.error, "");
	assert_string_equal(out.limit_status, "49");
	assert_string_equal(out.limit_reset, "1700000000123");
	assert_string_equal(out.retry_after, "7");
	assert_int_equal(out.wait_ms, 7000);
	assert_memory_equal(s.request, "GET /v5/x?a=b%2C HTTP/1.1\r\n", 27);
	assert_non_null(strstr(s.request, "\r\nX-BAPI-SIGN: abc\r\n"));
	assert_null(strcasestr(s.request, "content-length"));

	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.status, 503);
	assert_string_equal(out.body, "abc");
	assert_string_equal(out.limit_status, "");
	assert_int_equal(out.wait_ms, 62000);

	/* A redirect is an answer, not an order. */
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.status, 302);
	assert_int_equal(out.len, 0);
	assert_int_equal(s.connections, 1);
	server_stop(&s);
	http_free(h);
}

/* F02: the kept connection dies under the POST. */
/* Seconds, or any of the three dates of RFC 9110, an hour at the most. */
static void
waits_are_understood(void **state)
{
	static const struct {
		const char *retry_after, *date;
		int64_t wait_ms;
	} cases[] = {
		{ "", "", -1 },
		{ "0", "", 0 },
		{ "3", "", 3000 },
		{ "0.2501", "", 251 },
		{ "3600", "", 3600000 },
		{ "3601", "", 3600000 },
		{ "10072", "", 3600000 },
		{ "99999999999999999", "", 3600000 },
		{ "-1", "", -1 },
		{ "soon", "", -1 },
		{ "12:00", "", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT",
		    "Sun, 06 Nov 1994 08:49:07 GMT", 30000 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT",
		    "Sun, 06 Nov 1994 08:49:07 GMT", 30000 },
		{ "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:07 GMT",
		    30000 },
		{ "Sun, 06 Nov 1994 10:49:37 GMT",
		    "Sun, 06 Nov 1994 08:49:07 GMT", 3600000 },
		/* Gone by, whatever clock it is. */
		{ "Sun, 06 Nov 1994 08:49:07 GMT",
		    "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:49:07 GMT", "", 0 },
		/* By our own clock it is long to go. */
		{ "Sun, 06 Nov 2094 08:49:07 GMT", "", 3600000 },
		{ "Sun, 06 Nov 2094 08:49:07 GMT", "today", 3600000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_reply r = { .outcome = HTTP_REPLY };
		int64_t ms;

		strcpy(r.retry_after, cases[i].retry_after);
		strcpy(r.date, cases[i].date);
		ms = http_retry_after_ms(&r, 3600000);
		if (ms != cases[i].wait_ms)
			fail_msg("'%s' at '%s': %lld", cases[i].retry_after,
			    cases[i].date, (long long)ms);
	}
}

static void
a_post_is_sent_once(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY }, /* nobody may come for it */
		{ STOP, NULL },
	};
	static const char body[] = "{\"qty\":\"1\"}";
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	int before;

	(void)state;
	server_start(&s, script);
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_REPLY);
	before = s.bytes;
	request(h, "POST", &s, "/v5/order/create", body, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_non_null(strstr(out.error, "127.0.0.1/v5/order/create: "));
	assert_non_null(strstr(s.request, "\r\n\r\n{\"qty\":\"1\"}"));
	assert_null(strcasestr(s.request, "\r\nExpect:"));
	assert_int_equal(http_wait(h, NULL, 0, 100), 0);
	assert_int_equal(s.requests, 2);
	assert_int_equal(s.bytes - before, strlen(s.request));
	server_stop(&s);
	http_free(h);
}

/* F02 again, of one that is asked a second time, with another signature. */
static void
a_post_again_is_sent_once(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY }, /* nobody may come for it */
		{ STOP, NULL },
	};
	static const char *const one[] = { "X-Sign: 1", NULL };
	static const char *const two[] = { "X-Sign: 22", NULL };
	struct http_request r = { .method = "POST",
		.headers = one,
		.body = "{\"qty\":\"1\"}",
		.body_len = 11 };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	int before;

	(void)state;
	server_start(&s, script);
	r.url = s.url;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	request(h, "GET", &s, "/?other", NULL, &out);
	r.headers = two;
	r.body = "{\"qty\":\"23\"}";
	r.body_len = 12;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	assert_null(strstr(s.request, "X-Sign: 1"));
	assert_non_null(strstr(s.request, "\r\nX-Sign: 22\r\n"));
	assert_non_null(strstr(s.request, "\r\nContent-Length: 12\r\n"));
	assert_non_null(strstr(s.request, "\r\n\r\n{\"qty\":\"23\"}"));
	r.headers = one;
	before = s.bytes;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_null(strstr(s.request, "X-Sign: 22"));
	assert_null(strcasestr(s.request, "\r\nExpect:"));
	assert_int_equal(http_wait(h, NULL, 0, 100), 0);
	assert_int_equal(s.requests, 4);
	assert_int_equal(s.bytes - before, strlen(s.request));
	server_stop(&s);
	http_free(h);
}

/* One that may come twice is sent again like a GET, and keeps its headers. */
static void
a_post_that_may_is_repeated(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	static const char *const one[] = { "X-A: 1", NULL };
	static const char *const two[] = { "X-A: 1", "X-B: 2", NULL };
	struct http_request r = { .method = "POST",
		.headers = one,
		.body = "{\"a\":1}",
		.body_len = 7,
		.may_repeat = 1 };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	r.url = s.url;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	r.body = "[2]";
	r.body_len = 3;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	assert_int_equal(s.requests, 3);
	assert_non_null(strstr(s.request, "\r\nX-A: 1\r\n"));
	assert_non_null(strstr(s.request, "\r\nContent-Length: 3\r\n"));
	assert_non_null(strstr(s.request, "\r\n\r\n[2]"));
	/* Another header, and then none of it. */
	r.headers = two;
	run(h, &r, &out);
	assert_non_null(strstr(s.request, "\r\nX-B: 2\r\n"));
	r.headers = one;
	run(h, &r, &out);
	assert_null(strstr(s.request, "X-B"));
	assert_null(strcasestr(s.request, "\r\nExpect:"));
	server_stop(&s);
	http_free(h);
}

/*
 * F02 on a handle that is set up already: by a POST that may be repeated, and
 * by the very same one before.
 */
static void
a_post_is_sent_once_on_a_kept_handle(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	struct http_request r = { .method = "POST",
		.body = "{\"qty\":\"1\"}",
		.body_len = 11,
		.may_repeat = 1 };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	r.url = s.url;
	run(h, &r, &out);
	r.may_repeat = 0;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	assert_non_null(strstr(s.request, "\r\n\r\n{\"qty\":\"1\"}"));
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_non_null(strstr(s.request, "\r\n\r\n{\"qty\":\"1\"}"));
	assert_int_equal(http_wait(h, NULL, 0, 100), 0);
	assert_int_equal(s.requests, 3);
	server_stop(&s);
	http_free(h);
}

/* A method that is none, too, where a handle is set up for the same URL. */
static void
methods_are_checked(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	struct http_request r = { .method = "GET" };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	r.url = s.url;
	run(h, &r, &out);
	r.method = "DELETE";
	errno = 0;
	assert_int_equal(http_start(h, &r, NULL, NULL), -1);
	assert_int_equal(errno, EINVAL);
	server_stop(&s);
	http_free(h);
}

/* F02 again, without a body: nothing to rewind, so a connection of its own. */
static void
a_post_without_body_is_sent_once(void **state)
{
	static const struct step script[] = {
		{ LAST, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	request(h, "GET", &s, "/", NULL, &out);
	request(h, "POST", &s, "/x", "", &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_int_equal(s.requests, 2);
	assert_int_equal(s.connections, 2);
	server_stop(&s);
	http_free(h);
}

/* F86: a GET may go again, on a new connection. */
static void
a_get_moves_to_a_new_connection(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	request(h, "GET", &s, "/", NULL, &out);
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_REPLY);
	assert_string_equal(out.body, "{}");
	assert_int_equal(s.requests, 3);
	assert_int_equal(s.connections, 2);
	server_stop(&s);
	http_free(h);
}

/* On a new connection nothing is repeated. */
static void
unknown_and_not_sent(void **state)
{
	static const struct step script[] = {
		{ CLOSE, NULL },
		{ CLOSE, NULL },
		{ LAST, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}" },
		{ LAST, "HTTP/1.1 2" },
		{ LAST, "gopher\r\n" },
		{ STOP, NULL },
	};
	struct http_request r = { .method = "GET" };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	int i;

	(void)state;
	server_start(&s, script);
	request(h, "POST", &s, "/", "{}", &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_int_equal(s.requests, 1);
	for (i = 2; i <= 5; i++) {
		request(h, "GET", &s, "/", NULL, &out);
		assert_int_equal(out.outcome, HTTP_UNKNOWN);
		assert_int_equal(out.status, 0);
		assert_int_equal(out.len, 0);
		assert_string_not_equal(out.error, "");
		assert_int_equal(s.requests, i);
	}
	server_stop(&s);

	/* Nobody listens there now. */
	r.url = s.url;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);
	assert_non_null(strstr(out.error, "Failed to connect"));
	r.url = "https://no-such-host.invalid/";
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);

	r.url = "http://192.0.2.1/";
	assert_int_equal(http_start(h, &r, keep, &out), -1);
	assert_int_equal(errno, EINVAL);
	r.method = "DELETE";
	r.url = s.url;
	assert_int_equal(http_start(h, &r, keep, &out), -1);
	assert_int_equal(errno, EINVAL);
	http_free(h);
}

/* F85, F22: silence, and a byte now and then, both end. */
static void
time_outs(void **state)
{
	static const struct step script[] = {
		{ DRIP, NULL },
		{ HANG, NULL },
		{ HANG, NULL },
		{ STOP, NULL },
	};
	struct server s;
	struct result out;
	struct http_request poll = { .method = "GET", .patience_ms = 1200 };
	struct http *h = client(400, 60000);
	int64_t start = clock_mono_ms();

	(void)state;
	server_start(&s, script);
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_in_range(clock_mono_ms() - start, 300, 3000);
	http_free(h);

	h = client(60000, 1000);
	start = clock_mono_ms();
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_in_range(clock_mono_ms() - start, 500, 6000);
	http_free(h);

	/* A long poll is waited for longer, and not for ever. */
	h = client(400, 1000);
	start = clock_mono_ms();
	poll.url = s.url;
	run(h, &poll, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_in_range(clock_mono_ms() - start, 1400, 6000);
	server_stop(&s);
	http_free(h);
}

/* A server that takes no connection: NOT_SENT when connect_ms are over. */
static void
connect_time_out(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	struct http_opts o = { "", 300, 60000, 60000, 1 };
	struct http_request r = {
		.method = "POST", .body = "{}", .body_len = 2
	};
	struct result out;
	char err[256], url[64];
	struct http *h = http_new(&o, err, sizeof(err));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int64_t start = clock_mono_ms();

	(void)state;
	assert_non_null(h);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d", ntohs(a.sin_port));
	r.url = url; /* accepted by the kernel, silent in the handshake */
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);
	assert_in_range(clock_mono_ms() - start, 200, 3000);
	close(fd);
	http_free(h);
}

/* F22: 8 MiB and no more, of the body or of the head. */
static void
size_cap(void **state)
{
	static const struct step script[] = {
		{ FLOOD, NULL },
		{ HEADS, NULL },
		{ STOP, NULL },
	};
	struct server s;
	struct result out;
	struct http *h = client(20000, 20000);
	int i;

	(void)state;
	server_start(&s, script);
	for (i = 0; i < 2; i++) {
		request(h, "GET", &s, "/", NULL, &out);
		assert_int_equal(out.outcome, HTTP_UNKNOWN);
		assert_non_null(
		    strstr(out.error, i == 0 ? "over 8388608" : "over 65536"));
	}
	server_stop(&s);
	http_free(h);
}

/* F35: the token of Telegram, or of a webhook, is in the path. */
static void
no_token_in_errors(void **state)
{
	struct http_request r = { .method = "POST",
		.url = "http://127.0.0.1:1/bot123:SECRET/sendMessage?k=QUERY",
		.body = "{}",
		.body_len = 2 };
	struct result out;
	struct http *h = client(2000, 2000);

	(void)state;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);
	assert_memory_equal(out.error, "127.0.0.1/bot***: ", 18);
	assert_null(strstr(out.error, "SECRET"));
	assert_null(strstr(out.error, "QUERY"));

	/* Or all of the path is one. */
	r.url = "http://127.0.0.1:1/services/SECRET?k=QUERY";
	r.path_is_secret = 1;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);
	assert_memory_equal(out.error, "127.0.0.1: ", 11);
	assert_null(strstr(out.error, "SECRET"));
	assert_null(strstr(out.error, "QUERY"));
	http_free(h);
}

/* A descriptor wakes the wait; http_abort ends without a callback. */
static void
waiting_for_others(void **state)
{
	static const struct step script[] = { { HANG, NULL }, { STOP, NULL } };
	struct server s;
	struct result out = { 0 };
	struct http *h = client(60000, 60000);
	struct http_request r = { .method = "GET" };
	struct pollfd p = { .events = POLLIN };
	int64_t start;
	int fds[2];

	(void)state;
	server_start(&s, script);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	p.fd = fds[0];
	r.url = s.url;
	assert_int_equal(http_start(h, &r, keep, &out), 0);
	assert_int_equal(http_active(h), 1);
	assert_int_equal(http_wait(h, &p, 1, 50), 0);
	assert_int_equal(p.revents, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	start = clock_mono_ms();
	while (p.revents == 0)
		assert_int_equal(http_wait(h, &p, 1, -1), 0);
	assert_true(clock_mono_ms() - start < 2000);
	assert_true((p.revents & POLLIN) != 0);
	http_abort(h);
	assert_int_equal(http_active(h), 0);
	assert_int_equal(out.done, 0);
	close(fds[0]);
	close(fds[1]);
	server_stop(&s);
	http_free(h);
}

static int
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* F104: two thousand requests, the same descriptors. */
static void
descriptors_stay_flat(void **state)
{
	static struct step script[2002];
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	int i, before = 0;

	(void)state;
	for (i = 0; i < 2001; i++)
		script[i] = (struct step){ i % 7 == 6 ? LAST : SEND, OK_REPLY };
	script[i].act = STOP;
	server_start(&s, script);
	for (i = 0; i < 2001; i++) {
		request(h, "GET", &s, "/", NULL, &out);
		assert_int_equal(out.outcome, HTTP_REPLY);
		/* Else the next one may meet its end, rightly a failure. */
		while (s.ended < (i + 1) / 7)
			(void)sched_yield();
		if (i == 1)
			before = count_fds();
	}
	assert_int_equal(count_fds(), before);
	server_stop(&s);
	http_free(h);
}

/* F90: above descriptor 1024 it works, and an idle wait burns nothing. */
static void
many_descriptors(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	static int fds[1100];
	struct rlimit limit, old;
	struct timespec a, b;
	struct server s;
	struct result out;
	struct http *h;
	size_t i;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	if (old.rlim_cur < 1300) {
		limit.rlim_cur = 1300;
		if (old.rlim_max < 1300 ||
		    setrlimit(RLIMIT_NOFILE, &limit) == -1)
			skip();
	}
	for (i = 0; i < 1100; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_int_not_equal(fds[i], -1);
	}
	server_start(&s, script);
	h = client(5000, 5000);
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_REPLY);

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a), 0);
	assert_int_equal(http_wait(h, NULL, 0, 500), 0);
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b), 0);
	assert_true(
	    (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 <
	    50);
	server_stop(&s);
	http_free(h);
	for (i = 0; i < 1100; i++)
		close(fds[i]);
	(void)setrlimit(RLIMIT_NOFILE, &old);
}

static void
ca_file_must_be_readable(void **state)
{
	struct http_opts o = { "/nonexistent/ca.pem", 1000, 1000, 1000, 1 };
	char err[256];

	(void)state;
	assert_null(http_new(&o, err, sizeof(err)));
	assert_non_null(strstr(err, "CA_FILE=/nonexistent/ca.pem: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(a_reply_with_its_headers),
		cmocka_unit_test(waits_are_understood),
		cmocka_unit_test(a_post_is_sent_once),
		cmocka_unit_test(a_post_again_is_sent_once),
		cmocka_unit_test(a_post_without_body_is_sent_once),
		cmocka_unit_test(a_post_that_may_is_repeated),
		cmocka_unit_test(a_post_is_sent_once_on_a_kept_handle),
		cmocka_unit_test(methods_are_checked),
		cmocka_unit_test(a_get_moves_to_a_new_connection),
		cmocka_unit_test(unknown_and_not_sent),
		cmocka_unit_test(time_outs),
		cmocka_unit_test(connect_time_out),
		cmocka_unit_test(size_cap),
		cmocka_unit_test(no_token_in_errors),
		cmocka_unit_test(waiting_for_others),
		cmocka_unit_test(descriptors_stay_flat),
		cmocka_unit_test(many_descriptors),
		cmocka_unit_test(ca_file_must_be_readable),
	};

	signal(SIGPIPE, SIG_IGN);
	/* A proxy in the environment must not matter. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
