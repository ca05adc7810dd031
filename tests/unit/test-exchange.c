/*
 * The stand-in exchange's arithmetic and its checks of a caller: fills into
 * positions, signatures, the time window to the millisecond, rate windows.
 *
 * Not tested here: orders, prices, replies (tests/e2e/exchange-*.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/exchange/calc.h"
#include "tests/exchange/key.h"
#include "tests/exchange/limits.h"
#include "tests/exchange/position.h"

static void
assert_decimal(const char *expected, struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];

	(void)decimal_format(text, d);
	assert_string_equal(expected, text);
}

/* The vectors of the reference, section 1.4. */
static void
signatures(void **state)
{
	static const struct {
		const char *payload, *sign;
	} cases[] = {
		{ "category=linear&symbol=BTCUSDT",
		    "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63"
		    "a0fdd7" },
		{ "category=linear&settleCoin=USDT&limit=200",
		    "f2e3d8ecaefdf743ea18874927c6c4340118c9435663acfdc1375256f9"
		    "63760c" },
		{ "category=linear&settleCoin=USDT&limit=200"
		  "&cursor=LTCUSDT%2C1699948800031%2C0",
		    "29c6aab8166b1356c6a24351bb910a3bc040f9de67099eae7f42f34287"
		    "80f80f" },
		{ "",
		    "cfffd774219bfa1d400476f699f830daaedcd3c41faa1dbdda95a8f4dd"
		    "8170cc" },
		{ "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":"
		  "\"Buy\",\"orderType\":\"Market\",\"qty\":\"0.001\","
		  "\"positionIdx\":0,\"orderLinkId\":\"demo-0001\"}",
		    "fa1834bedaf70ef48fa74fd0f9926e46e90940525c21b72424ced57055"
		    "831470" },
		{ "{\"category\": \"linear\", \"symbol\": \"BTCUSDT\", "
		  "\"orderLinkId\": \"test-order-1\"}",
		    "2df4a0603d69c08d5dea29ba85b46eb7db64ce9e9ebd34a7802a3d6970"
		    "0cb2a1" },
	};
	char sign[SIGN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		key_sign(sign, "test_secret", "1700000000000", "test_api_key",
		    "5000", cases[i].payload, strlen(cases[i].payload));
		assert_string_equal(cases[i].sign, sign);
	}
}

/* server - window <= timestamp < server + 1000, to the millisecond (F20). */
static void
time_window(void **state)
{
	static const struct {
		const char *timestamp, *window;
		int64_t code;
	} cases[] = {
		{ "1699999994999", "5000", 10002 },
		{ "1699999995000", "5000", 0 },
		{ "1700000000000", "5000", 0 },
		{ "1700000000999", "5000", 0 },
		{ "1700000001000", "5000", 10002 },
		{ "1700000001000", "60000", 10002 },
		{ "1699999994999", NULL, 10002 },
		{ "1699999995000", NULL, 0 },
		{ "1699999940000", "60000", 0 },
		{ "1699999939999", "60000", 10002 },
		{ "1700000000000", "x", 10001 },
		{ "17000000000e2", "5000", 10001 },
	};
	char sign[SIGN_SIZE], body[1] = "";
	struct key k;

	(void)state;
	key_init(&k, "test_api_key", "test_secret");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct request r = {
			.method = "GET",
			.path = "/v5/position/list",
			.query = "category=linear",
			.ip = "127.0.0.1",
			.body = body,
			.api_key = "test_api_key",
			.timestamp = cases[i].timestamp,
			.window = cases[i].window,
			.sign = sign,
		};
		struct reply rep;

		reply_init(&rep);
		key_sign(sign, k.secret, r.timestamp, r.api_key,
		    r.window != NULL ? r.window : "", r.query, strlen(r.query));
		assert_int_equal(cases[i].code == 0 ? 0 : -1,
		    key_check(&k, &r, RIGHT_POSITION, 0, 1700000000000, &rep));
		assert_int_equal(cases[i].code, rep.code);
		reply_release(&rep);
	}
	key_release(&k);
}

/* A rolling second: there is room when the oldest call is a second old. */
static void
rolling_second(void **state)
{
	static const struct {
		int64_t now_ms;
		int status;
		int64_t left, reset_ms;
	} cases[] = {
		{ 1000, 0, 2, 1000 },
		{ 1400, 0, 1, 1400 },
		{ 1800, 0, 0, 2000 },
		{ 1999, -1, 0, 2000 },
		{ 2000, 0, 0, 2400 },
		{ 2399, -1, 0, 2400 },
		{ 2400, 0, 0, 2800 },
		{ 9000, 0, 2, 9000 },
	};
	static struct window w;
	static struct limits l;
	struct reply rep;

	(void)state;
	limits_init(&l);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reply_init(&rep);
		assert_int_equal(cases[i].status,
		    limits_endpoint(&l, &w, 3, cases[i].now_ms, &rep));
		assert_int_equal(cases[i].left, rep.limit_left);
		assert_int_equal(cases[i].reset_ms, rep.limit_reset_ms);
		assert_int_equal(cases[i].status == 0 ? 0 : 10006, rep.code);
		reply_release(&rep);
	}
}

