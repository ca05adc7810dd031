#include "common/http_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Seconds: an idle connection, any connection, an address (F86). */
#define CONNECTION_IDLE_S 90L
#define CONNECTION_AGE_S 600L
#define ADDRESS_AGE_S 60L

void
call_forget(struct call *c)
{
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	free(c->url);
	c->url = NULL;
}

/*
 * The body of a POST.  There is no seek function beside it on purpose: where a
 * kept connection dies, libcurl would rewind and send the POST again by
 * itself; so it fails with CURLE_SEND_FAIL_REWIND instead (F02).
 */
static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	n *= size;
	if (n > c->body_len - c->body_read)
		n = c->body_len - c->body_read;
	if (n > 0)
		memcpy(p, c->body + c->body_read, n);
	c->body_read += n;
	return n;
}

#define SET(easy, option, value)                                               \
	do {                                                                   \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK)         \
			return -1;                                             \
	} while (0)

/* What holds for every request. */
static int
set_common(const struct http *h, struct call *c)
{
	CURL *e = c->easy;

	SET(e, CURLOPT_NOSIGNAL, 1L);
	SET(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(e, CURLOPT_PROXY, "");
	SET(e, CURLOPT_FOLLOWLOCATION, 0L);
	SET(e, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(e, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->ca_file != NULL) {
		SET(e, CURLOPT_CAINFO, h->ca_file);
		SET(e, CURLOPT_CAPATH, NULL); /* that file, nothing else */
	}
	SET(e, CURLOPT_CONNECTTIMEOUT_MS, h->connect_ms);
	SET(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	/* Without it a time-out waits for getaddrinfo to come back (F85). */
	SET(e, CURLOPT_QUICK_EXIT, 1L);
	SET(e, CURLOPT_MAXAGE_CONN, CONNECTION_IDLE_S);
	SET(e, CURLOPT_MAXLIFETIME_CONN, CONNECTION_AGE_S);
	SET(e, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
	SET(e, CURLOPT_ERRORBUFFER, c->curl_error);
	SET(e, CURLOPT_HEADERFUNCTION, call_on_header);
	SET(e, CURLOPT_HEADERDATA, (void *)c);
	SET(e, CURLOPT_WRITEFUNCTION, call_on_body);
	SET(e, CURLOPT_WRITEDATA, (void *)c);
	SET(e, CURLOPT_PRIVATE, (void *)c);
	return 0;
}

static int
add_header(struct call *c, const char *header)
{
	struct curl_slist *l = curl_slist_append(c->headers, header);

	if (l == NULL)
		return -1;
	c->headers = l;
	return 0;
}

/* What does not change where the same is asked again. */
static int
set_request(const struct http *h, struct call *c, const struct http_request *r)
{
	CURL *e = c->easy;

	SET(e, CURLOPT_URL, r->url);
	SET(e, CURLOPT_TIMEOUT_MS, h->total_ms + r->patience_ms);
	SET(e, CURLOPT_LOW_SPEED_TIME,
	    h->stall_s + (r->patience_ms + 999) / 1000);
	SET(e, CURLOPT_PROTOCOLS_STR,
	    strncasecmp(r->url, "https:", 6) == 0 ? "https" : "http");
	SET(e, c->post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
	return 0;
}

/* A signature is another one each time. */
static int
has_headers(const struct call *c, const struct http_request *r)
{
	const struct curl_slist *l = c->headers;
	size_t i;

	for (i = 0; r->headers != NULL && r->headers[i] != NULL; i++) {
		if (l == NULL || strcmp(l->data, r->headers[i]) != 0)
			return 0;
		l = l->next;
	}
	/* Behind them stands ours alone. */
	return c->post ? l != NULL && l->next == NULL : l == NULL;
}

static int
set_headers(struct call *c, const struct http_request *r)
{
	size_t i;

	SET(c->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	for (i = 0; r->headers != NULL && r->headers[i] != NULL; i++)
		if (add_header(c, r->headers[i]) == -1)
			return -1;
	if (c->post && add_header(c, "Expect:") == -1)
		return -1;
	SET(c->easy, CURLOPT_HTTPHEADER, c->headers);
	return 0;
}

int
call_set_body(struct call *c, const struct http_request *r)
{
	CURL *e = c->easy;

	if (!c->post)
		return 0;
	c->body = malloc(r->body_len + 1);
	if (c->body == NULL)
		return -1;
	if (r->body_len > 0)
		memcpy(c->body, r->body, r->body_len);
	c->body_len = r->body_len;
	SET(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
	if (c->may_repeat) {
		SET(e, CURLOPT_POSTFIELDS, c->body);
		return 0;
	}
	SET(e, CURLOPT_READFUNCTION, on_read);
	SET(e, CURLOPT_READDATA, (void *)c);
	/* No body, no need to rewind: only a new connection is safe. */
	SET(e, CURLOPT_FRESH_CONNECT, r->body_len == 0 ? 1L : 0L);
	return 0;
}

int
call_is_set_up(const struct call *c, const struct http_request *r)
{
	return c->url != NULL && strcmp(c->url, r->url) == 0 &&
	    c->post == (strcmp(r->method, "POST") == 0) &&
	    c->may_repeat == r->may_repeat &&
	    c->path_is_secret == r->path_is_secret &&
	    c->patience_ms == r->patience_ms;
}

/*
 * A handle without any setting.  Not by curl_easy_reset(): where that lacks
 * memory it says nothing, and the handle takes every reply for empty.
 */
static int
take_handle(struct call *c)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		return -1;
	curl_easy_cleanup(c->easy);
	c->easy = easy;
	return 0;
}

static int
set_up_anew(const struct http *h, struct call *c, const struct http_request *r)
{
	call_forget(c);
	if (take_handle(c) == -1)
		return -1;
	c->post = strcmp(r->method, "POST") == 0;
	c->may_repeat = r->may_repeat;
	c->path_is_secret = r->path_is_secret;
	c->patience_ms = r->patience_ms;
	call_describe(c, r);
	if (set_common(h, c) == -1 || set_request(h, c, r) == -1)
		return -1;
	c->url = strdup(r->url);
	return c->url != NULL ? 0 : -1;
}

int
call_set_up(const struct http *h, struct call *c, const struct http_request *r)
{
	if (!call_is_set_up(c, r) && set_up_anew(h, c, r) == -1)
		return -1;
	if (!has_headers(c, r) && set_headers(c, r) == -1)
		return -1;
	/* That is no matter of the request. */
	SET(c->easy, CURLOPT_DNS_CACHE_TIMEOUT, h->moved ? 0L : ADDRESS_AGE_S);
	return 0;
}
