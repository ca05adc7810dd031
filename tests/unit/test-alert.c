/*
 * alert: the schema, field by field and type by type; normal forms, ids, the
 * line for risker.  F11 (digits kept), F42 (placeholders, null, NaN), F43
 * (duplicate keys, case, trailing text), F44 (NUL), F45 (newlines), F46
 * (nesting), F47 (UTF-8), F53 (spellings of symbols), F07 (one instant, one
 * id), F09 (tokens).
 *
 * The ids were made with sha256sum from the texts that alert.h describes.
 *
 * Not tested here: sizes and framing (the listener), that the comparison of
 * tokens takes constant time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/json.h"
#include "webhookd/alert.h"

#define TOKEN "k9P$Xz83!vW@b12N#rTe"
#define T "\"token\":\"" TOKEN "\""
#define GOOD "{" T ",\"trendComposite\":4,\"symbol\":\"BTCUSDT\",\"price\":1"

static struct json_doc *doc;
static struct buf errors;

static int
setup(void **state)
{
	(void)state;
	doc = json_new();
	buf_init(&errors, 1 << 20);
	return doc == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	json_free(doc);
	buf_release(&errors);
	return 0;
}

static enum alert_status
parse_bytes(struct alert *a, const char *body, size_t len)
{
	char *copy = malloc(len + 1);
	enum alert_status st;
	struct decimal three = decimal_from_int(3);

	assert_non_null(copy);
	memcpy(copy, body, len);
	copy[len] = '\0';
	buf_clear(&errors);
	st = alert_parse(a, doc, copy, len, TOKEN, three, &errors);
	free(copy);
	assert_int_equal(buf_failed(&errors), 0);
	return st;
}

static enum alert_status
parse(struct alert *a, const char *body)
{
	return parse_bytes(a, body, strlen(body));
}

static void
good(struct alert *a, const char *body)
{
	enum alert_status st = parse(a, body);

	if (st != ALERT_OK)
		fail_msg("%s: status %d: %s", body, (int)st, buf_cstr(&errors));
}

/* Refused, with errors that hold this text. */
static void
bad(enum alert_status expected, const char *body, const char *part)
{
	struct alert a;
	enum alert_status st = parse(&a, body);
	const char *text = buf_cstr(&errors);

	if (st != expected)
		fail_msg("%s: status %d: %s", body, (int)st, text);
	if (strstr(text, part) == NULL)
		fail_msg("%s: no '%s' in: %s", body, part, text);
}

static void
example(void **state)
{
	struct alert a;

	(void)state;
	good(&a,
	    "{" T ",\"trendComposite\":4,\"symbol\":\"BTCUSDT\",\"action\":"
	    "\"buy\",\"timestamp\":\"1640995200000\",\"price\":\"47500.00\"}");
	assert_int_equal(a.action, ALERT_BUY);
	assert_string_equal(a.symbol, "BTCUSDT");
	assert_string_equal(a.trend, "4");
	assert_string_equal(a.price, "47500.00");
	assert_true(a.timestamp_ms == 1640995200000);
	assert_string_equal(a.stop_loss, "");
	assert_string_equal(a.take_profit, "");
	assert_string_equal(a.atr, "");
	assert_int_equal(a.test, 0);
}

