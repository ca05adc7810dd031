/* statecat: print a table of the state as NDJSON. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/buf.h"
#include "common/confine.h"
#include "common/endpoint.h"
#include "common/log.h"
#include "common/sig.h"
#include "common/stage.h"
#include "common/store.h"

#define SOURCES_MAX 16
#define STAGE_NAME_MAX 32
#define FOLLOW_MS 500

/* Bytes of rows that one transaction reads; they are written outside of it. */
#define BATCH_SIZE (256u << 10)
#define BATCH_SIZE_ROOM (64u << 20)

#define SUFFIX ".mdb"

/* An environment that has the table, and how far it is printed. */
struct source {
	char stage[STAGE_NAME_MAX];
	struct store *store;
	unsigned char last[512]; /* the key printed last, and a NUL */
	size_t last_len;	 /* 0: none yet */
};

struct batch {
	struct source *source;
	struct buf rows;
};

static const char *
split(const char *operand, char stage[STAGE_NAME_MAX])
{
	const char *slash = strchr(operand, '/');
	size_t len;

	*stage = '\0';
	if (slash == NULL)
		return operand;
	len = (size_t)(slash - operand);
	if (len == 0 || len >= STAGE_NAME_MAX)
		stage_usage("'%s': expected [STAGE/]TABLE", operand);
	memcpy(stage, operand, len);
	stage[len] = '\0';
	return slash + 1;
}

static int
is_environment(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > sizeof(SUFFIX) - 1 &&
	    len - (sizeof(SUFFIX) - 1) < STAGE_NAME_MAX &&
	    strcmp(e->d_name + len - (sizeof(SUFFIX) - 1), SUFFIX) == 0;
}

static void
open_source(struct source *s, const char *dir)
{
	const struct store_opts o = {
		.dir = dir, .stage = s->stage, .mode = STORE_READ
	};
	enum store_error e;
	char err[512];

	e = store_open(&s->store, &o, err, sizeof(err));
	if (e != STORE_OK)
		die(store_exit(e), "%s", err);
}

/* The tables of s, for the message that asks for one of them. */
static void
list_tables(struct buf *b, const struct source *s)
{
	const char *name;
	size_t i;

	for (i = 0; (name = store_table(s->store, i)) != NULL; i++)
		buf_printf(b, " %s/%s", s->stage, name);
}

static int
has_table(const struct source *s, const char *table)
{
	const char *name;
	size_t i;

	for (i = 0; (name = store_table(s->store, i)) != NULL; i++)
		if (strcmp(name, table) == 0)
			return 1;
	return 0;
}

/*
 * Open what has the table, of all environments in dir or of the stage's
 * alone.  Ends the program where nothing does.
 */
static size_t
find_sources(
    struct source sources[SOURCES_MAX], const char *dir, const char *operand)
{
	char stage[STAGE_NAME_MAX];
	const char *table = split(operand, stage);
	struct dirent **names;
	struct buf known;
	struct source *s;
	size_t found = 0;
	int i, n;

	n = scandir(dir, &names, is_environment, alphasort);
	if (n == -1)
		die(errno == ENOENT || errno == ENOTDIR ? EX_CONFIG : EX_IOERR,
		    "unable to read the state folder %s: %s: expected the one "
		    "that the programs use: -d DIR, or STATE_DIR",
		    dir, strerror(errno));
	if (n == 0)
		die(EX_CONFIG,
		    "%s holds no state: no stage has run on it: expected the "
		    "folder that the programs use: -d DIR, or STATE_DIR",
		    dir);
	buf_init(&known, 8192);
	for (i = 0; i < n; i++) {
		if (found == SOURCES_MAX)
			die(EX_CONFIG, "%s holds more than %d environments",
			    dir, SOURCES_MAX);
		s = &sources[found];
		*s = (struct source){ .store = NULL };
		memcpy(s->stage, names[i]->d_name,
		    strlen(names[i]->d_name) - (sizeof(SUFFIX) - 1));
		free(names[i]);
		if (*stage != '\0' && strcmp(stage, s->stage) != 0) {
			buf_printf(&known, " %s/...", s->stage);
			continue;
		}
		open_source(s, dir);
		if (has_table(s, table)) {
			found++;
			continue;
		}
		list_tables(&known, s);
		store_close(s->store);
	}
	free(names);
	if (found == 0)
		stage_usage("there is no table '%s' in %s; there are:%s",
		    operand, dir, buf_cstr(&known));
	buf_release(&known);
	return found;
}

