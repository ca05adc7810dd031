/* subscribers: look at and change who is told of trades. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/line.h"
#include "common/log.h"
#include "common/num.h"
#include "common/stage.h"
#include "common/store.h"
#include "notifier/roll.h"

#define LIST_MAX 256	   /* rows that one read transaction takes */
#define IMPORT_MAX 1000000 /* subscribers */
#define PROBLEMS_MAX 20	   /* of an import, told one by one */

struct command {
	struct stage stage;
	struct store *store;
	struct roll roll;
};

static _Noreturn void
store_die(const struct command *c, enum store_error e)
{
	const char *why = store_errstr(c->store);

	if (e == STORE_BAD && c->roll.error[0] != '\0')
		why = c->roll.error;
	die(store_exit(e), "%s; nothing was changed", why);
}

/* 0 where there is no state yet, which only reading takes as an answer. */
static int
open_store(struct command *c, enum store_mode mode)
{
	struct store_opts o = { .dir = c->stage.dir,
		.stage = "notifier",
		.tables = notifier_tables,
		.schema = NOTIFIER_SCHEMA,
		.map_size = setting_bytes(c->stage.settings, STATE_MAP_SIZE),
		.mode = mode };
	enum store_error e;
	char why[512];

	if (roll_init(&c->roll) == -1)
		die(EX_OSERR, "out of memory");
	e = store_open(&c->store, &o, why, sizeof(why));
	if (e == STORE_NOTFOUND && mode == STORE_READ)
		return 0;
	if (e != STORE_OK)
		die(store_exit(e), "%s", why);
	return 1;
}

static struct store_txn *
begin(struct command *c, int write)
{
	struct store_txn *t;
	enum store_error e;

	e = store_begin(c->store, write, &t);
	if (e != STORE_OK)
		store_die(c, e);
	return t;
}

static void
commit(struct command *c, struct store_txn *t)
{
	enum store_error e = store_commit(t);

	if (e != STORE_OK)
		store_die(c, e);
}

static void
check(struct command *c, struct store_txn *t, enum store_error e)
{
	if (e == STORE_OK)
		return;
	store_abort(t);
	store_die(c, e);
}

/* A subscriber that must be there. */
static void
get(struct command *c, struct store_txn *t, const char *id,
    struct subscriber *s)
{
	enum store_error e = roll_get(&c->roll, t, id, s);

	if (e == STORE_NOTFOUND) {
		store_abort(t);
		die(EX_DATAERR,
		    "there is no subscriber '%s'; nothing was changed", id);
	}
	check(c, t, e);
}

/* Who is added anew, or removed, is not gone any more. */
static void
close_alarm(struct command *c, struct store_txn *t, const char *id)
{
	char name[GONE_ALARM_SIZE];

	roll_gone_alarm(name, id);
	if (alarm_put(t, name, 0, "changed by the subscribers command",
		clock_wall_ms()) == -1)
		check(c, t, STORE_FAIL);
}

static void
print_row(const struct subscriber *s)
{
	struct buf b;

	buf_init(&b, LINE_SIZE_MAX);
	roll_write(&b, s);
	buf_putc(&b, '\n');
	if (buf_failed(&b) != 0)
		die(EX_OSERR, "out of memory");
	(void)fwrite(b.p, 1, b.len, stdout);
	buf_release(&b);
}

/* All of them, in short transactions: notifier may be at work. */
static void
print_all(struct command *c)
{
	struct subscriber *list;
	char after[ID_SIZE] = "";
	struct store_txn *t;
	enum store_error e;
	size_t n;

	if (!open_store(c, STORE_READ))
		return;
	list = calloc(LIST_MAX, sizeof(*list));
	if (list == NULL)
		die(EX_OSERR, "out of memory");
	do {
		t = begin(c, 0);
		e = roll_list(&c->roll, t, after, list, LIST_MAX, &n);
		check(c, t, e);
		store_abort(t);
		for (size_t i = 0; i < n; i++)
			print_row(&list[i]);
		if (n > 0)
			memcpy(after, list[n - 1].id, sizeof(after));
	} while (n == LIST_MAX);
	free(list);
}

static void
take_text(char *to, size_t size, const char *text, const char *what)
{
	if (strlen(text) >= size)
		die(EX_USAGE, "%s: expected at most %zu bytes", what, size - 1);
	memcpy(to, text, strlen(text) + 1);
}

