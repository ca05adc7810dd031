#include "common/word.h"

#include <string.h>

int
word_find(const char *text, const char *const words[], size_t n)
{
	for (size_t i = 0; text != NULL && i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return (int)i;
	return -1;
}
