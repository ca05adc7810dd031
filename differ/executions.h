/*
 * executions - the fills behind closed_pnl records: why an order closed, and
 * which row shows it.
 */
#ifndef SLUICE_DIFFER_EXECUTIONS_H
#define SLUICE_DIFFER_EXECUTIONS_H

#include "differ/model.h"

struct differ;
struct json;

/* Take in the rows of an `executions` line. */
void executions_take(struct differ *d, const struct account *a, enum category c,
    const struct json *list);

#endif
