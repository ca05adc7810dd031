#include "common/bybit.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/settings.h"

/* Time-outs of a call, ms: a reply takes 50 to 300 as a rule (F85). */
#define CONNECT_MS 4000
#define STALL_MS 5000
#define TOTAL_MS 10000

/* No call for so long after a ban by address (section 3, F21). */
#define BAN_MS (10 * 60 * 1000)

#define STAMPS_MAX 3	  /* a 10002 is stamped and sent again twice */
#define JITTER_MS 100	  /* callers of one account drift apart */
#define URL_SIZE_MAX 8192 /* bytes; ours take 300 */
#define HOLDS_MAX 16	  /* paths; we ask eight */

/* A path that must wait, by its limit headers. */
struct hold {
	char path[64];
	int64_t until_mono_ms;
};

struct bybit {
	struct http *http;
	struct json_doc *doc;
	char *url;
	char host[256];
	char *key;
	char *secret;
	char window[24];
	struct bybit_clock clock;
	struct hold holds[HOLDS_MAX];
	int64_t banned_until_mono_ms;
	uint64_t requests;
	void (*trace)(void *arg, const struct bybit_trace *t);
	void *trace_arg;
	/* The reply of the call under way. */
	int done;
	struct http_reply reply;
	struct buf body;
	char error[640];
};

void
bybit_sign(char out[BYBIT_SIGN_MAX], const char *secret, const char *timestamp,
    const char *key, const char *window, const char *payload, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int i, n = 0;
	struct buf text;

	out[0] = '\0';
	buf_init(&text, SIZE_MAX / 2);
	buf_puts(&text, timestamp);
	buf_puts(&text, key);
	buf_puts(&text, window);
	buf_put(&text, payload, len);
	if (buf_failed(&text) == 0 &&
	    HMAC(EVP_sha256(), secret, (int)strlen(secret),
		(const unsigned char *)text.p, text.len, mac, &n) != NULL &&
	    n * 2 + 1 == BYBIT_SIGN_MAX) {
		for (i = 0; i < n; i++) {
			out[2 * i] = hex[mac[i] >> 4];
			out[2 * i + 1] = hex[mac[i] & 15];
		}
		out[2 * n] = '\0';
	}
	if (text.p != NULL)
		explicit_bzero(text.p, text.len);
	buf_release(&text);
}

/* A key or secret goes into a header: one word of printable ASCII. */
static char *
take_key(const struct settings *s, enum setting which, char *err, size_t size)
{
	const char *text = setting_str(s, which), *p;
	char *copy;

	if (text[0] == '\0') {
		snprintf(err, size,
		    "%s is not set: expected an API key made on Bybit's site",
		    setting_name(which));
		return NULL;
	}
	for (p = text; *p > ' ' && *p < 0x7f; p++)
		;
	if (*p != '\0') {
		snprintf(err, size,
		    "%s has a blank or a byte that is not ASCII: expected it "
		    "as Bybit shows it",
		    setting_name(which));
		return NULL;
	}
	copy = strdup(text);
	if (copy == NULL)
		snprintf(err, size, "%s", strerror(ENOMEM));
	return copy;
}

static int
take_url(struct bybit *b, const struct settings *s, char *err, size_t size)
{
	const char *url = "https://api.bybit.com";
	char why[192];
	size_t n;

	if (setting_given(s, BYBIT_BASE_URL))
		url = setting_str(s, BYBIT_BASE_URL);
	else if (setting_bool(s, BYBIT_DEMO))
		url = "https://api-demo.bybit.com";
	else if (setting_bool(s, BYBIT_TESTNET))
		url = "https://api-testnet.bybit.com";
	if (http_check_url(url, why, sizeof(why)) == -1) {
		snprintf(err, size, "BYBIT_BASE_URL=%s: %s", url, why);
		return -1;
	}
	if (http_host(url, b->host, sizeof(b->host)) == -1) {
		snprintf(
		    err, size, "BYBIT_BASE_URL=%s: %s", url, strerror(errno));
		return -1;
	}
	b->url = strdup(url);
	if (b->url == NULL) {
		snprintf(err, size, "%s", strerror(ENOMEM));
		return -1;
	}
	n = strlen(b->url);
	while (n > 0 && b->url[n - 1] == '/')
		b->url[--n] = '\0';
	return 0;
}

