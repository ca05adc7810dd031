/*
 * internal - what the files of the poller share.
 */
#ifndef POLLER_INTERNAL_H
#define POLLER_INTERNAL_H

#include "poller/poller.h"
#include "poller/rows.h"
#include "poller/schedule.h"
#include "poller/scope.h"

/* How a part of a cycle ended. */
enum step {
	STEP_OK,
	STEP_FAILED, /* this part: the others go on */
	STEP_DOWN,   /* no reply, or banned: the others would fare alike */
	STEP_STOP,
	STEP_FATAL,
	STEP_OUTPUT,
	STEP_NOMEM,
};

/* Instruments and prices of a category. */
struct market {
	const char *category;
	int loaded;
	int64_t due_mono_ms; /* when to ask for instruments again */
	unsigned char known[POLLER_SYMBOLS_MAX]; /* by opts.symbols */
};

struct poller {
	struct poller_opts opts;
	struct poller_io io;
	struct schedule schedule;
	struct scope scopes[POLLER_SCOPES_MAX];
	struct market markets[POLLER_SCOPES_MAX];
	size_t nmarkets;
	int key_checked;
	int wallet_denied;
	int symbols_checked;
	char uid[24]; /* "" where Bybit does not tell it */
	struct buf line;
	struct rows rows;
	/* The first failure of this cycle. */
	char error[ERROR_SIZE];
	int64_t error_code; /* retCode, or HTTP status, or 0 */
	int failed;
	int good; /* a scope was, at the last look */
	/* The state that the log last told of. */
	int told_failed;
	int64_t told_code;
	int64_t failed_cycles;
	char fatal[768];
};

/*
 * A call, judged.  *r is valid until the next one.  STEP_OK, STEP_STOP, or
 * STEP_FAILED and STEP_DOWN, which the caller tells poller_failed, unless it
 * expected the very error.
 */
enum step poller_ask(struct poller *p, const char *path, const char *query,
    int sign, struct bybit_reply *r);

/* Keep an error of the cycle, unless there is one already. */
void poller_fail(struct poller *p, int64_t code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void poller_failed(
    struct poller *p, const char *path, const struct bybit_reply *r);

/* What the key, the address or the host is refused for, and the cure. */
enum step poller_refused(struct poller *p, const struct bybit_reply *r);

/*
 * All pages of a list.  query without limit and cursor; row is called for each
 * row, and may end it all by anything but STEP_OK.  pages_max is an error
 * (STEP_FAILED), or, where cut is not NULL, sets *cut and ends it well.
 * *r is the last reply; its result is gone.
 */
enum step poller_pages(struct poller *p, const char *path, const char *query,
    int sign, int limit, int pages_max, int *cut,
    enum step (*row)(void *arg, const struct json *row), void *arg,
    struct bybit_reply *r);

/* Add a row; too much for a line is a failure of the cycle. */
enum step keep_row(
    struct poller *p, struct rows *rows, const struct json *row, int64_t when);

/* Begin a line, with what each has; time_ms 0: now.  Write it. */
void line_begin(struct poller *p, const char *type, int64_t time_ms);
enum step line_end(struct poller *p);

/* A symbol or an id that may stand in a query as it is. */
int is_token(const char *s);

#define NOTE(p, level, msg, ...)                                               \
	(p)->io.note((p)->io.arg, level, msg, LOG_FIELDS(__VA_ARGS__))

/* key.c: who we are and what the key may. */
enum step key_check(struct poller *p);

/* market.c: instruments where due, then prices, of one category. */
enum step market_look(struct poller *p, struct market *m);
/* Say once which symbols no category knows. */
void market_check_symbols(struct poller *p);

/* scope.c: positions, closed P&L, executions of one scope. */
enum step scope_look(struct poller *p, struct scope *s);

/*
 * records.c: closed P&L records since the last look into s->pnl, and a line of
 * executions for the new ones.  *have: the records are all there.
 */
enum step records_look(struct poller *p, struct scope *s, int *have);

/* Whether a record of the symbol came with this look or the one before. */
int records_new_of(const struct scope *s, const char *symbol);

/* Grow an array by one element, doubling its room.  0, or -1 with ENOMEM. */
int grow(void *array, size_t *room, size_t n, size_t size);

#endif
