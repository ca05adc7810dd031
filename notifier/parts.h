/*
 * parts - a text that is too long for one message, in several.
 *
 * Lengths are counted in UTF-16 units, as Telegram and Discord do; there are
 * never more code points than units, and never more than three bytes to one.
 */
#ifndef SLUICE_NOTIFIER_PARTS_H
#define SLUICE_NOTIFIER_PARTS_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* The shortest limit: room for the number of a part, and some text. */
#define PARTS_MIN 64

/*
 * Leave part which (0, 1 ...) of the text in b alone there; 1 where it is the
 * last, else 0.  A text of at most max units is one part, as it is.  A longer
 * one is cut behind a newline, where there is one in the later half, else
 * between two characters; each part begins with its number, "(1/3)" and a
 * newline.  A part behind the last is the last.  -1 where b failed.
 */
int parts_cut(struct buf *b, size_t max, int64_t which);

#endif
