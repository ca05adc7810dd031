#include "webhookd/alert.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/num.h"
#include "webhookd/token.h"

#define SHOWN_MAX 48	/* bytes of a wrong value that an error shows */
#define DECIMALS_MAX 18 /* of a decimal */

/* Whole numbers from 1973 to 5138 as s, or as ms: no number is both. */
#define MS_MIN 100000000000
#define MS_MAX 99999999999999
#define S_MIN (MS_MIN / 1000)
#define S_MAX (MS_MAX / 1000)

#define EXPECTED_TIMESTAMP                                                     \
	"milliseconds or seconds since 1970, or ISO 8601 with its zone such "  \
	"as 2024-01-31T12:00:00Z"
#define EXPECTED_SYMBOL                                                        \
	"a linear symbol as BTCUSDT, BTCUSDT.P or BYBIT:BTCUSDT.P"

enum field {
	TOKEN,
	TREND,
	SYMBOL,
	PRICE,
	ACTION,
	TIMESTAMP,
	STOP_LOSS,
	TAKE_PROFIT,
	ATR,
	TEST,
	FIELDS,
};

static const char *const names[FIELDS] = {
	[TOKEN] = "token",
	[TREND] = "trendComposite",
	[SYMBOL] = "symbol",
	[PRICE] = "price",
	[ACTION] = "action",
	[TIMESTAMP] = "timestamp",
	[STOP_LOSS] = "stopLoss",
	[TAKE_PROFIT] = "takeProfit",
	[ATR] = "atr",
	[TEST] = "test",
};

/*
 * A client's text, fit to be read by a person: what is no plain ASCII stands
 * there as its bytes, for it may turn the direction of writing (F47).
 */
static void
put_shown(struct buf *b, const char *s)
{
	size_t n;

	for (n = 0; n < SHOWN_MAX && s[n] != '\0'; n++)
		if (s[n] >= 0x20 && s[n] < 0x7f)
			buf_putc(b, s[n]);
		else
			buf_printf(b, "\\x%02x", (unsigned char)s[n]);
	if (s[n] != '\0')
		buf_puts(b, "...");
}

static void
put_value(struct buf *b, const struct json *v)
{
	int flag = 0;

	if (v == NULL) {
		buf_puts(b, " is missing");
		return;
	}
	buf_puts(b, " is ");
	switch (json_type(v)) {
	case JSON_NULL:
		buf_puts(b, "null");
		break;
	case JSON_BOOL:
		(void)json_bool(v, &flag);
		buf_puts(b, flag ? "true" : "false");
		break;
	case JSON_NUMBER:
		put_shown(b, json_number(v));
		break;
	case JSON_STRING:
		buf_putc(b, '"');
		put_shown(b, json_string(v));
		buf_putc(b, '"');
		break;
	case JSON_ARRAY:
		buf_puts(b, "an array");
		break;
	case JSON_OBJECT:
		buf_puts(b, "an object");
		break;
	}
}

/* Why TradingView writes such a value, where that is known. */
static const char *
hint(const struct json *v)
{
	const char *s = json_string(v);

	if (v != NULL && json_type(v) == JSON_NULL)
		return " (TradingView writes null where a plot has no value)";
	if (s != NULL && strcmp(s, "NaN") == 0)
		return " (TradingView writes NaN where a plot has no value)";
	if (s != NULL && strstr(s, "{{") != NULL)
		return " (TradingView knows no such placeholder)";
	return "";
}

static void
put_error(struct buf *errors, enum field f, const struct json *v,
    const char *expected)
{
	struct buf text;

	buf_init(&text, 1024);
	buf_puts(&text, names[f]);
	put_value(&text, v);
	buf_printf(&text, "%s: expected %s", hint(v), expected);
	json_put_string(
	    errors, NULL, buf_failed(&text) ? names[f] : buf_cstr(&text));
	buf_release(&text);
}

/* The text of a string, or the digits of a number. */
static const char *
text_of(const struct json *v)
{
	const char *s = json_string(v);

	return s != NULL ? s : json_number(v);
}

/*
 * A decimal with the digits of its source.  A plot of a low price may have more
 * decimals than fit: nothing is traded that fine, so they are cut off, unless
 * nothing is left then.  0, or -1 where it is none.
 */
static int
get_decimal(
    const struct json *v, char out[DECIMAL_TEXT_MAX], struct decimal *value)
{
	const char *s = text_of(v), *point;
	size_t len;

	if (s == NULL)
		return -1;
	len = strlen(s);
	if (decimal_parse(value, s, len) == -1) {
		point = strchr(s, '.');
		if (errno != ERANGE || point == NULL ||
		    strlen(point) <= 1 + DECIMALS_MAX)
			return -1;
		len = (size_t)(point - s) + 1 + DECIMALS_MAX;
		if (decimal_parse(value, s, len) == -1 ||
		    decimal_sign(*value) == 0)
			return -1;
	}
	if (len >= DECIMAL_TEXT_MAX)
		return -1;
	memcpy(out, s, len);
	out[len] = '\0';
	return 0;
}

