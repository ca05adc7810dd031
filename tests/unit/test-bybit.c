/*
 * The Bybit client without a network: signatures, the table of codes, the
 * judge, the clock, the limits.
 *
 * F10, F22 (a body cut at every byte), F20 (clock), F21 (limits and bans), F35
 * and F105 (no key in errors), F65 (codes by class), F89 (signing), F91 (every
 * combination of HTTP status, retCode and body).
 *
 * Not tested here: calls on the wire (tests/e2e/poller-*.sh, trade-*.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/bybit.h"
#include "common/crypto.h"
#include "common/json.h"
#include "common/settings.h"

/* OpenSSL's allocation that fails, counted down; 0: none. */
static int fail_at;

static int
fails(void)
{
	return fail_at > 0 && --fail_at == 0;
}

static void *
ssl_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return fails() ? NULL : malloc(n);
}

static void *
ssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return fails() ? NULL : realloc(p, n);
}

static void
ssl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

/* The exit status of a process whose n-th allocation of OpenSSL fails. */
static int
sign_without(int n)
{
	char out[BYBIT_SIGN_MAX];
	int failed;

	fail_at = n;
	bybit_sign(out, "secret", "1", "key", "5000", "", 0);
	failed = fail_at == 0;
	fail_at = 0;
	bybit_sign(out, "secret", "1", "key", "5000", "", 0);
	return out[0] == '\0' ? 2 : failed;
}

/* Memory that is short at the first signature spoils no other. */
static void
signatures_without_memory(void **state)
{
	int n = 0, status;

	(void)state;
	do {
		pid_t pid = fork();

		n++;
		assert_int_not_equal(pid, -1);
		if (pid == 0)
			_exit(sign_without(n));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) == 2)
			fail_msg("no signature after allocation %d failed", n);
	} while (WEXITSTATUS(status) == 1);
	assert_in_range(n, 2, 999);
}

