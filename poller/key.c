#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "poller/internal.h"

#define PATH "/v5/user/query-api"

/* A permission of a group; NULL: any at all. */
static int
may(const struct json *permissions, const char *group, const char *what)
{
	const struct json *v = json_first(json_get(permissions, group));

	for (; v != NULL; v = json_next(v)) {
		const char *s = json_string(v);

		if (s != NULL && (what == NULL || strcmp(s, what) == 0))
			return 1;
	}
	return 0;
}

static void
take_uid(struct poller *p, const struct json *id)
{
	const char *s = json_string(id);

	if (s == NULL)
		s = json_number(id);
	if (!is_token(s) || strcmp(s, "0") == 0 || strlen(s) >= sizeof(p->uid))
		return;
	snprintf(p->uid, sizeof(p->uid), "%s", s);
}

/* A key that is bound to addresses does not expire, whatever it says. */
static int
is_expired(struct poller *p, const struct json *key)
{
	const char *ip = json_string(json_first(json_get(key, "ips")));
	int64_t ms;

	if (ip != NULL && strcmp(ip, "*") != 0)
		return 0;
	return json_time(json_get(key, "expiredAt"), &ms) == 0 && ms > 0 &&
	    ms < p->io.now_ms(p->io.arg);
}

static enum step
look_at_key(struct poller *p, const struct json *key)
{
	const struct json *rights = json_get(key, "permissions");
	int64_t read_only = 1;
	int known = rights != NULL && json_type(rights) == JSON_OBJECT;

	take_uid(p, json_get(key, "userID"));
	if (is_expired(p, key)) {
		snprintf(p->fatal, sizeof(p->fatal),
		    "BYBIT_API_KEY on %s has expired: make a new one",
		    p->opts.host);
		return STEP_FATAL;
	}
	if (known && !may(rights, "ContractTrade", NULL) &&
	    !may(rights, "Derivatives", NULL)) {
		snprintf(p->fatal, sizeof(p->fatal),
		    "BYBIT_API_KEY on %s has no right to read positions: give "
		    "it the rights to contract orders and positions",
		    p->opts.host);
		return STEP_FATAL;
	}
	(void)json_int(json_get(key, "readOnly"), 0, 1, &read_only);
	if (known && may(rights, "Wallet", "Withdraw"))
		NOTE(p, LOG_WARN,
		    "BYBIT_API_KEY can withdraw: use a read-only key",
		    LOG_STR("host", p->opts.host));
	else if (read_only == 0)
		NOTE(p, LOG_WARN,
		    "BYBIT_API_KEY can trade: use a read-only key",
		    LOG_STR("host", p->opts.host));
	return STEP_OK;
}

enum step
key_check(struct poller *p)
{
	struct bybit_reply r;
	enum step st = poller_ask(p, PATH, "", 1, &r);

	if (st == STEP_OK) {
		st = look_at_key(p, r.result);
	} else if (st == STEP_FAILED &&
	    (r.status == 404 || r.code == 10005 || r.code == 10017)) {
		/* Demo hosts need not have it; the key may be fine. */
		NOTE(p, LOG_INFO, "the host does not tell whose key it is",
		    LOG_STR("error", r.error));
		st = STEP_OK;
	} else if (st == STEP_FAILED || st == STEP_DOWN) {
		poller_failed(p, PATH, &r);
		if (r.class == BYBIT_FATAL)
			st = poller_refused(p, &r);
	}
	p->key_checked = st == STEP_OK;
	return st;
}
