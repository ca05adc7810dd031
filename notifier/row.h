/*
 * row - one row of a table, as JSON: read, put, listed.
 *
 * All that read say STORE_OK, STORE_NOTFOUND, STORE_BAD with words in r->error
 * for a row that cannot be read, or the store's own.
 */
#ifndef SLUICE_NOTIFIER_ROW_H
#define SLUICE_NOTIFIER_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/store.h"

struct json;
struct json_doc;

/* Bytes of what is made here; messages are lines, as they came. */
#define ROW_MAX 16384

/* What reading rows needs: a document and the text of one of them. */
struct row {
	struct json_doc *doc;
	struct buf text;
	char error[256]; /* of STORE_BAD */
};
void row_init(struct row *r);
void row_release(struct row *r);

/* STORE_BAD, with these words; or with the table's name and why. */
enum store_error row_bad(struct row *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
enum store_error row_damaged(struct row *r, const char *table, const char *why);

/* A value, parsed; valid until the next use of r. */
enum store_error row_parse(struct row *r, const char *table, const char *val,
    size_t len, const struct json **out);
enum store_error row_get(struct row *r, struct store_txn *t, const char *table,
    const struct store_key *key, const struct json **out);

/* Put what b holds, and release b. */
enum store_error row_put(struct store_txn *t, const char *table,
    const struct store_key *key, struct buf *b);

/* Of a table whose keys are one text: the key, and a row by it. */
void row_key(struct store_key *k, const char *id);
enum store_error row_del(
    struct store_txn *t, const char *table, const char *id);

/* The row of an id, into *out as read() does it, which may say STORE_BAD. */
enum store_error row_find(struct row *r, struct store_txn *t, const char *table,
    const char *id,
    enum store_error (*read)(
	struct row *r, const char *id, const char *val, size_t len, void *out),
    void *out);

/*
 * The same of up to max rows behind `after` ("": from the first), each into the
 * next size bytes of out.  *n of them; fewer than max means that these are the
 * last.
 */
enum store_error row_list(struct row *r, struct store_txn *t, const char *table,
    const char *after,
    enum store_error (*read)(
	struct row *r, const char *id, const char *val, size_t len, void *out),
    void *out, size_t size, size_t max, size_t *n);

/* A text member into an array; 0, or -1 where it is none or too long. */
int row_take_text(char *to, size_t size, const struct json *v);
/* 0, or -1 where it is no whole number from 0 up. */
int row_take_u64(uint64_t *to, const struct json *v);

#endif
