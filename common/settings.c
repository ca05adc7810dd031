#include "common/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/env_file.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/settings_internal.h"

#define DEFAULT_FILE ".env"
#define NAME_SHOWN_MAX 64

struct settings {
	struct setting_value values[SETTINGS_COUNT];
	int system_error; /* errno: the machine's fault, not a setting's */
};

const char *
setting_name(enum setting which)
{
	return setting_table[which].name;
}

static int
find_setting(const char *name)
{
	int i;

	for (i = 0; i < SETTINGS_COUNT; i++)
		if (strcmp(setting_table[i].name, name) == 0)
			return i;
	return -1;
}

/* Text for a message: one line of it, bounded. */
static void
put_shown(struct buf *b, const char *s)
{
	size_t n;

	for (n = 0; n < NAME_SHOWN_MAX && s[n] != '\0'; n++)
		buf_putc(b, (unsigned char)s[n] < 0x20 ? '?' : s[n]);
	if (s[n] != '\0')
		buf_puts(b, "...");
}

/* "NAME=value (.env line 3): expected …" */
static void
put_error(struct buf *errors, enum setting which, const char *text,
    const char *file, size_t line)
{
	const struct setting_def *d = &setting_table[which];

	buf_printf(errors, "%s=", d->name);
	put_shown(errors, d->kind == KIND_SECRET ? "***" : text);
	if (file != NULL)
		buf_printf(errors, " (%s line %zu)", file, line);
	buf_puts(errors, ": expected ");
	setting_expected(errors, d);
	buf_putc(errors, '\n');
}

static void
clear_value(struct setting_value *v)
{
	if (v->text != NULL)
		explicit_bzero(v->text, strlen(v->text));
	free(v->text);
	free(v->items);
	*v = (struct setting_value){ .text = NULL };
}

/* "NAME: out of memory": it may be different at the next start. */
static void
put_failed(struct settings *s, const char *what, struct buf *errors)
{
	switch (errno) {
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		s->system_error = errno;
		break;
	default:
		break;
	}
	buf_printf(errors, "%s: %s\n", what, strerror(errno));
}

static void
take(struct settings *s, enum setting which, const char *text, const char *file,
    size_t line, struct buf *errors)
{
	struct setting_value *v = &s->values[which];

	clear_value(v);
	if (*text == '\0')
		return;
	if (setting_table[which].kind == KIND_SECRET)
		log_secret(text);
	if (setting_parse(&setting_table[which], text, v) == -1) {
		if (errno == EINVAL)
			put_error(errors, which, text, file, line);
		else
			put_failed(s, setting_table[which].name, errors);
		clear_value(v);
		return;
	}
	v->text = strdup(text);
	if (v->text == NULL)
		put_failed(s, setting_table[which].name, errors);
}

static void
warn_unknown(struct buf *warnings, const struct env_file *f, const char *file)
{
	const char *nearest = settings_nearest(f->name);

	buf_printf(warnings, "%s line %zu: ", file, f->line);
	put_shown(warnings, f->name);
	buf_puts(warnings, " is not a setting of sluice and is ignored");
	if (nearest != NULL)
		buf_printf(warnings, ": did you mean %s?", nearest);
	buf_putc(warnings, '\n');
}

/* What lies in the file is as safe as its mode (F105). */
static void
check_mode(const struct stat *st, const char *file, struct buf *errors,
    struct buf *warnings)
{
	if (st->st_mode & (S_IROTH | S_IWOTH))
		buf_printf(errors,
		    "%s holds a secret and is open to everybody: chmod 600 "
		    "%s\n",
		    file, file);
	else if (st->st_mode & (S_IRGRP | S_IWGRP))
		buf_printf(warnings,
		    "%s holds a secret and is open to its group: chmod 600 "
		    "%s\n",
		    file, file);
}

