/*
 * decisions - risker's state, read in place: what trader may send.
 */
#ifndef SLUICE_TRADER_DECISIONS_H
#define SLUICE_TRADER_DECISIONS_H

#include <stddef.h>

struct buf;
struct decisions;

/* The state may be made later, and be replaced. */
struct decisions *decisions_new(const char *dir);
void decisions_free(struct decisions *d);

/*
 * 1 where the decision of that alert id is these very bytes; 0 where it is
 * not, or there is none; -1 where the state cannot be read: decisions_error.
 */
int decisions_equal(
    struct decisions *d, const char *id, const char *line, size_t len);

/*
 * The orders that risker does not know to be final yet: fn gets alert id and
 * line of each, outside of any transaction; line[len] may be overwritten.
 * 0, -1 as above.
 */
int decisions_scan(struct decisions *d,
    void (*fn)(void *arg, const char *id, char *line, size_t len), void *arg);

/* Give the pages of its map back to the kernel; outside of the order path. */
void decisions_trim(struct decisions *d);

const char *decisions_error(const struct decisions *d);

#endif