static void
take_balance(int64_t *to, const char *text)
{
	if (num_parse(text, strlen(text), 0, BALANCE_MAX, to) == -1)
		die(EX_USAGE,
		    "option -b '%s': expected a whole number from 0 to %lld",
		    text, (long long)BALANCE_MAX);
}

/* ID -c CHANNEL -t ADDRESS …, the options before or behind the ID. */
static void
take_add(struct subscriber *s, int argc, char *argv[])
{
	int ch;

	optind = 0; /* getopt was at work on the same words before */
	opterr = 0;
	while ((ch = getopt(argc, argv, "-:b:c:l:t:T")) != -1)
		switch (ch) {
		case 1:
			if (s->id[0] != '\0')
				stage_usage("'%s' is not expected", optarg);
			take_text(s->id, sizeof(s->id), optarg, "the id");
			break;
		case 'b':
			take_balance(&s->balance, optarg);
			break;
		case 'c':
			take_text(s->channel, sizeof(s->channel), optarg, "-c");
			break;
		case 'l':
			take_text(s->lang, sizeof(s->lang), optarg, "-l");
			break;
		case 't':
			take_text(s->address, sizeof(s->address), optarg, "-t");
			break;
		case 'T':
			s->tester = 1;
			break;
		case ':':
			stage_usage("option -%c needs an argument", optopt);
		default:
			stage_usage("add: there is no option -%c", optopt);
		}
	if (optind < argc)
		stage_usage("'%s' is not expected", argv[optind]);
	if (s->id[0] == '\0' || s->channel[0] == '\0' || s->address[0] == '\0')
		stage_usage("add: expected ID -c CHANNEL -t ADDRESS");
}

static void
do_add(struct command *c, int argc, char *argv[])
{
	struct subscriber s = { .active = 1 }, old;
	struct store_txn *t;
	enum store_error e;
	char why[256];

	take_add(&s, argc, argv);
	if (roll_check(&s, why, sizeof(why)) == -1)
		die(EX_USAGE, "%s; nothing was changed", why);
	(void)open_store(c, STORE_SHARED);
	t = begin(c, 1);
	e = roll_get(&c->roll, t, s.id, &old);
	if (e == STORE_OK) {
		store_abort(t);
		die(EX_DATAERR,
		    "there is a subscriber '%s' already; nothing was changed "
		    "(credit changes a balance; remove goes before a new add)",
		    s.id);
	}
	if (e != STORE_NOTFOUND)
		check(c, t, e);
	check(c, t, roll_put(t, &s));
	close_alarm(c, t, s.id);
	commit(c, t);
}

static void
one_operand(int argc, char *argv[])
{
	if (argc != 2)
		stage_usage("%s: expected ID", argv[0]);
}

static void
no_operand(int argc, char *argv[])
{
	if (argc != 1)
		stage_usage("%s: '%s' is not expected", argv[0], argv[1]);
}

static void
do_list(struct command *c, int argc, char *argv[])
{
	no_operand(argc, argv);
	print_all(c);
}

static void
do_show(struct command *c, int argc, char *argv[])
{
	struct subscriber s;
	struct store_txn *t;

	one_operand(argc, argv);
	if (!open_store(c, STORE_READ))
		die(EX_DATAERR, "there is no subscriber '%s'", argv[1]);
	t = begin(c, 0);
	get(c, t, argv[1], &s);
	store_abort(t);
	print_row(&s);
}

static void
do_remove(struct command *c, int argc, char *argv[])
{
	struct subscriber s;
	struct store_txn *t;

	one_operand(argc, argv);
	(void)open_store(c, STORE_SHARED);
	t = begin(c, 1);
	get(c, t, argv[1], &s);
	check(c, t, roll_del(t, s.id));
	close_alarm(c, t, s.id);
	commit(c, t);
}

static void
do_credit(struct command *c, int argc, char *argv[])
{
	struct subscriber s;
	struct store_txn *t;
	const char *text;
	int64_t change;

	if (argc != 3)
		stage_usage("credit: expected ID and a change, as +10 or -1");
	text = argv[2] + (argv[2][0] == '+');
	if (num_parse(text, strlen(text), -BALANCE_MAX, BALANCE_MAX, &change) ==
		-1 ||
	    (argv[2][0] == '+' && text[0] == '-'))
		die(EX_USAGE,
		    "credit '%s': expected a whole number, as +10 or -1; "
		    "nothing was changed",
		    argv[2]);
	(void)open_store(c, STORE_SHARED);
	t = begin(c, 1);
	get(c, t, argv[1], &s);
	if (s.balance + change < 0 || s.balance + change > BALANCE_MAX) {
		store_abort(t);
		die(EX_DATAERR,
		    "the balance of '%s' is %lld: with %+lld it would not be "
		    "from 0 to %lld; nothing was changed",
		    s.id, (long long)s.balance, (long long)change,
		    (long long)BALANCE_MAX);
	}
	s.balance += change;
	check(c, t, roll_put(t, &s));
	commit(c, t);
	(void)printf("%lld\n", (long long)s.balance);
}

