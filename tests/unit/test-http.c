/*
 * The HTTP client: URLs, replies and their headers, sizes, tokens in errors,
 * other descriptors that it waits for, and its own (F22, F35, F90, F104).
 *
 * Not tested here: what is sent once and what may be sent again
 * (test-http-once); TLS and certificates (e2e/http-tls), a dead resolver
 * (e2e/resolver), the age limits of connections and addresses, which take
 * minutes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/http_internal.h"
#include "tests/unit/http_fixture.h"

/* The copy of a text, libcurl's too, that fails, counted down; 0: none. */
static int fail_strdup;

char *
strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = NULL;

	if (fail_strdup == 0 || --fail_strdup > 0)
		copy = malloc(size);
	return copy != NULL ? memcpy(copy, s, size) : NULL;
}

static void
urls_are_checked(void **state)
{
	static const struct {
		const char *url;
		int ok;
	} t[] = {
		{ "https://api.bybit.com", 1 },
		{ "https://api.bybit.com/v5", 1 },
		{ "HTTPS://api.bybit.com/v5", 0 },
		{ "https://10.0.0.1:8443/x?y", 1 },
		{ "http://127.0.0.1:9", 1 },
		{ "http://127.8.7.6", 1 },
		{ "http://localhost:80/x", 1 },
		{ "http://[::1]:80/x", 1 },
		{ "http://api.bybit.com", 0 },
		{ "http://128.0.0.1", 0 },
		{ "http://127.0.0.1.example.com", 0 },
		{ "http://localhost.example.com", 0 },
		{ "http://127.0.0.1@example.com", 0 },
		{ "http://127.0.0.1\\@example.com", 0 },
		{ "http://127.0.0.1#@example.com", 0 },
		{ "https://user@api.bybit.com", 0 },
		{ "http://[::ffff:127.0.0.1]", 0 },
		{ "ftp://127.0.0.1", 0 },
		{ "file:///etc/passwd", 0 },
		{ "api.bybit.com", 0 },
		{ "https://", 0 },
		{ "", 0 },
	};
	struct http_request r = { .method = "GET" };
	struct http *h = client(5000, 5000);
	struct result out = { 0 };
	char err[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		r.url = t[i].url;
		errno = 0;
		if ((http_start(h, &r, keep, &out) == 0) != t[i].ok)
			fail_msg("%s", t[i].url);
		if (!t[i].ok)
			assert_int_equal(errno, EINVAL);
	}
	http_free(h);
	assert_int_equal(
	    http_host("https://api.bybit.com:443/v5", err, sizeof(err)), 0);
	assert_string_equal(err, "api.bybit.com");
	assert_int_equal(http_host("http://[::1]:8080", err, sizeof(err)), 0);
	assert_string_equal(err, "::1");
	assert_int_equal(http_host("https://abcd", err, 4), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(http_host("abcd", err, sizeof(err)), -1);
	assert_int_equal(errno, EINVAL);
}

static void
a_reply_with_its_headers(void **state)
{
	static const struct step script[] = {
		{ SEND,
		    "HTTP/1.1 200 OK\r\nx-bapi-limit-status:  49 \r\n"
		    "X-Bapi-Limit-Reset-Timestamp: 1700000000123\r\n"
		    "Retry-After: 7\r\nContent-Length: 5\r\n\r\nhello" },
		{ SEND,
		    "HTTP/1.1 503 Service Unavailable\r\n"
		    "Date: Fri, 31 Dec 1999 23:59:58 GMT\r\n"
		    "Retry-After: Sat, 01 Jan 2000 00:01:00 GMT\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" },
		{ SEND,
		    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
		    "Content-Length: 0\r\n\r\n" },
		{ STOP, NULL },
	};
	static const char *const headers[] = { "X-BAPI-SIGN: abc", NULL };
	struct http_request r = { .method = "GET", .headers = headers };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	char url[128];

	(void)state;
	server_start(&s, script);
	snprintf(url, sizeof(url), "%s/v5/x?a=b%%2C", s.url);
	r.url = url;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_REPLY);
	assert_int_equal(out.status, 200);
	assert_string_equal(out.body, "hello");
	assert_int_equal(out.len, 5);
	assert_string_equal(out.error, "");
	assert_string_equal(out.limit_status, "49");
	assert_string_equal(out.limit_reset, "1700000000123");
	assert_string_equal(out.retry_after, "7");
	assert_int_equal(out.wait_ms, 7000);
	assert_memory_equal(s.request, "GET /v5/x?a=b%2C HTTP/1.1\r\n", 27);
	assert_non_null(strstr(s.request, "\r\nX-BAPI-SIGN: abc\r\n"));
	assert_null(strcasestr(s.request, "content-length"));

	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.status, 503);
	assert_string_equal(out.body, "abc");
	assert_string_equal(out.limit_status, "");
	assert_int_equal(out.wait_ms, 62000);

	/* A redirect is an answer, not an order. */
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.status, 302);
	assert_int_equal(out.len, 0);
	assert_int_equal(s.connections, 1);
	server_stop(&s);
	http_free(h);
}

