/*
 * The HTTP client: what is sent once and what is sent again, and what is known
 * of a request that has no reply: not sent, or unknown (F02, F85, F86).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/http.h"
#include "tests/unit/http_fixture.h"

static void
a_post_is_sent_once(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY }, /* nobody may come for it */
		{ STOP, NULL },
	};
	static const char body[] = "{\"qty\":\"1\"}";
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	int before;

	(void)state;
	server_start(&s, script);
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_REPLY);
	before = s.bytes;
	request(h, "POST", &s, "/v5/order/create", body, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_non_null(strstr(out.error, "127.0.0.1/v5/order/create: "));
	assert_non_null(strstr(s.request, "\r\n\r\n{\"qty\":\"1\"}"));
	assert_null(strcasestr(s.request, "\r\nExpect:"));
	assert_int_equal(http_wait(h, NULL, 0, 100), 0);
	assert_int_equal(s.requests, 2);
	assert_int_equal(s.bytes - before, strlen(s.request));
	server_stop(&s);
	http_free(h);
}

/* F02 again, of one that is asked a second time, with another signature. */
static void
a_post_again_is_sent_once(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY }, /* nobody may come for it */
		{ STOP, NULL },
	};
	static const char *const one[] = { "X-Sign: 1", NULL };
	static const char *const two[] = { "X-Sign: 22", NULL };
	struct http_request r = { .method = "POST",
		.headers = one,
		.body = "{\"qty\":\"1\"}",
		.body_len = 11 };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	int before;

	(void)state;
	server_start(&s, script);
	r.url = s.url;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	request(h, "GET", &s, "/?other", NULL, &out);
	r.headers = two;
	r.body = "{\"qty\":\"23\"}";
	r.body_len = 12;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	assert_null(strstr(s.request, "X-Sign: 1"));
	assert_non_null(strstr(s.request, "\r\nX-Sign: 22\r\n"));
	assert_non_null(strstr(s.request, "\r\nContent-Length: 12\r\n"));
	assert_non_null(strstr(s.request, "\r\n\r\n{\"qty\":\"23\"}"));
	r.headers = one;
	before = s.bytes;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_null(strstr(s.request, "X-Sign: 22"));
	assert_null(strcasestr(s.request, "\r\nExpect:"));
	assert_int_equal(http_wait(h, NULL, 0, 100), 0);
	assert_int_equal(s.requests, 4);
	assert_int_equal(s.bytes - before, strlen(s.request));
	server_stop(&s);
	http_free(h);
}

/* One that may come twice is sent again like a GET, and keeps its headers. */
static void
a_post_that_may_is_repeated(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	static const char *const one[] = { "X-A: 1", NULL };
	static const char *const two[] = { "X-A: 1", "X-B: 2", NULL };
	struct http_request r = { .method = "POST",
		.headers = one,
		.body = "{\"a\":1}",
		.body_len = 7,
		.may_repeat = 1 };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	r.url = s.url;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	r.body = "[2]";
	r.body_len = 3;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	assert_int_equal(s.requests, 3);
	assert_non_null(strstr(s.request, "\r\nX-A: 1\r\n"));
	assert_non_null(strstr(s.request, "\r\nContent-Length: 3\r\n"));
	assert_non_null(strstr(s.request, "\r\n\r\n[2]"));
	/* Another header, and then none of it. */
	r.headers = two;
	run(h, &r, &out);
	assert_non_null(strstr(s.request, "\r\nX-B: 2\r\n"));
	r.headers = one;
	run(h, &r, &out);
	assert_null(strstr(s.request, "X-B"));
	assert_null(strcasestr(s.request, "\r\nExpect:"));
	server_stop(&s);
	http_free(h);
}

/*
 * F02 on a handle that is set up already: by a POST that may be repeated, and
 * by the very same one before.
 */
static void
a_post_is_sent_once_on_a_kept_handle(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	struct http_request r = { .method = "POST",
		.body = "{\"qty\":\"1\"}",
		.body_len = 11,
		.may_repeat = 1 };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	r.url = s.url;
	run(h, &r, &out);
	r.may_repeat = 0;
	run(h, &r, &out);
	assert_int_equal(out.status, 200);
	assert_non_null(strstr(s.request, "\r\n\r\n{\"qty\":\"1\"}"));
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_non_null(strstr(s.request, "\r\n\r\n{\"qty\":\"1\"}"));
	assert_int_equal(http_wait(h, NULL, 0, 100), 0);
	assert_int_equal(s.requests, 3);
	server_stop(&s);
	http_free(h);
}

