#include "common/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/decimal.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/num.h"

/* Bytes of a reply's headers: CloudFront's and Bybit's take 2 KiB. */
#define HEADERS_SIZE_MAX (64u << 10)

/* Seconds: an idle connection, any connection, an address (F86). */
#define CONNECTION_IDLE_S 90L
#define CONNECTION_AGE_S 600L
#define ADDRESS_AGE_S 60L

#define WAIT_FDS_MAX 16

/* One request, and the easy handle that is used again by later ones. */
struct call {
	struct call *next; /* in idle or active */
	CURL *easy;
	/* What it is set up for, which stays from one request to the next. */
	char *url; /* NULL: nothing */
	int post, may_repeat, path_is_secret;
	long patience_ms;
	struct curl_slist *headers;
	char *body;
	size_t body_len;
	size_t body_read; /* how much of it libcurl has taken */
	struct buf reply;
	size_t header_bytes;
	int too_large;
	int64_t start_ms;
	struct http_reply r;
	void (*done)(void *arg, const struct http_reply *reply);
	void *arg;
	char where[256]; /* host and path, fit for a message */
	char curl_error[CURL_ERROR_SIZE];
	char error[640];
};

struct http {
	CURLM *multi;
	struct call *idle;
	struct call *active;
	size_t nactive;
	char *ca_file; /* NULL: the system's */
	long connect_ms;
	long stall_s;
	long total_ms;
	int moved; /* nobody was reached: look addresses up anew (F86) */
};

static void
call_free(struct call *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	buf_release(&c->reply);
	free(c->url);
	free(c->body);
	free(c);
}

static struct call *
call_new(void)
{
	struct call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	buf_init(&c->reply, REPLY_SIZE_MAX + 1);
	c->easy = curl_easy_init();
	if (c->easy == NULL) {
		call_free(c);
		return NULL;
	}
	return c;
}

/* Forget what it is set up for. */
static void
call_reset(struct call *c)
{
	curl_easy_reset(c->easy);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	free(c->url);
	c->url = NULL;
}

/* Forget the request; the memory and the handle stay for the next one. */
static void
call_clear(struct call *c)
{
	free(c->body);
	c->body = NULL;
	c->body_len = c->body_read = c->header_bytes = 0;
	c->too_large = 0;
	c->curl_error[0] = '\0';
	c->error[0] = '\0';
	memset(&c->r, 0, sizeof(c->r));
	buf_clear(&c->reply);
}

struct http *
http_new(const struct http_opts *o, char *err, size_t size)
{
	struct http *h;
	long connections =
	    o->connections > INT_MAX ? INT_MAX : (long)o->connections;

	crypto_start(); /* libcurl does not look whether it did */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die(EX_OSERR, "unable to start libcurl");
	h = must_have(calloc(1, sizeof(*h)));
	h->connect_ms = o->connect_ms;
	h->stall_s = (o->stall_ms + 999) / 1000;
	h->total_ms = o->total_ms;
	if (o->ca_file != NULL && o->ca_file[0] != '\0') {
		if (access(o->ca_file, R_OK) == -1) {
			snprintf(err, size,
			    "CA_FILE=%s: %s: expected a PEM file that can be "
			    "read",
			    o->ca_file, strerror(errno));
			http_free(h);
			return NULL;
		}
		h->ca_file = must_have(strdup(o->ca_file));
	}
	h->multi = must_have(curl_multi_init());
	if (curl_multi_setopt(h->multi, CURLMOPT_PIPELINING,
		(long)CURLPIPE_NOTHING) != CURLM_OK ||
	    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, connections) !=
		CURLM_OK ||
	    curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		connections) != CURLM_OK)
		die(EX_OSERR, "out of memory");
	return h;
}

