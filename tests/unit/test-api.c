/*
 * The operator's listener without its sockets: who gets in (F09), what a path
 * leads to, halt and resume, signals by hand, the page.
 *
 * Not tested: HTTP itself (test-server), differ's part (test-differ), a
 * browser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "common/clock.h"
#include "common/halt.h"
#include "common/json.h"
#include "tests/unit/api-fake.h"
#include "webhookd/token.h"

/* F09: a prefix, a longer one, one with a NUL behind it. */
static void
test_token_equal(void **arg)
{
	static const struct {
		const char *secret, *guess;
		size_t len;
		int equal;
	} cases[] = {
		{ "abc", "abc", 3, 1 },
		{ "abc", "abd", 3, 0 },
		{ "abc", "Abc", 3, 0 },
		{ "abc", "ab", 2, 0 },
		{ "abc", "abca", 4, 0 },
		{ "abc", "abcabc", 6, 0 },
		{ "abc", "abc\0", 4, 0 },
		{ "abc", "abc\0x", 5, 0 },
		{ "abc", "", 0, 0 },
		{ "", "", 0, 0 },
		{ "", "a", 1, 0 },
	};

	(void)arg;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (token_equal(cases[i].secret, cases[i].guess,
			cases[i].len) != cases[i].equal)
			fail_msg("case %zu", i);
}

/* F09: without a token, loopback alone. */
static void
test_token_required(void **arg)
{
	static const struct {
		const char *listen;
		int starts;
	} cases[] = {
		{ "127.0.0.1:8081", 1 },
		{ "localhost:0", 1 },
		{ "[::1]:8081", 1 },
		{ "0.0.0.0:8081", 0 },
		{ "[::]:8081", 0 },
		{ "192.0.2.1:8081", 0 },
	};

	(void)arg;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)setenv("ADMIN_LISTEN", cases[i].listen, 1);
		if (cases[i].starts) {
			fake_start();
			api_free(fake.api);
			fake.api = NULL;
		} else
			assert_non_null(strstr(
			    fake_start_fails(), "ADMIN_TOKEN is required"));
	}
	(void)setenv("ADMIN_TOKEN", "a-token-of-ours", 1);
	fake_start();
}

/* F09: closed to web pages, with and without another name for this host. */
static void
test_without_token(void **arg)
{
	static const struct {
		const char *method, *host, *origin, *type;
		int status;
	} cases[] = {
		{ "GET", "localhost:8081", NULL, NULL, 200 },
		{ "GET", "LOCALHOST", NULL, NULL, 200 },
		{ "GET", "127.0.0.1:1", NULL, NULL, 200 },
		{ "GET", "[::1]:8081", NULL, NULL, 200 },
		{ "GET", "[::1]", NULL, NULL, 200 },
		{ "GET", NULL, NULL, NULL, 403 },
		{ "GET", "", NULL, NULL, 403 },
		{ "GET", "evil.example", NULL, NULL, 403 },
		{ "GET", "evil.example:8081", NULL, NULL, 403 },
		{ "GET", "localhost.evil.example", NULL, NULL, 403 },
		{ "GET", "localhost:8081:8081", NULL, NULL, 403 },
		{ "GET", "localhost:", NULL, NULL, 403 },
		{ "GET", "127.0.0.2:8081", NULL, NULL, 403 },
		{ "GET", "localhost", "https://evil.example", NULL, 403 },
		{ "GET", "localhost", "null", NULL, 403 },
		{ "GET", "localhost", "", NULL, 403 },
		{ "GET", "localhost:8081", "http://localhost:3000", NULL, 403 },
		{ "GET", "localhost:8081", "https://localhost:8081", NULL,
		    403 },
		{ "GET", "localhost:8081", "http://localhost:80812", NULL,
		    403 },
		{ "POST", "localhost", NULL, "application/json", 200 },
		{ "POST", "localhost", NULL, "Application/JSON; charset=utf-8",
		    200 },
		/* What the page of this very listener says. */
		{ "POST", "localhost:8081", "http://localhost:8081",
		    "application/json", 200 },
		{ "POST", "localhost", NULL, NULL, 403 },
		{ "POST", "localhost", NULL, "text/plain", 403 },
		{ "POST", "localhost", NULL, "application/jsonp", 403 },
		{ "POST", "localhost", NULL,
		    "application/x-www-form-urlencoded", 403 },
		{ "POST", "localhost", "https://evil.example",
		    "application/json", 403 },
	};
	struct request r;

	(void)arg;
	fake_start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int post = strcmp(cases[i].method, "POST") == 0;

		r = fake_request(
		    cases[i].method, post ? "/api/resume" : "/api/signals");
		r.host = cases[i].host;
		r.origin = cases[i].origin;
		r.type = cases[i].type;
		fake_ask(&r);
		if (r.status != cases[i].status)
			fail_msg("case %zu: %d %s", i, r.status, r.reply);
		fake_done(&r);
	}
	/* The page and what is not there are closed as well. */
	r = fake_request("GET", "/");
	r.host = "evil.example";
	fake_ask(&r);
	assert_int_equal(r.status, 403);
	fake_done(&r);
}

