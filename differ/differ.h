/*
 * differ - folds the poller's lines into the state and tells what changed.
 *
 * The work without the process: no clock, no descriptor, no log, no exit.
 * Lines go in by differ_line(); nothing is stored before differ_commit(); the
 * signal lines that came of them are in `out`, to be written only after that.
 * Where one commit ends and the next begins changes nothing in the events.
 */
#ifndef SLUICE_DIFFER_DIFFER_H
#define SLUICE_DIFFER_DIFFER_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/store.h"

struct account;
struct estimate;
struct json;
struct record;
struct scope;
struct state;

/* What became of a line. */
enum differ_result {
	DIFFER_TAKEN,
	DIFFER_IGNORED, /* of an unknown type, or not newer than what is known
			 */
	DIFFER_SKIPPED, /* not what its type needs */
	DIFFER_REFUSED, /* of another host or uid than its account's */
};

/* Something to be logged: about the line given last. */
enum note_level { NOTE_DEBUG, NOTE_WARN, NOTE_ERROR };
struct note {
	enum note_level level;
	char *text;
};

/* A signal that was made, for the log. */
struct told {
	uint64_t number;
	const char *action;
	char symbol[41];
};

struct differ {
	struct state *state;
	struct json_doc *doc;	/* of the line */
	struct json_keys keys;	/* what is read of a `positions` line */
	struct json_doc *aside; /* of rows that are looked up meanwhile */
	const char *account;	/* of trades that are made by hand */
	char journal[9];	/* "" until a first line was taken */
	char digest[9];		/* of the line, until then */
	uint64_t seq;		/* of the last event */
	uint64_t number;	/* of the last trade */

	struct account **accounts;
	size_t naccounts, accounts_cap;
	struct scope **scopes;
	size_t nscopes, scopes_cap;
	struct record **records; /* not used up, by time and order id */
	size_t nrecords, records_cap;
	struct estimate **estimates; /* by signal number */
	size_t nestimates, estimates_cap;

	struct buf out;	 /* signal lines, ready to be written */
	struct buf text; /* a row of the state, while it is made */
	struct buf row;	 /* one that is read */
	struct note *notes;
	size_t nnotes, notes_cap;
	struct told *told;
	size_t ntold, told_cap;
	char refused[72];  /* name of the account whose line was refused */
	const char *error; /* out of memory, in words; sticks */
};

/*
 * A differ for an open store, with what is in it.  account is the setting
 * ACCOUNT and must outlive it.  NULL with a message in err and errno: EBADMSG
 * for a damaged state, which is never taken for an empty one (F23); else ENOMEM
 * or EIO.
 */
struct differ *differ_new(
    struct store *store, const char *account, char *err, size_t size);
void differ_free(struct differ *d);

/* Take one line; text[len] must be writable.  Clears the notes first. */
enum differ_result differ_line(struct differ *d, char *text, size_t len);

/* Why no line can be taken and nothing committed any more, or NULL. */
const char *differ_failed(const struct differ *d);

/* The name of the i-th account that the state knows, i < d->naccounts. */
const char *differ_account(const struct differ *d, size_t i);

/* 1 where something waits for a commit. */
int differ_dirty(const struct differ *d);

/*
 * Commit all that came of the lines since the last time.  After STORE_OK the
 * caller writes d->out and clears it with differ_said(); after anything else
 * nothing is stored, nothing may be written, and the call can be repeated.
 * also, unless NULL, adds rows to the transaction (0 to go on).
 */
enum store_error differ_commit(
    struct differ *d, int (*also)(struct store_txn *t, void *arg), void *arg);
void differ_said(struct differ *d);

/*
 * For the files of this folder.  The line is one that the state takes: called
 * before anything comes of it.  And something to be logged about it.
 */
void differ_took(struct differ *d);
void differ_note(struct differ *d, enum note_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
