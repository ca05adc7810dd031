/*
 * json_gate: one loop and a bit per level, no recursion, so that no text can
 * use up the stack.
 *
 * The NUL behind the text belongs to no token, so it ends each scan, and most
 * reads need no check of the length.  A take_ function gets the place where
 * its token begins and returns the place behind it, or NULL after fail();
 * handing the place on by value keeps it in a register, which is a quarter of
 * the speed.
 */
#include "common/json_gate.h"

#include <stdint.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/utf8.h"

/* Bytes of a number: cJSON takes no longer one. */
#define NUMBER_SIZE_MAX 63

struct gate {
	const char *end;
	const char *error;
	const char *at;	  /* of the error */
	char *numbers;	  /* where the next one's digits go */
	uint64_t objects; /* bit n: level n is an object, not an array */
	int depth;
	unsigned values;
	/* Leaving members out: what is kept, and where the rest of it begins.
	 */
	const struct json_keys *keys;
	struct buf *kept;
	const char *rest;
	int ended; /* no member follows the one that was left out */
};

_Static_assert(JSON_DEPTH_MAX < 64, "a level is a bit of objects");

static const char *
fail(struct gate *g, const char *p, const char *error)
{
	g->error = error;
	g->at = p;
	return NULL;
}

static const char *
skip_blanks(const char *p)
{
	/* One comparison where there is none, as between programs. */
	while ((unsigned char)*p <= ' ' &&
	    (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

#define EACH(byte) (0x0101010101010101u * (byte))

/*
 * Of the eight bytes at p, the first one in the lowest lane: the highest bit
 * of a lane is set where the byte is a quote, a backslash, a control byte or
 * no ASCII.  Subtracting sets it where the lane is the smaller; a borrow
 * spoils only lanes behind the first one that is set.
 */
static inline uint64_t
special8(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return (w | (w - EACH(0x20)) | ((w ^ EACH('"')) - EACH(1)) |
		   ((w ^ EACH('\\')) - EACH(1))) &
	    EACH(0x80);
}

/* The first such byte from p on. */
static inline const char *
find_special(const char *p, const char *end)
{
	uint64_t high, low;
	unsigned char c;

	/* Two words a turn: most strings then take one turn. */
	for (; end - p >= 16; p += 16) {
		low = special8(p);
		high = special8(p + 8);
		if ((low | high) == 0)
			continue;
		p += low == 0 ? 8 : 0;
		low = low == 0 ? high : low;
		return p + ((size_t)__builtin_ctzll(low) >> 3);
	}
	for (;; p++) {
		c = (unsigned char)*p;
		if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80)
			return p;
	}
}

/* Past a character of two bytes or more. */
static const char *
take_utf8(struct gate *g, const char *p)
{
	size_t len = utf8_len(p, (size_t)(g->end - p));

	return len == 0 ? fail(g, p, "invalid UTF-8") : p + len;
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
static const char *
take_escape(struct gate *g, const char *p)
{
	int code, low;

	if (p[1] != 'u')
		return p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL
		    ? p + 2
		    : fail(g, p, "unknown escape in a string");
	code = hex4(p + 2);
	if (code == -1)
		return fail(g, p, "\\u without four hexadecimal digits");
	if (code == 0)
		return fail(g, p, "\\u0000 in a string");
	if (code < 0xd800 || code > 0xdfff)
		return p + 6;
	low = code <= 0xdbff && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return fail(g, p, "half of a surrogate pair");
	return p + 12;
}

/* Past the rest of a string, from p on, and its quote. */
static const char *
take_string_rest(struct gate *g, const char *p)
{
	unsigned char c;

	while (p != NULL) {
		p = find_special(p, g->end);
		c = (unsigned char)*p;
		if (c == '"')
			return p + 1;
		if (c == '\\')
			p = take_escape(g, p);
		else if (c >= 0x80)
			p = take_utf8(g, p);
		else
			p = fail(g, p,
			    p == g->end ? "the text ends inside a string"
					: "control byte in a string");
	}
	return NULL;
}

/* Past a string; p is at its first quote. */
static inline const char *
take_string(struct gate *g, const char *p)
{
	p = find_special(p + 1, g->end);
	return *p == '"' ? p + 1 : take_string_rest(g, p);
}

static const char *
take_digits(struct gate *g, const char *p)
{
	if (!is_digit(*p))
		return fail(g, p, "malformed number");
	while (is_digit(*p))
		p++;
	return p;
}

static const char *
take_number(struct gate *g, const char *p)
{
	const char *start = p;

	if (*p == '-')
		p++;
	/* Behind a leading 0 no digit may follow. */
	p = *p == '0' ? p + 1 : take_digits(g, p);
	if (p != NULL && *p == '.')
		p = take_digits(g, p + 1);
	if (p != NULL && (*p == 'e' || *p == 'E')) {
		p++;
		p = take_digits(g, *p == '+' || *p == '-' ? p + 1 : p);
	}
	if (p == NULL)
		return NULL;
	if (p - start > NUMBER_SIZE_MAX)
		return fail(g, start, "number of more than 63 bytes");
	while (start < p)
		*g->numbers++ = *start++;
	*g->numbers++ = '\0';
	return p;
}

static const char *
take_word(struct gate *g, const char *p, const char *word, size_t len)
{
	if (strncmp(p, word, len) != 0)
		return fail(g, p, "unknown word");
	return p + len;
}

/* Past a value that holds no others. */
static inline const char *
take_scalar(struct gate *g, const char *p)
{
	switch (*p) {
	case '"':
		return take_string(g, p);
	case 't':
		return take_word(g, p, "true", 4);
	case 'f':
		return take_word(g, p, "false", 5);
	case 'n':
		return take_word(g, p, "null", 4);
	default:
		if (*p == '-' || is_digit(*p))
			return take_number(g, p);
		return fail(g, p,
		    p == g->end ? "the text ends where a value is expected"
				: "a value is expected");
	}
}

/* Whether a member is to be kept, by its key, quotes and all. */
static int
is_kept(const struct json_keys *k, const char *key, const char *behind)
{
	size_t len = (size_t)(behind - key) - 2;
	const char *const *name;

	if (len >= JSON_KEY_MAX)
		return 0;
	for (name = k->names + k->first[len];
	     name < k->names + k->first[len + 1]; name++)
		if ((*name)[0] == key[1] && memcmp(*name, key + 1, len) == 0)
			return 1;
	return 0;
}

static int
in_object(const struct gate *g)
{
	return (g->objects >> g->depth & 1) != 0;
}

/*
 * Past a member that is left out, from its key on: to the next key, or to what
 * closes the object.  The comma behind it goes with it, and behind the last
 * one the comma before it.
 */
static const char *
leave_out(struct gate *g, const char *key, const char *value)
{
	char *numbers = g->numbers;
	struct buf *kept = g->kept;
	const char *p;

	buf_put(kept, g->rest, (size_t)(key - g->rest));
	p = take_scalar(g, value);
	g->numbers = numbers;
	if (p == NULL)
		return NULL;
	if (++g->values > JSON_VALUES_MAX)
		return fail(g, p, "too many values");
	p = skip_blanks(p);
	g->ended = *p != ',';
	if (!g->ended)
		p++;
	else
		while (kept->p[kept->len - 1] != '{' &&
		    kept->p[--kept->len] != ',')
			continue;
	g->rest = p;
	return p;
}

/*
 * Past a member's key and its colon; past further members where they are left
 * out, and then to what closes the object if no other follows.
 */
static inline const char *
take_key(struct gate *g, const char *p)
{
	const char *key, *behind, *first;

	do {
		p = skip_blanks(p);
		key = p;
		if (*p != '"')
			return fail(g, p, "a key is expected");
		first = find_special(p + 1, g->end);
		behind = *first == '"' ? first + 1 : take_string_rest(g, first);
		if (behind == NULL)
			return NULL;
		p = skip_blanks(behind);
		if (*p != ':')
			return fail(g, p, "':' is expected");
		p++;
		if (g->keys == NULL)
			return p;
		p = skip_blanks(p);
		/* A key with an escape is kept, whatever it means. */
		if (*first != '"' || *p == '{' || *p == '[' ||
		    is_kept(g->keys, key, behind))
			return p;
		p = leave_out(g, key, p);
	} while (p != NULL && !g->ended);
	return p;
}

/* Past '{' or '['. */
static const char *
open_container(struct gate *g, const char *p)
{
	if (g->depth == JSON_DEPTH_MAX)
		return fail(g, p, "nested too deep");
	g->depth++;
	g->objects &= ~((uint64_t)1 << g->depth);
	g->objects |= (uint64_t)(*p == '{') << g->depth;
	return p + 1;
}

/*
 * Past what stands between a value and the next: closing brackets, a comma,
 * a key.  The depth is 0 at the end.
 */
static inline const char *
take_between(struct gate *g, const char *p)
{
	for (; g->depth > 0; g->depth--, p++) {
		p = skip_blanks(p);
		if (*p == ',')
			return in_object(g) ? take_key(g, p + 1) : p + 1;
		if (*p != (in_object(g) ? '}' : ']'))
			return fail(g, p,
			    in_object(g) ? "',' or '}' is expected"
					 : "',' or ']' is expected");
	}
	return p;
}

static inline const char *
take_value(struct gate *g, const char *p)
{
	if (g->ended) {
		g->ended = 0;
		return take_between(g, p);
	}
	p = skip_blanks(p);
	if (++g->values > JSON_VALUES_MAX)
		return fail(g, p, "too many values");
	if (*p == '{' || *p == '[') {
		p = open_container(g, p);
		if (p == NULL)
			return NULL;
		p = skip_blanks(p);
		if (*p != (in_object(g) ? '}' : ']'))
			return in_object(g) ? take_key(g, p) : p;
	} else
		p = take_scalar(g, p);
	return p == NULL ? NULL : take_between(g, p);
}

const char *
json_gate(const char *text, size_t len, struct buf *numbers,
    const struct json_keys *keys, struct buf *kept, size_t *at)
{
	struct gate g = {
		.end = text + len, .keys = keys, .kept = kept, .rest = text
	};
	const char *p = text;

	*at = 0;
	/* Each takes a byte or more, and one that ends it, but for the last. */
	buf_clear(numbers);
	(void)buf_reserve(numbers, len + 1);
	g.numbers = numbers->p;
	if (keys != NULL) {
		buf_clear(kept);
		if (buf_reserve(kept, len + 1) == -1)
			return "too long a text";
	}
	do
		p = take_value(&g, p);
	while (p != NULL && g.depth > 0);
	if (p != NULL) {
		p = skip_blanks(p);
		if (p != g.end)
			(void)fail(&g, p, "bytes behind the value");
	}
	if (g.error != NULL) {
		*at = (size_t)(g.at - text);
		return g.error;
	}
	if (keys != NULL)
		buf_put(kept, g.rest, (size_t)(g.end - g.rest));
	numbers->len = (size_t)(g.numbers - numbers->p);
	return NULL;
}
