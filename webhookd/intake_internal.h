/*
 * intake_internal - what the files of intake share; for them alone.
 */
#ifndef SLUICE_WEBHOOKD_INTAKE_INTERNAL_H
#define SLUICE_WEBHOOKD_INTAKE_INTERNAL_H

#include <sys/queue.h>

#include "common/buf.h"
#include "webhookd/intake.h"

/* A row is the line, the answer, and little else. */
#define ROW_SIZE_MAX (1u << 20)

struct json_doc;

enum entry_state { ENTRY_PENDING, ENTRY_ANSWERED, ENTRY_EXPIRED };

/* An alert without a timestamp, for INTAKE_SAME_MS. */
struct body {
	TAILQ_ENTRY(body) next;
	unsigned char digest[ALERT_DIGEST_SIZE];
	char id[ALERT_ID_SIZE];
	int64_t received_ms; /* wall clock */
	int64_t born_ms;     /* the same, monotonic */
	int stored;
};
TAILQ_HEAD(bodies, body);

TAILQ_HEAD(waiters, waiter);

/* An alert, from its receipt until its result is stored. */
struct entry {
	TAILQ_ENTRY(entry) all; /* in the order of receipt */
	TAILQ_ENTRY(entry) unsaved;
	LIST_ENTRY(entry) bucket;
	struct waiters waiters;
	char id[ALERT_ID_SIZE];
	struct buf line;     /* with its newline */
	int64_t received_ms; /* wall clock */
	int64_t born_ms;     /* the same, monotonic */
	enum entry_state state;
	int code;	     /* HTTP status, once it is not pending */
	struct buf answer;   /* likewise, the object that clients get */
	int recorded;	     /* its row is there */
	int dirty;	     /* its row is not what it should be: in unsaved */
	int handed;	     /* risker may know it */
	uint64_t connection; /* to which it was handed last; 0: none */
	int64_t look_ms;     /* monotonic, of the next look for its outcome */
	struct body *body;   /* that is not stored yet, or NULL */
};
TAILQ_HEAD(entries, entry);
LIST_HEAD(bucket, entry);

/* A client without an answer. */
struct waiter {
	TAILQ_ENTRY(waiter) all; /* by deadline, which is by receipt */
	TAILQ_ENTRY(waiter) entry_link;
	struct entry *entry;
	void *client;
	int duplicate;
	int64_t since_ms; /* monotonic */
};

#define BUCKETS 1024

struct intake {
	struct intake_opts o;
	struct json_doc *doc; /* for rows */
	int64_t wall_ms, mono_ms;
	struct entries entries; /* in the order of receipt */
	struct entries unsaved; /* those whose row is to be written */
	struct bucket buckets[BUCKETS];
	struct bodies bodies;
	struct waiters waiters;
	struct intake_counts counts;
	uint64_t connection; /* the number of the one to risker */
	size_t fresh;	     /* of unsaved, those without a row */
	int64_t scan_ms;     /* of the next look for what has expired */
	int failing;	     /* alerts cannot be recorded, as far as known */
	int full;	     /* … for want of room */
	int64_t retry_ms;    /* no commit before; 0: at once */
	int64_t wait_ms;     /* between two of them */
	int said_pending;    /* a 202 went out in this turn */
	int stopped;
};

/* What `error` says of a 503. */
#define NO_RISKER "Risker is not connected: try again"
#define NOT_RECORDED "Unable to record the alert: try again"
#define STOPPING "Stopping: try again"

/* intake_list.c */

/* In memory, or NULL. */
struct entry *entry_find(struct intake *in, const char *id);
/* Into the list of all; counted where it is pending. */
void entry_add(struct intake *in, struct entry *e);
/* Forget one that nobody waits for. */
void entry_drop(struct intake *in, struct entry *e);
/* Its row is to be written; is no longer. */
void entry_dirty(struct intake *in, struct entry *e);
void entry_clean(struct intake *in, struct entry *e);
int64_t entry_age_ms(const struct intake *in, const struct entry *e);
/* 1 where it may still be traded, as far as webhookd can tell. */
int entry_live(const struct intake *in, const struct entry *e);
/* 0, or -1 where it did not go. */
int entry_hand_on(struct intake *in, struct entry *e);
void body_drop(struct intake *in, struct body *b);
/* 1 where the same bytes are another alert by now. */
int body_old(const struct intake *in, const struct body *b);
/* NULL without memory. */
struct waiter *waiter_add(
    struct intake *in, struct entry *e, void *client, int duplicate);
void waiter_drop(struct intake *in, struct waiter *w);

/* intake_answer.c */

/* 1 where its result may be told: the alert is recorded, if it can be. */
int entry_settled(const struct intake *in, const struct entry *e);
/* The answer that e has, to one client. */
void intake_tell(struct intake *in, void *client, const struct entry *e,
    int duplicate, int64_t took_ms);
/* 503: it may be sent again. */
void intake_refuse(struct intake *in, void *client, const char *id,
    const char *error, int64_t took_ms);
/*
 * Answer with what is there now: the result; 202 where the alert is recorded;
 * else 503 with error.  entry_answer: to all who wait for it.
 */
void waiter_answer(struct intake *in, struct waiter *w, const char *error);
void entry_answer(struct intake *in, struct entry *e, const char *error);
/* The object that clients get of a result line. */
void answer_put(struct buf *b, const struct json *line);

/* intake_rows.c */

void entry_init(struct entry *e, const char *id);
void entry_free(struct entry *e); /* NULL is fine */

/* The rows of e, and its body's, as they should be. */
enum store_error rows_put(struct store_txn *t, const struct entry *e);
enum store_error rows_put_body(struct store_txn *t, const struct body *b);
enum store_error rows_del_body(struct store_txn *t, const struct body *b);

/*
 * The row of id as a new entry that belongs to the caller.  STORE_NOTFOUND
 * where there is none, STORE_BAD where it cannot be read.
 */
enum store_error rows_get(struct store_txn *t, struct json_doc *doc,
    const char *id, struct entry **out);

/* All pending entries, in the order of receipt, and all bodies. */
enum store_error rows_load(struct store_txn *t, struct json_doc *doc,
    struct entries *entries, struct bodies *bodies);

/* When what is to be written must be; there is something. */
int64_t intake_unsaved_due(const struct intake *in);

#endif