struct bybit *
bybit_new(const struct settings *s, int trade, char *err, size_t size)
{
	struct bybit *b = calloc(1, sizeof(*b));
	struct http_opts o = { .ca_file = setting_str(s, CA_FILE),
		.connect_ms = CONNECT_MS,
		.stall_ms = STALL_MS,
		.total_ms = TOTAL_MS,
		.connections = 2 };
	int own = trade &&
	    (setting_given(s, BYBIT_TRADE_API_KEY) ||
		setting_given(s, BYBIT_TRADE_API_SECRET));

	if (b == NULL) {
		snprintf(err, size, "%s", strerror(ENOMEM));
		return NULL;
	}
	buf_init(&b->body, REPLY_SIZE_MAX + 1);
	b->key =
	    take_key(s, own ? BYBIT_TRADE_API_KEY : BYBIT_API_KEY, err, size);
	if (b->key == NULL)
		goto fail;
	b->secret = take_key(
	    s, own ? BYBIT_TRADE_API_SECRET : BYBIT_API_SECRET, err, size);
	if (b->secret == NULL || take_url(b, s, err, size) == -1)
		goto fail;
	snprintf(b->window, sizeof(b->window), "%" PRId64,
	    setting_int(s, BYBIT_RECV_WINDOW));
	b->doc = json_new();
	if (b->doc == NULL) {
		snprintf(err, size, "%s", strerror(ENOMEM));
		goto fail;
	}
	b->http = http_new(&o, err, size);
	if (b->http == NULL)
		goto fail;
	bybit_clock_start(&b->clock, clock_wall_ms(), clock_mono_ms());
	return b;
fail:
	bybit_free(b);
	return NULL;
}

void
bybit_free(struct bybit *b)
{
	if (b == NULL)
		return;
	http_free(b->http);
	json_free(b->doc);
	buf_release(&b->body);
	if (b->secret != NULL)
		explicit_bzero(b->secret, strlen(b->secret));
	free(b->secret);
	free(b->key);
	free(b->url);
	free(b);
}

const char *
bybit_url(const struct bybit *b)
{
	return b->url;
}

const char *
bybit_host(const struct bybit *b)
{
	return b->host;
}

int64_t
bybit_now_ms(const struct bybit *b)
{
	return bybit_clock_now(&b->clock, clock_mono_ms());
}

int64_t
bybit_offset_ms(const struct bybit *b)
{
	return b->clock.offset_ms;
}

uint64_t
bybit_requests(const struct bybit *b)
{
	return b->requests;
}

int64_t
bybit_banned_ms(const struct bybit *b)
{
	int64_t left = b->banned_until_mono_ms - clock_mono_ms();

	return left > 0 ? left : 0;
}

void
bybit_set_trace(struct bybit *b,
    void (*trace)(void *arg, const struct bybit_trace *t), void *arg)
{
	b->trace = trace;
	b->trace_arg = arg;
}

/* An error of ours, in the form of a reply. */
static void __attribute__((format(printf, 3, 4)))
no_reply(struct bybit_reply *r, enum bybit_class class, const char *fmt, ...)
{
	va_list ap;

	memset(r, 0, sizeof(*r));
	r->class = class;
	r->advice = "";
	va_start(ap, fmt);
	(void)vsnprintf(r->error, sizeof(r->error), fmt, ap);
	va_end(ap);
}

/* Wait until the reply is there, or until a moment.  -1: stop_fd is ready. */
static int
wait_for(struct bybit *b, int64_t until_mono_ms, int stop_fd)
{
	struct pollfd stop = { .fd = stop_fd, .events = POLLIN };

	for (;;) {
		int64_t left = until_mono_ms - clock_mono_ms();

		if (b->done || left <= 0)
			return 0;
		if (http_wait(
			b->http, &stop, stop_fd == -1 ? 0 : 1, (int)left) == -1)
			return 0;
		if (stop.revents != 0) {
			http_abort(b->http);
			return -1;
		}
	}
}

static void
on_reply(void *arg, const struct http_reply *reply)
{
	struct bybit *b = arg;

	b->done = 1;
	b->reply = *reply;
	snprintf(b->error, sizeof(b->error), "%s", reply->error);
	buf_clear(&b->body);
	buf_put(&b->body, reply->body, reply->len);
	if (buf_reserve(&b->body, 1) == -1 || buf_cstr(&b->body) == NULL) {
		b->reply.outcome = HTTP_UNKNOWN;
		snprintf(b->error, sizeof(b->error), "%s", strerror(ENOMEM));
		buf_clear(&b->body);
	}
	b->reply.body = b->body.p;
	b->reply.len = b->body.len;
	b->reply.error = b->error;
}

static int
start(struct bybit *b, const char *path, const char *query, int sign)
{
	struct http_request r = { .method = "GET" };
	char stamp[24], signature[BYBIT_SIGN_MAX], key[SETTING_SIZE_MAX + 32];
	char h_stamp[64], h_window[64], h_sign[BYBIT_SIGN_MAX + 32];
	const char *const headers[] = { key, h_stamp, h_window, h_sign, NULL };
	struct buf url;
	int rc = -1;

	buf_init(&url, URL_SIZE_MAX);
	buf_printf(
	    &url, "%s%s%s%s", b->url, path, query[0] != '\0' ? "?" : "", query);
	r.url = buf_cstr(&url);
	if (r.url == NULL) {
		errno = buf_failed(&url);
		goto out;
	}
	if (sign) {
		snprintf(stamp, sizeof(stamp), "%" PRId64, bybit_now_ms(b));
		bybit_sign(signature, b->secret, stamp, b->key, b->window,
		    query, strlen(query));
		snprintf(key, sizeof(key), "X-BAPI-API-KEY: %s", b->key);
		snprintf(
		    h_stamp, sizeof(h_stamp), "X-BAPI-TIMESTAMP: %s", stamp);
		snprintf(h_window, sizeof(h_window), "X-BAPI-RECV-WINDOW: %s",
		    b->window);
		snprintf(h_sign, sizeof(h_sign), "X-BAPI-SIGN: %s", signature);
		r.headers = headers;
	}
	rc = http_start(b->http, &r, on_reply, b);
	if (rc == 0)
		b->requests++;
out:
	buf_release(&url);
	return rc;
}