void
http_free(struct http *h)
{
	struct call *c;

	if (h == NULL)
		return;
	http_abort(h);
	while ((c = h->idle) != NULL) {
		h->idle = c->next;
		call_free(c);
	}
	if (h->multi != NULL)
		(void)curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	free(h->ca_file);
	free(h);
}

void
http_abort(struct http *h)
{
	struct call *c;

	while ((c = h->active) != NULL) {
		h->active = c->next;
		(void)curl_multi_remove_handle(h->multi, c->easy);
		call_clear(c);
		c->next = h->idle;
		h->idle = c;
	}
	h->nactive = 0;
}

size_t
http_active(const struct http *h)
{
	return h->nactive;
}

/* A part of a parsed URL; NULL where absent.  curl_free it. */
static char *
url_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	CURLUcode rc = curl_url_get(u, part, &text, 0);

	/* Else it would be called absent. */
	if (rc == CURLUE_OUT_OF_MEMORY)
		die(EX_OSERR, "out of memory");
	return rc == CURLUE_OK ? text : NULL;
}

static CURLU *
url_parse(const char *url)
{
	CURLU *u = must_have(curl_url());

	CURLUcode rc;

	rc = curl_url_set(u, CURLUPART_URL, url, 0);
	/* Else it would be called a bad URL. */
	if (rc == CURLUE_OUT_OF_MEMORY)
		die(EX_OSERR, "out of memory");
	if (rc != CURLUE_OK) {
		curl_url_cleanup(u);
		u = NULL;
	}
	return u;
}

/* libcurl takes "localhost" to be loopback without asking a resolver. */
static int
is_loopback(const char *host)
{
	struct in_addr a;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return 1;
	return inet_pton(AF_INET, host, &a) == 1 &&
	    (ntohl(a.s_addr) >> 24) == 127;
}

int
http_check_url(const char *url, char *err, size_t size)
{
	CURLU *u = url_parse(url);
	char *scheme = NULL, *host = NULL, *user = NULL;
	int rc = -1;

	if (u == NULL) {
		snprintf(err, size, "not a URL: expected https://HOST");
		return -1;
	}
	scheme = url_part(u, CURLUPART_SCHEME);
	host = url_part(u, CURLUPART_HOST);
	user = url_part(u, CURLUPART_USER);
	if (scheme == NULL || host == NULL || host[0] == '\0')
		snprintf(err, size, "not a URL: expected https://HOST");
	else if (user != NULL)
		snprintf(err, size, "a URL with a user name is not accepted");
	else if (strcmp(scheme, "https") == 0)
		rc = 0;
	else if (strcmp(scheme, "http") != 0)
		snprintf(
		    err, size, "%s is not accepted: expected https", scheme);
	else if (!is_loopback(host))
		snprintf(err, size,
		    "plain http to %s is not accepted: expected https, or "
		    "http to loopback",
		    host);
	else
		rc = 0;
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(u);
	return rc;
}

int
http_host(const char *url, char *out, size_t size)
{
	CURLU *u = url_parse(url);
	char *host = u != NULL ? url_part(u, CURLUPART_HOST) : NULL;
	const char *p = host;
	size_t n;
	int rc = -1;

	if (host == NULL) {
		errno = EINVAL;
		goto out;
	}
	n = strlen(host);
	if (n >= 2 && host[0] == '[') {
		p = host + 1;
		n -= 2;
	}
	if (n >= size) {
		errno = ERANGE;
		goto out;
	}
	memcpy(out, p, n);
	out[n] = '\0';
	rc = 0;
out:
	curl_free(host);
	curl_url_cleanup(u);
	return rc;
}

uint16_t
http_port(const char *url)
{
	CURLU *u = url_parse(url);
	char *text = NULL;
	int64_t port = 0;

	if (u != NULL &&
	    curl_url_get(u, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT) ==
		CURLUE_OK)
		(void)num_parse(text, strlen(text), 1, UINT16_MAX, &port);
	curl_free(text);
	curl_url_cleanup(u);
	return (uint16_t)port;
}

