/*
 * Outputs that are sockets: back-off, reconnecting, a peer that reads too
 * little; and what both ends leave behind (F99, F101, F104).
 *
 * Not tested: reconnecting after hours.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/limits.h"
#include "tests/unit/endpoint_fixture.h"

static void
accept_and_close(void *arg)
{
	int *fd = arg;
	int peer, n = 0;
	struct pollfd pfd = { .fd = *fd, .events = POLLIN };

	while (poll(&pfd, 1, 1900) == 1) {
		peer = accept(*fd, NULL, NULL);
		(void)close(peer);
		n++;
	}
	_exit(n > 8 ? 1 : 0);
}

static size_t
notices(struct output *out)
{
	size_t n = 0;

	while (output_notice(out) != NULL)
		n++;
	return n;
}

static void
run_output(struct output *out, int ms)
{
	int64_t until = clock_mono_ms() + ms;
	struct pollfd pfd = { .fd = output_fd(out), .events = POLLIN };
	int64_t left;
	int turns = 0;

	for (;;) {
		left = until - clock_mono_ms();
		if (left <= 0)
			break;
		if (poll(&pfd, 1, (int)left) == 1)
			turns++;
		assert_int_equal(output_flush(out), 0);
	}
	/* Waiting must be waiting. */
	assert_in_range(turns, 0, 40);
}

/* F99: a peer that is away, and one that hangs up each time. */
static void
test_back_off(void **arg)
{
	struct output *out;
	pid_t pid;
	int fd;

	(void)arg;
	out = open_out(OUTPUT_QUEUE, endpoint);
	run_output(out, 1200);
	assert_int_equal(output_connects(out), 0);
	assert_int_equal(notices(out), 1);
	assert_int_equal(output_write(out, "{}\n", 3), 0);
	assert_int_equal(output_pending(out), 0);
	assert_int_equal(output_close(out, 100), 0);

	fd = raw_listen(path);
	pid = start(accept_and_close, &fd);
	(void)close(fd);
	out = open_out(OUTPUT_QUEUE, endpoint);
	run_output(out, 1500);
	/* At 0, 100, 300, 700, 1500 ms, more or less. */
	assert_in_range(output_connects(out), 3, 7);
	assert_true(notices(out) <= 2 * output_connects(out));
	assert_int_equal(output_close(out, 0), 0);
	finish(pid, 0);
}

