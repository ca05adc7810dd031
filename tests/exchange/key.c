#include "tests/exchange/key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/num.h"

#define WINDOW_DEFAULT "5000"

static const char all_rights[] =
    "{\"permissions\":{\"ContractTrade\":[\"Order\",\"Position\"],"
    "\"Spot\":[\"SpotTrade\"],\"Wallet\":[\"AccountTransfer\","
    "\"SubMemberTransfer\"],\"Options\":[\"OptionsTrade\"],"
    "\"Derivatives\":[\"DerivativesTrade\"],\"CopyTrading\":[],"
    "\"BlockTrade\":[],\"Exchange\":[\"ExchangeHistory\"],\"NFT\":[],"
    "\"Affiliate\":[],\"Earn\":[],\"FiatP2P\":[],\"FiatConvertBroker\":[],"
    "\"FiatGlobalPay\":[],\"FiatBitPay\":[],\"BitCard\":[],\"ByXPost\":[]},"
    "\"ips\":[\"*\"]}";

/* Take rights and addresses from a JSON text, which is overwritten. */
static int
take_rights(struct key *k, char *text, size_t len)
{
	struct json_doc *doc = json_new();
	const struct json *root;

	if (doc == NULL)
		return -1;
	root = json_parse(doc, text, len);
	if (root == NULL) {
		json_free(doc);
		return -1;
	}
	json_free(k->doc);
	k->doc = doc;
	k->permissions = json_get(root, "permissions");
	k->ips = json_get(root, "ips");
	return 0;
}

void
key_init(struct key *k, const char *name, const char *secret)
{
	char text[sizeof(all_rights)];

	*k = (struct key){ .name = name, .secret = secret, .valid = 1 };
	memcpy(text, all_rights, sizeof(text));
	if (take_rights(k, text, sizeof(text) - 1) == -1)
		die(EX_OSERR, "unable to keep the key");
}

void
key_release(struct key *k)
{
	json_free(k->doc);
	k->doc = NULL;
}

static int
strings(const struct json *list)
{
	const struct json *v;

	if (json_type(list) != JSON_ARRAY)
		return 0;
	for (v = json_first(list); v != NULL; v = json_next(v))
		if (json_string(v) == NULL)
			return 0;
	return 1;
}

static int
bad(char *err, size_t size, const char *text)
{
	(void)snprintf(err, size, "%s", text);
	return -1;
}

/* The rights that a change leaves, as JSON. */
static void
write_rights(struct buf *b, const struct key *k, const struct json *permissions,
    const struct json *ips)
{
	const struct json *v;

	json_open_object(b, NULL);
	json_open_object(b, "permissions");
	for (v = json_first(k->permissions); v != NULL; v = json_next(v))
		if (permissions == NULL ||
		    json_get(permissions, json_key(v)) == NULL)
			json_put(b, json_key(v), v);
	for (v = permissions != NULL ? json_first(permissions) : NULL;
	     v != NULL; v = json_next(v))
		json_put(b, json_key(v), v);
	json_close_object(b);
	json_put(b, "ips", ips != NULL ? ips : k->ips);
	json_close_object(b);
}

int
key_change(
    struct key *k, const struct json *change, int dry, char *err, size_t size)
{
	static const char *const names[] = { "readOnly", "expired", "valid",
		"permissions", "ips" };
	const struct json *in[5], *v;
	int64_t read_only = k->read_only;
	int expired = k->expired, valid = k->valid, status = 0;
	struct buf b;

	json_pick(change, names, 5, in);
	if (in[0] != NULL && json_int(in[0], 0, 1, &read_only) == -1)
		return bad(err, size, "readOnly: 0 or 1 is expected");
	if ((in[1] != NULL && json_bool(in[1], &expired) == -1) ||
	    (in[2] != NULL && json_bool(in[2], &valid) == -1))
		return bad(
		    err, size, "expired, valid: true or false is expected");
	if (in[3] != NULL && json_type(in[3]) != JSON_OBJECT)
		return bad(err, size, "permissions: an object is expected");
	for (v = in[3] != NULL ? json_first(in[3]) : NULL; v != NULL;
	     v = json_next(v))
		if (!strings(v))
			return bad(err, size,
			    "permissions: lists of strings are expected");
	if (in[4] != NULL && !strings(in[4]))
		return bad(err, size, "ips: a list of strings is expected");
	if (dry)
		return 0;
	if (in[3] != NULL || in[4] != NULL) {
		buf_init(&b, 64u << 10);
		write_rights(&b, k, in[3], in[4]);
		if (buf_cstr(&b) == NULL || take_rights(k, b.p, b.len) == -1)
			status = bad(err, size, "unable to keep the rights");
		buf_release(&b);
	}
	k->read_only = (int)read_only;
	k->expired = expired;
	k->valid = valid;
	return status;
}

