/* What tests of notifier without its process share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/json.h"
#include "notifier/ledger.h"
#include "notifier/templates.h"
#include "tests/unit/notifier_fixture.h"

char logged[8192];

static void
keep_log(enum log_level level, const char *msg, const struct log_field *fields,
    size_t n)
{
	(void)level;
	(void)fields;
	(void)n;
	if (strlen(logged) + strlen(msg) + 2 < sizeof(logged)) {
		strcat(logged, msg);
		strcat(logged, "\n");
	}
}

static int64_t
fake_turn(void *state, const char *address, int64_t mono_ms)
{
	(void)address;
	(void)mono_ms;
	return ((struct fixture *)state)->busy_ms;
}

static int
fake_start(void *state, const struct send *s)
{
	struct outcome o = { .kind = OUTCOME_DELIVERED, .ms = 5 };
	struct fixture *f = state;
	char line[128];

	snprintf(line, sizeof(line), "%s:%.*s|", s->address,
	    (int)strcspn(s->text, "\n"), s->text);
	if (strlen(f->sent) + strlen(line) < sizeof(f->sent))
		strcat(f->sent, line);
	f->nsent++;
	if (f->hang) {
		f->held[f->nheld++] = *s;
		return 0;
	}
	for (size_t i = 0; i < 8; i++) {
		struct rule *r = &f->rules[i];

		if (r->address == NULL || r->count == 0 ||
		    strcmp(r->address, s->address) != 0)
			continue;
		if (r->count > 0)
			r->count--;
		o.kind = r->kind;
		o.outage = f->outage;
		o.wait_ms = r->wait_ms;
		strcpy(o.reason, "because");
		if (r->moved_to != NULL)
			strcpy(o.moved_to, r->moved_to);
		break;
	}
	if (f->down) {
		o.kind = OUTCOME_RETRY;
		o.outage = f->outage;
		strcpy(o.reason, "nobody there");
	}
	s->done(s->arg, &o);
	return 0;
}

static void
open_notifier(struct fixture *f)
{
	struct store_opts so = { .dir = f->dir,
		.stage = "notifier",
		.tables = notifier_tables,
		.schema = NOTIFIER_SCHEMA,
		.map_size = f->map_size,
		.mode = STORE_OWN };
	struct notifier_opts o = { .channels = &f->channel,
		.nchannels = 1,
		.lang = "en",
		.operator_chat = "",
		.initial = f->initial,
		.max_age_ms = DAY,
		.open_max_age_ms = 600 * SECOND,
		.health = &f->health,
		.log = keep_log };
	char err[512] = "";

	if (store_open(&f->store, &so, err, sizeof(err)) != STORE_OK)
		fail_msg("store_open: %s", err);
	f->channel = (struct channel){ .name = "telegram",
		.at_once = AT_ONCE,
		.state = f,
		.turn_ms = fake_turn,
		.start = fake_start };
	o.store = f->store;
	f->templates = templates_new("", err, sizeof(err));
	o.templates = f->templates;
	f->n = notifier_new(&o, f->now, err, sizeof(err));
	if (f->n == NULL)
		fail_msg("notifier_new: %s", err);
}

static void
close_notifier(struct fixture *f)
{
	notifier_free(f->n);
	templates_free(f->templates);
	store_close(f->store);
	f->n = NULL;
	f->store = NULL;
	f->nheld = 0;
}

void
restart(struct fixture *f)
{
	close_notifier(f);
	open_notifier(f);
}

static struct fixture *
new_fixture(int64_t map_size)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(f->dir, "notifier");
	f->now = (struct moment){ BASE, 5000 };
	f->map_size = map_size;
	logged[0] = '\0';
	open_notifier(f);
	return f;
}

int
setup(void **state)
{
	*state = new_fixture(64 << 20);
	return 0;
}

int
setup_small(void **state)
{
	*state = new_fixture(1 << 20);
	return 0;
}

/* What every test leaves: who has a ledger has the sum of it (F31). */
static void
check_ledger(struct fixture *f)
{
	struct subscriber all[64];
	const struct json *v;
	struct store_txn *t;
	struct buf b;
	size_t n;

	assert_int_equal(store_begin(f->store, 0, &t), STORE_OK);
	assert_int_equal(roll_list(&f->n->roll, t, "", all, 64, &n), STORE_OK);
	for (size_t i = 0; i < n; i++) {
		int64_t change, sum = 0;

		if (all[i].ledger == 0)
			continue;
		buf_init(&b, 1 << 20);
		json_open_object(&b, NULL);
		assert_int_equal(
		    ledger_write(&f->n->roll, t, &all[i], 1000, &b), STORE_OK);
		json_close_object(&b);
		assert_non_null(buf_cstr(&b));
		v = json_parse(f->n->doc, b.p, b.len);
		for (v = json_first(json_get(v, "ledger")); v != NULL;
		     v = json_next(v)) {
			assert_int_equal(json_int(json_get(v, "change"),
					     INT64_MIN, INT64_MAX, &change),
			    0);
			sum += change;
		}
		assert_int_equal(sum, all[i].balance);
		buf_release(&b);
	}
	store_abort(t);
}

