#include "common/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/store_check.h"

#define META_TABLE "meta"
#define META_KEY "store"
#define META_SIZE_MAX 256 /* bytes; ours take 60 */

/* How often an open that met another one's open or close is repeated (F79). */
#define OPEN_TRIES 60

/* Those of this process: the library breaks if a path is opened twice. */
static struct store *opened;

/* One entry of a table; a name twice, or `meta`, is passed over. */
static enum store_error
add_table(struct store *s, MDB_txn *txn, const char *name, unsigned flags)
{
	struct table *t;
	size_t i;
	int rc;

	if (strcmp(name, META_TABLE) == 0)
		return STORE_OK;
	for (i = 0; i < s->ntables; i++)
		if (strcmp(s->tables[i].name, name) == 0)
			return STORE_OK;
	if (s->ntables == TABLES_MAX || strlen(name) >= TABLE_NAME_MAX)
		return store_fail(s, STORE_FAIL,
		    "%s: more than %d tables, or a name of more than %d bytes",
		    s->files.data, TABLES_MAX, TABLE_NAME_MAX - 1);
	t = &s->tables[s->ntables];
	rc = mdb_dbi_open(txn, name, flags, &t->dbi);
	if (rc == MDB_NOTFOUND)
		return STORE_NOTFOUND;
	if (rc != 0)
		return store_fail_mdb(s, rc, "open a table of");
	memcpy(t->name, name, strlen(name) + 1);
	s->ntables++;
	return STORE_OK;
}

static const char *const common_tables[] = { "health", "alarms", NULL };

/* STORE_NOTFOUND where one is missing, which flags of MDB_CREATE prevent. */
static enum store_error
add_tables(
    struct store *s, MDB_txn *txn, const char *const *names, unsigned flags)
{
	enum store_error rc, all = STORE_OK;

	for (; *names != NULL; names++) {
		rc = add_table(s, txn, *names, flags);
		if (rc == STORE_NOTFOUND)
			all = rc;
		else if (rc != STORE_OK)
			return rc;
	}
	return all;
}

/* Every table that is there. */
static enum store_error
add_all_tables(struct store *s, MDB_txn *txn)
{
	char name[TABLE_NAME_MAX];
	enum store_error e = STORE_OK;
	MDB_val key, val;
	MDB_cursor *c;
	MDB_dbi dbi;
	int rc;

	rc = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (rc == 0)
		rc = mdb_cursor_open(txn, dbi, &c);
	if (rc != 0)
		return store_fail_mdb(s, rc, "list the tables of");
	while (e == STORE_OK &&
	    (rc = mdb_cursor_get(c, &key, &val, MDB_NEXT)) == 0) {
		if (key.mv_size >= sizeof(name))
			continue;
		memcpy(name, key.mv_data, key.mv_size);
		name[key.mv_size] = '\0';
		e = add_table(s, txn, name, 0);
	}
	mdb_cursor_close(c);
	if (e != STORE_OK)
		return e;
	return rc == MDB_NOTFOUND ? STORE_OK
				  : store_fail_mdb(s, rc, "list the tables of");
}

/* The record that says whose the environment is, of what schema and size. */
static enum store_error
put_meta(struct store *s, MDB_txn *txn, const struct store_opts *o)
{
	MDB_val key = { sizeof(META_KEY) - 1, (void *)(uintptr_t)META_KEY };
	MDB_val val;
	struct buf b;
	int rc;

	buf_init(&b, META_SIZE_MAX);
	json_open_object(&b, NULL);
	json_put_string(&b, "sluice", o->stage);
	json_put_int(&b, "schema", o->schema);
	json_put_int(&b, "map_size", o->map_size);
	json_close_object(&b);
	val.mv_data = b.p;
	val.mv_size = b.len;
	rc = mdb_put(txn, s->meta, &key, &val, 0);
	buf_release(&b);
	return rc == 0 ? STORE_OK : store_fail_mdb(s, rc, "write to");
}

/*
 * *resize is set to 1 where nothing but the map's size differs.
 */
