#include "common/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/utf8.h"

/* A line: room for the 4 KiB of a reply's body that debug lines carry. */
#define LINE_ROOM 8192
#define SECRETS_MAX 16

static struct {
	char stage[32];
	enum log_level level;
	char *secrets[SECRETS_MAX];
	size_t nsecrets;
	uint64_t dropped; /* lines since the last one that went out */
} state = { .stage = "sluice", .level = LOG_INFO };

/* A line being written; what does not fit is left out, the newline never. */
struct text {
	char p[LINE_ROOM];
	size_t len, max;
};

void
log_init(const char *stage)
{
	const char *slash = strrchr(stage, '/');

	(void)snprintf(state.stage, sizeof(state.stage), "%s",
	    slash == NULL ? stage : slash + 1);
}

const char *
log_stage(void)
{
	return state.stage;
}

void
log_set_level(enum log_level level)
{
	state.level = level;
}

int
log_wants(enum log_level level)
{
	return level >= state.level;
}

void
log_secret(const char *secret)
{
	size_t i;

	if (secret == NULL || secret[0] == '\0')
		return;
	for (i = 0; i < state.nsecrets; i++)
		if (strcmp(state.secrets[i], secret) == 0)
			return;
	/* Rather no program than one that may tell a secret. */
	if (state.nsecrets == SECRETS_MAX)
		abort();
	state.secrets[state.nsecrets] = strdup(secret);
	if (state.secrets[state.nsecrets] == NULL)
		abort();
	state.nsecrets++;
}

static void
put(struct text *t, const char *s, size_t n)
{
	if (n > t->max - t->len)
		n = t->max - t->len;
	memcpy(t->p + t->len, s, n);
	t->len += n;
}

static void
put_text(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

/* How many bytes at s are a secret: the longest one that fits. */
static size_t
secret_at(const char *s, size_t n)
{
	size_t i, len, longest = 0;

	for (i = 0; i < state.nsecrets; i++) {
		len = strlen(state.secrets[i]);
		if (len <= n && len > longest &&
		    memcmp(s, state.secrets[i], len) == 0)
			longest = len;
	}
	return longest;
}

/* The bytes of a value: secrets scrubbed, what could break the line escaped. */
static void
put_escaped(struct text *t, const char *s, size_t n)
{
	char hex[5];
	size_t i, len;
	unsigned char c;

	for (i = 0; i < n; i += len) {
		c = (unsigned char)s[i];
		len = secret_at(s + i, n - i);
		if (len > 0) {
			put_text(t, "***");
			continue;
		}
		len = utf8_len(s + i, n - i);
		if (c == '"' || c == '\\') {
			put(t, "\\", 1);
			put(t, s + i, 1);
		} else if (c == '\n') {
			put_text(t, "\\n");
		} else if (len == 0 || c < 0x20 || c == 0x7f) {
			(void)snprintf(hex, sizeof(hex), "\\x%02x", c);
			put_text(t, hex);
			len = 1;
		} else {
			put(t, s + i, len);
		}
	}
}

static int
needs_quotes(const char *s, size_t n)
{
	size_t i;
	unsigned char c;

	for (i = 0; i < n; i++) {
		c = (unsigned char)s[i];
		if (c <= ' ' || c == '=' || c == '"' || c == '\\' || c >= 0x7f)
			return 1;
	}
	return n == 0;
}

static void
put_value(struct text *t, const char *s, size_t n, int quote)
{
	quote = quote || needs_quotes(s, n);
	if (quote)
		put(t, "\"", 1);
	put_escaped(t, s, n);
	if (quote)
		put(t, "\"", 1);
}

static void
put_int(struct text *t, int64_t n)
{
	char s[24];

	(void)snprintf(s, sizeof(s), "%lld", (long long)n);
	put_text(t, s);
}

/*
 * One write, if it can be made without waiting.  A pipe with room takes
 * PIPE_BUF bytes at once, so a line to one is at most that long.
 */
static int
send_line(const struct text *t)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n;

	if (poll(&fd, 1, 0) != 1 || !(fd.revents & POLLOUT))
		return -1;
	do
		n = write(STDERR_FILENO, t->p, t->len);
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)t->len ? 0 : -1;
}

static size_t
room(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		return LINE_ROOM - 1;
	return PIPE_BUF - 1;
}

static void
begin(struct text *t, enum log_level level, const char *msg)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char time[TIME_TEXT_MAX];

	t->len = 0;
	t->max = room();
	put_text(t, "time=");
	put_text(t, time_format(time, clock_wall_ms()));
	put_text(t, " level=");
	put_text(t, names[level]);
	put_text(t, " stage=");
	put_text(t, state.stage);
	put_text(t, " msg=");
	put_value(t, msg, strlen(msg), 1);
}

static void
tell_dropped(void)
{
	struct text t;

	begin(&t, LOG_WARN, "log lines dropped");
	put_text(&t, " count=");
	put_int(&t, (int64_t)state.dropped);
	t.p[t.len++] = '\n';
	if (send_line(&t) == 0)
		state.dropped = 0;
}

void
log_line(enum log_level level, const char *msg, const struct log_field *fields,
    size_t n)
{
	const struct log_field *f;
	int saved = errno;
	struct text t;
	size_t i;

	if (!log_wants(level))
		return;
	begin(&t, level, msg);
	for (i = 0; i < n; i++) {
		f = &fields[i];
		put(&t, " ", 1);
		put_text(&t, f->key);
		put(&t, "=", 1);
		if (f->str == NULL)
			put_int(&t, f->num);
		else
			put_value(&t, f->str,
			    f->len == SIZE_MAX ? strlen(f->str) : f->len, 0);
	}
	t.p[t.len++] = '\n';
	if (state.dropped > 0)
		tell_dropped();
	if (state.dropped > 0 || send_line(&t) == -1)
		state.dropped++;
	errno = saved;
}

void
die(int code, const char *fmt, ...)
{
	char msg[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	log_line(LOG_ERROR, msg, NULL, 0);
	exit(code);
}
