/*
 * manual: signals by hand.  differ commits what becomes of one under its
 * request id before it says so, thus its state is asked, too: the answer does
 * not hang on the line's way back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/clock.h"
#include "common/json.h"
#include "webhookd/api_internal.h"
#include "webhookd/server.h"

#define WAIT_MS 2500
#define LOOK_MS 100 /* between two looks into differ's state */

#define ID_BYTES 16
#define VALUE_MAX 64 /* bytes of a value: more than differ takes of any */
#define NO_SUCH "there is no such signal_number"

struct manual {
	struct job job;	  /* first */
	int64_t until_ms; /* monotonic */
	char request[2 * ID_BYTES + 1];
};

static void
drop(struct job *j)
{
	free(j);
}

static int
make_id(char id[2 * ID_BYTES + 1])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char random[ID_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -1;
	for (size_t i = 0; i < sizeof(random); i++) {
		id[2 * i] = hex[random[i] >> 4];
		id[2 * i + 1] = hex[random[i] & 15];
	}
	id[2 * ID_BYTES] = '\0';
	return 0;
}

/* What differ said, as a line: the signal, or why there is none. */
static void
answer(struct manual *m, const struct json *line)
{
	const char *error = json_string(json_get(line, "error"));
	struct request *r = m->job.r;
	struct api *a = m->job.api;
	struct buf *b;

	if (error != NULL) {
		request_refuse(
		    r, strcmp(error, NO_SUCH) == 0 ? 404 : 422, error);
		job_end(&m->job);
		return;
	}
	api_note(a, r, "a signal was made by hand");
	b = api_open(a);
	for (const struct json *v = json_first(line); v != NULL;
	     v = json_next(v))
		if (strcmp(json_key(v), "type") != 0)
			json_put(b, json_key(v), v);
	api_close(a, r, 200);
	job_end(&m->job);
}

static void
look(int fd, short what, void *arg)
{
	struct manual *m = arg;
	struct api *a = m->job.api;
	const struct json *line;
	struct store_key key;
	char text[256];

	(void)fd;
	(void)what;
	store_key_init(&key);
	store_key_str(&key, m->request);
	if (api_get(a, STATE_DIFFER, "requests", &key, &line) == STORE_OK) {
		answer(m, line);
		return;
	}
	if (clock_mono_ms() < m->until_ms) {
		job_again(&m->job, LOOK_MS);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "differ has not answered: the outcome is unknown; GET /api/signals "
	    "shows whether it was done (request %s)",
	    m->request);
	request_refuse(m->job.r, 503, text);
	job_end(&m->job);
}

void
api_signal(struct api *a, const struct json *line)
{
	const char *request = json_string(json_get(line, "request"));
	struct manual *m;

	if (request == NULL)
		return;
	for (struct job *j = a->jobs; j != NULL; j = j->next) {
		if (j->drop != drop)
			continue;
		m = (struct manual *)j;
		if (strcmp(m->request, request) == 0) {
			answer(m, line);
			return;
		}
	}
}

/* The line's head; what is asked for follows. */
static struct buf *
begin_line(struct api *a, const struct manual *m, const char *op)
{
	struct buf *b = &a->out;

	buf_clear(b);
	json_open_object(b, NULL);
	json_put_string(b, "type", "manual");
	json_put_time(b, "time", clock_wall_ms());
	json_put_string(b, "request", m->request);
	json_put_string(b, "op", op);
	return b;
}

/* NULL without memory or chance, and r is answered. */
static struct manual *
begin(struct request *r)
{
	struct manual *m = calloc(1, sizeof(*m));

	if (m != NULL && make_id(m->request) == 0) {
		m->job.drop = drop;
		m->until_ms = clock_mono_ms() + WAIT_MS;
		return m;
	}
	free(m);
	request_refuse(r, 503, "Out of memory");
	return NULL;
}

/*
 * The members of the body that are asked for, as the texts that stand there:
 * differ says what is wrong with them.  0; or -1, and r is answered.
 */
static int
put_members(struct buf *b, struct request *r, const struct json *body,
    const char *const keys[], size_t n)
{
	const struct json *v;
	const char *s;
	char text[128];

	for (size_t i = 0; i < n; i++) {
		v = json_get(body, keys[i]);
		if (v == NULL)
			continue;
		s = json_string(v);
		if (s == NULL)
			s = json_number(v);
		if (s == NULL || strlen(s) > VALUE_MAX) {
			(void)snprintf(text, sizeof(text),
			    "Bad %s: expected a text or a number of %d bytes "
			    "at most",
			    keys[i], VALUE_MAX);
			request_refuse(r, 400, text);
			return -1;
		}
		json_put_string(b, keys[i], s);
	}
	return 0;
}

static void
send_line(struct api *a, struct request *r, struct manual *m)
{
	struct buf *b = &a->out;

	json_close_object(b);
	buf_putc(b, '\n');
	/* The job first: the answer may come while the line is written. */
	if (job_begin(&m->job, a, r, look, LOOK_MS) == -1)
		return;
	if (!buf_failed(b) && a->o.send(a->o.arg, b->p, b->len) == 0)
		return;
	request_refuse(
	    r, 503, "differ is not connected to webhookd: nothing was done");
	job_end(&m->job);
}

void
manual_open(struct api *a, struct request *r, const char *part)
{
	static const char *const keys[] = { "symbol", "signal_type", "category",
		"leverage", "position_size", "entry_price" };
	const struct json *body = api_body(a, r);
	struct manual *m;

	(void)part;
	if (body == NULL)
		return;
	m = begin(r);
	if (m == NULL)
		return;
	if (put_members(begin_line(a, m, "open"), r, body, keys,
		sizeof(keys) / sizeof(keys[0])) == -1) {
		free(m);
		return;
	}
	send_line(a, r, m);
}

void
manual_close(struct api *a, struct request *r, const char *part)
{
	static const char *const keys[] = { "exit_price", "profit_percentage" };
	const struct json *body;
	struct manual *m;
	struct buf *b;

	if (strspn(part, "0123456789") != strlen(part) || *part == '0' ||
	    strlen(part) > 18) {
		request_refuse(r, 404, "Not found: a signal has a number");
		return;
	}
	body = api_body(a, r);
	if (body == NULL)
		return;
	m = begin(r);
	if (m == NULL)
		return;
	b = begin_line(a, m, "close");
	json_put_number(b, "signal_number", part);
	if (put_members(b, r, body, keys, sizeof(keys) / sizeof(keys[0])) ==
	    -1) {
		free(m);
		return;
	}
	send_line(a, r, m);
}
