#include "webhookd/api_internal.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/num.h"
#include "common/settings.h"
#include "webhookd/server.h"
#include "webhookd/token.h"

#define ROW_MAX (1u << 20)
#define BEARER "Bearer "

static const struct route {
	const char *method;
	const char *path; /* a part that is '*' stands for something */
	void (*fn)(struct api *a, struct request *r, const char *part);
	int open; /* needs no token */
} routes[] = {
	{ "GET", "/", dashboard_get, 1 },
	{ "GET", "/status", status_get, 0 },
	{ "GET", "/metrics", metrics_get, 0 },
	{ "GET", "/api/signals", signals_get, 0 },
	{ "POST", "/api/signals/test", manual_open, 0 },
	{ "POST", "/api/signals/*/close", manual_close, 0 },
	{ "GET", "/api/signals/*", signal_get, 0 },
	{ "GET", "/api/positions", positions_get, 0 },
	{ "GET", "/api/orders", orders_get, 0 },
	{ "GET", "/api/orders/*", order_get, 0 },
	{ "POST", "/api/halt", halt_post, 0 },
	{ "POST", "/api/resume", resume_post, 0 },
};

/* "host" of "host:port", or all of it. */
static size_t
host_length(const char *s)
{
	const char *colon = strrchr(s, ':');
	int64_t port;

	if (colon == NULL ||
	    num_parse(colon + 1, strlen(colon + 1), 0, UINT16_MAX, &port) == -1)
		return strlen(s);
	return (size_t)(colon - s);
}

static int
is_loopback_name(const char *s)
{
	static const char *const names[] = { "localhost", "127.0.0.1",
		"[::1]" };
	size_t len = host_length(s);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(s, names[i], len) == 0)
			return 1;
	return 0;
}

struct api *
api_new(const struct api_opts *o, char *err, size_t size)
{
	const char *listen = setting_str(o->settings, ADMIN_LISTEN);
	struct api *a;

	if (*setting_str(o->settings, ADMIN_TOKEN) == '\0' &&
	    !is_loopback_name(listen)) {
		(void)snprintf(err, size,
		    "ADMIN_LISTEN=%s: not loopback (127.0.0.1, localhost or "
		    "[::1]), so ADMIN_TOKEN is required",
		    listen);
		return NULL;
	}
	a = must_have(calloc(1, sizeof(*a)));
	a->o = *o;
	a->token = setting_str(o->settings, ADMIN_TOKEN);
	buf_init(&a->row, ROW_MAX);
	buf_init(&a->out, API_REPLY_MAX);
	a->doc = json_new();
	a->states = must_have(states_new(o->dir, o->store));
	return a;
}

void
api_free(struct api *a)
{
	if (a == NULL)
		return;
	while (a->jobs != NULL)
		job_end(a->jobs);
	states_free(a->states);
	json_free(a->doc);
	buf_release(&a->row);
	buf_release(&a->out);
	free(a);
}

void
api_set_server(struct api *a, struct server *operators)
{
	a->server = operators;
}

int
job_begin(struct job *j, struct api *a, struct request *r,
    void (*step)(int fd, short what, void *job), int64_t ms)
{
	j->api = a;
	j->r = r;
	j->timer =
	    a->njobs == API_JOBS_MAX ? NULL : evtimer_new(a->o.base, step, j);
	if (j->timer == NULL) {
		request_refuse(r, 503, "Too many requests wait: try again");
		j->drop(j);
		return -1;
	}
	j->next = a->jobs;
	a->jobs = j;
	a->njobs++;
	job_again(j, ms);
	return 0;
}

void
job_again(struct job *j, int64_t ms)
{
	struct timeval t = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	(void)evtimer_add(j->timer, &t);
}

void
job_end(struct job *j)
{
	struct job **p = &j->api->jobs;

	while (*p != j)
		p = &(*p)->next;
	*p = j->next;
	j->api->njobs--;
	event_free(j->timer);
	j->drop(j);
}

void
api_gone(struct api *a, struct request *r)
{
	struct job *j = a->jobs;

	while (j != NULL && j->r != r)
		j = j->next;
	if (j != NULL)
		job_end(j);
}

