#include "notifier/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/stage.h"
#include "notifier/invites.h"
#include "notifier/ledger.h"
#include "notifier/templates.h"

#define TRADES_MAX 20 /* that /status names */

/* One command under way. */
struct task {
	struct commands *c;
	struct store_txn *t;
	const struct said *said;
	int again;
	struct moment now;
	struct buf *b;
	struct done *done;
	struct subscriber s; /* who wrote it; id is "" for nobody we know */
	int skipped;	     /* there was no time to look who that is */
};

/* Of who is no subscriber, or has chosen none, it is NOTIFY_LANG. */
static const char *
lang_of(const struct task *k)
{
	return k->s.lang[0] != '\0' ? k->s.lang : k->c->n->o.lang;
}

int
commands_heard(struct commands *c, const struct said *said, struct moment now)
{
	if (said->command == COMMAND_NONE || !said->alone)
		return 0;
	if (!throttle_allows(
		&c->throttle, THROTTLE_COMMAND, said->user, now.mono_ms))
		return 0;
	if (said->command != COMMAND_START || said->words[0] == '\0')
		return 1;
	return throttle_allows(
		   &c->throttle, THROTTLE_CODE, said->user, now.mono_ms) &&
	    throttle_allows(
		&c->throttle, THROTTLE_CODES, said->user, now.mono_ms);
}

/* The section, of which nothing is left out; a text that fails is none. */
static enum store_error
say(struct task *k, enum section section, const struct values *v)
{
	(void)template_put(k->b, k->c->n->o.templates, section, lang_of(k), v);
	return STORE_OK;
}

static void
value_whole(struct values *v, enum field f, int64_t n)
{
	value_decimal(v, f, decimal_from_int(n));
}

static enum store_error
say_balance(struct task *k, enum section section, int64_t change)
{
	struct values v = { 0 };

	value_whole(&v, FIELD_BALANCE, k->s.balance);
	value_whole(&v, FIELD_CHANGE, change);
	return say(k, section, &v);
}

/* The row of s is to be as it is in the task; only the first time. */
static enum store_error
save(struct task *k, const char *what)
{
	char name[GONE_ALARM_SIZE];

	k->done->what = what;
	memcpy(k->done->subscriber, k->s.id, sizeof(k->done->subscriber));
	if (k->s.active) {
		/* Who writes to us is not gone any more. */
		roll_gone_alarm(name, k->s.id);
		if (alarm_put(k->t, name, 0, "they wrote to the bot",
			k->now.wall_ms) == -1)
			return STORE_FAIL;
	}
	return roll_put(k->t, &k->s);
}

struct search {
	char part[64]; /* of the row that is looked for */
	char id[ID_SIZE];
};

static int
look_at_row(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct search *h = arg;
	const char *id = key;

	if (memmem(val, vlen, h->part, strlen(h->part)) == NULL ||
	    klen > sizeof(h->id) || id[klen - 1] != '\0')
		return 0;
	memcpy(h->id, id, klen);
	return 1;
}

/*
 * The subscriber whose chat this is, added by hand under another id.  Rows are
 * searched as text: the members stand in them in this order (roll_write), and
 * no quote can stand in a value unescaped.
 */
static enum store_error
find_by_chat(struct task *k)
{
	struct search h = { .id = "" };
	enum store_error e;

	if (!throttle_allows(&k->c->throttle, THROTTLE_LOOKUP, k->said->user,
		k->now.mono_ms)) {
		k->skipped = 1;
		return STORE_NOTFOUND;
	}
	(void)snprintf(h.part, sizeof(h.part),
	    "\"channel\":\"telegram\",\"address\":\"%" PRId64 "\"",
	    k->said->user);
	e = store_scan(k->t, "subscribers", "", 0, look_at_row, &h);
	if (e != STORE_OK)
		return e;
	if (h.id[0] == '\0')
		return STORE_NOTFOUND;
	return roll_get(&k->c->n->roll, k->t, h.id, &k->s);
}

