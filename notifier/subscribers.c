/* subscribers: look at and change who is told of trades. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/confine.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/num.h"
#include "notifier/channels.h"
#include "notifier/ledger.h"
#include "notifier/rows.h"
#include "notifier/subscribers.h"

#define LIST_MAX 256 /* rows that one read transaction takes */
#define SHOW_MAX 20  /* rows of the ledger */

static _Noreturn void
store_die(const struct command *c, enum store_error e)
{
	const char *why = store_errstr(c->store);

	if (e == STORE_BAD && c->roll.error[0] != '\0')
		why = c->roll.error;
	die(store_exit(e), "%s; nothing was changed", why);
}

int
sub_open(struct command *c, enum store_mode mode)
{
	struct confine alone = { .net = CONFINE_LOCAL };
	struct store_opts o = { .dir = c->stage.dir,
		.stage = "notifier",
		.tables = notifier_tables,
		.schema = NOTIFIER_SCHEMA,
		.map_size = setting_bytes(c->stage.settings, STATE_MAP_SIZE),
		.mode = mode };
	enum store_error e;
	char why[512];

	row_init(&c->roll);
	e = store_open(&c->store, &o, why, sizeof(why));
	if (e == STORE_NOTFOUND && mode == STORE_READ) {
		if (access(o.dir, F_OK) == -1)
			die(EX_CONFIG,
			    "unable to read the state folder %s: %s: expected "
			    "the one that notifier uses: -d DIR, or STATE_DIR",
			    o.dir, strerror(errno));
		log_warn("nobody was added yet, or notifier uses another state "
			 "folder",
		    LOG_STR("folder", o.dir));
		return 0;
	}
	if (e != STORE_OK)
		die(store_exit(e), "%s", why);
	stage_confine(&c->stage, &alone);
	return 1;
}

struct store_txn *
sub_begin(struct command *c, int write)
{
	struct store_txn *t;
	enum store_error e;

	e = store_begin(c->store, write, &t);
	if (e != STORE_OK)
		store_die(c, e);
	return t;
}

void
sub_commit(struct command *c, struct store_txn *t)
{
	enum store_error e = store_commit(t);

	if (e != STORE_OK)
		store_die(c, e);
}

void
sub_check(struct command *c, struct store_txn *t, enum store_error e)
{
	if (e == STORE_OK)
		return;
	store_abort(t);
	store_die(c, e);
}

void
sub_get(struct command *c, struct store_txn *t, const char *id,
    struct subscriber *s)
{
	enum store_error e = roll_get(&c->roll, t, id, s);

	if (e == STORE_NOTFOUND) {
		store_abort(t);
		die(EX_DATAERR,
		    "there is no subscriber '%s'; nothing was changed", id);
	}
	sub_check(c, t, e);
}

void
sub_close_alarm(struct command *c, struct store_txn *t, const char *id)
{
	char name[GONE_ALARM_SIZE];

	roll_gone_alarm(name, id);
	if (alarm_put(t, name, 0, "changed by the subscribers command",
		clock_wall_ms()) == -1)
		sub_check(c, t, STORE_FAIL);
}

int64_t
sub_number(int option, const char *text, int64_t min, int64_t max)
{
	int64_t n = 0;

	if (num_parse(text, strlen(text), min, max, &n) == -1)
		die(EX_USAGE,
		    "option -%c '%.80s': expected a whole number from %lld to "
		    "%lld; nothing was changed",
		    option, text, (long long)min, (long long)max);
	return n;
}

void
sub_print(struct buf *b)
{
	if (buf_failed(b) != 0)
		die(EX_OSERR, "out of memory");
	(void)fwrite(b->p, 1, b->len, stdout);
	buf_clear(b);
}

/* All of them, in short transactions: notifier may be at work. */
static void
print_all(struct command *c)
{
	struct subscriber *list;
	char after[ID_SIZE] = "";
	struct store_txn *t;
	enum store_error e;
	struct buf b;
	size_t n;

	if (!sub_open(c, STORE_READ))
		return;
	list = must_have(calloc(LIST_MAX, sizeof(*list)));
	buf_init(&b, LINE_SIZE_MAX);
	do {
		t = sub_begin(c, 0);
		e = roll_list(&c->roll, t, after, list, LIST_MAX, &n);
		sub_check(c, t, e);
		store_abort(t);
		for (size_t i = 0; i < n; i++) {
			roll_write(&b, &list[i]);
			buf_putc(&b, '\n');
			sub_print(&b);
		}
		if (n > 0)
			memcpy(after, list[n - 1].id, sizeof(after));
	} while (n == LIST_MAX);
	buf_release(&b);
	free(list);
}

static void
one_operand(int argc, char *argv[])
{
	if (argc != 2)
		stage_usage("%s: expected ID", argv[0]);
}

void
sub_no_operand(int argc, char *argv[])
{
	if (argc != 1)
		stage_usage("%s: '%s' is not expected", argv[0], argv[1]);
}

static void
do_list(struct command *c, int argc, char *argv[])
{
	sub_no_operand(argc, argv);
	print_all(c);
}

static void
do_show(struct command *c, int argc, char *argv[])
{
	struct subscriber s;
	struct store_txn *t;
	struct buf b;

	one_operand(argc, argv);
	if (!sub_open(c, STORE_READ))
		die(EX_DATAERR, "there is no subscriber '%s'", argv[1]);
	t = sub_begin(c, 0);
	sub_get(c, t, argv[1], &s);
	buf_init(&b, LINE_SIZE_MAX);
	json_open_object(&b, NULL);
	roll_write_members(&b, &s);
	sub_check(c, t, ledger_write(&c->roll, t, &s, SHOW_MAX, &b));
	json_close_object(&b);
	buf_putc(&b, '\n');
	store_abort(t);
	sub_print(&b);
	buf_release(&b);
}

