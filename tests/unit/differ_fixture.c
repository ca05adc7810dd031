#include "tests/unit/differ_fixture.h"

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
#include "differ/state.h"

void
open_state(struct fixture *f)
{
	struct store_opts o = { .dir = f->dir,
		.stage = "differ",
		.tables = state_tables,
		.schema = STATE_SCHEMA,
		.map_size = 64 << 20,
		.mode = STORE_OWN };
	char err[512] = "";

	if (store_open(&f->store, &o, err, sizeof(err)) != STORE_OK)
		fail_msg("store_open: %s", err);
	f->d = differ_new(f->store, "main", err, sizeof(err));
	if (f->d == NULL)
		fail_msg("differ_new: %s", err);
}

void
close_state(struct fixture *f)
{
	differ_free(f->d);
	store_close(f->store);
	f->d = NULL;
	f->store = NULL;
}

int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(f->dir, "differ");
	buf_init(&f->said, SIZE_MAX / 2);
	open_state(f);
	*state = f;
	return 0;
}

int
teardown(void **state)
{
	struct fixture *f = *state;

	close_state(f);
	(void)scratch_remove(f->dir);
	buf_release(&f->said);
	free(f);
	return 0;
}

void
commit(struct fixture *f)
{
	assert_int_equal(differ_commit(f->d, NULL, NULL), STORE_OK);
	buf_put(&f->said, f->d->out.p, f->d->out.len);
	differ_said(f->d);
}

enum differ_result
feed(struct fixture *f, const char *line)
{
	size_t len = strlen(line);
	char *copy = malloc(len + 1);
	enum differ_result r;

	memcpy(copy, line, len + 1);
	r = differ_line(f->d, copy, len);
	free(copy);
	if (differ_failed(f->d) != NULL)
		fail_msg("%s", differ_failed(f->d));
	return r;
}

const char *
text(const char *fmt, ...)
{
	static char ring[64][4096];
	static size_t next;
	char *s = ring[next++ % 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof(ring[0]), fmt, ap);
	va_end(ap);
	return s;
}

const char *
iso(int64_t ms)
{
	char t[TIME_TEXT_MAX];

	return text("%s", time_format(t, ms));
}

const char *
snap(int64_t at, const char *rows, const char *records)
{
	return text("{\"type\":\"positions\",\"time\":\"%s\",\"account\":"
		    "\"main\",\"category\":\"linear\",\"settle_coin\":\"USDT\","
		    "\"positions\":[%s],\"closed_pnl\":[%s]}",
	    iso(BASE + at), rows, records);
}

const char *
row(const char *symbol, const char *side, const char *size, const char *avg,
    const char *mark, int64_t seq, int64_t updated)
{
	return text("{\"positionIdx\":0,\"symbol\":\"%s\",\"side\":\"%s\","
		    "\"size\":\"%s\",\"avgPrice\":\"%s\",\"leverage\":\"10\","
		    "\"markPrice\":\"%s\",\"positionStatus\":\"Normal\","
		    "\"cumRealisedPnl\":\"0\",\"seq\":%lld,"
		    "\"updatedTime\":\"%lld\"}",
	    symbol, side, size, avg, mark, (long long)seq,
	    (long long)(BASE + updated));
}

const char *
record(const char *symbol, const char *side, const char *id, const char *size,
    const char *entry, const char *exit, const char *pnl, int64_t at)
{
	return text("{\"symbol\":\"%s\",\"orderId\":\"%s\",\"side\":\"%s\","
		    "\"closedSize\":\"%s\",\"avgEntryPrice\":\"%s\","
		    "\"avgExitPrice\":\"%s\",\"closedPnl\":\"%s\","
		    "\"leverage\":\"10\",\"execType\":\"Trade\","
		    "\"createdTime\":\"%lld\",\"updatedTime\":\"%lld\"}",
	    symbol, id, side, size, entry, exit, pnl, (long long)(BASE + at),
	    (long long)(BASE + at));
}

static const char *
member(const struct json *v, const char *key)
{
	const struct json *m = json_get(v, key);
	int flag;

	if (m == NULL)
		return "-";
	if (json_string(m) != NULL)
		return json_string(m);
	if (json_number(m) != NULL)
		return json_number(m);
	return json_bool(m, &flag) == 0 && flag ? "true" : "false";
}

static void
sum_up(struct buf *b, const struct json *v)
{
	if (json_get(v, "error") != NULL) {
		buf_printf(b, "error %s\n", member(v, "error"));
		return;
	}
	buf_printf(b, "%s #%s %s %s %s<%s %s", member(v, "action"),
	    member(v, "signal_number"), member(v, "symbol"),
	    member(v, "signal_type"), member(v, "position_size"),
	    member(v, "old_position_size"), member(v, "entry_price"));
	if (json_get(v, "exit_price") != NULL)
		buf_printf(b, " exit %s %s%%", member(v, "exit_price"),
		    member(v, "profit_percentage"));
	if (json_get(v, "realized_pnl") != NULL)
		buf_printf(b, " pnl %s", member(v, "realized_pnl"));
	if (json_get(v, "close_reason") != NULL)
		buf_printf(b, " %s", member(v, "close_reason"));
	if (json_get(v, "estimated") != NULL)
		buf_puts(b, " estimated");
	if (json_get(v, "initial") != NULL)
		buf_puts(b, " initial");
	if (json_get(v, "test") != NULL)
		buf_puts(b, " test");
	buf_putc(b, '\n');
}

void
says(struct fixture *f, const char *expected)
{
	struct json_doc *doc = json_new();
	struct buf b;
	size_t start = 0;

	commit(f);
	buf_init(&b, SIZE_MAX / 2);
	for (size_t i = 0; i < f->said.len; i++) {
		if (f->said.p[i] != '\n')
			continue;
		f->said.p[i] = '\0';
		sum_up(&b, json_parse(doc, f->said.p + start, i - start));
		start = i + 1;
	}
	assert_string_equal(buf_cstr(&b), expected);
	buf_clear(&f->said);
	buf_release(&b);
	json_free(doc);
}

char *
value(struct fixture *f, const char *table, const struct store_key *key)
{
	struct store_txn *t;
	const char *val;
	size_t len;
	char *copy = NULL;

	assert_int_equal(store_begin(f->store, 0, &t), STORE_OK);
	if (store_get(t, table, key->p, key->len, &val, &len) == STORE_OK)
		copy = strndup(val, len);
	store_abort(t);
	return copy;
}

char *
account_row(struct fixture *f, const char *account, const char *kind,
    const char *category, const char *name)
{
	struct store_key key;

	store_key_init(&key);
	store_key_str(&key, account);
	store_key_str(&key, kind);
	store_key_str(&key, category);
	store_key_str(&key, name);
	return value(f, "account", &key);
}

static char *
signal_of(struct fixture *f, uint64_t number)
{
	struct store_key key;
	char *s;

	store_key_init(&key);
	store_key_u64(&key, number);
	s = value(f, "signals", &key);
	assert_non_null(s);
	return s;
}

void
row_has(struct fixture *f, uint64_t number, const char *part)
{
	char *s = signal_of(f, number);

	if (strstr(s, part) == NULL)
		fail_msg("%s is not in %s", part, s);
	free(s);
}

void
row_lacks(struct fixture *f, uint64_t number, const char *part)
{
	char *s = signal_of(f, number);

	if (strstr(s, part) != NULL)
		fail_msg("%s is in %s", part, s);
	free(s);
}
