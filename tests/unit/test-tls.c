/*
 * TLS of the listener: settings, reload, expiry, versions, client certificates,
 * and connections that end at every moment of it (F48).
 *
 * Not tested: revocation, which is not looked at; cipher suites, which are the
 * system's.  e2e/listener-tls plays the same with curl and s_client.
 */
#include "webhookd/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/settings.h"
#include "tests/unit/scratch.h"
#include "webhookd/server.h"

#define DAY 86400

static char dir[SCRATCH_SIZE];
static char err[512];

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};
static struct identity authority, stranger;

static void
put_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* A certificate for names (NULL: an authority), which ends in so many days. */
static struct identity
make(const struct identity *by, const char *names, long days)
{
	struct identity i = { EVP_EC_gen("P-256"), X509_new() };
	X509_NAME *subject;

	assert_non_null(i.key);
	assert_non_null(i.cert);
	(void)X509_set_version(i.cert, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(i.cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(i.cert), -10L * DAY);
	(void)X509_gmtime_adj(X509_getm_notAfter(i.cert), days * DAY);
	(void)X509_set_pubkey(i.cert, i.key);
	subject = X509_get_subject_name(i.cert);
	(void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)(names != NULL ? "cn.example" : "authority"),
	    -1, -1, 0);
	(void)X509_set_issuer_name(
	    i.cert, by != NULL ? X509_get_subject_name(by->cert) : subject);
	if (names != NULL)
		put_extension(i.cert, NID_subject_alt_name, names);
	else
		put_extension(
		    i.cert, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(
	    X509_sign(i.cert, by != NULL ? by->key : i.key, EVP_sha256()) > 0);
	return i;
}

static void
release(struct identity *i)
{
	EVP_PKEY_free(i->key);
	X509_free(i->cert);
}

static const char *
path(const char *name)
{
	static char p[8][128];
	static int n;

	n = (n + 1) % 8;
	(void)snprintf(p[n], sizeof(p[n]), "%s/%s", dir, name);
	return p[n];
}

static void
save(const struct identity *i, const char *cert, const char *key)
{
	FILE *f = fopen(path(cert), "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, i->cert), 1);
	assert_int_equal(fclose(f), 0);
	if (key == NULL)
		return;
	f = fopen(path(key), "w");
	assert_non_null(f);
	assert_int_equal(
	    PEM_write_PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
}

static void
save_new(const char *names, long days, const char *cert, const char *key)
{
	struct identity i = make(&authority, names, days);

	save(&i, cert, key);
	release(&i);
}

static void
set(const char *name, const char *file)
{
	if (file != NULL)
		(void)setenv(name, path(file), 1);
	else
		(void)unsetenv(name);
}

static struct settings *
settings(const char *cert, const char *key, const char *ca, const char *names)
{
	struct buf e, w;
	struct settings *s;

	set("WEBHOOK_TLS_CERT", cert);
	set("WEBHOOK_TLS_KEY", key);
	set("WEBHOOK_CLIENT_CA", ca);
	(void)setenv("WEBHOOK_CLIENT_NAME", names != NULL ? names : "", 1);
	buf_init(&e, 1u << 16);
	buf_init(&w, 1u << 16);
	s = settings_read("/dev/null", &e, &w);
	if (s == NULL)
		fail_msg("%s", buf_cstr(&e));
	buf_release(&e);
	buf_release(&w);
	return s;
}

static int
setup(void **arg)
{
	(void)arg;
	(void)alarm(60);
	(void)signal(SIGPIPE, SIG_IGN);
	scratch_make(dir, "tls");
	(void)umask(077); /* keys that others can read are refused */
	authority = make(NULL, NULL, 100);
	stranger = make(NULL, NULL, 100);
	save(&authority, "ca.pem", NULL);
	save_new("DNS:hook.example", 100, "good.pem", "good.key");
	save_new("DNS:hook.example", 10, "other.pem", "other.key");
	save_new("DNS:hook.example", 10, "open.pem", "open.key");
	if (chmod(path("open.key"), 0644) == -1)
		return -1;
	save_new("DNS:hook.example", -1, "expired.pem", "expired.key");
	return 0;
}

static int
teardown(void **arg)
{

	(void)arg;
	release(&authority);
	release(&stranger);
	return scratch_remove(dir);
}

static void
test_settings(void **arg)
{
	static const struct {
		const char *cert, *key, *ca, *names;
		const char *says; /* NULL: it is fine */
	} c[] = {
		{ NULL, NULL, NULL, NULL, NULL },
		{ "good.pem", "good.key", NULL, NULL, NULL },
		{ "good.pem", "good.key", "ca.pem", "a.example", NULL },
		/* Said by its alarm: a stage that ends serves nobody. */
		{ "expired.pem", "expired.key", NULL, NULL, NULL },
		{ "good.pem", "good.key", "ca.pem", NULL,
		    "WEBHOOK_CLIENT_NAME" },
		{ "good.pem", "good.key", NULL, "a.example",
		    "WEBHOOK_CLIENT_CA" },
		{ NULL, NULL, "ca.pem", "a.example", "WEBHOOK_TLS_CERT" },
		{ "good.pem", "other.key", NULL, NULL, "WEBHOOK_TLS_KEY=" },
		{ "absent.pem", "good.key", NULL, NULL, "WEBHOOK_TLS_CERT=" },
		{ "good.pem", "absent.key", NULL, NULL, "WEBHOOK_TLS_KEY=" },
		{ "open.pem", "open.key", NULL, NULL, "chmod 600" },
		{ "good.key", "good.key", NULL, NULL, "WEBHOOK_TLS_CERT=" },
		{ "good.pem", "good.key", "absent.pem", "a.example",
		    "WEBHOOK_CLIENT_CA=" },
		{ "good.pem", "good.key", "good.key", "a.example",
		    "WEBHOOK_CLIENT_CA=" },
	};
	struct settings *s;
	struct tls *t;
	size_t i;
	int rc;

	(void)arg;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		s = settings(c[i].cert, c[i].key, c[i].ca, c[i].names);
		t = NULL;
		rc = tls_new(&t, s, err, sizeof(err));
		if (rc != (c[i].says == NULL ? 0 : -1))
			fail_msg("%zu: %d: %s", i, rc, err);
		if (rc == 0)
			assert_int_equal(t != NULL, c[i].cert != NULL);
		else if (strstr(err, c[i].says) == NULL)
			fail_msg("%s: lacks %s", err, c[i].says);
		tls_free(t);
		settings_free(s);
	}
}

/* A key behind a passphrase is refused; nobody is asked for it. */
static void
test_passphrase(void **arg)
{
	struct identity i = make(&authority, "DNS:hook.example", 10);
	struct settings *s = settings("locked.pem", "locked.key", NULL, NULL);
	struct tls *t = NULL;
	FILE *f;

	(void)arg;
	save(&i, "locked.pem", NULL);
	f = fopen(path("locked.key"), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, i.key, EVP_aes_128_cbc(),
			     (const unsigned char *)"secret", 6, NULL, NULL),
	    1);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(tls_new(&t, s, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "passphrase"));
	settings_free(s);
	release(&i);
}

static void
copy(const char *from, const char *to, long len)
{
	FILE *in = fopen(path(from), "r"), *out = fopen(path(to), "w");
	char b[8192];
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	n = fread(b, 1, sizeof(b), in);
	if (len >= 0 && (size_t)len < n)
		n = (size_t)len;
	assert_int_equal(fwrite(b, 1, n, out), n);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

static void
test_reload(void **arg)
{
	struct settings *s = settings("now.pem", "now.key", NULL, NULL);
	const int64_t now = clock_wall_ms(), day = 1000LL * DAY;
	SSL_CTX *first;
	struct tls *t;

	(void)arg;
	copy("good.pem", "now.pem", -1);
	copy("good.key", "now.key", -1);
	assert_int_equal(tls_new(&t, s, err, sizeof(err)), 0);
	first = tls_context(t);
	assert_in_range(tls_expires_ms(t), now + 99 * day, now + 101 * day);

	/* Half of a rotation, a half-written file, an expired one. */
	copy("other.pem", "now.pem", -1);
	assert_int_equal(tls_reload(t, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "WEBHOOK_TLS_KEY="));
	copy("other.pem", "now.pem", 300);
	assert_int_equal(tls_reload(t, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "WEBHOOK_TLS_CERT="));
	copy("expired.pem", "now.pem", -1);
	copy("expired.key", "now.key", -1);
	assert_int_equal(tls_reload(t, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "expired"));
	(void)unlink(path("now.pem"));
	assert_int_equal(tls_reload(t, err, sizeof(err)), -1);
	assert_ptr_equal(tls_context(t), first);
	assert_in_range(tls_expires_ms(t), now + 99 * day, now + 101 * day);

	copy("other.pem", "now.pem", -1);
	copy("other.key", "now.key", -1);
	assert_int_equal(tls_reload(t, err, sizeof(err)), 0);
	assert_in_range(tls_expires_ms(t), now + 9 * day, now + 11 * day);
	tls_free(t);
	settings_free(s);
}

/*
 * A listener with TLS, and a client of it.
 */
static struct event_base *base;
static struct server *server;
static int handled, gone;
static struct request *held;
static int hold;

static void
handler(void *arg, struct request *r)
{
	(void)arg;
	handled++;
	if (hold)
		held = r;
	else
		request_reply(r, 200, "text/plain", "done", 4);
}

static void
on_gone(void *arg, struct request *r)
{
	(void)arg;
	(void)r;
	gone++;
	held = NULL;
}

static void
start(struct tls *t, int64_t deadline_ms)
{
	struct server_opts o = { .listen = "127.0.0.1:0",
		.tls = t,
		.header_max = 1024,
		.body_max = 1024,
		.deadline_ms = deadline_ms,
		.answer_ms = 5000,
		.connections = 4,
		.per_address = 3,
		.handler = handler,
		.gone = on_gone };

	handled = gone = hold = 0;
	held = NULL;
	base = event_base_new();
	assert_non_null(base);
	o.base = base;
	server = server_new(&o, err, sizeof(err));
	if (server == NULL)
		fail_msg("%s", err);
}

static void
finish(void)
{
	int64_t end = clock_mono_ms() + 5000;

	while (server_active(server) > 0 && clock_mono_ms() < end)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(server_active(server), 0);
	server_free(server);
	event_base_free(base);
}

static int
dial(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void
turns(int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	do
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	while (clock_mono_ms() < end);
}

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	char reply[2048];
};

/* SSL_ERROR_NONE where op went well; does the listener's work meanwhile. */
static int
wait_for(struct client *c, int rc)
{
	int e = rc > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, rc);

	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? -1 : e;
}

/* The handshake: SSL_ERROR_NONE, or what became of it. */
static int
client_open(struct client *c, const struct identity *i, int version)
{
	int e;

	c->ctx = SSL_CTX_new(TLS_client_method());
	assert_non_null(c->ctx);
	SSL_CTX_set_security_level(c->ctx, 0);
	if (version != 0) {
		(void)SSL_CTX_set_min_proto_version(c->ctx, version);
		(void)SSL_CTX_set_max_proto_version(c->ctx, version);
	}
	if (i != NULL) {
		(void)SSL_CTX_use_certificate(c->ctx, i->cert);
		(void)SSL_CTX_use_PrivateKey(c->ctx, i->key);
	}
	c->fd = dial();
	c->ssl = SSL_new(c->ctx);
	assert_non_null(c->ssl);
	(void)SSL_set_fd(c->ssl, c->fd);
	(void)evutil_make_socket_nonblocking(c->fd);
	do
		e = wait_for(c, SSL_connect(c->ssl));
	while (e == -1);
	return e;
}

static void
client_close(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	(void)close(c->fd);
}

#define ALERT "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"

static int
client_put(struct client *c, const char *text)
{
	int e;

	do
		e = wait_for(c, SSL_write(c->ssl, text, (int)strlen(text)));
	while (e == -1);
	return e;
}

/* What the server answers, or 0; how it ended in *end. */
static int
client_get(struct client *c, int *end)
{
	int e, n;
	size_t used = 0;

	do {
		n = SSL_read(c->ssl, c->reply + used,
		    (int)(sizeof(c->reply) - 1 - used));
		if (n > 0)
			used += (size_t)n;
		e = wait_for(c, n);
	} while (e == -1 || e == SSL_ERROR_NONE);
	c->reply[used] = '\0';
	*end = e;
	return strncmp(c->reply, "HTTP/1.1 ", 9) == 0 ? atoi(c->reply + 9) : 0;
}

static int
ask(const struct identity *i, int version)
{
	struct client c;
	int end, status = 0;

	if (client_open(&c, i, version) == SSL_ERROR_NONE &&
	    client_put(&c, ALERT) == SSL_ERROR_NONE) {
		status = client_get(&c, &end);
		/* A polite end: nobody has cut the answer short. */
		if (status != 0)
			assert_int_equal(end, SSL_ERROR_ZERO_RETURN);
	}
	client_close(&c);
	return status;
}

static void
test_versions(void **arg)
{
	struct settings *s = settings("good.pem", "good.key", NULL, NULL);
	struct client c;
	struct tls *t;
	int end;

	(void)arg;
	assert_int_equal(tls_new(&t, s, err, sizeof(err)), 0);
	start(t, 5000);
	assert_int_equal(ask(NULL, TLS1_VERSION), 0);
	assert_int_equal(ask(NULL, TLS1_1_VERSION), 0);
	assert_int_equal(ask(NULL, TLS1_2_VERSION), 200);
	assert_int_equal(ask(NULL, TLS1_3_VERSION), 200);
	assert_int_equal(handled, 2);

	/* No ticket, nothing to resume, no compression, no renegotiation. */
	assert_int_equal(client_open(&c, NULL, TLS1_2_VERSION), SSL_ERROR_NONE);
	assert_null(SSL_get_current_compression(c.ssl));
	assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(c.ssl)), 0);
	assert_int_equal(SSL_renegotiate(c.ssl), 1);
	do
		end = wait_for(&c, SSL_do_handshake(c.ssl));
	while (end == -1);
	assert_int_equal(end, SSL_ERROR_SSL);
	client_close(&c);
	assert_int_equal(client_open(&c, NULL, TLS1_3_VERSION), SSL_ERROR_NONE);
	assert_int_equal(client_put(&c, ALERT), SSL_ERROR_NONE);
	assert_int_equal(client_get(&c, &end), 200);
	assert_int_equal(SSL_SESSION_is_resumable(SSL_get0_session(c.ssl)), 0);
	client_close(&c);
	/* HTTP in the clear is no handshake. */
	end = dial();
	assert_int_equal(send(end, ALERT, strlen(ALERT), 0), strlen(ALERT));
	(void)shutdown(end, SHUT_WR);
	finish();
	(void)close(end);
	assert_int_equal(handled, 3);
	tls_free(t);
	settings_free(s);
}

