#include "differ/persist.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/store.h"
#include "differ/array.h"
#include "differ/exits.h"

static const char *const statuses[] = {
	[STATUS_NORMAL] = "Normal",
	[STATUS_LIQ] = "Liq",
	[STATUS_ADL] = "Adl",
};

static const char *const kinds[] = {
	[STEP_OPEN] = "OPEN",
	[STEP_INCREASE] = "INCREASE",
	[STEP_REDUCE] = "PARTIAL_CLOSE",
	[STEP_CLOSE] = "CLOSE",
};

/* Reading: a member that is missing is zero; one that is wrong is -1. */
static int
get_text(const struct json *v, const char *key, char *out, size_t size)
{
	const struct json *m = json_get(v, key);
	const char *s = json_string(m);

	out[0] = '\0';
	if (m == NULL)
		return 0;
	if (s == NULL || strlen(s) >= size)
		return -1;
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

static int
get_decimal(const struct json *v, const char *key, struct decimal *out)
{
	const struct json *m = json_get(v, key);

	*out = decimal_zero;
	return m == NULL ? 0 : json_decimal(m, out);
}

static int
get_int(const struct json *v, const char *key, int64_t *out)
{
	const struct json *m = json_get(v, key);

	*out = 0;
	return m == NULL ? 0 : json_int(m, 0, INT64_MAX, out);
}

static int
get_flag(const struct json *v, const char *key, int *out)
{
	const struct json *m = json_get(v, key);

	*out = 0;
	return m == NULL ? 0 : json_bool(m, out);
}

static int
get_time(const struct json *v, const char *key, int64_t *out)
{
	const struct json *m = json_get(v, key);

	*out = 0;
	return m == NULL ? 0 : json_time(m, out);
}

static int
get_name(const struct json *v, const char *key, const char *const names[],
    size_t n, int *out)
{
	const char *s = json_string(json_get(v, key));

	*out = 0;
	if (s == NULL)
		return json_get(v, key) == NULL ? 0 : -1;
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], s) == 0) {
			*out = (int)i;
			return 0;
		}
	return -1;
}

static int
get_side(const struct json *v, const char *key, enum side *out)
{
	const char *s = json_string(json_get(v, key));
	int side = s == NULL ? SIDE_NONE : side_parse(s);

	if (side == -1)
		return -1;
	*out = (enum side)side;
	return 0;
}

static int
get_reason(const struct json *v, const char *key, enum reason *out)
{
	const char *s = json_string(json_get(v, key));
	int reason = s == NULL ? REASON_NONE : reason_parse(s);

	if (reason == -1)
		return -1;
	*out = (enum reason)reason;
	return 0;
}

/* Writing: what is zero is left out. */
static void
put_text(struct buf *b, const char *key, const char *s)
{
	if (s != NULL && *s != '\0')
		json_put_string(b, key, s);
}

static void
put_decimal(struct buf *b, const char *key, struct decimal d)
{
	if (decimal_sign(d) != 0)
		json_put_decimal(b, key, d);
}

static void
put_int(struct buf *b, const char *key, int64_t n)
{
	if (n != 0)
		json_put_int(b, key, n);
}

static void
put_flag(struct buf *b, const char *key, int v)
{
	if (v)
		json_put_bool(b, key, 1);
}

static void
put_time(struct buf *b, const char *key, int64_t ms)
{
	if (ms != 0)
		json_put_time(b, key, ms);
}

static void
put_place(struct buf *b, const struct place *at)
{
	json_put_string(b, "account", at->scope->account->name);
	json_put_string(b, "category", category_name(at->scope->category));
	put_text(b, "settle_coin", at->scope->coin);
	json_put_string(b, "symbol", at->symbol);
	json_put_int(b, "position_idx", at->idx);
}

int
place_get(const struct json *v, char account[ACCOUNT_SIZE], enum category *c,
    char coin[COIN_SIZE], struct place *at)
{
	const char *name = json_string(json_get(v, "category"));
	int category = name == NULL ? -1 : category_parse(name);
	int64_t idx;

	if (category == -1 ||
	    get_text(v, "account", account, ACCOUNT_SIZE) == -1 ||
	    get_text(v, "settle_coin", coin, COIN_SIZE) == -1 ||
	    get_text(v, "symbol", at->symbol, sizeof(at->symbol)) == -1 ||
	    get_int(v, "position_idx", &idx) == -1 || idx > 2 ||
	    at->symbol[0] == '\0')
		return -1;
	*c = (enum category)category;
	at->idx = (int)idx;
	return 0;
}

