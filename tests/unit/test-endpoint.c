/*
 * Endpoints: standard input and output as they come, sockets with many peers,
 * back-off, cutting off, leftovers and strangers (F92 to F94, F97 to F101,
 * F104).
 *
 * Not tested: a full disk under a socket's folder, more than one level of
 * epoll sets around the descriptor, reconnecting after hours.
 */
#include "common/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/limits.h"
#include "tests/unit/scratch.h"

static char dir[SCRATCH_SIZE];
static char path[80];	  /* of the socket */
static char endpoint[96]; /* unix:path */
static char err[512];
static int saved_in, saved_out;

static int
setup(void **arg)
{
	(void)arg;
	/* A test that waits for ever has failed. */
	(void)alarm(60);
	(void)umask(022);
	(void)signal(SIGPIPE, SIG_IGN);
	scratch_make(dir, "endpoint");
	(void)snprintf(path, sizeof(path), "%s/in.sock", dir);
	(void)snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
	saved_in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
	saved_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);
	return 0;
}

static int
teardown(void **arg)
{

	(void)arg;
	(void)fflush(stdout);
	(void)dup2(saved_in, STDIN_FILENO);
	(void)dup2(saved_out, STDOUT_FILENO);
	(void)close(saved_in);
	(void)close(saved_out);
	return scratch_remove(dir);
}

static void
pause_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&t, NULL);
}

/* Standard input becomes a pipe; its other end. */
static int
pipe_to_stdin(void)
{
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(dup2(p[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(p[0]);
	return p[1];
}

static int
pipe_from_stdout(void)
{
	int p[2];

	(void)fflush(stdout);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(dup2(p[1], STDOUT_FILENO), STDOUT_FILENO);
	(void)close(p[1]);
	return p[0];
}

static void
back_to_stdout(void)
{
	(void)dup2(saved_out, STDOUT_FILENO);
}

static struct input *
open_in(const char *name)
{
	struct input *in;

	in = input_open(name, err, sizeof(err));
	if (in == NULL)
		fail_msg("input_open: %s", err);
	return in;
}

static struct output *
open_out(enum output_policy policy, const char *name)
{
	struct output *out;

	out = output_new(policy);
	assert_non_null(out);
	if (output_add(out, name, err, sizeof(err)) == -1)
		fail_msg("output_add: %s", err);
	return out;
}

static void
write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1)
			_exit(9);
		p += n;
		len -= (size_t)n;
	}
}

/* The next thing that is not INPUT_WAIT, two seconds at the most. */
static enum input_status
next(struct input *in, struct input_line *l)
{
	int64_t until = clock_mono_ms() + 2000;
	struct pollfd pfd = { .fd = input_fd(in), .events = POLLIN };
	enum input_status st;

	for (;;) {
		st = input_next(in, l);
		if (st != INPUT_WAIT || clock_mono_ms() > until)
			return st;
		(void)poll(&pfd, 1, 100);
	}
}

/* Nothing to read for 100 ms, while peers come and go. */
static void
expect_nothing(struct input *in)
{
	int64_t until = clock_mono_ms() + 100;
	struct pollfd pfd = { .fd = input_fd(in), .events = POLLIN };
	struct input_line l;

	while (clock_mono_ms() < until) {
		assert_int_equal(input_next(in, &l), INPUT_WAIT);
		(void)poll(&pfd, 1, 20);
	}
}

static void
expect_line(struct input *in, const char *text, const char *from)
{
	struct input_line l;

	assert_int_equal(next(in, &l), INPUT_LINE);
	assert_int_equal(l.len, strlen(text));
	assert_memory_equal(l.text, text, l.len);
	if (from != NULL)
		assert_string_equal(l.from, from);
}

static int
raw_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	if (fd != -1)
		(void)close(fd);
	return -1;
}

/* A socket that listens without being an input. */
static int
raw_listen(const char *where)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", where);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 16) == -1)
		_exit(8);
	return fd;
}

static pid_t
start(void (*fn)(void *), void *arg)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fn(arg);
		_exit(0);
	}
	return pid;
}

static void
finish(pid_t pid, int want)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, want);
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
	assert_in_range(clock_mono_ms() - begin, 140, 1000);

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