/* Who waits for a call that cannot even start is told so, and goes on. */
static void
a_call_that_cannot_start(void **state)
{
	struct buf errors, warnings;
	struct settings *s;
	struct bybit_reply r;
	struct bybit *b;
	char err[256];

	(void)state;
	(void)alarm(20);
	buf_init(&errors, 1000);
	buf_init(&warnings, 1000);
	assert_int_equal(setenv("BYBIT_BASE_URL", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("BYBIT_API_KEY", "key", 1), 0);
	assert_int_equal(setenv("BYBIT_API_SECRET", "secret", 1), 0);
	s = settings_read("/dev/null", &errors, &warnings);
	assert_non_null(s);
	b = bybit_new(s, 0, err, sizeof(err));
	assert_non_null(b);
	assert_int_equal(bybit_get(b, "/v5/market/time", "\x01", 0, -1, &r), 0);
	assert_int_equal(r.class, BYBIT_RETRY);
	assert_non_null(strstr(r.error, "unable to send a request"));
	bybit_free(b);
	settings_free(s);
	buf_release(&errors);
	buf_release(&warnings);
	(void)alarm(0);
}

/* Section 1.4 of the reference. */
static void
signatures(void **state)
{
	static const struct {
		const char *payload;
		const char *sign;
	} t[] = {
		{ "category=linear&symbol=BTCUSDT",
		    "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f6"
		    "3a0fdd7" },
		{ "category=linear&settleCoin=USDT&limit=200",
		    "f2e3d8ecaefdf743ea18874927c6c4340118c9435663acfdc1375256f"
		    "963760c" },
		{ "category=linear&settleCoin=USDT&limit=200&cursor=LTCUSDT%2C"
		  "1699948800031%2C0",
		    "29c6aab8166b1356c6a24351bb910a3bc040f9de67099eae7f42f3428"
		    "780f80f" },
		{ "",
		    "cfffd774219bfa1d400476f699f830daaedcd3c41faa1dbdda95a8f4"
		    "dd8170cc" },
		{ "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":"
		  "\"Buy\",\"orderType\":\"Market\",\"qty\":\"0.001\","
		  "\"positionIdx\":0,\"orderLinkId\":\"demo-0001\"}",
		    "fa1834bedaf70ef48fa74fd0f9926e46e90940525c21b72424ced5705"
		    "5831470" },
		{ "{\"category\": \"linear\", \"symbol\": \"BTCUSDT\", "
		  "\"orderLinkId\": \"test-order-1\"}",
		    "2df4a0603d69c08d5dea29ba85b46eb7db64ce9e9ebd34a7802a3d697"
		    "00cb2a1" },
	};
	char out[BYBIT_SIGN_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		bybit_sign(out, "test_secret", "1700000000000", "test_api_key",
		    "5000", t[i].payload, strlen(t[i].payload));
		assert_string_equal(out, t[i].sign);
	}
}

/* Section 9 of the reference, class by class; 0 ends a list. */
static const int retry[] = { 10006, 10018, 110005, 110063, 110066, 110079,
	170005, 170222, 170143, 170144, 170191, 170212, 0 };
static const int retry_unknown[] = { -1, 429, 10000, 10016, 10019, 10403, 10429,
	20003, 170001, 170007, 170032, 170146, 170147, 170234, 500000, 0 };
static const int again[] = { 10002, 40004, 0 };
static const int fatal[] = { -2015, 10003, 10004, 10005, 10007, 10008, 10009,
	10010, 10017, 10024, 10027, 10028, 10029, 10404, 33004, 100028, 110018,
	110029, 110036, 110038, 110123, 110124, 110125, 110132, 170031, 170036,
	170344, 0 };
static const int reject_unknown[] = { 20006, 0 };
static const int done[] = { 20001, 34040, 110001, 110008, 110010, 110025,
	110026, 110027, 110030, 110043, 110072, 170139, 170142, 170190, 170213,
	170141, 0 };
static const int reject[] = { 10001, 10014, 30208, 30209, 30228, 110003, 110004,
	110006, 110007, 110012, 110014, 110044, 110045, 110051, 110052, 110053,
	110009, 110011, 110039, 110040, 110046, 110013, 110017, 110019, 110020,
	110021, 110022, 110023, 110042, 110024, 110028, 110032, 110034, 110057,
	110058, 110059, 110060, 110061, 110064, 110074, 110086, 110090, 110092,
	110093, 110094, 110100, 110108, 110109, 110118, 110120, 110121, 170033,
	170131, 170105, 170115, 170116, 170117, 170121, 170130, 170124, 170381,
	170382, 170132, 170133, 170192, 170193, 170194, 170371, 170372, 170134,
	170137, 170148, 170136, 170140, 170149, 170210, 170151, 170157, 170159,
	170209, 170217, 170218, 170810, 181017, 0 };

static size_t
check_codes(const int *list, enum bybit_class class, int ambiguous)
{
	size_t i;

	for (i = 0; list[i] != 0; i++) {
		const struct bybit_code *row = bybit_code(list[i]);

		if (row == NULL || row->code != list[i] ||
		    row->class != class || row->ambiguous != ambiguous)
			fail_msg("code %d", list[i]);
	}
	return i;
}

static void
codes(void **state)
{
	size_t n = 1, i; /* 1: the code 0 */

	(void)state;
	n += check_codes(retry, BYBIT_RETRY, 0);
	n += check_codes(retry_unknown, BYBIT_RETRY, 1);
	n += check_codes(again, BYBIT_AGAIN, 0);
	n += check_codes(fatal, BYBIT_FATAL, 0);
	n += check_codes(reject, BYBIT_REJECT, 0);
	n += check_codes(reject_unknown, BYBIT_REJECT, 1);
	n += check_codes(done, BYBIT_DONE, 0);
	assert_int_equal(bybit_code(0)->class, BYBIT_OK);
	for (i = 0; bybit_code_at(i) != NULL; i++) {
		const struct bybit_code *row = bybit_code_at(i);

		assert_true(i == 0 || row->code > bybit_code_at(i - 1)->code);
		assert_ptr_equal(bybit_code(row->code), row);
		assert_int_equal(
		    row->advice != NULL, row->class == BYBIT_FATAL);
	}
	assert_int_equal(i, n);
	assert_null(bybit_code(999999));
	assert_null(bybit_code(INT64_MIN));
	assert_null(bybit_code(INT64_MAX));
}

struct judged {
	struct bybit_reply r;
	struct json_doc *doc;
	char *body;
};

/* What the judge says of a whole HTTP reply. */
static void
judge(struct judged *j, int status, const char *body, size_t len)
{
	struct http_reply h = {
		.outcome = HTTP_REPLY, .status = status, .len = len, .error = ""
	};

	j->doc = json_new();
	assert_non_null(j->doc);
	j->body = malloc(len + 1);
	assert_non_null(j->body);
	memcpy(j->body, body, len);
	j->body[len] = '\0';
	h.body = j->body;
	bybit_judge(&j->r, j->doc, &h);
	assert_int_equal(j->r.status, status);
	/* What holds of every verdict. */
	assert_int_equal(j->r.class == BYBIT_OK, j->r.error[0] == '\0');
	assert_int_equal(j->r.class == BYBIT_OK, j->r.result != NULL);
	assert_true(j->r.class == BYBIT_FATAL || j->r.advice[0] == '\0');
}

static void
judged_free(struct judged *j)
{
	json_free(j->doc);
	free(j->body);
}

#define GOOD                                                                   \
	"{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"list\":[]},"           \
	"\"retExtInfo\":{},\"time\":1700000000123}"
#define CODE(n, msg)                                                           \
	"{\"retCode\":" #n ",\"retMsg\":\"" msg                                \
	"\",\"result\":{},\"retExtInfo\":{},\"time\":1700000000123}"
#define COUNTRY                                                                \
	"<HTML><HEAD><TITLE>ERROR</TITLE></HEAD><BODY>The Amazon CloudFront "  \
	"distribution is configured to block access from your country."        \
	"</BODY></HTML>"

static void
verdicts(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum bybit_class class;
		int ambiguous;
		const char *error; /* a part of it */
	} t[] = {
		{ 200, GOOD, BYBIT_OK, 0, "" },
		{ 200, "{\"retCode\":0,\"result\":{}}", BYBIT_OK, 0, "" },
		{ 200, " " GOOD "\r\n", BYBIT_OK, 0, "" },
		/* HTTP 200 and no reply */
		{ 200, "", BYBIT_RETRY, 1, "an empty body" },
		{ 200, "{}", BYBIT_RETRY, 1, "no retCode" },
		{ 200, "[]", BYBIT_RETRY, 1, "no retCode" },
		{ 200, "null", BYBIT_RETRY, 1, "no retCode" },
		{ 200, "<html>\r\n <b>hi</b>", BYBIT_RETRY, 1,
		    "HTTP 200, not whole JSON: <html> <b>hi</b>" },
		{ 200, GOOD GOOD, BYBIT_RETRY, 1, "not whole JSON" },
		{ 200, "{\"retCode\":0,\"retMsg\":\"OK\"}", BYBIT_RETRY, 1,
		    "no result" },
		{ 200, "{\"retCode\":0,\"result\":null}", BYBIT_RETRY, 1,
		    "no result" },
		{ 200, "{\"retCode\":0,\"result\":[]}", BYBIT_RETRY, 1,
		    "no result" },
		{ 200, "{\"retCode\":\"0\",\"result\":{}}", BYBIT_RETRY, 1,
		    "no retCode" },
		{ 200, "{\"retCode\":0.5,\"result\":{}}", BYBIT_RETRY, 1,
		    "no retCode" },
		{ 200, "{\"retCode\":null,\"result\":{}}", BYBIT_RETRY, 1,
		    "no retCode" },
		{ 200, "{\"retCode\":false,\"result\":{}}", BYBIT_RETRY, 1,
		    "no retCode" },
		{ 200, "{\"RetCode\":0,\"result\":{}}", BYBIT_RETRY, 1,
		    "no retCode" },
		{ 200, "{\"retCode\":0,\"retCode\":0,\"result\":{}}",
		    BYBIT_RETRY, 1, "not whole JSON" },
		{ 200, "\x1f\x8b\x08", BYBIT_RETRY, 1, "not whole JSON: ???" },
		/* HTTP 200 and a code */
		{ 200, CODE(10016, "Request timeout"), BYBIT_RETRY, 1,
		    "retCode 10016: Request timeout" },
		{ 200,
		    "{\"retCode\":10016,\"retMsg\":\"\",\"result\":"
		    "{\"list\":[]}}",
		    BYBIT_RETRY, 1, "retCode 10016" },
		{ 200, "{\"retCode\":10006,\"result\":null}", BYBIT_RETRY, 0,
		    "retCode 10006" },
		{ 200, CODE(10003, "API key is invalid."), BYBIT_FATAL, 0,
		    "retCode 10003: API key is invalid." },
		{ 200, CODE(10001, "Not supported symbols"), BYBIT_REJECT, 0,
		    "Not supported symbols" },
		{ 200, CODE(110043, "leverage not modified"), BYBIT_DONE, 0,
		    "110043" },
		{ 200, CODE(999999, "new"), BYBIT_RETRY, 1,
		    "retCode 999999: new (a code that is not known here)" },
		/* other statuses: never good */
		{ 201, GOOD, BYBIT_RETRY, 1, "HTTP 201" },
		{ 204, "", BYBIT_RETRY, 1, "HTTP 204" },
		{ 302, GOOD, BYBIT_RETRY, 1, "HTTP 302" },
		{ 400, "", BYBIT_FATAL, 0, "HTTP 400" },
		{ 401, "", BYBIT_FATAL, 0, "HTTP 401" },
		{ 401, CODE(10003, "no"), BYBIT_FATAL, 0,
		    "HTTP 401, retCode 10003" },
		{ 401, CODE(10006, "no"), BYBIT_RETRY, 0,
		    "HTTP 401, retCode 10006" },
		{ 401, GOOD, BYBIT_FATAL, 0, "HTTP 401" },
		{ 404, "<html>", BYBIT_FATAL, 0, "HTTP 404: <html>" },
		{ 429, GOOD, BYBIT_RETRY, 1, "HTTP 429" },
		{ 500, CODE(10003, "no"), BYBIT_RETRY, 1, "HTTP 500" },
		{ 502, "<html>Bad Gateway</html>", BYBIT_RETRY, 1,
		    "HTTP 502: <html>Bad Gateway</html>" },
		{ 503, GOOD, BYBIT_RETRY, 1, "HTTP 503" },
		/* F21: 403 */
		{ 403, "access too frequent", BYBIT_BANNED, 1, "HTTP 403" },
		{ 403, "{\"error\":\"Access TOO Frequent.\"}", BYBIT_BANNED, 1,
		    "HTTP 403" },
		{ 403, "", BYBIT_BANNED, 1, "HTTP 403" },
		{ 403, "<html>Forbidden</html>", BYBIT_BANNED, 1, "HTTP 403" },
		{ 403, GOOD, BYBIT_BANNED, 1, "HTTP 403" },
		{ 403, CODE(10006, "x"), BYBIT_BANNED, 1, "HTTP 403" },
		{ 403, COUNTRY, BYBIT_FATAL, 0, "HTTP 403: <HTML>" },
		{ 403, CODE(10010, "Unmatched IP"), BYBIT_FATAL, 0,
		    "retCode 10010: Unmatched IP" },
	};
	struct judged j;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		judge(&j, t[i].status, t[i].body, strlen(t[i].body));
		if (j.r.class != t[i].class ||
		    j.r.ambiguous != t[i].ambiguous ||
		    strstr(j.r.error, t[i].error) == NULL)
			fail_msg("%d %s: class %d, ambiguous %d, '%s'",
			    t[i].status, t[i].body, j.r.class, j.r.ambiguous,
			    j.r.error);
		judged_free(&j);
	}
}

