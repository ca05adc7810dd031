#include "differ/model.h"

#include <string.h>

static const char *const categories[] = {
	[CATEGORY_LINEAR] = "linear",
	[CATEGORY_INVERSE] = "inverse",
	[CATEGORY_SPOT] = "spot",
};

static const char *const sides[] = {
	[SIDE_NONE] = "none",
	[SIDE_BUY] = "buy",
	[SIDE_SELL] = "sell",
};

static const char *const reasons[] = {
	[REASON_NONE] = NULL,
	[REASON_TRADE] = "trade",
	[REASON_STOP_LOSS] = "stop_loss",
	[REASON_TAKE_PROFIT] = "take_profit",
	[REASON_LIQUIDATION] = "liquidation",
	[REASON_ADL] = "adl",
	[REASON_SETTLEMENT] = "settlement",
};

static int
look_up(const char *const names[], size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] != NULL && strcmp(names[i], s) == 0)
			return (int)i;
	return -1;
}

#define LOOK_UP(names, s) look_up(names, sizeof(names) / sizeof((names)[0]), s)

const char *
category_name(enum category c)
{
	return categories[c];
}

int
category_parse(const char *s)
{
	return LOOK_UP(categories, s);
}

const char *
side_name(enum side s)
{
	return sides[s];
}

int
side_parse(const char *s)
{
	return LOOK_UP(sides, s);
}

const char *
reason_name(enum reason r)
{
	return reasons[r];
}

int
reason_parse(const char *s)
{
	return LOOK_UP(reasons, s);
}
