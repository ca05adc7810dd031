/*
 * halt and result: the file that stops entries, the line of a refusal.
 *
 * Not tested here: a power cut between the file's sync and the folder's;
 * scripts/halt, which makes the same file (e2e/scripts-halt).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/halt.h"
#include "common/json.h"
#include "common/result.h"

static char dir[] = "/tmp/sluice-halt.XXXXXX";
static char path[sizeof(dir) + 8];

static int
setup(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/halt", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)rmdir(path);
	(void)unlink(path);
	/* Fails where something else, half written, was left behind. */
	return rmdir(dir);
}

static void
put_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
sets_and_clears(void **state)
{
	struct halt h;

	(void)state;
	assert_int_equal(halt_get(dir, &h), 0);
	assert_int_equal(halt_clear(dir), 0);
	assert_int_equal(
	    halt_set(dir, "trader", "5 \"rejects\"\nin a row", 1640995200123),
	    1);
	assert_int_equal(halt_get(dir, NULL), 1);
	assert_int_equal(halt_get(dir, &h), 1);
	assert_int_equal(h.time_ms, 1640995200123);
	assert_string_equal(h.who, "trader");
	assert_string_equal(h.why, "5 \"rejects\"\nin a row");
	/* The first reason stays. */
	assert_int_equal(halt_set(dir, "ann", "later", 1640995300000), 0);
	assert_int_equal(halt_get(dir, &h), 1);
	assert_string_equal(h.who, "trader");
	assert_int_equal(halt_clear(dir), 1);
	assert_int_equal(halt_get(dir, &h), 0);
}

/* Killed between the link and the unlink, and the pid came around. */
static void
a_leftover_is_not_written_to(void **state)
{
	char left[sizeof(dir) + 32];
	struct halt h;

	(void)state;
	assert_int_equal(halt_set(dir, "trader", "the first", 1), 1);
	snprintf(left, sizeof(left), "%s/halt.%ld", dir, (long)getpid());
	assert_int_equal(link(path, left), 0);
	assert_int_equal(halt_set(dir, "ann", "later", 2), 0);
	assert_int_equal(halt_get(dir, &h), 1);
	assert_string_equal(h.why, "the first");
	assert_int_equal(access(left, F_OK), -1);
}

static void
any_file_halts(void **state)
{
	static const char *const texts[] = { "", "stop!\n", "{\"who\":7}",
		"{\"time\":\"yesterday\"}" };
	struct halt h;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put_file(texts[i]);
		assert_int_equal(halt_get(dir, &h), 1);
		assert_int_equal(h.time_ms, 0);
		assert_string_equal(h.who, "");
	}
	assert_int_equal(unlink(path), 0);
	/* What is there and cannot be read is a halt, too. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(halt_get(dir, &h), 1);
	assert_non_null(strstr(h.why, "cannot be read"));
	assert_int_equal(halt_set(dir, "ann", "", 0), 0);
	assert_int_equal(rmdir(path), 0);
	/* halt_set calls a link to nowhere a halt, so it must be one. */
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(halt_set(dir, "ann", "", 0), 0);
	assert_int_equal(halt_get(dir, &h), 1);
	assert_int_equal(halt_get(dir, NULL), 1);
	assert_int_equal(halt_clear(dir), 1);
	assert_int_equal(halt_get(dir, &h), 0);
}

static void
cannot_be_made(void **state)
{
	(void)state;
	assert_int_equal(halt_set("/nonexistent/dir", "a", "b", 0), -1);
	assert_int_equal(errno, ENOENT);
}

static void
refuses(void **state)
{
	struct buf b, errors;
	struct result_refusal r = { .id = "5f0c",
		.code = 422,
		.error = RESULT_VALIDATION,
		.errors = &errors,
		.time_ms = 0 };

	(void)state;
	buf_init(&b, 1000);
	buf_init(&errors, 1000);
	json_put_string(&errors, NULL, "one");
	json_put_string(&errors, NULL, "\"two\"");
	result_refuse(&b, &r);
	assert_string_equal(buf_cstr(&b),
	    "{\"type\":\"result\",\"id\":\"5f0c\",\"code\":422,\"ok\":false,"
	    "\"error\":\"Trade validation failed\","
	    "\"errors\":[\"one\",\"\\\"two\\\"\"],\"warnings\":[],"
	    "\"timestamp\":\"1970-01-01T00:00:00.000Z\"}\n");
	buf_clear(&b);
	r.error = "Bybit: no balance";
	r.ret_code = 110007;
	r.errors = NULL;
	result_refuse(&b, &r);
	assert_string_equal(buf_cstr(&b),
	    "{\"type\":\"result\",\"id\":\"5f0c\",\"code\":422,\"ok\":false,"
	    "\"error\":\"Bybit: no balance\",\"retCode\":110007,"
	    "\"errors\":[],\"warnings\":[],"
	    "\"timestamp\":\"1970-01-01T00:00:00.000Z\"}\n");
	buf_release(&errors);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    sets_and_clears, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_leftover_is_not_written_to, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    any_file_halts, setup, teardown),
		cmocka_unit_test(cannot_be_made),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
