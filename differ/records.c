#include "differ/records.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "differ/account.h"
#include "differ/array.h"
#include "differ/differ.h"
#include "differ/estimates.h"
#include "differ/exits.h"
#include "differ/leg.h"
#include "differ/persist.h"
#include "differ/read.h"
#include "differ/scope.h"
#include "differ/signal.h"
#include "differ/state.h"
#include "differ/trade.h"

int
record_at(const struct record *r, const struct place *at)
{
	return r->scope == at->scope && strcmp(r->symbol, at->symbol) == 0;
}

enum reason
record_reason(const struct record *r)
{
	return r->reason != REASON_NONE ? r->reason : r->type;
}

void
record_save(struct differ *d, const struct record *r)
{
	struct store_key key;

	record_key(&key, r->account->name, r->category, r->symbol, r->order_id);
	buf_clear(&d->text);
	record_put(&d->text, r);
	if (buf_failed(&d->text))
		d->error = "out of memory";
	else
		state_put(d->state, "records", &key, d->text.p, d->text.len);
}

void
record_join(struct differ *d, struct record *r, struct trade *t)
{
	struct exits part;

	record_split(r, r->left, &part);
	r->number = t->number;
	exits_replace(&t->exits, part.qty);
	exits_add(&t->exits, &part);
	record_save(d, r);
}

static int
later(const struct record *a, const struct record *b)
{
	if (a->time != b->time)
		return a->time > b->time;
	return strcmp(a->order_id, b->order_id) > 0;
}

void
records_add(struct differ *d, struct record *r)
{
	struct record **v = array_room(d->records, &d->records_cap,
	    d->nrecords + 1, sizeof(struct record *));
	size_t i;

	if (v == NULL) {
		d->error = "out of memory";
		free(r);
		return;
	}
	d->records = v;
	for (i = d->nrecords++; i > 0 && later(v[i - 1], r); i--)
		v[i] = v[i - 1];
	v[i] = r;
}

/* Forget those that are used up. */
static void
drop_used(struct differ *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nrecords; i++) {
		if (decimal_sign(d->records[i]->left) != 0)
			d->records[n++] = d->records[i];
		else
			free(d->records[i]);
	}
	d->nrecords = n;
}

/* Take a record out of d->records; it is the caller's then. */
static struct record *
take_out(struct differ *d, const struct record *like)
{
	for (size_t i = 0; i < d->nrecords; i++) {
		struct record *r = d->records[i];

		if (r->account != like->account ||
		    r->category != like->category ||
		    strcmp(r->order_id, like->order_id) != 0 ||
		    strcmp(r->symbol, like->symbol) != 0)
			continue;
		d->nrecords--;
		memmove(&d->records[i], &d->records[i + 1],
		    (d->nrecords - i) * sizeof(d->records[0]));
		return r;
	}
	return NULL;
}

struct record *
record_look_up(struct differ *d, const struct record *like)
{
	struct record *r = take_out(d, like);
	struct store_key key;
	const struct json *v;

	if (r != NULL)
		return r;
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		d->error = "out of memory";
		return NULL;
	}
	record_key(&key, like->account->name, like->category, like->symbol,
	    like->order_id);
	v = read_row(d, "records", &key);
	if (v != NULL && record_get(v, r) == -1)
		state_damaged(d->state, "records", "a row cannot be read");
	r->account = like->account;
	r->category = like->category;
	r->scope = v != NULL && read_flag(v, "tracked")
	    ? scope_find(d, like->account, like->category,
		  read_string(v, "settle_coin", ""))
	    : NULL;
	memcpy(r->symbol, like->symbol, sizeof(r->symbol));
	memcpy(r->order_id, like->order_id, sizeof(r->order_id));
	return r;
}

void
record_put_back(struct differ *d, struct record *r)
{
	if (decimal_sign(r->left) != 0)
		records_add(d, r);
	else
		free(r);
}

/*
 * The settle coin of a linear symbol, as far as its name tells: a snapshot of
 * one coin may carry the records of another.
 */
static const char *
coin_of(const char *symbol, const char *coin)
{
	size_t n = strlen(symbol);
	const char *dash = strchr(symbol, '-');

	if (dash != NULL)
		n = (size_t)(dash - symbol);
	if (n > 4 && memcmp(symbol + n - 4, "USDT", 4) == 0)
		return "USDT";
	if (dash != NULL || (n > 4 && memcmp(symbol + n - 4, "PERP", 4) == 0))
		return "USDC";
	return coin;
}

const char *const record_keys[] = { "symbol", "orderId", "side", "execType",
	"leverage", "createdTime", "updatedTime", "closedSize", "closedPnl",
	"avgEntryPrice", "avgExitPrice", "cumExitValue", NULL };

