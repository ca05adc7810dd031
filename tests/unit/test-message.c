/*
 * message: the texts of all kinds, byte for byte, in both languages; losses,
 * shorts, estimates, tests, numbers, symbols, times in a zone.
 *
 * Not tested here: what differ puts into a signal, and who gets the text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/json.h"
#include "notifier/message.h"
#include "notifier/templates_internal.h"

static struct templates *
built_in(void)
{
	char err[256] = "";
	struct templates *t = templates_new("", err, sizeof(err));

	if (t == NULL)
		fail_msg("%s", err);
	return t;
}

static void
check(int alarm, const char *lang, const char *line, const char *expected)
{
	struct json_doc *doc = json_new();
	struct templates *t = built_in();
	const struct json *v;
	char copy[1024];
	struct buf b;

	buf_init(&b, 4096);
	snprintf(copy, sizeof(copy), "%s", line);
	v = json_parse(doc, copy, strlen(copy));
	assert_non_null(v);
	assert_int_equal(
	    (alarm ? message_alarm : message_signal)(&b, t, v, lang), 0);
	assert_string_equal(buf_cstr(&b), expected);
	buf_release(&b);
	templates_free(t);
	json_free(doc);
}

#define PLACE "\"symbol\":\"BTCUSDT\",\"category\":\"linear\","
#define BUY PLACE "\"signal_type\":\"buy\","
#define SELL PLACE "\"signal_type\":\"sell\","

#define OPEN                                                                   \
	"{\"type\":\"signal\",\"time\":\"2025-05-16T14:30:25.999Z\","          \
	"\"signal_number\":1,\"action\":\"OPEN\"," BUY                         \
	"\"position_size\":\"1\",\"old_position_size\":\"0\","                 \
	"\"entry_price\":\"45000\",\"leverage\":\"10.00\"}"
#define PARTIAL(pnl)                                                           \
	"{\"time\":\"2025-05-16T14:40:00.000Z\",\"signal_number\":1,"          \
	"\"action\":\"PARTIAL_CLOSE\"," BUY                                    \
	"\"position_size\":\"0.5\",\"old_position_size\":\"1\","               \
	"\"entry_price\":\"45000\",\"leverage\":\"10\","                       \
	"\"close_percentage\":\"50.00\"," pnl "}"
#define CLOSE(side, rest)                                                      \
	"{\"time\":\"2025-05-16T14:45:12.000Z\",\"signal_number\":1,"          \
	"\"action\":\"CLOSE\"," side                                           \
	"\"position_size\":\"0\",\"old_position_size\":\"0.5\","               \
	"\"entry_price\":\"45000\",\"leverage\":\"10\","                       \
	"\"close_percentage\":\"100.00\",\"exit_price\":\"47000\","            \
	"\"max_position_size\":\"1\",\"pnl_coin\":\"USDT\"," rest "}"
#define INCREASE(side)                                                         \
	"{\"time\":\"2025-05-16T14:35:00.000Z\",\"signal_number\":123456,"     \
	"\"action\":\"INCREASE\"," side                                        \
	"\"position_size\":\"1.5\",\"old_position_size\":\"1.0\","             \
	"\"entry_price\":\"45500.250\",\"leverage\":\"12.5\"}"

static void
the_three_messages_are_as_agreed(void **state)
{
	(void)state;
	check(0, "ru", OPEN,
	    "🔔 Сделка №00001 ⚡\n\n📈 LONG BTC/USDT\nЦена входа: 45000.0\n"
	    "Размер позиции: 1.0\nПлечо: 10x\n\n⏱ 14:30:25 16.05.2025");
	check(0, "ru",
	    PARTIAL("\"realized_pnl\":\"250.5\",\"pnl_coin\":\"USDT\""),
	    "🔄 Сделка №00001 - Частичное закрытие\n\n📈 LONG BTC/USDT\n"
	    "Закрыто: 50.0%\nОсталось: 0.5\n"
	    "Частичная прибыль: +250.5 USDT");
	check(0, "ru",
	    CLOSE(
		BUY, "\"profit_percentage\":\"4.44\",\"realized_pnl\":\"500\""),
	    "🔚 Сделка №00001 ⚡\n\n📈 LONG BTC/USDT\nЦена выхода: 47000.0\n"
	    "Размер позиции: 1.0\nПлечо: 10x\n💰 Прибыль: +4.44%\n"
	    "Прибыль: +500.0 USDT\n\n⏱ 14:45:12 16.05.2025");
}

static void
losses_and_shorts_have_their_words(void **state)
{
	(void)state;
	check(0, "ru",
	    PARTIAL("\"realized_pnl\":\"-12.30\",\"pnl_coin\":\"USDC\""),
	    "🔄 Сделка №00001 - Частичное закрытие\n\n📈 LONG BTC/USDT\n"
	    "Закрыто: 50.0%\nОсталось: 0.5\n"
	    "Частичный убыток: -12.3 USDC");
	check(0, "ru",
	    CLOSE(SELL,
		"\"profit_percentage\":\"-4.40\",\"realized_pnl\":\"-0.07\""),
	    "🔚 Сделка №00001 ⚡\n\n📉 SHORT BTC/USDT\n"
	    "Цена выхода: 47000.0\nРазмер позиции: 1.0\nПлечо: 10x\n"
	    "💸 Убыток: -4.4%\nУбыток: -0.07 USDT\n\n"
	    "⏱ 14:45:12 16.05.2025");
	/* A price that moved in one's favour by less than the fees. */
	check(0, "ru",
	    CLOSE(
		BUY, "\"profit_percentage\":\"0.00\",\"realized_pnl\":\"-1\""),
	    "🔚 Сделка №00001 ⚡\n\n📈 LONG BTC/USDT\nЦена выхода: 47000.0\n"
	    "Размер позиции: 1.0\nПлечо: 10x\n💰 Прибыль: +0.0%\n"
	    "Убыток: -1.0 USDT\n\n⏱ 14:45:12 16.05.2025");
}

