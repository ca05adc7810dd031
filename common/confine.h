/*
 * confine - what a process can still do once it has what it needs.
 *
 * For good, for itself and for each thread that it makes later: no new
 * privileges, no capability, and, as far as the kernel has them, Landlock
 * (files, TCP ports, signals) and seccomp (calls that none of the programs
 * ever makes).  Landlock says what is allowed; seccomp says what is not, with
 * EPERM, so that a library of tomorrow which calls something else still works.
 */
#ifndef SLUICE_CONFINE_H
#define SLUICE_CONFINE_H

#include <stddef.h>
#include <stdint.h>

#define CONFINE_PATHS_MAX 32
#define CONFINE_PORTS_MAX 4

enum confine_access {
	CONFINE_READ = 1 << 0,
	CONFINE_WRITE = 1 << 1,	 /* to files that are there, and new ones */
	CONFINE_REMOVE = 1 << 2, /* and rename */
};

enum confine_net {
	CONFINE_LOCAL,	/* Unix sockets; what listens already, goes on */
	CONFINE_PORTS,	/* … and UDP, and TCP to these ports and to DNS */
	CONFINE_CLIENT, /* … and UDP, and TCP to any port */
};

struct confine {
	enum confine_net net;
	uint16_t ports[CONFINE_PORTS_MAX];
	size_t nports;
	/* A file, or a folder and all that is and will be below it. */
	struct {
		int fd;
		unsigned access; /* enum confine_access */
	} paths[CONFINE_PATHS_MAX];
	size_t npaths;
	int error; /* of adding one of them, or 0 */
};

/* What the kernel had. */
struct confined {
	int landlock; /* its version: 4 and up knows ports, 6 signals; 0: none
		       */
	int seccomp;  /* 1, or 0 */
};

/*
 * A path that stays open for that access; several of the same add up.  One
 * that is not there, or not for us, is left out; any other error is told by
 * confine().
 */
void confine_path(struct confine *c, const char *path, unsigned access);

/* The same for the folder that a path lies in. */
void confine_parent(struct confine *c, const char *path, unsigned access);

/*
 * To read the folder of a file that is read again later, when another may have
 * been renamed into its place; where path is a link, the file's own folder,
 * too, or, where that is not there yet, what it will be made in.
 */
void confine_file(struct confine *c, const char *path);

/*
 * Before there are threads.  0; or -1 with a message in err, and the process
 * is as it was, or confined in part: it must not go on.
 */
int confine(struct confine *c, struct confined *done, char *err, size_t size);

#endif
