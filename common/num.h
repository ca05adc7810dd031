/*
 * num - strict whole numbers from text.
 */
#ifndef SLUICE_NUM_H
#define SLUICE_NUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Parse all len bytes of s: [-]digits, no blank, no plus sign.  Store *out and
 * return 0 if min <= value <= max; else leave *out alone and return -1 with
 * errno EINVAL (syntax) or ERANGE (bounds).
 */
int num_parse(
    const char *s, size_t len, int64_t min, int64_t max, int64_t *out);

#endif