static enum store_error
find_subscriber(struct task *k)
{
	char id[ID_SIZE];
	enum store_error e;

	(void)snprintf(id, sizeof(id), "tg%" PRId64, k->said->user);
	e = roll_get(&k->c->n->roll, k->t, id, &k->s);
	if (e == STORE_NOTFOUND)
		e = find_by_chat(k);
	if (e == STORE_NOTFOUND)
		memset(&k->s, 0, sizeof(k->s));
	return e == STORE_NOTFOUND ? STORE_OK : e;
}

/* A row for who had none. */
static void
join(struct task *k, const struct invite *v)
{
	k->s = (struct subscriber){ .channel = "telegram" };
	(void)snprintf(k->s.id, sizeof(k->s.id), "tg%" PRId64, k->said->user);
	(void)snprintf(
	    k->s.address, sizeof(k->s.address), "%" PRId64, k->said->chat);
	memcpy(k->s.lang, v->lang, sizeof(k->s.lang));
}

/* The code is theirs now: the balance, and the invite is used. */
static enum store_error
redeem(struct task *k, struct invite *v)
{
	struct reason why = {
		.why = WHY_INVITE, .time_ms = k->now.wall_ms, .note = v->id
	};
	int known = k->s.id[0] != '\0';
	enum store_error e;

	if (!known)
		join(k, v);
	k->s.active = 1;
	v->used_ms = k->now.wall_ms;
	memcpy(v->subscriber, k->s.id, sizeof(v->subscriber));
	e = ledger_change(k->t, &k->s, v->balance, &why);
	if (e == STORE_OK)
		e = save(k, known ? "a code was redeemed" : "a new subscriber");
	if (e == STORE_OK)
		e = invite_put(k->t, v);
	if (e != STORE_OK)
		return e;
	memcpy(k->done->invite, v->id, sizeof(k->done->invite));
	return say_balance(
	    k, known ? SECTION_CREDITED : SECTION_JOINED, v->balance);
}

static enum store_error
set_active(struct task *k, int active, enum section a)
{
	enum store_error e = STORE_OK;

	if (!k->again && k->s.active != active) {
		k->s.active = active;
		e = save(k,
		    active ? "a subscriber is active again"
			   : "a subscriber paused");
	}
	return e == STORE_OK ? say_balance(k, a, 0) : e;
}

/*
 * Whatever is wrong with a code, the answer is the same.  Who sends one that
 * they redeemed before is a subscriber who wants to begin.
 */
static enum store_error
start_with_code(struct task *k)
{
	struct invite v;
	enum store_error e;

	e = invite_find(&k->c->n->roll, k->t, k->said->words, &v);
	if (e == STORE_OK && v.used_ms != 0 && k->s.id[0] != '\0' &&
	    strcmp(v.subscriber, k->s.id) == 0)
		return set_active(k, 1, SECTION_STARTED);
	if (e == STORE_NOTFOUND ||
	    (e == STORE_OK &&
		(k->again || v.used_ms != 0 || k->now.wall_ms >= v.expires_ms ||
		    k->s.balance > BALANCE_MAX - v.balance)))
		return say(k, SECTION_BAD_CODE, NULL);
	return e == STORE_OK ? redeem(k, &v) : e;
}

static enum store_error
set_lang(struct task *k)
{
	const char *lang = k->said->words;

	if (strcmp(lang, "ru") != 0 && strcmp(lang, "en") != 0)
		return say(k, SECTION_LANG_USAGE, NULL);
	if (!k->again && strcmp(k->s.lang, lang) != 0) {
		memcpy(k->s.lang, lang, sizeof(k->s.lang));
		if (roll_put(k->t, &k->s) != STORE_OK)
			return STORE_FAIL;
	}
	return say(k, SECTION_LANG, NULL);
}

/* An open trade as a line. */
static void
put_trade(
    struct task *k, struct buf *b, uint64_t number, const struct json *signal)
{
	const char *symbol = json_string(json_get(signal, "symbol"));
	const char *type = json_string(json_get(signal, "signal_type"));
	struct values v = { 0 };

	value_int(&v, FIELD_SIGNAL_NUMBER, (int64_t)number);
	value_text(&v, FIELD_SYMBOL, symbol != NULL ? symbol : "");
	value_int(
	    &v, FIELD_SIGNAL_TYPE, type != NULL && strcmp(type, "buy") == 0);
	buf_putc(b, '\n');
	(void)template_put(
	    b, k->c->n->o.templates, SECTION_FOLLOWED, lang_of(k), &v);
}

