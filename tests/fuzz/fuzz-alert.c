/*
 * fuzz-alert: whatever is posted, what is taken becomes one line of JSON with
 * an id, of plain ASCII, and is taken again as the same alert.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "webhookd/alert.h"

#define TOKEN "T0ken"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

/* The line parses, and says what a says. */
static void
check_line(struct json_doc *doc, const struct alert *a, const char *id)
{
	const struct json *v, *price;
	struct buf b;

	buf_init(&b, 65536);
	alert_line(&b, a, id, 1700000000000, "127.0.0.1");
	check(buf_cstr(&b) != NULL);
	for (size_t i = 0; i + 1 < b.len; i++)
		check(b.p[i] >= 0x20 && b.p[i] < 0x7f);
	check(b.p[b.len - 1] == '\n');
	check(memmem(b.p, b.len, TOKEN, strlen(TOKEN)) == NULL);
	v = json_parse(doc, b.p, b.len - 1);
	check(v != NULL);
	check(strcmp(json_string(json_get(v, "id")), id) == 0);
	check(strcmp(json_string(json_get(v, "symbol")), a->symbol) == 0);
	price = json_get(v, "price");
	if (price != NULL)
		check(strcmp(json_string(price), a->price) == 0);
	else
		check(*a->price == '\0' && a->action == ALERT_CLOSE);
	buf_release(&b);
}

static int
same(const struct alert *a, const struct alert *b)
{
	return a->action == b->action && strcmp(a->symbol, b->symbol) == 0 &&
	    strcmp(a->trend, b->trend) == 0 &&
	    strcmp(a->price, b->price) == 0 &&
	    strcmp(a->stop_loss, b->stop_loss) == 0 &&
	    strcmp(a->take_profit, b->take_profit) == 0 &&
	    strcmp(a->atr, b->atr) == 0 && a->timestamp_ms == b->timestamp_ms &&
	    a->test == b->test &&
	    (a->timestamp_ms != -1 ||
		memcmp(a->digest, b->digest, sizeof(a->digest)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_doc *doc;
	char id[ALERT_ID_SIZE], *text;
	enum alert_status st;
	struct buf errors;
	struct alert a, b;

	if (doc == NULL)
		doc = json_new();
	text = malloc(size + 1);
	check(doc != NULL && text != NULL);
	buf_init(&errors, 1 << 20);
	if (size > 0)
		memcpy(text, data, size);
	st = alert_parse(
	    &a, doc, text, size, TOKEN, decimal_from_int(3), &errors);
	check(buf_failed(&errors) == 0);
	check((st == ALERT_NOT_JSON || st == ALERT_BAD) == (errors.len > 0));
	if (st == ALERT_OK) {
		check(alert_id(id, &a, 1700000000000) == 0);
		check(alert_parse(&b, doc, text, size, TOKEN,
			  decimal_from_int(3), &errors) == ALERT_OK);
		check(same(&a, &b));
		check_line(doc, &a, id);
	}
	buf_release(&errors);
	free(text);
	return 0;
}
