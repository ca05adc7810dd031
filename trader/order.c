#include "trader/order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/word.h"
#include "trader/internal.h"

#define JSON_TEXT_MAX (64u << 10) /* of risk_metrics and the like */

static const char *const state_names[] = {
	[ORDER_NEW] = "new",
	[ORDER_SENT] = "sent",
	[ORDER_FILLED] = "filled",
	[ORDER_PROTECTED] = "protected",
	[ORDER_CLOSED] = "closed",
	[ORDER_REJECTED] = "rejected",
	[ORDER_EXPIRED] = "expired",
	[ORDER_FAILED] = "failed",
	[ORDER_DRY] = "dry",
};

const char *
order_state_name(enum order_state s)
{
	return state_names[s];
}

int
order_final(const struct order *o)
{
	return o->state >= ORDER_CLOSED;
}

struct order *
order_new(struct trader *t)
{
	struct order *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->t = t;
	o->position_idx = -1;
	return o;
}

struct order *
order_close(const struct order *o, enum order_kind kind)
{
	struct order *c = order_new(o->t);

	if (c == NULL)
		return NULL;
	c->kind = kind;
	memcpy(c->id, o->id, sizeof(c->id));
	memcpy(c->account, o->account, sizeof(c->account));
	memcpy(c->symbol, o->symbol, sizeof(c->symbol));
	(void)snprintf(c->action, sizeof(c->action), "close");
	return c;
}

void
order_free(struct order *o)
{
	if (o == NULL)
		return;
	free(o->risk_metrics);
	free(o->warnings);
	free(o->order_ids);
	free(o->errors);
	free(o->result);
	free(o);
}

void
order_link(struct order *o)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	char attempt[2] = "";

	_Static_assert(sizeof(letters) - 1 == ORDER_ATTEMPTS_MAX,
	    "a letter for each attempt");
	if (o->attempt > 0)
		attempt[0] = letters[o->attempt - 1];
	(void)snprintf(o->link, sizeof(o->link), "%s-%d%s%s", o->id,
	    o->position_idx == -1 ? 0 : o->position_idx,
	    o->kind == ORDER_PROTECTIVE ? "x" : "", attempt);
}

