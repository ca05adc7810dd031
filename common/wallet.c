#include "common/wallet.h"

#include <string.h>

#include "common/json.h"

#define MARGIN_COIN "USDT"

int
wallet_equity(const struct json *wallet, int isolated, struct decimal *out)
{
	const char *margin =
	    json_string(json_get(wallet, "totalMarginBalance"));
	const struct json *coins = json_get(wallet, "coin");

	isolated |= margin != NULL && *margin == '\0';
	if (!isolated &&
	    json_decimal(json_get(wallet, "totalEquity"), out) == 0)
		return 0;
	if (coins == NULL || json_type(coins) != JSON_ARRAY)
		return -1;
	for (const struct json *c = json_first(coins); c != NULL;
	     c = json_next(c)) {
		const char *name = json_string(json_get(c, "coin"));

		if (name != NULL && strcmp(name, MARGIN_COIN) == 0)
			return json_decimal(json_get(c, "equity"), out);
	}
	return -1;
}
