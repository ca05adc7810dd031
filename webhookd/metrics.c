/* metrics: everything as Prometheus reads it, text format 0.0.4. */
#include <stddef.h>
#include <string.h>

#include "common/decimal.h"
#include "common/json.h"
#include "common/settings.h"
#include "common/wallet.h"
#include "webhookd/api_internal.h"
#include "webhookd/server.h"

#define TYPE "text/plain; version=0.0.4; charset=utf-8"

static void
head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP sluice_%s %s\n# TYPE sluice_%s %s\n", name, help,
	    name, type);
}

static void
one(struct buf *b, const char *name, const char *type, const char *help,
    long long value)
{
	head(b, name, type, help);
	buf_printf(b, "sluice_%s %lld\n", name, value);
}

/* A time or an age in ms, as seconds. */
static void
put_seconds(struct buf *b, const char *name, const char *stage, int64_t ms)
{
	const char *sign = ms < 0 ? "-" : "";

	ms = ms < 0 ? -ms : ms;
	buf_printf(b, "sluice_%s", name);
	if (stage != NULL)
		buf_printf(b, "{stage=\"%s\"}", stage);
	buf_printf(b, " %s%lld.%03d\n", sign, (long long)(ms / 1000),
	    (int)(ms % 1000));
}

static void
put_stages(struct buf *b, const struct view *v)
{
	static const struct {
		const char *name, *type, *help;
		size_t offset;
	} counts[] = {
		{ "stage_lines_total", "counter",
		    "Lines that this run has taken.",
		    offsetof(struct stage_view, lines) },
		{ "stage_skipped_total", "counter",
		    "Lines that it did not understand.",
		    offsetof(struct stage_view, skipped) },
		{ "stage_out_total", "counter", "What it has put out.",
		    offsetof(struct stage_view, out) },
	};
	static const struct {
		const char *name, *help;
		size_t offset;
	} times[] = {
		{ "stage_start_time_seconds", "When this run began.",
		    offsetof(struct stage_view, start_ms) },
		{ "stage_last_line_time_seconds", "When it took its last line.",
		    offsetof(struct stage_view, last_line_ms) },
	};
	const struct stage_view *s;
	int64_t n;
	int i;

	head(b, "stage_up", "gauge", "1 while the stage runs.");
	for (i = 0; i < STATES; i++)
		if (v->stages[i].state != STAGE_ABSENT)
			buf_printf(b, "sluice_stage_up{stage=\"%s\"} %d\n",
			    states_name((enum state_of)i),
			    v->stages[i].state == STAGE_RUNNING);
	head(b, "alarms", "gauge", "Open alarms.");
	for (i = 0; i < STATES; i++)
		buf_printf(b, "sluice_alarms{stage=\"%s\"} %lld\n",
		    states_name((enum state_of)i),
		    (long long)v->stages[i].alarms);
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		head(b, counts[c].name, counts[c].type, counts[c].help);
		for (i = 0; i < STATES; i++) {
			s = &v->stages[i];
			memcpy(
			    &n, (const char *)s + counts[c].offset, sizeof(n));
			if (s->health)
				buf_printf(b, "sluice_%s{stage=\"%s\"} %lld\n",
				    counts[c].name,
				    states_name((enum state_of)i),
				    (long long)n);
		}
	}
	for (size_t c = 0; c < sizeof(times) / sizeof(times[0]); c++) {
		head(b, times[c].name, "gauge", times[c].help);
		for (i = 0; i < STATES; i++) {
			s = &v->stages[i];
			memcpy(
			    &n, (const char *)s + times[c].offset, sizeof(n));
			if (s->health && n != 0)
				put_seconds(b, times[c].name,
				    states_name((enum state_of)i), n);
		}
	}
}

static void
put_counts(struct api *a, struct buf *b)
{
	struct api_counts c = { 0 };

	a->o.counts(a->o.arg, &c);
	one(b, "alerts_total", "counter", "Alerts taken.", (long long)c.alerts);
	one(b, "alerts_duplicate_total", "counter",
	    "Alerts answered with what was known.", (long long)c.duplicates);
	one(b, "alerts_refused_total", "counter",
	    "Alerts refused before risker.", (long long)c.refused);
	one(b, "results_total", "counter", "Result lines taken.",
	    (long long)c.results);
	one(b, "alerts_waiting", "gauge", "Requests without an answer yet.",
	    (long long)c.waiting);
	one(b, "risker_connected", "gauge", "1 while risker takes alerts.",
	    c.risker);
}

static int
count_position(void *arg, const struct json *row)
{
	(void)row;
	++*(int64_t *)arg;
	return 0;
}

static void
put_equity(struct api *a, struct buf *b)
{
	char text[DECIMAL_TEXT_MAX];
	const struct json *row;
	struct decimal equity;
	struct store_key key;
	int64_t time;

	store_key_init(&key);
	store_key_str(&key, setting_str(a->o.settings, ACCOUNT));
	store_key_str(&key, "wallet");
	store_key_str(&key, "");
	store_key_str(&key, "");
	if (api_get(a, STATE_DIFFER, "account", &key, &row) != STORE_OK ||
	    wallet_equity(json_get(row, "wallet"), 0, &equity) == -1)
		return;
	decimal_format(text, equity);
	head(b, "equity_usd", "gauge",
	    "The account's equity, or in isolated margin that in USDT.");
	buf_printf(b, "sluice_equity_usd %s\n", text);
	if (json_time(json_get(row, "time"), &time) == -1)
		return;
	head(b, "equity_time_seconds", "gauge", "When Bybit said so.");
	put_seconds(b, "equity_time_seconds", NULL, time);
}

static void
put_account(struct api *a, struct buf *b, const struct view *v)
{
	int64_t positions = 0, next;

	if (v->heartbeat) {
		one(b, "heartbeat_ok", "gauge",
		    "1 where the poller's last look went well.",
		    v->heartbeat_ok);
		head(b, "heartbeat_age_seconds", "gauge",
		    "Age of the poller's last look.");
		put_seconds(b, "heartbeat_age_seconds", NULL,
		    v->now_ms - v->heartbeat_ms);
	}
	if (positions_walk(a, 0, &next, count_position, &positions) == STORE_OK)
		one(b, "positions", "gauge", "Open positions.",
		    (long long)positions);
	put_equity(a, b);
}

void
metrics_get(struct api *a, struct request *r, const char *part)
{
	struct buf *b = &a->out;
	struct view v;

	(void)part;
	view_read(a, &v);
	buf_clear(b);
	one(b, "healthy", "gauge", "1 where /status says healthy.", v.healthy);
	one(b, "halted", "gauge", "1 while no entry is traded.", v.halted);
	put_stages(b, &v);
	put_account(a, b, &v);
	put_counts(a, b);
	if (buf_failed(b))
		request_refuse(r, 503, "Out of memory");
	else
		request_reply(r, 200, TYPE, b->p, b->len);
	view_release(&v);
}
