/*
 * token - a secret and a guess of it, compared in constant time (F09).
 */
#ifndef SLUICE_TOKEN_H
#define SLUICE_TOKEN_H

#include <stddef.h>

/*
 * 1 where guess[0..len) is secret, a NUL inside of guess being a byte like any
 * other; an empty secret equals nothing.  The time depends on len alone, which
 * whoever guesses knows.
 */
int token_equal(const char *secret, const char *guess, size_t len);

#endif
