/*
 * Addresses: lists of blocks, whose request it is behind proxies, and who
 * counts as one client (F09: a forged X-Forwarded-For).
 *
 * Not tested: no memory; that TradingView's addresses are still those.
 */
#include "webhookd/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char err[256];

static struct address_list *
list(const char *text)
{
	struct address_list *l = address_list_new(text, err, sizeof(err));

	if (l == NULL)
		fail_msg("'%s': %s", text, err);
	return l;
}

static void
test_blocks(void **arg)
{
	static const struct {
		const char *list, *address;
		int in;
	} c[] = {
		{ "", "127.0.0.1", 0 },
		{ "10.0.0.1", "10.0.0.1", 1 },
		{ "10.0.0.1", "10.0.0.2", 0 },
		{ "10.0.0.0/8", "10.255.255.255", 1 },
		{ "10.0.0.0/8", "11.0.0.0", 0 },
		/* Bits behind the prefix do not count. */
		{ "10.1.2.3/8", "10.9.9.9", 1 },
		{ "192.0.2.128/25", "192.0.2.127", 0 },
		{ "192.0.2.128/25", "192.0.2.128", 1 },
		{ "192.0.2.4/31", "192.0.2.5", 1 },
		{ "192.0.2.4/31", "192.0.2.6", 0 },
		{ "0.0.0.0/0", "203.0.113.9", 1 },
		{ "0.0.0.0/0", "2001:db8::1", 0 },
		{ "::/0", "2001:db8::1", 1 },
		{ "2001:db8::/32", "2001:db8:ffff::1", 1 },
		{ "2001:db8::/32", "2001:db9::1", 0 },
		{ "::1", "::1", 1 },
		{ "::1", "0:0:0:0:0:0:0:1", 1 },
		/* The same client, as a socket of both families shows it. */
		{ "10.0.0.0/8", "::ffff:10.1.2.3", 1 },
		{ "::ffff:10.1.2.3", "10.1.2.3", 1 },
		{ "10.0.0.1,10.0.0.2", "10.0.0.2", 1 },
		{ " 10.0.0.1 , ::1 ", "::1", 1 },
		{ "tradingview", "52.89.214.238", 1 },
		{ "tradingview", "34.212.75.30", 1 },
		{ "tradingview", "54.218.53.128", 1 },
		{ "tradingview", "52.32.178.7", 1 },
		{ "tradingview", "52.32.178.8", 0 },
		{ "127.0.0.1,tradingview,::1", "52.32.178.7", 1 },
		{ "127.0.0.1,tradingview,::1", "::1", 1 },
		/* No address at all. */
		{ "0.0.0.0/0,::/0", "localhost", 0 },
		{ "0.0.0.0/0,::/0", "", 0 },
		{ "0.0.0.0/0,::/0", "10.0.0.1 ", 0 },
	};
	struct address_list *l;
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		l = list(c[i].list);
		if (address_list_has(l, c[i].address) != c[i].in)
			fail_msg("'%s' in '%s'", c[i].address, c[i].list);
		assert_int_equal(address_list_empty(l), c[i].list[0] == '\0');
		address_list_free(l);
	}
	assert_int_equal(address_list_empty(NULL), 1);
	assert_int_equal(address_list_has(NULL, "127.0.0.1"), 0);
	address_list_free(NULL);
}

static void
test_bad_lists(void **arg)
{
	static const char *const bad[] = { "10.0.0", "10.0.0.256",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8",
		"::/129", "::1::", "localhost", "Tradingview", ",",
		"10.0.0.1,,10.0.0.2", "10.0.0.1 10.0.0.2x, 10.0.0.3.4",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1" };
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		if (address_list_new(bad[i], err, sizeof(err)) != NULL)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(err, "is expected"));
	}
	/* The message names the item. */
	assert_null(address_list_new("10.0.0.1, nine", err, sizeof(err)));
	assert_non_null(strstr(err, "nine"));
	assert_null(strstr(err, "10.0.0.1,"));
}

