/*
 * settings - what the environment and a .env file say, checked at once.
 *
 * All settings of all programs stand in one table (settings.c) with kind,
 * default and bounds.  Every program reads and checks the whole table, so a
 * bad value is told at the first start, whoever uses it.
 */
#ifndef SLUICE_SETTINGS_H
#define SLUICE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

struct buf;
struct settings;

enum setting {
	BYBIT_API_KEY,
	BYBIT_API_SECRET,
	BYBIT_TRADE_API_KEY,
	BYBIT_TRADE_API_SECRET,
	BYBIT_TESTNET,
	BYBIT_DEMO,
	BYBIT_BASE_URL,
	CA_FILE,
	BYBIT_RECV_WINDOW,
	BYBIT_CATEGORIES,
	BYBIT_SETTLE_COINS,
	ACCOUNT,
	SIGNAL_POLL_INTERVAL,
	WEBHOOK_SECRET,
	WEBHOOK_LISTEN,
	WEBHOOK_TLS_CERT,
	WEBHOOK_TLS_KEY,
	WEBHOOK_CLIENT_CA,
	WEBHOOK_CLIENT_NAME,
	WEBHOOK_ALLOW,
	WEBHOOK_TRUST_PROXY,
	WEBHOOK_TIMEOUT,
	ADMIN_LISTEN,
	ADMIN_TOKEN,
	ALLOWED_SYMBOLS,
	MAX_RISK_PER_TRADE,
	POSITION_SIZING,
	STOP_LOSS_PERCENT,
	ATR_MULTIPLIER,
	STOP_LOSS_MIN,
	STOP_LOSS_MAX,
	MAX_DAILY_LOSS,
	MAX_POSITIONS,
	MAX_POSITIONS_PER_SYMBOL,
	MAX_EXPOSURE,
	LEVERAGE,
	TREND_THRESHOLD,
	MAX_PRICE_DEVIATION,
	ALERT_MAX_AGE,
	ALERT_TTL,
	STATE_MAX_AGE,
	MAX_ORDERS_PER_MINUTE,
	MAX_CONSECUTIVE_REJECTS,
	MAX_DAILY_NOTIONAL,
	DRY_RUN,
	TELEGRAM_BOT_TOKEN,
	TELEGRAM_API_URL,
	TELEGRAM_RATE,
	TELEGRAM_CHAT_RATE,
	TELEGRAM_GROUP_RATE,
	TELEGRAM_COMMANDS,
	TELEGRAM_OPERATORS,
	NOTIFY_LANG,
	NOTIFY_TEMPLATES,
	TZ,
	OPERATOR_CHAT,
	NOTIFY_INITIAL,
	NOTIFY_MAX_AGE,
	NOTIFY_OPEN_MAX_AGE,
	NOTIFY_WEBHOOK_SECRET,
	STATE_DIR,
	STATE_MAP_SIZE,
	CONFINE,
	LOG_LEVEL,
	SETTINGS_COUNT,
};

/*
 * Read the settings.  file: a .env file that must exist, or NULL for ./.env
 * where it exists.  The environment wins over the file; a variable or value
 * that is empty counts as not set.  Returns the settings, or NULL; each
 * problem is one line in errors ("NAME=value: what is expected"), each
 * warning (unknown name and the nearest one, file readable by the group) one
 * line in warnings.  The value of a secret stands in neither.  errno is EINVAL
 * then, or else what the machine lacked (ENOMEM, EMFILE, EIO), which is no
 * fault of the settings.
 *
 * Secrets are given to log_secret().  Free with settings_free (NULL is fine),
 * which wipes them.
 */
struct settings *settings_read(
    const char *file, struct buf *errors, struct buf *warnings);
void settings_free(struct settings *s);

/*
 * Wipe all secrets but the n of keep: a program holds none that it does not
 * use.  They count as not given from there on, and the log does not look for
 * them any more.  From the environment, which others of the user can see, all
 * are wiped, those of keep, too.
 */
void settings_keep(struct settings *s, const enum setting *keep, size_t n);

/* The name of a setting, for messages. */
const char *setting_name(enum setting which);

/* The text, as given or the default; "" where neither is. */
const char *setting_str(const struct settings *s, enum setting which);

/* 1 where the environment or the file has it. */
int setting_given(const struct settings *s, enum setting which);

/*
 * By kind; asking for the wrong kind is a bug and ends the program (70).
 * Durations are given in seconds and come back as milliseconds; sizes (4G,
 * 512M, 64K) as bytes.  LEVERAGE not given is decimal zero.
 */
int setting_bool(const struct settings *s, enum setting which);
int64_t setting_int(const struct settings *s, enum setting which);
int64_t setting_ms(const struct settings *s, enum setting which);
int64_t setting_bytes(const struct settings *s, enum setting which);
struct decimal setting_decimal(const struct settings *s, enum setting which);

/*
 * Element i of a comma-separated list, trimmed; NULL past the end.  The text
 * belongs to the settings.
 */
const char *setting_item(
    const struct settings *s, enum setting which, size_t i);

/*
 * How a setting's name would be in a message: "did you mean".  The name in
 * the table nearest to name, or NULL where none is near.
 */
const char *settings_nearest(const char *name);

#endif
