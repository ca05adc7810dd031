/*
 * fuzz-json: what is taken is written as JSON that is taken again and written
 * the same; what the gate lets through, cJSON takes too; and with members left
 * out the rest is as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

/* Call what reads a value, whatever it is. */
static void
read_all(const struct json *v)
{
	static const char *const keys[] = { "a", "time", "" };
	const struct json *c, *out[3];
	struct decimal d;
	int64_t n;
	int flag;

	(void)json_bool(v, &flag);
	(void)json_int(v, INT64_MIN, INT64_MAX, &n);
	(void)json_ms(v, &n);
	(void)json_time(v, &n);
	(void)json_decimal(v, &d);
	json_pick(v, keys, 3, out);
	check(out[0] == json_get(v, "a"));
	for (c = json_first(v); c != NULL; c = json_next(c))
		read_all(c);
}

static const char *const kept_keys[] = { "a", "time", NULL };

static int
is_container(const struct json *v)
{
	return json_type(v) == JSON_OBJECT || json_type(v) == JSON_ARRAY;
}

/* part is whole without the members that kept_keys leave out. */
static void
check_part(const struct json *whole, const struct json *part)
{
	const struct json *w, *p = json_first(part);
	const char *key;

	check(json_type(whole) == json_type(part));
	if (json_type(whole) == JSON_STRING)
		check(strcmp(json_string(whole), json_string(part)) == 0);
	if (json_type(whole) == JSON_NUMBER)
		check(strcmp(json_number(whole), json_number(part)) == 0);
	for (w = json_first(whole); w != NULL; w = json_next(w)) {
		key = json_type(whole) == JSON_OBJECT ? json_key(w) : NULL;
		/* One with an escape may be kept, whatever it is. */
		if (key != NULL && !is_container(w) && strcmp(key, "a") != 0 &&
		    strcmp(key, "time") != 0 &&
		    (p == NULL || strcmp(key, json_key(p)) != 0))
			continue;
		check(p != NULL);
		check(key == NULL || strcmp(key, json_key(p)) == 0);
		check_part(w, p);
		p = json_next(p);
	}
	check(p == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_doc *other;
	static struct json_keys keys;
	static struct json_doc *doc;
	const struct json *v, *part;
	struct buf first, second;
	char *text;

	if (doc == NULL) {
		doc = json_new();
		other = json_new();
		json_keys_init(&keys, kept_keys);
	}
	text = malloc(size + 1);
	check(text != NULL);
	buf_init(&first, 16 * size + 64);
	buf_init(&second, 16 * size + 64);
	if (size > 0)
		memcpy(text, data, size);
	v = json_parse(doc, text, size);
	if (v != NULL) {
		read_all(v);
		part = json_parse_keys(other, text, size, &keys);
		check(part != NULL);
		check_part(v, part);
		json_put(&first, NULL, v);
		check(buf_cstr(&first) != NULL);
		v = json_parse(doc, first.p, first.len);
		check(v != NULL);
		json_put(&second, NULL, v);
		check(second.len == first.len &&
		    memcmp(second.p, first.p, first.len) == 0);
		check(memchr(first.p, '\n', first.len) == NULL);
	}
	buf_release(&first);
	buf_release(&second);
	free(text);
	return 0;
}
