/*
 * intake - every alert once: what is recorded, handed on, waited for, answered.
 *
 * No socket, no clock, no exit: the process hands in alerts and result lines,
 * and writes what is to be said.  An alert goes through this:
 *
 *   new       handed on at once, and recorded INTAKE_RECORD_MS later, or with
 *             its result; without a timestamp, and after a commit that failed,
 *             recorded first
 *   pending   recorded; its clients wait for its result, WEBHOOK_TIMEOUT at
 *             the most, and then get a 202
 *   answered  its result has come: every client gets that, whenever it asks
 *   expired   no result came: told as expired
 *
 * killed while it is      the next start
 *   new, handed on        knows nothing of it; sent again it is handed on
 *                         again, and gets the outcome of the first, for risker
 *                         and trader know its id
 *   new, not handed on    knows nothing of it; sent again it is a new one
 *   pending               hands it on again, until it expires
 *   answered, not stored  hands it on again, and is told the result again
 *
 * What cannot be handed on (risker is not connected), or not be recorded, and
 * has no result, is refused with 503 and forgotten, so that it can be sent
 * again; but if it was handed on, its result is still waited for.
 */
#ifndef SLUICE_WEBHOOKD_INTAKE_H
#define SLUICE_WEBHOOKD_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "common/store.h"
#include "webhookd/alert.h"

struct intake;
struct json;
struct waiter; /* a client without an answer */

/*
 * alerts   id: {"id","time","state","alert":{the line},"code","answer":{…}},
 *          the last two once state is answered or expired
 * pending  time and id of the rows of alerts whose state is pending
 * bodies   digest of an alert without a timestamp: its id and time; gone after
 *          a minute
 */
extern const char *const intake_tables[];
#define INTAKE_SCHEMA 1

/*
 * risker's commit is what an order waits for, and two commits at once make each
 * other slow: so ours comes that much later.
 */
#define INTAKE_RECORD_MS 10

/* Alerts without a timestamp: the same bytes are the same one for so long. */
#define INTAKE_SAME_MS 60000

/*
 * What was handed on and has no result at WEBHOOK_TIMEOUT may have lost it on
 * its way here: from then on it is looked for in the states.  This long past
 * ALERT_TTL it is told as expired: trader still does a close after an hour.
 * At once after ALERT_TTL where it was lost with the connection that it was
 * handed to: risker is there again, and has decided nothing.
 */
#define INTAKE_GRACE_MS 3900000

struct intake_answer {
	const char *id; /* "" where there is none */
	int code;	/* HTTP status */
	const char *body;
	size_t len;
	int duplicate;
	int64_t took_ms; /* since the request was taken */
};

struct intake_opts {
	struct store *store; /* open, with intake_tables */
	int64_t timeout_ms;  /* WEBHOOK_TIMEOUT */
	int64_t ttl_ms;	     /* ALERT_TTL */
	/* 1 while risker is connected. */
	int (*ready)(void *arg);
	/* Write a line to risker: 0, or -1 where it did not go. */
	int (*hand)(void *arg, const char *line, size_t len);
	/*
	 * The result line of an alert by the states of risker and trader, valid
	 * until the next call; NULL where there is none yet.
	 */
	const struct json *(*outcome)(void *arg, const char *id);
	/* 1 where risker has decided on it, 0 where not; -1: unknown. */
	int (*decided)(void *arg, const char *id);
	/* Rows of the process that go with every commit: 0, or -1. */
	int (*rows)(void *arg, struct store_txn *t);
	void (*answer)(
	    void *arg, void *client, const struct intake_answer *answer);
	void *arg;
};

/*
 * Reads what is pending.  NULL with a message in err, and errno: EBADMSG for a
 * damaged state; ENOMEM, EIO.
 */
struct intake *intake_new(const struct intake_opts *o, int64_t wall_ms,
    int64_t mono_ms, char *err, size_t size);
void intake_free(struct intake *in); /* NULL is fine */

/* The time of a turn, before anything else in it. */
void intake_time(struct intake *in, int64_t wall_ms, int64_t mono_ms);

/*
 * An alert of a client, source being its address.  NULL where it was answered
 * within the call; else the client gets its answer later, unless intake_gone
 * says before that it has gone.
 */
struct waiter *intake_alert(
    struct intake *in, const struct alert *a, const char *source, void *client);
void intake_gone(struct intake *in, struct waiter *w);

enum intake_taken {
	INTAKE_TAKEN,	/* the result of a pending alert */
	INTAKE_KNOWN,	/* that alert has its result */
	INTAKE_UNKNOWN, /* no alert of ours */
	INTAKE_BAD,	/* not what a result looks like */
	INTAKE_FAILED,	/* the state could not be read: lost, for now */
};
/* A line of type result.  why is set for INTAKE_BAD. */
enum intake_taken intake_result(
    struct intake *in, const struct json *line, const char **why);

/* A new connection to risker: hand on again what is pending. */
void intake_connected(struct intake *in);

/*
 * A new peer on the input, trader perhaps, that may have had results while
 * nobody listened, of alerts of this very moment even: hand on again what was
 * and has no result.
 */
void intake_overdue(struct intake *in);

/* What a commit would do now. */
enum intake_needs {
	INTAKE_NOTHING, /* what there is can wait until intake_due */
	INTAKE_SOON,	/* results to store: their clients have them already */
	INTAKE_NOW,	/* alerts to record: their clients wait for it */
};
enum intake_needs intake_needs(const struct intake *in);

/*
 * Commit, and say what may be said after it.  After a failure it is to be
 * tried again when intake_due says; intake_error tells what is wrong.
 */
enum store_error intake_commit(struct intake *in);
/* 1 from a commit that failed until alerts can be recorded again. */
int intake_failing(const struct intake *in);
const char *intake_error(const struct intake *in);

/* What time brings: answers without a result, expiry. */
void intake_tick(struct intake *in);
/* Monotonic time of the next thing to do; INT64_MAX: none. */
int64_t intake_due(const struct intake *in);

/* No result will come any more, and no alert is taken: answer who waits. */
void intake_end(struct intake *in);

/* No alert is taken any more. */
void intake_stop(struct intake *in);

struct intake_counts {
	unsigned long long alerts;     /* new ones */
	unsigned long long duplicates; /* of known ones */
	unsigned long long handed;     /* lines written */
	unsigned long long results;    /* taken */
	size_t waiting;		       /* clients */
	size_t pending;		       /* alerts without a result */
};
void intake_counts(const struct intake *in, struct intake_counts *out);

#endif
