/*
 * The loss of power, for failcall.so: an undo log of what was written to files
 * and not synced, and of names that were made and whose folder was not.
 *
 * A page is there or not, never in part: LMDB's own records that decide fit
 * into a sector.  Names are lost from the last one back, as file systems keep
 * their order.  Removals are taken to be kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fail/failcall.h"

#define PAGE 4096
#define FILES_MAX 64
#define WRITES_MAX 65536
#define NAMES_MAX 256

/* A file that is written to, and a descriptor of ours for it. */
static struct file {
	dev_t dev;
	ino_t ino;
	int fd;
	off_t size; /* as it is on the disk */
} files[FILES_MAX];
static size_t nfiles;

/* At most a page, not synced. */
static struct written {
	struct file *file;
	off_t at;
	size_t len, old_len;
	char *data, *old;
} writes[WRITES_MAX];
static size_t nwrites;

static struct named {
	char *from, *name;
} names[NAMES_MAX];
static size_t nnames;

static int on;

void
power_on(void)
{
	on = 1;
}

static _Noreturn void
give_up(const char *why)
{
	(void)!write(STDERR_FILENO, why, strlen(why));
	_exit(99);
}

static void *
copy(const void *p, size_t n)
{
	void *c = malloc(n + 1);

	if (c == NULL) {
		give_up("power: out of memory\n");
		return NULL;
	}
	memcpy(c, p, n);
	return c;
}

static struct file *
find(const struct stat *st)
{
	for (size_t i = 0; i < nfiles; i++)
		if (files[i].dev == st->st_dev && files[i].ino == st->st_ino)
			return &files[i];
	return NULL;
}

/* A descriptor of one's own is never closed: that would drop LMDB's locks. */
static struct file *
file_of(int fd)
{
	struct stat st;
	struct file *f;
	char path[64];

	if (fd <= STDERR_FILENO || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return NULL;
	f = find(&st);
	if (f != NULL)
		return f;
	if (nfiles == FILES_MAX)
		give_up("power: too many files\n");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	f = &files[nfiles++];
	*f = (struct file){ st.st_dev, st.st_ino,
		open(path, O_RDWR | O_CLOEXEC), st.st_size };
	if (f->fd == -1)
		give_up("power: unable to open a file again\n");
	return f;
}

static void
put_off(struct file *f, off_t at, const char *data, size_t len)
{
	struct written *w = &writes[nwrites];
	char old[PAGE];
	ssize_t n = pread(f->fd, old, len, at);

	if (nwrites == WRITES_MAX || n == -1)
		give_up("power: too many writes, or an unreadable file\n");
	*w = (struct written){ f, at, len, (size_t)n, copy(data, len),
		copy(old, (size_t)n) };
	nwrites++;
}

static void
drop(struct written *w)
{
	free(w->data);
	free(w->old);
}

void
power_write(int fd, off_t at, const void *data, size_t len)
{
	size_t first = nwrites, n;
	struct file *f;
	int dsync;

	if (!on || failcall_inside)
		return;
	failcall_inside = 1;
	f = file_of(fd);
	if (f != NULL && at == -1)
		at = lseek(fd, 0, SEEK_CUR);
	for (; f != NULL && len > 0; len -= n, at += (off_t)n) {
		n = PAGE - (size_t)at % PAGE;
		if (n > len)
			n = len;
		put_off(f, at, data, n);
		data = (const char *)data + n;
	}
	dsync = f != NULL && (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
	failcall_inside = 0;
	/* A write that syncs by itself, as LMDB's of its first pages do. */
	if (!dsync)
		return;
	(void)failcall(CALL_SYNC, "write", fd);
	while (nwrites > first)
		drop(&writes[--nwrites]);
}

static void
synced(int fd)
{
	struct stat st;
	struct file *f;
	size_t kept = 0;

	if (fstat(fd, &st) == -1)
		return;
	if (S_ISDIR(st.st_mode)) {
		while (nnames > 0) {
			free(names[--nnames].from);
			free(names[nnames].name);
		}
		return;
	}
	f = find(&st);
	if (f == NULL)
		return;
	f->size = st.st_size;
	for (size_t i = 0; i < nwrites; i++)
		if (writes[i].file == f)
			drop(&writes[i]);
		else
			writes[kept++] = writes[i];
	nwrites = kept;
}

void
power_synced(int fd)
{
	if (!on || failcall_inside)
		return;
	failcall_inside = 1;
	synced(fd);
	failcall_inside = 0;
}

int
power_is_new(const char *name)
{
	struct stat st;
	int is_new;

	if (!on || failcall_inside)
		return 0;
	failcall_inside = 1;
	is_new = lstat(name, &st) == -1;
	failcall_inside = 0;
	return is_new;
}

void
power_named(const char *from, const char *name)
{
	failcall_inside = 1;
	if (nnames == NAMES_MAX)
		give_up("power: too many names\n");
	names[nnames].from = from != NULL ? copy(from, strlen(from) + 1) : NULL;
	names[nnames++].name = copy(name, strlen(name) + 1);
	failcall_inside = 0;
}

/* A number that the seed decides. */
static unsigned long
draw(unsigned long *seed)
{
	*seed = *seed * 6364136223846793005UL + 1442695040888963407UL;
	return *seed >> 33;
}

static void
lose_names(unsigned long seed, unsigned long *state)
{
	size_t kept = seed == 0 ? 0
	    : seed == 1		? nnames
				: draw(state) % (nnames + 1);

	while (nnames > kept) {
		nnames--;
		if (names[nnames].from != NULL)
			(void)rename(names[nnames].name, names[nnames].from);
		else
			(void)unlink(names[nnames].name);
	}
}

_Noreturn void
power_lost(unsigned long seed)
{
	unsigned long state = seed;

	for (size_t i = nwrites; i-- > 0;)
		(void)!pwrite(writes[i].file->fd, writes[i].old,
		    writes[i].old_len, writes[i].at);
	for (size_t i = 0; i < nfiles; i++)
		(void)!ftruncate(files[i].fd, files[i].size);
	for (size_t i = 0; i < nwrites; i++)
		if (seed == 1 || (seed != 0 && draw(&state) % 2 == 0))
			(void)!pwrite(writes[i].file->fd, writes[i].data,
			    writes[i].len, writes[i].at);
	lose_names(seed, &state);
	(void)kill(getpid(), SIGKILL);
	_exit(99);
}
