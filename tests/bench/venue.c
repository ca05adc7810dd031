/*
 * venue: answers an order as Bybit does, 2 ms after it came.
 *
 *   venue -C CERT -K KEY -a FILE [-p FILE]
 *
 * It has C001USDT to C010USDT; orders fill at once, at 1; signatures are not
 * looked at.  It prints the port of its TLS listener, and that of a plain one
 * where every request gets a 200 at once, and serves until it is killed.  When
 * an entry arrives, its moment (CLOCK_MONOTONIC, ns) goes into FILE, at 8
 * times the number in the symbol's name (C007USDT: 7).  It also takes messages
 * as Telegram does, at once; and with -p the file's text is the list of
 * positions of who asks for all of them.  The stand-in exchange
 * is no such yardstick: its journal counts in milliseconds, and an order costs
 * it a sum over 600 instruments.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/num.h"

#define COINS 10
#define ANSWER_US 2000 /* after a request has come; Bybit takes longer */
#define REQUEST_MAX 8192
#define TEXT 64

/* A symbol's last order, and what it left as the position. */
struct coin {
	char link[TEXT], side[TEXT], qty[TEXT], stop[TEXT];
	int64_t seq; /* of its orders; 0: none so far */
	int closed;
};

static struct coin coins[COINS + 1];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int arrivals = -1;
static const char *positions; /* a file; NULL: none */

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "venue: ");
	perror(what);
	exit(EX_OSERR);
}

/* The N of the first "C00NUSDT" in s; 0 where there is none. */
static int
coin_of(const char *s)
{
	const char *p = s != NULL ? strstr(s, "USDT") : NULL;
	int64_t n;

	if (p == NULL || p - s < 4 || p[-4] != 'C' ||
	    num_parse(p - 3, 3, 1, COINS, &n) == -1)
		return 0;
	return (int)n;
}

static void
stamp(int coin)
{
	struct timespec t;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	if (pwrite(arrivals, &ns, sizeof(ns), 8 * coin) != sizeof(ns))
		fail("arrivals");
}

static void
keep(char out[TEXT], const struct json *v)
{
	const char *s = json_string(v);

	(void)snprintf(out, TEXT, "%s", s != NULL ? s : "");
}

static void
create(struct buf *b, char *body, size_t len)
{
	struct json_doc *doc = json_new();
	const struct json *v = json_parse(doc, body, len);
	int coin = coin_of(json_string(json_get(v, "symbol")));
	struct coin *c = &coins[coin];

	c->closed = 0;
	(void)json_bool(json_get(v, "reduceOnly"), &c->closed);
	if (!c->closed)
		stamp(coin);
	c->seq++;
	keep(c->link, json_get(v, "orderLinkId"));
	keep(c->side, json_get(v, "side"));
	keep(c->qty, json_get(v, "qty"));
	keep(c->stop, json_get(v, "stopLoss"));
	buf_printf(b, "\"orderId\":\"%d-%" PRId64 "\",\"orderLinkId\":\"%s\"",
	    coin, c->seq, c->link);
	json_free(doc);
}

static void
put_order(struct buf *b, int coin, const char *head)
{
	const struct coin *c = &coins[coin];

	buf_puts(b, "\"list\":[");
	if (c->seq > 0 && strstr(head, c->link) != NULL)
		buf_printf(b,
		    "{\"orderId\":\"%d-%" PRId64 "\",\"orderLinkId\":\"%s\","
		    "\"symbol\":\"C%03dUSDT\",\"side\":\"%s\","
		    "\"orderStatus\":\"Filled\",\"avgPrice\":\"1.0000\","
		    "\"qty\":\"%s\",\"cumExecQty\":\"%s\","
		    "\"rejectReason\":\"EC_NoError\"}",
		    coin, c->seq, c->link, coin, c->side, c->qty, c->qty);
	buf_putc(b, ']');
}

