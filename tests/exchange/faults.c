#include "tests/exchange/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

static int
bad(char *err, size_t size, const char *key, const char *expected)
{
	(void)snprintf(err, size, "%s: %s is expected", key, expected);
	return -1;
}

/* A string member of at most size - 1 bytes; absent is "". */
static int
take_text(char *to, size_t size, const struct json *v, const char *key,
    char *err, size_t errsize)
{
	const char *s = json_string(v);

	to[0] = '\0';
	if (v == NULL)
		return 0;
	if (s == NULL || strlen(s) >= size)
		return bad(err, errsize, key, "a short string");
	memcpy(to, s, strlen(s) + 1);
	return 0;
}

static int
take_int(int64_t *to, const struct json *v, const char *key, int64_t max,
    char *err, size_t size)
{
	if (v == NULL || json_int(v, 0, max, to) == 0)
		return 0;
	return bad(err, size, key, "a whole number that is not negative");
}

static int
take_flag(
    int *to, const struct json *v, const char *key, char *err, size_t size)
{
	if (v == NULL || json_bool(v, to) == 0)
		return 0;
	return bad(err, size, key, "true or false");
}

enum member {
	PATH,
	METHOD,
	MATCH,
	SKIP,
	COUNT,
	EFFECT,
	RET_CODE,
	RET_MSG,
	STATUS,
	BODY,
	CONTENT_TYPE,
	DELAY,
	RESET,
	HANG,
	TRUNCATE,
	GARBAGE,
	DRIP,
	SIZE,
	EMPTY_LIST,
	STALE,
	GZIP,
	FIRST,
	THEN,
	MEMBERS,
};

static const char *const names[] = {
	[PATH] = "path",
	[METHOD] = "method",
	[MATCH] = "match",
	[SKIP] = "skip",
	[COUNT] = "count",
	[EFFECT] = "effect",
	[RET_CODE] = "retCode",
	[RET_MSG] = "retMsg",
	[STATUS] = "status",
	[BODY] = "body",
	[CONTENT_TYPE] = "content_type",
	[DELAY] = "delay_ms",
	[RESET] = "reset",
	[HANG] = "hang",
	[TRUNCATE] = "truncate",
	[GARBAGE] = "garbage",
	[DRIP] = "drip_ms",
	[SIZE] = "size",
	[EMPTY_LIST] = "empty_list",
	[STALE] = "stale_ms",
	[GZIP] = "gzip_without_header",
	[FIRST] = "first",
	[THEN] = "then",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == MEMBERS,
    "a member of a fault without its name");

/* A fault names only what there is: a misspelt one must not do nothing. */
static int
check_names(const struct json *v, char *err, size_t size)
{
	const struct json *m;
	size_t k;

	for (m = json_first(v); m != NULL; m = json_next(m)) {
		for (k = 0; k < MEMBERS; k++)
			if (strcmp(json_key(m), names[k]) == 0)
				break;
		if (k == MEMBERS)
			return bad(err, size, json_key(m), "no such member");
	}
	return 0;
}

