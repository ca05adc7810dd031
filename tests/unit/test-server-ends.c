/*
 * How connections of the listener end: deadlines that no byte moves (F36, F85),
 * clients that vanish at every moment, half-closed ones (F38), a listener that
 * stops, and what is left after thousands of requests (F104).
 *
 * Not tested: a network that loses packets.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
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

#include "common/clock.h"
#include "tests/unit/server_fixture.h"

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
	fx.o.deadline_ms = 200;
	start();
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fd = dial();
		begin = clock_mono_ms();
		put(fd, texts[i]);
		/* As long as it is listened to; 25 bytes say "continue". */
		while (clock_mono_ms() - begin < 15000 &&
		    recv(fd, fx.reply, sizeof(fx.reply),
			MSG_PEEK | MSG_DONTWAIT) <= 25) {
			turns(10);
			if (i > 1)
				(void)send(fd, "a", 1, MSG_NOSIGNAL);
		}
		(void)get(fd);
		took = clock_mono_ms() - begin;
		assert_in_range(took, 200 - COARSE_MS, 10000);
		if (i == 4)
			assert_int_equal(
			    status_of(strstr(fx.reply + 9, "HTTP/")), 408);
		else
			assert_int_equal(status_of(fx.reply), 408);
	}
	assert_int_equal(fx.handled, 0);
	assert_int_equal(fx.refused, 4); /* the silent one is not told of */
	check_idle();
}

/* The handler does not answer; or the client does not take the answer. */
static void
test_answer_deadline(void **arg)
{
	int64_t begin;
	int fd;

	(void)arg;
	fx.hold = 1;
	fx.o.answer_ms = 100;
	fx.o.deadline_ms = 800;
	start();
	begin = clock_mono_ms();
	assert_int_equal(ask(ALERT), 503);
	assert_in_range(clock_mono_ms() - begin, 100 - COARSE_MS, 10000);
	assert_int_equal(fx.gone, 1);

	fx.large = 8u << 20;
	fx.hold = 0;
	begin = clock_mono_ms();
	fd = dial();
	put(fd, ALERT);
	turns(20);
	assert_int_equal(server_active(fx.server), 1);
	check_idle();
	assert_in_range(clock_mono_ms() - begin, 800 - COARSE_MS, 10000);
	hang_up(fd, 0);
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
	assert_int_equal(status_of(fx.reply), 200);

	fx.hold = 1;
	fd = dial();
	put(fd, ALERT);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turns(50);
	assert_non_null(fx.held);
	assert_int_equal(fx.gone, 0);
	answer(fx.held);
	(void)get(fd);
	assert_int_equal(status_of(fx.reply), 200);

	/* F38: the length promised more. */
	fx.hold = 0;
	fd = dial();
	put(fd, POST "Content-Length: 6\r\n\r\nhello");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	(void)get(fd);
	assert_int_equal(status_of(fx.reply), 400);
	assert_int_equal(fx.handled, 2);
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
	assert_int_equal(fx.gone, 0);
	/* Those that were whole, but for what a reset took away unread. */
	assert_in_range(fx.handled, 3, 4);
}

static void
test_gone(void **arg)
{
	int fd;

	(void)arg;
	fx.hold = 1;
	start();
	/* Before it was answered: the handler hears of it, once. */
	fd = dial();
	put(fd, ALERT);
	turns(5);
	assert_non_null(fx.held);
	hang_up(fd, 1);
	turns(5);
	assert_int_equal(fx.gone, 1);
	assert_null(fx.held);
	check_idle();

	/* Gone quietly: the answer finds nobody. */
	fd = dial();
	put(fd, ALERT);
	turns(5);
	hang_up(fd, 0);
	turns(5);
	assert_int_equal(fx.gone, 1);
	answer(fx.held);
	check_idle();

	/* While a long answer leaves. */
	fx.large = 8u << 20;
	fd = dial();
	put(fd, ALERT);
	turns(5);
	answer(fx.held);
	turns(5);
	assert_int_equal(server_active(fx.server), 1);
	hang_up(fd, 1);
	check_idle();
	assert_int_equal(fx.gone, 1);

	/* The server ends first. */
	fd = dial();
	put(fd, ALERT);
	turns(5);
	assert_non_null(fx.held);
	server_free(fx.server);
	fx.server = NULL;
	assert_int_equal(fx.gone, 2);
	hang_up(fd, 0);
}

static void
test_stop(void **arg)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd[3], late;

	(void)arg;
	fx.hold = 1;
	start();
	sa.sin_port = htons((uint16_t)server_port(fx.server));
	fd[0] = dial(); /* silent */
	fd[1] = dial(); /* begun */
	fd[2] = dial(); /* waiting */
	put(fd[1], POST);
	put(fd[2], ALERT);
	turns(10);
	server_stop(fx.server);
	assert_int_equal(server_port(fx.server), -1);
	assert_int_equal(server_active(fx.server), 2);
	assert_int_equal(get(fd[0]), 0);
	late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(late, (struct sockaddr *)&sa, sizeof(sa)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	(void)close(late);
	answer(fx.held);
	(void)get(fd[2]);
	assert_int_equal(status_of(fx.reply), 200);
	fx.hold = 0;
	put(fd[1], "Content-Length: 0\r\n\r\n");
	(void)get(fd[1]);
	assert_int_equal(status_of(fx.reply), 200);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_deadline),
		TEST(test_answer_deadline),
		TEST(test_half_close),
		TEST(test_vanish),
		TEST(test_gone),
		TEST(test_stop),
		TEST(test_soak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