/* F93: of a line that was under way nothing goes to the next peer. */
static void
test_reconnects(void **arg)
{
	static char line[1 << 20];
	struct input *in = open_in(endpoint);
	struct output *out = open_out(OUTPUT_QUEUE, endpoint);
	struct input_line l;
	int i;

	(void)arg;
	assert_int_equal(input_next(in, &l), INPUT_WAIT);
	assert_int_equal(output_ready(out), 1);
	memset(line, 's', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(output_write(out, line, sizeof(line)), 0);
	assert_in_range(output_pending(out), 1, sizeof(line) - 1);
	input_close(in);
	assert_int_equal(output_ready(out), 0);
	(void)output_write(out, "{\"lost\":1}\n", 11);
	in = open_in(endpoint);
	for (i = 0; i < 500 && output_connects(out) < 2; i++)
		run_output(out, 20);
	assert_int_equal(output_connects(out), 2);
	assert_int_equal(output_ready(out), 1);
	assert_int_equal(output_write(out, "{\"got\":1}\n", 10), 0);
	expect_line(in, "{\"got\":1}", "peer 1 line 1");
	assert_int_equal(notices(out), 3);
	assert_int_equal(output_close(out, 100), 0);
	input_close(in);
}

struct reader {
	char path[104];
	size_t bytes;
	int ready;
};

static void
read_bytes(void *arg)
{
	struct reader *r = arg;
	static char got[65536];
	size_t sum = 0;
	ssize_t n;
	int fd, peer;

	fd = raw_listen(r->path);
	write_all(r->ready, "r", 1);
	peer = accept(fd, NULL, NULL);
	while ((n = read(peer, got, sizeof(got))) > 0)
		sum += (size_t)n;
	_exit(sum == r->bytes ? 0 : 1);
}

/* F101: one of three peers is stopped; the others get everything. */
static void
test_slow_peer_is_cut_off(void **arg)
{
	static char line[65536];
	struct reader r[3];
	char name[512], c;
	struct output *out;
	const char *said;
	pid_t pids[3];
	int cut = 0, i, j, p[2];

	(void)arg;
	memset(line, 's', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	for (i = 0; i < 3; i++) {
		(void)snprintf(r[i].path, sizeof(r[i].path), "%s/%d", dir, i);
		r[i].bytes = 200 * sizeof(line);
		r[i].ready = p[1];
		pids[i] = start(read_bytes, &r[i]);
		assert_int_equal(read(p[0], &c, 1), 1);
	}
	out = output_new(OUTPUT_QUEUE);
	assert_non_null(out);
	/* Not before: the children would hold the connections, too. */
	for (i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "unix:%s", r[i].path);
		assert_int_equal(output_add(out, name, err, sizeof(err)), 0);
	}
	assert_int_equal(output_connects(out), 3);
	(void)notices(out);
	assert_int_equal(kill(pids[1], SIGSTOP), 0);
	for (i = 0; i < 200; i++) {
		assert_int_equal(output_write(out, line, sizeof(line)), 0);
		assert_true(output_pending(out) < 3u * PEER_UNREAD_MAX);
		/* Until those that read have: the rest is the third's. */
		for (j = 0; i % 50 == 49 && j < 500 &&
		     output_pending(out) > (size_t)(i + 1) * sizeof(line);
		     j++)
			run_output(out, 20);
	}
	while ((said = output_notice(out)) != NULL)
		if (strstr(said, "cut off") != NULL) {
			cut++;
			assert_non_null(strstr(said, r[1].path));
			assert_non_null(strstr(said, "8 MiB"));
		}
	assert_int_equal(cut, 1);
	assert_int_equal(output_close(out, 5000), 0);
	finish(pids[0], 0);
	finish(pids[2], 0);
	(void)kill(pids[1], SIGKILL);
	finish(pids[1], SIGKILL);
	(void)close(p[0]);
	(void)close(p[1]);
}

/* F104 */
static void
test_close_on_exec(void **arg)
{
	struct output *out;
	struct input_line l;
	struct input *in;
	int fd, flags, n = 0;
	int was[100];

	(void)arg;
	for (fd = 3; fd < 100; fd++)
		was[fd] = fcntl(fd, F_GETFD) != -1;
	in = open_in(endpoint);
	out = open_out(OUTPUT_QUEUE, endpoint);
	assert_int_equal(input_next(in, &l), INPUT_WAIT);
	for (fd = 3; fd < 100; fd++) {
		flags = fcntl(fd, F_GETFD);
		if (flags == -1 || was[fd])
			continue;
		n++;
		if (!(flags & FD_CLOEXEC))
			fail_msg("descriptor %d is inherited", fd);
	}
	assert_true(n >= 8);
	assert_int_equal(output_close(out, 0), 0);
	input_close(in);
}

static int
open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* F104: peers come and go, and nothing of them stays. */
static void
test_descriptors_stay_flat(void **arg)
{
	struct input *in = open_in(endpoint);
	struct output *out;
	int before, i;

	(void)arg;
	before = open_descriptors();
	for (i = 0; i < 300; i++) {
		out = open_out(OUTPUT_QUEUE, endpoint);
		assert_int_equal(output_write(out, "{}\n", 3), 0);
		expect_line(in, "{}", NULL);
		assert_int_equal(output_close(out, 100), 0);
	}
	expect_nothing(in);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(input_peers_ever(in), 300);
	input_close(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_back_off),
		T(test_reconnects),
		T(test_slow_peer_is_cut_off),
		T(test_close_on_exec),
		T(test_descriptors_stay_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
