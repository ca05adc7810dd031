#include "notifier/telegram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/num.h"
#include "notifier/rate.h"

#define BODY_MAX (64u << 10)
#define UNITS_MAX 4096		     /* of a text (F33) */
#define RETRY_AFTER_MAX_MS 604800000 /* three hours were seen */

#define SECOND_MS 1000
#define MINUTE_MS 60000

struct telegram {
	struct http *http;
	struct rate *rate;
	struct telegram_rates rates;
	char *url; /* of sendMessage; has the token in it */
	struct json_doc *doc;
};

/* A send that waits for its reply. */
struct call {
	struct telegram *telegram;
	struct send send;
	int again; /* for the second time */
};

static int post(struct call *c);

char *
telegram_url(const char *url, const char *token, const char *method)
{
	size_t n = strlen(url);
	struct buf b;
	char *text;

	while (n > 0 && url[n - 1] == '/')
		n--;
	buf_init(&b, 3 * SETTING_SIZE_MAX);
	buf_put(&b, url, n);
	buf_puts(&b, "/bot");
	buf_puts(&b, token);
	buf_putc(&b, '/');
	buf_puts(&b, method);
	text = must_have(strdup(buf_cstr(&b)));
	buf_release(&b);
	return text;
}

struct telegram *
telegram_new(struct http *h, const char *url, const char *token,
    const struct telegram_rates *rates)
{
	struct telegram *g = must_have(calloc(1, sizeof(*g)));

	g->http = h;
	g->rates = *rates;
	g->rate = rate_new(rates->start_ms);
	g->doc = json_new();
	if (token[0] != '\0')
		g->url = telegram_url(url, token, "sendMessage");
	return g;
}

void
telegram_free(struct telegram *g)
{
	json_free(g->doc);
	rate_free(g->rate);
	free(g->url);
	free(g);
}

/* Groups and channels have ids below 0, or names. */
static int64_t
turn_ms(void *state, const char *address, int64_t mono_ms)
{
	const struct telegram *g = state;
	const struct rate_limit own[] = {
		{ (size_t)g->rates.chat, SECOND_MS },
		{ (size_t)g->rates.group, MINUTE_MS },
	};
	int group = address[0] == '-' || address[0] == '@';

	return rate_turn_ms(g->rate, address, own, group ? 2 : 1, mono_ms);
}

static int
has_words(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasestr(text, *words) != NULL)
			return 1;
	return 0;
}

/* How long a 429 asks to wait, ms; 0 or less where it does not say. */
static int64_t
retry_after_ms(const struct json *parameters, const struct http_reply *r)
{
	int64_t s;

	if (json_int(json_get(parameters, "retry_after"), 0, INT64_MAX, &s) ==
	    -1)
		return http_retry_after_ms(r, RETRY_AFTER_MAX_MS);
	return s < RETRY_AFTER_MAX_MS / 1000 ? s * 1000 : RETRY_AFTER_MAX_MS;
}

static int
moved_to(struct outcome *o, const struct json *parameters)
{
	const char *id =
	    json_number(json_get(parameters, "migrate_to_chat_id"));

	if (id == NULL || strlen(id) >= sizeof(o->moved_to))
		return 0;
	memcpy(o->moved_to, id, strlen(id) + 1);
	return 1;
}

/* An error in Telegram's own words. */
static void
judge_error(struct outcome *o, const struct json *v, const struct http_reply *r)
{
	static const char *const gone[] = { "chat not found", "user not found",
		"group chat was deactivated", "peer_id_invalid", NULL };
	const struct json *parameters = json_get(v, "parameters");
	const char *text = json_string(json_get(v, "description"));
	int64_t wait;

	if (text == NULL)
		text = "no description";
	reason_set(o->reason, "HTTP %d: %s", r->status, text);
	if (r->status == 429) {
		wait = retry_after_ms(parameters, r);
		o->kind = wait > 0 ? OUTCOME_WAIT : OUTCOME_RETRY;
		o->wait_ms = wait > 0 ? wait : 0;
	} else if (r->status == 401 || r->status == 404) {
		o->kind = OUTCOME_RETRY;
		o->outage = OUTAGE_SURE;
		reason_set(o->reason,
		    "HTTP %d: %s: is TELEGRAM_BOT_TOKEN right?", r->status,
		    text);
	} else if (r->status == 400 && moved_to(o, parameters)) {
		o->kind = OUTCOME_MOVED;
	} else if (r->status == 403 ||
	    (r->status == 400 && has_words(text, gone))) {
		o->kind = OUTCOME_GONE;
	} else {
		o->kind = OUTCOME_REFUSED;
	}
}