static enum store_error
check_meta(struct store *s, const char *text, size_t len,
    const struct store_opts *o, int *resize)
{
	struct json_doc *doc = json_new();
	enum store_error e = STORE_BAD;
	const struct json *v;
	const char *stage;
	int64_t schema, size;
	struct buf copy;

	buf_init(&copy, META_SIZE_MAX);
	v = json_parse_copy(doc, &copy, text, len);
	stage = json_string(json_get(v, "sluice"));
	if (stage == NULL ||
	    json_int(json_get(v, "schema"), 0, INT32_MAX, &schema) == -1 ||
	    json_int(json_get(v, "map_size"), 0, INT64_MAX, &size) == -1)
		(void)store_fail(
		    s, e, "%s holds no state of sluice", s->files.data);
	else if (strcmp(stage, o->stage) != 0)
		(void)store_fail(s, e, "%s holds the state of %s, expected %s",
		    s->files.data, stage, o->stage);
	else if (schema != o->schema &&
	    !(o->mode == STORE_READ && o->schema == 0))
		(void)store_fail(s, e,
		    "%s has schema %lld, this program expects %d: stages and "
		    "state are of different versions",
		    s->files.data, (long long)schema, o->schema);
	else if (size != o->map_size &&
	    !(o->mode == STORE_READ && o->map_size == 0)) {
		*resize = 1;
		(void)store_fail(s, e,
		    "%s has a map of %lld bytes, STATE_MAP_SIZE says %lld: "
		    "give every stage the same, and change it while none runs",
		    s->files.data, (long long)size, (long long)o->map_size);
	} else
		e = STORE_OK;
	json_free(doc);
	buf_release(&copy);
	return e;
}

static int
new_env(MDB_env **env, int64_t map_size)
{
	int rc;

	*env = NULL;
	rc = mdb_env_create(env);
	if (rc != 0)
		return rc;
	rc = mdb_env_set_maxdbs(*env, TABLES_MAX + 1);
	if (rc == 0 && map_size != 0)
		rc = mdb_env_set_mapsize(*env, (size_t)map_size);
	if (rc != 0) {
		mdb_env_close(*env);
		*env = NULL;
	}
	return rc;
}

/*
 * Made whole under another name and then renamed: no reader meets a half, and
 * an empty file in its place is known to be damage.
 */
static enum store_error
create(struct store *s, const struct store_opts *o, char *err, size_t size)
{
	enum store_error e;
	MDB_txn *txn = NULL;
	int rc;

	e = store_files_lock_new(&s->files, s->error, sizeof(s->error));
	if (e != STORE_OK || store_files_exist(&s->files))
		goto out;
	(void)unlink(s->files.new_data);
	rc = new_env(&s->env, o->map_size);
	if (rc == 0)
		rc = mdb_env_open(s->env, s->files.new_data,
		    MDB_NOSUBDIR | MDB_NOLOCK, s->files.data_mode);
	if (rc == 0)
		rc = mdb_txn_begin(s->env, NULL, 0, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, META_TABLE, MDB_CREATE, &s->meta);
	e = rc == 0 ? put_meta(s, txn, o) : store_fail_mdb(s, rc, "make");
	if (e == STORE_OK)
		e = add_tables(s, txn, common_tables, MDB_CREATE);
	if (e == STORE_OK)
		e = add_tables(s, txn, o->tables, MDB_CREATE);
	if (e != STORE_OK) {
		mdb_txn_abort(txn);
		goto out;
	}
	rc = mdb_txn_commit(txn);
	mdb_env_close(s->env);
	s->env = NULL;
	e = rc == 0 ? store_files_publish(&s->files, s->error, sizeof(s->error))
		    : store_fail_mdb(s, rc, "make");
out:
	if (s->env != NULL)
		mdb_env_close(s->env);
	s->env = NULL;
	s->ntables = 0;
	if (e != STORE_OK)
		(void)snprintf(err, size, "%s", s->error);
	store_files_unlock_new(&s->files);
	return e;
}