/* The open trades that they got the OPEN of, one a line; how many. */
static enum store_error
list_trades(struct task *k, struct buf *lines, int64_t *count)
{
	struct notifier *n = k->c->n;
	struct delivery d = { .number = 0 };
	const struct json *signal;
	const char *action;
	enum store_error e;

	memcpy(d.journal, n->journal, sizeof(d.journal));
	memcpy(d.subscriber, k->s.id, sizeof(d.subscriber));
	for (;;) {
		e = message_next(k->t, d.journal, d.number, &d.number, &d.seq);
		if (e != STORE_OK)
			return e == STORE_NOTFOUND ? STORE_OK : e;
		e = recipient_has(k->t, &d);
		if (e == STORE_NOTFOUND)
			continue;
		if (e == STORE_OK)
			e = message_get(&n->rows, k->t, d.journal, d.number,
			    d.seq, &signal);
		if (e != STORE_OK)
			return e;
		action = json_string(json_get(signal, "action"));
		if (action != NULL && action_parse(action) != ACTION_CLOSE &&
		    ++*count <= TRADES_MAX)
			put_trade(k, lines, d.number, signal);
	}
}

static enum store_error
tell_status(struct task *k)
{
	struct values v = { 0 };
	struct buf lines;
	int64_t count = 0;
	enum store_error e;

	buf_init(&lines, 16u << 10);
	e = list_trades(k, &lines, &count);
	value_int(&v, FIELD_ACTIVE, k->s.active);
	value_whole(&v, FIELD_BALANCE, k->s.balance);
	value_whole(&v, FIELD_COUNT, count);
	(void)say(k, SECTION_STATUS, &v);
	buf_put(k->b, lines.p, lines.len);
	if (count > TRADES_MAX) {
		value_whole(&v, FIELD_COUNT, count - TRADES_MAX);
		buf_putc(k->b, '\n');
		(void)say(k, SECTION_MORE, &v);
	}
	buf_release(&lines);
	return e;
}

static enum store_error
do_for_stranger(struct task *k)
{
	if (k->said->command == COMMAND_START && k->said->words[0] != '\0')
		return start_with_code(k);
	if (!throttle_allows(&k->c->throttle, THROTTLE_STRANGER, k->said->user,
		k->now.mono_ms))
		return STORE_OK;
	return say(k, SECTION_STRANGER, NULL);
}

static enum store_error
do_for_subscriber(struct task *k)
{
	switch (k->said->command) {
	case COMMAND_START:
		/* A code, of whatever kind, is left as it is. */
		if (k->s.paused)
			return say_balance(k, SECTION_PAUSED, 0);
		if (k->said->words[0] != '\0')
			return start_with_code(k);
		return set_active(k, 1, SECTION_STARTED);
	case COMMAND_STOP:
		return set_active(
		    k, 0, k->s.paused ? SECTION_PAUSED : SECTION_STOPPED);
	case COMMAND_BALANCE:
		return say_balance(k, SECTION_BALANCE, 0);
	case COMMAND_STATUS:
		return tell_status(k);
	case COMMAND_LANG:
		return set_lang(k);
	case COMMAND_NONE:
	case COMMAND_TEXT:
	case COMMAND_HELP:
	case COMMAND_HALT:
	case COMMAND_RESUME:
		break;
	}
	return say(k, SECTION_HELP, NULL);
}

enum store_error
commands_do(struct commands *c, struct store_txn *t, const struct said *said,
    int again, struct moment now, struct buf *b, struct done *done)
{
	struct task k = { .c = c,
		.t = t,
		.said = said,
		.again = again,
		.now = now,
		.b = b,
		.done = done };
	enum store_error e;

	*done = (struct done){ .what = NULL };
	e = find_subscriber(&k);
	/* Unanswered: not to make somebody a subscriber for the second time. */
	if (e != STORE_OK || k.skipped)
		return e;
	return k.s.id[0] != '\0' ? do_for_subscriber(&k) : do_for_stranger(&k);
}
