/*
 * http - requests over kept-alive connections.  The one user of libcurl.
 *
 * HTTP/1.1 alone (F87), certificates always checked (F88), time-outs for
 * connect, stall and total, bounded age of connections and of addresses (F85,
 * F86), bounded replies (F22), no redirects, no proxy, no cookies.  Plain http
 * to loopback alone (url.h).
 */
#ifndef SLUICE_HTTP_H
#define SLUICE_HTTP_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct http;

enum http_outcome {
	HTTP_REPLY,    /* a whole reply; look at status */
	HTTP_NOT_SENT, /* no byte of the request left: resolve, connect, TLS */
	HTTP_UNKNOWN,  /* sent, and no whole reply came: it may have worked */
};

struct http_reply {
	enum http_outcome outcome;
	int status; /* 0 unless HTTP_REPLY */
	char *body; /* body[len] may be overwritten; never NULL */
	size_t len;
	const char *error; /* why, else ""; host and path, no query, no token */
	int64_t ms;	   /* from start to end */
	/* Headers that somebody here reads; "" where absent. */
	char limit_status[24]; /* X-Bapi-Limit-Status */
	char limit_reset[24];  /* X-Bapi-Limit-Reset-Timestamp */
	char retry_after[40];  /* Retry-After: seconds, or a date */
	char date[40];	       /* Date */
};

struct http_opts {
	const char *ca_file; /* PEM, or NULL or "" for the system's */
	long connect_ms;
	long stall_ms; /* no byte for so long */
	long total_ms;
	size_t connections; /* at a time, in all */
};

/*
 * NULL with a message in err: CA_FILE.  Without memory to start, and where a
 * URL cannot be looked at for want of it, the process ends.  http_free ends
 * what is under way.
 */
struct http *http_new(const struct http_opts *o, char *err, size_t size);
void http_free(struct http *h);

/*
 * The host of a URL, without port and brackets: "api.bybit.com".  0, or -1
 * with EINVAL (no such URL) or ERANGE (longer than size).
 */
int http_host(const char *url, char *out, size_t size);

/* The port of a URL, that of its scheme where it names none; 0: no URL. */
uint16_t http_port(const char *url);

struct http_request {
	const char *method; /* "GET" or "POST" */
	const char *url;
	const char *const
	    *headers;	  /* "Name: value", NULL at the end; or NULL */
	const char *body; /* POST; copied */
	size_t body_len;
	int path_is_secret; /* errors name the host alone */
	long patience_ms;   /* for a long poll: so much later than else */
	/*
	 * A POST that may arrive twice: it is repeated like a GET, and takes
	 * one write instead of two.
	 */
	int may_repeat;
};

/*
 * Start a request; done(arg, reply) is called from http_wait, once, and the
 * reply is valid inside it alone; it may start further requests.  A GET is
 * repeated on another connection where a kept one died before any byte of the
 * reply (by libcurl, within total_ms); a POST never (F02), unless it may be.
 * Who asks the same URL again and again pays for setting it up once, and so for
 * headers that stay the same.  0, or -1 with errno: ENOMEM, or EINVAL for a
 * method, or a URL that url_reachable() refuses.
 */
int http_start(struct http *h, const struct http_request *r,
    void (*done)(void *arg, const struct http_reply *reply), void *arg);

/*
 * How long Retry-After asks to wait, ms, at most max_ms; -1 where there is
 * none that can be read.  It is seconds, rounded up, or a date of HTTP's, which
 * is told by the sender's clock: its Date, else ours.
 */
int64_t http_retry_after_ms(const struct http_reply *r, int64_t max_ms);

/* End all requests that are under way, without a call of done. */
void http_abort(struct http *h);

/*
 * Wait for the requests and for n further descriptors (16 at the most; revents
 * are set), timeout_ms at the most, -1 without end; do what there is to do.
 * May return early: callers look at their own deadlines.  0, or -1 with errno.
 */
int http_wait(struct http *h, struct pollfd *fds, size_t n, int timeout_ms);

#endif
