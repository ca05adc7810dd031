/* request: what a handler sees of a connection, and the text of answers. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/json.h"
#include "webhookd/server_internal.h"

static const struct {
	int status;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 202, "Accepted" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

static const char *
reason(int status)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Other";
}

/* What the standard wants beside some statuses (RFC 9110, 15.5.2, 15.5.6). */
static const char *
extra(const struct request *r, int status)
{
	if (status == 401)
		return "WWW-Authenticate: Bearer\r\n";
	if (status != 405)
		return "";
	switch (r->gate.method) {
	case METHOD_GET:
		return "Allow: POST\r\n";
	case METHOD_POST:
		return "Allow: GET\r\n";
	case METHOD_HEAD:
	case METHOD_OTHER:
		break;
	}
	return "Allow: GET, POST\r\n";
}

size_t
answer_head(char out[ANSWER_HEAD_MAX], const struct request *r, int status,
    const char *type, size_t len)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	char date[32] = "";
	struct tm tm;
	int n;

	/* The C locale's names: no program of ours sets another. */
	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(
		    date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	n = snprintf(out, ANSWER_HEAD_MAX,
	    "HTTP/1.1 %d %s\r\n"
	    "Date: %s\r\n"
	    "Content-Type: %s\r\n"
	    "Content-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "%s"
	    "Connection: close\r\n"
	    "\r\n",
	    status, reason(status), date, type, len, extra(r, status));
	assert(n > 0 && n < ANSWER_HEAD_MAX);
	return (size_t)n;
}

int
answer_refusal(struct buf *b, const char *error)
{
	json_open_object(b, NULL);
	json_put_bool(b, "ok", 0);
	json_put_string(b, "error", error);
	json_put_time(b, "timestamp", clock_wall_ms());
	json_close_object(b);
	buf_putc(b, '\n');
	return buf_failed(b) != 0 ? -1 : 0;
}

const char *
request_method(const struct request *r)
{
	return r->gate.method == METHOD_POST ? "POST" : "GET";
}

const char *
request_path(const struct request *r)
{
	return r->in.p + r->gate.path;
}

const char *
request_query(const struct request *r)
{
	return r->gate.query > 0 ? r->in.p + r->gate.query : "";
}

const char *
request_header(const struct request *r, const char *name)
{
	return gate_header(&r->gate, r->in.p, name);
}

char *
request_body(const struct request *r, size_t *len)
{
	*len = r->gate.body_len;
	return r->in.p + r->gate.head_len;
}

const char *
request_address(const struct request *r)
{
	return r->address;
}

void
request_set_user(struct request *r, void *user)
{
	r->user = user;
}

void *
request_user(const struct request *r)
{
	return r->user;
}

void
request_reply(struct request *r, int status, const char *type, const void *body,
    size_t len)
{
	assert(r->state == REQUEST_WAITING);
	connection_answer(r, status, type, body, len);
}

void
request_refuse(struct request *r, int status, const char *error)
{
	struct buf b;

	assert(r->state == REQUEST_WAITING);
	buf_init(&b, 4096);
	if (answer_refusal(&b, error) == -1)
		connection_free(r);
	else
		connection_answer(r, status, "application/json", b.p, b.len);
	buf_release(&b);
}
