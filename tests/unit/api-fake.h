/*
 * api-fake - webhookd/server.h without a socket, and states to read, for the
 * tests of api.
 */
#ifndef SLUICE_TESTS_API_FAKE_H
#define SLUICE_TESTS_API_FAKE_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/settings.h"
#include "tests/unit/scratch.h"
#include "webhookd/api.h"
#include "webhookd/server.h"

struct store_txn;

struct request {
	const char *method, *path, *query;
	const char *host, *origin, *type, *authorization; /* NULL: absent */
	char body[8192];
	size_t body_len;
	int status; /* of the answer; 0: none yet */
	char reply_type[64];
	char *reply; /* NUL-terminated */
};

struct fake {
	char dir[SCRATCH_SIZE]; /* a folder of its own, the working directory */
	char state[80];
	struct event_base *base;
	struct settings *settings;
	struct api *api;
	struct buf sent; /* lines for differ */
	int send_fails;
	struct api_counts counts;
	char note[256];	    /* the last one: what, who */
	int64_t guess_wait; /* what guess_wait_ms says */
	int guesses;	    /* wrong ones */
};

extern struct fake fake;

/* cmocka setup and teardown: no token, ACCOUNT main, STATE_MAX_AGE 30. */
int fake_setup(void **arg);
int fake_teardown(void **arg);

/* api_new with the environment as it is now. */
void fake_start(void);
const char *fake_start_fails(void); /* the message */

/*
 * Ask, from Host localhost; and wait for the answer.  r is the caller's to
 * change before; fake_done releases it.
 */
struct request fake_request(const char *method, const char *path);
void fake_ask(struct request *r);
void fake_wait(struct request *r); /* for an answer, 5 s at the most */
void fake_done(struct request *r);

/* Ask for path and be answered with status; what the answer must hold. */
void fake_get(const char *path, int status, const char *words);
void fake_post(
    const char *path, const char *body, int status, const char *words);

/* fn in one transaction of another process, as the stage itself. */
void fake_write(
    const char *stage, int (*fn)(struct store_txn *t, void *arg), void *arg);

/*
 * A row, written by another process, as the stage itself does.  key is text;
 * or NULL, then number is it.
 */
void fake_row(const char *stage, const char *table, const char *key,
    uint64_t number, const char *row);
/* The same for a key of several texts, NULL at the end. */
void fake_row_at(const char *stage, const char *table, const char *const key[],
    const char *row);
void fake_alarm(const char *stage, const char *name, int open);
void fake_health(const char *stage, int ended);
void fake_heartbeat(int ok, int64_t age_ms);

/* A process that owns the stage's environment, and its end by SIGKILL. */
pid_t fake_owner(const char *stage);
void fake_end(pid_t pid);

#endif