/* F91: good is one combination of all. */
static void
every_combination(void **state)
{
	static const int statuses[] = { 100, 200, 201, 206, 301, 304, 400, 401,
		403, 404, 418, 429, 500, 502, 503, 504, 599 };
	static const char *const codes_[] = { "0", "-1", "10000", "10003",
		"10006", "110072", "999999", "\"0\"", "null", "true", "0e0",
		"2147483648", "-0" };
	static const char *const results[] = { "{}", "null", "[]", "\"\"", "0",
		"true" };
	struct judged j;
	size_t a, b, c;
	int good = 0;
	char body[128];

	(void)state;
	for (a = 0; a < sizeof(statuses) / sizeof(statuses[0]); a++)
		for (b = 0; b < sizeof(codes_) / sizeof(codes_[0]); b++)
			for (c = 0; c < sizeof(results) / sizeof(results[0]);
			     c++) {
				snprintf(body, sizeof(body),
				    "{\"retCode\":%s,\"result\":%s}", codes_[b],
				    results[c]);
				judge(&j, statuses[a], body, strlen(body));
				if (j.r.class == BYBIT_OK) {
					assert_int_equal(statuses[a], 200);
					assert_string_equal(results[c], "{}");
					assert_true(
					    strcmp(codes_[b], "0") == 0 ||
					    strcmp(codes_[b], "-0") == 0 ||
					    strcmp(codes_[b], "0e0") == 0);
					good++;
				}
				judged_free(&j);
			}
	assert_in_range(good, 1, 3);
}

