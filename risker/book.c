#include "risker/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/reader.h"
#include "common/wallet.h"

#define CATEGORY "linear"

struct book {
	const char *account;
	struct reader *reader;
	struct store_txn *txn; /* NULL outside of begin and end */
	struct json_doc *doc;
	struct buf row; /* a copy: the parser writes behind the text */
	char error[512];
};

struct book *
book_new(const char *dir, const char *account)
{
	struct book *b = must_have(calloc(1, sizeof(*b)));

	b->account = account;
	buf_init(&b->row, LINE_SIZE_MAX);
	b->reader = reader_new(dir, "differ");
	b->doc = json_new();
	return b;
}

void
book_free(struct book *b)
{
	if (b == NULL)
		return;
	book_end(b);
	reader_free(b->reader);
	json_free(b->doc);
	buf_release(&b->row);
	free(b);
}

static int
failed(struct book *b, const char *what, const char *why)
{
	(void)snprintf(b->error, sizeof(b->error), "%s%s%s", what,
	    *what != '\0' ? ": " : "", why);
	return -1;
}

int
book_begin(struct book *b)
{
	if (reader_begin(b->reader, &b->txn) == STORE_OK)
		return 0;
	b->txn = NULL;
	return failed(b, "", reader_error(b->reader));
}

void
book_end(struct book *b)
{
	if (b->txn != NULL)
		reader_end(b->reader, b->txn);
	b->txn = NULL;
}

void
book_trim(struct book *b)
{
	reader_trim(b->reader);
}

const char *
book_error(const struct book *b)
{
	return b->error;
}

/*
 * A row of table `account`: 1 and *out, valid until the next question; 0
 * where there is none; or -1.
 */
static int
get_row(struct book *b, const char *kind, const char *category,
    const char *name, const struct json **out)
{
	struct store_key key;
	enum store_error e;
	const char *val;
	size_t len;

	store_key_init(&key);
	store_key_str(&key, b->account);
	store_key_str(&key, kind);
	store_key_str(&key, category);
	store_key_str(&key, name);
	if (key.failed)
		return 0;
	e = store_get(b->txn, "account", key.p, key.len, &val, &len);
	if (e == STORE_NOTFOUND)
		return 0;
	if (e != STORE_OK)
		return failed(b, "", reader_error(b->reader));
	*out = json_parse_copy(b->doc, &b->row, val, len);
	return *out != NULL ? 1 : failed(b, kind, "the row cannot be read");
}

static int
damaged(struct book *b, const char *kind)
{
	return failed(b, kind, "the row lacks what it should have");
}

/* A member that may be missing, or "": zero then. */
static struct decimal
optional(const struct json *v, const char *key)
{
	struct decimal d = decimal_zero;

	(void)json_decimal(json_get(v, key), &d);
	return d;
}

int
book_wallet(struct book *b, struct book_wallet *out)
{
	struct book_wallet w;
	const struct json *v;
	int rc = get_row(b, "wallet", "", "", &v);

	if (rc != 1)
		return rc;
	if (json_time(json_get(v, "time"), &w.time_ms) == -1 ||
	    wallet_equity(json_get(v, "wallet"), 0, &w.equity) == -1)
		return damaged(b, "wallet");
	*out = w;
	return 1;
}

int
book_day(struct book *b, int64_t now_ms, struct book_day *out)
{
	struct book_day d = { 0 };
	char date[TIME_TEXT_MAX];
	const struct json *v;
	int rc;

	(void)time_format(date, now_ms);
	date[10] = '\0';
	rc = get_row(b, "day", "", date, &v);
	if (rc != 1)
		return rc;
	d.has_equity = json_get(v, "first_equity") != NULL;
	if (json_decimal(json_get(v, "closed_pnl"), &d.closed_pnl) == -1 ||
	    (d.has_equity &&
		(json_decimal(json_get(v, "first_equity"), &d.first) == -1 ||
		    json_decimal(json_get(v, "highest_equity"), &d.highest) ==
			-1 ||
		    json_decimal(json_get(v, "last_equity"), &d.last) == -1)))
		return damaged(b, "day");
	*out = d;
	return 1;
}

/* The one element of the list that a market row carries. */
static const struct json *
element(const struct json *v)
{
	const struct json *list = json_get(v, "list");

	return list != NULL && json_type(list) == JSON_ARRAY ? json_first(list)
							     : NULL;
}

int
book_ticker(struct book *b, const char *symbol, struct book_ticker *out)
{
	struct book_ticker t;
	const struct json *v, *e;
	int rc = get_row(b, "tickers", CATEGORY, symbol, &v);

	if (rc != 1)
		return rc;
	e = element(v);
	if (json_time(json_get(v, "time"), &t.time_ms) == -1 ||
	    json_decimal(json_get(e, "lastPrice"), &t.last) == -1 ||
	    json_decimal(json_get(e, "markPrice"), &t.mark) == -1 ||
	    decimal_sign(t.mark) <= 0)
		return damaged(b, "tickers");
	*out = t;
	return 1;
}

