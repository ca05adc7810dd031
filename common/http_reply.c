#include "common/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/decimal.h"
#include "common/http_internal.h"
#include "common/limits.h"

/* Bytes of a reply's headers: CloudFront's and Bybit's take 2 KiB. */
#define HEADERS_SIZE_MAX (64u << 10)

/* If line is "name: value", copy the value, trimmed and cut to size. */
static void
take_header(
    const char *line, size_t len, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 &&
	    (line[len - 1] == '\r' || line[len - 1] == '\n' ||
		line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (len >= size)
		len = size - 1;
	memcpy(out, line, len);
	out[len] = '\0';
}

size_t
call_on_header(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	struct http_reply *r = &c->r;

	n *= size;
	c->header_bytes += n;
	if (c->header_bytes > HEADERS_SIZE_MAX) {
		c->too_large = 1;
		return 0;
	}
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
		/* A new head: what an interim one said does not count. */
		r->limit_status[0] = r->limit_reset[0] = '\0';
		r->retry_after[0] = r->date[0] = '\0';
		return n;
	}
	take_header(p, n, "X-Bapi-Limit-Status", r->limit_status,
	    sizeof(r->limit_status));
	take_header(p, n, "X-Bapi-Limit-Reset-Timestamp", r->limit_reset,
	    sizeof(r->limit_reset));
	take_header(
	    p, n, "Retry-After", r->retry_after, sizeof(r->retry_after));
	take_header(p, n, "Date", r->date, sizeof(r->date));
	return n;
}

size_t
call_on_body(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	n *= size;
	if (c->reply.len + n > REPLY_SIZE_MAX) {
		c->too_large = 1;
		return 0;
	}
	buf_put(&c->reply, p, n);
	return n;
}

void
call_set_error(struct call *c, CURLcode result)
{
	const char *why = c->curl_error;

	/* Should libcurl ever quote the URL, its own words will do (F35). */
	if (why[0] == '\0' || strstr(why, "/bot") != NULL ||
	    (c->path_is_secret && strchr(why, '/') != NULL))
		why = curl_easy_strerror(result);
	if (c->too_large)
		snprintf(c->error, sizeof(c->error),
		    "%s: the reply is over %u bytes, its headers or all of it",
		    c->where,
		    c->header_bytes > HEADERS_SIZE_MAX ? HEADERS_SIZE_MAX
						       : REPLY_SIZE_MAX);
	else
		snprintf(c->error, sizeof(c->error), "%s: %s", c->where, why);
}

/* A date of HTTP's (RFC 9110, 5.6.7), s; -1 where it is none. */
static int64_t
date_s(const char *text)
{
	/* curl_getdate takes more than that: bare numbers, "12:00". */
	if (strchr(text, ' ') == NULL || strchr(text, ':') == NULL)
		return -1;
	return curl_getdate(text, NULL);
}

int64_t
http_retry_after_ms(const struct http_reply *r, int64_t max_ms)
{
	const struct decimal max = decimal_from_int(max_ms / 1000);
	const char *text = r->retry_after;
	int64_t until, from;
	struct decimal d;

	if (decimal_parse(&d, text, strlen(text)) == 0) {
		if (decimal_sign(d) < 0)
			return -1;
		if (decimal_cmp(d, max) > 0)
			return max_ms;
		return (int64_t)((d.e18 + 999999999999999) / 1000000000000000);
	}
	until = date_s(text);
	if (until == -1)
		return -1;
	from = date_s(r->date);
	if (from == -1)
		from = clock_wall_ms() / 1000;
	if (until <= from)
		return 0;
	return until - from < max_ms / 1000 ? (until - from) * 1000 : max_ms;
}
