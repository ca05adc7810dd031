#include "notifier/invites.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

#define TABLE "invites"

/* The hash of a code, and the id that begins it. */
static int
hash_code(
    const char *code, char id[INVITE_ID_SIZE], char hash[INVITE_HASH_SIZE])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(code, strlen(code), md, &len, EVP_sha256(), NULL) != 1 ||
	    len != (INVITE_HASH_SIZE - 1) / 2)
		return -1;
	for (unsigned int i = 0; i < len; i++)
		(void)snprintf(hash + 2 * i, 3, "%02x", md[i]);
	memcpy(id, hash, INVITE_ID_SIZE - 1);
	id[INVITE_ID_SIZE - 1] = '\0';
	return 0;
}

int
invite_draw(struct invite *v, char code[INVITE_CODE_SIZE])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < INVITE_CODE_SIZE - 1; i++)
		code[i] = letters[arc4random_uniform(sizeof(letters) - 1)];
	code[INVITE_CODE_SIZE - 1] = '\0';
	return hash_code(code, v->id, v->hash);
}

int64_t
invite_over_ms(const struct invite *v)
{
	return v->used_ms != 0 ? v->used_ms : v->expires_ms;
}

const char *
invite_state(const struct invite *v, int64_t now_ms)
{
	if (v->used_ms != 0)
		return "used";
	return now_ms >= v->expires_ms ? "expired" : "open";
}

static void
write_members(struct buf *b, const struct invite *v)
{
	json_put_string(b, "id", v->id);
	json_put_int(b, "balance", v->balance);
	if (v->lang[0] != '\0')
		json_put_string(b, "lang", v->lang);
	json_put_time(b, "made", v->made_ms);
	json_put_time(b, "expires", v->expires_ms);
	if (v->used_ms != 0) {
		json_put_time(b, "used", v->used_ms);
		json_put_string(b, "subscriber", v->subscriber);
	}
}

void
invite_write(struct buf *b, const struct invite *v, int64_t now_ms)
{
	json_open_object(b, NULL);
	write_members(b, v);
	json_put_string(b, "state", invite_state(v, now_ms));
	json_close_object(b);
}

static int
parse(struct invite *out, const struct json *v)
{
	const struct json *lang = json_get(v, "lang");
	const struct json *used = json_get(v, "used");

	memset(out, 0, sizeof(*out));
	if (row_take_text(out->id, sizeof(out->id), json_get(v, "id")) == -1 ||
	    row_take_text(out->hash, sizeof(out->hash), json_get(v, "hash")) ==
		-1 ||
	    json_int(json_get(v, "balance"), 0, BALANCE_MAX, &out->balance) ==
		-1 ||
	    json_time(json_get(v, "made"), &out->made_ms) == -1 ||
	    json_time(json_get(v, "expires"), &out->expires_ms) == -1)
		return -1;
	if (lang != NULL &&
	    row_take_text(out->lang, sizeof(out->lang), lang) == -1)
		return -1;
	if (used == NULL)
		return 0;
	return json_time(used, &out->used_ms) == -1
	    ? -1
	    : row_take_text(out->subscriber, sizeof(out->subscriber),
		  json_get(v, "subscriber"));
}

static enum store_error
read_row(struct row *r, const char *id, const char *val, size_t len, void *out)
{
	const struct json *v = json_parse_copy(r->doc, &r->text, val, len);

	if (v != NULL && parse(out, v) == 0)
		return STORE_OK;
	return row_bad(r, "the row of invite '%.12s' cannot be read", id);
}

enum store_error
invite_get(
    struct row *r, struct store_txn *t, const char *id, struct invite *out)
{
	return row_find(r, t, TABLE, id, read_row, out);
}

enum store_error
invite_find(
    struct row *r, struct store_txn *t, const char *code, struct invite *out)
{
	char id[INVITE_ID_SIZE], hash[INVITE_HASH_SIZE];
	enum store_error e;

	if (hash_code(code, id, hash) == -1)
		return STORE_FAIL;
	e = invite_get(r, t, id, out);
	if (e == STORE_OK && CRYPTO_memcmp(out->hash, hash, sizeof(hash)) != 0)
		return STORE_NOTFOUND;
	return e;
}

enum store_error
invite_put(struct store_txn *t, const struct invite *v)
{
	struct store_key key;
	struct buf b;

	buf_init(&b, ROW_MAX);
	json_open_object(&b, NULL);
	write_members(&b, v);
	json_put_string(&b, "hash", v->hash);
	json_close_object(&b);
	row_key(&key, v->id);
	return row_put(t, TABLE, &key, &b);
}

enum store_error
invite_del(struct store_txn *t, const char *id)
{
	return row_del(t, TABLE, id);
}

enum store_error
invite_list(struct row *r, struct store_txn *t, const char *after,
    struct invite *out, size_t max, size_t *n)
{
	return row_list(
	    r, t, TABLE, after, read_row, out, sizeof(*out), max, n);
}