/* What any record has. */
static const char *
read_head(const struct json *v, struct record *r)
{
	if (json_type(v) != JSON_OBJECT)
		return "not an object";
	if (read_copy(v, "symbol", r->symbol, sizeof(r->symbol)) == -1)
		return "symbol is missing or too long";
	if (read_copy(v, "orderId", r->order_id, sizeof(r->order_id)) == -1)
		return "orderId is missing or too long";
	if (read_ms(v, "updatedTime", &r->time) == -1 &&
	    read_ms(v, "createdTime", &r->time) == -1)
		return "updatedTime is missing";
	if (json_decimal(json_get(v, "closedPnl"), &r->pnl) == -1 ||
	    !value_fits(r->pnl))
		return "closedPnl is not a decimal";
	r->known = 1;
	return NULL;
}

/* P&L that is paid in between, whatever size it names: nothing is closed. */
static int
is_session(const struct json *v)
{
	const char *type = read_string(v, "execType", "");

	return strcmp(type, "SessionSettlePnL") == 0;
}

static const char *
read_record(const struct json *v, enum category c, struct record *r)
{
	const char *side = read_string(v, "side", "");
	const char *type = read_string(v, "execType", "");
	const char *leverage = read_string(v, "leverage", "");
	const char *why = read_head(v, r);
	struct decimal value;

	if (why != NULL || is_session(v))
		return why;
	if (strcmp(side, "Sell") == 0)
		r->side = SIDE_BUY;
	else if (strcmp(side, "Buy") == 0)
		r->side = SIDE_SELL;
	else
		return "side is not Buy or Sell";
	if (read_positive(v, "closedSize", &r->size) == -1)
		return "closedSize is not a decimal above 0";
	if (read_positive(v, "avgEntryPrice", &r->entry) == -1 ||
	    exits_weight(&r->cost, c, r->size, r->entry) == -1)
		return "avgEntryPrice is not a decimal above 0";
	if (read_positive(v, "avgExitPrice", &r->exit) == -1 ||
	    exits_weight(&r->weight, c, r->size, r->exit) == -1)
		return "avgExitPrice is not a decimal above 0";
	if (c == CATEGORY_INVERSE &&
	    read_positive(v, "cumExitValue", &value) == 0)
		r->weight = value;
	if (strlen(leverage) < sizeof(r->leverage))
		memcpy(r->leverage, leverage, strlen(leverage) + 1);
	if (strcmp(type, "BustTrade") == 0)
		r->type = REASON_LIQUIDATION;
	else if (strcmp(type, "AdlTrade") == 0)
		r->type = REASON_ADL;
	else if (strcmp(type, "Settle") == 0)
		r->type = REASON_SETTLEMENT;
	return NULL;
}

/* What in has and was has not yet joins what is left to use. */
static void
grow(struct record *was, const struct record *in)
{
	struct decimal size = in->size, pnl = in->pnl, weight = in->weight;
	struct decimal cost = in->cost;

	sum_sub(&size, was->size);
	sum_sub(&pnl, was->pnl);
	sum_sub(&weight, was->weight);
	sum_sub(&cost, was->cost);
	sum_add(&was->left, size);
	sum_add(&was->left_pnl, pnl);
	sum_add(&was->left_weight, weight);
	sum_add(&was->left_cost, cost);
	was->left_exit = in->exit;
	/* Of an order that filled in parts only the average is stated. */
	if (decimal_cmp(was->left, in->size) != 0 &&
	    decimal_cmp(was->exit, in->exit) != 0) {
		struct exits e = { .qty = was->left,
			.weight = was->left_weight };

		(void)exits_price(&was->left_exit, &e, was->category);
	}
}

/* The P&L of a session joins that of the trade that was open then. */
static void
join_session(struct differ *d, const struct record *r)
{
	for (size_t i = 0; i < r->scope->nlegs; i++) {
		struct leg *l = r->scope->legs[i];

		if (l->trade.number == 0 || !record_at(r, &l->at) ||
		    r->time < l->trade.begin)
			continue;
		sum_add(&l->trade.exits.pnl, r->pnl);
		signal_row(d, &l->at, &l->trade);
		l->dirty = 1;
		return;
	}
}