static void
put_position(struct buf *b, int coin)
{
	const struct coin *c = &coins[coin];
	int open = c->seq > 0 && !c->closed;

	buf_puts(b, "\"list\":[");
	if (coin != 0)
		buf_printf(b,
		    "{\"symbol\":\"C%03dUSDT\",\"positionIdx\":0,"
		    "\"side\":\"%s\",\"size\":\"%s\",\"stopLoss\":\"%s\","
		    "\"markPrice\":\"1.0000\",\"leverage\":\"10\","
		    "\"seq\":%" PRId64 "}",
		    coin, open ? c->side : "", open ? c->qty : "0",
		    open ? c->stop : "", c->seq);
	buf_putc(b, ']');
}

static void
put_positions(struct buf *b)
{
	char text[REQUEST_MAX];
	int fd = open(positions, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, text, sizeof(text)) : -1;

	if (n == -1)
		fail(positions);
	(void)close(fd);
	buf_puts(b, "\"list\":");
	buf_put(b, text, (size_t)n);
}

static void
put_instruments(struct buf *b)
{
	buf_puts(b, "\"list\":[");
	for (int i = 1; i <= COINS; i++)
		buf_printf(b,
		    "%s{\"symbol\":\"C%03dUSDT\",\"status\":\"Trading\","
		    "\"leverageFilter\":{\"maxLeverage\":\"25.00\"},"
		    "\"priceFilter\":{\"tickSize\":\"0.0001\"},"
		    "\"lotSizeFilter\":{\"minOrderQty\":\"0.1\","
		    "\"qtyStep\":\"0.1\",\"maxMktOrderQty\":\"200000\","
		    "\"minNotionalValue\":\"5\"}}",
		    i == 1 ? "" : ",", i);
	buf_putc(b, ']');
}

/* The result of a request, as the members of an object. */
static void
put_result(struct buf *b, const char *head, char *body, size_t len)
{
	int coin = coin_of(head);

	if (strncmp(head, "POST /v5/order/create", 21) == 0)
		create(b, body, len);
	else if (strncmp(head, "GET /v5/order/realtime", 22) == 0)
		put_order(b, coin, head);
	else if (strncmp(head, "GET /v5/position/list", 21) == 0 &&
	    positions != NULL && coin == 0)
		put_positions(b);
	else if (strncmp(head, "GET /v5/position/list", 21) == 0)
		put_position(b, coin);
	else if (strncmp(head, "GET /v5/market/instruments-info", 31) == 0)
		put_instruments(b);
	else if (strncmp(head, "GET /v5/account/wallet-balance", 30) == 0)
		buf_puts(b,
		    "\"list\":[{\"accountType\":\"UNIFIED\","
		    "\"totalEquity\":\"10000\",\"coin\":["
		    "{\"coin\":\"USDT\",\"equity\":\"10000\"}]}]");
	else if (strncmp(head, "GET /v5/account/info", 20) == 0)
		buf_puts(b, "\"marginMode\":\"REGULAR_MARGIN\"");
	else if (strncmp(head, "GET /v5/user/query-api", 22) == 0)
		buf_puts(b, "\"readOnly\":0,\"permissions\":{\"Wallet\":[]}");
	else
		buf_puts(b, "\"list\":[]");
}

static int
is_message(const char *head)
{
	return strncmp(head, "POST /bot", 9) == 0;
}

static void
put_sent(struct buf *out)
{
	static const char body[] =
	    "{\"ok\":true,\"result\":{\"message_id\":1,\"date\":1700000000,"
	    "\"chat\":{\"id\":1,\"type\":\"private\"},\"text\":\"sent\"}}";

	buf_clear(out);
	buf_printf(out,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    sizeof(body) - 1, body);
}

