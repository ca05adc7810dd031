#include "common/store_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/killpoint.h"

static enum store_error
classify(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return STORE_OK;
	case MDB_NOTFOUND:
		return STORE_NOTFOUND;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
		return STORE_FULL;
	case MDB_PAGE_NOTFOUND:
	case MDB_CORRUPTED:
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID:
	case MDB_MAP_RESIZED:
	case MDB_INCOMPATIBLE:
		return STORE_BAD;
	case MDB_PANIC:
		return STORE_PANIC;
	default:
		return STORE_FAIL;
	}
}

enum store_error
store_fail(struct store *s, enum store_error rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(s->error, sizeof(s->error), fmt, ap);
	va_end(ap);
	return rc;
}

static int
files_are_limited(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_FSIZE, &r) == 0 && r.rlim_cur != RLIM_INFINITY;
}

enum store_error
store_fail_mdb(struct store *s, int rc, const char *what)
{
	const char *advice = "";
	enum store_error e;

	/* A write that stopped half way: LMDB does not ask why. */
	if (rc == EIO || rc == ENOSPC)
		rc = store_files_disk_full(&s->files) ? ENOSPC
		    : files_are_limited()	      ? EFBIG
						      : rc;
	e = classify(rc);
	if (rc == MDB_MAP_FULL)
		advice = ": raise STATE_MAP_SIZE and start all stages again";
	else if (rc == ENOSPC || rc == EDQUOT)
		advice = ": make room on that disk";
	else if (rc == ENOMEM)
		advice = ": the limit of memory (ulimit -v) is to leave room "
			 "for STATE_MAP_SIZE, as often as a state is open";
	else if (rc == EFBIG)
		advice = ": raise the limit of file sizes (ulimit -f)";
	else if (rc == EAGAIN)
		advice = ": its lock file names this very process as a "
			 "reader; run all stages in one pid namespace";
	else if (rc == MDB_READERS_FULL)
		advice = ": too many programs have it open";
	return store_fail(s, e, "unable to %s %s: %s%s", what, s->files.data,
	    mdb_strerror(rc), advice);
}

const char *
store_errstr(const struct store *s)
{
	return s->error;
}

/*
 * The last twentieth of the map is kept for what must still be written when
 * nothing new is taken: outcomes, alarms, deletions (F72).  Each needs pages
 * of its own before those that it frees may be used, hence 32 at least.
 */
static int
in_reserve(struct store *s)
{
	size_t pages, reserve, used;

	store_pages(s, &pages, &used);
	reserve = pages / 20 > 32 ? pages / 20 : 32;
	if (reserve > pages / 4)
		reserve = pages / 4;
	return used + reserve > pages;
}

enum store_error
store_begin(struct store *s, int write, struct store_txn **out)
{
	enum store_error e;
	int rc;

	if (s->pid != getpid())
		return store_fail(s, STORE_FAIL,
		    "%s was opened by pid %ld and is used by its child %ld: "
		    "open it after fork",
		    s->files.data, (long)s->pid, (long)getpid());
	if (s->txn.txn != NULL)
		return store_fail(s, STORE_FAIL,
		    "%s: a transaction inside a transaction", s->files.data);
	if (write && s->files.mode == STORE_READ)
		return store_fail(s, STORE_FAIL, "%s is open for reading alone",
		    s->files.data);
	switch (store_files_same(&s->files)) {
	case 1:
		break;
	case -1:
		return store_fail(s, STORE_FAIL, "unable to look at %s: %s",
		    s->files.data, strerror(errno));
	default:
		return store_fail(s, STORE_BAD,
		    "%s or %s was removed or replaced while in use: restart "
		    "every program that has it open",
		    s->files.data, s->files.lock);
	}
	if (write) {
		e = store_files_lock_write(
		    &s->files, s->error, sizeof(s->error));
		if (e != STORE_OK)
			return e;
		s->txn.reserve = in_reserve(s);
	}
	rc = mdb_txn_begin(s->env, NULL, write ? 0 : MDB_RDONLY, &s->txn.txn);
	if (rc != 0) {
		s->txn.txn = NULL;
		if (write)
			store_files_unlock_write(&s->files);
		return store_fail_mdb(s, rc, "begin a transaction of");
	}
	s->txn.write = write;
	s->txn.error = STORE_OK;
	*out = &s->txn;
	return STORE_OK;
}

static void
end(struct store_txn *t)
{
	t->txn = NULL;
	if (t->write)
		store_files_unlock_write(&t->store->files);
}

void
store_abort(struct store_txn *t)
{
	if (t == NULL)
		return;
	/* The child of a fork has nothing to give back. */
	if (t->store->pid == getpid())
		mdb_txn_abort(t->txn);
	end(t);
}

enum store_error
store_commit(struct store_txn *t)
{
	enum store_error e = t->error;
	int rc;

	if (e != STORE_OK) {
		store_abort(t);
		return e;
	}
	if (t->write)
		kill_point("K4");
	rc = mdb_txn_commit(t->txn);
	end(t);
	return rc == 0 ? STORE_OK : store_fail_mdb(t->store, rc, "commit to");
}

