#include "notifier/operator.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "common/halt.h"
#include "common/json.h"
#include "common/num.h"
#include "common/settings.h"
#include "notifier/templates.h"
#include "notifier/watch.h"

#define WHO_SIZE 40
#define CODE_SIZE 9   /* 8 hex digits */
#define ALARMS_MAX 10 /* that /status names */
#define HEALTH_MAX 4096

/* OPERATOR_CHAT, or 0 where that is none, or a name. */
static int64_t
operator_chat(const struct operator_desk *d)
{
	const char *s = setting_str(d->settings, OPERATOR_CHAT);
	int64_t id;

	return num_parse(s, strlen(s), INT64_MIN, INT64_MAX, &id) == 0 ? id : 0;
}

static int
is_operator(const struct operator_desk *d, int64_t user)
{
	const char *item;
	int64_t id;

	if (!setting_given(d->settings, TELEGRAM_OPERATORS))
		return user == operator_chat(d);
	for (size_t i = 0;
	     (item = setting_item(d->settings, TELEGRAM_OPERATORS, i)) != NULL;
	     i++)
		if (num_parse(item, strlen(item), 1, INT64_MAX, &id) == 0 &&
		    id == user)
			return 1;
	return 0;
}

int
operator_said(const struct operator_desk *d, const struct said *said)
{
	switch (said->command) {
	case COMMAND_HALT:
	case COMMAND_RESUME:
	case COMMAND_STATUS:
		break;
	case COMMAND_HELP:
		if (said->alone)
			break;
		return 0;
	default:
		return 0;
	}
	return (said->alone || said->chat == operator_chat(d)) &&
	    is_operator(d, said->user);
}

static int
is_late(const struct said *said, int64_t max_ms, struct moment now)
{
	return now.wall_ms - said->time_ms > max_ms;
}

struct halted
operator_halt(
    const struct operator_desk *d, const struct said *said, struct moment now)
{
	struct halted h = { .rc = 0 };
	char who[WHO_SIZE];

	if (said->command != COMMAND_HALT ||
	    is_late(said, OPERATOR_HALT_MS, now))
		return h;
	(void)snprintf(who, sizeof(who), "telegram %" PRId64, said->user);
	h.rc = halt_set(d->dir, who, said->words, now.wall_ms);
	h.error = errno;
	d->n->o.log(h.rc == -1 ? LOG_ERROR : LOG_WARN,
	    h.rc == -1	    ? "unable to halt trading"
		: h.rc == 1 ? "trading is halted"
			    : "trading was halted already",
	    LOG_FIELDS(LOG_INT("user", said->user),
		LOG_STR("reason", h.rc == -1 ? strerror(h.error) : "/halt")));
	return h;
}

/* Eight digits that name a halt. */
static void
name_halt(char code[CODE_SIZE], const struct halt *h)
{
	unsigned char md[EVP_MAX_MD_SIZE] = { 0 };
	char text[sizeof(h->who) + sizeof(h->why) + 32];
	unsigned int len;

	(void)snprintf(text, sizeof(text), "%" PRId64 "\n%s\n%s", h->time_ms,
	    h->who, h->why);
	(void)EVP_Digest(text, strlen(text), md, &len, EVP_sha256(), NULL);
	for (size_t i = 0; i < (CODE_SIZE - 1) / 2; i++)
		(void)snprintf(code + 2 * i, 3, "%02x", md[i]);
}

static void
say(const struct operator_desk *d, struct buf *b, enum section section,
    const struct values *v)
{
	(void)template_put(b, d->n->o.templates, section, d->n->o.lang, v);
}

static void
say_text(const struct operator_desk *d, struct buf *b, enum section section,
    const char *text)
{
	struct values v = { 0 };

	value_text(&v, FIELD_TEXT, text);
	say(d, b, section, &v);
}

