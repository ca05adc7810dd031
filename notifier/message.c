#include "notifier/message.h"

#include <string.h>
#include <time.h>

#include "common/decimal.h"
#include "common/json.h"

enum word {
	TRADE,
	INCREASED,
	PARTLY_CLOSED,
	ENTRY_PRICE,
	AVERAGE_PRICE,
	EXIT_PRICE,
	SIZE,
	LEVERAGE_IS,
	CLOSED,
	REMAINING,
	PROFIT,
	LOSS,
	PARTIAL_PROFIT,
	PARTIAL_LOSS,
	ALARM,
	ALARM_OVER,
	WORDS,
};

static const char *const russian[] = {
	[TRADE] = "Сделка №",
	[INCREASED] = "Увеличение позиции",
	[PARTLY_CLOSED] = "Частичное закрытие",
	[ENTRY_PRICE] = "Цена входа: ",
	[AVERAGE_PRICE] = "Средняя цена входа: ",
	[EXIT_PRICE] = "Цена выхода: ",
	[SIZE] = "Размер позиции: ",
	[LEVERAGE_IS] = "Плечо: ",
	[CLOSED] = "Закрыто: ",
	[REMAINING] = "Осталось: ",
	[PROFIT] = "Прибыль: ",
	[LOSS] = "Убыток: ",
	[PARTIAL_PROFIT] = "Частичная прибыль: ",
	[PARTIAL_LOSS] = "Частичный убыток: ",
	[ALARM] = "Тревога",
	[ALARM_OVER] = "Тревога снята",
};
static const char *const english[] = {
	[TRADE] = "Trade #",
	[INCREASED] = "Position increased",
	[PARTLY_CLOSED] = "Partial close",
	[ENTRY_PRICE] = "Entry price: ",
	[AVERAGE_PRICE] = "Average entry price: ",
	[EXIT_PRICE] = "Exit price: ",
	[SIZE] = "Position size: ",
	[LEVERAGE_IS] = "Leverage: ",
	[CLOSED] = "Closed: ",
	[REMAINING] = "Remaining: ",
	[PROFIT] = "Profit: ",
	[LOSS] = "Loss: ",
	[PARTIAL_PROFIT] = "Partial profit: ",
	[PARTIAL_LOSS] = "Partial loss: ",
	[ALARM] = "Alarm",
	[ALARM_OVER] = "Alarm is over",
};
_Static_assert(sizeof(russian) / sizeof(russian[0]) == WORDS &&
	sizeof(english) / sizeof(english[0]) == WORDS,
    "a word is missing in a language");

static const char *const actions[] = {
	[ACTION_OPEN] = "OPEN",
	[ACTION_INCREASE] = "INCREASE",
	[ACTION_PARTIAL_CLOSE] = "PARTIAL_CLOSE",
	[ACTION_CLOSE] = "CLOSE",
	[ACTION_ALARM] = "ALARM",
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

const char *
action_name(enum action a)
{
	return actions[a];
}

int
action_parse(const char *name)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (strcmp(actions[i], name) == 0)
			return (int)i;
	return -1;
}

/* A text under way. */
struct text {
	struct buf *b;
	const struct json *signal;
	const char *const *word;
	int estimated;
};

static int
ends_with(const char *s, size_t len, const char *tail)
{
	size_t n = strlen(tail);

	return len > n && memcmp(s + len - n, tail, n) == 0;
}

/* Month letter and year of a dated contract: the H25 of BTCUSDH25. */
static int
is_dated(const char *s, size_t len)
{
	return len > 6 && memcmp(s + len - 6, "USD", 3) == 0 &&
	    strchr("FGHJKMNQUVXZ", s[len - 3]) != NULL && s[len - 2] >= '0' &&
	    s[len - 2] <= '9' && s[len - 1] >= '0' && s[len - 1] <= '9';
}

