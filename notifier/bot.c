#include "notifier/bot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/killpoint.h"
#include "common/settings.h"
#include "notifier/bot_row.h"
#include "notifier/commands.h"
#include "notifier/operator.h"
#include "notifier/telegram.h"
#include "notifier/watch.h"

#define ALARM "telegram_commands"

#define UPDATES_MAX 100 /* of one answer; Telegram has no more */
#define POLL_S 25
#define ANSWERS_SIZE_MAX (1u << 20)

/* How long the next poll waits for the answers to the last one. */
#define ANSWERS_MS 3000

#define RETRY_MAX_MS 60000
#define CONFLICT_MS 10000 /* somebody else polls, or a webhook is set */
#define TOKEN_MS 30000	  /* the token is refused */
#define LIMIT_MAX_MS 3600000
#define FAILING_MS 300000 /* so long without an answer is an alarm */

/*
 * After a week without updates Telegram begins anew, with any number
 * (https://core.telegram.org/bots/api#update), which an old offset would
 * confirm unseen.  Nothing older than a day comes, so nothing comes twice.
 */
#define FORGET_MS INT64_C(518400000) /* six days */

/* An update that came. */
struct item {
	struct said said;
	int heard;
	int of_operator;
	int again; /* it was dealt with before */
	struct halted halted;
	struct done done;
	size_t text, len; /* in answers */
};

struct bot {
	struct bot_opts o;
	struct commands commands;
	struct operator_desk desk;
	struct replies *replies;
	struct json_doc *doc;
	char *url_me, *url_updates; /* have the token in them */
	int met;		    /* getMe was answered: me */
	int known;		    /* … and row is what the state has */
	int begun;		    /* getUpdates was answered */
	struct bot_row me, row;
	struct item items[UPDATES_MAX];
	size_t n;
	int64_t halted;	    /* the last update that did */
	struct buf answers; /* to items */
	int asked;	    /* a request is under way */
	int64_t due_ms;	    /* monotonic: the next one, at the soonest */
	int64_t answers_ms; /* … and, where answers wait, not before */
	int64_t failures;   /* in a row */
	int64_t failed_ms;  /* monotonic: the first of them */
};

struct bot *
bot_new(const struct bot_opts *o)
{
	const char *url = setting_str(o->settings, TELEGRAM_API_URL);
	const char *token = setting_str(o->settings, TELEGRAM_BOT_TOKEN);
	struct bot *b = must_have(calloc(1, sizeof(*b)));

	b->o = *o;
	b->commands.n = o->n;
	b->desk = (struct operator_desk){ o->n, o->watch, o->settings, o->dir };
	buf_init(&b->answers, ANSWERS_SIZE_MAX);
	b->replies = replies_new(o->channel, &o->n->ways);
	b->doc = json_new();
	b->url_me = telegram_url(url, token, "getMe");
	b->url_updates = telegram_url(url, token, "getUpdates");
	return b;
}

void
bot_free(struct bot *b)
{
	if (b == NULL)
		return;
	replies_free(b->replies);
	buf_release(&b->answers);
	json_free(b->doc);
	free(b->url_me);
	free(b->url_updates);
	explicit_bzero(b->items, sizeof(b->items)); /* codes */
	free(b);
}

static struct moment
moment(void)
{
	return (struct moment){ clock_wall_ms(), clock_mono_ms() };
}

/* 0, or -1 where that is no bot. */
static int
take_me(struct bot *b, const struct json *result)
{
	const char *name = json_string(json_get(result, "username"));

	if (name == NULL || strlen(name) >= sizeof(b->me.name) ||
	    json_int(json_get(result, "id"), 1, INT64_MAX, &b->me.bot) == -1)
		return -1;
	memcpy(b->me.name, name, strlen(name) + 1);
	b->met = 1;
	return 0;
}

static int
take_item(struct bot *b, struct item *k, const struct json *update)
{
	*k = (struct item){ .heard = 0 };
	if (said_parse(&k->said, update, b->row.name) == -1)
		return -1;
	k->again = k->said.update <= b->row.update;
	k->of_operator = operator_said(&b->desk, &k->said);
	return 0;
}

