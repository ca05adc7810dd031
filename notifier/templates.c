#include "notifier/templates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "notifier/templates_internal.h"

#define WORDS_MAX 64	    /* characters of a name that is shown */
#define ALARM_MAX 200	    /* … of an alarm's */
#define ALARM_TEXT_MAX 1500 /* … of what it says */

const struct field_row template_fields[] = {
	[FIELD_SIGNAL_NUMBER] = { "signal_number", FIELD_IS_NUMBER, 1, 0 },
	[FIELD_TIME] = { "time", FIELD_IS_TIME, 1, 0 },
	[FIELD_SYMBOL] = { "symbol", FIELD_IS_SYMBOL, 1, WORDS_MAX },
	[FIELD_SIGNAL_TYPE] = { "signal_type", FIELD_IS_SIDE, 1, 0 },
	[FIELD_TEST] = { "test", FIELD_IS_CHOICE, 0, 0 },
	[FIELD_ESTIMATED] = { "estimated", FIELD_IS_CHOICE, 0, 0 },
	[FIELD_ACCOUNT] = { "account", FIELD_IS_TEXT, 1, WORDS_MAX },
	[FIELD_CATEGORY] = { "category", FIELD_IS_TEXT, 1, WORDS_MAX },
	[FIELD_LEVERAGE] = { "leverage", FIELD_IS_PLAIN, 0, 0 },
	[FIELD_POSITION_SIZE] = { "position_size", FIELD_IS_DECIMAL, 1, 0 },
	[FIELD_OLD_POSITION_SIZE] = { "old_position_size", FIELD_IS_DECIMAL, 1,
	    0 },
	[FIELD_MAX_POSITION_SIZE] = { "max_position_size", FIELD_IS_DECIMAL, 1,
	    0 },
	[FIELD_ENTRY_PRICE] = { "entry_price", FIELD_IS_DECIMAL, 1, 0 },
	[FIELD_EXIT_PRICE] = { "exit_price", FIELD_IS_DECIMAL, 0, 0 },
	[FIELD_CLOSE_PERCENTAGE] = { "close_percentage", FIELD_IS_PERCENT, 1,
	    0 },
	[FIELD_CLOSE_REASON] = { "close_reason", FIELD_IS_TEXT, 0, WORDS_MAX },
	[FIELD_PROFIT_PERCENTAGE] = { "profit_percentage",
	    FIELD_IS_GAIN_PERCENT, 0, 0 },
	[FIELD_REALIZED_PNL] = { "realized_pnl", FIELD_IS_GAIN, 0, 0 },
	[FIELD_PNL_COIN] = { "pnl_coin", FIELD_IS_TEXT, 0, WORDS_MAX },
	[FIELD_STAGE] = { "stage", FIELD_IS_TEXT, 1, WORDS_MAX },
	[FIELD_ALARM] = { "alarm", FIELD_IS_TEXT, 1, ALARM_MAX },
	[FIELD_TEXT] = { "text", FIELD_IS_TEXT, 1, ALARM_TEXT_MAX },
	[FIELD_BALANCE] = { "balance", FIELD_IS_PLAIN, 1, 0 },
	[FIELD_CHANGE] = { "change", FIELD_IS_PLAIN, 1, 0 },
	[FIELD_COUNT] = { "count", FIELD_IS_PLAIN, 1, 0 },
	[FIELD_ACTIVE] = { "active", FIELD_IS_CHOICE, 1, 0 },
	[FIELD_WHO] = { "who", FIELD_IS_TEXT, 0, WORDS_MAX },
	[FIELD_CODE] = { "code", FIELD_IS_TEXT, 1, WORDS_MAX },
};
_Static_assert(sizeof(template_fields) / sizeof(template_fields[0]) == FIELDS &&
	FIELDS <= 64,
    "the last field is missing, or a set of them does not fit");

#define F(name) (UINT64_C(1) << FIELD_##name)
#define OF_ANY                                                                 \
	(F(SIGNAL_NUMBER) | F(TIME) | F(SYMBOL) | F(SIGNAL_TYPE) | F(TEST) |   \
	    F(ACCOUNT) | F(CATEGORY) | F(LEVERAGE) | F(POSITION_SIZE) |        \
	    F(OLD_POSITION_SIZE) | F(ENTRY_PRICE))
#define OF_PARTIAL_CLOSE                                                       \
	(OF_ANY | F(ESTIMATED) | F(CLOSE_PERCENTAGE) | F(REALIZED_PNL) |       \
	    F(PNL_COIN))
#define OF_CLOSE                                                               \
	(OF_PARTIAL_CLOSE | F(MAX_POSITION_SIZE) | F(EXIT_PRICE) |             \
	    F(PROFIT_PERCENTAGE) | F(CLOSE_REASON))
#define OF_HALT (F(TIME) | F(WHO) | F(TEXT))
#define OF_ALARM (F(TIME) | F(STAGE) | F(ALARM) | F(TEXT))

