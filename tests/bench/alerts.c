/*
 * alerts: post alerts one by one, and tell how long each took to its order.
 *
 *   alerts load [-c] [-n count] [-r rate] [-w warmup] -a FILE URL <TEMPLATE
 *   alerts load -x [-n count] URL <TEMPLATE
 *   alerts floor [-n count] [-r rate] [-w warmup] -a FILE -C CA PLAIN TLS
 *   alerts hop [-n count]
 *
 * load posts TEMPLATE (one line) to URL, each time over a new connection, as
 * senders of alerts do, with @SYMBOL@, @TIME@ and @ACTION@ replaced: ten
 * symbols in turn.  With -c every buy is followed by a close of the same
 * symbol, which does not count.  With -r an alert is due 1/rate s after the
 * one before, and a late start counts; else once the one before is answered.
 * With -x any answer will do, and no order is looked for.
 * FILE has the moment each order arrived (see venue.c).  floor does nothing
 * but what is there at the least: the same POST to PLAIN, and then a signed
 * one to TLS, over a connection that is kept.  Both print "P50 P99 ordered"
 * and "P50 P99 answered", in microseconds, without the first -w alerts.
 *
 * hop hands a line to a process and gets it back, over Unix sockets: two hops.
 * It prints the p50 in ns.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/bybit.h"
#include "common/clock.h"
#include "common/num.h"

#define COINS 10
#define TEXT_MAX 4096
#define LINE_LEN 500

struct options {
	int64_t count, warmup, rate;
	int closes, any, arrivals;
	const char *ca;
};

/* What was measured, ns. */
struct times {
	uint64_t *ordered, *answered;
	size_t n;
};

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "alerts: %s: %s\n", what, strerror(errno));
	exit(EX_SOFTWARE);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
