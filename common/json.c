/*
 * json: the gate says whether a text is JSON, cJSON builds the tree in the
 * document's arena, and one walk over the tree gives the numbers their digits
 * and refuses keys that stand twice.  A struct json is a cJSON node.
 */
#include "common/json.h"

#include <sys/mman.h>

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json_gate.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/num.h"
#include "common/sanitized.h"

#define CHUNK_SIZE 65536 /* bytes of the first chunk; others are multiples */
#define KEEP_SIZE (256u << 10) /* bytes of numbers kept between texts */
#define ALIGN 16	       /* of all that the arena gives */

/*
 * First chunks that are kept of documents that ended.  With the sanitizers
 * none, so that a use of one that ended is found.
 */
#ifdef SANITIZED
#define SPARE_MAX 0
#else
#define SPARE_MAX 2
#endif

/* Members of an object that are told apart by a table on the stack. */
#define FEW_MEMBERS 64

struct chunk {
	struct chunk *next;
	size_t size; /* of data */
	_Alignas(ALIGN) char data[];
};

struct json_doc {
	struct chunk *first, *last; /* last: where the room left is */
	char *room;
	size_t left;	    /* bytes at room */
	struct buf numbers; /* the text's numbers, each with a NUL */
	struct buf kept;    /* the text without what is left out */
	char error[160];
};

/* The document that cJSON allocates for. */
static struct json_doc *parsing;

/* For the next documents: some last no longer than one row. */
static struct chunk *spare;
static int nspare;

/* Go on in the chunk c. */
static void
use_chunk(struct json_doc *doc, struct chunk *c)
{
	doc->last = c;
	doc->room = c->data;
	doc->left = c->size;
}

/*
 * Of size bytes or more, straight from the kernel: what malloc is given back
 * stays in the process as long as anything lies behind it in the heap.
 */
static struct chunk *
new_chunk(size_t size)
{
	struct chunk *c;

	size += sizeof(*c);
	size = (size + CHUNK_SIZE - 1) / CHUNK_SIZE * CHUNK_SIZE;
	c = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		die(EX_OSERR, "out of memory");
	c->next = NULL;
	c->size = size - sizeof(*c);
	return c;
}

static struct chunk *
take_spare(void)
{
	struct chunk *c = spare;

	if (c == NULL)
		return new_chunk(0);
	spare = c->next;
	nspare--;
	c->next = NULL;
	return c;
}

/* Room in a chunk that was kept, else in a new one. */
static void
more_room(struct json_doc *doc, size_t size)
{
	struct chunk *c = doc->last->next;

	if (c == NULL || c->size < size) {
		/* Twice the last one, so that their number stays small. */
		c = new_chunk(
		    size < doc->last->size ? 2 * doc->last->size : size);
		c->next = doc->last->next;
		doc->last->next = c;
	}
	use_chunk(doc, c);
}

static void *
arena_alloc(size_t size)
{
	struct json_doc *doc = parsing;
	void *p;

	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (size > doc->left)
		more_room(doc, size);
	p = doc->room;
	doc->room += size;
	doc->left -= size;
	return p;
}

static void
arena_free(void *p)
{
	(void)p; /* all of it at once, in arena_reset */
}

static void
free_chunks(struct chunk *c)
{
	struct chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		(void)munmap(c, c->size + sizeof(*c));
	}
}

/*
 * Empty the arena.  What the last text used stays for the next, which is often
 * as long; what lies behind that, from a longer one before, is given back.
 */
static void
arena_reset(struct json_doc *doc)
{
	struct chunk *c = doc->last;

	free_chunks(c->next);
	c->next = NULL;
	use_chunk(doc, doc->first);
	if (doc->numbers.cap > KEEP_SIZE)
		buf_release(&doc->numbers);
	if (doc->kept.cap > KEEP_SIZE)
		buf_release(&doc->kept);
}

struct json_doc *
json_new(void)
{
	static int hooked;
	struct json_doc *doc;

	if (!hooked) {
		cJSON_InitHooks(&(cJSON_Hooks){ arena_alloc, arena_free });
		hooked = 1;
	}
	doc = must_have(calloc(1, sizeof(*doc)));
	doc->first = take_spare();
	use_chunk(doc, doc->first);
	buf_init(&doc->numbers, SIZE_MAX / 2);
	buf_init(&doc->kept,
	    (size_t)REPLY_SIZE_MAX + 1); /* the text's length, at most */
	return doc;
}

