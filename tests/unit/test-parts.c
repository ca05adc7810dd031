/*
 * parts: where a text is cut, and that no part is over the limit (F33).
 *
 * Not tested: how parts are sent one after the other
 * (tests/e2e/notifier-limits.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/utf8.h"
#include "notifier/parts.h"

#define BELL "\xf0\x9f\x94\x94" /* two units, four bytes */

static size_t
units(const char *s, size_t len)
{
	size_t n = 0, c;

	for (; len > 0; s += c, len -= c) {
		c = utf8_len(s, len);
		assert_true(c > 0);
		n += c == 4 ? 2 : 1;
	}
	return n;
}

/* count times what, from time to time a newline. */
static void
fill(struct buf *b, const char *what, size_t count, size_t line)
{
	for (size_t i = 1; i <= count; i++) {
		buf_puts(b, what);
		if (line > 0 && i % line == 0)
			buf_putc(b, '\n');
	}
}

static void
short_texts_stay(void **state)
{
	static const struct {
		const char *what;
		size_t count, max;
		int last; /* in one part? */
	} cases[] = {
		{ "", 0, 64, 1 },
		{ "x", 4095, 4096, 1 },
		{ "x", 4096, 4096, 1 },
		{ "x", 4097, 4096, 0 },
		{ BELL, 2048, 4096, 1 },
		{ BELL, 2049, 4096, 0 },
		{ "\xd0\xb6", 4096, 4096, 1 }, /* two bytes, one unit */
		{ "\xd0\xb6", 4097, 4096, 0 },
	};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_init(&b, 1u << 20);
		fill(&b, cases[i].what, cases[i].count, 0);
		assert_int_equal(parts_cut(&b, cases[i].max, 0), cases[i].last);
		if (cases[i].last)
			assert_int_equal(
			    b.len, cases[i].count * strlen(cases[i].what));
		else
			assert_memory_equal(b.p, "(1/2)\n", 6);
		buf_release(&b);
	}
}

/* Ten letters and a newline, eleven units: 64 - 12 = 52 take four of them. */
static void
lines_stay_whole(void **state)
{
	static const char *const expect[] = {
		"(1/3)\nabcdefghij\nabcdefghij\nabcdefghij\nabcdefghij",
		"(2/3)\nabcdefghij\nabcdefghij\nabcdefghij\nabcdefghij",
		"(3/3)\nabcdefghij",
	};
	struct buf b;

	(void)state;
	for (int64_t i = 0; i < 4; i++) {
		const char *e = expect[i < 3 ? i : 2];

		buf_init(&b, 4096);
		fill(&b, "abcdefghij", 9, 1);
		assert_int_equal(parts_cut(&b, 64, i), i >= 2);
		assert_string_equal(buf_cstr(&b), e);
		buf_release(&b);
	}
}

/* Every part is under the limit, valid, and together they are the text. */
static void
parts_make_the_text(void **state)
{
	static const struct {
		const char *what;
		size_t count, line, max;
	} cases[] = {
		{ "x", 10000, 0, 4096 },
		{ BELL, 10000, 0, 4096 },
		/* 4084 units end within a bell. */
		{ "abc" BELL, 3000, 0, 4096 },
		{ "a" BELL "\xd0\xb6\xe2\x82\xac", 3000, 0, 1000 },
		{ BELL "z", 500, 7, 64 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf all, whole, b;
		int last = 0;

		buf_init(&all, 1u << 20);
		buf_init(&whole, 1u << 20);
		buf_init(&b, 1u << 20);
		fill(&whole, cases[i].what, cases[i].count, cases[i].line);
		for (int64_t k = 0; !last; k++) {
			char head[16];
			int n;

			buf_clear(&b);
			buf_put(&b, whole.p, whole.len);
			last = parts_cut(&b, cases[i].max, k);
			assert_true(last == 0 || last == 1);
			assert_true(units(b.p, b.len) <= cases[i].max);
			n = snprintf(head, sizeof(head), "(%d/", (int)k + 1);
			assert_memory_equal(b.p, head, (size_t)n);
			n = (int)((char *)memchr(b.p, '\n', b.len) - b.p) + 1;
			buf_put(&all, b.p + n, b.len - (size_t)n);
			/* It may have been cut at a newline. */
			if (all.len < whole.len && whole.p[all.len] == '\n')
				buf_putc(&all, '\n');
		}
		assert_int_equal(all.len, whole.len);
		assert_memory_equal(all.p, whole.p, whole.len);
		buf_release(&all);
		buf_release(&whole);
		buf_release(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_texts_stay),
		cmocka_unit_test(lines_stay_whole),
		cmocka_unit_test(parts_make_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
