#include "differ/scope.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "differ/account.h"
#include "differ/array.h"
#include "differ/differ.h"
#include "differ/estimates.h"
#include "differ/leg.h"
#include "differ/persist.h"
#include "differ/read.h"
#include "differ/records.h"
#include "differ/state.h"

static struct scope *
look_up(struct differ *d, const struct account *a, enum category c,
    const char *coin)
{
	for (size_t i = 0; i < d->nscopes; i++) {
		struct scope *s = d->scopes[i];

		if (s->account == a && s->category == c &&
		    strcmp(s->coin, coin) == 0)
			return s;
	}
	return NULL;
}

struct scope *
scope_find(struct differ *d, const struct account *a, enum category c,
    const char *coin)
{
	struct scope *s = look_up(d, a, c, coin);

	return s != NULL && s->first != 0 ? s : NULL;
}

struct scope *
scope_get(
    struct differ *d, struct account *a, enum category c, const char *coin)
{
	struct scope *s = look_up(d, a, c, coin), **v;

	if (s != NULL)
		return s;
	v = array_room(
	    d->scopes, &d->scopes_cap, d->nscopes + 1, sizeof(struct scope *));
	if (v != NULL)
		d->scopes = v;
	s = calloc(1, sizeof(*s));
	if (v == NULL || s == NULL) {
		d->error = "out of memory";
		free(s);
		return NULL;
	}
	s->account = a;
	s->category = c;
	memcpy(s->coin, coin, strlen(coin) + 1);
	v[d->nscopes++] = s;
	return s;
}