/*
 * Host and path for messages.  The query stays out, and what follows "/bot",
 * where Telegram's URLs have the token, or all of the path (F35).
 */
static void
describe(struct call *c, const struct http_request *r)
{
	CURLU *u = url_parse(r->url);
	char *host = u != NULL ? url_part(u, CURLUPART_HOST) : NULL;
	char *path = u != NULL && !r->path_is_secret
	    ? url_part(u, CURLUPART_PATH)
	    : NULL;
	char *bot = path != NULL ? strstr(path, "/bot") : NULL;

	if (bot != NULL)
		*bot = '\0';
	snprintf(c->where, sizeof(c->where), "%s%s%s", host != NULL ? host : "",
	    path != NULL ? path : "", bot != NULL ? "/bot***" : "");
	curl_free(host);
	curl_free(path);
	curl_url_cleanup(u);
}

/* If line is "name: value", copy the value, trimmed and cut to size. */
static void
take_header(
    const char *line, size_t len, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 &&
	    (line[len - 1] == '\r' || line[len - 1] == '\n' ||
		line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (len >= size)
		len = size - 1;
	memcpy(out, line, len);
	out[len] = '\0';
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	struct http_reply *r = &c->r;

	n *= size;
	c->header_bytes += n;
	if (c->header_bytes > HEADERS_SIZE_MAX) {
		c->too_large = 1;
		return 0;
	}
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
		/* A new head: what an interim one said does not count. */
		r->limit_status[0] = r->limit_reset[0] = '\0';
		r->retry_after[0] = r->content_type[0] = '\0';
		r->date[0] = '\0';
		return n;
	}
	take_header(p, n, "X-Bapi-Limit-Status", r->limit_status,
	    sizeof(r->limit_status));
	take_header(p, n, "X-Bapi-Limit-Reset-Timestamp", r->limit_reset,
	    sizeof(r->limit_reset));
	take_header(
	    p, n, "Retry-After", r->retry_after, sizeof(r->retry_after));
	take_header(
	    p, n, "Content-Type", r->content_type, sizeof(r->content_type));
	take_header(p, n, "Date", r->date, sizeof(r->date));
	return n;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	n *= size;
	if (c->reply.len + n > REPLY_SIZE_MAX) {
		c->too_large = 1;
		return 0;
	}
	buf_put(&c->reply, p, n);
	return buf_failed(&c->reply) ? 0 : n;
}

/*
 * The body of a POST.  There is no seek function beside it on purpose: where a
 * kept connection dies, libcurl would rewind and send the POST again by
 * itself; so it fails with CURLE_SEND_FAIL_REWIND instead (F02).
 */
static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	n *= size;
	if (n > c->body_len - c->body_read)
		n = c->body_len - c->body_read;
	if (n > 0)
		memcpy(p, c->body + c->body_read, n);
	c->body_read += n;
	return n;
}

#define SET(easy, option, value)                                               \
	do {                                                                   \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK)         \
			return -1;                                             \
	} while (0)

