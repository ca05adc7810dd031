/*
 * rows_internal - what the files behind rows.h share.
 */
#ifndef SLUICE_NOTIFIER_ROWS_INTERNAL_H
#define SLUICE_NOTIFIER_ROWS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "notifier/rows.h"

/* What a row is made in. */
#define ROW_MAX 4096

/* STORE_BAD, with words in r->error. */
enum store_error rows_damaged(
    struct rows *r, const char *table, const char *why);

/* A value, parsed; valid until the next use of r. */
enum store_error rows_parse(struct rows *r, const char *table, const char *val,
    size_t len, const struct json **out);
enum store_error rows_get(struct rows *r, struct store_txn *t,
    const char *table, const struct store_key *key, const struct json **out);

/* Put what b holds, and release b. */
enum store_error rows_put(struct store_txn *t, const char *table,
    const struct store_key *key, struct buf *b);

/* A text member into an array; 0, or -1 where it is none or too long. */
int rows_take_text(char *to, size_t size, const struct json *v);
/* 0, or -1 where it is no whole number from 0 up. */
int rows_take_u64(uint64_t *to, const struct json *v);

#endif
