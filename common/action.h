/*
 * action - what an alert asks for: webhookd's word for it, and risker's.
 */
#ifndef SLUICE_ACTION_H
#define SLUICE_ACTION_H

struct json;

enum alert_action { ALERT_BUY, ALERT_SELL, ALERT_CLOSE };

/* "buy", "sell", "close". */
const char *alert_action_name(enum alert_action action);

/* 0, or -1 where it is no string of these. */
int alert_action_get(const struct json *v, enum alert_action *out);

#endif
