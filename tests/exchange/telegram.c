#include "tests/exchange/telegram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"

#define TEXT_UNITS_MAX 4096 /* UTF-16 units of a message */

int
telegram_rule_add(
    struct telegram *t, const struct json *v, int dry, char *err, size_t size)
{
	static const char *const names[] = { "chat_id", "status", "description",
		"retry_after", "migrate_to_chat_id", "count" };
	struct telegram_rule rule = { .count = 1 };
	const struct json *in[6];
	const char *s;
	int64_t status = 400;

	if (json_type(v) != JSON_OBJECT) {
		(void)snprintf(err, size, "an object is expected");
		return -1;
	}
	json_pick(v, names, 6, in);
	s = json_string(in[0]) != NULL ? json_string(in[0])
				       : json_number(in[0]);
	if (s != NULL)
		(void)snprintf(rule.chat_id, sizeof(rule.chat_id), "%s", s);
	if ((in[1] != NULL && json_int(in[1], 400, 599, &status) == -1) ||
	    (in[3] != NULL &&
		json_int(in[3], 0, INT32_MAX, &rule.retry_after) == -1) ||
	    (in[4] != NULL &&
		json_int(in[4], -(INT64_C(1) << 52), INT64_C(1) << 52,
		    &rule.migrate_to_chat_id) == -1) ||
	    (in[5] != NULL &&
		json_int(in[5], 0, INT32_MAX, &rule.count) == -1)) {
		(void)snprintf(err, size,
		    "status 400 to 599, retry_after, migrate_to_chat_id and "
		    "count are whole numbers");
		return -1;
	}
	rule.status = (int)status;
	s = json_string(in[2]);
	(void)snprintf(rule.description, sizeof(rule.description), "%s",
	    s != NULL ? s : "Bad Request");
	if (dry)
		return 0;
	if (t->n == TELEGRAM_RULES_MAX) {
		(void)snprintf(err, size, "no more than %d rules at a time",
		    TELEGRAM_RULES_MAX);
		return -1;
	}
	t->rules[t->n++] = rule;
	return 0;
}

int
telegram_path(const char *path)
{
	return strncmp(path, "/bot", 4) == 0;
}

void
telegram_hide_token(char *out, size_t size, const char *path)
{
	const char *method = strchr(path + 1, '/');

	(void)snprintf(out, size, "/bot***%s", method != NULL ? method : "");
}

static void
refuse_message(struct reply *rep, int status, const char *description,
    const struct telegram_rule *rule)
{
	struct buf *b = &rep->body;

	buf_clear(b);
	rep->status = status;
	json_open_object(b, NULL);
	json_put_bool(b, "ok", 0);
	json_put_int(b, "error_code", status);
	json_put_string(b, "description", description);
	if (rule != NULL &&
	    (rule->retry_after != 0 || rule->migrate_to_chat_id != 0)) {
		json_open_object(b, "parameters");
		if (rule->retry_after != 0)
			json_put_int(b, "retry_after", rule->retry_after);
		if (rule->migrate_to_chat_id != 0)
			json_put_int(
			    b, "migrate_to_chat_id", rule->migrate_to_chat_id);
		json_close_object(b);
	}
	json_close_object(b);
}

void
telegram_refuse(struct reply *rep, int status, const char *description)
{
	refuse_message(rep, status, description, NULL);
}

/* The rule that a chat has now, counted down; NULL: it takes the message. */
static const struct telegram_rule *
next_rule(struct telegram *t, const char *chat_id)
{
	for (size_t i = 0; i < t->n; i++) {
		struct telegram_rule *rule = &t->rules[i];

		if (rule->count == -1 ||
		    (rule->chat_id[0] != '\0' &&
			strcmp(rule->chat_id, chat_id) != 0))
			continue;
		if (rule->count > 0 && --rule->count == 0)
			rule->count = -1; /* used up */
		return rule;
	}
	return NULL;
}

/* UTF-16 units of valid UTF-8. */
static size_t
utf16_units(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c & 0xc0) != 0x80)
			n += c >= 0xf0 ? 2 : 1;
	}
	return n;
}

/* Roughly: every tag of Telegram's HTML is closed, in turn. */
static int
html_ok(const char *s)
{
	const char *open[32];
	size_t len[32], depth = 0, n;

	for (; *s != '\0'; s++) {
		int closes;

		if (*s != '<')
			continue;
		s++;
		closes = *s == '/';
		s += closes;
		n = strcspn(s, " >\n");
		if (n == 0 || strchr(s, '>') == NULL)
			return 0;
		if (closes) {
			if (depth == 0 || len[depth - 1] != n ||
			    strncmp(open[depth - 1], s, n) != 0)
				return 0;
			depth--;
		} else {
			if (depth == sizeof(len) / sizeof(len[0]))
				return 0;
			open[depth] = s;
			len[depth++] = n;
		}
		s = strchr(s, '>');
	}
	return depth == 0;
}

