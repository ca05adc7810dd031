/*
 * process - what the files of the process share: main.c has its loop, state.c
 * its store, identity.c whose that is.
 */
#ifndef SLUICE_TRADER_PROCESS_H
#define SLUICE_TRADER_PROCESS_H

#include <stdint.h>

#include "common/buf.h"
#include "common/bybit.h"
#include "common/endpoint.h"
#include "common/json.h"
#include "common/stage.h"
#include "common/store.h"
#include "trader/decisions.h"
#include "trader/settings.h"
#include "trader/trader.h"

struct process {
	struct stage stage;
	struct store *store;
	struct decisions *decisions;
	struct bybit *bybit;
	struct trader *trader;
	struct trader_settings opts;
	struct input *in;
	struct output *out;
	struct health health;
	struct buf lines; /* results that are stored and not written */
	struct json_doc *doc;
	int flatten;	/* -F */
	int look_only;	/* no decision is sent unless a line asks for it */
	int starting;	/* the first scan: what it finds is perhaps sent */
	int ended, cut; /* the input has, inside a line */
	int ordered;	/* an order went out in this turn */
	uint64_t peers; /* ever connected */
	int64_t wall_ms, mono_ms;
	int64_t trim_mono;
	int64_t scan_mono, tick_mono, stop_mono;
	int64_t retry_mono, retry_ms; /* 0: the last commit went well */
	int missed; /* an order could not be taken in, as a read failed */
	int unread; /* … and was said: not all decisions could be read */
	int64_t unread_mono; /* since when */
};

/* The account and host that the state belongs to; of no other, it ends. */
void identity_load(struct process *p);

/* Open the state; what is wrong ends the process. */
void state_open(struct process *p);
/* Take up what the last run left: orders, caps, open alarms. */
void state_load(struct process *p);
/* One transaction with all that is fresh, and the row of `health`. */
enum store_error state_commit(struct process *p);

/* For trader_io. */
int state_row(void *arg, const char *link, struct buf *b);
int state_find(void *arg, const char *id, struct buf *b);

#endif
