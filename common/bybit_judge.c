#include "common/bybit.h"

#include <stdio.h>
#include <string.h>

#include "common/num.h"

/* Bytes of a body that is no reply of Bybit's which an error shows. */
#define SHOWN_MAX 80

/* How long a wrong header can make us wait, ms; Bybit's windows are 1 s. */
#define HOLD_MAX_MS 10000
#define LATE_HOLD_MS 1000

/*
 * Copy what can be shown: printable ASCII, anything else as '?', runs of white
 * space as one blank.  The text of a 10004 has the key in it (F35): it ends
 * before that.
 */
static void
shown(char *out, size_t size, const char *s, size_t len)
{
	static const char origin[] = "origin_string";
	const char *cut = memmem(s, len, origin, sizeof(origin) - 1);
	size_t i, n = 0;

	if (cut != NULL)
		len = (size_t)(cut - s);
	for (i = 0; i < len && n + 1 < size; i++) {
		char c = s[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			if (n > 0 && out[n - 1] != ' ')
				out[n++] = ' ';
		} else {
			out[n++] = c > ' ' && c < 0x7f ? c : '?';
		}
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* Whether the first bytes of a body contain a word, whatever its case. */
static int
mentions(const struct http_reply *h, const char *word)
{
	char head[4096];
	size_t n = h->len < sizeof(head) - 1 ? h->len : sizeof(head) - 1;
	size_t i;

	for (i = 0; i < n; i++)
		head[i] = h->body[i] != '\0' ? h->body[i] : ' ';
	head[n] = '\0';
	return strcasestr(head, word) != NULL;
}

static void
set(struct bybit_reply *r, enum bybit_class class, int ambiguous)
{
	r->class = class;
	r->ambiguous = ambiguous;
}

/* A reply without an envelope: its status and its first bytes. */
static void
no_envelope(struct bybit_reply *r, const struct http_reply *h, const char *why)
{
	char body[SHOWN_MAX + 1];

	shown(body, sizeof(body), h->body, h->len);
	snprintf(r->error, sizeof(r->error), "HTTP %d%s%s%s%s", h->status,
	    why[0] != '\0' ? ", " : "", why, body[0] != '\0' ? ": " : "", body);
}

/* A 10002 says what Bybit's clock showed: "server_timestamp[1700000000000]". */
static void
server_timestamp(const char *text, int64_t *ms)
{
	static const char name[] = "server_timestamp[";
	const char *p = strstr(text, name);

	if (p == NULL)
		return;
	p += sizeof(name) - 1;
	(void)num_parse(p, strspn(p, "0123456789"), 1, INT64_MAX / 2, ms);
}

/* A retCode that is not 0. */
static void
judge_code(struct bybit_reply *r, const struct json *message)
{
	const struct bybit_code *row = bybit_code(r->code);
	const char *text = json_string(message);
	char said[160], http[16] = "";

	if (row == NULL)
		set(r, BYBIT_RETRY, 1);
	else
		set(r, row->class, row->ambiguous);
	if (row != NULL && row->advice != NULL)
		r->advice = row->advice;
	if (text == NULL)
		text = "";
	if (r->code == 10002)
		server_timestamp(text, &r->time_ms);
	shown(said, sizeof(said), text, strlen(text));
	if (r->status != 200)
		snprintf(http, sizeof(http), "HTTP %d, ", r->status);
	snprintf(r->error, sizeof(r->error), "%sretCode %lld: %s (%s)", http,
	    (long long)r->code, said,
	    row != NULL ? row->meaning : "a code that is not known here");
}

/* HTTP 403 (section 2): by address, by country, or it cannot be told. */
static void
judge_forbidden(struct bybit_reply *r, const struct http_reply *h)
{
	const struct bybit_code *row = bybit_code(r->code);

	if (mentions(h, "too frequent")) {
		set(r, BYBIT_BANNED, 1);
	} else if (mentions(h, "your country")) {
		set(r, BYBIT_FATAL, 0);
		r->advice = "Bybit does not serve this country: run this "
			    "where it does";
	} else if (row == NULL || row->class != BYBIT_FATAL) {
		set(r, BYBIT_BANNED, 1);
	}
}

/* Anything but HTTP 200 is an error, whatever the body says. */
static void
judge_status(struct bybit_reply *r, const struct http_reply *h)
{
	int coded = r->code != 0 && bybit_code(r->code) != NULL;

	if (r->error[0] == '\0')
		no_envelope(r, h, "");
	if (h->status == 403) {
		judge_forbidden(r, h);
	} else if (h->status == 429 || h->status >= 500) {
		set(r, BYBIT_RETRY, 1);
	} else if (h->status == 400 || h->status == 401 || h->status == 404) {
		if (!coded)
			set(r, BYBIT_FATAL, 0);
		if (r->advice[0] == '\0')
			r->advice = h->status == 401
			    ? "check the API key and its secret"
			    : "check BYBIT_BASE_URL and BYBIT_CATEGORIES";
	} else {
		set(r, BYBIT_RETRY, 1);
	}
	if (r->class != BYBIT_FATAL)
		r->advice = "";
}

void
bybit_judge(
    struct bybit_reply *r, struct json_doc *doc, const struct http_reply *h)
{
	static const char *const keys[] = { "retCode", "retMsg", "result",
		"time" };
	const struct json *envelope, *v[4] = { NULL };
	int has_code;

	memset(r, 0, sizeof(*r));
	r->advice = "";
	r->ms = h->ms;
	if (h->outcome != HTTP_REPLY) {
		set(r, BYBIT_RETRY, h->outcome != HTTP_NOT_SENT);
		shown(r->error, sizeof(r->error), h->error, strlen(h->error));
		return;
	}
	r->status = h->status;
	envelope = json_parse(doc, h->body, h->len);
	if (envelope != NULL && json_type(envelope) == JSON_OBJECT)
		json_pick(envelope, keys, 4, v);
	/* One that nothing can be added to teaches the clock nothing. */
	if (json_ms(v[3], &r->time_ms) == -1 || r->time_ms > INT64_MAX / 2)
		r->time_ms = 0;
	has_code = v[0] != NULL && json_type(v[0]) == JSON_NUMBER &&
	    json_int(v[0], INT32_MIN, INT32_MAX, &r->code) == 0;
	if (has_code && r->code != 0)
		judge_code(r, v[1]);
	if (h->status != 200) {
		judge_status(r, h);
		return;
	}
	if (has_code && r->code != 0)
		return;
	if (has_code && v[2] != NULL && json_type(v[2]) == JSON_OBJECT) {
		set(r, BYBIT_OK, 0);
		r->result = v[2];
		return;
	}
	set(r, BYBIT_RETRY, 1);
	if (h->len == 0)
		no_envelope(r, h, "an empty body");
	else if (envelope == NULL)
		no_envelope(r, h, "not whole JSON");
	else
		no_envelope(r, h,
		    has_code ? "no result: expected an object"
			     : "no retCode: expected an integer");
}

int64_t
bybit_hold_ms(const struct bybit_reply *r, const char *limit_status,
    const char *limit_reset, int64_t now_ms, int64_t jitter_ms)
{
	int64_t left = INT64_MAX, reset = 0, wait = 0;

	if (num_parse(
		limit_status, strlen(limit_status), 0, INT64_MAX, &left) == -1)
		left = INT64_MAX;
	if (left > 1 && r->code != 10006)
		return 0;
	if (num_parse(limit_reset, strlen(limit_reset), 0, INT64_MAX / 2,
		&reset) == 0 &&
	    reset > now_ms)
		wait = reset - now_ms;
	if (wait == 0 && r->code != 10006)
		return 0;
	if (wait == 0)
		wait = LATE_HOLD_MS + jitter_ms * 9;
	if (wait > HOLD_MAX_MS)
		wait = HOLD_MAX_MS;
	return wait + jitter_ms;
}
