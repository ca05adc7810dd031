/* The process: open what it needs, and close it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/confine.h"
#include "common/json.h"
#include "common/log.h"
#include "common/service.h"
#include "common/stage_open.h"
#include "notifier/process.h"

#define CLOSE_MS 5000

_Static_assert(
    TELEGRAM_AT_ONCE + WAY_HOSTS_AT_ONCE + PRINTED_AT_ONCE + SETTLE_MAX ==
	FLIGHTS_MAX,
    "one channel could take the flights of another");

/* Of an HTTP request: to connect, without a byte, in all. */
#define CONNECT_MS 5000
#define STALL_MS 10000
#define TOTAL_MS 15000

/* Who would wait in silence for want of a setting. */
static void
check_subscriber(const struct process *p, const struct subscriber *s)
{
	if (!s->active)
		return;
	if (strcmp(s->channel, "telegram") == 0 &&
	    !setting_given(p->stage.settings, TELEGRAM_BOT_TOKEN))
		die(EX_CONFIG,
		    "TELEGRAM_BOT_TOKEN is not set, and subscriber '%s' is to "
		    "be told over telegram: set it to the token of your bot, "
		    "or remove the subscriber",
		    s->id);
	if (strcmp(s->channel, "webhook") == 0 &&
	    strchr(s->address, '#') == NULL &&
	    !setting_given(p->stage.settings, NOTIFY_WEBHOOK_SECRET))
		die(EX_CONFIG,
		    "NOTIFY_WEBHOOK_SECRET is not set, and subscriber '%s' is "
		    "to be told by a webhook: set it to what the messages are "
		    "signed with, or give the subscriber a secret",
		    s->id);
}

static void
check_operator(const struct process *p)
{
	if (setting_given(p->stage.settings, OPERATOR_CHAT) &&
	    !setting_given(p->stage.settings, TELEGRAM_BOT_TOKEN))
		die(EX_CONFIG,
		    "OPERATOR_CHAT=%s needs TELEGRAM_BOT_TOKEN, which is not "
		    "set: set it to the token of your bot",
		    setting_str(p->stage.settings, OPERATOR_CHAT));
}

static void
check_subscribers(struct process *p)
{
	struct subscriber s = { .id = "" };
	struct store_txn *t;
	enum store_error e;
	struct row roll;
	char after[ID_SIZE] = "";
	size_t n = 1;

	if (setting_given(p->stage.settings, TELEGRAM_BOT_TOKEN) &&
	    setting_given(p->stage.settings, NOTIFY_WEBHOOK_SECRET))
		return;
	row_init(&roll);
	e = store_begin(p->store, 0, &t);
	if (e != STORE_OK)
		die(store_exit(e), "%s", store_errstr(p->store));
	while (n == 1) {
		e = roll_list(&roll, t, after, &s, 1, &n);
		if (e != STORE_OK)
			die(store_exit(e), "%s",
			    e == STORE_BAD ? roll.error
					   : store_errstr(p->store));
		memcpy(after, s.id, sizeof(after));
		if (n == 1)
			check_subscriber(p, &s);
	}
	store_abort(t);
	row_release(&roll);
}

static void
open_store(struct process *p)
{
	check_operator(p);
	p->store = stage_store(
	    &p->stage, "notifier", notifier_tables, NOTIFIER_SCHEMA);
	if (p->store != NULL)
		check_subscribers(p);
}

static void
add_channel(struct process *p, struct channel c)
{
	p->channels[p->nchannels++] = c;
}

static void
open_channels(struct process *p)
{
	const struct settings *s = p->stage.settings;
	const struct telegram_rates rates = {
		.all = setting_int(s, TELEGRAM_RATE),
		.chat = setting_int(s, TELEGRAM_CHAT_RATE),
		.group = setting_int(s, TELEGRAM_GROUP_RATE),
		.start_ms = p->now.mono_ms,
	};
	const struct http_opts o = { .ca_file = setting_str(s, CA_FILE),
		.connect_ms = CONNECT_MS,
		.stall_ms = STALL_MS,
		.total_ms = TOTAL_MS,
		.connections =
		    TELEGRAM_AT_ONCE + WAY_HOSTS_AT_ONCE + BOT_CONNECTIONS };
	char why[512];

	p->http = http_new(&o, why, sizeof(why));
	if (p->http == NULL)
		die(EX_CONFIG, "%s", why);
	p->telegram = telegram_new(p->http, setting_str(s, TELEGRAM_API_URL),
	    setting_str(s, TELEGRAM_BOT_TOKEN), &rates);
	p->printed.out = p->out;
	p->webhook =
	    (struct webhook){ p->http, setting_str(s, NOTIFY_WEBHOOK_SECRET) };
	add_channel(p, telegram_channel(p->telegram));
	add_channel(p, webhook_channel(&p->webhook));
	add_channel(p, discord_channel(p->http));
	add_channel(p, slack_channel(p->http));
	add_channel(p, ntfy_channel(p->http));
	add_channel(p, printed_channel(&p->printed));
}

