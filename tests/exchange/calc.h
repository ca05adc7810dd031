/*
 * calc - decimal arithmetic that cannot fail here.
 *
 * Every number that comes in is bounded (calc_parse), so that what the engine
 * does with it fits; should something not fit all the same, that is a bug and
 * ends the program (70).
 */
#ifndef SLUICE_EXCHANGE_CALC_H
#define SLUICE_EXCHANGE_CALC_H

#include <stddef.h>

#include "common/decimal.h"
#include "common/json.h"

struct decimal calc_add(struct decimal a, struct decimal b);
struct decimal calc_sub(struct decimal a, struct decimal b);
struct decimal calc_mul(struct decimal a, struct decimal b);
struct decimal calc_div(struct decimal a, struct decimal b);
/* To 8 decimals, half away from zero: how the exchange books money. */
struct decimal calc_money(struct decimal d);
/* Down to a multiple of step. */
struct decimal calc_floor(struct decimal d, struct decimal step);
/* The nearest multiple of step. */
struct decimal calc_near(struct decimal d, struct decimal step);
struct decimal calc_min(struct decimal a, struct decimal b);
/* total x part / whole; all of total where part is the whole. */
struct decimal calc_share(
    struct decimal total, struct decimal part, struct decimal whole);

/*
 * A decimal of at most 10^12 either way.  0, or -1 and *out untouched.
 */
int calc_parse(struct decimal *out, const char *s, size_t len);
/* The same of a JSON string or number. */
int calc_json(const struct json *v, struct decimal *out);
/* The value of a literal in our own sources. */
struct decimal calc_of(const char *literal);

/* n elements of size bytes more than there are; ends the program (71). */
void *calc_grow(void *p, size_t n, size_t *cap, size_t size);

#endif