static void
put_exits(struct buf *b, const struct exits *e)
{
	json_open_object(b, "exits");
	put_decimal(b, "size", e->qty);
	put_decimal(b, "pnl", e->pnl);
	put_decimal(b, "weight", e->weight);
	put_decimal(b, "cost", e->cost);
	put_decimal(b, "price", e->price);
	put_int(b, "prices", e->prices);
	put_decimal(b, "entry", e->entry);
	put_decimal(b, "estimated_size", e->est_qty);
	put_decimal(b, "estimated_pnl", e->est_pnl);
	put_decimal(b, "estimated_weight", e->est_weight);
	put_decimal(b, "estimated_cost", e->est_cost);
	put_time(b, "estimated_time", e->est_time);
	json_close_object(b);
}

static int
get_exits(const struct json *v, struct exits *e)
{
	int64_t prices;

	if (v == NULL || get_decimal(v, "size", &e->qty) == -1 ||
	    get_decimal(v, "pnl", &e->pnl) == -1 ||
	    get_decimal(v, "weight", &e->weight) == -1 ||
	    get_decimal(v, "cost", &e->cost) == -1 ||
	    get_decimal(v, "price", &e->price) == -1 ||
	    get_int(v, "prices", &prices) == -1 || prices > 2 ||
	    get_decimal(v, "entry", &e->entry) == -1 ||
	    get_decimal(v, "estimated_size", &e->est_qty) == -1 ||
	    get_decimal(v, "estimated_pnl", &e->est_pnl) == -1 ||
	    get_decimal(v, "estimated_weight", &e->est_weight) == -1 ||
	    get_decimal(v, "estimated_cost", &e->est_cost) == -1 ||
	    get_time(v, "estimated_time", &e->est_time) == -1)
		return -1;
	e->prices = (int)prices;
	return 0;
}

static void
put_trade(struct buf *b, const struct trade *t)
{
	json_open_object(b, "trade");
	json_put_int(b, "signal_number", (int64_t)t->number);
	json_put_string(b, "signal_type", side_name(t->side));
	put_decimal(b, "position_size", t->size);
	json_put_decimal(b, "entry_price", t->entry);
	json_put_decimal(b, "max_position_size", t->max);
	put_text(b, "leverage", t->leverage);
	put_time(b, "opened", t->opened);
	put_time(b, "closed", t->closed);
	put_time(b, "begin", t->begin);
	put_int(b, "open_time", t->open_time);
	put_int(b, "row_seq", t->row_seq);
	put_int(b, "updated_time", t->updated);
	put_flag(b, "initial", t->initial);
	put_text(b, "close_reason", reason_name(t->reason));
	put_int(b, "updated_seq", (int64_t)t->seq);
	put_exits(b, &t->exits);
	json_close_object(b);
}

static int
get_trade(const struct json *v, struct trade *t)
{
	int64_t number, seq;

	if (get_int(v, "signal_number", &number) == -1 || number == 0 ||
	    get_side(v, "signal_type", &t->side) == -1 ||
	    t->side == SIDE_NONE ||
	    get_decimal(v, "position_size", &t->size) == -1 ||
	    get_decimal(v, "entry_price", &t->entry) == -1 ||
	    get_decimal(v, "max_position_size", &t->max) == -1 ||
	    get_text(v, "leverage", t->leverage, sizeof(t->leverage)) == -1 ||
	    get_time(v, "opened", &t->opened) == -1 ||
	    get_time(v, "closed", &t->closed) == -1 ||
	    get_time(v, "begin", &t->begin) == -1 ||
	    get_int(v, "open_time", &t->open_time) == -1 ||
	    get_int(v, "row_seq", &t->row_seq) == -1 ||
	    get_int(v, "updated_time", &t->updated) == -1 ||
	    get_flag(v, "initial", &t->initial) == -1 ||
	    get_reason(v, "close_reason", &t->reason) == -1 ||
	    get_int(v, "updated_seq", &seq) == -1 ||
	    get_exits(json_get(v, "exits"), &t->exits) == -1)
		return -1;
	t->number = (uint64_t)number;
	t->seq = (uint64_t)seq;
	return 0;
}

