/*
 * The gate: what is a request, what is refused, and with which status.  Each
 * request comes at once, and a byte at a time, and must be judged alike
 * (F37 to F39).
 *
 * Not tested: more than 4 GiB of head.
 */
#include "webhookd/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER_MAX 400
#define BODY_MAX 50

/* A request's judgement: 0 whole, 1 not whole yet, else the status. */
static int
judge(struct gate *g, char *p, size_t len, size_t step)
{
	enum gate_status st = GATE_MORE;
	size_t n = 0;

	gate_init(g, HEADER_MAX, BODY_MAX);
	while (st == GATE_MORE && n < len) {
		n = n + step < len ? n + step : len;
		do
			st = gate_take(g, p, n);
		while (st == GATE_HEAD);
	}
	if (st == GATE_REFUSE) {
		assert_non_null(g->why);
		/* It does not change its mind. */
		assert_int_equal(gate_take(g, p, len), GATE_REFUSE);
		return g->status;
	}
	/* What is behind a whole request is looked at with the next bytes. */
	if (st == GATE_DONE && n < len)
		return gate_take(g, p, len) == GATE_REFUSE ? g->status : -1;
	return st == GATE_DONE ? 0 : 1;
}

static void
check_one(const char *text, size_t len, int want)
{
	struct gate g;
	size_t step;
	char *p;

	for (step = 1; step <= len; step = step < len ? len : len + 1) {
		/* Exactly its bytes, so that a sanitizer sees one too many. */
		p = malloc(len);
		assert_non_null(p);
		memcpy(p, text, len);
		if (judge(&g, p, len, step) != want)
			fail_msg("%.*s: %d (%s), not %d", (int)len, text,
			    g.status, g.why != NULL ? g.why : "none", want);
		free(p);
	}
}

#define POST "POST /bybit HTTP/1.1\r\nHost: x\r\n"
#define GET "GET /status HTTP/1.1\r\nHost: x\r\n"

