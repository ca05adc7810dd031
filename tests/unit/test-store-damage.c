/*
 * The store where there is no room, and what it makes of files that are cut
 * short, damaged, foreign or copied (F23, F72, F73, F79, F81, F83, F84).
 *
 * Not tested: the programs on a full disk (e2e/limits-disk).
 */
#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/store.h"
#include "tests/unit/scratch.h"
#include "tests/unit/store_fixture.h"

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
	refused(&o, STORE_BAD, "is not a store");
	memset(page, 'g', sizeof(page));
	for (at = 0; at < size; at += 4096)
		assert_int_equal(pwrite(fd, page, 4096, at), 4096);
	refused(&o, STORE_BAD, "is not a store");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_full_map),
		T(test_full_disk),
		T(test_truncated_file),
		T(test_damaged_file),
		T(test_foreign_environment),
		T(test_file_shorter_than_it_says),
		T(test_backup_of_a_live_state),
		T(test_empty_file_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
