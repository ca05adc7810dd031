/*
 * result - the line `result` of an alert that did not trade.
 *
 * A result line is the JSON that the HTTP client gets, and beside it type, id
 * (the alert's) and code (the HTTP status).  This writes the common shape of
 * everything that is refused:
 *
 *   {"type":"result","id":…,"code":422,"ok":false,"error":…,"retCode":…,
 *    "errors":[…],"warnings":[…],"timestamp":…}
 */
#ifndef SLUICE_RESULT_H
#define SLUICE_RESULT_H

#include <stdint.h>

#include "common/buf.h"

/* What `error` says where rules, age or the halt kept an alert from trading. */
#define RESULT_VALIDATION "Trade validation failed"

struct result_refusal {
	const char *id; /* the alert's */
	int code;
	const char *error;
	int64_t ret_code; /* Bybit's; 0: left out */
	/* Elements as json_put_string(b, NULL, text) writes them; or NULL. */
	const struct buf *errors;
	const struct buf *warnings;
	int64_t time_ms; /* `timestamp` */
};

/* Append the line, with its newline. */
void result_refuse(struct buf *b, const struct result_refusal *r);

#endif