const struct json *
api_row(struct api *a, const char *val, size_t len)
{
	return json_parse_copy(a->doc, &a->row, val, len);
}

enum store_error
api_get(struct api *a, enum state_of which, const char *table,
    const struct store_key *key, const struct json **out)
{
	const struct json *v = NULL;
	struct store_txn *t;
	enum store_error e;
	const char *val;
	size_t len;

	e = states_begin(a->states, which, &t);
	if (e != STORE_OK)
		return e;
	e = store_get(t, table, key->p, key->len, &val, &len);
	if (e == STORE_OK)
		v = api_row(a, val, len);
	states_end(a->states, which, t, e);
	if (e != STORE_OK)
		return e;
	if (v == NULL)
		return states_damaged(a->states, which, table);
	*out = v;
	return STORE_OK;
}

struct buf *
api_open(struct api *a)
{
	buf_clear(&a->out);
	json_open_object(&a->out, NULL);
	json_put_bool(&a->out, "ok", 1);
	return &a->out;
}

void
api_close(struct api *a, struct request *r, int status)
{
	json_put_time(&a->out, "timestamp", clock_wall_ms());
	json_close_object(&a->out);
	buf_putc(&a->out, '\n');
	if (buf_failed(&a->out))
		request_refuse(r, 503, "The answer is too large: ask for less");
	else
		request_reply(
		    r, status, "application/json", a->out.p, a->out.len);
	/* What a large one took goes back. */
	buf_release(&a->out);
	buf_init(&a->out, API_REPLY_MAX);
}

void
api_unreadable(struct api *a, struct request *r, enum state_of which)
{
	char text[640];

	(void)snprintf(text, sizeof(text), "The state of %s cannot be read: %s",
	    states_name(which), states_error(a->states, which));
	request_refuse(r, 503, text);
}

void
api_who(const struct request *r, char *out, size_t size)
{
	(void)snprintf(out, size, "operator at %s", request_address(r));
}

void
api_note(struct api *a, const struct request *r, const char *what)
{
	char who[64];

	api_who(r, who, sizeof(who));
	if (a->o.note != NULL)
		a->o.note(a->o.arg, what, who);
}

/* The value of a key, not terminated, or NULL. */
static const char *
find_parameter(const char *query, const char *key, size_t *len)
{
	size_t n = strlen(key);

	while (*query != '\0') {
		*len = strcspn(query, "&");
		if (*len > n && query[n] == '=' &&
		    strncmp(query, key, n) == 0) {
			*len -= n + 1;
			return query + n + 1;
		}
		query += *len;
		query += *query == '&';
	}
	return NULL;
}

int
query_number(
    struct request *r, const char *key, int64_t min, int64_t max, int64_t *out)
{
	const char *val;
	char text[128];
	size_t len;

	val = find_parameter(request_query(r), key, &len);
	if (val == NULL)
		return 0;
	if (num_parse(val, len, min, max, out) == 0)
		return 1;
	(void)snprintf(text, sizeof(text),
	    "Bad parameter %s: expected a number from %lld to %lld", key,
	    (long long)min, (long long)max);
	request_refuse(r, 400, text);
	return -1;
}

int
query_text(struct request *r, const char *key, char *out, size_t size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *val;
	char text[128];
	size_t len;

	val = find_parameter(request_query(r), key, &len);
	if (val == NULL)
		return 0;
	if (len > 0 && len < size && strspn(val, allowed) >= len) {
		memcpy(out, val, len);
		out[len] = '\0';
		return 1;
	}
	(void)snprintf(text, sizeof(text),
	    "Bad parameter %s: expected letters, digits, - and _", key);
	request_refuse(r, 400, text);
	return -1;
}

const struct json *
api_body(struct api *a, struct request *r)
{
	const struct json *v;
	size_t len;
	char *body = request_body(r, &len);

	v = json_parse(a->doc, body, len);
	if (v != NULL && json_type(v) == JSON_OBJECT)
		return v;
	request_refuse(r, 400,
	    v == NULL ? "Invalid JSON" : "Invalid JSON: expected an object");
	return NULL;
}

