/*
 * sig: signals seen by a loop, and the second one that ends it.
 *
 * Not tested: more signals than the pipe holds bytes.
 */
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/sig.h"

static int
readable(void)
{
	struct pollfd pfd = { .fd = sig_fd(), .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

/* Run fn in a process of its own; its wait status, standard error in text. */
static int
in_child(int (*fn)(void), char *text, size_t size)
{
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)alarm(30);
		(void)dup2(fd[1], STDERR_FILENO);
		_exit(fn());
	}
	close(fd[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	n = read(fd[0], text, size - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd[0]);
	return status;
}

static int
first_signal(void)
{
	if (sig_init() == -1 || readable() || sig_stop() || sig_hup())
		return 1;
	(void)raise(SIGTERM);
	if (!readable() || !sig_stop())
		return 2;
	/* Emptied; the answer stays. */
	if (readable() || !sig_stop())
		return 3;
	return 0;
}

static int
hang_up(void)
{
	if (sig_init() == -1)
		return 1;
	(void)raise(SIGHUP);
	(void)raise(SIGHUP);
	if (!readable() || sig_stop() || readable())
		return 2;
	if (!sig_hup() || sig_hup())
		return 3;
	(void)raise(SIGHUP);
	return sig_hup() ? 0 : 4;
}

/* F92: writing into a pipe that nobody reads is an error, no death. */
static int
broken_pipe(void)
{
	int fd[2];

	(void)signal(SIGPIPE, SIG_DFL);
	if (sig_init() == -1 || pipe(fd) == -1)
		return 1;
	close(fd[0]);
	if (write(fd[1], "x", 1) != -1 || errno != EPIPE)
		return 2;
	return 0;
}

static int
second_signal(void)
{
	if (sig_init() == -1)
		return 1;
	(void)raise(SIGINT);
	(void)raise(SIGTERM);
	return 2;
}

/* The same with a standard error that takes nothing more. */
static int
second_signal_log_full(void)
{
	int fd[2];

	if (sig_init() == -1 || pipe(fd) == -1)
		return 1;
	(void)dup2(fd[1], STDERR_FILENO);
	for (;;) {
		struct pollfd pfd = { .fd = fd[1], .events = POLLOUT };

		if (poll(&pfd, 1, 0) != 1)
			break;
		(void)!write(fd[1], "x", 1);
	}
	(void)raise(SIGTERM);
	(void)raise(SIGTERM);
	return 2;
}

static int
signal_keeps_errno(void)
{
	if (sig_init() == -1)
		return 1;
	errno = EXDEV;
	(void)raise(SIGHUP);
	return errno == EXDEV ? 0 : 2;
}

static void
test_all(void **state)
{
	static const struct {
		int (*fn)(void);
		int code;
		const char *says;
	} rows[] = {
		{ first_signal, 0, "" },
		{ hang_up, 0, "" },
		{ broken_pipe, 0, "" },
		{ signal_keeps_errno, 0, "" },
		{ second_signal, EX_TEMPFAIL,
		    "level=warn stage=sluice msg=\"second signal: leaving at "
		    "once, work under way is cut off\"\n" },
		{ second_signal_log_full, EX_TEMPFAIL, "" },
	};
	char text[256];
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		status = in_child(rows[i].fn, text, sizeof(text));
		if (!WIFEXITED(status) || WEXITSTATUS(status) != rows[i].code)
			fail_msg("row %zu: status %x", i, (unsigned)status);
		if (*rows[i].says != '\0') {
			/* time=2026-11-21T10:30:00.123Z and a blank. */
			assert_memory_equal(text, "time=", 5);
			assert_string_equal(text + 30, rows[i].says);
		} else
			assert_string_equal(text, "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