static void
take_one(struct differ *d, const struct scope *line, struct record *in)
{
	struct record *r = record_look_up(d, in);
	struct decimal pnl = in->pnl;

	if (r == NULL)
		return;
	if (r->known && r->scope == NULL && in->scope != NULL)
		/* Only counted so far. */
		r->size = r->weight = r->cost = decimal_zero;
	else if (r->known && decimal_cmp(in->size, r->size) <= 0) {
		record_put_back(d, r);
		return;
	}
	sum_sub(&pnl, r->pnl);
	if (line->category == CATEGORY_LINEAR)
		account_closed(d, in->account, in->time, pnl);
	if (decimal_sign(r->size) == 0)
		r->pnl = decimal_zero;
	if (in->scope != NULL && in->time > in->scope->first) {
		if (decimal_sign(in->size) == 0)
			join_session(d, in);
		else
			grow(r, in);
	}
	if (r->known)
		in->seen = r->seen;
	in->number = r->number;
	in->begin = r->begin;
	in->seq = r->seq;
	in->filled = r->filled;
	in->reason = r->reason;
	in->left = r->left;
	in->left_pnl = r->left_pnl;
	in->left_weight = r->left_weight;
	in->left_cost = r->left_cost;
	in->left_exit = r->left_exit;
	*r = *in;
	record_save(d, r);
	record_put_back(d, r);
}

void
records_take(struct differ *d, const struct scope *line,
    const struct json *list, int64_t time)
{
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v)) {
		struct record in = { .account = line->account,
			.category = line->category,
			.scope = line,
			.seen = time };
		const char *why = read_record(v, line->category, &in);

		if (why != NULL) {
			differ_note(d, NOTE_WARN,
			    "ignoring a closed_pnl record of %s: %s",
			    read_string(v, "symbol", "an unknown symbol"), why);
			continue;
		}
		if (in.time < time - RECORD_AGE_MS)
			continue;
		if (line->category == CATEGORY_LINEAR)
			in.scope = scope_find(d, line->account, CATEGORY_LINEAR,
			    coin_of(in.symbol, line->coin));
		take_one(d, line, &in);
	}
}

/* Bybit's openTime says that the record is of a trade that is open. */
static int
surely_open(const struct scope *s, const struct record *r)
{
	for (size_t i = 0; i < s->nlegs; i++) {
		const struct leg *l = s->legs[i];

		if (record_at(r, &l->at) && l->last.side == r->side &&
		    !l->flat && l->last.open_time > 0 &&
		    r->time >= l->last.open_time)
			return 1;
	}
	return 0;
}

/* Which estimate lacks just this record; d->nestimates: none. */
static size_t
lacking(const struct differ *d, const struct scope *s, const struct record *r)
{
	size_t i = 0;

	for (; i < d->nestimates; i++) {
		const struct estimate *e = d->estimates[i];

		if (estimate_lacks(e, r) &&
		    decimal_cmp(r->left, e->trade.exits.est_qty) == 0 &&
		    !surely_open(s, r))
			break;
	}
	return i;
}

void
records_correct(struct differ *d, const struct scope *s)
{
	for (size_t i = 0; i < d->nrecords; i++) {
		struct record *r = d->records[i];
		size_t k;

		if (r->scope != s)
			continue;
		k = estimate_of_order(d, r);
		if (k == d->nestimates)
			k = lacking(d, s, r);
		if (k < d->nestimates)
			estimate_correct(d, k, r);
	}
	drop_used(d);
}

static int
owned(const struct scope *s, const struct record *r)
{
	for (size_t i = 0; i < s->nlegs; i++)
		if (leg_owns(s->legs[i], r))
			return 1;
	return 0;
}

/* 1 where nothing that we know of explains the record. */
static int
is_unseen(const struct differ *d, const struct scope *s, const struct record *r)
{
	return r->scope == s && decimal_sign(r->left) != 0 && !owned(s, r) &&
	    estimate_find(d, r) == d->nestimates;
}

int64_t
records_begin(const struct differ *d, const struct leg *l,
    const struct row *row, int64_t before)
{
	int64_t begin = before;

	if (row->updated > 0 && row->updated < begin)
		begin = row->updated;
	for (size_t i = 0; i < d->nrecords; i++) {
		const struct record *r = d->records[i];

		if (record_at(r, &l->at) && r->side == row->side &&
		    r->time < begin && is_unseen(d, l->at.scope, r) &&
		    decimal_cmp(r->entry, row->avg) == 0)
			begin = r->time;
	}
	return begin;
}

/*
 * 1 where what the record closed is of the trade that the first one is of,
 * which nobody saw.  What began after the look that brought that is not: it
 * showed no position.
 */
static int
of_one_trade(const struct differ *d, const struct scope *s,
    const struct record *first, const struct record *r)
{
	int64_t begin = r->begin > 0 ? r->begin : r->time;

	if (r == first)
		return 1;
	return strcmp(r->symbol, first->symbol) == 0 &&
	    r->side == first->side &&
	    decimal_cmp(r->entry, first->entry) == 0 &&
	    begin <= first->seen + RECORD_LATE_MS && is_unseen(d, s, r);
}

/*
 * The records of the i-th one's trade join it: the seq of their last fill, 0
 * where it is not known.  In one-way mode a trade on the other side comes
 * between two.
 */