static void
test_clients(void **arg)
{
	static const struct {
		const char *names;
		int by_stranger, days, status;
	} c[] = {
		{ "email:webhook-server@tradingview.com", 0, 10, 200 },
		{ "DNS:a.example", 0, 10, 200 },
		{ "DNS:other.example,DNS:A.example", 0, 10, 200 },
		{ "DNS:b.example", 0, 10, 403 },
		/* The subject is cn.example, and does not count. */
		{ "IP:127.0.0.1", 0, 10, 403 },
		{ "DNS:*.example", 0, 10, 403 },
		{ "email:other@tradingview.com", 0, 10, 403 },
		{ "DNS:webhook-server@tradingview.com", 0, 10, 403 },
		{ "DNS:a.example", 0, -1, 0 },
		{ "DNS:a.example", 1, 10, 0 },
	};
	struct settings *s = settings("good.pem", "good.key", "ca.pem",
	    "webhook-server@tradingview.com, a.example,cn.example");
	struct identity i;
	struct tls *t;
	size_t n;
	int status;

	(void)arg;
	assert_int_equal(tls_new(&t, s, err, sizeof(err)), 0);
	start(t, 5000);
	for (n = 0; n < sizeof(c) / sizeof(c[0]); n++) {
		i = make(c[n].by_stranger ? &stranger : &authority, c[n].names,
		    c[n].days);
		/* Where the chain is wrong TLS 1.3 tells only afterwards. */
		status = ask(&i, n % 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
		if (status != c[n].status)
			fail_msg("%s: %d", c[n].names, status);
		release(&i);
	}
	assert_int_equal(handled, 3);
	/* None at all. */
	assert_int_equal(ask(NULL, 0), 403);
	assert_int_equal(handled, 3);
	finish();
	tls_free(t);
	settings_free(s);
}

static void
test_ends(void **arg)
{
	struct settings *s = settings("good.pem", "good.key", NULL, NULL);
	struct client c, more[4];
	int64_t begin;
	struct tls *t;
	int end, fd, i;

	(void)arg;
	assert_int_equal(tls_new(&t, s, err, sizeof(err)), 0);
	start(t, 600);

	/* A handshake that stalls has the deadline of a request. */
	begin = clock_mono_ms();
	fd = dial();
	turns(20);
	assert_int_equal(server_active(server), 1);
	assert_int_equal(send(fd, "\x16\x03\x01", 3, 0), 3);
	while (server_active(server) > 0)
		turns(1);
	assert_in_range(clock_mono_ms() - begin, 590, 20000);
	(void)close(fd);

	/* So has a request after it. */
	begin = clock_mono_ms();
	assert_int_equal(client_open(&c, NULL, 0), SSL_ERROR_NONE);
	assert_int_equal(client_put(&c, "POST"), SSL_ERROR_NONE);
	assert_int_equal(client_get(&c, &end), 408);
	assert_in_range(clock_mono_ms() - begin, 590, 20000);
	client_close(&c);

	/* A client that says that it writes no more still gets its answer. */
	for (hold = 0; hold <= 1; hold++) {
		assert_int_equal(client_open(&c, NULL, 0), SSL_ERROR_NONE);
		assert_int_equal(client_put(&c, ALERT), SSL_ERROR_NONE);
		(void)SSL_shutdown(c.ssl);
		(void)shutdown(c.fd, SHUT_WR);
		turns(50);
		if (hold)
			request_reply(held, 200, "text/plain", "done", 4);
		assert_int_equal(client_get(&c, &end), 200);
		client_close(&c);
	}
	assert_int_equal(gone, 0);

	/* Reset while the handler has it. */
	hold = 1;
	held = NULL;
	assert_int_equal(client_open(&c, NULL, 0), SSL_ERROR_NONE);
	assert_int_equal(client_put(&c, ALERT), SSL_ERROR_NONE);
	/* The client's kernel waits for no acknowledgement of ours: 40 ms. */
	turns(25);
	assert_non_null(held);
	(void)setsockopt(c.fd, SOL_SOCKET, SO_LINGER,
	    &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	client_close(&c);
	turns(10);
	assert_int_equal(gone, 1);
	assert_int_equal(server_active(server), 0);

	/* Caps are told after the handshake: the oldest slow one gives way. */
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    client_open(&more[i], NULL, 0), SSL_ERROR_NONE);
	assert_int_equal(client_get(&more[0], &end), 429);
	for (i = 1; i < 4; i++)
		assert_int_equal(client_put(&more[i], ALERT), SSL_ERROR_NONE);
	turns(25);
	client_close(&more[0]);
	assert_int_equal(client_open(&more[0], NULL, 0), SSL_ERROR_NONE);
	assert_int_equal(client_get(&more[0], &end), 429);
	assert_int_equal(gone, 1);
	for (i = 0; i < 4; i++)
		client_close(&more[i]);
	turns(25);
	assert_int_equal(gone, 4);
	finish();
	tls_free(t);
	settings_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_passphrase),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
