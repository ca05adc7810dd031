#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "webhookd/api_internal.h"
#include "webhookd/server.h"

/* Bytes of a reason: all of it must come back out of the file. */
#define WHY_MAX 200

static void
refuse(struct request *r, const char *what)
{
	char text[256];

	(void)snprintf(
	    text, sizeof(text), "Unable to %s: %s", what, strerror(errno));
	request_refuse(r, 503, text);
}

static void
answer(struct api *a, struct request *r, int halted, int changed)
{
	struct buf *b = api_open(a);

	json_put_bool(b, "halted", halted);
	json_put_bool(b, "changed", changed);
	api_close(a, r, 200);
}

/* The reason of the body, which may be empty; NULL where r is answered. */
static const char *
reason(struct api *a, struct request *r)
{
	const struct json *v;
	const char *why;
	size_t len;

	(void)request_body(r, &len);
	if (len == 0)
		return "";
	v = api_body(a, r);
	if (v == NULL)
		return NULL;
	if (json_get(v, "why") == NULL)
		return "";
	why = json_string(json_get(v, "why"));
	if (why != NULL && strlen(why) <= WHY_MAX)
		return why;
	request_refuse(r, 400, "Bad why: expected a text of 200 bytes at most");
	return NULL;
}

void
halt_post(struct api *a, struct request *r, const char *part)
{
	const char *why = reason(a, r);
	char who[64];
	int rc;

	(void)part;
	if (why == NULL)
		return;
	api_who(r, who, sizeof(who));
	rc = halt_set(a->o.dir, who, why, clock_wall_ms());
	if (rc == -1) {
		refuse(r, "write the halt file");
		return;
	}
	if (rc == 1)
		api_note(a, r, "trading is halted");
	answer(a, r, 1, rc);
}

void
resume_post(struct api *a, struct request *r, const char *part)
{
	int rc = halt_clear(a->o.dir);

	(void)part;
	if (rc == -1) {
		refuse(r, "remove the halt file");
		return;
	}
	if (rc == 1)
		api_note(a, r, "trading is resumed");
	answer(a, r, 0, rc);
}
