/* A section of the templates, filled with the values of one message. */
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "notifier/clean.h"
#include "notifier/templates_internal.h"

void
value_int(struct values *v, enum field f, int64_t n)
{
	v->of[f].given = 1;
	v->of[f].n = n;
}

void
value_decimal(struct values *v, enum field f, struct decimal d)
{
	v->of[f].given = 1;
	v->of[f].d = d;
}

void
value_text(struct values *v, enum field f, const char *s)
{
	v->of[f].given = 1;
	v->of[f].s = s;
}

static int
ends_with(const char *s, size_t len, const char *tail)
{
	size_t n = strlen(tail);

	return len > n && memcmp(s + len - n, tail, n) == 0;
}

/* Month letter and year of a dated contract: the H25 of BTCUSDH25. */
static int
is_dated(const char *s, size_t len)
{
	return len > 6 && memcmp(s + len - 6, "USD", 3) == 0 &&
	    strchr("FGHJKMNQUVXZ", s[len - 3]) != NULL && s[len - 2] >= '0' &&
	    s[len - 2] <= '9' && s[len - 1] >= '0' && s[len - 1] <= '9';
}

static void
put_base(struct buf *b, const char *symbol, size_t len)
{
	clean_put(b, symbol, len, template_fields[FIELD_SYMBOL].len_max);
}

void
template_symbol(struct buf *b, const char *symbol)
{
	static const char *const quotes[] = { "USDT", "USDC", "USD", NULL };
	/* BTCUSDT-26DEC25 and BTC-26DEC25: dated, the latter settle in USDC. */
	size_t len = strcspn(symbol, "-");
	int has_date = symbol[len] == '-' && len > 0;

	if (is_dated(symbol, len))
		len -= 3;
	for (size_t i = 0; quotes[i] != NULL; i++)
		if (ends_with(symbol, len, quotes[i])) {
			put_base(b, symbol, len - strlen(quotes[i]));
			buf_putc(b, '/');
			buf_puts(b, quotes[i]);
			return;
		}
	if (ends_with(symbol, len, "PERP"))
		len -= strlen("PERP");
	else if (!has_date) {
		put_base(b, symbol, strlen(symbol));
		return;
	}
	put_base(b, symbol, len);
	buf_puts(b, "/USDC");
}

static void
put_decimal(struct buf *b, struct decimal d, int min, int max)
{
	char text[DECIMAL_TEXT_MAX];

	buf_put(b, text, decimal_format_scale(text, d, min, max));
}

/* "+500.0": what is no loss has a sign, too. */
static void
put_gain(struct buf *b, struct decimal d, int max)
{
	if (decimal_sign(d) >= 0)
		buf_putc(b, '+');
	put_decimal(b, d, 1, max);
}

/* "14:30:25 16.05.2025" in the zone of TZ. */
static void
put_time(struct buf *b, int64_t ms)
{
	time_t s = (time_t)(ms / 1000 - (ms % 1000 < 0));
	char text[64];
	struct tm tm;

	if (localtime_r(&s, &tm) == NULL)
		return;
	buf_put(
	    b, text, strftime(text, sizeof(text), "%H:%M:%S %d.%m.%Y", &tm));
}

static void
put_value(struct buf *b, enum field f, const struct value *v)
{
	const struct field_row *row = &template_fields[f];

	if (v->estimated)
		buf_puts(b, "≈");
	switch (row->kind) {
	case FIELD_IS_NUMBER:
		buf_printf(b, "%05lld", (long long)v->n);
		break;
	case FIELD_IS_DECIMAL:
		put_decimal(b, v->d, 1, 18);
		break;
	case FIELD_IS_PERCENT:
		put_decimal(b, v->d, 1, 2);
		break;
	case FIELD_IS_PLAIN:
		put_decimal(b, v->d, 0, 18);
		break;
	case FIELD_IS_GAIN:
		put_gain(b, v->d, 18);
		break;
	case FIELD_IS_GAIN_PERCENT:
		put_gain(b, v->d, 2);
		break;
	case FIELD_IS_TIME:
		put_time(b, v->n);
		break;
	case FIELD_IS_SYMBOL:
		template_symbol(b, v->s);
		break;
	case FIELD_IS_TEXT:
		clean_put(b, v->s, strlen(v->s), row->len_max);
		break;
	case FIELD_IS_CHOICE:
	case FIELD_IS_SIDE:
		break;
	}
}

static int
is_yes(enum field f, const struct value *v)
{
	switch (template_fields[f].kind) {
	case FIELD_IS_CHOICE:
	case FIELD_IS_SIDE:
		return v->n != 0;
	default:
		return decimal_sign(v->d) >= 0;
	}
}

/* 0, or -1 where it takes its line away. */
static int
put_op(struct buf *b, const struct op *o, const struct values *values)
{
	const struct value *v = &values->of[o->field];

	switch (o->kind) {
	case OP_TEXT:
		buf_put(b, o->a, o->a_len);
		return 0;
	case OP_FIELD:
		if (!v->given)
			return -1;
		put_value(b, o->field, v);
		return 0;
	case OP_SPACED:
		if (v->given) {
			buf_putc(b, ' ');
			put_value(b, o->field, v);
		}
		return 0;
	case OP_CHOICE:
		if (!v->given &&
		    template_fields[o->field].kind != FIELD_IS_CHOICE)
			return -1;
		if (is_yes(o->field, v))
			buf_put(b, o->a, o->a_len);
		else if (o->b != NULL)
			buf_put(b, o->b, o->b_len);
		else
			return -1;
		return 0;
	case OP_END:
	case OP_BLANK:
		break;
	}
	return 0;
}

int
template_put(struct buf *b, const struct templates *t, enum section s,
    const char *lang, const struct values *v)
{
	const struct template *own =
	    &t->of[strcmp(lang, "en") == 0 ? LANG_EN : LANG_RU][s];
	static const struct values none;
	const struct op *o = own->op, *end = own->op + own->n;
	int blank = 0, lines = 0;
	size_t from;

	if (v == NULL)
		v = &none;
	while (o < end) {
		if (o->kind == OP_BLANK) {
			blank = 1;
			o++;
			continue;
		}
		from = b->len;
		/* Between lines: not before the first or behind the last. */
		if (lines > 0)
			buf_puts(b, blank ? "\n\n" : "\n");
		while (o->kind != OP_END && put_op(b, o, v) == 0)
			o++;
		if (o->kind == OP_END) {
			lines++;
			blank = 0;
		} else if (buf_failed(b) == 0) {
			b->len = from;
		}
		while (o->kind != OP_END)
			o++;
		o++;
	}
	return lines > 0 && buf_failed(b) == 0 ? 0 : -1;
}
