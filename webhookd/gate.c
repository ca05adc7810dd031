#include "webhookd/gate.h"

#include <string.h>
#include <strings.h>

#include "common/num.h"

static enum gate_status
refuse(struct gate *g, int status, const char *why)
{
	g->status = status;
	g->why = why;
	return GATE_REFUSE;
}

void
gate_init(struct gate *g, size_t header_max, size_t body_max)
{
	memset(g, 0, sizeof(*g));
	g->header_max = header_max;
	g->body_max = body_max;
}

/* tchar of RFC 9110, 5.6.2. */
static int
is_token_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static size_t
token_len(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && is_token_byte(p[n]))
		n++;
	return n;
}

static int
is(const char *p, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(p, word, len) == 0;
}

static int
is_name(const char *p, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(p, name, len) == 0;
}

/* "POST /bybit?x HTTP/1.1" */
static enum gate_status
take_request_line(struct gate *g, const char *p, size_t len)
{
	size_t method = token_len(p, len), i = method + 1;

	if (method == 0 || i >= len || p[method] != ' ' || p[i] != '/')
		return refuse(g, 400, "The request line is malformed");
	g->path = i;
	while (i < len && p[i] > ' ' && p[i] < 0x7f && p[i] != '#') {
		if (p[i] == '?' && g->query == 0)
			g->query = i + 1;
		i++;
	}
	if (i == len || p[i] != ' ')
		return refuse(g, 400, "The request line is malformed");
	i++;
	g->old = is(p + i, len - i, "HTTP/1.0");
	if (!g->old && !is(p + i, len - i, "HTTP/1.1"))
		return refuse(g, 400, "HTTP/1.1 is expected");
	if (is(p, method, "POST"))
		g->method = METHOD_POST;
	else if (is(p, method, "GET"))
		g->method = METHOD_GET;
	else if (is(p, method, "HEAD"))
		g->method = METHOD_HEAD;
	else
		g->method = METHOD_OTHER;
	if (g->method != METHOD_POST && g->method != METHOD_GET)
		return refuse(g, 405, "GET or POST is expected");
	return GATE_MORE;
}

/* Headers that may stand there once: they decide whose and what it is. */
static int
is_single(const char *p, size_t len)
{
	static const char *const names[] = { "Authorization", "Content-Length",
		"Content-Type", "Expect", "Host", "Origin" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_name(p, len, names[i]))
			return 1;
	return 0;
}

static int
is_repeated(const struct gate *g, const char *p, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < g->headers; i++)
		if (strncasecmp(p + g->header[i].name, name, len) == 0 &&
		    p[g->header[i].name + len] == ':')
			return 1;
	return 0;
}

static enum gate_status
take_length(struct gate *g, const char *value, size_t len)
{
	int64_t n;

	/* num_parse takes a sign. */
	if (len == 0 || value[0] < '0' || value[0] > '9' ||
	    strspn(value, "0123456789") < len)
		return refuse(g, 400, "Content-Length is not a number");
	if (num_parse(value, len, 0, (int64_t)g->body_max, &n) == -1)
		return refuse(g, 413, "The body is too large");
	g->has_length = 1;
	g->body_len = (size_t)n;
	return GATE_MORE;
}