static void
an_increase_shows_both_sizes(void **state)
{
	(void)state;
	check(0, "ru", INCREASE(SELL),
	    "🔼 Сделка №123456 - Увеличение позиции\n\n"
	    "📉 SHORT BTC/USDT\nРазмер позиции: 1.0 → 1.5\n"
	    "Средняя цена входа: 45500.25\nПлечо: 12.5x");
	check(0, "en", INCREASE(BUY),
	    "🔼 Trade #123456 - Position increased\n\n"
	    "📈 LONG BTC/USDT\nPosition size: 1.0 → 1.5\n"
	    "Average entry price: 45500.25\nLeverage: 12.5x");
}

static void
english(void **state)
{
	(void)state;
	check(0, "en", OPEN,
	    "🔔 Trade #00001 ⚡\n\n📈 LONG BTC/USDT\nEntry price: 45000.0\n"
	    "Position size: 1.0\nLeverage: 10x\n\n⏱ 14:30:25 16.05.2025");
	check(0, "en",
	    PARTIAL("\"realized_pnl\":\"250.5\",\"pnl_coin\":\"USDT\""),
	    "🔄 Trade #00001 - Partial close\n\n📈 LONG BTC/USDT\n"
	    "Closed: 50.0%\nRemaining: 0.5\nPartial profit: +250.5 USDT");
	check(0, "en",
	    PARTIAL("\"realized_pnl\":\"-250.5\",\"pnl_coin\":\"USDT\""),
	    "🔄 Trade #00001 - Partial close\n\n📈 LONG BTC/USDT\n"
	    "Closed: 50.0%\nRemaining: 0.5\nPartial loss: -250.5 USDT");
	check(0, "en",
	    CLOSE(BUY,
		"\"profit_percentage\":\"-4.44\",\"realized_pnl\":\"-500\""),
	    "🔚 Trade #00001 ⚡\n\n📈 LONG BTC/USDT\nExit price: 47000.0\n"
	    "Position size: 1.0\nLeverage: 10x\n💸 Loss: -4.44%\n"
	    "Loss: -500.0 USDT\n\n⏱ 14:45:12 16.05.2025");
}

static void
an_estimate_says_so(void **state)
{
	(void)state;
	check(0, "ru",
	    PARTIAL("\"realized_pnl\":\"250.5\",\"pnl_coin\":\"USDT\","
		    "\"estimated\":true"),
	    "🔄 Сделка №00001 - Частичное закрытие\n\n📈 LONG BTC/USDT\n"
	    "Закрыто: 50.0%\nОсталось: 0.5\n"
	    "Частичная прибыль: ≈+250.5 USDT");
	check(0, "en",
	    CLOSE(BUY,
		"\"profit_percentage\":\"4.44\","
		"\"realized_pnl\":\"-500\",\"estimated\":true"),
	    "🔚 Trade #00001 ⚡\n\n📈 LONG BTC/USDT\n"
	    "Exit price: ≈47000.0\nPosition size: 1.0\nLeverage: 10x\n"
	    "💰 Profit: ≈+4.44%\nLoss: ≈-500.0 USDT\n\n"
	    "⏱ 14:45:12 16.05.2025");
}

/* Made by hand: marked, and without a P&L, which nothing earned. */
static void
a_test_is_marked_and_what_is_missing_has_no_line(void **state)
{
	(void)state;
	check(0, "ru",
	    "{\"time\":\"2025-05-16T14:30:25.000Z\",\"signal_number\":7,"
	    "\"action\":\"OPEN\"," BUY "\"position_size\":\"1\","
	    "\"entry_price\":\"45000\",\"test\":true}",
	    "🧪 TEST\n🔔 Сделка №00007 ⚡\n\n📈 LONG BTC/USDT\n"
	    "Цена входа: 45000.0\nРазмер позиции: 1.0\n\n"
	    "⏱ 14:30:25 16.05.2025");
	check(0, "en",
	    "{\"time\":\"2025-05-16T14:45:12.000Z\",\"signal_number\":7,"
	    "\"action\":\"CLOSE\"," BUY "\"max_position_size\":\"1\","
	    "\"test\":true}",
	    "🧪 TEST\n🔚 Trade #00007 ⚡\n\n📈 LONG BTC/USDT\n"
	    "Position size: 1.0\n\n⏱ 14:45:12 16.05.2025");
}

