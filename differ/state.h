/*
 * state - the rows of differ's environment, with what waits for the commit.
 *
 * Reading sees what was put since the last commit; nothing of the store stays
 * open between two calls.  A read that fails for another reason than "no such
 * key", or lack of memory, sticks: state_failed() says so in words, and
 * nothing may be committed or announced any more.
 */
#ifndef SLUICE_DIFFER_STATE_H
#define SLUICE_DIFFER_STATE_H

#include <stddef.h>

#include "common/store.h"

struct state;

/* The tables of the environment, NULL at the end, and their schema. */
extern const char *const state_tables[];
#define STATE_SCHEMA 1

/* For an open store, which stays the caller's.  NULL with ENOMEM. */
struct state *state_new(struct store *store);
void state_free(struct state *s);

/* The value of a key, valid until the next call; NULL where there is none. */
const char *state_get(struct state *s, const char *table,
    const struct store_key *key, size_t *len);

/* To be written by the next commit.  table is one of state_tables. */
void state_put(struct state *s, const char *table, const struct store_key *key,
    const void *val, size_t len);
void state_del(struct state *s, const char *table, const struct store_key *key);

/* 1 where the key was put or deleted since the last commit. */
int state_waits(
    struct state *s, const char *table, const struct store_key *key);

/*
 * Walk what is committed, as store_scan does; what waits is not
 * seen.  0, or -1 where the walk failed or fn ended it with -1.
 */
int state_scan(struct state *s, const char *table, const struct store_key *from,
    int (*fn)(
	void *arg, const void *key, size_t klen, const char *val, size_t vlen),
    void *arg);

/* The number that the last key of a table begins with; 0 for none. */
uint64_t state_last(struct state *s, const char *table);

/* 1 where something waits for a commit. */
int state_dirty(const struct state *s);

/*
 * Write all of it in one transaction; also, unless NULL, adds rows of its own
 * (0 to go on).  After anything but STORE_OK everything still waits, and the
 * call can be repeated.
 */
enum store_error state_commit(
    struct state *s, int (*also)(struct store_txn *t, void *arg), void *arg);

/* What went wrong for good, or NULL. */
const char *state_failed(const struct state *s);

/* 1 where it failed as a row is damaged, which no restart cures. */
int state_is_damaged(const struct state *s);

/* A row of the state that cannot be: sticks as a failure. */
void state_damaged(struct state *s, const char *table, const char *why);

#endif