/* F02: the kept connection dies under the POST. */
/* Seconds, or any of the three dates of RFC 9110, an hour at the most. */
static void
waits_are_understood(void **state)
{
	static const struct {
		const char *retry_after, *date;
		int64_t wait_ms;
	} cases[] = {
		{ "", "", -1 },
		{ "0", "", 0 },
		{ "3", "", 3000 },
		{ "0.2501", "", 251 },
		{ "3600", "", 3600000 },
		{ "3601", "", 3600000 },
		{ "10072", "", 3600000 },
		{ "99999999999999999", "", 3600000 },
		{ "-1", "", -1 },
		{ "soon", "", -1 },
		{ "12:00", "", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT",
		    "Sun, 06 Nov 1994 08:49:07 GMT", 30000 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT",
		    "Sun, 06 Nov 1994 08:49:07 GMT", 30000 },
		{ "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:07 GMT",
		    30000 },
		{ "Sun, 06 Nov 1994 10:49:37 GMT",
		    "Sun, 06 Nov 1994 08:49:07 GMT", 3600000 },
		/* Gone by, whatever clock it is. */
		{ "Sun, 06 Nov 1994 08:49:07 GMT",
		    "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:49:07 GMT", "", 0 },
		/* By our own clock it is long to go. */
		{ "Sun, 06 Nov 2094 08:49:07 GMT", "", 3600000 },
		{ "Sun, 06 Nov 2094 08:49:07 GMT", "today", 3600000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_reply r = { .outcome = HTTP_REPLY };
		int64_t ms;

		strcpy(r.retry_after, cases[i].retry_after);
		strcpy(r.date, cases[i].date);
		ms = http_retry_after_ms(&r, 3600000);
		if (ms != cases[i].wait_ms)
			fail_msg("'%s' at '%s': %lld", cases[i].retry_after,
			    cases[i].date, (long long)ms);
	}
}

/* A method that is none, too, where a handle is set up for the same URL. */
static void
methods_are_checked(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	struct http_request r = { .method = "GET" };
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);

	(void)state;
	server_start(&s, script);
	r.url = s.url;
	run(h, &r, &out);
	r.method = "DELETE";
	errno = 0;
	assert_int_equal(http_start(h, &r, NULL, NULL), -1);
	assert_int_equal(errno, EINVAL);
	server_stop(&s);
	http_free(h);
}

/*
 * The exit status of a process that lacks the memory for the n-th copy in its
 * first request, and then makes it again.
 */
static int
ask_without(int n, const struct server *s)
{
	struct http_request r = { .method = "GET", .url = s->url };
	struct http *h = client(5000, 5000);
	struct result out = { 0 };
	int failed;

	fail_strdup = n;
	if (http_start(h, &r, keep, &out) == 0)
		while (!out.done)
			assert_int_equal(http_wait(h, NULL, 0, 1000), 0);
	failed = fail_strdup == 0;
	fail_strdup = 0;
	run(h, &r, &out);
	return out.status != 200 ? 2 : failed;
}

/* A request that memory was short for spoils no later one. */
static void
memory_is_short(void **state)
{
	static struct step script[400];
	struct server s;
	int n = 0, status;

	(void)state;
	for (size_t i = 0; i < 399; i++)
		script[i] = (struct step){ SEND, OK_REPLY };
	script[399].act = STOP;
	server_start(&s, script);
	do {
		pid_t pid = fork();

		n++;
		assert_int_not_equal(pid, -1);
		if (pid == 0)
			_exit(ask_without(n, &s));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) == 2)
			fail_msg("no reply after copy %d failed", n);
	} while (WEXITSTATUS(status) != 0);
	assert_in_range(n, 2, 99);
	server_stop(&s);
}

/* F22: 8 MiB and no more, of the body or of the head. */
static void
size_cap(void **state)
{
	static const struct step script[] = {
		{ FLOOD, NULL },
		{ HEADS, NULL },
		{ STOP, NULL },
	};
	struct server s;
	struct result out;
	struct http *h = client(20000, 20000);
	int i;

	(void)state;
	server_start(&s, script);
	for (i = 0; i < 2; i++) {
		request(h, "GET", &s, "/", NULL, &out);
		assert_int_equal(out.outcome, HTTP_UNKNOWN);
		assert_non_null(
		    strstr(out.error, i == 0 ? "over 8388608" : "over 65536"));
	}
	server_stop(&s);
	http_free(h);
}

