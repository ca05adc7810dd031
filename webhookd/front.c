/* front: requests of both listeners, and their answers. */
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/log.h"
#include "webhookd/address.h"
#include "webhookd/alert.h"
#include "webhookd/api.h"
#include "webhookd/intake.h"
#include "webhookd/process.h"
#include "webhookd/server.h"

#define ERRORS_MAX (64u << 10) /* bytes of a refusal */

/*
 * Lines a second about requests without the token: the log is of bounded size,
 * and nobody may push the lines of orders out of it.
 */
#define STRANGERS_MAX 10

/* stranger: the token was not seen, so anybody may have caused it. */
static void
note_refusal(struct process *p, const struct request *r, int code,
    const char *error, const struct buf *errors, int stranger)
{
	p->refused++;
	if (stranger && ++p->strangers > STRANGERS_MAX)
		return;
	if (errors == NULL)
		log_warn("refused a request", LOG_INT("code", code),
		    LOG_STR("error", error),
		    LOG_STR("source", request_address(r)));
	else
		log_warn("refused a request", LOG_INT("code", code),
		    LOG_STR("error", error),
		    LOG_MEM("errors", errors->p == NULL ? "" : errors->p,
			errors->len),
		    LOG_STR("source", request_address(r)));
}

void
front_look(struct process *p)
{
	if (p->strangers > STRANGERS_MAX)
		log_warn("refused more requests",
		    LOG_INT("count", p->strangers - STRANGERS_MAX));
	p->strangers = 0;
}

/* 4xx with what is wrong, field by field; it is noted. */
static void
refuse(struct process *p, struct request *r, int code, const char *error,
    const struct buf *errors)
{
	struct buf b;

	buf_init(&b, ERRORS_MAX);
	json_open_object(&b, NULL);
	json_put_bool(&b, "ok", 0);
	json_put_string(&b, "error", error);
	json_open_array(&b, "errors");
	buf_put(&b, errors->p, errors->len);
	json_close_array(&b);
	json_put_time(&b, "timestamp", p->wall_ms);
	json_close_object(&b);
	if (buf_failed(&b))
		request_refuse(r, code, error);
	else
		request_reply(r, code, "application/json", b.p, b.len);
	buf_release(&b);
}

static void
refuse_short(struct process *p, struct request *r, int code, const char *error)
{
	note_refusal(p, r, code, error, NULL, 1);
	request_refuse(r, code, error);
}

static void
take_alert(struct process *p, struct request *r)
{
	const char *source = request_address(r);
	char from[ADDRESS_TEXT_MAX]; /* r may end before it is said */
	struct waiter *w;
	struct buf errors;
	struct alert a;
	char *body;
	size_t len;

	if (guess_wait_ms(p->public, source) > 0) {
		refuse_short(p, r, 429, "Too many wrong tokens: try later");
		return;
	}
	body = request_body(r, &len);
	buf_init(&errors, ERRORS_MAX);
	switch (alert_parse(
	    &a, p->doc, body, len, p->token, p->threshold, &errors)) {
	case ALERT_NOT_JSON:
		note_refusal(p, r, 400, "Invalid JSON", &errors, 1);
		refuse(p, r, 400, "Invalid JSON", &errors);
		break;
	case ALERT_BAD_TOKEN:
		guess_wrong(p->public, source);
		refuse_short(p, r, 401, "Bad token");
		break;
	case ALERT_BAD:
		note_refusal(p, r, 400, "Invalid alert", &errors, 0);
		refuse(p, r, 400, "Invalid alert", &errors);
		break;
	case ALERT_FAILED:
		refuse_short(p, r, 503, "Out of memory: try again");
		break;
	case ALERT_OK:
		(void)snprintf(from, sizeof(from), "%s", source);
		w = intake_alert(p->intake, &a, source, r);
		if (w != NULL)
			request_set_user(r, w);
		/* Said last, as the order waits for what is handed on. */
		log_info("alert",
		    LOG_STR("action", alert_action_name(a.action)),
		    LOG_STR("symbol", a.symbol), LOG_STR("price", a.price),
		    LOG_INT("test", a.test), LOG_STR("source", from));
		break;
	}
	buf_release(&errors);
}

static int
is_bybit(const struct request *r)
{
	return strcmp(request_path(r), "/bybit") == 0;
}

void
front_public(void *arg, struct request *r)
{
	const char *method = request_method(r);
	struct process *p = arg;

	process_time(p);
	if (is_bybit(r)) {
		if (strcmp(method, "POST") == 0)
			take_alert(p, r);
		else
			refuse_short(p, r, 405, "Method not allowed: use POST");
	} else if (strcmp(request_path(r), "/status") == 0) {
		if (strcmp(method, "GET") == 0)
			api_status(p->api, r);
		else
			refuse_short(p, r, 405, "Method not allowed: use GET");
	} else
		refuse_short(p, r, 404, "Not found");
}

void
front_public_gone(void *arg, struct request *r)
{
	struct process *p = arg;

	if (!is_bybit(r))
		api_gone(p->api, r);
	else if (request_user(r) != NULL)
		intake_gone(p->intake, request_user(r));
}

void
front_public_refused(
    void *arg, const struct request *r, int status, const char *why)
{
	struct process *p = arg;

	if (status != 0)
		note_refusal(p, r, status, why, NULL, 1);
	else if (++p->strangers <= STRANGERS_MAX)
		log_warn("a TLS handshake failed", LOG_STR("reason", why),
		    LOG_STR("source", request_address(r)));
}

void
front_admin(void *arg, struct request *r)
{
	struct process *p = arg;

	process_time(p);
	api_request(p->api, r);
}

void
front_admin_gone(void *arg, struct request *r)
{
	struct process *p = arg;

	api_gone(p->api, r);
}

void
front_reply(void *arg, void *client, const struct intake_answer *a)
{
	struct request *r = client;

	(void)arg;
	log_info("answered", LOG_STR("id", a->id), LOG_INT("code", a->code),
	    LOG_INT("duplicate", a->duplicate), LOG_INT("ms", a->took_ms),
	    LOG_STR("source", request_address(r)));
	if (a->body == NULL)
		request_refuse(r, 503, "Out of memory: try again");
	else
		request_reply(r, a->code, "application/json", a->body, a->len);
}

void
front_note(void *arg, const char *what, const char *who)
{
	(void)arg;
	log_warn(what, LOG_STR("who", who));
}
