/*
 * stale.so, to be preloaded: what a state holds can be read within a
 * transaction alone (F82).  LMDB leaves its pages mapped, so that a value that
 * is looked at later is mostly still there, and sometimes another; here the
 * pages are out of reach while no transaction is open, and who looks at them
 * dies of SIGSEGV.
 *
 * STALE_PROBE=1: look at the last value after its transaction, to show that
 * this is so.
 */
#include <dlfcn.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ENVS_MAX 32

/* The next one of that name: the library's own. */
#define REAL(name) (__extension__(__typeof__(&(name))) find(#name))

static struct mapped {
	MDB_env *env;
	void *map;
	size_t size;
	int txns; /* that are open */
} envs[ENVS_MAX];
static struct mapped *opening;
static const volatile char *last;

static void *
find(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL) {
		(void)fprintf(stderr, "stale: there is no %s\n", name);
		abort();
	}
	return p;
}

/* NULL: a slot that is free. */
static struct mapped *
mapped(const MDB_env *env)
{
	for (size_t i = 0; i < ENVS_MAX; i++)
		if (envs[i].env == env)
			return &envs[i];
	return NULL;
}

static void
reach(struct mapped *m, int txns)
{
	if (m == NULL || m->map == NULL)
		return;
	m->txns += txns;
	if (mprotect(m->map, m->size, m->txns > 0 ? PROT_READ : PROT_NONE) ==
	    -1)
		abort();
}

void *
mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	void *p = REAL(mmap)(at, size, prot, flags, fd, offset);

	/* The lock file is mapped to be written to. */
	if (opening != NULL && p != MAP_FAILED && fd != -1 &&
	    prot == PROT_READ) {
		opening->map = p;
		opening->size = size;
	}
	return p;
}

int
mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
	int rc;

	opening = mapped(NULL);
	if (opening == NULL)
		abort();
	*opening = (struct mapped){ .env = env };
	rc = REAL(mdb_env_open)(env, path, flags, mode);
	reach(opening, 0);
	opening = NULL;
	return rc;
}

void
mdb_env_close(MDB_env *env)
{
	struct mapped *m = env != NULL ? mapped(env) : NULL;

	reach(m, 1);
	REAL(mdb_env_close)(env);
	if (m != NULL)
		*m = (struct mapped){ .env = NULL };
}

int
mdb_env_info(MDB_env *env, MDB_envinfo *info)
{
	int rc;

	reach(mapped(env), 1);
	rc = REAL(mdb_env_info)(env, info);
	reach(mapped(env), -1);
	return rc;
}

int
mdb_env_stat(MDB_env *env, MDB_stat *st)
{
	int rc;

	reach(mapped(env), 1);
	rc = REAL(mdb_env_stat)(env, st);
	reach(mapped(env), -1);
	return rc;
}

int
mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
	int rc;

	reach(mapped(env), 1);
	rc = REAL(mdb_txn_begin)(env, parent, flags, txn);
	if (rc != 0)
		reach(mapped(env), -1);
	return rc;
}

static void
ended(MDB_env *env)
{
	reach(mapped(env), -1);
	if (last != NULL && getenv("STALE_PROBE") != NULL)
		(void)*last;
}

int
mdb_txn_commit(MDB_txn *txn)
{
	MDB_env *env = mdb_txn_env(txn);
	int rc = REAL(mdb_txn_commit)(txn);

	ended(env);
	return rc;
}

void
mdb_txn_abort(MDB_txn *txn)
{
	MDB_env *env;

	if (txn == NULL)
		return;
	env = mdb_txn_env(txn);
	REAL(mdb_txn_abort)(txn);
	ended(env);
}

int
mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	int rc = REAL(mdb_get)(txn, dbi, key, data);

	if (rc == 0)
		last = data->mv_data;
	return rc;
}
