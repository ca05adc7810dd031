/*
 * json_gate: one loop and a bit per level, no recursion, so that no text can
 * use up the stack.
 *
 * The NUL behind the text belongs to no token, so it ends each scan, and most
 * reads need no check of the length.
 */
#include "common/json_gate.h"

#include <stdint.h>
#include <string.h>

#include "common/buf.h"
#include "common/limits.h"

struct gate {
	const char *p;
	const char *end;
	const char *error;
	struct buf *numbers;
	uint64_t objects; /* bit n: level n is an object, not an array */
	int depth;
	unsigned values;
};

/* Bytes of a number: cJSON takes no longer one. */
#define NUMBER_SIZE_MAX 63

_Static_assert(JSON_DEPTH_MAX < 64, "a level is a bit of objects");

/* 1 for the four bytes that JSON calls white space. */
static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char
skip_blanks(struct gate *g)
{
	while (is_blank(*g->p))
		g->p++;
	return *g->p;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
fail(struct gate *g, const char *error)
{
	g->error = error;
	return -1;
}

/* Eight bytes, the first one lowest. */
static uint64_t
load8(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

#define EACH(byte) (0x0101010101010101u * (byte))

/*
 * The first byte from p on that is a quote, a backslash, a control byte or no
 * ASCII.  In a word's lanes, subtracting sets the highest bit of those that
 * are smaller; a borrow spoils only lanes behind the first one.
 */
static const char *
find_special(const char *p, const char *end)
{
	unsigned char c;
	uint64_t w;

	while (end - p >= 8) {
		w = load8(p);
		w |= (w - EACH(0x20)) | ((w ^ EACH('"')) - EACH(1)) |
		    ((w ^ EACH('\\')) - EACH(1));
		w &= EACH(0x80);
		if (w != 0)
			return p + __builtin_ctzll(w) / 8;
		p += 8;
	}
	for (;; p++) {
		c = (unsigned char)*p;
		if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80)
			return p;
	}
}

/* Past a character of two bytes or more; no overlong form, no surrogate. */
static int
take_utf8(struct gate *g)
{
	const unsigned char *p = (const unsigned char *)g->p;
	unsigned char low = 0x80, high = 0xbf;
	int i, len;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return fail(g, "invalid UTF-8");
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return fail(g, "invalid UTF-8");
	for (i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return fail(g, "invalid UTF-8");
	g->p += len;
	return 0;
}

/* The four hexadecimal digits at p, or -1. */
static int
hex4(const char *p)
{
	int i, n = 0;

	for (i = 0; i < 4; i++) {
		if (is_digit(p[i]))
			n = n * 16 + (p[i] - '0');
		else if (p[i] >= 'a' && p[i] <= 'f')
			n = n * 16 + (p[i] - 'a' + 10);
		else if (p[i] >= 'A' && p[i] <= 'F')
			n = n * 16 + (p[i] - 'A' + 10);
		else
			return -1;
	}
	return n;
}

/* Past a backslash and what it stands before. */
static int
take_escape(struct gate *g)
{
	int code, low;

	g->p++;
	switch (*g->p) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		g->p++;
		return 0;
	case 'u':
		break;
	default:
		return fail(g, "unknown escape in a string");
	}
	code = hex4(g->p + 1);
	if (code == -1)
		return fail(g, "\\u without four hexadecimal digits");
	if (code == 0)
		return fail(g, "\\u0000 in a string");
	if (code >= 0xdc00 && code <= 0xdfff)
		return fail(g, "half of a surrogate pair");
	g->p += 5;
	if (code < 0xd800 || code > 0xdbff)
		return 0;
	low = g->p[0] == '\\' && g->p[1] == 'u' ? hex4(g->p + 2) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return fail(g, "half of a surrogate pair");
	g->p += 6;
	return 0;
}

/* Past a string; g->p is at its first quote. */
static int
take_string(struct gate *g)
{
	unsigned char c;

	g->p++;
	for (;;) {
		g->p = find_special(g->p, g->end);
		c = (unsigned char)*g->p;
		if (c == '"') {
			g->p++;
			return 0;
		}
		if (c == '\\') {
			if (take_escape(g) == -1)
				return -1;
		} else if (c >= 0x80) {
			if (take_utf8(g) == -1)
				return -1;
		} else if (g->p == g->end)
			return fail(g, "the text ends inside a string");
		else
			return fail(g, "control byte in a string");
	}
}

static int
take_digits(struct gate *g)
{
	if (!is_digit(*g->p))
		return fail(g, "malformed number");
	while (is_digit(*g->p))
		g->p++;
	return 0;
}

static int
take_number(struct gate *g)
{
	const char *start = g->p;

	if (*g->p == '-')
		g->p++;
	if (*g->p == '0')
		g->p++; /* and no digit may follow: 01 is no number */
	else if (take_digits(g) == -1)
		return -1;
	if (*g->p == '.') {
		g->p++;
		if (take_digits(g) == -1)
			return -1;
	}
	if (*g->p == 'e' || *g->p == 'E') {
		g->p++;
		if (*g->p == '+' || *g->p == '-')
			g->p++;
		if (take_digits(g) == -1)
			return -1;
	}
	if (g->p - start > NUMBER_SIZE_MAX)
		return fail(g, "number of more than 63 bytes");
	buf_put(g->numbers, start, (size_t)(g->p - start));
	buf_putc(g->numbers, '\0');
	return 0;
}

static int
take_word(struct gate *g, const char *word, size_t len)
{
	if (strncmp(g->p, word, len) != 0)
		return fail(g, "unknown word");
	g->p += len;
	return 0;
}

/* Past a value that holds no others. */
static int
take_scalar(struct gate *g, char c)
{
	switch (c) {
	case '"':
		return take_string(g);
	case 't':
		return take_word(g, "true", 4);
	case 'f':
		return take_word(g, "false", 5);
	case 'n':
		return take_word(g, "null", 4);
	default:
		if (c == '-' || is_digit(c))
			return take_number(g);
		return fail(g,
		    g->p == g->end ? "the text ends where a value is expected"
				   : "a value is expected");
	}
}

/* Past a member's key and its colon. */
static int
take_key(struct gate *g)
{
	if (skip_blanks(g) != '"')
		return fail(g, "a key is expected");
	if (take_string(g) == -1)
		return -1;
	if (skip_blanks(g) != ':')
		return fail(g, "':' is expected");
	g->p++;
	return 0;
}

static int
is_object(const struct gate *g)
{
	return (g->objects >> g->depth & 1) != 0;
}

/* Past '{' or '['. */
static int
open_container(struct gate *g, char c)
{
	if (g->depth == JSON_DEPTH_MAX)
		return fail(g, "nested too deep");
	g->depth++;
	g->objects &= ~((uint64_t)1 << g->depth);
	g->objects |= (uint64_t)(c == '{') << g->depth;
	g->p++;
	return 0;
}

/*
 * Past what stands between a value and the next: closing brackets, a comma,
 * a key.  The depth is 0 at the end.
 */
static int
take_between(struct gate *g)
{
	char c;

	while (g->depth > 0) {
		c = skip_blanks(g);
		if (c == ',') {
			g->p++;
			return is_object(g) ? take_key(g) : 0;
		}
		if (c != (is_object(g) ? '}' : ']'))
			return fail(g,
			    is_object(g) ? "',' or '}' is expected"
					 : "',' or ']' is expected");
		g->p++;
		g->depth--;
	}
	return 0;
}

static int
take_value(struct gate *g)
{
	char c = skip_blanks(g);

	if (++g->values > JSON_VALUES_MAX)
		return fail(g, "too many values");
	if (c != '{' && c != '[')
		return take_scalar(g, c) == -1 ? -1 : take_between(g);
	if (open_container(g, c) == -1)
		return -1;
	if (skip_blanks(g) == (c == '{' ? '}' : ']'))
		return take_between(g);
	return c == '{' ? take_key(g) : 0;
}

const char *
json_gate(const char *text, size_t len, struct buf *numbers, size_t *at)
{
	struct gate g = {
		.p = text,
		.end = text + len,
		.numbers = numbers,
	};

	do {
		if (take_value(&g) == -1)
			break;
	} while (g.depth > 0);
	if (g.error == NULL && (skip_blanks(&g), g.p != g.end))
		g.error = "bytes behind the value";
	if (g.error == NULL && buf_failed(numbers) != 0)
		g.error = "out of memory";
	*at = (size_t)(g.p - text);
	return g.error;
}
