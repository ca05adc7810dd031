/*
 * settings - trader's options from the settings.
 */
#ifndef SLUICE_TRADER_SETTINGS_H
#define SLUICE_TRADER_SETTINGS_H

#include "trader/trader.h"

struct settings;

struct trader_settings {
	struct trader_opts opts;
	const char **symbols;
};

/* 0, or -1 without memory.  The texts belong to s. */
int trader_settings_read(struct trader_settings *t, const struct settings *s);
void trader_settings_release(struct trader_settings *t);

#endif
