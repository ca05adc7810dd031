#include "notifier/watch.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/service.h"
#include "common/settings.h"
#include "common/stage.h"

#define PEER_RETRY_MS 10000
#define OLD_ALARM_MS 3600000 /* how long what has happened stays open */
#define WRITE_MS 60000	     /* for what changes with time alone */
#define NO_STATE "snapshot_stale"
#define SCOPES_MAX 96

void
watch_init(struct watch *w, struct notifier *n, struct source *source,
    const char *dir, const struct settings *s, int tell, struct moment now)
{
	static const char *const stages[WATCH_PEERS] = { "differ", "webhookd",
		"risker", "trader" };

	memset(w, 0, sizeof(*w));
	w->n = n;
	w->store = n->o.store;
	w->source = source;
	w->dir = dir;
	w->settings = s;
	w->max_age_ms = setting_ms(s, STATE_MAX_AGE);
	w->start_ms = now.mono_ms;
	w->tell = tell;
	for (size_t i = 0; i < WATCH_PEERS; i++)
		w->peers[i].stage = stages[i];
}

void
watch_release(struct watch *w)
{
	for (size_t i = 0; i < WATCH_PEERS; i++)
		store_close(w->peers[i].store);
	alarms_release(&w->alarms);
}

static int
in_list(const struct settings *s, enum setting which, const char *word)
{
	const char *item;

	for (size_t i = 0; (item = setting_item(s, which, i)) != NULL; i++)
		if (strcmp(item, word) == 0)
			return 1;
	return 0;
}

/*
 * A scope of this account that the settings do not name any more was taken
 * off on purpose.  What other accounts poll is not known here.
 */
static int
is_dropped(const struct watch *w, const struct scope *c)
{
	if (strcmp(c->account, setting_str(w->settings, ACCOUNT)) != 0)
		return 0;
	if (!in_list(w->settings, BYBIT_CATEGORIES, c->category))
		return 1;
	return strcmp(c->category, "linear") == 0 &&
	    !in_list(w->settings, BYBIT_SETTLE_COINS, c->settle_coin);
}

static void
look_at(struct watch *w, const struct scope *c, int watched, struct moment now)
{
	int stale = now.wall_ms - c->last_ms > w->max_age_ms;
	char name[128], text[256], when[TIME_TEXT_MAX];
	const char *gap = c->settle_coin[0] != '\0' ? " " : "";

	(void)snprintf(name, sizeof(name), NO_STATE " %.64s %.15s%s%.23s",
	    c->account, c->category, gap, c->settle_coin);
	if (!watched)
		(void)snprintf(
		    text, sizeof(text), "this scope is not polled any more");
	else if (stale)
		(void)snprintf(text, sizeof(text),
		    "no good snapshot since %s: poller or differ is not "
		    "running, or Bybit does not answer it",
		    time_format(when, c->last_ms));
	else
		(void)snprintf(text, sizeof(text), "snapshots come again");
	/* Who has just started gives the others their time. */
	if (stale && watched && now.mono_ms - w->start_ms < w->max_age_ms)
		return;
	alarms_set(&w->alarms, name, stale && watched, text);
}

static enum store_error
look_at_scopes(struct watch *w, struct moment now)
{
	struct scope list[SCOPES_MAX];
	enum store_error e;
	size_t n = 0, kept = 0;

	if (w->source == NULL)
		return STORE_OK;
	e = source_scopes(w->source, list, SCOPES_MAX, &n);
	if (e != STORE_OK && e != STORE_NOTFOUND)
		return e;
	for (size_t i = 0; i < n; i++)
		kept += !is_dropped(w, &list[i]);
	for (size_t i = 0; i < n; i++)
		look_at(
		    w, &list[i], kept == 0 || !is_dropped(w, &list[i]), now);
	if (n > 0)
		alarms_set(
		    &w->alarms, NO_STATE, 0, "differ has taken a snapshot");
	else if (now.mono_ms - w->start_ms >= w->max_age_ms)
		alarms_set(&w->alarms, NO_STATE, 1,
		    "differ has taken no snapshot yet: poller or differ is not "
		    "running, or has another state folder");
	return STORE_OK;
}

static void
look_at_service(struct watch *w, const char *stage, enum service_trouble which,
    struct moment now)
{
	char name[64], text[SERVICE_TEXT_SIZE];
	int open = service_trouble(w->dir, stage, which, now.wall_ms, text);

