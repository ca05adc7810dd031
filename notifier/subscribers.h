/*
 * subscribers - what the commands of subscribers share.
 *
 * Whatever goes wrong ends the program with words, and nothing is changed.
 */
#ifndef SLUICE_NOTIFIER_SUBSCRIBERS_H
#define SLUICE_NOTIFIER_SUBSCRIBERS_H

#include "common/stage.h"
#include "common/store.h"
#include "notifier/roll.h"

struct command {
	struct stage stage;
	struct store *store;
	struct row roll;
};

/* 0 where there is no state yet, which only reading takes as an answer. */
int sub_open(struct command *c, enum store_mode mode);

/* A transaction; sub_check ends it and the program where e is an error. */
struct store_txn *sub_begin(struct command *c, int write);
void sub_commit(struct command *c, struct store_txn *t);
void sub_check(struct command *c, struct store_txn *t, enum store_error e);

/* A subscriber that must be there. */
void sub_get(struct command *c, struct store_txn *t, const char *id,
    struct subscriber *s);

/* Who is added anew, made active again or removed is not gone any more. */
void sub_close_alarm(struct command *c, struct store_txn *t, const char *id);

/* The value of an option, a whole number. */
int64_t sub_number(int option, const char *text, int64_t min, int64_t max);

/* To standard output; b is empty then. */
void sub_print(struct buf *b);

/* Only the command itself is expected. */
void sub_no_operand(int argc, char *argv[]);

/* The commands that have files of their own. */
void sub_add(struct command *c, int argc, char *argv[]);
void sub_set(struct command *c, int argc, char *argv[]);
void sub_import(struct command *c, int argc, char *argv[]);
void sub_invite(struct command *c, int argc, char *argv[]);
void sub_invites(struct command *c, int argc, char *argv[]);
void sub_revoke(struct command *c, int argc, char *argv[]);

#endif
