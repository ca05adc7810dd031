/*
 * rows - what notifier keeps of events and deliveries, as rows of its tables.
 *
 *   journals    journal                   how far it was taken
 *   messages    journal, number, seq      the signal or alarm, verbatim
 *   recipients  journal, number, id       who got the OPEN
 *   deliveries  journal, seq, id          one message to one subscriber
 *   pending     id, order, seq            a subscriber's queue, first to last
 *
 * order counts the journals as they were first seen, so that a queue keeps
 * the order of events across a change of journal.  Alarms count in a journal
 * of their own, whose name no signal can have.
 */
#ifndef SLUICE_NOTIFIER_ROWS_H
#define SLUICE_NOTIFIER_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/store.h"
#include "notifier/message.h"
#include "notifier/roll.h"
#include "notifier/row.h"

struct json;

#define JOURNAL_SIZE 9 /* 8 hex digits */
#define ALARM_JOURNAL "alarms"
#define REASON_SIZE 192

/* Words into a reason, cut to its size between characters. */
void reason_set(char out[REASON_SIZE], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The queue of alarms: no subscriber can have this id. */
#define OPERATOR_ID "#operator"

/* A signal line, as far as it matters who gets it. */
struct event {
	char journal[JOURNAL_SIZE];
	uint64_t seq;
	uint64_t number;
	int64_t time_ms;
	enum action action;
	char symbol[41];
	char category[16]; /* "" where the line names none, … */
	char account[65];  /* … which passes no filter that names any */
	int initial;
	int test;
};

enum event_status {
	EVENT_OK,
	EVENT_OTHER, /* another type, or the refusal of a signal by hand */
	EVENT_BAD,   /* a signal that lacks what it needs; err says what */
};
enum event_status event_parse(
    struct event *e, const struct json *v, char *err, size_t size);

struct journal {
	char name[JOURNAL_SIZE];
	uint64_t order;
	uint64_t seq; /* of the last event that was taken */
	int64_t first_ms;
};

enum delivery_state { DELIVERY_PENDING, DELIVERY_DELIVERED, DELIVERY_FAILED };

struct delivery {
	char journal[JOURNAL_SIZE];
	uint64_t order; /* of the journal; not in the row */
	uint64_t seq;
	uint64_t number;
	char subscriber[ID_SIZE];
	enum action action;
	enum delivery_state state;
	int free; /* cost nothing: not to be credited back */
	char channel[CHANNEL_SIZE];
	int64_t event_ms; /* the event's time: messages grow old by it */
	int64_t taken_ms;
	int64_t due_ms;	    /* not to be sent before */
	int64_t put_off_ms; /* when that was said; 0: it was never tried */
	int64_t done_ms;    /* delivered or failed; 0 */
	int64_t attempts;
	int64_t parts; /* of a long text that were delivered */
	int64_t ms;    /* how long the last attempt took */
	char reason[REASON_SIZE];
};

/* What reading rows needs. */
struct rows {
	struct row row;
	/* The journal that was read last from `pending`, by its order. */
	uint64_t order;
	char journal[JOURNAL_SIZE];
	/* The delivery that was read last, its row, and where its id stands. */
	struct delivery last;
	struct buf last_row; /* empty: none */
	size_t last_id;
};
void rows_init(struct rows *r);
void rows_release(struct rows *r);

/*
 * All of these say what those of row.h say, and STORE_BAD in r->row.error.
 */
enum store_error journal_get(
    struct rows *r, struct store_txn *t, const char *name, struct journal *out);
enum store_error journal_put(struct store_txn *t, const struct journal *j);

/*
 * The journal of signals seen last, and the highest order given so far (0:
 * none); STORE_NOTFOUND, with *order set, where there was no signal yet.
 */
enum store_error journal_newest(
    struct rows *r, struct store_txn *t, struct journal *out, uint64_t *order);

enum store_error delivery_get(struct rows *r, struct store_txn *t,
    const char *journal, uint64_t seq, const char *subscriber,
    struct delivery *out);
enum store_error delivery_put(struct store_txn *t, const struct delivery *d);

/* A new delivery goes to the end of its subscriber's queue; and off it. */
enum store_error pending_put(struct store_txn *t, const struct delivery *d);
enum store_error pending_del(struct store_txn *t, const struct delivery *d);

/*
 * The head of a subscriber's queue: journal, order and seq in *out.
 * STORE_NOTFOUND where nothing is pending.
 */
enum store_error pending_head(struct rows *r, struct store_txn *t,
    const char *subscriber, struct delivery *out);

/* The first subscriber behind `after` ("": of all) with a queue. */
enum store_error pending_next(
    struct store_txn *t, const char *after, char out[ID_SIZE]);

enum store_error message_put(struct store_txn *t, const char *journal,
    uint64_t number, uint64_t seq, const char *text, size_t len);
/* The message, parsed; valid until the next use of r. */
enum store_error message_get(struct rows *r, struct store_txn *t,
    const char *journal, uint64_t number, uint64_t seq,
    const struct json **out);
/* STORE_OK where the trade has any message, else STORE_NOTFOUND. */
enum store_error message_any(
    struct store_txn *t, const char *journal, uint64_t number);
/*
 * The first trade behind the number `after` that has messages, and the seq of
 * the latest of them; or STORE_NOTFOUND.
 */
enum store_error message_next(struct store_txn *t, const char *journal,
    uint64_t after, uint64_t *number, uint64_t *seq);

enum store_error recipient_put(struct store_txn *t, const struct delivery *d);
enum store_error recipient_del(struct store_txn *t, const struct delivery *d);
enum store_error recipient_has(
    struct store_txn *t, const struct delivery *d); /* or STORE_NOTFOUND */

/* They are a recipient of no trade any more: all rows are looked at. */
enum store_error recipient_forget(struct store_txn *t, const char *subscriber);

/* Up to max recipients of a trade behind `after`, by id; *n of them. */
enum store_error recipient_list(struct store_txn *t, const char *journal,
    uint64_t number, const char *after, char (*out)[ID_SIZE], size_t max,
    size_t *n);

#endif
