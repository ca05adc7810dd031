/* ledger: trader's own caps, counted so that no crash resets them (F14). */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "trader/internal.h"

#define MINUTE_MS 60000
#define DAY_MS 86400000

static int64_t
today(const struct trader *t)
{
	return t->io.bybit_now_ms(t->io.arg) / DAY_MS;
}

/* What a UTC day before the one that was counted last brings counts to it. */
static void
turn_day(struct trader *t)
{
	int64_t day = today(t);

	if (day <= t->caps.day)
		return;
	t->caps.day = day;
	t->caps.notional = decimal_zero;
}

static void
add_sent(struct caps *c, size_t room, int64_t time_ms)
{
	if (c->nsent == room) {
		memmove(c->sent, c->sent + 1, (room - 1) * sizeof(c->sent[0]));
		c->nsent--;
	}
	c->sent[c->nsent++] = time_ms;
}

void
caps_sent(struct trader *t, const struct order *o)
{
	struct caps *c = &t->caps;
	struct decimal qty, price, notional;

	turn_day(t);
	add_sent(
	    c, (size_t)t->opts.max_minute + 1, t->io.bybit_now_ms(t->io.arg));
	if (decimal_parse(&qty, o->qty, strlen(o->qty)) == 0 &&
	    decimal_parse(&price, o->price, strlen(o->price)) == 0 &&
	    decimal_mul(&notional, qty, price, DECIMAL_UP) == 0)
		(void)decimal_add(&c->notional, c->notional, notional);
	c->fresh = 1;
}

void
caps_rejected(struct trader *t)
{
	t->caps.rejects++;
	t->caps.fresh = 1;
}

void
caps_filled(struct trader *t)
{
	if (t->caps.rejects == 0)
		return;
	t->caps.rejects = 0;
	t->caps.fresh = 1;
}

/* Of entries that the last run perhaps sent, the worst is assumed. */
size_t
caps_minute(const struct trader *t)
{
	int64_t since = t->io.bybit_now_ms(t->io.arg) - MINUTE_MS;
	size_t n = 0;

	for (size_t i = 0; i < t->caps.nsent; i++)
		n += t->caps.sent[i] > since;
	for (const struct order *o = t->orders; o != NULL; o = o->next)
		n += o->kind == ORDER_ENTRY && !o->test && o->perhaps &&
		    o->sends == 0 && o->time_ms > since;
	return n;
}

struct decimal
caps_notional(const struct trader *t)
{
	return today(t) > t->caps.day ? decimal_zero : t->caps.notional;
}

void
caps_put(struct buf *b, const struct trader *t)
{
	json_open_object(b, NULL);
	json_put_string(b, "account", t->opts.account);
	json_open_array(b, "sent");
	for (size_t i = 0; i < t->caps.nsent; i++)
		json_put_int(b, NULL, t->caps.sent[i]);
	json_close_array(b);
	json_put_int(b, "rejects", t->caps.rejects);
	json_put_int(b, "day", t->caps.day);
	json_put_decimal(b, "notional", t->caps.notional);
	json_close_object(b);
}

int
caps_get(struct trader *t, const struct json *row)
{
	struct caps *c = &t->caps;
	const struct json *v;
	int64_t ms;

	if (json_int(json_get(row, "rejects"), 0, INT64_MAX, &c->rejects) ==
		-1 ||
	    json_int(json_get(row, "day"), 0, INT64_MAX, &c->day) == -1 ||
	    json_decimal(json_get(row, "notional"), &c->notional) == -1)
		return -1;
	v = json_get(row, "sent");
	if (v == NULL || json_type(v) != JSON_ARRAY)
		return -1;
	for (v = json_first(v); v != NULL; v = json_next(v)) {
		if (json_int(v, 0, INT64_MAX, &ms) == -1)
			return -1;
		add_sent(c, (size_t)t->opts.max_minute + 1, ms);
	}
	return 0;
}
