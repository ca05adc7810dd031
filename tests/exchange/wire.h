/*
 * wire - requests out of bytes, replies into bytes.
 */
#ifndef SLUICE_EXCHANGE_WIRE_H
#define SLUICE_EXCHANGE_WIRE_H

#include "tests/exchange/request.h"

struct evbuffer;

enum wire_status {
	WIRE_OK,
	WIRE_MORE,     /* not all of it is there */
	WIRE_CONTINUE, /* the client waits for a 100 before it sends the body */
	WIRE_BAD,      /* not HTTP, or not as we take it: answer and close */
};

#define WIRE_CONTINUE_TEXT "HTTP/1.1 100 Continue\r\n\r\n"
#define WIRE_BAD_TEXT                                                          \
	"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"                    \
	"Connection: close\r\n\r\n"

struct wire {
	struct request r; /* points into the next two */
	char *head, *body;
	int keep_alive;
};

/*
 * Take one whole request off the buffer.  *w is to be released after WIRE_OK
 * alone.
 */
enum wire_status wire_read(struct wire *w, struct evbuffer *in);
void wire_release(struct wire *w);

/*
 * The head and, where it is the reply's own, the body.  Returns the bytes of
 * the head.
 */
size_t wire_write(
    struct evbuffer *out, const struct reply *rep, int keep_alive);

#endif