/* Nothing else is told before the token is right. */
static void
tokens(void **state)
{
	static const char *const wrong[] = {
		"{}",
		"{\"trendComposite\":null}",
		"{\"token\":\"\",\"trendComposite\":4}",
		"{\"token\":null}",
		"{\"token\":1}",
		"{\"token\":[\"" TOKEN "\"]}",
		"{\"Token\":\"" TOKEN "\"}",
		"{\"token\":\"k9P$Xz83!vW@b12N#rT\"}",
		"{\"token\":\"" TOKEN "x\"}",
		"{\"token\":\"K9P$Xz83!vW@b12N#rTe\"}",
		"{\"token\":\" " TOKEN "\"}",
	};
	struct alert a;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		bad(ALERT_BAD_TOKEN, wrong[i], "");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(parse(&a, wrong[i]), ALERT_BAD_TOKEN);
		assert_int_equal(errors.len, 0);
	}
	/* F44: a NUL does not end it. */
	bad(ALERT_NOT_JSON, "{\"token\":\"" TOKEN "\\u0000x\"}", "");
	/* An escape is the character that it stands for. */
	good(&a,
	    "{\"token\":\"\\u006b9P$Xz83!vW@b12N#rTe\",\"trendComposite\":4,"
	    "\"symbol\":\"BTCUSDT\",\"price\":1}");
}

static void
not_json(void **state)
{
	static const struct {
		const char *body, *part;
	} cases[] = {
		{ "", "" }, { "buy BTCUSDT", "" }, { "[" T "]", "" },
		{ "[]", "no object" }, { "\"" TOKEN "\"", "no object" },
		{ "null", "no object" }, { GOOD "} {}", "" }, /* F43 */
		{ GOOD ",\"price\":2}", "" },		      /* F43 */
		{ GOOD ",\"x\":\"a\nb\"}", "" },	      /* F45 */
		{ GOOD ",\"x\":\"\\u0000\"}", "" },	      /* F44 */
		{ GOOD ",\"x\":\"\xff\"}", "" },	      /* F47 */
		{ GOOD ",\"x\":\"\xc0\xaf\"}", "" },	      /* F47 */
		{ GOOD ",\"x\":\"\\ud800\"}", "" },	      /* F47 */
		{ GOOD ",}", "" },
		{ "{" T ",\"trendComposite\":NaN}",
		    "trendComposite: NaN is not JSON" }, /* F42 */
		{ "{" T ",\"symbol\":\"NaN\",\"price\":NaN}",
		    "price: NaN is not JSON" },
		{ "{" T ",\"price\":{{close}}}", "price: a placeholder" },
		{ "{" T ",\"x\":\"NaN {{close}}\",\"price\":1,}",
		    "byte" }, /* in a string it is not what is wrong */
	};
	struct alert a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bad(ALERT_NOT_JSON, cases[i].body, cases[i].part);
		assert_null(strstr(buf_cstr(&errors), TOKEN));
	}
	/* F44: a NUL byte in the text, and behind it. */
	assert_int_equal(parse_bytes(&a, GOOD "\0}", sizeof(GOOD "\0}") - 1),
	    ALERT_NOT_JSON);
	assert_int_equal(parse_bytes(&a, GOOD "}\0", sizeof(GOOD "}\0") - 1),
	    ALERT_NOT_JSON);
}

/* F46 */
static void
nesting(void **state)
{
	static char body[100000 + 256];
	struct alert a;
	int n;

	(void)state;
	for (size_t depth = 1000; depth <= 100000; depth *= 100) {
		n = snprintf(body, sizeof(body), "%s,\"x\":", GOOD);
		memset(body + n, '[', depth);
		body[(size_t)n + depth] = '\0';
		assert_int_equal(parse(&a, body), ALERT_NOT_JSON);
	}
}

/* The body with one field as given, "" to leave it out; the rest is good. */
static const char *
with(const char *field, const char *value)
{
	static const char *const all[][2] = {
		{ "trendComposite", "4" },
		{ "symbol", "\"BTCUSDT\"" },
		{ "price", "\"47500.00\"" },
	};
	static char body[4096];
	size_t n;

	n = (size_t)snprintf(body, sizeof(body), "{" T);
	for (size_t i = 0; i < 3; i++)
		if (strcmp(all[i][0], field) != 0)
			n += (size_t)snprintf(body + n, sizeof(body) - n,
			    ",\"%s\":%s", all[i][0], all[i][1]);
	if (*value != '\0')
		n += (size_t)snprintf(
		    body + n, sizeof(body) - n, ",\"%s\":%s", field, value);
	(void)snprintf(body + n, sizeof(body) - n, "}");
	return body;
}

