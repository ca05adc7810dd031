/*
 * The store: who may open what, transactions, full maps and disks, damaged
 * files, second instances, stopped and killed processes (F15, F72 to F84).
 *
 * Not tested: power loss (commits are synchronous, which store-sync.sh sees),
 * other file systems than that of TMPDIR beside a full tmpfs, two pid
 * namespaces (F77: tests/e2e/pid-namespaces.sh).
 */
#include "common/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/lockfile.h"
#include "tests/unit/scratch.h"

#define MIB (1 << 20)

static const char *const tables[] = { "events", "positions", NULL };
static char dir[256]; /* of the test; the state folder is dir/state */
static char state[300];
static char err[512];

/* What statfs says of the state folder's file system; 0: the truth. */
static long fake_fs;

int
statfs(const char *path, struct statfs *out)
{
	long rc = syscall(SYS_statfs, path, out);

	if (rc == 0 && fake_fs != 0)
		out->f_type = fake_fs;
	return (int)rc;
}

/* Locks that are shared with others cannot be had. */
static int fail_shared;

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

static struct store_opts
opts(enum store_mode mode)
{
	return (struct store_opts){ .dir = state,
		.stage = "differ",
		.tables = tables,
		.schema = 1,
		.map_size = 8 * MIB,
		.mode = mode };
}

static struct store *
must_open(const struct store_opts *o)
{
	struct store *s = NULL;

	if (store_open(&s, o, err, sizeof(err)) != STORE_OK)
		fail_msg("store_open: %s", err);
	return s;
}

static struct store *
open_mode(enum store_mode mode)
{
	struct store_opts o = opts(mode);

	return must_open(&o);
}

static void
refused(const struct store_opts *o, enum store_error e, const char *words)
{
	struct store *s = NULL;

	err[0] = '\0';
	assert_int_equal(store_open(&s, o, err, sizeof(err)), e);
	assert_null(s);
	if (strstr(err, words) == NULL)
		fail_msg("'%s' does not say '%s'", err, words);
}

static enum store_error
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

static char *
path(const char *name)
{
	static char p[2][600];
	static int next;

	next = !next;
	(void)snprintf(p[next], sizeof(p[next]), "%s/%s", state, name);
	return p[next];
}

