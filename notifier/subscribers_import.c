/* subscribers: import. */
#include <errno.h>
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
#include "notifier/ledger.h"
#include "notifier/subscribers.h"

#define IMPORT_MAX 1000000	  /* subscribers */
#define IMPORT_SIZE_MAX (1 << 30) /* bytes of their lines */
#define PROBLEMS_MAX 20		  /* told one by one */

/* What was read so far: lines that are good, to be parsed again. */
struct import {
	struct json_doc *doc;
	struct buf text;
	struct item {
		char id[ID_SIZE];
		size_t at, len;
	} * list;
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
keep(struct import *im, const char *id, const char *line, size_t len)
{
	struct item *list, *item;

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
	item = &im->list[im->n++];
	memcpy(item->id, id, sizeof(item->id));
	item->at = im->text.len;
	item->len = len;
	buf_put(&im->text, line, len);
	buf_putc(&im->text, '\n'); /* the byte that json_parse overwrites */
	if (buf_failed(&im->text) != 0)
		die(EX_DATAERR,
		    "the lines are too much for one import after %zu "
		    "subscribers; nothing was changed",
		    im->n);
}

static void
import_line(struct import *im, uint64_t number, char *line, size_t len)
{
	struct subscriber s;
	const struct json *v;
	char why[256];

	v = json_parse(im->doc, line, len);
	if (v == NULL)
		problem(im, number, json_error(im->doc));
	else if (roll_parse(&s, v, why, sizeof(why)) == -1)
		problem(im, number, why);
	else
		keep(im, s.id, line, len);
}

static void
import_lines(struct import *im)
{
	enum line_status st = LINE_MORE;
	struct line_reader r;
	char *line;
	size_t len;

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
			import_line(im, r.number, line, len);
		if (st == LINE_LONG)
			problem(im, r.number, "the line is too long");
	}
	line_release(&r);
}

static int
by_id(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* One into the table: in the place of who has the id, with their history. */
static void
put(struct command *c, struct store_txn *t, struct import *im,
    const struct item *item, const struct reason *why)
{
	struct subscriber s, old;
	enum store_error e;
	int64_t balance;
	char err[256];

	/* It was parsed before. */
	if (roll_parse(&s,
		json_parse(im->doc, im->text.p + item->at, item->len), err,
		sizeof(err)) == -1) {
		store_abort(t);
		die(EX_SOFTWARE, "%s; nothing was changed", err);
	}
	e = roll_get(&c->roll, t, s.id, &old);
	if (e == STORE_NOTFOUND)
		old = (struct subscriber){ .balance = 0 };
	else
		sub_check(c, t, e);
	balance = s.balance;
	s.balance = old.balance;
	s.ledger = old.ledger;
	sub_check(c, t, ledger_change(t, &s, balance - old.balance, why));
	sub_check(c, t, roll_put(t, &s));
	if (s.active)
		sub_close_alarm(c, t, s.id);
}

void
sub_import(struct command *c, int argc, char *argv[])
{
	struct import im = { .list = NULL };
	struct reason why = { .why = WHY_IMPORT };
	struct store_txn *t;

	sub_no_operand(argc, argv);
	buf_init(&im.text, IMPORT_SIZE_MAX);
	im.doc = json_new();
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
		die(EX_DATAERR, "bad lines: %zu; nothing was changed",
		    im.problems);
	(void)sub_open(c, STORE_SHARED);
	t = sub_begin(c, 1);
	why.time_ms = clock_wall_ms();
	for (size_t i = 0; i < im.n; i++)
		put(c, t, &im, &im.list[i], &why);
	sub_commit(c, t);
	log_info("imported", LOG_INT("subscribers", (int64_t)im.n));
	free(im.list);
	buf_release(&im.text);
	json_free(im.doc);
}
