/*
 * build - of which sources the programs were made.
 */
#ifndef SLUICE_BUILD_H
#define SLUICE_BUILD_H

/* "0.1 (6d1f0c2a9b3e)": the version, and a hash of all sources. */
extern const char build_version[];

/* The hash alone: programs that work together must have the same. */
extern const char build_id[];

#endif
