/*
 * line: one stream of bytes, cut into pieces anywhere, gives one sequence of
 * lines (F93); a line too long, or without end, takes bounded memory (F100).
 *
 * Not tested: lack of memory; read errors beside EAGAIN and EBADF.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/limits.h"
#include "common/line.h"

static int fd[2];

static int
open_pipe(void **state)
{
	(void)state;
	return pipe2(fd, O_CLOEXEC | O_NONBLOCK);
}

static int
close_pipe(void **state)
{
	(void)state;
	close(fd[0]);
	if (fd[1] != -1)
		close(fd[1]);
	return 0;
}

static void
send_bytes(const char *p, size_t len)
{
	if (len > 0)
		assert_int_equal(write(fd[1], p, len), (long)len);
}

static void
send_end(void)
{
	close(fd[1]);
	fd[1] = -1;
}

static void
expect_line(struct line_reader *r, enum line_status st, const char *text,
    uint64_t number)
{
	size_t len = 0;
	char *line = NULL;

	assert_int_equal(line_next(r, &line, &len), st);
	assert_int_equal(len, strlen(text));
	assert_string_equal(line, text);
	assert_int_equal(r->number, number);
	/* The byte behind is ours to write on. */
	line[len] = 'X';
}

static void
expect(struct line_reader *r, enum line_status st)
{
	char *line;
	size_t len;

	assert_int_equal(line_next(r, &line, &len), st);
}

/* F93: the same four lines, wherever the stream is cut in two. */
static void
test_cut_anywhere(void **state)
{
	static const char text[] = "{\"a\":1}\n\n{\"b\":\"\xc3\xa9\"}\r\nx\n";
	struct line_reader r;
	size_t cut, len = sizeof(text) - 1;
	enum line_status st;
	char all[64], *line;
	size_t n, used;
	int fills;

	for (cut = 0; cut <= len; cut++) {
		if (cut > 0)
			assert_int_equal(open_pipe(state), 0);
		line_init(&r, 100);
		used = 0;
		for (fills = 0; fills < 2; fills++) {
			if (fills == 0)
				send_bytes(text, cut);
			else
				send_bytes(text + cut, len - cut);
			(void)line_fill(&r, fd[0]);
			for (;;) {
				st = line_next(&r, &line, &n);
				if (st == LINE_MORE)
					break;
				assert_int_equal(st, LINE_OK);
				assert_int_equal(line[n], '\0');
				memcpy(all + used, line, n);
				used += n;
				all[used++] = '\n';
			}
		}
		send_end();
		assert_int_equal(line_fill(&r, fd[0]), 0);
		expect(&r, LINE_END);
		expect(&r, LINE_END);
		assert_int_equal(r.number, 4);
		assert_int_equal(used, len);
		assert_memory_equal(all, text, len);
		line_release(&r);
		if (cut < len)
			close_pipe(state);
	}
}

static void
test_end_inside_line(void **state)
{
	struct line_reader r;

	(void)state;
	line_init(&r, 100);
	send_bytes("one\ntwo", 7);
	assert_int_equal(line_fill(&r, fd[0]), 7);
	expect_line(&r, LINE_OK, "one", 1);
	expect(&r, LINE_MORE);
	errno = 0;
	assert_int_equal(line_fill(&r, fd[0]), -1);
	assert_int_equal(errno, EAGAIN);
	expect(&r, LINE_MORE);
	send_end();
	assert_int_equal(line_fill(&r, fd[0]), 0);
	expect_line(&r, LINE_TAIL, "two", 2);
	expect(&r, LINE_END);
	line_release(&r);
}

static void
test_empty_stream(void **state)
{
	struct line_reader r;

	(void)state;
	line_init(&r, 100);
	expect(&r, LINE_MORE);
	send_end();
	assert_int_equal(line_fill(&r, fd[0]), 0);
	expect(&r, LINE_END);
	line_release(&r);
	line_init(&r, 100);
	assert_int_equal(line_fill(&r, -1), -1);
	assert_int_equal(errno, EBADF);
	line_release(&r);
}

