#include <stdio.h>
#include <string.h>

#include "poller/internal.h"

/* Up to so many symbols are asked for one by one, more all at once. */
#define SINGLE_MAX 5

#define INSTRUMENTS_LIMIT 1000
#define INSTRUMENTS_PAGES_MAX 20

/* Instruments change rarely; without any there are no prices either. */
#define FRESH_MS (24 * 3600 * 1000)
#define RETRY_MS (3600 * 1000)
#define FIRST_RETRY_MS (60 * 1000)

struct taking {
	struct poller *p;
	unsigned char *found; /* by opts.symbols */
};

/* Keep a row of an allowed symbol. */
static enum step
take_row(void *arg, const struct json *row)
{
	struct taking *t = arg;
	struct poller *p = t->p;
	const char *symbol = json_string(json_get(row, "symbol"));
	size_t i;

	for (i = 0; symbol != NULL && i < p->opts.nsymbols; i++) {
		if (strcmp(p->opts.symbols[i], symbol) != 0)
			continue;
		if (t->found[i])
			return STEP_OK;
		t->found[i] = 1;
		return keep_row(p, &p->rows, row, 0);
	}
	return STEP_OK;
}

static enum step
write_rows(
    struct poller *p, const char *type, const char *category, int64_t time_ms)
{
	if (p->rows.n == 0)
		return STEP_OK;
	line_begin(p, type, time_ms);
	json_put_string(&p->line, "category", category);
	rows_put(&p->line, "list", &p->rows);
	return line_end(p);
}

/* One symbol; one that the category does not know is no failure. */
static enum step
ask_one(struct poller *p, const char *path, struct market *m, size_t i,
    struct taking *t, int64_t *time_ms)
{
	char query[128];
	struct bybit_reply r;
	const struct json *list, *v;
	enum step st;

	snprintf(query, sizeof(query), "category=%s&symbol=%s", m->category,
	    p->opts.symbols[i]);
	st = poller_ask(p, path, query, 0, &r);
	/* These calls need no key: what is refused is the symbol. */
	if (st == STEP_FAILED && r.status == 200 &&
	    (r.class == BYBIT_REJECT || r.class == BYBIT_FATAL))
		return STEP_OK;
	if (st == STEP_FAILED || st == STEP_DOWN)
		poller_failed(p, path, &r);
	if (st != STEP_OK)
		return st;
	*time_ms = r.time_ms;
	list = json_get(r.result, "list");
	for (v = json_first(list); v != NULL && st == STEP_OK; v = json_next(v))
		st = take_row(t, v);
	return st;
}

static enum step
instruments(struct poller *p, struct market *m)
{
	static const char path[] = "/v5/market/instruments-info";
	unsigned char found[POLLER_SYMBOLS_MAX] = { 0 };
	struct taking t = { p, found };
	struct bybit_reply r;
	int64_t time_ms = 0, now = p->io.mono_ms(p->io.arg);
	enum step st = STEP_OK;
	char query[64];
	size_t i;

	rows_clear(&p->rows);
	m->due_mono_ms = now + (m->loaded ? RETRY_MS : FIRST_RETRY_MS);
	if (p->opts.nsymbols <= SINGLE_MAX) {
		for (i = 0; i < p->opts.nsymbols && st == STEP_OK; i++)
			st = ask_one(p, path, m, i, &t, &time_ms);
	} else {
		snprintf(query, sizeof(query), "category=%s", m->category);
		st = poller_pages(p, path, query, 0, INSTRUMENTS_LIMIT,
		    INSTRUMENTS_PAGES_MAX, NULL, take_row, &t, &r);
		time_ms = r.time_ms;
	}
	if (st != STEP_OK)
		return st;
	memcpy(m->known, found, sizeof(m->known));
	m->loaded = 1;
	m->due_mono_ms = now + FRESH_MS;
	return write_rows(p, "instruments", m->category, time_ms);
}

#define TICKERS "/v5/market/tickers"

/* Each by itself: one that fails is no reason to leave out the others. */
static enum step
few_tickers(
    struct poller *p, struct market *m, struct taking *t, int64_t *time_ms)
{
	enum step st, bad = STEP_OK;

	for (size_t i = 0; i < p->opts.nsymbols; i++) {
		if (!m->known[i])
			continue;
		st = ask_one(p, TICKERS, m, i, t, time_ms);
		if (st > STEP_FAILED)
			return st;
		if (st == STEP_FAILED)
			bad = st;
	}
	return bad;
}

static enum step
many_tickers(
    struct poller *p, struct market *m, struct taking *t, int64_t *time_ms)
{
	struct bybit_reply r;
	const struct json *v;
	enum step st;
	char query[64];

	snprintf(query, sizeof(query), "category=%s", m->category);
	st = poller_ask(p, TICKERS, query, 0, &r);
	if (st == STEP_FAILED || st == STEP_DOWN)
		poller_failed(p, TICKERS, &r);
	if (st != STEP_OK)
		return st;
	*time_ms = r.time_ms;
	v = json_first(json_get(r.result, "list"));
	for (; v != NULL && st == STEP_OK; v = json_next(v))
		st = take_row(t, v);
	return st;
}

static enum step
tickers(struct poller *p, struct market *m)
{
	unsigned char found[POLLER_SYMBOLS_MAX] = { 0 };
	struct taking t = { p, found };
	int64_t time_ms = 0;
	size_t i, known = 0;
	enum step st, written;

	for (i = 0; i < p->opts.nsymbols; i++)
		known += m->known[i];
	if (known == 0)
		return STEP_OK;
	rows_clear(&p->rows);
	st = known <= SINGLE_MAX ? few_tickers(p, m, &t, &time_ms)
				 : many_tickers(p, m, &t, &time_ms);
	if (st > STEP_FAILED)
		return st;
	written = write_rows(p, "tickers", m->category, time_ms);
	return written != STEP_OK ? written : st;
}

enum step
market_look(struct poller *p, struct market *m)
{
	enum step st = STEP_OK;

	if (p->io.mono_ms(p->io.arg) >= m->due_mono_ms)
		st = instruments(p, m);
	if (st != STEP_OK && st != STEP_FAILED)
		return st;
	return tickers(p, m);
}

void
market_check_symbols(struct poller *p)
{
	size_t i, j;

	for (j = 0; j < p->nmarkets; j++)
		if (!p->markets[j].loaded)
			return;
	if (p->symbols_checked)
		return;
	p->symbols_checked = 1;
	for (i = 0; i < p->opts.nsymbols; i++) {
		int known = 0;

		for (j = 0; j < p->nmarkets; j++)
			known |= p->markets[j].known[i];
		if (!known)
			NOTE(p, LOG_WARN,
			    "a symbol of ALLOWED_SYMBOLS does not trade in "
			    "BYBIT_CATEGORIES, ignoring it",
			    LOG_STR("symbol", p->opts.symbols[i]));
	}
}