	(void)snprintf(
	    name, sizeof(name), "%s %s", service_alarm(which), stage);
	if (!open)
		(void)snprintf(text, sizeof(text),
		    which == SERVICE_DOWN
			? "the service was started again"
			: "the service has not failed for some minutes");
	alarms_set(&w->alarms, name, open, text);
}

static void
look_at_services(struct watch *w, struct moment now)
{
	const char *stage;

	for (size_t i = 0; (stage = service_stage(i)) != NULL; i++) {
		look_at_service(w, stage, SERVICE_DOWN, now);
		look_at_service(w, stage, SERVICE_FAILING, now);
	}
}

/* What happened to differ's state an hour ago everybody knows by now. */
static int
close_old(struct store_txn *t, struct moment now)
{
	if (alarm_expire(t, "journal_changed", OLD_ALARM_MS,
		"the new journal is known", now.wall_ms) == -1)
		return -1;
	return alarm_expire(t, EVENTS_LOST, OLD_ALARM_MS,
	    "the lost events are known", now.wall_ms);
}

static enum store_error
write_alarms(struct watch *w, struct moment now)
{
	struct store_txn *t;
	enum store_error e;

	e = store_begin(w->store, 1, &t);
	if (e != STORE_OK)
		return e;
	if (close_old(t, now) == -1 ||
	    alarms_put(&w->alarms, t, now.wall_ms) == -1) {
		store_abort(t);
		return STORE_FAIL;
	}
	e = store_commit(t);
	if (e == STORE_OK)
		alarms_written(&w->alarms);
	return e;
}

/* The rows of table `alarms` of one stage, as texts. */
struct alarm_rows {
	struct buf text; /* NUL-terminated rows */
	size_t n;
};

static int
keep_row(void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct alarm_rows *a = arg;

	(void)key;
	(void)klen;
	if (memchr(val, '\0', vlen) != NULL)
		return 0;
	buf_put(&a->text, val, vlen);
	buf_putc(&a->text, '\0');
	a->n++;
	return 0;
}

static enum store_error
read_alarms(struct store *s, struct alarm_rows *a)
{
	struct store_txn *t;
	enum store_error e;

	buf_clear(&a->text);
	a->n = 0;
	e = store_begin(s, 0, &t);
	if (e != STORE_OK)
		return e;
	e = store_scan(t, "alarms", "", 0, keep_row, a);
	store_abort(t);
	return e;
}

static void
told_key(struct store_key *k, const char *stage, const char *name)
{
	store_key_init(k);
	store_key_str(k, stage);
	store_key_str(k, name);
}

/* What a row says; the same rows stand in `told`. */
static void
put_told(struct buf *b, const char *stage, const char *name, int open,
    int64_t since_ms)
{
	json_open_object(b, NULL);
	json_put_string(b, "stage", stage);
	json_put_string(b, "alarm", name);
	json_put_bool(b, "open", open);
	json_put_time(b, "since", since_ms);
	json_close_object(b);
}

/*
 * 1 where the row is as it was told, or was closed before anybody was told; 0
 * where it is news.
 */
static int
is_told(struct store_txn *t, const char *stage, const char *name, int open,
    const struct buf *row)
{
	struct store_key key;
	enum store_error e;
	const char *val;
	size_t len;

	told_key(&key, stage, name);
	e = store_get(t, "told", key.p, key.len, &val, &len);
	if (e == STORE_NOTFOUND)
		return !open;
	if (e == STORE_OK && !open &&
	    memmem(val, len, "\"open\":false", 12) != NULL)
		return 1;
	return e == STORE_OK && len == row->len &&
	    memcmp(val, row->p, len) == 0;
}

static enum store_error
tell_row(struct watch *w, struct store_txn *t, const char *stage, char *text,
    int write, int *news, struct moment now)
{
	const struct json *v = json_parse(w->n->doc, text, strlen(text));
	const char *name = json_string(json_get(v, "alarm"));
	const char *words = json_string(json_get(v, "text"));
	enum store_error e = STORE_OK;
	struct store_key key;
	int64_t since;
	struct buf b;
	int open;

	if (name == NULL || words == NULL ||
	    json_bool(json_get(v, "open"), &open) == -1 ||
	    json_time(json_get(v, "since"), &since) == -1)
		return STORE_OK; /* not of our making */
	buf_init(&b, ROW_MAX);
	put_told(&b, stage, name, open, since);
	told_key(&key, stage, name);
	if (buf_failed(&b) == 0 && !key.failed &&
	    !is_told(t, stage, name, open, &b)) {
		*news = 1;
		if (write)
			e = store_put(t, "told", key.p, key.len, b.p, b.len);
		if (write && e == STORE_OK)
			e = notifier_alarm(
			    w->n, t, stage, name, open, words, since, now);
	}
	buf_release(&b);
	return e;
}

