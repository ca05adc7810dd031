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
};

/* The row of a retCode; NULL where it is not listed. */
const struct bybit_code *bybit_code(int64_t code);

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
	int ambiguous;		   /* of use for orders alone */
	int status;		   /* HTTP, 0 without a reply */
	int64_t code;		   /* retCode; 0 where there is none */
	int64_t time_ms;	   /* the envelope's; 0 where there is none */
	const struct json *result; /* an object, for BYBIT_OK; else NULL */
	char error[256]; /* for a log line and a heartbeat; "" if ok */
	int64_t ms;
};

/*
 * A client for the host that the settings name; trade: with the trading key.
 * NULL with a message in err (which setting, and what is expected).
 */
struct bybit *bybit_new(
    const struct settings *s, int trade, char *err, size_t size);
void bybit_free(struct bybit *b);

/* The base URL, and its host alone: "api-testnet.bybit.com". */
const char *bybit_url(const struct bybit *b);
const char *bybit_host(const struct bybit *b);

/*
 * Bybit's time now: the local clock and what the last replies taught about
 * its offset (section 1.5, F20).  The offset itself, ms.
 */
int64_t bybit_now_ms(const struct bybit *b);
int64_t bybit_offset_ms(const struct bybit *b);

/*
 * A signed GET, waited for.  query is percent-encoded already and goes out as
 * it is signed; signed 0 for the public endpoints.  Holds back while the
 * limit headers or a 10006 say so.  stop_fd: a descriptor whose readiness ends
 * the wait (-1: none).  *reply, with result valid until the next call.
 * Returns 0, or -1 where stop_fd ended it.
 */
int bybit_get(struct bybit *b, const char *path, const char *query, int sign,
    int stop_fd, struct bybit_reply *reply);

/* HTTP requests sent so far. */
uint64_t bybit_requests(const struct bybit *b);

#endif
