/*
 * What every program's start has in common, and the rows of `health` and
 * `alarms`.  Each start runs in a child, whose output and status are looked
 * at (F104, F105).
 *
 * Not tested: a core file on disk (that the limit is 0 is), a disk that is
 * full under a mapping (that SIGBUS is told is).
 */
#include "common/stage.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/build.h"
#include "common/log.h"
#include "common/store.h"
#include "tests/unit/scratch.h"

static char dir[SCRATCH_SIZE];
static char out[8192], err[8192];

static int
setup(void **arg)
{
	int i;

	(void)arg;
	for (i = 0; i < SETTINGS_COUNT; i++)
		(void)unsetenv(setting_name((enum setting)i));
	scratch_make(dir, "stage");
	return chdir(dir);
}

static int
teardown(void **arg)
{

	(void)arg;
	if (chdir("/") == -1)
		return -1;
	return scratch_remove(dir);
}

static void
slurp(const char *name, char *p, size_t size)
{
	ssize_t n;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	n = read(fd, p, size - 1);
	assert_true(n >= 0);
	p[n] = '\0';
	(void)close(fd);
}

static void
print_stage(const struct stage *st)
{
	size_t i;

	printf("name=%s input=%s dir=%s alone=%d check=%d", st->name, st->input,
	    st->dir, st->lines_alone, st->check);
	for (i = 0; i < st->noutputs; i++)
		printf(" o=%s", st->outputs[i]);
	for (i = 0; i < sizeof(st->own) / sizeof(st->own[0]); i++)
		if (st->own[i] != NULL)
			printf(" %c=%s", (int)i, st->own[i]);
	for (i = 0; (int)i < st->argc; i++)
		printf(" arg=%s", st->argv[i]);
	printf(" debug=%d\n", log_wants(LOG_DEBUG));
}

/* A start with these words; the exit status. */
static int
run(const char *opts, const char *words, void (*then)(const struct stage *))
{
	char copy[512], *argv[32];
	struct stage st;
	int argc = 0, status;
	char *save, *w;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		if (freopen("out", "w", stdout) == NULL ||
		    freopen("err", "w", stderr) == NULL)
			_exit(1);
		(void)snprintf(copy, sizeof(copy), "/usr/bin/differ %s", words);
		for (w = strtok_r(copy, " ", &save); w != NULL;
		     w = strtok_r(NULL, " ", &save))
			argv[argc++] = w;
		argv[argc] = NULL;
		stage_start(&st, argc, argv, opts,
		    "[-n] [-d DIR]\n  -f           of its own");
		then(&st);
		(void)fflush(stdout);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	slurp("out", out, sizeof(out));
	slurp("err", err, sizeof(err));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void
test_options(void **arg)
{
	static const char all[] = "i:o:d:e:lnhV";
	static const struct {
		const char *opts, *words;
		int status;
		const char *said;
	} cases[] = {
		{ all, "", 0,
		    "name=differ input=- dir=./state alone=0 check=0 o=- "
		    "debug=0\n" },
		{ all, "-i unix:a -o unix:b -o - -d x -l -n", 0,
		    "name=differ input=unix:a dir=x alone=1 check=1 o=unix:b "
		    "o=- debug=0\n" },
		{ "+d:e:fs:hV", "-f -s unix:c -d x TABLE -f", 0,
		    "name=differ input=- dir=x alone=0 check=0 o=- f= "
		    "s=unix:c arg=TABLE arg=-f debug=0\n" },
		{ all, "more", EX_USAGE, "'more' is not expected" },
		{ all, "-n more", EX_USAGE, "'more' is not expected" },
		{ all, "-x", EX_USAGE, "there is no option -x" },
		{ "o:hV", "-d x", EX_USAGE, "there is no option -d" },
		{ all, "-d", EX_USAGE, "option -d needs an argument" },
		{ all,
		    "-ounix:1 -ounix:2 -ounix:3 -ounix:4 -ounix:5 -ounix:6 "
		    "-ounix:7 -ounix:8 -ounix:9 -ounix:a -ounix:b -ounix:c "
		    "-ounix:d -ounix:e -ounix:f -ounix:g -ounix:h",
		    EX_USAGE, "more than 16 times" },
		{ all, "-i tcp:1", EX_USAGE,
		    "option -i: endpoint 'tcp:1': expected - or unix:PATH" },
		{ all, "-n -o unix:", EX_USAGE,
		    "option -o: endpoint 'unix:': expected - or unix:PATH" },
		{ all, "-o unix:a -o unix:a", EX_USAGE,
		    "endpoint 'unix:a' is given twice" },
		{ all, "-o - -o -", EX_USAGE, "endpoint '-' is given twice" },
		{ all, "-e none", EX_CONFIG, "none: No such file" },
	};
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    run(cases[i].opts, cases[i].words, print_stage),
		    cases[i].status);
		if (cases[i].status == 0) {
			assert_string_equal(out, cases[i].said);
			assert_string_equal(err, "");
			continue;
		}
		assert_string_equal(out, "");
		if (strstr(err, cases[i].said) == NULL)
			fail_msg("'%s' does not say '%s'", err, cases[i].said);
		assert_int_equal(cases[i].status == EX_USAGE,
		    strstr(err, "usage: differ [-n] [-d DIR]\n") != NULL);
	}
}

