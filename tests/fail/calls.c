/*
 * The functions of the C library that failcall.so stands in front of.  They
 * are declared here and not by their headers, which have some of them as
 * macros, inline or with types of their own.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "tests/fail/failcall.h"

#define CREATES 0100 /* O_CREAT: the mode is an argument */

/* A function that fails with -1, NULL or MAP_FAILED, and errno. */
#define CALL(class, type, failed, name, params, args, fd)                      \
	type name params;                                                      \
	type name params                                                       \
	{                                                                      \
		static type(*next) params;                                     \
                                                                               \
		if (next == NULL)                                              \
			*(void **)&next = failcall_next(#name);                \
		if (failcall(class, #name, fd) != CALL_GOES_ON)                \
			return failed;                                         \
		return next args;                                              \
	}

/* One that returns its error. */
#define CALL_E(class, name, params, args)                                      \
	int name params;                                                       \
	int name params                                                        \
	{                                                                      \
		static int(*next) params;                                      \
                                                                               \
		if (next == NULL)                                              \
			*(void **)&next = failcall_next(#name);                \
		if (failcall(class, #name, -1) != CALL_GOES_ON)                \
			return errno;                                          \
		return next args;                                              \
	}

/* ---- memory ---- */

CALL(CALL_ALLOC, void *, NULL, malloc, (size_t n), (n), -1)
CALL(CALL_ALLOC, void *, NULL, calloc, (size_t n, size_t size), (n, size), -1)
CALL(CALL_ALLOC, void *, NULL, realloc, (void *p, size_t size), (p, size), -1)
CALL_E(CALL_ALLOC, posix_memalign, (void **p, size_t align, size_t size),
    (p, align, size))
CALL(CALL_MAP, void *, (void *)-1, mmap,
    (void *p, size_t len, int prot, int flags, int fd, off_t at),
    (p, len, prot, flags, fd, at), fd)
CALL(CALL_MAP, void *, (void *)-1, mmap64,
    (void *p, size_t len, int prot, int flags, int fd, off_t at),
    (p, len, prot, flags, fd, at), fd)
CALL(CALL_MAP, int, -1, madvise, (void *p, size_t len, int advice),
    (p, len, advice), -1)

/* ---- files ---- */

#define OPEN(name)                                                             \
	int name(const char *path, int flags, ...);                            \
	int name(const char *path, int flags, ...)                             \
	{                                                                      \
		static int (*next)(const char *, int, ...);                    \
		mode_t mode = 0;                                               \
		va_list ap;                                                    \
		int fd, is_new = flags & CREATES && power_is_new(path);        \
                                                                               \
		if (next == NULL)                                              \
			*(void **)&next = failcall_next(#name);                \
		if (flags & CREATES) {                                         \
			va_start(ap, flags);                                   \
			mode = va_arg(ap, mode_t);                             \
			va_end(ap);                                            \
		}                                                              \
		if (failcall(CALL_OPEN, #name, -1) != CALL_GOES_ON)            \
			return -1;                                             \
		fd = next(path, flags, mode);                                  \
		if (fd != -1 && is_new)                                        \
			power_named(NULL, path);                               \
		return fd;                                                     \
	}

OPEN(open)
OPEN(open64)
CALL(CALL_OPEN, int, -1, __open_2, (const char *path, int flags), (path, flags),
    -1)
CALL(CALL_OPEN, void *, NULL, fopen, (const char *path, const char *mode),
    (path, mode), -1)
CALL(CALL_OPEN, void *, NULL, fopen64, (const char *path, const char *mode),
    (path, mode), -1)
CALL(CALL_OPEN, void *, NULL, opendir, (const char *path), (path), -1)
CALL(CALL_OPEN, int, -1, dup, (int fd), (fd), -1)
CALL(CALL_OPEN, int, -1, pipe2, (int *fds, int flags), (fds, flags), -1)
CALL(CALL_OPEN, int, -1, eventfd, (unsigned int n, int flags), (n, flags), -1)
CALL(CALL_OPEN, int, -1, timerfd_create, (int clock, int flags), (clock, flags),
    -1)
CALL(CALL_OPEN, int, -1, epoll_create, (int size), (size), -1)
CALL(CALL_OPEN, int, -1, epoll_create1, (int flags), (flags), -1)
CALL(CALL_OPEN, int, -1, scandir,
    (const char *path, void *names, void *filter, void *order),
    (path, names, filter, order), -1)

CALL(CALL_FILE, int, -1, stat, (const char *path, void *st), (path, st), -1)
CALL(CALL_FILE, int, -1, lstat, (const char *path, void *st), (path, st), -1)
CALL(CALL_FILE, int, -1, fstat, (int fd, void *st), (fd, st), fd)
CALL(CALL_FILE, int, -1, statfs, (const char *path, void *st), (path, st), -1)
CALL(CALL_FILE, int, -1, fstatfs, (int fd, void *st), (fd, st), fd)
CALL(CALL_FILE, int, -1, statvfs, (const char *path, void *st), (path, st), -1)
CALL(CALL_FILE, int, -1, fstatvfs, (int fd, void *st), (fd, st), fd)
CALL(CALL_FILE, int, -1, access, (const char *path, int mode), (path, mode), -1)
CALL(CALL_FILE, int, -1, mkdir, (const char *path, mode_t mode), (path, mode),
    -1)
CALL(CALL_FILE, int, -1, chmod, (const char *path, mode_t mode), (path, mode),
    -1)
CALL(CALL_FILE, int, -1, unlink, (const char *path), (path), -1)
CALL(CALL_FILE, int, -1, flock, (int fd, int how), (fd, how), fd)
CALL(CALL_FILE, int, -1, ftruncate, (int fd, off_t size), (fd, size), fd)

#define NAMED(name)                                                            \
	int name(const char *from, const char *to);                            \
	int name(const char *from, const char *to)                             \
	{                                                                      \
		static int (*next)(const char *, const char *);                \
		int rc, is_new = power_is_new(to);                             \
                                                                               \
		if (next == NULL)                                              \
			*(void **)&next = failcall_next(#name);                \
		if (failcall(CALL_FILE, #name, -1) != CALL_GOES_ON)            \
			return -1;                                             \
		rc = next(from, to);                                           \
		if (rc == 0 && is_new)                                         \
			power_named(*#name == 'r' ? from : NULL, to);          \
		return rc;                                                     \
	}

NAMED(rename)
NAMED(link)

#define FCNTL(name)                                                            \
	int name(int fd, int cmd, ...);                                        \
	int name(int fd, int cmd, ...)                                         \
	{                                                                      \
		static int (*next)(int, int, ...);                             \
		va_list ap;                                                    \
		void *arg;                                                     \
                                                                               \
		if (next == NULL)                                              \
			*(void **)&next = failcall_next(#name);                \
		va_start(ap, cmd);                                             \
		arg = va_arg(ap, void *);                                      \
		va_end(ap);                                                    \
		if (failcall(CALL_FILE, #name, fd) != CALL_GOES_ON)            \
			return -1;                                             \
		return next(fd, cmd, arg);                                     \
	}

FCNTL(fcntl)
FCNTL(fcntl64)

/*
 * As on a kernel without Landlock and seccomp: the shim must be able to write
 * what it has seen, and to open and kill what the program may not.
 */
long syscall(long number, ...);
long
syscall(long number, ...)
{
	static long (*next)(long, ...);
	long arg[6];
	va_list ap;

	if (next == NULL)
		*(void **)&next = failcall_next("syscall");
	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_seccomp || number == SYS_landlock_create_ruleset) {
		errno = ENOSYS;
		return -1;
	}
	return next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

/* ---- bytes in ---- */

#define READ(name, params, args, cut_args)                                     \
	ssize_t name params;                                                   \
	ssize_t name params                                                    \
	{                                                                      \
		static ssize_t(*next) params;                                  \
                                                                               \
		if (next == NULL)                                              \
			*(void **)&next = failcall_next(#name);                \
		switch (failcall(CALL_READ, #name, fd)) {                      \
		case CALL_FAILS:                                               \
			return -1;                                             \
		case CALL_IS_CUT:                                              \
			return next cut_args;                                  \
		default:                                                       \
			return next args;                                      \
		}                                                              \
	}

READ(read, (int fd, void *p, size_t n), (fd, p, n), (fd, p, n < 2 ? n : n / 2))
READ(pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at),
    (fd, p, n < 2 ? n : n / 2, at))
READ(pread64, (int fd, void *p, size_t n, off_t at), (fd, p, n, at),
    (fd, p, n < 2 ? n : n / 2, at))
READ(__read_chk, (int fd, void *p, size_t n, size_t size), (fd, p, n, size),
    (fd, p, n < 2 ? n : n / 2, size))
READ(recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags),
    (fd, p, n < 2 ? n : n / 2, flags))
READ(recvfrom,
    (int fd, void *p, size_t n, int flags, void *from, unsigned int *len),
    (fd, p, n, flags, from, len), (fd, p, n < 2 ? n : n / 2, flags, from, len))
READ(
    recvmsg, (int fd, void *msg, int flags), (fd, msg, flags), (fd, msg, flags))
READ(readv, (int fd, const struct iovec *v, int n), (fd, v, n), (fd, v, 1))

/* ---- bytes out ---- */

/* Half of the first piece of v, for a write that is cut. */
static struct iovec
half(const struct iovec *v)
{
	struct iovec part = *v;

	if (part.iov_len > 1)
		part.iov_len /= 2;
	return part;
}

static void
write_begins(int fd, off_t at, const struct iovec *v, int n)
{
	for (int i = 0; i < n; i++) {
		power_write(fd, at, v[i].iov_base, v[i].iov_len);
		if (at != -1)
			at += (off_t)v[i].iov_len;
	}
}

#define WRITE(name, params, args, at, v, n, cut_args)                          \
	ssize_t name params;                                                   \
	ssize_t name params                                                    \
	{                                                                      \
		static ssize_t(*next) params;                                  \
		struct iovec part = half(v);                                   \
                                                                               \
		(void)part;                                                    \
		if (next == NULL)                                              \
			*(void **)&next = failcall_next(#name);                \
		switch (failcall(CALL_WRITE, #name, fd)) {                     \
		case CALL_FAILS:                                               \
			return -1;                                             \
		case CALL_IS_CUT:                                              \
			return next cut_args;                                  \
		default:                                                       \
			write_begins(fd, at, v, n);                            \
			return next args;                                      \
		}                                                              \
	}
#define ONE (&(struct iovec){ (void *)(uintptr_t)p, size })

WRITE(write, (int fd, const void *p, size_t size), (fd, p, size), -1, ONE, 1,
    (fd, p, part.iov_len))
WRITE(pwrite, (int fd, const void *p, size_t size, off_t at), (fd, p, size, at),
    at, ONE, 1, (fd, p, part.iov_len, at))
WRITE(pwrite64, (int fd, const void *p, size_t size, off_t at),
    (fd, p, size, at), at, ONE, 1, (fd, p, part.iov_len, at))
WRITE(writev, (int fd, const struct iovec *v, int n), (fd, v, n), -1, v, n,
    (fd, &part, 1))
WRITE(pwritev, (int fd, const struct iovec *v, int n, off_t at), (fd, v, n, at),
    at, v, n, (fd, &part, 1, at))
WRITE(pwritev64, (int fd, const struct iovec *v, int n, off_t at),
    (fd, v, n, at), at, v, n, (fd, &part, 1, at))
CALL(CALL_WRITE, ssize_t, -1, send,
    (int fd, const void *p, size_t n, int flags), (fd, p, n, flags), fd)
CALL(CALL_WRITE, ssize_t, -1, sendto,
    (int fd, const void *p, size_t n, int flags, const void *to,
	unsigned int len),
    (fd, p, n, flags, to, len), fd)
CALL(CALL_WRITE, ssize_t, -1, sendmsg, (int fd, const void *msg, int flags),
    (fd, msg, flags), fd)
CALL(CALL_WRITE, ssize_t, -1, sendfile, (int fd, int from, off_t *at, size_t n),
    (fd, from, at, n), fd)

#define SYNC(name)                                                             \
	int name(int fd);                                                      \
	int name(int fd)                                                       \
	{                                                                      \
		static int (*next)(int);                                       \
		int rc;                                                        \
                                                                               \
		if (next == NULL)                                              \
			*(void **)&next = failcall_next(#name);                \
		if (failcall(CALL_SYNC, #name, fd) != CALL_GOES_ON)            \
			return -1;                                             \
		rc = next(fd);                                                 \
		if (rc == 0)                                                   \
			power_synced(fd);                                      \
		return rc;                                                     \
	}

SYNC(fdatasync)
SYNC(fsync)
CALL(CALL_SYNC, int, -1, msync, (void *p, size_t len, int flags),
    (p, len, flags), -1)

/* ---- sockets ---- */

CALL(CALL_NET, int, -1, socket, (int domain, int type, int protocol),
    (domain, type, protocol), -1)
CALL(CALL_NET, int, -1, socketpair,
    (int domain, int type, int protocol, int *fds),
    (domain, type, protocol, fds), -1)
CALL(CALL_NET, int, -1, bind, (int fd, const void *name, unsigned int len),
    (fd, name, len), fd)
CALL(CALL_NET, int, -1, listen, (int fd, int backlog), (fd, backlog), fd)
CALL(CALL_NET, int, -1, connect, (int fd, const void *name, unsigned int len),
    (fd, name, len), fd)
CALL(CALL_NET, int, -1, accept, (int fd, void *name, unsigned int *len),
    (fd, name, len), fd)
CALL(CALL_NET, int, -1, accept4,
    (int fd, void *name, unsigned int *len, int flags), (fd, name, len, flags),
    fd)
CALL(CALL_NET, int, -1, getsockopt,
    (int fd, int level, int opt, void *p, unsigned int *len),
    (fd, level, opt, p, len), fd)
CALL(CALL_NET, int, -1, setsockopt,
    (int fd, int level, int opt, const void *p, unsigned int len),
    (fd, level, opt, p, len), fd)
CALL(CALL_NET, int, -1, getsockname, (int fd, void *name, unsigned int *len),
    (fd, name, len), fd)
CALL(CALL_NET, int, -1, getpeername, (int fd, void *name, unsigned int *len),
    (fd, name, len), fd)
CALL(CALL_NET, int, -1, epoll_ctl, (int fd, int op, int of, void *event),
    (fd, op, of, event), fd)
CALL(CALL_NET, int, -1, timerfd_settime,
    (int fd, int flags, const void *to, void *from), (fd, flags, to, from), fd)
CALL_E(CALL_NET, pthread_create,
    (void *thread, const void *attr, void *(*fn)(void *), void *arg),
    (thread, attr, fn, arg))

/* ---- waiting ---- */

CALL(CALL_WAIT, int, -1, poll, (int *fds, unsigned long n, int ms),
    (fds, n, ms), n > 0 ? *fds : -1)
CALL(CALL_WAIT, int, -1, epoll_wait, (int fd, void *events, int n, int ms),
    (fd, events, n, ms), -1)