static void
open_notifier(struct process *p)
{
	const struct settings *s = p->stage.settings;
	struct notifier_opts o = { .store = p->store,
		.channels = p->channels,
		.nchannels = p->nchannels,
		.templates = p->templates,
		.lang = setting_str(s, NOTIFY_LANG),
		.operator_chat = setting_str(s, OPERATOR_CHAT),
		.initial = setting_bool(s, NOTIFY_INITIAL),
		.max_age_ms = setting_ms(s, NOTIFY_MAX_AGE),
		.open_max_age_ms = setting_ms(s, NOTIFY_OPEN_MAX_AGE),
		.health = &p->health,
		.log = log_line };
	char why[512];

	p->n = notifier_new(&o, p->now, why, sizeof(why));
	if (p->n == NULL)
		die(errno == EBADMSG ? EX_CONFIG : EX_IOERR,
		    "unable to use the state in '%s': %s", p->stage.dir, why);
	p->doc = json_new();
	source_init(&p->source, p->stage.dir);
	batch_init(&p->batch);
	watch_init(&p->watch, p->n, p->stage.lines_alone ? NULL : &p->source,
	    p->stage.dir, s, setting_given(s, OPERATOR_CHAT), p->now);
	prune_init(&p->prune);
}

static void
open_bot(struct process *p)
{
	const struct settings *s = p->stage.settings;
	const struct channel c = telegram_channel(p->telegram);
	const struct bot_opts o = { .n = p->n,
		.watch = &p->watch,
		.http = p->http,
		.channel = &c,
		.settings = s,
		.dir = p->stage.dir };

	if (!setting_bool(s, TELEGRAM_COMMANDS))
		return;
	p->bot = bot_new(&o);
}

/* Who would write to a bot in vain. */
static void
check_commands(const struct settings *s)
{
	if (setting_bool(s, TELEGRAM_COMMANDS) &&
	    !setting_given(s, TELEGRAM_BOT_TOKEN))
		die(EX_CONFIG,
		    "TELEGRAM_COMMANDS=true needs TELEGRAM_BOT_TOKEN, which is "
		    "not set: set it to the token of your bot");
}

static void
set_zone(const struct settings *s)
{
	const char *zone = setting_str(s, TZ);

	if (setenv("TZ", zone[0] != '\0' ? zone : "UTC0", 1) == -1)
		die(EX_OSERR, "unable to set TZ: %s", strerror(errno));
	tzset();
}

static void
open_templates(struct process *p)
{
	const char *dir = setting_str(p->stage.settings, NOTIFY_TEMPLATES);
	char why[1024];

	p->templates = templates_new(dir, why, sizeof(why));
	if (p->templates == NULL)
		die(EX_CONFIG, "NOTIFY_TEMPLATES=%s: %s", dir, why);
}

void
setup_state(struct process *p)
{
	set_zone(p->stage.settings);
	check_commands(p->stage.settings);
	open_templates(p);
	open_store(p);
}

void
setup_rest(struct process *p)
{
	p->in = stage_input(&p->stage);
	p->out = stage_output(&p->stage, OUTPUT_QUEUE);
	open_channels(p);
	open_notifier(p);
	open_bot(p);
}

void
setup_confine(struct process *p)
{
	struct confine c = { .net = CONFINE_CLIENT };

	service_confine(&c, p->stage.dir);
	/* The operator's /halt and /resume: a file that comes and goes. */
	if (p->bot != NULL)
		confine_path(&c, p->stage.dir, CONFINE_REMOVE);
	stage_confine(&p->stage, &c);
}

void
setup_release(struct process *p)
{
	stage_notices(&p->stage, p->in, p->out);
	if (output_close(p->out, CLOSE_MS) == -1)
		die(EX_IOERR, "unable to write: %s; the state has it all",
		    strerror(errno));
	input_close(p->in);
	bot_free(p->bot);
	watch_release(&p->watch);
	source_release(&p->source);
	notifier_free(p->n);
	telegram_free(p->telegram);
	http_free(p->http);
	templates_free(p->templates);
	batch_release(&p->batch);
	json_free(p->doc);
	store_close(p->store);
	settings_free(p->stage.settings);
}
