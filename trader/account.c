/*
 * account: equity, margin mode, the key's rights.  The look at the wallet also
 * keeps a connection open, so that an order finds it warm.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/wallet.h"
#include "trader/internal.h"

#define WARM_MS 15000  /* between looks at the wallet */
#define SLOTS_MAX 20   /* symbols that are looked at with it */
#define AGAIN_MS 5000  /* after a failure */
#define PROBE_MS 60000 /* after one that asking again does not mend (F67) */

static int64_t
again(const struct trader *t, const struct bybit_reply *r)
{
	return t->mono_ms + (r->class == BYBIT_FATAL ? PROBE_MS : AGAIN_MS);
}

/* What a person must mend: one alarm, closed by the first call that works. */
static void
key_alarm(struct trader *t, const struct bybit_reply *r)
{
	char text[400];

	if (r->class == BYBIT_OK) {
		if (!t->read_only)
			trader_alarm(t, 0, "key", "");
		return;
	}
	if (r->class != BYBIT_FATAL && r->class != BYBIT_BANNED)
		return;
	(void)snprintf(text, sizeof(text),
	    "trader cannot use Bybit: %s; %s; no entry is sent", r->error,
	    r->advice[0] != '\0' ? r->advice : "waiting");
	trader_alarm(t, 1, "key", text);
}

static void
on_wallet(void *arg, const struct bybit_reply *r)
{
	struct trader *t = arg;
	const struct json *row = NULL;
	struct decimal equity;

	t->wallet_busy = 0;
	key_alarm(t, r);
	if (r->class == BYBIT_OK)
		row = json_first(json_get(r->result, "list"));
	if (row == NULL) {
		t->warm_mono = again(t, r);
		return;
	}
	if (wallet_equity(row, t->isolated, &equity) == 0) {
		t->equity = equity;
		t->equity_mono = t->mono_ms;
	}
}

static void
on_info(void *arg, const struct bybit_reply *r)
{
	struct trader *t = arg;
	const char *mode;

	t->info_busy = 0;
	if (r->class != BYBIT_OK) {
		t->info_mono = again(t, r);
		return;
	}
	mode = json_string(json_get(r->result, "marginMode"));
	t->isolated = mode != NULL && strcmp(mode, "ISOLATED_MARGIN") == 0;
	t->info_mono = INT64_MAX;
}

static int
has(const struct json *list, const char *word)
{
	const struct json *v;

	for (v = json_first(list); v != NULL; v = json_next(v))
		if (json_string(v) != NULL && strcmp(json_string(v), word) == 0)
			return 1;
	return 0;
}

/* A key that could empty the account is none for a program (section 6.3). */
static void
on_key(void *arg, const struct bybit_reply *r)
{
	struct trader *t = arg;
	const struct json *rights;
	int64_t read_only = 0;

	t->key_busy = 0;
	/* The demo host may not know the path: then nothing is known. */
	if (r->status == 404 || r->code == 10017) {
		t->key_mono = INT64_MAX;
		return;
	}
	if (r->class != BYBIT_OK) {
		key_alarm(t, r);
		t->key_mono = again(t, r);
		return;
	}
	rights = json_get(r->result, "permissions");
	if (has(json_get(rights, "Wallet"), "Withdraw"))
		(void)snprintf(t->fatal, sizeof(t->fatal),
		    "the trading key may withdraw money: make one without "
		    "the right 'Withdraw' (BYBIT_TRADE_API_KEY)");
	(void)json_int(json_get(r->result, "readOnly"), 0, 1, &read_only);
	t->read_only = (int)read_only;
	if (t->read_only)
		trader_alarm(t, 1, "key",
		    "trader's API key is read-only: set a "
		    "BYBIT_TRADE_API_KEY that may trade contracts");
	else
		trader_alarm(t, 0, "key", "");
	t->key_mono = t->read_only ? t->mono_ms + PROBE_MS : INT64_MAX;
}

static int
ask(struct trader *t, const char *path, const char *query,
    void (*done)(void *, const struct bybit_reply *))
{
	struct bybit_call c = { .method = "GET",
		.path = path,
		.payload = query,
		.len = strlen(query),
		.sign = 1,
		.done = done,
		.arg = t };

	return t->io.start(t->io.arg, &c) == 0;
}

void
account_advance(struct trader *t)
{
	int64_t pause = t->opts.state_max_age_ms / 2;
	int n = 0;

	if (!t->key_busy && t->mono_ms >= t->key_mono)
		t->key_busy = ask(t, "/v5/user/query-api", "", on_key);
	if (!t->info_busy && t->mono_ms >= t->info_mono)
		t->info_busy = ask(t, "/v5/account/info", "", on_info);
	if (t->wallet_busy || t->mono_ms < t->warm_mono)
		return;
	t->warm_mono = t->mono_ms + (pause < WARM_MS ? pause : WARM_MS);
	/* What stands before an entry is known from a look of late. */
	for (struct slot *s = t->slots; s != NULL && n < SLOTS_MAX;
	     s = s->next, n++)
		(void)slot_read(s, t->mono_ms);
	t->wallet_busy = ask(
	    t, "/v5/account/wallet-balance", "accountType=UNIFIED", on_wallet);
}