static void
test_help_and_version(void **arg)
{
	char want[64];

	(void)arg;
	assert_int_equal(run("d:nhV", "-h", print_stage), 0);
	assert_string_equal(err, "");
	assert_non_null(strstr(out,
	    "usage: differ [-n] [-d DIR]\n  -f           of its own\n  -d "));
	assert_non_null(strstr(out, "\n  -V "));
	assert_null(strstr(out, "-o ENDPOINT"));
	assert_int_equal(run("d:nhV", "-V", print_stage), 0);
	(void)snprintf(
	    want, sizeof(want), "differ %s (%s)\n", SLUICE_VERSION, build_id);
	assert_string_equal(out, want);
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f;

	f = fopen(name, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static void
test_settings_are_told(void **arg)
{
	(void)arg;
	write_file(".env", "LOG_LEVEL=DEBUG\nSTATE_DIR=there\n", 0644);
	assert_int_equal(run("d:nhV", "", print_stage), 0);
	assert_string_equal(
	    out, "name=differ input=- dir=there alone=0 check=0 o=- debug=1\n");
	write_file("other", "STATE_DIR=other\nMAX_POSITION=1\n", 0600);
	assert_int_equal(run("d:e:nhV", "-e other", print_stage), 0);
	assert_non_null(strstr(out, "dir=other"));
	assert_non_null(strstr(err, "level=warn"));
	assert_non_null(strstr(err, "did you mean MAX_POSITIONS?"));

	write_file(".env", "MAX_POSITIONS=0\nMAX_EXPOSURE=no\n", 0600);
	assert_int_equal(run("d:nhV", "", print_stage), EX_CONFIG);
	assert_non_null(strstr(err, "MAX_POSITIONS=0"));
	assert_non_null(strstr(err, "MAX_EXPOSURE=no"));
	/* F105 */
	write_file(".env", "WEBHOOK_SECRET=hunter2\n", 0644);
	assert_int_equal(run("d:nhV", "", print_stage), EX_CONFIG);
	assert_non_null(strstr(err, "chmod 600 .env"));
	assert_null(strstr(err, "hunter2"));
}

static void
look_around(const struct stage *st)
{
	struct rlimit core, files;
	struct sigaction sa, large;
	mode_t mask;

	(void)st;
	(void)getrlimit(RLIMIT_CORE, &core);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	(void)sigaction(SIGXFSZ, NULL, &large);
	(void)sigaction(SIGPIPE, NULL, &sa);
	mask = umask(0);
	printf("core=%lu dumpable=%d mask=%o pipe=%d large=%d files=%lu\n",
	    (unsigned long)core.rlim_cur, prctl(PR_GET_DUMPABLE),
	    (unsigned)mask, sa.sa_handler == SIG_IGN,
	    large.sa_handler == SIG_IGN, (unsigned long)files.rlim_cur);
	stage_files(400);
	stage_files(401);
}

static void
test_protected(void **arg)
{
	struct rlimit files = { .rlim_cur = 64, .rlim_max = 400 };

	(void)arg;
	/* F41: it takes what it may have, and says what is too little. */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(run("hV", "", look_around), 0);
	assert_non_null(strstr(out, "core=0 "));
	assert_non_null(strstr(out, " mask=77 pipe=1 large=1 files=400\n"));
	assert_non_null(strstr(err, "limit=400 expected=401"));
	assert_null(strstr(err, "expected=400"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
	assert_non_null(strstr(out, "dumpable=0"));
#endif
}

static void
raise_bus(const struct stage *st)
{
	(void)st;
	(void)raise(SIGBUS);
}

static void
test_bus_error_is_told(void **arg)
{
	(void)arg;
	assert_int_equal(run("hV", "", raise_bus), EX_IOERR);
	assert_non_null(strstr(err, "level=error"));
	assert_non_null(strstr(err, "bus error: the disk"));
}

static void
use_standard(const struct stage *st)
{
	char c;

	(void)st;
	_exit((read(0, &c, 1) == -1) + 2 * (write(1, "x", 1) == -1) +
	    4 * (open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) > 2));
}

/* Descriptors that were closed do not become files of ours. */
static void
test_closed_standard_descriptors(void **arg)
{
	char *argv[] = { (char *)(uintptr_t) "differ", NULL };
	struct stage st;
	int status;
	pid_t pid;

	(void)arg;
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)close(0);
		(void)close(1);
		(void)close(2);
		stage_start(&st, 1, argv, "hV", "");
		use_standard(&st);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 7 << 8);
}

static struct store *
open_store(void)
{
	static const char *const tables[] = { NULL };
	const struct store_opts o = { .dir = dir,
		.stage = "differ",
		.tables = tables,
		.schema = 1,
		.map_size = 1 << 20,
		.mode = STORE_OWN };
	struct store *s = NULL;

	if (store_open(&s, &o, err, sizeof(err)) != STORE_OK)
		fail_msg("%s", err);
	return s;
}

static const char *
row(struct store *s, const char *table, const char *name)
{
	static char text[512];
	struct store_key key;
	struct store_txn *t;
	const char *val;
	size_t len;

	store_key_init(&key);
	store_key_str(&key, name);
	assert_int_equal(store_begin(s, 0, &t), STORE_OK);
	assert_int_equal(
	    store_get(t, table, key.p, key.len, &val, &len), STORE_OK);
	assert_true(len < sizeof(text));
	memcpy(text, val, len);
	text[len] = '\0';
	store_abort(t);
	return text;
}

static void
test_health_row(void **arg)
{
	struct health h = {
		.start_ms = 1764000000123, .lines = 7, .skipped = 1, .out = 3
	};
	struct store *s = open_store();
	struct store_txn *t;
	char want[256];

	(void)arg;
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	assert_int_equal(health_put(t, "differ", &h), 0);
	assert_int_equal(store_commit(t), STORE_OK);
	(void)snprintf(want, sizeof(want),
	    "{\"stage\":\"differ\",\"build\":\"%s\",\"pid\":%ld,"
	    "\"start\":\"2025-11-24T16:00:00.123Z\",\"lines\":7,"
	    "\"skipped\":1,\"out\":3,\"ended\":false}",
	    build_id, (long)getpid());
	assert_string_equal(row(s, "health", "differ"), want);
	h.last_line_ms = 1764000001000;
	h.ended = 1;
	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	assert_int_equal(health_put(t, "differ", &h), 0);
	assert_int_equal(store_commit(t), STORE_OK);
	assert_non_null(strstr(row(s, "health", "differ"),
	    "\"last_line\":\"2025-11-24T16:00:01.000Z\","));
	assert_non_null(strstr(row(s, "health", "differ"), "\"ended\":true}"));
	store_close(s);
}

static int
alarm_at(struct store *s, int open, int64_t ms)
{
	struct store_txn *t;
	int rc;

	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	rc = alarm_put(t, "map_full", open, "the map is full", ms);
	assert_int_equal(store_commit(t), STORE_OK);
	return rc;
}

static int
expire_at(struct store *s, int64_t ms)
{
	struct store_txn *t;
	int rc;

	assert_int_equal(store_begin(s, 1, &t), STORE_OK);
	rc = alarm_expire(t, "map_full", 10000, "known", ms);
	assert_int_equal(store_commit(t), STORE_OK);
	return rc;
}

static void
test_alarm_rows(void **arg)
{
	struct store *s = open_store();

	(void)arg;
	/* What never was open is not closed. */
	assert_int_equal(alarm_at(s, 0, 1000), 0);
	assert_int_equal(alarm_at(s, 1, 2000), 1);
	assert_string_equal(row(s, "alarms", "map_full"),
	    "{\"alarm\":\"map_full\",\"open\":true,"
	    "\"since\":\"1970-01-01T00:00:02.000Z\","
	    "\"text\":\"the map is full\"}");
	assert_int_equal(alarm_at(s, 1, 3000), 0);
	assert_int_equal(alarm_at(s, 0, 4000), 1);
	assert_string_equal(row(s, "alarms", "map_full"),
	    "{\"alarm\":\"map_full\",\"open\":false,"
	    "\"since\":\"1970-01-01T00:00:02.000Z\","
	    "\"until\":\"1970-01-01T00:00:04.000Z\","
	    "\"text\":\"the map is full\"}");
	assert_int_equal(alarm_at(s, 0, 5000), 0);
	assert_int_equal(alarm_at(s, 1, 6000), 1);
	assert_null(strstr(row(s, "alarms", "map_full"), "until"));
	/* Open since 6000. */
	assert_int_equal(expire_at(s, 15999), 0);
	assert_int_equal(expire_at(s, 16000), 1);
	assert_string_equal(row(s, "alarms", "map_full"),
	    "{\"alarm\":\"map_full\",\"open\":false,"
	    "\"since\":\"1970-01-01T00:00:06.000Z\","
	    "\"until\":\"1970-01-01T00:00:16.000Z\",\"text\":\"known\"}");
	assert_int_equal(expire_at(s, 99000), 0);
	store_close(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_options),
		T(test_help_and_version),
		T(test_settings_are_told),
		T(test_protected),
		T(test_bus_error_is_told),
		T(test_closed_standard_descriptors),
		T(test_health_row),
		T(test_alarm_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
