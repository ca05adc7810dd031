/*
 * Endpoints: their names; standard input and output as they come: lines that
 * are cut or endless, readers that are slow or gone, full disks (F92, F93, F97,
 * F100, F101).
 *
 * Not tested here: sockets (test-endpoint-input, test-endpoint-output).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/endpoint_fixture.h"

/* The next write to standard output is interrupted. */
static int interrupted;

ssize_t
write(int fd, const void *p, size_t len)
{
	if (interrupted && fd == STDOUT_FILENO) {
		interrupted = 0;
		errno = EINTR;
		return -1;
	}
	return syscall(SYS_write, fd, p, len);
}

/* So is the look that is so many looks ahead, at what can be done; 0: none. */
int look_interrupted;

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec t = { timeout / 1000, timeout % 1000 * 1000000L };

	if (timeout == 0 && look_interrupted > 0 && --look_interrupted == 0) {
		errno = EINTR;
		return -1;
	}
	return ppoll(fds, n, timeout < 0 ? NULL : &t, NULL);
}

static void
test_names(void **arg)
{
	static const char *const bad[] = { "", "unix:", "tcp:1", "file", "--",
		"UNIX:x" };
	char long_name[130];
	struct output *out = output_new(OUTPUT_QUEUE);
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(input_open(bad[i], err, sizeof(err)));
		assert_non_null(strstr(err, "expected - or unix:PATH"));
		assert_int_equal(output_add(out, bad[i], err, sizeof(err)), -1);
		assert_non_null(strstr(err, "expected - or unix:PATH"));
	}
	/* F98: 120 bytes; the message says how many there may be. */
	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name, "unix:/tmp/", 10);
	long_name[125] = '\0';
	assert_null(input_open(long_name, err, sizeof(err)));
	assert_non_null(strstr(err, "120 bytes, a socket's may have 106"));
	assert_int_equal(output_add(out, long_name, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "120 bytes, a socket's may have 106"));
	assert_int_equal(output_add(out, endpoint, err, sizeof(err)), 0);
	assert_int_equal(output_add(out, endpoint, err, sizeof(err)), -1);
	assert_int_equal(output_add(out, "-", err, sizeof(err)), 0);
	assert_int_equal(output_add(out, "-", err, sizeof(err)), -1);
	assert_int_equal(output_close(out, 0), 0);
}

static void
test_stdin_lines(void **arg)
{
	int fd = pipe_to_stdin();
	struct input *in = open_in("-");
	struct input_line l;

	(void)arg;
	assert_int_equal(input_next(in, &l), INPUT_WAIT);
	write_all(fd, "one\ntwo\nthr", 11);
	expect_line(in, "one", "line 1");
	expect_line(in, "two", "line 2");
	assert_int_equal(input_next(in, &l), INPUT_WAIT);
	write_all(fd, "ee\n", 3);
	expect_line(in, "three", "line 3");
	/* F97: the descriptor is as it came. */
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
	(void)close(fd);
	assert_int_equal(next(in, &l), INPUT_END);
	assert_int_equal(input_next(in, &l), INPUT_END);
	assert_int_equal(input_fd(in), -1);
	input_close(in);
}

/* F93: the stream is cut at every byte. */
static void
test_stdin_cut_at_every_byte(void **arg)
{
	static const char text[] = "{\"a\":1}\n{\"b\":[2]}";
	struct input_line l;
	struct input *in;
	size_t cut;
	int fd;

	(void)arg;
	for (cut = 0; cut < sizeof(text); cut++) {
		fd = pipe_to_stdin();
		in = open_in("-");
		write_all(fd, text, cut);
		(void)close(fd);
		if (cut >= 7)
			expect_line(in, "{\"a\":1}", "line 1");
		if (cut == sizeof(text) - 1)
			expect_line(in, "{\"b\":[2]}", "line 2");
		if ((cut >= 1 && cut < 7) ||
		    (cut > 8 && cut < sizeof(text) - 1)) {
			assert_int_equal(next(in, &l), INPUT_CUT);
			assert_string_equal(
			    l.from, cut < 7 ? "line 1" : "line 2");
		}
		assert_int_equal(next(in, &l), INPUT_END);
		input_close(in);
	}
}

static void
test_stdin_that_is_a_file_or_broken(void **arg)
{
	struct input_line l;
	struct input *in;
	char name[96];
	int fd;

	(void)arg;
	(void)snprintf(name, sizeof(name), "%s/lines", dir);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	write_all(fd, "{}\n{}\n", 6);
	(void)lseek(fd, 0, SEEK_SET);
	(void)dup2(fd, STDIN_FILENO);
	(void)close(fd);
	in = open_in("-");
	expect_line(in, "{}", "line 1");
	expect_line(in, "{}", "line 2");
	assert_int_equal(next(in, &l), INPUT_END);
	input_close(in);

	fd = open(dir, O_RDONLY | O_CLOEXEC);
	(void)dup2(fd, STDIN_FILENO);
	(void)close(fd);
	in = open_in("-");
	assert_int_equal(input_next(in, &l), INPUT_FAIL);
	assert_int_equal(errno, EISDIR);
	input_close(in);

	(void)close(STDIN_FILENO);
	in = open_in("-");
	assert_int_equal(input_next(in, &l), INPUT_FAIL);
	assert_int_equal(errno, EBADF);
	input_close(in);
}

