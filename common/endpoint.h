/*
 * endpoint - where a stage's lines come from and where they go.
 *
 * "-" is standard input or output; "unix:PATH" a Unix stream socket.  An input
 * listens and takes lines from every peer; an output connects, and reconnects
 * with back-off and jitter (F99).  Each shows one descriptor to wait for, fit
 * for poll, curl_multi_poll and libevent alike: wait for POLLIN, whatever the
 * direction.  O_NONBLOCK is never set on an inherited descriptor (F97).
 */
#ifndef SLUICE_ENDPOINT_H
#define SLUICE_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

struct input;
struct output;

enum input_status {
	INPUT_LINE, /* a line */
	INPUT_SKIP, /* something was skipped; from and why say what */
	INPUT_WAIT, /* nothing there now: wait for input_fd */
	INPUT_END,  /* standard input ended */
	INPUT_CUT,  /* standard input ended inside a line (exit 65) */
	INPUT_FAIL, /* reading failed for good; errno */
};

struct input_line {
	char *text; /* without its newline; text[len] may be overwritten */
	size_t len;
	char from[48]; /* "line 17", "peer 3 line 17": for messages */
	const char *why;
};

/*
 * Whether it is written as an endpoint is, for an input and for an output.  0,
 * or -1 with a message in err.
 */
int endpoint_check(const char *endpoint, char *err, size_t size);

/*
 * Open an endpoint for reading.  A listening socket is made under a temporary
 * name, mode 0600 (0660 where the folder is group-writable or setgid), and
 * renamed into place; a live one is refused, a dead one replaced (F98).  NULL
 * with a message in err.
 */
struct input *input_open(const char *endpoint, char *err, size_t size);
void input_close(struct input *in);   /* removes its socket; NULL is fine */
int input_fd(const struct input *in); /* -1 after the end */

/*
 * The next line, without blocking.  l->text is valid until the next call.  A
 * last piece without a newline is given as a line where it is a whole JSON
 * object, and INPUT_END follows; else INPUT_CUT comes (standard input), or
 * INPUT_SKIP (a peer).  Unix endpoints never end.
 */
enum input_status input_next(struct input *in, struct input_line *l);

/* Peers connected now, and how many ever were: a change is a new peer. */
size_t input_peers(const struct input *in);
uint64_t input_peers_ever(const struct input *in);

enum output_policy {
	OUTPUT_BLOCK, /* a full standard output is waited for: back-pressure */
	/*
	 * Nothing is waited for; what cannot go is kept, up to
	 * STDOUT_UNREAD_MAX, past which standard output fails with ENOBUFS.
	 */
	OUTPUT_QUEUE,
};

/* No endpoint yet.  NULL with errno. */
struct output *output_new(enum output_policy policy);

/* Add an endpoint; 0, or -1 with a message in err. */
int output_add(
    struct output *out, const char *endpoint, char *err, size_t size);
int output_fd(const struct output *out);

/*
 * Send whole lines (each ends with a newline) to every endpoint.  With
 * OUTPUT_BLOCK standard output has all of them on return.  A peer that is not
 * connected misses them; one that leaves more than PEER_UNREAD_MAX unread is
 * cut off, and misses the rest until it is connected again: it takes that
 * from the state.  -1 with errno where standard output failed for good (EPIPE
 * among others; exit 74).
 */
int output_write(struct output *out, const char *lines, size_t len);

/*
 * Do what can be done now; call when output_fd is readable.  As above; also
 * where the reader of standard output has gone meanwhile (EPIPE).
 */
int output_flush(struct output *out);

/* Bytes that wait for standard output, and for connected peers. */
size_t output_pending(const struct output *out);

/*
 * Wait until nothing is pending, timeout_ms at the most, then close and free.
 * 0, or -1 with errno where standard output did not get everything.
 */
int output_close(struct output *out, int timeout_ms);

/*
 * 1 where what is written now has somewhere to go: an endpoint is connected,
 * or standard output is among them.  Looks at once whether a peer has gone.
 */
int output_ready(struct output *out);

/* How many peers connected so far: a change means a new one. */
uint64_t output_connects(const struct output *out);

/*
 * What there is to say since the last call, oldest first ("connected to
 * unix:run/x.sock", "cut off …: 8 MiB unread"), one line a change of state;
 * NULL when there is nothing more.  The text is valid until the next call.
 */
const char *output_notice(struct output *out);
const char *input_notice(struct input *in);

#endif
