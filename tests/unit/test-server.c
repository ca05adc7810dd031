/*
 * The listener on real sockets: answers, deadlines (F36, F85), caps (F37),
 * lengths (F38, F39), clients that vanish at every moment, guesses (F09), and
 * what is left after thousands of requests (F104).
 *
 * Not tested: no memory; a network that loses packets.  Descriptors that run
 * out (F41) and TLS (F48) are in e2e/listener-wire and e2e/listener-tls.
 */
#include "webhookd/server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "webhookd/guesses.h"

#define POST "POST /bybit HTTP/1.1\r\nHost: x\r\n"
#define GET "GET /a HTTP/1.1\r\nHost: x\r\n"
#define ALERT POST "Content-Length: 5\r\n\r\nhello"

/* libevent reads a coarse clock. */
#define COARSE_MS 10

static struct event_base *base;
static struct server *server;
static struct server_opts o;
static char err[256];

/* What the handler saw. */
static int handled, gone;
static int hold; /* the handler keeps the request */
static struct request *held;
static char seen[512];
static size_t large; /* bytes of the answer; 0: "done" */

static void
answer(struct request *r)
{
	char *body = large > 0 ? calloc(1, large) : NULL;

	if (body != NULL)
		request_reply(r, 200, "text/plain", body, large);
	else
		request_reply(r, 200, "text/plain", "done", 4);
	free(body);
}

static void
handler(void *arg, struct request *r)
{
	size_t len;
	char *body = request_body(r, &len);

	assert_ptr_equal(arg, &handled);
	assert_int_equal(strlen(body), len);
	(void)snprintf(seen, sizeof(seen), "%s %s %s %s %s %s",
	    request_method(r), request_path(r), request_query(r),
	    request_address(r),
	    request_header(r, "x-a") != NULL ? request_header(r, "x-a") : "-",
	    body);
	request_set_user(r, seen);
	handled++;
	if (hold)
		held = r;
	else
		answer(r);
}

static void
on_gone(void *arg, struct request *r)
{
	assert_ptr_equal(arg, &handled);
	assert_ptr_equal(r, held);
	assert_ptr_equal(request_user(r), seen);
	held = NULL;
	gone++;
}

static int
setup(void **arg)
{
	(void)arg;
	(void)alarm(60);
	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	o = (struct server_opts){ .base = base,
		.listen = "127.0.0.1:0",
		.header_max = 1024,
		.body_max = 2048,
		.deadline_ms = 10000,
		.answer_ms = 10000,
		.connections = 64,
		.per_address = 64,
		.handler = handler,
		.gone = on_gone,
		.arg = &handled };
	handled = gone = hold = 0;
	held = NULL;
	large = 0;
	return base == NULL ? -1 : 0;
}

static int
teardown(void **arg)
{
	(void)arg;
	server_free(server);
	server = NULL;
	event_base_free(base);
	return 0;
}

static void
start(void)
{
	server = server_new(&o, err, sizeof(err));
	if (server == NULL)
		fail_msg("%s", err);
}

static void
turn(void)
{
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
turns(int64_t ms)
{
	const struct timespec ms1 = { .tv_nsec = 1000000 };
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end) {
		turn();
		(void)nanosleep(&ms1, NULL);
	}
}

static int
dial(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void
put(int fd, const char *text)
{
	ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);

	assert_int_equal(n, strlen(text));
}

static void
hang_up(int fd, int reset)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (reset)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	assert_int_equal(close(fd), 0);
}

static char reply[8192];

/*
 * Everything until the connection ends, into reply as far as that holds it;
 * the number of bytes, or -1 after a reset.
 */
static long
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
		n = (size_t)got < sizeof(reply) - 1 - used
		    ? (size_t)got
		    : sizeof(reply) - 1 - used;
		memcpy(reply + used, b, n);
		used += n;
	}
	reply[used] = '\0';
	hang_up(fd, 0);
	return total;
}

static int
status_of(const char *text)
{
	return strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : -1;
}

