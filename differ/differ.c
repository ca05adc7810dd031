#include "differ/differ.h"

#include <errno.h>
#include <sha256.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/killpoint.h"
#include "common/limits.h"
#include "differ/account.h"
#include "differ/array.h"
#include "differ/executions.h"
#include "differ/manual.h"
#include "differ/model.h"
#include "differ/read.h"
#include "differ/scope.h"
#include "differ/snapshot.h"
#include "differ/state.h"

/* Signal lines of one batch: a line with 8,000 changes makes 4 MB of them. */
#define OUT_SIZE_MAX (64u << 20)

static void
journal_key(struct store_key *key)
{
	store_key_init(key);
	store_key_str(key, "journal");
}

/* What the state says; a state without a journal is a new one. */
static void
load(struct differ *d)
{
	struct store_key key;
	const struct json *v;

	journal_key(&key);
	v = read_row(d, "journal", &key);
	if (v != NULL &&
	    read_copy(v, "journal", d->journal, sizeof(d->journal)) == -1)
		state_damaged(d->state, "journal", "the journal has no name");
	d->seq = state_last(d->state, "events");
	d->number = state_last(d->state, "signals");
	if (d->seq > 0 && d->journal[0] == '\0')
		state_damaged(
		    d->state, "journal", "the journal's name is lost");
	(void)scopes_load(d);
}

struct differ *
differ_new(struct store *store, const char *account, char *err, size_t size)
{
	struct differ *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->state = state_new(store);
	if (d == NULL || d->state == NULL) {
		(void)snprintf(err, size, "out of memory");
		differ_free(d);
		errno = ENOMEM;
		return NULL;
	}
	d->account = account;
	d->doc = json_new();
	snapshot_keys(&d->keys);
	buf_init(&d->out, OUT_SIZE_MAX);
	buf_init(&d->text, 2 * LINE_SIZE_MAX);
	buf_init(&d->row, 2 * LINE_SIZE_MAX);
	load(d);
	if (differ_failed(d) != NULL) {
		int error = state_is_damaged(d->state) ? EBADMSG : EIO;

		(void)snprintf(err, size, "%s", differ_failed(d));
		differ_free(d);
		errno = error;
		return NULL;
	}
	return d;
}

static void
clear_notes(struct differ *d)
{
	for (size_t i = 0; i < d->nnotes; i++)
		free(d->notes[i].text);
	d->nnotes = 0;
}

void
differ_free(struct differ *d)
{
	if (d == NULL)
		return;
	clear_notes(d);
	free(d->notes);
	free(d->told);
	for (size_t i = 0; i < d->nrecords; i++)
		free(d->records[i]);
	free(d->records);
	for (size_t i = 0; i < d->nestimates; i++)
		free(d->estimates[i]);
	free(d->estimates);
	for (size_t i = 0; i < d->nscopes; i++)
		scope_free(d->scopes[i]);
	free(d->scopes);
	for (size_t i = 0; i < d->naccounts; i++)
		free(d->accounts[i]);
	free(d->accounts);
	buf_release(&d->out);
	buf_release(&d->text);
	buf_release(&d->row);
	json_free(d->doc);
	json_free(d->aside);
	state_free(d->state);
	free(d);
}

void
differ_note(struct differ *d, enum note_level level, const char *fmt, ...)
{
	struct note *v =
	    array_room(d->notes, &d->notes_cap, d->nnotes + 1, sizeof(*v));
	char *text = NULL;
	va_list ap;

	if (v != NULL) {
		d->notes = v;
		va_start(ap, fmt);
		if (vasprintf(&text, fmt, ap) == -1)
			text = NULL;
		va_end(ap);
	}
	if (text == NULL) {
		d->error = "out of memory";
		return;
	}
	v[d->nnotes++] = (struct note){ .level = level, .text = text };
}

void
differ_took(struct differ *d)
{
	struct store_key key;

	if (d->journal[0] != '\0')
		return;
	memcpy(d->journal, d->digest, sizeof(d->journal));
	journal_key(&key);
	buf_clear(&d->text);
	json_open_object(&d->text, NULL);
	json_put_string(&d->text, "journal", d->journal);
	json_close_object(&d->text);
	if (buf_failed(&d->text))
		d->error = "out of memory";
	else
		state_put(d->state, "journal", &key, d->text.p, d->text.len);
}

static int
take_executions(struct differ *d, struct account *a, const struct json *line,
    const char *type, int64_t time, const char **why)
{
	const struct json *list = json_get(line, "list");
	int c = category_parse(read_string(line, "category", ""));

	(void)type;
	(void)time;
	if (c == -1)
		*why = "category is not known";
	else if (list == NULL || json_type(list) != JSON_ARRAY)
		*why = "list is missing";
	else {
		if (c != CATEGORY_SPOT)
			executions_take(d, a, (enum category)c, list);
		return 1;
	}
	return -1;
}

static int
take_positions(struct differ *d, struct account *a, const struct json *line,
    const char *type, int64_t time, const char **why)
{
	(void)type;
	return snapshot_take(d, a, line, time, why);
}