/* Roughly: reserved characters are escaped, markers come in pairs. */
static int
markdown_ok(const char *s)
{
	int bold = 0, italic = 0, code = 0;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		else if (*s == '*')
			bold = !bold;
		else if (*s == '_')
			italic = !italic;
		else if (*s == '`')
			code = !code;
		else if (!code && strchr("#+-=|{}.!", *s) != NULL)
			return 0;
	}
	return !bold && !italic && !code;
}

static int
markup_ok(const char *mode, const char *text)
{
	if (mode == NULL)
		return 1;
	if (strcmp(mode, "HTML") == 0)
		return html_ok(text);
	if (strcmp(mode, "MarkdownV2") == 0)
		return markdown_ok(text);
	return 1;
}

static void
accept_message(struct telegram *t, const char *chat_id, const char *text,
    int64_t now_ms, struct reply *rep)
{
	struct buf *b = &rep->body;
	int64_t id;

	rep->delivered = 1;
	json_open_object(b, NULL);
	json_put_bool(b, "ok", 1);
	json_open_object(b, "result");
	json_put_int(b, "message_id", ++t->messages);
	json_put_int(b, "date", now_ms / 1000);
	json_open_object(b, "chat");
	if (num_parse(chat_id, strlen(chat_id), INT64_MIN, INT64_MAX, &id) == 0)
		json_put_int(b, "id", id);
	else
		json_put_string(b, "username", chat_id);
	json_put_string(b, "type", "private");
	json_close_object(b);
	json_put_string(b, "text", text);
	json_close_object(b);
	json_close_object(b);
}

static void
send_message(struct telegram *t, struct request *r, int effect, int64_t now_ms,
    struct reply *rep)
{
	const char *chat_id = request_text(r, "chat_id");
	const char *text = request_text(r, "text");
	const struct telegram_rule *rule;

	if (chat_id == NULL && r->json != NULL)
		chat_id = json_number(json_get(r->json, "chat_id"));
	if (chat_id == NULL || strlen(chat_id) >= sizeof(rep->chat_id)) {
		refuse_message(rep, 400, "Bad Request: chat_id is empty", NULL);
		return;
	}
	memcpy(rep->chat_id, chat_id, strlen(chat_id) + 1);
	rule = next_rule(t, chat_id);
	if (rule != NULL)
		refuse_message(rep, rule->status, rule->description, rule);
	else if (text == NULL)
		refuse_message(
		    rep, 400, "Bad Request: message text is empty", NULL);
	else if (utf16_units(text) > TEXT_UNITS_MAX)
		refuse_message(
		    rep, 400, "Bad Request: message is too long", NULL);
	else if (!markup_ok(request_text(r, "parse_mode"), text))
		refuse_message(
		    rep, 400, "Bad Request: can't parse entities", NULL);
	else if (effect)
		accept_message(t, chat_id, text, now_ms, rep);
}

/* The number in front of a token is the bot's own. */
static void
get_me(const char *token, struct reply *rep)
{
	struct buf *b = &rep->body;
	int64_t id = 1;

	(void)num_parse(token, strcspn(token, ":"), 1, INT64_MAX, &id);
	json_open_object(b, NULL);
	json_put_bool(b, "ok", 1);
	json_open_object(b, "result");
	json_put_int(b, "id", id);
	json_put_bool(b, "is_bot", 1);
	json_put_string(b, "first_name", "Stand-in");
	json_put_string(b, "username", "stand_in_bot");
	json_close_object(b);
	json_close_object(b);
}

void
telegram_answer(struct telegram *t, struct request *r, int effect,
    int64_t now_ms, struct reply *rep)
{
	const char *token = r->path + 4; /* behind "/bot" */
	const char *method = strchr(token, '/');

	if (method == NULL || method == token) {
		telegram_refuse(rep, 401, "Unauthorized");
		return;
	}
	if (strcmp(method, "/getUpdates") == 0) {
		updates_answer(&t->updates, r, effect, rep);
		return;
	}
	if (strcmp(method, "/getMe") == 0) {
		get_me(token, rep);
		return;
	}
	if (strcmp(method, "/sendMessage") != 0) {
		telegram_refuse(rep, 404, "Not Found");
		return;
	}
	if (r->json == NULL && r->len > 0 && request_decode(r, r->body) == -1) {
		refuse_message(
		    rep, 400, "Bad Request: can't parse the form", NULL);
		return;
	}
	send_message(t, r, effect, now_ms, rep);
}
