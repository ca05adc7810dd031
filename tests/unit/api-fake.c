#include "tests/unit/api-fake.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/stage.h"
#include "common/store.h"

struct fake fake;

const char *
request_method(const struct request *r)
{
	return r->method;
}

const char *
request_path(const struct request *r)
{
	return r->path;
}

const char *
request_query(const struct request *r)
{
	return r->query;
}

const char *
request_header(const struct request *r, const char *name)
{
	if (strcmp(name, "Host") == 0)
		return r->host;
	if (strcmp(name, "Origin") == 0)
		return r->origin;
	if (strcmp(name, "Content-Type") == 0)
		return r->type;
	assert_string_equal(name, "Authorization");
	return r->authorization;
}

char *
request_body(const struct request *r, size_t *len)
{
	*len = r->body_len;
	return ((struct request *)(uintptr_t)r)->body;
}

const char *
request_address(const struct request *r)
{
	(void)r;
	return "192.0.2.7";
}

void
request_set_user(struct request *r, void *user)
{
	(void)r, (void)user;
}

void *
request_user(const struct request *r)
{
	(void)r;
	return NULL;
}

void
request_reply(struct request *r, int status, const char *type, const void *body,
    size_t len)
{
	assert_int_equal(r->status, 0); /* once */
	assert_int_not_equal(status, 0);
	r->status = status;
	(void)snprintf(r->reply_type, sizeof(r->reply_type), "%s", type);
	r->reply = malloc(len + 1);
	assert_non_null(r->reply);
	memcpy(r->reply, body, len);
	r->reply[len] = '\0';
}

void
request_refuse(struct request *r, int status, const char *error)
{
	struct buf b;

	buf_init(&b, 65536);
	json_open_object(&b, NULL);
	json_put_bool(&b, "ok", 0);
	json_put_string(&b, "error", error);
	json_close_object(&b);
	request_reply(r, status, "application/json", b.p, b.len);
	buf_release(&b);
}

void
guess_wrong(struct server *s, const char *address)
{
	(void)s;
	assert_string_equal(address, "192.0.2.7");
	fake.guesses++;
}

int64_t
guess_wait_ms(struct server *s, const char *address)
{
	(void)s;
	assert_string_equal(address, "192.0.2.7");
	return fake.guess_wait;
}

static int
take_line(void *arg, const char *line, size_t len)
{
	(void)arg;
	if (fake.send_fails)
		return -1;
	buf_clear(&fake.sent);
	buf_put(&fake.sent, line, len);
	return 0;
}

static void
tell_counts(void *arg, struct api_counts *out)
{
	(void)arg;
	*out = fake.counts;
}

static void
take_note(void *arg, const char *what, const char *who)
{
	(void)arg;
	(void)snprintf(fake.note, sizeof(fake.note), "%s, %s", what, who);
}

int
fake_setup(void **arg)
{
	static const char *const names[] = { "ADMIN_TOKEN", "ADMIN_LISTEN",
		"STATE_MAX_AGE", "ACCOUNT", "BYBIT_TESTNET", "BYBIT_DEMO" };

	(void)arg;
	memset(&fake, 0, sizeof(fake));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unsetenv(names[i]);
	(void)umask(077);
	scratch_make(fake.dir, "api");
	assert_int_equal(chdir(fake.dir), 0);
	(void)snprintf(fake.state, sizeof(fake.state), "%s/state", fake.dir);
	assert_int_equal(mkdir(fake.state, 0700), 0);
	buf_init(&fake.sent, 65536);
	fake.base = event_base_new();
	assert_non_null(fake.base);
	return 0;
}

int
fake_teardown(void **arg)
{
	(void)arg;
	api_free(fake.api);
	settings_free(fake.settings);
	event_base_free(fake.base);
	buf_release(&fake.sent);
	assert_int_equal(chdir("/"), 0);
	return scratch_remove(fake.dir);
}

static struct api *
start(char *err, size_t size)
{
	struct api_opts o = { .base = fake.base,
		.dir = fake.state,
		.send = take_line,
		.counts = tell_counts,
		.note = take_note };
	struct buf errors, warnings;

	buf_init(&errors, 65536);
	buf_init(&warnings, 65536);
	settings_free(fake.settings);
	fake.settings = settings_read(NULL, &errors, &warnings);
	if (fake.settings == NULL)
		fail_msg("settings: %s", buf_cstr(&errors));
	buf_release(&errors);
	buf_release(&warnings);
	o.settings = fake.settings;
	return api_new(&o, err, size);
}

void
fake_start(void)
{
	char err[256] = "";

	fake.api = start(err, sizeof(err));
	if (fake.api == NULL)
		fail_msg("api_new: %s", err);
	/* Never looked into: the fake's functions take no notice of it. */
	api_set_server(fake.api, (struct server *)&fake);
}

const char *
fake_start_fails(void)
{
	static char err[256];

	assert_null(start(err, sizeof(err)));
	return err;
}

struct request
fake_request(const char *method, const char *path)
{
	return (struct request){ .method = method,
		.path = path,
		.query = "",
		.host = "localhost:8081",
		.type =
		    strcmp(method, "POST") == 0 ? "application/json" : NULL };
}