/* F42: every field with every type, and what TradingView leaves behind. */
static void
types(void **state)
{
	static const char *const fields[] = { "trendComposite", "symbol",
		"price", "action", "timestamp", "stopLoss", "takeProfit", "atr",
		"test" };
	static const struct {
		const char *value, *shown;
	} wrong[] = {
		{ "null", " is null (TradingView writes null" },
		{ "[1]", " is an array: expected " },
		{ "{\"a\":1}", " is an object: expected " },
		{ "\"\"", " is \\\"\\\": expected " },
		{ "\"{{close}}\"",
		    " is \\\"{{close}}\\\" (TradingView knows no such" },
		{ "\"{{plot_0}}\"", " is \\\"{{plot_0}}\\\" (Trad" },
		{ "\"NaN\"", " is \\\"NaN\\\" (TradingView writes NaN" },
		{ "\" 1\"", " is \\\" 1\\\": expected " },
		{ "\"1e3\"", " is \\\"1e3\\\": expected " },
		{ "1e3", " is 1e3: expected " },
		{ "\"0x10\"", " is \\\"0x10\\\": expected " },
		{ "\"47,500\"", " is \\\"47,500\\\": expected " },
		{ "-1e-5", " is -1e-5: expected " },
	};
	char part[128];

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		for (size_t j = 0; j < sizeof(wrong) / sizeof(*wrong); j++) {
			(void)snprintf(part, sizeof(part), "\"%s%s", fields[i],
			    wrong[j].shown);
			bad(ALERT_BAD, with(fields[i], wrong[j].value), part);
		}
}

static void
fields(void **state)
{
	static const struct {
		const char *field, *value, *error; /* NULL: it is good */
	} cases[] = {
		{ "trendComposite", "", "trendComposite is missing" },
		{ "trendComposite", "true", "trendComposite is true" },
		{ "trendComposite", "\"+4\"", "expected a decimal" },
		{ "trendComposite", "-4.5", NULL },
		{ "trendComposite", "\"-4.50\"", NULL },
		{ "trendComposite", "3.000000000000000001", NULL },
		{ "symbol", "", "symbol is missing" },
		{ "symbol", "1", "symbol is 1" },
		{ "price", "", "price is missing" },
		{ "price", "0", "price is 0: expected a decimal above 0" },
		{ "price", "\"0.00\"", "price is" },
		{ "price", "-1", "price is -1" },
		{ "price", "false", "price is false" },
		{ "price", "\"47500.\"", "price is" },
		{ "price", "170141183460469231732", "price is 1701" },
		{ "price", "0.0000000000000000001", "price is" },
		{ "price", "0.000000000000000001", NULL },
		{ "action", "\"BUY\"", "action is \\\"BUY\\\"" },
		{ "action", "\"long\"", "expected buy, sell or close" },
		{ "action", "1", "action is 1" },
		{ "action", "\"close\"", NULL },
		{ "stopLoss", "0", "stopLoss is 0" },
		{ "stopLoss", "46550", NULL },
		{ "takeProfit", "\"-1\"", "takeProfit is" },
		{ "takeProfit", "\"50000.5\"", NULL },
		{ "atr", "0.0", "atr is 0.0" },
		{ "atr", "250", NULL },
		{ "test", "1", "test is 1: expected true or false" },
		{ "test", "\"true\"", "test is \\\"true\\\"" },
		{ "test", "false", NULL },
		{ "timestamp", "true", "timestamp is true" },
		{ "comment", "null", NULL },
		{ "comment", "[{\"symbol\":\"X\"}]", NULL },
		{ "Symbol", "\"ETHUSDT\"", NULL },
	};
	struct alert a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (cases[i].error == NULL)
			good(&a, with(cases[i].field, cases[i].value));
		else
			bad(ALERT_BAD, with(cases[i].field, cases[i].value),
			    cases[i].error);
	/* All that is wrong is told at once. */
	bad(ALERT_BAD, "{" T ",\"price\":null}", "\"trendComposite is missing");
	assert_non_null(strstr(buf_cstr(&errors), "\"symbol is missing"));
	assert_non_null(strstr(buf_cstr(&errors), "\"price is null"));
	/* F47: what turns the direction of writing is shown as bytes. */
	bad(ALERT_BAD, with("symbol", "\"\xe2\x80\xae\""),
	    "symbol is \\\"\\\\xe2\\\\x80\\\\xae\\\"");
}

