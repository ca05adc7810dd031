/*
 * read - what the lines and the state's rows are read with, beside json.h.
 */
#ifndef SLUICE_DIFFER_READ_H
#define SLUICE_DIFFER_READ_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

struct differ;
struct json;
struct store_key;

/* A string member, or fallback where it is missing or none. */
const char *read_string(
    const struct json *v, const char *key, const char *fallback);

/* A string or a number as text; "" where the member is missing or neither. */
const char *read_scalar(const struct json *v, const char *key);

/* A string member that is not empty, copied.  0, or -1. */
int read_copy(const struct json *v, const char *key, char *out, size_t size);

/* Milliseconds since 1970, a string or a number, above 0.  0, or -1. */
int read_ms(const struct json *v, const char *key, int64_t *out);

/* 1 where the member is true. */
int read_flag(const struct json *v, const char *key);

/* A decimal above 0 within VALUE_MAX.  0, or -1. */
int read_positive(const struct json *v, const char *key, struct decimal *out);

/*
 * A row of the state, valid until the next call; NULL where there is none, or
 * where it cannot be read, which sticks as a damaged state.
 */
const struct json *read_row(
    struct differ *d, const char *table, const struct store_key *key);

/* The same for a row's text that is at hand. */
const struct json *read_text(
    struct differ *d, const char *table, const char *val, size_t len);

#endif