/* F11: digits come through as they are. */
static void
numbers_are_exact(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "45000", "45000.0" },
		{ "0.00000001", "0.00000001" },
		{ "123456789.123456789", "123456789.123456789" },
		{ "1.500", "1.5" },
		{ "1000000.00", "1000000.0" },
	};
	char line[512], expected[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line),
		    "{\"time\":\"2025-05-16T14:30:25.000Z\","
		    "\"signal_number\":1,\"action\":\"OPEN\"," BUY
		    "\"position_size\":\"%s\",\"entry_price\":\"%s\"}",
		    cases[i].in, cases[i].in);
		snprintf(expected, sizeof(expected),
		    "🔔 Trade #00001 ⚡\n\n📈 LONG BTC/USDT\n"
		    "Entry price: %s\nPosition size: %s\n\n"
		    "⏱ 14:30:25 16.05.2025",
		    cases[i].out, cases[i].out);
		check(0, "en", line, expected);
	}
}

static void
symbols_are_shown_as_base_and_quote(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "BTCUSDT", "BTC/USDT" },
		{ "1000PEPEUSDT", "1000PEPE/USDT" },
		{ "ETHBTCUSDT", "ETHBTC/USDT" },
		{ "BTCPERP", "BTC/USDC" },
		{ "ETHUSDC", "ETH/USDC" },
		{ "BTCUSD", "BTC/USD" },
		{ "BTCUSDH25", "BTC/USD" },
		{ "ETHUSDZ26", "ETH/USD" },
		{ "BTC-26DEC25", "BTC/USDC" },
		{ "BTCUSDT-26DEC25", "BTC/USDT" },
		/* Nothing is left for the base: no pair. */
		{ "USDT", "USDT" },
		{ "PERP", "PERP" },
		{ "WHATEVER", "WHATEVER" },
		{ "", "" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		template_symbol(&b, cases[i].in);
		assert_string_equal(buf_cstr(&b), cases[i].out);
	}
	buf_release(&b);
}

/* New York is 4 hours behind UTC in May; half an hour before midnight there. */
static void
times_are_those_of_the_zone(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1), 0);
	tzset();
	check(0, "en",
	    "{\"time\":\"2025-05-17T03:30:00.000Z\",\"signal_number\":1,"
	    "\"action\":\"OPEN\"," BUY "\"position_size\":\"1\","
	    "\"entry_price\":\"45000\"}",
	    "🔔 Trade #00001 ⚡\n\n📈 LONG BTC/USDT\nEntry price: 45000.0\n"
	    "Position size: 1.0\n\n⏱ 23:30:00 16.05.2025");
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
}

static void
alarms(void **state)
{
	(void)state;
	check(1, "ru",
	    "{\"alarm\":\"snapshot_stale main linear USDT\",\"open\":true,"
	    "\"text\":\"no good snapshot\","
	    "\"time\":\"2025-05-16T14:30:25.000Z\"}",
	    "🚨 Тревога: snapshot_stale main linear USDT\n\n"
	    "no good snapshot\n\n⏱ 14:30:25 16.05.2025");
	check(1, "en",
	    "{\"alarm\":\"map differ\",\"open\":false,\"text\":\"full\","
	    "\"time\":\"2025-05-16T14:30:25.000Z\"}",
	    "✅ Alarm over: map differ\n\nfull\n\n"
	    "⏱ 14:30:25 16.05.2025");
}

static void
what_is_no_signal_has_no_text(void **state)
{
	struct json_doc *doc = json_new();
	struct templates *t = built_in();
	char text[] = "{\"action\":\"MOVE\"}";
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	assert_int_equal(
	    message_signal(&b, t, json_parse(doc, text, strlen(text)), "ru"),
	    -1);
	buf_release(&b);
	templates_free(t);
	json_free(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_three_messages_are_as_agreed),
		cmocka_unit_test(losses_and_shorts_have_their_words),
		cmocka_unit_test(an_increase_shows_both_sizes),
		cmocka_unit_test(english),
		cmocka_unit_test(an_estimate_says_so),
		cmocka_unit_test(
		    a_test_is_marked_and_what_is_missing_has_no_line),
		cmocka_unit_test(numbers_are_exact),
		cmocka_unit_test(symbols_are_shown_as_base_and_quote),
		cmocka_unit_test(times_are_those_of_the_zone),
		cmocka_unit_test(alarms),
		cmocka_unit_test(what_is_no_signal_has_no_text),
	};

	if (setenv("TZ", "UTC0", 1) == -1)
		return 1;
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