static void
do_remove(struct command *c, int argc, char *argv[])
{
	struct reason why = { .why = WHY_REMOVE };
	struct subscriber s;
	struct store_txn *t;

	one_operand(argc, argv);
	(void)sub_open(c, STORE_SHARED);
	t = sub_begin(c, 1);
	why.time_ms = clock_wall_ms();
	sub_get(c, t, argv[1], &s);
	sub_check(c, t, ledger_change(t, &s, -s.balance, &why));
	sub_check(c, t, roll_del(t, s.id));
	sub_check(c, t, recipient_forget(t, s.id));
	sub_close_alarm(c, t, s.id);
	sub_commit(c, t);
}

static void
set_active(struct command *c, int argc, char *argv[], int active)
{
	struct subscriber s;
	struct store_txn *t;

	one_operand(argc, argv);
	(void)sub_open(c, STORE_SHARED);
	t = sub_begin(c, 1);
	sub_get(c, t, argv[1], &s);
	s.active = active;
	s.paused = !active;
	sub_check(c, t, roll_put(t, &s));
	if (active)
		sub_close_alarm(c, t, s.id);
	sub_commit(c, t);
}

static void
do_pause(struct command *c, int argc, char *argv[])
{
	set_active(c, argc, argv, 0);
}

static void
do_resume(struct command *c, int argc, char *argv[])
{
	set_active(c, argc, argv, 1);
}

static void
do_credit(struct command *c, int argc, char *argv[])
{
	struct reason why = { .why = WHY_CREDIT };
	struct subscriber s;
	struct store_txn *t;
	const char *text;
	int64_t change;

	if (argc != 3 && argc != 4)
		stage_usage("credit: expected ID, a change, as +10 or -1, and "
			    "perhaps a note");
	text = argv[2] + (argv[2][0] == '+');
	if (num_parse(text, strlen(text), -BALANCE_MAX, BALANCE_MAX, &change) ==
		-1 ||
	    (argv[2][0] == '+' && text[0] == '-'))
		die(EX_USAGE,
		    "credit '%s': expected a whole number, as +10 or -1; "
		    "nothing was changed",
		    argv[2]);
	if (argc == 4)
		why.note = argv[3];
	if (argc == 4 &&
	    (why.note[0] == '\0' || strlen(why.note) > NOTE_MAX ||
		!roll_text_ok(why.note)))
		die(EX_USAGE,
		    "note '%.80s': expected 1 to %d bytes of UTF-8; nothing "
		    "was changed",
		    why.note, NOTE_MAX);
	(void)sub_open(c, STORE_SHARED);
	t = sub_begin(c, 1);
	why.time_ms = clock_wall_ms();
	sub_get(c, t, argv[1], &s);
	if (s.balance + change < 0 || s.balance + change > BALANCE_MAX) {
		store_abort(t);
		die(EX_DATAERR,
		    "the balance of '%s' is %lld: with %+lld it would not be "
		    "from 0 to %lld; nothing was changed",
		    s.id, (long long)s.balance, (long long)change,
		    (long long)BALANCE_MAX);
	}
	sub_check(c, t, ledger_change(t, &s, change, &why));
	sub_check(c, t, roll_put(t, &s));
	sub_commit(c, t);
	(void)printf("%lld\n", (long long)s.balance);
}

static const struct verb {
	const char *name;
	void (*run)(struct command *c, int argc, char *argv[]);
} commands[] = {
	{ "add", sub_add },
	{ "credit", do_credit },
	{ "export", do_list },
	{ "import", sub_import },
	{ "invite", sub_invite },
	{ "invites", sub_invites },
	{ "list", do_list },
	{ "pause", do_pause },
	{ "remove", do_remove },
	{ "resume", do_resume },
	{ "revoke", sub_revoke },
	{ "set", sub_set },
	{ "show", do_show },
};

static const struct verb *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
main(int argc, char *argv[])
{
	struct command c = { .store = NULL };
	const struct verb *verb;

	stage_start(&c.stage, argc, argv, "+d:e:hV",
	    "[-hV] [-d DIR] [-e FILE] COMMAND ...\n"
	    "  add ID -c CHANNEL -t ADDRESS [-b BALANCE] [-l ru|en] [-T]\n"
	    "      [FIELD=VALUE ...]\n"
	    "                           CHANNEL: " CHANNEL_NAMES "\n"
	    "  set ID FIELD=VALUE ...   channel address lang tester symbols\n"
	    "                           categories accounts actions\n"
	    "  credit ID +N|-N [NOTE]\n"
	    "  pause ID\n"
	    "  resume ID\n"
	    "  remove ID\n"
	    "  show ID       with the latest of the ledger\n"
	    "  list\n"
	    "  export        all, one JSON object a line\n"
	    "  import        from standard input: all lines, or none\n"
	    "  invite [-b BALANCE] [-l ru|en] [-n COUNT] [-x EXPIRY]\n"
	    "                codes for Telegram's /start, one JSON object a "
	    "line\n"
	    "  invites       all of them, without the codes\n"
	    "  revoke ID     an invite that was not used");
	STAGE_NO_SECRETS(&c.stage);
	if (c.stage.argc == 0)
		stage_usage("a command is expected");
	verb = find(c.stage.argv[0]);
	if (verb == NULL)
		stage_usage("there is no command '%s'", c.stage.argv[0]);
	else
		verb->run(&c, c.stage.argc, c.stage.argv);
	if (fflush(stdout) != 0 || ferror(stdout))
		die(EX_IOERR, "unable to write: %s", strerror(errno));
	store_close(c.store);
	row_release(&c.roll);
	settings_free(c.stage.settings);
	return EX_OK;
}