/* F09: with a token; guesses are counted, and slowed down by the listener. */
static void
test_with_token(void **arg)
{
	static const struct {
		const char *authorization;
		int status, guesses;
	} cases[] = {
		{ "Bearer a-token-of-ours", 200, 0 },
		{ "bearer a-token-of-ours", 200, 0 },
		{ NULL, 401, 0 },
		{ "", 401, 1 },
		{ "Bearer", 401, 1 },
		{ "Bearer ", 401, 1 },
		{ "Bearer a-token-of-our", 401, 1 },
		{ "Bearer a-token-of-ours ", 401, 1 },
		{ "Bearer a-token-of-ourss", 401, 1 },
		{ "Basic a-token-of-ours", 401, 1 },
		{ "a-token-of-ours", 401, 1 },
	};
	struct request r;

	(void)arg;
	(void)setenv("ADMIN_TOKEN", "a-token-of-ours", 1);
	(void)setenv("ADMIN_LISTEN", "0.0.0.0:8081", 1);
	fake_start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = fake_request("GET", "/api/signals");
		r.host = "sluice.example";
		r.authorization = cases[i].authorization;
		fake.guesses = 0;
		fake.note[0] = '\0';
		fake_ask(&r);
		assert_string_equal(fake.note,
		    cases[i].guesses > 0
			? "refused a wrong ADMIN_TOKEN, 192.0.2.7"
			: "");
		if (r.status != cases[i].status ||
		    fake.guesses != cases[i].guesses)
			fail_msg("case %zu: %d %s, %d guesses", i, r.status,
			    r.reply, fake.guesses);
		assert_null(strstr(r.reply, "a-token"));
		fake_done(&r);
	}
	/* While an address must wait, not even the right one is looked at. */
	fake.guess_wait = 100;
	r = fake_request("GET", "/api/signals");
	r.authorization = "Bearer a-token-of-ours";
	fake_ask(&r);
	assert_int_equal(r.status, 429);
	fake_done(&r);
	fake.guess_wait = 0;
	/* Nothing is told without it, what there is neither; but the page. */
	fake_get("/api/none", 401, "Token missing");
	fake_get("/status", 401, "Token missing");
	fake_get("/metrics", 401, "Token missing");
	fake_post("/api/halt", "{}", 401, "Token missing");
	assert_int_equal(halt_get(fake.state, NULL), 0);
	fake_get("/", 200, "<!DOCTYPE html>");
}

static void
test_paths(void **arg)
{
	(void)arg;
	fake_start();
	fake_get("/nothing", 404, "Not found");
	fake_get("/api/", 404, "Not found");
	fake_get("/api/orders/", 404, "Not found");
	fake_get("/api/orders/a/b", 404, "Not found");
	fake_get("/api/halt", 405, "expected POST");
	fake_get("/api/signals/1/close", 405, "expected POST");
	fake_post("/api/orders", "{}", 405, "expected GET");
	fake_post("/status", "{}", 405, "expected GET");
	fake_get("/api/signals/test", 404, "has a number");
	fake_get("/api/signals/0", 404, "has a number");
	fake_get("/api/signals/1", 404, "no signal of that number");
	fake_get("/api/signals?limit=0", 400, "from 1 to 500");
	fake_get("/api/signals?limit=501", 400, "from 1 to 500");
	fake_get("/api/signals?limit=", 400, "from 1 to 500");
	fake_get("/api/signals?a=b&limit=1x", 400, "from 1 to 500");
	fake_get("/api/signals?limit=500&before=1", 200, "\"signals\":[]");
	fake_get("/api/orders?limit=201", 400, "from 1 to 200");
	fake_get("/api/orders?state=closed", 400, "open or all");
	fake_get("/api/orders?state=o%20n", 400, "letters, digits");
	fake_get("/api/positions?offset=-1", 400, "from 0 to");
}

