/*
 * failcall.so: fail one call of the program that it is preloaded into.
 *
 *   FAIL_AT=CLASS:N  the N-th call of a class (1, 2, …): alloc, open, file,
 *                    read, write, sync, map, net, wait
 *   FAIL_AT=@SITE:N  the N-th call from a call site, as FAIL_LIST names it
 *   FAIL_HOW=error   it fails; other: with another errno; intr: with EINTR
 *   FAIL_HOW=cut     half of the bytes are read or written
 *   FAIL_HOW=power:SEED  the power goes before the call (power.c)
 *   FAIL_FOREVER=1   that call and all that follow
 *   FAIL_FIRED=FILE  gets a line and the stack when the call fails, and the
 *                    stack of a crash behind a line `crash`
 *   FAIL_LIST=FILE   gets a line a call: CLASS N SITE FUNCTION, and `own` where
 *                    the program calls it itself, else `lib`
 *
 * A call site is the whole stack of callers, so it is the same in each run,
 * where the N-th call of a program that waits for others is not.  Standard
 * error is never made to fail: the message is what a test looks at.
 */
#include "tests/fail/failcall.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTOR_FIRST 500 /* of our own */
#define FRAMES_MAX 48
#define FRAMES_OURS 2 /* failcall() and the function that called it */
#define STACK_WIPED (512 * 1024) /* bytes; none of the programs goes deeper */

static const char *const class_names[CALL_CLASSES] = {
	[CALL_ALLOC] = "alloc",
	[CALL_OPEN] = "open",
	[CALL_FILE] = "file",
	[CALL_READ] = "read",
	[CALL_WRITE] = "write",
	[CALL_SYNC] = "sync",
	[CALL_MAP] = "map",
	[CALL_NET] = "net",
	[CALL_WAIT] = "wait",
};

static struct {
	int on;
	int by_site;
	enum call_class class;
	uint64_t site;
	unsigned long n;
	int forever;
	int errno_kind; /* 0 error, 1 other, 2 intr */
	int cut;
	int power;
	unsigned long seed;
	int list_fd;  /* -1 */
	int fired_fd; /* -1 */
} want = { .list_fd = -1, .fired_fd = -1 };

/*
 * Frames of a stack that are not the program's: ours, and a sanitizer's, which
 * stands before backtrace().
 */
static int frames_skipped = FRAMES_OURS;

static unsigned long counts[CALL_CLASSES];
static unsigned long site_count;
static int has_fired;

__thread int failcall_inside;

void *
failcall_next(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		_exit(99);
	return f;
}

/* The stack, by where its frames lie in their files. */
static uint64_t
site_of(void *const *frames, int n)
{
	uint64_t h = 0xcbf29ce484222325;

	for (int i = frames_skipped; i < n; i++) {
		struct dl_find_object object;
		uintptr_t at = (uintptr_t)frames[i];

		if (_dl_find_object(frames[i], &object) == 0)
			at -= (uintptr_t)object.dlfo_map_start;
		for (int bits = 0; bits < 64; bits += 8)
			h = (h ^ (at >> bits & 0xff)) * 0x100000001b3;
	}
	return h;
}

