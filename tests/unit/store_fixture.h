/*
 * store_fixture - a state of differ's for the tests of the store, and other
 * processes on it.
 */
#ifndef SLUICE_TESTS_STORE_FIXTURE_H
#define SLUICE_TESTS_STORE_FIXTURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/store.h"

#define MIB (1 << 20)

extern const char *const tables[];
extern char dir[256]; /* of the test; the state folder is dir/state */
extern char state[300];
extern char err[512]; /* of the last store_open */

/* What statfs says of the state folder's file system; 0: the truth. */
extern long fake_fs;
/* Locks that are shared with others cannot be had. */
extern int fail_shared;

/* No data file can be looked at by its name. */
extern int fail_lstat;

int setup(void **arg);
int teardown(void **arg);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

struct store_opts opts(enum store_mode mode);
struct store *must_open(const struct store_opts *o);
struct store *open_mode(enum store_mode mode);
/* It is not opened, with these words in err. */
void refused(const struct store_opts *o, enum store_error e, const char *words);

/* A row in a transaction of its own. */
enum store_error put(struct store *s, const char *table, uint64_t n,
    const void *val, size_t len);
/* Sixty rows of events, some of several pages. */
void fill_some(struct store *s);

/* Of a file in the state folder; two at a time. */
char *path(const char *name);
off_t data_size(void);

/* Run fn in a child that says one byte when it is where it should be. */
pid_t child(void (*fn)(int ready));
void tell(int ready);
int finish(pid_t pid); /* its status */
void end_child(pid_t pid);
/* In a child: opens, or ends it. */
struct store *child_open(enum store_mode mode);
/* For child(): the stage, which waits, or writes until its files are gone. */
void own_and_wait(int ready);
void write_for_ever(int ready);

#endif
