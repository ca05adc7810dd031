/*
 * service: the files in which finish of the services says what is wrong.
 *
 * Not tested here: who writes them (e2e/services-loop).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/service.h"

static char dir[64], path[256];
static char text[SERVICE_TEXT_SIZE];

static int
setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/sluice-service.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/services", dir);
	if (mkdir(path, 0700) == -1)
		return -1;
	snprintf(path, sizeof(path), "%s/services/alarm", dir);
	return mkdir(path, 0700);
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)rmdir(path);
	snprintf(path, sizeof(path), "%s/services/alarm", dir);
	(void)rmdir(path);
	snprintf(path, sizeof(path), "%s/services", dir);
	(void)rmdir(path);
	return rmdir(dir);
}

/* A file of that name, written so many seconds before the epoch 1000. */
static void
put_file(const char *name, const char *what, time_t ago)
{
	struct timespec at[2] = { { .tv_sec = 1000 - ago },
		{ .tv_sec = 1000 - ago } };
	FILE *f;

	snprintf(path, sizeof(path), "%s/services/alarm/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(what, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(utimensat(-1, path, at, 0), 0);
}

static int
has(const char *stage, enum service_trouble which)
{
	return service_trouble(dir, stage, which, 1000000, text);
}

static void
none(void **state)
{
	(void)state;
	assert_int_equal(has("trader", SERVICE_DOWN), 0);
	assert_int_equal(has("trader", SERVICE_FAILING), 0);
	assert_int_equal(
	    service_trouble("/nowhere", "trader", SERVICE_DOWN, 0, text), 0);
}

static void
down(void **state)
{
	(void)state;
	put_file("trader.down", "it is\x1b[2J d\xc3\xb6wn\nmore\n", 999);
	assert_int_equal(has("trader", SERVICE_DOWN), 1);
	assert_string_equal(text, "it is?[2J d??wn");
	assert_int_equal(has("trader", SERVICE_FAILING), 0);
	assert_int_equal(has("risker", SERVICE_DOWN), 0);
}

static void
failing(void **state)
{
	(void)state;
	put_file("risker.failing", "again\n", 359);
	assert_int_equal(has("risker", SERVICE_FAILING), 1);
	assert_string_equal(text, "again");
	put_file("risker.failing", "again\n", 360);
	assert_int_equal(has("risker", SERVICE_FAILING), 0);
}

static void
odd(void **state)
{
	char longer[2 * SERVICE_TEXT_SIZE];

	(void)state;
	put_file("differ.down", "", 0);
	assert_int_equal(has("differ", SERVICE_DOWN), 1);
	assert_string_equal(text, "");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	put_file("differ.down", longer, 0);
	assert_int_equal(has("differ", SERVICE_DOWN), 1);
	assert_int_equal(strlen(text), SERVICE_TEXT_SIZE - 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(has("differ", SERVICE_DOWN), 0);
}

static void
stages(void **state)
{
	size_t n = 0;

	(void)state;
	while (service_stage(n) != NULL)
		n++;
	assert_int_equal(n, 6);
	assert_string_equal(service_stage(0), "poller");
	assert_string_equal(service_alarm(SERVICE_DOWN), "service_down");
	assert_string_equal(service_alarm(SERVICE_FAILING), "service_failing");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = { T(none), T(down), T(failing),
		T(odd), T(stages) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