/*
 * Without a token a web page in the operator's browser must not reach this: by
 * a name of its own that leads here (Host), by a request across origins
 * (Origin), or by a form (Content-Type).  The page that this listener itself
 * serves says its own address as Origin.  1; or 0, and r is answered.
 */
static int
admit_local(struct request *r)
{
	static const char http[] = "http://", json[] = "application/json";
	const char *host = request_header(r, "Host");
	const char *origin = request_header(r, "Origin");
	const char *type = request_header(r, "Content-Type");
	size_t n = sizeof(json) - 1;

	if (host == NULL || !is_loopback_name(host)) {
		request_refuse(r, 403,
		    "Bad Host: without ADMIN_TOKEN only localhost, 127.0.0.1 "
		    "and [::1] are answered to");
		return 0;
	}
	if (origin != NULL &&
	    (strncmp(origin, http, sizeof(http) - 1) != 0 ||
		strcasecmp(origin + sizeof(http) - 1, host) != 0)) {
		request_refuse(r, 403,
		    "Bad Origin: without ADMIN_TOKEN no web page is answered");
		return 0;
	}
	if (strcmp(request_method(r), "POST") == 0 &&
	    (type == NULL || strncasecmp(type, json, n) != 0 ||
		strchr("; \t", type[n]) == NULL)) {
		request_refuse(r, 403,
		    "Bad Content-Type: without ADMIN_TOKEN a POST must be "
		    "application/json");
		return 0;
	}
	return 1;
}

static int
admit_token(struct api *a, struct request *r)
{
	const char *given = request_header(r, "Authorization");

	if (a->server != NULL &&
	    guess_wait_ms(a->server, request_address(r)) > 0) {
		request_refuse(r, 429, "Too many wrong tokens: wait");
		return 0;
	}
	if (given == NULL) {
		request_refuse(r, 401,
		    "Token missing: expected Authorization: Bearer ADMIN_TOKEN");
		return 0;
	}
	if (strncasecmp(given, BEARER, sizeof(BEARER) - 1) == 0) {
		given += sizeof(BEARER) - 1;
		if (token_equal(a->token, given, strlen(given)))
			return 1;
	}
	if (a->server != NULL)
		guess_wrong(a->server, request_address(r));
	if (a->o.note != NULL)
		a->o.note(a->o.arg, "refused a wrong ADMIN_TOKEN",
		    request_address(r));
	request_refuse(r, 401, "Bad token");
	return 0;
}

/* 1; or 0, and r is answered. */
static int
admit(struct api *a, struct request *r, const struct route *route)
{
	if (*a->token == '\0')
		return admit_local(r);
	return (route != NULL && route->open) || admit_token(a, r);
}

/* 1 where the path is the route's; part is what stands for its '*'. */
static int
fits(const char *path, const char *pattern, char part[API_PART_SIZE])
{
	const char *star = strchr(pattern, '*');
	size_t before, n;

	*part = '\0';
	if (star == NULL)
		return strcmp(path, pattern) == 0;
	before = (size_t)(star - pattern);
	if (strncmp(path, pattern, before) != 0)
		return 0;
	n = strcspn(path + before, "/");
	if (n == 0 || n >= API_PART_SIZE ||
	    strcmp(path + before + n, star + 1) != 0)
		return 0;
	memcpy(part, path + before, n);
	part[n] = '\0';
	return 1;
}

void
api_request(struct api *a, struct request *r)
{
	const char *method = request_method(r), *path = request_path(r);
	const struct route *route = NULL, *other = NULL;
	char part[API_PART_SIZE];

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!fits(path, routes[i].path, part))
			continue;
		other = &routes[i];
		if (strcmp(method, routes[i].method) == 0) {
			route = other;
			break;
		}
	}
	if (!admit(a, r, route))
		return;
	if (route != NULL)
		route->fn(a, r, part);
	else if (other == NULL)
		request_refuse(r, 404, "Not found");
	else
		request_refuse(r, 405,
		    *other->method == 'G'
			? "Method not allowed: expected GET"
			: "Method not allowed: expected POST");
}