/* A member's text into out.  0, or -1 with why. */
static int
take(char *out, size_t out_size, const struct json *line, const char *key,
    int optional, char *why, size_t size)
{
	const struct json *v = json_get(line, key);
	const char *s = json_string(v);

	if (v == NULL && optional) {
		out[0] = '\0';
		return 0;
	}
	if (s == NULL || s[0] == '\0' || strlen(s) >= out_size) {
		(void)snprintf(why, size,
		    "%s is missing or no text of 1 to %zu bytes", key,
		    out_size - 1);
		return -1;
	}
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

/* Only from these may a line's bytes go into a request. */
static int
only(const char *s, const char *set)
{
	return s[strspn(s, set)] == '\0';
}

static int
take_number(char out[DECIMAL_TEXT_MAX], const struct json *line,
    const char *key, int optional, char *why, size_t size)
{
	struct decimal d;

	if (take(out, DECIMAL_TEXT_MAX, line, key, optional, why, size) == -1)
		return -1;
	if (out[0] == '\0' || decimal_parse(&d, out, strlen(out)) == 0)
		return 0;
	(void)snprintf(why, size, "%s=%s: expected a decimal", key, out);
	return -1;
}

/* Another spelling of a JSON value, kept as text: members or elements. */
static char *
keep(struct trader *t, const struct json *v)
{
	struct buf b;
	char *text = NULL;

	buf_init(&b, JSON_TEXT_MAX);
	json_put(&b, NULL, v);
	if (buf_cstr(&b) != NULL) {
		text = strdup(b.p);
		if (text == NULL)
			t->starved = 1;
	}
	buf_release(&b);
	return text;
}

static char *
keep_elements(struct trader *t, const struct json *array)
{
	char *text = keep(t, array);
	size_t n = text != NULL ? strlen(text) : 0;

	if (n < 2)
		return text;
	text[n - 1] = '\0';
	memmove(text, text + 1, n - 1);
	return text;
}

static int
take_rest(struct order *o, const struct json *line)
{
	const struct json *v = json_get(line, "risk_metrics");

	if (v != NULL && json_type(v) == JSON_OBJECT) {
		o->risk_metrics = keep(o->t, v);
		if (o->risk_metrics == NULL)
			return -1;
	}
	v = json_get(line, "warnings");
	if (v != NULL && json_type(v) == JSON_ARRAY) {
		o->warnings = keep_elements(o->t, v);
		if (o->warnings == NULL)
			return -1;
	}
	return 0;
}

int
order_from_line(
    struct order *o, const struct json *line, char *why, size_t size)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *category = json_string(json_get(line, "category"));
	int entry;

	if (take(o->id, sizeof(o->id), line, "id", 0, why, size) == -1 ||
	    take(o->account, sizeof(o->account), line, "account", 0, why,
		size) == -1 ||
	    take(o->symbol, sizeof(o->symbol), line, "symbol", 0, why, size) ==
		-1 ||
	    take(o->action, sizeof(o->action), line, "action", 0, why, size) ==
		-1)
		return -1;
	if (strlen(o->id) != ALERT_ID_LEN || !only(o->id, "0123456789abcdef")) {
		(void)snprintf(why, size, "id is not 32 hex digits");
		return -1;
	}
	if (category == NULL || strcmp(category, "linear") != 0 ||
	    !only(o->symbol, capitals)) {
		(void)snprintf(
		    why, size, "category is not linear, or symbol no symbol");
		return -1;
	}
	entry = strcmp(o->action, "close") != 0;
	if (entry && strcmp(o->action, "buy") != 0 &&
	    strcmp(o->action, "sell") != 0) {
		(void)snprintf(why, size,
		    "action=%s: expected buy, sell or close", o->action);
		return -1;
	}
	o->kind = entry ? ORDER_ENTRY : ORDER_CLOSE;
	if (json_time(json_get(line, "time"), &o->time_ms) == -1 ||
	    json_time(json_get(line, "expires"), &o->expires_ms) == -1) {
		(void)snprintf(why, size, "time or expires is not a time");
		return -1;
	}
	if (json_get(line, "test") != NULL &&
	    json_bool(json_get(line, "test"), &o->test) == -1) {
		(void)snprintf(why, size, "test is neither true nor false");
		return -1;
	}
	if (take_number(o->strength, line, "signal_strength", 1, why, size) ==
		-1 ||
	    take_number(o->price, line, "price", !entry, why, size) == -1)
		return -1;
	if (entry &&
	    (take(o->side, sizeof(o->side), line, "side", 0, why, size) == -1 ||
		take_number(o->qty, line, "qty", 0, why, size) == -1 ||
		take_number(o->stop_loss, line, "stop_loss", 0, why, size) ==
		    -1 ||
		take_number(
		    o->take_profit, line, "take_profit", 1, why, size) == -1))
		return -1;
	if (entry &&
	    strcmp(o->side, strcmp(o->action, "buy") == 0 ? "Buy" : "Sell") !=
		0) {
		(void)snprintf(why, size, "side=%s does not fit action=%s",
		    o->side, o->action);
		return -1;
	}
	if (take_rest(o, line) == -1) {
		(void)snprintf(why, size, "%s", strerror(ENOMEM));
		return -1;
	}
	order_link(o);
	return 0;
}

static void
put_text(struct buf *b, const char *key, const char *s)
{
	if (s[0] != '\0')
		json_put_string(b, key, s);
}

void
order_put(struct buf *b, const struct order *o, int64_t now_ms)
{
	json_open_object(b, NULL);
	json_put_string(b, "order_link_id", o->link);
	json_put_string(b, "id", o->id);
	json_put_time(b, "time", o->time_ms);
	json_put_time(b, "expires", o->expires_ms);
	json_put_string(b, "state", state_names[o->state]);
	if (o->kind == ORDER_PROTECTIVE)
		json_put_bool(b, "protective", 1);
	json_put_string(b, "action", o->action);
	json_put_string(b, "account", o->account);
	json_put_string(b, "category", "linear");
	json_put_string(b, "symbol", o->symbol);
	put_text(b, "side", o->side);
	if (o->position_idx != -1)
		json_put_int(b, "position_idx", o->position_idx);
	put_text(b, "qty", o->qty);
	put_text(b, "price", o->price);
	put_text(b, "stop_loss", o->stop_loss);
	put_text(b, "take_profit", o->take_profit);
	put_text(b, "signal_strength", o->strength);
	if (o->risk_metrics != NULL) {
		json_open_object(b, "risk_metrics");
		buf_put(b, o->risk_metrics + 1, strlen(o->risk_metrics) - 2);
		json_close_object(b);
	}
	if (o->warnings != NULL) {
		json_open_array(b, "warnings");
		buf_puts(b, o->warnings);
		json_close_array(b);
	}
	if (o->test)
		json_put_bool(b, "test", 1);
	if (o->sent_ms != 0)
		json_put_time(b, "sent", o->sent_ms);
	json_put_int(b, "sends", o->sends);
	json_put_time(b, "updated", now_ms);
	put_text(b, "order_id", o->order_id);
	put_text(b, "avg_price", o->avg_price);
	if (decimal_sign(o->filled) != 0)
		json_put_decimal(b, "filled_qty", o->filled);
	if (o->kind == ORDER_ENTRY && o->sent_ms != 0)
		json_put_decimal(b, "position_before", o->base);
	if (o->done_ms != 0)
		json_put_time(b, "done", o->done_ms);
	if (o->open_ms != 0)
		json_put_time(b, "opened", o->open_ms);
	if (decimal_sign(o->closed) != 0)
		json_put_decimal(b, "closed_qty", o->closed);
	if (o->order_ids != NULL) {
		json_open_array(b, "order_ids");
		buf_puts(b, o->order_ids);
		json_close_array(b);
	}
	if (o->attempt != 0)
		json_put_int(b, "attempt", o->attempt);
	if (o->doomed)
		json_put_bool(b, "doomed", 1);
	if (o->undone)
		json_put_bool(b, "undone", 1);
	if (o->silent)
		json_put_bool(b, "silent", 1);
	put_text(b, "reason", o->reason);
	if (o->ret_code != 0)
		json_put_int(b, "ret_code", o->ret_code);
	if (o->result != NULL) {
		json_open_object(b, "result");
		buf_put(b, o->result + 1, strlen(o->result) - 2);
		json_close_object(b);
	}
	json_close_object(b);
}

