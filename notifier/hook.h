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

/* Longer waits than that are not obeyed: Retry-After, seconds. */
#define HOOK_WAIT_MAX 3600

/*
 * What a reply means: 2xx is a delivery, 429 with a Retry-After to wait, 404
 * and 410 are gone, another 4xx but 408 refuses this message; anything else,
 * and no reply, is tried again.
 */
void hook_judge(struct outcome *o, const struct http_reply *r);

/* Send; s->done gets what hook_judge says.  As channel.start. */
int hook_post(struct http *h, const struct send *s, const char *url,
    const char *const *headers, const char *body, size_t len);

/* The same with a body of JSON that is made of the text. */
int hook_post_json(struct http *h, const struct send *s,
    int (*body)(struct buf *b, const char *text));

/* Such bodies, appended to b.  0, or -1 with ENOMEM. */
int discord_body(struct buf *b, const char *text);
int slack_body(struct buf *b, const char *text);

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