/* Once, before anything is noted, and whatever the state does. */
static void
halt_at_once(struct bot *b, struct item *k, struct moment now)
{
	if (!k->of_operator || k->again || k->said.update <= b->halted)
		return;
	k->halted = operator_halt(&b->desk, &k->said, now);
	if (k->halted.rc != -1)
		b->halted = k->said.update;
}

static int
take_updates(struct bot *b, const struct json *result)
{
	struct moment now = moment();
	struct item *k;

	for (const struct json *v = json_first(result);
	     v != NULL && b->n < UPDATES_MAX; v = json_next(v)) {
		k = &b->items[b->n];
		if (take_item(b, k, v) == -1) {
			b->n = 0;
			return -1;
		}
		b->n++;
	}
	for (size_t i = 0; i < b->n; i++) {
		k = &b->items[i];
		halt_at_once(b, k, now);
		k->heard = k->of_operator ||
		    commands_heard(&b->commands, &k->said, now);
	}
	b->begun = 1;
	return 0;
}

/* The last ones are not committed yet, so these come again; halts hold now. */
static int
take_halts(struct bot *b, const struct json *result)
{
	struct moment now = moment();
	struct item k;

	for (const struct json *v = json_first(result); v != NULL;
	     v = json_next(v)) {
		if (take_item(b, &k, v) == -1)
			return -1;
		halt_at_once(b, &k, now);
	}
	explicit_bzero(&k, sizeof(k));
	return 0;
}

/* What was asked for; -1 where that is no answer to it. */
static int
take_result(struct bot *b, const struct json *result)
{
	if (!b->known)
		return take_me(b, result);
	if (result == NULL || json_type(result) != JSON_ARRAY)
		return -1;
	return b->n == 0 ? take_updates(b, result) : take_halts(b, result);
}

static void
succeed(struct bot *b)
{
	if (b->failures > 0)
		b->o.n->o.log(LOG_INFO, "commands are taken again", NULL, 0);
	b->failures = 0;
	b->due_ms = 0;
	alarms_set(
	    &b->o.watch->alarms, ALARM, 0, "commands are taken from Telegram");
}

/* How long to wait after a failure, and whether it is an alarm at once. */
static int64_t
wait_after(const struct bot *b, const struct outcome *o, int status,
    const char **alarm)
{
	if (status == 409) {
		*alarm = "another program polls the bot of TELEGRAM_BOT_TOKEN, "
			 "or a webhook is set for it: end that program, or "
			 "delete the webhook; no commands are taken meanwhile";
		return CONFLICT_MS;
	}
	if (status == 401 || status == 404) {
		*alarm = "Telegram refuses TELEGRAM_BOT_TOKEN: no commands are "
			 "taken";
		return TOKEN_MS;
	}
	if (o->kind == OUTCOME_WAIT)
		return o->wait_ms < LIMIT_MAX_MS ? o->wait_ms : LIMIT_MAX_MS;
	if (clock_mono_ms() - b->failed_ms >= FAILING_MS)
		*alarm = "Telegram has not answered for minutes: no commands "
			 "are taken";
	return retry_ms(b->failures, RETRY_MAX_MS);
}

static void
fail(struct bot *b, const struct outcome *o, int status)
{
	int64_t now_ms = clock_mono_ms(), wait;
	const char *alarm = NULL;

	if (b->failures++ == 0)
		b->failed_ms = now_ms;
	wait = wait_after(b, o, status, &alarm);
	b->due_ms = now_ms + wait;
	b->o.n->o.log(b->failures == 1 ? LOG_WARN : LOG_DEBUG,
	    "unable to take commands, retrying",
	    LOG_FIELDS(LOG_STR("reason", o->reason), LOG_INT("wait_ms", wait)));
	if (alarm != NULL)
		alarms_set(&b->o.watch->alarms, ALARM, 1, alarm);
}

