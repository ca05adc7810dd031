/*
 * The channel webhook: whoever has the secret can tell our signals from
 * others'.  It is what follows the '#' of the address, and never sent.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/buf.h"
#include "notifier/hook.h"

int
webhook_signature(
    struct buf *b, const char *secret, const char *body, size_t len)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (HMAC(EVP_sha256(), secret, (int)strlen(secret),
		(const unsigned char *)body, len, mac, &n) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	buf_puts(b, "X-Signature: sha256=");
	for (unsigned i = 0; i < n; i++)
		buf_printf(b, "%02x", mac[i]);
	if (buf_failed(b) != 0) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

/* A person has to set it: until then the message waits. */
static int
no_secret(const struct send *s)
{
	struct outcome o = { .kind = OUTCOME_RETRY };

	reason_set(o.reason,
	    "there is no secret to sign with: set NOTIFY_WEBHOOK_SECRET");
	s->done(s->arg, &o);
	return 0;
}

static int
start(void *state, const struct send *s)
{
	const char *headers[] = { "Content-Type: application/json", NULL,
		NULL };
	const char *mark = strchr(s->address, '#');
	struct webhook *w = state;
	const char *secret = mark != NULL ? mark + 1 : w->secret;
	struct buf url, signature;
	int rc = -1;

	if (secret[0] == '\0')
		return no_secret(s);
	buf_init(&url, ADDRESS_SIZE);
	buf_init(&signature, 128);
	buf_put(&url, s->address,
	    mark != NULL ? (size_t)(mark - s->address) : strlen(s->address));
	if (buf_cstr(&url) == NULL) {
		errno = ENOMEM;
		goto out;
	}
	if (webhook_signature(&signature, secret, s->line, s->line_len) == -1)
		goto out;
	headers[1] = buf_cstr(&signature);
	rc = hook_post(
	    w->http, s, buf_cstr(&url), headers, s->line, s->line_len);
out:
	buf_release(&signature);
	buf_release(&url);
	return rc;
}

struct channel
webhook_channel(struct webhook *w)
{
	struct channel c = hook_channel("webhook", 0, start, w);

	c.verbatim = 1;
	return c;
}
