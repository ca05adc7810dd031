/*
 * libFuzzer target: any bytes as a file of templates; and, of what is taken,
 * each section filled with the same bytes: the lines of the text are lines of
 * the template, and nothing that is cleaned away is in the values.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"
#include "notifier/templates_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

/* Each field has a value: by its kind as fill() asks for it. */
static void
give(struct values *v, const char *text, size_t size)
{
	for (int f = 0; f < FIELDS; f++)
		switch (template_fields[f].kind) {
		case FIELD_IS_TEXT:
		case FIELD_IS_SYMBOL:
			value_text(v, (enum field)f, text);
			break;
		case FIELD_IS_NUMBER:
		case FIELD_IS_TIME:
		case FIELD_IS_CHOICE:
		case FIELD_IS_SIDE:
			value_int(v, (enum field)f, (int64_t)size % 2);
			break;
		default:
			value_decimal(v, (enum field)f,
			    decimal_from_int((long long)size - 8));
		}
}

static size_t
newlines(const char *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += p[i] == '\n';
	return count;
}

static void
fill(struct templates *t, const struct values *v, size_t lines)
{
	struct buf b;
	size_t n;

	buf_init(&b, 16u << 20);
	for (int s = 0; s < SECTIONS; s++) {
		if (t->of[LANG_EN][s].n == 0)
			continue;
		buf_clear(&b);
		check(template_put(&b, t, (enum section)s, "en", v) == 0);
		check(newlines(b.p, b.len) <= lines);
		for (size_t i = 0; i < b.len; i += n) {
			n = utf8_len(b.p + i, b.len - i);
			check(n > 0);
			check((unsigned char)b.p[i] >= 0x20 || b.p[i] == '\n');
		}
	}
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct templates *t = calloc(1, sizeof(*t));
	struct values v = { 0 };
	struct op *ops = NULL;
	char *text = malloc(size), *word = malloc(size + 1), err[512] = "";
	int rc;

	check(t != NULL && text != NULL && word != NULL);
	/* Exactly as long as it is said to be: a byte behind is a finding. */
	if (size > 0)
		memcpy(text, data, size);
	memcpy(word, text, size);
	word[size] = '\0';
	rc = templates_parse(
	    t, LANG_EN, "en.txt", text, size, &ops, err, sizeof(err));
	check((rc == -1) == (err[0] != '\0'));
	if (rc == 0) {
		give(&v, word, size);
		fill(t, &v, newlines(text, size));
	}
	free(ops);
	free(t);
	free(word);
	free(text);
	return 0;
}
