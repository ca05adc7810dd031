#include "notifier/roll.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"
#include "notifier/channels.h"

#define TABLE "subscribers"

const char *const notifier_tables[] = { "subscribers", "recipients",
	"deliveries", "pending", "messages", "journals", "told", "ledger",
	"invites", "bot", NULL };

static const char id_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";

static int
bad(char *err, size_t size, const char *what, const char *value,
    const char *expected)
{
	(void)snprintf(
	    err, size, "%s '%.80s': expected %s", what, value, expected);
	return -1;
}

int
roll_text_ok(const char *s)
{
	size_t len = strlen(s), n;

	for (; len > 0; s += n, len -= n) {
		n = utf8_len(s, len);
		if (n == 0)
			return 0;
	}
	return 1;
}

int
roll_check(const struct subscriber *s, char *err, size_t size)
{
	if (s->id[0] == '\0' || s->id[strspn(s->id, id_letters)] != '\0')
		return bad(
		    err, size, "id", s->id, "1 to 64 of A-Z a-z 0-9 . _ @ -");
	if (channel_check(s->channel, s->address, err, size) == -1)
		return -1;
	if (s->balance < 0 || s->balance > BALANCE_MAX) {
		(void)snprintf(err, size, "balance %lld: expected 0 to %lld",
		    (long long)s->balance, (long long)BALANCE_MAX);
		return -1;
	}
	if (s->lang[0] != '\0' && strcmp(s->lang, "ru") != 0 &&
	    strcmp(s->lang, "en") != 0)
		return bad(err, size, "lang", s->lang, "ru or en");
	return 0;
}

static int
take_text(char *to, size_t cap, const struct json *v, const char *name,
    char *err, size_t size)
{
	const char *s = json_string(v);

	if (s == NULL) {
		(void)snprintf(err, size, "%s: expected a string", name);
		return -1;
	}
	if (strlen(s) >= cap) {
		(void)snprintf(
		    err, size, "%s: expected at most %zu bytes", name, cap - 1);
		return -1;
	}
	memcpy(to, s, strlen(s) + 1);
	return 0;
}

static int
take_flag(
    int *to, const struct json *v, const char *name, char *err, size_t size)
{
	if (v == NULL || json_bool(v, to) == 0)
		return 0;
	(void)snprintf(err, size, "%s: expected true or false", name);
	return -1;
}

enum member {
	ID,
	CHANNEL,
	ADDRESS,
	BALANCE,
	LANG,
	ACTIVE,
	PAUSED,
	TESTER,
	LEDGER,
	MEMBERS,
};

static const char *const names[] = {
	[ID] = "id",
	[CHANNEL] = "channel",
	[ADDRESS] = "address",
	[BALANCE] = "balance",
	[LANG] = "lang",
	[ACTIVE] = "active",
	[PAUSED] = "paused",
	[TESTER] = "tester",
	[LEDGER] = "ledger",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == MEMBERS,
    "a member of a subscriber without its name");

/*
 * The members by name, and whether there are some of the filter.  A misspelt
 * "balance" must not be a balance of 0.
 */
static int
find_members(const struct json *v, const struct json *in[MEMBERS],
    int *filtered, char *err, size_t size)
{
	const char *key;
	size_t i;

	for (const struct json *m = json_first(v); m != NULL;
	     m = json_next(m)) {
		key = json_key(m);
		for (i = 0; i < MEMBERS; i++)
			if (names[i][0] == key[0] && strcmp(names[i], key) == 0)
				break;
		if (i < MEMBERS)
			in[i] = m;
		else if (filter_is(key))
			*filtered = 1;
		else
			return bad(err, size, "member", key,
			    "id, channel, address, balance, lang, active, "
			    "paused, tester, " FILTER_NAMES);
	}
	return 0;
}

static int
take_filter(struct filter *f, const struct json *v, char *err, size_t size)
{
	for (const struct json *m = json_first(v); m != NULL; m = json_next(m))
		if (filter_is(json_key(m)) &&
		    filter_read(f, json_key(m), m, err, size) == -1)
			return -1;
	return 0;
}

