/* slot: what is known of a symbol's positions, by /v5/position/list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "trader/internal.h"

#define RETRY_FIRST_MS 200
#define RETRY_MAX_MS 5000

struct slot *
slot_of(struct trader *t, const char *symbol)
{
	struct slot *s;

	for (s = t->slots; s != NULL; s = s->next)
		if (strcmp(s->symbol, symbol) == 0)
			return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	(void)snprintf(s->symbol, sizeof(s->symbol), "%s", symbol);
	s->hedge = -1;
	s->t = t;
	s->next = t->slots;
	t->slots = s;
	return s;
}

const struct position *
slot_row(const struct slot *s, int idx)
{
	return &s->row[idx];
}

void
slot_forget_mode(struct slot *s)
{
	s->hedge = -1;
	s->fresh_mono = 0;
}

/* A number that may be "" where there is none. */
static int
get_number(struct decimal *out, const struct json *v)
{
	const char *text = json_string(v);

	*out = decimal_zero;
	if (text != NULL && text[0] == '\0')
		return 0;
	return json_decimal(v, out);
}

/* One row (section 4.1).  -1 where it cannot be trusted. */
static int
get_row(struct position *p, const struct json *row, int *idx)
{
	static const char *const keys[] = { "side", "size", "stopLoss",
		"markPrice", "leverage", "seq", "positionIdx", "updatedTime",
		"openTime" };
	const struct json *v[9];
	const char *side;
	int64_t n;

	memset(p, 0, sizeof(*p));
	json_pick(row, keys, 9, v);
	side = json_string(v[0]);
	if (side == NULL || json_int(v[6], 0, 2, &n) == -1 ||
	    get_number(&p->size, v[1]) == -1 ||
	    get_number(&p->stop_loss, v[2]) == -1 ||
	    get_number(&p->mark_price, v[3]) == -1)
		return -1;
	/* In portfolio margin there is no leverage. */
	if (get_number(&p->leverage, v[4]) == -1)
		p->leverage = decimal_zero;
	if (json_int(v[5], INT64_MIN, INT64_MAX, &p->seq) == -1)
		p->seq = -1;
	(void)json_ms(v[7], &p->updated_ms);
	(void)json_ms(v[8], &p->open_ms);
	*idx = (int)n;
	p->there = 1;
	if (decimal_sign(p->size) == 0)
		return 0;
	if (decimal_sign(p->size) < 0 ||
	    (strcmp(side, "Buy") != 0 && strcmp(side, "Sell") != 0))
		return -1;
	p->side = side[0];
	return 0;
}

/* A row whose seq went back is from before what is known: a late reply. */
static int
take_rows(struct slot *s, const struct json *list)
{
	struct position rows[3], p;
	const struct json *v;
	int idx, any = 0, hedge = 0;

	memset(rows, 0, sizeof(rows));
	for (v = json_first(list); v != NULL; v = json_next(v)) {
		const char *symbol = json_string(json_get(v, "symbol"));

		if (symbol == NULL || strcmp(symbol, s->symbol) != 0)
			continue;
		if (get_row(&p, v, &idx) == -1)
			return -1;
		/* Late; but where it is newer, Bybit counts anew. */
		if (s->row[idx].there && p.seq < s->row[idx].seq &&
		    p.updated_ms <= s->row[idx].updated_ms)
			return -1;
		rows[idx] = p;
		hedge = idx != 0;
		any = 1;
	}
	if (!any)
		return -1; /* by symbol there is always a row */
	memcpy(s->row, rows, sizeof(rows));
	s->hedge = hedge;
	return 0;
}

/* What a close could not do is done, by whomever. */
static void
look_whether_flat(struct slot *s)
{
	char name[96];

	for (int i = 0; i < 3; i++)
		if (s->row[i].side != 0)
			return;
	(void)snprintf(name, sizeof(name), "unclosed %s", s->symbol);
	trader_alarm(s->t, 0, name, "");
}

static void
on_list(void *arg, const struct bybit_reply *r)
{
	struct slot *s = arg;
	const struct json *list;

	list = r->class == BYBIT_OK ? json_get(r->result, "list") : NULL;
	if (list != NULL && json_type(list) == JSON_ARRAY &&
	    take_rows(s, list) == 0) {
		s->fresh_mono = s->begun_mono;
		look_whether_flat(s);
		s->failures = 0;
		s->next_mono = 0;
	} else {
		s->next_mono = s->t->mono_ms +
		    trader_back_off(
			RETRY_FIRST_MS, RETRY_MAX_MS, s->failures++);
	}
	s->begun_mono = 0;
}

int
slot_read(struct slot *s, int64_t since_mono)
{
	if (s->fresh_mono != 0 && s->fresh_mono >= since_mono)
		return 1;
	if (s->want_mono < since_mono)
		s->want_mono = since_mono;
	if (s->want_mono == 0)
		s->want_mono = 1;
	return 0;
}

void
slot_advance(struct slot *s)
{
	struct trader *t = s->t;
	char query[64 + SYMBOL_SIZE];
	struct bybit_call c = { .method = "GET",
		.path = "/v5/position/list",
		.payload = query,
		.sign = 1,
		.done = on_list,
		.arg = s };

	if (s->want_mono == 0 || s->begun_mono != 0 ||
	    t->mono_ms < s->next_mono || t->mono_ms < s->want_mono)
		return;
	if (s->fresh_mono >= s->want_mono) {
		s->want_mono = 0;
		return;
	}
	c.len = (size_t)snprintf(
	    query, sizeof(query), "category=linear&symbol=%s", s->symbol);
	if (t->io.start(t->io.arg, &c) == 0)
		s->begun_mono = t->mono_ms;
	else
		s->next_mono = t->mono_ms + RETRY_FIRST_MS;
}