static void
write_long_line(void *arg)
{
	char block[65536];
	size_t n;

	memset(block, 'x', sizeof(block));
	for (n = 0; n < 5u << 20; n += sizeof(block))
		write_all(*(int *)arg, block, sizeof(block));
	write_all(*(int *)arg, "\n{\"good\":1}\n", 12);
}

/* F100 */
static void
test_long_line(void **arg)
{
	int fd = pipe_to_stdin();
	struct input *in = open_in("-");
	struct input_line l;
	pid_t pid;

	(void)arg;
	pid = start(write_long_line, &fd);
	(void)close(fd);
	assert_int_equal(next(in, &l), INPUT_SKIP);
	assert_string_equal(l.from, "line 1");
	assert_non_null(strstr(l.why, "4 MiB"));
	expect_line(in, "{\"good\":1}", "line 2");
	assert_int_equal(next(in, &l), INPUT_END);
	finish(pid, 0);
	input_close(in);
}

static void
test_stdout_blocks_or_queues(void **arg)
{
	static char big[300000], got[300000];
	struct output *out;
	ssize_t n;
	size_t sum;
	int fd;

	(void)arg;
	memset(big, 'q', sizeof(big));
	fd = pipe_from_stdout();
	out = open_out(OUTPUT_QUEUE, "-");
	assert_int_equal(output_write(out, big, sizeof(big)), 0);
	assert_true(output_pending(out) > 100000);
	assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
	for (sum = 0; sum < sizeof(big);) {
		n = read(fd, got, sizeof(got));
		assert_true(n > 0);
		sum += (size_t)n;
		assert_int_equal(output_flush(out), 0);
	}
	assert_int_equal(output_pending(out), 0);
	assert_int_equal(output_close(out, 0), 0);
	back_to_stdout();
	assert_int_equal(read(fd, got, 1), 0);
	(void)close(fd);
}

