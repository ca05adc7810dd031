/*
 * failcall - what the preload shim's parts share.
 */
#ifndef TESTS_FAIL_FAILCALL_H
#define TESTS_FAIL_FAILCALL_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Kinds of calls that are counted together. */
enum call_class {
	CALL_ALLOC,
	CALL_OPEN,  /* whatever makes a descriptor of a file, or an event */
	CALL_FILE,  /* a file's name, size, locks */
	CALL_READ,  /* read and receive */
	CALL_WRITE, /* write and send */
	CALL_SYNC,
	CALL_MAP,
	CALL_NET,  /* sockets, but for their bytes */
	CALL_WAIT, /* poll and epoll */
	CALL_CLASSES
};

/* What is to become of a call. */
enum call_fate {
	CALL_GOES_ON,
	CALL_FAILS, /* errno is set */
	CALL_IS_CUT /* reads or writes: some of the bytes alone */
};

/* Set while the shim itself works, whose own calls do not count. */
extern __thread int failcall_inside __attribute__((tls_model("initial-exec")));

/*
 * Count a call of the function name; fd is its descriptor, or -1.  Does not
 * return where the power goes.
 */
enum call_fate failcall(enum call_class class, const char *name, int fd);

/* The function of that name behind the shim's; ends the process without. */
void *failcall_next(const char *name);

/*
 * Power loss: what was written since the last sync is remembered, and when the
 * power goes some of it, page by page, was never written.  On only where
 * power_on was called; descriptors up to 2 are not looked at.
 */
void power_on(void);

/* Before len bytes are written at offset (-1: the descriptor's own). */
void power_write(int fd, off_t offset, const void *data, size_t len);

/* After a sync of fd went well; after a folder's own. */
void power_synced(int fd);

/* Before a name is made: whether it is one that can be lost. */
int power_is_new(const char *name);

/* After it was made by create, link or rename (from, else NULL). */
void power_named(const char *from, const char *name);

/*
 * Leave the files as a loss of power at this moment may: seed 0 drops all that
 * is not synced, 1 keeps all of it, others choose.  Then ends the process.
 */
_Noreturn void power_lost(unsigned long seed);

#endif
