#include "common/action.h"

#include "common/json.h"
#include "common/word.h"

static const char *const actions[] = {
	[ALERT_BUY] = "buy",
	[ALERT_SELL] = "sell",
	[ALERT_CLOSE] = "close",
};

const char *
alert_action_name(enum alert_action action)
{
	return actions[action];
}

int
alert_action_get(const struct json *v, enum alert_action *out)
{
	int i = WORD_FIND(json_string(v), actions);

	if (i == -1)
		return -1;
	*out = (enum alert_action)i;
	return 0;
}
