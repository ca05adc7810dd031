/*
 * word: which of a few words a text is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/word.h"

static void
test_find(void **state)
{
	static const char *const words[] = { "sent", "filled", "sent" };

	(void)state;
	assert_int_equal(WORD_FIND("sent", words), 0);
	assert_int_equal(WORD_FIND("filled", words), 1);
	assert_int_equal(WORD_FIND("Filled", words), -1);
	assert_int_equal(WORD_FIND("fill", words), -1);
	assert_int_equal(WORD_FIND("", words), -1);
	assert_int_equal(WORD_FIND(NULL, words), -1);
	assert_int_equal(word_find("filled", words, 1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_find) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
