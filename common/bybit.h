/*
 * bybit - the Bybit v5 client: signing, clock, limits, judging replies.
 *
 * Sections are those of the exchange's reference as this project has it.
 */
#ifndef SLUICE_BYBIT_H
#define SLUICE_BYBIT_H

#include <stddef.h>
#include <stdint.h>

#include "common/http.h"
#include "common/json.h"

struct bybit;
struct settings;

/* What a retCode asks for (the table in bybit_errors.c). */
enum bybit_class {
	BYBIT_OK,
	BYBIT_RETRY,  /* try later, with back-off */
	BYBIT_AGAIN,  /* try at once, after mending the cause (10002) */
	BYBIT_FATAL,  /* configuration: stop and say what to change */
	BYBIT_REJECT, /* refused for good: never repeat it unchanged */
	BYBIT_DONE,   /* it is so already (34040, 110043, …) */
	BYBIT_BANNED, /* HTTP 403 by address: no call at all for ten minutes */
};

struct bybit_code {
	int code;
	enum bybit_class class;
	int ambiguous; /* for a call that changes orders: outcome unknown */
	const char *meaning;
	const char *advice; /* BYBIT_FATAL: what to change; else NULL */
};

/* The row of a retCode; NULL where it is not listed. */
const struct bybit_code *bybit_code(int64_t code);

/* Row i of the table, in the order of the codes; NULL past the end. */
const struct bybit_code *bybit_code_at(size_t i);

/*
 * Lower-case hex HMAC-SHA256 of timestamp + key + window + payload, where
 * payload is the query string of a GET or the body of a POST (section 1.3).
 */
#define BYBIT_SIGN_MAX 65
void bybit_sign(char out[BYBIT_SIGN_MAX], const char *secret,
    const char *timestamp, const char *key, const char *window,
    const char *payload, size_t len);

/* A reply, judged: the only thing that reads one (F91). */
struct bybit_reply {
	enum bybit_class class;
	int ambiguous;	 /* of use for orders alone */
	int status;	 /* HTTP, 0 without a reply */
	int64_t code;	 /* retCode; 0 where there is none */
	int64_t time_ms; /* Bybit's: the envelope's or a 10002's; else 0 */
	const struct json *result; /* an object, for BYBIT_OK; else NULL */
	const char *advice;	   /* BYBIT_FATAL: what to change; else "" */
	char error[256]; /* for a log line and a heartbeat; "" if ok */
	int64_t ms;
};

/*
 * Judge what came, or did not come.  BYBIT_OK takes all of: HTTP 200, one
 * whole JSON object, retCode the integer 0, result an object.  error is
 * printable ASCII; the string that a 10004 quotes, which has the key in it, is
 * left out.  h->body may be overwritten; r->result lives as long as what doc
 * parsed.
 */
void bybit_judge(
    struct bybit_reply *r, struct json_doc *doc, const struct http_reply *h);

/*
 * What the replies teach about the clock (section 1.5, F20).  Local time is
 * the wall clock of one moment carried on by the monotonic clock, so that a
 * step of the wall clock moves nothing.
 */
struct bybit_clock {
	int64_t wall_ms; /* the moment, on both clocks */
	int64_t mono_ms;
	int64_t offset_ms; /* Bybit's time less local time */
};

/* Further off than this and the local clock is to be set, not corrected. */
#define BYBIT_OFFSET_MAX_MS 30000

void bybit_clock_start(struct bybit_clock *c, int64_t wall_ms, int64_t mono_ms);
int64_t bybit_clock_now(const struct bybit_clock *c, int64_t mono_ms);

/*
 * Bybit said server_ms at some moment between the two monotonic times.  The
 * offset moves only where it contradicts that, to the middle: a slow reply
 * spoils nothing.
 */
void bybit_clock_learn(struct bybit_clock *c, int64_t server_ms,
    int64_t sent_mono_ms, int64_t done_mono_ms);

/*
 * Whether the offset is within bounds.  Where not, the wall clock is looked at
 * again, as it may have been set meanwhile.
 */
int bybit_clock_sane(struct bybit_clock *c, int64_t wall_ms, int64_t mono_ms);

/*
 * A client for the host that the settings name; trade: with the trading key.
 * NULL with a message in err (which setting, and what is expected).
 */
struct bybit *bybit_new(
    const struct settings *s, int trade, char *err, size_t size);
void bybit_free(struct bybit *b);

/* The host alone: "api-testnet.bybit.com", and the port. */
const char *bybit_host(const struct bybit *b);
uint16_t bybit_port(const struct bybit *b);

/* Bybit's time now. */
int64_t bybit_now_ms(const struct bybit *b);

/*
 * A call.  path is one of Bybit's ("/v5/order/create"); payload the query of a
 * GET, percent-encoded already, or the body of a POST: copied, signed, and sent
 * as it is.  sign 0 for the public endpoints.
 *
 * It waits while the limit headers or a 10006 hold its path back, and, but for
 * the trading key's, while the clock is too far off for anything signed.  A
 * 10002 is stamped and sent again, twice at the most, and a GET once after a
 * 10004; nothing else is ever sent again (F02).
 */
struct bybit_call {
	const char *method; /* "GET" or "POST" */
	const char *path;
	const char *payload;
	size_t len;
	int sign;
	/* Not sent after that: done with BYBIT_RETRY.  0: no such moment. */
	int64_t until_mono_ms;
	/*
	 * Called from bybit_wait, once.  The reply with its result is valid
	 * inside it; it may start further calls.
	 */
	void (*done)(void *arg, const struct bybit_reply *r);
	void *arg;
};

/* 0, or -1 with errno: the call is not known then, and done never called. */
int bybit_start(struct bybit *b, const struct bybit_call *c);

/*
 * Send what can be sent, take replies, and wait for them and for n further
 * descriptors (16 at the most; revents are set), timeout_ms at the most, -1
 * without end.  May return early.  0, or -1 with errno.
 */
int bybit_wait(struct bybit *b, struct pollfd *fds, size_t n, int timeout_ms);

/*
 * A GET, waited for; nothing else may be under way.  stop_fd: a descriptor
 * whose readiness ends the wait (-1: none).  *reply, with result valid until
 * the next call.  Returns 0, or -1 where stop_fd ended it.
 */
int bybit_get(struct bybit *b, const char *path, const char *query, int sign,
    int stop_fd, struct bybit_reply *reply);

/*
 * After an HTTP 403 by address every call is answered with BYBIT_BANNED
 * without a request, for ten minutes.  How many ms are left of them; 0: none.
 */
int64_t bybit_banned_ms(const struct bybit *b);

/* HTTP requests sent so far. */
uint64_t bybit_requests(const struct bybit *b);

/*
 * Called for each reply, and for each failure to get one: this module does not
 * log.  body[0..len) is valid inside the call; "" without a reply.
 */
struct bybit_trace {
	const char *method;
	const char *path;
	const char *query;
	const struct bybit_reply *reply;
	const char *body;
	size_t len;
};
void bybit_set_trace(struct bybit *b,
    void (*trace)(void *arg, const struct bybit_trace *t), void *arg);

/* How long to hold a path back after a reply (section 3, F21), ms; 0: not. */
int64_t bybit_hold_ms(const struct bybit_reply *r, const char *limit_status,
    const char *limit_reset, int64_t now_ms, int64_t jitter_ms);

#endif