static void
answer(struct buf *out, const char *head, char *body, size_t len)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	buf_puts(&b, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{");
	pthread_mutex_lock(&lock);
	put_result(&b, head, body, len);
	pthread_mutex_unlock(&lock);
	buf_printf(
	    &b, "},\"retExtInfo\":{},\"time\":%" PRId64 "}", clock_wall_ms());
	buf_clear(out);
	buf_printf(out,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    b.len);
	buf_put(out, b.p, b.len);
	buf_release(&b);
}

/*
 * The length of the whole request at the beginning of in, which ends with a
 * NUL: 0 where it is not all there.  *body is where its body begins.
 */
static size_t
whole(const char *in, size_t used, size_t *body)
{
	const char *end = strstr(in, "\r\n\r\n"), *p;
	int64_t n = 0;

	if (end == NULL)
		return 0;
	*body = (size_t)(end + 4 - in);
	p = strcasestr(in, "\r\nContent-Length: ");
	if (p != NULL && p < end &&
	    num_parse(
		p + 18, strspn(p + 18, "0123456789"), 0, REQUEST_MAX, &n) == -1)
		return 0;
	return *body + (size_t)n <= used ? *body + (size_t)n : 0;
}

/* One TLS connection to its end; requests come one after the other. */
static void *
serve(void *arg)
{
	char in[REQUEST_MAX + 1];
	size_t used = 0, body, len;
	struct buf out;
	SSL *tls = arg;
	int n;

	buf_init(&out, 1u << 20);
	if (SSL_accept(tls) != 1)
		goto out;
	for (;;) {
		n = SSL_read(tls, in + used, (int)(REQUEST_MAX - used));
		if (n <= 0)
			break;
		used += (size_t)n;
		in[used] = '\0';
		len = whole(in, used, &body);
		if (len == 0)
			continue;
		in[body - 1] = '\0';
		used = 0;
		if (is_message(in)) {
			put_sent(&out);
		} else {
			answer(&out, in, in + body, len - body);
			(void)usleep(ANSWER_US);
		}
		if (SSL_write(tls, out.p, (int)out.len) <= 0)
			break;
	}
out:
	buf_release(&out);
	close(SSL_get_fd(tls));
	SSL_free(tls);
	return NULL;
}

static int
listen_on(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&a, len) == -1 ||
	    listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		fail("listen");
	*port = ntohs(a.sin_port);
	return fd;
}

static int
accept_on(int fd)
{
	int one = 1, c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (c == -1 ||
	    setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == -1)
		fail("accept");
	return c;
}

static void *
serve_plain(void *arg)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n"
				 "Connection: close\r\n\r\n{\"ok\":true}";
	char in[REQUEST_MAX + 1];
	const int *fd = arg;

	for (;;) {
		int c = accept_on(*fd);
		size_t used = 0, body;
		ssize_t n = 1;

		in[0] = '\0';
		while (n > 0 && whole(in, used, &body) == 0) {
			n = read(c, in + used, REQUEST_MAX - used);
			used += n > 0 ? (size_t)n : 0;
			in[used] = '\0';
		}
		if (n > 0)
			(void)!write(c, ok, sizeof(ok) - 1);
		close(c);
	}
	return NULL;
}

int
main(int argc, char *argv[])
{
	const char *cert = NULL, *key = NULL, *file = NULL;
	int ch, port, plain_port, fd, plain;
	pthread_t thread;
	SSL_CTX *ctx;
	SSL *tls;

	while ((ch = getopt(argc, argv, "C:K:a:p:")) != -1)
		switch (ch) {
		case 'C':
			cert = optarg;
			break;
		case 'K':
			key = optarg;
			break;
		case 'a':
			file = optarg;
			break;
		case 'p':
			positions = optarg;
			break;
		default:
			return EX_USAGE;
		}
	if (cert == NULL || key == NULL || file == NULL) {
		fprintf(
		    stderr, "usage: venue -C cert -K key -a file [-p file]\n");
		return EX_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	arrivals = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (arrivals == -1)
		fail(file);
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		fail("certificate");
	fd = listen_on(&port);
	plain = listen_on(&plain_port);
	if (pthread_create(&thread, NULL, serve_plain, &plain) != 0)
		fail("thread");
	printf("%d %d\n", port, plain_port);
	if (fflush(stdout) != 0)
		fail("stdout");
	for (;;) {
		tls = SSL_new(ctx);
		if (tls == NULL || SSL_set_fd(tls, accept_on(fd)) != 1 ||
		    pthread_create(&thread, NULL, serve, tls) != 0 ||
		    pthread_detach(thread) != 0)
			fail("connection");
	}
}
