/*
 * log: what a line looks like, what it never shows, and that nobody who reads
 * the log too slowly can hold the program up (F102).
 *
 * Not tested: terminals; a disk that is full; more secrets than there is room
 * for; two programs that fill one pipe in the same instant.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/log.h"

static int real_stderr; /* cmocka needs it */
static char got[65536];

static int
setup(void **state)
{
	(void)state;
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(60); /* a write that blocks fails the test */
	log_init("/usr/local/bin/tester");
	log_set_level(LOG_DEBUG);
	return real_stderr == -1 ? -1 : 0;
}

/* Standard error goes to fd until restore(). */
static void
redirect(int fd)
{
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
}

static void
restore(void)
{
	assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
}

/* What lies in a descriptor that does not block, as a string in got. */
static size_t
drain(int fd)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	return len;
}

/* One line into a file; what came out behind stage= and a blank. */
static const char *
line_of(
    enum log_level level, const char *msg, const struct log_field *f, size_t n)
{
	FILE *file = tmpfile();
	const char *p;

	assert_non_null(file);
	redirect(fileno(file));
	log_line(level, msg, f, n);
	restore();
	rewind(file);
	got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	if (*got == '\0')
		return got;
	p = strstr(got, " stage=tester ");
	assert_non_null(p);
	return p + strlen(" stage=tester ");
}

static const char *
value_of(const char *p, size_t n)
{
	const struct log_field f = LOG_MEM("v", p, n);

	return line_of(LOG_INFO, "m", &f, 1);
}

static void
test_shape(void **state)
{
	int64_t before = clock_wall_ms(), ms;
	const char *rest;

	(void)state;
	assert_string_equal(log_stage(), "tester");
	rest = line_of(LOG_INFO, "signal",
	    LOG_FIELDS(LOG_INT("number", 17), LOG_STR("action", "OPEN"),
		LOG_INT("low", INT64_MIN), LOG_MEM("sym", "BTCUSDT", 3)));
	assert_string_equal(rest,
	    "msg=\"signal\" number=17 action=OPEN "
	    "low=-9223372036854775808 sym=BTC\n");
	assert_memory_equal(got, "time=", 5);
	assert_int_equal(time_parse(got + 5, 24, &ms), 0);
	assert_true(ms >= before && ms <= clock_wall_ms());
	assert_memory_equal(got + 29, " level=info stage=tester ", 25);
	(void)line_of(LOG_DEBUG, "m", NULL, 0);
	assert_non_null(strstr(got, " level=debug "));
	(void)line_of(LOG_WARN, "m", NULL, 0);
	assert_non_null(strstr(got, " level=warn "));
	(void)line_of(LOG_ERROR, "m", NULL, 0);
	assert_non_null(strstr(got, " level=error "));
}

/* No value can forge a field or a line. */
static void
test_values(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain-1.5/x:y", "plain-1.5/x:y" },
		{ "", "\"\"" },
		{ "two words", "\"two words\"" },
		{ "a=b", "\"a=b\"" },
		{ "say \"x\"", "\"say \\\"x\\\"\"" },
		{ "back\\slash", "\"back\\\\slash\"" },
		{ "x\nlevel=error", "\"x\\x0Alevel=error\"" },
		{ "\x1b[31m", "\"\\x1B[31m\"" },
		{ "\x7f", "\"\\x7F\"" },
		{ "\xd0\x96\xe2\x82\xac\xf0\x9f\x93\x88",
		    "\xd0\x96\xe2\x82\xac\xf0\x9f\x93\x88" },
		{ "a\xff", "a\\xFF" },
		{ "\xc0\xaf", "\\xC0\\xAF" },
		{ "\xe0\x80\xaf", "\\xE0\\x80\\xAF" },
		{ "\xed\xa0\x80", "\\xED\\xA0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80" },
		{ "\xd0", "\\xD0" },
		{ "\xe2\x82", "\\xE2\\x82" },
		{ "\xc2\x85", "\\xC2\\x85" },
		{ "\xc2\xa9", "\xc2\xa9" },
	};
	char want[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(
		    want, sizeof(want), "msg=\"m\" v=%s\n", rows[i].out);
		assert_string_equal(
		    value_of(rows[i].in, strlen(rows[i].in)), want);
	}
	assert_string_equal(value_of("a\0b", 3), "msg=\"m\" v=\"a\\x00b\"\n");
	assert_string_equal(
	    line_of(LOG_INFO, "a\nb\"c", NULL, 0), "msg=\"a\\x0Ab\\\"c\"\n");
}

static void
test_levels(void **state)
{
	(void)state;
	log_set_level(LOG_WARN);
	assert_false(log_wants(LOG_INFO));
	assert_true(log_wants(LOG_WARN));
	assert_string_equal(line_of(LOG_INFO, "m", NULL, 0), "");
	assert_string_equal(line_of(LOG_WARN, "m", NULL, 0), "msg=\"m\"\n");
	log_set_level(LOG_DEBUG);
}