static int
setup(void **arg)
{
	const char *tmp = getenv("TMPDIR");

	(void)arg;
	/* A test that waits for ever has failed. */
	(void)alarm(60);
	fake_fs = fail_shared = 0;
	(void)umask(022);
	(void)snprintf(dir, sizeof(dir), "%s/sluice-store.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(state, sizeof(state), "%s/state", dir);
	return 0;
}

static int
teardown(void **arg)
{
	(void)arg;
	return scratch_remove(dir);
}

/* Run fn in a child that says one byte when it is where it should be. */
static pid_t
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

static int
finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
end_child(pid_t pid)
{
	(void)kill(pid, SIGCONT);
	(void)kill(pid, SIGKILL);
	(void)finish(pid);
}

static struct store *
child_open(enum store_mode mode)
{
	struct store_opts o = opts(mode);
	struct store *s = NULL;

	if (store_open(&s, &o, err, sizeof(err)) != STORE_OK)
		_exit(3);
	return s;
}

static void
tell(int ready)
{
	if (write(ready, "r", 1) != 1)
		_exit(4);
}

static void
own_and_wait(int ready)
{
	(void)child_open(STORE_OWN);
	tell(ready);
	for (;;)
		(void)pause();
}

static void
test_round_trip(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	const char *val;
	struct store_txn *t;
	struct store_key k;
	const void *key;
	size_t klen, vlen;

	(void)arg;
	assert_int_equal(put(s, "events", 2, "two", 3), STORE_OK);
	assert_int_equal(put(s, "events", 1, "one", 3), STORE_OK);
	assert_int_equal(put(s, "events", 300, "many", 4), STORE_OK);
	store_close(s);

	s = open_mode(STORE_READ);
	assert_int_equal(scratch_rows(s, "events"), 3);
	assert_int_equal(scratch_rows(s, "positions"), 0);
	assert_int_equal(store_begin(s, 0, &t), STORE_OK);
	store_key_init(&k);
	store_key_u64(&k, 2);
	assert_int_equal(
	    store_get(t, "events", k.p, k.len, &val, &vlen), STORE_OK);
	assert_int_equal(vlen, 3);
	assert_memory_equal(val, "two", 3);
	assert_int_equal(
	    store_last(t, "events", &key, &klen, &val, &vlen), STORE_OK);
	assert_int_equal(klen, 8);
	assert_true(store_key_get_u64(key) == 300);
	assert_int_equal(store_last(t, "positions", &key, &klen, &val, &vlen),
	    STORE_NOTFOUND);
	assert_int_equal(
	    store_get(t, "nothing", k.p, k.len, &val, &vlen), STORE_NOTFOUND);
	store_abort(t);
	store_close(s);
}

static void
test_delete_and_abort(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	struct store_txn *t;
	struct store_key k;

	(void)arg;
	store_key_init(&k);
	store_key_u64(&k, 7);
	assert_int_equal(put(s, "events", 7, "x", 1), STORE_OK);
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	assert_int_equal(store_del(t, "events", k.p, k.len), STORE_OK);
	assert_int_equal(store_del(t, "events", k.p, k.len), STORE_NOTFOUND);
	store_abort(t);
	assert_int_equal(scratch_rows(s, "events"), 1);
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	assert_int_equal(store_del(t, "events", k.p, k.len), STORE_OK);
	assert_int_equal(store_del(t, "events", k.p, k.len), STORE_NOTFOUND);
	assert_int_equal(store_commit(t), STORE_OK);
	assert_int_equal(scratch_rows(s, "events"), 0);
	store_close(s);
}

static void
test_one_transaction_at_a_time(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	struct store_txn *t, *u;

	(void)arg;
	assert_int_equal(store_begin(s, 0, &t), STORE_OK);
	assert_int_equal(store_begin(s, 0, &u), STORE_FAIL);
	assert_int_equal(store_begin(s, 1, &u), STORE_FAIL);
	store_abort(t);
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	store_abort(t);
	store_abort(NULL);
	store_close(s);
	store_close(NULL);
}

static int
stop_at_b(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	(void)klen, (void)val, (void)vlen;
	(*(int *)arg)++;
	return strcmp(key, "b") == 0;
}

static void
test_keys_sort_by_their_parts(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	static const char *const names[] = { "a", "ab", "b", "c" };
	struct store_txn *t;
	struct store_key k;
	char longest[512];
	size_t i;
	int n = 0;

	(void)arg;
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	for (i = 0; i < 4; i++) {
		store_key_init(&k);
		store_key_str(&k, names[i]);
		store_key_u64(&k, 1);
		assert_int_equal(
		    store_put(t, "events", k.p, k.len, "v", 1), STORE_OK);
	}
	assert_int_equal(store_commit(t), STORE_OK);
	assert_int_equal(store_begin(s, 0, &t), STORE_OK);
	/* From "ab": it and "b", where the walk ends. */
	store_key_init(&k);
	store_key_str(&k, "ab");
	assert_int_equal(
	    store_scan(t, "events", k.p, k.len, stop_at_b, &n), STORE_OK);
	assert_int_equal(n, 2);
	store_abort(t);

	memset(longest, 'x', sizeof(longest));
	store_key_init(&k);
	store_key_mem(&k, longest, 510);
	assert_false(k.failed);
	assert_int_equal(k.len, 511);
	store_key_u64(&k, 1);
	assert_true(k.failed);
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	assert_int_not_equal(
	    store_put(t, "events", k.p, k.len, "v", 1), STORE_OK);
	assert_int_not_equal(store_commit(t), STORE_OK);
	store_key_init(&k);
	store_key_mem(&k, "a\0b", 3);
	assert_true(k.failed);
	store_close(s);
}

/* Files and folder are for their owner alone, whatever the umask. */
static void
test_modes(void **arg)
{
	static const struct {
		mode_t folder, data, lock;
	} want[] = { { 0700, 0600, 0600 }, { 02750, 0640, 0660 } };
	struct stat st;
	size_t i;

	(void)arg;
	for (i = 0; i < 2; i++) {
		(void)umask(i == 0 ? 0 : 077);
		(void)scratch_remove(state);
		if (i == 1) {
			assert_int_equal(mkdir(state, 0750), 0);
			assert_int_equal(chmod(state, 02750), 0);
		}
		store_close(open_mode(STORE_OWN));
		assert_int_equal(stat(state, &st), 0);
		assert_int_equal(st.st_mode & 07777, want[i].folder);
		assert_int_equal(stat(path("differ.mdb"), &st), 0);
		assert_int_equal(st.st_mode & 07777, want[i].data);
		assert_int_equal(stat(path("differ.mdb-lock"), &st), 0);
		assert_int_equal(st.st_mode & 07777, want[i].lock);
		assert_int_equal(stat(path("differ.lock"), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(access(path("differ.new"), F_OK), -1);
	}
}

/* F104: nothing of the store is inherited by a program that is started. */
/* Who cannot let others in keeps nobody out: it does not start. */
static void
test_others_cannot_be_let_in(void **arg)
{
	struct store_opts o = opts(STORE_OWN);

	(void)arg;
	store_close(open_mode(STORE_OWN));
	fail_shared = 1;
	refused(&o, STORE_FAIL, "unable to let others read");
	fail_shared = 0;
	store_close(open_mode(STORE_READ));
}

static void
test_close_on_exec(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	char link[64], target[600];
	int fd, seen = 0;
	ssize_t n;

	(void)arg;
	for (fd = 3; fd < 64; fd++) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n == -1)
			continue;
		target[n] = '\0';
		if (strncmp(target, state, strlen(state)) != 0)
			continue;
		seen++;
		if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			fail_msg("%s is inherited", target);
	}
	assert_true(seen >= 4);
	store_close(s);
}

/* F84: whose folder, and what it is. */
static void
test_folder_is_checked(void **arg)
{
	struct store_opts own = opts(STORE_OWN), rd = opts(STORE_READ);

	(void)arg;
	refused(&rd, STORE_NOTFOUND, state);
	assert_int_equal(access(state, F_OK), -1);

	assert_int_equal(symlink(".", state), 0);
	refused(&own, STORE_BAD, "symbolic link");
	(void)strcat(state, "/");
	refused(&own, STORE_BAD, "symbolic link");
	state[strlen(state) - 1] = '\0';
	assert_int_equal(unlink(state), 0);

	assert_int_equal(mkdir(state, 0700), 0);
	assert_int_equal(chmod(state, 0777), 0);
	refused(&own, STORE_BAD, "chmod 700");
	assert_int_equal(chmod(state, 0770), 0);
	refused(&own, STORE_BAD, "chmod 700");
	assert_int_equal(chmod(state, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(state, 4711, 4711), 0);
		refused(&own, STORE_BAD, "belongs to uid 4711");
		refused(&rd, STORE_NOTFOUND, "differ.mdb");
		assert_int_equal(chown(state, 0, 0), 0);
	}
	assert_int_equal(symlink("elsewhere", path("differ.mdb")), 0);
	refused(&own, STORE_BAD, "symbolic link");
	assert_int_equal(unlink(path("differ.mdb")), 0);
	assert_int_equal(mkdir(path("differ.mdb"), 0700), 0);
	refused(&own, STORE_FAIL, "directory");
	assert_int_equal(rmdir(path("differ.mdb")), 0);
	assert_int_equal(mkfifo(path("differ.mdb"), 0600), 0);
	refused(&own, STORE_BAD, "no regular file");
}

/* F80 */
static void
test_network_file_systems_are_refused(void **arg)
{
	static const long refuse[] = { 0x6969, 0x517b, 0xff534d42, 0xfe534d42,
		0x65735546, 0x01021997 };
	static const long take[] = { 0xef53, 0x58465342, 0x01021994,
		0x9123683e };
	struct store_opts o = opts(STORE_OWN);
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(refuse) / sizeof(refuse[0]); i++) {
		fake_fs = refuse[i];
		refused(&o, STORE_BAD, "use a local disk");
	}
	for (i = 0; i < sizeof(take) / sizeof(take[0]); i++) {
		fake_fs = take[i];
		store_close(must_open(&o));
	}
}