static void
say_halt(const struct operator_desk *d, struct buf *b, enum section section,
    const struct halt *h, const char *code)
{
	struct values v = { 0 };

	/* What the file does not say has no line. */
	if (h->time_ms != 0)
		value_int(&v, FIELD_TIME, h->time_ms);
	if (h->who[0] != '\0')
		value_text(&v, FIELD_WHO, h->who);
	if (h->why[0] != '\0')
		value_text(&v, FIELD_TEXT, h->why);
	value_text(&v, FIELD_CODE, code);
	say(d, b, section, &v);
}

static void
say_late(const struct operator_desk *d, const struct said *said, struct buf *b)
{
	struct values v = { 0 };

	value_int(&v, FIELD_TIME, said->time_ms);
	say(d, b, SECTION_TOO_LATE, &v);
}

static void
answer_halt(const struct operator_desk *d, const struct said *said,
    struct halted halted, int again, struct moment now, struct buf *b)
{
	struct halt h;

	if (!again && is_late(said, OPERATOR_HALT_MS, now))
		say_late(d, said, b);
	else if (!again && halted.rc == -1)
		say_text(d, b, SECTION_HALT_FAILED, strerror(halted.error));
	else if (!again && halted.rc == 1)
		say(d, b, SECTION_HALT, NULL);
	else if (halt_get(d->dir, &h))
		say_halt(d, b, SECTION_HALTED, &h, "");
	else
		say(d, b, SECTION_NOT_HALTED, NULL);
}

static void
resume(const struct operator_desk *d, const struct said *said, struct buf *b)
{
	int rc = halt_clear(d->dir), error = errno;

	d->n->o.log(rc == -1 ? LOG_ERROR : LOG_WARN,
	    rc == -1 ? "unable to resume trading" : "trading is resumed",
	    LOG_FIELDS(LOG_INT("user", said->user),
		LOG_STR("reason", rc == -1 ? strerror(error) : "/resume")));
	if (rc == -1)
		say_text(d, b, SECTION_RESUME_FAILED, strerror(error));
	else
		say(d, b, SECTION_RESUMED, NULL);
}

static void
answer_resume(const struct operator_desk *d, const struct said *said, int again,
    struct moment now, struct buf *b)
{
	char code[CODE_SIZE] = "";
	struct halt h;

	if (!halt_get(d->dir, &h)) {
		say(d, b, SECTION_NOT_HALTED, NULL);
		return;
	}
	name_halt(code, &h);
	if (again || strcmp(said->words, code) != 0)
		say_halt(d, b, SECTION_RESUME, &h, code);
	else if (is_late(said, OPERATOR_RESUME_MS, now))
		say_late(d, said, b);
	else
		resume(d, said, b);
}

/* Whether a stage was started, and did not end as it should. */
static int
is_cut_off(struct notifier *n, struct store *s, const char *stage)
{
	struct store_key key;
	const char *val;
	struct buf text;
	struct store_txn *t;
	enum store_error e;
	int ended = 1;
	size_t len;

	/* Where that cannot be read nothing tells of an orderly end. */
	if (store_begin(s, 0, &t) != STORE_OK)
		return 1;
	store_key_init(&key);
	store_key_str(&key, stage);
	buf_init(&text, HEALTH_MAX);
	e = store_get(t, "health", key.p, key.len, &val, &len);
	if (e == STORE_OK)
		(void)json_bool(
		    json_get(json_parse_copy(n->doc, &text, val, len), "ended"),
		    &ended);
	else if (e != STORE_NOTFOUND)
		ended = 0;
	store_abort(t);
	buf_release(&text);
	return !ended;
}

static void
say_stage(const struct operator_desk *d, struct store *s, const char *stage,
    struct buf *b)
{
	enum section section = SECTION_STAGE_ENDED;
	struct values v = { 0 };

	if (store_owned(s))
		section = SECTION_STAGE_RUNS;
	else if (is_cut_off(d->n, s, stage))
		section = SECTION_STAGE_DOWN;
	value_text(&v, FIELD_STAGE, stage);
	buf_putc(b, '\n');
	say(d, b, section, &v);
}

