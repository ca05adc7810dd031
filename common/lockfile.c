#include "common/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/num.h"

/* The number of "pid N\n", or 0. */
static pid_t
read_holder(int fd)
{
	char text[32];
	const char *digits = text + 4;
	const char *end;
	int64_t pid;
	ssize_t n;

	n = pread(fd, text, sizeof(text), 0);
	if (n < 5 || memcmp(text, "pid ", 4) != 0)
		return 0;
	end = memchr(text, '\n', (size_t)n);
	if (end == NULL ||
	    num_parse(digits, (size_t)(end - digits), 1, INT32_MAX, &pid) == -1)
		return 0;
	return (pid_t)pid;
}

/* Best effort: on a full disk the lock holds without its text. */
static void
write_holder(int fd)
{
	char text[32];
	int len;

	len = snprintf(text, sizeof(text), "pid %ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, (size_t)len, 0);
}

int
lockfile_take(const char *path, mode_t mode, pid_t *holder)
{
	struct stat mine, there;
	int error, fd;

	for (;;) {
		fd =
		    open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd == -1)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
			error = errno;
			if (error == EWOULDBLOCK)
				*holder = read_holder(fd);
			(void)close(fd);
			errno = error;
			return -1;
		}
		/* Its last holder may have removed it since our open. */
		if (fstat(fd, &mine) == 0 && lstat(path, &there) == 0 &&
		    mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
			break;
		(void)close(fd);
	}
	write_holder(fd);
	return fd;
}

void
lockfile_remove(int fd, const char *path)
{
	struct stat mine, there;

	if (fd == -1)
		return;
	if (fstat(fd, &mine) == 0 && lstat(path, &there) == 0 &&
	    mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
		(void)unlink(path);
	(void)close(fd);
}
