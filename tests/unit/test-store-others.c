/*
 * The store beside other processes: second instances, commands, readers and
 * writers that are stopped or killed, files that others take away, a fork
 * (F15, F69, F74 to F76, F79).
 *
 * Not tested: two pid namespaces (F77: e2e/pid-namespaces).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/lockfile.h"
#include "common/store.h"
#include "tests/unit/scratch.h"
#include "tests/unit/store_fixture.h"

/* The process is killed once LMDB has written which commit is the last. */
static int dies_in_commit;

ssize_t
pwrite(int fd, const void *p, size_t len, off_t at)
{
	ssize_t n = syscall(SYS_pwrite64, fd, p, len, at);

	if (dies_in_commit && at < 2 * sysconf(_SC_PAGESIZE))
		(void)kill(getpid(), SIGKILL);
	return n;
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
	assert_in_range(clock_mono_ms() - start, 4900, 20000);
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

static void
die_in_commit(int ready)
{
	struct store *s = child_open(STORE_OWN);

	dies_in_commit = 1;
	tell(ready);
	_exit(put(s, "events", 2, "x", 1) == STORE_OK ? 0 : 1);
}

/* What was committed is there at once, and does not appear later. */
static void
test_killed_in_commit(void **arg)
{
	struct store *s = open_mode(STORE_OWN);
	pid_t reader, writer;
	int status;

	(void)arg;
	assert_int_equal(put(s, "events", 1, "x", 1), STORE_OK);
	store_close(s);
	reader = child(read_and_wait);
	writer = child(die_in_commit);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	s = open_mode(STORE_OWN);
	assert_int_equal(scratch_rows(s, "events"), 2);
	assert_int_equal(put(s, "events", 3, "x", 1), STORE_OK);
	assert_int_equal(scratch_rows(s, "events"), 3);
	store_close(s);
	end_child(reader);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_size_beside_a_reader),
		T(test_second_instance),
		T(test_owned),
		T(test_lock_files_deleted),
		T(test_state_replaced_under_a_reader),
		T(test_twice_in_one_process),
		T(test_used_after_fork),
		T(test_stopped_writer),
		T(test_command_beside_the_stage),
		T(test_stale_reader),
		T(test_killed_in_commit),
		T(test_open_close_races),
		T(test_command_while_a_stage_makes_its_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