static void
test_halt(void **arg)
{
	char why[256], body[300];
	struct halt h;

	(void)arg;
	fake_start();
	fake_post("/api/halt", "{\"why\":\"a \\\"bad\\\" day\"}", 200,
	    "{\"ok\":true,\"halted\":true,\"changed\":true,");
	assert_int_equal(halt_get(fake.state, &h), 1);
	assert_string_equal(h.why, "a \"bad\" day");
	assert_string_equal(h.who, "operator at 192.0.2.7");
	assert_true(llabs(clock_wall_ms() - h.time_ms) < 60000);
	assert_string_equal(
	    fake.note, "trading is halted, operator at 192.0.2.7");
	/* A second one keeps the first reason. */
	fake_post("/api/halt", "", 200, "\"halted\":true,\"changed\":false");
	assert_int_equal(halt_get(fake.state, &h), 1);
	assert_string_equal(h.why, "a \"bad\" day");
	fake_post(
	    "/api/resume", "{}", 200, "\"halted\":false,\"changed\":true");
	assert_int_equal(halt_get(fake.state, &h), 0);
	assert_string_equal(
	    fake.note, "trading is resumed, operator at 192.0.2.7");
	fake_post("/api/resume", "", 200, "\"halted\":false,\"changed\":false");

	fake_post("/api/halt", "nonsense", 400, "Invalid JSON");
	fake_post("/api/halt", "[]", 400, "expected an object");
	fake_post("/api/halt", "{\"why\":7}", 400, "Bad why");
	memset(why, 'y', sizeof(why));
	(void)snprintf(body, sizeof(body), "{\"why\":\"%.*s\"}", 201, why);
	fake_post("/api/halt", body, 400, "Bad why");
	assert_int_equal(halt_get(fake.state, &h), 0);
	(void)snprintf(body, sizeof(body), "{\"why\":\"%.*s\"}", 200, why);
	fake_post("/api/halt", body, 200, "\"halted\":true");
	assert_int_equal(halt_get(fake.state, &h), 1);
	assert_int_equal(strlen(h.why), 200);
}

/* The folder is gone: that is said, and nothing is said to be halted. */
static void
test_halt_fails(void **arg)
{
	(void)arg;
	fake_start();
	assert_int_equal(rmdir(fake.state), 0);
	fake_post("/api/halt", "{}", 503, "Unable to write the halt file");
}

/* The request id of the line that went to differ. */
static void
sent_request(char id[64])
{
	const char *s = strstr(buf_cstr(&fake.sent), "\"request\":\"");

	assert_non_null(s);
	(void)snprintf(id, 64, "%.32s", s + strlen("\"request\":\""));
	assert_int_equal(strspn(id, "0123456789abcdef"), 32);
}

static void
signal_comes(const char *text)
{
	struct json_doc *doc = json_new();
	char line[1024];

	(void)snprintf(line, sizeof(line), "%s", text);
	api_signal(fake.api, json_parse(doc, line, strlen(line)));
	json_free(doc);
}

static struct request
post_manual(const char *path, const char *body)
{
	struct request r = fake_request("POST", path);

	r.body_len = strlen(body);
	memcpy(r.body, body, r.body_len + 1);
	return r;
}

#define OPEN_BODY                                                              \
	"{\"symbol\":\"BTCUSDT\",\"signal_type\":\"buy\","                     \
	"\"category\":\"linear\",\"leverage\":10,\"position_size\":\"0.50\","  \
	"\"entry_price\":45000.10,\"token\":\"not passed on\"}"

