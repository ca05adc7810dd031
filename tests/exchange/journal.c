#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "tests/exchange/exchange.h"
#include "tests/exchange/hooks.h"

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

/* Without its journal the exchange is no witness. */
static void
put_line(struct exchange *x, struct buf *b)
{
	buf_putc(b, '\n');
	if (buf_failed(b) != 0 ||
	    fwrite(b->p, 1, b->len, x->journal) != b->len ||
	    fflush(x->journal) != 0)
		die(EX_IOERR, "unable to write the journal: %s",
		    strerror(errno));
	buf_clear(b);
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
	if (strcmp(r->method, "POST") == 0 &&
	    (!telegram || strstr(r->path, "/getUpdates") != NULL))
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
	if (hook_path(r->path))
		hook_journal(&b, r, rep);
	if (strcmp(r->path, "/v5/order/create") == 0)
		json_put_bool(&b, "booked", rep->order_id != NULL);
	if (rep->order_id != NULL)
		json_put_string(&b, "orderId", rep->order_id);
	json_close_object(&b);
	put_line(x, &b);
	buf_release(&b);
}

static void
put_fill(struct buf *b, const struct execution *e)
{
	json_open_object(b, NULL);
	json_put_string(b, "type", "fill");
	json_put_time(b, "time", e->time_ms);
	json_put_string(b, "symbol", e->inst->symbol);
	json_put_int(b, "positionIdx", e->order->t.idx);
	json_put_string(b, "side", side_name(e->side));
	json_put_decimal(b, "qty", e->qty);
	json_put_decimal(b, "price", e->price);
	json_put_string(b, "orderId", e->order_id);
	json_put_string(b, "orderLinkId", e->order->t.link);
	json_put_string(b, "createType", origins[e->origin].create_type);
	json_close_object(b);
}

static int
looks_alike(const struct holding *a, const struct holding *b)
{
	return a->side == b->side && decimal_cmp(a->size, b->size) == 0 &&
	    decimal_cmp(a->stop_loss, b->stop_loss) == 0;
}

/* What became of a position since the last time, moment by moment. */
static void
put_versions(struct exchange *x, struct buf *b, const struct instrument *i,
    int idx, struct position *p)
{
	for (; p->told < p->n; p->told++) {
		const struct version *v = &p->past[p->told];

		if (p->told == 0 || looks_alike(&v->h, &v[-1].h))
			continue;
		json_open_object(b, NULL);
		json_put_string(b, "type", "position");
		json_put_time(b, "time",
		    x->account.now_ms - (x->account.turn_ms - v->ms));
		json_put_string(b, "symbol", i->symbol);
		json_put_int(b, "positionIdx", idx);
		json_put_string(b, "side", side_name(v->h.side));
		json_put_decimal(b, "size", v->h.size);
		json_put_decimal(b, "stopLoss", v->h.stop_loss);
		json_close_object(b);
		put_line(x, b);
	}
}

void
journal_changes(struct exchange *x)
{
	const struct account *a = &x->account;
	struct buf b;

	if (x->journal == NULL || a->changes == x->told_changes)
		return;
	buf_init(&b, 64u << 10);
	for (; x->told_fills < a->nexecs; x->told_fills++) {
		const struct execution *e = &a->execs[x->told_fills];

		if (e->order == NULL) /* funding */
			continue;
		put_fill(&b, e);
		put_line(x, &b);
	}
	for (size_t k = 0; k < x->market.n; k++)
		for (int idx = 0; idx < 3; idx++)
			put_versions(x, &b, &x->market.list[k], idx,
			    &x->market.list[k].positions[idx]);
	x->told_changes = a->changes;
	buf_release(&b);
}
