#include "tests/unit/json_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"

struct json_doc *doc;
char *text;

int
setup(void **state)
{
	(void)state;
	doc = json_new();
	return doc == NULL ? -1 : 0;
}

int
teardown(void **state)
{
	(void)state;
	json_free(doc);
	json_free(NULL);
	free(text);
	text = NULL;
	return 0;
}

const struct json *
parse_mem(const char *s, size_t len)
{
	free(text);
	text = malloc(len + 1);
	assert_non_null(text);
	memcpy(text, s, len);
	text[len] = '#';
	return json_parse(doc, text, len);
}

const struct json *
parse(const char *s)
{
	const struct json *v = parse_mem(s, strlen(s));

	if (v == NULL)
		fail_msg("%s: %s", s, json_error(doc));
	return v;
}

void
expect_written(const struct json *v, const char *want)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	json_put(&b, NULL, v);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

char *
repeat(const char *a, size_t n, const char *mid, const char *z)
{
	size_t i, la = strlen(a), lm = strlen(mid), lz = strlen(z);
	char *s = malloc(n * (la + lz) + lm + 1), *p = s;

	assert_non_null(s);
	for (i = 0; i < n; i++, p += la)
		memcpy(p, a, la);
	memcpy(p, mid, lm);
	for (i = 0, p += lm; i < n; i++, p += lz)
		memcpy(p, z, lz);
	*p = '\0';
	return s;
}
