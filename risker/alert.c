#include "risker/alert.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"

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

/* Above zero; zero where it is absent. */
static int
get_positive(const struct json *v, struct decimal *out)
{
	*out = decimal_zero;
	if (v == NULL)
		return 0;
	return json_decimal(v, out) == 0 && decimal_sign(*out) > 0 ? 0 : -1;
}

/* A member that is missing or wrong. */
struct lack {
	const char *name, *expected;
};

static int
lacks(struct lack *l, const char *name, const char *expected)
{
	*l = (struct lack){ name, expected };
	return -1;
}

/* What an entry has beside what a close has. */
static int
read_entry(struct alert *a, const struct json *line, struct lack *l)
{
	static const char positive[] = "a decimal above 0";

	if (json_decimal(json_get(line, "trend_composite"), &a->trend) == -1)
		return lacks(l, "trend_composite", "a decimal");
	if (json_get(line, "price") == NULL ||
	    get_positive(json_get(line, "price"), &a->price) == -1)
		return lacks(l, "price", positive);
	if (get_positive(json_get(line, "stop_loss"), &a->stop_loss) == -1)
		return lacks(l, "stop_loss", positive);
	if (get_positive(json_get(line, "take_profit"), &a->take_profit) == -1)
		return lacks(l, "take_profit", positive);
	if (get_positive(json_get(line, "atr"), &a->atr) == -1)
		return lacks(l, "atr", positive);
	return 0;
}

static int
read_members(struct alert *a, const struct json *line, struct lack *l)
{
	const struct json *v;

	if (get_text(a->id, sizeof(a->id), json_get(line, "id"),
		"0123456789abcdef") == -1 ||
	    strlen(a->id) != ALERT_ID_SIZE - 1)
		return lacks(l, "id", "32 hex digits");
	if (json_time(json_get(line, "time"), &a->time_ms) == -1)
		return lacks(l, "time", "one as 2023-12-07T10:30:00.000Z");
	if (alert_action_get(json_get(line, "action"), &a->action) == -1)
		return lacks(l, "action", "buy, sell or close");
	if (get_text(a->symbol, sizeof(a->symbol), json_get(line, "symbol"),
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == -1)
		return lacks(l, "symbol", "Bybit's name of one");
	v = json_get(line, "timestamp");
	a->timestamp_ms = -1;
	if (v != NULL && json_ms(v, &a->timestamp_ms) == -1)
		return lacks(l, "timestamp", "milliseconds since 1970");
	v = json_get(line, "test");
	a->test = 0;
	if (v != NULL && json_bool(v, &a->test) == -1)
		return lacks(l, "test", "true or false");
	/* Nothing else may keep a position from being closed. */
	return a->action == ALERT_CLOSE ? 0 : read_entry(a, line, l);
}

int
alert_read(struct alert *out, const struct json *line, char *why, size_t size)
{
	struct alert a = { .id = "" };
	const struct json *v;
	struct lack l;
	const char *text;

	if (read_members(&a, line, &l) == 0) {
		*out = a;
		return 0;
	}
	v = json_get(line, l.name);
	text = json_string(v) != NULL ? json_string(v) : json_number(v);
	if (text != NULL)
		(void)snprintf(why, size,
		    "the alert's %s is '%.64s': expected %s", l.name, text,
		    l.expected);
	else
		(void)snprintf(why, size, "the alert's %s is %s: expected %s",
		    l.name, v != NULL ? "no text" : "missing", l.expected);
	return -1;
}
