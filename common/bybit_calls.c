/* bybit_calls: the requests of bybit.h, from the queue to the judged reply. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/bybit_internal.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/settings.h"

/* No call for so long after a ban by address (section 3, F21). */
#define BAN_MS (10 * 60 * 1000)

#define STAMPS_MAX 3	  /* a 10002 is stamped and sent again twice */
#define JITTER_MS 100	  /* callers of one account drift apart */
#define URL_SIZE_MAX 8192 /* bytes; ours take 300 */
#define TIME_PATH "/v5/market/time"

struct pending {
	struct pending *next;
	struct bybit *b;
	const char *method;
	char path[BYBIT_PATH_MAX];
	char *payload;
	size_t len;
	int sign;
	int64_t until_mono_ms;
	void (*done)(void *arg, const struct bybit_reply *r);
	void *arg;
	int started; /* http has it */
	int stamps;
	int doubted; /* a 10004 has come */
	int64_t sent_mono_ms;
};

static void
pending_free(struct pending *p)
{
	if (p == NULL)
		return;
	free(p->payload);
	free(p);
}

/* At the end of the queue: calls go out in the order in which they came. */
static void
enqueue(struct bybit *b, struct pending *p)
{
	struct pending **at = &b->calls;

	while (*at != NULL)
		at = &(*at)->next;
	*at = p;
}

static void
dequeue(struct bybit *b, const struct pending *p)
{
	struct pending **at = &b->calls;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
}