static void
on_reply(void *arg, const struct http_reply *r)
{
	struct bot *b = arg;
	const struct json *v, *result;
	struct outcome o;

	b->asked = 0;
	telegram_judge(&o, b->doc, r);
	if (o.kind == OUTCOME_DELIVERED) {
		v = json_parse(b->doc, r->body, r->len);
		result = json_get(v, "result");
		if (take_result(b, result) == 0) {
			succeed(b);
			return;
		}
		o.kind = OUTCOME_RETRY;
		reason_set(o.reason, "an answer that is none");
	}
	fail(b, &o, r->outcome == HTTP_REPLY ? r->status : 0);
}

/*
 * The next poll confirms what was dealt with; but the first one does not, as
 * the last answers of an earlier run are perhaps missing.
 */
static void
put_question(struct bot *b, struct buf *body, struct moment now)
{
	if (b->row.update != 0 && now.wall_ms - b->row.time_ms > FORGET_MS)
		b->row.update = b->halted = 0;
	json_open_object(body, NULL);
	if (b->row.update != 0 && b->begun)
		json_put_int(body, "offset", b->row.update + 1);
	/* A hundred that strangers made long are more than can be read. */
	json_put_int(
	    body, "limit", b->failures < 6 ? UPDATES_MAX >> b->failures : 1);
	json_put_int(body, "timeout", POLL_S);
	json_open_array(body, "allowed_updates");
	json_put_string(body, NULL, "message");
	json_close_array(body);
	json_close_object(body);
}

static void
ask(struct bot *b, struct moment now)
{
	static const char *const headers[] = { "Content-Type: application/json",
		NULL };
	struct http_request r = { .method = "POST",
		.url = b->known ? b->url_updates : b->url_me,
		.headers = headers,
		.patience_ms = b->known ? POLL_S * 1000 : 0 };
	struct outcome o = { .kind = OUTCOME_RETRY };
	struct buf body;
	int rc = -1;

	buf_init(&body, 1024);
	if (b->known)
		put_question(b, &body, now);
	else
		buf_puts(&body, "{}");
	r.body = body.p;
	r.body_len = body.len;
	errno = ENOMEM;
	if (buf_failed(&body) == 0)
		rc = http_start(b->o.http, &r, on_reply, b);
	if (rc == 0)
		b->asked = 1;
	reason_set(o.reason, "%s", strerror(errno));
	buf_release(&body);
	if (rc == -1)
		fail(b, &o, 0);
}

/* Whose updates these are: another bot's have other numbers. */
static enum store_error
meet(struct bot *b)
{
	struct store_txn *t;
	enum store_error e;

	e = store_begin(b->o.n->o.store, 1, &t);
	if (e != STORE_OK)
		return e;
	e = bot_row_get(&b->o.n->roll, t, &b->row);
	if (b->row.bot != b->me.bot)
		b->row = (struct bot_row){ .bot = b->me.bot };
	memcpy(b->row.name, b->me.name, sizeof(b->row.name));
	if (e == STORE_OK || e == STORE_NOTFOUND)
		e = bot_row_put(t, &b->row);
	if (e != STORE_OK) {
		store_abort(t);
		return e;
	}
	e = store_commit(t);
	if (e != STORE_OK)
		return e;
	b->known = 1;
	b->o.n->o.log(LOG_INFO, "taking commands",
	    LOG_FIELDS(
		LOG_STR("bot", b->row.name), LOG_INT("update", b->row.update)));
	return STORE_OK;
}

/* What subscribers ask for, and how far we are, into the transaction. */
static enum store_error
carry_out(
    struct bot *b, struct store_txn *t, struct bot_row *row, struct moment now)
{
	enum store_error e = STORE_OK;

