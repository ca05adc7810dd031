/*
 * flatten - `trader -F`: close all positions that trader opened.
 *
 * Where no trader runs, -F is one that does just that.  Where one runs, -F
 * leaves the file STATE_DIR/flatten for it, and waits until it is gone.
 */
#ifndef SLUICE_TRADER_FLATTEN_H
#define SLUICE_TRADER_FLATTEN_H

struct trader;

/* Ask the trader that runs, and wait.  An exit status. */
int flatten_ask(const char *dir);

/*
 * In each turn of a trader: does anybody ask, is it done?  alone: it is one
 * that does nothing else.
 */
void flatten_look(const char *dir, struct trader *t, int alone);

#endif