/* F98: modes of the socket, and that nothing stays. */
static void
test_socket_modes(void **arg)
{
	static const struct {
		mode_t folder, socket;
	} want[] = { { 0700, 0600 }, { 02750, 0660 }, { 0770, 0660 } };
	char command[160];
	struct input *in;
	struct stat st;
	size_t i;

	(void)arg;
	for (i = 0; i < 3; i++) {
		assert_int_equal(chmod(dir, want[i].folder), 0);
		(void)umask(0);
		in = open_in(endpoint);
		assert_int_equal(lstat(path, &st), 0);
		assert_true(S_ISSOCK(st.st_mode));
		assert_int_equal(st.st_mode & 0777, want[i].socket);
		assert_int_equal(umask(022), 0);
		input_close(in);
	}
	(void)snprintf(
	    command, sizeof(command), "test -z \"$(ls -A '%s')\"", dir);
	assert_int_equal(system(command), 0);
}

static void
listen_for_ever(void *arg)
{
	struct input *in = open_in(endpoint);

	write_all(*(int *)arg, "r", 1);
	(void)in;
	for (;;)
		(void)pause();
}

static pid_t
start_listener(void)
{
	int p[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = start(listen_for_ever, &p[1]);
	(void)close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 1);
	(void)close(p[0]);
	return pid;
}

/* F98: a second instance, kill -9, and what may lie in the place. */
static void
test_socket_leftovers(void **arg)
{
	char lock[96], who[32];
	struct input *in;
	struct stat st;
	pid_t pid;
	int fd;

	(void)arg;
	(void)snprintf(lock, sizeof(lock), "%s.lock", path);
	pid = start_listener();
	(void)snprintf(who, sizeof(who), "pid %ld", (long)pid);
	assert_null(input_open(endpoint, err, sizeof(err)));
	assert_non_null(strstr(err, who));
	/* Its lock is gone, and it is stopped: it still answers. */
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_null(input_open(endpoint, err, sizeof(err)));
	assert_non_null(strstr(err, "served by another process"));
	assert_int_equal(kill(pid, SIGKILL), 0);
	finish(pid, SIGKILL);
	assert_int_equal(lstat(path, &st), 0);
	input_close(open_in(endpoint));
	assert_int_equal(lstat(path, &st), -1);

	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)close(fd);
	assert_null(input_open(endpoint, err, sizeof(err)));
	assert_non_null(strstr(err, "something else than a socket"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_null(input_open(endpoint, err, sizeof(err)));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", lock), 0);
	assert_null(input_open(endpoint, err, sizeof(err)));
	assert_int_equal(unlink(lock), 0);

	/* Who came after us keeps what is his. */
	in = open_in(endpoint);
	assert_int_equal(unlink(path), 0);
	fd = raw_listen(path);
	input_close(in);
	assert_int_equal(lstat(path, &st), 0);
	(void)close(fd);
}

static void
test_socket_lines(void **arg)
{
	struct input *in = open_in(endpoint);
	struct output *out = open_out(OUTPUT_QUEUE, endpoint);
	struct input_line l;
	const char *said;

	(void)arg;
	said = output_notice(out);
	assert_non_null(said);
	assert_non_null(strstr(said, "connected to unix:"));
	assert_null(output_notice(out));
	assert_int_equal(output_connects(out), 1);
	assert_int_equal(input_next(in, &l), INPUT_WAIT);
	assert_int_equal(input_peers(in), 1);
	assert_int_equal(output_write(out, "{\"n\":1}\n{\"n\":2}\n", 16), 0);
	expect_line(in, "{\"n\":1}", "peer 1 line 1");
	expect_line(in, "{\"n\":2}", "peer 1 line 2");
	assert_int_equal(output_close(out, 1000), 0);
	expect_nothing(in);
	assert_int_equal(input_peers(in), 0);
	assert_int_equal(input_peers_ever(in), 1);
	input_close(in);
}

/* F93: a writer that dies inside a line spoils no other one's. */
static void
test_peer_that_dies_inside_a_line(void **arg)
{
	struct input *in = open_in(endpoint);
	struct input_line l;
	int a, b;

	(void)arg;
	a = raw_connect();
	write_all(a, "{\"a\":1}\n{\"a\":", 13);
	expect_line(in, "{\"a\":1}", "peer 1 line 1");
	b = raw_connect();
	write_all(b, "{\"b\":1}\n", 8);
	expect_line(in, "{\"b\":1}", "peer 2 line 1");
	(void)close(a);
	assert_int_equal(next(in, &l), INPUT_SKIP);
	assert_string_equal(l.from, "peer 1 line 2");
	assert_non_null(strstr(l.why, "ended inside"));
	/* A whole object counts without its newline. */
	write_all(b, "{\"b\":2}", 7);
	(void)close(b);
	expect_line(in, "{\"b\":2}", "peer 2 line 2");
	expect_nothing(in);
	assert_int_equal(input_peers(in), 0);
	input_close(in);
}

#define WRITERS 4
#define LINES_EACH 100
#define LINE_BYTES 6000

static void
write_lines(void *arg)
{
	char line[LINE_BYTES + 1];
	struct output *out;
	int i;

	out = output_new(OUTPUT_QUEUE);
	if (output_add(out, endpoint, err, sizeof(err)) == -1)
		_exit(1);
	memset(line, *(char *)arg, LINE_BYTES);
	line[LINE_BYTES] = '\n';
	for (i = 0; i < LINES_EACH; i++)
		if (output_write(out, line, sizeof(line)) == -1)
			_exit(2);
	_exit(output_close(out, 5000) == 0 ? 0 : 3);
}

/* F94: four writers, lines longer than a pipe writes at once. */
static void
test_four_writers(void **arg)
{
	struct input *in = open_in(endpoint);
	char letters[WRITERS] = { 'a', 'b', 'c', 'd' };
	int seen[WRITERS] = { 0 };
	struct input_line l;
	pid_t pids[WRITERS];
	size_t j;
	int i;

	(void)arg;
	for (i = 0; i < WRITERS; i++)
		pids[i] = start(write_lines, &letters[i]);
	for (i = 0; i < WRITERS * LINES_EACH; i++) {
		assert_int_equal(next(in, &l), INPUT_LINE);
		assert_int_equal(l.len, LINE_BYTES);
		for (j = 1; j < l.len; j++)
			if (l.text[j] != l.text[0])
				fail_msg("two writers in one line");
		seen[l.text[0] - 'a']++;
	}
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(seen[i], LINES_EACH);
		finish(pids[i], 0);
	}
	input_close(in);
}