void
json_free(struct json_doc *doc)
{
	if (doc == NULL)
		return;
	if (nspare < SPARE_MAX) {
		free_chunks(doc->first->next);
		doc->first->next = spare;
		spare = doc->first;
		nspare++;
	} else {
		free_chunks(doc->first);
	}
	buf_release(&doc->numbers);
	buf_release(&doc->kept);
	free(doc);
}

static int
fail(struct json_doc *doc, const char *why, const char *what)
{
	(void)snprintf(doc->error, sizeof(doc->error), "%s%s", why, what);
	return -1;
}

/* Up to 16 bytes of a key, which the arena has aligned and padded, mixed. */
static unsigned
key_hash(const char *key)
{
	uint64_t nul, w[2];
	unsigned i;

	memcpy(w, key, sizeof(w));
	for (i = 0; i < 2; i++) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		w[i] = __builtin_bswap64(w[i]);
#endif
		nul =
		    (w[i] - 0x0101010101010101u) & ~w[i] & 0x8080808080808080u;
		if (nul == 0)
			continue;
		/* Only what stands before the lowest NUL counts. */
		w[i] &= ((nul & -nul) >> 7) - 1;
		if (i == 0)
			w[1] = 0;
		break;
	}
	w[0] = (w[0] ^ (w[1] << 29 | w[1] >> 35)) * 0x9e3779b97f4a7c15u;
	return (unsigned)(w[0] >> 57);
}

/* The members seen of one object: an open-addressed table of their keys. */
struct keys {
	const char *key[FEW_MEMBERS];
	unsigned char slot[128]; /* 0: free; else 1 + index into key */
	unsigned n;
};

_Static_assert(FEW_MEMBERS < 128, "a slot is always free");

