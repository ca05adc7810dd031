/* subscribers: add, set. */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "notifier/ledger.h"
#include "notifier/subscribers.h"

static void
take_text(char *to, size_t size, const char *text, const char *what)
{
	if (strlen(text) >= size)
		die(EX_USAGE,
		    "%s: expected at most %zu bytes; nothing was changed", what,
		    size - 1);
	memcpy(to, text, strlen(text) + 1);
}

/* NAME=VALUE, of what a person may set in a row. */
static void
take_field(struct subscriber *s, const char *word)
{
	const char *value = strchr(word, '=');
	char name[16] = "", why[256];

	if (value != NULL && (size_t)(value - word) < sizeof(name))
		memcpy(name, word, (size_t)(value - word));
	if (name[0] == '\0')
		stage_usage("'%.80s': expected NAME=VALUE", word);
	value++;
	if (strcmp(name, "channel") == 0)
		take_text(s->channel, sizeof(s->channel), value, name);
	else if (strcmp(name, "address") == 0)
		take_text(s->address, sizeof(s->address), value, name);
	else if (strcmp(name, "lang") == 0)
		take_text(s->lang, sizeof(s->lang), value, name);
	else if (strcmp(name, "tester") == 0 && strcmp(value, "true") == 0)
		s->tester = 1;
	else if (strcmp(name, "tester") == 0 && strcmp(value, "false") == 0)
		s->tester = 0;
	else if (strcmp(name, "tester") == 0)
		die(EX_USAGE,
		    "tester '%.80s': expected true or false; nothing was "
		    "changed",
		    value);
	else if (!filter_is(name))
		stage_usage("there is no field '%s' to set: expected channel, "
			    "address, lang, tester, " FILTER_NAMES,
		    name);
	else if (filter_set(&s->filter, name, value, why, sizeof(why)) == -1)
		die(EX_USAGE, "%s; nothing was changed", why);
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
			if (strchr(optarg, '=') != NULL)
				take_field(s, optarg);
			else if (s->id[0] != '\0')
				stage_usage("'%s' is not expected", optarg);
			else
				take_text(
				    s->id, sizeof(s->id), optarg, "the id");
			break;
		case 'b':
			s->balance = sub_number(ch, optarg, 0, BALANCE_MAX);
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

void
sub_add(struct command *c, int argc, char *argv[])
{
	struct reason added = { .why = WHY_ADD };
	struct subscriber s = { .active = 1 }, old;
	struct store_txn *t;
	enum store_error e;
	int64_t balance;
	char why[256];

	take_add(&s, argc, argv);
	if (roll_check(&s, why, sizeof(why)) == -1)
		die(EX_USAGE, "%s; nothing was changed", why);
	balance = s.balance;
	s.balance = 0;
	(void)sub_open(c, STORE_SHARED);
	t = sub_begin(c, 1);
	added.time_ms = clock_wall_ms();
	e = roll_get(&c->roll, t, s.id, &old);
	if (e == STORE_OK) {
		store_abort(t);
		die(EX_DATAERR,
		    "there is a subscriber '%s' already; nothing was changed "
		    "(set changes one, credit a balance)",
		    s.id);
	}
	if (e != STORE_NOTFOUND)
		sub_check(c, t, e);
	sub_check(c, t, ledger_change(t, &s, balance, &added));
	sub_check(c, t, roll_put(t, &s));
	sub_close_alarm(c, t, s.id);
	sub_commit(c, t);
}

void
sub_set(struct command *c, int argc, char *argv[])
{
	struct subscriber s = { .active = 1 };
	struct store_txn *t;
	char why[256];

	if (argc < 3)
		stage_usage("set: expected ID NAME=VALUE ...");
	/* What is wrong by itself is said before anything is waited for. */
	for (int i = 2; i < argc; i++)
		take_field(&s, argv[i]);
	(void)sub_open(c, STORE_SHARED);
	t = sub_begin(c, 1);
	sub_get(c, t, argv[1], &s);
	for (int i = 2; i < argc; i++)
		take_field(&s, argv[i]);
	if (roll_check(&s, why, sizeof(why)) == -1) {
		store_abort(t);
		die(EX_USAGE, "%s; nothing was changed", why);
	}
	sub_check(c, t, roll_put(t, &s));
	sub_commit(c, t);
}