/* F35: the token of Telegram, or of a webhook, is in the path. */
static void
no_token_in_errors(void **state)
{
	struct http_request r = { .method = "POST",
		.url = "http://127.0.0.1:1/bot123:SECRET/sendMessage?k=QUERY",
		.body = "{}",
		.body_len = 2 };
	struct result out;
	struct http *h = client(2000, 2000);

	(void)state;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);
	assert_memory_equal(out.error, "127.0.0.1/bot***: ", 18);
	assert_null(strstr(out.error, "SECRET"));
	assert_null(strstr(out.error, "QUERY"));

	/* Or all of the path is one. */
	r.url = "http://127.0.0.1:1/services/SECRET?k=QUERY";
	r.path_is_secret = 1;
	run(h, &r, &out);
	assert_int_equal(out.outcome, HTTP_NOT_SENT);
	assert_memory_equal(out.error, "127.0.0.1: ", 11);
	assert_null(strstr(out.error, "SECRET"));
	assert_null(strstr(out.error, "QUERY"));
	http_free(h);
}

/* A descriptor wakes the wait; http_abort ends without a callback. */
static void
waiting_for_others(void **state)
{
	static const struct step script[] = { { HANG, NULL }, { STOP, NULL } };
	struct server s;
	struct result out = { 0 };
	struct http *h = client(60000, 60000);
	struct http_request r = { .method = "GET" };
	struct pollfd p = { .events = POLLIN };
	int64_t start;
	int fds[2];

	(void)state;
	server_start(&s, script);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	p.fd = fds[0];
	r.url = s.url;
	assert_int_equal(http_start(h, &r, keep, &out), 0);
	assert_non_null(h->active);
	assert_int_equal(http_wait(h, &p, 1, 50), 0);
	assert_int_equal(p.revents, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	start = clock_mono_ms();
	while (p.revents == 0)
		assert_int_equal(http_wait(h, &p, 1, -1), 0);
	assert_true(clock_mono_ms() - start < 2000);
	assert_true((p.revents & POLLIN) != 0);
	http_abort(h);
	assert_null(h->active);
	assert_int_equal(out.done, 0);
	close(fds[0]);
	close(fds[1]);
	server_stop(&s);
	http_free(h);
}

static int
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* F104: two thousand requests, the same descriptors. */
static void
descriptors_stay_flat(void **state)
{
	static struct step script[2002];
	struct server s;
	struct result out;
	struct http *h = client(5000, 5000);
	int i, before = 0;

	(void)state;
	for (i = 0; i < 2001; i++)
		script[i] = (struct step){ i % 7 == 6 ? LAST : SEND, OK_REPLY };
	script[i].act = STOP;
	server_start(&s, script);
	for (i = 0; i < 2001; i++) {
		request(h, "GET", &s, "/", NULL, &out);
		assert_int_equal(out.outcome, HTTP_REPLY);
		/* Else the next one may meet its end, rightly a failure. */
		while (s.ended < (i + 1) / 7)
			(void)sched_yield();
		if (i == 1)
			before = count_fds();
	}
	assert_int_equal(count_fds(), before);
	server_stop(&s);
	http_free(h);
}

/* F90: above descriptor 1024 it works, and an idle wait burns nothing. */
static void
many_descriptors(void **state)
{
	static const struct step script[] = {
		{ SEND, OK_REPLY },
		{ STOP, NULL },
	};
	static int fds[1100];
	struct rlimit limit, old;
	struct timespec a, b;
	struct server s;
	struct result out;
	struct http *h;
	size_t i;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	if (old.rlim_cur < 1300) {
		limit.rlim_cur = 1300;
		if (old.rlim_max < 1300 ||
		    setrlimit(RLIMIT_NOFILE, &limit) == -1)
			skip();
	}
	for (i = 0; i < 1100; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_int_not_equal(fds[i], -1);
	}
	server_start(&s, script);
	h = client(5000, 5000);
	request(h, "GET", &s, "/", NULL, &out);
	assert_int_equal(out.outcome, HTTP_REPLY);

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a), 0);
	assert_int_equal(http_wait(h, NULL, 0, 500), 0);
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b), 0);
	assert_true(
	    (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 <
	    50);
	server_stop(&s);
	http_free(h);
	for (i = 0; i < 1100; i++)
		close(fds[i]);
	(void)setrlimit(RLIMIT_NOFILE, &old);
}

static void
ca_file_must_be_readable(void **state)
{
	struct http_opts o = { "/nonexistent/ca.pem", 1000, 1000, 1000, 1 };
	char err[256];

	(void)state;
	assert_null(http_new(&o, err, sizeof(err)));
	assert_non_null(strstr(err, "CA_FILE=/nonexistent/ca.pem: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(a_reply_with_its_headers),
		cmocka_unit_test(waits_are_understood),
		cmocka_unit_test(methods_are_checked),
		cmocka_unit_test(memory_is_short),
		cmocka_unit_test(size_cap),
		cmocka_unit_test(no_token_in_errors),
		cmocka_unit_test(waiting_for_others),
		cmocka_unit_test(descriptors_stay_flat),
		cmocka_unit_test(many_descriptors),
		cmocka_unit_test(ca_file_must_be_readable),
	};

	signal(SIGPIPE, SIG_IGN);
	/* A proxy in the environment must not matter. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
