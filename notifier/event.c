/* What a signal line says of who gets it. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "notifier/rows.h"

static int
is_journal(const char *s)
{
	return strlen(s) == JOURNAL_SIZE - 1 &&
	    s[strspn(s, "0123456789abcdef")] == '\0';
}

static enum event_status
lacks(char *err, size_t size, const char *what)
{
	(void)snprintf(err, size, "the signal has no valid %s", what);
	return EVENT_BAD;
}

enum event_status
event_parse(struct event *e, const struct json *v, char *err, size_t size)
{
	const char *type = json_string(json_get(v, "type"));
	const char *action = json_string(json_get(v, "action"));
	struct event new = { .initial = 0 };
	int a;

	if (type == NULL)
		return lacks(err, size, "type");
	if (strcmp(type, "signal") != 0 || json_get(v, "error") != NULL)
		return EVENT_OTHER;
	if (row_take_text(new.journal, sizeof(new.journal),
		json_get(v, "journal")) == -1 ||
	    !is_journal(new.journal))
		return lacks(err, size, "journal");
	if (row_take_u64(&new.seq, json_get(v, "seq")) == -1 || new.seq == 0)
		return lacks(err, size, "seq");
	if (row_take_u64(&new.number, json_get(v, "signal_number")) == -1)
		return lacks(err, size, "signal_number");
	if (json_time(json_get(v, "time"), &new.time_ms) == -1)
		return lacks(err, size, "time");
	if (row_take_text(
		new.symbol, sizeof(new.symbol), json_get(v, "symbol")) == -1)
		return lacks(err, size, "symbol");
	if (json_get(v, "category") != NULL &&
	    row_take_text(new.category, sizeof(new.category),
		json_get(v, "category")) == -1)
		return lacks(err, size, "category");
	if (json_get(v, "account") != NULL &&
	    row_take_text(
		new.account, sizeof(new.account), json_get(v, "account")) == -1)
		return lacks(err, size, "account");
	a = action != NULL ? action_parse(action) : -1;
	if (a == -1 || a == ACTION_ALARM)
		return lacks(err, size, "action");
	new.action = (enum action)a;
	(void)json_bool(json_get(v, "initial"), &new.initial);
	(void)json_bool(json_get(v, "test"), &new.test);
	*e = new;
	return EVENT_OK;
}
