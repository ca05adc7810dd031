/*
 * bybit_internal - what the files of the client share; for them alone.
 *
 * bybit.c has settings, signing and what can be asked at once; bybit_calls.c
 * the requests under way.
 */
#ifndef SLUICE_BYBIT_INTERNAL_H
#define SLUICE_BYBIT_INTERNAL_H

#include "common/bybit.h"

#define BYBIT_HOLDS_MAX 16 /* paths; we ask eight */
#define BYBIT_PATH_MAX 64

/* A path that must wait, by its limit headers. */
struct bybit_hold {
	char path[BYBIT_PATH_MAX];
	int64_t until_mono_ms;
};

struct pending; /* a call, queued or under way */

struct bybit {
	struct http *http;
	struct json_doc *doc;
	char *url;
	char host[256];
	char *key;
	char *secret;
	char window[24];
	int trade; /* with the trading key */
	struct bybit_clock clock;
	struct bybit_hold holds[BYBIT_HOLDS_MAX];
	int64_t banned_until_mono_ms;
	uint64_t requests;
	void (*trace)(void *arg, const struct bybit_trace *t);
	void *trace_arg;
	struct pending *calls;
	int asking_time; /* a call for Bybit's clock is under way */
};

/* Forget all calls; nothing of theirs is under way any more. */
void bybit_drop_calls(struct bybit *b);

#endif
