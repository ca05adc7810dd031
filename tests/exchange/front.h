/*
 * front - HTTP/1.1 over libevent's buffers, with or without TLS.
 *
 * Our own reader and writer rather than libevent's: what goes wrong on
 * purpose (a reset, half a body, a byte at a time) must be ours to decide.
 * Connections are kept alive; one request of a connection at a time.
 */
#ifndef SLUICE_EXCHANGE_FRONT_H
#define SLUICE_EXCHANGE_FRONT_H

#include <stddef.h>

struct exchange;
struct front;

/*
 * Listen on "ADDRESS:PORT", a loopback address, port 0 for any; cert and key:
 * PEM files, or NULL for plain HTTP.  NULL with a message in err.
 */
struct front *front_open(struct exchange *x, const char *listen,
    const char *cert, const char *key, char *err, size_t size);
void front_close(struct front *f);

/* "http://127.0.0.1:40123" */
const char *front_url(const struct front *f);

/* Serve until stop_fd is readable.  0, or -1 with errno. */
int front_run(struct front *f, int stop_fd);

#endif
