#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "tests/exchange/calc.h"
#include "tests/exchange/views.h"

#define WEEK_MS INT64_C(604800000)

static int
refuse_params(const struct exchange *x, struct reply *rep, const char *text)
{
	return reply_refuse(rep, x->account.now_ms, CODE_PARAMS, "%s", text);
}

int
query_scope(const struct exchange *x, const struct request *r, int others,
    struct scope *s, struct reply *rep)
{
	const char *category = request_text(r, "category");
	const char *symbol = request_text(r, "symbol");

	*s = (struct scope){
		.settle = request_text(r, "settleCoin"),
		.base = request_text(r, "baseCoin"),
	};
	if (category != NULL && strcmp(category, "linear") == 0)
		s->category = CATEGORY_LINEAR;
	else if (category != NULL && strcmp(category, "inverse") == 0)
		s->category = CATEGORY_INVERSE;
	else if (category != NULL &&
	    (((others & SCOPE_SPOT) != 0 && strcmp(category, "spot") == 0) ||
		((others & SCOPE_OPTION) != 0 &&
		    strcmp(category, "option") == 0)))
		s->none = 1;
	else
		return refuse_params(x, rep, "Illegal category");
	s->name = category;
	if (symbol == NULL || s->none)
		return 0;
	s->inst = market_find(&x->market, symbol);
	if (s->inst == NULL || s->inst->category != s->category)
		return refuse_params(x, rep, "Not supported symbols");
	s->settle = s->base = NULL; /* the symbol wins */
	return 0;
}

int
scope_has(const struct scope *s, const struct instrument *i)
{
	if (s->none || i->category != s->category)
		return 0;
	if (s->inst != NULL)
		return s->inst == i;
	return (s->settle == NULL || strcmp(s->settle, i->settle) == 0) &&
	    (s->base == NULL || strcmp(s->base, i->base) == 0);
}

int
query_limit(const struct exchange *x, const struct request *r, int def, int max,
    size_t *limit, struct reply *rep)
{
	const char *s = request_text(r, "limit");
	int64_t n = def;

	if (s != NULL && num_parse(s, strlen(s), 1, INT32_MAX, &n) == -1)
		return refuse_params(x, rep, "params error: limit invalid");
	*limit = (size_t)(n > max ? max : n);
	return 0;
}

int
query_times(const struct exchange *x, const struct request *r, int64_t *from_ms,
    int64_t *to_ms, struct reply *rep)
{
	const char *start = request_text(r, "startTime");
	const char *end = request_text(r, "endTime");
	int64_t from = 0, to = INT64_MAX;

	if ((start != NULL &&
		num_parse(start, strlen(start), 0, INT64_MAX / 2, &from) ==
		    -1) ||
	    (end != NULL &&
		num_parse(end, strlen(end), 0, INT64_MAX / 2, &to) == -1))
		return refuse_params(x, rep, "params error: time invalid");
	if (start == NULL && end == NULL)
		from = x->account.now_ms - WEEK_MS;
	else if (end == NULL)
		to = from + WEEK_MS;
	else if (start == NULL)
		from = to - WEEK_MS;
	else if (to - from > WEEK_MS)
		return refuse_params(x, rep,
		    "The time range between startTime and endTime cannot "
		    "exceed 7 days");
	*from_ms = from;
	*to_ms = to;
	return 0;
}

void
page_add(struct page *p, const void *row)
{
	p->rows =
	    calc_grow((void *)p->rows, p->n, &p->cap, sizeof(const void *));
	p->rows[p->n++] = row;
}

void
page_release(struct page *p)
{
	free((void *)p->rows);
	*p = (struct page){ 0 };
}

int
page_cut(const struct exchange *x, struct page *p, const struct request *r,
    size_t limit, void (*cursor)(const void *row, char out[128]),
    struct reply *rep)
{
	const char *at = request_text(r, "cursor");
	const char *comma = at != NULL ? strrchr(at, ',') : NULL;
	char name[128];

	p->first = 0;
	if (at != NULL) {
		for (p->first = 1; p->first <= p->n; p->first++) {
			cursor(p->rows[p->first - 1], name);
			if (strcmp(name, comma != NULL ? comma + 1 : at) == 0)
				break;
		}
		if (p->first > p->n)
			return refuse_params(
			    x, rep, "params error: cursor invalid");
	}
	p->end = p->n - p->first > limit ? p->first + limit : p->n;
	return 0;
}

void
put_cursor(struct buf *b, const char *text)
{
	char out[512];
	size_t n = 0;

	for (; *text != '\0' && n + 4 < sizeof(out); text++) {
		if (isalnum((unsigned char)*text) ||
		    strchr("-_.~", *text) != NULL)
			out[n++] = *text;
		else
			n += (size_t)snprintf(out + n, sizeof(out) - n,
			    "%%%02X", (unsigned char)*text);
	}
	out[n] = '\0';
	json_put_string(b, "nextPageCursor", out);
}

void
page_put_cursor(struct buf *b, const struct page *p,
    void (*cursor)(const void *row, char out[128]))
{
	char first[128], last[128], both[260];

	if (p->first == p->end) {
		put_cursor(b, "");
		return;
	}
	cursor(p->rows[p->first], first);
	cursor(p->rows[p->end - 1], last);
	(void)snprintf(both, sizeof(both), "%s,%s", first, last);
	put_cursor(b, both);
}

void
put_money(struct buf *b, const char *key, struct decimal d)
{
	json_put_decimal(b, key, calc_money(d));
}

void
put_scaled(struct buf *b, const char *key, struct decimal d, int scale)
{
	char text[DECIMAL_TEXT_MAX];

	(void)decimal_format_scale(text, d, scale, scale);
	json_put_string(b, key, text);
}

void
put_level(struct buf *b, const char *key, struct decimal d)
{
	if (decimal_sign(d) == 0)
		json_put_string(b, key, "");
	else
		json_put_decimal(b, key, d);
}

void
put_ms(struct buf *b, const char *key, int64_t ms)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, ms);
	json_put_string(b, key, text);
}
