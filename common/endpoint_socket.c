#include "common/endpoint.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/endpoint_internal.h"
#include "common/lockfile.h"

#define NO_GROUP ((gid_t)-1)
#define NOTICES_MAX 8192

/* A socket is made under its path and this, and then renamed. */
#define NEW_SUFFIX "~"
#define PATH_LEN_MAX (SOCKET_PATH_MAX - sizeof(NEW_SUFFIX))

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == SOCKET_PATH_MAX,
    "limits.h and the system differ in the length of a socket's path");

void
notice_init(struct notices *n)
{
	buf_init(&n->waiting, NOTICES_MAX);
	n->current[0] = '\0';
}

void
notice_release(struct notices *n)
{
	buf_release(&n->waiting);
}

void
notice_add(struct notices *n, const char *fmt, ...)
{
	char text[sizeof(n->current)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n->waiting.len + strlen(text) + 1 > NOTICES_MAX)
		return;
	buf_printf(&n->waiting, "%s\n", text);
}

const char *
notice_next(struct notices *n)
{
	const char *newline;
	size_t len;

	if (n->waiting.len == 0)
		return NULL;
	newline = memchr(n->waiting.p, '\n', n->waiting.len);
	len = (size_t)(newline - n->waiting.p);
	memcpy(n->current, n->waiting.p, len);
	n->current[len] = '\0';
	buf_consume(&n->waiting, len + 1);
	if (n->waiting.len == 0)
		buf_release(&n->waiting);
	return n->current;
}

int
endpoint_ready(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&pfd, 1, 0);
	while (n == -1 && errno == EINTR);
	if (n == 1 && pfd.revents & POLLNVAL) {
		errno = EBADF;
		return -1;
	}
	return n;
}

const char *
endpoint_path(const char *endpoint, char *err, size_t size)
{
	const char *path;

	if (strncmp(endpoint, "unix:", 5) != 0 || endpoint[5] == '\0') {
		(void)snprintf(err, size,
		    "endpoint '%s': expected - or unix:PATH", endpoint);
		return NULL;
	}
	path = endpoint + 5;
	if (strlen(path) > PATH_LEN_MAX) {
		(void)snprintf(err, size,
		    "endpoint '%s': the path has %zu bytes, a socket's may "
		    "have %zu: take a shorter one",
		    endpoint, strlen(path), PATH_LEN_MAX);
		return NULL;
	}
	return path;
}

int
endpoint_check(const char *endpoint, char *err, size_t size)
{
	if (strcmp(endpoint, "-") == 0)
		return 0;
	return endpoint_path(endpoint, err, size) != NULL ? 0 : -1;
}

/* The caller has checked the length; what is too long would be cut. */
static struct sockaddr_un
address_of(const char *path, const char *suffix)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strnlen(path, sizeof(a.sun_path) - 2);

	memcpy(a.sun_path, path, len);
	a.sun_path[len] = *suffix;
	return a;
}

int
socket_connect(const char *path)
{
	struct sockaddr_un a = address_of(path, "");
	int error, fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1) {
		error = errno;
		(void)close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* Whether the place is free: nothing there, or a socket without a process. */
static int
check_place(const char *path, char *err, size_t size)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		(void)snprintf(err, size, "unix:%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		(void)snprintf(err, size,
		    "unix:%s: something other than a socket is there: remove "
		    "it, or take another path",
		    path);
		return -1;
	}
	fd = socket_connect(path);
	if (fd == -1 && errno == ECONNREFUSED)
		return 0;
	if (fd == -1 && errno != EAGAIN)
		(void)snprintf(err, size,
		    "unix:%s: there is a socket that "
		    "cannot be tried: %s",
		    path, strerror(errno));
	else
		(void)snprintf(err, size,
		    "unix:%s is served by another process: end that one first",
		    path);
	if (fd != -1)
		(void)close(fd);
	return -1;
}

/* The folder's group may connect where the folder is set up for one. */
static gid_t
group_of_folder(const char *path)
{
	char folder[SOCKET_PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		(void)snprintf(
		    folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
	if (stat(folder, &st) == -1 ||
	    !(st.st_mode & S_ISGID || st.st_mode & S_IWGRP))
		return NO_GROUP;
	return st.st_gid;
}

static int
bind_and_listen(struct listener *l)
{
	struct sockaddr_un a = address_of(l->path, NEW_SUFFIX);
	struct stat st;
	mode_t mask;
	int rc;

	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd == -1)
		return -1;
	if (unlink(a.sun_path) == -1 && errno != ENOENT)
		return -1;
	/* Not for a moment may it be open to more than it will be. */
	mask = umask(0177);
	rc = bind(l->fd, (struct sockaddr *)&a, sizeof(a));
	(void)umask(mask);
	if (rc == -1)
		return -1;
	/*
	 * A folder without setgid gives its files our own group; where the
	 * socket cannot get the folder's, the group does not come in.
	 */
	if (l->group != NO_GROUP &&
	    (chown(a.sun_path, (uid_t)-1, l->group) == -1 ||
		chmod(a.sun_path, 0660) == -1))
		l->group = NO_GROUP;
	if (listen(l->fd, PEERS_MAX) == -1 || lstat(a.sun_path, &st) == -1 ||
	    rename(a.sun_path, l->path) == -1)
		return -1;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

int
listener_open(struct listener *l, const char *path, char *err, size_t size)
{
	pid_t holder = 0;

	*l = (struct listener){ .fd = -1, .lock_fd = -1 };
	(void)snprintf(l->path, sizeof(l->path), "%s", path);
	(void)snprintf(l->lock, sizeof(l->lock), "%s.lock", path);
	l->lock_fd = lockfile_take(l->lock, 0600, &holder);
	if (l->lock_fd == -1 && errno == EWOULDBLOCK) {
		(void)snprintf(err, size,
		    "unix:%s is served by pid %ld: end that one first", path,
		    (long)holder);
		return -1;
	}
	if (l->lock_fd == -1) {
		(void)snprintf(err, size, "unix:%s: unable to lock %s: %s%s",
		    path, l->lock, strerror(errno),
		    errno == ENOENT ? ": make its folder first" : "");
		return -1;
	}
	l->group = group_of_folder(path);
	if (check_place(path, err, size) == -1)
		goto fail;
	if (bind_and_listen(l) == -1) {
		(void)snprintf(err, size, "unable to listen on unix:%s: %s",
		    path, strerror(errno));
		goto fail;
	}
	return 0;
fail:
	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = -1;
	lockfile_remove(l->lock_fd, l->lock);
	l->lock_fd = -1;
	return -1;
}

void
listener_close(struct listener *l)
{
	struct stat st;

	if (l->fd == -1)
		return;
	if (lstat(l->path, &st) == 0 && st.st_ino == l->ino &&
	    st.st_dev == l->dev)
		(void)unlink(l->path);
	(void)close(l->fd);
	l->fd = -1;
	lockfile_remove(l->lock_fd, l->lock);
	l->lock_fd = -1;
}

int
listener_allows(const struct listener *l, int fd, uid_t *uid)
{
	struct ucred peer = { 0, (uid_t)-1, NO_GROUP };
	socklen_t len = sizeof(peer);
	gid_t groups[256];
	size_t i;

	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return 0;
	*uid = peer.uid;
	if (peer.uid == geteuid() || peer.uid == 0)
		return 1;
	if (l->group == NO_GROUP)
		return 0;
	if (peer.gid == l->group)
		return 1;
	len = sizeof(groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1)
		return 0;
	for (i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == l->group)
			return 1;
	return 0;
}