static int
take_wallet(struct differ *d, struct account *a, const struct json *line,
    const char *type, int64_t time, const char **why)
{
	(void)type;
	return account_wallet(d, a, line, time, why);
}

static int
take_heartbeat(struct differ *d, struct account *a, const struct json *line,
    const char *type, int64_t time, const char **why)
{
	(void)type;
	return account_heartbeat(d, a, line, time, why);
}

/* What an account's line of each type does. */
static const struct {
	const char *type;
	int (*take)(struct differ *d, struct account *a,
	    const struct json *line, const char *type, int64_t time,
	    const char **why);
} types[] = {
	{ "positions", take_positions },
	{ "heartbeat", take_heartbeat },
	{ "wallet", take_wallet },
	{ "tickers", account_list },
	{ "executions", take_executions },
	{ "instruments", account_list },
};
#define NTYPES (sizeof(types) / sizeof(types[0]))

static enum differ_result
skip(struct differ *d, const char *why)
{
	differ_note(d, NOTE_WARN, "skipping a line: %s", why);
	return DIFFER_SKIPPED;
}

static enum differ_result
refuse(struct differ *d, const struct account *a, const struct json *line)
{
	(void)snprintf(d->refused, sizeof(d->refused), "%s", a->name);
	differ_note(d, NOTE_ERROR,
	    "refused: the line is of uid '%s' on host '%s', but account '%s' "
	    "of this state is uid '%s' on host '%s'",
	    read_scalar(line, "uid"), read_scalar(line, "host"), a->name,
	    a->uid, a->host);
	return DIFFER_REFUSED;
}

static enum differ_result
take(struct differ *d, const struct json *line, size_t which, int64_t time)
{
	char name[ACCOUNT_SIZE];
	const char *why = "";
	struct account *a;

	if (read_copy(line, "account", name, sizeof(name)) == -1)
		return skip(d, "account is missing or too long");
	a = account_get(d, name);
	if (a == NULL)
		return DIFFER_SKIPPED;
	if (!account_knows(a, line))
		return refuse(d, a, line);
	switch (types[which].take(d, a, line, types[which].type, time, &why)) {
	case 1:
		differ_took(d);
		account_remember(d, a, line);
		return DIFFER_TAKEN;
	case 0:
		differ_note(d, NOTE_DEBUG, "not newer than what is known");
		return DIFFER_IGNORED;
	default:
		return skip(d, why);
	}
}

enum differ_result
differ_line(struct differ *d, char *text, size_t len)
{
	char digest[SHA256_DIGEST_STRING_LENGTH];
	const struct json *line;
	const char *type, *why = "";
	int64_t time;
	size_t i = 0;

	clear_notes(d);
	if (d->journal[0] == '\0') {
		(void)SHA256Data((const uint8_t *)text, len, digest);
		memcpy(d->digest, digest, sizeof(d->digest) - 1);
	}
	/* Of most that comes, a third is read: other lines once more, whole. */
	line = json_parse_keys(d->doc, text, len, &d->keys);
	type = line == NULL ? NULL : json_string(json_get(line, "type"));
	if (type != NULL && strcmp(type, "positions") != 0) {
		line = json_parse(d->doc, text, len);
		type =
		    line == NULL ? NULL : json_string(json_get(line, "type"));
	}
	if (line == NULL)
		return skip(d, json_error(d->doc));
	if (json_type(line) != JSON_OBJECT)
		return skip(d, "not a JSON object");
	if (type == NULL)
		return skip(d, "type is missing");
	while (i < NTYPES && strcmp(types[i].type, type) != 0)
		i++;
	if (i == NTYPES && strcmp(type, "manual") != 0) {
		differ_note(d, NOTE_DEBUG, "of no type that is used here");
		return DIFFER_IGNORED;
	}
	if (json_time(json_get(line, "time"), &time) == -1 || time <= 0)
		return skip(d,
		    "time is missing, or not like "
		    "2023-12-07T10:30:00.000Z");
	if (i < NTYPES)
		return take(d, line, i, time);
	if (manual_take(d, line, time, &why) == -1)
		return skip(d, why);
	return DIFFER_TAKEN;
}

const char *
differ_failed(const struct differ *d)
{
	if (d->error != NULL)
		return d->error;
	return state_failed(d->state);
}

const char *
differ_account(const struct differ *d, size_t i)
{
	return d->accounts[i]->name;
}

int
differ_dirty(const struct differ *d)
{
	for (size_t i = 0; i < d->nscopes; i++)
		if (d->scopes[i]->dirty)
			return 1;
	return state_dirty(d->state);
}

enum store_error
differ_commit(
    struct differ *d, int (*also)(struct store_txn *t, void *arg), void *arg)
{
	scopes_store(d);
	if (differ_failed(d) != NULL)
		return STORE_FAIL;
	kill_point("K11");
	return state_commit(d->state, also, arg);
}

void
differ_said(struct differ *d)
{
	buf_clear(&d->out);
	d->ntold = 0;
}