static int
is_socket(int fd)
{
	struct stat st;

	return fd != -1 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int
errno_of(enum call_class class, const char *name, int fd)
{
	int other = want.errno_kind == 1;

	if (want.errno_kind == 2)
		return EINTR;
	switch (class) {
	case CALL_ALLOC:
	case CALL_MAP:
		return ENOMEM;
	case CALL_OPEN:
		return other ? ENOMEM : EMFILE;
	case CALL_FILE:
		if (strstr(name, "stat") != NULL || strcmp(name, "access") == 0)
			return other ? ENOMEM : EIO;
		if (name[0] == 'f' && name[1] != 't')
			return other ? EINTR : ENOLCK; /* fcntl, flock */
		return other ? EIO : ENOSPC;
	case CALL_READ:
		return !is_socket(fd) ? EIO : other ? ETIMEDOUT : ECONNRESET;
	case CALL_WRITE:
		if (is_socket(fd))
			return other ? ENOBUFS : ECONNRESET;
		return other ? EIO : ENOSPC;
	case CALL_SYNC:
		return other ? ENOSPC : EIO;
	case CALL_NET:
		if (strcmp(name, "connect") == 0)
			return other ? ETIMEDOUT : ECONNREFUSED;
		if (strncmp(name, "accept", 6) == 0)
			return other ? ECONNABORTED : EMFILE;
		return other ? ENOBUFS : ENOMEM;
	default:
		return other ? EINVAL : ENOMEM;
	}
}

static void
say_fired(enum call_class class, const char *name, void *const *frames, int n)
{
	char line[128];
	int len;

	has_fired = 1;
	if (want.fired_fd == -1)
		return;
	len = snprintf(line, sizeof(line), "%s %lu %s\n", class_names[class],
	    counts[class], name);
	(void)!write(want.fired_fd, line, (size_t)len);
	backtrace_symbols_fd(frames + frames_skipped,
	    n > frames_skipped ? n - frames_skipped : 0, want.fired_fd);
}

/* The stack of a crash, then the crash. */
static void
crashed(int number)
{
	void *frames[FRAMES_MAX];
	int n;

	failcall_inside = 1;
	n = backtrace(frames, FRAMES_MAX);
	(void)!write(want.fired_fd, "crash\n", 6);
	backtrace_symbols_fd(frames, n, want.fired_fd);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static int
same_object(void *a, void *b)
{
	struct dl_find_object x, y;

	return _dl_find_object(a, &x) == 0 && _dl_find_object(b, &y) == 0 &&
	    x.dlfo_map_start == y.dlfo_map_start;
}

static void
list(enum call_class class, const char *name, uint64_t site, void *caller)
{
	char line[128];
	int own = same_object(caller, (void *)getauxval(AT_ENTRY));
	int len;

	len = snprintf(line, sizeof(line), "%s %lu %016llx %s %s\n",
	    class_names[class], counts[class], (unsigned long long)site, name,
	    own ? "own" : "lib");
	(void)!write(want.list_fd, line, (size_t)len);
}

/* Whether it is this one. */
static int
is_wanted(enum call_class class, uint64_t site)
{
	if (want.n == 0)
		return 0;
	if (has_fired && want.forever && class == want.class)
		return 1;
	if (!want.by_site)
		return class == want.class && counts[class] == want.n;
	if (site != want.site || ++site_count != want.n)
		return 0;
	want.class = class;
	return 1;
}

enum call_fate
failcall(enum call_class class, const char *name, int fd)
{
	enum call_fate fate = CALL_GOES_ON;
	void *frames[FRAMES_MAX];
	uint64_t site = 0;
	int n = 0, saved = errno;

	if (!want.on || failcall_inside || fd == STDERR_FILENO)
		return CALL_GOES_ON;
	failcall_inside = 1;
	__atomic_add_fetch(&counts[class], 1, __ATOMIC_RELAXED);
	if (want.by_site || want.list_fd != -1) {
		n = backtrace(frames, FRAMES_MAX);
		site = site_of(frames, n);
	}
	if (want.list_fd != -1)
		list(class, name, site, frames[frames_skipped]);
	if (is_wanted(class, site)) {
		if (!has_fired) {
			if (n == 0)
				n = backtrace(frames, FRAMES_MAX);
			say_fired(class, name, frames, n);
		}
		if (want.power)
			power_lost(want.seed);
		saved = errno_of(class, name, fd);
		fate = want.cut ? CALL_IS_CUT : CALL_FAILS;
	}
	failcall_inside = 0;
	errno = saved;
	return fate;
}

static void
refuse(const char *name, const char *value)
{
	char line[256];
	int len;

	len = snprintf(
	    line, sizeof(line), "failcall: %s=%s is not known\n", name, value);
	(void)!write(STDERR_FILENO, line, (size_t)len);
	_exit(99);
}

static void
read_at(const char *at)
{
	const char *colon = strrchr(at, ':');
	size_t class = 0;
	char *end;

	if (colon == NULL) {
		refuse("FAIL_AT", at);
		return;
	}
	want.n = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || want.n == 0)
		refuse("FAIL_AT", at);
	if (*at == '@') {
		want.by_site = 1;
		want.site = strtoull(at + 1, &end, 16);
		if (end != colon)
			refuse("FAIL_AT", at);
		return;
	}
	while (class < CALL_CLASSES &&
	    (strlen(class_names[class]) != (size_t)(colon - at) ||
		strncmp(class_names[class], at, (size_t)(colon - at)) != 0))
		class ++;
	if (class == CALL_CLASSES)
		refuse("FAIL_AT", at);
	want.class = (enum call_class) class;
}

static void
read_how(const char *how)
{
	char *end;

	if (strcmp(how, "other") == 0)
		want.errno_kind = 1;
	else if (strcmp(how, "intr") == 0)
		want.errno_kind = 2;
	else if (strcmp(how, "cut") == 0)
		want.cut = 1;
	else if (strncmp(how, "power:", 6) == 0) {
		want.seed = strtoul(how + 6, &end, 10);
		if (*end != '\0')
			refuse("FAIL_HOW", how);
		want.power = 1;
		power_on();
	} else if (strcmp(how, "error") != 0)
		refuse("FAIL_HOW", how);
}

/*
 * Before the program is confined, which forbids it, and past the descriptors
 * that it uses.
 */
static int
open_early(const char *file)
{
	int fd, high;

	fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	high = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTOR_FIRST);
	if (high == -1)
		refuse("unable to open a file", file);
	(void)close(fd);
	return high;
}

/*
 * Before a sanitizer looks for leaks, at exit: what calls that have returned
 * left on the stack would pass for pointers to what they lost.
 */
static void
wipe_stack(void)
{
	char dead[STACK_WIPED];

	explicit_bzero(dead, sizeof(dead));
}

static __attribute__((constructor)) void
start(void)
{
	const char *at = getenv("FAIL_AT"), *how = getenv("FAIL_HOW");
	const char *file = getenv("FAIL_LIST"), *fired = getenv("FAIL_FIRED");
	void *frames[2];

	failcall_inside = 1;
	/* The first one loads the unwinder. */
	if (backtrace(frames, 2) == 2 && !same_object(frames[0], &want))
		frames_skipped++;
	if (fired != NULL)
		want.fired_fd = open_early(fired);
	want.forever = getenv("FAIL_FOREVER") != NULL;
	if (at != NULL)
		read_at(at);
	if (how != NULL)
		read_how(how);
	if (file != NULL)
		want.list_fd = open_early(file);
	want.on = at != NULL || file != NULL;
	if (fired != NULL && dlsym(RTLD_DEFAULT, "__asan_init") == NULL) {
		(void)signal(SIGSEGV, crashed);
		(void)signal(SIGABRT, crashed);
	}
	if (dlsym(RTLD_DEFAULT, "__lsan_do_leak_check") != NULL &&
	    atexit(wipe_stack) != 0)
		refuse("unable to wipe", "the stack");
	failcall_inside = 0;
}
