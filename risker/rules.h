/*
 * rules - what an entry must not break; one table, in rules.c.
 */
#ifndef SLUICE_RISKER_RULES_H
#define SLUICE_RISKER_RULES_H

#include <stddef.h>

struct buf;
struct facts;

/*
 * Ask every rule, whatever the others say.  What is broken goes to errors, what
 * a user should know to warnings: elements of a JSON array.  Returns how many
 * rules are broken.
 */
size_t rules_entry(
    const struct facts *f, struct buf *errors, struct buf *warnings);

/* The one rule of a close; as above. */
size_t rules_close(
    const struct facts *f, struct buf *errors, struct buf *warnings);

/* The name of the i-th rule of an entry, as in risker(8); NULL past the end. */
const char *rules_name(size_t i);

#endif