static int
get_positive(const struct json *v, char out[DECIMAL_TEXT_MAX])
{
	char text[DECIMAL_TEXT_MAX];
	struct decimal d;

	if (get_decimal(v, text, &d) == -1 || decimal_sign(d) <= 0)
		return -1;
	memcpy(out, text, sizeof(text));
	return 0;
}

/*
 * The spellings of Bybit's linear symbol NAME, and no others (F53):
 *
 *   NAME                  Bybit's own
 *   NAME.P, BYBIT:NAME.P  TradingView's, of a perpetual in USDT
 *
 * BYBIT:NAME is TradingView's for the spot pair, NAME.P in another coin is not
 * what Bybit calls NAME, and another exchange's symbol is not Bybit's: refused.
 */
static int
get_symbol(const struct json *v, char out[ALERT_SYMBOL_SIZE])
{
	static const char exchange[] = "BYBIT:", perpetual[] = ".P";
	const char *s = json_string(v), *coin;
	int prefixed;
	size_t len;

	if (s == NULL)
		return -1;
	prefixed = strncmp(s, exchange, strlen(exchange)) == 0;
	if (prefixed)
		s += strlen(exchange);
	len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
	if (len == 0 || len >= ALERT_SYMBOL_SIZE)
		return -1;
	if (s[len] == '\0' && !prefixed) {
		memcpy(out, s, len + 1);
		return 0;
	}
	coin = len > 4 ? s + len - 4 : "";
	if (strcmp(s + len, perpetual) != 0 || strncmp(coin, "USDT", 4) != 0)
		return -1;
	memcpy(out, s, len);
	out[len] = '\0';
	return 0;
}

/* "+03:30" as ms; -1 where it is no offset of a zone. */
static int64_t
zone_ms(const char *s)
{
	int64_t hours, minutes;

	if (strlen(s) != 6 || s[3] != ':' ||
	    num_parse(s + 1, 2, 0, 14, &hours) == -1 ||
	    num_parse(s + 4, 2, 0, 59, &minutes) == -1)
		return -1;
	return (hours * 60 + minutes) * 60000;
}

/* ISO 8601 with its zone: Z, or an offset such as +03:00. */
static int
get_iso(const char *s, int64_t *ms)
{
	char utc[40];
	size_t len = strlen(s);
	int64_t zone, local;
	const char *sign;

	if (len >= sizeof(utc))
		return -1;
	if (time_parse(s, len, ms) == 0)
		return 0;
	sign = len > 6 ? s + len - 6 : "";
	if (*sign != '+' && *sign != '-')
		return -1;
	zone = zone_ms(sign);
	(void)snprintf(utc, sizeof(utc), "%.*sZ", (int)(len - 6), s);
	if (zone == -1 || time_parse(utc, len - 5, &local) == -1)
		return -1;
	*ms = *sign == '+' ? local - zone : local + zone;
	return 0;
}

static int
get_timestamp(const struct json *v, int64_t *out)
{
	const char *s = text_of(v);
	int64_t n;
	size_t len;

	if (s == NULL)
		return -1;
	len = strlen(s);
	if (num_parse(s, len, MS_MIN, MS_MAX, &n) == 0) {
		*out = n;
		return 0;
	}
	if (num_parse(s, len, S_MIN, S_MAX, &n) == 0) {
		*out = n * 1000;
		return 0;
	}
	if (json_type(v) != JSON_STRING || get_iso(s, &n) == -1 || n < MS_MIN ||
	    n > MS_MAX)
		return -1;
	*out = n;
	return 0;
}

/* What the number says where no action is given. */
static int
derive_action(
    struct decimal trend, struct decimal threshold, enum alert_action *out)
{
	if (decimal_sign(trend) == 0)
		*out = ALERT_CLOSE;
	else if (decimal_cmp(trend, threshold) > 0)
		*out = ALERT_BUY;
	else if (decimal_cmp(trend, decimal_neg(threshold)) < 0)
		*out = ALERT_SELL;
	else
		return -1;
	return 0;
}

/* Where rc says that a field is wrong: one error, and 1. */
static int
wrong(struct buf *errors, const struct json *const v[FIELDS], enum field f,
    int rc, const char *expected)
{
	if (rc == 0)
		return 0;
	put_error(errors, f, v[f], expected);
	return 1;
}

