/*
 * Settings: the .env rules, every kind's good and bad values (F54), who may
 * read the file (F105), unknown names.
 *
 * Not tested: running out of memory, a file that changes while it is read.
 */
#include "common/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/settings_internal.h"

static char dir[64];
static char file[96];
static struct buf errors, warnings;
static char example[PATH_MAX]; /* .env.example */
static char manual[PATH_MAX];  /* common/sluice.7 */
int no_zones;		       /* the zone database is not there */

int
access(const char *path, int mode)
{
	if (no_zones && strstr(path, "/zoneinfo") != NULL) {
		errno = ENOENT;
		return -1;
	}
	return faccessat(AT_FDCWD, path, mode, 0);
}

static int
setup(void **arg)
{
	int i;

	(void)arg;
	for (i = 0; i < SETTINGS_COUNT; i++)
		(void)unsetenv(setting_name((enum setting)i));
	(void)snprintf(dir, sizeof(dir), "/tmp/sluice-settings.XXXXXX");
	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/env", dir);
	buf_init(&errors, 1 << 20);
	buf_init(&warnings, 1 << 20);
	return 0;
}

static int
teardown(void **arg)
{
	(void)arg;
	log_forget();
	buf_release(&errors);
	buf_release(&warnings);
	(void)unlink(file);
	(void)unlink(".env");
	return chdir("/") | rmdir(dir);
}

static void
put_file(const char *name, const char *text, size_t len, mode_t mode)
{
	int fd;

	/* The one before may not be writable. */
	(void)unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(close(fd), 0);
}

/* The settings of a file of this text, or NULL; messages anew. */
static struct settings *
from_text(const char *text)
{
	put_file(file, text, strlen(text), 0600);
	buf_clear(&errors);
	buf_clear(&warnings);
	return settings_read(file, &errors, &warnings);
}

static struct settings *
good(const char *text)
{
	struct settings *s = from_text(text);

	if (s == NULL)
		fail_msg("'%s': %s", text, buf_cstr(&errors));
	return s;
}

static void
says(struct buf *b, const char *words)
{
	if (strstr(buf_cstr(b), words) == NULL)
		fail_msg("'%s' does not say '%s'", buf_cstr(b), words);
}

static void
bad(const char *text, const char *words)
{
	struct settings *s = from_text(text);

	if (s != NULL)
		fail_msg("'%s' was taken", text);
	says(&errors, words);
}

/* What the value behind "WEBHOOK_SECRET=" comes to. */
static void
test_values(void **arg)
{
	static const struct {
		const char *line, *value;
	} cases[] = {
		{ "k9P$Xz83!vW@b12N#rTe", "k9P$Xz83!vW@b12N#rTe" },
		{ "plain", "plain" },
		{ "  both sides\t ", "both sides" },
		{ "word  # a comment", "word" },
		{ "word\t#a comment", "word" },
		{ "#at once", "#at once" },
		{ "a#b # c # d", "a#b" },
		{ " # nothing", "" },
		{ "", "" },
		{ "$HOME and ${HOME} `id` $(id)",
		    "$HOME and ${HOME} `id` $(id)" },
		{ "a\\nb", "a\\nb" },
		{ "it's", "it's" },
		{ "say \"x\"", "say \"x\"" },
		{ "a=b==", "a=b==" },
		{ "'single $x \\n \" # all'", "single $x \\n \" # all" },
		{ "''", "" },
		{ "'a' # comment", "a" },
		{ "'a'  ", "a" },
		{ "\"a\\nb\\\"c\\\\d\\$e\"", "a\nb\"c\\d$e" },
		{ "\"\\t \\x $y\"", "\\t \\x $y" },
		{ "\"\"", "" },
		{ "\" padded \"", " padded " },
		{ "\"a\"\t# comment", "a" },
		{ "\xc3\xa4\xff", "\xc3\xa4\xff" },
	};
	char text[256];
	struct settings *s;
	size_t i, j;

	(void)arg;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (j = 0; j < 4; j++) {
			(void)snprintf(text, sizeof(text),
			    "%s%sWEBHOOK_SECRET=%s%s",
			    j == 3 ? "\xef\xbb\xbf" : "",
			    j == 1 ? "  export\t " : "", cases[i].line,
			    j == 0	 ? ""
				: j == 2 ? "\r\n"
					 : "\nDRY_RUN=true\n");
			s = good(text);
			if (strcmp(setting_str(s, WEBHOOK_SECRET),
				cases[i].value) != 0)
				fail_msg("%s gives %s", cases[i].line,
				    setting_str(s, WEBHOOK_SECRET));
			assert_int_equal(setting_given(s, WEBHOOK_SECRET),
			    cases[i].value[0] != '\0');
			assert_int_equal(
			    setting_bool(s, DRY_RUN), j == 1 || j == 3);
			assert_int_equal(warnings.len, 0);
			settings_free(s);
		}
	s = good("SIGNAL_POLL_INTERVAL=5  # Check every 5 seconds\n");
	assert_int_equal(setting_ms(s, SIGNAL_POLL_INTERVAL), 5000);
	settings_free(s);
}

