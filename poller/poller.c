#include "poller/poller.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "poller/internal.h"

static void
add_market(struct poller *p, const char *category)
{
	size_t i;

	for (i = 0; i < p->nmarkets; i++)
		if (strcmp(p->markets[i].category, category) == 0)
			return;
	p->markets[p->nmarkets].category = category;
	p->markets[p->nmarkets].due_mono_ms = INT64_MIN;
	p->nmarkets++;
}

struct poller *
poller_new(const struct poller_opts *o, const struct poller_io *io)
{
	struct poller *p = calloc(1, sizeof(*p));
	size_t i;

	if (p == NULL)
		return NULL;
	p->opts = *o;
	p->io = *io;
	buf_init(&p->line, LINE_SIZE_MAX);
	rows_init(&p->rows);
	for (i = 0; i < o->nscopes; i++) {
		scope_init(&p->scopes[i], o->scopes[i].category,
		    o->scopes[i].settle_coin);
		add_market(p, o->scopes[i].category);
	}
	schedule_start(&p->schedule, io->mono_ms(io->arg), o->interval_ms);
	return p;
}

void
poller_free(struct poller *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->opts.nscopes; i++)
		scope_release(&p->scopes[i]);
	rows_release(&p->rows);
	buf_release(&p->line);
	free(p);
}

const char *
poller_error(const struct poller *p)
{
	return p->fatal;
}

int64_t
poller_skip(const struct poller *p)
{
	return schedule_tick(&p->schedule, p->io.mono_ms(p->io.arg));
}

void
poller_refresh(struct poller *p)
{
	for (size_t i = 0; i < p->nmarkets; i++)
		p->markets[i].due_mono_ms = 0;
	for (size_t i = 0; i < p->opts.nscopes; i++) {
		struct scope *s = &p->scopes[i];

		s->pnl_end_ms = 0;
		s->records.n = s->records.sorted = 0;
	}
}

enum step
poller_ask(struct poller *p, const char *path, const char *query, int sign,
    struct bybit_reply *r)
{
	if (p->io.get(p->io.arg, path, query, sign, r) == -1)
		return STEP_STOP;
	if (r->class == BYBIT_OK)
		return STEP_OK;
	return r->status == 0 || r->class == BYBIT_BANNED ? STEP_DOWN
							  : STEP_FAILED;
}

void
poller_fail(struct poller *p, int64_t code, const char *fmt, ...)
{
	va_list ap;

	if (p->failed)
		return;
	p->failed = 1;
	p->error_code = code;
	va_start(ap, fmt);
	(void)vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
}

void
poller_failed(struct poller *p, const char *path, const struct bybit_reply *r)
{
	/* Without a reply the error names host and path itself. */
	if (r->status == 0)
		poller_fail(p, 0, "%s", r->error);
	else
		poller_fail(p, r->code != 0 ? r->code : r->status, "%s: %s",
		    path, r->error);
}

enum step
poller_refused(struct poller *p, const struct bybit_reply *r)
{
	snprintf(p->fatal, sizeof(p->fatal), "%s%s: %s%s%s",
	    r->code != 0 ? "BYBIT_API_KEY is refused by " : "", p->opts.host,
	    r->error, r->advice[0] != '\0' ? "; " : "", r->advice);
	return STEP_FATAL;
}

enum step
keep_row(
    struct poller *p, struct rows *rows, const struct json *row, int64_t when)
{
	if (rows_add(rows, row, when) == 0)
		return STEP_OK;
	if (errno != EMSGSIZE)
		return STEP_NOMEM;
	poller_fail(
	    p, 0, "rows over %u bytes: too many for a line", LINE_SIZE_MAX);
	return STEP_FAILED;
}

void
line_begin(struct poller *p, const char *type, int64_t time_ms)
{
	struct buf *b = &p->line;

	buf_clear(b);
	json_open_object(b, NULL);
	json_put_string(b, "type", type);
	json_put_time(
	    b, "time", time_ms > 0 ? time_ms : p->io.now_ms(p->io.arg));
	json_put_string(b, "account", p->opts.account);
	json_put_string(b, "host", p->opts.host);
	if (p->uid[0] != '\0')
		json_put_string(b, "uid", p->uid);
}

enum step
line_end(struct poller *p)
{
	json_close_object(&p->line);
	buf_putc(&p->line, '\n');
	if (buf_failed(&p->line) == EMSGSIZE) {
		poller_fail(
		    p, 0, "a line over %u bytes is left out", LINE_SIZE_MAX);
		return STEP_FAILED;
	}
	if (buf_failed(&p->line))
		return STEP_NOMEM;
	return p->io.write(p->io.arg, p->line.p, p->line.len) == -1
	    ? STEP_OUTPUT
	    : STEP_OK;
}

static enum step
wallet_look(struct poller *p)
{
	static const char path[] = "/v5/account/wallet-balance";
	struct bybit_reply r;
	const struct json *wallet;
	enum step st;

	if (p->wallet_denied)
		return STEP_OK;
	st = poller_ask(p, path, "accountType=UNIFIED", 1, &r);
	if (st == STEP_FAILED && r.code == 10005) {
		p->wallet_denied = 1;
		NOTE(p, LOG_WARN,
		    "BYBIT_API_KEY may not read the wallet: no wallet line, so "
		    "entries will be refused",
		    LOG_STR("error", r.error));
		return STEP_OK;
	}
	if (st == STEP_FAILED || st == STEP_DOWN)
		poller_failed(p, path, &r);
	if (st != STEP_OK)
		return st;
	wallet = json_first(json_get(r.result, "list"));
	if (wallet == NULL || json_type(wallet) != JSON_OBJECT) {
		poller_fail(p, 0, "%s: no account in the reply", path);
		return STEP_FAILED;
	}
	line_begin(p, "wallet", r.time_ms);
	json_put(&p->line, "wallet", wallet);
	return line_end(p);
}