/* The table's handle: 0, or -1 where the environment has none. */
static int
find_table(struct store_txn *t, const char *name, MDB_dbi *dbi)
{
	struct store *s = t->store;
	size_t i;

	for (i = 0; i < s->ntables; i++)
		if (strcmp(s->tables[i].name, name) == 0) {
			*dbi = s->tables[i].dbi;
			return 0;
		}
	(void)store_fail(
	    s, STORE_NOTFOUND, "%s has no table '%s'", s->files.data, name);
	return -1;
}

enum store_error
store_get(struct store_txn *t, const char *table, const void *key, size_t klen,
    const char **val, size_t *vlen)
{
	MDB_val k = { klen, (void *)(uintptr_t)key };
	MDB_dbi dbi;
	MDB_val v;
	int rc;

	if (find_table(t, table, &dbi) == -1)
		return STORE_NOTFOUND;
	rc = mdb_get(t->txn, dbi, &k, &v);
	if (rc != 0)
		return store_fail_mdb(t->store, rc, "read");
	*val = v.mv_data;
	*vlen = v.mv_size;
	return STORE_OK;
}

/* After a failed change the transaction can only be given up. */
static enum store_error
changed(struct store_txn *t, int rc)
{
	enum store_error e;

	if (rc == 0)
		return STORE_OK;
	e = store_fail_mdb(t->store, rc, "write to");
	if (e != STORE_NOTFOUND && t->error == STORE_OK)
		t->error = e;
	return e;
}

enum store_error
store_put(struct store_txn *t, const char *table, const void *key, size_t klen,
    const void *val, size_t vlen)
{
	MDB_val k = { klen, (void *)(uintptr_t)key };
	MDB_val v = { vlen, (void *)(uintptr_t)val };
	MDB_dbi dbi;

	if (find_table(t, table, &dbi) == -1)
		return t->error = STORE_NOTFOUND;
	if (t->error != STORE_OK)
		return t->error;
	if (t->reserve && strcmp(table, "health") != 0 &&
	    strcmp(table, "alarms") != 0 &&
	    mdb_get(t->txn, dbi, &k, &(MDB_val){ 0, NULL }) == MDB_NOTFOUND)
		return changed(t, MDB_MAP_FULL);
	return changed(t, mdb_put(t->txn, dbi, &k, &v, 0));
}

enum store_error
store_del(struct store_txn *t, const char *table, const void *key, size_t klen)
{
	MDB_val k = { klen, (void *)(uintptr_t)key };
	MDB_dbi dbi;

	if (find_table(t, table, &dbi) == -1)
		return STORE_NOTFOUND;
	if (t->error != STORE_OK)
		return t->error;
	return changed(t, mdb_del(t->txn, dbi, &k, NULL));
}

enum store_error
store_scan(struct store_txn *t, const char *table, const void *from,
    size_t flen,
    int (*fn)(
	void *arg, const void *key, size_t klen, const char *val, size_t vlen),
    void *arg)
{
	MDB_cursor_op op = flen == 0 ? MDB_FIRST : MDB_SET_RANGE;
	MDB_val key = { flen, (void *)(uintptr_t)from };
	size_t rows = 0;
	MDB_cursor *c;
	MDB_val val;
	MDB_dbi dbi;
	int rc;

	if (find_table(t, table, &dbi) == -1)
		return STORE_NOTFOUND;
	rc = mdb_cursor_open(t->txn, dbi, &c);
	if (rc != 0)
		return store_fail_mdb(t->store, rc, "read");
	while ((rc = mdb_cursor_get(c, &key, &val, op)) == 0) {
		if (fn(arg, key.mv_data, key.mv_size, val.mv_data,
			val.mv_size) != 0)
			break;
		op = MDB_NEXT;
		/* A walk over a large table must not leave all of it mapped. */
		if (++rows % 64 == 0)
			store_trim(t->store);
	}
	mdb_cursor_close(c);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return store_fail_mdb(t->store, rc, "read");
	return STORE_OK;
}

enum store_error
store_last(struct store_txn *t, const char *table, const void **key,
    size_t *klen, const char **val, size_t *vlen)
{
	MDB_cursor *c;
	MDB_val k, v;
	MDB_dbi dbi;
	int rc;

	if (find_table(t, table, &dbi) == -1)
		return STORE_NOTFOUND;
	rc = mdb_cursor_open(t->txn, dbi, &c);
	if (rc != 0)
		return store_fail_mdb(t->store, rc, "read");
	rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
	mdb_cursor_close(c);
	if (rc != 0)
		return store_fail_mdb(t->store, rc, "read");
	*key = k.mv_data;
	*klen = k.mv_size;
	*val = v.mv_data;
	*vlen = v.mv_size;
	return STORE_OK;
}
