/*
 * filter - of which trades a subscriber wants to be told, and what.
 *
 * Lists of words; one that is empty lets everything through.  Symbols,
 * categories and accounts decide at the OPEN of a trade, once; actions decide
 * at each of its events.
 */
#ifndef SLUICE_NOTIFIER_FILTER_H
#define SLUICE_NOTIFIER_FILTER_H

#include <stddef.h>

struct buf;
struct json;

/* Bytes with a blank behind each word; they bound the size of a row. */
#define FILTER_SIZE 1024

struct filter {
	char symbols[FILTER_SIZE]; /* as Bybit spells them */
	char categories[32];	   /* linear, inverse, spot */
	char accounts[FILTER_SIZE];
	char actions[64]; /* OPEN among them, or none */
};

/* "symbols, categories, accounts or actions", for messages. */
#define FILTER_NAMES "symbols, categories, accounts or actions"

/* Whether it is the name of a list. */
int filter_is(const char *name);

/*
 * Set a list from words with commas between them; "" empties it.  0; or -1
 * with words in err, and f as it was.
 */
int filter_set(struct filter *f, const char *name, const char *text, char *err,
    size_t size);

/* The same from the member v of a row, an array of strings. */
int filter_read(struct filter *f, const char *name, const struct json *v,
    char *err, size_t size);

/* Members of the open object; lists that are empty have none. */
void filter_write(struct buf *b, const struct filter *f);

/* 1 where the trade, or the event, is wanted. */
int filter_trade(const struct filter *f, const char *symbol,
    const char *category, const char *account);
int filter_action(const struct filter *f, const char *action);

#endif