/* One fill after the other into one position, worked out by hand. */
static void
fills(void **state)
{
	static const struct {
		enum side side;
		const char *qty, *price, *fee;
		/* And then: */
		enum side is;
		const char *size, *value, *realised, *closed, *profit, *gain;
	} cases[] = {
		{ SIDE_BUY, "1", "100", "0.1", SIDE_BUY, "1", "100", "-0.1",
		    "0", "0", "-0.1" },
		{ SIDE_BUY, "2", "103", "0.2", SIDE_BUY, "3", "306", "-0.3",
		    "0", "0", "-0.2" },
		/* 1 of 3 at 102: 110 - 102; a third of the fees. */
		{ SIDE_SELL, "1", "110", "0.11", SIDE_BUY, "2", "204", "7.59",
		    "1", "8", "7.89" },
		/* 2 of 3 close: 200 - 204; 1 opens at 100 and half the fee. */
		{ SIDE_SELL, "3", "100", "0.3", SIDE_SELL, "1", "100", "-0.1",
		    "2", "-4", "-4.3" },
		{ SIDE_BUY, "1", "90", "0.09", SIDE_NONE, "0", "0", "9.81", "1",
		    "10", "9.91" },
	};
	struct holding h = { .seq = -1 };
	struct closing c;
	struct decimal gain;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gain = holding_fill(&h, 0, cases[i].side, calc_of(cases[i].qty),
		    calc_of(cases[i].price), calc_of(cases[i].fee),
		    1000 + (int64_t)i, &c);
		assert_int_equal(cases[i].is, h.side);
		assert_decimal(cases[i].size, h.size);
		assert_decimal(cases[i].value, h.value);
		assert_decimal(cases[i].realised, h.realised);
		assert_decimal(cases[i].closed, c.qty);
		assert_decimal(cases[i].profit, c.profit);
		assert_decimal(cases[i].gain, gain);
	}
	assert_decimal("13.2", h.realised_ever);
	assert_int_equal(1000, h.created_ms);
	assert_int_equal(0, h.opened_ms);
}

/*
 * Whatever the fills (seeded), nothing is lost or made: what the wallet gained
 * is what all closings brought, and flat means nothing is left over.
 */
static void
nothing_is_lost(void **state)
{
	uint64_t seed = 20260101;

	(void)state;
	for (int round = 0; round < 400; round++) {
		const int inverse = round % 2;
		struct holding h = { .seq = -1 };
		struct decimal gained = decimal_zero, closed = decimal_zero;
		struct closing c;

		for (int i = 0; i < 20; i++) {
			enum side side;
			struct decimal qty, price;

			seed = seed * 6364136223846793005 + 1442695040888963407;
			side = seed >> 33 & 1 ? SIDE_BUY : SIDE_SELL;
			qty =
			    decimal_from_int((long long)(seed >> 34 & 63) + 1);
			price = decimal_from_int(
			    (long long)(seed >> 40 & 4095) + 1);
			if (i == 19) { /* and out */
				if (h.side == SIDE_NONE)
					break;
				side = side_other(h.side);
				qty = h.size;
			}
			gained = calc_add(gained,
			    holding_fill(&h, inverse, side, qty, price,
				calc_money(calc_mul(
				    contract_value(inverse, qty, price),
				    calc_of("0.00055"))),
				i, &c));
			closed = calc_add(closed,
			    calc_sub(
				calc_sub(c.profit, c.open_fee), c.close_fee));
		}
		assert_int_equal(SIDE_NONE, h.side);
		assert_int_equal(0, decimal_cmp(gained, closed));
		assert_int_equal(0, decimal_cmp(gained, h.realised_ever));
		assert_int_equal(0, decimal_sign(h.open_fees));
		assert_int_equal(0, decimal_sign(h.value));
	}
}

/* A view of a moment ago. */
static void
as_it_was(void **state)
{
	struct position p;
	struct closing c;

	(void)state;
	position_init(&p);
	(void)holding_fill(&p.now, 0, SIDE_BUY, calc_of("1"), calc_of("100"),
	    decimal_zero, 500, &c);
	p.now.seq = 7;
	position_keep(&p, 500);
	(void)holding_fill(&p.now, 0, SIDE_BUY, calc_of("1"), calc_of("100"),
	    decimal_zero, 900, &c);
	position_keep(&p, 900);
	assert_int_equal(-1, position_at(&p, 499)->seq);
	assert_decimal("1", position_at(&p, 500)->size);
	assert_decimal("1", position_at(&p, 899)->size);
	assert_decimal("2", position_at(&p, 900)->size);
	assert_decimal("2", position_at(&p, 9000)->size);
	position_release(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures),
		cmocka_unit_test(time_window),
		cmocka_unit_test(rolling_second),
		cmocka_unit_test(fills),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