	buf_clear(&b->answers);
	for (size_t i = 0; e == STORE_OK && i < b->n; i++) {
		struct item *k = &b->items[i];

		k->text = b->answers.len;
		if (k->heard && !k->of_operator)
			e = commands_do(&b->commands, t, &k->said, k->again,
			    now, &b->answers, &k->done);
		k->len = b->answers.len - k->text;
		if (k->said.update > row->update)
			row->update = k->said.update;
	}
	row->time_ms = now.wall_ms;
	return e == STORE_OK ? bot_row_put(t, row) : e;
}

static enum store_error
commit(struct bot *b, struct moment now)
{
	struct bot_row row = b->row;
	struct store_txn *t;
	enum store_error e;

	e = store_begin(b->o.n->o.store, 1, &t);
	if (e != STORE_OK)
		return e;
	e = carry_out(b, t, &row, now);
	kill_point("K15");
	if (e != STORE_OK) {
		store_abort(t);
		return e;
	}
	e = store_commit(t);
	if (e == STORE_OK)
		b->row = row;
	return e;
}

static void
reply(struct bot *b, const struct item *k, const char *text, size_t len,
    struct moment now)
{
	if (len > 0 &&
	    replies_add(b->replies, k->said.chat, text, len, now.mono_ms) == -1)
		b->o.n->o.log(LOG_WARN, "an answer is left out",
		    LOG_FIELDS(LOG_INT("user", k->said.user),
			LOG_STR("reason", strerror(errno))));
}

static void
say_done(const struct bot *b, const struct item *k)
{
	if (k->done.what != NULL)
		b->o.n->o.log(LOG_INFO, k->done.what,
		    LOG_FIELDS(LOG_STR("subscriber", k->done.subscriber),
			LOG_STR("command", command_name(k->said.command)),
			LOG_STR("invite",
			    k->done.invite[0] != '\0' ? k->done.invite : "-")));
}

/* It is committed: the operator's commands, and all the answers. */
static void
answer_all(struct bot *b, struct moment now)
{
	struct buf text;

	buf_init(&text, ANSWERS_SIZE_MAX);
	for (size_t i = 0; i < b->n; i++) {
		const struct item *k = &b->items[i];

		say_done(b, k);
		if (!k->of_operator) {
			reply(b, k, b->answers.p + k->text, k->len, now);
			continue;
		}
		buf_clear(&text);
		operator_answer(
		    &b->desk, &k->said, k->halted, k->again, now, &text);
		reply(b, k, text.p, text.len, now);
	}
	buf_release(&text);
}

static enum store_error
deal_with(struct bot *b, struct moment now)
{
	enum store_error e;

	e = commit(b, now);
	if (e != STORE_OK)
		return e;
	kill_point("K16");
	answer_all(b, now);
	explicit_bzero(b->items, b->n * sizeof(b->items[0])); /* codes */
	b->n = 0;
	b->answers_ms = now.mono_ms + ANSWERS_MS;
	return STORE_OK;
}

static int64_t
ask_ms(const struct bot *b)
{
	if (replies_left(b->replies) > 0 && b->answers_ms > b->due_ms)
		return b->answers_ms;
	return b->due_ms;
}

enum store_error
bot_turn(struct bot *b, struct moment now)
{
	enum store_error e = STORE_OK;

	if (b == NULL)
		return STORE_OK;
	if (b->met && !b->known)
		e = meet(b);
	if (e == STORE_OK && b->n > 0)
		e = deal_with(b, now);
	replies_pump(b->replies, now.mono_ms);
	/* Also where the state fails: somebody may say /halt. */
	if (!b->asked && now.mono_ms >= ask_ms(b))
		ask(b, now);
	return e == STORE_OK ? e : notifier_fail(b->o.n, e);
}

int64_t
bot_due(const struct bot *b)
{
	int64_t due;

	if (b == NULL)
		return INT64_MAX;
	due = replies_due(b->replies);
	return !b->asked && ask_ms(b) < due ? ask_ms(b) : due;
}

int
bot_idle(const struct bot *b)
{
	return b == NULL || (b->n == 0 && replies_left(b->replies) == 0);
}

int
bot_landed(const struct bot *b)
{
	return b == NULL || replies_airborne(b->replies) == 0;
}