/* One peer that never stops keeps nobody else from being heard. */
static void
test_turns(void **arg)
{
	struct input *in = open_in(endpoint);
	struct input_line l;
	char many[8000];
	int a, b, i;

	(void)arg;
	a = raw_connect();
	b = raw_connect();
	for (i = 0; i < 1000; i++)
		memcpy(many + (size_t)i * 8, "{\"a\":1}\n", 8);
	write_all(a, many, sizeof(many));
	expect_line(in, "{\"a\":1}", NULL);
	write_all(b, "{\"b\":1}\n", 8);
	for (i = 0; i < 200; i++) {
		assert_int_equal(next(in, &l), INPUT_LINE);
		if (strncmp(l.text, "{\"b\"", 4) == 0)
			break;
	}
	assert_in_range(i, 0, 70);
	(void)close(a);
	(void)close(b);
	input_close(in);
}

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

static void
test_reconnects(void **arg)
{
	struct input *in = open_in(endpoint);
	struct output *out = open_out(OUTPUT_QUEUE, endpoint);
	struct input_line l;
	int i;

	(void)arg;
	assert_int_equal(input_next(in, &l), INPUT_WAIT);
	assert_int_equal(output_ready(out), 1);
	input_close(in);
	assert_int_equal(output_ready(out), 0);
	(void)output_write(out, "{\"lost\":1}\n", 11);
	in = open_in(endpoint);
	for (i = 0; i < 100 && output_connects(out) < 2; i++)
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
	int cut = 0, i, p[2];

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
		/* The two that read are given the time to. */
		if (i % 50 == 49)
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

struct stranger {
	uid_t uid;
	gid_t gid, extra;
};

static void
connect_as(void *arg)
{
	const struct stranger *s = arg;
	int fd;
	char c;

	if (setgroups(s->extra != 0 ? 1 : 0, &s->extra) == -1 ||
	    setgid(s->gid) == -1 || setuid(s->uid) == -1)
		_exit(1);
	fd = raw_connect();
	if (fd == -1)
		_exit(2);
	(void)send(fd, "{\"s\":1}\n", 8, MSG_NOSIGNAL);
	/* Let in, the other side says nothing; turned away, it closes. */
	(void)shutdown(fd, SHUT_WR);
	_exit(read(fd, &c, 1) <= 0 ? 0 : 3);
}

/* F09, F98: another user, who got past the mode of the socket. */
static void
test_strangers(void **arg)
{
	static const struct {
		struct stranger who;
		int in;
	} cases[] = {
		{ { 65534, 65534, 0 }, 0 },
		{ { 65534, 4711, 0 }, 1 },
		{ { 65534, 65534, 4711 }, 1 },
		{ { 0, 65534, 0 }, 1 },
	};
	struct stranger s;
	struct input *in;
	const char *said;
	size_t i;
	pid_t pid;

	(void)arg;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(dir, 0, 4711), 0);
	assert_int_equal(chmod(dir, 02755), 0);
	in = open_in(endpoint);
	assert_int_equal(chmod(path, 0666), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s = cases[i].who;
		pid = start(connect_as, &s);
		if (cases[i].in) {
			expect_line(in, "{\"s\":1}", NULL);
			assert_null(input_notice(in));
			expect_nothing(in);
		} else {
			expect_nothing(in);
			said = input_notice(in);
			assert_non_null(said);
			assert_non_null(strstr(said, "uid 65534"));
		}
		finish(pid, 0);
	}
	input_close(in);
}

