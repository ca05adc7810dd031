/*
 * invites - codes that make a Telegram user a subscriber: table `invites`.
 *
 *   invites     id                        one code: what for, who used it
 *
 * The code itself is in no row: a hash of it is, so that who reads the state,
 * or a backup, cannot use one.  id is the beginning of that hash.  A code is
 * good for one person, once; the ledger names the id of those that were used.
 */
#ifndef SLUICE_NOTIFIER_INVITES_H
#define SLUICE_NOTIFIER_INVITES_H

#include <stdint.h>

#include "common/store.h"
#include "notifier/roll.h"

struct buf;

/*
 * 24 of A-Z a-z 0-9, 142 bits: all of it in what Telegram's /start takes, A-Z
 * a-z 0-9 _ - up to 64.
 */
#define INVITE_CODE_SIZE 25

#define INVITE_ID_SIZE 13   /* 12 hex digits */
#define INVITE_HASH_SIZE 65 /* SHA-256 in hex digits */

struct invite {
	char id[INVITE_ID_SIZE];
	char hash[INVITE_HASH_SIZE];
	int64_t balance;
	char lang[3]; /* "ru", "en", or "": NOTIFY_LANG */
	int64_t made_ms;
	int64_t expires_ms;
	int64_t used_ms;	  /* 0: not yet */
	char subscriber[ID_SIZE]; /* who used it, or "" */
};

/* A new code, and id and hash of it in *v.  0, or -1 without libcrypto. */
int invite_draw(struct invite *v, char code[INVITE_CODE_SIZE]);

/* "open", "used" or "expired". */
const char *invite_state(const struct invite *v, int64_t now_ms);

/* When it was used, or expires: from then on it is good for nobody else. */
int64_t invite_over_ms(const struct invite *v);

/* As a person sees it: an object with its state, and without the hash. */
void invite_write(struct buf *b, const struct invite *v, int64_t now_ms);

/*
 * The row of a code, whatever its state; STORE_NOTFOUND where there is none.
 * STORE_BAD with r->error for a row that cannot be read, here and below.
 */
enum store_error invite_find(
    struct row *r, struct store_txn *t, const char *code, struct invite *out);

enum store_error invite_get(
    struct row *r, struct store_txn *t, const char *id, struct invite *out);
enum store_error invite_put(struct store_txn *t, const struct invite *v);
enum store_error invite_del(struct store_txn *t, const char *id);

/* Up to max behind `after` ("": from the first), by id; *n of them. */
enum store_error invite_list(struct row *r, struct store_txn *t,
    const char *after, struct invite *out, size_t max, size_t *n);

#endif
