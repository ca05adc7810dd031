#include "tests/unit/scratch.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/store.h"

void
scratch_make(char dir[SCRATCH_SIZE], const char *name)
{
	(void)snprintf(dir, SCRATCH_SIZE, "/tmp/sluice-%s.XXXXXX", name);
	assert_non_null(mkdtemp(dir));
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *where)
{
	(void)st;
	(void)what;
	(void)where;
	return remove(path);
}

int
scratch_remove(const char *dir)
{
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int
count(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	(void)key;
	(void)klen;
	(void)val;
	(void)vlen;
	++*(size_t *)arg;
	return 0;
}

size_t
scratch_rows(struct store *s, const char *table)
{
	struct store_txn *t;
	size_t n = 0;

	assert_int_equal(store_begin(s, 0, &t), STORE_OK);
	assert_int_equal(store_scan(t, table, NULL, 0, count, &n), STORE_OK);
	store_abort(t);
	return n;
}