sleep_until(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000),
		(long)(ns % 1000000000) };

	while (
	    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		continue;
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
print(uint64_t *ns, size_t n, const char *name)
{
	if (n == 0)
		return;
	qsort(ns, n, sizeof(*ns), by_size);
	printf("%" PRIu64 " %" PRIu64 " %s\n", ns[n / 2] / 1000,
	    ns[n * 99 / 100] / 1000, name);
}

static int64_t
number(const char *s)
{
	int64_t n;

	if (num_parse(s, strlen(s), 0, 10000000, &n) == -1) {
		fprintf(stderr, "alerts: '%s': expected a number\n", s);
		exit(EX_USAGE);
	}
	return n;
}

/* http://127.0.0.1:PORT/PATH */
static int
split(const char *url, const char **path)
{
	static const char start[] = "http://127.0.0.1:";
	size_t len = sizeof(start) - 1;
	int64_t port;

	if (strncmp(url, start, len) == 0) {
		size_t digits = strspn(url + len, "0123456789");

		*path = url + len + digits;
		if (num_parse(url + len, digits, 1, 65535, &port) == 0 &&
		    **path == '/')
			return (int)port;
	}
	fprintf(stderr, "alerts: '%s': expected %sPORT/PATH\n", url, start);
	exit(EX_USAGE);
}

/* Post body and wait for the answer, which must be a 200, or any at all. */
static void
post(int port, const char *path, const char *body, int any)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons((uint16_t)port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[2 * TEXT_MAX];
	size_t got = 0;
	ssize_t n;
	int len;

	len = snprintf(text, sizeof(text),
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "Content-Type: application/json\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    path, port, strlen(body), body);
	if (fd == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == -1 ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    write(fd, text, (size_t)len) != len)
		fail("unable to post");
	/* The last byte counts: it comes with the end of the connection. */
	while (got < sizeof(text) - 1) {
		n = read(fd, text + got, sizeof(text) - 1 - got);
		if (n == -1)
			fail("unable to read the answer");
		if (n == 0)
			break;
		got += (size_t)n;
	}
	text[got] = '\0';
	close(fd);
	if (strncmp(text, "HTTP/1.1 200", any ? 9 : 12) != 0) {
		fprintf(stderr, "alerts: %s\nwas answered %s\n", body, text);
		exit(EX_SOFTWARE);
	}
}

static int
coin_of(int64_t i)
{
	return (int)(i % COINS) + 1;
}

/* template with the words of alert i in it. */
static void
fill(char out[TEXT_MAX], const char *template, int coin, const char *action,
    int64_t time_ms)
{
	size_t n = 0;
	char word[32];

	for (const char *p = template; *p != '\0' && n < TEXT_MAX - 64;) {
		if (strncmp(p, "@SYMBOL@", 8) == 0) {
			(void)snprintf(word, sizeof(word), "C%03dUSDT", coin);
			p += 8;
		} else if (strncmp(p, "@ACTION@", 8) == 0) {
			(void)snprintf(word, sizeof(word), "%s", action);
			p += 8;
		} else if (strncmp(p, "@TIME@", 6) == 0) {
			(void)snprintf(word, sizeof(word), "%" PRId64, time_ms);
			p += 6;
		} else {
			word[0] = *p++;
			word[1] = '\0';
		}
		memcpy(out + n, word, strlen(word));
		n += strlen(word);
	}
	out[n] = '\0';
}

/* One alert was due at, and is answered now. */
static void
take(const struct options *o, struct times *t, int64_t i, uint64_t due)
{
	uint64_t now = now_ns(), arrived = 0;

	if (i < o->warmup || o->any)
		return;
	if (pread(o->arrivals, &arrived, sizeof(arrived), 8 * coin_of(i)) !=
		sizeof(arrived) ||
	    arrived < due || arrived > now) {
		fprintf(stderr, "alerts: alert %" PRId64 " made no order\n", i);
		exit(EX_SOFTWARE);
	}
	t->answered[t->n] = now - due;
	t->ordered[t->n++] = arrived - due;
}

static uint64_t
due_at(const struct options *o, uint64_t start, int64_t step)
{
	uint64_t due;

	if (o->rate == 0)
		return now_ns();
	due = start + (uint64_t)(step * 1000000000 / o->rate);
	sleep_until(due);
	return due;
}

/* The time of the next alert: now, and later than the one before. */
static int64_t
next_time(int64_t last)
{
	int64_t now = clock_wall_ms();

	return now > last ? now : last + 1;
}

static void
load(const struct options *o, struct times *t, const char *url)
{
	char template[TEXT_MAX], body[TEXT_MAX];
	int64_t total = o->warmup + o->count, step = 0, at = 0;
	uint64_t start = now_ns(), due;
	const char *path;
	int port = split(url, &path);

	if (fgets(template, sizeof(template), stdin) == NULL)
		fail("no template");
	template[strcspn(template, "\n")] = '\0';
	for (int64_t i = 0; i < total; i++) {
		at = next_time(at);
		fill(body, template, coin_of(i), "buy", at);
		due = due_at(o, start, step++);
		post(port, path, body, o->any);
		take(o, t, i, due);
		if (!o->closes)
			continue;
		at = next_time(at);
		fill(body, template, coin_of(i), "close", at);
		(void)due_at(o, start, step++);
		post(port, path, body, o->any);
	}
}

static size_t
discard(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

static struct curl_slist *
signed_headers(const char *body)
{
	static const char *const form[] = { "Content-Type: application/json",
		"X-BAPI-API-KEY: key", "X-BAPI-RECV-WINDOW: 5000" };
	char time[24], sign[BYBIT_SIGN_MAX], line[128];
	struct curl_slist *h = NULL;

	for (size_t i = 0; i < sizeof(form) / sizeof(*form); i++)
		h = curl_slist_append(h, form[i]);
	(void)snprintf(time, sizeof(time), "%" PRId64, clock_wall_ms());
	bybit_sign(sign, "secret", time, "key", "5000", body, strlen(body));
	(void)snprintf(line, sizeof(line), "X-BAPI-TIMESTAMP: %s", time);
	h = curl_slist_append(h, line);
	(void)snprintf(line, sizeof(line), "X-BAPI-SIGN: %s", sign);
	return curl_slist_append(h, line);
}

static void
least(const struct options *o, struct times *t, const char *plain,
    const char *tls)
{
	CURL *c = curl_easy_init();
	uint64_t start = now_ns(), due;
	struct curl_slist *h;
	char body[TEXT_MAX];
	const char *path;
	int port = split(plain, &path);

	if (c == NULL || curl_easy_setopt(c, CURLOPT_URL, tls) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_CAINFO, o->ca) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_NOPROXY, "*") != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, discard) != CURLE_OK)
		fail("libcurl");
	for (int64_t i = 0; i < o->warmup + o->count; i++) {
		due = due_at(o, start, i);
		post(
		    port, path, "{\"symbol\":\"C001USDT\",\"price\":\"1\"}", 0);
		(void)snprintf(body, sizeof(body),
		    "{\"category\":\"linear\",\"symbol\":\"C%03dUSDT\","
		    "\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"500\","
		    "\"orderLinkId\":\"floor-%" PRId64 "\","
		    "\"stopLoss\":\"0.9800\"}",
		    coin_of(i), i);
		h = signed_headers(body);
		if (curl_easy_setopt(c, CURLOPT_HTTPHEADER, h) != CURLE_OK ||
		    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body) != CURLE_OK ||
		    curl_easy_perform(c) != CURLE_OK)
			fail("unable to post the order");
		take(o, t, i, due);
		curl_slist_free_all(h);
	}
	curl_easy_cleanup(c);
}

