/*
 * log: a line is put together in one buffer on the stack, without stdio or
 * malloc, and goes out by one write(2) or not at all.
 */
#include "common/log.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/utf8.h"

/* Bytes of a line: the 4 KiB of a reply's body, some escaped, and the rest. */
#define LOG_LINE_MAX 8192

#define SECRETS_MAX 32
#define STAGE_MAX 32

struct text {
	char p[LOG_LINE_MAX];
	size_t len;
	size_t max; /* of len; leaves out the newline */
	int cut;    /* something did not fit */
	int quoted; /* inside of a quoted value */
};

static char stage[STAGE_MAX] = "sluice";
static enum log_level lowest = LOG_INFO;
static char *secrets[SECRETS_MAX];
static size_t nsecrets;
static uint64_t dropped; /* lines since the last that went out */

void
log_init(const char *name)
{
	const char *slash = strrchr(name, '/');

	(void)snprintf(
	    stage, sizeof(stage), "%s", slash == NULL ? name : slash + 1);
}

const char *
log_stage(void)
{
	return stage;
}

void
log_set_level(enum log_level level)
{
	lowest = level;
}

int
log_wants(enum log_level level)
{
	return level >= lowest;
}

void
log_secret(const char *secret)
{
	size_t i;

	if (secret == NULL || *secret == '\0')
		return;
	for (i = 0; i < nsecrets; i++)
		if (strcmp(secrets[i], secret) == 0)
			return;
	if (nsecrets == SECRETS_MAX)
		die(EX_SOFTWARE, "more than %d secrets", SECRETS_MAX);
	secrets[nsecrets] = strdup(secret);
	if (secrets[nsecrets] == NULL)
		die(EX_OSERR, "out of memory");
	nsecrets++;
}

void
log_forget(void)
{
	while (nsecrets > 0) {
		nsecrets--;
		explicit_bzero(secrets[nsecrets], strlen(secrets[nsecrets]));
		free(secrets[nsecrets]);
		secrets[nsecrets] = NULL;
	}
}

/* All of p or nothing: an escape is never cut in two. */
static void
put(struct text *t, const char *p, size_t n)
{
	if (t->cut || n > t->max - t->len) {
		t->cut = 1;
		return;
	}
	memcpy(t->p + t->len, p, n);
	t->len += n;
}

static void
put_string(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static void
put_int(struct text *t, int64_t n)
{
	char digits[24];
	int len;

	len = snprintf(digits, sizeof(digits), "%lld", (long long)n);
	put(t, digits, (size_t)len);
}

/* The length of the longest secret that begins at p, or 0. */
static size_t
secret_len(const char *p, size_t n)
{
	size_t best = 0, i, len;

	for (i = 0; i < nsecrets; i++) {
		if (secrets[i][0] != *p)
			continue;
		len = strlen(secrets[i]);
		if (len > best && len <= n && memcmp(p, secrets[i], len) == 0)
			best = len;
	}
	return best;
}

static int
needs_quotes(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] <= ' ' || p[i] == '"' || p[i] == '=' ||
		    p[i] == '\\' || p[i] == 0x7f)
			return 1;
	return n == 0;
}

/* One character of a value, escaped where it must be; returns its length. */
static size_t
put_char(struct text *t, const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	char esc[8];
	size_t len = utf8_len(p, n);

	if (c == '"' || c == '\\') {
		esc[0] = '\\';
		esc[1] = *p;
		put(t, esc, 2);
		return 1;
	}
	/* C1 control characters begin with 0xc2 0x80 … 0xc2 0x9f. */
	if (len == 0 || c < ' ' || c == 0x7f ||
	    (c == 0xc2 && (unsigned char)p[1] < 0xa0)) {
		(void)snprintf(esc, sizeof(esc), "\\x%02X", c);
		put(t, esc, 4);
		return 1;
	}
	put(t, p, len);
	return len;
}

static void
put_value(struct text *t, const char *p, size_t n, int quoted)
{
	size_t i = 0, skip;

	if (quoted) {
		put(t, "\"", 1);
		t->quoted = !t->cut;
	}
	while (i < n && !t->cut) {
		skip = secret_len(p + i, n - i);
		if (skip > 0) {
			put(t, "***", 3);
			i += skip;
		} else
			i += put_char(t, p + i, n - i);
	}
	if (quoted && !t->cut) {
		put(t, "\"", 1);
		t->quoted = t->cut;
	}
}

static void
put_fields(struct text *t, const struct log_field *fields, size_t n)
{
	const char *p;
	size_t i, len;

	for (i = 0; i < n; i++) {
		put(t, " ", 1);
		put(t, fields[i].key, strlen(fields[i].key));
		put(t, "=", 1);
		p = fields[i].str;
		if (p == NULL) {
			put_int(t, fields[i].num);
			continue;
		}
		len = fields[i].len == SIZE_MAX ? strlen(p) : fields[i].len;
		put_value(t, p, len, needs_quotes(p, len));
	}
}

/*
 * Where poll says that a pipe takes any bytes, it takes PIPE_BUF without
 * waiting; so a line into one is no longer than that.
 */
static size_t
size_max(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode))
		return PIPE_BUF;
	return LOG_LINE_MAX;
}

/* Write without waiting: 0, or -1 where the line is lost. */
static int
emit(const char *p, size_t n)
{
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&pfd, 1, 0) != 1 || (pfd.revents & POLLOUT) == 0)
		return -1;
	return write(STDERR_FILENO, p, n) == (ssize_t)n ? 0 : -1;
}

static int
send_line(enum log_level level, const char *msg, const struct log_field *fields,
    size_t n)
{
	static const char *const names[] = {
		[LOG_DEBUG] = "debug",
		[LOG_INFO] = "info",
		[LOG_WARN] = "warn",
		[LOG_ERROR] = "error",
	};
	/* Ends a line that was cut; room for it is kept. */
	static const char cut[] = "\" cut=1\n";
	char now[TIME_TEXT_MAX];
	struct text t;

	t.len = 0;
	t.cut = t.quoted = 0;
	t.max = size_max() - (sizeof(cut) - 1);
	put_string(&t, "time=");
	put_string(&t, time_format(now, clock_wall_ms()));
	put_string(&t, " level=");
	put_string(&t, names[level]);
	put_string(&t, " stage=");
	put_string(&t, stage);
	put_string(&t, " msg=");
	put_value(&t, msg, strlen(msg), 1);
	put_fields(&t, fields, n);
	t.max += sizeof(cut) - 1;
	if (t.cut) {
		t.cut = 0;
		put_string(&t, t.quoted ? cut : cut + 1);
	} else
		put(&t, "\n", 1);
	return emit(t.p, t.len);
}

void
log_line(enum log_level level, const char *msg, const struct log_field *fields,
    size_t n)
{
	const struct log_field lost = LOG_INT("count", (int64_t)dropped);
	int saved = errno;

	if (!log_wants(level))
		return;
	if (dropped > 0 &&
	    send_line(LOG_WARN, "log lines dropped", &lost, 1) == 0)
		dropped = 0;
	if (dropped > 0 || send_line(level, msg, fields, n) == -1)
		dropped++;
	errno = saved;
}

void
die(int code, const char *fmt, ...)
{
	char msg[2048];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(msg, sizeof(msg), fmt, ap) < 0)
		(void)snprintf(msg, sizeof(msg), "%s", fmt);
	va_end(ap);
	log_error(msg, LOG_INT("exit", code));
	exit(code);
}

void *
must_have(void *p)
{
	if (p == NULL)
		die(EX_OSERR, "out of memory");
	return p;
}
