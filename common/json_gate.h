/*
 * json_gate - what a text must be before cJSON sees it.
 *
 * cJSON takes raw control bytes, \u0000, broken hex digits, invalid UTF-8, a
 * byte order mark, any byte below 33 as white space, and numbers such as 01,
 * 1. and -.5 (F43 to F47).  The gate refuses those, and bounds depth and number
 * of values; the rest of the grammar is cJSON's to check.
 */
#ifndef SLUICE_JSON_GATE_H
#define SLUICE_JSON_GATE_H

#include <stddef.h>
#include <stdint.h>

/* Where the numbers stand in the text, in order. */
struct json_numbers {
	struct json_span {
		uint32_t start;
		uint32_t len;
	} * at;
	size_t n, cap;
};

void json_numbers_init(struct json_numbers *n);
void json_numbers_release(struct json_numbers *n);

/*
 * Check text[0..len), len < 2^32, and note its numbers.  NULL where it may
 * pass; else what is wrong, in words, and *offset is the byte it is at.
 */
const char *json_gate(
    const char *text, size_t len, struct json_numbers *numbers, size_t *offset);

#endif