static void
test_requests(void **arg)
{
	static const struct {
		const char *text;
		int want;
	} c[] = {
		{ GET "\r\n", 0 },
		{ GET "Content-Length: 0\r\n\r\n", 0 },
		{ "GET /status?a=1&b=?c HTTP/1.0\r\nHost: x\r\n\r\n", 0 },
		{ POST "Content-Length: 5\r\n\r\nhello", 0 },
		{ POST "content-LENGTH:5 \t\r\n\r\nhello", 0 },
		{ POST "Content-Length: 0\r\n\r\n", 0 },
		{ POST "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello",
		    0 },
		/* A proxy's word for a city. */
		{ POST "X-City: S\xc3\xa3o Paulo\r\nContent-Length: 0\r\n\r\n",
		    0 },
		{ POST "X-Empty:\r\nX-Tab:\ta\tb\r\nContent-Length: 0\r\n\r\n",
		    0 },
		{ POST "Cookie: a\r\nCookie: b\r\nContent-Length: 0\r\n\r\n",
		    0 },

		/* Not whole. */
		{ "P", 1 },
		{ POST, 1 },
		{ POST "Content-Length: 5\r\n\r\nhell", 1 },
		{ POST "Content-Length: 5\r\n\r", 1 },

		/* F38: no length. */
		{ POST "\r\n", 400 },
		{ POST "Content-Type: text/plain\r\n\r\nhello", 400 },

		/* F39: more than one meaning. */
		{ POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		    400 },
		{ POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		    400 },
		{ POST "Content-Length: 5, 5\r\n\r\nhello", 400 },
		{ POST "Content-Length: +5\r\n\r\nhello", 400 },
		{ POST "Content-Length: -5\r\n\r\nhello", 400 },
		{ POST "Content-Length: -0\r\n\r\n", 400 },
		{ POST "Content-Length: 0x5\r\n\r\nhello", 400 },
		{ POST "Content-Length: 5.0\r\n\r\nhello", 400 },
		{ POST "Content-Length: 5 5\r\n\r\nhello", 400 },
		{ POST "Content-Length:\r\n\r\n", 400 },
		{ POST "Content-Length : 5\r\n\r\nhello", 400 },
		{ POST "Content-Length\r\n\r\n", 400 },
		{ POST " Content-Length: 5\r\n\r\nhello", 400 },
		{ POST "X: a\r\n Content-Length: 5\r\n\r\nhello", 400 },
		{ POST "X: a\r\n\tb\r\nContent-Length: 0\r\n\r\n", 400 },
		{ POST "Transfer-Encoding: chunked\r\n\r\n", 400 },
		{ POST "Transfer-Encoding: identity\r\nContent-Length: 5\r\n"
		       "\r\nhello",
		    400 },
		{ POST "transfer-encoding:\r\nContent-Length: 5\r\n\r\nhello",
		    400 },
		{ GET "Transfer-Encoding: chunked\r\n\r\n", 400 },
		{ GET "Content-Length: 5\r\n\r\nhello", 400 },
		{ GET "\r\nGET", 400 },
		{ GET "\r\n\r\n", 400 },
		{ POST "Content-Length: 5\r\n\r\nhelloPOST /bybit", 400 },
		{ POST "Content-Length: 0\r\n\r\n ", 400 },
		{ POST "Content-Length: 5\n\r\nhello", 400 },
		{ POST "Content-Length: 5\r\n\nhello", 400 },
		/* What would be fine where the byte before were a CR. */
		{ POST "Content-Length: 55\n\r\nhello", 400 },
		{ POST "X: ab\nContent-Length: 5\r\n\r\nhello", 400 },
		{ POST "Content-Length: 5\r\r\n\r\nhello", 400 },
		{ POST "X: a\rContent-Length: 5\r\n\r\nhello", 400 },
		{ "POST /bybit HTTP/1.1\nHost: x\n\n", 400 },
		{ "\r\n" GET "\r\n", 400 },
		{ "\n", 400 },
		{ POST "X: \x01\r\nContent-Length: 0\r\n\r\n", 400 },
		{ POST "X: \x7f\r\nContent-Length: 0\r\n\r\n", 400 },
		{ POST "X\xc3\xa3: a\r\nContent-Length: 0\r\n\r\n", 400 },
		{ POST "X(): a\r\nContent-Length: 0\r\n\r\n", 400 },
		{ POST ": a\r\nContent-Length: 0\r\n\r\n", 400 },
		{ POST "Expect: 200-ok\r\nContent-Length: 0\r\n\r\n", 400 },
		{ POST "Expect: 100-continue\r\nExpect: 100-continue\r\n"
		       "Content-Length: 0\r\n\r\n",
		    400 },
		{ POST "Authorization: Bearer a\r\nauthorization: Bearer b\r\n"
		       "Content-Length: 0\r\n\r\n",
		    400 },

		/* Whose it is. */
		{ "GET /status HTTP/1.1\r\n\r\n", 400 },
		{ GET "Host: y\r\n\r\n", 400 },
		{ GET "host: x\r\n\r\n", 400 },

		/* The request line. */
		{ "GET  /status HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET /status  HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET /status HTTP/1.1 \r\nHost: x\r\n\r\n", 400 },
		{ "GET /sta\ttus HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET\t/status HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ " GET /status HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET /status HTTP/1.2\r\nHost: x\r\n\r\n", 400 },
		{ "GET /status HTTP/2.0\r\nHost: x\r\n\r\n", 400 },
		{ "GET /status http/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET /status HTTP/1.10\r\nHost: x\r\n\r\n", 400 },
		{ "GET /status\r\nHost: x\r\n\r\n", 400 },
		{ "GET /status#a HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET /stat\xc3\xa3 HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET http://x/status HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET status HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400 },
		{ "\x16\x03\x01\x02", 400 },
		{ "PUT /bybit HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
		{ "HEAD /status HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
		{ "post /bybit HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
		{ "GETX /status HTTP/1.1\r\nHost: x\r\n\r\n", 405 },

		/* F37: a byte over. */
		{ POST "Content-Length: 51\r\n\r\n", 413 },
		{ POST "Content-Length: 99999999999999999999999999\r\n\r\n",
		    413 },
	};
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++)
		check_one(c[i].text, strlen(c[i].text), c[i].want);
	/* A NUL is a control byte like others, and no end. */
	check_one(
	    GET "X: a\0b\r\n\r\n", sizeof(GET "X: a\0b\r\n\r\n") - 1, 400);
	check_one("GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
	    sizeof("GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n") - 1, 400);
	check_one("\0", 1, 400);
}

/* The head and the body at their largest, and a byte more (F37). */
static void
test_caps(void **arg)
{
	char text[HEADER_MAX + BODY_MAX + 8];
	int n, pad;

	(void)arg;
	for (pad = 300; pad < HEADER_MAX; pad++) {
		n = snprintf(text, sizeof(text), GET "X: %0*d\r\n\r\n", pad, 0);
		if (n > HEADER_MAX + 1)
			break;
		check_one(text, (size_t)n, n > HEADER_MAX ? 413 : 0);
	}
	assert_int_equal(n, HEADER_MAX + 2);
	n = snprintf(text, sizeof(text), POST "Content-Length: %d\r\n\r\n%0*d",
	    BODY_MAX, BODY_MAX, 0);
	check_one(text, (size_t)n, 0);
}

static void
test_header_count(void **arg)
{
	char text[4096];
	struct gate g;
	int i, extra;
	size_t len;

	(void)arg;
	for (extra = 0; extra <= 1; extra++) {
		len = strlen(GET);
		memcpy(text, GET, len);
		for (i = 1; i < GATE_HEADERS_MAX + extra; i++) {
			memcpy(text + len, "a:\r\n", 4);
			len += 4;
		}
		memcpy(text + len, "\r\n", 2);
		gate_init(&g, sizeof(text), BODY_MAX);
		assert_int_equal(gate_take(&g, text, len + 2),
		    extra ? GATE_REFUSE : GATE_HEAD);
		assert_int_equal(g.status, extra ? 413 : 0);
	}
}

static void
test_texts(void **arg)
{
	char text[] = "POST /bybit?x=1?2 HTTP/1.1\r\nHost: a:80 \r\n"
		      "X-Forwarded-For: 192.0.2.1\r\nx-forwarded-for:\t\r\n"
		      "Content-Type:text/plain; a=\"b: c\"\t\r\n"
		      "X-FORWARDED-FOR: 10.0.0.1, 10.0.0.2\r\n"
		      "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello";
	char list[64];
	struct gate g;

	(void)arg;
	gate_init(&g, HEADER_MAX, BODY_MAX);
	assert_int_equal(gate_take(&g, text, strlen(text)), GATE_HEAD);
	assert_int_equal(gate_take(&g, text, sizeof(text) - 1), GATE_DONE);
	assert_int_equal(g.method, METHOD_POST);
	assert_string_equal(text + g.path, "/bybit");
	assert_string_equal(text + g.query, "x=1?2");
	assert_string_equal(gate_header(&g, text, "HOST"), "a:80");
	assert_string_equal(
	    gate_header(&g, text, "content-type"), "text/plain; a=\"b: c\"");
	assert_string_equal(
	    gate_header(&g, text, "X-Forwarded-For"), "192.0.2.1");
	assert_null(gate_header(&g, text, "Hos"));
	assert_null(gate_header(&g, text, "Authorization"));
	assert_int_equal(gate_forwarded_for(&g, text, list, sizeof(list)), 0);
	assert_string_equal(list, "192.0.2.1,,10.0.0.1, 10.0.0.2");
	assert_int_equal(gate_forwarded_for(&g, text, list, 16), -1);
	assert_int_equal(g.wants_continue, 1);
	assert_string_equal(text + g.head_len, "hello");
	assert_int_equal(g.body_len, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_header_count),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