static void
put_step(struct buf *b, const struct step *s)
{
	json_open_object(b, NULL);
	json_put_string(b, "action", kinds[s->kind]);
	json_put_time(b, "time", s->time);
	json_put_string(b, "signal_type", side_name(s->side));
	json_put_decimal(b, "position_size", s->size);
	json_put_decimal(b, "entry_price", s->entry);
	put_decimal(b, "mark_price", s->mark);
	if (s->has_cum)
		json_put_decimal(b, "cum_moved", s->cum);
	put_text(b, "leverage", s->leverage);
	json_put_string(b, "status", statuses[s->status]);
	put_int(b, "open_time", s->open_time);
	put_int(b, "seq", s->seq);
	put_int(b, "updated_time", s->updated);
	put_time(b, "begin", s->begin);
	put_flag(b, "initial", s->initial);
	put_flag(b, "absence", s->absence);
	json_close_object(b);
}

static int
get_step(const struct json *v, struct step *s)
{
	int kind, status;

	memset(s, 0, sizeof(*s));
	s->has_cum = json_get(v, "cum_moved") != NULL;
	if (get_name(v, "action", kinds, 4, &kind) == -1 ||
	    get_time(v, "time", &s->time) == -1 ||
	    get_side(v, "signal_type", &s->side) == -1 ||
	    get_decimal(v, "position_size", &s->size) == -1 ||
	    get_decimal(v, "entry_price", &s->entry) == -1 ||
	    get_decimal(v, "mark_price", &s->mark) == -1 ||
	    get_decimal(v, "cum_moved", &s->cum) == -1 ||
	    get_text(v, "leverage", s->leverage, sizeof(s->leverage)) == -1 ||
	    get_name(v, "status", statuses, 3, &status) == -1 ||
	    get_int(v, "open_time", &s->open_time) == -1 ||
	    get_int(v, "seq", &s->seq) == -1 ||
	    get_int(v, "updated_time", &s->updated) == -1 ||
	    get_time(v, "begin", &s->begin) == -1 ||
	    get_flag(v, "initial", &s->initial) == -1 ||
	    get_flag(v, "absence", &s->absence) == -1)
		return -1;
	s->kind = (enum step_kind)kind;
	s->status = (enum status)status;
	return 0;
}

static void
put_last(struct buf *b, const struct row *r)
{
	json_open_object(b, "row");
	json_put_string(b, "signal_type", side_name(r->side));
	json_put_decimal(b, "position_size", r->size);
	put_decimal(b, "entry_price", r->avg);
	if (r->has_cum)
		json_put_decimal(b, "cum_realised_pnl", r->cum);
	json_put_string(b, "status", statuses[r->status]);
	put_int(b, "seq", r->seq);
	put_int(b, "open_time", r->open_time);
	put_int(b, "updated_time", r->updated);
	json_close_object(b);
}

static int
get_last(const struct json *v, struct row *r)
{
	int status;

	r->has_cum = json_get(v, "cum_realised_pnl") != NULL;
	if (get_side(v, "signal_type", &r->side) == -1 ||
	    get_decimal(v, "position_size", &r->size) == -1 ||
	    get_decimal(v, "entry_price", &r->avg) == -1 ||
	    get_decimal(v, "cum_realised_pnl", &r->cum) == -1 ||
	    get_name(v, "status", statuses, 3, &status) == -1 ||
	    get_int(v, "seq", &r->seq) == -1 ||
	    get_int(v, "open_time", &r->open_time) == -1 ||
	    get_int(v, "updated_time", &r->updated) == -1)
		return -1;
	r->status = (enum status)status;
	return 0;
}

void
leg_key(struct store_key *k, const struct place *at)
{
	store_key_init(k);
	store_key_str(k, at->scope->account->name);
	store_key_str(k, category_name(at->scope->category));
	store_key_str(k, at->symbol);
	store_key_u64(k, (uint64_t)at->idx);
}

