#include "risker/risker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/result.h"
#include "risker/book.h"
#include "risker/orders.h"
#include "risker/rules.h"

#define REFUSED 422
#define OUT_MAX (64u << 20) /* a batch's lines, each up to a few KiB longer */
#define TEXTS_MAX (64u << 10)

/*
 * How far ahead of our clock a close's timestamp may be: one of another year,
 * by mistake, would else keep its symbol from being entered until then.
 */
#define AHEAD_MAX_MS 60000

struct risker *
risker_new(
    struct store *store, const struct settings *settings, const char *dir)
{
	struct risker *r = must_have(calloc(1, sizeof(*r)));

	limits_read(&r->limits, settings);
	facts_init(&r->facts, &r->limits);
	buf_init(&r->out, OUT_MAX);
	buf_init(&r->line, LINE_SIZE_MAX);
	buf_init(&r->errors, TEXTS_MAX);
	buf_init(&r->warnings, TEXTS_MAX);
	r->state = state_new(store, r->limits.account);
	r->book = book_new(dir, r->limits.account);
	r->orders = orders_new(dir);
	r->doc = json_new();
	return r;
}

void
risker_free(struct risker *r)
{
	if (r == NULL)
		return;
	state_free(r->state);
	book_free(r->book);
	orders_free(r->orders);
	facts_release(&r->facts);
	json_free(r->doc);
	buf_release(&r->out);
	buf_release(&r->line);
	buf_release(&r->errors);
	buf_release(&r->warnings);
	free(r);
}

const char *
risker_error(const struct risker *r)
{
	return r->out_of_memory ? "out of memory" : state_error(r->state);
}

const char *
risker_blind(const struct risker *r)
{
	if (!r->gathered)
		return NULL;
	return r->facts.readable ? "" : book_error(r->book);
}

void
risker_said(struct risker *r)
{
	buf_clear(&r->out);
	r->ntold = 0;
}

void
risker_trim(struct risker *r)
{
	book_trim(r->book);
	orders_trim(r->orders);
}

enum store_error
risker_begin(struct risker *r)
{
	buf_clear(&r->out);
	r->ntold = 0;
	r->gathered = 0;
	return state_begin(r->state);
}

int
risker_dirty(const struct risker *r)
{
	return state_dirty(r->state);
}

void
risker_end(struct risker *r)
{
	state_rollback(r->state);
}

enum store_error
risker_commit(
    struct risker *r, int (*also)(struct store_txn *t, void *arg), void *arg)
{
	if (!r->out_of_memory && !buf_failed(&r->out))
		return state_commit(r->state, also, arg);
	r->out_of_memory = 1;
	state_rollback(r->state);
	return STORE_FAIL;
}

static struct told *
tell(struct risker *r, enum risker_result result)
{
	struct told *t = &r->told[r->ntold++];

	memset(t, 0, sizeof(*t));
	t->result = result;
	return t;
}

static struct told *
tell_alert(struct risker *r, const struct alert *a, enum risker_result result)
{
	struct told *t = tell(r, result);

	memcpy(t->id, a->id, sizeof(t->id));
	memcpy(t->symbol, a->symbol, sizeof(t->symbol));
	t->action = alert_action_name(a->action);
	return t;
}

static void
skip(struct risker *r, const char *why)
{
	struct told *t = tell(r, RISKER_SKIPPED);

	(void)snprintf(t->why, sizeof(t->why), "%s", why);
}

static void
put_scaled(struct buf *b, const char *key, struct decimal d, int scale)
{
	char text[DECIMAL_TEXT_MAX];

	(void)decimal_format_scale(text, d, scale, scale);
	json_put_string(b, key, text);
}

/* How far the equity is below the day's highest, percent. */
static struct decimal
drawdown(const struct facts *f)
{
	struct decimal d;

	if (!f->has_day || !f->day.has_equity ||
	    decimal_sub(&d, f->day.highest, f->wallet.equity) == -1 ||
	    decimal_sign(d) <= 0 ||
	    decimal_mul(&d, d, decimal_from_int(100), DECIMAL_HALF_UP) == -1 ||
	    decimal_div(&d, d, f->day.highest, DECIMAL_HALF_UP) == -1)
		return decimal_zero;
	return d;
}

static void
put_metrics(struct buf *b, const struct facts *f)
{
	struct decimal exposure = decimal_zero, pnl = decimal_zero;

	/* Neither fails: the rules have reckoned the same. */
	(void)facts_exposure(f, f->size.notional, &exposure);
	if (f->has_day && f->day.has_equity)
		(void)decimal_sub(&pnl, f->wallet.equity, f->day.first);
	json_open_object(b, "risk_metrics");
	put_scaled(b, "exposure", exposure, 2);
	put_scaled(b, "drawdown", drawdown(f), 2);
	put_scaled(b, "daily_pnl", pnl, 2);
	json_put_int(b, "daily_trades", f->own_day.entries + 1);
	json_put_int(b, "open_positions", (int64_t)f->nslots + 1);
	json_close_object(b);
}