/* F11: the digits are those of the source. */
static void
digits(void **state)
{
	struct alert a;

	(void)state;
	good(&a, with("price", "47500.00"));
	assert_string_equal(a.price, "47500.00");
	good(&a, with("price", "9007199254740993.10"));
	assert_string_equal(a.price, "9007199254740993.10");
	good(&a, with("price", "0.00000001"));
	assert_string_equal(a.price, "0.00000001");
	good(&a, with("atr", "\"250.10\""));
	assert_string_equal(a.atr, "250.10");
	good(&a, with("takeProfit", "1.50"));
	assert_string_equal(a.take_profit, "1.50");
	good(&a, with("stopLoss", "\"1.0\""));
	assert_string_equal(a.stop_loss, "1.0");
	good(&a, with("trendComposite", "4.0"));
	assert_string_equal(a.trend, "4.0");
	/* A double of TradingView's: 17 digits, of a coin of half a cent. */
	good(&a, with("stopLoss", "0.0051234567890123456"));
	assert_string_equal(a.stop_loss, "0.005123456789012345");
	good(&a, with("atr", "\"0.00012345678901234567\""));
	assert_string_equal(a.atr, "0.000123456789012345");
	good(&a, with("price", "4.00000000000000000000"));
	assert_string_equal(a.price, "4.00000000000000000000");
	bad(ALERT_BAD, with("atr", "0.00012345678901234567e2"), "atr is");
	bad(ALERT_BAD, with("atr", "\"0.0001234567890123456.7\""), "atr is");
	/* What is left of it would be 0, which closes. */
	bad(ALERT_BAD, with("trendComposite", "0.0000000000000000001"),
	    "trendComposite is 0.0000000000000000001");
}

/* F53: exactly these. */
static void
symbols(void **state)
{
	static const struct {
		const char *text, *symbol; /* NULL: refused */
	} cases[] = {
		{ "BTCUSDT", "BTCUSDT" },
		{ "BTCUSDT.P", "BTCUSDT" },
		{ "BYBIT:BTCUSDT.P", "BTCUSDT" },
		{ "1000PEPEUSDT.P", "1000PEPEUSDT" },
		{ "BTCPERP", "BTCPERP" },
		{ "BTC-27DEC24", "BTC-27DEC24" },
		/* Another symbol, which nobody allows: risker's to refuse. */
		{ "BTCUSDTPERP", "BTCUSDTPERP" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456",
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567", NULL },
		{ "BYBIT:BTCUSDT", NULL }, /* the spot pair */
		{ "BTCUSDC.P", NULL },	   /* Bybit calls it BTCPERP */
		{ "BTCUSD.P", NULL },	   /* inverse */
		{ "USDT.P", NULL },
		{ "BINANCE:BTCUSDT.P", NULL },
		{ "BYBIT:BYBIT:BTCUSDT.P", NULL },
		{ "bybit:BTCUSDT.P", NULL },
		{ "btcusdt", NULL },
		{ "BTCUSDT.p", NULL },
		{ "BTCUSDT.P.P", NULL },
		{ "BTCUSDT.PS", NULL },
		{ "BTC/USDT", NULL },
		{ " BTCUSDT", NULL },
		{ "BTCUSDT ", NULL },
		{ ".P", NULL },
		{ "BYBIT:.P", NULL },
		{ "BYBIT:", NULL },
	};
	char value[128];
	struct alert a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		(void)snprintf(value, sizeof(value), "\"%s\"", cases[i].text);
		if (cases[i].symbol == NULL) {
			bad(ALERT_BAD, with("symbol", value), "symbol is");
			continue;
		}
		good(&a, with("symbol", value));
		assert_string_equal(a.symbol, cases[i].symbol);
	}
}