/* First what a reader wants to know, then what a restart needs. */
void
leg_put(struct buf *b, const struct leg *l)
{
	const struct trade *t = &l->trade;
	int told = t->number != 0 && !l->flat;

	for (size_t i = 0; i < l->nsteps; i++)
		told = told && l->steps[i].kind != STEP_OPEN;
	json_open_object(b, NULL);
	put_place(b, &l->at);
	if (told)
		json_put_int(b, "signal_number", (int64_t)t->number);
	json_put_string(
	    b, "signal_type", side_name(l->flat ? SIDE_NONE : l->last.side));
	json_put_decimal(
	    b, "position_size", l->flat ? decimal_zero : l->last.size);
	put_decimal(b, "entry_price", l->last.avg);
	put_decimal(b, "mark_price", l->last.mark);
	put_text(b, "leverage", l->last.leverage);
	if (told) {
		json_put_decimal(b, "max_position_size", t->max);
		json_put_decimal(b, "realized_pnl", exits_pnl(&t->exits));
		json_put_time(b, "opened", t->opened);
		put_flag(b, "initial", t->initial);
	}
	put_flag(b, "flat", l->flat);
	put_flag(b, "gone", l->gone);
	put_int(b, "absent", l->absent);
	put_time(b, "absent_since", l->absent_since);
	put_last(b, &l->last);
	if (t->number != 0)
		put_trade(b, t);
	if (l->nsteps > 0) {
		json_open_array(b, "pending");
		for (size_t i = 0; i < l->nsteps; i++)
			put_step(b, &l->steps[i]);
		json_close_array(b);
	}
	json_close_object(b);
}

static int
get_steps(const struct json *list, struct leg *l)
{
	size_t n = list != NULL ? json_count(list) : 0;

	if (n == 0)
		return 0;
	l->steps = array_room(NULL, &l->steps_cap, n, sizeof(*l->steps));
	if (l->steps == NULL)
		return -1;
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v))
		if (get_step(v, &l->steps[l->nsteps++]) == -1)
			return -1;
	return 0;
}

int
leg_get(const struct json *v, struct leg *l)
{
	const struct json *trade = json_get(v, "trade");
	int64_t absent;

	if (get_last(json_get(v, "row"), &l->last) == -1 ||
	    get_decimal(v, "mark_price", &l->last.mark) == -1 ||
	    get_text(v, "leverage", l->last.leverage, LEVERAGE_SIZE) == -1 ||
	    get_flag(v, "flat", &l->flat) == -1 ||
	    get_flag(v, "gone", &l->gone) == -1 ||
	    get_int(v, "absent", &absent) == -1 || absent > INT32_MAX ||
	    get_time(v, "absent_since", &l->absent_since) == -1 ||
	    (trade != NULL && get_trade(trade, &l->trade) == -1) ||
	    get_steps(json_get(v, "pending"), l) == -1)
		return -1;
	l->absent = (int)absent;
	return 0;
}

void
leg_mark_put(struct buf *b, const struct leg *l)
{
	json_open_object(b, NULL);
	put_place(b, &l->at);
	put_int(b, "seq", l->last.seq);
	put_int(b, "updated_time", l->last.updated);
	put_flag(b, "gone", l->gone);
	put_int(b, "told_seq", l->told_seq);
	put_int(b, "told_time", l->told_time);
	json_close_object(b);
}

int
leg_mark_get(const struct json *v, struct leg *l)
{
	if (get_int(v, "seq", &l->last.seq) == -1 ||
	    get_int(v, "updated_time", &l->last.updated) == -1 ||
	    get_flag(v, "gone", &l->gone) == -1 ||
	    get_int(v, "told_seq", &l->told_seq) == -1 ||
	    get_int(v, "told_time", &l->told_time) == -1)
		return -1;
	return 0;
}

void
record_key(struct store_key *k, const char *account, enum category c,
    const char *symbol, const char *order_id)
{
	store_key_init(k);
	store_key_str(k, account);
	store_key_str(k, category_name(c));
	store_key_str(k, symbol);
	store_key_str(k, order_id);
}

