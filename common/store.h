/*
 * store - a stage's durable state: one LMDB environment, one writer.
 *
 * STATE_DIR/<stage>.mdb holds named tables of key and value, both bytes; a
 * value is a line of JSON.  Commits are synchronous, the map is never
 * writable and never resized (F72, F73, F78, F80).  One environment handle a
 * process and path, opened after fork (F15, F76).  No pipe, socket or HTTP
 * call inside a transaction (F75).
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
	STORE_FULL,	/* the map or the disk is full: later, or more room */
	STORE_BUSY,	/* held by another process; the message says by whom */
	STORE_BAD,	/* not ours, damaged, another schema or map size */
	STORE_FAIL,	/* anything else */
};

struct store_opts {
	const char *dir;   /* STATE_DIR; made with mode 0700 if need be */
	const char *stage; /* whose environment */
	const char *const *tables; /* names, NULL at the end */
	int schema;		   /* of the values; must match what is there */
	int64_t map_size;	   /* bytes; must match what is there */
	enum store_mode mode;
};

/*
 * Open.  *out is set on STORE_OK alone; else err says what is wrong, with the
 * path, and what to do.  STORE_READ of an environment that does not exist yet
 * is STORE_NOTFOUND: try again later (F79).
 */
enum store_error store_open(
    struct store **out, const struct store_opts *o, char *err, size_t size);
void store_close(struct store *s); /* NULL is fine */

/* In words, what went wrong last with this store. */
const char *store_errstr(const struct store *s);

/*
 * Transactions.  One write transaction at a time; read ones are short.
 * store_commit frees the transaction whatever it returns; after anything but
 * STORE_OK nothing of it is stored.  store_abort takes NULL.
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
 * Housekeeping, every minute or so: clear stale readers (F74), give mapped
 * pages back, tell how full the map is.  percent: of the map in use, 0 to
 * 100; reader_age_ms: of the oldest reader's transaction, or 0.
 */
void store_tick(struct store *s, int *percent);

/*
 * Give the pages of the map that this process has touched back to the kernel;
 * they stay in the page cache.  Keeps a long run's memory flat.
 */
void store_trim(struct store *s);

#endif
