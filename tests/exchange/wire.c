#include "tests/exchange/wire.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/num.h"

#define HEAD_MAX 65536
#define BODY_MAX (4u << 20)

/* The next line of the head, without its end; NULL at the end. */
static char *
next_line(char **rest)
{
	char *line = *rest, *end = strstr(line, "\r\n");

	if (end == NULL || end == line)
		return NULL;
	*end = '\0';
	*rest = end + 2;
	return line;
}

/* "GET /path?query HTTP/1.1": 0, or -1. */
static int
take_request_line(struct wire *w, char *line)
{
	char *target, *version, *query;

	target = strchr(line, ' ');
	if (target == NULL)
		return -1;
	*target++ = '\0';
	version = strchr(target, ' ');
	if (version == NULL || *target != '/')
		return -1;
	*version++ = '\0';
	for (const char *s = target; *s != '\0'; s++)
		if (*s <= 0x20 || *s > 0x7e)
			return -1;
	if (strcmp(version, "HTTP/1.1") == 0)
		w->keep_alive = 1;
	else if (strcmp(version, "HTTP/1.0") != 0)
		return -1;
	query = strchr(target, '?');
	if (query != NULL)
		*query++ = '\0';
	w->r.method = line;
	w->r.path = target;
	w->r.query = query != NULL ? query : "";
	return 0;
}

struct head {
	int64_t length;
	int expects;
};

/* "Name: value": 0, or -1. */
static int
take_header(struct wire *w, char *line, struct head *h)
{
	char *value = strchr(line, ':');
	size_t len;

	if (value == NULL)
		return -1;
	*value++ = '\0';
	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		value[--len] = '\0';
	if (strcasecmp(line, "X-BAPI-API-KEY") == 0)
		w->r.api_key = value;
	else if (strcasecmp(line, "X-BAPI-TIMESTAMP") == 0)
		w->r.timestamp = value;
	else if (strcasecmp(line, "X-BAPI-RECV-WINDOW") == 0)
		w->r.window = value;
	else if (strcasecmp(line, "X-BAPI-SIGN") == 0)
		w->r.sign = value;
	else if (strcasecmp(line, "Content-Type") == 0)
		w->r.content_type = value;
	else if (strcasecmp(line, "X-Signature") == 0)
		w->r.signature = value;
	else if (strcasecmp(line, "Title") == 0)
		w->r.title = value;
	else if (strcasecmp(line, "Content-Length") == 0)
		return num_parse(value, len, 0, BODY_MAX, &h->length);
	else if (strcasecmp(line, "Transfer-Encoding") == 0)
		return -1;
	else if (strcasecmp(line, "Expect") == 0)
		h->expects = strcasecmp(value, "100-continue") == 0;
	else if (strcasecmp(line, "Connection") == 0 &&
	    strcasecmp(value, "close") == 0)
		w->keep_alive = 0;
	return 0;
}

static int
take_head(struct wire *w, struct head *h)
{
	char *rest = w->head, *line = next_line(&rest);

	if (line == NULL || take_request_line(w, line) == -1)
		return -1;
	while ((line = next_line(&rest)) != NULL)
		if (take_header(w, line, h) == -1)
			return -1;
	return 0;
}

static enum wire_status
give_up(struct wire *w, enum wire_status st)
{
	wire_release(w);
	return st;
}

enum wire_status
wire_read(struct wire *w, struct evbuffer *in)
{
	const struct evbuffer_ptr end =
	    evbuffer_search(in, "\r\n\r\n", 4, NULL);
	struct head h = { 0 };
	size_t len;

	*w = (struct wire){ 0 };
	if (end.pos == -1)
		return evbuffer_get_length(in) > HEAD_MAX ? WIRE_BAD
							  : WIRE_MORE;
	len = (size_t)end.pos + 4;
	if (len > HEAD_MAX)
		return WIRE_BAD;
	w->head = calloc(1, len + 1);
	if (w->head == NULL)
		die(EX_OSERR, "unable to take a request: no memory");
	(void)evbuffer_copyout(in, w->head, len);
	if (strlen(w->head) != len || take_head(w, &h) == -1)
		return give_up(w, WIRE_BAD);
	if (evbuffer_get_length(in) < len + (size_t)h.length)
		return give_up(w,
		    h.expects && evbuffer_get_length(in) == len ? WIRE_CONTINUE
								: WIRE_MORE);
	w->body = calloc(1, (size_t)h.length + 1);
	if (w->body == NULL)
		die(EX_OSERR, "unable to take a request: no memory");
	(void)evbuffer_drain(in, len);
	(void)evbuffer_remove(in, w->body, (size_t)h.length);
	w->r.body = w->body;
	w->r.len = (size_t)h.length;
	return WIRE_OK;
}

