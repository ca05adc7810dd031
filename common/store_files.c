#include "common/store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/lockfile.h"

/* Bytes of the data file that stand for a right; far behind its end. */
#define BYTE_OWNER ((off_t)1 << 62)
#define BYTE_OPEN (BYTE_OWNER + 1)
#define BYTE_WRITE (BYTE_OWNER + 2)

/* How long to wait for others who open, make or write. */
#define WAIT_MS 5000

/*
 * Bytes that must be free before the files are opened: the library maps its
 * lock file, and a full disk under a mapping is a SIGBUS (F73).
 */
#define FREE_MIN (1u << 20)

static enum store_error fail(enum store_error rc, char *err, size_t size,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static enum store_error
fail(enum store_error rc, char *err, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err, size, fmt, ap);
	va_end(ap);
	return rc;
}

/* Between two looks at a lock: short at first, a lock is mostly short. */
static void
pause_ms(int *ms)
{
	struct timespec t = { 0, (long)*ms * 1000000 };

	(void)nanosleep(&t, NULL);
	if (*ms < 50)
		*ms *= 2;
}

/* Why a file system cannot hold a store, or NULL (F80). */
static const char *
refused_fs(unsigned long type)
{
	static const struct {
		unsigned long type;
		const char *name;
	} refused[] = {
		{ 0x6969, "NFS" },
		{ 0x517b, "SMB" },
		{ 0xff534d42, "CIFS" },
		{ 0xfe534d42, "SMB" },
		{ 0x65735546, "FUSE" },
		{ 0x01021997, "9P" },
		{ 0x00c36400, "Ceph" },
		{ 0x5346414f, "AFS" },
		{ 0x6b414653, "AFS" },
		{ 0x73757245, "Coda" },
		{ 0x564c, "NCP" },
		{ 0x0bd00bd0, "Lustre" },
		{ 0x01161970, "GFS2" },
		{ 0x7461636f, "OCFS2" },
	};
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (type == refused[i].type)
			return refused[i].name;
	return NULL;
}

static int
in_group(gid_t gid)
{
	gid_t groups[256];
	int i, n;

	if (gid == getegid())
		return 1;
	n = getgroups(sizeof(groups) / sizeof(groups[0]), groups);
	for (i = 0; i < n; i++)
		if (groups[i] == gid)
			return 1;
	return 0;
}

/*
 * Whose the folder is.  Root may look at anybody's; whoever writes must be
 * the owner, or of the group where the folder is set up for one (2770).
 */
static enum store_error
check_owner(struct store_files *f, const char *dir, const struct stat *st,
    char *err, size_t size)
{
	uid_t me = geteuid();

	if (st->st_mode & S_IWOTH)
		return fail(STORE_BAD, err, size,
		    "%s may be written by anybody: chmod 700 %s", dir, dir);
	if (st->st_mode & S_IWGRP && !(st->st_mode & S_ISGID))
		return fail(STORE_BAD, err, size,
		    "%s may be written by its group: chmod 700 %s, or 2770 "
		    "where stages run as users of their own",
		    dir, dir);
	if (st->st_mode & S_ISGID && st->st_mode & S_IRGRP) {
		f->data_mode = 0640;
		f->lock_mode = 0660;
		if (in_group(st->st_gid))
			return STORE_OK;
	}
	if (st->st_uid == me || (f->mode == STORE_READ && me == 0))
		return STORE_OK;
	return fail(STORE_BAD, err, size,
	    "%s belongs to uid %lu and this runs as uid %lu: run it as the "
	    "owner, or take another folder",
	    dir, (unsigned long)st->st_uid, (unsigned long)me);
}