/* The entry of a path; where there is none, the one that ends first is taken.
 */
static struct hold *
hold_of(struct bybit *b, const char *path)
{
	struct hold *h = &b->holds[0];
	size_t i;

	for (i = 0; i < HOLDS_MAX; i++) {
		if (strcmp(b->holds[i].path, path) == 0)
			return &b->holds[i];
		if (b->holds[i].until_mono_ms < h->until_mono_ms)
			h = &b->holds[i];
	}
	snprintf(h->path, sizeof(h->path), "%s", path);
	h->until_mono_ms = 0;
	return h;
}

/* One request and its reply, and what is to be learnt from it. */
static int
call(struct bybit *b, const char *path, const char *query, int sign,
    int stop_fd, struct bybit_reply *r)
{
	struct bybit_trace t = { "GET", path, query, r, "", 0 };
	int64_t sent, now, wait;

	b->done = 0;
	if (wait_for(b, hold_of(b, path)->until_mono_ms, stop_fd) == -1)
		return -1;
	sent = clock_mono_ms();
	if (start(b, path, query, sign) == -1) {
		no_reply(r, BYBIT_RETRY, "unable to send a request: %s",
		    strerror(errno));
		return 0;
	}
	if (wait_for(b, sent + 2 * TOTAL_MS, stop_fd) == -1)
		return -1;
	if (!b->done) {
		http_abort(b->http);
		no_reply(r, BYBIT_RETRY, "no end of a request in %d ms",
		    2 * TOTAL_MS);
		r->ambiguous = 1;
		return 0;
	}
	now = clock_mono_ms();
	bybit_judge(r, b->doc, &b->reply);
	if (b->trace != NULL) {
		t.body = b->reply.body != NULL ? b->reply.body : "";
		t.len = b->reply.len;
		b->trace(b->trace_arg, &t);
	}
	if (r->time_ms > 0)
		bybit_clock_learn(&b->clock, r->time_ms, sent, now);
	if (r->class == BYBIT_BANNED)
		b->banned_until_mono_ms = now + BAN_MS;
	wait = bybit_hold_ms(r, b->reply.limit_status, b->reply.limit_reset,
	    bybit_clock_now(&b->clock, now),
	    (int64_t)arc4random_uniform(JITTER_MS + 1));
	if (wait > 0)
		hold_of(b, path)->until_mono_ms = now + wait;
	return 0;
}

/* Say both times: which of them is wrong is for a person to see (F20). */
static void
clock_error(struct bybit *b, struct bybit_reply *r)
{
	char local[TIME_TEXT_MAX], theirs[TIME_TEXT_MAX];
	int64_t now = bybit_now_ms(b);

	time_format(local, now - b->clock.offset_ms);
	time_format(theirs, now);
	no_reply(r, BYBIT_RETRY,
	    "the local clock says %s, Bybit's %s: set the clock (NTP); at "
	    "most %d s are corrected",
	    local, theirs, BYBIT_OFFSET_MAX_MS / 1000);
}

int
bybit_get(struct bybit *b, const char *path, const char *query, int sign,
    int stop_fd, struct bybit_reply *reply)
{
	int stamps = 0;

	for (;;) {
		if (bybit_banned_ms(b) > 0) {
			no_reply(reply, BYBIT_BANNED,
			    "HTTP 403, too frequent: no call for another "
			    "%" PRId64 " s",
			    (bybit_banned_ms(b) + 999) / 1000);
			reply->status = 403;
			return 0;
		}
		if (sign &&
		    !bybit_clock_sane(
			&b->clock, clock_wall_ms(), clock_mono_ms())) {
			if (call(b, "/v5/market/time", "", 0, stop_fd, reply) ==
			    -1)
				return -1;
			if (reply->class != BYBIT_OK)
				return 0;
			if (!bybit_clock_sane(
				&b->clock, clock_wall_ms(), clock_mono_ms())) {
				clock_error(b, reply);
				return 0;
			}
		}
		if (call(b, path, query, sign, stop_fd, reply) == -1)
			return -1;
		if (reply->code != 10002 || reply->class != BYBIT_AGAIN)
			return 0;
		if (++stamps == STAMPS_MAX) {
			reply->class = BYBIT_RETRY;
			return 0;
		}
	}
}
