/*
 * templates: each placeholder and what it shows, lines that are left out, the
 * operator's files over the built-in ones, every mistake with its line; words
 * of others that would be more than words.
 *
 * Not tested here: the texts that are built in (test-message), and what the
 * channels make of markup (test-hook, tests/e2e/notifier-templates.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "notifier/clean.h"
#include "notifier/templates_internal.h"

static char dir[64], path[96];

static void
write_file(const char *lang, const char *text, size_t len)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.txt", dir, lang);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-templates.XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/ru.txt", dir);
	(void)remove(path);
	snprintf(path, sizeof(path), "%s/en.txt", dir);
	(void)remove(path);
	return rmdir(dir);
}

static struct decimal
dec(const char *s)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, s, strlen(s)), 0);
	return d;
}

/* All that a CLOSE or an alarm has. */
static struct values
full(void)
{
	struct values v = { 0 };

	value_int(&v, FIELD_SIGNAL_NUMBER, 17);
	value_int(&v, FIELD_TIME, INT64_C(1747405825999));
	value_text(&v, FIELD_SYMBOL, "BTCUSDT");
	value_int(&v, FIELD_SIGNAL_TYPE, 0);
	value_text(&v, FIELD_ACCOUNT, "main");
	value_text(&v, FIELD_CATEGORY, "linear");
	value_decimal(&v, FIELD_LEVERAGE, dec("12.50"));
	value_decimal(&v, FIELD_POSITION_SIZE, dec("0"));
	value_decimal(&v, FIELD_OLD_POSITION_SIZE, dec("0.5"));
	value_decimal(&v, FIELD_MAX_POSITION_SIZE, dec("1"));
	value_decimal(&v, FIELD_ENTRY_PRICE, dec("45000"));
	value_decimal(&v, FIELD_EXIT_PRICE, dec("47000.10"));
	value_decimal(&v, FIELD_CLOSE_PERCENTAGE, dec("100.00"));
	value_text(&v, FIELD_CLOSE_REASON, "stop_loss");
	value_decimal(&v, FIELD_PROFIT_PERCENTAGE, dec("-4.444"));
	value_decimal(&v, FIELD_REALIZED_PNL, dec("0"));
	value_text(&v, FIELD_PNL_COIN, "USDT");
	value_text(&v, FIELD_STAGE, "trader");
	value_text(&v, FIELD_ALARM, "halted");
	value_text(&v, FIELD_TEXT, "five rejects");
	return v;
}

/* What the lines of a section say, in English. */
static void
check_section(enum section s, const char *text, const struct values *v,
    const char *expected)
{
	char file[2048], err[1024] = "";
	struct templates *t;
	struct buf b;
	int n;

	n = snprintf(
	    file, sizeof(file), "[%s]\n%s\n", template_sections[s].name, text);
	write_file("en", file, (size_t)n);
	t = templates_new(dir, err, sizeof(err));
	if (t == NULL)
		fail_msg("%s: %s", text, err);
	buf_init(&b, 65536);
	assert_int_equal(template_put(&b, t, s, "en", v), 0);
	assert_string_equal(buf_cstr(&b), expected);
	buf_release(&b);
	templates_free(t);
}

