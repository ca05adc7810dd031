#include "differ/account.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/wallet.h"
#include "differ/array.h"
#include "differ/differ.h"
#include "differ/exits.h"
#include "differ/model.h"
#include "differ/read.h"
#include "differ/state.h"

struct account *
account_get(struct differ *d, const char *name)
{
	struct account **v, *a;

	for (size_t i = 0; i < d->naccounts; i++)
		if (strcmp(d->accounts[i]->name, name) == 0)
			return d->accounts[i];
	v = array_room(d->accounts, &d->accounts_cap, d->naccounts + 1,
	    sizeof(struct account *));
	if (v != NULL)
		d->accounts = v;
	a = calloc(1, sizeof(*a));
	if (v == NULL || a == NULL) {
		d->error = "out of memory";
		free(a);
		return NULL;
	}
	memcpy(a->name, name, strlen(name) + 1);
	v[d->naccounts++] = a;
	return a;
}

void
account_key(struct store_key *k, const char *account, const char *kind,
    const char *category, const char *name)
{
	store_key_init(k);
	store_key_str(k, account);
	store_key_str(k, kind);
	store_key_str(k, category);
	store_key_str(k, name);
}

/* d->text is the row's value. */
static void
put_row(struct differ *d, const struct store_key *key)
{
	if (buf_failed(&d->text))
		d->error = "out of memory";
	else
		state_put(d->state, "account", key, d->text.p, d->text.len);
}

static int
alike(const char *known, const char *said)
{
	return *known == '\0' || *said == '\0' || strcmp(known, said) == 0;
}

int
account_knows(const struct account *a, const struct json *line)
{
	return alike(a->host, read_scalar(line, "host")) &&
	    alike(a->uid, read_scalar(line, "uid"));
}

static int
learn(char *known, size_t size, const char *said)
{
	if (*known != '\0' || *said == '\0' || strlen(said) >= size)
		return 0;
	memcpy(known, said, strlen(said) + 1);
	return 1;
}

void
account_remember(struct differ *d, struct account *a, const struct json *line)
{
	struct store_key key;
	int news = learn(a->host, sizeof(a->host), read_scalar(line, "host"));

	if (!learn(a->uid, sizeof(a->uid), read_scalar(line, "uid")) && !news)
		return;
	account_key(&key, a->name, "identity", "", "");
	buf_clear(&d->text);
	json_open_object(&d->text, NULL);
	json_put_string(&d->text, "account", a->name);
	if (a->host[0] != '\0')
		json_put_string(&d->text, "host", a->host);
	if (a->uid[0] != '\0')
		json_put_string(&d->text, "uid", a->uid);
	json_close_object(&d->text);
	put_row(d, &key);
}

struct day {
	struct decimal first, highest, last, closed;
	int has_equity;
};

/* The row of the UTC day of time; date is its name. */
static void
day_get(struct differ *d, const struct account *a, int64_t time,
    struct store_key *key, char date[TIME_TEXT_MAX], struct day *day)
{
	const struct json *v;

	memset(day, 0, sizeof(*day));
	(void)time_format(date, time);
	date[10] = '\0';
	account_key(key, a->name, "day", "", date);
	v = read_row(d, "account", key);
	if (v == NULL)
		return;
	day->has_equity =
	    json_decimal(json_get(v, "first_equity"), &day->first) == 0;
	(void)json_decimal(json_get(v, "highest_equity"), &day->highest);
	(void)json_decimal(json_get(v, "last_equity"), &day->last);
	(void)json_decimal(json_get(v, "closed_pnl"), &day->closed);
}

