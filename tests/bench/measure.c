/*
 * measure: run a program to its end and print what it took.
 *
 *   measure [-i FILE] [-o FILE] COMMAND [ARG ...]
 *   measure -l FILE COMMAND [ARG ...]
 *
 * The first form prints "WALL_US PEAK_KIB CPU_US": microseconds from fork to
 * end, the largest resident size by the kernel's own account, and its time on
 * a processor, the kernel's for it included.  -i and -o redirect
 * its standard input and output.  The second form writes the lines of FILE to
 * the command one by one, each after the answer to the one before has come,
 * and prints "P50_US P99_US" of one line's way in and out.  This program is
 * small, so what it weighs before exec does not count.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/line.h"

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(EX_OSERR);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* in and out become the child's; -1 leaves them as they are. */
static pid_t
start(char *argv[], int in, int out)
{
	pid_t pid = fork();

	if (pid == -1)
		fail("fork");
	if (pid == 0) {
		if ((in != -1 && dup2(in, STDIN_FILENO) == -1) ||
		    (out != -1 && dup2(out, STDOUT_FILENO) == -1))
			_exit(EX_OSERR);
		execvp(argv[0], argv);
		_exit(EX_UNAVAILABLE);
	}
	return pid;
}

static void
finish(pid_t pid, struct rusage *usage)
{
	int status;

	if (wait4(pid, &status, 0, usage) == -1)
		fail("wait");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "measure: the command failed (status %d)\n",
		    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
		exit(EX_SOFTWARE);
	}
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int
latency(const char *name, char *argv[])
{
	struct line_reader in, answers;
	size_t n = 0, cap = 0, len, alen;
	int to[2], from[2], fd;
	uint64_t *us = NULL, t;
	char *line, *answer;
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
		fail("pipe");
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		fail(name);
	pid = start(argv, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	line_init(&in, 4u << 20);
	line_init(&answers, 4u << 20);
	for (;;) {
		enum line_status st = line_next(&in, &line, &len);

		if (st == LINE_MORE) {
			if (line_fill(&in, fd) == -1)
				fail(name);
			continue;
		}
		if (st != LINE_OK)
			break;
		line[len] = '\n';
		t = now_us();
		if (write(to[1], line, len + 1) != (ssize_t)len + 1)
			fail("write");
		while (line_next(&answers, &answer, &alen) != LINE_OK)
			if (line_fill(&answers, from[0]) <= 0)
				fail("the command gave no answer");
		if (n == cap) {
			cap = cap == 0 ? 1024 : 2 * cap;
			us = realloc(us, cap * sizeof(*us));
			if (us == NULL)
				fail("realloc");
		}
		us[n++] = now_us() - t;
	}
	close(to[1]);
	finish(pid, NULL);
	if (n == 0) {
		fprintf(stderr, "measure: no line in %s\n", name);
		return EX_DATAERR;
	}
	qsort(us, n, sizeof(*us), by_size);
	printf("%" PRIu64 " %" PRIu64 "\n", us[n / 2], us[n * 99 / 100]);
	free(us);
	return EX_OK;
}

static int64_t
us_of(struct timeval t)
{
	return t.tv_sec * INT64_C(1000000) + t.tv_usec;
}

int
main(int argc, char *argv[])
{
	int ch, in = -1, out = -1;
	const char *lines = NULL;
	struct rusage usage;
	uint64_t t;

	while ((ch = getopt(argc, argv, "+i:l:o:")) != -1)
		switch (ch) {
		case 'i':
			in = open(optarg, O_RDONLY | O_CLOEXEC);
			if (in == -1)
				fail(optarg);
			break;
		case 'l':
			lines = optarg;
			break;
		case 'o':
			out = open(optarg,
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
			if (out == -1)
				fail(optarg);
			break;
		default:
			argc = 0;
		}
	if (optind >= argc) {
		fprintf(stderr,
		    "usage: measure [-i file] [-o file] command\n"
		    "       measure -l file command\n");
		return EX_USAGE;
	}
	if (lines != NULL)
		return latency(lines, &argv[optind]);
	t = now_us();
	finish(start(&argv[optind], in, out), &usage);
	t = now_us() - t;
	printf("%" PRIu64 " %ld %" PRId64 "\n", t, usage.ru_maxrss,
	    us_of(usage.ru_utime) + us_of(usage.ru_stime));
	return EX_OK;
}
