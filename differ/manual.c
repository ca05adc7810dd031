#include "differ/manual.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "differ/differ.h"
#include "differ/exits.h"
#include "differ/model.h"
#include "differ/read.h"
#include "differ/signal.h"
#include "differ/state.h"

#define REQUEST_SIZE 129

/* The trade in hand, with the scope that a trade's place needs. */
struct manual {
	struct account account;
	struct scope scope;
	struct place at;
	struct trade trade;
};

/* A decimal, as a string or a number, with its text.  0, or -1. */
static int
amount(const struct json *line, const char *key, struct decimal *out,
    const char **text)
{
	const struct json *v = json_get(line, key);

	if (json_decimal(v, out) == -1 || !value_fits(*out))
		return -1;
	if (text != NULL) {
		*text = json_string(v);
		if (*text == NULL)
			*text = json_number(v);
	}
	return 0;
}

static const char *
read_leverage(const struct json *line, struct manual *m)
{
	struct decimal leverage;
	const char *text;

	if (json_get(line, "leverage") == NULL ||
	    m->scope.category == CATEGORY_SPOT ||
	    *read_string(line, "leverage", "-") == '\0')
		return NULL;
	if (amount(line, "leverage", &leverage, &text) == -1 ||
	    decimal_sign(leverage) <= 0 || strlen(text) >= LEVERAGE_SIZE)
		return "leverage is not a decimal above 0";
	memcpy(m->trade.leverage, text, strlen(text) + 1);
	return NULL;
}

static const char *
do_open(struct differ *d, const struct json *line, struct manual *m)
{
	int side = side_parse(read_string(line, "signal_type", ""));
	int c = category_parse(read_string(line, "category", ""));
	struct trade *t = &m->trade;
	const char *why;

	if (read_copy(line, "symbol", m->at.symbol, SYMBOL_SIZE) == -1)
		return "symbol is missing or too long";
	if (side != SIDE_BUY && side != SIDE_SELL)
		return "signal_type is not buy or sell";
	if (c == -1)
		return "category is not linear, inverse or spot";
	m->scope.category = (enum category)c;
	if (amount(line, "position_size", &t->size, NULL) == -1 ||
	    decimal_sign(t->size) <= 0)
		return "position_size is not a decimal above 0";
	if (amount(line, "entry_price", &t->entry, NULL) == -1 ||
	    decimal_sign(t->entry) <= 0)
		return "entry_price is not a decimal above 0";
	why = read_leverage(line, m);
	if (why != NULL)
		return why;
	if (strlen(d->account) >= ACCOUNT_SIZE)
		return "ACCOUNT is too long";
	memcpy(m->account.name, d->account, strlen(d->account) + 1);
	t->side = (enum side)side;
	t->max = t->size;
	return NULL;
}

/* The open trade made by hand of that number, out of `signals`. */
static const char *
find_trade(struct differ *d, int64_t number, struct manual *m)
{
	struct trade *t = &m->trade;
	struct store_key key;
	const struct json *v;
	int side, c;

	store_key_init(&key);
	store_key_u64(&key, (uint64_t)number);
	v = read_row(d, "signals", &key);
	if (v == NULL)
		return "there is no such signal_number";
	if (!read_flag(v, "test"))
		return "that trade was not made by hand";
	if (strcmp(read_string(v, "status", ""), "open") != 0)
		return "that trade is closed already";
	side = side_parse(read_string(v, "signal_type", ""));
	c = category_parse(read_string(v, "category", ""));
	if (side == -1 || c == -1 ||
	    read_copy(v, "account", m->account.name, ACCOUNT_SIZE) == -1 ||
	    read_copy(v, "symbol", m->at.symbol, SYMBOL_SIZE) == -1 ||
	    read_positive(v, "position_size", &t->size) == -1 ||
	    read_positive(v, "entry_price", &t->entry) == -1 ||
	    json_time(json_get(v, "opened"), &t->opened) == -1) {
		state_damaged(d->state, "signals", "a row cannot be read");
		return "the state is damaged";
	}
	(void)read_copy(v, "leverage", t->leverage, LEVERAGE_SIZE);
	m->scope.category = (enum category)c;
	t->side = (enum side)side;
	t->max = t->size;
	t->number = (uint64_t)number;
	return NULL;
}

static const char *
do_close(struct differ *d, const struct json *line, struct manual *m,
    struct signal *s)
{
	struct decimal exit, profit;
	int64_t number;

	if (json_int(json_get(line, "signal_number"), 1, INT64_MAX, &number) ==
	    -1)
		return "signal_number is not a number from 1 up";
	if (amount(line, "exit_price", &exit, &s->exit) == -1 ||
	    decimal_sign(exit) <= 0)
		return "exit_price is not a decimal above 0";
	if (amount(line, "profit_percentage", &profit, &s->profit) == -1)
		return "profit_percentage is not a decimal";
	return find_trade(d, number, m);
}

static void
answer_error(struct differ *d, const char *request, const char *why)
{
	buf_clear(&d->text);
	json_open_object(&d->text, NULL);
	json_put_string(&d->text, "type", "signal");
	json_put_string(&d->text, "request", request);
	json_put_string(&d->text, "error", why);
	json_close_object(&d->text);
	buf_put(&d->out, d->text.p, d->text.len);
	buf_putc(&d->out, '\n');
}

/* Returns why it cannot be done, or NULL. */
static const char *
carry_out(struct differ *d, const struct json *line, const char *request,
    int64_t time)
{
	struct manual m = { 0 };
	struct signal s = {
		.at = &m.at,
		.trade = &m.trade,
		.time = time,
		.test = 1,
		.request = request,
	};
	const char *op = read_string(line, "op", ""), *why;

	m.at.scope = &m.scope;
	m.scope.account = &m.account;
	if (strcmp(op, "open") == 0) {
		why = do_open(d, line, &m);
		if (why != NULL)
			return why;
		m.trade.number = ++d->number;
		m.trade.opened = time;
		s.action = ACTION_OPEN;
	} else if (strcmp(op, "close") == 0) {
		why = do_close(d, line, &m, &s);
		if (why != NULL)
			return why;
		s.action = ACTION_CLOSE;
		s.old_size = m.trade.size;
		m.trade.size = decimal_zero;
		m.trade.closed = time;
	} else
		return "op is not open or close";
	signal_emit(d, &s);
	return NULL;
}

int
manual_take(
    struct differ *d, const struct json *line, int64_t time, const char **why)
{
	char request[REQUEST_SIZE];
	size_t start = d->out.len, len;
	struct store_key key;
	const char *answer;

	if (read_copy(line, "request", request, sizeof(request)) == -1) {
		*why = "request is missing or too long";
		return -1;
	}
	differ_took(d);
	store_key_init(&key);
	store_key_str(&key, request);
	answer = state_get(d->state, "requests", &key, &len);
	if (answer != NULL) {
		buf_put(&d->out, answer, len);
		buf_putc(&d->out, '\n');
		return 1;
	}
	answer = carry_out(d, line, request, time);
	if (answer != NULL)
		answer_error(d, request, answer);
	if (!buf_failed(&d->out))
		state_put(d->state, "requests", &key, d->out.p + start,
		    d->out.len - start - 1);
	return 1;
}
