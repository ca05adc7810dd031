#include "tests/unit/poller-fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct poller_opts fake_usdt = { .account = "main",
	.host = "h",
	.build = "b",
	.interval_ms = 5000,
	.scopes = { { "linear", "USDT" } },
	.nscopes = 1 };

static int
fake_get(void *arg, const char *path, const char *query, int sign,
    struct bybit_reply *r)
{
	struct fake *f = arg;
	const struct rule *rule = f->rules;
	struct http_reply h = { .outcome = HTTP_REPLY, .error = "", .ms = 1 };
	char request[2048];

	snprintf(request, sizeof(request), "%s?%s", path, query);
	buf_printf(&f->asked, "%s\n", request);
	assert_int_equal(sign, strstr(path, "/market/") == NULL);
	if (++f->requests == f->stop_at)
		return -1;
	while (rule->in != NULL && strstr(request, rule->in) == NULL)
		rule++;
	if (rule->in == NULL)
		fail_msg("no rule for %s", request);
	h.status = rule->status;
	if (rule->status == 0) {
		h.outcome = HTTP_UNKNOWN;
		h.error = "127.0.0.1/x: time-out";
	}
	buf_clear(&f->body);
	buf_puts(
	    &f->body, rule->body != NULL ? rule->body : buf_cstr(&f->made));
	h.len = f->body.len;
	(void)buf_cstr(&f->body);
	h.body = f->body.p;
	bybit_judge(r, f->doc, &h);
	return 0;
}

static uint64_t
fake_requests(void *arg)
{
	return ((struct fake *)arg)->requests;
}

static int64_t
fake_banned(void *arg)
{
	return ((struct fake *)arg)->banned_ms;
}

static int64_t
fake_now(void *arg)
{
	return ((struct fake *)arg)->now_ms;
}

static int64_t
fake_mono(void *arg)
{
	return ((struct fake *)arg)->mono_ms;
}

static int
fake_write(void *arg, const char *line, size_t len)
{
	struct fake *f = arg;

	assert_int_equal(line[len - 1], '\n');
	assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
	buf_put(&f->out, line, len);
	errno = f->write_errno;
	return f->write_errno != 0 ? -1 : 0;
}

static void
fake_note(void *arg, enum log_level level, const char *msg,
    const struct log_field *fields, size_t n)
{
	struct fake *f = arg;

	(void)fields;
	(void)n;
	buf_printf(&f->notes, "%d %s\n", (int)level, msg);
}

void
fake_start(
    struct fake *f, const struct poller_opts *o, const struct rule *rules)
{
	struct poller_io io = { f, fake_get, fake_requests, fake_banned,
		fake_now, fake_mono, fake_write, fake_note };

	memset(f, 0, sizeof(*f));
	f->rules = rules;
	f->doc = json_new();
	assert_non_null(f->doc);
	buf_init(&f->body, 8 << 20);
	buf_init(&f->made, 8 << 20);
	buf_init(&f->asked, 1 << 20);
	buf_init(&f->out, 8 << 20);
	buf_init(&f->notes, 1 << 20);
	f->now_ms = NOW;
	f->mono_ms = 1000;
	f->p = poller_new(o, &io);
	assert_non_null(f->p);
}

void
fake_end(struct fake *f)
{
	poller_free(f->p);
	json_free(f->doc);
	buf_release(&f->body);
	buf_release(&f->made);
	buf_release(&f->asked);
	buf_release(&f->out);
	buf_release(&f->notes);
}

enum poller_status
fake_cycle(struct fake *f, const struct rule *rules)
{
	if (rules != NULL)
		f->rules = rules;
	buf_clear(&f->asked);
	buf_clear(&f->out);
	buf_clear(&f->notes);
	return poller_cycle(f->p, &f->next_ms);
}

int
fake_count(struct buf *b, const char *what)
{
	const char *p = buf_cstr(b);
	int n = 0;

	for (; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}