static void
take_file(struct settings *s, char *text, size_t len, const struct stat *st,
    const char *file, struct buf *errors, struct buf *warnings)
{
	size_t lines[SETTINGS_COUNT] = { 0 };
	int environment[SETTINGS_COUNT];
	enum env_status status;
	struct env_file f;
	int secret = 0;
	int which;

	for (which = 0; which < SETTINGS_COUNT; which++)
		environment[which] = setting_given(s, (enum setting)which);
	env_file_init(&f, text, len);
	while ((status = env_file_next(&f)) != ENV_END) {
		if (status == ENV_BAD) {
			buf_printf(
			    errors, "%s line %zu: %s\n", file, f.line, f.why);
			continue;
		}
		which = find_setting(f.name);
		if (which == -1) {
			warn_unknown(warnings, &f, file);
			continue;
		}
		if (lines[which] != 0)
			buf_printf(warnings,
			    "%s line %zu: %s stands in line %zu, too; this "
			    "one counts\n",
			    file, f.line, f.name, lines[which]);
		lines[which] = f.line;
		if (setting_table[which].kind == KIND_SECRET &&
		    *f.value != '\0')
			secret = 1;
		/* The environment wins, also over what would be wrong here. */
		if (!environment[which])
			take(s, (enum setting)which, f.value, file, f.line,
			    errors);
	}
	if (secret)
		check_mode(st, file, errors, warnings);
}

static void
put_unreadable(struct settings *s, const char *file, struct buf *errors)
{
	char what[512];
	int saved = errno;

	(void)snprintf(
	    what, sizeof(what), "unable to read settings from %s", file);
	errno = saved;
	put_failed(s, what, errors);
}

static void
read_file(struct settings *s, const char *given, struct buf *errors,
    struct buf *warnings)
{
	const char *file = given != NULL ? given : DEFAULT_FILE;
	size_t len = 0;
	char *text = NULL;
	struct stat st;
	ssize_t n = 0;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		if (given != NULL || errno != ENOENT)
			put_unreadable(s, file, errors);
		return;
	}
	/* One allocation, so that no copy of a secret is left behind. */
	text = malloc(SETTINGS_FILE_MAX + 2);
	if (text == NULL || fstat(fd, &st) == -1)
		goto fail;
	while (len <= SETTINGS_FILE_MAX) {
		n = read(fd, text + len, SETTINGS_FILE_MAX + 1 - len);
		if (n == 0)
			break;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			goto fail;
		len += (size_t)n;
	}
	if (len > SETTINGS_FILE_MAX)
		buf_printf(
		    errors, "%s: over %u bytes\n", file, SETTINGS_FILE_MAX);
	else
		take_file(s, text, len, &st, file, errors, warnings);
	goto out;
fail:
	put_unreadable(s, file, errors);
out:
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	(void)close(fd);
}

/* Two settings that make sense together alone. */
static void
check_pair(const struct settings *s, enum setting a, enum setting b,
    struct buf *errors)
{
	if (setting_given(s, a) && !setting_given(s, b))
		buf_printf(errors, "%s is set and %s is not: set both\n",
		    setting_name(a), setting_name(b));
	else if (setting_given(s, b) && !setting_given(s, a))
		check_pair(s, b, a, errors);
}

static void
check_together(const struct settings *s, struct buf *errors)
{
	check_pair(s, BYBIT_API_KEY, BYBIT_API_SECRET, errors);
	check_pair(s, BYBIT_TRADE_API_KEY, BYBIT_TRADE_API_SECRET, errors);
	check_pair(s, WEBHOOK_TLS_CERT, WEBHOOK_TLS_KEY, errors);
	if (decimal_cmp(s->values[STOP_LOSS_MIN].decimal,
		s->values[STOP_LOSS_MAX].decimal) > 0)
		buf_printf(errors,
		    "STOP_LOSS_MIN=%s: expected at most STOP_LOSS_MAX, which "
		    "is %s\n",
		    setting_str(s, STOP_LOSS_MIN),
		    setting_str(s, STOP_LOSS_MAX));
}

struct settings *
settings_read(const char *file, struct buf *errors, struct buf *warnings)
{
	const struct setting_def *d;
	struct settings *s;
	const char *text;
	int i;

	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		buf_printf(errors, "settings: %s\n", strerror(errno));
		errno = ENOMEM;
		return NULL;
	}
	for (i = 0; i < SETTINGS_COUNT; i++) {
		text = getenv(setting_table[i].name);
		if (text != NULL)
			take(s, (enum setting)i, text, NULL, 0, errors);
	}
	read_file(s, file, errors, warnings);
	for (i = 0; i < SETTINGS_COUNT; i++) {
		d = &setting_table[i];
		/* The table's own values are good: it is something else. */
		if (s->values[i].text == NULL && d->value != NULL &&
		    setting_parse(d, d->value, &s->values[i]) == -1)
			put_failed(s, d->name, errors);
	}
	if (errors->len == 0)
		check_together(s, errors);
	if (errors->len > 0 || buf_failed(errors)) {
		int error = s->system_error != 0 ? s->system_error
		    : buf_failed(errors) != 0	 ? buf_failed(errors)
						 : EINVAL;

		settings_free(s);
		errno = error;
		return NULL;
	}
	return s;
}