static void
test_too_many_peers(void **arg)
{
	struct input *in = open_in(endpoint);
	int fds[PEERS_MAX + 1];
	struct input_line l;
	const char *said;
	char c;
	int i;

	(void)arg;
	for (i = 0; i <= PEERS_MAX; i++) {
		fds[i] = raw_connect();
		assert_int_not_equal(fds[i], -1);
		(void)input_next(in, &l);
	}
	assert_int_equal(input_peers(in), PEERS_MAX);
	said = input_notice(in);
	assert_non_null(said);
	assert_non_null(strstr(said, "64 are connected"));
	assert_int_equal(read(fds[PEERS_MAX], &c, 1), 0);
	write_all(fds[3], "{}\n", 3);
	expect_line(in, "{}", "peer 4 line 1");
	for (i = 0; i <= PEERS_MAX; i++)
		(void)close(fds[i]);
	input_close(in);
}

static void
connect_and_read(void *arg)
{
	char c;
	int fd;

	(void)arg;
	fd = raw_connect();
	_exit(fd != -1 && read(fd, &c, 1) == 0 ? 0 : 1);
}

/* F41: out of descriptors, a peer is turned away; no spinning on it. */
static void
test_out_of_descriptors(void **arg)
{
	struct input *in = open_in(endpoint);
	struct pollfd pfd = { .fd = input_fd(in), .events = POLLIN };
	struct rlimit was, now;
	struct input_line l;
	const char *said;
	pid_t pid;
	int top;

	(void)arg;
	pid = start(connect_and_read, NULL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	top = dup(STDERR_FILENO);
	(void)close(top);
	now = was;
	now.rlim_cur = (rlim_t)top;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(poll(&pfd, 1, 2000), 1);
	assert_int_equal(input_next(in, &l), INPUT_WAIT);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	said = input_notice(in);
	assert_non_null(said);
	assert_non_null(strstr(said, "out of descriptors"));
	finish(pid, 0);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	input_close(in);
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

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
		T(test_socket_modes),
		T(test_socket_leftovers),
		T(test_socket_lines),
		T(test_peer_that_dies_inside_a_line),
		T(test_four_writers),
		T(test_turns),
		T(test_back_off),
		T(test_reconnects),
		T(test_slow_peer_is_cut_off),
		T(test_strangers),
		T(test_too_many_peers),
		T(test_out_of_descriptors),
		T(test_close_on_exec),
		T(test_descriptors_stay_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
