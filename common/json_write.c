/*
 * json_write: the writer of json.h.  Whether a comma is due shows in the last
 * byte written: after an opening bracket, a line's end, or nothing, none is.
 */
#include <stdint.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"

#define EACH(byte) (0x0101010101010101u * (byte))

static int
is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

/*
 * How many bytes at the front of s stand for themselves in a string.  Of eight
 * at once, a lane's highest bit is set where the byte does not, and perhaps in
 * a lane behind that.
 */
static size_t
plain_len(const char *s, size_t len)
{
	size_t i = 0;
	uint64_t w;

	for (; len - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, s + i, sizeof(w));
		if ((((w - EACH(0x20)) | ((w ^ EACH('"')) - EACH(1)) |
			 ((w ^ EACH('\\')) - EACH(1))) &
			~w & EACH(0x80)) != 0)
			break;
	}
	while (i < len && is_plain((unsigned char)s[i]))
		i++;
	return i;
}

static void
put_escaped(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char esc[7] = "\\u00";

	switch (c) {
	case '"':
		buf_puts(b, "\\\"");
		break;
	case '\\':
		buf_puts(b, "\\\\");
		break;
	case '\n':
		buf_puts(b, "\\n");
		break;
	case '\r':
		buf_puts(b, "\\r");
		break;
	case '\t':
		buf_puts(b, "\\t");
		break;
	default:
		esc[4] = hex[c >> 4];
		esc[5] = hex[c & 15];
		buf_put(b, esc, 6);
		break;
	}
}

static void
put_text(struct buf *b, const char *s, size_t len)
{
	size_t n;

	/* Asked once for what most texts take, and not for each piece. */
	if (buf_reserve(b, len + 2) == -1)
		return;
	b->p[b->len++] = '"';
	for (;;) {
		n = plain_len(s, len);
		buf_put(b, s, n);
		if (n == len)
			break;
		put_escaped(b, (unsigned char)s[n]);
		s += n + 1;
		len -= n + 1;
	}
	buf_putc(b, '"');
}

/* What stands before a value: a comma where one is due, and the key. */
static void
begin(struct buf *b, const char *key)
{
	char last = b->len == 0 ? '\n' : b->p[b->len - 1];

	if (last != '{' && last != '[' && last != '\n')
		buf_putc(b, ',');
	if (key != NULL) {
		put_text(b, key, strlen(key));
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
json_put_string(struct buf *b, const char *key, const char *s)
{
	json_put_mem(b, key, s, strlen(s));
}

void
json_put_mem(struct buf *b, const char *key, const char *s, size_t len)
{
	begin(b, key);
	put_text(b, s, len);
}

void
json_put_int(struct buf *b, const char *key, int64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do
		digits[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (n < 0)
		digits[--at] = '-';
	begin(b, key);
	buf_put(b, digits + at, sizeof(digits) - at);
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
	size_t len = decimal_format(text, d);

	json_put_mem(b, key, text, len);
}

void
json_put_number(struct buf *b, const char *key, const char *digits)
{
	begin(b, key);
	buf_puts(b, digits);
}

void
json_put_time(struct buf *b, const char *key, int64_t ms)
{
	char text[TIME_TEXT_MAX];

	json_put_string(b, key, time_format(text, ms));
}

/* JSON_DEPTH_MAX bounds the recursion. */
void
json_put(struct buf *b, const char *key, const struct json *v)
{
	const struct json *c;
	int flag = 0;

	switch (json_type(v)) {
	case JSON_NULL:
		begin(b, key);
		buf_puts(b, "null");
		break;
	case JSON_BOOL:
		(void)json_bool(v, &flag);
		json_put_bool(b, key, flag);
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
		for (c = json_first(v); c != NULL; c = json_next(c))
			json_put(b, NULL, c);
		json_close_array(b);
		break;
	case JSON_OBJECT:
		json_open_object(b, key);
		for (c = json_first(v); c != NULL; c = json_next(c))
			json_put(b, json_key(c), c);
		json_close_object(b);
		break;
	}
}