void
key_sign(char out[SIGN_SIZE], const char *secret, const char *timestamp,
    const char *key, const char *window, const char *payload, size_t len)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	struct buf b;

	buf_init(&b, 16u << 20);
	buf_puts(&b, timestamp);
	buf_puts(&b, key);
	buf_puts(&b, window);
	buf_put(&b, payload, len);
	if (buf_failed(&b) != 0 ||
	    HMAC(EVP_sha256(), secret, (int)strlen(secret),
		(unsigned char *)b.p, b.len, md, &n) == NULL ||
	    n != 32)
		die(EX_SOFTWARE, "unable to sign");
	for (unsigned int i = 0; i < n; i++)
		(void)snprintf(out + (size_t)i * 2, 3, "%02x", md[i]);
	buf_release(&b);
}

static int
in_list(const struct json *list, const char *word)
{
	const struct json *v;

	if (list == NULL)
		return 0;
	for (v = json_first(list); v != NULL; v = json_next(v))
		if (strcmp(json_string(v), word) == 0)
			return 1;
	return 0;
}

static int
has_right(const struct key *k, enum right right)
{
	const struct json *contract = json_get(k->permissions, "ContractTrade");
	const struct json *wallet = json_get(k->permissions, "Wallet");

	switch (right) {
	case RIGHT_ANY:
		return 1;
	case RIGHT_ORDER:
		return in_list(contract, "Order");
	case RIGHT_POSITION:
		return in_list(contract, "Position");
	case RIGHT_WALLET:
		return wallet != NULL && json_first(wallet) != NULL;
	}
	return 0;
}

static int
check_time(const char *timestamp, const char *window, int64_t now_ms,
    struct reply *rep)
{
	int64_t then, recv;

	if (num_parse(window, strlen(window), 0, 3600000, &recv) == -1)
		return reply_refuse(
		    rep, now_ms, 10001, "params error: recv_window invalid");
	if (num_parse(timestamp, strlen(timestamp), 0, INT64_MAX, &then) == -1)
		return reply_refuse(
		    rep, now_ms, 10001, "params error: timestamp invalid");
	if (then >= now_ms - recv && then < now_ms + 1000)
		return 0;
	return reply_refuse(rep, now_ms, 10002,
	    "%s req_timestamp[%s],server_timestamp[%lld],recv_window[%s]",
	    code_text(10002), timestamp, (long long)now_ms, window);
}

int
key_check(const struct key *k, const struct request *r, enum right right,
    int changes, int64_t now_ms, struct reply *rep)
{
	const char *window = r->window != NULL ? r->window : WINDOW_DEFAULT;
	const int post = strcmp(r->method, "POST") == 0;
	char sign[SIGN_SIZE];

	if (r->api_key == NULL || r->timestamp == NULL || r->sign == NULL)
		return reply_page(rep, 401, "text/plain", "");
	if (check_time(r->timestamp, window, now_ms, rep) == -1)
		return -1;
	if (!k->valid || strcmp(r->api_key, k->name) != 0)
		return reply_refuse(rep, now_ms, 10003, "%s", code_text(10003));
	if (k->expired)
		return reply_refuse(rep, now_ms, 33004, "%s", code_text(33004));
	/* The header as it came, or nothing, is part of what is signed. */
	key_sign(sign, k->secret, r->timestamp, r->api_key,
	    r->window != NULL ? r->window : "", post ? r->body : r->query,
	    post ? r->len : strlen(r->query));
	if (strlen(r->sign) != strlen(sign) ||
	    CRYPTO_memcmp(r->sign, sign, strlen(sign)) != 0)
		return reply_refuse(rep, now_ms, 10004,
		    "error sign! origin_string[%s%s%s%.300s]", r->timestamp,
		    r->api_key, r->window != NULL ? r->window : "",
		    post ? r->body : r->query);
	if (!in_list(k->ips, "*") && !in_list(k->ips, r->ip))
		return reply_refuse(rep, now_ms, 10010, "%s", code_text(10010));
	if (!has_right(k, right) || (changes && k->read_only))
		return reply_refuse(rep, now_ms, 10005, "%s", code_text(10005));
	return 0;
}
