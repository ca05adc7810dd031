#include "common/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/json_gate.h"
#include "common/num.h"

/*
 * A struct json is a cJSON node.  After the parse, the valuestring of a number
 * points to its digits in the arena; cJSON leaves it NULL and is not asked to
 * print.
 */
struct json_doc {
	struct arena arena;
	struct json_numbers numbers;
	char error[96];
};

/* cJSON's hooks have no argument.  Parses do not nest. */
static struct arena *current;

static void *
hook_alloc(size_t size)
{
	return arena_alloc(current, size);
}

static void
hook_free(void *p)
{
	(void)p; /* the arena is emptied as a whole */
}

static const struct json *
outside(const cJSON *v)
{
	return (const struct json *)(const void *)v;
}

static const cJSON *
inside(const struct json *v)
{
	return (const cJSON *)(const void *)v;
}

struct json_doc *
json_new(void)
{
	struct json_doc *doc = calloc(1, sizeof(*doc));

	if (doc == NULL)
		return NULL;
	arena_init(&doc->arena);
	json_numbers_init(&doc->numbers);
	return doc;
}

void
json_free(struct json_doc *doc)
{
	if (doc == NULL)
		return;
	arena_release(&doc->arena);
	json_numbers_release(&doc->numbers);
	free(doc);
}

const char *
json_error(const struct json_doc *doc)
{
	return doc->error;
}

/*
 * What is checked of the tree: keys that stand twice.  A bit a hash value tells
 * whether a key can have been there before; only then are they compared.
 */
#define KEY_BITS 2048

static unsigned
key_hash(const char *s)
{
	unsigned h = 0;

	while (*s != '\0')
		h = h * 31 + (unsigned char)*s++;
	return (h ^ h >> 11) % KEY_BITS;
}

static const cJSON *
repeated(const cJSON *object)
{
	uint64_t seen[KEY_BITS / 64] = { 0 }, bit;
	const cJSON *m, *o;
	unsigned h;

	for (m = object->child; m != NULL; m = m->next) {
		h = key_hash(m->string);
		bit = UINT64_C(1) << h % 64;
		if (seen[h / 64] & bit)
			for (o = object->child; o != m; o = o->next)
				if (strcmp(o->string, m->string) == 0)
					return m;
		seen[h / 64] |= bit;
	}
	return NULL;
}

/* A walk of the tree in the order of the text. */
struct walk {
	struct json_doc *doc;
	const char *text;
	size_t number; /* the next one of doc->numbers */
};

/* Recursion is bounded by the gate's JSON_DEPTH_MAX. */
static int
finish(struct walk *w, cJSON *v)
{
	const struct json_span *at;
	const cJSON *twice;
	cJSON *child;

	for (; v != NULL; v = v->next)
		switch (v->type & 0xff) {
		case cJSON_Number:
			at = &w->doc->numbers.at[w->number++];
			v->valuestring =
			    arena_alloc(&w->doc->arena, at->len + 1);
			if (v->valuestring == NULL) {
				(void)snprintf(w->doc->error,
				    sizeof(w->doc->error), "out of memory");
				return -1;
			}
			memcpy(v->valuestring, w->text + at->start, at->len);
			v->valuestring[at->len] = '\0';
			break;
		case cJSON_Object:
			twice = repeated(v);
			if (twice != NULL) {
				(void)snprintf(w->doc->error,
				    sizeof(w->doc->error),
				    "the key '%.40s' stands twice",
				    twice->string);
				return -1;
			}
			/* fallthrough */
		case cJSON_Array:
			child = v->child;
			if (child != NULL && finish(w, child) == -1)
				return -1;
			break;
		default:
			break;
		}
	return 0;
}

