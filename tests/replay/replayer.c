/*
 * replayer: feed a recording to a program in other ways than at once, and
 * see that its journal of events stays the same.
 *
 *   replayer PROGRAM INPUT EVENTS FOLDER ROUNDS
 *
 * EVENTS holds the journal of one run over INPUT.  In FOLDER, which must be
 * empty, the program gets its states.  It is run over INPUT
 *   - a line at a time, each taken before the next is sent;
 *   - killed with SIGKILL when it has taken the first n lines, then again over
 *     all of INPUT, and over the lines from the n-th on, for up to ROUNDS
 *     different n.
 * What differs is said on standard error; the exit status is 0 or 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/num.h"
#include "common/store.h"

#define TAKEN_MS 60    /* a line that changes nothing shows nowhere */
#define START_MS 20000 /* the program has its state by then */
#define PATH_SIZE 4096

struct replay {
	const char *program, *folder;
	struct buf input, events;
	size_t *line; /* where each line starts; and the end */
	size_t lines;
};

static void
quit(const char *what)
{
	fprintf(stderr, "replayer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
slurp(struct buf *b, const char *path)
{
	char piece[65536];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		quit(path);
	buf_init(b, SIZE_MAX / 2);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_put(b, piece, (size_t)n);
	if (n == -1 || buf_cstr(b) == NULL)
		quit(path);
	(void)close(fd);
}

static void
split(struct replay *r)
{
	size_t cap = 2;

	for (size_t i = 0; i < r->input.len; i++)
		cap += r->input.p[i] == '\n';
	r->line = calloc(cap, sizeof(r->line[0]));
	if (r->line == NULL)
		quit("lines");
	for (size_t i = 0; i < r->input.len; i++)
		if (i == 0 || r->input.p[i - 1] == '\n')
			r->line[r->lines++] = i;
	r->line[r->lines] = r->input.len;
}

/* The program with a pipe to its standard input. */
static pid_t
start(const struct replay *r, const char *dir, int *to)
{
	int fds[2], null;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		quit("pipe");
	pid = fork();
	if (pid == -1)
		quit("fork");
	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		if (null == -1 || dup2(fds[0], 0) == -1 ||
		    dup2(null, 1) == -1 || dup2(null, 2) == -1)
			_exit(127);
		execl(r->program, r->program, "-d", dir, (char *)NULL);
		_exit(127);
	}
	(void)close(fds[0]);
	*to = fds[1];
	return pid;
}

static void
feed(const struct replay *r, int to, size_t first, size_t end)
{
	size_t at = r->line[first];

	while (at < r->line[end]) {
		ssize_t n = write(to, r->input.p + at, r->line[end] - at);

		if (n == -1 && errno == EPIPE)
			return; /* the program's journal will show it */
		if (n == -1)
			quit("write");
		at += (size_t)n;
	}
}

static void
finish(pid_t pid, int to)
{
	int status;

	(void)close(to);
	if (waitpid(pid, &status, 0) == -1)
		quit("waitpid");
	if (!WIFEXITED(status)) {
		fprintf(stderr, "replayer: the program died of signal %d\n",
		    WTERMSIG(status));
		exit(1);
	}
}

/*
 * The state of a running program, open for reading.  A store cannot be opened
 * twice in a process, so it is closed again each time.
 */
static struct store *
look(const char *dir)
{
	static const char *const tables[] = { "events", "health", NULL };
	struct store_opts o = { .dir = dir,
		.stage = "differ",
		.tables = tables,
		.schema = 1,
		.map_size = (int64_t)4 << 30,
		.mode = STORE_READ };
	struct store *s = NULL;
	char why[512];

	return store_open(&s, &o, why, sizeof(why)) == STORE_OK ? s : NULL;
}

static int
find_lines(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	static const char label[] = "\"lines\":";
	const char *at = memmem(val, vlen, label, sizeof(label) - 1);
	size_t n = 0;

	(void)key;
	(void)klen;
	if (at == NULL)
		return 0;
	at += sizeof(label) - 1;
	while (at + n < val + vlen && at[n] >= '0' && at[n] <= '9')
		n++;
	(void)num_parse(at, n, 0, INT64_MAX, arg);
	return 0;
}

/* Lines that the program has taken and committed; -1 while it has no state. */
static int64_t
taken(const char *dir)
{
	struct store *s = look(dir);
	struct store_txn *t;
	int64_t lines = -1;

	if (s == NULL)
		return -1;
	if (store_begin(s, 0, &t) == STORE_OK) {
		(void)store_scan(t, "health", NULL, 0, find_lines, &lines);
		store_abort(t);
	}
	store_close(s);
	return lines;
}

/* Wait until n lines are taken, as far as that can be seen. */
static void
wait_taken(const char *dir, int to, int64_t n)
{
	int64_t begin = clock_mono_ms(), now, since = 0;
	int unread;

	for (;;) {
		int64_t have = taken(dir);

		if (have >= n)
			return;
		now = clock_mono_ms();
		if (ioctl(to, FIONREAD, &unread) == -1)
			unread = 0;
		if (since == 0 && have >= 0 && unread == 0)
			since = now;
		if ((since != 0 && now - since >= TAKEN_MS) ||
		    now - begin >= START_MS)
			return;
		(void)poll(NULL, 0, 1);
	}
}

static int
put_event(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	(void)key;
	(void)klen;
	buf_put(arg, val, vlen);
	buf_putc(arg, '\n');
	return 0;
}

/* 0 where the journal in dir is as it should be; else 1, and it is shown. */
static int
compare(const struct replay *r, const char *dir, const char *how)
{
	struct store *s = look(dir);
	struct store_txn *t;
	struct buf b;
	int differs;

	buf_init(&b, SIZE_MAX / 2);
	if (s != NULL && store_begin(s, 0, &t) == STORE_OK) {
		(void)store_scan(t, "events", NULL, 0, put_event, &b);
		store_abort(t);
	}
	store_close(s);
	differs = b.len != r->events.len ||
	    (b.len > 0 && memcmp(b.p, r->events.p, b.len) != 0);
	if (differs)
		fprintf(stderr, "%s: other events:\n%s", how, buf_cstr(&b));
	buf_release(&b);
	return differs;
}

static void
make_folder(const struct replay *r, const char *name, char path[PATH_SIZE])
{
	int n = snprintf(path, PATH_SIZE, "%s/%s", r->folder, name);

	if (n < 0 || n >= PATH_SIZE || mkdir(path, 0700) == -1)
		quit(name);
}

static int
run_stepwise(const struct replay *r)
{
	char dir[PATH_SIZE];
	int to;
	pid_t pid;

	make_folder(r, "stepwise", dir);
	pid = start(r, dir, &to);
	for (size_t i = 0; i < r->lines; i++) {
		feed(r, to, i, i + 1);
		wait_taken(dir, to, (int64_t)i + 1);
	}
	finish(pid, to);
	return compare(r, dir, "a line at a time");
}

static void
run_killed(const struct replay *r, const char *dir, size_t n)
{
	int to;
	pid_t pid = start(r, dir, &to);

	feed(r, to, 0, n);
	wait_taken(dir, to, (int64_t)n);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)close(to);
}