void
fake_wait(struct request *r)
{
	int64_t until = clock_mono_ms() + 5000;

	while (r->status == 0) {
		assert_true(clock_mono_ms() < until);
		(void)event_base_loop(fake.base, EVLOOP_ONCE);
	}
}

void
fake_ask(struct request *r)
{
	api_request(fake.api, r);
	fake_wait(r);
}

void
fake_done(struct request *r)
{
	free(r->reply);
	r->reply = NULL;
}

static void
must_hold(struct request *r, int status, const char *words)
{
	if (r->status != status || strstr(r->reply, words) == NULL)
		fail_msg("%s %s?%s: %d %s; expected %d %s", r->method, r->path,
		    r->query, r->status, r->reply, status, words);
	fake_done(r);
}

void
fake_get(const char *path, int status, const char *words)
{
	struct request r = fake_request("GET", path);
	size_t n = strcspn(path, "?");
	char text[256];

	(void)snprintf(text, sizeof(text), "%.*s", (int)n, path);
	r.path = text;
	r.query = path[n] == '?' ? path + n + 1 : "";
	fake_ask(&r);
	must_hold(&r, status, words);
}

void
fake_post(const char *path, const char *body, int status, const char *words)
{
	struct request r = fake_request("POST", path);

	r.body_len = strlen(body);
	memcpy(r.body, body, r.body_len + 1);
	fake_ask(&r);
	must_hold(&r, status, words);
}

static struct store *
own(const char *stage)
{
	static const char *const tables[] = { "positions", "signals", "account",
		"requests", "orders", "decisions", "alerts", NULL };
	struct store_opts o = { .dir = fake.state,
		.stage = stage,
		.tables = tables,
		.schema = 1,
		.map_size = 8 << 20,
		.mode = STORE_OWN };
	struct store *s;
	char err[512];

	if (store_open(&s, &o, err, sizeof(err)) == STORE_OK)
		return s;
	(void)fprintf(stderr, "%s\n", err);
	_exit(1);
}

struct writing {
	const char *table;
	const struct store_key *key;
	const char *row;
};

static int
write_row(struct store_txn *t, void *arg)
{
	struct writing *w = arg;

	return store_put(t, w->table, w->key->p, w->key->len, w->row,
		   strlen(w->row)) == STORE_OK
	    ? 0
	    : -1;
}

/* In a child: this process has it open for reading. */
void
fake_write(
    const char *stage, int (*fn)(struct store_txn *t, void *arg), void *arg)
{
	struct store_txn *t;
	struct store *s;
	int status;
	pid_t pid;

	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		s = own(stage);
		if (store_begin(s, 1, &t) != STORE_OK || fn(t, arg) == -1 ||
		    store_commit(t) != STORE_OK)
			_exit(1);
		store_close(s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

void
fake_row(const char *stage, const char *table, const char *key, uint64_t number,
    const char *row)
{
	struct store_key k;
	struct writing w = { table, &k, row };

	store_key_init(&k);
	if (key != NULL)
		store_key_str(&k, key);
	else
		store_key_u64(&k, number);
	fake_write(stage, write_row, &w);
}

void
fake_row_at(const char *stage, const char *table, const char *const key[],
    const char *row)
{
	struct store_key k;
	struct writing w = { table, &k, row };

	store_key_init(&k);
	for (size_t i = 0; key[i] != NULL; i++)
		store_key_str(&k, key[i]);
	fake_write(stage, write_row, &w);
}

struct alarm {
	const char *name;
	int open;
};

static int
write_alarm(struct store_txn *t, void *arg)
{
	struct alarm *a = arg;

	return alarm_put(t, a->name, a->open, "something is \"wrong\"", 1000) ==
		-1
	    ? -1
	    : 0;
}

void
fake_alarm(const char *stage, const char *name, int open)
{
	struct alarm a = { name, open };

	fake_write(stage, write_alarm, &a);
}

struct run {
	const char *stage;
	int ended;
};

static int
write_health(struct store_txn *t, void *arg)
{
	struct run *run = arg;
	struct health h = { .start_ms = 1700000000123,
		.lines = 42,
		.skipped = 3,
		.out = 5,
		.ended = run->ended };

	return health_put(t, run->stage, &h);
}

void
fake_health(const char *stage, int ended)
{
	struct run run = { stage, ended };

	fake_write(stage, write_health, &run);
}

void
fake_heartbeat(int ok, int64_t age_ms)
{
	static const char *const key[] = { "main", "heartbeat", "", "", NULL };
	char row[256], time[TIME_TEXT_MAX];

	(void)snprintf(row, sizeof(row),
	    "{\"type\":\"heartbeat\",\"time\":\"%s\",\"account\":\"main\","
	    "\"ok\":%s}",
	    time_format(time, clock_wall_ms() - age_ms),
	    ok ? "true" : "false,\"error\":\"no route\"");
	fake_row_at("differ", "account", key, row);
}

pid_t
fake_owner(const char *stage)
{
	int p[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)own(stage);
		(void)!write(p[1], "r", 1);
		for (;;)
			(void)pause();
	}
	(void)close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 1);
	(void)close(p[0]);
	return pid;
}

void
fake_end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}