/* The action, or what trendComposite makes of none; as wrong(). */
static int
read_action(struct alert *a, const struct json *const v[FIELDS],
    const struct decimal *trend, struct decimal threshold, struct buf *errors)
{
	char expected[256], limit[DECIMAL_TEXT_MAX];

	if (v[ACTION] != NULL)
		return wrong(errors, v, ACTION,
		    alert_action_get(v[ACTION], &a->action),
		    "buy, sell or close");
	if (trend == NULL || derive_action(*trend, threshold, &a->action) == 0)
		return 0;
	(void)decimal_format(limit, threshold);
	(void)snprintf(expected, sizeof(expected),
	    "buy, sell or close, for trendComposite %s is neither above %s nor "
	    "below -%s nor 0",
	    a->trend, limit, limit);
	return wrong(errors, v, ACTION, -1, expected);
}

/* Whether it is to close, as far as can be told; trend: NULL where none is. */
static int
closes(const struct json *const v[FIELDS], const struct decimal *trend)
{
	enum alert_action action;

	if (v[ACTION] == NULL)
		return trend != NULL && decimal_sign(*trend) == 0;
	return alert_action_get(v[ACTION], &action) == 0 &&
	    action == ALERT_CLOSE;
}

/*
 * A number that entries alone need: as wrong(), but nothing that stands there
 * keeps a position from being closed.
 */
static int
entry_number(struct buf *errors, const struct json *const v[FIELDS],
    enum field f, int rc, char *text, int close, const char *expected)
{
	if (rc == 0 || !close)
		return wrong(errors, v, f, rc, expected);
	*text = '\0';
	return 0;
}

/* The schema, every field of it; the number of errors. */
static int
read_fields(struct alert *a, const struct json *const v[FIELDS],
    struct decimal threshold, struct buf *errors)
{
	static const char positive[] = "a decimal above 0, such as 47500.5";
	struct decimal trend;
	int bad, close, rc;

	rc = get_decimal(v[TREND], a->trend, &trend);
	close = closes(v, rc == 0 ? &trend : NULL);
	bad = entry_number(errors, v, TREND, rc, a->trend, close,
	    "a decimal, such as 4 or -3.5");
	bad += read_action(a, v, rc == 0 ? &trend : NULL, threshold, errors);
	bad += wrong(errors, v, SYMBOL, get_symbol(v[SYMBOL], a->symbol),
	    EXPECTED_SYMBOL);
	bad += entry_number(errors, v, PRICE, get_positive(v[PRICE], a->price),
	    a->price, close, positive);
	if (v[TIMESTAMP] != NULL)
		bad += wrong(errors, v, TIMESTAMP,
		    get_timestamp(v[TIMESTAMP], &a->timestamp_ms),
		    EXPECTED_TIMESTAMP);
	if (v[STOP_LOSS] != NULL)
		bad += entry_number(errors, v, STOP_LOSS,
		    get_positive(v[STOP_LOSS], a->stop_loss), a->stop_loss,
		    close, positive);
	if (v[TAKE_PROFIT] != NULL)
		bad += entry_number(errors, v, TAKE_PROFIT,
		    get_positive(v[TAKE_PROFIT], a->take_profit),
		    a->take_profit, close, positive);
	if (v[ATR] != NULL)
		bad += entry_number(errors, v, ATR,
		    get_positive(v[ATR], a->atr), a->atr, close, positive);
	if (v[TEST] != NULL)
		bad += wrong(errors, v, TEST, json_bool(v[TEST], &a->test),
		    "true or false");
	return bad;
}

/*
 * The first thing that is no JSON and that TradingView is known to write, with
 * the string before it in *key; or NULL.
 */
static const char *
bare_word(const char *s, const char **key)
{
	*key = "";
	while (*s != '\0') {
		if (strncmp(s, "NaN", 3) == 0)
			return "NaN is not JSON (TradingView writes it where a "
			       "plot has no value)";
		if (strncmp(s, "{{", 2) == 0)
			return "a placeholder was not filled in "
			       "(TradingView knows no such one, or it lacks "
			       "its quotes)";
		if (*s++ != '"')
			continue;
		*key = s; /* up to its quote */
		while (*s != '\0' && *s != '"')
			s += *s == '\\' && s[1] != '\0' ? 2 : 1;
		if (*s == '"')
			s++;
	}
	return NULL;
}

/* Why it is no JSON, and of which field, where that can be told. */
static void
explain(struct buf *errors, const char *body, const char *error)
{
	const char *key, *why = bare_word(body, &key);
	struct buf text;
	size_t len;

	buf_init(&text, 1024);
	for (int f = TOKEN; why != NULL && f < FIELDS; f++) {
		len = strlen(names[f]);
		if (strncmp(key, names[f], len) == 0 && key[len] == '"')
			buf_printf(&text, "%s: ", names[f]);
	}
	buf_puts(&text, why != NULL ? why : error);
	json_put_string(errors, NULL, buf_cstr(&text));
	buf_release(&text);
}

