#include "differ/signal.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "differ/array.h"
#include "differ/differ.h"
#include "differ/exits.h"
#include "differ/state.h"

static const char *const actions[] = {
	[ACTION_OPEN] = "OPEN",
	[ACTION_INCREASE] = "INCREASE",
	[ACTION_PARTIAL_CLOSE] = "PARTIAL_CLOSE",
	[ACTION_CLOSE] = "CLOSE",
};

static void
put_scaled(struct buf *b, const char *key, struct decimal d, int min, int max)
{
	char text[DECIMAL_TEXT_MAX];

	json_put_mem(b, key, text, decimal_format_scale(text, d, min, max));
}

/* The coin that the P&L is in; "" where the line did not say. */
static const char *
pnl_coin(const struct place *at, char coin[SYMBOL_SIZE])
{
	const char *usd;

	if (at->scope->category != CATEGORY_INVERSE)
		return at->scope->coin;
	memcpy(coin, at->symbol, SYMBOL_SIZE);
	usd = strstr(at->symbol, "USD");
	if (usd != NULL)
		coin[usd - at->symbol] = '\0';
	return coin;
}

/* Account, category, symbol, side and index: where a trade is. */
static void
put_place(struct buf *b, const struct signal *s)
{
	json_put_string(b, "category", category_name(s->at->scope->category));
	json_put_string(b, "symbol", s->at->symbol);
	json_put_string(b, "signal_type", side_name(s->trade->side));
	json_put_int(b, "position_idx", s->at->idx);
}

static void
put_leverage(struct buf *b, const struct trade *t)
{
	if (t->leverage[0] != '\0')
		json_put_string(b, "leverage", t->leverage);
}

/* Exit and profit of all that was closed so far. */
static void
put_exit(struct buf *b, const struct signal *s)
{
	enum category c = s->at->scope->category;
	const struct trade *t = s->trade;
	struct decimal entry, exit, profit;

	if (s->test) {
		if (s->exit != NULL) {
			json_put_string(b, "exit_price", s->exit);
			json_put_string(b, "profit_percentage", s->profit);
		}
		return;
	}
	if (exits_price(&exit, &t->exits, c) == -1)
		return;
	json_put_decimal(b, "exit_price", exit);
	if (exits_entry(&entry, &t->exits, c) == 0 &&
	    profit_percent(&profit, t->side, entry, exit) == 0)
		put_scaled(b, "profit_percentage", profit, 2, 2);
}

static struct decimal
rounded(struct decimal d)
{
	(void)decimal_round(&d, d, 8, DECIMAL_HALF_UP);
	return d;
}

/*
 * Of what is held; of what is no more, of all that was closed: as Bybit states
 * it, where that is the same.
 */
static void
put_entry(struct buf *b, const struct signal *s)
{
	const struct trade *t = s->trade;
	struct decimal entry, stated = t->entry;

	if (decimal_sign(t->size) == 0 &&
	    exits_entry(&entry, &t->exits, s->at->scope->category) == 0 &&
	    decimal_cmp(rounded(entry), rounded(stated)) != 0)
		stated = rounded(entry);
	json_put_decimal(b, "entry_price", stated);
}

static void
put_pnl(struct buf *b, const struct signal *s, const struct exits *e)
{
	char coin[SYMBOL_SIZE];
	const char *name = pnl_coin(s->at, coin);

	if (s->test)
		return;
	put_scaled(b, "realized_pnl", exits_pnl(e), 0, 8);
	if (*name != '\0')
		json_put_string(b, "pnl_coin", name);
}

static void
put_estimated(struct buf *b, const struct exits *e)
{
	if (decimal_sign(e->est_qty) > 0)
		json_put_bool(b, "estimated", 1);
}

static void
put_closing(struct buf *b, const struct signal *s)
{
	const struct trade *t = s->trade;
	struct decimal closed = s->old_size, percent;

	sum_sub(&closed, t->size);
	if (percent_of(&percent, closed, s->old_size) == 0)
		put_scaled(b, "close_percentage", percent, 2, 2);
	if (s->action == ACTION_PARTIAL_CLOSE) {
		put_pnl(b, s, s->step);
		put_estimated(b, s->step);
		return;
	}
	put_exit(b, s);
	json_put_decimal(b, "max_position_size", t->max);
	put_pnl(b, s, &t->exits);
	if (t->reason != REASON_NONE)
		json_put_string(b, "close_reason", reason_name(t->reason));
	put_estimated(b, &t->exits);
}

