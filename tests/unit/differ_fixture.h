/*
 * What the tests of differ share: a state in a folder of its own, lines to
 * feed it, and what came out, summed up.
 *
 * A signal is summed up as
 *   ACTION #number symbol side size<old entry [exit] [pnl] [flags]
 */
#ifndef SLUICE_TESTS_DIFFER_FIXTURE_H
#define SLUICE_TESTS_DIFFER_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/store.h"
#include "differ/differ.h"
#include "tests/unit/scratch.h"

#define BASE 1735689600000ll /* 2025-01-01T00:00:00Z */
#define DAY 86400000ll

struct fixture {
	char dir[SCRATCH_SIZE];
	struct store *store;
	struct differ *d;
	struct buf said; /* all signal lines since the last says() */
};

/* cmocka's. */
int setup(void **state);
int teardown(void **state);

/* As a restart does. */
void open_state(struct fixture *f);
void close_state(struct fixture *f);

enum differ_result feed(struct fixture *f, const char *line);
void commit(struct fixture *f);

/* Commit, and compare what was said since the last time. */
void says(struct fixture *f, const char *expected);

/* Texts that live for 64 calls. */
const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *iso(int64_t ms);

/* A snapshot of linear USDT at `at` ms after BASE, its rows and records. */
const char *snap(int64_t at, const char *rows, const char *records);
const char *row(const char *symbol, const char *side, const char *size,
    const char *avg, const char *mark, int64_t seq, int64_t updated);
const char *record(const char *symbol, const char *side, const char *id,
    const char *size, const char *entry, const char *exit, const char *pnl,
    int64_t at);

/* A committed value, to be freed, or NULL. */
char *value(struct fixture *f, const char *table, const struct store_key *key);
char *account_row(struct fixture *f, const char *account, const char *kind,
    const char *category, const char *name);

/* The trade's row in `signals` has that text, or has it not. */
void row_has(struct fixture *f, uint64_t number, const char *part);
void row_lacks(struct fixture *f, uint64_t number, const char *part);

#endif
