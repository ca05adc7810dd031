/*
 * templates - what messages say: texts with placeholders, one file a language.
 *
 * They are read and checked once, at start: built-in ones, and over these the
 * operator's, of which a section takes the place of the built-in one.  The
 * language of the files is described in notifier(8), TEMPLATES.
 *
 * A part of notifier that has something new to say
 *
 *  1. adds a SECTION_ here, and its row to template_sections in templates.c,
 *     with the name that the files have, and the fields that it may show;
 *  2. where it shows what nobody showed yet, adds a FIELD_ here, and its row
 *     to template_fields: the name in braces, and its kind;
 *  3. writes the section into templates/ru.txt and en.txt (the program does
 *     not start with built-in ones that lack a section), and the fields into
 *     notifier(8);
 *  4. says it:
 *
 *	struct values v = { 0 };
 *
 *	value_int(&v, FIELD_BALANCE, s->balance);
 *	if (template_put(b, templates, SECTION_BALANCE, lang, &v) == -1)
 *
 * A line of the template whose field was not given a value is left out.
 */
#ifndef SLUICE_NOTIFIER_TEMPLATES_H
#define SLUICE_NOTIFIER_TEMPLATES_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"

struct buf;
struct templates;

enum section {
	SECTION_OPEN,
	SECTION_INCREASE,
	SECTION_PARTIAL_CLOSE,
	SECTION_CLOSE,
	/* Answers to a subscriber, a stranger, … */
	SECTION_JOINED,
	SECTION_CREDITED,
	SECTION_STARTED,
	SECTION_STOPPED,
	SECTION_PAUSED,
	SECTION_BALANCE,
	SECTION_STATUS,
	SECTION_FOLLOWED,
	SECTION_MORE,
	SECTION_LANG,
	SECTION_LANG_USAGE,
	SECTION_HELP,
	SECTION_STRANGER,
	SECTION_BAD_CODE,
	/* … and to the operator. */
	SECTION_OPERATOR_HELP,
	SECTION_HALT,
	SECTION_HALTED,
	SECTION_HALT_FAILED,
	SECTION_RESUME,
	SECTION_RESUMED,
	SECTION_RESUME_FAILED,
	SECTION_NOT_HALTED,
	SECTION_TOO_LATE,
	SECTION_STAGE_RUNS,
	SECTION_STAGE_ENDED,
	SECTION_STAGE_DOWN,
	SECTION_ALARMS,
	SECTION_ALARM_OPEN,
	SECTION_NO_ALARMS,
	SECTION_ALARM,
	SECTION_ALARM_OVER,
	SECTIONS,
};

enum field {
	FIELD_SIGNAL_NUMBER,
	FIELD_TIME,
	FIELD_SYMBOL,
	FIELD_SIGNAL_TYPE, /* a choice: a long, or a short */
	FIELD_TEST,	   /* a choice */
	FIELD_ESTIMATED,   /* a choice */
	FIELD_ACCOUNT,
	FIELD_CATEGORY,
	FIELD_LEVERAGE,
	FIELD_POSITION_SIZE,
	FIELD_OLD_POSITION_SIZE,
	FIELD_MAX_POSITION_SIZE,
	FIELD_ENTRY_PRICE,
	FIELD_EXIT_PRICE,
	FIELD_CLOSE_PERCENTAGE,
	FIELD_CLOSE_REASON,
	FIELD_PROFIT_PERCENTAGE,
	FIELD_REALIZED_PNL,
	FIELD_PNL_COIN,
	FIELD_STAGE,
	FIELD_ALARM,
	FIELD_TEXT,
	FIELD_BALANCE,
	FIELD_CHANGE,
	FIELD_COUNT,
	FIELD_ACTIVE, /* a choice */
	FIELD_WHO,
	FIELD_CODE,
	FIELDS,
};

/* What a message is filled with; begin with { 0 }. */
struct values {
	struct value {
		int given;
		int estimated;	  /* ≈ stands before it */
		int64_t n;	  /* a number, ms of a time, yes or no */
		struct decimal d; /* a decimal */
		const char *s;	  /* a text, which must outlive the values */
	} of[FIELDS];
};

/* The one that fits the kind of the field's row. */
void value_int(struct values *v, enum field f, int64_t n);
void value_decimal(struct values *v, enum field f, struct decimal d);
/* Shown as clean.h says: nothing of it can be taken for another line. */
void value_text(struct values *v, enum field f, const char *s);

/*
 * Read the templates: dir has the operator's ru.txt, en.txt or both; "" for
 * the built-in ones alone.  NULL with words in err: file, line, what was found
 * and what is expected.
 */
struct templates *templates_new(const char *dir, char *err, size_t size);
void templates_free(struct templates *t); /* NULL is fine */

/*
 * Append the text of a section; lang is "ru" or "en", and v may be NULL where
 * there is nothing to fill in.  Nothing is allocated but by b.  0, or -1 where
 * every line was left out, or b failed.
 */
int template_put(struct buf *b, const struct templates *t, enum section s,
    const char *lang, const struct values *v);

#endif