static void
test_bad_lines(void **arg)
{
	static const char *const lines[] = { "hello", "= 5", "DRY_RUN",
		"DRY_RUN =true", "DRY RUN=true", "DRY-RUN=true", "1X=2",
		"export", "export =x", "ACCOUNT='a", "ACCOUNT=\"a",
		"ACCOUNT=\"a\\\"", "ACCOUNT='a'b", "ACCOUNT=\"a\"#b",
		"\357\273\277A=1", "{\"a\":1}", "ACCOUNT=a\x01", "ACCOUNT=a\rb",
		"ACCOUNT=\"a\\nb\"" };
	char text[128], where[128];
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    "# one\n\n%s\nDRY_RUN=true\n", lines[i]);
		(void)snprintf(where, sizeof(where), "%s line 3", file);
		bad(text, where);
	}
	put_file(file, "ACCOUNT=a\0b\n", 12, 0600);
	buf_clear(&errors);
	assert_null(settings_read(file, &errors, &warnings));
	says(&errors, "line 1: a NUL byte");
}

static void
test_defaults(void **arg)
{
	char number[DECIMAL_TEXT_MAX];
	struct settings *s = good("");
	int i;

	(void)arg;
	for (i = 0; i < SETTINGS_COUNT; i++) {
		assert_non_null(setting_name((enum setting)i));
		assert_false(setting_given(s, (enum setting)i));
	}
	assert_true(setting_bool(s, BYBIT_TESTNET));
	assert_false(setting_bool(s, BYBIT_DEMO));
	assert_false(setting_bool(s, DRY_RUN));
	assert_int_equal(setting_int(s, BYBIT_RECV_WINDOW), 5000);
	assert_int_equal(setting_ms(s, WEBHOOK_TIMEOUT), 2500);
	assert_int_equal(setting_ms(s, NOTIFY_MAX_AGE), 86400000);
	assert_int_equal(setting_ms(s, ALERT_MAX_AGE), 0);
	assert_true(setting_bytes(s, STATE_MAP_SIZE) == (int64_t)4 << 30);
	(void)decimal_format(number, setting_decimal(s, STOP_LOSS_MIN));
	assert_string_equal(number, "0.2");
	(void)decimal_format(number, setting_decimal(s, LEVERAGE));
	assert_string_equal(number, "0");
	assert_string_equal(setting_item(s, ALLOWED_SYMBOLS, 0), "BTCUSDT");
	assert_string_equal(setting_item(s, ALLOWED_SYMBOLS, 1), "ETHUSDT");
	assert_null(setting_item(s, ALLOWED_SYMBOLS, 2));
	assert_null(setting_item(s, WEBHOOK_ALLOW, 0));
	assert_string_equal(setting_str(s, STATE_DIR), "./state");
	assert_string_equal(setting_str(s, NOTIFY_LANG), "ru");
	assert_string_equal(setting_str(s, WEBHOOK_SECRET), "");
	settings_free(s);
	settings_free(NULL);
}

/*
 * F54: each setting absent (test_defaults), empty, and with values that are
 * none.  A good value beside its bounds is taken.
 */
