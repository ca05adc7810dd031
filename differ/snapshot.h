/*
 * snapshot - a `positions` line: one complete snapshot of one scope.
 *
 * Signals come in this order: positions in the order of their rows; then
 * those that were not shown, by key; then trades that no snapshot showed, by
 * the time of their record.
 */
#ifndef SLUICE_DIFFER_SNAPSHOT_H
#define SLUICE_DIFFER_SNAPSHOT_H

#include <stdint.h>

struct account;
struct differ;
struct json;
struct json_keys;

/* The members that are read of a `positions` line, at any depth. */
void snapshot_keys(struct json_keys *keys);

/*
 * 1 where it was taken, 0 where it is not newer than the scope's last one,
 * -1 where the line cannot be used at all, with the reason in *why.
 */
int snapshot_take(struct differ *d, struct account *a, const struct json *line,
    int64_t time, const char **why);

#endif