/* F78, F84: another schema, size or stage. */
static void
test_other_schema_size_or_stage(void **arg)
{
	struct store_opts o = opts(STORE_OWN), rd = opts(STORE_READ);
	char other[600];
	pid_t pid;

	(void)arg;
	store_close(must_open(&o));
	o.schema = 2;
	refused(&o, STORE_BAD, "has schema 1, this program expects 2");
	o.schema = 1;
	rd.map_size = 4 * MIB;
	refused(&rd, STORE_BAD, "has a map of 8388608 bytes");
	rd.map_size = 0;
	rd.schema = 0;
	rd.tables = NULL;
	store_close(must_open(&rd));

	/* The owner alone may change the size; beside a reader it may not. */
	pid = child(own_and_wait);
	rd.map_size = 16 * MIB;
	refused(&rd, STORE_BAD, "has a map of 8388608 bytes");
	rd.mode = STORE_SHARED;
	rd.schema = 1;
	rd.tables = tables;
	refused(&rd, STORE_BAD, "has a map of 8388608 bytes");
	end_child(pid);
	o.map_size = 16 * MIB;
	store_close(must_open(&o));
	o.map_size = 8 * MIB;
	rd = opts(STORE_READ);
	refused(&rd, STORE_BAD, "has a map of 16777216 bytes");
	store_close(must_open(&o));
	store_close(must_open(&rd));

	(void)snprintf(other, sizeof(other), "%s/notifier.mdb", state);
	assert_int_equal(rename(path("differ.mdb"), other), 0);
	o.stage = "notifier";
	refused(&o, STORE_BAD, "holds the state of differ, expected notifier");
}

