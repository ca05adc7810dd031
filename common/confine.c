#include "common/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/confine_internal.h"

void
confine_path(struct confine *c, const char *path, unsigned access)
{
	int fd;

	if (c->npaths == CONFINE_PATHS_MAX) {
		c->error = E2BIG;
		return;
	}
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd == -1) {
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			c->error = errno;
		return;
	}
	c->paths[c->npaths].fd = fd;
	c->paths[c->npaths].access = access;
	c->npaths++;
}

void
confine_parent(struct confine *c, const char *path, unsigned access)
{
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s", path) < (int)sizeof(name))
		confine_path(c, dirname(name), access);
}

void
confine_file(struct confine *c, const char *path)
{
	char real[PATH_MAX] = "";

	confine_parent(c, path, CONFINE_READ);
	/*
	 * Of a link to what is not there yet glibc names the first part that
	 * is missing.  What lies beside that must not be the whole system.
	 */
	if (realpath(path, real) != NULL ||
	    (errno == ENOENT && strchr(real + 1, '/') != NULL))
		confine_parent(c, real, CONFINE_READ);
}

/* Whatever root, or who has CAP_NET_BIND_SERVICE, could do beyond others. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	return (int)syscall(SYS_capset, &head, none);
}

static int
restrict_all(
    const struct confine *c, struct confined *done, char *err, size_t size)
{
	if (c->error != 0) {
		(void)snprintf(err, size,
		    "unable to name what may be opened: %s",
		    strerror(c->error));
		return -1;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		(void)snprintf(err, size,
		    "unable to rule out new privileges: %s", strerror(errno));
		return -1;
	}
	if (confine_landlock(c, &done->landlock, err, size) == -1)
		return -1;
	if (drop_capabilities() == -1) {
		(void)snprintf(err, size, "unable to drop capabilities: %s",
		    strerror(errno));
		return -1;
	}
	return confine_seccomp(c->net, &done->seccomp, err, size);
}

int
confine(struct confine *c, struct confined *done, char *err, size_t size)
{
	int rc = restrict_all(c, done, err, size);

	while (c->npaths > 0)
		(void)close(c->paths[--c->npaths].fd);
	return rc;
}
