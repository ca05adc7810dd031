#include "tests/exchange/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX (64u << 20)

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place; 0, or -1 on a bad escape or a NUL. */
static int
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s == '%') {
			if (hex(s[1]) == -1 || hex(s[2]) == -1)
				return -1;
			*to = (char)(hex(s[1]) << 4 | hex(s[2]));
			if (*to == '\0')
				return -1;
			s += 2;
		} else {
			*to = *s == '+' ? ' ' : *s;
		}
		to++;
	}
	*to = '\0';
	return 0;
}

int
request_decode(struct request *r, const char *form)
{
	char *rest, *pair, *value;

	free(r->decoded);
	r->nparams = 0;
	r->decoded = strdup(form);
	if (r->decoded == NULL)
		return -1;
	rest = r->decoded;
	while ((pair = strsep(&rest, "&")) != NULL) {
		if (*pair == '\0')
			continue;
		if (r->nparams == PARAMS_MAX)
			return -1;
		value = strchr(pair, '=');
		if (value != NULL)
			*value++ = '\0';
		if (unescape(pair) == -1 ||
		    (value != NULL && unescape(value) == -1))
			return -1;
		/* Some client libraries encode the cursor once more. */
		if (value != NULL && strcmp(pair, "cursor") == 0 &&
		    unescape(value) == -1)
			return -1;
		r->params[r->nparams++] = (struct param){
			.name = pair,
			.value = value != NULL ? value : "",
		};
	}
	return 0;
}

void
request_release(struct request *r)
{
	free(r->decoded);
	r->decoded = NULL;
	r->nparams = 0;
}

const char *
request_param(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->nparams; i++)
		if (strcmp(r->params[i].name, name) == 0)
			return r->params[i].value;
	return NULL;
}

const char *
request_text(const struct request *r, const char *name)
{
	const char *s = r->json != NULL ? json_string(json_get(r->json, name))
					: request_param(r, name);

	return s != NULL && *s != '\0' ? s : NULL;
}

void
reply_init(struct reply *rep)
{
	*rep = (struct reply){
		.status = 200,
		.content_type = "application/json; charset=utf-8",
		.journaled = 1,
	};
	buf_init(&rep->body, REPLY_MAX);
}

void
reply_release(struct reply *rep)
{
	buf_release(&rep->body);
}

void
reply_open(struct reply *rep)
{
	buf_clear(&rep->body);
	rep->has_code = 1;
	rep->code = 0;
	json_open_object(&rep->body, NULL);
	json_put_int(&rep->body, "retCode", 0);
	json_put_string(&rep->body, "retMsg", "OK");
	json_open_object(&rep->body, "result");
}

/* Behind the result: the last two keys of every envelope. */
static void
envelope_end(struct buf *b, int64_t now_ms)
{
	json_open_object(b, "retExtInfo");
	json_close_object(b);
	json_put_int(b, "time", now_ms);
	json_close_object(b);
}

void
reply_close(struct reply *rep, int64_t now_ms)
{
	json_close_object(&rep->body);
	envelope_end(&rep->body, now_ms);
}

int
reply_refuse(
    struct reply *rep, int64_t now_ms, int64_t code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* It may quote the request, whatever that was. */
	for (char *s = text; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
	buf_clear(&rep->body);
	rep->has_code = 1;
	rep->code = code;
	json_open_object(&rep->body, NULL);
	json_put_int(&rep->body, "retCode", code);
	json_put_string(&rep->body, "retMsg", text);
	json_open_object(&rep->body, "result");
	json_close_object(&rep->body);
	envelope_end(&rep->body, now_ms);
	return -1;
}

int
reply_page(
    struct reply *rep, int status, const char *content_type, const char *text)
{
	buf_clear(&rep->body);
	buf_puts(&rep->body, text);
	rep->status = status;
	rep->content_type = content_type;
	rep->has_code = 0;
	return -1;
}

const char *
code_text(int64_t code)
{
	static const struct {
		int64_t code;
		const char *text;
	} texts[] = {
		{ 0, "OK" },
		{ 10000, "Server Timeout" },
		{ 10001, "params error" },
		{ 10002,
		    "invalid request, please check your server timestamp or "
		    "recv_window param." },
		{ 10003, "API key is invalid." },
		{ 10004, "error sign!" },
		{ 10005,
		    "Permission denied, please check your API key "
		    "permissions." },
		{ 10006, "Too many visits. Exceeded the API Rate Limit." },
		{ 10007, "User authentication failed." },
		{ 10008, "User has been banned." },
		{ 10009, "Service is restricted in your region." },
		{ 10010,
		    "Unmatched IP, please check your API key's bound IP "
		    "addresses." },
		{ 10016, "Request timeout, please try again later" },
		{ 10017, "Route not found." },
		{ 33004, "Your api key has expired." },
		{ 110001, "Order does not exist" },
		{ 110007, "ab not enough for new order" },
		{ 110043, "leverage not modified" },
		{ 110072, "OrderLinkedID is duplicate" },
		{ 34040, "not modified" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].code == code)
			return texts[i].text;
	return "error";
}
