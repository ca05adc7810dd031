/*
 * utf8 - where a character of a text ends (RFC 3629, F47).
 */
#ifndef SLUICE_UTF8_H
#define SLUICE_UTF8_H

#include <stddef.h>

/*
 * Length in bytes of the character at s, of which n > 0 bytes are there: 1 to
 * 4.  0 where that is no valid UTF-8: overlong, a surrogate, above U+10FFFF, or
 * cut off.
 */
size_t utf8_len(const char *s, size_t n);

#endif