static void
test_each_setting(void **arg)
{
	static const char *const never[] = { "abc", "-1", "1e9", "2%", "+1",
		"0x10", "1,5", " 5", "5 ", "nan", "inf", "1.2.3", "--", "true ",
		"TRUE" };
	const struct setting_def *d;
	struct setting_value v;
	char text[256];
	struct settings *s;
	size_t j;
	int i;

	(void)arg;
	for (i = 0; i < SETTINGS_COUNT; i++) {
		d = &setting_table[i];
		(void)snprintf(text, sizeof(text), "%s=\r\n", d->name);
		s = good(text);
		assert_false(setting_given(s, (enum setting)i));
		assert_string_equal(setting_str(s, (enum setting)i),
		    d->value != NULL ? d->value : "");
		settings_free(s);
		if (d->kind < KIND_BOOL || d->kind > KIND_CHOICE)
			continue;
		for (j = 0; j < sizeof(never) / sizeof(never[0]); j++) {
			v = (struct setting_value){ .text = NULL };
			if (setting_parse(d, never[j], &v) == 0)
				fail_msg("%s=%s was taken", d->name, never[j]);
			assert_int_equal(errno, EINVAL);
		}
		(void)snprintf(text, sizeof(text), "%s=abc\n", d->name);
		bad(text, d->name);
		says(&errors, "=abc (");
		says(&errors, "line 1): expected ");
		if (d->min == NULL)
			continue;
		v = (struct setting_value){ .text = NULL };
		assert_int_equal(setting_parse(d, d->min, &v),
		    d->flags & SETTING_ABOVE ? -1 : 0);
		assert_int_equal(setting_parse(d, d->max, &v), 0);
		(void)snprintf(text, sizeof(text), "%s0", d->max);
		assert_int_equal(setting_parse(d, text, &v), -1);
	}
}