static void
test_client(void **arg)
{
	static const struct {
		const char *trust, *peer, *forwarded, *client;
	} c[] = {
		/* Nobody is trusted: the header is the client's own words. */
		{ "", "203.0.113.9", "52.89.214.238", "203.0.113.9" },
		{ "10.0.0.0/8", "203.0.113.9", "52.89.214.238", "203.0.113.9" },
		{ "", "127.0.0.1", "52.89.214.238", "127.0.0.1" },
		/* One proxy. */
		{ "10.0.0.0/8", "10.0.0.1", "203.0.113.9", "203.0.113.9" },
		{ "10.0.0.0/8", "10.0.0.1", NULL, "10.0.0.1" },
		{ "10.0.0.0/8", "10.0.0.1", "", "10.0.0.1" },
		/* The client forged the left one. */
		{ "10.0.0.0/8", "10.0.0.1", "52.89.214.238, 203.0.113.9",
		    "203.0.113.9" },
		{ "10.0.0.0/8", "10.0.0.1", "10.0.0.7, 203.0.113.9",
		    "203.0.113.9" },
		/* Two proxies, and a forger before them. */
		{ "10.0.0.0/8", "10.0.0.1",
		    "52.89.214.238 ,203.0.113.9,10.0.0.2", "203.0.113.9" },
		/* Proxies all the way: the one that is farthest. */
		{ "10.0.0.0/8", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3" },
		/* No address: the hop before it. */
		{ "10.0.0.0/8", "10.0.0.1", "unknown", "10.0.0.1" },
		{ "10.0.0.0/8", "10.0.0.1", "203.0.113.9, unknown",
		    "10.0.0.1" },
		{ "10.0.0.0/8", "10.0.0.1", "203.0.113.9, ", "10.0.0.1" },
		{ "10.0.0.0/8", "10.0.0.1", "203.0.113.9,,10.0.0.2",
		    "10.0.0.2" },
		{ "10.0.0.0/8", "10.0.0.1", "203.0.113.9:4711", "10.0.0.1" },
		{ "10.0.0.0/8", "10.0.0.1", "203.0.113.9 52.89.214.238",
		    "10.0.0.1" },
		{ "10.0.0.0/8", "10.0.0.1",
		    "2001:db8:0000:0000:0000:0000:0000:0001:0000:0000:0000",
		    "10.0.0.1" },
		/* Normal forms. */
		{ "10.0.0.0/8", "::ffff:10.0.0.1", "2001:DB8:0::1",
		    "2001:db8::1" },
		{ "", "::ffff:203.0.113.9", NULL, "203.0.113.9" },
		{ "::1", "::1", "::ffff:192.0.2.1", "192.0.2.1" },
	};
	char client[ADDRESS_TEXT_MAX];
	struct address_list *l;
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		l = list(c[i].trust);
		address_client(
		    client, sizeof(client), c[i].peer, c[i].forwarded, l);
		assert_string_equal(client, c[i].client);
		address_list_free(l);
	}
	address_client(client, sizeof(client), "10.0.0.1", "192.0.2.1", NULL);
	assert_string_equal(client, "10.0.0.1");
}

static void
test_key(void **arg)
{
	static const struct {
		const char *a, *b;
		int same;
	} c[] = {
		{ "192.0.2.1", "192.0.2.1", 1 },
		{ "192.0.2.1", "::ffff:192.0.2.1", 1 },
		{ "192.0.2.1", "192.0.2.2", 0 },
		/* A client of IPv6 has a /64. */
		{ "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", 1 },
		{ "2001:db8::1", "2001:db8:0:1::1", 0 },
		{ "::1", "127.0.0.1", 0 },
	};
	unsigned char a[ADDRESS_KEY_SIZE], b[ADDRESS_KEY_SIZE];
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		assert_int_equal(address_key(a, c[i].a), 0);
		assert_int_equal(address_key(b, c[i].b), 0);
		assert_int_equal(memcmp(a, b, sizeof(a)) == 0, c[i].same);
	}
	assert_int_equal(address_key(a, "localhost"), -1);
	assert_int_equal(address_key(a, ""), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
