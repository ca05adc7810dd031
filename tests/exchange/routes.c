/*
 * The paths of Bybit: what each asks of the key, how often it may be called,
 * and what answers it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/exchange/exchange.h"
#include "tests/exchange/views.h"

enum kind { PUBLIC, READS, CHANGES };

static const struct route {
	const char *method, *path;
	enum kind kind;
	enum right right;
	int cap; /* calls a second */
	int (*answer)(struct exchange *, struct request *, struct reply *);
} routes[] = {
	{ "GET", "/v5/market/time", PUBLIC, RIGHT_ANY, 0, view_time },
	{ "GET", "/v5/market/tickers", PUBLIC, RIGHT_ANY, 0, view_tickers },
	{ "GET", "/v5/market/instruments-info", PUBLIC, RIGHT_ANY, 0,
	    view_instruments },
	{ "GET", "/v5/position/list", READS, RIGHT_POSITION, 50,
	    view_positions },
	{ "GET", "/v5/position/closed-pnl", READS, RIGHT_POSITION, 50,
	    view_closed },
	{ "GET", "/v5/execution/list", READS, RIGHT_ORDER, 50,
	    view_executions },
	{ "GET", "/v5/order/realtime", READS, RIGHT_ORDER, 50,
	    view_orders_open },
	{ "GET", "/v5/order/history", READS, RIGHT_ORDER, 50,
	    view_orders_past },
	{ "GET", "/v5/account/wallet-balance", READS, RIGHT_WALLET, 50,
	    view_wallet },
	{ "GET", "/v5/account/info", READS, RIGHT_ANY, 50, view_account },
	{ "GET", "/v5/user/query-api", READS, RIGHT_ANY, 10, view_key },
	{ "POST", "/v5/order/create", CHANGES, RIGHT_ORDER, 10,
	    do_order_create },
	{ "POST", "/v5/order/cancel", CHANGES, RIGHT_ORDER, 10,
	    do_order_cancel },
	{ "POST", "/v5/order/cancel-all", CHANGES, RIGHT_ORDER, 10,
	    do_cancel_all },
	{ "POST", "/v5/position/trading-stop", CHANGES, RIGHT_POSITION, 10,
	    do_trading_stop },
	{ "POST", "/v5/position/set-leverage", CHANGES, RIGHT_POSITION, 10,
	    do_set_leverage },
	{ "POST", "/v5/position/switch-mode", CHANGES, RIGHT_POSITION, 10,
	    do_switch_mode },
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))
_Static_assert(ROUTES <= ROUTES_MAX, "a route without its window");

static const char not_found[] =
    "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n"
    "<center><h1>404 Not Found</h1></center>\r\n"
    "<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n";
static const char forbidden[] =
    "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n"
    "<center><h1>403 Forbidden</h1></center>\r\n</body>\r\n</html>\r\n";

/* The route; NULL where there is none.  *path: one has the path at least. */
static const struct route *
find(const struct request *r, int *path)
{
	*path = 0;
	for (size_t i = 0; i < ROUTES; i++) {
		if (strcmp(routes[i].path, r->path) != 0)
			continue;
		*path = 1;
		if (strcmp(routes[i].method, r->method) == 0)
			return &routes[i];
	}
	return NULL;
}

void
route_answer(struct exchange *x, struct request *r, struct reply *rep)
{
	const int64_t now_ms = x->account.now_ms;
	const struct route *route;
	int path;

	if (limits_address(&x->limits, now_ms, rep) == -1)
		return;
	route = find(r, &path);
	if (route == NULL) {
		if (path) {
			rep->status = 404;
			(void)reply_refuse(
			    rep, now_ms, 10017, "%s", code_text(10017));
		} else {
			(void)reply_page(rep, 404, "text/html", not_found);
		}
		return;
	}
	if (strcmp(r->method, "GET") == 0 && r->len > 0) {
		(void)reply_page(rep, 403, "text/html", forbidden);
		return;
	}
	if (route->kind != PUBLIC &&
	    (key_check(&x->key, r, route->right, route->kind == CHANGES, now_ms,
		 rep) == -1 ||
		limits_endpoint(&x->limits, &x->windows[route - routes],
		    route->cap, now_ms, rep) == -1))
		return;
	if (route->kind == CHANGES && r->json == NULL) {
		(void)reply_refuse(
		    rep, now_ms, CODE_PARAMS, "Request parameter error.");
		return;
	}
	if (route->kind != CHANGES)
		r->json = NULL;
	reply_open(rep);
	if (route->answer(x, r, rep) == 0)
		reply_close(rep, now_ms);
}
