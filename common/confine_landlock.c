/*
 * Landlock: see landlock(7), and Documentation/userspace-api/landlock.rst of
 * the kernel.  What is here was added by version: the headers of a machine
 * may be older than its kernel.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/confine_internal.h"

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2

/* Rights over files, and the version that knows them. */
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_REG (UINT64_C(1) << 8)
#define FS_ALL_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)	 /* 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)	 /* 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define FS_OF_FILES (FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE)

#define NET_BIND_TCP (UINT64_C(1) << 0)	   /* 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1) /* 4 */

#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0) /* 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)	       /* 6 */

#define PORT_DNS 53

struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct path_rule {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

struct port_rule {
	uint64_t allowed_access;
	uint64_t port;
};

/* What is ruled out wherever no rule allows it. */
static struct ruleset
handled(enum confine_net net, int version)
{
	struct ruleset r = { .handled_access_fs = FS_ALL_1 };

	if (version >= 2)
		r.handled_access_fs |= FS_REFER;
	if (version >= 3)
		r.handled_access_fs |= FS_TRUNCATE;
	if (version >= 4)
		r.handled_access_net = net == CONFINE_CLIENT
		    ? NET_BIND_TCP
		    : NET_BIND_TCP | NET_CONNECT_TCP;
	if (version >= 5)
		r.handled_access_fs |= FS_IOCTL_DEV;
	if (version >= 6)
		r.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return r;
}

static int
allow_path(int ruleset, int fd, unsigned access, uint64_t known)
{
	struct path_rule rule = { 0, fd };
	struct stat st;

	if (access & CONFINE_READ)
		rule.allowed_access |= FS_READ_FILE | FS_READ_DIR;
	if (access & CONFINE_WRITE)
		rule.allowed_access |=
		    FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG;
	if (access & CONFINE_REMOVE)
		rule.allowed_access |= FS_REMOVE_FILE;
	rule.allowed_access &= known;
	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	/* A rule that allows nothing is an error to the kernel. */
	if (rule.allowed_access == 0)
		return 0;
	return (int)syscall(
	    SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

static int
allow_port(int ruleset, uint16_t port)
{
	const struct port_rule rule = { NET_CONNECT_TCP, port };

	return (int)syscall(
	    SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0);
}

static int
allow_all(int ruleset, const struct confine *c, const struct ruleset *r)
{
	for (size_t i = 0; i < c->npaths; i++)
		if (allow_path(ruleset, c->paths[i].fd, c->paths[i].access,
			r->handled_access_fs) == -1)
			return -1;
	if (c->net != CONFINE_PORTS || r->handled_access_net == 0)
		return 0;
	for (size_t i = 0; i < c->nports; i++)
		if (allow_port(ruleset, c->ports[i]) == -1)
			return -1;
	return allow_port(ruleset, PORT_DNS);
}

int
confine_landlock(const struct confine *c, int *version, char *err, size_t size)
{
	struct ruleset r;
	int fd, rc = -1;

	*version = (int)syscall(
	    SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	if (*version <= 0) {
		/* Too old, built without, or switched off at boot. */
		*version = 0;
		return 0;
	}
	r = handled(c->net, *version);
	/* An older version takes what it does not know where that is 0. */
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, sizeof(r), 0);
	if (fd != -1 && allow_all(fd, c, &r) == 0)
		rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	if (rc == -1)
		(void)snprintf(err, size, "Landlock: %s", strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return rc;
}
