/* answer: the result line that tells what became of an order. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/result.h"
#include "trader/internal.h"

/*
 * Metrics, warnings, and ids or errors of 64 KiB each, and the rest: one that
 * did not fit would end each run anew where the order becomes final.
 */
#define RESULT_MAX (1u << 18)

/* The names that clients know, beside those of the line. */
static void
put_metrics(struct buf *b, const struct order *o)
{
	static const char *const names[][2] = {
		{ "exposure", "exposure" },
		{ "drawdown", "drawdown" },
		{ "daily_pnl", "dailyPnl" },
		{ "daily_trades", "dailyTrades" },
		{ "open_positions", "openPositions" },
	};
	struct json_doc *doc = json_new();
	char *text = strdup(o->risk_metrics);
	const struct json *v = NULL;

	if (text != NULL)
		v = json_parse(doc, text, strlen(text));
	o->t->starved |= v == NULL;
	json_open_object(b, "riskMetrics");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_get(v, names[i][0]) != NULL)
			json_put(b, names[i][1], json_get(v, names[i][0]));
	json_close_object(b);
	free(text);
	json_free(doc);
}

static void
put_number(struct buf *b, const char *key, const char *digits)
{
	if (digits[0] != '\0')
		json_put_number(b, key, digits);
}

/* With the scale of qtyStep, as the quantity that was asked for has it. */
static void
put_qty(struct buf *b, const char *key, const struct order *o, struct decimal d)
{
	const char *point = strchr(o->qty, '.');
	char text[DECIMAL_TEXT_MAX];

	(void)decimal_format_scale(
	    text, d, point != NULL ? (int)strlen(point + 1) : 0, 18);
	json_put_number(b, key, text);
}

/* Elements of risker, and one of ours. */
static void
put_warnings(struct buf *b, const struct order *o)
{
	json_open_array(b, "warnings");
	if (o->warnings != NULL)
		buf_puts(b, o->warnings);
	if (o->reason[0] != '\0')
		json_put_string(b, NULL, o->reason);
	json_close_array(b);
}

static void
begin(struct buf *b, const struct order *o)
{
	json_open_object(b, NULL);
	json_put_string(b, "type", "result");
	json_put_string(b, "id", o->id);
	json_put_int(b, "code", 200);
	json_put_bool(b, "ok", 1);
	json_put_string(b, "action", o->action);
	if (o->state == ORDER_DRY)
		json_put_bool(b, "dryRun", 1);
}

static void
end(struct buf *b, const struct order *o)
{
	put_number(b, "signalStrength", o->strength);
	if (o->risk_metrics != NULL)
		put_metrics(b, o);
	put_warnings(b, o);
	json_put_time(b, "timestamp", o->t->wall_ms);
	json_close_object(b);
	buf_putc(b, '\n');
}

static void
traded(struct buf *b, const struct order *o)
{
	begin(b, o);
	if (o->order_id[0] != '\0')
		json_put_string(b, "orderId", o->order_id);
	json_put_string(b, "symbol", o->symbol);
	json_put_string(b, "side", o->side);
	put_number(b, "quantity", o->qty);
	put_number(b, "price", o->price);
	put_number(b, "stopLoss", o->stop_loss);
	put_number(b, "takeProfit", o->take_profit);
	put_number(b, "avgPrice", o->avg_price);
	if (decimal_sign(o->filled) != 0)
		put_qty(b, "filledQty", o, o->filled);
	end(b, o);
}

static void
closed(struct buf *b, const struct order *o)
{
	begin(b, o);
	json_open_array(b, "orderIds");
	if (o->order_ids != NULL)
		buf_puts(b, o->order_ids);
	json_close_array(b);
	json_put_string(b, "symbol", o->symbol);
	if (o->side[0] != '\0')
		json_put_string(b, "side", o->side);
	put_qty(b, "quantity", o, o->closed);
	put_number(b, "avgPrice", o->avg_price);
	end(b, o);
}

/* Rules, age and the halt list what was wrong; Bybit and fate have one say. */
static void
refused(struct buf *b, const struct order *o)
{
	struct buf error, errors;
	struct result_refusal r = { .id = o->id,
		.code = 422,
		.error = RESULT_VALIDATION,
		.ret_code = o->ret_code,
		.time_ms = o->t->wall_ms };
	int bybit = o->sends > 0 || o->ret_code != 0;

	buf_init(&error, 1024);
	buf_init(&errors, 1u << 16);
	if (bybit) {
		buf_printf(&error, "Bybit: %s", o->reason);
		r.error = buf_cstr(&error);
		json_put_string(&errors, NULL, o->reason);
	} else {
		if (o->errors != NULL)
			buf_puts(&errors, o->errors);
		else
			json_put_string(&errors, NULL, o->reason);
	}
	r.errors = &errors;
	if (r.error != NULL)
		result_refuse(b, &r);
	buf_release(&error);
	buf_release(&errors);
}

void
answer(struct order *o)
{
	struct buf b;

	if (o->kind == ORDER_PROTECTIVE || o->silent || o->result != NULL)
		return;
	buf_init(&b, RESULT_MAX);
	if (o->kind == ORDER_ENTRY &&
	    (o->state == ORDER_PROTECTED || o->state == ORDER_DRY ||
		(o->state == ORDER_CLOSED && !o->undone)))
		traded(&b, o);
	else if (o->kind == ORDER_CLOSE &&
	    (o->state == ORDER_CLOSED || o->state == ORDER_DRY))
		closed(&b, o);
	else
		refused(&b, o);
	if (buf_cstr(&b) != NULL) {
		b.p[b.len - 1] = '\0'; /* the newline is put back when said */
		o->result = strdup(b.p);
	}
	o->unsaid = o->result != NULL;
	o->t->starved |= o->result == NULL;
	buf_release(&b);
}
