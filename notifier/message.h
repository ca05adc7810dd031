/*
 * message - what a subscriber reads of a signal, and an operator of an alarm.
 *
 * The texts are those of templates.h.  Numbers are exact: no trailing zeros,
 * at least one decimal; percentages two decimals at most.  Times are those of
 * the zone that tzset() set up.
 */
#ifndef SLUICE_NOTIFIER_MESSAGE_H
#define SLUICE_NOTIFIER_MESSAGE_H

struct buf;
struct json;
struct templates;

/* What a message is about: the kinds of signals, and alarms. */
enum action {
	ACTION_OPEN,
	ACTION_INCREASE,
	ACTION_PARTIAL_CLOSE,
	ACTION_CLOSE,
	ACTION_ALARM,
};

/* "OPEN" and so on; and back: -1 where it is none of them. */
const char *action_name(enum action a);
int action_parse(const char *name);

/*
 * Append the text for a signal; lang is "ru" or "en".  A line that shows a
 * member that the signal lacks is left out.  0, or -1 where it is no signal or
 * b failed.
 */
int message_signal(struct buf *b, const struct templates *t,
    const struct json *signal, const char *lang);

/*
 * Append the text for an alarm: {"stage","alarm","open","text","time"}.
 */
int message_alarm(struct buf *b, const struct templates *t,
    const struct json *alarm, const char *lang);

#endif