/* A step above zero, and how many decimals Bybit writes it with. */
static int
get_step(
    const struct json *v, const char *key, struct decimal *step, int *scale)
{
	const struct json *m = json_get(v, key);
	const char *text = json_string(m), *point;
	size_t n;

	if (text == NULL || json_decimal(m, step) == -1 ||
	    decimal_sign(*step) <= 0)
		return -1;
	point = strchr(text, '.');
	n = point != NULL ? strlen(point + 1) : 0;
	*scale = n > 18 ? 18 : (int)n;
	return 0;
}

int
book_instrument(struct book *b, const char *symbol, struct book_instrument *out)
{
	struct book_instrument i;
	const struct json *v, *e, *lot, *price;
	const char *status;
	int rc = get_row(b, "instruments", CATEGORY, symbol, &v);

	if (rc != 1)
		return rc;
	e = element(v);
	lot = json_get(e, "lotSizeFilter");
	price = json_get(e, "priceFilter");
	status = json_string(json_get(e, "status"));
	if (json_time(json_get(v, "time"), &i.time_ms) == -1 ||
	    status == NULL ||
	    get_step(price, "tickSize", &i.tick_size, &i.tick_scale) == -1 ||
	    get_step(lot, "qtyStep", &i.qty_step, &i.step_scale) == -1 ||
	    json_decimal(json_get(lot, "minOrderQty"), &i.min_qty) == -1)
		return damaged(b, "instruments");
	i.trading = strcmp(status, "Trading") == 0;
	i.max_market_qty = optional(lot, "maxMktOrderQty");
	if (decimal_sign(i.max_market_qty) == 0)
		i.max_market_qty = optional(lot, "maxOrderQty");
	i.min_value = optional(lot, "minNotionalValue");
	i.max_leverage = optional(json_get(e, "leverageFilter"), "maxLeverage");
	*out = i;
	return 1;
}

struct walk {
	struct book *b;
	struct store_key prefix;
	int (*fn)(void *arg, const struct book_position *p);
	void *arg;
	int rc;
};

/* mark - entry, of a short entry - mark, times the size. */
static int
open_pnl(struct book_position *p)
{
	struct decimal d;

	p->unrealised_pnl = decimal_zero;
	if (decimal_sign(p->mark_price) == 0 ||
	    decimal_sign(p->entry_price) == 0)
		return 0;
	if (decimal_sub(&d, p->mark_price, p->entry_price) == -1 ||
	    decimal_mul(&d, d, p->size, DECIMAL_HALF_UP) == -1)
		return -1;
	p->unrealised_pnl = p->side[0] == 'B' ? d : decimal_neg(d);
	return 0;
}

static int
see_position(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct walk *w = arg;
	struct book_position p;
	const struct json *v;
	const char *side;
	int64_t idx;

	if (klen < w->prefix.len ||
	    memcmp(key, w->prefix.p, w->prefix.len) != 0)
		return 1;
	v = json_parse_copy(w->b->doc, &w->b->row, val, vlen);
	p.symbol = json_string(json_get(v, "symbol"));
	side = json_string(json_get(v, "signal_type"));
	if (p.symbol == NULL || side == NULL ||
	    json_int(json_get(v, "position_idx"), 0, 2, &idx) == -1 ||
	    json_decimal(json_get(v, "position_size"), &p.size) == -1)
		goto bad;
	/* Closed already, and waiting for its record. */
	if (decimal_sign(p.size) == 0)
		return 0;
	if (strcmp(side, "buy") == 0)
		p.side = "Buy";
	else if (strcmp(side, "sell") == 0)
		p.side = "Sell";
	else
		goto bad;
	p.position_idx = (int)idx;
	p.entry_price = optional(v, "entry_price");
	p.mark_price = optional(v, "mark_price");
	if (open_pnl(&p) == -1)
		goto bad;
	return w->fn(w->arg, &p) != 0;
bad:
	w->rc = damaged(w->b, "positions");
	return 1;
}

int
book_positions(struct book *b,
    int (*fn)(void *arg, const struct book_position *p), void *arg)
{
	struct walk w = { .b = b, .fn = fn, .arg = arg };
	enum store_error e;

	store_key_init(&w.prefix);
	store_key_str(&w.prefix, b->account);
	store_key_str(&w.prefix, CATEGORY);
	e = store_scan(
	    b->txn, "positions", w.prefix.p, w.prefix.len, see_position, &w);
	if (e != STORE_OK)
		return failed(b, "", reader_error(b->reader));
	return w.rc;
}

int
book_snapshot_ms(struct book *b, const char *settle_coin, int64_t *out)
{
	const struct json *v;
	int rc = get_row(b, "scope", CATEGORY, settle_coin, &v);

	if (rc != 1)
		return rc;
	return json_time(json_get(v, "last"), out) == 0 ? 1
							: damaged(b, "scope");
}
