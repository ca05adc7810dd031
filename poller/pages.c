#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "poller/internal.h"

#define CURSOR_MAX 512
#define QUERY_MAX 1024

int
is_token(const char *s)
{
	static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789-_.";

	return s != NULL && s[0] != '\0' && s[strspn(s, fine)] == '\0';
}

/*
 * A cursor is percent-encoded already and goes back as it came (section 1.3);
 * one that would end the parameter, or the request, is none.
 */
static int
is_cursor(const char *s)
{
	const char *p;

	for (p = s; *p > ' ' && *p < 0x7f && *p != '&' && *p != '#'; p++)
		;
	return *p == '\0' && (size_t)(p - s) < CURSOR_MAX;
}

enum step
poller_pages(struct poller *p, const char *path, const char *query, int sign,
    int limit, int pages_max, int *cut,
    enum step (*row)(void *arg, const struct json *row), void *arg,
    struct bybit_reply *r)
{
	char cursor[CURSOR_MAX] = "", full[QUERY_MAX + CURSOR_MAX];
	int page;

	for (page = 0; page < pages_max; page++) {
		const struct json *list, *v;
		const char *next;
		enum step st;
		int n = 0;

		snprintf(full, sizeof(full), "%s&limit=%d%s%s", query, limit,
		    cursor[0] != '\0' ? "&cursor=" : "", cursor);
		st = poller_ask(p, path, full, sign, r);
		if (st == STEP_FAILED || st == STEP_DOWN)
			poller_failed(p, path, r);
		if (st != STEP_OK)
			return st;
		list = json_get(r->result, "list");
		if (list == NULL || json_type(list) != JSON_ARRAY) {
			poller_fail(p, 0, "%s: no list in the reply", path);
			return STEP_FAILED;
		}
		for (v = json_first(list); v != NULL; v = json_next(v)) {
			if (json_type(v) != JSON_OBJECT) {
				poller_fail(p, 0,
				    "%s: row %d of page %d is not an object",
				    path, n + 1, page + 1);
				return STEP_FAILED;
			}
			st = row(arg, v);
			if (st != STEP_OK)
				return st;
			n++;
		}
		/* On a unified account the last page has a cursor too. */
		next = json_string(json_get(r->result, "nextPageCursor"));
		if (n < limit || next == NULL || next[0] == '\0' ||
		    strcmp(next, cursor) == 0)
			return STEP_OK;
		if (!is_cursor(next)) {
			poller_fail(p, 0,
			    "%s: the cursor of page %d is unusable", path,
			    page + 1);
			return STEP_FAILED;
		}
		snprintf(cursor, sizeof(cursor), "%s", next);
	}
	if (cut != NULL) {
		*cut = 1;
		return STEP_OK;
	}
	poller_fail(p, 0, "%s: more than %d pages", path, pages_max);
	return STEP_FAILED;
}
