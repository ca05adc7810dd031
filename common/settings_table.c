#include "common/settings_internal.h"

#define TEXT(n) [n] = { #n, KIND_TEXT, NULL, NULL, NULL, NULL, 0 }
#define SECRET(n) [n] = { #n, KIND_SECRET, NULL, NULL, NULL, NULL, 0 }
#define LABEL(n, value) [n] = { #n, KIND_LABEL, value, NULL, NULL, NULL, 0 }
#define BOOL(n, value) [n] = { #n, KIND_BOOL, value, NULL, NULL, NULL, 0 }
#define NUMBER(n, kind, value, min, max)                                       \
	[n] = { #n, KIND_##kind, value, min, max, NULL, 0 }
/* Above nothing, and not more than max. */
#define ABOVE_0(n, value, max)                                                 \
	[n] = { #n, KIND_DECIMAL, value, "0", max, NULL, SETTING_ABOVE }
#define WORDS(n, kind, value, words)                                           \
	[n] = { #n, KIND_##kind, value, NULL, NULL, words, 0 }
#define OTHER(n, kind, value)                                                  \
	[n] = { #n, KIND_##kind, value, NULL, NULL, NULL, 0 }

const struct setting_def setting_table[] = {
	SECRET(BYBIT_API_KEY),
	SECRET(BYBIT_API_SECRET),
	SECRET(BYBIT_TRADE_API_KEY),
	SECRET(BYBIT_TRADE_API_SECRET),
	BOOL(BYBIT_TESTNET, "true"),
	BOOL(BYBIT_DEMO, "false"),
	OTHER(BYBIT_BASE_URL, URL, NULL),
	TEXT(CA_FILE),
	NUMBER(BYBIT_RECV_WINDOW, INT, "5000", "1000", "60000"),
	WORDS(BYBIT_CATEGORIES, WORDS, "linear", "linear inverse spot"),
	OTHER(BYBIT_SETTLE_COINS, SYMBOLS, "USDT"),
	LABEL(ACCOUNT, "main"),
	NUMBER(SIGNAL_POLL_INTERVAL, SECONDS, "5", "0.2", "3600"),
	[WEBHOOK_SECRET] = { "WEBHOOK_SECRET", KIND_SECRET, NULL, NULL, NULL,
	    NULL, SETTING_LINES },
	OTHER(WEBHOOK_LISTEN, ADDRESS, "127.0.0.1:8080"),
	TEXT(WEBHOOK_TLS_CERT),
	TEXT(WEBHOOK_TLS_KEY),
	TEXT(WEBHOOK_CLIENT_CA),
	OTHER(WEBHOOK_CLIENT_NAME, NAMES, NULL),
	WORDS(WEBHOOK_ALLOW, NETWORKS, NULL, "tradingview"),
	OTHER(WEBHOOK_TRUST_PROXY, NETWORKS, NULL),
	NUMBER(WEBHOOK_TIMEOUT, SECONDS, "2.5", "0.1", "60"),
	OTHER(ADMIN_LISTEN, ADDRESS, "127.0.0.1:8081"),
	SECRET(ADMIN_TOKEN),
	OTHER(ALLOWED_SYMBOLS, SYMBOLS, "BTCUSDT,ETHUSDT"),
	ABOVE_0(MAX_RISK_PER_TRADE, "2", "100"),
	WORDS(POSITION_SIZING, CHOICE, "risk", "risk notional"),
	ABOVE_0(STOP_LOSS_PERCENT, "2", "100"),
	ABOVE_0(ATR_MULTIPLIER, "2", "100"),
	ABOVE_0(STOP_LOSS_MIN, "0.2", "100"),
	ABOVE_0(STOP_LOSS_MAX, "10", "100"),
	ABOVE_0(MAX_DAILY_LOSS, "10", "100"),
	NUMBER(MAX_POSITIONS, INT, "5", "1", "500"),
	NUMBER(MAX_POSITIONS_PER_SYMBOL, INT, "1", "1", "2"),
	ABOVE_0(MAX_EXPOSURE, "600", "10000"),
	NUMBER(LEVERAGE, DECIMAL, NULL, "1", "200"),
	NUMBER(TREND_THRESHOLD, DECIMAL, "3", "0", "1000000"),
	ABOVE_0(MAX_PRICE_DEVIATION, "2", "100"),
	NUMBER(ALERT_MAX_AGE, SECONDS, "0", "0", "86400"),
	NUMBER(ALERT_TTL, SECONDS, "30", "1", "3600"),
	NUMBER(STATE_MAX_AGE, SECONDS, "30", "1", "3600"),
	NUMBER(MAX_ORDERS_PER_MINUTE, INT, "10", "1", "1000"),
	NUMBER(MAX_CONSECUTIVE_REJECTS, INT, "5", "1", "1000"),
	ABOVE_0(MAX_DAILY_NOTIONAL, "2000", "1000000"),
	BOOL(DRY_RUN, "false"),
	SECRET(TELEGRAM_BOT_TOKEN),
	OTHER(TELEGRAM_API_URL, URL, "https://api.telegram.org"),
	NUMBER(TELEGRAM_RATE, INT, "30", "0", "1000"),
	NUMBER(TELEGRAM_CHAT_RATE, INT, "1", "0", "1000"),
	NUMBER(TELEGRAM_GROUP_RATE, INT, "20", "0", "1000"),
	BOOL(TELEGRAM_COMMANDS, "false"),
	OTHER(TELEGRAM_OPERATORS, IDS, NULL),
	WORDS(NOTIFY_LANG, CHOICE, "ru", "ru en"),
	TEXT(NOTIFY_TEMPLATES),
	OTHER(TZ, ZONE, NULL),
	LABEL(OPERATOR_CHAT, NULL),
	BOOL(NOTIFY_INITIAL, "false"),
	NUMBER(NOTIFY_MAX_AGE, SECONDS, "86400", "1", "31536000"),
	NUMBER(NOTIFY_OPEN_MAX_AGE, SECONDS, "600", "1", "31536000"),
	SECRET(NOTIFY_WEBHOOK_SECRET),
	[STATE_DIR] = { "STATE_DIR", KIND_TEXT, "./state", NULL, NULL, NULL,
	    0 },
	NUMBER(STATE_MAP_SIZE, BYTES, "4G", "1M", "1T"),
	BOOL(CONFINE, "true"),
	WORDS(LOG_LEVEL, CHOICE, "INFO", "DEBUG INFO WARN ERROR"),
};

_Static_assert(
    sizeof(setting_table) / sizeof(setting_table[0]) == SETTINGS_COUNT,
    "the last setting is missing in the table");