static void
test_kinds(void **arg)
{
	static const struct {
		enum setting which;
		const char *text;
		int good;
	} cases[] = {
		{ BYBIT_TESTNET, "false", 1 },
		{ BYBIT_TESTNET, "yes", 0 },
		{ BYBIT_TESTNET, "1", 0 },
		{ MAX_POSITIONS, "500", 1 },
		{ MAX_POSITIONS, "501", 0 },
		{ MAX_POSITIONS, "0", 0 },
		{ MAX_POSITIONS, "5.0", 0 },
		{ MAX_POSITIONS_PER_SYMBOL, "2", 1 },
		{ MAX_POSITIONS_PER_SYMBOL, "3", 0 },
		{ MAX_RISK_PER_TRADE, "0.000000000000000001", 1 },
		{ MAX_RISK_PER_TRADE, "0", 0 },
		{ MAX_RISK_PER_TRADE, "0.0", 0 },
		{ MAX_RISK_PER_TRADE, "100.01", 0 },
		{ MAX_EXPOSURE, "10000", 1 },
		{ SIGNAL_POLL_INTERVAL, "0.2", 1 },
		{ SIGNAL_POLL_INTERVAL, "0.199", 0 },
		{ SIGNAL_POLL_INTERVAL, "3600.001", 0 },
		{ STATE_MAP_SIZE, "1M", 1 },
		{ STATE_MAP_SIZE, "1048576", 1 },
		{ STATE_MAP_SIZE, "1T", 1 },
		{ STATE_MAP_SIZE, "1023K", 0 },
		{ STATE_MAP_SIZE, "4GB", 0 },
		{ STATE_MAP_SIZE, "4g", 0 },
		{ STATE_MAP_SIZE, "G", 0 },
		{ STATE_MAP_SIZE, "9999999999T", 0 },
		{ POSITION_SIZING, "notional", 1 },
		{ POSITION_SIZING, "Risk", 0 },
		{ POSITION_SIZING, "risk notional", 0 },
		{ LOG_LEVEL, "DEBUG", 1 },
		{ LOG_LEVEL, "debug", 0 },
		{ BYBIT_BASE_URL, "https://api.bybit.com", 1 },
		{ BYBIT_BASE_URL, "https://api.bybit.com:443/x", 1 },
		{ BYBIT_BASE_URL, "http://127.0.0.1:8099", 1 },
		{ BYBIT_BASE_URL, "http://localhost:1", 1 },
		{ BYBIT_BASE_URL, "http://[::1]:1", 1 },
		{ BYBIT_BASE_URL, "https://[2001:db8::1]", 1 },
		{ BYBIT_BASE_URL, "http://api.bybit.com", 0 },
		{ BYBIT_BASE_URL, "http://127.0.0.1.evil.com", 0 },
		{ BYBIT_BASE_URL, "http://localhost.evil.com", 0 },
		{ BYBIT_BASE_URL, "http://localhost@evil.com", 0 },
		{ BYBIT_BASE_URL, "http://127.0.0.1:80@evil.com", 0 },
		{ BYBIT_BASE_URL, "http://127.0.0.1\\@evil.com", 0 },
		{ BYBIT_BASE_URL, "http://2130706433", 0 },
		{ BYBIT_BASE_URL, "https://u:p@h", 0 },
		{ BYBIT_BASE_URL, "https://h?x", 0 },
		{ BYBIT_BASE_URL, "https://h/a?b", 0 },
		{ BYBIT_BASE_URL, "https://h/a#b", 0 },
		{ BYBIT_BASE_URL, "https://h:0", 0 },
		{ BYBIT_BASE_URL, "https://h:65536", 0 },
		{ BYBIT_BASE_URL, "https://h:", 0 },
		{ BYBIT_BASE_URL, "https://", 0 },
		{ BYBIT_BASE_URL, "https://[x]", 0 },
		{ BYBIT_BASE_URL, "https://[::1", 0 },
		{ BYBIT_BASE_URL, "ftp://h", 0 },
		{ BYBIT_BASE_URL, "api.bybit.com", 0 },
		{ BYBIT_CATEGORIES, "linear,inverse,spot", 1 },
		{ BYBIT_CATEGORIES, "linear, inverse", 1 },
		{ BYBIT_CATEGORIES, "linear,linear", 0 },
		{ BYBIT_CATEGORIES, "linear,", 0 },
		{ BYBIT_CATEGORIES, ",", 0 },
		{ BYBIT_CATEGORIES, "option", 0 },
		{ BYBIT_CATEGORIES, "lin", 0 },
		{ BYBIT_SETTLE_COINS, "USDT,USDC", 1 },
		{ BYBIT_SETTLE_COINS, "usdt", 0 },
		{ ALLOWED_SYMBOLS, "1000PEPEUSDT,BTC-27DEC24", 1 },
		{ ALLOWED_SYMBOLS, "BYBIT:BTCUSDT.P", 0 },
		{ ALLOWED_SYMBOLS, "BTC/USDT", 0 },
		{ ALLOWED_SYMBOLS, "BTCUSDT ETHUSDT", 0 },
		{ WEBHOOK_LISTEN, "0.0.0.0:443", 1 },
		{ WEBHOOK_LISTEN, "[::]:80", 1 },
		{ WEBHOOK_LISTEN, "localhost:0", 1 },
		{ WEBHOOK_LISTEN, ":80", 0 },
		{ WEBHOOK_LISTEN, "127.0.0.1", 0 },
		{ WEBHOOK_LISTEN, "127.0.0.1:65536", 0 },
		{ WEBHOOK_LISTEN, "::1:80", 0 },
		{ WEBHOOK_LISTEN, "host:80", 0 },
		{ WEBHOOK_ALLOW, "tradingview,10.0.0.0/8,::1", 1 },
		{ WEBHOOK_ALLOW, "10.0.0.0/33", 0 },
		{ WEBHOOK_ALLOW, "10.0.0/8", 0 },
		{ WEBHOOK_ALLOW, "10.0.0.0/", 0 },
		{ WEBHOOK_ALLOW, "anyone", 0 },
		{ WEBHOOK_TRUST_PROXY, "tradingview", 0 },
		{ WEBHOOK_TRUST_PROXY, "fd00::/8", 1 },
		{ WEBHOOK_CLIENT_NAME, "webhook-server@tradingview.com", 1 },
		{ WEBHOOK_CLIENT_NAME, "a b", 0 },
		{ TELEGRAM_OPERATORS, "123456789, 9007199254740991", 1 },
		{ TELEGRAM_OPERATORS, "0", 0 },
		{ TELEGRAM_OPERATORS, "-100123", 0 },
		{ TELEGRAM_OPERATORS, "1,1", 0 },
		{ TELEGRAM_OPERATORS, "@ann", 0 },
		{ TZ, "UTC", 1 },
		{ TZ, "MSK-3", 1 },
		{ TZ, "CET-1CEST,M3.5.0,M10.5.0/3", 1 },
		{ TZ, "../../etc/passwd", 0 },
		{ TZ, "/etc/passwd", 0 },
		{ ACCOUNT, "main", 1 },
		{ ACCOUNT, "two words", 0 },
		{ OPERATOR_CHAT, "-1001234567890", 1 },
		{ LEVERAGE, "12.5", 1 },
		{ LEVERAGE, "0.5", 0 },
	};
	struct setting_value v;
	size_t i;
	int rc;

	(void)arg;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v = (struct setting_value){ .text = NULL };
		rc = setting_parse(
		    &setting_table[cases[i].which], cases[i].text, &v);
		free(v.items);
		if ((rc == 0) != cases[i].good)
			fail_msg("%s=%s: %d", setting_name(cases[i].which),
			    cases[i].text, rc);
	}
	if (access("/etc/localtime", R_OK) == 0)
		assert_int_equal(
		    setting_parse(&setting_table[TZ], ":/etc/localtime", &v),
		    0);
	if (access("/usr/share/zoneinfo/Europe", F_OK) == 0) {
		v = (struct setting_value){ .text = NULL };
		assert_int_equal(
		    setting_parse(&setting_table[TZ], "Europe/Moscow", &v), 0);
		assert_int_equal(
		    setting_parse(&setting_table[TZ], "Europe/Moskau", &v), -1);
		/* A folder of zones, and none. */
		assert_int_equal(
		    setting_parse(&setting_table[TZ], "Europe", &v), -1);
		/* The C library would take UTC. */
		no_zones = 1;
		assert_int_equal(
		    setting_parse(&setting_table[TZ], "Europe/Moscow", &v), -1);
		assert_int_equal(
		    setting_parse(&setting_table[TZ], "Etc/UTC", &v), 0);
		assert_int_equal(
		    setting_parse(&setting_table[TZ], "MSK-3", &v), 0);
		no_zones = 0;
	}
}