/* What holds for every request. */
static int
set_common(const struct http *h, struct call *c)
{
	CURL *e = c->easy;

	SET(e, CURLOPT_NOSIGNAL, 1L);
	SET(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(e, CURLOPT_PROXY, "");
	SET(e, CURLOPT_FOLLOWLOCATION, 0L);
	SET(e, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(e, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->ca_file != NULL) {
		SET(e, CURLOPT_CAINFO, h->ca_file);
		SET(e, CURLOPT_CAPATH, NULL); /* that file, nothing else */
	}
	SET(e, CURLOPT_CONNECTTIMEOUT_MS, h->connect_ms);
	SET(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	/* Without it a time-out waits for getaddrinfo to come back (F85). */
	SET(e, CURLOPT_QUICK_EXIT, 1L);
	SET(e, CURLOPT_MAXAGE_CONN, CONNECTION_IDLE_S);
	SET(e, CURLOPT_MAXLIFETIME_CONN, CONNECTION_AGE_S);
	SET(e, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
	SET(e, CURLOPT_ERRORBUFFER, c->curl_error);
	SET(e, CURLOPT_HEADERFUNCTION, on_header);
	SET(e, CURLOPT_HEADERDATA, (void *)c);
	SET(e, CURLOPT_WRITEFUNCTION, on_body);
	SET(e, CURLOPT_WRITEDATA, (void *)c);
	SET(e, CURLOPT_PRIVATE, (void *)c);
	return 0;
}

static int
add_header(struct call *c, const char *header)
{
	struct curl_slist *l = curl_slist_append(c->headers, header);

	if (l == NULL)
		return -1;
	c->headers = l;
	return 0;
}

/* What does not change where the same is asked again. */
static int
set_request(const struct http *h, struct call *c, const struct http_request *r)
{
	CURL *e = c->easy;

	SET(e, CURLOPT_URL, r->url);
	SET(e, CURLOPT_TIMEOUT_MS, h->total_ms + r->patience_ms);
	SET(e, CURLOPT_LOW_SPEED_TIME,
	    h->stall_s + (r->patience_ms + 999) / 1000);
	SET(e, CURLOPT_PROTOCOLS_STR,
	    strncasecmp(r->url, "https:", 6) == 0 ? "https" : "http");
	SET(e, c->post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
	return 0;
}

/* A signature is another one each time. */
static int
has_headers(const struct call *c, const struct http_request *r)
{
	const struct curl_slist *l = c->headers;
	size_t i;

	for (i = 0; r->headers != NULL && r->headers[i] != NULL; i++) {
		if (l == NULL || strcmp(l->data, r->headers[i]) != 0)
			return 0;
		l = l->next;
	}
	/* Behind them stands ours alone. */
	return c->post ? l != NULL && l->next == NULL : l == NULL;
}

static int
set_headers(struct call *c, const struct http_request *r)
{
	size_t i;

	SET(c->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	for (i = 0; r->headers != NULL && r->headers[i] != NULL; i++)
		if (add_header(c, r->headers[i]) == -1)
			return -1;
	if (c->post && add_header(c, "Expect:") == -1)
		return -1;
	SET(c->easy, CURLOPT_HTTPHEADER, c->headers);
	return 0;
}

static int
set_body(struct call *c, const struct http_request *r)
{
	CURL *e = c->easy;

	if (!c->post)
		return 0;
	c->body = malloc(r->body_len + 1);
	if (c->body == NULL)
		return -1;
	if (r->body_len > 0)
		memcpy(c->body, r->body, r->body_len);
	c->body_len = r->body_len;
	SET(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
	if (c->may_repeat) {
		SET(e, CURLOPT_POSTFIELDS, c->body);
		return 0;
	}
	SET(e, CURLOPT_READFUNCTION, on_read);
	SET(e, CURLOPT_READDATA, (void *)c);
	/* No body, no need to rewind: only a new connection is safe. */
	SET(e, CURLOPT_FRESH_CONNECT, r->body_len == 0 ? 1L : 0L);
	return 0;
}

/* Whether c is set up for r, but for its headers and its body. */
static int
is_set_up(const struct call *c, const struct http_request *r)
{
	return c->url != NULL && strcmp(c->url, r->url) == 0 &&
	    c->post == (strcmp(r->method, "POST") == 0) &&
	    c->may_repeat == r->may_repeat &&
	    c->path_is_secret == r->path_is_secret &&
	    c->patience_ms == r->patience_ms;
}

static int
set_up_anew(const struct http *h, struct call *c, const struct http_request *r)
{
	call_reset(c);
	c->post = strcmp(r->method, "POST") == 0;
	c->may_repeat = r->may_repeat;
	c->path_is_secret = r->path_is_secret;
	c->patience_ms = r->patience_ms;
	describe(c, r);
	if (set_common(h, c) == -1 || set_request(h, c, r) == -1)
		return -1;
	c->url = strdup(r->url);
	return c->url != NULL ? 0 : -1;
}

static int
set_up(struct http *h, struct call *c, const struct http_request *r)
{
	if (!is_set_up(c, r) && set_up_anew(h, c, r) == -1)
		return -1;
	if (!has_headers(c, r) && set_headers(c, r) == -1)
		return -1;
	/* That is no matter of the request. */
	SET(c->easy, CURLOPT_DNS_CACHE_TIMEOUT, h->moved ? 0L : ADDRESS_AGE_S);
	return 0;
}

/*
 * Where the call that is to be used next hangs: one that is set up for r, else
 * one of a GET, whose query is mostly another each time.
 */
static struct call **
find_idle(struct http *h, const struct http_request *r)
{
	struct call **p, **other = &h->idle;

	for (p = &h->idle; *p != NULL; p = &(*p)->next) {
		if (is_set_up(*p, r))
			return p;
		if ((*other)->post && !(*p)->post)
			other = p;
	}
	return other;
}

static int
may_start(const struct call *c, const struct http_request *r)
{
	char err[256];

	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "POST") != 0)
		return 0;
	return (c != NULL && is_set_up(c, r)) ||
	    http_check_url(r->url, err, sizeof(err)) == 0;
}

int
http_start(struct http *h, const struct http_request *r,
    void (*done)(void *arg, const struct http_reply *reply), void *arg)
{
	struct call **idle = find_idle(h, r);
	struct call *c = *idle;

	if (!may_start(c, r)) {
		errno = EINVAL;
		return -1;
	}
	if (c != NULL)
		*idle = c->next;
	else
		c = call_new();
	if (c == NULL) {
		errno = ENOMEM;
		return -1;
	}
	c->done = done;
	c->arg = arg;
	c->start_ms = clock_mono_ms();
	if (set_up(h, c, r) == -1 || set_body(c, r) == -1 ||
	    curl_multi_add_handle(h->multi, c->easy) != CURLM_OK) {
		call_clear(c);
		call_reset(c);
		c->next = h->idle;
		h->idle = c;
		errno = ENOMEM;
		return -1;
	}
	c->next = h->active;
	h->active = c;
	h->nactive++;
	return 0;
}

/* Whether a byte of the request may have left this machine: in doubt, yes. */
static int
may_be_sent(const struct call *c)
{
	long bytes = 1;
	curl_off_t pretransfer = 1;

	if (curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &bytes) !=
		CURLE_OK ||
	    curl_easy_getinfo(
		c->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer) != CURLE_OK)
		return 1;
	return bytes != 0 || pretransfer != 0 || c->body_read != 0;
}

static void
set_error(struct call *c, CURLcode result)
{
	const char *why = c->curl_error;

	/* Should libcurl ever quote the URL, its own words will do (F35). */
	if (why[0] == '\0' || strstr(why, "/bot") != NULL ||
	    (c->path_is_secret && strchr(why, '/') != NULL))
		why = curl_easy_strerror(result);
	if (c->too_large)
		snprintf(c->error, sizeof(c->error),
		    "%s: the reply is over %u bytes, its headers or all of it",
		    c->where,
		    c->header_bytes > HEADERS_SIZE_MAX ? HEADERS_SIZE_MAX
						       : REPLY_SIZE_MAX);
	else
		snprintf(c->error, sizeof(c->error), "%s: %s", c->where, why);
}

static void
finish(struct http *h, struct call *c, CURLcode result)
{
	struct call **p = &h->active;
	char nothing[1] = { '\0' };
	long status = 0;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	h->nactive--;
	c->r.ms = clock_mono_ms() - c->start_ms;
	c->r.error = c->error;
	c->r.body = nothing;
	if (result == CURLE_OK &&
	    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status) ==
		CURLE_OK &&
	    buf_reserve(&c->reply, 1) == 0 && buf_cstr(&c->reply) != NULL) {
		c->r.outcome = HTTP_REPLY;
		c->r.status = (int)status;
		c->r.body = c->reply.p;
		c->r.len = c->reply.len;
	} else {
		c->r.outcome = may_be_sent(c) ? HTTP_UNKNOWN : HTTP_NOT_SENT;
		set_error(c, result != CURLE_OK ? result : CURLE_OUT_OF_MEMORY);
	}
	h->moved = c->r.outcome == HTTP_NOT_SENT;
	(void)curl_multi_remove_handle(h->multi, c->easy);
	c->done(c->arg, &c->r);
	call_clear(c);
	c->next = h->idle;
	h->idle = c;
}

/* A date of HTTP's (RFC 9110, 5.6.7), s; -1 where it is none. */
static int64_t
date_s(const char *text)
{
	/* curl_getdate takes more than that: bare numbers, "12:00". */
	if (strchr(text, ' ') == NULL || strchr(text, ':') == NULL)
		return -1;
	return curl_getdate(text, NULL);
}

int64_t
http_retry_after_ms(const struct http_reply *r, int64_t max_ms)
{
	const struct decimal max = decimal_from_int(max_ms / 1000);
	const char *text = r->retry_after;
	int64_t until, from;
	struct decimal d;

	if (decimal_parse(&d, text, strlen(text)) == 0) {
		if (decimal_sign(d) < 0)
			return -1;
		if (decimal_cmp(d, max) > 0)
			return max_ms;
		return (int64_t)((d.e18 + 999999999999999) / 1000000000000000);
	}
	until = date_s(text);
	if (until == -1)
		return -1;
	from = date_s(r->date);
	if (from == -1)
		from = clock_wall_ms() / 1000;
	if (until <= from)
		return 0;
	return until - from < max_ms / 1000 ? (until - from) * 1000 : max_ms;
}

/* Let libcurl work; the number of requests that ended, or -1 with errno. */
static int
work(struct http *h)
{
	CURLMsg *m;
	void *c;
	int running, left, n = 0;

	if (curl_multi_perform(h->multi, &running) != CURLM_OK) {
		errno = ENOMEM;
		return -1;
	}
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		CURLcode result = m->data.result;

		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
			(char **)&c) != CURLE_OK)
			continue;
		finish(h, c, result);
		n++;
	}
	return n;
}

