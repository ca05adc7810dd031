/*
 * endpoint_fixture - inputs and outputs, what is at their other ends, and
 * standard input and output that are put back after each test.
 */
#ifndef SLUICE_TESTS_ENDPOINT_FIXTURE_H
#define SLUICE_TESTS_ENDPOINT_FIXTURE_H

#include <sys/types.h>

#include "common/endpoint.h"
#include "tests/unit/scratch.h"

extern char dir[SCRATCH_SIZE];
extern char path[80];	  /* of a socket in it */
extern char endpoint[96]; /* unix:path */
extern char err[512];	  /* of the last that was opened */

int setup(void **arg);
int teardown(void **arg);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

void pause_ms(int ms);

/* Standard input or output becomes a pipe; its other end. */
int pipe_to_stdin(void);
int pipe_from_stdout(void);
void back_to_stdout(void);

struct input *open_in(const char *name);
struct output *open_out(enum output_policy policy, const char *name);

/* All of it, or the process ends. */
void write_all(int fd, const char *p, size_t len);

/* The next thing that is not INPUT_WAIT, two seconds at the most. */
enum input_status next(struct input *in, struct input_line *l);
/* Nothing to read for 100 ms, while peers come and go. */
void expect_nothing(struct input *in);
/* This line is next; from may be NULL. */
void expect_line(struct input *in, const char *text, const char *from);

/* To path, without being an output; -1 where nobody takes it. */
int raw_connect(void);
/* A socket that listens without being an input. */
int raw_listen(const char *where);

/* A child that does this; and its end, with that status. */
pid_t start(void (*fn)(void *), void *arg);
void finish(pid_t pid, int want);

#endif
