/*
 * hook - the channels that are one POST to a URL, which is the address.
 *
 *   webhook  the `signal` line as it is, signed
 *   discord  {"content":"..."}, which mentions nobody
 *   slack    {"text":"..."}
 *   ntfy     the text, with its first line as the title
 *
 * Such a URL is a secret (F35): no error and no log has more of it than the
 * host.
 */
#ifndef SLUICE_NOTIFIER_HOOK_H
#define SLUICE_NOTIFIER_HOOK_H

#include <stddef.h>

#include "common/http.h"
#include "notifier/channel.h"

struct buf;

/* Sends to one host at a time. */
#define HOOK_AT_ONCE 8

/* Longer waits than that are not obeyed: Retry-After. */
#define HOOK_WAIT_MAX_MS 3600000

/*
 * What a reply means: 2xx is a delivery, 429 with a Retry-After to wait, 404
 * and 410 are gone, another 4xx but 408 refuses this message; anything else,
 * and no reply, is tried again.
 */
void hook_judge(struct outcome *o, const struct http_reply *r);

/* A channel that does: start sends, units_max is of a text. */
struct channel hook_channel(const char *name, size_t units_max,
    int (*start)(void *state, const struct send *s), void *state);

/* Send; s->done gets what hook_judge says.  As channel.start. */
int hook_post(struct http *h, const struct send *s, const char *url,
    const char *const *headers, const char *body, size_t len);

/* A body of JSON, one member of which is the text. */
struct hook_text {
	const char *member;
	/* So that nothing in it is markup, a link or a mention. */
	void (*put_escaped)(struct buf *b, const char *text);
	void (*put_rest)(struct buf *b); /* the other members */
};
extern const struct hook_text discord_text, slack_text;

/* Such a body, appended to b.  0, or -1 with ENOMEM. */
int hook_text_body(struct buf *b, const struct hook_text *k, const char *text);

/* Send it to the address of s, as hook_post does. */
int hook_post_text(
    struct http *h, const struct send *s, const struct hook_text *k);

/* The header "Title: ...", in ASCII alone: RFC 2047 where it has to be. */
void ntfy_title(struct buf *b, const char *text);

/*
 * The header "X-Signature: sha256=..." with the HMAC-SHA256 of the body in
 * lower-case hex.  0, or -1 with ENOMEM.
 */
int webhook_signature(
    struct buf *b, const char *secret, const char *body, size_t len);

struct webhook {
	struct http *http;
	const char *secret; /* of an address that has none; "" for none */
};

struct channel webhook_channel(struct webhook *w);
struct channel discord_channel(struct http *h);
struct channel slack_channel(struct http *h);
struct channel ntfy_channel(struct http *h);

#endif
