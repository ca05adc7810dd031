/*
 * http_internal - a request and what it is sent with; for the files of http
 * alone.
 */
#ifndef SLUICE_HTTP_INTERNAL_H
#define SLUICE_HTTP_INTERNAL_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/http.h"

/* One request, and the easy handle that is used again by later ones. */
struct call {
	struct call *next; /* in idle or active */
	CURL *easy;
	/* What it is set up for, which stays from one request to the next. */
	char *url; /* NULL: nothing */
	int post, may_repeat, path_is_secret;
	long patience_ms;
	struct curl_slist *headers;
	char *body;
	size_t body_len;
	size_t body_read; /* how much of it libcurl has taken */
	struct buf reply;
	size_t header_bytes;
	int too_large;
	int64_t start_ms;
	struct http_reply r;
	void (*done)(void *arg, const struct http_reply *reply);
	void *arg;
	char where[256]; /* host and path, fit for a message */
	char curl_error[CURL_ERROR_SIZE];
	char error[640];
};

struct http {
	CURLM *multi;
	struct call *idle;
	struct call *active;
	char *ca_file; /* NULL: the system's */
	long connect_ms;
	long stall_s;
	long total_ms;
	int moved; /* nobody was reached: look addresses up anew (F86) */
};

/* Whether c is set up for r, but for its headers and its body. */
int call_is_set_up(const struct call *c, const struct http_request *r);

/* Set c up for r, as far as it is not; 0, or -1 without memory. */
int call_set_up(
    const struct http *h, struct call *c, const struct http_request *r);
int call_set_body(struct call *c, const struct http_request *r);

/* Forget what it is set up for. */
void call_forget(struct call *c);

/*
 * Set where: host and path for messages.  The query stays out, and what
 * follows "/bot", where Telegram's URLs have the token, or all of the path
 * (F35).
 */
void call_describe(struct call *c, const struct http_request *r);

/* libcurl's callbacks for a reply; arg is the call. */
size_t call_on_header(char *p, size_t size, size_t n, void *arg);
size_t call_on_body(char *p, size_t size, size_t n, void *arg);

/* Set error: why there is no reply. */
void call_set_error(struct call *c, CURLcode result);

#endif