void
bybit_drop_calls(struct bybit *b)
{
	struct pending *p;

	while ((p = b->calls) != NULL) {
		b->calls = p->next;
		pending_free(p);
	}
	b->asking_time = 0;
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

static void
finish(struct pending *p, const struct bybit_reply *r)
{
	dequeue(p->b, p);
	p->done(p->arg, r);
	pending_free(p);
}

/*
 * The entry of a path; where there is none, the one that ends first is taken.
 */
static struct bybit_hold *
hold_of(struct bybit *b, const char *path)
{
	struct bybit_hold *h = &b->holds[0];
	size_t i;

	for (i = 0; i < BYBIT_HOLDS_MAX; i++) {
		if (strcmp(b->holds[i].path, path) == 0)
			return &b->holds[i];
		if (b->holds[i].until_mono_ms < h->until_mono_ms)
			h = &b->holds[i];
	}
	snprintf(h->path, sizeof(h->path), "%s", path);
	h->until_mono_ms = 0;
	return h;
}

/* What a reply teaches, and who is told of it. */
static void
learn(
    struct pending *p, const struct bybit_reply *r, const struct http_reply *h)
{
	struct bybit *b = p->b;
	int64_t now = clock_mono_ms(), wait;
	const struct bybit_trace t = { p->method, p->path, p->payload, r,
		h->body, h->len };

	if (b->trace != NULL)
		b->trace(b->trace_arg, &t);
	if (r->time_ms > 0)
		bybit_clock_learn(&b->clock, r->time_ms, p->sent_mono_ms, now);
	if (r->class == BYBIT_BANNED)
		b->banned_until_mono_ms = now + BAN_MS;
	wait = bybit_hold_ms(r, h->limit_status, h->limit_reset,
	    bybit_clock_now(&b->clock, now),
	    (int64_t)arc4random_uniform(JITTER_MS + 1));
	if (wait > 0)
		hold_of(b, p->path)->until_mono_ms = now + wait;
}

static void
on_reply(void *arg, const struct http_reply *h)
{
	struct pending *p = arg;
	struct bybit_reply r;

	bybit_judge(&r, p->b->doc, h);
	learn(p, &r, h);
	if (r.code == 10002 && r.class == BYBIT_AGAIN) {
		p->started = 0;
		if (++p->stamps < STAMPS_MAX)
			return;
		r.class = BYBIT_RETRY;
	}
	/* Short of memory libcurl sends a GET without its query. */
	if (r.code == 10004 && strcmp(p->method, "GET") == 0 && !p->doubted) {
		p->doubted = 1;
		p->started = 0;
		return;
	}
	finish(p, &r);
}

/* Stamp, sign, and hand the request to http.  0, or -1 with errno. */
static int
start(struct pending *p)
{
	struct bybit *b = p->b;
	struct http_request r = { .method = p->method };
	char stamp[24], signature[BYBIT_SIGN_MAX], key[SETTING_SIZE_MAX + 32];
	char h_stamp[64], h_window[64], h_sign[BYBIT_SIGN_MAX + 32];
	const char *headers[6];
	size_t n = 0;
	struct buf url;
	int rc = -1, get = strcmp(p->method, "GET") == 0;

	buf_init(&url, URL_SIZE_MAX);
	buf_printf(&url, "%s%s", b->url, p->path);
	if (get && p->len > 0) {
		buf_putc(&url, '?');
		buf_put(&url, p->payload, p->len);
	}
	r.url = buf_cstr(&url);
	if (r.url == NULL) {
		errno = buf_failed(&url);
		goto out;
	}
	if (p->sign) {
		snprintf(stamp, sizeof(stamp), "%" PRId64, bybit_now_ms(b));
		bybit_sign(signature, b->secret, stamp, b->key, b->window,
		    p->payload, p->len);
		/* Without one Bybit would call the key bad. */
		if (signature[0] == '\0') {
			errno = ENOMEM;
			goto out;
		}
		snprintf(key, sizeof(key), "X-BAPI-API-KEY: %s", b->key);
		snprintf(
		    h_stamp, sizeof(h_stamp), "X-BAPI-TIMESTAMP: %s", stamp);
		snprintf(h_window, sizeof(h_window), "X-BAPI-RECV-WINDOW: %s",
		    b->window);
		snprintf(h_sign, sizeof(h_sign), "X-BAPI-SIGN: %s", signature);
		headers[n++] = key;
		headers[n++] = h_stamp;
		headers[n++] = h_window;
		headers[n++] = h_sign;
	}
	if (!get) {
		headers[n++] = "Content-Type: application/json";
		r.body = p->payload;
		r.body_len = p->len;
	}
	headers[n] = NULL;
	r.headers = headers;
	p->sent_mono_ms = clock_mono_ms();
	rc = http_start(b->http, &r, on_reply, p);
	if (rc == 0) {
		b->requests++;
		p->started = 1;
	}
out:
	buf_release(&url);
	return rc;
}

/* Say both times: which of them is wrong is for a person to see (F20). */
static void
clock_error(const struct bybit *b, struct bybit_reply *r)
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

static int
sane(struct bybit *b)
{
	/* Closing and protecting go on, whatever the local clock says. */
	return b->trade ||
	    bybit_clock_sane(&b->clock, clock_wall_ms(), clock_mono_ms());
}

/*
 * Bybit's clock was asked, as the offset was out of bounds.  Where it still
 * is, nothing signed can go out: those that wait are told.
 */
static void
on_time(void *arg, const struct bybit_reply *reply)
{
	struct bybit *b = arg;
	struct bybit_reply r = *reply;
	struct pending *p, *next;

	b->asking_time = 0;
	if (r.class == BYBIT_OK) {
		if (sane(b))
			return;
		clock_error(b, &r);
	}
	r.result = NULL;
	r.ambiguous = 0;
	for (p = b->calls; p != NULL; p = next) {
		next = p->next;
		if (p->sign && !p->started)
			finish(p, &r);
	}
}

static int
ask_time(struct bybit *b)
{
	struct bybit_call c = { .method = "GET",
		.path = TIME_PATH,
		.payload = "",
		.done = on_time,
		.arg = b };

	if (b->asking_time)
		return 0;
	b->asking_time = 1;
	if (bybit_start(b, &c) == 0)
		return 0;
	b->asking_time = 0;
	return -1;
}

/*
 * One call that is not started: start it, end it, or let it wait.  Returns 1
 * where it changed the queue, else 0.
 */
static int
turn(struct pending *p)
{
	struct bybit *b = p->b;
	int64_t now = clock_mono_ms();
	struct bybit_reply r;

	if (bybit_banned_ms(b) > 0) {
		no_reply(&r, BYBIT_BANNED,
		    "HTTP 403, too frequent: no call for another %" PRId64 " s",
		    (bybit_banned_ms(b) + 999) / 1000);
		r.status = 403;
		finish(p, &r);
		return 1;
	}
	if (p->until_mono_ms != 0 && now >= p->until_mono_ms) {
		no_reply(&r, BYBIT_RETRY,
		    "not sent in time: %s was held back by a rate limit, or "
		    "the clock",
		    p->path);
		finish(p, &r);
		return 1;
	}
	if (hold_of(b, p->path)->until_mono_ms > now)
		return 0;
	if (p->sign && !sane(b)) {
		if (ask_time(b) == 0)
			return 0;
	} else if (start(p) == 0) {
		return 0;
	}
	no_reply(
	    &r, BYBIT_RETRY, "unable to send a request: %s", strerror(errno));
	finish(p, &r);
	return 1;
}

/*
 * Start what may be started.  Returns in how many ms there is more to do, or
 * INT_MAX; 0 after a call that ended here, for whoever waits for it.
 */
static int
advance(struct bybit *b)
{
	int64_t first = INT64_MAX, left;
	struct pending *p = b->calls;
	int ended = 0;

	while (p != NULL) {
		/* A callback may have changed the queue: from the start. */
		if (!p->started && turn(p)) {
			ended = 1;
			p = b->calls;
			continue;
		}
		p = p->next;
	}
	for (p = b->calls; p != NULL; p = p->next) {
		int64_t at = hold_of(b, p->path)->until_mono_ms;

		/* What is signed waits for the clock, whose call ends that. */
		if (p->started || (p->sign && b->asking_time))
			continue;
		if (p->until_mono_ms != 0 && p->until_mono_ms < at)
			at = p->until_mono_ms;
		if (at < first)
			first = at;
	}
	if (ended)
		return 0;
	if (first == INT64_MAX)
		return INT_MAX;
	left = first - clock_mono_ms();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int
bybit_start(struct bybit *b, const struct bybit_call *c)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	p->b = b;
	p->method = c->method;
	p->payload = malloc(c->len + 1);
	if (p->payload == NULL || strlen(c->path) >= sizeof(p->path)) {
		errno = p->payload == NULL ? ENOMEM : EINVAL;
		pending_free(p);
		return -1;
	}
	memcpy(p->path, c->path, strlen(c->path) + 1);
	memcpy(p->payload, c->payload, c->len);
	p->payload[c->len] = '\0';
	p->len = c->len;
	p->sign = c->sign;
	p->until_mono_ms = c->until_mono_ms;
	p->done = c->done;
	p->arg = c->arg;
	enqueue(b, p);
	return 0;
}

int
bybit_wait(struct bybit *b, struct pollfd *fds, size_t n, int timeout_ms)
{
	int due = advance(b);

	if (timeout_ms < 0 || due < timeout_ms)
		timeout_ms = due;
	return http_wait(b->http, fds, n, timeout_ms);
}

struct waited {
	struct bybit_reply *reply;
	int done;
};

static void
on_waited(void *arg, const struct bybit_reply *r)
{
	struct waited *w = arg;

	*w->reply = *r;
	w->done = 1;
}

int
bybit_get(struct bybit *b, const char *path, const char *query, int sign,
    int stop_fd, struct bybit_reply *reply)
{
	struct pollfd stop = { .fd = stop_fd, .events = POLLIN };
	struct waited w = { reply, 0 };
	struct bybit_call c = { .method = "GET",
		.path = path,
		.payload = query,
		.len = strlen(query),
		.sign = sign,
		.done = on_waited,
		.arg = &w };

	if (bybit_start(b, &c) == -1) {
		no_reply(reply, BYBIT_RETRY, "unable to send a request: %s",
		    strerror(errno));
		return 0;
	}
	while (!w.done) {
		if (bybit_wait(b, &stop, stop_fd == -1 ? 0 : 1, -1) == -1) {
			no_reply(reply, BYBIT_RETRY,
			    "unable to wait for a reply: %s", strerror(errno));
			reply->ambiguous = 1;
			break;
		}
		if (!w.done && stop.revents != 0) {
			http_abort(b->http);
			bybit_drop_calls(b);
			return -1;
		}
	}
	if (!w.done) {
		http_abort(b->http);
		bybit_drop_calls(b);
	}
	return 0;
}