/* 1 where the key is there already. */
static int
add_key(struct keys *k, const char *key)
{
	unsigned h = key_hash(key);

	for (; k->slot[h] != 0; h = (h + 1) % 128)
		if (strcmp(k->key[k->slot[h] - 1], key) == 0)
			return 1;
	k->key[k->n++] = key;
	k->slot[h] = (unsigned char)k->n;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A key that an object of many members has twice, or NULL. */
static int
check_many_keys(struct json_doc *doc, const cJSON *first)
{
	const char **keys;
	const cJSON *c;
	size_t i, n = 0;
	int rc = 0;

	for (c = first; c != NULL; c = c->next)
		n++;
	keys = must_have(malloc(n * sizeof(*keys)));
	for (c = first, i = 0; c != NULL; c = c->next)
		keys[i++] = c->string;
	qsort(keys, n, sizeof(*keys), by_name);
	for (i = 1; i < n && rc == 0; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			rc = fail(doc, "a key stands twice: ", keys[i]);
	free(keys);
	return rc;
}

/*
 * In the order of the text: numbers get their digits, keys are compared.
 * JSON_DEPTH_MAX bounds the recursion.
 */
static int
finish_children(struct json_doc *doc, const cJSON *parent, char **number)
{
	struct keys keys;
	cJSON *c;
	int few = (parent->type & 0xff) == cJSON_Object;

	keys.n = 0;
	if (few)
		memset(keys.slot, 0, sizeof(keys.slot));
	for (c = parent->child; c != NULL; c = c->next) {
		if (few && keys.n == FEW_MEMBERS) {
			if (check_many_keys(doc, parent->child) == -1)
				return -1;
			few = 0;
		}
		if (few && add_key(&keys, c->string))
			return fail(doc, "a key stands twice: ", c->string);
		if ((c->type & 0xff) == cJSON_Number) {
			c->valuestring = *number;
			*number += strlen(*number) + 1;
		} else if (c->child != NULL &&
		    finish_children(doc, c, number) == -1)
			return -1;
	}
	return 0;
}

static int
by_length(const void *a, const void *b)
{
	size_t x = strlen(*(const char *const *)a);
	size_t y = strlen(*(const char *const *)b);

	return x < y ? -1 : x > y;
}

void
json_keys_init(struct json_keys *k, const char *const names[])
{
	size_t n = 0, i, len;

	for (; names[n] != NULL; n++) {
		assert(n < JSON_KEYS_MAX && strlen(names[n]) < JSON_KEY_MAX);
		k->names[n] = names[n];
	}
	qsort(k->names, n, sizeof(k->names[0]), by_length);
	for (len = 0, i = 0; len <= JSON_KEY_MAX; len++) {
		while (i < n && strlen(k->names[i]) < len)
			i++;
		k->first[len] = (unsigned char)i;
	}
}

const struct json *
json_parse_keys(
    struct json_doc *doc, char *text, size_t len, const struct json_keys *keys)
{
	const char *why;
	char *number;
	cJSON *root;
	size_t at;

	arena_reset(doc);
	text[len] = '\0';
	why = json_gate(text, len, &doc->numbers, keys, &doc->kept, &at);
	if (why != NULL) {
		(void)snprintf(doc->error, sizeof(doc->error), "%s at byte %zu",
		    why, at + 1);
		return NULL;
	}
	parsing = doc;
	root = keys == NULL ? cJSON_ParseWithLengthOpts(text, len + 1, NULL, 1)
			    : cJSON_ParseWithLengthOpts(buf_cstr(&doc->kept),
				  doc->kept.len + 1, NULL, 1);
	if (root == NULL)
		die(EX_SOFTWARE, "cJSON takes no text that the gate took");
	number = doc->numbers.p;
	if ((root->type & 0xff) == cJSON_Number)
		root->valuestring = number;
	else if (finish_children(doc, root, &number) == -1)
		return NULL;
	return (const struct json *)root;
}

const struct json *
json_parse(struct json_doc *doc, char *text, size_t len)
{
	return json_parse_keys(doc, text, len, NULL);
}

const struct json *
json_parse_copy(
    struct json_doc *doc, struct buf *copy, const char *text, size_t len)
{
	buf_clear(copy);
	buf_put(copy, text, len);
	if (buf_reserve(copy, 1) == -1) {
		(void)snprintf(
		    doc->error, sizeof(doc->error), "it is too long");
		return NULL;
	}
	return json_parse(doc, copy->p, len);
}

const char *
json_error(const struct json_doc *doc)
{
	return doc->error;
}

static const cJSON *
node(const struct json *v)
{
	return (const cJSON *)v;
}

static int
has_type(const struct json *v, int type)
{
	return v != NULL && (node(v)->type & 0xff) == type;
}

enum json_type
json_type(const struct json *v)
{
	switch (node(v)->type & 0xff) {
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

const struct json *
json_get(const struct json *obj, const char *key)
{
	const struct json *v;

	json_pick(obj, &key, 1, &v);
	return v;
}

void
json_pick(const struct json *obj, const char *const keys[], size_t n,
    const struct json *out[])
{
	uint64_t firsts = 0; /* the keys' first bytes, one bit each */
	size_t found = 0, i;
	const cJSON *c;

	for (i = 0; i < n; i++) {
		out[i] = NULL;
		firsts |= (uint64_t)1 << (keys[i][0] & 63);
	}
	if (!has_type(obj, cJSON_Object))
		return;
	for (c = node(obj)->child; c != NULL && found < n; c = c->next) {
		if ((firsts >> (c->string[0] & 63) & 1) == 0)
			continue;
		for (i = 0; i < n; i++)
			if (keys[i][0] == c->string[0] &&
			    strcmp(keys[i], c->string) == 0) {
				out[i] = (const struct json *)c;
				found++;
			}
	}
}

const struct json *
json_first(const struct json *container)
{
	if (!has_type(container, cJSON_Object) &&
	    !has_type(container, cJSON_Array))
		return NULL;
	return (const struct json *)node(container)->child;
}

const struct json *
json_next(const struct json *v)
{
	return (const struct json *)node(v)->next;
}

const char *
json_key(const struct json *member)
{
	return node(member)->string;
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
	return has_type(v, cJSON_String) ? node(v)->valuestring : NULL;
}

const char *
json_number(const struct json *v)
{
	return has_type(v, cJSON_Number) ? node(v)->valuestring : NULL;
}

int
json_bool(const struct json *v, int *out)
{
	if (!has_type(v, cJSON_True) && !has_type(v, cJSON_False))
		return -1;
	*out = has_type(v, cJSON_True);
	return 0;
}

int
json_int(const struct json *v, int64_t min, int64_t max, int64_t *out)
{
	const char *s = json_number(v);

	return s == NULL ? -1 : num_parse(s, strlen(s), min, max, out);
}

/* A number's digits, or a string. */
static const char *
text_of(const struct json *v)
{
	const char *s = json_number(v);

	return s == NULL ? json_string(v) : s;
}

int
json_decimal(const struct json *v, struct decimal *out)
{
	const char *s = text_of(v);

	return s == NULL ? -1 : decimal_parse(out, s, strlen(s));
}

int
json_ms(const struct json *v, int64_t *out)
{
	const char *s = text_of(v);

	return s == NULL ? -1 : num_parse(s, strlen(s), 0, INT64_MAX, out);
}

int
json_time(const struct json *v, int64_t *ms)
{
	const char *s = json_string(v);

	return s == NULL ? -1 : time_parse(s, strlen(s), ms);
}
