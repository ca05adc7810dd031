#include "tests/exchange/hooks.h"

#include <string.h>

#include "common/utf8.h"

#define PREFIX "/hook/"

/* What a fault with status 429 asks to wait, seconds. */
#define RETRY_AFTER 1

int
hook_path(const char *path)
{
	return strncmp(path, PREFIX, strlen(PREFIX)) == 0;
}

void
hook_answer(struct request *r, int effect, struct reply *rep)
{
	rep->retry_after = RETRY_AFTER;
	if (strcmp(r->method, "POST") == 0) {
		(void)reply_page(rep, 200, "text/plain", "ok");
		rep->delivered = effect;
	} else {
		(void)reply_page(rep, 405, "text/plain", "a POST is expected");
	}
}

static int
is_text(const char *s, size_t len)
{
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = utf8_len(s, len);
		if (n == 0 || *s == '\0')
			return 0;
	}
	return 1;
}

void
hook_journal(struct buf *b, const struct request *r, const struct reply *rep)
{
	if (is_text(r->body, r->len))
		json_put_mem(b, "text", r->body, r->len);
	if (r->signature != NULL)
		json_put_string(b, "signature", r->signature);
	if (r->title != NULL && is_text(r->title, strlen(r->title)))
		json_put_string(b, "title", r->title);
	if (r->content_type != NULL)
		json_put_string(b, "content_type", r->content_type);
	json_put_bool(b, "delivered", rep->delivered);
}
