/*
 * clean - words of others, made fit to stand in a message of ours.
 *
 * A symbol, a coin or an error's text is data: nothing in it may look like
 * another line, turn the direction of what stands around it, hide, or be laid
 * over its neighbours.
 */
#ifndef SLUICE_NOTIFIER_CLEAN_H
#define SLUICE_NOTIFIER_CLEAN_H

#include <stddef.h>

struct buf;

/*
 * Append len bytes of s.  U+FFFD stands for each character that ends a line,
 * controls anything, sets the direction, is invisible or combines with the one
 * before it, and for each byte that is no UTF-8; a tab or a newline is a blank.
 * Of more than max characters the last is an ellipsis.
 */
void clean_put(struct buf *b, const char *s, size_t len, size_t max);

#endif