int
teardown(void **state)
{
	struct fixture *f = *state;

	check_ledger(f);
	close_notifier(f);
	(void)scratch_remove(f->dir);
	free(f);
	return 0;
}

struct store_txn *
begin(struct fixture *f, int write)
{
	struct store_txn *t;

	assert_int_equal(store_begin(f->store, write, &t), STORE_OK);
	return t;
}

void
put(struct fixture *f, const char *id, int64_t balance, int active, int tester)
{
	struct subscriber s = {
		.balance = balance, .active = active, .tester = tester
	};
	struct store_txn *t = begin(f, 1);

	strcpy(s.id, id);
	strcpy(s.channel, "telegram");
	strcpy(s.address, id + 1);
	assert_int_equal(roll_put(t, &s), STORE_OK);
	assert_int_equal(store_commit(t), STORE_OK);
}

struct subscriber
get(struct fixture *f, const char *id)
{
	struct store_txn *t = begin(f, 0);
	struct subscriber s = { .balance = -1 };

	(void)roll_get(&f->n->roll, t, id, &s);
	store_abort(t);
	return s;
}

void
add(struct fixture *f, const char *id, int64_t balance)
{
	put(f, id, balance, 1, 0);
}

void
signal_line(struct batch *b, const char *journal, uint64_t seq, int number,
    const char *action, int64_t time_ms, const char *more)
{
	char line[512], when[TIME_TEXT_MAX];

	snprintf(line, sizeof(line),
	    "{\"type\":\"signal\",\"seq\":%llu,\"time\":\"%s\","
	    "\"signal_number\":%d,\"action\":\"%s\",\"symbol\":\"BTCUSDT\","
	    "\"signal_type\":\"buy\",\"journal\":\"%s\"%s}",
	    (unsigned long long)seq, time_format(when, time_ms), number, action,
	    journal, more);
	batch_add(b, line, strlen(line), 0, "test");
}

enum store_error
take_batch(struct fixture *f, struct batch *b)
{
	enum store_error e = STORE_OK;
	size_t next = 0;

	while (e == STORE_OK && next < b->n)
		e = notifier_take(f->n, b, &next, f->now);
	batch_release(b);
	return e;
}

enum store_error
take_more(struct fixture *f, int number, const char *action, const char *more)
{
	struct batch b;

	batch_init(&b);
	signal_line(&b, J1, ++f->seq, number, action, f->now.wall_ms, more);
	return take_batch(f, &b);
}

void
take(struct fixture *f, int number, const char *action)
{
	assert_int_equal(take_more(f, number, action, ""), STORE_OK);
}

void
run(struct fixture *f)
{
	do {
		assert_int_equal(notifier_pump(f->n, f->now), STORE_OK);
		assert_int_equal(notifier_settle(f->n, f->now), STORE_OK);
	} while (!notifier_idle(f->n, f->now) && f->n->airborne == 0 &&
	    f->busy_ms == 0);
}

void
pass(struct fixture *f, int64_t ms)
{
	f->now.wall_ms += ms;
	f->now.mono_ms += ms;
}

struct delivery
delivery(struct fixture *f, const char *journal, uint64_t seq, const char *id)
{
	struct store_txn *t = begin(f, 0);
	struct delivery d = { .attempts = -1 };

	(void)delivery_get(&f->n->rows, t, journal, seq, id, &d);
	store_abort(t);
	return d;
}

int
count(struct fixture *f, const char *table)
{
	return (int)scratch_rows(f->store, table);
}

int
alarm_open(struct fixture *f, const char *name)
{
	struct store_txn *t = begin(f, 0);
	struct store_key key;
	const char *val;
	size_t len;
	int open;

	store_key_init(&key);
	store_key_str(&key, name);
	open = store_get(t, "alarms", key.p, key.len, &val, &len) == STORE_OK &&
	    memmem(val, len, "\"open\":true", 11) != NULL;
	store_abort(t);
	return open;
}