/* F02 again, without a body: nothing to rewind, so a connection of its own. */
static void
a_post_without_body_is_sent_once(void **state)
{
	static const struct step script[] = {
		{ LAST, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	request(h, "GET", &s, "/", NULL, &out);
	request(h, "POST", &s, "/x", "", &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_int_equal(s.requests, 2);
	assert_int_equal(s.connections, 2);
	server_stop(&s);
	http_free(h);
}

/* F86: a GET may go again, on a new connection. */
static void
a_get_moves_to_a_new_connection(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ CLOSE, NULL },
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	request(h, "GET", &s, "/", NULL, &out);
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_REPLY);
	assert_string_equal(out.body, "{}");
	assert_int_equal(s.requests, 3);
	assert_int_equal(s.connections, 2);
	server_stop(&s);
	http_free(h);
}

/* On a new connection nothing is repeated. */
static void
unknown_and_not_sent(void **state)
{
	static const struct step script[] = {
		{ CLOSE, NULL },
		{ CLOSE, NULL },
		{ LAST, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}" },
		{ LAST, "HTTP/1.1 2" },
		{ LAST, "gopher\r\n" },
		{ STOP, NULL },
	};
	struct http_request r = { .method = "GET" };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	int i;

	(void)state;
	server_start(&s, script);
	request(h, "POST", &s, "/", "{}", &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_int_equal(s.requests, 1);
	for (i = 2; i <= 5; i++) {
		request(h, "GET", &s, "/", NULL, &out);
		assert_int_equal(out.outcome, HTTP_UNKNOWN);
		assert_int_equal(out.status, 0);
		assert_int_equal(out.len, 0);
		assert_string_not_equal(out.error, "");
		assert_int_equal(s.requests, i);
	}
	server_stop(&s);

	/* Nobody listens there now. */
	r.url = s.url;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);
	assert_non_null(strstr(out.error, "Failed to connect"));
	r.url = "https://no-such-host.invalid/";
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);

	r.url = "http://192.0.2.1/";
	assert_int_equal(http_start(h, &r, keep, &out), -1);
	assert_int_equal(errno, EINVAL);
	r.method = "DELETE";
	r.url = s.url;
	assert_int_equal(http_start(h, &r, keep, &out), -1);
	assert_int_equal(errno, EINVAL);
	http_free(h);
}

/* F85, F22: silence, and a byte now and then, both end. */
static void
time_outs(void **state)
{
	static const struct step script[] = {
		{ DRIP, NULL },
		{ HANG, NULL },
		{ HANG, NULL },
		{ STOP, NULL },
	};
	struct server s;
	struct result out;
	struct http_request poll = { .method = "GET", .patience_ms = 1200 };
	struct http *h = client(400, 60000);
	int64_t start = clock_mono_ms();

	(void)state;
	server_start(&s, script);
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_in_range(clock_mono_ms() - start, 300, 30000);
	http_free(h);

	h = client(60000, 1000);
	start = clock_mono_ms();
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_in_range(clock_mono_ms() - start, 500, 30000);
	http_free(h);

	/* A long poll is waited for longer, and not for ever. */
	h = client(400, 1000);
	start = clock_mono_ms();
	poll.url = s.url;
	run(h, &poll, &out);
	assert_int_equal(out.outcome, HTTP_UNKNOWN);
	assert_in_range(clock_mono_ms() - start, 1400, 30000);
	server_stop(&s);
	http_free(h);
}

/* A server that takes no connection: NOT_SENT when connect_ms are over. */
static void
connect_time_out(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	struct http_opts o = { "", 300, 60000, 60000, 1 };
	struct http_request r = {
		.method = "POST", .body = "{}", .body_len = 2
	};
	struct result out;
	char err[256], url[64];
	struct http *h = http_new(&o, err, sizeof(err));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int64_t start = clock_mono_ms();

	(void)state;
	assert_non_null(h);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d", ntohs(a.sin_port));
	r.url = url; /* accepted by the kernel, silent in the handshake */
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);
	assert_in_range(clock_mono_ms() - start, 200, 30000);
	close(fd);
	http_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_post_is_sent_once),
		cmocka_unit_test(a_post_again_is_sent_once),
		cmocka_unit_test(a_post_without_body_is_sent_once),
		cmocka_unit_test(a_post_that_may_is_repeated),
		cmocka_unit_test(a_post_is_sent_once_on_a_kept_handle),
		cmocka_unit_test(a_get_moves_to_a_new_connection),
		cmocka_unit_test(unknown_and_not_sent),
		cmocka_unit_test(time_outs),
		cmocka_unit_test(connect_time_out),
	};

	signal(SIGPIPE, SIG_IGN);
	/* A proxy in the environment must not matter. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