static void
test_numbers_are_exact(void **arg)
{
	struct settings *s = good("SIGNAL_POLL_INTERVAL=0.25\n"
				  "STATE_MAP_SIZE=512M\n"
				  "BYBIT_CATEGORIES= linear , spot\n");

	(void)arg;
	assert_int_equal(setting_ms(s, SIGNAL_POLL_INTERVAL), 250);
	assert_int_equal(setting_bytes(s, STATE_MAP_SIZE), 512 << 20);
	assert_string_equal(setting_item(s, BYBIT_CATEGORIES, 0), "linear");
	assert_string_equal(setting_item(s, BYBIT_CATEGORIES, 1), "spot");
	assert_null(setting_item(s, BYBIT_CATEGORIES, 2));
	settings_free(s);
}

static void
test_environment_wins(void **arg)
{
	struct settings *s;

	(void)arg;
	assert_int_equal(setenv("ACCOUNT", "env", 1), 0);
	assert_int_equal(setenv("NOTIFY_LANG", "", 1), 0);
	/* What is wrong in the file does not matter where it is overridden. */
	s = good("ACCOUNT=two words\nNOTIFY_LANG=en\n");
	assert_string_equal(setting_str(s, ACCOUNT), "env");
	assert_string_equal(setting_str(s, NOTIFY_LANG), "en");
	settings_free(s);
	assert_int_equal(setenv("MAX_POSITIONS", "many", 1), 0);
	bad("MAX_POSITIONS=3\n",
	    "MAX_POSITIONS=many: expected a whole number from 1 to 500\n");
	assert_int_equal(unsetenv("MAX_POSITIONS"), 0);
	assert_int_equal(unsetenv("ACCOUNT"), 0);
	assert_int_equal(unsetenv("NOTIFY_LANG"), 0);
}

