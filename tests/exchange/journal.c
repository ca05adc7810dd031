#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "tests/exchange/exchange.h"

/* Bytes that may stand in a JSON text; others become '?'. */
static void
put_bytes(struct buf *b, const char *key, const char *s, size_t len)
{
	struct buf safe;

	buf_init(&safe, len + 1);
	for (size_t i = 0; i < len; i++)
		buf_putc(&safe, s[i] >= 0x20 && s[i] <= 0x7e ? s[i] : '?');
	json_put_mem(b, key, safe.p != NULL ? safe.p : "", safe.len);
	buf_release(&safe);
}

/* A text that JSON gave us is valid UTF-8; a form's may be anything. */
static void
put_text(
    struct buf *b, const char *key, const struct request *r, const char *text)
{
	if (r->json != NULL)
		json_put_string(b, key, text);
	else
		put_bytes(b, key, text, strlen(text));
}

void
journal_write(struct exchange *x, const struct request *r,
    const struct reply *rep, int64_t now_ms)
{
	const int telegram = telegram_path(r->path);
	const char *text;
	char path[128];
	struct buf b;

	if (x->journal == NULL || !rep->journaled)
		return;
	buf_init(&b, 4u << 20);
	json_open_object(&b, NULL);
	json_put_time(&b, "time", now_ms);
	json_put_int(&b, "n", (int64_t)x->requests);
	json_put_int(&b, "connection", (int64_t)r->connection);
	json_put_string(&b, "method", r->method);
	if (telegram)
		telegram_hide_token(path, sizeof(path), r->path);
	put_bytes(&b, "path", telegram ? path : r->path,
	    strlen(telegram ? path : r->path));
	put_bytes(&b, "query", r->query, strlen(r->query));
	json_put_int(&b, "status",
	    rep->delivery == DELIVER_RESET || rep->delivery == DELIVER_HANG
		? 0
		: rep->status);
	if (rep->has_code)
		json_put_int(&b, "retCode", rep->code);
	if (strcmp(r->method, "POST") == 0 && !telegram)
		put_bytes(&b, "body", r->body, r->len);
	if (rep->fault != NULL)
		json_put_string(&b, "fault", rep->fault);
	if (telegram) {
		json_put_string(&b, "chat_id", rep->chat_id);
		text = request_text(r, "text");
		if (text != NULL)
			put_text(&b, "text", r, text);
		json_put_bool(&b, "delivered", rep->delivered);
	}
	json_close_object(&b);
	buf_putc(&b, '\n');
	/* Without its journal the exchange is no witness. */
	if (buf_failed(&b) != 0 || fwrite(b.p, 1, b.len, x->journal) != b.len ||
	    fflush(x->journal) != 0)
		die(EX_IOERR, "unable to write the journal: %s",
		    strerror(errno));
	buf_release(&b);
}