/* F10, F22: a reply that ends too early is never good. */
static void
cut_at_every_byte(void **state)
{
	static const char body[] =
	    "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"nextPageCursor\":"
	    "\"\",\"category\":\"linear\",\"list\":[{\"symbol\":\"BTCUSDT\","
	    "\"size\":\"1\"}]},\"retExtInfo\":{},\"time\":1700000000123}";
	struct judged j;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(body) - 1; len++) {
		judge(&j, 200, body, len);
		assert_int_equal(j.r.class, BYBIT_RETRY);
		assert_int_equal(j.r.ambiguous, 1);
		judged_free(&j);
	}
	judge(&j, 200, body, len);
	assert_int_equal(j.r.class, BYBIT_OK);
	assert_true(j.r.time_ms == 1700000000123);
	assert_int_equal(json_count(json_get(j.r.result, "list")), 1);
	judged_free(&j);
}

static void
no_reply_at_all(void **state)
{
	struct json_doc *doc = json_new();
	struct http_reply h = { .outcome = HTTP_NOT_SENT,
		.body = NULL,
		.error = "api.bybit.com/v5/x: Could not resolve host",
		.ms = 7 };
	struct bybit_reply r;

	(void)state;
	bybit_judge(&r, doc, &h);
	assert_int_equal(r.class, BYBIT_RETRY);
	assert_int_equal(r.ambiguous, 0);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.ms, 7);
	assert_string_equal(r.error, h.error);
	h.outcome = HTTP_UNKNOWN;
	bybit_judge(&r, doc, &h);
	assert_int_equal(r.class, BYBIT_RETRY);
	assert_int_equal(r.ambiguous, 1);
	json_free(doc);
}