/* How the reply leaves; what is not said stays. */
static int
take_delivery(struct fault *f, const struct json *in[], char *err, size_t size)
{
	const char *reset = json_string(in[RESET]);
	int hang = 0, gzip = 0;

	if (take_flag(&hang, in[HANG], "hang", err, size) == -1 ||
	    take_flag(&gzip, in[GZIP], "gzip_without_header", err, size) ==
		-1 ||
	    take_int(&f->drip_ms, in[DRIP], "drip_ms", 60000, err, size) == -1)
		return -1;
	if (in[RESET] != NULL) {
		if (reset == NULL ||
		    (strcmp(reset, "before") != 0 &&
			strcmp(reset, "after") != 0))
			return bad(err, size, "reset", "before or after");
		f->delivery = DELIVER_RESET;
		f->kind = "reset";
		f->no_effect = strcmp(reset, "before") == 0;
	} else if (hang) {
		f->delivery = DELIVER_HANG;
		f->kind = "hang";
	} else if (in[TRUNCATE] != NULL) {
		f->delivery = DELIVER_CUT;
		f->kind = "truncate";
		return take_int(&f->bytes, in[TRUNCATE], "truncate",
		    INT64_C(1) << 30, err, size);
	} else if (in[SIZE] != NULL) {
		f->delivery = DELIVER_FILL;
		f->kind = "size";
		f->no_effect = 1;
		return take_int(
		    &f->bytes, in[SIZE], "size", INT64_C(1) << 40, err, size);
	} else if (gzip) {
		f->delivery = DELIVER_GZIP;
		f->kind = "gzip_without_header";
	} else if (f->drip_ms > 0) {
		f->delivery = DELIVER_DRIP;
		f->kind = "drip";
	}
	return 0;
}

static int
take_answer(struct fault *f, const struct json *in[], char *err, size_t size)
{
	const struct json *body = in[BODY] != NULL ? in[BODY] : in[GARBAGE];
	const char *text = json_string(body);

	if (in[RET_CODE] != NULL) {
		if (json_int(in[RET_CODE], INT32_MIN, INT32_MAX, &f->code) ==
		    -1)
			return bad(err, size, "retCode", "a whole number");
		f->has_code = 1;
		f->kind = "retCode";
		f->no_effect = 1;
	}
	if (in[STATUS] != NULL) {
		int64_t status;

		if (json_int(in[STATUS], 200, 599, &status) == -1)
			return bad(err, size, "status", "200 to 599");
		f->status = (int)status;
		f->kind = "status";
		f->no_effect = 1;
	}
	if (body != NULL) {
		if (text == NULL)
			return bad(err, size, "body", "a string");
		f->body = strdup(text);
		if (f->body == NULL)
			return bad(err, size, "body", "memory");
		f->no_effect = 1;
		if (f->status == 0)
			f->kind = "body";
	}
	return 0;
}

/* The text of an object of verbs: looked at by who carries them out. */
static int
take_verbs(
    char **to, const struct json *v, const char *key, char *err, size_t size)
{
	struct buf b;

	if (v == NULL)
		return 0;
	buf_init(&b, 64u << 10);
	json_put(&b, NULL, v);
	*to = buf_failed(&b) != 0 ? NULL : strndup(b.p, b.len);
	buf_release(&b);
	return *to != NULL ? 0 : bad(err, size, key, "less");
}

static void
release(struct fault *f)
{
	free(f->body);
	free(f->first);
	free(f->then);
}

static int
take(struct fault *f, const struct json *v, char *err, size_t size)
{
	const struct json *in[MEMBERS];
	int effect = 0;

	*f = (struct fault){ .count = 1 };
	if (json_type(v) != JSON_OBJECT)
		return bad(err, size, "fault", "an object");
	json_pick(v, names, MEMBERS, in);
	if (check_names(v, err, size) == -1 ||
	    take_text(f->path, sizeof(f->path), in[PATH], "path", err, size) ==
		-1 ||
	    take_text(f->method, sizeof(f->method), in[METHOD], "method", err,
		size) == -1 ||
	    take_text(f->match, sizeof(f->match), in[MATCH], "match", err,
		size) == -1 ||
	    take_text(f->text, sizeof(f->text), in[RET_MSG], "retMsg", err,
		size) == -1 ||
	    take_text(f->content_type, sizeof(f->content_type),
		in[CONTENT_TYPE], "content_type", err, size) == -1 ||
	    take_int(&f->skip, in[SKIP], "skip", INT32_MAX, err, size) == -1 ||
	    take_int(&f->count, in[COUNT], "count", INT32_MAX, err, size) ==
		-1 ||
	    take_int(&f->delay_ms, in[DELAY], "delay_ms", 3600000, err, size) ==
		-1 ||
	    take_int(&f->stale_ms, in[STALE], "stale_ms", 86400000, err,
		size) == -1 ||
	    take_flag(
		&f->empty_list, in[EMPTY_LIST], "empty_list", err, size) == -1)
		return -1;
	if (f->delay_ms > 0)
		f->kind = "delay";
	if (f->stale_ms > 0)
		f->kind = "stale";
	if (f->empty_list)
		f->kind = "empty_list";
	if (take_answer(f, in, err, size) == -1 ||
	    take_delivery(f, in, err, size) == -1)
		return -1;
	if (take_verbs(&f->first, in[FIRST], "first", err, size) == -1 ||
	    take_verbs(&f->then, in[THEN], "then", err, size) == -1)
		return -1;
	if ((f->first != NULL || f->then != NULL) && f->kind == NULL)
		f->kind = "verbs";
	if (in[EFFECT] != NULL) {
		if (json_bool(in[EFFECT], &effect) == -1)
			return bad(err, size, "effect", "true or false");
		f->no_effect = !effect;
	}
	if (f->kind == NULL)
		return bad(err, size, "fault", "something that goes wrong");
	return 0;
}

