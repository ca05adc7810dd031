/*
 * The listener on real sockets: answers, what is refused (F38, F39), caps
 * (F37), whose request it is (F09).  How connections end is in
 * test-server-ends.
 *
 * Not tested: no memory.  Descriptors that run out (F41) and TLS (F48) are in
 * e2e/listener-wire and e2e/listener-tls.
 */
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

#include "tests/unit/server_fixture.h"

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
	assert_string_equal(fx.seen, "POST /bybit a=%20 127.0.0.1 mine hello");
	assert_non_null(strstr(fx.reply, "\r\nContent-Length: 4\r\n"));
	assert_non_null(strstr(fx.reply, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(fx.reply, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(fx.reply, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(
	    strstr(fx.reply, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_null(strstr(fx.reply, "Server:"));
	end = strstr(fx.reply, "\r\n\r\n");
	assert_non_null(end);
	assert_string_equal(end, "\r\n\r\ndone");

	assert_int_equal(ask("GET /status HTTP/1.0\r\nHost: x\r\n\r\n"), 200);
	assert_string_equal(fx.seen, "GET /status  127.0.0.1 - ");
	assert_int_equal(fx.handled, 2);

	/* A refusal has the shape of the design's, and none of our words. */
	assert_int_equal(
	    ask("PUT /sneaky HTTP/1.1\r\nHost: sneaky\r\n\r\n"), 405);
	assert_non_null(strstr(fx.reply, "\r\nAllow: GET, POST\r\n"));
	assert_non_null(strstr(fx.reply, "\r\n\r\n{\"ok\":false,\"error\":\""));
	assert_non_null(strstr(fx.reply, "\"timestamp\":\"20"));
	assert_null(strstr(fx.reply, "sneaky"));
	assert_int_equal(ask("HEAD /status HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
	assert_string_equal(strstr(fx.reply, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(fx.handled, 2);
	check_idle();
}

static void
test_refuse(void **arg)
{
	int fd;

	(void)arg;
	fx.hold = 1;
	start();
	fd = dial();
	put(fd, ALERT);
	while (fx.held == NULL)
		turn();
	request_refuse(fx.held, 401, "Bad \"token\"");
	(void)get(fd);
	assert_int_equal(status_of(fx.reply), 401);
	assert_non_null(strstr(fx.reply, "\r\nWWW-Authenticate: Bearer\r\n"));
	assert_non_null(strstr(
	    fx.reply, "{\"ok\":false,\"error\":\"Bad \\\"token\\\"\",\"times"));
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
	assert_int_equal(fx.handled, 0);
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
	assert_int_equal(
	    recv(fd, fx.reply, sizeof(fx.reply), MSG_DONTWAIT), 25);
	assert_memory_equal(fx.reply, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	put(fd, "hello");
	(void)get(fd);
	assert_int_equal(status_of(fx.reply), 200);
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
	assert_int_equal(fx.handled, 2);

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
	assert_int_equal(status_of(fx.reply), 413);
	check_idle();
}

/* F37: connections, in all. */
static void
test_connections(void **arg)
{
	int fd[5], i;

	(void)arg;
	fx.o.connections = 4;
	start();
	for (i = 0; i < 4; i++)
		fd[i] = dial();
	turn();
	assert_int_equal(server_active(fx.server), 4);
	/* F36: idle ones keep nobody out; the oldest gives way. */
	assert_int_equal(ask(ALERT), 200);
	(void)get(fd[0]);
	assert_int_equal(status_of(fx.reply), 503);
	fd[4] = dial();
	turns(5);
	/* All of them wait for their answer: they stay. */
	fx.hold = 1;
	for (i = 1; i < 5; i++)
		put(fd[i], ALERT);
	turns(10);
	assert_int_equal(fx.handled, 5);
	assert_int_equal(ask(ALERT), 503);
	assert_int_equal(fx.handled, 5);
	answer(fx.held);
	fx.hold = 0;
	turns(5);
	assert_int_equal(ask(ALERT), 200);
	(void)get(fd[4]);
	assert_int_equal(status_of(fx.reply), 200);
	server_free(fx.server);
	fx.server = NULL;
	for (i = 1; i < 4; i++)
		hang_up(fd[i], 0);
}

/* More that had to go than are kept, all silent: the oldest are cut off. */
static void
test_crowd(void **arg)
{
	int fd[200], i;

	(void)arg;
	fx.o.connections = 1;
	start();
	for (i = 0; i < 200; i++) {
		fd[i] = dial();
		turn();
		assert_in_range(server_active(fx.server), 1, 65);
	}
	put(fd[199], ALERT);
	(void)get(fd[199]);
	assert_int_equal(status_of(fx.reply), 200);
	for (i = 0; i < 199; i++)
		hang_up(fd[i], 0);
	check_idle();
}

/* F36: who has one connection is not pushed out by who has many. */
static void
test_fair(void **arg)
{
	int fd[8], more[20], one, i;

	(void)arg;
	fx.o.connections = 8;
	start();
	one = dial_from("127.0.0.2");
	turn();
	for (i = 0; i < 7; i++)
		fd[i] = dial_from("127.0.0.3");
	turn();
	/* The oldest of the address that has most of them. */
	for (i = 0; i < 20; i++) {
		more[i] = dial_from(i % 2 ? "127.0.0.3" : "127.0.0.4");
		turn();
	}
	put(one, ALERT);
	(void)get(one);
	assert_int_equal(status_of(fx.reply), 200);
	(void)get(fd[0]);
	assert_int_equal(status_of(fx.reply), 503);
	for (i = 1; i < 7; i++)
		hang_up(fd[i], 0);
	for (i = 0; i < 20; i++)
		hang_up(more[i], 0);
	check_idle();
	/* Nor by many that have all sent something large. */
	for (i = 0; i < 8; i++) {
		fd[i] = dial_from("127.0.0.3");
		put(fd[i], POST "Content-Length: 2000\r\n\r\n");
	}
	turn();
	for (i = 0; i < 8; i++)
		put(fd[i], "x");
	one = dial_from("127.0.0.2");
	put(one, ALERT);
	(void)get(one);
	assert_int_equal(status_of(fx.reply), 200);
	for (i = 0; i < 8; i++)
		hang_up(fd[i], 0);
	check_idle();
}

/* F36: a small request is heard before a crowd that came behind it. */
static void
test_rush(void **arg)
{
	int fd[200], one, i;

	(void)arg;
	fx.o.connections = 100;
	start();
	one = dial_from("127.0.0.2");
	put(one, ALERT);
	for (i = 0; i < 200; i++)
		fd[i] = dial_from("127.0.0.3");
	(void)get(one);
	assert_int_equal(status_of(fx.reply), 200);
	assert_in_range(fx.active, 1, 64);
	for (i = 0; i < 200; i++)
		hang_up(fd[i], 0);
	check_idle();
}

/* Addresses that many share: all of their alerts come in, whatever comes. */
static void
test_prefer(void **arg)
{
	struct address_list *shared =
	    address_list_new("127.0.0.2", fx.err, sizeof(fx.err));
	int fd[4], one, i;

	(void)arg;
	fx.o.prefer = shared;
	fx.o.connections = 4;
	fx.o.per_address = 2;
	start();
	for (i = 0; i < 20; i++) {
		guess_wrong(fx.server, "127.0.0.2");
		guess_wrong(fx.server, "127.0.0.3");
	}
	assert_int_equal(guess_wait_ms(fx.server, "127.0.0.2"), 0);
	assert_true(guess_wait_ms(fx.server, "127.0.0.3") > 0);
	for (i = 0; i < 3; i++)
		fd[i] = dial_from("127.0.0.2");
	turn();
	fd[3] = dial_from("127.0.0.3");
	turn();
	assert_int_equal(server_active(fx.server), 4);
	/* One has to go: not one of the three that were there first. */
	one = dial_from("127.0.0.4");
	turn();
	(void)get(fd[3]);
	assert_int_equal(status_of(fx.reply), 503);
	hang_up(one, 0);
	for (i = 0; i < 3; i++) {
		put(fd[i], ALERT);
		(void)get(fd[i]);
		assert_int_equal(status_of(fx.reply), 200);
	}
	check_idle();
	/* Nor does it wait for those who have sent something. */
	fx.o.per_address = 4;
	server_free(fx.server);
	start();
	for (i = 0; i < 4; i++) {
		fd[i] = dial_from("127.0.0.3");
		put(fd[i], POST "Content-Length: 2000\r\n");
	}
	turn();
	one = dial_from("127.0.0.2");
	put(one, ALERT);
	(void)get(one);
	assert_int_equal(status_of(fx.reply), 200);
	for (i = 0; i < 4; i++)
		hang_up(fd[i], 0);
	check_idle();
	server_free(fx.server);
	fx.server = NULL;
	address_list_free(shared);
}

/* F37: connections of one address, by the peer's or the forwarded one. */
static void
test_per_address(void **arg)
{
#define VIA(a) "POST /b HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " a "\r\n"
#define LENGTH "Content-Length: 2\r\n\r\n"
	struct address_list *trust =
	    address_list_new("127.0.0.0/8", fx.err, sizeof(fx.err));
	int fd[3];

	(void)arg;
	fx.o.per_address = 2;
	start();
	fd[0] = dial();
	fd[1] = dial();
	turn();
	assert_int_equal(ask(ALERT), 200);
	(void)get(fd[0]);
	assert_int_equal(status_of(fx.reply), 429);
	fd[0] = dial();
	fx.hold = 1;
	put(fd[0], ALERT);
	turns(5);
	put(fd[1], ALERT);
	turns(5);
	assert_int_equal(fx.handled, 3);
	assert_int_equal(ask(ALERT), 429);
	answer(fx.held);
	(void)get(fd[1]);
	fx.hold = 0;
	assert_int_equal(ask(ALERT), 200);
	hang_up(fd[0], 1);
	turns(5);
	assert_int_equal(fx.gone, 1);
	check_idle();
	server_free(fx.server);

	fx.o.trust = trust;
	start();
	fx.hold = 1;
	fd[0] = dial();
	fd[1] = dial();
	fd[2] = dial();
	put(fd[0], VIA("198.51.100.7, 192.0.2.1") LENGTH "ab");
	turns(5);
	put(fd[1], VIA("192.0.2.1") LENGTH "ab");
	turns(5);
	fx.hold = 0;
	assert_int_equal(ask(VIA("192.0.2.1") LENGTH "ab"), 429);
	assert_int_equal(ask(VIA("192.0.2.2") LENGTH "ab"), 200);
	assert_string_equal(fx.seen, "POST /b  192.0.2.2 - ab");
	/* A forged one in front changes nothing. */
	assert_int_equal(ask(VIA("192.0.2.9, 192.0.2.1") LENGTH "ab"), 429);
	/* Nor does a header of its own in front of the proxy's. */
	assert_int_equal(ask(VIA("192.0.2.9") "X-Forwarded-For: "
					      "192.0.2.1\r\n" LENGTH "ab"),
	    429);
	answer(fx.held);
	(void)get(fd[1]);
	assert_int_equal(status_of(fx.reply), 200);
	/* One whose body is not there yet gives way. */
	put(fd[2], VIA("192.0.2.1") LENGTH);
	turns(5);
	assert_int_equal(ask(VIA("192.0.2.1") LENGTH "ab"), 200);
	(void)get(fd[2]);
	assert_int_equal(status_of(fx.reply), 429);
	hang_up(fd[0], 1);
	check_idle();
	server_free(fx.server);
	fx.server = NULL;
	address_list_free(trust);
}

static void
test_allow(void **arg)
{
	struct address_list *ours =
	    address_list_new("127.0.0.1", fx.err, sizeof(fx.err));
	struct address_list *theirs =
	    address_list_new("tradingview", fx.err, sizeof(fx.err));
	char text[4096];
	int fd;

	(void)arg;
	fx.o.allow = theirs;
	start();
	/* Before it has said anything, and whatever it claims. */
	fd = dial();
	(void)get(fd);
	assert_int_equal(status_of(fx.reply), 403);
	assert_string_equal(
	    fx.why, "403 127.0.0.1 This address is not allowed");
	assert_int_equal(ask(VIA("52.32.178.7") LENGTH "ab"), 403);
	assert_int_equal(fx.refused, 2);
	check_idle();
	server_free(fx.server);

	fx.o.trust = ours;
	start();
	assert_int_equal(ask(VIA("52.32.178.7") LENGTH "ab"), 200);
	assert_int_equal(ask(VIA("52.32.178.7, 192.0.2.1") LENGTH "ab"), 403);
	assert_string_equal(
	    fx.why, "403 192.0.2.1 This address is not allowed");
	assert_int_equal(ask(ALERT), 403);
	assert_int_equal(fx.refused, 4);
	/* So long that it could hide something. */
	fx.o.header_max = 8192;
	server_free(fx.server);
	start();
	(void)snprintf(text, sizeof(text),
	    VIA("52.32.178.7,%2100s") LENGTH "ab", "127.0.0.1");
	assert_int_equal(ask(text), 400);
	assert_int_equal(fx.handled, 1);
	check_idle();
	server_free(fx.server);
	fx.server = NULL;
	address_list_free(ours);
	address_list_free(theirs);
}

/* All of a long answer arrives. */
static void
test_large(void **arg)
{
	int fd;

	(void)arg;
	fx.large = 5000000;
	start();
	fd = dial();
	put(fd, ALERT);
	assert_in_range(get(fd), fx.large + 100, fx.large + 400);
	check_idle();
}

/* Bytes behind the request come late: they are no second one. */
static void
test_surplus(void **arg)
{
	int fd;

	(void)arg;
	fx.hold = 1;
	start();
	fd = dial();
	put(fd, ALERT);
	turns(5);
	put(fd, ALERT);
	turns(5);
	put(fd, ALERT);
	answer(fx.held);
	assert_true(get(fd) > 0);
	assert_int_equal(status_of(fx.reply), 200);
	assert_null(strstr(fx.reply + 1, "HTTP/1.1"));
	assert_int_equal(fx.handled, 1);
	check_idle();
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
		fx.o.listen = bad[i];
		assert_null(server_new(&fx.o, fx.err, sizeof(fx.err)));
		assert_non_null(strstr(fx.err, "is expected"));
	}
	fx.o.listen = "127.0.0.1:0";
	start();
	(void)snprintf(
	    taken, sizeof(taken), "127.0.0.1:%d", server_port(fx.server));
	fx.o.listen = taken;
	assert_null(server_new(&fx.o, fx.err, sizeof(fx.err)));
	assert_non_null(strstr(fx.err, taken));
	assert_non_null(strstr(fx.err, "in use"));
}

static void
test_guesses(void **arg)
{
	int i;

	(void)arg;
	start();
	for (i = 0; i < 11; i++)
		guess_wrong(fx.server, "192.0.2.1");
	assert_in_range(guess_wait_ms(fx.server, "192.0.2.1"), 1, 1000);
	assert_int_equal(guess_wait_ms(fx.server, "192.0.2.2"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_refuse),
		TEST(test_framing),
		TEST(test_continue),
		TEST(test_sizes),
		TEST(test_connections),
		TEST(test_crowd),
		TEST(test_fair),
		TEST(test_rush),
		TEST(test_prefer),
		TEST(test_per_address),
		TEST(test_allow),
		TEST(test_large),
		TEST(test_surplus),
		TEST(test_listen),
		TEST(test_guesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
