#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"

static void
put_quoted(struct buf *b, const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = 0, i;
	unsigned char c;

	buf_putc(b, '"');
	for (i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_put(b, s + from, i - from);
		from = i + 1;
		buf_putc(b, '\\');
		switch (c) {
		case '"':
		case '\\':
			buf_putc(b, (char)c);
			break;
		case '\n':
			buf_putc(b, 'n');
			break;
		case '\r':
			buf_putc(b, 'r');
			break;
		case '\t':
			buf_putc(b, 't');
			break;
		default:
			buf_put(b, "u00", 3);
			buf_putc(b, hex[c >> 4]);
			buf_putc(b, hex[c & 15]);
		}
	}
	buf_put(b, s + from, len - from);
	buf_putc(b, '"');
}

/*
 * Whether a comma is due shows in the byte before: none stands at the start of
 * a line, of a container or of a member's value.  A string cannot deceive: it
 * ends with a quote.
 */
static void
begin(struct buf *b, const char *key)
{
	char last = b->len == 0 ? '\n' : b->p[b->len - 1];

	if (last != '\n' && last != '{' && last != '[' && last != ':')
		buf_putc(b, ',');
	if (key != NULL) {
		put_quoted(b, key, strlen(key));
		buf_putc(b, ':');
	}
}

void
json_open_object(struct buf *b, const char *key)
{
	begin(b, key);
	buf_putc(b, '{');
}

void
json_close_object(struct buf *b)
{
	buf_putc(b, '}');
}

void
json_open_array(struct buf *b, const char *key)
{
	begin(b, key);
	buf_putc(b, '[');
}

void
json_close_array(struct buf *b)
{
	buf_putc(b, ']');
}

void
json_put_mem(struct buf *b, const char *key, const char *s, size_t len)
{
	begin(b, key);
	put_quoted(b, s, len);
}

void
json_put_string(struct buf *b, const char *key, const char *s)
{
	json_put_mem(b, key, s, strlen(s));
}

void
json_put_int(struct buf *b, const char *key, int64_t n)
{
	begin(b, key);
	buf_printf(b, "%lld", (long long)n);
}

void
json_put_bool(struct buf *b, const char *key, int v)
{
	begin(b, key);
	buf_puts(b, v ? "true" : "false");
}

void
json_put_decimal(struct buf *b, const char *key, struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];

	json_put_mem(b, key, text, decimal_format(text, d));
}

void
json_put_time(struct buf *b, const char *key, int64_t ms)
{
	char text[TIME_TEXT_MAX];

	json_put_string(b, key, time_format(text, ms));
}

/* Recursion is bounded by the depth that json_parse allows. */
void
json_put(struct buf *b, const char *key, const struct json *v)
{
	const struct json *child;
	int yes = 0;

	switch (json_type(v)) {
	case JSON_NULL:
		begin(b, key);
		buf_puts(b, "null");
		break;
	case JSON_BOOL:
		(void)json_bool(v, &yes);
		json_put_bool(b, key, yes);
		break;
	case JSON_NUMBER:
		begin(b, key);
		buf_puts(b, json_number(v));
		break;
	case JSON_STRING:
		json_put_string(b, key, json_string(v));
		break;
	case JSON_ARRAY:
		json_open_array(b, key);
		for (child = json_first(v); child != NULL;
		     child = json_next(child))
			json_put(b, NULL, child);
		json_close_array(b);
		break;
	case JSON_OBJECT:
		json_open_object(b, key);
		for (child = json_first(v); child != NULL;
		     child = json_next(child))
			json_put(b, json_key(child), child);
		json_close_object(b);
		break;
	}
}