struct alarm_list {
	const struct operator_desk *d;
	const char *stage;
	struct buf *b;
	int64_t n;
};

static void
say_alarm(
    const struct alarm_list *l, const struct json *alarm, const char *words)
{
	const char *name = json_string(json_get(alarm, "alarm"));
	struct values v = { 0 };
	char text[REASON_SIZE];
	int64_t since;

	reason_set(text, "%s", words);
	value_text(&v, FIELD_STAGE, l->stage);
	value_text(&v, FIELD_TEXT, text);
	value_text(&v, FIELD_ALARM, name != NULL ? name : "");
	if (json_time(json_get(alarm, "since"), &since) == 0)
		value_int(&v, FIELD_TIME, since);
	buf_putc(l->b, '\n');
	say(l->d, l->b, SECTION_ALARM_OPEN, &v);
}

static int
list_alarm(
    void *arg, const void *key, size_t klen, const char *val, size_t vlen)
{
	struct alarm_list *l = arg;
	const struct json *v;
	const char *words;
	struct buf row;
	int open = 0;

	(void)key;
	(void)klen;
	buf_init(&row, HEALTH_MAX);
	v = json_parse_copy(l->d->n->doc, &row, val, vlen);
	words = json_string(json_get(v, "text"));
	if (words != NULL && json_bool(json_get(v, "open"), &open) == 0 &&
	    open && ++l->n <= ALARMS_MAX)
		say_alarm(l, v, words);
	buf_release(&row);
	return 0;
}

static void
list_alarms(struct alarm_list *l, struct store *s, const char *stage)
{
	struct store_txn *t;
	enum store_error e;
	char text[REASON_SIZE];

	l->stage = stage;
	e = store_begin(s, 0, &t);
	if (e == STORE_OK) {
		e = store_scan(t, "alarms", "", 0, list_alarm, l);
		store_abort(t);
	}
	if (e == STORE_OK)
		return;
	reason_set(text, "its alarms cannot be read: %s", store_errstr(s));
	if (++l->n <= ALARMS_MAX)
		say_alarm(l, NULL, text);
}

/* Stages, alarms, the halt: what scripts/status shows, in short. */
static void
answer_status(const struct operator_desk *d, struct moment now, struct buf *b)
{
	struct alarm_list l = { .d = d };
	struct values v = { 0 };
	struct halt h;
	struct buf alarms;
	const char *stage;

	if (halt_get(d->dir, &h))
		say_halt(d, b, SECTION_HALTED, &h, "");
	else
		say(d, b, SECTION_NOT_HALTED, NULL);
	buf_putc(b, '\n');
	buf_init(&alarms, 64u << 10);
	l.b = &alarms;
	say_stage(d, d->n->o.store, "notifier", b);
	list_alarms(&l, d->n->o.store, "notifier");
	for (size_t i = 0; i < WATCH_PEERS; i++) {
		struct store *s = watch_stage(d->watch, i, &stage, now);

		if (s == NULL)
			continue;
		say_stage(d, s, stage, b);
		list_alarms(&l, s, stage);
	}
	value_decimal(&v, FIELD_COUNT, decimal_from_int(l.n));
	buf_puts(b, "\n\n");
	say(d, b, l.n > 0 ? SECTION_ALARMS : SECTION_NO_ALARMS, &v);
	buf_put(b, alarms.p, alarms.len);
	buf_release(&alarms);
}

void
operator_answer(const struct operator_desk *d, const struct said *said,
    struct halted halted, int again, struct moment now, struct buf *b)
{
	switch (said->command) {
	case COMMAND_HALT:
		answer_halt(d, said, halted, again, now, b);
		break;
	case COMMAND_RESUME:
		answer_resume(d, said, again, now, b);
		break;
	case COMMAND_STATUS:
		answer_status(d, now, b);
		break;
	default:
		say(d, b, SECTION_OPERATOR_HELP, NULL);
		break;
	}
}
