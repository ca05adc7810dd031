/*
 * api_internal - what the files of api share; for them and their tests.
 *
 * api.c        routes, access, replies
 * status.c     how everything is: GET /status, and what /metrics shows of it
 * metrics.c    GET /metrics
 * signals.c    signals and positions
 * orders.c     orders
 * outcome.c    what came of an alert
 * manual.c     signals by hand
 * halt_api.c   halt and resume
 * dashboard.c  the page
 */
#ifndef SLUICE_API_INTERNAL_H
#define SLUICE_API_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/halt.h"
#include "webhookd/api.h"
#include "webhookd/states.h"

/* Rows that one event reads or one reply has at the most. */
#define API_ROWS_MAX 500

/* Bytes of a reply: 500 rows of some KiB. */
#define API_REPLY_MAX (8u << 20)

/* Requests that may wait for something, beside those of TradingView. */
#define API_JOBS_MAX 16

/* The part of a path that stands for something, with its NUL. */
#define API_PART_SIZE 65

struct event;
struct json_doc;
struct store_key;

/*
 * A request that is not answered at once.  It is the first member of what the
 * kind of job needs; drop frees it all.
 */
struct job {
	struct job *next;
	struct api *api;
	struct request *r;
	struct event *timer;
	void (*drop)(struct job *j);
};

struct api {
	struct api_opts o;
	struct server *server; /* NULL till it is there */
	struct states *states;
	const char *token; /* "" without */
	struct json_doc *doc;
	struct buf row; /* the text that doc was parsed from */
	struct buf out; /* the reply that is being made */
	struct job *jobs;
	size_t njobs;
};

/* api.c */

/*
 * Begin a job for r, whose step is called after ms by the event loop; 0, or
 * -1 and r is answered.  job_again calls it again after ms.  job_end forgets
 * it: r is answered by then, or gone.
 */
int job_begin(struct job *j, struct api *a, struct request *r,
    void (*step)(int fd, short what, void *job), int64_t ms);
void job_again(struct job *j, int64_t ms);
void job_end(struct job *j);

/* A row, parsed: valid until the next one is.  NULL where it cannot be read. */
const struct json *api_row(struct api *a, const char *val, size_t len);

/*
 * The row of a key, likewise; *out is set on STORE_OK alone.  STORE_NOTFOUND:
 * no such row, table or state; STORE_BAD: also one that cannot be read.
 */
enum store_error api_get(struct api *a, enum state_of which, const char *table,
    const struct store_key *key, const struct json **out);

/* a->out with {"ok":true open; and its end, the time, and the reply. */
struct buf *api_open(struct api *a);
void api_close(struct api *a, struct request *r, int status);

/* 503: what of that state cannot be read. */
void api_unreadable(struct api *a, struct request *r, enum state_of which);

/* Who asks, for the log and the halt file. */
void api_who(const struct request *r, char *out, size_t size);

void api_note(struct api *a, const struct request *r, const char *what);

/*
 * A parameter of the query: 1 and *out; 0 where it is absent; -1 where it is
 * wrong, and r is answered.
 */
int query_number(
    struct request *r, const char *key, int64_t min, int64_t max, int64_t *out);
int query_text(struct request *r, const char *key, char *out, size_t size);

/* The body, which must be one JSON object; else NULL and r is answered. */
const struct json *api_body(struct api *a, struct request *r);

/* The routes; part is what stands in the path for something. */
void status_get(struct api *a, struct request *r, const char *part);
void metrics_get(struct api *a, struct request *r, const char *part);
void signals_get(struct api *a, struct request *r, const char *part);
void signal_get(struct api *a, struct request *r, const char *part);
void positions_get(struct api *a, struct request *r, const char *part);
void orders_get(struct api *a, struct request *r, const char *part);
void order_get(struct api *a, struct request *r, const char *part);
void manual_open(struct api *a, struct request *r, const char *part);
void manual_close(struct api *a, struct request *r, const char *part);
void halt_post(struct api *a, struct request *r, const char *part);
void resume_post(struct api *a, struct request *r, const char *part);
void dashboard_get(struct api *a, struct request *r, const char *part);

/* status.c */
enum stage_state {
	STAGE_ABSENT, /* it never ran in this folder */
	STAGE_ENDED,  /* in order */
	STAGE_RUNNING,
	STAGE_DOWN,	  /* a start, no orderly end, and nobody there */
	STAGE_UNREADABLE, /* its state is there and cannot be read */
};

struct stage_view {
	enum stage_state state;
	int health; /* there is a row: what follows */
	int64_t pid, start_ms;
	int64_t last_line_ms; /* 0: none */
	int64_t lines, skipped, out;
	int64_t alarms; /* open */
};

struct view {
	int64_t now_ms;
	struct stage_view stages[STATES];
	struct buf alarms; /* elements of an array */
	int heartbeat;	   /* there is one: */
	int heartbeat_ok;
	int64_t heartbeat_ms;
	char heartbeat_error[256];
	int bybit; /* … ok, and not stale */
	int halted;
	struct halt halt;
	int healthy;
};

void view_read(struct api *a, struct view *v);
void view_release(struct view *v);

/* signals.c: open positions are handed to fn; 0 goes on. */
enum store_error positions_walk(struct api *a, int64_t skip, int64_t *next,
    int (*fn)(void *arg, const struct json *row), void *arg);

#endif