static void
test_all_errors_at_once(void **arg)
{
	(void)arg;
	bad("MAX_POSITIONS=0\nnonsense\nDRY_RUN=maybe\n", "MAX_POSITIONS=0 (");
	says(&errors, "line 2: not a line of the form NAME=value\n");
	says(&errors, "DRY_RUN=maybe (");
	says(&errors, "expected true or false\n");
}

static void
test_what_belongs_together(void **arg)
{
	struct settings *s;

	(void)arg;
	bad("BYBIT_API_KEY=abcdefgh\n", "BYBIT_API_SECRET is not: set both");
	bad("BYBIT_TRADE_API_SECRET=abcdefgh\n", "BYBIT_TRADE_API_KEY is not");
	bad("WEBHOOK_TLS_CERT=a.pem\n", "WEBHOOK_TLS_KEY is not");
	bad("STOP_LOSS_MIN=3\nSTOP_LOSS_MAX=2\n", "at most STOP_LOSS_MAX");
	s = good("BYBIT_API_KEY=poll\nBYBIT_API_SECRET=psec\n");
	assert_string_equal(setting_str(s, BYBIT_TRADE_API_KEY), "poll");
	assert_string_equal(setting_str(s, BYBIT_TRADE_API_SECRET), "psec");
	settings_free(s);
	s = good("BYBIT_API_KEY=poll\nBYBIT_API_SECRET=psec\n"
		 "BYBIT_TRADE_API_KEY=trad\nBYBIT_TRADE_API_SECRET=tsec\n");
	assert_string_equal(setting_str(s, BYBIT_TRADE_API_KEY), "trad");
	assert_string_equal(setting_str(s, BYBIT_API_KEY), "poll");
	settings_free(s);
}

/* F105: a file with a secret is for its owner; no message shows a secret. */
static void
test_who_may_read_the_file(void **arg)
{
	static const char secret[] = "WEBHOOK_SECRET=hunter2\n";
	static const struct {
		mode_t mode;
		int error, warning;
	} cases[] = { { 0600, 0, 0 }, { 0400, 0, 0 }, { 0640, 0, 1 },
		{ 0620, 0, 1 }, { 0644, 1, 0 }, { 0604, 1, 0 },
		{ 0602, 1, 0 } };
	struct settings *s;
	char want[128];
	size_t i;

	(void)arg;
	(void)snprintf(want, sizeof(want), "chmod 600 %s\n", file);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_file(file, secret, strlen(secret), cases[i].mode);
		buf_clear(&errors);
		buf_clear(&warnings);
		s = settings_read(file, &errors, &warnings);
		assert_int_equal(s == NULL, cases[i].error);
		if (cases[i].error)
			says(&errors, want);
		assert_int_equal(warnings.len > 0, cases[i].warning);
		if (cases[i].warning)
			says(&warnings, want);
		settings_free(s);
	}
	put_file(file, "ACCOUNT=x\n", 10, 0644);
	buf_clear(&errors);
	s = settings_read(file, &errors, &warnings);
	assert_non_null(s);
	settings_free(s);

	bad("BYBIT_API_SECRET=hun\x01ter2\n", "BYBIT_API_SECRET=*** (");
	assert_null(strstr(buf_cstr(&errors), "ter2"));
}

