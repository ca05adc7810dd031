#include "risker/limits.h"

#include <string.h>

#include "common/settings.h"

void
limits_read(struct limits *out, const struct settings *s)
{
	*out = (struct limits){
		.settings = s,
		.account = setting_str(s, ACCOUNT),
		.max_risk = setting_decimal(s, MAX_RISK_PER_TRADE),
		.max_daily_loss = setting_decimal(s, MAX_DAILY_LOSS),
		.max_exposure = setting_decimal(s, MAX_EXPOSURE),
		.sizing_risk =
		    strcmp(setting_str(s, POSITION_SIZING), "risk") == 0,
		.stop_percent = setting_decimal(s, STOP_LOSS_PERCENT),
		.stop_min = setting_decimal(s, STOP_LOSS_MIN),
		.stop_max = setting_decimal(s, STOP_LOSS_MAX),
		.atr_multiplier = setting_decimal(s, ATR_MULTIPLIER),
		.max_deviation = setting_decimal(s, MAX_PRICE_DEVIATION),
		.trend = setting_decimal(s, TREND_THRESHOLD),
		.leverage = setting_decimal(s, LEVERAGE),
		.max_positions = setting_int(s, MAX_POSITIONS),
		.max_per_symbol = setting_int(s, MAX_POSITIONS_PER_SYMBOL),
		.alert_max_age_ms = setting_ms(s, ALERT_MAX_AGE),
		.alert_ttl_ms = setting_ms(s, ALERT_TTL),
		.state_max_age_ms = setting_ms(s, STATE_MAX_AGE),
	};
}

int
limits_allow(const struct limits *l, const char *symbol)
{
	const char *s;

	for (size_t i = 0;
	     (s = setting_item(l->settings, ALLOWED_SYMBOLS, i)) != NULL; i++)
		if (strcmp(s, symbol) == 0)
			return 1;
	return 0;
}

const char *
limits_coin(const struct limits *l, size_t i)
{
	return setting_item(l->settings, BYBIT_SETTLE_COINS, i);
}
