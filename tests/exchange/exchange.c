#include "tests/exchange/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/log.h"
#include "tests/exchange/hooks.h"

#define GLIDE_STEP_MS 50

void
exchange_init(struct exchange *x, const char *key, const char *secret)
{
	*x = (struct exchange){ .start_mono_ms = clock_mono_ms() };
	market_init(&x->market);
	account_init(&x->account, &x->market, exchange_now_ms(x));
	key_init(&x->key, key, secret);
	limits_init(&x->limits);
	x->body = json_new();
	x->script.doc = json_new();
	if (x->body == NULL || x->script.doc == NULL)
		die(EX_OSERR, "unable to start: no memory");
}

void
exchange_release(struct exchange *x)
{
	script_release(&x->script);
	faults_clear(&x->faults);
	updates_release(&x->telegram.updates);
	key_release(&x->key);
	account_release(&x->account);
	market_release(&x->market);
	json_free(x->body);
}

int64_t
exchange_now_ms(const struct exchange *x)
{
	return clock_wall_ms() + x->offset_ms;
}

/* Let every price that glides come to where it is at ms; 1: some still do. */
static int
glide_to(struct exchange *x, int64_t ms)
{
	int gliding = 0;

	for (size_t k = 0; k < x->market.n; k++) {
		struct instrument *i = &x->market.list[k];

		if (!i->glide.on)
			continue;
		i->glide.on = ms < i->glide.end_ms;
		price_move(&x->account, i, glide_price(i, ms), 0);
		gliding |= i->glide.on;
	}
	x->account.turn_ms = ms;
	return gliding;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int
exchange_advance(struct exchange *x)
{
	const int64_t ms = clock_mono_ms() - x->start_mono_ms;
	char err[256] = "";
	int64_t due, wait_ms = -1;
	int gliding;

	x->account.now_ms = exchange_now_ms(x);
	for (;;) {
		due = script_due(&x->script);
		if (due == -1 || due > ms)
			break;
		(void)glide_to(x, due);
		if (script_step(x, err, sizeof(err)) == -1)
			log_warn("a line of the market could not be done",
			    LOG_STR("reason", err),
			    LOG_INT("line", (int64_t)x->script.next));
	}
	gliding = glide_to(x, ms);
	if (due != -1)
		wait_ms = due - ms;
	if (gliding)
		wait_ms = sooner(wait_ms, GLIDE_STEP_MS);
	due = account_advance(&x->account);
	journal_changes(x);
	if (due != -1)
		wait_ms = sooner(wait_ms, due - ms);
	return wait_ms > 3600000 ? 3600000 : (int)wait_ms;
}

static int
starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* A JSON object in the body, if there is one and it may be one. */
static void
take_body(struct exchange *x, struct request *r)
{
	const struct json *v;

	r->json = NULL;
	if (r->len == 0 ||
	    (r->content_type != NULL &&
		starts(r->content_type, "application/x-www-form-urlencoded") &&
		!starts(r->path, "/control/")))
		return;
	v = json_parse(x->body, r->body, r->len);
	if (v != NULL && json_type(v) == JSON_OBJECT)
		r->json = v;
}

static void
answer(struct exchange *x, struct request *r, const struct fault *f,
    struct reply *rep)
{
	const int64_t now_ms = x->account.now_ms;

	if (telegram_path(r->path)) {
		telegram_answer(
		    &x->telegram, r, f == NULL || !f->no_effect, now_ms, rep);
		return;
	}
	if (hook_path(r->path)) {
		hook_answer(r, f == NULL || !f->no_effect, rep);
		return;
	}
	if (f != NULL && f->no_effect)
		return;
	if (request_decode(r, r->query) == -1)
		(void)reply_page(rep, 400, "text/plain", "bad query");
	else
		route_answer(x, r, rep);
}

/* What a fault makes happen: the verbs of its object, in order. */
static void
run_verbs(struct exchange *x, const char *text)
{
	const struct json *verbs = NULL, *m;
	struct json_doc *doc = json_new();
	char *copy = text != NULL ? strdup(text) : NULL;
	char err[256] = "no memory";

	if (doc != NULL && copy != NULL)
		verbs = json_parse(doc, copy, strlen(copy));
	for (m = json_first(verbs); m != NULL; m = json_next(m))
		if (control_do(x, json_key(m), m, verbs, 0, err, sizeof(err)) ==
		    -1)
			log_warn("a fault's verb could not be done",
			    LOG_STR("verb", json_key(m)),
			    LOG_STR("reason", err));
	free(copy);
	json_free(doc);
}

void
exchange_answer(struct exchange *x, struct request *r, struct reply *rep)
{
	const struct fault *f = NULL;

	(void)exchange_advance(x);
	rep->now_ms = x->account.now_ms;
	take_body(x, r);
	if (starts(r->path, "/control/")) {
		control_answer(x, r, rep);
		journal_changes(x);
		return;
	}
	rep->n = ++x->requests;
	f = faults_next(&x->faults, r);
	if (f != NULL && f->first != NULL) {
		run_verbs(x, f->first);
		journal_changes(x);
	}
	answer(x, r, f, rep);
	if (f != NULL)
		fault_apply(f, x->account.now_ms, rep);
	journal_write(x, r, rep, x->account.now_ms);
	if (f != NULL && f->then != NULL)
		run_verbs(x, f->then);
	journal_changes(x);
}
