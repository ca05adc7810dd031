/*
 * request - a request as it came, and the reply to it.
 */
#ifndef SLUICE_EXCHANGE_REQUEST_H
#define SLUICE_EXCHANGE_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/decimal.h"
#include "common/json.h"

#define PARAMS_MAX 32

struct param {
	const char *name, *value; /* decoded */
};

struct request {
	uint64_t connection;
	const char *method, *path;
	const char *query; /* as it came, without the '?'; "" where none */
	const char *ip;
	char *body; /* body[len] is a NUL and may be overwritten */
	size_t len;
	/* Headers; NULL where absent. */
	const char *api_key, *timestamp, *window, *sign, *content_type;
	const char *signature, *title; /* of a hook */

	struct param params[PARAMS_MAX];
	size_t nparams;
	char *decoded;		 /* what params point into */
	const struct json *json; /* the body of a POST; NULL: none */

	/* What a fault asks of the views. */
	int empty_list;
	int64_t stale_ms;
};

/* Decode the query, or a form body; -1: bad escape, or too many. */
int request_decode(struct request *r, const char *form);
void request_release(struct request *r);

/* A parameter of the query, or NULL. */
const char *request_param(const struct request *r, const char *name);

/* One of a query or of a JSON body's strings; NULL where absent or "". */
const char *request_text(const struct request *r, const char *name);

/* How the reply leaves; filled in by a fault. */
enum delivery {
	DELIVER_PLAIN,
	DELIVER_RESET, /* no reply: the connection is reset */
	DELIVER_HANG,  /* no reply, ever */
	DELIVER_CUT,   /* bytes of the body, then the end */
	DELIVER_DRIP,  /* a byte each drip_ms */
	DELIVER_FILL,  /* a body of bytes bytes of filling */
	DELIVER_GZIP,  /* packed, and no header says so */
	DELIVER_POLL,  /* not yet: once there is an answer, or in delay_ms */
};

/* A long poll, while it is held. */
struct poll {
	uint64_t number;
	int64_t limit;
};

struct reply {
	int status;
	const char *content_type;
	struct buf body;
	int64_t code; /* retCode */
	int has_code;
	uint64_t n;	/* of the request */
	int64_t now_ms; /* when it took effect */
	int has_limits;
	int64_t limit, limit_left, limit_reset_ms;
	enum delivery delivery;
	int64_t delay_ms, drip_ms, bytes;
	struct poll poll;
	const char *fault;   /* for the journal; NULL: none */
	int64_t retry_after; /* goes with status 429; 0: none */
	/* Of a Telegram message, or of a hook. */
	char chat_id[24];
	int delivered;
	const char *order_id; /* of the order that was booked, or NULL */
	int journaled;
};

void reply_init(struct reply *rep);
void reply_release(struct reply *rep);

/*
 * An answer of Bybit's: open, write the members of "result", close.
 */
void reply_open(struct reply *rep);
void reply_close(struct reply *rep, int64_t now_ms);

/* The reply is a refusal: whatever was written goes.  Returns -1. */
int reply_refuse(struct reply *rep, int64_t now_ms, int64_t code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The reply is this page, with this status.  Returns -1. */
int reply_page(
    struct reply *rep, int status, const char *content_type, const char *text);

/* Bybit's words for a code, where a fault gives none. */
const char *code_text(int64_t code);

#endif
