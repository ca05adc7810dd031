#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/store.h"
#include "tests/unit/scratch.h"

const char *const tables[] = { "events", "positions", NULL };
char dir[256];
char state[300];
char err[512];
long fake_fs;

int
statfs(const char *path, struct statfs *out)
{
	long rc = syscall(SYS_statfs, path, out);

	if (rc == 0 && fake_fs != 0)
		out->f_type = fake_fs;
	return (int)rc;
}

int fail_shared;
int fail_lstat;

int
lstat(const char *path, struct stat *out)
{
	size_t len = strlen(path);

	if (fail_lstat && len > 4 && strcmp(path + len - 4, ".mdb") == 0) {
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(
	    SYS_newfstatat, AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (fail_shared && cmd == F_OFD_SETLK &&
	    ((const struct flock *)arg)->l_type == F_RDLCK) {
		errno = ENOLCK;
		return -1;
	}
	return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

struct store_opts
opts(enum store_mode mode)
{
	return (struct store_opts){ .dir = state,
		.stage = "differ",
		.tables = tables,
		.schema = 1,
		.map_size = 8 * MIB,
		.mode = mode };
}

struct store *
must_open(const struct store_opts *o)
{
	struct store *s = NULL;

	if (store_open(&s, o, err, sizeof(err)) != STORE_OK)
		fail_msg("store_open: %s", err);
	return s;
}

struct store *
open_mode(enum store_mode mode)
{
	struct store_opts o = opts(mode);

	return must_open(&o);
}

void
refused(const struct store_opts *o, enum store_error e, const char *words)
{
	struct store *s = NULL;

	err[0] = '\0';
	assert_int_equal(store_open(&s, o, err, sizeof(err)), e);
	assert_null(s);
	if (strstr(err, words) == NULL)
		fail_msg("'%s' does not say '%s'", err, words);
}

enum store_error
put(struct store *s, const char *table, uint64_t n, const void *val, size_t len)
{
	struct store_txn *t;
	struct store_key k;
	enum store_error e;

	e = store_begin(s, 1, &t);
	if (e != STORE_OK)
		return e;
	store_key_init(&k);
	store_key_u64(&k, n);
	(void)store_put(t, table, k.p, k.len, val, len);
	return store_commit(t);
}

char *
path(const char *name)
{
	static char p[2][600];
	static int next;

	next = !next;
	(void)snprintf(p[next], sizeof(p[next]), "%s/%s", state, name);
	return p[next];
}

int
setup(void **arg)
{
	const char *tmp = getenv("TMPDIR");

	(void)arg;
	/* A test that waits for ever has failed. */
	(void)alarm(60);
	fake_fs = fail_shared = fail_lstat = 0;
	(void)umask(022);
	(void)snprintf(dir, sizeof(dir), "%s/sluice-store.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(state, sizeof(state), "%s/state", dir);
	return 0;
}

int
teardown(void **arg)
{
	(void)arg;
	return scratch_remove(dir);
}

pid_t
child(void (*fn)(int ready))
{
	int p[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(p[0]);
		fn(p[1]);
		_exit(0);
	}
	(void)close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 1);
	(void)close(p[0]);
	return pid;
}

int
finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

void
end_child(pid_t pid)
{
	(void)kill(pid, SIGCONT);
	(void)kill(pid, SIGKILL);
	(void)finish(pid);
}

struct store *
child_open(enum store_mode mode)
{
	struct store_opts o = opts(mode);
	struct store *s = NULL;

	if (store_open(&s, &o, err, sizeof(err)) != STORE_OK)
		_exit(3);
	return s;
}

void
tell(int ready)
{
	if (write(ready, "r", 1) != 1)
		_exit(4);
}

void
own_and_wait(int ready)
{
	(void)child_open(STORE_OWN);
	tell(ready);
	for (;;)
		(void)pause();
}

void
write_for_ever(int ready)
{
	struct store *s = child_open(STORE_OWN);
	enum store_error e;
	uint64_t n;

	for (n = 1;; n++) {
		e = put(s, "events", n % 100, "value", 5);
		if (n == 1)
			tell(ready);
		/* The one honest end: its files are not in place any more. */
		if (e != STORE_OK)
			_exit(e == STORE_BAD ? 0 : 5);
	}
}

off_t
data_size(void)
{
	struct stat st;

	assert_int_equal(stat(path("differ.mdb"), &st), 0);
	return st.st_size;
}

void
fill_some(struct store *s)
{
	char val[9000];
	uint64_t n;

	memset(val, '{', sizeof(val));
	for (n = 0; n < 60; n++)
		assert_int_equal(
		    put(s, "events", n, val, n % 7 == 0 ? sizeof(val) : 300),
		    STORE_OK);
}
