#include "trader/settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/settings.h"

int
trader_settings_read(struct trader_settings *t, const struct settings *s)
{
	size_t n = 0;

	while (setting_item(s, ALLOWED_SYMBOLS, n) != NULL)
		n++;
	t->symbols = calloc(n + 1, sizeof(*t->symbols));
	if (t->symbols == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		t->symbols[i] = setting_item(s, ALLOWED_SYMBOLS, i);
	t->opts = (struct trader_opts){
		.account = setting_str(s, ACCOUNT),
		.symbols = t->symbols,
		.recv_window_ms = setting_int(s, BYBIT_RECV_WINDOW),
		.alert_ttl_ms = setting_ms(s, ALERT_TTL),
		.state_max_age_ms = setting_ms(s, STATE_MAX_AGE),
		.max_risk = setting_decimal(s, MAX_RISK_PER_TRADE),
		.stop_min = setting_decimal(s, STOP_LOSS_MIN),
		.stop_max = setting_decimal(s, STOP_LOSS_MAX),
		.max_exposure = setting_decimal(s, MAX_EXPOSURE),
		.max_notional = setting_decimal(s, MAX_DAILY_NOTIONAL),
		.sizing_risk =
		    strcmp(setting_str(s, POSITION_SIZING), "risk") == 0,
		.leverage = setting_decimal(s, LEVERAGE),
		.max_minute = setting_int(s, MAX_ORDERS_PER_MINUTE),
		.max_rejects = setting_int(s, MAX_CONSECUTIVE_REJECTS),
		.dry_run = setting_bool(s, DRY_RUN),
	};
	return 0;
}

void
trader_settings_release(struct trader_settings *t)
{
	free(t->symbols);
	t->symbols = NULL;
}