/* Of the bytes of body, the token's left out. */
static int
digest_body(unsigned char out[ALERT_DIGEST_SIZE], const char *body, size_t len,
    const char *token)
{
	const char *end = body + len, *hit;
	size_t token_len = strlen(token);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int ok;

	ok = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
	while (ok && body < end) {
		hit = memmem(body, (size_t)(end - body), token, token_len);
		if (hit == NULL)
			hit = end;
		/* A NUL, which no JSON has, for the token. */
		ok = EVP_DigestUpdate(md, body, (size_t)(hit - body)) == 1 &&
		    (hit == end || EVP_DigestUpdate(md, "", 1) == 1);
		body = hit == end ? end : hit + token_len;
	}
	ok = ok && EVP_DigestFinal_ex(md, out, NULL) == 1;
	EVP_MD_CTX_free(md);
	return ok ? 0 : -1;
}

enum alert_status
alert_parse(struct alert *a, struct json_doc *doc, char *body, size_t len,
    const char *token, struct decimal threshold, struct buf *errors)
{
	struct alert got = { .timestamp_ms = -1 };
	const struct json *root, *v[FIELDS];
	const char *guess;

	root = json_parse(doc, body, len);
	if (root == NULL) {
		explain(errors, body, json_error(doc));
		return ALERT_NOT_JSON;
	}
	if (json_type(root) != JSON_OBJECT) {
		json_put_string(errors, NULL,
		    "it is JSON, but no object: expected {\"token\":…}");
		return ALERT_NOT_JSON;
	}
	json_pick(root, names, FIELDS, v);
	guess = json_string(v[TOKEN]);
	/* A string has no NUL inside, so its length is that of the guess. */
	if (guess == NULL || !token_equal(token, guess, strlen(guess)))
		return ALERT_BAD_TOKEN;
	if (read_fields(&got, v, threshold, errors) > 0)
		return ALERT_BAD;
	if (got.timestamp_ms == -1 &&
	    digest_body(got.digest, body, len, token) == -1)
		return ALERT_FAILED;
	*a = got;
	return ALERT_OK;
}

int
alert_id(char id[ALERT_ID_SIZE], const struct alert *a, int64_t received_ms)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char md[EVP_MAX_MD_SIZE], text[256];
	int n;

	if (a->timestamp_ms != -1)
		n = snprintf((char *)text, sizeof(text), "%s\n%s\n%lld\n%d",
		    alert_action_name(a->action), a->symbol,
		    (long long)a->timestamp_ms, a->test);
	else
		n = snprintf((char *)text, sizeof(text), "%s\n%s\n\n%d\n%lld\n",
		    alert_action_name(a->action), a->symbol, a->test,
		    (long long)received_ms);
	if (n < 0 || (size_t)n + sizeof(a->digest) > sizeof(text))
		return -1;
	if (a->timestamp_ms == -1) {
		memcpy(text + n, a->digest, sizeof(a->digest));
		n += (int)sizeof(a->digest);
	}
	if (EVP_Digest(text, (size_t)n, md, NULL, EVP_sha256(), NULL) != 1)
		return -1;
	for (size_t i = 0; i < ALERT_ID_SIZE - 1; i++)
		id[i] = hex[i % 2 == 0 ? md[i / 2] >> 4 : md[i / 2] & 15];
	id[ALERT_ID_SIZE - 1] = '\0';
	return 0;
}

static void
put_given(struct buf *b, const char *key, const char *digits)
{
	if (*digits != '\0')
		json_put_string(b, key, digits);
}

void
alert_line(struct buf *b, const struct alert *a, const char *id,
    int64_t received_ms, const char *source)
{
	char timestamp[24];

	json_open_object(b, NULL);
	json_put_string(b, "type", "alert");
	json_put_string(b, "id", id);
	json_put_time(b, "time", received_ms);
	json_put_string(b, "source", source);
	json_put_string(b, "action", alert_action_name(a->action));
	json_put_string(b, "symbol", a->symbol);
	put_given(b, "trend_composite", a->trend);
	put_given(b, "price", a->price);
	if (a->timestamp_ms != -1) {
		(void)snprintf(timestamp, sizeof(timestamp), "%lld",
		    (long long)a->timestamp_ms);
		json_put_string(b, "timestamp", timestamp);
	}
	put_given(b, "stop_loss", a->stop_loss);
	put_given(b, "take_profit", a->take_profit);
	put_given(b, "atr", a->atr);
	if (a->test)
		json_put_bool(b, "test", 1);
	json_close_object(b);
	buf_putc(b, '\n');
}
