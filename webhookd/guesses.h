/*
 * guesses - how many wrong tokens came from an address of late (F09).
 *
 * Ten are free; each further one doubles the wait, from a second to half a
 * minute, and one is forgotten for each five seconds.  A fixed number of
 * clients (address_key) is kept: the one that was quiet longest gives way.
 */
#ifndef SLUICE_WEBHOOKD_GUESSES_H
#define SLUICE_WEBHOOKD_GUESSES_H

#include <stdint.h>

#include "webhookd/address.h"

#define GUESSES_FREE 10
#define GUESSES_KEPT 1024 /* clients: 32 KiB */
#define GUESS_WAIT_FIRST_MS 1000
#define GUESS_WAIT_MAX_MS 30000
#define GUESS_FORGET_MS 5000

struct guesses {
	size_t n;
	struct guesser {
		unsigned char key[ADDRESS_KEY_SIZE];
		int64_t last_ms; /* when count was true */
		int count;
	} by[GUESSES_KEPT];
};

/* now_ms: monotonic.  Text that is no address is one client of its own. */
void guesses_add(struct guesses *g, const char *address, int64_t now_ms);
int64_t guesses_wait_ms(struct guesses *g, const char *address, int64_t now_ms);

#endif