void
wire_release(struct wire *w)
{
	request_release(&w->r);
	free(w->head);
	free(w->body);
	w->head = w->body = NULL;
}

static const char *
reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = { { 200, "OK" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 429, "Too Many Requests" },
		{ 500, "Internal Server Error" }, { 502, "Bad Gateway" },
		{ 503, "Service Unavailable" }, { 504, "Gateway Time-out" } };

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Status";
}

/* CRC-32 as gzip has it. */
static uint32_t
crc32_of(const unsigned char *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
	}
	return ~crc;
}

static void
put_le(struct buf *b, uint32_t n, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_putc(b, (char)(n >> (8 * i) & 0xff));
}

/* A gzip file of stored blocks: packed in name only, but what every unpacker
 * takes. */
static void
pack(struct buf *out, const char *p, size_t n)
{
	static const char start[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff";
	size_t done = 0, part;

	buf_put(out, start, sizeof(start) - 1);
	do {
		part = n - done > 0xffff ? 0xffff : n - done;
		buf_putc(out, done + part == n);
		put_le(out, (uint32_t)part, 2);
		put_le(out, ~(uint32_t)part & 0xffff, 2);
		buf_put(out, p + done, part);
		done += part;
	} while (done < n);
	put_le(out, crc32_of((const unsigned char *)p, n), 4);
	put_le(out, (uint32_t)n, 4);
}

static size_t
put_head(struct evbuffer *out, const struct reply *rep, size_t length,
    int keep_alive)
{
	(void)evbuffer_add_printf(out,
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Server: Openresty\r\n",
	    rep->status, reason(rep->status), rep->content_type, length);
	if (rep->has_code)
		(void)evbuffer_add_printf(out,
		    "Traceid: %016" PRIx64 "%016" PRIx64 "\r\n"
		    "Timenow: %" PRId64 "\r\nRet_code: %" PRId64 "\r\n",
		    (uint64_t)rep->now_ms, rep->n, rep->now_ms, rep->code);
	if (rep->has_limits)
		(void)evbuffer_add_printf(out,
		    "X-Bapi-Limit: %" PRId64 "\r\n"
		    "X-Bapi-Limit-Status: %" PRId64 "\r\n"
		    "X-Bapi-Limit-Reset-Timestamp: %" PRId64 "\r\n",
		    rep->limit, rep->limit_left, rep->limit_reset_ms);
	if (rep->status == 429 && rep->retry_after > 0)
		(void)evbuffer_add_printf(
		    out, "Retry-After: %" PRId64 "\r\n", rep->retry_after);
	(void)evbuffer_add_printf(
	    out, "Connection: %s\r\n\r\n", keep_alive ? "keep-alive" : "close");
	return evbuffer_get_length(out);
}

size_t
wire_write(struct evbuffer *out, const struct reply *rep, int keep_alive)
{
	const char *body = rep->body.len > 0 ? rep->body.p : "";
	size_t len = rep->body.len, head = 0;
	struct buf packed;

	buf_init(&packed, len + len / 1024 + 1024);
	switch (rep->delivery) {
	case DELIVER_FILL:
		head = put_head(out, rep, (size_t)rep->bytes, keep_alive);
		break;
	case DELIVER_CUT:
		head = put_head(out, rep, len, keep_alive);
		if ((int64_t)len > rep->bytes)
			len = (size_t)rep->bytes;
		(void)evbuffer_add(out, body, len);
		break;
	case DELIVER_GZIP:
		pack(&packed, body, len);
		head = put_head(out, rep, packed.len, keep_alive);
		(void)evbuffer_add(out, packed.p, packed.len);
		break;
	case DELIVER_DRIP:
	case DELIVER_HANG:
	case DELIVER_PLAIN:
	case DELIVER_POLL:
	case DELIVER_RESET:
		head = put_head(out, rep, len, keep_alive);
		(void)evbuffer_add(out, body, len);
		break;
	}
	buf_release(&packed);
	return head;
}