static enum store_error
check_disk(const struct store_files *f, const char *dir, char *err, size_t size)
{
	struct statvfs room;
	struct statfs fs;
	const char *kind;

	if (statfs(dir, &fs) == -1 || statvfs(dir, &room) == -1)
		return fail(
		    STORE_FAIL, err, size, "%s: %s", dir, strerror(errno));
	kind = refused_fs((unsigned long)fs.f_type & 0xffffffff);
	if (kind != NULL)
		return fail(STORE_BAD, err, size,
		    "%s lies on %s, where the locks and commits of the state "
		    "cannot be relied on: use a local disk",
		    dir, kind);
	if (f->mode != STORE_READ &&
	    (uint64_t)room.f_bavail * room.f_frsize < FREE_MIN)
		return fail(STORE_FULL, err, size,
		    "%s has %llu KiB free, at least %u are needed: make room "
		    "on that disk",
		    dir,
		    (unsigned long long)room.f_bavail * room.f_frsize / 1024,
		    FREE_MIN / 1024);
	return STORE_OK;
}

static enum store_error
check_folder(struct store_files *f, const char *dir, char *err, size_t size)
{
	enum store_error rc;
	struct stat st;

	if (f->mode != STORE_READ && mkdir(dir, 0700) == -1 && errno != EEXIST)
		return fail(STORE_FAIL, err, size, "unable to make %s: %s", dir,
		    strerror(errno));
	if (lstat(dir, &st) == -1)
		return fail(errno == ENOENT ? STORE_NOTFOUND : STORE_FAIL, err,
		    size, "%s: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fail(STORE_BAD, err, size, "%s is %s, expected a folder",
		    dir, S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
	rc = check_owner(f, dir, &st, err, size);
	if (rc != STORE_OK)
		return rc;
	return check_disk(f, dir, err, size);
}

/*
 * The lock of the stage, or who has it.  To make new data: without it, too,
 * once its holder, who may keep it for life, has made them.
 */
static enum store_error
lock_owner(
    struct store_files *f, int tries, int to_make, char *err, size_t size)
{
	pid_t holder = 0;
	int ms = 1;

	for (;;) {
		f->owner_fd = lockfile_take(f->owner, 0600, &holder);
		if (f->owner_fd != -1)
			return STORE_OK;
		if (errno != EWOULDBLOCK)
			return fail(STORE_FAIL, err, size,
			    "unable to lock %s: %s", f->owner, strerror(errno));
		if (to_make && store_files_exist(f))
			return STORE_OK;
		if (tries-- == 0)
			break;
		pause_ms(&ms);
	}
	if (holder == 0)
		return fail(STORE_BUSY, err, size,
		    "%s is held by another process", f->owner);
	return fail(STORE_BUSY, err, size,
	    "%s is held by pid %ld: end that one first", f->owner,
	    (long)holder);
}

static int
path_in(char out[STORE_PATH_MAX], const char *folder, const char *stage,
    const char *suffix)
{
	int n;

	n = snprintf(out, STORE_PATH_MAX, "%s/%s%s", folder, stage, suffix);
	return n < 0 || n >= STORE_PATH_MAX ? -1 : 0;
}

enum store_error
store_files_init(struct store_files *f, const char *dir, const char *stage,
    enum store_mode mode, char *err, size_t size)
{
	char folder[STORE_PATH_MAX];
	size_t len = strlen(dir);
	enum store_error rc;

	*f = (struct store_files){ .mode = mode,
		.data_mode = 0600,
		.lock_mode = 0600,
		.fd = -1,
		.owner_fd = -1 };
	/* A slash at the end would follow a symbolic link. */
	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (len == 0 || len >= sizeof(folder) || *stage == '\0' ||
	    strchr(stage, '/') != NULL)
		goto refuse;
	memcpy(folder, dir, len);
	folder[len] = '\0';
	if (path_in(f->data, folder, stage, ".mdb") == -1 ||
	    path_in(f->new_data, folder, stage, ".new") == -1 ||
	    path_in(f->lock, folder, stage, ".mdb-lock") == -1 ||
	    path_in(f->owner, folder, stage, ".lock") == -1)
		goto refuse;

	rc = check_folder(f, folder, err, size);
	if (rc != STORE_OK || mode != STORE_OWN)
		return rc;
	/* A command that makes the environment has it for a moment. */
	return lock_owner(f, 12, 0, err, size);
refuse:
	return fail(STORE_FAIL, err, size,
	    "state folder '%s': the path is empty or too long", dir);
}

int
store_files_exist(const struct store_files *f)
{
	struct stat st;

	/* What cannot be looked at may be there, and is not to be replaced. */
	return lstat(f->data, &st) == 0 || errno != ENOENT;
}

enum store_error
store_files_lock_new(struct store_files *f, char *err, size_t size)
{
	if (f->owner_fd != -1)
		return STORE_OK;
	/* Whoever has it now is about to make the environment itself. */
	return lock_owner(f, 100, 1, err, size);
}

void
store_files_unlock_new(struct store_files *f)
{
	if (f->mode == STORE_OWN || f->owner_fd == -1)
		return;
	(void)close(f->owner_fd);
	f->owner_fd = -1;
}

enum store_error
store_files_publish(const struct store_files *f, char *err, size_t size)
{
	char folder[STORE_PATH_MAX];
	int fd, rc;

	/* What is left of a lock file belongs to data that is gone. */
	if (unlink(f->lock) == -1 && errno != ENOENT)
		return fail(STORE_FAIL, err, size, "unable to remove %s: %s",
		    f->lock, strerror(errno));
	if (chmod(f->new_data, f->data_mode) == -1 ||
	    rename(f->new_data, f->data) == -1)
		return fail(STORE_FAIL, err, size, "unable to make %s: %s",
		    f->data, strerror(errno));
	(void)snprintf(folder, sizeof(folder), "%.*s",
	    (int)(strrchr(f->data, '/') - f->data), f->data);
	fd = open(
	    *folder != '\0' ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return fail(STORE_FAIL, err, size, "unable to open %s: %s",
		    folder, strerror(errno));
	rc = fsync(fd);
	(void)close(fd);
	if (rc == -1)
		return fail(STORE_FAIL, err, size, "unable to sync %s: %s",
		    folder, strerror(errno));
	return STORE_OK;
}

/* A lock of this descriptor, which no close of another one can drop. */
static int
lock_byte(int fd, short type, off_t byte)
{
	struct flock l = { .l_type = type,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &l);
}

static enum store_error
lock_open(struct store_files *f, char *err, size_t size)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	int ms = 1;

	if (f->mode == STORE_OWN && lock_byte(f->fd, F_WRLCK, BYTE_OWNER) == -1)
		return fail(STORE_BUSY, err, size,
		    "%s is held by another process, which has lost %s: end "
		    "that one first",
		    f->data, f->owner);
	for (;;) {
		if (f->mode != STORE_READ &&
		    lock_byte(f->fd, F_WRLCK, BYTE_OPEN) == 0) {
			f->alone = 1;
			return STORE_OK;
		}
		if (lock_byte(f->fd, F_RDLCK, BYTE_OPEN) == 0)
			break;
		if (errno != EAGAIN && errno != EACCES)
			return fail(STORE_FAIL, err, size,
			    "unable to lock %s: %s", f->data, strerror(errno));
		if (clock_mono_ms() > until)
			return fail(STORE_BUSY, err, size,
			    "%s is being opened by another process for 5 s: "
			    "it may be stopped",
			    f->data);
		pause_ms(&ms);
	}
	f->alone = store_files_alone(f);
	return STORE_OK;
}

enum store_error
store_files_attach(struct store_files *f, char *err, size_t size)
{
	int flags = f->mode == STORE_READ ? O_RDONLY : O_RDWR;
	struct stat st;

	f->fd = open(f->data, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (f->fd == -1)
		return fail(errno == ENOENT ? STORE_NOTFOUND
			: errno == ELOOP    ? STORE_BAD
					    : STORE_FAIL,
		    err, size, "unable to open %s: %s", f->data,
		    errno == ELOOP ? "it is a symbolic link" : strerror(errno));
	if (fstat(f->fd, &st) == -1)
		return fail(
		    STORE_FAIL, err, size, "%s: %s", f->data, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(
		    STORE_BAD, err, size, "%s is not a regular file", f->data);
	if (f->mode != STORE_READ && f->data_mode == 0600 &&
	    st.st_uid != geteuid())
		return fail(STORE_BAD, err, size,
		    "%s belongs to uid %lu and this runs as uid %lu", f->data,
		    (unsigned long)st.st_uid, (unsigned long)geteuid());
	f->data_ino = st.st_ino;
	f->dev = st.st_dev;
	return lock_open(f, err, size);
}

/* 1 where a lock on that byte, by another descriptor, can be ruled out. */
static int
is_free(const struct store_files *f, off_t byte)
{
	struct flock l = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1 };

	return fcntl(f->fd, F_OFD_GETLK, &l) == 0 && l.l_type == F_UNLCK;
}

int
store_files_alone(const struct store_files *f)
{
	return is_free(f, BYTE_OPEN);
}

int
store_files_owned(const struct store_files *f)
{
	return f->mode == STORE_OWN || !is_free(f, BYTE_OWNER);
}

int
store_files_admit(struct store_files *f)
{
	/* From exclusive to shared never has to wait. */
	return lock_byte(f->fd, F_RDLCK, BYTE_OPEN);
}

int
store_files_disk_full(const struct store_files *f)
{
	struct statvfs room;

	return fstatvfs(f->fd, &room) == 0 && room.f_bavail < 16;
}

int
store_files_settle(struct store_files *f)
{
	struct stat st;

	if (stat(f->lock, &st) == -1)
		return -1;
	f->lock_ino = st.st_ino;
	return 0;
}

int
store_files_same(const struct store_files *f)
{
	struct stat data, lock;

	if (stat(f->data, &data) == -1 || stat(f->lock, &lock) == -1)
		return errno == ENOENT ? 0 : -1;
	return data.st_ino == f->data_ino && lock.st_ino == f->lock_ino &&
	    data.st_dev == f->dev && lock.st_dev == f->dev;
}

/*
 * A lock of this process and not of the descriptor, for F_GETLK to name its
 * holder.  Any close of the data file drops it: the library closes it with
 * the environment alone, and nothing else may open it.
 */
static int
lock_write(const struct store_files *f, int cmd, short type, struct flock *l)
{
	*l = (struct flock){ .l_type = type,
		.l_whence = SEEK_SET,
		.l_start = BYTE_WRITE,
		.l_len = 1 };
	return fcntl(f->fd, cmd, l);
}

enum store_error
store_files_lock_write(struct store_files *f, char *err, size_t size)
{
	int64_t until = 0;
	struct flock l;
	int ms = 1;

	for (;;) {
		if (lock_write(f, F_SETLK, F_WRLCK, &l) == 0)
			return STORE_OK;
		if (errno != EAGAIN && errno != EACCES)
			return fail(STORE_FAIL, err, size,
			    "unable to lock %s: %s", f->data, strerror(errno));
		if (until == 0)
			until = clock_mono_ms() + WAIT_MS;
		if (clock_mono_ms() > until)
			break;
		pause_ms(&ms);
	}
	if (lock_write(f, F_GETLK, F_WRLCK, &l) == -1 || l.l_type == F_UNLCK)
		l.l_pid = 0;
	return fail(STORE_BUSY, err, size,
	    "%s has been in a transaction of pid %ld for 5 s: that process is "
	    "stopped or stuck",
	    f->data, (long)l.l_pid);
}

void
store_files_unlock_write(struct store_files *f)
{
	struct flock l;

	(void)lock_write(f, F_SETLK, F_UNLCK, &l);
}

void
store_files_release(struct store_files *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	if (f->owner_fd != -1)
		(void)close(f->owner_fd);
	f->fd = -1;
	f->owner_fd = -1;
}