static void
test_size_beside_a_reader(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	struct store *s;
	pid_t pid;

	(void)arg;
	store_close(must_open(&o));
	s = open_mode(STORE_READ);
	pid = fork();
	if (pid == 0) {
		o.map_size = 16 * MIB;
		/* The parent's handle is not the child's: a fresh program. */
		_exit(store_open(&s, &o, err, sizeof(err)) == STORE_BAD &&
			    strstr(err, "while none runs") != NULL
			? 0
			: 1);
	}
	assert_int_equal(finish(pid), 0);
	store_close(s);
}

/* F15, F69: a second instance, also while the first is stopped. */
static void
test_second_instance(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	char who[64];
	pid_t pid;

	(void)arg;
	pid = child(own_and_wait);
	(void)snprintf(who, sizeof(who), "held by pid %ld", (long)pid);
	refused(&o, STORE_BUSY, who);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	refused(&o, STORE_BUSY, who);
	end_child(pid);
	store_close(must_open(&o));
}

/* Whether a stage lives: stopped it does, killed it does not. */
static void
test_owned(void **arg)
{
	struct store *s;
	pid_t pid;

	(void)arg;
	pid = child(own_and_wait);
	s = open_mode(STORE_READ);
	assert_int_equal(store_owned(s), 1);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(store_owned(s), 1);
	end_child(pid);
	assert_int_equal(store_owned(s), 0);
	store_close(s);
	s = open_mode(STORE_OWN);
	assert_int_equal(store_owned(s), 1);
	store_close(s);
	s = open_mode(STORE_SHARED);
	assert_int_equal(store_owned(s), 0);
	store_close(s);
}

static void
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

/* F15: every lock file is deleted under load. */
static void
test_lock_files_deleted(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	pid_t pid;

	(void)arg;
	pid = child(write_for_ever);
	assert_int_equal(unlink(path("differ.lock")), 0);
	refused(&o, STORE_BUSY, "held by another process");
	assert_int_equal(unlink(path("differ.mdb-lock")), 0);
	/* The first ends by itself; no record of it may be missing then. */
	assert_int_equal(finish(pid), 0);
	(void)must_open(&o);
}

static void
test_state_replaced_under_a_reader(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	struct store_txn *t;

	(void)arg;
	store_close(s);
	s = open_mode(STORE_READ);
	assert_int_equal(rename(path("differ.mdb"), path("old")), 0);
	assert_int_equal(store_begin(s, 0, &t), STORE_BAD);
	assert_non_null(strstr(store_errstr(s), "removed or replaced"));
	store_close(s);
}

/* F15: one handle a process and path. */
static void
test_twice_in_one_process(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	struct store_opts o = opts(STORE_READ);

	(void)arg;
	refused(&o, STORE_FAIL, "open in this process already");
	o.mode = STORE_SHARED;
	refused(&o, STORE_FAIL, "open in this process already");
	/* The first handle has lost nothing by it. */
	assert_int_equal(put(s, "events", 1, "x", 1), STORE_OK);
	store_close(s);
	store_close(must_open(&o));
}

/* F76 */
static void
test_used_after_fork(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	struct store_txn *t;
	pid_t pid;

	(void)arg;
	pid = fork();
	if (pid == 0) {
		if (store_begin(s, 0, &t) != STORE_FAIL ||
		    strstr(store_errstr(s), "after fork") == NULL)
			_exit(1);
		store_close(s);
		_exit(0);
	}
	assert_int_equal(finish(pid), 0);
	assert_int_equal(put(s, "events", 1, "x", 1), STORE_OK);
	store_close(s);
}

static void
stay_in_transaction(int ready)
{
	struct store *s = child_open(STORE_SHARED);
	struct store_txn *t;

	if (store_begin(s, 1, &t) != STORE_OK)
		_exit(3);
	tell(ready);
	for (;;)
		(void)pause();
}

/* F75: a writer that is stopped inside a transaction is reported. */
static void
test_stopped_writer(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	struct store_txn *t;
	char who[64];
	int64_t start;
	pid_t pid;

	(void)arg;
	store_close(s);
	pid = child(stay_in_transaction);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	s = open_mode(STORE_OWN);
	assert_int_equal(scratch_rows(s, "events"), 0);
	start = clock_mono_ms();
	assert_int_equal(store_begin(s, 1, &t), STORE_BUSY);
	assert_in_range(clock_mono_ms() - start, 4900, 6000);
	(void)snprintf(who, sizeof(who), "pid %ld", (long)pid);
	assert_non_null(strstr(store_errstr(s), who));
	end_child(pid);
	/* A killed holder leaves nothing behind. */
	assert_int_equal(put(s, "events", 1, "x", 1), STORE_OK);
	store_close(s);
}