static int
run_again(const struct replay *r, size_t n, size_t from)
{
	char dir[PATH_SIZE], name[64], how[96];
	int to;
	pid_t pid;

	(void)snprintf(name, sizeof(name), "killed-%zu-%zu", n, from);
	(void)snprintf(how, sizeof(how),
	    "killed after %zu lines, then fed from line %zu on", n, from + 1);
	make_folder(r, name, dir);
	run_killed(r, dir, n);
	pid = start(r, dir, &to);
	feed(r, to, from, r->lines);
	finish(pid, to);
	return compare(r, dir, how);
}

int
main(int argc, char *argv[])
{
	struct replay r = { 0 };
	int64_t rounds;
	int bad;

	if (argc != 6 ||
	    num_parse(argv[5], strlen(argv[5]), 0, 1000000, &rounds) == -1) {
		fprintf(stderr,
		    "usage: replayer PROGRAM INPUT EVENTS FOLDER "
		    "ROUNDS\n");
		return 64;
	}
	r.program = argv[1];
	r.folder = argv[4];
	slurp(&r.input, argv[2]);
	slurp(&r.events, argv[3]);
	split(&r);
	(void)signal(SIGPIPE, SIG_IGN);
	bad = run_stepwise(&r);
	for (size_t i = 1; i <= (size_t)rounds && i < r.lines; i++) {
		size_t n = r.lines - 1 <= (size_t)rounds
		    ? i
		    : 1 + (r.lines - 2) * i / (size_t)rounds;

		bad |= run_again(&r, n, 0);
		bad |= run_again(&r, n, n);
	}
	buf_release(&r.input);
	buf_release(&r.events);
	free(r.line);
	return bad != 0;
}
