#include "differ/row.h"

#include <string.h>

#include "common/json.h"
#include "common/num.h"
#include "differ/exits.h"

const char *const row_keys[] = {
	[ROW_IDX] = "positionIdx",
	[ROW_SYMBOL] = "symbol",
	[ROW_SIDE] = "side",
	[ROW_SIZE] = "size",
	[ROW_AVG] = "avgPrice",
	[ROW_STATUS] = "positionStatus",
	[ROW_LEVERAGE] = "leverage",
	[ROW_MARK] = "markPrice",
	[ROW_CUM] = "cumRealisedPnl",
	[ROW_SEQ] = "seq",
	[ROW_UPDATED] = "updatedTime",
	[ROW_OPEN] = "openTime",
	[ROW_FIELDS] = NULL,
};
_Static_assert(
    sizeof(row_keys) / sizeof(row_keys[0]) == ROW_FIELDS + 1, "a name each");

void
row_pick(const struct json *v, struct row_text *t)
{
	const char *absent = json_type(v) == JSON_OBJECT ? "" : NULL;
	const struct json *member[ROW_FIELDS];

	json_pick(v, row_keys, ROW_FIELDS, member);
	for (size_t i = 0; i < ROW_FIELDS; i++) {
		const struct json *m = member[i];

		t->field[i] = m == NULL ? absent : json_string(m);
		if (m != NULL && t->field[i] == NULL)
			t->field[i] = json_number(m);
	}
}

int
row_key(
    const struct row_text *t, const char **symbol, int *idx, const char **why)
{
	const char *s = t->field[ROW_SYMBOL], *i = t->field[ROW_IDX];

	if (s == NULL || *s == '\0' || strlen(s) >= SYMBOL_SIZE) {
		*why = "symbol is missing or too long";
		return -1;
	}
	if (i == NULL || *i < '0' || *i > '2' || i[1] != '\0') {
		*why = "positionIdx is not 0, 1 or 2";
		return -1;
	}
	*symbol = s;
	*idx = *i - '0';
	return 0;
}

/* A decimal, or "" for 0.  *there, unless NULL, tells which. */
static int
number(const char *s, int signed_too, struct decimal *out, int *there)
{
	struct decimal d;

	if (there != NULL)
		*there = *s != '\0';
	if (*s == '\0') {
		*out = decimal_zero;
		return 0;
	}
	if (decimal_parse(&d, s, strlen(s)) == -1 || !value_fits(d) ||
	    (!signed_too && decimal_sign(d) < 0))
		return -1;
	*out = d;
	return 0;
}

/* A whole number, 0 for "" and for what is below 0, as the seq -1 is. */
static int
whole(const char *s, int64_t *out)
{
	int64_t n;

	if (*s == '\0') {
		*out = 0;
		return 0;
	}
	if (num_parse(s, strlen(s), INT64_MIN, INT64_MAX, &n) == -1)
		return -1;
	*out = n > 0 ? n : 0;
	return 0;
}

int
row_mark(const struct row_text *t, struct decimal *out)
{
	return number(t->field[ROW_MARK], 0, out, NULL);
}

static int
read_side(const char *s, enum side *out)
{
	if (strcmp(s, "Buy") == 0)
		*out = SIDE_BUY;
	else if (strcmp(s, "Sell") == 0)
		*out = SIDE_SELL;
	else if (*s == '\0' || strcmp(s, "None") == 0)
		*out = SIDE_NONE;
	else
		return -1;
	return 0;
}

static int
read_status(const char *s, enum status *out)
{
	if (*s == '\0' || strcmp(s, "Normal") == 0)
		*out = STATUS_NORMAL;
	else if (strcmp(s, "Liq") == 0)
		*out = STATUS_LIQ;
	else if (strcmp(s, "Adl") == 0)
		*out = STATUS_ADL;
	else
		return -1;
	return 0;
}

/* What a position needs that is open. */
static const char *
incomplete(const struct row *r, const struct row_text *t)
{
	struct decimal value, leverage;
	const char *l = t->field[ROW_LEVERAGE];

	if (r->side == SIDE_NONE)
		return "size is above 0, side is empty";
	if (decimal_sign(r->avg) == 0)
		return "size is above 0, avgPrice is missing";
	if (decimal_mul(&value, r->size, r->avg, DECIMAL_UP) == -1 ||
	    !value_fits(value))
		return "size times avgPrice is out of range";
	if (*l != '\0' && decimal_parse(&leverage, l, strlen(l)) == -1)
		return "leverage is not a decimal";
	return NULL;
}

int
row_read(const struct row_text *t, struct row *out, const char **why)
{
	const char *const *f = t->field;
	struct row r = { 0 };

	*why = NULL;
	for (int i = ROW_SIDE; i < ROW_FIELDS; i++)
		if (f[i] == NULL) {
			*why = "a field is neither a text nor a number";
			return -1;
		}
	if (read_side(f[ROW_SIDE], &r.side) == -1)
		*why = "side is not known";
	else if (read_status(f[ROW_STATUS], &r.status) == -1)
		*why = "positionStatus is not known";
	else if (*f[ROW_SIZE] == '\0' ||
	    number(f[ROW_SIZE], 0, &r.size, NULL) == -1)
		*why = "size is not a decimal from 0 up";
	else if (number(f[ROW_AVG], 0, &r.avg, NULL) == -1)
		*why = "avgPrice is not a decimal from 0 up";
	else if (row_mark(t, &r.mark) == -1)
		*why = "markPrice is not a decimal from 0 up";
	else if (number(f[ROW_CUM], 1, &r.cum, &r.has_cum) == -1)
		*why = "cumRealisedPnl is not a decimal";
	else if (strlen(f[ROW_LEVERAGE]) >= LEVERAGE_SIZE)
		*why = "leverage is too long";
	else if (whole(f[ROW_SEQ], &r.seq) == -1)
		*why = "seq is not a whole number";
	else if (whole(f[ROW_OPEN], &r.open_time) == -1 ||
	    r.open_time > TIME_MAX_MS)
		*why = "openTime is not a time";
	else if (whole(f[ROW_UPDATED], &r.updated) == -1 ||
	    r.updated > TIME_MAX_MS)
		*why = "updatedTime is not a time";
	else if (decimal_sign(r.size) > 0)
		*why = incomplete(&r, t);
	else
		r.side = SIDE_NONE;
	if (*why != NULL)
		return -1;
	memcpy(r.leverage, f[ROW_LEVERAGE], strlen(f[ROW_LEVERAGE]) + 1);
	*out = r;
	return 0;
}

/* The texts of a row but for its key and mark price, each with its NUL. */
static int
kept(int field)
{
	return field >= ROW_SIDE && field != ROW_MARK;
}

int
row_same(const struct row_text *t, const struct leg *l)
{
	const char *p = l->text;

	if (l->text_len == 0 || t->field[ROW_MARK] == NULL)
		return 0;
	for (int i = 0; i < ROW_FIELDS; i++) {
		const char *s = t->field[i];

		if (!kept(i))
			continue;
		if (s == NULL)
			return 0;
		while (*s != '\0' && *s == *p)
			s++, p++;
		if (*s != *p)
			return 0;
		p++;
	}
	return 1;
}

void
row_keep(const struct row_text *t, struct leg *l)
{
	size_t len = 0;

	l->text_len = 0;
	for (int i = 0; i < ROW_FIELDS; i++) {
		size_t n;

		if (!kept(i))
			continue;
		n = strlen(t->field[i]) + 1;
		if (n > sizeof(l->text) - len)
			return;
		memcpy(l->text + len, t->field[i], n);
		len += n;
	}
	l->text_len = len;
}
