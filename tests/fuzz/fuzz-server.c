/*
 * fuzz-server: any bytes as a request, at once and in pieces, get one judgement
 * of the gate, and what it lets through has one meaning (F39, F40).  The first
 * byte is the size of a piece.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "webhookd/address.h"
#include "webhookd/gate.h"

#define HEADER_MAX 600
#define BODY_MAX 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

/* Feed copies of exactly what is there; the last one is left in *p. */
static enum gate_status
feed(struct gate *g, char **p, const uint8_t *data, size_t size, size_t step)
{
	enum gate_status st = GATE_MORE;
	char *more;
	size_t n = 0, had;

	gate_init(g, HEADER_MAX, BODY_MAX);
	while (st != GATE_REFUSE && n < size) {
		had = n;
		n = step < size - n ? n + step : size;
		more = realloc(*p, n);
		check(more != NULL);
		*p = more;
		memcpy(more + had, data + had, n - had);
		do
			st = gate_take(g, more, n);
		while (st == GATE_HEAD);
	}
	return st;
}

/* What a handler reads of it. */
static void
check_texts(const struct gate *g, const char *p, size_t size)
{
	struct address_list *trust;
	char client[ADDRESS_TEXT_MAX], err[128], list[HEADER_MAX];
	const char *value;
	size_t i, hosts = 0, lengths = 0;

	check(g->head_len > 0 && g->head_len <= HEADER_MAX);
	check(g->body_len <= BODY_MAX && size == g->head_len + g->body_len);
	check(g->method == METHOD_POST || g->method == METHOD_GET);
	check(p[g->path] == '/');
	check(strpbrk(p + g->path, " ?#\r\n\t") == NULL);
	for (i = 0; i < g->headers; i++) {
		value = p + g->header[i].value;
		check(g->header[i].value + strlen(value) < g->head_len);
		check(strpbrk(value, "\r\n") == NULL);
		check(*value != ' ' && *value != '\t');
		hosts += strcasecmp(p + g->header[i].name, "Host") == 0;
		lengths +=
		    strcasecmp(p + g->header[i].name, "Content-Length") == 0;
		check(strcasecmp(p + g->header[i].name, "Transfer-Encoding") !=
		    0);
	}
	check(hosts == 1 && lengths <= 1);
	check(g->method == METHOD_GET ? g->body_len == 0 : lengths == 1);
	check(gate_forwarded_for(g, p, list, sizeof(list)) == 0);
	trust = address_list_new("10.0.0.0/8,::1", err, sizeof(err));
	check(trust != NULL);
	address_client(client, sizeof(client), "10.0.0.1", list, trust);
	check(client[0] != '\0');
	address_list_free(trust);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate whole, pieces;
	char *a = NULL, *b = NULL;
	enum gate_status st;
	size_t step;

	if (size < 2)
		return 0;
	step = data[0] + 1u;
	data++;
	size--;
	st = feed(&whole, &a, data, size, size);
	check(feed(&pieces, &b, data, size, step) == st);
	check(whole.status == pieces.status && whole.why == pieces.why);
	if (st == GATE_DONE)
		check_texts(&whole, a, size);
	free(a);
	free(b);
	return 0;
}
