/*
 * word - one of a few words, as texts name states and actions.
 */
#ifndef SLUICE_WORD_H
#define SLUICE_WORD_H

#include <stddef.h>

/* Which of the n words text is, or -1; text may be NULL, which is none. */
int word_find(const char *text, const char *const words[], size_t n);

/* The same of an array. */
#define WORD_FIND(text, words)                                                 \
	word_find(text, words, sizeof(words) / sizeof((words)[0]))

#endif
