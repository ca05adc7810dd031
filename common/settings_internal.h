/*
 * settings_internal - the table of settings, and what each kind takes; for
 * the files of settings alone.
 */
#ifndef SLUICE_SETTINGS_INTERNAL_H
#define SLUICE_SETTINGS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/decimal.h"
#include "common/settings.h"

struct buf;

enum setting_kind {
	KIND_TEXT,
	KIND_SECRET,
	KIND_LABEL, /* a short word for lines, keys and messages */
	KIND_BOOL,
	KIND_INT,
	KIND_SECONDS, /* with fractions; kept as milliseconds */
	KIND_DECIMAL,
	KIND_BYTES,  /* with K, M, G or T */
	KIND_CHOICE, /* one of the words */
	KIND_URL,
	KIND_ADDRESS, /* host:port */
	KIND_ZONE,
	KIND_WORDS,    /* lists, comma-separated: of the words */
	KIND_SYMBOLS,  /* of symbols or coins */
	KIND_NETWORKS, /* of addresses, CIDR blocks or the words */
	KIND_NAMES,    /* of DNS or e-mail names */
	KIND_IDS,      /* of whole numbers above 0 */
};

enum setting_flags {
	SETTING_ABOVE = 1 << 0, /* min itself is too small */
	SETTING_LINES = 1 << 1, /* the value may have newlines */
};

struct setting_def {
	const char *name;
	enum setting_kind kind;
	const char *value; /* the default, or NULL */
	const char *min, *max;
	const char *words; /* separated by one blank */
	unsigned flags;
};

extern const struct setting_def setting_table[]; /* SETTINGS_COUNT */

struct setting_value {
	char *text; /* NULL: not given */
	int64_t number;
	struct decimal decimal;
	char *items; /* NUL-terminated, one behind the other */
	size_t nitems;
};

/*
 * Whether text is a value of d; v gets what is asked for by kind.  0, or -1
 * with errno ENOMEM or EINVAL.
 */
int setting_parse(
    const struct setting_def *d, const char *text, struct setting_value *v);

/* "a whole number from 1 to 500". */
void setting_expected(struct buf *b, const struct setting_def *d);

#endif
