#include "webhookd/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/num.h"

/* An IPv4 address stands behind these 96 bits: ::ffff:0:0/96. */
#define MAPPED_BITS 96
static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };

struct block {
	unsigned char address[16]; /* IPv4 as mapped */
	unsigned bits;		   /* of 128 that count */
};

struct address_list {
	size_t n;
	struct block block[];
};

/* Where TradingView's alerts come from, as its help on webhooks says. */
static const char *const tradingview[] = { "52.89.214.238", "34.212.75.30",
	"54.218.53.128", "52.32.178.7" };
#define TRADINGVIEW_COUNT (sizeof(tradingview) / sizeof(tradingview[0]))

/* 4 or 6, or 0 where text is no address. */
static int
parse(unsigned char out[16], const char *text)
{
	unsigned char v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + sizeof(mapped), v4, sizeof(v4));
		return 4;
	}
	return inet_pton(AF_INET6, text, out) == 1 ? 6 : 0;
}

static int
is_v4(const unsigned char a[16])
{
	return memcmp(a, mapped, sizeof(mapped)) == 0;
}

/* "10.0.0.0/8", "::1" */
static int
parse_block(struct block *b, const char *item)
{
	char text[ADDRESS_TEXT_MAX];
	const char *slash = strchr(item, '/');
	size_t len = slash != NULL ? (size_t)(slash - item) : strlen(item);
	int64_t bits;
	int family;

	if (len >= sizeof(text))
		return -1;
	memcpy(text, item, len);
	text[len] = '\0';
	family = parse(b->address, text);
	if (family == 0)
		return -1;
	bits = family == 4 ? 32 : 128;
	if (slash != NULL &&
	    num_parse(slash + 1, strlen(slash + 1), 0, bits, &bits) == -1)
		return -1;
	b->bits = (unsigned)bits + (family == 4 ? MAPPED_BITS : 0);
	return 0;
}

static int
take_item(struct address_list *l, const char *item)
{
	size_t i;

	if (strcmp(item, "tradingview") != 0)
		return parse_block(&l->block[l->n++], item);
	for (i = 0; i < TRADINGVIEW_COUNT; i++)
		if (parse_block(&l->block[l->n++], tradingview[i]) == -1)
			return -1;
	return 0;
}

/* How many blocks a text has room for: every item may be TradingView's. */
static size_t
count_most(const char *text)
{
	size_t n = 1;

	for (; *text != '\0'; text++)
		n += *text == ',';
	return n * TRADINGVIEW_COUNT;
}

struct address_list *
address_list_new(const char *text, char *err, size_t size)
{
	struct address_list *l;
	char item[64];
	size_t len;

	l = must_have(
	    calloc(1, sizeof(*l) + count_most(text) * sizeof(l->block[0])));
	for (;; text += len + 1) {
		text += strspn(text, " \t");
		if (*text == '\0')
			return l;
		len = strcspn(text, ",");
		(void)snprintf(item, sizeof(item), "%.*s", (int)len, text);
		item[strcspn(item, " \t")] = '\0';
		if (len >= sizeof(item) || take_item(l, item) == -1) {
			(void)snprintf(err, size,
			    "%.*s: an address, a block such as 10.0.0.0/8, or "
			    "tradingview is expected",
			    (int)len, text);
			address_list_free(l);
			return NULL;
		}
		if (text[len] == '\0')
			return l;
	}
}

void
address_list_free(struct address_list *l)
{
	free(l);
}

static int
block_has(const struct block *b, const unsigned char a[16])
{
	size_t whole = b->bits / 8;
	unsigned rest = b->bits % 8;

	if (memcmp(b->address, a, whole) != 0)
		return 0;
	return rest == 0 || ((b->address[whole] ^ a[whole]) >> (8 - rest)) == 0;
}

int
address_list_has(const struct address_list *l, const char *address)
{
	unsigned char a[16];
	size_t i;

	if (l == NULL || parse(a, address) == 0)
		return 0;
	for (i = 0; i < l->n; i++)
		if (block_has(&l->block[i], a))
			return 1;
	return 0;
}

int
address_list_empty(const struct address_list *l)
{
	return l == NULL || l->n == 0;
}

/* Write the normal form of text: 0, or -1 where it is no address. */
static int
normalise(char out[ADDRESS_TEXT_MAX], const char *text)
{
	unsigned char a[16];

	if (parse(a, text) == 0)
		return -1;
	if (is_v4(a))
		return inet_ntop(AF_INET, a + sizeof(mapped), out,
			   ADDRESS_TEXT_MAX) != NULL
		    ? 0
		    : -1;
	return inet_ntop(AF_INET6, a, out, ADDRESS_TEXT_MAX) != NULL ? 0 : -1;
}

/* The item of a list that ends at end; *start is where it begins. */
static int
hop_before(char out[ADDRESS_TEXT_MAX], const char *list, const char *end,
    const char **start)
{
	char text[ADDRESS_TEXT_MAX];
	const char *p = end;
	size_t len;

	while (p > list && p[-1] != ',')
		p--;
	*start = p;
	p += strspn(p, " \t");
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	len = end > p ? (size_t)(end - p) : 0;
	if (len >= sizeof(text))
		return -1;
	memcpy(text, p, len);
	text[len] = '\0';
	return normalise(out, text);
}

void
address_client(char *out, size_t size, const char *peer,
    const char *forwarded_for, const struct address_list *trust)
{
	char client[ADDRESS_TEXT_MAX], hop[ADDRESS_TEXT_MAX];
	const char *end = NULL;

	if (normalise(client, peer) == -1)
		client[0] = '\0';
	if (forwarded_for != NULL)
		end = forwarded_for + strlen(forwarded_for);
	while (end != NULL && address_list_has(trust, client) &&
	    hop_before(hop, forwarded_for, end, &end) == 0) {
		memcpy(client, hop, sizeof(client));
		end = end > forwarded_for ? end - 1 : NULL;
	}
	(void)snprintf(out, size, "%s", client);
}

int
address_key(unsigned char key[ADDRESS_KEY_SIZE], const char *text)
{
	unsigned char a[16];

	if (parse(a, text) == 0)
		return -1;
	if (!is_v4(a))
		memset(a + 8, 0, 8);
	memcpy(key, a, ADDRESS_KEY_SIZE);
	return 0;
}