static void
timestamps(void **state)
{
	static const struct {
		const char *value;
		int64_t ms; /* -1: refused */
	} cases[] = {
		{ "\"1640995200000\"", 1640995200000 },
		{ "1640995200000", 1640995200000 },
		{ "\"1640995200\"", 1640995200000 },
		{ "1640995200", 1640995200000 },
		{ "\"2022-01-01T00:00:00Z\"", 1640995200000 },
		{ "\"2022-01-01T00:00:00.000Z\"", 1640995200000 },
		{ "\"2022-01-01T03:00:00+03:00\"", 1640995200000 },
		{ "\"2021-12-31T18:30:00-05:30\"", 1640995200000 },
		{ "\"2022-01-01T00:00:00+00:00\"", 1640995200000 },
		{ "\"2022-01-01T00:00:00.250Z\"", 1640995200250 },
		{ "\"2022-01-01T00:00:00.250+00:00\"", 1640995200250 },
		{ "100000000000", 100000000000 },  /* the first as ms */
		{ "99999999999", 99999999999000 }, /* the last as s */
		{ "100000000", 100000000000 },	   /* the first as s */
		{ "99999999", -1 },
		{ "100000000000000", -1 },
		{ "0", -1 },
		{ "-1640995200000", -1 },
		{ "1640995200.5", -1 },
		{ "1640995200000.0", -1 },
		{ "\"1640995200000Z\"", -1 },
		{ "\"2022-01-01T00:00:00\"", -1 }, /* whose time? */
		{ "\"2022-01-01\"", -1 },
		{ "\"2022-02-30T00:00:00Z\"", -1 },
		{ "\"2022-01-01T00:00:00+3:00\"", -1 },
		{ "\"2022-01-01T00:00:00+15:00\"", -1 },
		{ "\"2022-01-01T00:00:00+03:60\"", -1 },
		{ "\"2022-01-01T00:00:00Z+03:00\"", -1 },
		{ "\"+03:00\"", -1 },
		{ "\"1970-01-01T00:00:00Z\"", -1 },
		{ "\"2022-01-01T00:00:00.00000000000000000000000Z\"", -1 },
	};
	struct alert a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (cases[i].ms == -1) {
			bad(ALERT_BAD, with("timestamp", cases[i].value),
			    "timestamp is");
			continue;
		}
		good(&a, with("timestamp", cases[i].value));
		if (a.timestamp_ms != cases[i].ms)
			fail_msg("%s: %lld", cases[i].value,
			    (long long)a.timestamp_ms);
	}
	good(&a, with("timestamp", ""));
	assert_true(a.timestamp_ms == -1);
}

static void
derived_actions(void **state)
{
	static const struct {
		const char *trend;
		int action; /* -1: refused */
	} cases[] = {
		{ "4", ALERT_BUY },
		{ "3.000000000000000001", ALERT_BUY },
		{ "3", -1 },
		{ "2.9", -1 },
		{ "0.000000000000000001", -1 },
		{ "0", ALERT_CLOSE },
		{ "0.00", ALERT_CLOSE },
		{ "-0", ALERT_CLOSE },
		{ "-0.1", -1 },
		{ "-3", -1 },
		{ "-3.01", ALERT_SELL },
		{ "\"-4\"", ALERT_SELL },
	};
	struct alert a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (cases[i].action == -1) {
			bad(ALERT_BAD, with("trendComposite", cases[i].trend),
			    "action is missing: expected buy, sell or close");
			continue;
		}
		good(&a, with("trendComposite", cases[i].trend));
		assert_int_equal(a.action, cases[i].action);
	}
	/* close closes, and buy and sell are risker's to judge. */
	good(&a,
	    "{" T ",\"trendComposite\":4,\"symbol\":\"BTCUSDT\",\"price\":1,"
	    "\"action\":\"close\"}");
	assert_int_equal(a.action, ALERT_CLOSE);
	good(&a,
	    "{" T ",\"trendComposite\":-4,\"symbol\":\"BTCUSDT\",\"price\":1,"
	    "\"action\":\"buy\"}");
	assert_int_equal(a.action, ALERT_BUY);
}

