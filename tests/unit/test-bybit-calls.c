/*
 * The Bybit client's calls before they go out: banned by address, too late,
 * held back by a limit (F21, F50).
 *
 * Not tested here: what comes back (test-bybit, tests/e2e/poller-*.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/bybit_internal.h"
#include "common/clock.h"
#include "common/settings.h"

/* A client of a port that nobody listens on: what goes out is not taken. */
static struct bybit *
client(struct settings **settings, int trade)
{
	struct buf errors;
	char err[256] = "";
	struct bybit *b;

	assert_int_equal(clearenv(), 0);
	assert_int_equal(setenv("BYBIT_BASE_URL", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("BYBIT_API_KEY", "key", 1), 0);
	assert_int_equal(setenv("BYBIT_API_SECRET", "secret", 1), 0);
	buf_init(&errors, 1 << 16);
	*settings = settings_read("/dev/null", &errors, &errors);
	assert_non_null(*settings);
	buf_release(&errors);
	b = bybit_new(*settings, trade, err, sizeof(err));
	if (b == NULL)
		fail_msg("%s", err);
	return b;
}

struct ended {
	int times;
	struct bybit_reply reply;
};

static void
on_end(void *arg, const struct bybit_reply *r)
{
	struct ended *e = arg;

	e->times++;
	e->reply = *r;
}

/* An order, which may go out until then; 1 where it ended within ms. */
static int
order(struct bybit *b, int64_t until_mono_ms, int ms, struct ended *e)
{
	struct bybit_call c = { .method = "POST",
		.path = "/v5/order/create",
		.payload = "{}",
		.len = 2,
		.sign = 1,
		.until_mono_ms = until_mono_ms,
		.done = on_end,
		.arg = e };
	int64_t end = clock_mono_ms() + ms;

	memset(e, 0, sizeof(*e));
	assert_int_equal(bybit_start(b, &c), 0);
	do
		assert_int_equal(bybit_wait(b, NULL, 0, 10), 0);
	while (e->times == 0 && clock_mono_ms() < end);
	return e->times;
}

/*
 * What is held back: banned by address, nothing goes out (F21), of no path;
 * and an entry that a limit holds back past its end never does (F50).
 */
static void
held_back(void **state)
{
	struct settings *s;
	struct bybit *b = client(&s, 1);
	int64_t now = clock_mono_ms();
	struct ended e;

	(void)state;
	b->banned_until_mono_ms = now + 600000;
	assert_int_equal(order(b, 0, 10000, &e), 1);
	assert_int_equal(e.reply.class, BYBIT_BANNED);
	assert_int_equal(e.reply.ambiguous, 0);
	assert_int_equal(bybit_requests(b), 0);
	b->banned_until_mono_ms = 0;

	assert_int_equal(order(b, now, 10000, &e), 1);
	assert_int_equal(e.reply.class, BYBIT_RETRY);
	assert_int_equal(e.reply.ambiguous, 0);
	assert_non_null(strstr(e.reply.error, "not sent in time"));
	assert_int_equal(bybit_requests(b), 0);

	/* Its end comes before that of the limit. */
	strcpy(b->holds[0].path, "/v5/order/create");
	b->holds[0].until_mono_ms = now + 600000;
	assert_int_equal(order(b, clock_mono_ms() + 100, 10000, &e), 1);
	assert_non_null(strstr(e.reply.error, "not sent in time"));
	assert_int_equal(bybit_requests(b), 0);

	/* Nothing holds it back: it goes out, and nobody is there. */
	b->holds[0].until_mono_ms = 0;
	assert_int_equal(order(b, 0, 10000, &e), 1);
	assert_int_equal(bybit_requests(b), 1);
	assert_int_equal(e.reply.class, BYBIT_RETRY);
	assert_int_equal(e.reply.ambiguous, 0);
	bybit_free(b);
	settings_free(s);
}

/*
 * A clock that is far off, and a limit that holds back the question for the
 * right one: the question goes out when the limit ends, and who waits for it is
 * told what came of it.
 */
static void
time_held_back(void **state)
{
	struct itimerspec in_10_s = { .it_value = { 10, 0 } };
	int alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct bybit_reply reply;
	struct settings *s;
	struct bybit *b = client(&s, 0);

	(void)state;
	assert_true(alarm != -1);
	assert_int_equal(timerfd_settime(alarm, 0, &in_10_s, NULL), 0);
	b->clock.offset_ms = 2 * BYBIT_OFFSET_MAX_MS;
	strcpy(b->holds[0].path, "/v5/market/time");
	b->holds[0].until_mono_ms = clock_mono_ms() + 100;
	assert_int_equal(
	    bybit_get(b, "/v5/position/list", "", 1, alarm, &reply), 0);
	assert_int_equal(reply.class, BYBIT_RETRY);
	assert_int_equal(bybit_requests(b), 1);
	(void)close(alarm);
	bybit_free(b);
	settings_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_back),
		cmocka_unit_test(time_held_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
