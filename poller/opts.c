#include <stdio.h>
#include <string.h>

#include "common/settings.h"
#include "poller/internal.h"

static int
add_scope(struct poller_opts *o, const char *category, const char *coin,
    char *err, size_t size)
{
	if (o->nscopes == POLLER_SCOPES_MAX) {
		snprintf(err, size,
		    "BYBIT_SETTLE_COINS: more than %d scopes: expected fewer "
		    "coins",
		    POLLER_SCOPES_MAX);
		return -1;
	}
	o->scopes[o->nscopes].category = category;
	o->scopes[o->nscopes].settle_coin = coin;
	o->nscopes++;
	return 0;
}

static int
add_linear(struct poller_opts *o, const struct settings *s,
    const char *category, char *err, size_t size)
{
	const char *coin;
	size_t i;

	for (i = 0; (coin = setting_item(s, BYBIT_SETTLE_COINS, i)) != NULL;
	     i++) {
		if (add_scope(o, category, coin, err, size) == -1)
			return -1;
	}
	return 0;
}

int
poller_opts_read(
    struct poller_opts *o, const struct settings *s, char *err, size_t size)
{
	const char *item;
	size_t i;

	memset(o, 0, sizeof(*o));
	o->account = setting_str(s, ACCOUNT);
	o->interval_ms = setting_ms(s, SIGNAL_POLL_INTERVAL);
	for (i = 0; (item = setting_item(s, BYBIT_CATEGORIES, i)) != NULL;
	     i++) {
		int rc = -1;

		if (strcmp(item, "linear") == 0)
			rc = add_linear(o, s, item, err, size);
		else if (strcmp(item, "inverse") == 0)
			rc = add_scope(o, item, NULL, err, size);
		else
			snprintf(err, size,
			    "BYBIT_CATEGORIES=%s: this version does not "
			    "follow it yet: expected linear, inverse or both",
			    item);
		if (rc == -1)
			return -1;
	}
	for (i = 0; (item = setting_item(s, ALLOWED_SYMBOLS, i)) != NULL; i++) {
		if (i == POLLER_SYMBOLS_MAX) {
			snprintf(err, size,
			    "ALLOWED_SYMBOLS: more than %d symbols",
			    POLLER_SYMBOLS_MAX);
			return -1;
		}
		o->symbols[o->nsymbols++] = item;
	}
	if (o->nscopes == 0) {
		snprintf(err, size,
		    "BYBIT_CATEGORIES: nothing to follow: expected linear, "
		    "inverse or both");
		return -1;
	}
	return 0;
}