/* Nobody reads: what does not go within the time is told. */
static void
test_stdout_unread_at_the_end(void **arg)
{
	static char big[300000];
	struct output *out;
	int64_t begin;
	int i, rc = 0, fd;

	(void)arg;
	memset(big, 'q', sizeof(big));
	fd = pipe_from_stdout();
	out = open_out(OUTPUT_QUEUE, "-");
	assert_int_equal(output_write(out, big, sizeof(big)), 0);
	begin = clock_mono_ms();
	assert_int_equal(output_close(out, 150), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_in_range(clock_mono_ms() - begin, 140, 10000);

	out = open_out(OUTPUT_QUEUE, "-");
	for (i = 0; i < 300 && rc == 0; i++)
		rc = output_write(out, big, sizeof(big));
	assert_int_equal(rc, -1);
	assert_int_equal(errno, ENOBUFS);
	assert_int_equal(output_close(out, 100), -1);
	back_to_stdout();
	(void)close(fd);
}

struct flood {
	int fd;
	size_t bytes;
};

static void
write_flood(void *arg)
{
	const struct flood *f = arg;
	struct output *out;
	char line[1000];
	size_t n;

	memset(line, 'f', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	(void)dup2(f->fd, STDOUT_FILENO);
	out = output_new(OUTPUT_BLOCK);
	if (output_add(out, "-", err, sizeof(err)) == -1)
		_exit(1);
	for (n = 0; n < f->bytes; n += sizeof(line))
		if (output_write(out, line, sizeof(line)) == -1)
			_exit(2);
	_exit(output_close(out, 1000) == 0 ? 0 : 3);
}

/* F97: somebody sets O_NONBLOCK on the pipe that we share; all arrives. */
static void
test_stdout_made_nonblocking(void **arg)
{
	struct flood f = { .bytes = 1000000 };
	size_t sum = 0;
	char got[4096];
	int p[2];
	ssize_t n;
	pid_t pid;

	(void)arg;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(fcntl(p[1], F_SETFL, O_WRONLY | O_NONBLOCK), 0);
	f.fd = p[1];
	pid = start(write_flood, &f);
	(void)close(p[1]);
	while ((n = read(p[0], got, sizeof(got))) > 0) {
		sum += (size_t)n;
		if (sum % 32768 == 0)
			pause_ms(1);
	}
	finish(pid, 0);
	assert_int_equal(sum, f.bytes);
	(void)close(p[0]);
}

/* F92: the reader of standard output goes away. */
static void
test_stdout_without_a_reader(void **arg)
{
	static const enum output_policy policies[] = { OUTPUT_BLOCK,
		OUTPUT_QUEUE };
	struct pollfd pfd = { .events = POLLIN };
	struct output *out;
	size_t i;
	int fd, rc, why;

	(void)arg;
	for (i = 0; i < 2; i++) {
		fd = pipe_from_stdout();
		out = open_out(policies[i], "-");
		assert_int_equal(output_write(out, "{}\n", 3), 0);
		pfd.fd = output_fd(out);
		assert_int_equal(poll(&pfd, 1, 0), 0);
		(void)close(fd);
		/* It shows before anything is written. */
		assert_int_equal(poll(&pfd, 1, 0), 1);
		rc = output_flush(out);
		why = errno;
		assert_int_equal(rc, -1);
		assert_int_equal(why, EPIPE);
		assert_int_equal(output_write(out, "{}\n", 3), -1);
		assert_int_equal(output_close(out, 1000), -1);
		assert_int_equal(errno, EPIPE);

		fd = pipe_from_stdout();
		out = open_out(policies[i], "-");
		(void)close(fd);
		assert_int_equal(output_write(out, "{}\n", 3), -1);
		assert_int_equal(errno, EPIPE);
		assert_int_equal(output_close(out, 1000), -1);
		back_to_stdout();
	}
}

static void
test_stdout_that_is_full(void **arg)
{
	struct output *out;
	int fd;

	(void)arg;
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		skip();
	(void)fflush(stdout);
	(void)dup2(fd, STDOUT_FILENO);
	(void)close(fd);
	out = open_out(OUTPUT_QUEUE, "-");
	assert_int_equal(output_write(out, "{}\n", 3), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(output_close(out, 0), -1);
	back_to_stdout();
}

/* No descriptor tells when a file can be read or written: nothing is left over.
 */
static void
test_file_that_is_interrupted(void **arg)
{
	FILE *file = tmpfile();
	struct output *out;
	struct input *in;
	char text[8] = "";

	(void)arg;
	assert_non_null(file);
	(void)fflush(stdout);
	(void)dup2(fileno(file), STDOUT_FILENO);
	out = open_out(OUTPUT_QUEUE, "-");
	interrupted = look_interrupted = 1;
	assert_int_equal(output_write(out, "{}\n", 3), 0);
	assert_int_equal(interrupted, 0);
	assert_int_equal(look_interrupted, 0);
	assert_int_equal(output_pending(out), 0);
	assert_int_equal(output_close(out, 0), 0);
	back_to_stdout();
	assert_int_equal(pread(fileno(file), text, sizeof(text), 0), 3);

	/* The same where it is read. */
	(void)lseek(fileno(file), 0, SEEK_SET);
	(void)dup2(fileno(file), STDIN_FILENO);
	in = open_in("-");
	look_interrupted = 1;
	expect_line(in, "{}", "line 1");
	assert_int_equal(look_interrupted, 0);
	input_close(in);
	(void)fclose(file);
}

/* Neither a read nor a write that would wait follows. */
static void
test_look_that_is_interrupted(void **arg)
{
	int from = pipe_from_stdout(), to = pipe_to_stdin();
	struct output *out = open_out(OUTPUT_QUEUE, "-");
	struct input *in = open_in("-");
	static char big[300000];
	struct input_line l;
	size_t waiting;

	(void)arg;
	(void)alarm(20);
	look_interrupted = 1;
	assert_int_equal(input_next(in, &l), INPUT_WAIT);
	assert_int_equal(look_interrupted, 0);
	write_all(to, "one\n", 4);
	expect_line(in, "one", "line 1");

	memset(big, 'q', sizeof(big));
	assert_int_equal(output_write(out, big, sizeof(big)), 0);
	waiting = output_pending(out);
	assert_true(waiting > 0);
	/* The first one is for a reader that has gone. */
	look_interrupted = 2;
	assert_int_equal(output_flush(out), 0);
	assert_int_equal(look_interrupted, 0);
	assert_int_equal(output_pending(out), waiting);
	(void)alarm(0);
	assert_int_equal(output_close(out, 0), -1);
	input_close(in);
	back_to_stdout();
	(void)close(from);
	(void)close(to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_names),
		T(test_stdin_lines),
		T(test_stdin_cut_at_every_byte),
		T(test_stdin_that_is_a_file_or_broken),
		T(test_long_line),
		T(test_stdout_blocks_or_queues),
		T(test_stdout_unread_at_the_end),
		T(test_stdout_made_nonblocking),
		T(test_stdout_without_a_reader),
		T(test_stdout_that_is_full),
		T(test_file_that_is_interrupted),
		T(test_look_that_is_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
