/*
 * lockfile - one holder at a time, for as long as it lives.
 *
 * The kernel holds the lock (flock), so it ends with its holder, however that
 * ends; the text "pid N" in the file only tells people who holds it.
 */
#ifndef SLUICE_LOCKFILE_H
#define SLUICE_LOCKFILE_H

#include <sys/types.h>

/*
 * Take the lock at path; the file is made with mode if need be, never through
 * a symbolic link.  Returns a descriptor that keeps it, or -1 with errno:
 * EWOULDBLOCK where another process has it, *holder then is that process, 0
 * where the file does not say.
 */
int lockfile_take(const char *path, mode_t mode, pid_t *holder);

/* Give the lock up and remove its file; -1 as fd is fine. */
void lockfile_remove(int fd, const char *path);

#endif
