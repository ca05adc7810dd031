/*
 * badread.so, to be preloaded: one read of a state fails with EIO, as of a disk
 * that goes bad.  BADREAD="get N KEY" or "scan N KEY": the N-th look-up of a
 * key, or walk from one, that begins with KEY; "lstat N PATH": the N-th look at
 * such a file.  N is 0 for each of them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The next one of that name: the library's own. */
#define REAL(name) (__extension__(__typeof__(&(name))) find(#name))

static void *
find(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL) {
		(void)fprintf(stderr, "badread: there is no %s\n", name);
		abort();
	}
	return p;
}

static int
is_bad(const char *what, const void *key, size_t len)
{
	static unsigned long seen;
	const char *text = getenv("BADREAD");
	char *begin;
	unsigned long n;

	if (text == NULL || strncmp(text, what, strlen(what)) != 0)
		return 0;
	n = strtoul(text + strlen(what), &begin, 10);
	begin++;
	if (len < strlen(begin) || memcmp(key, begin, strlen(begin)) != 0)
		return 0;
	return n == 0 || ++seen == n;
}

int
mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	if (is_bad("get ", key->mv_data, key->mv_size))
		return EIO;
	return REAL(mdb_get)(txn, dbi, key, data);
}

int
mdb_cursor_get(MDB_cursor *c, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
	if (op == MDB_SET_RANGE && is_bad("scan ", key->mv_data, key->mv_size))
		return EIO;
	return REAL(mdb_cursor_get)(c, key, data, op);
}

int
lstat(const char *path, struct stat *st)
{
	if (is_bad("lstat ", path, strlen(path))) {
		errno = EIO;
		return -1;
	}
	return REAL(lstat)(path, st);
}
