/*
 * floor: the least that a part of the work costs, to measure against.
 *
 *   floor parse <LINES   cJSON alone with an arena per line, eight fields of
 *                        each position looked up
 *   floor idle DIR       LMDB opened, one record committed, then it ends
 *   floor hold DIR       the same, but it stays until its input ends
 *   floor commit DIR N   N durable commits of one small record each;
 *                        prints the median of one in microseconds
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/num.h"

static struct {
	char *p;
	size_t used, size;
} arena;

static void *
arena_alloc(size_t n)
{
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (n > arena.size - arena.used)
		return NULL;
	p = arena.p + arena.used;
	arena.used += n;
	return p;
}

static void
arena_free(void *p)
{
	(void)p;
}

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "floor: %s\n", what);
	exit(EX_SOFTWARE);
}

static int
parse(void)
{
	static const char *const fields[] = { "symbol", "positionIdx", "side",
		"size", "avgPrice", "markPrice", "unrealisedPnl",
		"updatedTime" };
	char *line = NULL;
	size_t cap = 0, seen = 0, i;
	const cJSON *row;
	cJSON *root;
	ssize_t n;

	arena.size = 16u << 20;
	arena.p = malloc(arena.size);
	if (arena.p == NULL)
		fail("no memory");
	cJSON_InitHooks(&(cJSON_Hooks){ arena_alloc, arena_free });
	while ((n = getline(&line, &cap, stdin)) > 0) {
		root = cJSON_ParseWithLength(line, (size_t)n);
		if (root == NULL)
			fail("a line does not parse");
		cJSON_ArrayForEach(row,
		    cJSON_GetObjectItemCaseSensitive(root,
			"positions")) for (i = 0;
					   i < sizeof(fields) / sizeof(*fields);
					   i++) seen +=
		    cJSON_GetObjectItemCaseSensitive(row, fields[i]) != NULL;
		arena.used = 0;
	}
	if (seen == 0)
		fail("no field found");
	free(line);
	free(arena.p);
	return EX_OK;
}

static void
put(MDB_env *env, uint64_t n)
{
	MDB_val k = { sizeof(n), &n }, v = { 5, (void *)(uintptr_t) "value" };
	MDB_txn *txn;
	MDB_dbi dbi;

	if (mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
	    mdb_dbi_open(txn, NULL, 0, &dbi) != 0 ||
	    mdb_put(txn, dbi, &k, &v, 0) != 0 || mdb_txn_commit(txn) != 0)
		fail("LMDB does not commit");
}

static MDB_env *
lmdb(const char *dir)
{
	MDB_env *env;

	if (mdb_env_create(&env) != 0 ||
	    mdb_env_set_mapsize(env, (size_t)64 << 20) != 0 ||
	    mdb_env_open(env, dir, 0, 0600) != 0)
		fail("LMDB does not open");
	put(env, 0);
	return env;
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int
commits(const char *dir, int64_t n)
{
	MDB_env *env = lmdb(dir);
	struct timespec a, b;
	uint64_t *ns;
	int64_t i;

	ns = calloc((size_t)n, sizeof(*ns));
	if (ns == NULL)
		fail("no memory");
	for (i = 0; i < n; i++) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		put(env, (uint64_t)i);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ns[i] = (uint64_t)((b.tv_sec - a.tv_sec) * 1000000000 +
		    b.tv_nsec - a.tv_nsec);
	}
	qsort(ns, (size_t)n, sizeof(*ns), by_size);
	printf("%" PRIu64 "\n", ns[n / 2] / 1000);
	free(ns);
	mdb_env_close(env);
	return EX_OK;
}

int
main(int argc, char *argv[])
{
	int64_t n;
	char c;

	if (argc == 2 && strcmp(argv[1], "parse") == 0)
		return parse();
	if (argc == 3 && strcmp(argv[1], "idle") == 0) {
		(void)lmdb(argv[2]);
		return EX_OK;
	}
	if (argc == 3 && strcmp(argv[1], "hold") == 0) {
		(void)lmdb(argv[2]);
		while (read(STDIN_FILENO, &c, 1) > 0)
			continue;
		return EX_OK;
	}
	if (argc == 4 && strcmp(argv[1], "commit") == 0 &&
	    num_parse(argv[3], strlen(argv[3]), 1, 1000000, &n) == 0)
		return commits(argv[2], n);
	fprintf(stderr,
	    "usage: floor parse | idle DIR | hold DIR | commit DIR N\n");
	return EX_USAGE;
}
