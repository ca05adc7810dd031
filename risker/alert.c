#include "risker/alert.h"

#include <stdio.h>
#include <string.h>

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

/* A text of these characters alone, of 1 to size - 1 bytes. */
static int
get_text(char *out, size_t size, const struct json *v, const char *set)
{
	const char *s = json_string(v);
	size_t n;

	if (s == NULL)
		return -1;
	n = strspn(s, set);
	if (n == 0 || n >= size || s[n] != '\0')
		return -1;
	memcpy(out, s, n + 1);
	return 0;
}

static int
get_action(const struct json *v, enum alert_action *out)
{
	int i = WORD_FIND(json_string(v), actions);

	if (i == -1)
		return -1;
	*out = (enum alert_action)i;
	return 0;
}

/* Above zero; zero where it is absent. */
static int
get_positive(const struct json *v, struct decimal *out)
{
	*out = decimal_zero;
	if (v == NULL)
		return 0;
	return json_decimal(v, out) == 0 && decimal_sign(*out) > 0 ? 0 : -1;
}

/* What an entry has beside what a close has. */
static const char *
read_entry(struct alert *a, const struct json *line)
{
	if (json_decimal(json_get(line, "trend_composite"), &a->trend) == -1)
		return "trend_composite";
	if (json_get(line, "price") == NULL ||
	    get_positive(json_get(line, "price"), &a->price) == -1)
		return "price";
	if (get_positive(json_get(line, "stop_loss"), &a->stop_loss) == -1)
		return "stop_loss";
	if (get_positive(json_get(line, "take_profit"), &a->take_profit) == -1)
		return "take_profit";
	if (get_positive(json_get(line, "atr"), &a->atr) == -1)
		return "atr";
	return NULL;
}

/* The name of the member that is missing or wrong; NULL where all is well. */
static const char *
read_members(struct alert *a, const struct json *line)
{
	const struct json *v;

	if (get_text(a->id, sizeof(a->id), json_get(line, "id"),
		"0123456789abcdef") == -1 ||
	    strlen(a->id) != ALERT_ID_SIZE - 1)
		return "id";
	if (json_time(json_get(line, "time"), &a->time_ms) == -1)
		return "time";
	if (get_action(json_get(line, "action"), &a->action) == -1)
		return "action";
	if (get_text(a->symbol, sizeof(a->symbol), json_get(line, "symbol"),
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == -1)
		return "symbol";
	v = json_get(line, "timestamp");
	a->timestamp_ms = -1;
	if (v != NULL && json_ms(v, &a->timestamp_ms) == -1)
		return "timestamp";
	v = json_get(line, "test");
	a->test = 0;
	if (v != NULL && json_bool(v, &a->test) == -1)
		return "test";
	/* Nothing else may keep a position from being closed. */
	return a->action == ALERT_CLOSE ? NULL : read_entry(a, line);
}

int
alert_read(struct alert *out, const struct json *line, char *why, size_t size)
{
	struct alert a = { .id = "" };
	const char *bad = read_members(&a, line);

	if (bad == NULL) {
		*out = a;
		return 0;
	}
	(void)snprintf(why, size, "%s of an alert is missing or wrong", bad);
	return -1;
}