void
message_symbol(struct buf *b, const char *symbol)
{
	static const char *const quotes[] = { "USDT", "USDC", "USD", NULL };
	/* BTCUSDT-26DEC25 and BTC-26DEC25: dated, the latter settle in USDC. */
	size_t len = strcspn(symbol, "-");
	int has_date = symbol[len] == '-' && len > 0;

	if (is_dated(symbol, len))
		len -= 3;
	for (size_t i = 0; quotes[i] != NULL; i++)
		if (ends_with(symbol, len, quotes[i])) {
			buf_put(b, symbol, len - strlen(quotes[i]));
			buf_putc(b, '/');
			buf_puts(b, quotes[i]);
			return;
		}
	if (ends_with(symbol, len, "PERP"))
		len -= strlen("PERP");
	else if (!has_date) {
		buf_puts(b, symbol);
		return;
	}
	buf_put(b, symbol, len);
	buf_puts(b, "/USDC");
}

/* "≈" where what follows rests on an estimate. */
static void
put_about(const struct text *t)
{
	if (t->estimated)
		buf_puts(t->b, "≈");
}

static void
put_decimal(struct buf *b, struct decimal d, int max)
{
	char text[DECIMAL_TEXT_MAX];

	buf_put(b, text, decimal_format_scale(text, d, 1, max));
}

/* A number of the signal; a text that is no decimal is shown as it is. */
static void
put_member(const struct text *t, const char *key, int max)
{
	const struct json *v = json_get(t->signal, key);
	const char *s = json_string(v);
	struct decimal d;

	if (json_decimal(v, &d) == 0)
		put_decimal(t->b, d, max);
	else
		buf_puts(t->b, s != NULL ? s : "?");
}

static int
has(const struct text *t, const char *key)
{
	return json_get(t->signal, key) != NULL;
}

static const char *
string(const struct text *t, const char *key)
{
	const char *s = json_string(json_get(t->signal, key));

	return s != NULL ? s : "";
}

/* "Word: 45000.0" and a newline; nothing where the signal lacks it. */
static void
put_line(const struct text *t, enum word word, const char *key, int max)
{
	if (!has(t, key))
		return;
	buf_puts(t->b, t->word[word]);
	if (word == EXIT_PRICE)
		put_about(t);
	put_member(t, key, max);
	if (word == CLOSED)
		buf_putc(t->b, '%');
	buf_putc(t->b, '\n');
}

static void
put_leverage(const struct text *t)
{
	struct decimal d;
	char text[DECIMAL_TEXT_MAX];

	if (json_decimal(json_get(t->signal, "leverage"), &d) == -1)
		return;
	buf_puts(t->b, t->word[LEVERAGE_IS]);
	buf_put(t->b, text, decimal_format(text, d));
	buf_puts(t->b, "x\n");
}

/* "Word: +500.0", with the word that fits the sign. */
static void
put_signed(const struct text *t, enum word gain, enum word loss,
    const char *key, int max)
{
	struct decimal d;

	if (json_decimal(json_get(t->signal, key), &d) == -1)
		return;
	buf_puts(t->b, t->word[decimal_sign(d) < 0 ? loss : gain]);
	put_about(t);
	if (decimal_sign(d) >= 0)
		buf_putc(t->b, '+');
	put_decimal(t->b, d, max);
}

static void
put_pnl(const struct text *t, enum word gain, enum word loss)
{
	if (!has(t, "realized_pnl"))
		return;
	put_signed(t, gain, loss, "realized_pnl", 18);
	if (has(t, "pnl_coin")) {
		buf_putc(t->b, ' ');
		buf_puts(t->b, string(t, "pnl_coin"));
	}
	buf_putc(t->b, '\n');
}

static void
put_profit(const struct text *t)
{
	struct decimal d;

	if (json_decimal(json_get(t->signal, "profit_percentage"), &d) == -1)
		return;
	buf_puts(t->b, decimal_sign(d) < 0 ? "💸 " : "💰 ");
	put_signed(t, PROFIT, LOSS, "profit_percentage", 2);
	buf_puts(t->b, "%\n");
}

/* "14:30:25 16.05.2025" in the zone of TZ. */
static void
put_time(struct buf *b, int64_t ms)
{
	time_t s = (time_t)(ms / 1000 - (ms % 1000 < 0));
	char text[64];
	struct tm tm;

	if (localtime_r(&s, &tm) == NULL)
		return;
	buf_put(
	    b, text, strftime(text, sizeof(text), "%H:%M:%S %d.%m.%Y", &tm));
}

static void
put_clock(const struct text *t)
{
	int64_t ms;

	if (json_time(json_get(t->signal, "time"), &ms) == -1)
		return;
	buf_puts(t->b, "\n⏱ ");
	put_time(t->b, ms);
}

