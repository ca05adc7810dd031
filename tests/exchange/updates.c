#include "tests/exchange/updates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/exchange/telegram.h"

#define TIMEOUT_MAX_S 50
#define LIMIT_MAX 100

void
updates_release(struct updates *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->list[i].text);
	u->n = 0;
}

/* What a person writes, as Telegram tells it. */
static void
put_message(struct updates *u, struct buf *b, const struct json *v,
    int64_t from, int64_t now_ms)
{
	const char *type = json_string(json_get(v, "type"));
	const char *text = json_string(json_get(v, "text"));
	int64_t chat = from, age = 0;

	(void)json_int(json_get(v, "chat"), INT64_MIN, INT64_MAX, &chat);
	(void)json_int(json_get(v, "age"), INT32_MIN, INT32_MAX, &age);
	json_open_object(b, "message");
	json_put_int(b, "message_id", ++u->messages);
	json_open_object(b, "from");
	json_put_int(b, "id", from);
	json_put_bool(b, "is_bot", 0);
	json_put_string(b, "first_name", "Somebody");
	json_close_object(b);
	json_open_object(b, "chat");
	json_put_int(b, "id", chat);
	json_put_string(b, "type", type != NULL ? type : "private");
	json_close_object(b);
	json_put_int(b, "date", now_ms / 1000 - age);
	json_put_string(b, "text", text != NULL ? text : "");
	json_close_object(b);
}

int
updates_add(struct updates *u, const struct json *v, int64_t now_ms, int dry,
    char *err, size_t size)
{
	int64_t id = u->last_id + 1, from = 0;
	struct buf b;

	if ((json_get(v, "update_id") != NULL &&
		json_int(json_get(v, "update_id"), 1, INT64_MAX, &id) == -1) ||
	    (json_int(json_get(v, "from"), 1, INT64_MAX, &from) == -1 &&
		json_get(v, "from") != NULL)) {
		(void)snprintf(err, size,
		    "from and update_id: whole numbers above 0 are expected");
		return -1;
	}
	if (dry)
		return 0;
	if (u->n == UPDATES_MAX) {
		(void)snprintf(
		    err, size, "no more than %d updates wait", UPDATES_MAX);
		return -1;
	}
	buf_init(&b, 1u << 20);
	json_open_object(&b, NULL);
	json_put_int(&b, "update_id", id);
	if (from != 0)
		put_message(u, &b, v, from, now_ms);
	else
		for (const struct json *m = json_first(v); m != NULL;
		     m = json_next(m))
			if (strcmp(json_key(m), "update_id") != 0)
				json_put(&b, json_key(m), m);
	json_close_object(&b);
	if (buf_cstr(&b) == NULL) {
		(void)snprintf(err, size, "the update is too long");
		buf_release(&b);
		return -1;
	}
	u->list[u->n++] = (struct update){ id, b.p };
	u->last_id = id;
	return 0;
}

/* What is below the offset was received, and is forgotten. */
static void
confirm(struct updates *u, int64_t offset)
{
	size_t kept = 0;

	for (size_t i = 0; i < u->n; i++)
		if (u->list[i].id < offset)
			free(u->list[i].text);
		else
			u->list[kept++] = u->list[i];
	u->n = kept;
}

static void
put_updates(const struct updates *u, int64_t limit, struct buf *b)
{
	buf_puts(b, "{\"ok\":true,\"result\":[");
	for (size_t i = 0; i < u->n && i < (size_t)limit; i++) {
		buf_puts(b, i > 0 ? "," : "");
		buf_puts(b, u->list[i].text);
	}
	buf_puts(b, "]}");
}

void
updates_answer(
    struct updates *u, struct request *r, int effect, struct reply *rep)
{
	int64_t offset = 0, limit = LIMIT_MAX, timeout = 0;

	(void)json_int(json_get(r->json, "offset"), 0, INT64_MAX, &offset);
	(void)json_int(json_get(r->json, "limit"), 1, LIMIT_MAX, &limit);
	(void)json_int(
	    json_get(r->json, "timeout"), 0, TIMEOUT_MAX_S, &timeout);
	u->polls++;
	if (!effect)
		return;
	confirm(u, offset);
	if (u->n > 0 || timeout == 0) {
		put_updates(u, limit, &rep->body);
		return;
	}
	rep->delivery = DELIVER_POLL;
	rep->delay_ms = timeout * 1000;
	rep->poll = (struct poll){ u->polls, limit };
}

int
updates_due(
    struct updates *u, const struct poll *p, int over, struct reply *rep)
{
	if (p->number != u->polls)
		telegram_refuse(rep, 409,
		    "Conflict: terminated by other getUpdates request; make "
		    "sure that only one bot instance is running");
	else if (u->n > 0 || over)
		put_updates(u, p->limit, &rep->body);
	else
		return 0;
	return 1;
}
