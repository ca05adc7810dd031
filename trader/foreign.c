/*
 * foreign: orders whose link ids are made as ours are, and are not ours:
 * another trader trades on this account, out of another state folder (F69).
 * Neither counts what the other does, so a person has to know.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "trader/internal.h"

#define LOOK_MS 60000
#define ALARM_MS 3600000 /* after the last of them */
#define NAME "foreign_orders"

/* An alert's id, "-", positionIdx, and whatever. */
static int
is_like_ours(const char *link)
{
	return strspn(link, "0123456789abcdef") == ALERT_ID_LEN &&
	    link[ALERT_ID_LEN] == '-' && link[ALERT_ID_LEN + 1] >= '0' &&
	    link[ALERT_ID_LEN + 1] <= '2';
}

static int
is_foreign(const struct trader *t, const char *link)
{
	char id[ALERT_ID_LEN + 1];

	if (!is_like_ours(link))
		return 0;
	memcpy(id, link, ALERT_ID_LEN);
	id[ALERT_ID_LEN] = '\0';
	return trader_knows(t, id) == 0;
}

static void
shout(struct trader *t, const char *link)
{
	char text[256];

	t->foreign_mono = t->mono_ms;
	(void)snprintf(text, sizeof(text),
	    "order %.40s on this account is of another trader, with a state "
	    "folder of its own: neither counts the other's orders; stop one of "
	    "them, or give it an account of its own",
	    link);
	trader_alarm(t, 1, NAME, text);
}

/* What was made before the first look may be of a state before this one. */
static void
on_orders(void *arg, const struct bybit_reply *r)
{
	struct trader *t = arg;
	int64_t newest = t->foreign_since, made;
	const struct json *v, *list;

	t->foreign_busy = 0;
	list = r->class == BYBIT_OK ? json_get(r->result, "list") : NULL;
	if (list == NULL)
		return;
	if (newest == 0)
		newest = t->io.bybit_now_ms(t->io.arg);
	for (v = json_first(list); v != NULL; v = json_next(v)) {
		const char *link = json_string(json_get(v, "orderLinkId"));

		if (link == NULL ||
		    json_ms(json_get(v, "createdTime"), &made) == -1 ||
		    made <= t->foreign_since)
			continue;
		if (made > newest)
			newest = made;
		if (t->foreign_since != 0 && is_foreign(t, link))
			shout(t, link);
	}
	t->foreign_since = newest;
}

void
foreign_advance(struct trader *t)
{
	static const char query[] = "category=linear&limit=50";
	const struct bybit_call c = { .method = "GET",
		.path = "/v5/order/history",
		.payload = query,
		.len = sizeof(query) - 1,
		.sign = 1,
		.done = on_orders,
		.arg = t };

	if (t->foreign_mono != 0 && t->mono_ms - t->foreign_mono >= ALARM_MS) {
		t->foreign_mono = 0;
		trader_alarm(t, 0, NAME, "");
	}
	if (t->foreign_busy || t->mono_ms < t->foreign_next || t->stopping)
		return;
	t->foreign_next = t->mono_ms + LOOK_MS;
	t->foreign_busy = t->io.start(t->io.arg, &c) == 0;
}
