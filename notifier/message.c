#include "notifier/message.h"

#include <stdint.h>
#include <string.h>

#include "common/json.h"
#include "notifier/templates.h"

static const struct {
	const char *name;
	enum section section;
} actions[] = {
	[ACTION_OPEN] = { "OPEN", SECTION_OPEN },
	[ACTION_INCREASE] = { "INCREASE", SECTION_INCREASE },
	[ACTION_PARTIAL_CLOSE] = { "PARTIAL_CLOSE", SECTION_PARTIAL_CLOSE },
	[ACTION_CLOSE] = { "CLOSE", SECTION_CLOSE },
	[ACTION_ALARM] = { "ALARM", SECTION_ALARM },
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

const char *
action_name(enum action a)
{
	return actions[a].name;
}

int
action_parse(const char *name)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (strcmp(actions[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Members that are shown as they are. */
static const struct member {
	const char *key;
	enum field field;
} texts[] = {
	{ "symbol", FIELD_SYMBOL },
	{ "account", FIELD_ACCOUNT },
	{ "category", FIELD_CATEGORY },
	{ "close_reason", FIELD_CLOSE_REASON },
	{ "pnl_coin", FIELD_PNL_COIN },
	{ "stage", FIELD_STAGE },
	{ "alarm", FIELD_ALARM },
	{ "text", FIELD_TEXT },
}, decimals[] = {
	{ "leverage", FIELD_LEVERAGE },
	{ "position_size", FIELD_POSITION_SIZE },
	{ "old_position_size", FIELD_OLD_POSITION_SIZE },
	{ "max_position_size", FIELD_MAX_POSITION_SIZE },
	{ "entry_price", FIELD_ENTRY_PRICE },
	{ "close_percentage", FIELD_CLOSE_PERCENTAGE },
}, estimates[] = {
	{ "exit_price", FIELD_EXIT_PRICE },
	{ "profit_percentage", FIELD_PROFIT_PERCENTAGE },
	{ "realized_pnl", FIELD_REALIZED_PNL },
};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
take_decimals(struct values *v, const struct json *line,
    const struct member *list, size_t n, int estimated)
{
	struct decimal d;

	for (size_t i = 0; i < n; i++)
		if (json_decimal(json_get(line, list[i].key), &d) == 0) {
			value_decimal(v, list[i].field, d);
			v->of[list[i].field].estimated = estimated;
		}
}

static void
take_texts(struct values *v, const struct json *line)
{
	const char *s;

	for (size_t i = 0; i < COUNT(texts); i++) {
		s = json_string(json_get(line, texts[i].key));
		if (s != NULL)
			value_text(v, texts[i].field, s);
	}
}

static void
take_side(struct values *v, const struct json *signal)
{
	const char *s = json_string(json_get(signal, "signal_type"));

	if (s != NULL && (strcmp(s, "buy") == 0 || strcmp(s, "sell") == 0))
		value_int(v, FIELD_SIGNAL_TYPE, strcmp(s, "buy") == 0);
}

static void
take_time(struct values *v, const struct json *line)
{
	int64_t ms;

	if (json_time(json_get(line, "time"), &ms) == 0)
		value_int(v, FIELD_TIME, ms);
}

int
message_signal(struct buf *b, const struct templates *t,
    const struct json *signal, const char *lang)
{
	const char *name = json_string(json_get(signal, "action"));
	int action = name != NULL ? action_parse(name) : -1;
	struct values v = { 0 };
	int test = 0, estimated = 0;
	int64_t number = 0;

	if (action == -1 || action == ACTION_ALARM)
		return -1;
	(void)json_bool(json_get(signal, "test"), &test);
	(void)json_bool(json_get(signal, "estimated"), &estimated);
	(void)json_int(
	    json_get(signal, "signal_number"), 0, INT64_MAX, &number);
	value_int(&v, FIELD_SIGNAL_NUMBER, number);
	value_int(&v, FIELD_TEST, test);
	value_int(&v, FIELD_ESTIMATED, estimated);
	take_time(&v, signal);
	take_side(&v, signal);
	take_texts(&v, signal);
	take_decimals(&v, signal, decimals, COUNT(decimals), 0);
	take_decimals(&v, signal, estimates, COUNT(estimates), estimated);
	return template_put(b, t, actions[action].section, lang, &v);
}

int
message_alarm(struct buf *b, const struct templates *t,
    const struct json *alarm, const char *lang)
{
	struct values v = { 0 };
	int open = 1;

	(void)json_bool(json_get(alarm, "open"), &open);
	take_time(&v, alarm);
	take_texts(&v, alarm);
	return template_put(
	    b, t, open ? SECTION_ALARM : SECTION_ALARM_OVER, lang, &v);
}
