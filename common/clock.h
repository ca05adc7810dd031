/*
 * clock - wall time for stamps, monotonic time for durations (F56).
 */
#ifndef SLUICE_CLOCK_H
#define SLUICE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* "2023-12-07T10:30:00.000Z" and its NUL. */
#define TIME_TEXT_MAX 25

/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_mono_ms(void);

/*
 * Write ms as UTC, always 24 characters.  Years 0000 to 9999; a time outside
 * of them is clamped.  Returns out.
 */
char *time_format(char out[TIME_TEXT_MAX], int64_t ms);

/*
 * Parse all len bytes of s: "YYYY-MM-DDTHH:MM:SS[.f…]Z", UTC alone; digits of
 * the fraction past the third are dropped.  0, or -1 with EINVAL.
 */
int time_parse(const char *s, size_t len, int64_t *ms);

#endif