static void
each_placeholder_shows_its_value(void **state)
{
	static const struct {
		const char *in, *out;
	} close[] = {
		{ "{signal_number}", "00017" },
		{ "{time}", "14:30:25 16.05.2025" },
		{ "{symbol}", "BTC/USDT" },
		{ "{signal_type?long|short}.", "short." },
		{ "{test?t|real}.", "real." },
		{ "{estimated?e|exact}.", "exact." },
		{ "{account}", "main" },
		{ "{category}", "linear" },
		{ "x {leverage}\nx", "x 12.5\nx" },
		{ "{position_size}", "0.0" },
		{ "{old_position_size}", "0.5" },
		{ "{max_position_size}", "1.0" },
		{ "{entry_price}", "45000.0" },
		{ "x {exit_price}\nx", "x 47000.1\nx" },
		{ "{close_percentage}", "100.0" },
		{ "x {close_reason}\nx", "x stop_loss\nx" },
		{ "x {profit_percentage}\nx", "x -4.44\nx" },
		{ "x\n{profit_percentage?won|lost}", "x\nlost" },
		{ "x {realized_pnl}\nx", "x +0.0\nx" },
		{ "x\n{realized_pnl?won|lost}", "x\nwon" },
		{ "x {pnl_coin}\nx", "x USDT\nx" },
		{ "x{ pnl_coin}", "x USDT" },
		{ "{{{symbol}}}", "{BTC/USDT}" },
		{ "{}# {}[x] {}", "# [x] " },
	}, alarm[] = {
		{ "{alarm}", "halted" },
		{ "{text}", "five rejects" },
		{ "x {stage}\nx", "x trader\nx" },
	};
	struct values v = full();

	(void)state;
	for (size_t i = 0; i < sizeof(close) / sizeof(close[0]); i++)
		check_section(SECTION_CLOSE, close[i].in, &v, close[i].out);
	for (size_t i = 0; i < sizeof(alarm) / sizeof(alarm[0]); i++)
		check_section(SECTION_ALARM, alarm[i].in, &v, alarm[i].out);
	v.of[FIELD_REALIZED_PNL].estimated = 1;
	v.of[FIELD_ESTIMATED].n = v.of[FIELD_TEST].n = 1;
	check_section(SECTION_CLOSE, "x\n{realized_pnl}{estimated? about}", &v,
	    "x\n≈+0.0 about");
	check_section(SECTION_CLOSE, "{test?TEST}\nx", &v, "TEST\nx");
}

static void
lines_without_a_value_are_left_out(void **state)
{
	struct values v = { 0 };

	(void)state;
	value_text(&v, FIELD_SYMBOL, "ETHUSDC");
	check_section(SECTION_CLOSE,
	    "{test?TEST}\n\n{symbol}\n\n{exit_price}\n{leverage}x\n\n"
	    "{signal_type?long|short}\n{realized_pnl?won|lost}\n\n"
	    "end{ pnl_coin}\n\n{account}\n\n",
	    &v, "ETH/USDC\n\nend");
}

/* "line: " and what else is in the message. */
static void
refused(const char *text, size_t len, const char *line, const char *words)
{
	char err[1024] = "", at[128];

	write_file("ru", text, len);
	assert_null(templates_new(dir, err, sizeof(err)));
	snprintf(at, sizeof(at), "%s:%s: ", path, line);
	if (strncmp(err, at, strlen(at)) != 0 || strstr(err, words) == NULL)
		fail_msg("'%s' is not '%s...%s'", err, at, words);
}