static int
get_state(struct order *o, const char *name)
{
	int i = WORD_FIND(name, state_names);

	if (i == -1)
		return -1;
	o->state = (enum order_state)i;
	return 0;
}

/* Text that may be absent, and fits where it was written from. */
static void
get_text(char *out, size_t size, const struct json *row, const char *key)
{
	const char *s = json_string(json_get(row, key));

	(void)snprintf(out, size, "%s", s != NULL ? s : "");
}

static void
get_flag(const struct json *row, const char *key, int *out)
{
	(void)json_bool(json_get(row, key), out);
}

static int
get_ours(struct order *o, const struct json *row)
{
	const struct json *v;
	int64_t n = -1;
	int protective = 0;

	get_flag(row, "protective", &protective);
	if (protective)
		o->kind = ORDER_PROTECTIVE;
	if (json_int(json_get(row, "position_idx"), 0, 2, &n) == 0)
		o->position_idx = (int)n;
	n = 0;
	(void)json_int(json_get(row, "attempt"), 0, ORDER_ATTEMPTS_MAX, &n);
	o->attempt = (int)n;
	n = 0;
	(void)json_int(json_get(row, "sends"), 0, 1000000, &n);
	o->sends = (int)n;
	(void)json_int(
	    json_get(row, "ret_code"), INT32_MIN, INT32_MAX, &o->ret_code);
	(void)json_time(json_get(row, "sent"), &o->sent_ms);
	(void)json_decimal(json_get(row, "filled_qty"), &o->filled);
	(void)json_decimal(json_get(row, "position_before"), &o->base);
	(void)json_time(json_get(row, "done"), &o->done_ms);
	(void)json_time(json_get(row, "opened"), &o->open_ms);
	(void)json_decimal(json_get(row, "closed_qty"), &o->closed);
	get_flag(row, "doomed", &o->doomed);
	get_flag(row, "undone", &o->undone);
	get_flag(row, "silent", &o->silent);
	get_text(o->side, sizeof(o->side), row, "side");
	get_text(o->qty, sizeof(o->qty), row, "qty");
	get_text(o->order_id, sizeof(o->order_id), row, "order_id");
	get_text(o->avg_price, sizeof(o->avg_price), row, "avg_price");
	get_text(o->reason, sizeof(o->reason), row, "reason");
	get_text(o->stop_loss, sizeof(o->stop_loss), row, "stop_loss");
	v = json_get(row, "order_ids");
	if (v != NULL) {
		o->order_ids = keep_elements(o->t, v);
		if (o->order_ids == NULL)
			return -1;
	}
	v = json_get(row, "result");
	if (v != NULL) {
		o->result = keep(o->t, v);
		if (o->result == NULL)
			return -1;
	}
	order_link(o);
	return 0;
}

int
order_get(struct order *o, const struct json *row)
{
	const char *link = json_string(json_get(row, "order_link_id"));
	char why[128];

	if (order_from_line(o, row, why, sizeof(why)) == -1 ||
	    get_state(o, json_string(json_get(row, "state"))) == -1 ||
	    get_ours(o, row) == -1)
		return -1;
	return link != NULL && strcmp(link, o->link) == 0 ? 0 : -1;
}
