#include "common/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/http_internal.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/url.h"

#define WAIT_FDS_MAX 16

static void
call_free(struct call *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	buf_release(&c->reply);
	free(c->url);
	free(c->body);
	free(c);
}

static struct call *
call_new(void)
{
	struct call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	buf_init(&c->reply, REPLY_SIZE_MAX);
	return c;
}

/* Forget the request; the memory and the handle stay for the next one. */
static void
call_clear(struct call *c)
{
	free(c->body);
	c->body = NULL;
	c->body_len = c->body_read = c->header_bytes = 0;
	c->too_large = 0;
	c->curl_error[0] = '\0';
	c->error[0] = '\0';
	memset(&c->r, 0, sizeof(c->r));
	buf_clear(&c->reply);
}

struct http *
http_new(const struct http_opts *o, char *err, size_t size)
{
	struct http *h;
	long connections =
	    o->connections > INT_MAX ? INT_MAX : (long)o->connections;

	crypto_start(); /* libcurl does not look whether it did */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die(EX_OSERR, "unable to start libcurl");
	h = must_have(calloc(1, sizeof(*h)));
	h->connect_ms = o->connect_ms;
	h->stall_s = (o->stall_ms + 999) / 1000;
	h->total_ms = o->total_ms;
	if (o->ca_file != NULL && o->ca_file[0] != '\0') {
		if (access(o->ca_file, R_OK) == -1) {
			snprintf(err, size,
			    "CA_FILE=%s: %s: expected a PEM file that can be "
			    "read",
			    o->ca_file, strerror(errno));
			http_free(h);
			return NULL;
		}
		h->ca_file = must_have(strdup(o->ca_file));
	}
	h->multi = must_have(curl_multi_init());
	if (curl_multi_setopt(h->multi, CURLMOPT_PIPELINING,
		(long)CURLPIPE_NOTHING) != CURLM_OK ||
	    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, connections) !=
		CURLM_OK ||
	    curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		connections) != CURLM_OK)
		die(EX_OSERR, "out of memory");
	return h;
}

void
http_free(struct http *h)
{
	struct call *c;

	if (h == NULL)
		return;
	http_abort(h);
	while ((c = h->idle) != NULL) {
		h->idle = c->next;
		call_free(c);
	}
	if (h->multi != NULL)
		(void)curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	free(h->ca_file);
	free(h);
}

void
http_abort(struct http *h)
{
	struct call *c;

	while ((c = h->active) != NULL) {
		h->active = c->next;
		(void)curl_multi_remove_handle(h->multi, c->easy);
		call_clear(c);
		c->next = h->idle;
		h->idle = c;
	}
}

/*
 * Where the call that is to be used next hangs: one that is set up for r, else
 * one of a GET, whose query is mostly another each time.
 */
static struct call **
find_idle(struct http *h, const struct http_request *r)
{
	struct call **p, **other = &h->idle;

	for (p = &h->idle; *p != NULL; p = &(*p)->next) {
		if (call_is_set_up(*p, r))
			return p;
		if ((*other)->post && !(*p)->post)
			other = p;
	}
	return other;
}

int
http_start(struct http *h, const struct http_request *r,
    void (*done)(void *arg, const struct http_reply *reply), void *arg)
{
	struct call **idle = find_idle(h, r);
	struct call *c = *idle;

	if ((strcmp(r->method, "GET") != 0 && strcmp(r->method, "POST") != 0) ||
	    !url_reachable(r->url)) {
		errno = EINVAL;
		return -1;
	}
	if (c != NULL)
		*idle = c->next;
	else
		c = call_new();
	if (c == NULL) {
		errno = ENOMEM;
		return -1;
	}
	c->done = done;
	c->arg = arg;
	c->start_ms = clock_mono_ms();
	if (call_set_up(h, c, r) == -1 || call_set_body(c, r) == -1 ||
	    curl_multi_add_handle(h->multi, c->easy) != CURLM_OK) {
		call_clear(c);
		call_forget(c);
		c->next = h->idle;
		h->idle = c;
		errno = ENOMEM;
		return -1;
	}
	c->next = h->active;
	h->active = c;
	return 0;
}

/* Whether a byte of the request may have left this machine: in doubt, yes. */
static int
may_be_sent(const struct call *c)
{
	long bytes = 1;
	curl_off_t pretransfer = 1;

	if (curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &bytes) !=
		CURLE_OK ||
	    curl_easy_getinfo(
		c->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer) != CURLE_OK)
		return 1;
	return bytes != 0 || pretransfer != 0 || c->body_read != 0;
}

static void
finish(struct http *h, struct call *c, CURLcode result)
{
	struct call **p = &h->active;
	char nothing[1] = { '\0' };
	long status = 0;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	c->r.ms = clock_mono_ms() - c->start_ms;
	c->r.error = c->error;
	c->r.body = nothing;
	if (result == CURLE_OK &&
	    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status) ==
		CURLE_OK &&
	    buf_cstr(&c->reply) != NULL) {
		c->r.outcome = HTTP_REPLY;
		c->r.status = (int)status;
		c->r.body = c->reply.p;
		c->r.len = c->reply.len;
	} else {
		c->r.outcome = may_be_sent(c) ? HTTP_UNKNOWN : HTTP_NOT_SENT;
		call_set_error(
		    c, result != CURLE_OK ? result : CURLE_OUT_OF_MEMORY);
	}
	h->moved = c->r.outcome == HTTP_NOT_SENT;
	(void)curl_multi_remove_handle(h->multi, c->easy);
	c->done(c->arg, &c->r);
	call_clear(c);
	c->next = h->idle;
	h->idle = c;
}

/* Let libcurl work; the number of requests that ended, or -1 with errno. */
static int
work(struct http *h)
{
	CURLMsg *m;
	void *c;
	int running, left, n = 0;

	if (curl_multi_perform(h->multi, &running) != CURLM_OK) {
		errno = ENOMEM;
		return -1;
	}
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		CURLcode result = m->data.result;

		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
			(char **)&c) != CURLE_OK)
			continue;
		finish(h, c, result);
		n++;
	}
	return n;
}

int
http_wait(struct http *h, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct curl_waitfd extra[WAIT_FDS_MAX];
	CURLMcode rc;
	int ended;
	size_t i;

	if (n > WAIT_FDS_MAX) {
		errno = EINVAL;
		return -1;
	}
	ended = work(h);
	if (ended == -1)
		return -1;
	for (i = 0; i < n; i++) {
		extra[i].fd = fds[i].fd;
		extra[i].events =
		    (short)(((fds[i].events & POLLIN) ? CURL_WAIT_POLLIN : 0) |
			((fds[i].events & POLLOUT) ? CURL_WAIT_POLLOUT : 0));
		extra[i].revents = fds[i].revents = 0;
	}
	if (timeout_ms < 0)
		timeout_ms = INT_MAX;
	rc = curl_multi_poll(
	    h->multi, extra, (unsigned)n, ended > 0 ? 0 : timeout_ms, NULL);
	if (rc != CURLM_OK) {
		errno = rc == CURLM_OUT_OF_MEMORY ? ENOMEM : EINVAL;
		return -1;
	}
	for (i = 0; i < n; i++)
		fds[i].revents =
		    (short)(((extra[i].revents & CURL_WAIT_POLLIN) ? POLLIN
								   : 0) |
			((extra[i].revents & CURL_WAIT_POLLOUT) ? POLLOUT : 0));
	return work(h) == -1 ? -1 : 0;
}
