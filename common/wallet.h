/*
 * wallet - what a row of Bybit's wallet says that limits are percentages of.
 */
#ifndef SLUICE_WALLET_H
#define SLUICE_WALLET_H

#include "common/decimal.h"

struct json;

/*
 * The equity: totalEquity; in isolated margin that of the coin USDT, which
 * alone backs what is traded.  Bybit says that mode by leaving
 * totalMarginBalance, not totalEquity, empty (bybit/README.md, 6.1); isolated
 * is 1 where it is known otherwise.  0, or -1 where it is not told.
 */
int wallet_equity(const struct json *wallet, int isolated, struct decimal *out);

#endif