static void
test_manual(void **arg)
{
	char id[64], other[64], text[512];
	struct request r = post_manual("/api/signals/test", OPEN_BODY);
	struct request r2;

	(void)arg;
	fake_start();
	api_request(fake.api, &r);
	assert_int_equal(r.status, 0);
	sent_request(id);
	assert_non_null(
	    strstr(buf_cstr(&fake.sent), "{\"type\":\"manual\",\"time\":\"20"));
	(void)snprintf(text, sizeof(text),
	    "\"request\":\"%s\",\"op\":\"open\",\"symbol\":\"BTCUSDT\","
	    "\"signal_type\":\"buy\",\"category\":\"linear\","
	    "\"leverage\":\"10\",\"position_size\":\"0.50\","
	    "\"entry_price\":\"45000.10\"}\n",
	    id);
	assert_non_null(strstr(buf_cstr(&fake.sent), text));

	/* Two at a time have ids of their own; each gets its own answer. */
	r2 = post_manual("/api/signals/17/close",
	    "{\"exit_price\":\"1\",\"profit_percentage\":-2.5}");
	api_request(fake.api, &r2);
	sent_request(other);
	assert_string_not_equal(id, other);
	assert_non_null(strstr(buf_cstr(&fake.sent),
	    "\"op\":\"close\",\"signal_number\":17,\"exit_price\":\"1\","
	    "\"profit_percentage\":\"-2.5\"}\n"));

	signal_comes("{\"type\":\"signal\",\"seq\":1}");
	signal_comes("{\"type\":\"signal\",\"seq\":1,\"request\":\"else\"}");
	assert_int_equal(r.status, 0);
	(void)snprintf(text, sizeof(text),
	    "{\"type\":\"signal\",\"seq\":41,\"signal_number\":9,"
	    "\"test\":true,\"request\":\"%s\"}",
	    id);
	signal_comes(text);
	assert_int_equal(r.status, 200);
	assert_int_equal(r2.status, 0);
	(void)snprintf(text, sizeof(text),
	    "{\"ok\":true,\"seq\":41,\"signal_number\":9,\"test\":true,"
	    "\"request\":\"%s\",\"timestamp\":\"",
	    id);
	assert_non_null(strstr(r.reply, text));
	/* Once is enough. */
	signal_comes(text);
	(void)snprintf(text, sizeof(text),
	    "{\"type\":\"signal\",\"request\":\"%s\",\"error\":\"there is no "
	    "such signal_number\"}",
	    other);
	signal_comes(text);
	assert_int_equal(r2.status, 404);
	assert_non_null(strstr(r2.reply, "there is no such signal_number"));
	fake_done(&r);
	fake_done(&r2);
}

static void
test_manual_refused(void **arg)
{
	struct request r = post_manual("/api/signals/test", OPEN_BODY);
	char id[64], text[256];

	(void)arg;
	fake_start();
	api_request(fake.api, &r);
	sent_request(id);
	(void)snprintf(text, sizeof(text),
	    "{\"type\":\"signal\",\"request\":\"%s\",\"error\":\"category is "
	    "not linear, inverse or spot\"}",
	    id);
	signal_comes(text);
	assert_int_equal(r.status, 422);
	fake_done(&r);

	buf_clear(&fake.sent);
	fake_post("/api/signals/test", "{", 400, "Invalid JSON");
	fake_post("/api/signals/test", "", 400, "Invalid JSON");
	fake_post("/api/signals/test", "{\"symbol\":[1]}", 400, "Bad symbol");
	fake_post("/api/signals/test",
	    "{\"symbol\":\"01234567890123456789012345678901234567890123456789"
	    "012345678901234\"}",
	    400, "Bad symbol");
	fake_post("/api/signals/x/close", "{}", 404, "has a number");
	fake_post("/api/signals/0/close", "{}", 404, "has a number");
	fake_post("/api/signals/1234567890123456789/close", "{}", 404,
	    "has a number");
	assert_int_equal(fake.sent.len, 0);
	fake.send_fails = 1;
	fake_post("/api/signals/test", OPEN_BODY, 503, "not connected");
	fake_post("/api/signals/1/close", "{}", 503, "not connected");
}

