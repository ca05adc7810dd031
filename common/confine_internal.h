/*
 * confine_internal - the two of the kernel's means; for the files of confine
 * alone.
 */
#ifndef SLUICE_CONFINE_INTERNAL_H
#define SLUICE_CONFINE_INTERNAL_H

#include "common/confine.h"

/* 0 or -1 as of confine(); *version 0 where the kernel has no Landlock. */
int confine_landlock(
    const struct confine *c, int *version, char *err, size_t size);

/* As above; *done 0 where the kernel, or this machine's, is not known. */
int confine_seccomp(enum confine_net net, int *done, char *err, size_t size);

#endif
