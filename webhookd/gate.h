/*
 * gate - one meaning of every byte of a request, or a refusal (F37 to F39).
 *
 * Reads the head of an HTTP/1.1 or 1.0 request as its bytes come.  Stricter
 * than the standard asks: CRLF alone ends a line, no line goes on in the next,
 * the target is a path, one Host, no Transfer-Encoding, one Content-Length of
 * digits (a POST needs it, a GET has none or 0), no byte behind the body.
 * Nothing here allocates, reads a clock or knows a socket.
 */
#ifndef SLUICE_WEBHOOKD_GATE_H
#define SLUICE_WEBHOOKD_GATE_H

#include <stddef.h>
#include <stdint.h>

#define GATE_HEADERS_MAX 64

enum gate_status {
	GATE_MORE,   /* the request is not whole */
	GATE_HEAD,   /* the head is, said once: take again for the body */
	GATE_DONE,   /* the request is whole */
	GATE_REFUSE, /* status and why say what to answer */
};

enum gate_method { METHOD_OTHER, METHOD_GET, METHOD_HEAD, METHOD_POST };

struct gate {
	size_t header_max, body_max; /* bytes */

	enum gate_method method;
	size_t scanned;	 /* bytes that were looked at */
	size_t line;	 /* where the line begins that is being read */
	size_t path;	 /* offsets of texts; the NULs are written at the end */
	size_t query;	 /* of the head; 0: none */
	size_t head_len; /* bytes with the empty line; 0: not whole yet */
	size_t body_len;
	int has_length;
	int wants_continue; /* Expect: 100-continue */
	int old;	    /* HTTP/1.0 */
	size_t headers;
	struct {
		uint32_t name, value; /* offsets */
	} header[GATE_HEADERS_MAX];

	int status;
	const char *why;
};

void gate_init(struct gate *g, size_t header_max, size_t body_max);

/*
 * Look at p[0..len), all bytes of the request so far: each call has those of
 * the call before in front, though perhaps elsewhere in memory.  With GATE_HEAD
 * the texts of the head get their NULs.
 */
enum gate_status gate_take(struct gate *g, char *p, size_t len);

/* The first header of that name, without regard to case, or NULL. */
const char *gate_header(const struct gate *g, const char *p, const char *name);

/*
 * All of X-Forwarded-For in one, since every proxy may add a header of its own.
 * 0 with the text, "" where there is none; -1 where size does not hold it.
 */
int gate_forwarded_for(
    const struct gate *g, const char *p, char *out, size_t size);

#endif
