/*
 * intake_fixture - webhookd's intake with a state on disk; risker and the
 * clients are lists.
 */
#ifndef SLUICE_TESTS_INTAKE_FIXTURE_H
#define SLUICE_TESTS_INTAKE_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/store.h"
#include "tests/unit/scratch.h"
#include "webhookd/intake.h"

#define TIMEOUT 2500
#define TTL 30000
#define WALL 1700000000000

#define TOKEN "t"
#define BODY(symbol, rest)                                                     \
	"{\"token\":\"t\",\"trendComposite\":4,\"symbol\":\"" symbol "\","     \
	"\"price\":\"1\"" rest "}"
#define BUY BODY("BTCUSDT", ",\"timestamp\":1640995200")
#define BARE BODY("BTCUSDT", "")
#define BUY_ID "1dfcd4efc5ab2d2ee626c20cd72303c8"

/* What the line of BUY says, and answers to it. */
#define LINE                                                                   \
	"{\"type\":\"alert\",\"id\":\"" BUY_ID "\",\"time\":"                  \
	"\"2023-11-14T22:13:20.000Z\",\"source\":\"127.0.0.1\",\"action\":"    \
	"\"buy\",\"symbol\":\"BTCUSDT\",\"trend_composite\":\"4\",\"price\":"  \
	"\"1\",\"timestamp\":\"1640995200000\"}"
#define DONE "{\"ok\":true,\"quantity\":0.020}"
#define DONE_AGAIN "{\"ok\":true,\"quantity\":0.020,\"duplicate\":true}"

struct client {
	struct waiter *waiter;
	int answers, code, duplicate;
	char body[512];
};

extern struct fixture {
	char dir[SCRATCH_SIZE];
	struct store *store;
	struct intake *in;
	struct json_doc *doc;
	int64_t wall_ms, mono_ms;
	int connected;	     /* risker */
	int rows_fail;	     /* commits do */
	const char *outcome; /* of BUY_ID, in the states */
	int decided;
	size_t looks; /* for it */
	size_t lines; /* written */
	char last[1024];
	struct client c[64];
} f;

int setup(void **state);
int teardown(void **state);
#define U(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

/*
 * An intake, on a map of that size; and its end, as kill -9 would leave it, or
 * in order: nothing differs.
 */
void start(void);
void start_with(int64_t map_size);
void end(void);

/* So many ms go by. */
void pass(int64_t ms);
/* An alert of client n. */
void post(size_t n, const char *body);
void commit(void);
/* What risker says: a whole line, or the result of an alert. */
enum intake_taken result_line(const char *text);
enum intake_taken result(const char *id, int code, const char *rest);

/* Client n has this answer, or none. */
void expect(size_t n, int code, const char *body);
void expect_none(size_t n);

/* The id of the last line. */
const char *last_id(void);
size_t pending(void);
/* The row of an alert as it lies there. */
void expect_row(const char *id, const char *expected);

#endif