int
http_wait(struct http *h, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct curl_waitfd extra[WAIT_FDS_MAX];
	CURLMcode rc;
	int ended;
	size_t i;

	if (n > WAIT_FDS_MAX) {
		errno = EINVAL;
		return -1;
	}
	ended = work(h);
	if (ended == -1)
		return -1;
	for (i = 0; i < n; i++) {
		extra[i].fd = fds[i].fd;
		extra[i].events =
		    (short)(((fds[i].events & POLLIN) ? CURL_WAIT_POLLIN : 0) |
			((fds[i].events & POLLOUT) ? CURL_WAIT_POLLOUT : 0));
		extra[i].revents = fds[i].revents = 0;
	}
	if (timeout_ms < 0)
		timeout_ms = INT_MAX;
	rc = curl_multi_poll(
	    h->multi, extra, (unsigned)n, ended > 0 ? 0 : timeout_ms, NULL);
	if (rc != CURLM_OK) {
		errno = rc == CURLM_OUT_OF_MEMORY ? ENOMEM : EINVAL;
		return -1;
	}
	for (i = 0; i < n; i++)
		fds[i].revents =
		    (short)(((extra[i].revents & CURL_WAIT_POLLIN) ? POLLIN
								   : 0) |
			((extra[i].revents & CURL_WAIT_POLLOUT) ? POLLOUT : 0));
	return work(h) == -1 ? -1 : 0;
}