/* What an import has read so far. */
struct import {
	struct subscriber *list;
	size_t n, cap;
	size_t problems;
};

static void
problem(struct import *im, uint64_t number, const char *why)
{
	if (im->problems++ < PROBLEMS_MAX)
		log_error(why, LOG_INT("line", (int64_t)number));
}

static void
import_line(struct import *im, struct json_doc *doc, uint64_t number,
    char *line, size_t len)
{
	struct subscriber *list;
	const struct json *v;
	char why[256];

	if (im->n == im->cap) {
		im->cap = im->cap == 0 ? 64 : im->cap * 2;
		list = im->n < IMPORT_MAX
		    ? realloc(im->list, im->cap * sizeof(*list))
		    : NULL;
		if (list == NULL)
			die(EX_DATAERR,
			    "%zu subscribers are too many for one import; "
			    "nothing was changed",
			    im->n);
		im->list = list;
	}
	v = json_parse(doc, line, len);
	if (v == NULL)
		problem(im, number, json_error(doc));
	else if (roll_parse(&im->list[im->n], v, why, sizeof(why)) == -1)
		problem(im, number, why);
	else
		im->n++;
}

static void
import_lines(struct import *im)
{
	struct json_doc *doc = json_new();
	enum line_status st = LINE_MORE;
	struct line_reader r;
	char *line;
	size_t len;

	if (doc == NULL)
		die(EX_OSERR, "out of memory");
	line_init(&r, LINE_SIZE_MAX);
	while (st != LINE_END) {
		st = line_next(&r, &line, &len);
		if (st == LINE_MORE && line_fill(&r, STDIN_FILENO) == -1 &&
		    errno != EINTR && errno != EAGAIN)
			die(EX_IOERR,
			    "unable to read standard input: %s; nothing was "
			    "changed",
			    strerror(errno));
		if (st == LINE_OK || st == LINE_TAIL)
			import_line(im, doc, r.number, line, len);
		if (st == LINE_LONG)
			problem(im, r.number, "the line is too long");
	}
	line_release(&r);
	json_free(doc);
}

static int
by_id(const void *a, const void *b)
{
	const struct subscriber *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static void
do_import(struct command *c, int argc, char *argv[])
{
	struct import im = { NULL, 0, 0, 0 };
	struct store_txn *t;

	no_operand(argc, argv);
	import_lines(&im);
	if (im.n > 0)
		qsort(im.list, im.n, sizeof(*im.list), by_id);
	for (size_t i = 1; i < im.n; i++)
		if (by_id(&im.list[i - 1], &im.list[i]) == 0)
			die(EX_DATAERR,
			    "the id '%s' stands on two lines; nothing was "
			    "changed",
			    im.list[i].id);
	if (im.problems > 0)
		die(EX_DATAERR, "%zu bad lines; nothing was changed",
		    im.problems);
	(void)open_store(c, STORE_SHARED);
	t = begin(c, 1);
	for (size_t i = 0; i < im.n; i++) {
		check(c, t, roll_put(t, &im.list[i]));
		if (im.list[i].active)
			close_alarm(c, t, im.list[i].id);
	}
	commit(c, t);
	log_info("imported", LOG_INT("subscribers", (int64_t)im.n));
	free(im.list);
}

static const struct verb {
	const char *name;
	void (*run)(struct command *c, int argc, char *argv[]);
} commands[] = {
	{ "add", do_add },
	{ "credit", do_credit },
	{ "export", do_list },
	{ "import", do_import },
	{ "list", do_list },
	{ "remove", do_remove },
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
	    "  add ID -c telegram|stdout -t ADDRESS [-b BALANCE] [-l ru|en] "
	    "[-T]\n"
	    "  credit ID +N|-N\n"
	    "  remove ID\n"
	    "  show ID\n"
	    "  list\n"
	    "  export        all, one JSON object a line\n"
	    "  import        from standard input: all lines, or none");
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
	roll_release(&c.roll);
	settings_free(c.stage.settings);
	return EX_OK;
}