static void
id_of(char id[ALERT_ID_SIZE], const char *body, int64_t received_ms)
{
	struct alert a;

	good(&a, body);
	assert_int_equal(alert_id(id, &a, received_ms), 0);
}

#define ID_BUY "1dfcd4efc5ab2d2ee626c20cd72303c8"

static void
ids(void **state)
{
	static const char *const same[] = {
		GOOD ",\"timestamp\":1640995200000}",
		GOOD ",\"timestamp\":\"1640995200\"}",
		GOOD ",\"timestamp\":\"2022-01-01T00:00:00Z\",\"test\":false}",
		GOOD ",\"timestamp\":1640995200000,\"stopLoss\":\"0.5\"}",
		"{\"timestamp\":1640995200, \"action\":\"buy\",\"price\":9,"
		"\"symbol\":\"BYBIT:BTCUSDT.P\",\"trendComposite\":\"5\"," T
		"}",
	};
	char id[ALERT_ID_SIZE], other[ALERT_ID_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		id_of(id, same[i], 1000 + (int64_t)i);
		assert_string_equal(id, ID_BUY);
	}
	id_of(id,
	    "{" T ",\"trendComposite\":-4,\"symbol\":\"ETHUSDT.P\",\"price\":"
	    "\"2\",\"timestamp\":1640995200,\"test\":true}",
	    1);
	assert_string_equal(id, "8905a43d8ec8c6f4fdb06c3c823b8197");
	id_of(id,
	    "{" T ",\"trendComposite\":0,\"symbol\":\"BTCUSDT\",\"price\":"
	    "\"2\",\"timestamp\":\"2022-01-01T00:00:00.5Z\"}",
	    1);
	assert_string_equal(id, "f67a27edfe925be59a1305390f37eb90");
	/* Without a timestamp: by receipt and bytes. */
	id_of(id, GOOD "}", 1000);
	id_of(other, GOOD "}", 1000);
	assert_string_equal(id, other);
	id_of(other, GOOD "}", 1001);
	assert_string_not_equal(id, other);
	id_of(other, GOOD " }", 1000);
	assert_string_not_equal(id, other);
}

/* The digest is of the bytes, and not of those of the token. */
static void
digests(void **state)
{
	struct alert a, b;
	char body[512];

	(void)state;
	good(&a, GOOD "}");
	good(&b, GOOD "}");
	assert_memory_equal(a.digest, b.digest, sizeof(a.digest));
	good(&b, GOOD " }");
	assert_memory_not_equal(a.digest, b.digest, sizeof(a.digest));
	good(&a, GOOD ",\"x\":\"\"}");
	good(&b, GOOD ",\"x\":\"" TOKEN "\"}");
	assert_memory_not_equal(a.digest, b.digest, sizeof(a.digest));
	good(&a, GOOD "}");
	(void)snprintf(body, sizeof(body),
	    "{\"token\":\"other\",\"trendComposite\":4,\"symbol\":\"BTCUSDT\","
	    "\"price\":1}");
	assert_int_equal(alert_parse(&b, doc, body, strlen(body), "other",
			     decimal_from_int(3), &errors),
	    ALERT_OK);
	assert_memory_equal(a.digest, b.digest, sizeof(a.digest));
}