/* One request: the status of its answer; -1 where there is none. */
static int
ask(const char *text)
{
	int fd = dial();

	put(fd, text);
	(void)get(fd);
	return status_of(reply);
}

/* Nothing is left of what was served, shortly. */
static void
check_idle(void)
{
	int64_t end = clock_mono_ms() + 5000;

	while (server_active(server) > 0 && clock_mono_ms() < end)
		turn();
	assert_int_equal(server_active(server), 0);
}

static void
test_answers(void **arg)
{
	const char *end;

	(void)arg;
	start();
	assert_int_equal(
	    ask("POST /bybit?a=%20 HTTP/1.1\r\nHost: x\r\nX-A: \tmine \r\n"
		"Content-Length: 5\r\n\r\nhello"),
	    200);
	assert_string_equal(seen, "POST /bybit a=%20 127.0.0.1 mine hello");
	assert_non_null(strstr(reply, "\r\nContent-Length: 4\r\n"));
	assert_non_null(strstr(reply, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(reply, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(reply, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(
	    strstr(reply, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_null(strstr(reply, "Server:"));
	end = strstr(reply, "\r\n\r\n");
	assert_non_null(end);
	assert_string_equal(end, "\r\n\r\ndone");

	assert_int_equal(ask("GET /status HTTP/1.0\r\nHost: x\r\n\r\n"), 200);
	assert_string_equal(seen, "GET /status  127.0.0.1 - ");
	assert_int_equal(handled, 2);

	/* A refusal has the shape of the design's, and none of our words. */
	assert_int_equal(
	    ask("PUT /sneaky HTTP/1.1\r\nHost: sneaky\r\n\r\n"), 405);
	assert_non_null(strstr(reply, "\r\nAllow: GET, POST\r\n"));
	assert_non_null(strstr(reply, "\r\n\r\n{\"ok\":false,\"error\":\""));
	assert_non_null(strstr(reply, "\"timestamp\":\"20"));
	assert_null(strstr(reply, "sneaky"));
	assert_int_equal(ask("HEAD /status HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
	assert_string_equal(strstr(reply, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(handled, 2);
	check_idle();
}

static void
test_refuse(void **arg)
{
	int fd;

	(void)arg;
	hold = 1;
	start();
	fd = dial();
	put(fd, ALERT);
	while (held == NULL)
		turn();
	request_refuse(held, 401, "Bad \"token\"");
	(void)get(fd);
	assert_int_equal(status_of(reply), 401);
	assert_non_null(strstr(reply, "\r\nWWW-Authenticate: Bearer\r\n"));
	assert_non_null(strstr(
	    reply, "{\"ok\":false,\"error\":\"Bad \\\"token\\\"\",\"times"));
	check_idle();
}

/* F39: what the gate refuses is answered over the wire, and never handled. */
static void
test_framing(void **arg)
{
	static const char *const bad[] = { POST "\r\nhello",
		POST "Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
		POST
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		POST "Content-Length: +5\r\n\r\nhello",
		POST "Content-Length: 5\n\nhello", ALERT "GET / HTTP/1.1\r\n",
		"\x16\x03\x01" };
	size_t i;

	(void)arg;
	start();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ask(bad[i]), 400);
	assert_int_equal(handled, 0);
	check_idle();
}

/* F36: a byte every few ms moves no deadline. */
static void
test_deadline(void **arg)
{
	static const char *const texts[] = { "", "P",
		POST "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		POST "Content-Length: 1000\r\n\r\n",
		POST "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n" };
	int64_t begin, took;
	size_t i;
	int fd;

	(void)arg;
	o.deadline_ms = 200;
	start();
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fd = dial();
		begin = clock_mono_ms();
		put(fd, texts[i]);
		/* As long as it is listened to; 25 bytes say "continue". */
		while (clock_mono_ms() - begin < 1500 &&
		    recv(fd, reply, sizeof(reply), MSG_PEEK | MSG_DONTWAIT) <=
			25) {
			turns(10);
			if (i > 1)
				(void)send(fd, "a", 1, MSG_NOSIGNAL);
		}
		(void)get(fd);
		took = clock_mono_ms() - begin;
		assert_in_range(took, 200 - COARSE_MS, 1000);
		if (i == 4)
			assert_int_equal(
			    status_of(strstr(reply + 9, "HTTP/")), 408);
		else
			assert_int_equal(status_of(reply), 408);
	}
	assert_int_equal(handled, 0);
	check_idle();
}

static void
test_continue(void **arg)
{
	int fd;

	(void)arg;
	start();
	fd = dial();
	put(fd, POST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
	turns(20);
	assert_int_equal(recv(fd, reply, sizeof(reply), MSG_DONTWAIT), 25);
	assert_memory_equal(reply, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	put(fd, "hello");
	(void)get(fd);
	assert_int_equal(status_of(reply), 200);
	/* Who does not wait for it gets the answer alone. */
	assert_int_equal(ask(POST "Content-Length: 5\r\n"
				  "Expect: 100-continue\r\n\r\nhello"),
	    200);
	/* What will not be taken is not waited for. */
	assert_int_equal(ask(POST "Content-Length: 5000\r\n"
				  "Expect: 100-continue\r\n\r\n"),
	    413);
	check_idle();
}

/* F37 */
static void
test_sizes(void **arg)
{
	char text[8192];
	int n, fd;

	(void)arg;
	start();
	(void)snprintf(
	    text, sizeof(text), POST "Content-Length: 2048\r\n\r\n%02048d", 0);
	assert_int_equal(ask(text), 200);
	(void)snprintf(
	    text, sizeof(text), POST "Content-Length: 2049\r\n\r\n%02049d", 0);
	assert_int_equal(ask(text), 413);
	for (n = 1024; n <= 1025; n++) {
		(void)snprintf(text, sizeof(text), GET "X-A: %0*d\r\n\r\n",
		    n - (int)strlen(GET "X-A: \r\n\r\n"), 0);
		assert_int_equal(strlen(text), n);
		assert_int_equal(ask(text), n == 1024 ? 200 : 413);
	}
	assert_int_equal(handled, 2);

	/* A client that goes on writing what is refused still reads why. */
	fd = dial();
	put(fd, POST "Content-Length: 20000000\r\n\r\n");
	memset(text, 'a', sizeof(text));
	for (n = 0; n < 200; n++) {
		assert_int_not_equal(
		    send(fd, text, sizeof(text), MSG_NOSIGNAL), -1);
		turn();
	}
	(void)shutdown(fd, SHUT_WR);
	assert_true(get(fd) > 0);
	assert_int_equal(status_of(reply), 413);
	check_idle();
}

/* F37: connections, in all. */
static void
test_connections(void **arg)
{
	int fd[4], i;

	(void)arg;
	o.connections = 4;
	start();
	for (i = 0; i < 4; i++)
		fd[i] = dial();
	turn();
	assert_int_equal(server_active(server), 4);
	assert_int_equal(ask(ALERT), 503);
	assert_int_equal(handled, 0);
	/* Those that are there are served, and leave room. */
	put(fd[0], ALERT);
	(void)get(fd[0]);
	assert_int_equal(status_of(reply), 200);
	assert_int_equal(ask(ALERT), 200);
	for (i = 1; i < 4; i++)
		hang_up(fd[i], i & 1);
	check_idle();
}

/* More refused ones than are kept, all silent: the oldest give way. */
static void
test_crowd(void **arg)
{
	int fd[200], i;

	(void)arg;
	o.connections = 1;
	start();
	for (i = 0; i < 200; i++) {
		fd[i] = dial();
		turn();
		assert_in_range(server_active(server), 1, 65);
	}
	put(fd[0], ALERT);
	(void)get(fd[0]);
	assert_int_equal(status_of(reply), 200);
	for (i = 1; i < 200; i++)
		hang_up(fd[i], 0);
	check_idle();
}

/* F37: connections of one address, by the peer's or the forwarded one. */
static void
test_per_address(void **arg)
{
#define VIA(a) "POST /b HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " a "\r\n"
#define LENGTH "Content-Length: 2\r\n\r\n"
	struct address_list *trust =
	    address_list_new("127.0.0.0/8", err, sizeof(err));
	int fd[3];

	(void)arg;
	o.per_address = 2;
	start();
	fd[0] = dial();
	fd[1] = dial();
	turn();
	assert_int_equal(ask(ALERT), 429);
	hang_up(fd[0], 0);
	turns(5);
	assert_int_equal(ask(ALERT), 200);
	hang_up(fd[1], 0);
	check_idle();
	server_free(server);

	o.trust = trust;
	start();
	fd[0] = dial();
	fd[1] = dial();
	fd[2] = dial();
	put(fd[0], VIA("192.0.2.1") LENGTH);
	put(fd[1], VIA("198.51.100.7, 192.0.2.1") LENGTH);
	turns(5);
	assert_int_equal(ask(VIA("192.0.2.1") LENGTH "ab"), 429);
	assert_int_equal(ask(VIA("192.0.2.2") LENGTH "ab"), 200);
	assert_string_equal(seen, "POST /b  192.0.2.2 - ab");
	/* A forged one in front changes nothing. */
	assert_int_equal(ask(VIA("192.0.2.9, 192.0.2.1") LENGTH "ab"), 429);
	/* Nor does a header of its own in front of the proxy's. */
	assert_int_equal(ask(VIA("192.0.2.9") "X-Forwarded-For: "
					      "192.0.2.1\r\n" LENGTH "ab"),
	    429);
	put(fd[0], "ab");
	(void)get(fd[0]);
	assert_int_equal(status_of(reply), 200);
	hang_up(fd[1], 1);
	hang_up(fd[2], 1);
	check_idle();
	server_free(server);
	server = NULL;
	address_list_free(trust);
}

static void
test_allow(void **arg)
{
	struct address_list *ours =
	    address_list_new("127.0.0.1", err, sizeof(err));
	struct address_list *theirs =
	    address_list_new("tradingview", err, sizeof(err));
	char text[4096];
	int fd;

	(void)arg;
	o.allow = theirs;
	start();
	/* Before it has said anything, and whatever it claims. */
	fd = dial();
	(void)get(fd);
	assert_int_equal(status_of(reply), 403);
	assert_int_equal(ask(VIA("52.32.178.7") LENGTH "ab"), 403);
	check_idle();
	server_free(server);

	o.trust = ours;
	start();
	assert_int_equal(ask(VIA("52.32.178.7") LENGTH "ab"), 200);
	assert_int_equal(ask(VIA("52.32.178.7, 192.0.2.1") LENGTH "ab"), 403);
	assert_int_equal(ask(ALERT), 403);
	/* So long that it could hide something. */
	o.header_max = 8192;
	server_free(server);
	start();
	(void)snprintf(text, sizeof(text),
	    VIA("52.32.178.7,%2100s") LENGTH "ab", "127.0.0.1");
	assert_int_equal(ask(text), 400);
	assert_int_equal(handled, 1);
	check_idle();
	server_free(server);
	server = NULL;
	address_list_free(ours);
	address_list_free(theirs);
}

/* A client that shuts down its sending side still gets its answer. */
static void
test_half_close(void **arg)
{
	int fd;

	(void)arg;
	start();
	fd = dial();
	put(fd, ALERT);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	(void)get(fd);
	assert_int_equal(status_of(reply), 200);

	hold = 1;
	fd = dial();
	put(fd, ALERT);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turns(50);
	assert_non_null(held);
	assert_int_equal(gone, 0);
	answer(held);
	(void)get(fd);
	assert_int_equal(status_of(reply), 200);

	/* F38: the length promised more. */
	hold = 0;
	fd = dial();
	put(fd, POST "Content-Length: 6\r\n\r\nhello");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	(void)get(fd);
	assert_int_equal(status_of(reply), 400);
	assert_int_equal(handled, 2);
	check_idle();
}

/* Vanish after every byte of a request, politely and not. */
static void
test_vanish(void **arg)
{
	const char *text = ALERT;
	size_t n;
	int fd, how;

	(void)arg;
	start();
	for (how = 0; how < 4; how++)
		for (n = 0; n <= strlen(text); n++) {
			fd = dial();
			if (n > 0)
				assert_int_equal(
				    send(fd, text, n, MSG_NOSIGNAL), n);
			if (how >= 2)
				turns(2);
			hang_up(fd, how & 1);
			turn();
		}
	check_idle();
	assert_int_equal(gone, 0);
	/* Those that were whole, but for what a reset took away unread. */
	assert_in_range(handled, 3, 4);
}

static void
test_gone(void **arg)
{
	int fd;

	(void)arg;
	hold = 1;
	start();
	/* Before it was answered: the handler hears of it, once. */
	fd = dial();
	put(fd, ALERT);
	turns(5);
	assert_non_null(held);
	hang_up(fd, 1);
	turns(5);
	assert_int_equal(gone, 1);
	assert_null(held);
	check_idle();

	/* Gone quietly: the answer finds nobody. */
	fd = dial();
	put(fd, ALERT);
	turns(5);
	hang_up(fd, 0);
	turns(5);
	assert_int_equal(gone, 1);
	answer(held);
	check_idle();

	/* While a long answer leaves. */
	large = 8u << 20;
	fd = dial();
	put(fd, ALERT);
	turns(5);
	answer(held);
	turns(5);
	assert_int_equal(server_active(server), 1);
	hang_up(fd, 1);
	check_idle();
	assert_int_equal(gone, 1);

	/* The server ends first. */
	fd = dial();
	put(fd, ALERT);
	turns(5);
	assert_non_null(held);
	server_free(server);
	server = NULL;
	assert_int_equal(gone, 2);
	hang_up(fd, 0);
}

/* The handler does not answer; or the client does not take the answer. */
static void
test_answer_deadline(void **arg)
{
	int64_t begin;
	int fd;

	(void)arg;
	hold = 1;
	o.answer_ms = 100;
	o.deadline_ms = 150;
	start();
	begin = clock_mono_ms();
	assert_int_equal(ask(ALERT), 503);
	assert_in_range(clock_mono_ms() - begin, 100 - COARSE_MS, 1000);
	assert_int_equal(gone, 1);

	large = 8u << 20;
	hold = 0;
	begin = clock_mono_ms();
	fd = dial();
	put(fd, ALERT);
	turns(20);
	assert_int_equal(server_active(server), 1);
	check_idle();
	assert_in_range(clock_mono_ms() - begin, 150 - COARSE_MS, 1000);
	hang_up(fd, 0);
}

/* All of a long answer arrives. */
static void
test_large(void **arg)
{
	int fd;

	(void)arg;
	large = 5000000;
	start();
	fd = dial();
	put(fd, ALERT);
	assert_in_range(get(fd), large + 100, large + 400);
	check_idle();
}

/* Bytes behind the request come late: they are no second one. */
static void
test_surplus(void **arg)
{
	int fd;

	(void)arg;
	hold = 1;
	start();
	fd = dial();
	put(fd, ALERT);
	turns(5);
	put(fd, ALERT);
	turns(5);
	put(fd, ALERT);
	answer(held);
	assert_true(get(fd) > 0);
	assert_int_equal(status_of(reply), 200);
	assert_null(strstr(reply + 1, "HTTP/1.1"));
	assert_int_equal(handled, 1);
	check_idle();
}

static void
test_stop(void **arg)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd[3], late;

	(void)arg;
	hold = 1;
	start();
	sa.sin_port = htons((uint16_t)server_port(server));
	fd[0] = dial(); /* silent */
	fd[1] = dial(); /* begun */
	fd[2] = dial(); /* waiting */
	put(fd[1], POST);
	put(fd[2], ALERT);
	turns(10);
	server_stop(server);
	assert_int_equal(server_port(server), -1);
	assert_int_equal(server_active(server), 2);
	assert_int_equal(get(fd[0]), 0);
	late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(late, (struct sockaddr *)&sa, sizeof(sa)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	(void)close(late);
	answer(held);
	(void)get(fd[2]);
	assert_int_equal(status_of(reply), 200);
	hold = 0;
	put(fd[1], "Content-Length: 0\r\n\r\n");
	(void)get(fd[1]);
	assert_int_equal(status_of(reply), 200);
	check_idle();
}

static int
count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

/* F104 */
static void
test_soak(void **arg)
{
	static const char *const texts[] = { ALERT, POST "\r\n",
		"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" };
	int before, i;

	(void)arg;
	start();
	for (i = 0; i < 10; i++)
		(void)ask(ALERT);
	check_idle();
	before = count_descriptors();
	for (i = 0; i < 3000; i++)
		assert_int_equal(ask(texts[i % 3]), i % 3 == 1 ? 400 : 200);
	check_idle();
	assert_int_equal(count_descriptors(), before);
}

static void
test_listen(void **arg)
{
	static const char *const bad[] = { "", "127.0.0.1", ":80",
		"127.0.0.1:65536", "127.0.0.1:-1", "localhost:80", "::1:80",
		"[::1:80", "[127.0.0.1]:80" };
	char taken[32];
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.listen = bad[i];
		assert_null(server_new(&o, err, sizeof(err)));
		assert_non_null(strstr(err, "is expected"));
	}
	o.listen = "127.0.0.1:0";
	start();
	(void)snprintf(
	    taken, sizeof(taken), "127.0.0.1:%d", server_port(server));
	o.listen = taken;
	assert_null(server_new(&o, err, sizeof(err)));
	assert_non_null(strstr(err, taken));
	assert_non_null(strstr(err, "in use"));
}

/* F09: ten are free, then each costs twice the wait of the one before. */
static void
test_guesses(void **arg)
{
	static struct guesses g;
	char address[32];
	int i;

	(void)arg;
	for (i = 0; i < 10; i++) {
		assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 1000), 0);
		guesses_add(&g, "192.0.2.1", 1000);
	}
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 1000), 0);
	guesses_add(&g, "::ffff:192.0.2.1", 1000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 1000), 1000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 1400), 600);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 2000), 0);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.2", 1000), 0);
	guesses_add(&g, "192.0.2.1", 2000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 2000), 2000);
	guesses_add(&g, "192.0.2.1", 4000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 4000), 4000);
	for (i = 0; i < 100; i++)
		guesses_add(&g, "192.0.2.1", 4000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 4000), 30000);
	/* 26 are remembered: 16 are forgotten in 80 s, and 10 are free. */
	guesses_add(&g, "192.0.2.1", 4000 + 80000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 84000), 1000);
	assert_int_equal(guesses_wait_ms(&g, "192.0.2.1", 84000 + 200000), 0);
	/* Bounded: the quietest gives way, the loud one stays. */
	for (i = 0; i < 5000; i++) {
		(void)snprintf(
		    address, sizeof(address), "10.0.%d.%d", i / 256, i % 256);
		guesses_add(&g, address, 84001 + i);
		guesses_add(&g, "192.0.2.1", 84001 + i);
	}
	assert_int_equal(g.n, GUESSES_KEPT);
	assert_true(guesses_wait_ms(&g, "192.0.2.1", 89001) > 0);
	/* The server's own. */
	start();
	for (i = 0; i < 11; i++)
		guess_wrong(server, "192.0.2.1");
	assert_in_range(guess_wait_ms(server, "192.0.2.1"), 500, 1000);
	assert_int_equal(guess_wait_ms(server, "192.0.2.2"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_answers),
		TEST(test_refuse), TEST(test_framing), TEST(test_deadline),
		TEST(test_continue), TEST(test_sizes), TEST(test_connections),
		TEST(test_crowd), TEST(test_per_address), TEST(test_allow),
		TEST(test_half_close), TEST(test_vanish), TEST(test_gone),
		TEST(test_answer_deadline), TEST(test_large),
		TEST(test_surplus), TEST(test_stop), TEST(test_soak),
		TEST(test_listen), TEST(test_guesses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
