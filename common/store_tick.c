#include "common/store_internal.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/clock.h"
#include "common/num.h"

/* LMDB's own table of free pages. */
#define FREE_DBI 0

static int
hex(const char **p, uintptr_t *out)
{
	uintptr_t n = 0;
	const char *start = *p;
	int digit;

	for (;; (*p)++) {
		if (**p >= '0' && **p <= '9')
			digit = **p - '0';
		else if (**p >= 'a' && **p <= 'f')
			digit = **p - 'a' + 10;
		else
			break;
		n = n << 4 | (unsigned)digit;
	}
	*out = n;
	return *p != start;
}

/*
 * Where the data is mapped; the library does not tell.  Without /proc there
 * is no trimming, and nothing else is lost.
 */
static void
find_map(struct store *s)
{
	const char *name = strrchr(s->files.data, '/');
	uintptr_t from, to;
	size_t cap = 0, len = strlen(name);
	char *line = NULL;
	const char *p;
	ssize_t n;
	FILE *f;

	f = fopen("/proc/self/maps", "re");
	if (f == NULL)
		return;
	while ((n = getline(&line, &cap, f)) > 0) {
		line[n - 1] = '\0';
		p = line;
		if (!hex(&p, &from) || *p++ != '-' || !hex(&p, &to) ||
		    strncmp(p, " r--s ", 6) != 0 || (size_t)n - 1 < len ||
		    strcmp(line + n - 1 - len, name) != 0)
			continue;
		s->map = (void *)from;
		s->map_len = to - from;
	}
	free(line);
	(void)fclose(f);
}

void
store_trim(struct store *s)
{
	if (!s->map_sought) {
		s->map_sought = 1;
		find_map(s);
	}
	if (s->map != NULL)
		(void)madvise(s->map, s->map_len, MADV_DONTNEED);
}

/* Pages that the table of free pages lists: a count, then the numbers. */
static size_t
free_pages(struct store *s)
{
	size_t n, sum = 0;
	MDB_val key, val;
	MDB_cursor *c;
	MDB_txn *txn;

	/* In a transaction that writes LMDB does not show this table. */
	if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0)
		return 0;
	if (mdb_cursor_open(txn, FREE_DBI, &c) == 0) {
		while (mdb_cursor_get(c, &key, &val, MDB_NEXT) == 0)
			if (val.mv_size >= sizeof(n)) {
				memcpy(&n, val.mv_data, sizeof(n));
				sum += n;
			}
		mdb_cursor_close(c);
	}
	mdb_txn_abort(txn);
	return sum;
}

void
store_pages(struct store *s, size_t *pages, size_t *used)
{
	MDB_envinfo info;
	MDB_stat stat;
	size_t unused;

	*pages = 1;
	*used = 0;
	if (mdb_env_info(s->env, &info) != 0 ||
	    mdb_env_stat(s->env, &stat) != 0)
		return;
	*pages = info.me_mapsize / stat.ms_psize;
	*used = info.me_last_pgno + 1;
	/* The free ones are counted only where it matters. */
	if (*used < *pages / 2)
		return;
	unused = free_pages(s);
	*used -= unused < *used ? unused : *used;
}

/*
 * One text of the reader list: a heading, or "  PID THREAD TXN" with a dash
 * for TXN where the reader is in none.
 */
static int
see_reader(const char *text, void *arg)
{
	struct reader *oldest = arg;
	const char *field[3];
	size_t len[3], i;
	int64_t pid, txn;

	for (i = 0; i < 3; i++) {
		text += strspn(text, " ");
		field[i] = text;
		len[i] = strcspn(text, " \n");
		text += len[i];
	}
	if (num_parse(field[0], len[0], 1, INT32_MAX, &pid) == 0 &&
	    num_parse(field[2], len[2], 0, INT64_MAX, &txn) == 0 &&
	    (oldest->pid == 0 || txn < oldest->txn))
		*oldest = (struct reader){ (pid_t)pid, txn };
	return 0;
}

static void
watch_readers(struct store *s)
{
	struct reader now = { 0, 0 };
	int64_t ms = clock_mono_ms();

	(void)mdb_reader_list(s->env, see_reader, &now);
	if (now.pid != s->oldest.pid || now.txn != s->oldest.txn)
		s->oldest_since_ms = ms;
	s->oldest = now;
	s->reader_age_ms = now.pid == 0 ? 0 : ms - s->oldest_since_ms;
}

void
store_tick(struct store *s, int *percent)
{
	size_t pages, used;

	*percent = 0;
	if (s->txn.txn != NULL)
		return;
	(void)mdb_reader_check(s->env, NULL);
	watch_readers(s);
	store_pages(s, &pages, &used);
	*percent = used < pages ? (int)(used * 100 / pages) : 100;
	store_trim(s);
}

int64_t
store_reader_age_ms(const struct store *s)
{
	return s->reader_age_ms;
}