static void
check_line(const char *body, const char *expected)
{
	struct alert a;
	struct buf b;

	good(&a, body);
	buf_init(&b, 4096);
	alert_line(&b, &a, ID_BUY, 1700000000123, "52.89.214.238");
	assert_string_equal(buf_cstr(&b), expected);
	buf_release(&b);
}

static void
lines(void **state)
{
	(void)state;
	check_line(GOOD ",\"timestamp\":\"1640995200\"}",
	    "{\"type\":\"alert\",\"id\":\"" ID_BUY "\",\"time\":"
	    "\"2023-11-14T22:13:20.123Z\",\"source\":\"52.89.214.238\","
	    "\"action\":\"buy\",\"symbol\":\"BTCUSDT\",\"trend_composite\":"
	    "\"4\",\"price\":\"1\",\"timestamp\":\"1640995200000\"}\n");
	check_line(
	    "{" T ",\"trendComposite\":\"-4.0\",\"symbol\":\"BYBIT:ETHUSDT.P\","
	    "\"price\":2500.10,\"stopLoss\":2550,\"takeProfit\":\"2400\","
	    "\"atr\":25.0,\"test\":true,\"comment\":\"x\\n{}\"}",
	    "{\"type\":\"alert\",\"id\":\"" ID_BUY "\",\"time\":"
	    "\"2023-11-14T22:13:20.123Z\",\"source\":\"52.89.214.238\","
	    "\"action\":\"sell\",\"symbol\":\"ETHUSDT\",\"trend_composite\":"
	    "\"-4.0\",\"price\":\"2500.10\",\"stop_loss\":\"2550\","
	    "\"take_profit\":\"2400\",\"atr\":\"25.0\",\"test\":true}\n");
}

#define CLOSE_LINE(more)                                                       \
	"{\"type\":\"alert\",\"id\":\"" ID_BUY "\",\"time\":"                  \
	"\"2023-11-14T22:13:20.123Z\",\"source\":\"52.89.214.238\","           \
	"\"action\":\"close\",\"symbol\":\"BTCUSDT\"" more "}\n"

/* Whatever an entry would need, a position is closed without. */
static void
closes(void **state)
{
	(void)state;
	check_line("{" T ",\"action\":\"close\",\"symbol\":\"BTCUSDT\"}",
	    CLOSE_LINE(""));
	check_line("{" T ",\"action\":\"close\",\"symbol\":\"BTCUSDT\","
		   "\"trendComposite\":null,\"price\":null,\"stopLoss\":0,"
		   "\"takeProfit\":\"x\",\"atr\":-1}",
	    CLOSE_LINE(""));
	check_line("{" T ",\"trendComposite\":0,\"symbol\":\"BTCUSDT\","
		   "\"price\":\"{{close}}\",\"stopLoss\":5}",
	    CLOSE_LINE(",\"trend_composite\":\"0\",\"stop_loss\":\"5\""));
	/* What says whether it is a close, of what, and which one. */
	bad(ALERT_BAD, "{" T ",\"symbol\":\"BTCUSDT\",\"price\":1}",
	    "trendComposite is missing");
	bad(ALERT_BAD, "{" T ",\"action\":\"close\"}", "symbol is missing");
	bad(ALERT_BAD,
	    "{" T ",\"action\":\"close\",\"symbol\":\"BTCUSDT\","
	    "\"timestamp\":\"x\"}",
	    "timestamp is");
	bad(ALERT_BAD,
	    "{" T ",\"action\":\"close\",\"symbol\":\"BTCUSDT\","
	    "\"test\":1}",
	    "test is 1");
}

#define U(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		U(example),
		U(tokens),
		U(not_json),
		U(nesting),
		U(types),
		U(fields),
		U(digits),
		U(symbols),
		U(timestamps),
		U(derived_actions),
		U(ids),
		U(digests),
		U(lines),
		U(closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