static void
each_mistake_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *line, *words;
	} cases[] = {
		{ "", "1", "there is no section: expected [NAME]" },
		{ "# a note\n\n", "1", "there is no section" },
		{ "\n\nhello\n[OPEN]\nx\n", "3", "before the first section" },
		{ "[OPEN]\nx\n[NOPE]\nx\n", "3",
		    "section 'NOPE' is unknown: expected OPEN, INCREASE, " },
		{ "[OPEN]\nx\n[open]\nx\n", "3", "'open' is unknown" },
		{ "[OPEN]\nx\n[CLOSE] x\n", "3",
		    "'[CLOSE] x': expected [NAME]" },
		{ "[OPEN]\nx\n[\n", "3", "'[': expected [NAME]" },
		{ "[OPEN]\nx\n[]\n", "3", "section '' is unknown" },
		{ "[OPEN]\nx\n[CLOSE]\nx\n[OPEN]\nx\n", "5",
		    "section OPEN is there twice" },
		{ "[OPEN]\nx\n\n{price}\n", "4",
		    "placeholder 'price' is unknown in section OPEN: expected "
		    "signal_number, time, symbol, " },
		{ "[OPEN]\n{exit_price} x\n", "2", "'exit_price' is unknown" },
		{ "[ALARM]\nx\n[OPEN]\n{alarm} x\n", "4",
		    "'alarm' is unknown in section OPEN" },
		{ "[OPEN]\nx {symbol\n}\n", "2", "'{' without '}'" },
		{ "[OPEN]\nx {sym{bol}}\n", "2", "'{' without '}'" },
		{ "[OPEN]\nx {", "2", "'{' without '}'" },
		{ "[OPEN]\nx }\n", "2", "'}' without '{': expected }}" },
		{ "[OPEN]\n{symbol?x}\n", "2", "{symbol?...}: expected" },
		{ "[OPEN]\n{leverage?x|y}\n", "2", "{leverage?...}: expected" },
		{ "[OPEN]\n{test}\n", "2", "{test}: expected {test?TEXT" },
		{ "[OPEN]\n{ signal_type}\n", "2", "{ signal_type}: expected" },
		{ "[OPEN]\n{ test?x}\n", "2", "{ test?x}: expected" },
		{ "[OPEN]\n{test?a|b|c}\n", "2", "{test?...}: a second '|'" },
		{ "[OPEN]\n# a note\n\n[CLOSE]\nx\n", "1",
		    "every line of section OPEN may be left out" },
		{ "[CLOSE]\nx\n[OPEN]\n", "3", "every line of section OPEN" },
		{ "[OPEN]\nx {leverage}\n", "1", "may be left out" },
		{ "[OPEN]\nx {test?y}\n", "1", "may be left out" },
		{ "[CLOSE]\nx {realized_pnl?a|b}\n", "1", "may be left out" },
		{ "[OPEN]\n{test?|}{ leverage}{} \n", "1", "may be left out" },
		{ "[RESUME]\n/resume\n[HALT]\nx\n", "1",
		    "section RESUME lacks {code}" },
		{ "[RESUME]\nx\n/resume {code} {who}\n", "1", "lacks {code}" },
		{ "[HALT]\nx\n\n[RESUME]\nx\n", "4", "lacks {code}" },
		{ "[OPEN]\nx\ny\x01\n", "3", "control byte 0x01" },
		{ "[OPEN]\nx\ty\n", "2", "control byte 0x09" },
		{ "[OPEN]\nx\ry\n", "2", "control byte 0x0d" },
		{ "[OPEN]\nx\x7f\n", "2", "control byte 0x7f" },
		{ "[OPEN]\nx\n\xd0\n", "3", "byte 0xd0 is not UTF-8" },
	};
	char *large = malloc(TEMPLATES_SIZE_MAX + 1), err[256] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, strlen(cases[i].text), cases[i].line,
		    cases[i].words);
	refused("[OPEN]\nx\0y\n", 11, "2", "control byte 0x00");
	assert_non_null(large);
	memset(large, 'x', TEMPLATES_SIZE_MAX + 1);
	memcpy(large, "[OPEN]\n", 7);
	refused(large, TEMPLATES_SIZE_MAX + 1, "1", "more than 65536 bytes");
	write_file("ru", large, TEMPLATES_SIZE_MAX);
	templates_free(templates_new(dir, err, sizeof(err)));
	assert_string_equal(err, "");
	free(large);
}

static void
check_new(const char *where, const char *words)
{
	char err[1024] = "";

	assert_null(templates_new(where, err, sizeof(err)));
	if (strstr(err, words) == NULL)
		fail_msg("'%s' lacks '%s'", err, words);
}