const struct section_row template_sections[] = {
	[SECTION_OPEN] = { "OPEN", OF_ANY },
	[SECTION_INCREASE] = { "INCREASE", OF_ANY },
	[SECTION_PARTIAL_CLOSE] = { "PARTIAL_CLOSE", OF_PARTIAL_CLOSE },
	[SECTION_CLOSE] = { "CLOSE", OF_CLOSE },
	[SECTION_JOINED] = { "JOINED", F(BALANCE) },
	[SECTION_CREDITED] = { "CREDITED", F(CHANGE) | F(BALANCE) },
	[SECTION_STARTED] = { "STARTED", F(BALANCE) },
	[SECTION_STOPPED] = { "STOPPED", F(BALANCE) },
	[SECTION_PAUSED] = { "PAUSED", F(BALANCE) },
	[SECTION_BALANCE] = { "BALANCE", F(BALANCE) },
	[SECTION_STATUS] = { "STATUS", F(ACTIVE) | F(BALANCE) | F(COUNT) },
	[SECTION_FOLLOWED] = { "FOLLOWED",
	    F(SIGNAL_NUMBER) | F(SIGNAL_TYPE) | F(SYMBOL) },
	[SECTION_MORE] = { "MORE", F(COUNT) },
	[SECTION_LANG] = { "LANG", 0 },
	[SECTION_LANG_USAGE] = { "LANG_USAGE", 0 },
	[SECTION_HELP] = { "HELP", 0 },
	[SECTION_STRANGER] = { "STRANGER", 0 },
	[SECTION_BAD_CODE] = { "BAD_CODE", 0 },
	[SECTION_OPERATOR_HELP] = { "OPERATOR_HELP", 0 },
	[SECTION_HALT] = { "HALT", 0 },
	[SECTION_HALTED] = { "HALTED", OF_HALT },
	[SECTION_HALT_FAILED] = { "HALT_FAILED", F(TEXT) },
	[SECTION_RESUME] = { "RESUME", OF_HALT | F(CODE) },
	[SECTION_RESUMED] = { "RESUMED", 0 },
	[SECTION_RESUME_FAILED] = { "RESUME_FAILED", F(TEXT) },
	[SECTION_NOT_HALTED] = { "NOT_HALTED", 0 },
	[SECTION_TOO_LATE] = { "TOO_LATE", F(TIME) },
	[SECTION_STAGE_RUNS] = { "STAGE_RUNS", F(STAGE) },
	[SECTION_STAGE_ENDED] = { "STAGE_ENDED", F(STAGE) },
	[SECTION_STAGE_DOWN] = { "STAGE_DOWN", F(STAGE) },
	[SECTION_ALARMS] = { "ALARMS", F(COUNT) },
	[SECTION_ALARM_OPEN] = { "ALARM_OPEN", OF_ALARM },
	[SECTION_NO_ALARMS] = { "NO_ALARMS", 0 },
	[SECTION_ALARM] = { "ALARM", OF_ALARM },
	[SECTION_ALARM_OVER] = { "ALARM_OVER", OF_ALARM },
};
_Static_assert(
    sizeof(template_sections) / sizeof(template_sections[0]) == SECTIONS,
    "the last section is missing");

static int
take_builtin(struct templates *t, enum lang l, char *err, size_t size)
{
	const struct builtin *b = &templates_builtin[l];

	if (templates_parse(t, l, b->name, b->text, (size_t)(b->end - b->text),
		&t->builtin_ops[l], err, size) == -1)
		return -1;
	for (size_t i = 0; i < SECTIONS; i++)
		if (t->of[l][i].n == 0) {
			(void)snprintf(err, size, "%s: section %s is missing",
			    b->name, template_sections[i].name);
			return -1;
		}
	return 0;
}

/* All of a file, and at most a byte more than it may have; -1 with errno. */
static ssize_t
read_all(int fd, char *text)
{
	size_t len = 0;
	ssize_t n;

	while (len <= TEMPLATES_SIZE_MAX) {
		n = read(fd, text + len, TEMPLATES_SIZE_MAX + 1 - len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	return (ssize_t)len;
}

/* 1, 0 where there is no such file, or -1 with words in err. */
static int
take_own(
    struct templates *t, enum lang l, const char *dir, char *err, size_t size)
{
	char path[512];
	struct stat st;
	ssize_t len = -1;
	int fd, n, rc;

	n = snprintf(
	    path, sizeof(path), "%s/%s", dir, templates_builtin[l].name);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		(void)snprintf(err, size,
		    "the name of the folder is too long: expected at most %zu "
		    "bytes",
		    sizeof(path) - 8);
		return -1;
	}
	/* Not to wait for a FIFO's writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 || fstat(fd, &st) == -1)
		goto fail;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto fail;
	}
	t->own[l].text = malloc(TEMPLATES_SIZE_MAX + 1);
	if (t->own[l].text != NULL)
		len = read_all(fd, t->own[l].text);
	if (len == -1)
		goto fail;
	(void)close(fd);
	rc = templates_parse(
	    t, l, path, t->own[l].text, (size_t)len, &t->own[l].ops, err, size);
	return rc == -1 ? -1 : 1;
fail:
	(void)snprintf(
	    err, size, "unable to read %s: %s", path, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return -1;
}

static int
take_all(struct templates *t, const char *dir, char *err, size_t size)
{
	int found = 0, rc;

	for (int l = 0; l < LANGS; l++)
		if (take_builtin(t, (enum lang)l, err, size) == -1)
			return -1;
	if (*dir == '\0')
		return 0;
	for (int l = 0; l < LANGS; l++) {
		rc = take_own(t, (enum lang)l, dir, err, size);
		if (rc == -1)
			return -1;
		found += rc;
	}
	if (found > 0)
		return 0;
	(void)snprintf(err, size,
	    "%s has neither ru.txt nor en.txt: expected one of them, or both",
	    dir);
	return -1;
}

struct templates *
templates_new(const char *dir, char *err, size_t size)
{
	struct templates *t = must_have(calloc(1, sizeof(*t)));

	if (take_all(t, dir, err, size) == 0)
		return t;
	templates_free(t);
	return NULL;
}

void
templates_free(struct templates *t)
{
	if (t == NULL)
		return;
	for (int l = 0; l < LANGS; l++) {
		free(t->builtin_ops[l]);
		free(t->own[l].ops);
		free(t->own[l].text);
	}
	free(t);
}
