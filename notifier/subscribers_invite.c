/* subscribers: invite, invites, revoke. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/num.h"
#include "notifier/bot_row.h"
#include "notifier/invites.h"
#include "notifier/subscribers.h"

#define COUNT_MAX 1000
#define LIST_MAX 256 /* rows that one read transaction takes */
#define DAY_MS INT64_C(86400000)
#define LIFE_DEFAULT_MS (30 * DAY_MS)
#define LIFE_MAX_DAYS 3650

struct order {
	struct invite like; /* what they have in common */
	int64_t count;
};

/* Of N minutes, hours or days, in ms; 0 where it is not that. */
static int64_t
life_ms(const char *text)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 'm', 60000 }, { 'h', 3600000 }, { 'd', DAY_MS } };
	size_t len = strlen(text);
	int64_t n;

	for (size_t i = 0; len > 1 && i < 3; i++)
		if (text[len - 1] == units[i].unit &&
		    num_parse(text, len - 1, 1,
			LIFE_MAX_DAYS * DAY_MS / units[i].ms, &n) == 0)
			return n * units[i].ms;
	return 0;
}

static void
take_expiry(struct invite *v, const char *text, int64_t now_ms)
{
	int64_t life = life_ms(text);

	if (life != 0)
		v->expires_ms = now_ms + life;
	else if (time_parse(text, strlen(text), &v->expires_ms) == -1 ||
	    v->expires_ms <= now_ms ||
	    v->expires_ms - now_ms > LIFE_MAX_DAYS * DAY_MS)
		die(EX_USAGE,
		    "option -x '%.80s': expected minutes, hours or days, as "
		    "90m, 12h or 30d, or a future time, as "
		    "2026-12-31T00:00:00Z, within %d days; nothing was changed",
		    text, LIFE_MAX_DAYS);
}

static void
take_lang(struct invite *v, const char *text)
{
	if (strcmp(text, "ru") != 0 && strcmp(text, "en") != 0)
		die(EX_USAGE,
		    "option -l '%.80s': expected ru or en; nothing was changed",
		    text);
	memcpy(v->lang, text, sizeof(v->lang));
}

static void
take_order(struct order *o, int argc, char *argv[])
{
	int64_t now_ms = clock_wall_ms();
	int ch;

	*o = (struct order){ .count = 1 };
	o->like.made_ms = now_ms;
	o->like.expires_ms = now_ms + LIFE_DEFAULT_MS;
	optind = 0; /* getopt was at work on the same words before */
	opterr = 0;
	while ((ch = getopt(argc, argv, "+:b:l:n:x:")) != -1)
		switch (ch) {
		case 'b':
			o->like.balance =
			    sub_number(ch, optarg, 0, BALANCE_MAX);
			break;
		case 'l':
			take_lang(&o->like, optarg);
			break;
		case 'n':
			o->count = sub_number(ch, optarg, 1, COUNT_MAX);
			break;
		case 'x':
			take_expiry(&o->like, optarg, now_ms);
			break;
		case ':':
			stage_usage("option -%c needs an argument", optopt);
		default:
			stage_usage("invite: there is no option -%c", optopt);
		}
	if (optind < argc)
		stage_usage("'%s' is not expected", argv[optind]);
}

static void
put_invite(
    struct buf *b, const struct invite *v, const char *code, const char *bot)
{
	char link[sizeof("https://t.me/?start=") + BOT_NAME_SIZE +
	    INVITE_CODE_SIZE];

	json_open_object(b, NULL);
	json_put_string(b, "id", v->id);
	json_put_string(b, "code", code);
	if (bot[0] != '\0') {
		(void)snprintf(
		    link, sizeof(link), "https://t.me/%s?start=%s", bot, code);
		json_put_string(b, "link", link);
	}
	json_put_int(b, "balance", v->balance);
	if (v->lang[0] != '\0')
		json_put_string(b, "lang", v->lang);
	json_put_time(b, "expires", v->expires_ms);
	json_close_object(b);
	buf_putc(b, '\n');
}

/* A code whose id no other has. */
static void
draw(struct command *c, struct store_txn *t, struct invite *v,
    char code[INVITE_CODE_SIZE])
{
	struct invite other;
	enum store_error e;

	do {
		if (invite_draw(v, code) == -1)
			die(EX_OSERR, "unable to hash a code: OpenSSL failed");
		e = invite_get(&c->roll, t, v->id, &other);
	} while (e == STORE_OK);
	if (e != STORE_NOTFOUND)
		sub_check(c, t, e);
}

void
sub_invite(struct command *c, int argc, char *argv[])
{
	char code[INVITE_CODE_SIZE];
	struct bot_row bot;
	struct store_txn *t;
	enum store_error e;
	struct order o;
	struct buf b;

	take_order(&o, argc, argv);
	crypto_start();
	(void)sub_open(c, STORE_SHARED);
	buf_init(&b, COUNT_MAX * 512);
	t = sub_begin(c, 1);
	e = bot_row_get(&c->roll, t, &bot);
	if (e != STORE_NOTFOUND)
		sub_check(c, t, e);
	for (int64_t i = 0; i < o.count; i++) {
		draw(c, t, &o.like, code);
		sub_check(c, t, invite_put(t, &o.like));
		put_invite(&b, &o.like, code, bot.name);
	}
	sub_commit(c, t);
	sub_print(&b);
	buf_release(&b);
}

void
sub_invites(struct command *c, int argc, char *argv[])
{
	int64_t now_ms = clock_wall_ms();
	char after[INVITE_ID_SIZE] = "";
	struct invite *list;
	struct store_txn *t;
	enum store_error e;
	struct buf b;
	size_t n;

	sub_no_operand(argc, argv);
	if (!sub_open(c, STORE_READ))
		return;
	list = must_have(calloc(LIST_MAX, sizeof(*list)));
	buf_init(&b, LINE_SIZE_MAX);
	do {
		n = 0;
		t = sub_begin(c, 0);
		e = invite_list(&c->roll, t, after, list, LIST_MAX, &n);
		if (e != STORE_NOTFOUND) /* an older state, without the table */
			sub_check(c, t, e);
		store_abort(t);
		for (size_t i = 0; i < n; i++) {
			invite_write(&b, &list[i], now_ms);
			buf_putc(&b, '\n');
		}
		if (n > 0)
			memcpy(after, list[n - 1].id, sizeof(after));
		sub_print(&b);
	} while (n == LIST_MAX);
	buf_release(&b);
	free(list);
}

void
sub_revoke(struct command *c, int argc, char *argv[])
{
	struct invite v;
	struct store_txn *t;
	enum store_error e;

	if (argc != 2)
		stage_usage("revoke: expected the ID of an invite");
	(void)sub_open(c, STORE_SHARED);
	t = sub_begin(c, 1);
	e = invite_get(&c->roll, t, argv[1], &v);
	if (e == STORE_NOTFOUND) {
		store_abort(t);
		die(EX_DATAERR,
		    "there is no invite with the id '%.80s': expected one that "
		    "`invites` lists; nothing was changed",
		    argv[1]);
	}
	sub_check(c, t, e);
	if (v.used_ms != 0) {
		store_abort(t);
		die(EX_DATAERR,
		    "the invite '%s' was used by '%s': pause or remove that "
		    "subscriber; nothing was changed",
		    v.id, v.subscriber);
	}
	sub_check(c, t, invite_del(t, v.id));
	sub_commit(c, t);
}