size_t
scope_place(const struct scope *s, const char *symbol, int idx, int *found)
{
	size_t low = 0, high = s->nlegs;

	*found = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct place *at = &s->legs[mid]->at;
		int cmp = strcmp(symbol, at->symbol);

		if (cmp == 0)
			cmp = idx - at->idx;
		if (cmp == 0) {
			*found = 1;
			return mid;
		}
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* An empty leg in its place. */
static struct leg *
insert(struct differ *d, struct scope *s, const struct place *at)
{
	struct leg **v = array_room(
	    s->legs, &s->legs_cap, s->nlegs + 1, sizeof(struct leg *));
	struct leg *l = calloc(1, sizeof(*l));
	size_t i;
	int found;

	if (v != NULL)
		s->legs = v;
	if (v == NULL || l == NULL) {
		d->error = "out of memory";
		free(l);
		return NULL;
	}
	i = scope_place(s, at->symbol, at->idx, &found);
	if (found) {
		state_damaged(d->state, "positions", "a key stands twice");
		free(l);
		return NULL;
	}
	memmove(&v[i + 1], &v[i], (s->nlegs - i) * sizeof(struct leg *));
	v[i] = l;
	s->nlegs++;
	l->at = *at;
	l->at.scope = s;
	l->flat = 1;
	return l;
}

struct leg *
scope_add(struct differ *d, struct scope *s, const char *symbol, int idx)
{
	struct place at = { .scope = s, .idx = idx };
	struct store_key key;
	const struct json *v;
	struct leg *l;

	memcpy(at.symbol, symbol, strlen(symbol) + 1);
	l = insert(d, s, &at);
	if (l == NULL)
		return NULL;
	leg_key(&key, &at);
	v = read_row(d, "legs", &key);
	if (v != NULL && leg_mark_get(v, l) == -1)
		state_damaged(d->state, "legs", "a row cannot be read");
	return l;
}

struct leg *
scope_leg(struct differ *d, struct scope *s, const struct place *at)
{
	int found;
	size_t i = scope_place(s, at->symbol, at->idx, &found);

	return found ? s->legs[i] : scope_add(d, s, at->symbol, at->idx);
}

int
scope_elsewhere(
    const struct differ *d, const struct scope *s, const char *symbol, int idx)
{
	for (size_t i = 0; i < d->nscopes; i++) {
		const struct scope *o = d->scopes[i];
		int found;
		size_t k;

		if (o == s || o->account != s->account ||
		    o->category != s->category)
			continue;
		k = scope_place(o, symbol, idx, &found);
		if (found && !leg_done(o->legs[k]))
			return 1;
	}
	return 0;
}

int
scope_hedged(struct differ *d, const struct scope *s, const char *symbol)
{
	struct place at = { .scope = s };
	struct store_key key;
	size_t i, len;
	int found;

	memcpy(at.symbol, symbol, strlen(symbol) + 1);
	for (at.idx = 1; at.idx <= 2; at.idx++) {
		i = scope_place(s, symbol, at.idx, &found);
		leg_key(&key, &at);
		/* One that holds nothing and says nothing is never stored. */
		if ((found && (s->legs[i]->dirty || !leg_done(s->legs[i]))) ||
		    state_get(d->state, "legs", &key, &len) != NULL)
			return 1;
	}
	return 0;
}

static void
store_scope(struct differ *d, const struct scope *s)
{
	const char *category = category_name(s->category);
	struct store_key key;

	account_key(&key, s->account->name, "scope", category, s->coin);
	buf_clear(&d->text);
	json_open_object(&d->text, NULL);
	json_put_string(&d->text, "account", s->account->name);
	json_put_string(&d->text, "category", category);
	if (s->coin[0] != '\0')
		json_put_string(&d->text, "settle_coin", s->coin);
	json_put_time(&d->text, "first", s->first);
	json_put_time(&d->text, "last", s->last);
	json_close_object(&d->text);
	if (buf_failed(&d->text))
		d->error = "out of memory";
	else
		state_put(d->state, "account", &key, d->text.p, d->text.len);
}

/* What is open stands in `positions`, the order of what is not in `legs`. */
static void
store_leg(struct differ *d, const struct leg *l)
{
	const char *table = "positions";
	struct store_key key;

	leg_key(&key, &l->at);
	buf_clear(&d->text);
	if (leg_done(l)) {
		state_del(d->state, "positions", &key);
		table = "legs";
		leg_mark_put(&d->text, l);
	} else
		leg_put(&d->text, l);
	if (buf_failed(&d->text))
		d->error = "out of memory";
	else
		state_put(d->state, table, &key, d->text.p, d->text.len);
}

void
scopes_store(struct differ *d)
{
	for (size_t i = 0; i < d->nscopes; i++) {
		struct scope *s = d->scopes[i];
		size_t n = 0;

		if (!s->dirty)
			continue;
		s->dirty = 0;
		store_scope(d, s);
		for (size_t k = 0; k < s->nlegs; k++) {
			struct leg *l = s->legs[k];

			if (l->dirty)
				store_leg(d, l);
			l->dirty = 0;
			if (leg_done(l))
				leg_free(l);
			else
				s->legs[n++] = l;
		}
		s->nlegs = n;
	}
}

static int
load_scope(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct differ *d = arg;
	struct account *a = d->accounts[d->naccounts - 1];
	struct store_key prefix;
	const struct json *v;
	const char *coin;
	struct scope *s;
	int c;

	store_key_init(&prefix);
	store_key_str(&prefix, a->name);
	store_key_str(&prefix, "scope");
	if (klen < prefix.len || memcmp(key, prefix.p, prefix.len) != 0)
		return 1;
	v = read_text(d, "account", val, vlen);
	c = category_parse(read_string(v, "category", ""));
	coin = read_string(v, "settle_coin", "");
	if (c == -1 || strlen(coin) >= COIN_SIZE) {
		state_damaged(d->state, "account", "a scope cannot be read");
		return 1;
	}
	s = scope_get(d, a, (enum category)c, coin);
	if (s == NULL)
		return 1;
	if (json_time(json_get(v, "first"), &s->first) == -1 ||
	    json_time(json_get(v, "last"), &s->last) == -1)
		state_damaged(d->state, "account", "a scope has no time");
	return 0;
}

/* The first key's account; the walk ends there. */
static int
first_account(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	char *name = arg;

	(void)val;
	(void)vlen;
	if (memchr(key, '\0', klen) != NULL && strlen(key) < ACCOUNT_SIZE)
		memcpy(name, key, strlen(key) + 1);
	return 1;
}

/* Only two kinds of rows matter: the rest is jumped over, account by account.
 */
static void
load_accounts(struct differ *d)
{
	char name[ACCOUNT_SIZE] = "";
	struct store_key from, key;

	store_key_init(&from);
	for (;;) {
		const struct json *v;
		struct account *a;

		name[0] = '\0';
		if (state_scan(d->state, "account", &from, first_account,
			name) == -1 ||
		    name[0] == '\0')
			return;
		a = account_get(d, name);
		if (a == NULL)
			return;
		account_key(&key, name, "identity", "", "");
		v = read_row(d, "account", &key);
		(void)read_copy(v, "host", a->host, sizeof(a->host));
		(void)read_copy(v, "uid", a->uid, sizeof(a->uid));
		store_key_init(&from);
		store_key_str(&from, name);
		store_key_str(&from, "scope");
		if (state_scan(d->state, "account", &from, load_scope, d) == -1)
			return;
		/* Behind the NUL that ends the account's name. */
		store_key_init(&from);
		store_key_mem(&from, name, strlen(name));
		from.p[strlen(name)] = 1;
		from.len = strlen(name) + 1;
	}
}

/* The scope of a row, which its snapshots have made before it. */
static struct scope *
scope_of(struct differ *d, const struct json *v, struct place *at)
{
	char account[ACCOUNT_SIZE], coin[COIN_SIZE];
	enum category c;

	if (place_get(v, account, &c, coin, at) == -1)
		return NULL;
	for (size_t i = 0; i < d->naccounts; i++)
		if (strcmp(d->accounts[i]->name, account) == 0)
			return scope_find(d, d->accounts[i], c, coin);
	return NULL;
}

static int
load_leg(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct differ *d = arg;
	const struct json *v = read_text(d, "positions", val, vlen);
	struct place at = { 0 };
	struct scope *s = v != NULL ? scope_of(d, v, &at) : NULL;
	struct leg *l = s != NULL ? insert(d, s, &at) : NULL;

	(void)key;
	(void)klen;
	if (l != NULL && leg_get(v, l) == 0)
		return 0;
	state_damaged(d->state, "positions", "a row cannot be read");
	return 1;
}

static int
load_record(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct differ *d = arg;
	struct place at = { 0 };
	const struct json *v;
	struct record *r;

	(void)key;
	(void)klen;
	if (memmem(val, vlen, "\"left\":", 7) == NULL)
		return 0; /* used up */
	v = read_text(d, "records", val, vlen);
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		d->error = "out of memory";
		return 1;
	}
	if (v != NULL && record_get(v, r) == 0)
		r->scope = scope_of(d, v, &at);
	if (r->scope == NULL) {
		state_damaged(d->state, "records", "a row cannot be read");
		free(r);
		return 1;
	}
	r->account = r->scope->account;
	r->category = r->scope->category;
	records_add(d, r);
	return 0;
}

static int
load_estimate(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct differ *d = arg;
	const struct json *v = read_text(d, "estimates", val, vlen);
	struct estimate e = { 0 };

	(void)key;
	(void)klen;
	if (v != NULL)
		e.at.scope = scope_of(d, v, &e.at);
	if (e.at.scope == NULL || estimate_get(v, &e) == -1) {
		state_damaged(d->state, "estimates", "a row cannot be read");
		return 1;
	}
	estimate_add(d, &e);
	return 0;
}

int
scopes_load(struct differ *d)
{
	load_accounts(d);
	if (differ_failed(d) != NULL ||
	    state_scan(d->state, "positions", NULL, load_leg, d) == -1 ||
	    state_scan(d->state, "records", NULL, load_record, d) == -1 ||
	    state_scan(d->state, "estimates", NULL, load_estimate, d) == -1)
		return -1;
	return differ_failed(d) != NULL ? -1 : 0;
}

void
scope_free(struct scope *s)
{
	for (size_t i = 0; i < s->nlegs; i++)
		leg_free(s->legs[i]);
	free(s->legs);
	free(s);
}
