/*
 * fuzz-json: what is taken is written as JSON that is taken again and written
 * the same; what the gate lets through, cJSON takes too.
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_doc *doc;
	const struct json *v;
	struct buf first, second;
	char *text;

	if (doc == NULL)
		doc = json_new();
	text = malloc(size + 1);
	check(doc != NULL && text != NULL);
	buf_init(&first, 16 * size + 64);
	buf_init(&second, 16 * size + 64);
	if (size > 0)
		memcpy(text, data, size);
	v = json_parse(doc, text, size);
	if (v == NULL)
		check(strcmp(json_error(doc), "out of memory") != 0);
	else {
		read_all(v);
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
