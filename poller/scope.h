/*
 * scope - what is remembered of one scope: an account's category and, for
 * linear, settle coin.
 */
#ifndef POLLER_SCOPE_H
#define POLLER_SCOPE_H

#include <stddef.h>
#include <stdint.h>

#include "poller/rows.h"
#include "poller/schedule.h"

/* A position as the last valid snapshot had it. */
struct held {
	char symbol[32];
	int64_t position_idx;
	char side[8];
	char size[48];
	char avg_price[48];
	int64_t open_time; /* ms; 0: none */
	int64_t seq;
	int flat;
	size_t row; /* in rows */
	/* It vanished, and asking for it fails since then; 0: it does not. */
	int64_t failed_mono_ms;
};

struct held_list {
	struct held *v;
	size_t n;
	size_t room;
};

/*
 * A closed P&L record that was seen: an order, in one state (Bybit writes a
 * record again while its order goes on filling).
 */
struct record {
	char order_id[48];
	char symbol[32];
	int64_t updated_ms;
	int64_t look; /* the look that saw it first; -2: long ago */
	int pending;  /* its executions are still to be asked for */
};

/* In the order of order_id and updated_ms, but for the new ones at the end. */
struct record_list {
	struct record *v;
	size_t n;
	size_t room;
	size_t sorted;
};

/* A position shrank: its record is on the way. */
struct await {
	char symbol[32];
	int64_t until_mono_ms;
};

#define AWAITS_MAX 32
#define ERROR_SIZE 320 /* words about a failure */

struct scope {
	const char *category;
	const char *settle_coin; /* NULL unless linear */
	int64_t looks;		 /* good ones */
	int64_t pnl_end_ms;	 /* closed P&L is known up to here; 0: none */
	int quick;		 /* the next look is to come soon */
	struct held_list held;	 /* of the last good look */
	struct held_list now;	 /* of this one */
	struct record_list records;
	struct await awaits[AWAITS_MAX];
	size_t nawaits;
	struct rows positions;
	struct rows pnl;
	/* While it fails, and others do not: why, and when to look again. */
	struct schedule back_off;
	int64_t due_mono_ms;
	int64_t error_code;
	char error[ERROR_SIZE];
};

void scope_init(struct scope *s, const char *category, const char *settle_coin);
void scope_release(struct scope *s);

#endif
