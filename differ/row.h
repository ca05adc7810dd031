/*
 * row - one row of /v5/position/list, read strictly.
 */
#ifndef SLUICE_DIFFER_ROW_H
#define SLUICE_DIFFER_ROW_H

#include "differ/model.h"

struct json;

/* The fields that are used, in Bybit's order. */
enum row_field {
	ROW_IDX,
	ROW_SYMBOL,
	ROW_SIDE,
	ROW_SIZE,
	ROW_AVG,
	ROW_STATUS,
	ROW_LEVERAGE,
	ROW_MARK,
	ROW_CUM,
	ROW_SEQ,
	ROW_UPDATED,
	ROW_OPEN,
	ROW_FIELDS,
};

/*
 * The fields of a row: a string or a number as text, "" where it is not
 * there, NULL where it is something else.
 */
struct row_text {
	const char *field[ROW_FIELDS];
};

/* Their names, NULL at the end. */
extern const char *const row_keys[];

void row_pick(const struct json *v, struct row_text *t);

/* The key.  0, or -1 with the reason in *why. */
int row_key(
    const struct row_text *t, const char **symbol, int *idx, const char **why);

/* All but the key.  0, or -1 with the reason in *why. */
int row_read(const struct row_text *t, struct row *out, const char **why);

/* The mark price alone.  0, or -1 where it is no decimal. */
int row_mark(const struct row_text *t, struct decimal *out);

/* 1 where the leg's last row had the same texts, but for the mark price. */
int row_same(const struct row_text *t, const struct leg *l);
void row_keep(const struct row_text *t, struct leg *l);

#endif
