/*
 * decimal - exact decimal numbers for prices, quantities and money.
 *
 * A struct, so the compiler refuses to mix it with plain integers.  Nothing
 * here allocates, logs, reads the locale or rounds unless it says so.
 * Source: Bybit v5, all numbers are decimal strings (F11).
 */
#ifndef SLUICE_DECIMAL_H
#define SLUICE_DECIMAL_H

#include <stddef.h>

__extension__ typedef __int128 decimal_int;

struct decimal {
	decimal_int e18; /* value x 10^18: about +-1.7e20 */
};

enum decimal_round {
	DECIMAL_DOWN,	 /* towards zero */
	DECIMAL_UP,	 /* away from zero */
	DECIMAL_HALF_UP, /* to the nearest, half away from zero */
};

/* Longest text of decimal_format with its NUL. */
#define DECIMAL_TEXT_MAX 48

extern const struct decimal decimal_zero;

/* The whole number n. */
struct decimal decimal_from_int(long long n);

/*
 * Parse all len bytes of s: [-]digits[.digits], at most 18 decimals (further
 * ones must be zeros), no exponent, no blank.  Store *out and return 0; or
 * leave *out alone and return -1 with errno EINVAL (syntax) or ERANGE (does
 * not fit exactly).
 */
int decimal_parse(struct decimal *out, const char *s, size_t len);

/*
 * Write d without trailing zeros and without a point where it is whole: "0",
 * "-0.5", "45000".  Returns the length.
 */
size_t decimal_format(char out[DECIMAL_TEXT_MAX], struct decimal d);

/*
 * Write d with at least min and at most max decimals (0 to 18), rounded half
 * away from zero at max.  decimal_format_scale(out, d, 2, 2) gives "50.00".
 */
size_t decimal_format_scale(
    char out[DECIMAL_TEXT_MAX], struct decimal d, int min, int max);

int decimal_cmp(struct decimal a, struct decimal b); /* -1, 0, 1 */
int decimal_sign(struct decimal d);		     /* -1, 0, 1 */
struct decimal decimal_neg(struct decimal d);
struct decimal decimal_abs(struct decimal d);

/*
 * Arithmetic.  0 and *out, or -1 with ERANGE (does not fit) or EDOM (division
 * by zero) and *out untouched.  out may be an operand's address.
 */
int decimal_add(struct decimal *out, struct decimal a, struct decimal b);
int decimal_sub(struct decimal *out, struct decimal a, struct decimal b);

/* a x b and a / b to 18 decimals, the rest rounded as told. */
int decimal_mul(struct decimal *out, struct decimal a, struct decimal b,
    enum decimal_round round);
int decimal_div(struct decimal *out, struct decimal a, struct decimal b,
    enum decimal_round round);

/* d rounded to places decimals (0 to 18). */
int decimal_round(struct decimal *out, struct decimal d, int places,
    enum decimal_round round);

/*
 * d rounded to a whole multiple of step (> 0): a quantity to qtyStep, a price
 * to tickSize.  Exact: no division's rest can move it to the next multiple.
 */
int decimal_to_step(struct decimal *out, struct decimal d, struct decimal step,
    enum decimal_round round);

#endif