static void
a_folder_has_one_file_at_least(void **state)
{
	char where[600];

	(void)state;
	check_new(dir, "neither ru.txt nor en.txt");
	check_new("/nonexistent", "neither ru.txt nor en.txt");
	check_new("/dev/null", "unable to read /dev/null/ru.txt");
	memset(where, 'x', sizeof(where));
	where[sizeof(where) - 1] = '\0';
	check_new(where, "too long");
	snprintf(path, sizeof(path), "%s/en.txt", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	check_new(dir, "en.txt: Invalid argument");
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	check_new(dir, "en.txt: Invalid argument");
}

static void
check_text(const struct templates *t, enum section s, const char *lang,
    const char *expected)
{
	struct values v = full();
	struct buf b;

	buf_init(&b, 65536);
	assert_int_equal(template_put(&b, t, s, lang, &v), 0);
	assert_string_equal(buf_cstr(&b), expected);
	buf_release(&b);
}

/* A section, and a language, that the operator does not give is built in. */
static void
own_sections_replace_the_built_in_ones(void **state)
{
	static const char own[] = "\xef\xbb\xbf# A note\r\n[ALARM]\r\n\r\n"
				  "Beep: {text}\r\n\r\n";
	char err[256] = "";
	struct templates *t;

	(void)state;
	write_file("en", own, sizeof(own) - 1);
	t = templates_new(dir, err, sizeof(err));
	assert_non_null(t);
	check_text(t, SECTION_ALARM, "en", "Beep: five rejects");
	check_text(t, SECTION_ALARM_OVER, "en",
	    "✅ Alarm over: halted\n\nfive rejects\n\n"
	    "⏱ 14:30:25 16.05.2025");
	check_text(t, SECTION_ALARM, "ru",
	    "🚨 Тревога: halted\n\nfive rejects\n\n⏱ 14:30:25 16.05.2025");
	templates_free(t);
}

static void
words_of_others_are_words(void **state)
{
#define GONE "\xef\xbf\xbd"
	static const struct {
		const char *in;
		size_t max;
		const char *out;
	} cases[] = {
		{ "BTCUSDT", 64, "BTCUSDT" },
		{ "币安人生USDT é ñ 🔥", 64, "币安人生USDT é ñ 🔥" },
		{ "a\nb\tc\rd", 64, "a b c" GONE "d" },
		{ "\x1b[2Ja\x7f", 64, GONE "[2Ja" GONE },
		{ "a\xc2\x85z", 64, "a" GONE "z" },	    /* U+0085 */
		{ "a\xe2\x80\xa8z", 64, "a" GONE "z" },	    /* U+2028 */
		{ "a\xe2\x80\xaez", 64, "a" GONE "z" },	    /* RLO */
		{ "a\xe2\x81\xa7z", 64, "a" GONE "z" },	    /* RLI */
		{ "a\xd8\x9cz", 64, "a" GONE "z" },	    /* ALM */
		{ "a\xe2\x80\x8bz", 64, "a" GONE "z" },	    /* ZWSP */
		{ "a\xe2\x80\x8dz", 64, "a" GONE "z" },	    /* ZWJ */
		{ "a\xef\xbb\xbfz", 64, "a" GONE "z" },	    /* BOM */
		{ "a\xc2\xadz", 64, "a" GONE "z" },	    /* soft hyphen */
		{ "a\xcc\xb6z", 64, "a" GONE "z" },	    /* struck through */
		{ "a\xe3\x85\xa4z", 64, "a" GONE "z" },	    /* Hangul filler */
		{ "a\xf3\xa0\x81\x81z", 64, "a" GONE "z" }, /* a tag */
		{ "a\xff\xc0\xafz", 64, "a" GONE GONE GONE "z" },
		{ "abcd", 4, "abcd" },
		{ "abcde", 4, "abc…" },
		{ "éééé", 3, "éé…" },
		{ "éé\xff", 3, "éé" GONE },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		clean_put(&b, cases[i].in, strlen(cases[i].in), cases[i].max);
		assert_string_equal(buf_cstr(&b), cases[i].out);
	}
	buf_release(&b);
}

/* Every field that shows words goes through the above. */
static void
no_field_makes_a_line(void **state)
{
	static char symbol[4097];
	struct values v = full();

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(symbol); i++)
		symbol[i] = 'X';
	memcpy(symbol, "A\n\xe2\x80\xae", 5);
	for (int f = 0; f < FIELDS; f++)
		if (template_fields[f].kind == FIELD_IS_TEXT ||
		    template_fields[f].kind == FIELD_IS_SYMBOL)
			value_text(&v, (enum field)f, "A\n\xe2\x80\xae");
	check_section(SECTION_CLOSE,
	    "{symbol}{account}{category}{close_reason}{pnl_coin}{ pnl_coin}\n"
	    "x",
	    &v,
	    "A " GONE "A " GONE "A " GONE "A " GONE "A " GONE " A " GONE "\nx");
	check_section(SECTION_ALARM, "{alarm}{text}{stage}\nx", &v,
	    "A " GONE "A " GONE "A " GONE "\nx");
	value_text(&v, FIELD_SYMBOL, symbol);
	check_section(SECTION_CLOSE, "{symbol}", &v,
	    "A " GONE "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
	    "XXXX…");
	memcpy(symbol + 4092, "USDT", 5);
	check_section(SECTION_CLOSE, "{symbol}", &v,
	    "A " GONE "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
	    "XXXX…/USDT");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_placeholder_shows_its_value),
		TEST(lines_without_a_value_are_left_out),
		TEST(each_mistake_is_named_with_its_line),
		TEST(a_folder_has_one_file_at_least),
		TEST(own_sections_replace_the_built_in_ones),
		cmocka_unit_test(words_of_others_are_words),
		TEST(no_field_makes_a_line),
	};

	if (setenv("TZ", "UTC0", 1) == -1)
		return 1;
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