int
roll_parse(struct subscriber *s, const struct json *v, char *err, size_t size)
{
	struct subscriber new = { .active = 1 };
	const struct json *in[MEMBERS] = { NULL };
	int64_t ledger = 0;
	int filtered = 0;

	if (v == NULL || json_type(v) != JSON_OBJECT) {
		(void)snprintf(err, size, "expected a JSON object");
		return -1;
	}
	if (find_members(v, in, &filtered, err, size) == -1)
		return -1;
	if (take_text(new.id, sizeof(new.id), in[ID], "id", err, size) == -1 ||
	    take_text(new.channel, sizeof(new.channel), in[CHANNEL], "channel",
		err, size) == -1 ||
	    take_text(new.address, sizeof(new.address), in[ADDRESS], "address",
		err, size) == -1 ||
	    (in[LANG] != NULL &&
		take_text(new.lang, sizeof(new.lang), in[LANG], "lang", err,
		    size) == -1) ||
	    take_flag(&new.active, in[ACTIVE], "active", err, size) == -1 ||
	    take_flag(&new.paused, in[PAUSED], "paused", err, size) == -1 ||
	    take_flag(&new.tester, in[TESTER], "tester", err, size) == -1)
		return -1;
	if (in[BALANCE] != NULL &&
	    json_int(in[BALANCE], 0, BALANCE_MAX, &new.balance) == -1) {
		(void)snprintf(err, size,
		    "balance: expected a whole number from 0 to %lld",
		    (long long)BALANCE_MAX);
		return -1;
	}
	if (new.paused)
		new.active = 0;
	(void)json_int(in[LEDGER], 0, INT64_MAX, &ledger);
	new.ledger = (uint64_t)ledger;
	if ((filtered && take_filter(&new.filter, v, err, size) == -1) ||
	    roll_check(&new, err, size) == -1)
		return -1;
	*s = new;
	return 0;
}

void
roll_write_members(struct buf *b, const struct subscriber *s)
{
	json_put_string(b, "id", s->id);
	json_put_string(b, "channel", s->channel);
	json_put_string(b, "address", s->address);
	json_put_int(b, "balance", s->balance);
	if (s->lang[0] != '\0')
		json_put_string(b, "lang", s->lang);
	json_put_bool(b, "active", s->active);
	if (s->paused)
		json_put_bool(b, "paused", 1);
	json_put_bool(b, "tester", s->tester);
	filter_write(b, &s->filter);
}

void
roll_write(struct buf *b, const struct subscriber *s)
{
	json_open_object(b, NULL);
	roll_write_members(b, s);
	json_close_object(b);
}

static enum store_error
read_row(struct row *r, const char *id, const char *val, size_t len, void *out)
{
	const struct json *v = json_parse_copy(r->doc, &r->text, val, len);
	char why[256];

	if (v == NULL)
		(void)snprintf(why, sizeof(why), "%s", json_error(r->doc));
	else if (roll_parse(out, v, why, sizeof(why)) == 0)
		return STORE_OK;
	return row_bad(
	    r, "the row of subscriber '%.64s' cannot be read: %.150s", id, why);
}

enum store_error
roll_get(
    struct row *r, struct store_txn *t, const char *id, struct subscriber *out)
{
	return row_find(r, t, TABLE, id, read_row, out);
}

enum store_error
roll_put(struct store_txn *t, const struct subscriber *s)
{
	struct store_key key;
	struct buf b;

	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	roll_write_members(&b, s);
	if (s->ledger != 0)
		json_put_int(&b, "ledger", (int64_t)s->ledger);
	json_close_object(&b);
	row_key(&key, s->id);
	return row_put(t, TABLE, &key, &b);
}

enum store_error
roll_del(struct store_txn *t, const char *id)
{
	return row_del(t, TABLE, id);
}

enum store_error
roll_list(struct row *r, struct store_txn *t, const char *after,
    struct subscriber *out, size_t max, size_t *n)
{
	return row_list(
	    r, t, TABLE, after, read_row, out, sizeof(*out), max, n);
}

void
roll_gone_alarm(char out[GONE_ALARM_SIZE], const char *id)
{
	(void)snprintf(out, GONE_ALARM_SIZE, "subscriber %s", id);
}
