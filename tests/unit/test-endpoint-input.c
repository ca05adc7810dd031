/*
 * Inputs that are sockets: modes, leftovers, many peers at once and in turn,
 * peers that die inside a line, strangers, too many (F41, F94, F98).
 *
 * Not tested: a full disk under a socket's folder, more than one level of
 * epoll sets around the descriptor.
 */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/limits.h"
#include "tests/unit/endpoint_fixture.h"

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
	char lock[96], new[96], who[32];
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
	/* It may also have died before its socket had its name. */
	(void)snprintf(new, sizeof(new), "%s~", path);
	assert_int_equal(link(path, new), 0);
	input_close(open_in(endpoint));
	assert_int_equal(lstat(path, &st), -1);
	assert_int_equal(lstat(new, &st), -1);

	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)close(fd);
	assert_null(input_open(endpoint, err, sizeof(err)));
	assert_non_null(strstr(err, "something other than a socket"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_null(input_open(endpoint, err, sizeof(err)));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", lock), 0);
	assert_null(input_open(endpoint, err, sizeof(err)));
	assert_int_equal(unlink(lock), 0);

	assert_null(input_open("unix:no/such/socket", err, sizeof(err)));
	assert_non_null(strstr(err, "make its folder first"));

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
			do
				expect_nothing(in);
			while ((said = input_notice(in)) == NULL);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_socket_modes),
		T(test_socket_leftovers),
		T(test_socket_lines),
		T(test_peer_that_dies_inside_a_line),
		T(test_four_writers),
		T(test_turns),
		T(test_strangers),
		T(test_too_many_peers),
		T(test_out_of_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