const struct json *
json_parse(struct json_doc *doc, char *text, size_t len)
{
	static int hooked;
	struct walk w = { doc, text, 0 };
	const char *wrong, *end = NULL;
	size_t offset;
	cJSON *root;

	if (!hooked) {
		cJSON_InitHooks(&(cJSON_Hooks){ hook_alloc, hook_free });
		hooked = 1;
	}
	arena_reset(&doc->arena);
	doc->error[0] = '\0';
	text[len] = '\0';
	wrong = json_gate(text, len, &doc->numbers, &offset);
	if (wrong != NULL) {
		(void)snprintf(doc->error, sizeof(doc->error),
		    "not JSON: %s at byte %zu", wrong, offset + 1);
		return NULL;
	}
	current = &doc->arena;
	root = cJSON_ParseWithLengthOpts(text, len + 1, &end, 1);
	if (root == NULL) {
		(void)snprintf(doc->error, sizeof(doc->error),
		    len == 0 ? "not JSON: empty"
			     : "not JSON: syntax error near byte %zu",
		    end == NULL ? (size_t)1 : (size_t)(end - text) + 1);
		return NULL;
	}
	if (finish(&w, root) == -1)
		return NULL;
	return outside(root);
}

enum json_type
json_type(const struct json *v)
{
	switch (inside(v)->type & 0xff) {
	case cJSON_False:
	case cJSON_True:
		return JSON_BOOL;
	case cJSON_Number:
		return JSON_NUMBER;
	case cJSON_String:
		return JSON_STRING;
	case cJSON_Array:
		return JSON_ARRAY;
	case cJSON_Object:
		return JSON_OBJECT;
	default:
		return JSON_NULL;
	}
}

static int
is_key(const cJSON *member, const char *key)
{
	return member->string[0] == key[0] && strcmp(member->string, key) == 0;
}

const struct json *
json_get(const struct json *obj, const char *key)
{
	const cJSON *m;

	if (obj == NULL || json_type(obj) != JSON_OBJECT)
		return NULL;
	for (m = inside(obj)->child; m != NULL; m = m->next)
		if (is_key(m, key))
			return outside(m);
	return NULL;
}

void
json_pick(const struct json *obj, const char *const keys[], size_t n,
    const struct json *out[])
{
	const cJSON *first, *from, *m;
	size_t i;

	memset(out, 0, n * sizeof(*out));
	if (obj == NULL || json_type(obj) != JSON_OBJECT)
		return;
	first = inside(obj)->child;
	from = first;
	for (i = 0; i < n && first != NULL; i++) {
		/* On from the last hit, then round: keys keep their order. */
		for (m = from; m != NULL && !is_key(m, keys[i]); m = m->next)
			continue;
		if (m == NULL)
			for (m = first; m != from; m = m->next)
				if (is_key(m, keys[i]))
					break;
		if (m == NULL || !is_key(m, keys[i]))
			continue;
		out[i] = outside(m);
		from = m->next != NULL ? m->next : first;
	}
}

const struct json *
json_first(const struct json *container)
{
	return container == NULL ? NULL : outside(inside(container)->child);
}

const struct json *
json_next(const struct json *v)
{
	return outside(inside(v)->next);
}

const char *
json_key(const struct json *member)
{
	return inside(member)->string;
}

size_t
json_count(const struct json *container)
{
	const struct json *v;
	size_t n = 0;

	for (v = json_first(container); v != NULL; v = json_next(v))
		n++;
	return n;
}

const char *
json_string(const struct json *v)
{
	if (v == NULL || json_type(v) != JSON_STRING)
		return NULL;
	return inside(v)->valuestring;
}

const char *
json_number(const struct json *v)
{
	if (v == NULL || json_type(v) != JSON_NUMBER)
		return NULL;
	return inside(v)->valuestring;
}

int
json_bool(const struct json *v, int *out)
{
	if (v == NULL || json_type(v) != JSON_BOOL)
		return -1;
	*out = (inside(v)->type & 0xff) == cJSON_True;
	return 0;
}

int
json_int(const struct json *v, int64_t min, int64_t max, int64_t *out)
{
	const char *s = json_number(v);

	return s == NULL ? -1 : num_parse(s, strlen(s), min, max, out);
}

int
json_decimal(const struct json *v, struct decimal *out)
{
	const char *s = json_string(v);

	if (s == NULL)
		s = json_number(v);
	return s == NULL ? -1 : decimal_parse(out, s, strlen(s));
}

int
json_ms(const struct json *v, int64_t *out)
{
	const char *s = json_string(v);

	if (s == NULL)
		s = json_number(v);
	return s == NULL ? -1 : num_parse(s, strlen(s), 0, INT64_MAX, out);
}

int
json_time(const struct json *v, int64_t *ms)
{
	const char *s = json_string(v);

	return s == NULL ? -1 : time_parse(s, strlen(s), ms);
}