static enum store_error
open_env(struct store *s, const struct store_opts *o)
{
	unsigned flags = MDB_NOSUBDIR;
	struct timespec t = { 0, 20000000 };
	int fd, rc, tries;
	mode_t mask;

	if (o->mode == STORE_READ)
		flags |= MDB_RDONLY;
	for (tries = 0;; tries++) {
		rc = new_env(&s->env, o->map_size);
		if (rc == 0) {
			mask = umask(0);
			rc = mdb_env_open(
			    s->env, s->files.data, flags, s->files.lock_mode);
			(void)umask(mask);
		}
		if (rc == 0)
			break;
		mdb_env_close(s->env);
		s->env = NULL;
		/*
		 * Another process was just opening or closing it (F79), or
		 * LMDB read its head in part, which it takes for damage.
		 */
		if ((rc != EINVAL && rc != EAGAIN && rc != EBUSY &&
			rc != MDB_INVALID) ||
		    tries == OPEN_TRIES)
			break;
		(void)nanosleep(&t, NULL);
	}
	if (rc == EAGAIN || rc == EBUSY)
		return store_fail(s, STORE_BUSY,
		    "unable to open %s: its lock file names this very process "
		    "as a reader; run all stages in one pid namespace",
		    s->files.data);
	if (rc == 0)
		rc = mdb_env_get_fd(s->env, &fd);
	if (rc == 0 &&
	    (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
		store_files_settle(&s->files) == -1))
		rc = errno;
	return rc == 0 ? STORE_OK : store_fail_mdb(s, rc, "open");
}

/*
 * The tables and the record, in one transaction: one that reads, unless
 * there is something to make or to change.
 */
static enum store_error
open_tables(struct store *s, const struct store_opts *o, int write)
{
	MDB_val key = { sizeof(META_KEY) - 1, (void *)(uintptr_t)META_KEY };
	unsigned flags = write ? MDB_CREATE : 0;
	enum store_error e;
	MDB_envinfo info;
	MDB_txn *txn;
	MDB_val val;
	int rc, resize = 0;

	s->ntables = 0;
	rc = mdb_txn_begin(s->env, NULL, write ? 0 : MDB_RDONLY, &txn);
	if (rc != 0)
		return store_fail_mdb(s, rc, "begin a transaction of");
	rc = mdb_dbi_open(txn, META_TABLE, 0, &s->meta);
	if (rc == 0)
		rc = mdb_get(txn, s->meta, &key, &val);
	if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
		e = store_fail(
		    s, STORE_BAD, "%s holds no state of sluice", s->files.data);
	else if (rc != 0)
		e = store_fail_mdb(s, rc, "read");
	else
		e = check_meta(s, val.mv_data, val.mv_size, o, &resize);

	if (resize && o->mode == STORE_OWN && s->files.alone) {
		(void)mdb_env_info(s->env, &info);
		if (info.me_mapsize > (size_t)o->map_size)
			e = store_fail(s, STORE_BAD,
			    "%s uses more than the %lld bytes of "
			    "STATE_MAP_SIZE",
			    s->files.data, (long long)o->map_size);
		else
			e = write ? put_meta(s, txn, o) : STORE_NOTFOUND;
	}
	if (e == STORE_OK)
		e = add_tables(s, txn, common_tables, flags);
	if (e == STORE_OK && o->tables != NULL)
		e = add_tables(s, txn, o->tables, flags);
	if (e == STORE_OK && o->tables == NULL)
		e = add_all_tables(s, txn);
	if (e != STORE_OK && !(e == STORE_NOTFOUND && o->mode == STORE_READ)) {
		mdb_txn_abort(txn);
		return e;
	}
	/* Commit a reading one, too: it keeps the handles of the tables. */
	rc = mdb_txn_commit(txn);
	return rc == 0 ? STORE_OK : store_fail_mdb(s, rc, "open the tables of");
}

/*
 * A writer that was killed within its commit may have left one that nobody
 * sees before the next to write has taken over its lock (LMDB's
 * mdb_mutex_failed): it must not appear after we have read.  Who holds our lock
 * for writers has taken over already.
 */
static enum store_error
take_over(struct store *s)
{
	enum store_error e =
	    store_files_lock_write(&s->files, s->error, sizeof(s->error));
	MDB_txn *txn;
	int rc;

	if (e != STORE_OK)
		return e == STORE_BUSY ? STORE_OK : e;
	rc = mdb_txn_begin(s->env, NULL, 0, &txn);
	if (rc == 0)
		mdb_txn_abort(txn);
	store_files_unlock_write(&s->files);
	return rc == 0 ? STORE_OK
		       : store_fail_mdb(s, rc, "begin a transaction of");
}

static int
opened_here(const struct store *s)
{
	const struct store *other;

	for (other = opened; other != NULL; other = other->next)
		if (other->pid == s->pid &&
		    other->files.data_ino == s->files.data_ino &&
		    other->files.dev == s->files.dev)
			return 1;
	return 0;
}

