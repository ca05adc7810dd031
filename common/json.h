/*
 * json - strict JSON in, canonical JSON out.  The one user of cJSON.
 *
 * Stricter than cJSON alone (F43 to F47): one value and nothing behind it,
 * valid UTF-8, no control byte inside a string, no \u0000, no key twice in an
 * object, bounded depth and number of values.  Keys are compared in exact
 * case.  A number keeps the digits of its source: cJSON's double is never
 * looked at (F11).
 */
#ifndef SLUICE_JSON_H
#define SLUICE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

struct buf;
struct json;	 /* a value; belongs to the document that it was parsed by */
struct json_doc; /* an arena for one text at a time */

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/*
 * A document; where memory runs out, the process ends.  json_free accepts NULL.
 */
struct json_doc *json_new(void);
void json_free(struct json_doc *doc);

/*
 * Parse text[0..len).  text[len] must be writable: a NUL stands there while
 * and after the call.  The values live until the next json_parse of doc or its
 * json_free.  The memory of a long text stays for the next, and goes back to
 * the kernel after a shorter one.  NULL where the text is not JSON as above;
 * json_error(doc) then says why, in words fit for a log line.
 *
 * Where memory runs out it ends the process, too: a line or a row that could
 * not be held would else be taken for a bad one, and lost.
 */
const struct json *json_parse(struct json_doc *doc, char *text, size_t len);
const char *json_error(const struct json_doc *doc);

/*
 * Parse a copy of text, made in *copy: for what must not be written to, as a
 * row of a state.  NULL also where it is longer than *copy may be.
 */
const struct json *json_parse_copy(
    struct json_doc *doc, struct buf *copy, const char *text, size_t len);

/*
 * A set of keys, made once: names, NULL at the end, whose texts must outlive
 * it.  Names of JSON_KEY_MAX bytes and more, and more than JSON_KEYS_MAX of
 * them, are a bug (assert).
 */
#define JSON_KEY_MAX 32
#define JSON_KEYS_MAX 64
struct json_keys {
	const char *names[JSON_KEYS_MAX];      /* the shorter ones first */
	unsigned char first[JSON_KEY_MAX + 1]; /* of names, by length */
};
void json_keys_init(struct json_keys *k, const char *const names[]);

/*
 * Parse as json_parse does, but leave members out of the tree, at any depth,
 * whose key is not among keys and whose value holds no others.  The text is
 * checked all the same, but that a key which is left out may stand twice.  For
 * long lines of which little is read.
 */
const struct json *json_parse_keys(
    struct json_doc *doc, char *text, size_t len, const struct json_keys *keys);

enum json_type json_type(const struct json *v);

/* Member of an object by key; NULL where absent, or where obj is no object. */
const struct json *json_get(const struct json *obj, const char *key);

/*
 * Several members in one pass: out[i] is the member keys[i], or NULL.
 */
void json_pick(const struct json *obj, const char *const keys[], size_t n,
    const struct json *out[]);

/* Elements of an array, or members of an object, in order; NULL at the end. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *v);
const char *json_key(const struct json *member);
size_t json_count(const struct json *container);

/* A string's bytes (no NUL inside), or NULL where v is NULL or no string. */
const char *json_string(const struct json *v);

/* The digits of a number as they stood in the text, or NULL. */
const char *json_number(const struct json *v);

/* Conversions: 0, or -1 and *out untouched where v is NULL or does not fit. */
int json_bool(const struct json *v, int *out);
int json_int(const struct json *v, int64_t min, int64_t max, int64_t *out);
/* A string or a number that decimal_parse takes. */
int json_decimal(const struct json *v, struct decimal *out);
/* A string of digits, as Bybit writes times, or a number. */
int json_ms(const struct json *v, int64_t *out);
/* A string as time_parse takes it. */
int json_time(const struct json *v, int64_t *ms);

/*
 * The writer.  It appends to a buf and puts commas where they belong: each
 * call with a key adds a member to the object that is open, with key NULL an
 * element to the array.  NULL strings are not allowed.  Strings must be valid
 * UTF-8; bytes below 0x20, '"' and '\' are escaped, nothing else.
 */
void json_open_object(struct buf *b, const char *key);
void json_close_object(struct buf *b);
void json_open_array(struct buf *b, const char *key);
void json_close_array(struct buf *b);
void json_put_string(struct buf *b, const char *key, const char *s);
void json_put_mem(struct buf *b, const char *key, const char *s, size_t len);
void json_put_int(struct buf *b, const char *key, int64_t n);
void json_put_bool(struct buf *b, const char *key, int v);
/* As a JSON string, as the lines have all decimals. */
void json_put_decimal(struct buf *b, const char *key, struct decimal d);
/* A number's digits as they are to stand there: "0.020". */
void json_put_number(struct buf *b, const char *key, const char *digits);
/* As "2023-12-07T10:30:00.000Z". */
void json_put_time(struct buf *b, const char *key, int64_t ms);
/* A parsed value, written again: numbers with their digits. */
void json_put(struct buf *b, const char *key, const struct json *v);

#endif
