/*
 * way - what messages go out through: Telegram's API, or a webhook's host.
 *
 * A way takes so many sends at a time, and so many in a period; who has to
 * wait for that, waits in it, in the order of asking.  What many share may be
 * down for all of them, which is told from one bad address (F34): no
 * connection, a token that is refused, or WAY_SUSPECTS addresses in a row
 * that failed without one that did not.  A way that is down is tried with one
 * message at a time, after 1, 2, 4 ... 30 s, or as long as it told all to wait
 * (F28); everything else stays where it is, and none of it counts a try.
 *
 * One slow or dead host keeps no other way from working (F101): sends over
 * webhooks' hosts are bounded in all, and have no part in Telegram's.
 */
#ifndef SLUICE_NOTIFIER_WAY_H
#define SLUICE_NOTIFIER_WAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "notifier/channel.h"
#include "notifier/queue.h"

#define WAY_SUSPECTS 3
#define WAY_HOSTS_AT_ONCE 24 /* sends over all ways that are hosts */
#define WAY_PROBE_MAX_MS 30000
#define WAY_KEY_SIZE (ADDRESS_SIZE + CHANNEL_SIZE)

struct way {
	TAILQ_ENTRY(way) list;
	char key[WAY_KEY_SIZE]; /* the channel's name, or https://HOST */
	int known;		/* its channel has been seen since the start */
	int host;
	size_t at_once;		     /* 0: no bound of its own */
	size_t called, flying;	     /* on their way to a send, and in it */
	struct rate_window *all;     /* NULL: no limit */
	struct waiting fresh, tried; /* whose head was never tried, and was */
	size_t nwaiting;

	struct told {
		struct told *next;
		uint64_t address;	 /* a hash, as below */
		int64_t until_ms;	 /* monotonic */
	} * told_to;			 /* who was told to wait */
	uint64_t suspects[WAY_SUSPECTS]; /* hashes of addresses */
	size_t nsuspects;
	int64_t told_ms; /* the least that one of them was told to wait */
	int down;
	int told; /* … because all are told to wait */
	int probing;
	int64_t down_ms, probe_ms; /* since when; not before; monotonic */
	int64_t tried_ms;	   /* the last failure, monotonic */
	int64_t failures;	   /* in a row, since it is down */
	int alarmed;
	char reason[REASON_SIZE];
};

struct ways {
	TAILQ_HEAD(way_list, way) list; /* who was served last is the last */
	void *by_key;			/* of tsearch(3) */
	size_t hosts;	  /* sends, begun or called, over ways that are hosts */
	int64_t start_ms; /* for the limits of all: rate.h */
};

void ways_init(struct ways *w, int64_t start_ms);
/* Not its lanes, which are the queue's. */
void ways_release(struct ways *w);

/* The way of an address, made where there is none. */
struct way *way_of(
    struct ways *w, const struct channel *c, const char *address);
/* The same by its name, for one that is known to be down. */
struct way *way_named(struct ways *w, const char *key);

/*
 * The next lane that waits in a way where there is room now; it is taken out
 * of that and of the queue, and the room is kept for it.  NULL: none.
 */
struct lane *ways_call(
    struct ways *w, struct queue *q, int64_t now_ms, struct way **way);

/*
 * Whether a lane that nobody called may go now; with 1 the room is kept for
 * it.  Who is told 0 waits.
 */
int way_has_room(struct ways *w, struct way *v, int64_t now_ms);

/*
 * The same for what does not wait in turn, as the answer to a person: the
 * caller sees to it that it is little.  0 as long as the way is down.
 */
int way_cut_in(struct ways *w, struct way *v, int64_t now_ms);

/* How long the address is to be left alone yet, ms; 0: not any more. */
int64_t way_told_ms(struct way *v, const char *address, int64_t now_ms);
/* The same until a time; way_landed does so for who was told to wait. */
void way_tell(struct way *v, const char *address, int64_t until_ms);

/* Room that was kept: used, at now_ms, or given back. */
void way_take(struct way *v, int64_t now_ms);
void way_give_back(struct ways *w, struct way *v);

/* Wait in it, until due_ms at the latest; and no more. */
void way_wait(
    struct way *v, struct queue *q, struct lane *l, int tried, int64_t due_ms);
void way_leave(struct lane *l);

/*
 * A send is over; probe: it was begun while the way was down.  1 where it is
 * down by now; else the way may have been freed.
 */
int way_landed(struct ways *w, struct way *v, const char *address,
    const struct outcome *o, int probe, int64_t now_ms);

/* It works, for all that is known; it may be freed by this, too. */
void way_up(struct ways *w, struct way *v);

/*
 * How long to wait after so many failures in a row: 1, 2, 4 ... s, max_ms at
 * the most, and up to a quarter more so that they spread.
 */
int64_t retry_ms(int64_t failures, int64_t max_ms);

/* When ways_call may have something; INT64_MAX: not by itself. */
int64_t ways_due(const struct ways *w);

/* Whether lanes wait that could go, were it their turn. */
int ways_are_waiting(const struct ways *w);

#endif
