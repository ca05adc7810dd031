/*
 * roll - the table `subscribers`: who is to be told, where, for how much.
 *
 * Shared by notifier and the subscribers command, which write to it each in
 * transactions of their own: whoever changes a row reads it in the same one.
 */
#ifndef SLUICE_NOTIFIER_ROLL_H
#define SLUICE_NOTIFIER_ROLL_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/store.h"
#include "notifier/filter.h"
#include "notifier/row.h"

struct json;

/* Notifier's environment: its tables, NULL at the end, and their schema. */
extern const char *const notifier_tables[];
#define NOTIFIER_SCHEMA 1

#define ID_SIZE 65 /* 1 to 64 of A-Z a-z 0-9 . _ @ - */
#define CHANNEL_SIZE 16
#define ADDRESS_SIZE 256
#define BALANCE_MAX INT64_C(1000000000000)

struct subscriber {
	char id[ID_SIZE];
	char channel[CHANNEL_SIZE]; /* "telegram"; see channels.h */
	char address[ADDRESS_SIZE]; /* chat id or @name, URL; see there */
	int64_t balance;	    /* OPENs that are paid for, 0 or more */
	char lang[3];		    /* "ru", "en", or "": NOTIFY_LANG */
	int active; /* 0: gets nothing, as a chat that is gone */
	int paused; /* by the operator: not active, and not by themselves */
	int tester; /* gets the signals made by hand */
	struct filter filter;
	uint64_t ledger; /* number of their latest row there; 0: none yet */
};

/* 1 where s is UTF-8, as all that comes from a command line has to be. */
int roll_text_ok(const char *s);

/* 0 where every field may stand in the table; -1 with words in err. */
int roll_check(const struct subscriber *s, char *err, size_t size);

/*
 * An object as roll_write makes it.  id, channel and address must be there;
 * balance (0), lang (none), active (true), tester (false) and the lists of the
 * filter (empty) may be left out.  `ledger` is read where it is a number, as
 * in a row of the table; anything else is refused.  0, or -1 with words in err.
 */
int roll_parse(
    struct subscriber *s, const struct json *v, char *err, size_t size);

/* What a person may write, appended to b, without a newline. */
void roll_write(struct buf *b, const struct subscriber *s);

/* Its members, into the object that is open. */
void roll_write_members(struct buf *b, const struct subscriber *s);

/* STORE_NOTFOUND where there is none, STORE_BAD where the row is damaged. */
enum store_error roll_get(
    struct row *r, struct store_txn *t, const char *id, struct subscriber *out);

/*
 * The row, with `ledger`.  A change of the balance goes through ledger_change,
 * in the same transaction.
 */
enum store_error roll_put(struct store_txn *t, const struct subscriber *s);
enum store_error roll_del(struct store_txn *t, const char *id);

/*
 * Up to max subscribers behind `after` ("": from the first), in the order of
 * their ids.  *n of them; fewer than max means that these are the last.
 */
enum store_error roll_list(struct row *r, struct store_txn *t,
    const char *after, struct subscriber *out, size_t max, size_t *n);

/* The alarm that a subscriber was made inactive: its name. */
#define GONE_ALARM_SIZE (ID_SIZE + 16)
void roll_gone_alarm(char out[GONE_ALARM_SIZE], const char *id);

#endif