/* The line that would tell is lost on its way: differ's state tells. */
static void
test_manual_in_state(void **arg)
{
	struct request r = post_manual("/api/signals/test", OPEN_BODY);
	int64_t begin = clock_mono_ms();
	char id[64], row[256];

	(void)arg;
	fake_start();
	api_request(fake.api, &r);
	sent_request(id);
	(void)snprintf(row, sizeof(row),
	    "{\"type\":\"signal\",\"seq\":41,\"request\":\"%s\"}", id);
	fake_row("differ", "requests", id, 0, row);
	fake_wait(&r);
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.reply, "\"seq\":41"));
	assert_true(clock_mono_ms() - begin < 2000);
	fake_done(&r);
}

static void
test_manual_unknown(void **arg)
{
	struct request r = post_manual("/api/signals/test", OPEN_BODY);
	int64_t begin = clock_mono_ms();
	char id[64];

	(void)arg;
	fake_start();
	api_request(fake.api, &r);
	sent_request(id);
	fake_wait(&r);
	assert_in_range(clock_mono_ms() - begin, 2400, 10000);
	assert_int_equal(r.status, 503);
	assert_non_null(strstr(r.reply, "the outcome is unknown"));
	assert_non_null(strstr(r.reply, id));
	fake_done(&r);
}

/* Whoever has gone is forgotten; and only so many may wait. */
static void
test_manual_gone(void **arg)
{
	struct request r[17];
	char id[64], text[128];
	size_t i;

	(void)arg;
	fake_start();
	for (i = 0; i < 16; i++) {
		r[i] = post_manual("/api/signals/test", OPEN_BODY);
		api_request(fake.api, &r[i]);
		assert_int_equal(r[i].status, 0);
	}
	sent_request(id);
	r[16] = post_manual("/api/signals/test", OPEN_BODY);
	buf_clear(&fake.sent);
	api_request(fake.api, &r[16]);
	assert_int_equal(r[16].status, 503);
	assert_int_equal(fake.sent.len, 0);
	fake_done(&r[16]);
	api_gone(fake.api, &r[15]);
	api_gone(fake.api, &r[15]);
	(void)snprintf(
	    text, sizeof(text), "{\"type\":\"signal\",\"request\":\"%s\"}", id);
	signal_comes(text);
	assert_int_equal(r[15].status, 0);
	r[16] = post_manual("/api/signals/test", OPEN_BODY);
	api_request(fake.api, &r[16]);
	assert_int_equal(r[16].status, 0);
	/* The rest ends with api_free. */
}

/* The digest that the policy must have of what stands between two tags. */
static void
check_digest(const char *page, const char *tag)
{
	unsigned char digest[SHA256_DIGEST_LENGTH], text[64];
	char open[16], close[16], want[128];
	const char *from, *to;

	(void)snprintf(open, sizeof(open), "<%s>", tag);
	(void)snprintf(close, sizeof(close), "</%s>", tag);
	from = strstr(page, open);
	assert_non_null(from);
	from += strlen(open);
	to = strstr(from, close);
	assert_non_null(to);
	assert_null(strstr(to, open));
	(void)SHA256((const unsigned char *)from, (size_t)(to - from), digest);
	(void)EVP_EncodeBlock(text, digest, sizeof(digest));
	(void)snprintf(want, sizeof(want), "%s-src 'sha256-%s'", tag, text);
	if (strstr(page, want) == NULL)
		fail_msg("the page's policy lacks %s", want);
}

static void
test_page(void **arg)
{
	struct request r = fake_request("GET", "/");

	(void)arg;
	fake_start();
	fake_ask(&r);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.reply_type, "text/html; charset=utf-8");
	check_digest(r.reply, "style");
	check_digest(r.reply, "script");
	assert_non_null(strstr(r.reply, "default-src 'none'"));
	/* Self-contained, and text stays text. */
	assert_null(strstr(r.reply, "://"));
	assert_null(strstr(r.reply, "innerHTML"));
	assert_null(strstr(r.reply, "src="));
	fake_done(&r);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_equal),
		T(test_token_required),
		T(test_without_token),
		T(test_with_token),
		T(test_paths),
		T(test_halt),
		T(test_halt_fails),
		T(test_manual),
		T(test_manual_refused),
		T(test_manual_in_state),
		T(test_manual_unknown),
		T(test_manual_gone),
		T(test_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
