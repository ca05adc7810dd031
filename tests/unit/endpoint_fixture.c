#include "tests/unit/endpoint_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/scratch.h"

char dir[SCRATCH_SIZE];
char path[80];
char endpoint[96];
char err[512];
static int saved_in, saved_out;

int
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

int
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

void
pause_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&t, NULL);
}

int
pipe_to_stdin(void)
{
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(dup2(p[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(p[0]);
	return p[1];
}

int
pipe_from_stdout(void)
{
	int p[2];

	(void)fflush(stdout);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(dup2(p[1], STDOUT_FILENO), STDOUT_FILENO);
	(void)close(p[1]);
	return p[0];
}

void
back_to_stdout(void)
{
	(void)dup2(saved_out, STDOUT_FILENO);
}

struct input *
open_in(const char *name)
{
	struct input *in;

	in = input_open(name, err, sizeof(err));
	if (in == NULL)
		fail_msg("input_open: %s", err);
	return in;
}

struct output *
open_out(enum output_policy policy, const char *name)
{
	struct output *out;

	out = output_new(policy);
	assert_non_null(out);
	if (output_add(out, name, err, sizeof(err)) == -1)
		fail_msg("output_add: %s", err);
	return out;
}

void
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

enum input_status
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

void
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

void
expect_line(struct input *in, const char *text, const char *from)
{
	struct input_line l;

	assert_int_equal(next(in, &l), INPUT_LINE);
	assert_int_equal(l.len, strlen(text));
	assert_memory_equal(l.text, text, l.len);
	if (from != NULL)
		assert_string_equal(l.from, from);
}

int
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

int
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

pid_t
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

void
finish(pid_t pid, int want)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, want);
}
