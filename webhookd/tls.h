/*
 * tls - certificate, key and client check of the public listener (F48).
 *
 * TLS 1.2 and later, no renegotiation, no compression, no tickets.  A reload
 * builds a new context and takes its place only where certificate and key
 * match; else the old one stays.
 */
#ifndef SLUICE_WEBHOOKD_TLS_H
#define SLUICE_WEBHOOKD_TLS_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

struct settings;
struct tls;

/*
 * From WEBHOOK_TLS_CERT, _KEY, WEBHOOK_CLIENT_CA, _NAME.  *out is NULL where
 * neither file is set.  0, or -1 with a message in err (the setting, its value,
 * what is expected).
 */
int tls_new(struct tls **out, const struct settings *s, char *err, size_t size);
void tls_free(struct tls *t);

/* Read the files again (SIGHUP).  0, or -1 with err; the old ones then stay. */
int tls_reload(struct tls *t, char *err, size_t size);

/* The context of now, for a new connection. */
SSL_CTX *tls_context(const struct tls *t);

/* When the certificate ends, wall clock ms: for the alarm of 14 days. */
int64_t tls_expires_ms(const struct tls *t);

/* 1 where the handshake's peer may pass: no client CA, or chain and name fit.
 */
int tls_peer_ok(const struct tls *t, const SSL *ssl);

#endif
