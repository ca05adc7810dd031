/*
 * json_fixture - one document, and the text that was parsed last.
 */
#ifndef SLUICE_TESTS_JSON_FIXTURE_H
#define SLUICE_TESTS_JSON_FIXTURE_H

#include <stddef.h>

#include "common/json.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

extern struct json_doc *doc;
extern char *text; /* of the last parse: exactly as long as it must be */

int setup(void **state);
int teardown(void **state);

/* From a copy without a byte to spare, so that a sanitizer sees overruns. */
const struct json *parse_mem(const char *s, size_t len);
/* Of a good text. */
const struct json *parse(const char *s);

/* The value written again. */
void expect_written(const struct json *v, const char *want);

/* a n times, mid, z n times. */
char *repeat(const char *a, size_t n, const char *mid, const char *z);

#endif