static int
take_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct batch *b = arg;
	struct source *s = b->source;

	buf_put(&b->rows, val, vlen);
	buf_putc(&b->rows, '\n');
	/* The smallest key behind this one is this one and a NUL. */
	if (klen < sizeof(s->last)) {
		memcpy(s->last, key, klen);
		s->last[klen] = '\0';
		s->last_len = klen + 1;
	}
	return b->rows.len >= BATCH_SIZE;
}

/*
 * The rows behind the last one, a batch of them: what waits for a reader of
 * ours must not keep a transaction open.  1 where there were some.
 */
static int
print_batch(struct batch *b, const char *table, struct output *out)
{
	struct source *s = b->source;
	struct store_txn *t;
	enum store_error e;

	buf_clear(&b->rows);
	e = store_begin(s->store, 0, &t);
	if (e == STORE_OK) {
		e = store_scan(t, table, s->last, s->last_len, take_row, b);
		store_abort(t);
	}
	if (e != STORE_OK)
		die(store_exit(e), "%s", store_errstr(s->store));
	if (b->rows.len == 0)
		return 0;
	if (output_write(out, b->rows.p, b->rows.len) == -1)
		die(EX_IOERR, "unable to write to standard output: %s",
		    strerror(errno));
	return 1;
}

static void
print_new(struct source *sources, size_t n, const char *table, struct batch *b,
    struct output *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		b->source = &sources[i];
		while (print_batch(b, table, out))
			if (sig_stop())
				return;
		store_trim(sources[i].store);
	}
}

int
main(int argc, char *argv[])
{
	struct source sources[SOURCES_MAX];
	char stage[STAGE_NAME_MAX], err[256];
	struct pollfd pfd[2];
	struct output *out;
	const char *table;
	struct batch b;
	struct confine alone = { .net = CONFINE_LOCAL };
	struct stage st;
	size_t i, n;

	stage_start(&st, argc, argv, "+d:e:fhV",
	    "[-d DIR] [-e FILE] [-f] [STAGE/]TABLE\n"
	    "  -f           go on with new rows as they come");
	STAGE_NO_SECRETS(&st);
	if (st.argc != 1)
		stage_usage(st.argc == 0 ? "a table is expected, such as events"
					 : "one table is expected");
	table = split(st.argv[0], stage);
	n = find_sources(sources, st.dir, st.argv[0]);
	stage_confine(&st, &alone);
	out = output_new(OUTPUT_BLOCK);
	if (out == NULL || output_add(out, "-", err, sizeof(err)) == -1)
		die(EX_OSERR, "unable to use standard output: %s",
		    out == NULL ? strerror(errno) : err);
	buf_init(&b.rows, BATCH_SIZE_ROOM);

	pfd[0] = (struct pollfd){ .fd = sig_fd(), .events = POLLIN };
	pfd[1] = (struct pollfd){ .fd = output_fd(out), .events = POLLIN };
	for (;;) {
		print_new(sources, n, table, &b, out);
		if (st.own['f'] == NULL || sig_stop())
			break;
		(void)poll(pfd, 2, FOLLOW_MS);
		if (output_flush(out) == -1)
			die(EX_IOERR, "unable to write to standard output: %s",
			    strerror(errno));
	}
	if (output_close(out, 0) == -1)
		die(EX_IOERR, "unable to write to standard output: %s",
		    strerror(errno));
	for (i = 0; i < n; i++)
		store_close(sources[i].store);
	buf_release(&b.rows);
	settings_free(st.settings);
	return EX_OK;
}