/*
 * A scope that fails is asked for less and less, as long as another is good:
 * that one's changes must not wait for it.
 */
static enum step
try_scope(struct poller *p, struct scope *s)
{
	int64_t now = p->io.mono_ms(p->io.arg);
	enum step st;

	if (p->good && now < s->due_mono_ms) {
		poller_fail(p, s->error_code, "%s", s->error);
		return STEP_FAILED;
	}
	st = scope_look(p, s);
	if (st == STEP_FAILED) {
		s->due_mono_ms = schedule_failed(
		    &s->back_off, now, arc4random_uniform(1001));
		s->error_code = p->error_code;
		memcpy(s->error, p->error, sizeof(s->error));
	} else if (st == STEP_OK) {
		s->due_mono_ms = 0;
		s->back_off.failures = 0;
	}
	return st;
}

/* All parts of a cycle in turn.  *bad: there was nothing that can be told. */
static enum step
look(struct poller *p, int *bad, int *quick)
{
	enum step st = STEP_OK;
	int good = 0;
	size_t i;

	if (!p->key_checked)
		st = key_check(p);
	for (i = 0; i < p->opts.nscopes && p->key_checked; i++) {
		if (st > STEP_FAILED)
			break;
		st = try_scope(p, &p->scopes[i]);
		good |= st == STEP_OK;
		*quick |= st == STEP_OK && p->scopes[i].quick;
	}
	p->good = good;
	*bad = !good || st > STEP_FAILED;
	if (st <= STEP_FAILED && p->key_checked)
		st = wallet_look(p);
	for (i = 0; i < p->nmarkets && p->key_checked; i++) {
		if (st > STEP_FAILED)
			break;
		st = market_look(p, &p->markets[i]);
	}
	market_check_symbols(p);
	return st;
}

static enum step
heartbeat(struct poller *p, int64_t ms, uint64_t requests, int64_t retry_ms)
{
	struct buf *b = &p->line;

	line_begin(p, "heartbeat", 0);
	json_put_string(b, "build", p->opts.build);
	json_put_bool(b, "ok", !p->failed);
	if (p->failed) {
		json_put_string(b, "error", p->error);
		/* A number, in tenths; the writer has no fractions. */
		if (retry_ms >= 0)
			buf_printf(b, ",\"retry_in\":%" PRId64 ".%" PRId64,
			    (retry_ms + 50) / 1000,
			    (retry_ms + 50) % 1000 / 100);
	} else {
		json_put_int(b, "ms", ms);
		json_put_int(b, "requests", (int64_t)requests);
	}
	return line_end(p);
}

/* One line in the log for each change of state, not one a cycle (F99). */
static void
tell(struct poller *p, int64_t retry_ms)
{
	if (p->failed && (!p->told_failed || p->told_code != p->error_code)) {
		NOTE(p, LOG_WARN, "unable to read all from Bybit, retrying",
		    LOG_STR("error", p->error),
		    LOG_INT("retry_in_ms", retry_ms));
		p->told_code = p->error_code;
	} else if (!p->failed && p->told_failed) {
		NOTE(p, LOG_INFO, "Bybit can be read again",
		    LOG_INT("failed_cycles", p->failed_cycles));
	}
	p->failed_cycles = p->failed ? p->failed_cycles + 1 : 0;
	p->told_failed = p->failed;
}

enum poller_status
poller_cycle(struct poller *p, int64_t *next_ms)
{
	int64_t start = p->io.mono_ms(p->io.arg), now, banned;
	uint64_t requests = p->io.requests(p->io.arg);
	int bad = 0, quick = 0;
	enum step st;

	p->failed = 0;
	p->error[0] = '\0';
	st = look(p, &bad, &quick);
	now = p->io.mono_ms(p->io.arg);
	switch (st) {
	case STEP_STOP:
		return POLLER_STOP;
	case STEP_OUTPUT:
		return POLLER_OUTPUT;
	case STEP_NOMEM:
		return POLLER_NOMEM;
	case STEP_FATAL:
		return heartbeat(p, now - start, 0, -1) == STEP_OUTPUT
		    ? POLLER_OUTPUT
		    : POLLER_FATAL;
	default:
		break;
	}
	banned = p->io.banned_ms(p->io.arg);
	if (banned > 0)
		*next_ms = now + banned;
	else if (bad)
		*next_ms = schedule_failed(
		    &p->schedule, now, arc4random_uniform(1001));
	else
		*next_ms = schedule_good(&p->schedule, now, quick);
	tell(p, *next_ms - now);
	st = heartbeat(p, now - start, p->io.requests(p->io.arg) - requests,
	    *next_ms - now);
	return st == STEP_OUTPUT ? POLLER_OUTPUT
	    : st == STEP_NOMEM	 ? POLLER_NOMEM
				 : POLLER_OK;
}