/* One pass over the rows of a stage: look for news, or write them. */
static enum store_error
tell_pass(struct watch *w, const char *stage, struct alarm_rows *a, int write,
    int *news, struct moment now)
{
	char *text = a->text.p;
	struct store_txn *t;
	enum store_error e;

	e = store_begin(w->store, write, &t);
	if (e != STORE_OK)
		return e;
	for (size_t i = 0; e == STORE_OK && i < a->n; i++) {
		e = tell_row(w, t, stage, text, write, news, now);
		text += strlen(text) + 1;
	}
	if (!write || e != STORE_OK) {
		store_abort(t);
		return e;
	}
	return store_commit(t);
}

static enum store_error
tell_stage(
    struct watch *w, const char *stage, struct alarm_rows *a, struct moment now)
{
	enum store_error e;
	int news = 0;

	e = tell_pass(w, stage, a, 0, &news, now);
	if (e != STORE_OK || !news)
		return e;
	buf_clear(&w->n->woken);
	e = tell_pass(w, stage, a, 1, &news, now);
	if (e == STORE_OK)
		notifier_wake(w->n, now);
	return e;
}

/* Whether the state of a stage can be read: else its alarms are not known. */
static void
look_at_peer(
    struct watch *w, struct peer *p, enum store_error e, const char *why)
{
	char name[64], text[512];
	int open;

	/* Once may be a start or an end of that stage; damage stays. */
	p->failures =
	    e == STORE_OK || e == STORE_NOTFOUND ? 0 : p->failures + 1;
	open = e == STORE_BAD || p->failures > 1;
	(void)snprintf(name, sizeof(name), "state_unread %s", p->stage);
	(void)snprintf(text, sizeof(text),
	    open ? "the state of %s cannot be read, nor its alarms: %.400s"
		 : "the state of %s can be read",
	    p->stage, why);
	alarms_set(&w->alarms, name, open, text);
}

static struct store *
peer_store(struct watch *w, struct peer *p, struct moment now)
{
	struct store_opts o = { .stage = p->stage, .mode = STORE_READ };
	enum store_error e;
	char why[512] = "";

	if (w->source != NULL && p == &w->peers[0])
		return w->source->store;
	if (p->store != NULL || now.mono_ms < p->next_ms)
		return p->store;
	p->next_ms = now.mono_ms + PEER_RETRY_MS;
	o.dir = w->dir;
	e = store_open(&p->store, &o, why, sizeof(why));
	if (e != STORE_OK)
		p->store = NULL;
	look_at_peer(w, p, e, why);
	return p->store;
}

struct store *
watch_stage(struct watch *w, size_t i, const char **stage, struct moment now)
{
	*stage = w->peers[i].stage;
	return peer_store(w, &w->peers[i], now);
}

/* Another stage that cannot be read has nothing to tell for now. */
static enum store_error
tell_all(struct watch *w, struct moment now)
{
	struct alarm_rows a = { .n = 0 };
	enum store_error e;

	buf_init(&a.text, SIZE_MAX / 2);
	e = read_alarms(w->store, &a);
	if (e == STORE_OK)
		e = tell_stage(w, "notifier", &a, now);
	for (size_t i = 0; e == STORE_OK && i < WATCH_PEERS; i++) {
		struct peer *p = &w->peers[i];
		struct store *s = peer_store(w, p, now);

		if (s == NULL)
			continue;
		if (read_alarms(s, &a) == STORE_OK) {
			e = tell_stage(w, p->stage, &a, now);
		} else if (s == p->store) {
			store_close(p->store);
			p->store = NULL;
		}
	}
	buf_release(&a.text);
	return e;
}

enum store_error
watch_tick(struct watch *w, struct moment now)
{
	enum store_error e = look_at_scopes(w, now);

	if (e != STORE_OK) {
		(void)snprintf(
		    w->error, sizeof(w->error), "%s", w->source->error);
		return e;
	}
	look_at_services(w, now);
	if (alarms_changed(&w->alarms) || now.mono_ms >= w->write_ms) {
		e = write_alarms(w, now);
		w->write_ms = now.mono_ms + WRITE_MS;
	}
	if (e == STORE_OK && w->tell)
		e = tell_all(w, now);
	if (e != STORE_OK)
		(void)snprintf(
		    w->error, sizeof(w->error), "%s", store_errstr(w->store));
	return e;
}
