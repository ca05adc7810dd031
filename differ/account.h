/*
 * account - what an account's lines say beside positions: who it is, equity
 * and day, tickers, instruments, heartbeats (table `account`).
 */
#ifndef SLUICE_DIFFER_ACCOUNT_H
#define SLUICE_DIFFER_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"
#include "common/store.h"

struct account;
struct differ;
struct json;

/* The account of that name, made if need be.  NULL without memory. */
struct account *account_get(struct differ *d, const char *name);

/* Key of a row: kind of an account, category and name or "". */
void account_key(struct store_key *k, const char *account, const char *kind,
    const char *category, const char *name);

/*
 * Whether a line is from the host and uid that the account's lines come from;
 * account_remember keeps them once a line of it is taken.  1 or 0.
 */
int account_knows(const struct account *a, const struct json *line);
void account_remember(
    struct differ *d, struct account *a, const struct json *line);

/* Add a record's P&L to the UTC day of its time. */
void account_closed(struct differ *d, const struct account *a, int64_t time,
    struct decimal pnl);

/*
 * The lines of these types.  text is the line.  1 where it was taken, 0 where
 * it is not newer than what is there, -1 with the reason in *why.
 */
int account_wallet(struct differ *d, struct account *a, const struct json *line,
    int64_t time, const char **why);
int account_list(struct differ *d, struct account *a, const struct json *line,
    const char *type, int64_t time, const char **why);
int account_heartbeat(struct differ *d, struct account *a,
    const struct json *line, int64_t time, const char **why);

#endif
