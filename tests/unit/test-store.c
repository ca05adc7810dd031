/*
 * The store: rows and keys, transactions, and who may open what: folders,
 * modes, file systems, another schema, size or stage (F78 to F80, F84, F104).
 *
 * Not tested: power loss (commits are synchronous, which e2e/store-flags sees),
 * other file systems than that of TMPDIR; other processes (test-store-others)
 * and damage (test-store-damage).
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/store.h"
#include "tests/unit/scratch.h"
#include "tests/unit/store_fixture.h"

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

/* What cannot be looked at is not missing: a stage would stay down for that. */
static void
test_file_cannot_be_looked_at(void **arg)
{
	struct store_opts o = opts(STORE_OWN);

	(void)arg;
	fail_lstat = 1;
	refused(&o, STORE_FAIL, "unable to open");
	fail_lstat = 0;
	store_close(open_mode(STORE_OWN));
}

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

/* F104: nothing of the store is inherited by a program that is started. */
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
	refused(&own, STORE_BAD, "not a regular file");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_round_trip),
		T(test_delete_and_abort),
		T(test_one_transaction_at_a_time),
		T(test_keys_sort_by_their_parts),
		T(test_modes),
		T(test_file_cannot_be_looked_at),
		T(test_others_cannot_be_let_in),
		T(test_close_on_exec),
		T(test_folder_is_checked),
		T(test_network_file_systems_are_refused),
		T(test_other_schema_size_or_stage),
		T(test_trim_gives_pages_back),
		T(test_tables_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