void
record_put(struct buf *b, const struct record *r)
{
	json_open_object(b, NULL);
	json_put_string(b, "account", r->account->name);
	json_put_string(b, "category", category_name(r->category));
	if (r->scope != NULL)
		put_text(b, "settle_coin", r->scope->coin);
	json_put_string(b, "symbol", r->symbol);
	json_put_string(b, "order_id", r->order_id);
	json_put_time(b, "time", r->time);
	put_time(b, "seen", r->seen);
	put_time(b, "begin", r->begin);
	put_int(b, "seq", r->seq);
	put_decimal(b, "filled", r->filled);
	put_flag(b, "tracked", r->scope != NULL);
	put_flag(b, "known", r->known);
	if (r->known) {
		json_put_string(b, "closes", side_name(r->side));
		put_decimal(b, "closed_size", r->size);
		put_decimal(b, "closed_pnl", r->pnl);
		put_decimal(b, "entry_price", r->entry);
		put_decimal(b, "exit_price", r->exit);
		put_decimal(b, "weight", r->weight);
		put_decimal(b, "cost", r->cost);
		put_text(b, "leverage", r->leverage);
		put_text(b, "type", reason_name(r->type));
		put_int(b, "signal_number", (int64_t)r->number);
	}
	put_text(b, "close_reason", reason_name(r->reason));
	if (decimal_sign(r->left) != 0) {
		json_put_decimal(b, "left", r->left);
		put_decimal(b, "left_pnl", r->left_pnl);
		put_decimal(b, "left_weight", r->left_weight);
		put_decimal(b, "left_cost", r->left_cost);
		put_decimal(b, "left_exit", r->left_exit);
	}
	json_close_object(b);
}

int
record_get(const struct json *v, struct record *r)
{
	int64_t number;

	if (get_text(v, "symbol", r->symbol, sizeof(r->symbol)) == -1 ||
	    get_text(v, "order_id", r->order_id, sizeof(r->order_id)) == -1 ||
	    get_time(v, "time", &r->time) == -1 ||
	    get_time(v, "seen", &r->seen) == -1 ||
	    get_time(v, "begin", &r->begin) == -1 ||
	    get_int(v, "seq", &r->seq) == -1 ||
	    get_decimal(v, "filled", &r->filled) == -1 ||
	    get_flag(v, "known", &r->known) == -1 ||
	    get_side(v, "closes", &r->side) == -1 ||
	    get_decimal(v, "closed_size", &r->size) == -1 ||
	    get_decimal(v, "closed_pnl", &r->pnl) == -1 ||
	    get_decimal(v, "entry_price", &r->entry) == -1 ||
	    get_decimal(v, "exit_price", &r->exit) == -1 ||
	    get_decimal(v, "weight", &r->weight) == -1 ||
	    get_decimal(v, "cost", &r->cost) == -1 ||
	    get_text(v, "leverage", r->leverage, sizeof(r->leverage)) == -1 ||
	    get_reason(v, "type", &r->type) == -1 ||
	    get_reason(v, "close_reason", &r->reason) == -1 ||
	    get_int(v, "signal_number", &number) == -1 ||
	    get_decimal(v, "left", &r->left) == -1 ||
	    get_decimal(v, "left_pnl", &r->left_pnl) == -1 ||
	    get_decimal(v, "left_weight", &r->left_weight) == -1 ||
	    get_decimal(v, "left_cost", &r->left_cost) == -1 ||
	    get_decimal(v, "left_exit", &r->left_exit) == -1)
		return -1;
	r->number = (uint64_t)number;
	return 0;
}

void
estimate_key(struct store_key *k, uint64_t number)
{
	store_key_init(k);
	store_key_u64(k, number);
}

void
estimate_put(struct buf *b, const struct estimate *e)
{
	json_open_object(b, NULL);
	put_place(b, &e->at);
	put_trade(b, &e->trade);
	put_time(b, "proved", e->proved);
	put_flag(b, "more", e->more);
	json_close_object(b);
}

int
estimate_get(const struct json *v, struct estimate *e)
{
	const struct json *trade = json_get(v, "trade");

	if (trade == NULL || get_trade(trade, &e->trade) == -1 ||
	    get_time(v, "proved", &e->proved) == -1)
		return -1;
	return get_flag(v, "more", &e->more);
}
