#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/exchange/account.h"
#include "tests/exchange/calc.h"

int
refuse(struct refusal *why, int code, const char *fmt, ...)
{
	va_list ap;

	why->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

void
account_init(struct account *a, struct market *m, int64_t now_ms)
{
	*a = (struct account){
		.market = m,
		.now_ms = now_ms,
		.id_seed = (uint64_t)now_ms,
		.seq = 140612148849000, /* over 32 bits, as in life */
	};
	account_gain(a, "USDT", decimal_from_int(10000));
	account_coin(a, "USDT")->realised = decimal_zero;
}

void
account_release(struct account *a)
{
	for (size_t i = 0; i < a->norders; i++)
		free(a->orders[i]);
	free(a->orders);
	free(a->execs);
	free(a->closed);
	*a = (struct account){ 0 };
}

struct coin *
account_coin(struct account *a, const char *name)
{
	for (size_t i = 0; i < a->ncoins; i++)
		if (strcmp(a->coins[i].name, name) == 0)
			return &a->coins[i];
	return NULL;
}

struct coin *
account_add_coin(struct account *a, const char *name)
{
	struct coin *c = account_coin(a, name);
	size_t len = strlen(name);

	if (c != NULL)
		return c;
	if (a->ncoins == COINS_MAX || len == 0 || len >= sizeof(c->name))
		return NULL;
	for (const char *s = name; *s != '\0'; s++)
		if (!isupper((unsigned char)*s) && !isdigit((unsigned char)*s))
			return NULL;
	c = &a->coins[a->ncoins++];
	*c = (struct coin){ 0 };
	memcpy(c->name, name, len + 1);
	return c;
}

void
account_gain(struct account *a, const char *coin, struct decimal amount)
{
	struct coin *c = account_add_coin(a, coin);

	if (c == NULL) /* more settle coins than COINS_MAX: there are not */
		return;
	c->balance = calc_add(c->balance, amount);
	c->realised = calc_add(c->realised, amount);
}

struct decimal
holding_margin(const struct instrument *i, const struct holding *h)
{
	if (h->side == SIDE_NONE)
		return decimal_zero;
	return calc_money(
	    calc_div(h->value, i->leverage[h->side == SIDE_SELL]));
}

struct decimal
account_unrealised(const struct account *a, const char *coin)
{
	struct decimal sum = decimal_zero;

	for (size_t k = 0; k < a->market->n; k++) {
		const struct instrument *i = &a->market->list[k];

		for (size_t p = 0; p < 3; p++) {
			const struct holding *h = &i->positions[p].now;

			if (h->side != SIDE_NONE &&
			    strcmp(i->settle, coin) == 0)
				sum = calc_add(sum,
				    holding_unrealised(h,
					i->category == CATEGORY_INVERSE,
					i->price));
		}
	}
	return sum;
}

struct decimal
account_margin(const struct account *a, const char *coin)
{
	struct decimal sum = decimal_zero;

	for (size_t k = 0; k < a->market->n; k++) {
		const struct instrument *i = &a->market->list[k];

		for (size_t p = 0; p < 3; p++)
			if (strcmp(i->settle, coin) == 0)
				sum = calc_add(sum,
				    holding_margin(i, &i->positions[p].now));
	}
	return sum;
}

void
account_totals(const struct account *a, struct totals *t)
{
	*t = (struct totals){ 0 };
	for (size_t i = 0; i < a->ncoins; i++) {
		const struct coin *c = &a->coins[i];
		struct decimal usd = market_usd(a->market, c->name);

		t->wallet = calc_add(t->wallet, calc_mul(c->balance, usd));
		t->unrealised = calc_add(t->unrealised,
		    calc_mul(account_unrealised(a, c->name), usd));
		t->margin = calc_add(
		    t->margin, calc_mul(account_margin(a, c->name), usd));
	}
	t->equity = calc_add(t->wallet, t->unrealised);
	t->available = calc_sub(t->equity, t->margin);
}

/* splitmix64: not for secrets, only for ids that do not come twice. */
static uint64_t
next_id(struct account *a)
{
	uint64_t z = (a->id_seed += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void
account_new_id(struct account *a, char out[ID_SIZE])
{
	uint64_t hi = next_id(a), lo = next_id(a);

	(void)snprintf(out, ID_SIZE, "%08x-%04x-4%03x-%04x-%012llx",
	    (unsigned int)(hi >> 32), (unsigned int)(hi >> 16 & 0xffff),
	    (unsigned int)(hi & 0xfff),
	    (unsigned int)(lo >> 48 & 0x3fff) | 0x8000u,
	    (unsigned long long)(lo & 0xffffffffffff));
}