/* F35, F105: a 10004 quotes the key; nothing odd gets into an error. */
static void
errors_can_be_shown(void **state)
{
	static const char sign[] =
	    CODE(10004, "error sign! origin_string[1682321990138THEKEY5000x]");
	static const char odd[] =
	    CODE(10016, "\\u0007\\nline two \\u00e9\\u4e2d \\\"q\\\"");
	struct judged j;
	char *longish;
	const char *p;

	(void)state;
	judge(&j, 200, sign, strlen(sign));
	assert_int_equal(j.r.class, BYBIT_FATAL);
	assert_null(strstr(j.r.error, "THEKEY"));
	assert_non_null(strstr(j.r.error, "retCode 10004: error sign!"));
	judged_free(&j);

	judge(&j, 502, "origin_string[THEKEY", 20);
	assert_null(strstr(j.r.error, "THEKEY"));
	judged_free(&j);

	judge(&j, 200, odd, strlen(odd));
	for (p = j.r.error; *p != '\0'; p++)
		assert_true(*p >= ' ' && *p < 0x7f);
	assert_non_null(strstr(j.r.error, "line two"));
	judged_free(&j);

	longish = malloc(100000);
	assert_non_null(longish);
	memset(longish, 'x', 100000);
	judge(&j, 502, longish, 100000);
	assert_true(strlen(j.r.error) < 120);
	judged_free(&j);
	free(longish);
}

/* F20: a 10002 says what time it is there. */
static void
server_time_of_a_10002(void **state)
{
	static const char body[] =
	    "{\"retCode\":10002,\"retMsg\":\"invalid request, please check "
	    "your server timestamp or recv_window param. "
	    "req_timestamp[1696255257619],server_timestamp[1696255255967],"
	    "recv_window[15000]\",\"result\":{}}";
	struct judged j;

	(void)state;
	judge(&j, 200, body, strlen(body));
	assert_int_equal(j.r.class, BYBIT_AGAIN);
	assert_true(j.r.time_ms == 1696255255967);
	judged_free(&j);
}

