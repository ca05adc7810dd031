/*
 * manual - trades that are made by hand, to test what comes after differ.
 *
 * They are in `signals` and `events` alone, marked `test`; never among the
 * positions.
 */
#ifndef SLUICE_DIFFER_MANUAL_H
#define SLUICE_DIFFER_MANUAL_H

#include <stdint.h>

struct differ;
struct json;

/*
 * Do what the line asks for, or answer why not.  A request that was answered
 * gets the same answer again.  1, or -1 with the reason in *why where there is
 * no request to answer.
 */
int manual_take(
    struct differ *d, const struct json *line, int64_t time, const char **why);

#endif