static void
test_errno_kept(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	errno = EXDEV;
	log_info("not shown", LOG_INT("n", 1));
	log_set_level(LOG_DEBUG);
	assert_int_equal(errno, EXDEV);
	close(STDERR_FILENO);
	errno = EXDEV;
	log_info("lost", LOG_INT("n", 1));
	assert_int_equal(errno, EXDEV);
	restore();
	/* Ends the count of what was dropped, for the tests that follow. */
	(void)line_of(LOG_INFO, "m", NULL, 0);
}

/* F35, F105: wherever it occurs, in a value or in the message. */
static void
test_secrets(void **state)
{
	(void)state;
	log_secret(NULL);
	log_secret("");
	log_secret("k9P$Xz83");
	log_secret("k9P$Xz83");
	log_secret("k9P$Xz83!vW@b");
	assert_string_equal(value_of("k9P$Xz83", 8), "msg=\"m\" v=***\n");
	assert_string_equal(value_of("https://h/botk9P$Xz83/sendMessage", 33),
	    "msg=\"m\" v=https://h/bot***/sendMessage\n");
	assert_string_equal(
	    value_of("k9P$Xz83k9P$Xz83", 16), "msg=\"m\" v=******\n");
	assert_string_equal(value_of("k9P$Xz8", 7), "msg=\"m\" v=k9P$Xz8\n");
	/* The longer of two that begin alike. */
	assert_string_equal(
	    value_of("x k9P$Xz83!vW@b y", 17), "msg=\"m\" v=\"x *** y\"\n");
	assert_string_equal(
	    line_of(LOG_INFO, "GET k9P$Xz83", NULL, 0), "msg=\"GET ***\"\n");
}

static void
test_long_lines(void **state)
{
	static char body[20000];
	struct log_field f = LOG_MEM("body", body, 4096);
	const char *p;

	(void)state;
	memset(body, 'x', sizeof(body));
	/* 4 KiB fit into a file's line. */
	p = line_of(LOG_DEBUG, "reply", &f, 1);
	assert_int_equal(strlen(p), strlen("msg=\"reply\" body=") + 4096 + 1);
	assert_null(strstr(got, "cut="));
	/* More is cut, inside of quotes too, and the line says so. */
	body[0] = ' ';
	f.len = sizeof(body);
	(void)line_of(LOG_DEBUG, "reply", &f, 1);
	assert_true(strlen(got) <= 8192 && strlen(got) > 8000);
	assert_string_equal(got + strlen(got) - 9, "x\" cut=1\n");
}

/* F102: a reader that is stopped, with the pipe full. */
static void
test_full_pipe(void **state)
{
	static char body[5000];
	const struct log_field f = LOG_MEM("body", body, sizeof(body));
	int fd[2], i;
	size_t len;
	char *p;

	(void)state;
	memset(body, 'x', sizeof(body));
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	redirect(fd[1]);
	log_line(LOG_INFO, "long", &f, 1);
	for (i = 0; i < 1000; i++)
		log_info("fill", LOG_INT("i", i));
	for (i = 0; i < 100; i++)
		log_line(LOG_INFO, "long", &f, 1);
	for (i = 0; i < 1000; i++)
		log_info("more", LOG_INT("i", i));
	restore();
	len = drain(fd[0]);
	assert_true(len > 32768 && len <= 65536);
	assert_int_equal(got[len - 1], '\n');
	/* Every line whole, none over what a pipe takes at once. */
	for (p = got; *p != '\0'; p = strchr(p, '\n') + 1) {
		assert_memory_equal(p, "time=", 5);
		assert_true(strchr(p, '\n') - p < PIPE_BUF);
	}
	redirect(fd[1]);
	log_info("after", LOG_INT("i", 1));
	restore();
	(void)drain(fd[0]);
	p = strstr(got, "msg=\"log lines dropped\" count=");
	assert_non_null(p);
	assert_non_null(strstr(p, "\n"));
	assert_non_null(strstr(p, "msg=\"after\" i=1\n"));
	redirect(fd[1]);
	log_info("again", LOG_INT("i", 1));
	restore();
	(void)drain(fd[0]);
	assert_null(strstr(got, "dropped"));
	close(fd[0]);
	/* Nobody reads any more: EPIPE, and no signal. */
	redirect(fd[1]);
	log_info("lost", LOG_INT("i", 1));
	restore();
	close(fd[1]);
	(void)line_of(LOG_INFO, "m", NULL, 0);
	assert_non_null(strstr(got, "msg=\"log lines dropped\" count=1\n"));
}

static void
test_full_socket(void **state)
{
	int fd[2], i;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	redirect(fd[1]);
	for (i = 0; i < 20000; i++)
		log_info("fill", LOG_INT("i", i));
	restore();
	close(fd[0]);
	close(fd[1]);
	(void)line_of(LOG_INFO, "m", NULL, 0);
	assert_non_null(strstr(got, "log lines dropped"));
}

static void
test_die(void **state)
{
	int fd[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)dup2(fd[1], STDERR_FILENO);
		die(EX_CONFIG, "unable to open '%s'", "x");
	}
	close(fd[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EX_CONFIG);
	(void)drain(fd[0]);
	close(fd[0]);
	assert_non_null(strstr(got,
	    "level=error stage=tester msg=\"unable to open 'x'\" exit=78\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_errno_kept),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_full_pipe),
		cmocka_unit_test(test_full_socket),
		cmocka_unit_test(test_die),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