/* A reply has the message that was sent in it, of which nothing is read. */
static const struct json *
parse(struct json_doc *doc, const struct http_reply *r)
{
	static const char *const names[] = { "ok", "description", "retry_after",
		"migrate_to_chat_id", NULL };
	static struct json_keys keys;

	if (keys.names[0] == NULL)
		json_keys_init(&keys, names);
	return json_parse_keys(doc, r->body, r->len, &keys);
}

void
telegram_judge(
    struct outcome *o, struct json_doc *doc, const struct http_reply *r)
{
	const struct json *v;
	int ok = 0;

	*o = (struct outcome){
		.kind = OUTCOME_RETRY, .outage = OUTAGE_PERHAPS, .ms = r->ms
	};
	if (r->outcome != HTTP_REPLY) {
		if (r->outcome == HTTP_NOT_SENT)
			o->outage = OUTAGE_SURE;
		reason_set(o->reason, "%s", r->error);
		return;
	}
	v = parse(doc, r);
	if (json_bool(json_get(v, "ok"), &ok) == -1)
		reason_set(o->reason, "HTTP %d, and no answer of Telegram's",
		    r->status);
	else if (ok && r->status >= 200 && r->status <= 299)
		o->kind = OUTCOME_DELIVERED;
	else if (!ok && r->status >= 400 && r->status <= 499)
		judge_error(o, v, r);
	else
		reason_set(o->reason, "HTTP %d", r->status);
}

/* Telegram sees markup where there is none; once more may do. */
static int
is_unparsed(const struct outcome *o)
{
	return o->kind == OUTCOME_REFUSED &&
	    strcasestr(o->reason, "can't parse") != NULL;
}

static void
on_reply(void *arg, const struct http_reply *r)
{
	struct call *c = arg;
	struct outcome o;

	telegram_judge(&o, c->telegram->doc, r);
	if (is_unparsed(&o) && !c->again) {
		c->again = 1;
		if (post(c) == 0)
			return;
	}
	c->send.done(c->send.arg, &o);
	free(c);
}

static void
put_body(struct buf *b, const struct send *s)
{
	int64_t id;

	json_open_object(b, NULL);
	if (num_parse(
		s->address, strlen(s->address), INT64_MIN, INT64_MAX, &id) == 0)
		json_put_int(b, "chat_id", id);
	else
		json_put_string(b, "chat_id", s->address);
	json_put_string(b, "text", s->text);
	json_put_bool(b, "disable_web_page_preview", 1);
	json_close_object(b);
}

/* 0, or -1 with errno, and c is the caller's. */
static int
post(struct call *c)
{
	static const char *const headers[] = { "Content-Type: application/json",
		NULL };
	struct http_request r = {
		.method = "POST",
		.url = c->telegram->url,
		.headers = headers,
		.may_repeat = 1,
	};
	struct buf b;
	int rc = -1;

	buf_init(&b, BODY_MAX);
	put_body(&b, &c->send);
	r.body = b.p;
	r.body_len = b.len;
	if (buf_failed(&b) != 0)
		errno = ENOMEM;
	else
		rc = http_start(c->telegram->http, &r, on_reply, c);
	buf_release(&b);
	return rc;
}

static int
start(void *state, const struct send *s)
{
	struct outcome o = { .kind = OUTCOME_RETRY, .outage = OUTAGE_SURE };
	struct telegram *g = state;
	struct call *c;

	if (g->url == NULL) {
		reason_set(o.reason, "TELEGRAM_BOT_TOKEN is not set");
		s->done(s->arg, &o);
		return 0;
	}
	c = must_have(malloc(sizeof(*c)));
	*c = (struct call){ g, *s, 0 };
	if (post(c) == -1) {
		free(c);
		return -1;
	}
	return 0;
}

struct channel
telegram_channel(struct telegram *g)
{
	return (struct channel){
		.name = "telegram",
		.units_max = UNITS_MAX,
		.at_once = TELEGRAM_AT_ONCE,
		.all = { (size_t)g->rates.all, SECOND_MS },
		.state = g,
		.turn_ms = turn_ms,
		.start = start,
	};
}
