/*
 * poller - snapshots of an account, a line each.
 *
 * The work alone: no clock, no descriptor, no log.  What it needs from outside
 * is in struct poller_io, so that tests hand in replies.
 */
#ifndef POLLER_POLLER_H
#define POLLER_POLLER_H

#include <stddef.h>
#include <stdint.h>

#include "common/bybit.h"
#include "common/log.h"

struct poller;
struct settings;

#define POLLER_SCOPES_MAX 16
#define POLLER_SYMBOLS_MAX 256

/* What is looked at.  Strings belong to the settings. */
struct poller_opts {
	const char *account;
	const char *host;
	const char *build; /* of this program (common/build.h) */
	int64_t interval_ms;
	struct {
		const char *category;
		const char *settle_coin; /* NULL unless linear */
	} scopes[POLLER_SCOPES_MAX];
	size_t nscopes;
	const char *symbols[POLLER_SYMBOLS_MAX];
	size_t nsymbols;
};

/*
 * Read the options, all but host and build.  0, or -1 with a message in err:
 * which setting, its value, what is expected.
 */
int poller_opts_read(
    struct poller_opts *o, const struct settings *s, char *err, size_t size);

struct poller_io {
	void *arg;
	/* As bybit_get; -1: the program is to end. */
	int (*get)(void *arg, const char *path, const char *query, int sign,
	    struct bybit_reply *r);
	uint64_t (*requests)(void *arg); /* sent so far */
	int64_t (*banned_ms)(void *arg);
	int64_t (*now_ms)(void *arg);  /* Bybit's time */
	int64_t (*mono_ms)(void *arg); /* monotonic */
	/* A whole line with its newline.  -1 with errno: give up. */
	int (*write)(void *arg, const char *line, size_t len);
	/* Something for the log. */
	void (*note)(void *arg, enum log_level level, const char *msg,
	    const struct log_field *fields, size_t n);
};

enum poller_status {
	POLLER_OK,     /* a cycle is over, good or bad: go on */
	POLLER_STOP,   /* get said so; the cycle was left in the middle */
	POLLER_FATAL,  /* poller_error says what to change: exit 78 */
	POLLER_OUTPUT, /* write failed; errno */
	POLLER_NOMEM,
};

/* o is copied.  NULL with errno. */
struct poller *poller_new(
    const struct poller_opts *o, const struct poller_io *io);
void poller_free(struct poller *p);

/*
 * One cycle: each scope, wallet, prices, instruments where they are due, and a
 * heartbeat last.  *next_ms: when the next one is due, on the monotonic clock.
 */
enum poller_status poller_cycle(struct poller *p, int64_t *next_ms);

/*
 * A new reader: the next cycle tells what the first one did, since lines that
 * the last reader had not read are lost: instruments, the records of a week,
 * and the executions of the young ones.
 */
void poller_refresh(struct poller *p);

/* The cycle that is due is left out: when the next one is. */
int64_t poller_skip(const struct poller *p);

const char *poller_error(const struct poller *p);

#endif
