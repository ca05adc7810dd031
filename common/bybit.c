#include "common/bybit.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/bybit_internal.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"

/*
 * Time-outs of a call, ms: a reply takes 50 to 300 as a rule (F85).  Whoever
 * trades learns soon that a reply is lost, and several calls run at a time.
 */
static const struct http_opts read_opts = { .connect_ms = 4000,
	.stall_ms = 5000,
	.total_ms = 10000,
	.connections = 2 };
static const struct http_opts trade_opts = {
	.connect_ms = 3000, .stall_ms = 5000, .total_ms = 5000, .connections = 8
};

void
bybit_sign(char out[BYBIT_SIGN_MAX], const char *secret, const char *timestamp,
    const char *key, const char *window, const char *payload, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int i, n = 0;
	struct buf text;

	out[0] = '\0';
	buf_init(&text, SIZE_MAX / 2);
	buf_puts(&text, timestamp);
	buf_puts(&text, key);
	buf_puts(&text, window);
	buf_put(&text, payload, len);
	if (buf_failed(&text) == 0 &&
	    HMAC(EVP_sha256(), secret, (int)strlen(secret),
		(const unsigned char *)text.p, text.len, mac, &n) != NULL &&
	    n * 2 + 1 == BYBIT_SIGN_MAX) {
		for (i = 0; i < n; i++) {
			out[2 * i] = hex[mac[i] >> 4];
			out[2 * i + 1] = hex[mac[i] & 15];
		}
		out[2 * n] = '\0';
	}
	if (text.p != NULL)
		explicit_bzero(text.p, text.len);
	buf_release(&text);
}

/* A key or secret goes into a header: one word of printable ASCII. */
static char *
take_key(const struct settings *s, enum setting which, char *err, size_t size)
{
	const char *text = setting_str(s, which), *p;

	if (text[0] == '\0') {
		snprintf(err, size,
		    "%s is not set: expected an API key made on Bybit's site",
		    setting_name(which));
		return NULL;
	}
	for (p = text; *p > ' ' && *p < 0x7f; p++)
		;
	if (*p != '\0') {
		snprintf(err, size,
		    "%s has a blank or a byte that is not ASCII: expected it "
		    "as Bybit shows it",
		    setting_name(which));
		return NULL;
	}
	return must_have(strdup(text));
}

static int
take_url(struct bybit *b, const struct settings *s, char *err, size_t size)
{
	const char *url = "https://api.bybit.com";
	size_t n;

	if (setting_given(s, BYBIT_BASE_URL))
		url = setting_str(s, BYBIT_BASE_URL);
	else if (setting_bool(s, BYBIT_DEMO))
		url = "https://api-demo.bybit.com";
	else if (setting_bool(s, BYBIT_TESTNET))
		url = "https://api-testnet.bybit.com";
	if (http_host(url, b->host, sizeof(b->host)) == -1) {
		snprintf(
		    err, size, "BYBIT_BASE_URL=%s: %s", url, strerror(errno));
		return -1;
	}
	b->url = must_have(strdup(url));
	n = strlen(b->url);
	while (n > 0 && b->url[n - 1] == '/')
		b->url[--n] = '\0';
	return 0;
}

struct bybit *
bybit_new(const struct settings *s, int trade, char *err, size_t size)
{
	struct bybit *b = must_have(calloc(1, sizeof(*b)));
	struct http_opts o = trade ? trade_opts : read_opts;
	int own = trade &&
	    (setting_given(s, BYBIT_TRADE_API_KEY) ||
		setting_given(s, BYBIT_TRADE_API_SECRET));

	b->trade = trade;
	o.ca_file = setting_str(s, CA_FILE);
	b->key =
	    take_key(s, own ? BYBIT_TRADE_API_KEY : BYBIT_API_KEY, err, size);
	if (b->key == NULL)
		goto fail;
	b->secret = take_key(
	    s, own ? BYBIT_TRADE_API_SECRET : BYBIT_API_SECRET, err, size);
	if (b->secret == NULL || take_url(b, s, err, size) == -1)
		goto fail;
	snprintf(b->window, sizeof(b->window), "%" PRId64,
	    setting_int(s, BYBIT_RECV_WINDOW));
	b->doc = json_new();
	b->http = http_new(&o, err, size);
	if (b->http == NULL)
		goto fail;
	bybit_clock_start(&b->clock, clock_wall_ms(), clock_mono_ms());
	return b;
fail:
	bybit_free(b);
	return NULL;
}

void
bybit_free(struct bybit *b)
{
	if (b == NULL)
		return;
	http_free(b->http);
	bybit_drop_calls(b);
	json_free(b->doc);
	if (b->secret != NULL)
		explicit_bzero(b->secret, strlen(b->secret));
	free(b->secret);
	free(b->key);
	free(b->url);
	free(b);
}

const char *
bybit_host(const struct bybit *b)
{
	return b->host;
}

uint16_t
bybit_port(const struct bybit *b)
{
	return http_port(b->url);
}

int64_t
bybit_now_ms(const struct bybit *b)
{
	return bybit_clock_now(&b->clock, clock_mono_ms());
}

uint64_t
bybit_requests(const struct bybit *b)
{
	return b->requests;
}

int64_t
bybit_banned_ms(const struct bybit *b)
{
	int64_t left = b->banned_until_mono_ms - clock_mono_ms();

	return left > 0 ? left : 0;
}

void
bybit_set_trace(struct bybit *b,
    void (*trace)(void *arg, const struct bybit_trace *t), void *arg)
{
	b->trace = trace;
	b->trace_arg = arg;
}
