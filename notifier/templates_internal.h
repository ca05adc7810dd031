/*
 * templates_internal - templates as they are kept; for their files, their test
 * and their fuzz target.
 */
#ifndef SLUICE_NOTIFIER_TEMPLATES_INTERNAL_H
#define SLUICE_NOTIFIER_TEMPLATES_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "notifier/templates.h"

#define TEMPLATES_SIZE_MAX (64u << 10) /* of a file */

enum lang { LANG_RU, LANG_EN, LANGS };

extern const struct builtin {
	const char *name; /* of the file, too */
	const char *text, *end;
} templates_builtin[LANGS];

/* How a field is shown. */
enum field_kind {
	FIELD_IS_NUMBER,  /* 00017 */
	FIELD_IS_DECIMAL, /* 45000.0 */
	FIELD_IS_PERCENT, /* 50.0: at most two decimals */
	FIELD_IS_PLAIN,	  /* 10: without decimals where it is whole */
	FIELD_IS_GAIN,	  /* +500.0; a choice: a gain, or a loss */
	FIELD_IS_GAIN_PERCENT,
	FIELD_IS_TIME,	 /* 14:30:25 16.05.2025 */
	FIELD_IS_SYMBOL, /* BTC/USDT */
	FIELD_IS_TEXT,
	FIELD_IS_CHOICE, /* yes or no, and nothing to show by itself */
	FIELD_IS_SIDE,	 /* the same, but that it can be unknown */
};

extern const struct field_row {
	const char *name;
	enum field_kind kind;
	int always;	/* differ puts it into each such line */
	size_t len_max; /* characters of a text that are shown */
} template_fields[FIELDS];

extern const struct section_row {
	const char *name;
	uint64_t fields; /* that it may show: 1 << FIELD_... */
} template_sections[SECTIONS];

/* A piece of a line. */
struct op {
	enum op_kind {
		OP_TEXT,   /* a */
		OP_FIELD,  /* the field; without it no line */
		OP_SPACED, /* a blank and the field; without it nothing */
		OP_CHOICE, /* a for yes; b for no, or without b no line */
		OP_END,	   /* of the line */
		OP_BLANK,  /* a blank line */
	} kind;
	enum field field;
	const char *a, *b;
	size_t a_len, b_len;
};

struct templates {
	struct template
	{
		const struct op *op;
		size_t n; /* 0: there is none */
	}
	of[LANGS][SECTIONS];
	struct {
		char *text;
		struct op *ops;
	} own[LANGS]; /* what of points into, beside the built-in ones */
	struct op *builtin_ops[LANGS];
};

/* BTC/USDT for BTCUSDT and so on, as notifier(8) says. */
void template_symbol(struct buf *b, const char *symbol);

/*
 * Take the len bytes of text, of the file name, over what t has.  *ops is to
 * be freed behind t, as text is.  0, or -1 with words in err.
 */
int templates_parse(struct templates *t, enum lang lang, const char *name,
    const char *text, size_t len, struct op **ops, char *err, size_t size);

#endif