static void
put_entry(struct buf *b, const struct facts *f)
{
	const struct book_instrument *i = &f->instrument;
	const struct size *s = &f->size;

	put_scaled(b, "qty", s->qty, i->step_scale);
	put_scaled(b, "price", s->price, i->tick_scale);
	put_scaled(b, "stop_loss", s->stop, i->tick_scale);
	if (decimal_sign(s->take_profit) > 0)
		put_scaled(b, "take_profit", s->take_profit, i->tick_scale);
	json_put_decimal(b, "signal_strength", decimal_abs(f->alert->trend));
	put_metrics(b, f);
}

static void
put_order(struct buf *b, const struct facts *f, const struct buf *warnings)
{
	const struct alert *a = f->alert;

	json_open_object(b, NULL);
	json_put_string(b, "type", "order");
	json_put_string(b, "id", a->id);
	json_put_time(b, "time", a->time_ms);
	json_put_time(b, "expires", a->time_ms + f->limits->alert_ttl_ms);
	json_put_string(b, "account", f->limits->account);
	json_put_string(b, "category", "linear");
	json_put_string(b, "symbol", a->symbol);
	json_put_string(b, "action", alert_action_name(a->action));
	if (a->action != ALERT_CLOSE) {
		json_put_string(
		    b, "side", a->action == ALERT_BUY ? "Buy" : "Sell");
		put_entry(b, f);
	}
	json_open_array(b, "warnings");
	buf_put(b, warnings->p, warnings->len);
	json_close_array(b);
	if (a->test)
		json_put_bool(b, "test", 1);
	json_close_object(b);
	buf_putc(b, '\n');
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What later decisions must know of an order: reserved in the same commit. */
static void
reserve(struct risker *r, const struct alert *a)
{
	struct facts *f = &r->facts;

	state_open(r->state, a, f->size.notional);
	if (a->test)
		return;
	if (a->action != ALERT_CLOSE) {
		f->own_day.entries++;
		state_day_put(r->state, a->time_ms, &f->own_day);
		return;
	}
	f->closes.time_ms = later(f->closes.time_ms, a->time_ms);
	if (a->timestamp_ms != -1)
		f->closes.timestamp_ms = later(f->closes.timestamp_ms,
		    earlier(a->timestamp_ms, a->time_ms + AHEAD_MAX_MS));
	else
		f->closes.bare_ms = later(f->closes.bare_ms, a->time_ms);
	state_closes_put(r->state, a->symbol, &f->closes);
}

/* A loss that was seen counts for the rest of the day, whatever comes. */
static void
remember_loss(struct risker *r, const struct alert *a)
{
	struct facts *f = &r->facts;

	if (f->own_day.loss_hit || !facts_loss_hit(f))
		return;
	f->own_day.loss_hit = 1;
	state_day_put(r->state, a->time_ms, &f->own_day);
}

static void
decide(struct risker *r, const struct alert *a)
{
	struct facts *f = &r->facts;
	struct told *t;
	size_t broken;

	buf_clear(&r->errors);
	buf_clear(&r->warnings);
	buf_clear(&r->line);
	if (facts_gather(f, a, r->book, r->orders, r->state) == -1) {
		r->out_of_memory = 1;
		return;
	}
	r->gathered = 1;
	remember_loss(r, a);
	if (a->action == ALERT_CLOSE)
		broken = rules_close(f, &r->errors, &r->warnings);
	else
		broken = rules_entry(f, &r->errors, &r->warnings);
	if (broken == 0) {
		put_order(&r->line, f, &r->warnings);
		reserve(r, a);
	} else {
		struct result_refusal refusal = { .id = a->id,
			.code = REFUSED,
			.error = RESULT_VALIDATION,
			.errors = &r->errors,
			.warnings = &r->warnings,
			.time_ms = a->time_ms };

		result_refuse(&r->line, &refusal);
	}
	if (buf_failed(&r->line) || buf_failed(&r->errors) ||
	    buf_failed(&r->warnings)) {
		r->out_of_memory = 1;
		return;
	}
	state_decide(r->state, a->id, r->line.p, r->line.len - 1);
	buf_put(&r->out, r->line.p, r->line.len);
	t = tell_alert(r, a, broken == 0 ? RISKER_ORDER : RISKER_REFUSED);
	if (broken == 0 && a->action != ALERT_CLOSE)
		(void)decimal_format(t->qty, f->size.qty);
	if (broken != 0)
		(void)snprintf(t->why, sizeof(t->why), "%.*s",
		    (int)r->errors.len, r->errors.p);
}

void
risker_line(struct risker *r, char *text, size_t len)
{
	const struct json *v = json_parse(r->doc, text, len);
	const char *type, *known;
	struct alert a;
	char why[160];
	size_t n;

	if (v == NULL || json_type(v) != JSON_OBJECT) {
		skip(r, v == NULL ? json_error(r->doc) : "it is not an object");
		return;
	}
	type = json_string(json_get(v, "type"));
	if (type == NULL) {
		skip(r, "type is missing");
		return;
	}
	if (strcmp(type, "alert") != 0) {
		buf_put(&r->out, text, len);
		buf_putc(&r->out, '\n');
		(void)tell(r, RISKER_PASSED);
		return;
	}
	if (alert_read(&a, v, why, sizeof(why)) == -1) {
		skip(r, why);
		return;
	}
	known = state_decision(r->state, a.id, &n);
	if (known == NULL) {
		decide(r, &a);
		return;
	}
	buf_put(&r->out, known, n);
	buf_putc(&r->out, '\n');
	(void)tell_alert(r, &a, RISKER_AGAIN);
}