static void
put_head(const struct text *t, enum action action)
{
	static const char *const marks[] = {
		[ACTION_OPEN] = "🔔 ",
		[ACTION_INCREASE] = "🔼 ",
		[ACTION_PARTIAL_CLOSE] = "🔄 ",
		[ACTION_CLOSE] = "🔚 ",
	};
	int test = 0;
	int64_t number = 0;

	(void)json_bool(json_get(t->signal, "test"), &test);
	(void)json_int(
	    json_get(t->signal, "signal_number"), 0, INT64_MAX, &number);
	if (test)
		buf_puts(t->b, "🧪 TEST\n");
	buf_puts(t->b, marks[action]);
	buf_puts(t->b, t->word[TRADE]);
	buf_printf(t->b, "%05lld", (long long)number);
	if (action == ACTION_INCREASE || action == ACTION_PARTIAL_CLOSE) {
		buf_puts(t->b, " - ");
		buf_puts(t->b,
		    t->word[action == ACTION_INCREASE ? INCREASED
						      : PARTLY_CLOSED]);
	} else {
		buf_puts(t->b, " ⚡");
	}
	buf_puts(t->b, "\n\n");
	buf_puts(t->b,
	    strcmp(string(t, "signal_type"), "sell") == 0 ? "📉 SHORT "
							  : "📈 LONG ");
	message_symbol(t->b, string(t, "symbol"));
	buf_putc(t->b, '\n');
}

static void
put_sizes(const struct text *t)
{
	buf_puts(t->b, t->word[SIZE]);
	put_member(t, "old_position_size", 18);
	buf_puts(t->b, " → ");
	put_member(t, "position_size", 18);
	buf_putc(t->b, '\n');
}

/* A text ends without a newline. */
static void
trim(struct buf *b, size_t from)
{
	while (b->len > from && b->p[b->len - 1] == '\n')
		b->len--;
}

static const char *const *
words(const char *lang)
{
	return strcmp(lang, "en") == 0 ? english : russian;
}

int
message_signal(struct buf *b, const struct json *signal, const char *lang)
{
	struct text t = { b, signal, words(lang), 0 };
	size_t from = b->len;

	(void)json_bool(json_get(signal, "estimated"), &t.estimated);
	switch (action_parse(string(&t, "action"))) {
	case ACTION_OPEN:
		put_head(&t, ACTION_OPEN);
		put_line(&t, ENTRY_PRICE, "entry_price", 18);
		put_line(&t, SIZE, "position_size", 18);
		put_leverage(&t);
		put_clock(&t);
		break;
	case ACTION_INCREASE:
		put_head(&t, ACTION_INCREASE);
		put_sizes(&t);
		put_line(&t, AVERAGE_PRICE, "entry_price", 18);
		put_leverage(&t);
		break;
	case ACTION_PARTIAL_CLOSE:
		put_head(&t, ACTION_PARTIAL_CLOSE);
		put_line(&t, CLOSED, "close_percentage", 2);
		put_line(&t, REMAINING, "position_size", 18);
		put_pnl(&t, PARTIAL_PROFIT, PARTIAL_LOSS);
		break;
	case ACTION_CLOSE:
		put_head(&t, ACTION_CLOSE);
		put_line(&t, EXIT_PRICE, "exit_price", 18);
		put_line(&t, SIZE, "max_position_size", 18);
		put_leverage(&t);
		put_profit(&t);
		put_pnl(&t, PROFIT, LOSS);
		put_clock(&t);
		break;
	default:
		return -1;
	}
	if (buf_failed(b) != 0)
		return -1;
	trim(b, from);
	return 0;
}

int
message_alarm(struct buf *b, const struct json *alarm, const char *lang)
{
	struct text t = { b, alarm, words(lang), 0 };
	int open = 1;

	(void)json_bool(json_get(alarm, "open"), &open);
	buf_puts(b, open ? "🚨 " : "✅ ");
	buf_puts(b, t.word[open ? ALARM : ALARM_OVER]);
	buf_puts(b, ": ");
	buf_puts(b, string(&t, "alarm"));
	buf_puts(b, "\n\n");
	buf_puts(b, string(&t, "text"));
	buf_putc(b, '\n');
	put_clock(&t);
	return buf_failed(b) == 0 ? 0 : -1;
}