static void
drop_used_up(struct faults *fs)
{
	size_t kept = 0;

	for (size_t i = 0; i < fs->n; i++) {
		if (fs->list[i].count == -1)
			release(&fs->list[i]);
		else
			fs->list[kept++] = fs->list[i];
	}
	fs->n = kept;
}

int
faults_add(
    struct faults *fs, const struct json *v, int dry, char *err, size_t size)
{
	struct fault f;

	if (take(&f, v, err, size) == -1) {
		release(&f);
		return -1;
	}
	if (dry) {
		release(&f);
		return 0;
	}
	drop_used_up(fs);
	if (fs->n == FAULTS_MAX) {
		release(&f);
		return bad(
		    err, size, "fault", "fewer than 32 faults at a time");
	}
	fs->list[fs->n++] = f;
	return 0;
}

void
faults_clear(struct faults *fs)
{
	for (size_t i = 0; i < fs->n; i++)
		release(&fs->list[i]);
	fs->n = 0;
}

static int
fits(const struct fault *f, const struct request *r)
{
	if (strncmp(r->path, f->path, strlen(f->path)) != 0)
		return 0;
	if (f->method[0] != '\0' && strcmp(r->method, f->method) != 0)
		return 0;
	return f->match[0] == '\0' || strstr(r->query, f->match) != NULL ||
	    strstr(r->body, f->match) != NULL;
}

const struct fault *
faults_next(struct faults *fs, struct request *r)
{
	for (size_t i = 0; i < fs->n; i++) {
		struct fault *f = &fs->list[i];

		if (f->count == -1 || !fits(f, r))
			continue;
		if (f->skip > 0) {
			f->skip--;
			continue;
		}
		/* 0 stands for ever; -1 for used up. */
		if (f->count > 0 && --f->count == 0)
			f->count = -1;
		r->empty_list = f->empty_list;
		r->stale_ms = f->stale_ms;
		return f;
	}
	return NULL;
}

void
fault_apply(const struct fault *f, int64_t now_ms, struct reply *rep)
{
	rep->fault = f->kind;
	rep->delivery = f->delivery;
	rep->delay_ms = f->delay_ms;
	rep->drip_ms = f->drip_ms;
	rep->bytes = f->bytes;
	if (f->has_code)
		(void)reply_refuse(rep, now_ms, f->code, "%s",
		    f->text[0] != '\0' ? f->text : code_text(f->code));
	if (f->has_code && f->status != 0)
		rep->status = f->status;
	else if (f->body != NULL || f->status != 0)
		(void)reply_page(rep, f->status != 0 ? f->status : 200,
		    f->content_type[0] != '\0' ? f->content_type : "text/html",
		    f->body != NULL ? f->body : "");
}
