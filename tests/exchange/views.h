/*
 * views - the JSON of each endpoint that reads.
 *
 * Each writes the members of "result" and returns 0; or it makes the reply a
 * refusal and returns -1.
 */
#ifndef SLUICE_EXCHANGE_VIEWS_H
#define SLUICE_EXCHANGE_VIEWS_H

#include "tests/exchange/exchange.h"

/* market_views.c */
int view_time(struct exchange *x, struct request *r, struct reply *rep);
int view_tickers(struct exchange *x, struct request *r, struct reply *rep);
int view_instruments(struct exchange *x, struct request *r, struct reply *rep);

/* position_views.c */
int view_positions(struct exchange *x, struct request *r, struct reply *rep);
int view_closed(struct exchange *x, struct request *r, struct reply *rep);
void put_position(struct buf *b, const struct instrument *i, int idx,
    const struct holding *h);

/* order_views.c */
int view_orders_open(struct exchange *x, struct request *r, struct reply *rep);
int view_orders_past(struct exchange *x, struct request *r, struct reply *rep);
int view_executions(struct exchange *x, struct request *r, struct reply *rep);
void put_order(struct buf *b, const struct order *o);

/* account_views.c */
int view_wallet(struct exchange *x, struct request *r, struct reply *rep);
int view_account(struct exchange *x, struct request *r, struct reply *rep);
int view_key(struct exchange *x, struct request *r, struct reply *rep);
void view_state(struct exchange *x, struct reply *rep);

/* trade.c: the endpoints that change something; as above. */
int do_order_create(struct exchange *x, struct request *r, struct reply *rep);
int do_order_cancel(struct exchange *x, struct request *r, struct reply *rep);
int do_cancel_all(struct exchange *x, struct request *r, struct reply *rep);
int do_trading_stop(struct exchange *x, struct request *r, struct reply *rep);
int do_set_leverage(struct exchange *x, struct request *r, struct reply *rep);
int do_switch_mode(struct exchange *x, struct request *r, struct reply *rep);

/* query.c: what the parameters of several endpoints have in common. */

/* Which instruments a query is about. */
struct scope {
	int none;	  /* a category of which there is nothing here */
	const char *name; /* of the category */
	enum category category;
	const struct instrument *inst; /* or NULL: all that fit */
	const char *settle, *base;     /* or NULL */
};

/*
 * category, symbol, settleCoin, baseCoin.  others: a bit of SCOPE_… for each
 * category that is known besides linear and inverse, and has nothing.
 */
enum { SCOPE_SPOT = 1, SCOPE_OPTION = 2 };
int query_scope(const struct exchange *x, const struct request *r, int others,
    struct scope *s, struct reply *rep);
int scope_has(const struct scope *s, const struct instrument *i);

/* limit: def where absent, max where larger. */
int query_limit(const struct exchange *x, const struct request *r, int def,
    int max, size_t *limit, struct reply *rep);

/* startTime and endTime, the seven-day rule (section 4.2). */
int query_times(const struct exchange *x, const struct request *r,
    int64_t *from_ms, int64_t *to_ms, struct reply *rep);

/* A page of rows: from the cursor's on, limit at the most. */
struct page {
	const void **rows;
	size_t n, cap;
	size_t first, end; /* what of it is on this page */
};
void page_add(struct page *p, const void *row);
void page_release(struct page *p);
/*
 * Cut the page: cursor(row, text) names a row, and the request's cursor ends
 * with the name of the last row of the page before it.  0, or -1 and the reply
 * says that there is no such row.
 */
int page_cut(const struct exchange *x, struct page *p, const struct request *r,
    size_t limit, void (*cursor)(const void *row, char out[128]),
    struct reply *rep);
/* nextPageCursor, percent-encoded: "first,last"; "" for an empty page. */
void page_put_cursor(struct buf *b, const struct page *p,
    void (*cursor)(const void *row, char out[128]));
/* The same with a text. */
void put_cursor(struct buf *b, const char *text);

/* Decimals: with the digits that they have; to 8; "" where zero. */
void put_money(struct buf *b, const char *key, struct decimal d);
void put_scaled(struct buf *b, const char *key, struct decimal d, int scale);
void put_level(struct buf *b, const char *key, struct decimal d);
void put_ms(struct buf *b, const char *key, int64_t ms);

#endif
