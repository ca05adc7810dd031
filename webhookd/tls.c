#include "webhookd/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"

/* Of TLS 1.2: forward secrecy, and none of the CBC modes (Lucky 13). */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls {
	const struct settings *settings;
	SSL_CTX *ctx;
	int64_t expires_ms;
	int checks_client;
};

/* A key that needs a passphrase must not ask a terminal for it. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

/* What the library had against a file; "" where it said nothing. */
static const char *
reason(void)
{
	unsigned long e = ERR_peek_error();
	const char *text = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e))
					       : ERR_reason_error_string(e);

	return text != NULL ? text : "";
}

static int
wrong(char *err, size_t size, const struct settings *s, enum setting which,
    const char *why, const char *expected)
{
	(void)snprintf(err, size, "%s=%s: %s%sexpected %s", setting_name(which),
	    setting_str(s, which), why, *why != '\0' ? ": " : "", expected);
	return -1;
}

/* As of the other files with a secret (settings.c): F105. */
static int
is_open_to_all(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

static int
load_files(SSL_CTX *ctx, const struct settings *s, char *err, size_t size)
{
	if (SSL_CTX_use_certificate_chain_file(
		ctx, setting_str(s, WEBHOOK_TLS_CERT)) != 1)
		return wrong(err, size, s, WEBHOOK_TLS_CERT, reason(),
		    "a PEM file with a certificate, and its chain behind it");
	if (is_open_to_all(setting_str(s, WEBHOOK_TLS_KEY)))
		return wrong(err, size, s, WEBHOOK_TLS_KEY,
		    "it is open to everybody",
		    "a file that its owner alone can read: chmod 600");
	if (SSL_CTX_use_PrivateKey_file(
		ctx, setting_str(s, WEBHOOK_TLS_KEY), SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return wrong(err, size, s, WEBHOOK_TLS_KEY, reason(),
		    "a PEM file with the certificate's key, without a "
		    "passphrase");
	if (!setting_given(s, WEBHOOK_CLIENT_CA))
		return 0;
	if (SSL_CTX_load_verify_file(ctx, setting_str(s, WEBHOOK_CLIENT_CA)) !=
	    1)
		return wrong(err, size, s, WEBHOOK_CLIENT_CA, reason(),
		    "a PEM file with certificates of authorities");
	/* Who presents none gets an answer that says so: tls_peer_ok. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return 0;
}

/* When the certificate of ctx ends, ms; 0: it does not say. */
static int64_t
expiry(const SSL_CTX *ctx)
{
	const X509 *cert = SSL_CTX_get0_certificate(ctx);
	struct tm tm;

	if (cert == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm) * 1000;
}

static SSL_CTX *
build(const struct settings *s, char *err, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, CIPHERS) != 1) {
		(void)snprintf(err, size, "unable to start TLS: %s",
		    ERR_reason_error_string(ERR_get_error()));
		goto fail;
	}
	(void)SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
		SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* One request a connection: nothing to resume. */
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* 34 KiB less for a connection that waits for its answer. */
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (load_files(ctx, s, err, size) == -1)
		goto fail;
	ERR_clear_error();
	return ctx;
fail:
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return NULL;
}

/*
 * A client check that would check nothing: say so rather than start.
 * settings.c sees to certificate and key.
 */
static int
check_client_settings(const struct settings *s, char *err, size_t size)
{
	static const enum setting needs[][2] = {
		{ WEBHOOK_CLIENT_CA, WEBHOOK_TLS_CERT },
		{ WEBHOOK_CLIENT_CA, WEBHOOK_CLIENT_NAME },
		{ WEBHOOK_CLIENT_NAME, WEBHOOK_CLIENT_CA },
	};
	size_t i;

	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (setting_given(s, needs[i][0]) &&
		    !setting_given(s, needs[i][1])) {
			(void)snprintf(err, size,
			    "%s=%s: %s is expected beside it",
			    setting_name(needs[i][0]),
			    setting_str(s, needs[i][0]),
			    setting_name(needs[i][1]));
			return -1;
		}
	return 0;
}

int
tls_new(struct tls **out, const struct settings *s, char *err, size_t size)
{
	struct tls *t;

	if (check_client_settings(s, err, size) == -1)
		return -1;
	if (!setting_given(s, WEBHOOK_TLS_CERT)) {
		*out = NULL;
		return 0;
	}
	t = must_have(calloc(1, sizeof(*t)));
	t->settings = s;
	t->checks_client = setting_given(s, WEBHOOK_CLIENT_CA);
	t->ctx = build(s, err, size);
	if (t->ctx == NULL) {
		tls_free(t);
		return -1;
	}
	t->expires_ms = expiry(t->ctx);
	*out = t;
	return 0;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

int
tls_reload(struct tls *t, char *err, size_t size)
{
	SSL_CTX *ctx = build(t->settings, err, size);

	if (ctx == NULL)
		return -1;
	if (expiry(ctx) <= clock_wall_ms()) {
		SSL_CTX_free(ctx);
		return wrong(err, size, t->settings, WEBHOOK_TLS_CERT,
		    "it has expired", "a certificate that has not expired");
	}
	/* Connections of the old one hold it until they end. */
	SSL_CTX_free(t->ctx);
	t->ctx = ctx;
	t->expires_ms = expiry(ctx);
	return 0;
}

SSL_CTX *
tls_context(const struct tls *t)
{
	return t->ctx;
}

int64_t
tls_expires_ms(const struct tls *t)
{
	return t->expires_ms;
}

static int
bears(X509 *cert, const char *name)
{
	if (strchr(name, '@') != NULL)
		return X509_check_email(cert, name, 0,
			   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) == 1;
	return X509_check_host(cert, name, 0,
		   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		       X509_CHECK_FLAG_NO_WILDCARDS,
		   NULL) == 1;
}

int
tls_peer_ok(const struct tls *t, const SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	const char *name;
	size_t i;

	if (!t->checks_client)
		return 1;
	if (cert == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
		return 0;
	for (i = 0;
	     (name = setting_item(t->settings, WEBHOOK_CLIENT_NAME, i)) != NULL;
	     i++)
		if (bears(cert, name))
			return 1;
	return 0;
}