/* A header line without its CRLF; p is the whole request, line its bytes. */
static enum gate_status
take_header(struct gate *g, const char *p, size_t at, size_t len)
{
	const char *line = p + at;
	size_t name = token_len(line, len), value = name + 1;

	if (name == 0 || name == len || line[name] != ':')
		return refuse(g, 400, "A header is malformed");
	if (g->headers == GATE_HEADERS_MAX)
		return refuse(g, 413, "There are too many headers");
	while (value < len && (line[value] == ' ' || line[value] == '\t'))
		value++;
	while (len > value && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (is_name(line, name, "Transfer-Encoding"))
		return refuse(g, 400, "Transfer-Encoding is not accepted");
	if (is_single(line, name) && is_repeated(g, p, line, name))
		return refuse(g, 400, "A header is repeated");
	g->header[g->headers].name = (uint32_t)at;
	g->header[g->headers].value = (uint32_t)(at + value);
	g->headers++;
	if (is_name(line, name, "Content-Length"))
		return take_length(g, line + value, len - value);
	if (is_name(line, name, "Expect")) {
		if (!is_name(line + value, len - value, "100-continue"))
			return refuse(g, 400, "Expect is not understood");
		g->wants_continue = !g->old;
	}
	return GATE_MORE;
}

/* Texts end where their NUL stands. */
static void
end_texts(struct gate *g, char *p)
{
	char *end;
	size_t i;

	*strchr(p + g->path, ' ') = '\0';
	if (g->query > 0)
		p[g->query - 1] = '\0';
	for (i = 0; i < g->headers; i++) {
		*strchr(p + g->header[i].name, ':') = '\0';
		end = strchr(p + g->header[i].value, '\r');
		while (end > p + g->header[i].value &&
		    (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		*end = '\0';
	}
}

static enum gate_status
end_head(struct gate *g, char *p)
{
	if (!is_repeated(g, p, "Host", 4))
		return refuse(g, 400, "Host is missing");
	if (g->method == METHOD_POST && !g->has_length)
		return refuse(g, 400,
		    "Content-Length is missing: 0 is expected where a POST has "
		    "no body");
	if (g->method == METHOD_GET && g->body_len > 0)
		return refuse(g, 400, "A GET has no body");
	end_texts(g, p);
	g->head_len = g->scanned;
	return GATE_HEAD;
}

/* The line from g->line up to its CRLF. */
static enum gate_status
take_line(struct gate *g, char *p)
{
	size_t at = g->line, len = g->scanned - at - 2;

	g->line = g->scanned;
	if (at == 0)
		return take_request_line(g, p, len);
	if (len == 0)
		return end_head(g, p);
	return take_header(g, p, at, len);
}

/*
 * Bytes above 0x7e pass in the values of headers, where proxies write names of
 * cities; elsewhere take_request_line and take_header refuse them.
 */
static enum gate_status
take_head(struct gate *g, char *p, size_t len)
{
	enum gate_status st = GATE_MORE;
	int after_cr;
	char c;

	while (st == GATE_MORE && g->scanned < len) {
		if (g->scanned == g->header_max)
			return refuse(g, 413, "The head is too large");
		after_cr = g->scanned > g->line && p[g->scanned - 1] == '\r';
		c = p[g->scanned++];
		if (after_cr != (c == '\n'))
			return refuse(g, 400, "A line does not end with CRLF");
		if (c == '\n')
			st = take_line(g, p);
		else if (c == 0x7f ||
		    ((unsigned char)c < ' ' && c != '\r' && c != '\t'))
			return refuse(g, 400, "A control byte is in the head");
	}
	return st;
}

enum gate_status
gate_take(struct gate *g, char *p, size_t len)
{
	size_t body;

	if (g->status != 0)
		return GATE_REFUSE;
	if (g->head_len == 0)
		return take_head(g, p, len);
	body = len - g->head_len;
	if (body > g->body_len)
		return refuse(g, 400, "There are bytes behind the request");
	return body == g->body_len ? GATE_DONE : GATE_MORE;
}

const char *
gate_header(const struct gate *g, const char *p, const char *name)
{
	size_t i;

	for (i = 0; i < g->headers; i++)
		if (strcasecmp(p + g->header[i].name, name) == 0)
			return p + g->header[i].value;
	return NULL;
}

int
gate_forwarded_for(const struct gate *g, const char *p, char *out, size_t size)
{
	size_t i, len, used = 0;

	for (i = 0; i < g->headers; i++) {
		if (strcasecmp(p + g->header[i].name, "X-Forwarded-For") != 0)
			continue;
		len = strlen(p + g->header[i].value);
		if (len + 2 > size - used)
			return -1;
		if (used > 0)
			out[used++] = ',';
		memcpy(out + used, p + g->header[i].value, len);
		used += len;
	}
	out[used] = '\0';
	return 0;
}