static void
put_line(struct buf *b, const struct differ *d, const struct signal *s)
{
	const struct trade *t = s->trade;

	json_open_object(b, NULL);
	json_put_string(b, "type", "signal");
	json_put_int(b, "seq", (int64_t)t->seq);
	json_put_time(b, "time", s->time);
	json_put_string(b, "account", s->at->scope->account->name);
	json_put_int(b, "signal_number", (int64_t)t->number);
	json_put_string(b, "action", actions[s->action]);
	put_place(b, s);
	json_put_decimal(b, "position_size", t->size);
	json_put_decimal(b, "old_position_size", s->old_size);
	put_entry(b, s);
	put_leverage(b, t);
	if (s->action == ACTION_PARTIAL_CLOSE || s->action == ACTION_CLOSE)
		put_closing(b, s);
	if (s->action == ACTION_OPEN && t->initial)
		json_put_bool(b, "initial", 1);
	if (s->test)
		json_put_bool(b, "test", 1);
	if (s->request != NULL)
		json_put_string(b, "request", s->request);
	json_put_string(b, "journal", d->journal);
	json_close_object(b);
}

static void
put_row(struct buf *b, const struct signal *s)
{
	const struct trade *t = s->trade;
	int closes = t->exits.prices > 0 || decimal_sign(t->exits.est_qty) > 0;

	json_open_object(b, NULL);
	json_put_int(b, "signal_number", (int64_t)t->number);
	json_put_string(b, "status", t->closed != 0 ? "closed" : "open");
	json_put_string(b, "account", s->at->scope->account->name);
	put_place(b, s);
	json_put_decimal(b, "position_size", t->size);
	put_entry(b, s);
	put_leverage(b, t);
	if (closes || s->test)
		put_exit(b, s);
	json_put_decimal(b, "max_position_size", t->max);
	if (closes) {
		put_pnl(b, s, &t->exits);
		put_estimated(b, &t->exits);
	}
	if (t->reason != REASON_NONE)
		json_put_string(b, "close_reason", reason_name(t->reason));
	if (t->initial)
		json_put_bool(b, "initial", 1);
	if (s->test)
		json_put_bool(b, "test", 1);
	json_put_time(b, "opened", t->opened);
	if (t->closed != 0)
		json_put_time(b, "closed", t->closed);
	json_put_int(b, "updated_seq", (int64_t)t->seq);
	json_close_object(b);
}

static void
store_row(struct differ *d, const struct signal *s)
{
	struct store_key key;

	buf_clear(&d->text);
	put_row(&d->text, s);
	if (buf_failed(&d->text)) {
		d->error = "out of memory";
		return;
	}
	store_key_init(&key);
	store_key_u64(&key, s->trade->number);
	state_put(d->state, "signals", &key, d->text.p, d->text.len);
}

static void
note_told(struct differ *d, const struct signal *s)
{
	struct told *told =
	    array_room(d->told, &d->told_cap, d->ntold + 1, sizeof(*told));

	if (told == NULL) {
		d->error = "out of memory";
		return;
	}
	d->told = told;
	told += d->ntold++;
	told->number = s->trade->number;
	told->action = actions[s->action];
	(void)snprintf(told->symbol, sizeof(told->symbol), "%s", s->at->symbol);
}

void
signal_emit(struct differ *d, const struct signal *s)
{
	size_t start = d->out.len;
	struct store_key key;

	s->trade->seq = ++d->seq;
	buf_clear(&d->text);
	put_line(&d->text, d, s);
	buf_put(&d->out, d->text.p, d->text.len);
	buf_putc(&d->out, '\n');
	if (buf_failed(&d->text) || buf_failed(&d->out)) {
		d->error = "out of memory";
		return;
	}
	store_key_init(&key);
	store_key_u64(&key, d->seq);
	state_put(
	    d->state, "events", &key, d->out.p + start, d->out.len - start - 1);
	store_row(d, s);
	note_told(d, s);
}

void
signal_row(struct differ *d, const struct place *at, const struct trade *t)
{
	struct trade copy = *t;

	store_row(d, &(struct signal){ .at = at, .trade = &copy });
}
