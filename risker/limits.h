/*
 * limits - the settings that rules and sizing go by, read once.
 */
#ifndef SLUICE_RISKER_LIMITS_H
#define SLUICE_RISKER_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

struct settings;

struct limits {
	const struct settings *settings; /* for the lists */
	const char *account;
	struct decimal max_risk; /* these three: percent of equity */
	struct decimal max_daily_loss;
	struct decimal max_exposure;
	int sizing_risk; /* POSITION_SIZING is risk, not notional */
	struct decimal stop_percent, stop_min, stop_max; /* of the price */
	struct decimal atr_multiplier;
	struct decimal max_deviation; /* percent of the mark price */
	struct decimal trend;
	struct decimal leverage; /* 0: as it is */
	int64_t max_positions, max_per_symbol;
	int64_t alert_max_age_ms; /* 0: not checked */
	int64_t alert_ttl_ms, state_max_age_ms;
};

/* The settings must outlive *out. */
void limits_read(struct limits *out, const struct settings *s);

/* 1 where ALLOWED_SYMBOLS has it. */
int limits_allow(const struct limits *l, const char *symbol);

/* Element i of BYBIT_SETTLE_COINS; NULL past the end. */
const char *limits_coin(const struct limits *l, size_t i);

#endif
