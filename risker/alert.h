/*
 * alert - a line `alert`, read.
 */
#ifndef SLUICE_RISKER_ALERT_H
#define SLUICE_RISKER_ALERT_H

#include <stddef.h>
#include <stdint.h>

#include "common/action.h"
#include "common/decimal.h"

struct json;

#define ALERT_ID_SIZE 33     /* 32 hex digits and a NUL */
#define ALERT_SYMBOL_SIZE 33 /* 32 bytes and a NUL, as ALLOWED_SYMBOLS */

struct alert {
	char id[ALERT_ID_SIZE];
	int64_t time_ms;      /* of its receipt: our clock */
	int64_t timestamp_ms; /* its own; -1: none */
	enum alert_action action;
	char symbol[ALERT_SYMBOL_SIZE];
	int test;
	/* Of an entry; all but trend above 0, or 0 where absent. */
	struct decimal trend, price, stop_loss, take_profit, atr;
};

/* 0 and *out; or -1 with what the line lacks in why. */
int alert_read(
    struct alert *out, const struct json *line, char *why, size_t size);

#endif
