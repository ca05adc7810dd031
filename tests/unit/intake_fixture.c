#include "tests/unit/intake_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/json.h"
#include "tests/unit/scratch.h"
#include "webhookd/intake.h"

struct fixture f;

static int
ready(void *arg)
{
	(void)arg;
	return f.connected;
}

static int
hand(void *arg, const char *line, size_t len)
{
	(void)arg;
	if (!f.connected)
		return -1;
	assert_true(len < sizeof(f.last) && line[len - 1] == '\n');
	memcpy(f.last, line, len);
	f.last[len] = '\0';
	f.lines++;
	return 0;
}

static int
rows(void *arg, struct store_txn *t)
{
	(void)arg;
	(void)t;
	return f.rows_fail ? -1 : 0;
}

static const struct json *
outcome(void *arg, const char *id)
{
	static char text[512];

	(void)arg;
	f.looks++;
	if (f.outcome == NULL || strcmp(id, BUY_ID) != 0)
		return NULL;
	(void)snprintf(text, sizeof(text), "%s", f.outcome);
	return json_parse(f.doc, text, strlen(text));
}

static int
decided(void *arg, const char *id)
{
	(void)arg;
	(void)id;
	return f.decided;
}

static void
answered(void *arg, void *client, const struct intake_answer *a)
{
	struct client *c = client;

	(void)arg;
	c->answers++;
	c->code = a->code;
	c->duplicate = a->duplicate;
	c->waiter = NULL;
	assert_true(a->len < sizeof(c->body));
	memcpy(c->body, a->body, a->len);
	c->body[a->len] = '\0';
}

void
start_with(int64_t map_size)
{
	struct store_opts so = {
		.dir = f.dir,
		.stage = "webhookd",
		.tables = intake_tables,
		.schema = INTAKE_SCHEMA,
		.map_size = map_size,
		.mode = STORE_OWN,
	};
	struct intake_opts o = {
		.timeout_ms = TIMEOUT,
		.ttl_ms = TTL,
		.ready = ready,
		.hand = hand,
		.outcome = outcome,
		.decided = decided,
		.rows = rows,
		.answer = answered,
	};
	char err[512];

	assert_int_equal(store_open(&f.store, &so, err, sizeof(err)), STORE_OK);
	o.store = f.store;
	f.in = intake_new(&o, f.wall_ms, f.mono_ms, err, sizeof(err));
	assert_non_null(f.in);
}

void
start(void)
{
	start_with(16 << 20);
}

void
end(void)
{
	intake_free(f.in);
	store_close(f.store);
	f.in = NULL;
	f.store = NULL;
	memset(f.c, 0, sizeof(f.c));
}

int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.decided = 1;
	scratch_make(f.dir, "intake");
	f.doc = json_new();
	f.wall_ms = WALL;
	f.mono_ms = 1000000;
	f.connected = 1;
	return f.doc == NULL ? -1 : 0;
}

int
teardown(void **state)
{
	(void)state;
	end();
	json_free(f.doc);
	return scratch_remove(f.dir);
}

void
pass(int64_t ms)
{
	f.wall_ms += ms;
	f.mono_ms += ms;
	intake_time(f.in, f.wall_ms, f.mono_ms);
	intake_tick(f.in);
}

void
post(size_t n, const char *body)
{
	struct alert a;
	struct buf errors;
	char copy[1024];

	assert_true(strlen(body) < sizeof(copy));
	(void)snprintf(copy, sizeof(copy), "%s", body);
	buf_init(&errors, 4096);
	assert_int_equal(alert_parse(&a, f.doc, copy, strlen(copy), TOKEN,
			     decimal_from_int(3), &errors),
	    ALERT_OK);
	buf_release(&errors);
	memset(&f.c[n], 0, sizeof(f.c[n]));
	f.c[n].waiter = intake_alert(f.in, &a, "127.0.0.1", &f.c[n]);
	assert_int_equal(f.c[n].waiter == NULL, f.c[n].answers == 1);
}

void
commit(void)
{
	assert_int_equal(intake_commit(f.in), STORE_OK);
}

enum intake_taken
result_line(const char *text)
{
	char copy[1024];
	const struct json *v;
	const char *why;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	v = json_parse(f.doc, copy, strlen(copy));
	assert_non_null(v);
	return intake_result(f.in, v, &why);
}

enum intake_taken
result(const char *id, int code, const char *rest)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	    "{\"type\":\"result\",\"id\":\"%s\",\"code\":%d,\"ok\":%s%s}", id,
	    code, code < 300 ? "true" : "false", rest);
	return result_line(text);
}

void
expect(size_t n, int code, const char *body)
{
	if (f.c[n].answers != 1 || f.c[n].code != code)
		fail_msg("client %zu: %d answers, code %d: %s", n,
		    f.c[n].answers, f.c[n].code, f.c[n].body);
	if (body != NULL)
		assert_string_equal(f.c[n].body, body);
}

void
expect_none(size_t n)
{
	assert_int_equal(f.c[n].answers, 0);
}

const char *
last_id(void)
{
	static char id[ALERT_ID_SIZE];
	const char *at = strstr(f.last, "\"id\":\"");

	assert_non_null(at);
	(void)snprintf(id, sizeof(id), "%.32s", at + 6);
	return id;
}

size_t
pending(void)
{
	struct intake_counts c;

	intake_counts(f.in, &c);
	return c.pending;
}

void
expect_row(const char *id, const char *expected)
{
	struct store_txn *t;
	struct store_key k;
	const char *val;
	size_t len;

	store_key_init(&k);
	store_key_str(&k, id);
	assert_int_equal(store_begin(f.store, 0, &t), STORE_OK);
	assert_int_equal(
	    store_get(t, "alerts", k.p, k.len, &val, &len), STORE_OK);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(val, expected, len);
	store_abort(t);
}
