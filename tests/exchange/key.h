/*
 * key - who may call: headers, time window, key, signature, address, rights,
 * rate limits.  Checked in that order, which is fixed; the exchange's own is
 * not known.
 */
#ifndef SLUICE_EXCHANGE_KEY_H
#define SLUICE_EXCHANGE_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "tests/exchange/request.h"

#define SIGN_SIZE 65

/* What a call asks of the key. */
enum right { RIGHT_ANY, RIGHT_ORDER, RIGHT_POSITION, RIGHT_WALLET };

struct key {
	const char *name, *secret;
	int valid, expired, read_only;
	struct json_doc *doc;		/* holds the next two */
	const struct json *permissions; /* object of arrays of strings */
	const struct json *ips;		/* array of strings */
};

/* A key that may do all but withdraw, from anywhere. */
void key_init(struct key *k, const char *name, const char *secret);
void key_release(struct key *k);

/*
 * Change what a JSON object names: readOnly, expired, valid, permissions (each
 * named list replaces its like; the others stay), ips.  With dry, only look
 * whether it could be done.  0, or -1 with a message in err.
 */
int key_change(
    struct key *k, const struct json *change, int dry, char *err, size_t size);

/* Lower-case hex HMAC-SHA256 of the four, one behind the other. */
void key_sign(char out[SIGN_SIZE], const char *secret, const char *timestamp,
    const char *key, const char *window, const char *payload, size_t len);

/* 0, or -1 and the reply says why. */
int key_check(const struct key *k, const struct request *r, enum right right,
    int changes, int64_t now_ms, struct reply *rep);

#endif