static void
day_put(struct differ *d, const struct account *a, const struct store_key *key,
    const char *date, const struct day *day)
{
	buf_clear(&d->text);
	json_open_object(&d->text, NULL);
	json_put_string(&d->text, "account", a->name);
	json_put_string(&d->text, "day", date);
	if (day->has_equity) {
		json_put_decimal(&d->text, "first_equity", day->first);
		json_put_decimal(&d->text, "highest_equity", day->highest);
		json_put_decimal(&d->text, "last_equity", day->last);
	}
	json_put_decimal(&d->text, "closed_pnl", day->closed);
	json_close_object(&d->text);
	put_row(d, key);
}

void
account_closed(
    struct differ *d, const struct account *a, int64_t time, struct decimal pnl)
{
	char date[TIME_TEXT_MAX];
	struct store_key key;
	struct day day;

	day_get(d, a, time, &key, date, &day);
	sum_add(&day.closed, pnl);
	day_put(d, a, &key, date, &day);
}

static void
day_equity(struct differ *d, const struct account *a, int64_t time,
    struct decimal equity)
{
	char date[TIME_TEXT_MAX];
	struct store_key key;
	struct day day;

	day_get(d, a, time, &key, date, &day);
	if (!day.has_equity)
		day.first = day.highest = equity;
	if (decimal_cmp(equity, day.highest) > 0)
		day.highest = equity;
	day.last = equity;
	day.has_equity = 1;
	day_put(d, a, &key, date, &day);
}

/* 1 where the row is older than time, or not there. */
static int
newer(struct differ *d, const struct store_key *key, int64_t time)
{
	const struct json *v = read_row(d, "account", key);
	int64_t was;

	return v == NULL || json_time(json_get(v, "time"), &was) == -1 ||
	    time > was;
}

int
account_wallet(struct differ *d, struct account *a, const struct json *line,
    int64_t time, const char **why)
{
	const struct json *wallet = json_get(line, "wallet");
	struct decimal equity;
	struct store_key key;

	if (wallet == NULL || json_type(wallet) != JSON_OBJECT) {
		*why = "wallet is missing";
		return -1;
	}
	account_key(&key, a->name, "wallet", "", "");
	if (!newer(d, &key, time))
		return 0;
	buf_clear(&d->text);
	json_put(&d->text, NULL, line);
	put_row(d, &key);
	if (wallet_equity(wallet, 0, &equity) == 0 && value_fits(equity))
		day_equity(d, a, time, equity);
	return 1;
}

int
account_heartbeat(struct differ *d, struct account *a, const struct json *line,
    int64_t time, const char **why)
{
	struct store_key key;
	int ok;

	if (json_bool(json_get(line, "ok"), &ok) == -1) {
		*why = "ok is missing";
		return -1;
	}
	account_key(&key, a->name, "heartbeat", "", "");
	if (!newer(d, &key, time))
		return 0;
	buf_clear(&d->text);
	json_put(&d->text, NULL, line);
	put_row(d, &key);
	return 1;
}

int
account_list(struct differ *d, struct account *a, const struct json *line,
    const char *type, int64_t time, const char **why)
{
	const struct json *list = json_get(line, "list");
	const char *category = read_string(line, "category", "");
	char symbol[SYMBOL_SIZE];
	struct store_key key;

	if (category_parse(category) == -1) {
		*why = "category is not known";
		return -1;
	}
	if (list == NULL || json_type(list) != JSON_ARRAY) {
		*why = "list is missing";
		return -1;
	}
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v)) {
		if (read_copy(v, "symbol", symbol, sizeof(symbol)) == -1)
			continue;
		account_key(&key, a->name, type, category, symbol);
		if (!newer(d, &key, time))
			continue;
		buf_clear(&d->text);
		json_open_object(&d->text, NULL);
		json_put_string(&d->text, "type", type);
		json_put_time(&d->text, "time", time);
		json_put_string(&d->text, "account", a->name);
		json_put_string(&d->text, "category", category);
		json_open_array(&d->text, "list");
		json_put(&d->text, NULL, v);
		json_close_array(&d->text);
		json_close_object(&d->text);
		put_row(d, &key);
	}
	return 1;
}
