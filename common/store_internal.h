/*
 * store_internal - what the files of the store share; for them alone.
 *
 * store.c opens and closes, store_txn.c has the transactions, store_tick.c the
 * housekeeping.  They are the users of LMDB; store_files.c and store_check.c
 * do without it.
 */
#ifndef SLUICE_STORE_INTERNAL_H
#define SLUICE_STORE_INTERNAL_H

#include <lmdb.h>
#include <sys/types.h>

#include "common/store.h"
#include "common/store_files.h"

#define TABLES_MAX 24
#define TABLE_NAME_MAX 32

struct store_txn {
	struct store *store;
	MDB_txn *txn;
	int write;
	int reserve;		/* so full that only what is there may change */
	enum store_error error; /* the first that spoilt it */
};

struct reader {
	pid_t pid; /* 0: none */
	int64_t txn;
};

struct store {
	MDB_env *env;
	struct store_files files;
	char stage[TABLE_NAME_MAX];
	struct table {
		char name[TABLE_NAME_MAX];
		MDB_dbi dbi;
	} tables[TABLES_MAX];
	size_t ntables;
	MDB_dbi meta;
	pid_t pid;
	void *map; /* where the data is mapped, once store_trim looked */
	size_t map_len;
	int map_sought;
	struct store_txn txn; /* .txn is NULL while there is none */
	struct reader oldest;
	int64_t oldest_since_ms;
	int64_t reader_age_ms;
	char error[512];
	struct store *next;
};

/*
 * Pages of the map, and how many of them are in use; below half of the map
 * those that are free count as used.  Outside of transactions.
 */
void store_pages(struct store *s, size_t *pages, size_t *used);

/* Keep the words for store_errstr; return rc. */
enum store_error store_fail(struct store *s, enum store_error rc,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What LMDB says to "unable to WHAT FILE", and what to do where we know. */
enum store_error store_fail_mdb(struct store *s, int rc, const char *what);

#endif