static void
write_shared(int ready)
{
	struct store *s = child_open(STORE_SHARED);
	int i;

	tell(ready);
	for (i = 0; i < 50; i++)
		if (put(s, "positions", (uint64_t)i, "x", 1) != STORE_OK)
			_exit(1);
	store_close(s);
}

static void
test_command_beside_the_stage(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	uint64_t n;
	pid_t pid;

	(void)arg;
	store_close(s);
	pid = child(write_shared);
	s = open_mode(STORE_OWN);
	for (n = 0; n < 50; n++)
		assert_int_equal(put(s, "events", n, "x", 1), STORE_OK);
	assert_int_equal(finish(pid), 0);
	assert_int_equal(scratch_rows(s, "events"), 50);
	assert_int_equal(scratch_rows(s, "positions"), 50);
	store_close(s);
}

/* F72: a full map refuses, rolls back, and goes on when there is room. */
static void
test_full_map(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	struct store_txn *t;
	struct store_key k;
	char big[8000];
	struct store *s;
	int percent, n, stored;

	(void)arg;
	o.map_size = 256 << 10;
	s = must_open(&o);
	memset(big, 'b', sizeof(big));
	store_tick(s, &percent);
	assert_in_range(percent, 5, 20);
	for (n = 0; n < 100; n++)
		if (put(s, "events", (uint64_t)n, big, sizeof(big)) != STORE_OK)
			break;
	assert_in_range(n, 15, 31);
	assert_int_equal(put(s, "events", 200, big, sizeof(big)), STORE_FULL);
	assert_non_null(strstr(store_errstr(s), "STATE_MAP_SIZE"));
	store_tick(s, &percent);
	assert_in_range(percent, 60, 100);
	stored = scratch_rows(s, "events");
	assert_int_equal(stored, n);

	/* Of a transaction that fails at a later change nothing stays. */
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	store_key_init(&k);
	store_key_u64(&k, 0);
	assert_int_equal(
	    store_put(t, "events", k.p, k.len, "small", 5), STORE_OK);
	assert_int_equal(
	    store_put(t, "positions", k.p, k.len, "x", 1), STORE_FULL);
	assert_int_equal(store_put(t, "health", "a", 1, "x", 1), STORE_FULL);
	assert_int_equal(store_commit(t), STORE_FULL);
	assert_int_equal(scratch_rows(s, "positions"), 0);
	assert_int_equal(scratch_rows(s, "events"), stored);

	/* The reserve: alarms, outcomes and deletions still get through. */
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	assert_int_equal(store_put(t, "alarms", "full", 4, "x", 1), STORE_OK);
	assert_int_equal(
	    store_put(t, "events", k.p, k.len, "small", 5), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	for (n = 1; n < 5; n++) {
		store_key_init(&k);
		store_key_u64(&k, (uint64_t)n);
		assert_int_equal(store_begin(s, 1, &t), STORE_OK);
		assert_int_equal(store_del(t, "events", k.p, k.len), STORE_OK);
		assert_int_equal(store_commit(t), STORE_OK);
	}
	assert_int_equal(put(s, "positions", 1, "x", 1), STORE_OK);
	store_close(s);
}

/* F73: a full disk, before the open and during commits. */
static void
test_full_disk(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	char fill[65536];
	struct store *s;
	enum store_error e = STORE_OK;
	int fd, n;

	(void)arg;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(state, 0700), 0);
	if (mount("none", state, "tmpfs", 0, "size=3m,mode=0700") == -1)
		skip();
	memset(fill, 'f', sizeof(fill));
	fd = open(path("ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, fill, sizeof(fill)) > 0)
		;
	refused(&o, STORE_FULL, "make room");
	assert_int_equal(ftruncate(fd, 0), 0);
	s = must_open(&o);
	for (n = 0; n < 200 && e == STORE_OK; n++)
		e = put(s, "events", (uint64_t)n, fill, sizeof(fill));
	assert_int_equal(e, STORE_FULL);
	assert_non_null(strstr(store_errstr(s), "make room"));
	assert_int_equal(scratch_rows(s, "events"), n - 1);
	assert_int_equal(
	    mount("none", state, "tmpfs", MS_REMOUNT, "size=6m,mode=0700"), 0);
	assert_int_equal(
	    put(s, "events", (uint64_t)n, fill, sizeof(fill)), STORE_OK);
	assert_int_equal(scratch_rows(s, "events"), n);
	store_close(s);
	(void)close(fd);
	assert_int_equal(umount(state), 0);
}

static void
read_and_wait(int ready)
{
	struct store *s = child_open(STORE_READ);
	struct store_txn *t;

	if (store_begin(s, 0, &t) != STORE_OK)
		_exit(3);
	tell(ready);
	for (;;)
		(void)pause();
}

static off_t
data_size(void)
{
	struct stat st;

	assert_int_equal(stat(path("differ.mdb"), &st), 0);
	return st.st_size;
}

/* F74: a killed reader must not make the file grow for ever. */
static void
test_stale_reader(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	char val[2000];
	off_t before;
	int percent, n;
	pid_t pid;

	(void)arg;
	memset(val, 'v', sizeof(val));
	for (n = 0; n < 100; n++)
		assert_int_equal(
		    put(s, "events", 1, val, sizeof(val)), STORE_OK);
	store_close(s);
	pid = child(read_and_wait);
	s = open_mode(STORE_OWN);
	store_tick(s, &percent);
	(void)nanosleep(&(struct timespec){ 0, 30000000 }, NULL);
	store_tick(s, &percent);
	assert_in_range(store_reader_age_ms(s), 25, 5000);
	assert_int_equal(kill(pid, SIGKILL), 0);
	(void)finish(pid);
	store_tick(s, &percent);
	assert_int_equal(store_reader_age_ms(s), 0);
	before = data_size();
	for (n = 0; n < 300; n++)
		assert_int_equal(
		    put(s, "events", 1, val, sizeof(val)), STORE_OK);
	assert_in_range(data_size() - before, 0, 64 << 10);
	store_close(s);
}

/* F79: many processes open and close; none sees an error. */
static void
test_open_close_races(void **arg)
{
	struct store_opts o = opts(STORE_READ);
	struct store *s;
	pid_t pids[12];
	int i, n;

	(void)arg;
	o.map_size = 8 * MIB;
	for (i = 0; i < 12; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		if (i % 3 == 0)
			o.mode = STORE_SHARED;
		for (n = 0; n < 40; n++)
			switch (store_open(&s, &o, err, sizeof(err))) {
			case STORE_OK:
				store_close(s);
				break;
			case STORE_NOTFOUND:
				break;
			default:
				fprintf(stderr, "%s\n", err);
				_exit(1);
			}
		_exit(0);
	}
	for (i = 0; i < 12; i++)
		assert_int_equal(finish(pids[i]), 0);
}

static void
share_and_end(int ready)
{
	tell(ready);
	store_close(child_open(STORE_SHARED));
}

/* F79: a command waits for what the stage is making, and not for its end. */
static void
test_command_while_a_stage_makes_its_state(void **arg)
{
	char data[320], aside[320], lock[320];
	pid_t pid, holder;
	int fd;

	(void)arg;
	store_close(open_mode(STORE_OWN));
	(void)snprintf(data, sizeof(data), "%s/differ.mdb", state);
	(void)snprintf(aside, sizeof(aside), "%s/aside", state);
	(void)snprintf(lock, sizeof(lock), "%s/differ.lock", state);
	assert_int_equal(rename(data, aside), 0);
	fd = lockfile_take(lock, 0600, &holder);
	assert_int_not_equal(fd, -1);
	pid = child(share_and_end);
	(void)usleep(50000);
	assert_int_equal(rename(aside, data), 0);
	assert_int_equal(finish(pid), 0);
	(void)close(fd);
}

static void
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

/* Whatever the file holds: an answer, never a crash. */
static void
survives(const char *what)
{
	struct store_opts o = opts(STORE_READ);
	struct store *s = NULL;
	enum store_error e;

	e = store_open(&s, &o, err, sizeof(err));
	if (e == STORE_OK) {
		(void)scratch_rows(s, "events");
		store_close(s);
	} else if (e != STORE_BAD || strstr(err, "differ.mdb") == NULL)
		fail_msg("%s: %d %s", what, e, err);
}

/* F84: cut short at every page, and within. */
static void
test_truncated_file(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	struct store *s = must_open(&o);
	char *whole;
	off_t size, cut;
	int fd;

	(void)arg;
	fill_some(s);
	store_close(s);
	size = data_size();
	whole = malloc((size_t)size);
	assert_non_null(whole);
	fd = open(path("differ.mdb"), O_RDWR | O_CLOEXEC);
	assert_int_equal(read(fd, whole, (size_t)size), size);
	for (cut = 0; cut < size; cut += 1024) {
		assert_int_equal(ftruncate(fd, cut), 0);
		survives("cut");
		if (cut <= 8192)
			refused(&o, STORE_BAD, "differ.mdb");
		assert_int_equal(pwrite(fd, whole, (size_t)size, 0), size);
	}
	assert_int_equal(ftruncate(fd, size / 2), 0);
	refused(&o, STORE_BAD, "cut short");
	assert_int_equal(pwrite(fd, whole, (size_t)size, 0), size);
	s = must_open(&o);
	assert_int_equal(scratch_rows(s, "events"), 60);
	store_close(s);
	free(whole);
	(void)close(fd);
}

/* F23, F84: bytes that changed, in every page; the seed is fixed. */
static void
test_damaged_file(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	struct store *s = must_open(&o);
	unsigned char page[4096], keep[4096];
	uint64_t x = 42;
	off_t at, size;
	int fd, i, round;

	(void)arg;
	fill_some(s);
	store_close(s);
	size = data_size();
	fd = open(path("differ.mdb"), O_RDWR | O_CLOEXEC);
	for (round = 0; round < 4; round++)
		for (at = 0; at < size; at += 4096) {
			assert_int_equal(pread(fd, keep, 4096, at), 4096);
			memcpy(page, keep, 4096);
			for (i = 0; i < 4; i++) {
				x = x * 6364136223846793005u +
				    1442695040888963407u;
				page[(x >> 33) % (round < 2 ? 64 : 4096)] ^=
				    (unsigned char)(1 + (x >> 50) % 255);
			}
			assert_int_equal(pwrite(fd, page, 4096, at), 4096);
			survives("changed bytes");
			assert_int_equal(pwrite(fd, keep, 4096, at), 4096);
		}
	memset(page, 0, sizeof(page));
	for (at = 0; at < size; at += 4096)
		assert_int_equal(pwrite(fd, page, 4096, at), 4096);
	refused(&o, STORE_BAD, "is no store");
	memset(page, 'g', sizeof(page));
	for (at = 0; at < size; at += 4096)
		assert_int_equal(pwrite(fd, page, 4096, at), 4096);
	refused(&o, STORE_BAD, "is no store");
	(void)close(fd);
}

/* An environment that is LMDB's, but nothing of ours; F81: no duplicates. */
static void
test_foreign_environment(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	MDB_val k = { 1, (void *)(uintptr_t) "k" };
	MDB_txn *txn;
	MDB_env *env;
	MDB_dbi dbi;
	int dup;

	(void)arg;
	for (dup = 0; dup < 2; dup++) {
		(void)scratch_remove(state);
		assert_int_equal(mkdir(state, 0700), 0);
		assert_int_equal(mdb_env_create(&env), 0);
		assert_int_equal(mdb_env_set_maxdbs(env, 2), 0);
		assert_int_equal(
		    mdb_env_open(env, path("differ.mdb"), MDB_NOSUBDIR, 0600),
		    0);
		assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
		assert_int_equal(
		    mdb_dbi_open(txn, "theirs",
			MDB_CREATE | (unsigned)(dup ? MDB_DUPSORT : 0), &dbi),
		    0);
		assert_int_equal(mdb_put(txn, dbi, &k, &k, 0), 0);
		assert_int_equal(mdb_txn_commit(txn), 0);
		mdb_env_close(env);
		refused(&o, STORE_BAD,
		    dup ? "another program" : "no state of sluice");
	}
}

/* A value too large for its page, changed twice in one transaction, leaves
 * pages that are in use by nobody and were never written: no damage. */
static void
test_file_shorter_than_it_says(void **arg)
{
	struct store_opts o = opts(STORE_OWN);
	struct store *s = must_open(&o);
	struct store_txn *t;
	char val[40000];

	(void)arg;
	memset(val, 'v', sizeof(val));
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	assert_int_equal(
	    store_put(t, "events", "k", 1, val, sizeof(val)), STORE_OK);
	assert_int_equal(store_put(t, "events", "k", 1, val, 10), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
	store_close(s);
	s = must_open(&o);
	assert_int_equal(scratch_rows(s, "events"), 1);
	store_close(s);
}

/* F83: a copy of a live environment is whole, and is a state. */
static void
test_backup_of_a_live_state(void **arg)
{
	char command[1400];
	struct store *s = open_mode(STORE_OWN);
	pid_t pid;
	int n;

	(void)arg;
	if (system("command -v mdb_copy >/dev/null 2>&1") != 0)
		skip();
	fill_some(s);
	store_close(s);
	pid = child(write_for_ever);
	assert_int_equal(mkdir(path("../copy"), 0700), 0);
	(void)snprintf(command, sizeof(command),
	    "mdb_copy -n '%s/differ.mdb' >'%s/copy/differ.mdb'", state, dir);
	assert_int_equal(system(command), 0);
	end_child(pid);
	(void)snprintf(state, sizeof(state), "%s/copy", dir);
	s = open_mode(STORE_OWN);
	assert_in_range(scratch_rows(s, "events"), 60, 100);
	for (n = 0; n < 60; n++)
		assert_int_equal(
		    put(s, "events", (uint64_t)n, "x", 1), STORE_OK);
	store_close(s);
}

static long
resident_kib(void)
{
	char line[256];
	long total = 0, kib;
	char *p;
	FILE *f;
	int ours = 0;

	f = fopen("/proc/self/smaps", "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strchr(line, '-') != NULL && strstr(line, " r--s ") != NULL)
			ours = strstr(line, "differ.mdb\n") != NULL;
		else if (ours && strncmp(line, "Rss:", 4) == 0) {
			kib = 0;
			for (p = line; *p != '\0'; p++)
				if (*p >= '0' && *p <= '9')
					kib = kib * 10 + (*p - '0');
			total += kib;
			ours = 0;
		}
	}
	(void)fclose(f);
	return total;
}

static void
test_trim_gives_pages_back(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	char val[100000];
	uint64_t n;

	(void)arg;
	memset(val, 'v', sizeof(val));
	for (n = 0; n < 20; n++)
		assert_int_equal(
		    put(s, "events", n, val, sizeof(val)), STORE_OK);
	assert_int_equal(scratch_rows(s, "events"), 20);
	store_trim(s);
	assert_in_range(resident_kib(), 0, 64);
	assert_int_equal(scratch_rows(s, "events"), 20);
	assert_true(resident_kib() > 0);
	store_close(s);
}

static void
test_tables_are_listed(void **arg)
{
	struct store_opts o = opts(STORE_READ);
	struct store *s = open_mode(STORE_OWN);
	size_t i;

	(void)arg;
	store_close(s);
	o.tables = NULL;
	o.schema = 0;
	o.map_size = 0;
	s = must_open(&o);
	for (i = 0; store_table(s, i) != NULL; i++)
		assert_true(strcmp(store_table(s, i), "meta") != 0);
	assert_int_equal(i, 4);
	store_close(s);
	/* A later version has one more: the owner makes it. */
	o = opts(STORE_OWN);
	o.tables = (const char *const[]){ "events", "positions", "new", NULL };
	s = must_open(&o);
	assert_int_equal(put(s, "new", 1, "x", 1), STORE_OK);
	store_close(s);
}

/* F79: every order of starting works; a reader never meets a half. */
static void
test_empty_file_is_damage(void **arg)
{
	struct store_opts o = opts(STORE_OWN), rd = opts(STORE_READ);
	int fd;

	(void)arg;
	refused(&rd, STORE_NOTFOUND, "state");
	assert_int_equal(mkdir(state, 0700), 0);
	refused(&rd, STORE_NOTFOUND, "differ.mdb");
	/* What a killed creation leaves is swept away. */
	fd = open(path("differ.new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	(void)close(fd);
	store_close(must_open(&o));
	fd = open(path("differ.mdb"), O_WRONLY | O_TRUNC | O_CLOEXEC);
	(void)close(fd);
	refused(&o, STORE_BAD, "is empty");
	refused(&rd, STORE_BAD, "is empty");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_round_trip),
		T(test_delete_and_abort),
		T(test_one_transaction_at_a_time),
		T(test_keys_sort_by_their_parts),
		T(test_modes),
		T(test_others_cannot_be_let_in),
		T(test_close_on_exec),
		T(test_folder_is_checked),
		T(test_network_file_systems_are_refused),
		T(test_other_schema_size_or_stage),
		T(test_size_beside_a_reader),
		T(test_second_instance),
		T(test_owned),
		T(test_lock_files_deleted),
		T(test_state_replaced_under_a_reader),
		T(test_twice_in_one_process),
		T(test_used_after_fork),
		T(test_stopped_writer),
		T(test_command_beside_the_stage),
		T(test_full_map),
		T(test_full_disk),
		T(test_stale_reader),
		T(test_open_close_races),
		T(test_command_while_a_stage_makes_its_state),
		T(test_truncated_file),
		T(test_damaged_file),
		T(test_foreign_environment),
		T(test_file_shorter_than_it_says),
		T(test_backup_of_a_live_state),
		T(test_trim_gives_pages_back),
		T(test_tables_are_listed),
		T(test_empty_file_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