static void
move(int from, int to)
{
	char line[LINE_LEN];

	if (read(from, line, sizeof(line)) != LINE_LEN)
		_exit(EX_OK);
	if (write(to, line, sizeof(line)) != LINE_LEN)
		fail("write");
}

static int
hop(int64_t count)
{
	char line[LINE_LEN];
	uint64_t *ns, t;
	int fd[2];

	ns = calloc((size_t)count, sizeof(*ns));
	memset(line, 'x', sizeof(line));
	if (ns == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		fail("socketpair");
	switch (fork()) {
	case -1:
		fail("fork");
	case 0:
		close(fd[0]);
		for (;;)
			move(fd[1], fd[1]);
	default:
		close(fd[1]);
	}
	for (int64_t i = 0; i < count; i++) {
		t = now_ns();
		if (write(fd[0], line, sizeof(line)) != LINE_LEN ||
		    read(fd[0], line, sizeof(line)) != LINE_LEN)
			fail("hop");
		ns[i] = now_ns() - t;
	}
	close(fd[0]);
	(void)wait(NULL);
	qsort(ns, (size_t)count, sizeof(*ns), by_size);
	printf("%" PRIu64 "\n", ns[count / 2]);
	free(ns);
	return EX_OK;
}

_Noreturn static void
usage(void)
{
	fprintf(stderr,
	    "usage: alerts load [-c] [-n count] [-r rate] "
	    "[-w warmup] -a file url\n"
	    "       alerts load -x [-n count] url\n"
	    "       alerts floor [-n count] [-r rate] [-w warmup] -a file "
	    "-C ca plain tls\n"
	    "       alerts hop [-n count]\n");
	exit(EX_USAGE);
}

int
main(int argc, char *argv[])
{
	struct options o = { .count = 300, .arrivals = -1 };
	const char *what = argc > 1 ? argv[1] : "";
	struct times t = { 0 };
	int ch;

	optind = 2;
	while (argc > 1 && (ch = getopt(argc, argv, "C:a:cn:r:w:x")) != -1)
		switch (ch) {
		case 'C':
			o.ca = optarg;
			break;
		case 'a':
			o.arrivals = open(optarg, O_RDONLY | O_CLOEXEC);
			if (o.arrivals == -1)
				fail(optarg);
			break;
		case 'c':
			o.closes = 1;
			break;
		case 'n':
			o.count = number(optarg);
			break;
		case 'r':
			o.rate = number(optarg);
			break;
		case 'w':
			o.warmup = number(optarg);
			break;
		case 'x':
			o.any = 1;
			break;
		default:
			usage();
		}
	if (o.count > 0 && strcmp(what, "hop") == 0 && argc == optind)
		return hop(o.count);
	t.ordered = calloc((size_t)o.count + 1, sizeof(*t.ordered));
	t.answered = calloc((size_t)o.count + 1, sizeof(*t.answered));
	if (t.ordered == NULL || t.answered == NULL)
		fail("calloc");
	if (strcmp(what, "load") == 0 && argc == optind + 1 &&
	    (o.any || o.arrivals != -1))
		load(&o, &t, argv[optind]);
	else if (strcmp(what, "floor") == 0 && argc == optind + 2 &&
	    o.arrivals != -1 && o.ca != NULL)
		least(&o, &t, argv[optind], argv[optind + 1]);
	else
		usage();
	print(t.ordered, t.n, "ordered");
	print(t.answered, t.n, "answered");
	free(t.ordered);
	free(t.answered);
	return EX_OK;
}
