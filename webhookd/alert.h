/*
 * alert - what TradingView posts, by a strict schema, in one normal form.
 *
 * Only what was understood in full becomes an alert; everything behind webhookd
 * reads the line that alert_line writes, never the client's bytes (F42 to F47).
 *
 *   token           string, WEBHOOK_SECRET; goes nowhere
 *   trendComposite  decimal
 *   symbol          BTCUSDT, BTCUSDT.P or BYBIT:BTCUSDT.P; see alert.c
 *   price           decimal above 0
 *   action          "buy", "sell" or "close"; absent: trendComposite says it
 *   timestamp       ms or s since 1970, or ISO 8601 with its zone; or absent
 *   stopLoss, takeProfit, atr   decimals above 0; or absent
 *   test            true or false; or absent
 *
 * Numbers may be JSON strings or numbers, and keep the digits of their source
 * (F11).  null is not absent.  Other keys are ignored.
 */
#ifndef SLUICE_WEBHOOKD_ALERT_H
#define SLUICE_WEBHOOKD_ALERT_H

#include <stddef.h>
#include <stdint.h>

#include "common/action.h"
#include "common/decimal.h"

struct buf;
struct json_doc;

#define ALERT_ID_SIZE 33     /* 32 hex digits and a NUL */
#define ALERT_SYMBOL_SIZE 33 /* 32 bytes and a NUL, as ALLOWED_SYMBOLS */
#define ALERT_DIGEST_SIZE 32 /* bytes */

struct alert {
	enum alert_action action;
	char symbol[ALERT_SYMBOL_SIZE];
	char trend[DECIMAL_TEXT_MAX];	    /* "" where a close has none */
	char price[DECIMAL_TEXT_MAX];	    /* likewise */
	char stop_loss[DECIMAL_TEXT_MAX];   /* "" where absent */
	char take_profit[DECIMAL_TEXT_MAX]; /* likewise */
	char atr[DECIMAL_TEXT_MAX];	    /* likewise */
	int64_t timestamp_ms;		    /* -1 where absent */
	int test;
	/* Without a timestamp: of the very bytes, those of the token left out,
	 * so that nobody can try guesses of it on what is stored. */
	unsigned char digest[ALERT_DIGEST_SIZE];
};

enum alert_status {
	ALERT_OK,
	ALERT_NOT_JSON,	 /* 400 */
	ALERT_BAD_TOKEN, /* 401 */
	ALERT_BAD,	 /* 400 */
	ALERT_FAILED,	 /* no memory */
};

/*
 * Read body[0..len); body[len] is writable.  Nothing but the token is looked
 * at before the token is right.  *a is set on ALERT_OK alone; after
 * ALERT_NOT_JSON and ALERT_BAD errors has gained what is wrong, as elements of
 * a JSON array: for ALERT_BAD one for each field, with its name, its value and
 * what is expected.
 */
enum alert_status alert_parse(struct alert *a, struct json_doc *doc, char *body,
    size_t len, const char *token, struct decimal threshold,
    struct buf *errors);

/*
 * The id: the first 32 hex digits of SHA-256 over
 *
 *   ACTION \n SYMBOL \n TIMESTAMP \n TEST
 *
 * ACTION is buy, sell or close, given or derived; SYMBOL is Bybit's; TIMESTAMP
 * is in ms, in decimal; TEST is 0 or 1.  So one instant written as ms, s or ISO
 * 8601 and one symbol in any spelling is one id, and price and the rest do not
 * count: one action a symbol and bar.
 *
 * Without a timestamp TIMESTAMP is empty, and \n, received_ms in decimal, \n
 * and the digest of the bytes follow: a new id at each receipt.  Whether it is
 * an alert that came before is for intake.h to tell, by the digest.
 *
 * 0, or -1 where the library fails.
 */
int alert_id(
    char id[ALERT_ID_SIZE], const struct alert *a, int64_t received_ms);

/* The line for risker, with its newline; source is the client's address. */
void alert_line(struct buf *b, const struct alert *a, const char *id,
    int64_t received_ms, const char *source);

#endif
