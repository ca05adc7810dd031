/*
 * store - a stage's durable state: one LMDB environment, one writer.
 *
 * STATE_DIR/<stage>.mdb holds named tables of key and value, both bytes; a
 * value is a line of JSON.  Every environment has the tables `meta` (the
 * store's own), `health` and `alarms`.  Commits are synchronous, the map is
 * never writable and never resized while others have it (F72, F73, F78, F80).
 * One environment handle a process and path, opened after fork (F15, F76).
 * No pipe, socket or HTTP call inside a transaction (F75).
 */
#ifndef SLUICE_STORE_H
#define SLUICE_STORE_H

#include <stddef.h>
#include <stdint.h>

struct store;
struct store_txn;

enum store_mode {
	STORE_OWN,    /* the stage itself: exclusive lock for life, creates */
	STORE_SHARED, /* a command beside the stage: writes, tiny, no lock */
	STORE_READ,   /* any other stage: reads */
};

enum store_error {
	STORE_OK,
	STORE_NOTFOUND, /* no such key, no such table, no such environment yet
			 */
	STORE_FULL,	/* the map (but for a reserve) or the disk is full */
	STORE_BUSY,	/* held by another process; the message says by whom */
	STORE_BAD,	/* not ours, damaged, another schema or map size */
	STORE_PANIC, /* an earlier commit failed on the disk, half way: nothing
			more can be done until the store is opened again */
	STORE_FAIL,  /* anything else: may be tried again */
};

struct store_opts {
	const char *dir;   /* STATE_DIR; made with mode 0700 if need be */
	const char *stage; /* whose environment */
	/*
	 * Names, NULL at the end; STORE_READ alone may give NULL for whatever
	 * is there, and 0 for schema and map_size to take them as they are.
	 */
	const char *const *tables;
	int schema;	  /* of the values; must match what is there */
	int64_t map_size; /* bytes; must match what is there */
	enum store_mode mode;
};

/*
 * Open.  *out is set on STORE_OK alone; else err says what is wrong, with the
 * path, and what to do.  STORE_READ of an environment that does not exist yet
 * is STORE_NOTFOUND: try again later (F79).  A map_size other than the one
 * that is there is STORE_BAD, but for a STORE_OWN that finds nobody else: it
 * changes it.  A file that is damaged in its structure is STORE_BAD (F84).
 */
enum store_error store_open(
    struct store **out, const struct store_opts *o, char *err, size_t size);
void store_close(struct store *s); /* NULL is fine */

/* The exit status of sysexits(3) for a program that cannot go on. */
int store_exit(enum store_error err);

/*
 * 1 while the stage that owns the environment lives: it holds its lock on the
 * data, whoever its user is and whatever its pid became.
 */
int store_owned(const struct store *s);

/* In words, what went wrong last with this store. */
const char *store_errstr(const struct store *s);

/* The i-th table's name, or NULL past the last; `meta` is not among them. */
const char *store_table(const struct store *s, size_t i);

/*
 * Transactions.  One at a time, of either kind; read ones are short.
 * store_commit frees the transaction whatever it returns; after anything but
 * STORE_OK nothing of it is stored.  store_abort takes NULL.
 *
 * STORE_BUSY: another writer has been inside a transaction for five seconds.
 * STORE_BAD: the files at their paths are no longer those that are open (a
 * restored or deleted state): close the store and open it again.
 */
enum store_error store_begin(
    struct store *s, int write, struct store_txn **out);
enum store_error store_commit(struct store_txn *t);
void store_abort(struct store_txn *t);

/*
 * A value belongs to the environment: valid until the transaction ends or
 * writes; copy it out (F82).
 */
enum store_error store_get(struct store_txn *t, const char *table,
    const void *key, size_t klen, const char **val, size_t *vlen);
/*
 * Once the map is all but full, new rows are STORE_FULL in tables other than
 * `health` and `alarms`; rows that are there may still be changed (F72).
 */
enum store_error store_put(struct store_txn *t, const char *table,
    const void *key, size_t klen, const void *val, size_t vlen);
/* STORE_NOTFOUND where there was none. */
enum store_error store_del(
    struct store_txn *t, const char *table, const void *key, size_t klen);

/*
 * Walk a table in key order from the first key >= from (flen 0: the first).
 * fn gets each row; 0 goes on, anything else ends the walk.  The rows must
 * not be changed meanwhile.
 */
enum store_error store_scan(struct store_txn *t, const char *table,
    const void *from, size_t flen,
    int (*fn)(
	void *arg, const void *key, size_t klen, const char *val, size_t vlen),
    void *arg);

/* The last row of a table. */
enum store_error store_last(struct store_txn *t, const char *table,
    const void **key, size_t *klen, const char **val, size_t *vlen);

/*
 * Keys: parts are appended to a struct store_key; text parts end with a NUL,
 * numbers are 8 bytes big-endian, so that keys sort as their parts do.  A key
 * over the 511 bytes of LMDB sets failed and the put is refused.
 */
struct store_key {
	unsigned char p[511];
	size_t len;
	int failed;
};
void store_key_init(struct store_key *k);
void store_key_str(struct store_key *k, const char *s);
void store_key_mem(struct store_key *k, const char *s, size_t len);
void store_key_u64(struct store_key *k, uint64_t n);
uint64_t store_key_get_u64(const void *p); /* of 8 bytes in a key */

/*
 * Housekeeping, every minute or so, outside of transactions: clear stale
 * readers (F74), give mapped pages back, tell how much of the map is in use:
 * *percent, 0 to 100.
 */
void store_tick(struct store *s, int *percent);

/*
 * For how long the same reader has stood in the same transaction, as the last
 * ticks saw it; 0 without one.  A stuck reader makes the file grow (F74).
 */
int64_t store_reader_age_ms(const struct store *s);

/*
 * Give the pages of the map that this process has touched back to the kernel;
 * they stay in the page cache.  Keeps a long run's memory flat.
 */
void store_trim(struct store *s);

#endif
