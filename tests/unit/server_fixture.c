#include "tests/unit/server_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"

struct fixture fx;

void
answer(struct request *r)
{
	char *body = fx.large > 0 ? calloc(1, fx.large) : NULL;

	if (body != NULL)
		request_reply(r, 200, "text/plain", body, fx.large);
	else
		request_reply(r, 200, "text/plain", "done", 4);
	free(body);
}

static void
handler(void *arg, struct request *r)
{
	size_t len;
	char *body = request_body(r, &len);

	assert_ptr_equal(arg, &fx.handled);
	assert_int_equal(strlen(body), len);
	(void)snprintf(fx.seen, sizeof(fx.seen), "%s %s %s %s %s %s",
	    request_method(r), request_path(r), request_query(r),
	    request_address(r),
	    request_header(r, "x-a") != NULL ? request_header(r, "x-a") : "-",
	    body);
	request_set_user(r, fx.seen);
	fx.handled++;
	fx.active = server_active(fx.server);
	if (fx.hold)
		fx.held = r;
	else
		answer(r);
}

static void
on_gone(void *arg, struct request *r)
{
	assert_ptr_equal(arg, &fx.handled);
	assert_ptr_equal(request_user(r), fx.seen);
	if (r == fx.held)
		fx.held = NULL;
	fx.gone++;
}

static void
on_refused(void *arg, const struct request *r, int status, const char *why)
{
	assert_ptr_equal(arg, &fx.handled);
	fx.refused++;
	(void)snprintf(fx.why, sizeof(fx.why), "%d %s %s", status,
	    request_address(r), why);
}

int
setup(void **arg)
{
	(void)arg;
	(void)alarm(60);
	(void)signal(SIGPIPE, SIG_IGN);
	fx.base = event_base_new();
	fx.o = (struct server_opts){ .base = fx.base,
		.listen = "127.0.0.1:0",
		.header_max = 1024,
		.body_max = 2048,
		.deadline_ms = 10000,
		.answer_ms = 10000,
		.connections = 64,
		.per_address = 64,
		.handler = handler,
		.gone = on_gone,
		.refused = on_refused,
		.arg = &fx.handled };
	fx.handled = fx.gone = fx.hold = fx.refused = 0;
	fx.held = NULL;
	fx.large = 0;
	return fx.base == NULL ? -1 : 0;
}

int
teardown(void **arg)
{
	(void)arg;
	server_free(fx.server);
	fx.server = NULL;
	event_base_free(fx.base);
	return 0;
}

void
start(void)
{
	fx.server = server_new(&fx.o, fx.err, sizeof(fx.err));
	if (fx.server == NULL)
		fail_msg("%s", fx.err);
}

void
turn(void)
{
	(void)event_base_loop(fx.base, EVLOOP_NONBLOCK);
}

void
turns(int64_t ms)
{
	const struct timespec ms1 = { .tv_nsec = 1000000 };
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end) {
		turn();
		(void)nanosleep(&ms1, NULL);
	}
}

int
dial_from(const char *address)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(fx.server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(inet_pton(AF_INET, address, &own.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

int
dial(void)
{
	return dial_from("127.0.0.1");
}

void
put(int fd, const char *text)
{
	ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);

	assert_int_equal(n, strlen(text));
}

void
hang_up(int fd, int reset)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (reset)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	assert_int_equal(close(fd), 0);
}

long
get(int fd)
{
	size_t n, used = 0;
	long total = 0;
	ssize_t got;
	char b[4096];

	for (;;) {
		turn();
		got = recv(fd, b, sizeof(b), MSG_DONTWAIT);
		if (got == 0)
			break;
		if (got == -1 && errno != EAGAIN) {
			total = -1;
			break;
		}
		if (got == -1)
			continue;
		total += got;
		n = (size_t)got < sizeof(fx.reply) - 1 - used
		    ? (size_t)got
		    : sizeof(fx.reply) - 1 - used;
		memcpy(fx.reply + used, b, n);
		used += n;
	}
	fx.reply[used] = '\0';
	hang_up(fd, 0);
	return total;
}

int
status_of(const char *text)
{
	return strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : -1;
}

int
ask(const char *text)
{
	int fd = dial();

	put(fd, text);
	(void)get(fd);
	return status_of(fx.reply);
}

void
check_idle(void)
{
	int64_t end = clock_mono_ms() + 5000;

	while (server_active(fx.server) > 0 && clock_mono_ms() < end)
		turn();
	assert_int_equal(server_active(fx.server), 0);
}