static void
test_files(void **arg)
{
	struct settings *s;
	char *big;

	(void)arg;
	assert_null(settings_read("no/such/file", &errors, &warnings));
	says(&errors, "no/such/file: No such file or directory");
	buf_clear(&errors);
	assert_null(settings_read(dir, &errors, &warnings));
	says(&errors, "Is a directory");
	buf_clear(&errors);

	/* ./.env where there is one. */
	s = settings_read(NULL, &errors, &warnings);
	assert_non_null(s);
	assert_string_equal(setting_str(s, ACCOUNT), "main");
	settings_free(s);
	put_file(".env", "ACCOUNT=mine", 12, 0600);
	s = settings_read(NULL, &errors, &warnings);
	assert_non_null(s);
	assert_string_equal(setting_str(s, ACCOUNT), "mine");
	settings_free(s);

	big = malloc(300 << 10);
	assert_non_null(big);
	memset(big, '#', 300 << 10);
	put_file(file, big, 300 << 10, 0600);
	assert_null(settings_read(file, &errors, &warnings));
	says(&errors, "over 262144 bytes");
	memcpy(big, "ACCOUNT=", 8);
	memset(big + 8, 'a', 5000);
	big[5008] = '\0';
	bad(big, "ACCOUNT=aaa");
	memcpy(big, "CA_FILE=", 8);
	bad(big, "at most 4096 bytes");
	free(big);
}

static void
test_unknown_names(void **arg)
{
	static const struct {
		const char *name, *nearest;
	} cases[] = {
		{ "MAX_POSITION", "MAX_POSITIONS" },
		{ "BYBIT_API_KYE", "BYBIT_API_KEY" },
		{ "bybit_api_key", "BYBIT_API_KEY" },
		{ "TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN" },
		{ "SIGNAL_POLL_INTERVALL", "SIGNAL_POLL_INTERVAL" },
		{ "STOPLOSS_PERCENT", "STOP_LOSS_PERCENT" },
		{ "PATH", NULL },
		{ "X", NULL },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"
		  "HIJKLMNOPQRSTUVWXYZ",
		    NULL },
	};
	char text[256];
	struct settings *twice;
	const char *got;
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		got = settings_nearest(cases[i].name);
		if (cases[i].nearest == NULL)
			assert_null(got);
		else {
			assert_non_null(got);
			assert_string_equal(got, cases[i].nearest);
		}
		(void)snprintf(text, sizeof(text), "\n%s=1\n", cases[i].name);
		settings_free(good(text));
		says(&warnings, "line 2: ");
		says(&warnings, "is not a setting of sluice and is ignored");
		if (got != NULL)
			says(&warnings, "did you mean");
	}
	twice = good("ACCOUNT=a\nDRY_RUN=true\nACCOUNT=b\n");
	says(&warnings,
	    "line 3: ACCOUNT stands in line 1, too; this one counts");
	assert_string_equal(setting_str(twice, ACCOUNT), "b");
	settings_free(twice);
}

/*
 * .env.example has every setting once and no other, and is read without a
 * word, as it is and with every setting uncommented.  No secret is among it:
 * one that everybody can read would be taken over as it is.
 */
static void
test_example_file(void **arg)
{
	char text[65536], *line, *save, *out;
	int seen[SETTINGS_COUNT] = { 0 };
	struct settings *s;
	ssize_t n;
	int fd, given, i;

	(void)arg;
	fd = open(example, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		skip();
	n = read(fd, text, sizeof(text) - 1);
	assert_in_range(n, 1000, sizeof(text) - 2);
	(void)close(fd);
	text[n] = '\0';
	s = good(text);
	assert_int_equal(warnings.len, 0);
	for (i = 0; i < SETTINGS_COUNT; i++)
		if (setting_given(s, (enum setting)i))
			assert_string_equal(setting_str(s, (enum setting)i),
			    setting_table[i].value);
	settings_free(s);

	out = text;
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#' && line[1] >= 'A' && line[1] <= 'Z')
			line++;
		for (i = 0; i < SETTINGS_COUNT; i++)
			if (strncmp(line, setting_name((enum setting)i),
				strcspn(line, "=")) == 0 &&
			    setting_name((enum setting)i)[strcspn(line, "=")] ==
				'\0')
				seen[i]++;
		n = (ssize_t)strlen(line);
		memmove(out, line, (size_t)n);
		out += n;
		*out++ = '\n';
	}
	*out = '\0';
	/* The one setting that must be given is a pair. */
	assert_int_equal(setenv("BYBIT_API_KEY", "key", 1), 0);
	assert_int_equal(setenv("BYBIT_API_SECRET", "secret", 1), 0);
	s = good(text);
	assert_string_equal(warnings.len == 0 ? "" : buf_cstr(&warnings), "");
	for (i = 0; i < SETTINGS_COUNT; i++) {
		given = setting_table[i].kind != KIND_SECRET ||
		    i == BYBIT_API_KEY || i == BYBIT_API_SECRET;
		if (seen[i] != 1 || setting_given(s, (enum setting)i) != given)
			fail_msg("%s: %d times in .env.example",
			    setting_name((enum setting)i), seen[i]);
		if (setting_table[i].value != NULL)
			assert_string_equal(setting_str(s, (enum setting)i),
			    setting_table[i].value);
	}
	settings_free(s);
	assert_int_equal(unsetenv("BYBIT_API_KEY"), 0);
	assert_int_equal(unsetenv("BYBIT_API_SECRET"), 0);
}

