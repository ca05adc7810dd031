/*
 * endpoint_internal - what inputs and outputs share; for them alone.
 */
#ifndef SLUICE_ENDPOINT_INTERNAL_H
#define SLUICE_ENDPOINT_INTERNAL_H

#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/limits.h"

/* Things to say, oldest first; what does not fit is dropped. */
struct notices {
	struct buf waiting; /* each ends with a newline */
	char current[256];
};
void notice_init(struct notices *n);
void notice_release(struct notices *n);
void notice_add(struct notices *n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
const char *notice_next(struct notices *n);

/*
 * The path of "unix:PATH", or NULL with a message where the endpoint is
 * something else or the path is too long for a socket that is listened on.
 */
const char *endpoint_path(const char *endpoint, char *err, size_t size);

/* A connected, non-blocking socket, or -1 with errno. */
int socket_connect(const char *path);

/*
 * 1 where the descriptor can be read or written (POLLIN, POLLOUT), or shows an
 * error when that is tried; 0 where not; -1 with errno.  A signal makes it look
 * again: a file is looked at once, and nothing would wake who left it.
 */
int endpoint_ready(int fd, short events);

/* A listening socket in its place, and the lock that keeps the place. */
struct listener {
	char path[SOCKET_PATH_MAX];
	char lock[SOCKET_PATH_MAX + 8];
	int fd, lock_fd; /* -1: none */
	gid_t group;	 /* who may connect beside us; -1: nobody */
	dev_t dev;
	ino_t ino;
};

/* 0, or -1 with a message in err. */
int listener_open(struct listener *l, const char *path, char *err, size_t size);
void listener_close(struct listener *l);

/* 1 where the process behind fd may be a peer, 0 where not; *uid is its. */
int listener_allows(const struct listener *l, int fd, uid_t *uid);

#endif
