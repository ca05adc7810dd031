#include "common/json_gate.h"

#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/utf8.h"

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

void
json_numbers_init(struct json_numbers *n)
{
	memset(n, 0, sizeof(*n));
}

void
json_numbers_release(struct json_numbers *n)
{
	free(n->at);
	json_numbers_init(n);
}

static int
note(struct json_numbers *n, size_t start, size_t len)
{
	struct json_span *at;
	size_t cap;

	if (n->n == n->cap) {
		cap = n->cap == 0 ? 256 : 2 * n->cap;
		at = realloc(n->at, cap * sizeof(*at));
		if (at == NULL)
			return -1;
		n->at = at;
		n->cap = cap;
	}
	n->at[n->n].start = (uint32_t)start;
	n->at[n->n].len = (uint32_t)len;
	n->n++;
	return 0;
}

/* A set high bit in each byte of w that is zero; exact up to the lowest one. */
static uint64_t
zeros(uint64_t w)
{
	return (w - ONES) & ~w & HIGHS;
}

/*
 * Skip what needs no look in a string: printable ASCII but for '"' and '\'.
 * Eight bytes at a time, since this is most of any line.
 */
static const unsigned char *
plain(const unsigned char *p, const unsigned char *end)
{
	uint64_t w, stop;

	while (end - p >= 8) {
		memcpy(&w, p, sizeof(w));
		stop = zeros(w ^ ONES * '"') | zeros(w ^ ONES * '\\') |
		    ((w - ONES * 0x20) & ~w & HIGHS) | (w & HIGHS);
		if (stop != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			return p + __builtin_ctzll(stop) / 8;
#else
			break;
#endif
		}
		p += 8;
	}
	while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static int
hex(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* Behind the opening quote; to behind the closing one, or to what is wrong. */
static const char *
string(const unsigned char **pp, const unsigned char *end)
{
	const unsigned char *p = *pp;
	const char *wrong = "a string does not end";
	size_t n;

	while ((p = plain(p, end)) < end) {
		if (*p == '"') {
			*pp = p + 1;
			return NULL;
		}
		if (*p == '\\') {
			/* Which letters may follow is cJSON's to check. */
			if (end - p < 2)
				break;
			if (p[1] != 'u') {
				p += 2;
				continue;
			}
			if (end - p < 6 || !hex(p[2]) || !hex(p[3]) ||
			    !hex(p[4]) || !hex(p[5])) {
				wrong = "\\u without four hex digits";
				break;
			}
			if (memcmp(p + 2, "0000", 4) == 0) {
				wrong = "\\u0000 in a string";
				break;
			}
			p += 6;
			continue;
		}
		if (*p < 0x20) {
			wrong = "a control byte in a string";
			break;
		}
		n = utf8_len((const char *)p, (size_t)(end - p));
		if (n == 0) {
			wrong = "invalid UTF-8";
			break;
		}
		p += n;
	}
	*pp = p;
	return wrong;
}

static const unsigned char *
digits(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Behind a number as RFC 8259 writes it, or NULL. */
static const unsigned char *
number(const unsigned char *p, const unsigned char *end)
{
	const unsigned char *from;

	if (p < end && *p == '-')
		p++;
	from = p;
	p = digits(p, end);
	if (p == from || (*from == '0' && p - from > 1))
		return NULL;
	if (p < end && *p == '.') {
		from = ++p;
		p = digits(p, end);
		if (p == from)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = digits(p, end);
		if (p == from)
			return NULL;
	}
	return p;
}

const char *
json_gate(
    const char *text, size_t len, struct json_numbers *numbers, size_t *offset)
{
	const unsigned char *start = (const unsigned char *)text;
	const unsigned char *p = start, *end = start + len, *q;
	const char *wrong = NULL;
	unsigned depth = 0, values = 1;

	numbers->n = 0;
	while (p < end && wrong == NULL)
		switch (*p) {
		case '"':
			p++;
			wrong = string(&p, end);
			break;
		case ',':
			p++;
			if (++values > JSON_VALUES_MAX)
				wrong = "too many values";
			break;
		case '{':
		case '[':
			p++;
			if (++values > JSON_VALUES_MAX)
				wrong = "too many values";
			else if (++depth > JSON_DEPTH_MAX)
				wrong = "nested too deep";
			break;
		case '}':
		case ']':
			p++;
			if (depth > 0)
				depth--;
			break;
		case '-':
		case '0':
		case '1':
		case '2':
		case '3':
		case '4':
		case '5':
		case '6':
		case '7':
		case '8':
		case '9':
			q = number(p, end);
			if (q == NULL)
				wrong = "a malformed number";
			else if (note(numbers, (size_t)(p - start),
				     (size_t)(q - p)) == -1)
				wrong = "out of memory";
			else
				p = q;
			break;
		case ' ':
		case '\t':
		case '\r':
		case '\n':
		case ':':
		/* The letters of true, false and null. */
		case 'a':
		case 'e':
		case 'f':
		case 'l':
		case 'n':
		case 'r':
		case 's':
		case 't':
		case 'u':
			p++;
			break;
		default:
			wrong = "a byte that is no JSON";
		}
	*offset = (size_t)(p - start);
	return wrong;
}