static int64_t
gather(struct differ *d, struct estimate *e, size_t i)
{
	const struct record *first = d->records[i];
	struct trade *t = &e->trade;
	int64_t seq = 0;

	for (; i < d->nrecords; i++) {
		struct record *r = d->records[i];

		if (e->at.idx == 0 && record_at(r, &e->at) &&
		    r->side != first->side)
			break;
		if (!of_one_trade(d, e->at.scope, first, r))
			continue;
		record_join(d, r, t);
		if (r->seen > e->proved)
			e->proved = r->seen;
		t->reason = record_reason(r);
		t->opened = r->time;
		if (r->seq > seq)
			seq = r->seq;
	}
	return seq;
}

/* Where what a record closed was held. */
static struct place
place_of(struct differ *d, const struct scope *s, const struct record *r)
{
	struct place at = { .scope = s };

	memcpy(at.symbol, r->symbol, sizeof(at.symbol));
	if (scope_hedged(d, s, r->symbol))
		at.idx = r->side == SIDE_BUY ? 1 : 2;
	return at;
}

/* 1 where no row is to come any more that shows what the record is of. */
static int
is_decided(
    struct differ *d, struct scope *s, const struct record *r, int64_t now)
{
	struct place at = place_of(d, s, r);
	const struct leg *l;

	if (r->time + RECORD_WAIT_MS <= now)
		return 1;
	l = scope_leg(d, s, &at);
	return l != NULL && row_shows(&l->last, r);
}

/*
 * A trade that no snapshot showed: records are all that is known of it.  Those
 * with the same average entry are of one trade that several orders closed.  It
 * bears the time of that: after an outage it may be hours old, and no news.
 * A row that shows it yet shows nothing new.
 */
static void
tell_unseen(struct differ *d, struct scope *s, size_t i)
{
	const struct record *r = d->records[i];
	struct estimate e = { .at = place_of(d, s, r), .more = 1 };
	struct trade *t = &e.trade;
	struct leg *l;
	int64_t seq;

	t->number = ++d->number;
	t->side = r->side;
	t->entry = r->entry;
	memcpy(t->leverage, r->leverage, sizeof(t->leverage));
	seq = gather(d, &e, i);
	t->size = t->max = t->exits.qty;
	signal_emit(d,
	    &(struct signal){ .at = &e.at,
		.trade = t,
		.action = ACTION_OPEN,
		.time = t->opened });
	t->size = decimal_zero;
	t->closed = t->opened;
	signal_emit(d,
	    &(struct signal){ .at = &e.at,
		.trade = t,
		.action = ACTION_CLOSE,
		.old_size = t->max,
		.time = t->closed });
	estimate_keep(d, &e);
	l = scope_leg(d, s, &e.at);
	if (l != NULL && leg_done(l))
		leg_passed(l, seq, t->closed);
}

void
records_decide(struct differ *d, struct scope *s, int64_t now)
{
	for (size_t i = 0; i < d->nrecords; i++) {
		struct record *r = d->records[i];
		size_t k;

		if (r->scope != s || decimal_sign(r->left) == 0 ||
		    owned(s, r) || !is_decided(d, s, r, now))
			continue;
		k = estimate_find(d, r);
		if (k < d->nestimates)
			estimate_correct(d, k, r);
		else
			tell_unseen(d, s, i);
	}
	drop_used(d);
}

struct prune {
	struct differ *d;
	int64_t before;
	size_t prefix;
	struct store_key from;
};

/* The rows are ours: what a text holds, the encoder has escaped. */
static int
prune_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	static const char label[] = "\"time\":\"";
	struct prune *p = arg;
	struct store_key k;
	const char *at;
	int64_t time;

	if (klen < p->prefix || klen > sizeof(k.p) ||
	    memcmp(key, p->from.p, p->prefix) != 0)
		return 1;
	at = memmem(val, vlen, label, sizeof(label) - 1);
	if (at == NULL || memmem(val, vlen, "\"left\":", 7) != NULL)
		return 0;
	at += sizeof(label) - 1;
	if ((size_t)(val + vlen - at) < TIME_TEXT_MAX - 1 ||
	    time_parse(at, TIME_TEXT_MAX - 1, &time) == -1 || time >= p->before)
		return 0;
	store_key_init(&k);
	memcpy(k.p, key, klen);
	k.len = klen;
	if (!state_waits(p->d->state, "records", &k))
		state_del(p->d->state, "records", &k);
	return 0;
}

void
records_prune(struct differ *d, struct account *a, int64_t time)
{
	struct prune p = { .d = d, .before = time - RECORD_KEPT_MS };
	int64_t day = time / 86400000;

	if (day <= a->pruned)
		return;
	a->pruned = day;
	store_key_init(&p.from);
	store_key_str(&p.from, a->name);
	p.prefix = p.from.len;
	(void)state_scan(d->state, "records", &p.from, prune_row, &p);
}
