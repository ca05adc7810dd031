#include <string.h>

#include "tests/exchange/calc.h"
#include "tests/exchange/views.h"

static void
put_zeros(struct buf *b, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_put_string(b, names[i], "0");
}

static void
put_coin(struct buf *b, const struct account *a, const struct coin *c)
{
	static const char *const zeros[] = { "bonus", "accruedInterest",
		"totalOrderIM", "spotHedgingQty", "borrowAmount", "locked",
		"spotBorrow" };
	struct decimal unrealised = account_unrealised(a, c->name);
	struct decimal equity = calc_add(c->balance, unrealised);
	struct decimal margin = account_margin(a, c->name);

	json_open_object(b, NULL);
	json_put_string(b, "coin", c->name);
	put_money(b, "equity", equity);
	put_money(
	    b, "usdValue", calc_mul(equity, market_usd(a->market, c->name)));
	put_money(b, "walletBalance", c->balance);
	put_money(b, "unrealisedPnl", unrealised);
	put_money(b, "cumRealisedPnl", c->realised);
	put_money(b, "totalPositionIM", margin);
	put_money(b, "totalPositionMM", calc_mul(margin, calc_of("0.05")));
	put_zeros(b, zeros, sizeof(zeros) / sizeof(zeros[0]));
	json_put_string(b, "availableToWithdraw", "");
	json_put_string(b, "availableToBorrow", "");
	json_put_bool(b, "collateralSwitch", 1);
	json_put_bool(b, "marginCollateral", 1);
	json_close_object(b);
}

static void
put_totals(struct buf *b, const struct account *a)
{
	struct decimal rate = decimal_zero, maintenance;
	struct totals t;

	account_totals(a, &t);
	maintenance = calc_mul(t.margin, calc_of("0.05"));
	if (decimal_sign(t.equity) > 0)
		(void)decimal_round(
		    &rate, calc_div(t.margin, t.equity), 4, DECIMAL_HALF_UP);
	json_put_string(b, "accountType", "UNIFIED");
	put_money(b, "totalEquity", t.equity);
	put_money(b, "totalWalletBalance", t.wallet);
	put_money(b, "totalMarginBalance", t.equity);
	put_money(b, "totalAvailableBalance", t.available);
	put_money(b, "totalPerpUPL", t.unrealised);
	put_money(b, "totalInitialMargin", t.margin);
	put_money(b, "totalInitialMarginByMp", t.margin);
	put_money(b, "totalMaintenanceMargin", maintenance);
	put_money(b, "totalMaintenanceMarginByMp", maintenance);
	json_put_decimal(b, "accountIMRate", rate);
	json_put_decimal(b, "accountIMRateByMp", rate);
	json_put_string(b, "accountMMRate", "0");
	json_put_string(b, "accountMMRateByMp", "0");
	json_put_string(b, "accountLTV", "0");
}

/* Whether name stands in a comma-separated list. */
static int
listed(const char *list, const char *name)
{
	const size_t len = strlen(name);

	for (const char *s = list; s != NULL; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, name, len) == 0 &&
		    (s[len] == ',' || s[len] == '\0'))
			return 1;
	}
	return 0;
}

int
view_wallet(struct exchange *x, struct request *r, struct reply *rep)
{
	const struct account *a = &x->account;
	const char *type = request_text(r, "accountType");
	const char *coins = request_text(r, "coin");
	struct buf *b = &rep->body;

	if (type == NULL || strcmp(type, "UNIFIED") != 0)
		return reply_refuse(rep, a->now_ms, CODE_PARAMS,
		    "accountType only support UNIFIED.");
	json_open_array(b, "list");
	if (!r->empty_list) {
		json_open_object(b, NULL);
		put_totals(b, a);
		json_open_array(b, "coin");
		for (size_t i = 0; i < a->ncoins; i++) {
			const struct coin *c = &a->coins[i];

			if (coins != NULL ? listed(coins, c->name)
					  : decimal_sign(c->balance) != 0)
				put_coin(b, a, c);
		}
		json_close_array(b);
		json_close_object(b);
	}
	json_close_array(b);
	return 0;
}

int
view_account(struct exchange *x, struct request *r, struct reply *rep)
{
	struct buf *b = &rep->body;

	(void)x;
	(void)r;
	json_put_string(b, "marginMode", "REGULAR_MARGIN");
	json_put_string(b, "updatedTime", "1697078946000");
	json_put_int(b, "unifiedMarginStatus", 5);
	json_put_string(b, "dcpStatus", "OFF");
	json_put_int(b, "timeWindow", 10);
	json_put_int(b, "smpGroup", 0);
	json_put_bool(b, "isMasterTrader", 0);
	json_put_string(b, "spotHedgingStatus", "OFF");
	return 0;
}

int
view_key(struct exchange *x, struct request *r, struct reply *rep)
{
	struct buf *b = &rep->body;

	(void)r;
	json_put_string(b, "id", "13770661");
	json_put_string(b, "note", "stand-in");
	json_put_string(b, "apiKey", x->key.name);
	json_put_int(b, "readOnly", x->key.read_only);
	json_put_string(b, "secret", "");
	json_put(b, "permissions", x->key.permissions);
	json_put(b, "ips", x->key.ips);
	json_put_int(b, "type", 1);
	json_put_int(b, "deadlineDay", 66);
	json_put_string(b, "expiredAt", "2037-12-22T07:20:25Z");
	json_put_string(b, "createdAt", "2025-10-13T03:20:45Z");
	json_put_int(b, "unified", 0);
	json_put_int(b, "uta", 1);
	json_put_int(b, "userID", 24617703);
	json_put_int(b, "inviterID", 0);
	json_put_string(b, "vipLevel", "No VIP");
	json_put_string(b, "mktMakerLevel", "0");
	json_put_int(b, "affiliateID", 0);
	json_put_string(b, "rsaPublicKey", "");
	json_put_bool(b, "isMaster", 1);
	json_put_string(b, "parentUid", "0");
	json_put_string(b, "kycLevel", "LEVEL_1");
	json_put_string(b, "kycRegion", "");
	json_put_string(b, "userIDInt64", "24617703");
	json_put_string(b, "inviterIDInt64", "0");
	json_put_string(b, "affiliateIDInt64", "0");
	return 0;
}

void
view_state(struct exchange *x, struct reply *rep)
{
	const struct account *a = &x->account;
	struct buf *b = &rep->body;

	json_open_object(b, NULL);
	json_put_int(b, "time", a->now_ms);
	json_put_int(b, "requests", (int64_t)x->requests);
	json_put_int(b, "script_left", (int64_t)(x->script.n - x->script.next));
	json_put_int(b, "messages", x->telegram.messages);
	json_open_object(b, "balances");
	for (size_t i = 0; i < a->ncoins; i++)
		put_money(b, a->coins[i].name, a->coins[i].balance);
	json_close_object(b);
	json_open_array(b, "positions");
	for (size_t k = 0; k < x->market.n; k++)
		for (int idx = 0; idx < 3; idx++) {
			const struct instrument *i = &x->market.list[k];

			if (i->positions[idx].now.seq != -1)
				put_position(b, i, idx, &i->positions[idx].now);
		}
	json_close_array(b);
	json_open_array(b, "orders");
	for (size_t k = 0; k < a->norders; k++)
		put_order(b, a->orders[k]);
	json_close_array(b);
	json_close_object(b);
}