/* A time that no clock can be set by is none. */
static void
server_time_out_of_bounds(void **state)
{
	static const char body[] = "{\"retCode\":0,\"result\":{},"
				   "\"time\":9223372036854775807}";
	struct judged j;

	(void)state;
	judge(&j, 200, body, strlen(body));
	assert_int_equal(j.r.class, BYBIT_OK);
	assert_true(j.r.time_ms == 0);
	judged_free(&j);
}

static void
clock_learns(void **state)
{
	struct bybit_clock c;

	(void)state;
	bybit_clock_start(&c, 1000000, 500);
	assert_true(bybit_clock_now(&c, 500) == 1000000);
	assert_true(bybit_clock_now(&c, 700) == 1000200);

	/* In agreement: a reply of 100 ms says nothing new. */
	bybit_clock_learn(&c, 1000250, 700, 800);
	assert_true(c.offset_ms == 0);
	/* Local clock 2 s ahead: server 998350 between 1000300 and 1000400. */
	bybit_clock_learn(&c, 998350, 800, 900);
	assert_true(c.offset_ms == -2000);
	assert_true(bybit_clock_now(&c, 900) == 998400);
	/* A slow reply that agrees moves nothing. */
	bybit_clock_learn(&c, 998900, 900, 9900);
	assert_true(c.offset_ms == -2000);
	/* 10 s behind. */
	bybit_clock_learn(&c, 1010500, 1000, 1000);
	assert_true(c.offset_ms == 10000);
}

static void
clock_bounds(void **state)
{
	struct bybit_clock c;

	(void)state;
	bybit_clock_start(&c, 1000000, 0);
	bybit_clock_learn(&c, 1030000, 0, 0);
	assert_int_equal(bybit_clock_sane(&c, 1000000, 0), 1);
	bybit_clock_learn(&c, 1030001, 0, 0);
	/* The wall clock still says what it said. */
	assert_int_equal(bybit_clock_sane(&c, 1000010, 10), 0);
	assert_true(c.offset_ms == 30001);
	assert_true(bybit_clock_now(&c, 10) == 1030011);
	/* Somebody has set it. */
	assert_int_equal(bybit_clock_sane(&c, 1030021, 20), 1);
	assert_true(c.offset_ms == 0);
	assert_true(bybit_clock_now(&c, 20) == 1030021);
	bybit_clock_learn(&c, 900000, 20, 20);
	assert_int_equal(bybit_clock_sane(&c, 1030021, 20), 0);
}

/* F21 */
static void
holds(void **state)
{
	static const struct {
		int64_t code;
		const char *status;
		const char *reset;
		int64_t jitter;
		int64_t wait;
	} t[] = {
		{ 0, "", "", 50, 0 },
		{ 0, "49", "1000700", 50, 0 },
		{ 0, "2", "1000700", 50, 0 },
		{ 0, "1", "1000700", 50, 750 },
		{ 0, "0", "1000700", 0, 700 },
		{ 0, "1", "1000000", 50, 0 }, /* just "now": not exhausted */
		{ 0, "1", "999999", 50, 0 },
		{ 0, "1", "", 50, 0 },
		{ 0, "0", "99999999", 0, 10000 },
		{ 0, "abc", "1000700", 50, 0 },
		{ 0, "-1", "1000700", 50, 0 },
		{ 10006, "0", "1000700", 50, 750 },
		{ 10006, "49", "1000700", 50, 750 },
		{ 10006, "", "", 0, 1000 },
		{ 10006, "", "", 100, 2000 },
		{ 10006, "0", "1", 100, 2000 },
	};
	struct bybit_reply r = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t wait;

		r.code = t[i].code;
		wait = bybit_hold_ms(
		    &r, t[i].status, t[i].reset, 1000000, t[i].jitter);
		if (wait != t[i].wait)
			fail_msg("case %zu: %lld", i, (long long)wait);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_without_memory),
		cmocka_unit_test(a_call_that_cannot_start),
		cmocka_unit_test(signatures),
		cmocka_unit_test(codes),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(every_combination),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(no_reply_at_all),
		cmocka_unit_test(errors_can_be_shown),
		cmocka_unit_test(server_time_of_a_10002),
		cmocka_unit_test(server_time_out_of_bounds),
		cmocka_unit_test(clock_learns),
		cmocka_unit_test(clock_bounds),
		cmocka_unit_test(holds),
	};

	/* Before OpenSSL has allocated anything. */
	if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
		return EXIT_FAILURE;
	crypto_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