/* A NUL is a byte like others here; the parser refuses it. */
static void
test_nul(void **state)
{
	struct line_reader r;
	char *line;
	size_t len;

	(void)state;
	line_init(&r, 100);
	send_bytes("a\0b\n", 4);
	assert_int_equal(line_fill(&r, fd[0]), 4);
	assert_int_equal(line_next(&r, &line, &len), LINE_OK);
	assert_int_equal(len, 3);
	assert_memory_equal(line, "a\0b", 4);
	line_release(&r);
}

/* Exactly the ceiling passes; one byte more is skipped and reported once. */
static void
test_ceiling(void **state)
{
	struct line_reader r;

	(void)state;
	line_init(&r, 5);
	send_bytes("12345\n123456\nab\n1234567", 23);
	assert_int_equal(line_fill(&r, fd[0]), 23);
	expect_line(&r, LINE_OK, "12345", 1);
	expect(&r, LINE_LONG);
	assert_int_equal(r.number, 2);
	expect_line(&r, LINE_OK, "ab", 3);
	expect(&r, LINE_MORE);
	send_bytes("89\nc\n1234567", 12);
	assert_int_equal(line_fill(&r, fd[0]), 12);
	expect(&r, LINE_LONG);
	assert_int_equal(r.number, 4);
	expect_line(&r, LINE_OK, "c", 5);
	expect(&r, LINE_MORE);
	send_end();
	assert_int_equal(line_fill(&r, fd[0]), 0);
	/* Cut inside a line that was too long anyway: a cut all the same. */
	expect_line(&r, LINE_TAIL, "", 6);
	expect(&r, LINE_END);
	line_release(&r);
}

/* Write total bytes of 'x' and then end, and read all the while. */
static size_t
pour(struct line_reader *r, size_t total, const char *end)
{
	static char block[32768];
	size_t n, peak = 0;
	char *line;

	memset(block, 'x', sizeof(block));
	while (total > 0) {
		n = total < sizeof(block) ? total : sizeof(block);
		send_bytes(block, n);
		total -= n;
		assert_int_equal(line_fill(r, fd[0]), (long)n);
		if (r->b.cap > peak)
			peak = r->b.cap;
		assert_int_equal(line_next(r, &line, &n), LINE_MORE);
	}
	send_bytes(end, strlen(end));
	assert_int_equal(line_fill(r, fd[0]), (long)strlen(end));
	return peak;
}

/* F100: 50 MB without a newline, then a good line. */
static void
test_no_newline(void **state)
{
	struct line_reader r;
	size_t peak;

	(void)state;
	line_init(&r, LINE_SIZE_MAX);
	peak = pour(&r, 50000000, "x\ngood\n");
	assert_true(peak <= LINE_SIZE_MAX + 2 * 65536);
	expect(&r, LINE_LONG);
	expect_line(&r, LINE_OK, "good", 2);
	expect(&r, LINE_MORE);
	/* The memory of the long one goes back. */
	send_bytes("z\n", 2);
	assert_int_equal(line_fill(&r, fd[0]), 2);
	expect_line(&r, LINE_OK, "z", 3);
	assert_true(r.b.cap <= 1u << 20);
	line_release(&r);
}

static void
test_size_max(void **state)
{
	struct line_reader r;
	char *line;
	size_t len;

	(void)state;
	line_init(&r, LINE_SIZE_MAX);
	(void)pour(&r, LINE_SIZE_MAX, "\n");
	assert_int_equal(line_next(&r, &line, &len), LINE_OK);
	assert_int_equal(len, LINE_SIZE_MAX);
	expect(&r, LINE_MORE);
	(void)pour(&r, LINE_SIZE_MAX, "x\n");
	expect(&r, LINE_LONG);
	expect(&r, LINE_MORE);
	(void)pour(&r, 3, "\n");
	expect_line(&r, LINE_OK, "xxx", 3);
	line_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_cut_anywhere, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
		    test_end_inside_line, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
		    test_empty_stream, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
		    test_nul, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
		    test_ceiling, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
		    test_no_newline, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
		    test_size_max, open_pipe, close_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