static enum store_error
open_files(struct store *s, const struct store_opts *o, char *err, size_t size)
{
	char why[128];
	enum store_error e;

	e = store_files_init(&s->files, o->dir, o->stage, o->mode, err, size);
	if (e != STORE_OK)
		return e;
	if (o->mode != STORE_READ && !store_files_exist(&s->files)) {
		e = create(s, o, err, size);
		if (e != STORE_OK)
			return e;
	}
	e = store_files_attach(&s->files, err, size);
	/* Who makes what is not there finds it, or could not look. */
	if (e == STORE_NOTFOUND && o->mode != STORE_READ)
		e = STORE_FAIL;
	if (e != STORE_OK)
		return e;
	if (opened_here(s)) {
		(void)snprintf(err, size, "%s is open in this process already",
		    s->files.data);
		return STORE_FAIL;
	}
	/* What somebody else writes to at this moment cannot be looked at. */
	if (!s->files.alone)
		return STORE_OK;
	switch (store_check(s->files.fd, why, sizeof(why))) {
	case STORE_CHECK_OK:
		return STORE_OK;
	case STORE_CHECK_FAILED:
		(void)snprintf(
		    err, size, "%s cannot be read: %s", s->files.data, why);
		return STORE_FAIL;
	case STORE_CHECK_DAMAGED:
		break;
	}
	if (o->mode == STORE_READ && !store_files_alone(&s->files))
		return STORE_OK;
	(void)snprintf(err, size,
	    "%s %s: restore a copy that mdb_copy made, or move the file away "
	    "to begin anew",
	    s->files.data, why);
	return STORE_BAD;
}

enum store_error
store_open(
    struct store **out, const struct store_opts *o, char *err, size_t size)
{
	enum store_error e;
	struct store *s;

	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)snprintf(err, size, "%s", strerror(errno));
		return STORE_FAIL;
	}
	s->pid = getpid();
	s->txn.store = s;
	(void)snprintf(s->stage, sizeof(s->stage), "%s", o->stage);
	e = open_files(s, o, err, size);
	if (e != STORE_OK)
		goto out;
	e = open_env(s, o);
	if (e == STORE_OK && o->mode != STORE_READ)
		e = take_over(s);
	if (e == STORE_OK)
		e = open_tables(s, o, 0);
	if (e == STORE_NOTFOUND && o->mode != STORE_READ) {
		e = store_files_lock_write(
		    &s->files, s->error, sizeof(s->error));
		if (e == STORE_OK) {
			e = open_tables(s, o, 1);
			store_files_unlock_write(&s->files);
		}
	}
	if (e != STORE_OK) {
		(void)snprintf(err, size, "%s", s->error);
		goto out;
	}
	if (store_files_admit(&s->files) == -1) {
		e = STORE_FAIL;
		(void)snprintf(err, size, "unable to let others read %s: %s",
		    s->files.data, strerror(errno));
		goto out;
	}
	(void)mdb_reader_check(s->env, NULL);
	s->next = opened;
	opened = s;
	*out = s;
	return STORE_OK;
out:
	if (s->env != NULL)
		mdb_env_close(s->env);
	store_files_release(&s->files);
	free(s);
	return e;
}

void
store_close(struct store *s)
{
	struct store **p;

	if (s == NULL)
		return;
	store_abort(s->txn.txn != NULL ? &s->txn : NULL);
	for (p = &opened; *p != NULL; p = &(*p)->next)
		if (*p == s) {
			*p = s->next;
			break;
		}
	/* In a forked child the environment is its parent's. */
	if (s->pid == getpid())
		mdb_env_close(s->env);
	store_files_release(&s->files);
	free(s);
}

int
store_owned(const struct store *s)
{
	return store_files_owned(&s->files);
}

const char *
store_table(const struct store *s, size_t i)
{
	return i < s->ntables ? s->tables[i].name : NULL;
}

int
store_exit(enum store_error err)
{
	switch (err) {
	case STORE_BUSY:
		return EX_TEMPFAIL;
	case STORE_NOTFOUND:
	case STORE_BAD:
		return EX_CONFIG;
	default:
		return EX_IOERR;
	}
}
