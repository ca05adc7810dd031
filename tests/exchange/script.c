#include "tests/exchange/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/line.h"
#include "tests/exchange/calc.h"
#include "tests/exchange/exchange.h"

#define LINE_MAX_BYTES (64u << 10)
#define AT_MAX_S 1000000

/* The one verb of a line, and when. */
static int
pick(const struct json *line, const struct json **verb, int64_t *at_ms,
    char *err, size_t size)
{
	const struct json *m;
	struct decimal at;

	*verb = NULL;
	if (json_type(line) != JSON_OBJECT ||
	    calc_json(json_get(line, "at"), &at) == -1 ||
	    decimal_sign(at) < 0 ||
	    decimal_cmp(at, decimal_from_int(AT_MAX_S)) > 0) {
		(void)snprintf(err, size,
		    "an object is expected, with at: seconds since the start");
		return -1;
	}
	for (m = json_first(line); m != NULL; m = json_next(m)) {
		if (strcmp(json_key(m), "at") == 0 ||
		    strcmp(json_key(m), "for") == 0)
			continue;
		if (*verb != NULL) {
			(void)snprintf(err, size,
			    "one thing a line is expected, not %s and %s",
			    json_key(*verb), json_key(m));
			return -1;
		}
		*verb = m;
	}
	if (*verb == NULL) {
		(void)snprintf(err, size, "nothing happens in this line");
		return -1;
	}
	at = calc_mul(at, decimal_from_int(1000));
	*at_ms = (int64_t)(at.e18 / decimal_from_int(1).e18);
	return 0;
}

static int
add(struct exchange *x, char *text, size_t len, char *err, size_t size)
{
	struct script *s = &x->script;
	const struct json *line, *verb;
	struct script_line *l;
	int64_t at_ms;
	char *copy = strndup(text, len);

	if (copy == NULL) {
		(void)snprintf(err, size, "%s", strerror(errno));
		return -1;
	}
	line = json_parse(s->doc, text, len);
	if (line == NULL)
		(void)snprintf(err, size, "%s", json_error(s->doc));
	if (line == NULL || pick(line, &verb, &at_ms, err, size) == -1 ||
	    control_do(x, json_key(verb), verb, line, 1, err, size) == -1) {
		free(copy);
		return -1;
	}
	if (s->n > 0 && at_ms < s->lines[s->n - 1].at_ms) {
		(void)snprintf(
		    err, size, "at goes back: lines are expected in order");
		free(copy);
		return -1;
	}
	s->lines = calc_grow(s->lines, s->n, &s->cap, sizeof(*s->lines));
	l = &s->lines[s->n++];
	*l = (struct script_line){ .at_ms = at_ms, .text = copy, .len = len };
	return 0;
}

/* Every line of fd.  0, or -1 with why. */
static int
add_all(
    struct exchange *x, struct line_reader *in, int fd, char *why, size_t size)
{
	enum line_status st;
	char *text;
	size_t len;

	for (;;) {
		st = line_next(in, &text, &len);
		switch (st) {
		case LINE_MORE:
			if (line_fill(in, fd) == -1 && errno != EINTR) {
				(void)snprintf(
				    why, size, "%s", strerror(errno));
				return -1;
			}
			break;
		case LINE_LONG:
			(void)snprintf(why, size, "the line is too long");
			return -1;
		case LINE_END:
			return 0;
		case LINE_OK:
		case LINE_TAIL:
			if (len > 0 && add(x, text, len, why, size) == -1)
				return -1;
			break;
		}
	}
}

int
script_read(struct exchange *x, const char *file, char *err, size_t size)
{
	struct line_reader in;
	char why[256] = "";
	int fd, status;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		(void)snprintf(err, size, "%s: %s", file, strerror(errno));
		return -1;
	}
	line_init(&in, LINE_MAX_BYTES);
	status = add_all(x, &in, fd, why, sizeof(why));
	if (status == -1)
		(void)snprintf(err, size, "%s: line %llu: %s", file,
		    (unsigned long long)in.number, why);
	line_release(&in);
	(void)close(fd);
	return status;
}

void
script_release(struct script *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->lines[i].text);
	free(s->lines);
	json_free(s->doc);
	*s = (struct script){ 0 };
}

int64_t
script_due(const struct script *s)
{
	return s->next < s->n ? s->lines[s->next].at_ms : -1;
}

int
script_step(struct exchange *x, char *err, size_t size)
{
	struct script *s = &x->script;
	struct script_line *l = &s->lines[s->next++];
	const struct json *line, *verb;
	int64_t at_ms;

	line = json_parse(s->doc, l->text, l->len);
	if (line == NULL || pick(line, &verb, &at_ms, err, size) == -1)
		return -1;
	return control_do(x, json_key(verb), verb, line, 0, err, size);
}