/* sluice(7) lists every setting, with its default and its bounds. */
static void
test_manual(void **arg)
{
	char text[65536];
	struct buf list;
	ssize_t n;
	int fd, i;

	(void)arg;
	fd = open(manual, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		skip();
	n = read(fd, text, sizeof(text) - 1);
	assert_in_range(n, 1000, sizeof(text) - 2);
	(void)close(fd);
	text[n] = '\0';
	buf_init(&list, sizeof(text));
	for (i = 0; i < SETTINGS_COUNT; i++) {
		const char *value = setting_table[i].value;

		buf_clear(&list);
		/* A line that begins with a dot is none of text. */
		buf_printf(&list, ".It Ev %s\n%s%s%s", setting_table[i].name,
		    value != NULL && *value == '.' ? "\\&" : "",
		    value != NULL ? value : "", value != NULL ? "; " : "");
		setting_expected(&list, &setting_table[i]);
		buf_putc(&list, '\n');
		if (strstr(text, buf_cstr(&list)) == NULL)
			fail_msg("sluice.7 lacks:\n%s", buf_cstr(&list));
	}
	buf_release(&list);
}

/*
 * What is not kept is gone, from the environment's own memory, too; another
 * setting of the same text, and what is no secret, stay.
 */
static void
test_secrets_that_are_kept(void **arg)
{
	static const enum setting keep[] = { WEBHOOK_SECRET };
	struct settings *s;
	const char *text;

	(void)arg;
	assert_int_equal(setenv("BYBIT_API_SECRET", "a-secret", 1), 0);
	text = getenv("BYBIT_API_SECRET");
	s = good("BYBIT_API_KEY=a-key\nWEBHOOK_SECRET=a-secret\n"
		 "ADMIN_TOKEN=a-token\nACCOUNT=main2\n");
	assert_non_null(s);
	settings_keep(s, keep, 1);
	assert_string_equal(text, "");
	assert_null(getenv("BYBIT_API_SECRET"));
	assert_string_equal(setting_str(s, WEBHOOK_SECRET), "a-secret");
	assert_false(setting_given(s, BYBIT_API_KEY));
	assert_string_equal(setting_str(s, BYBIT_API_SECRET), "");
	assert_string_equal(setting_str(s, BYBIT_TRADE_API_SECRET), "");
	assert_false(setting_given(s, ADMIN_TOKEN));
	assert_string_equal(setting_str(s, ACCOUNT), "main2");
	settings_keep(s, NULL, 0);
	assert_false(setting_given(s, WEBHOOK_SECRET));
	settings_free(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_values),
		T(test_bad_lines),
		T(test_defaults),
		T(test_each_setting),
		T(test_kinds),
		T(test_numbers_are_exact),
		T(test_environment_wins),
		T(test_all_errors_at_once),
		T(test_what_belongs_together),
		T(test_who_may_read_the_file),
		T(test_files),
		T(test_unknown_names),
		T(test_example_file),
		T(test_manual),
		T(test_secrets_that_are_kept),
	};

	/* The tests are run from the project's root; each then goes away. */
	if (realpath(".env.example", example) == NULL)
		example[0] = '\0';
	if (realpath("common/sluice.7", manual) == NULL)
		manual[0] = '\0';
	return cmocka_run_group_tests(tests, NULL, NULL);
}