/* The text itself, as /proc/PID/environ shows the memory that it is in. */
static void
wipe_environment(const char *name)
{
	char *text = getenv(name);

	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	(void)unsetenv(name);
}

void
settings_keep(struct settings *s, const enum setting *keep, size_t n)
{
	size_t i;
	int which;

	log_forget();
	for (which = 0; which < SETTINGS_COUNT; which++) {
		if (setting_table[which].kind != KIND_SECRET)
			continue;
		wipe_environment(setting_table[which].name);
		for (i = 0; i < n && keep[i] != (enum setting)which; i++)
			;
		if (i == n)
			clear_value(&s->values[which]);
		else
			log_secret(s->values[which].text);
	}
}

void
settings_free(struct settings *s)
{
	int i;

	if (s == NULL)
		return;
	for (i = 0; i < SETTINGS_COUNT; i++)
		clear_value(&s->values[i]);
	free(s);
}

int
setting_given(const struct settings *s, enum setting which)
{
	return s->values[which].text != NULL;
}

const char *
setting_str(const struct settings *s, enum setting which)
{
	if (s->values[which].text != NULL)
		return s->values[which].text;
	/* trader's keys are poller's where it has none of its own. */
	if (which == BYBIT_TRADE_API_KEY)
		return setting_str(s, BYBIT_API_KEY);
	if (which == BYBIT_TRADE_API_SECRET)
		return setting_str(s, BYBIT_API_SECRET);
	return setting_table[which].value != NULL ? setting_table[which].value
						  : "";
}

static void
must_be(enum setting which, enum setting_kind kind)
{
	if (setting_table[which].kind != kind)
		die(EX_SOFTWARE, "%s was asked for as what it is not",
		    setting_name(which));
}

int
setting_bool(const struct settings *s, enum setting which)
{
	must_be(which, KIND_BOOL);
	return (int)s->values[which].number;
}

int64_t
setting_int(const struct settings *s, enum setting which)
{
	must_be(which, KIND_INT);
	return s->values[which].number;
}

int64_t
setting_ms(const struct settings *s, enum setting which)
{
	must_be(which, KIND_SECONDS);
	return s->values[which].number;
}

int64_t
setting_bytes(const struct settings *s, enum setting which)
{
	must_be(which, KIND_BYTES);
	return s->values[which].number;
}

struct decimal
setting_decimal(const struct settings *s, enum setting which)
{
	must_be(which, KIND_DECIMAL);
	return s->values[which].decimal;
}

const char *
setting_item(const struct settings *s, enum setting which, size_t i)
{
	const struct setting_value *v = &s->values[which];
	const char *item = v->items;

	if (i >= v->nitems)
		return NULL;
	while (i-- > 0)
		item += strlen(item) + 1;
	return item;
}

/*
 * Changes that make a of b: a byte more, less or another one, or two swapped.
 * Over NAME_SHOWN_MAX bytes nothing is near.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t row[3][NAME_SHOWN_MAX + 1];
	size_t *before = row[0], *last = row[1], *now = row[2], *t;
	size_t i, j, na = strlen(a), nb = strlen(b);

	if (na > NAME_SHOWN_MAX || nb > NAME_SHOWN_MAX)
		return SIZE_MAX;
	for (j = 0; j <= nb; j++)
		last[j] = j;
	for (i = 1; i <= na; i++) {
		now[0] = i;
		for (j = 1; j <= nb; j++) {
			now[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < now[j])
				now[j] = last[j] + 1;
			if (now[j - 1] + 1 < now[j])
				now[j] = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		t = before;
		before = last;
		last = now;
		now = t;
	}
	return last[nb];
}

const char *
settings_nearest(const char *name)
{
	char upper[NAME_SHOWN_MAX + 1];
	const char *nearest = NULL;
	size_t best, d, n;
	int i;

	for (n = 0; n < NAME_SHOWN_MAX && name[n] != '\0'; n++)
		upper[n] = name[n] >= 'a' && name[n] <= 'z'
		    ? (char)(name[n] - 'a' + 'A')
		    : name[n];
	upper[n] = '\0';
	/* A third of the name may differ: enough for a slip or two. */
	best = n / 3 + 1;
	for (i = 0; i < SETTINGS_COUNT; i++) {
		d = distance(upper, setting_table[i].name);
		if (d < best) {
			best = d;
			nearest = setting_table[i].name;
		}
	}
	return nearest;
}
