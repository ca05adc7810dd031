#include "common/settings_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/limits.h"
#include "common/num.h"
#include "common/url.h"

#define ZONEINFO "/usr/share/zoneinfo"
#define LOCALTIME "/etc/localtime"

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LETTERS UPPER "abcdefghijklmnopqrstuvwxyz"

#define LABEL_MAX 64
#define SYMBOL_MAX 32
#define NAME_MAX_BYTES 253

static int
invalid(void)
{
	errno = EINVAL;
	return -1;
}

/* 1 where all len bytes are of set. */
static int
only(const char *s, size_t len, const char *set)
{
	return strspn(s, set) >= len;
}

static int
is_word(const char *words, const char *s, size_t len)
{
	size_t n;

	while (words != NULL && *words != '\0') {
		n = strcspn(words, " ");
		if (n == len && memcmp(words, s, n) == 0)
			return 1;
		words += n + strspn(words + n, " ");
	}
	return 0;
}

/* A whole number of bytes, or of K, M, G or T of them. */
static int
parse_bytes(const char *s, int64_t *out)
{
	static const char units[] = "KMGT";
	size_t len = strlen(s);
	const char *unit = NULL;
	int64_t n;
	int shift = 0;

	if (len > 1)
		unit = strchr(units, s[len - 1]);
	if (unit != NULL) {
		shift = (int)(unit - units + 1) * 10;
		len--;
	}
	if (num_parse(s, len, 0, INT64_MAX >> shift, &n) == -1)
		return -1;
	*out = n << shift;
	return 0;
}

/* The number that a text or a bound stands for, by kind. */
static int
parse_number(const struct setting_def *d, const char *s, struct decimal *out)
{
	int64_t n;

	switch (d->kind) {
	case KIND_INT:
		if (num_parse(s, strlen(s), INT64_MIN, INT64_MAX, &n) == -1)
			return -1;
		break;
	case KIND_BYTES:
		if (parse_bytes(s, &n) == -1)
			return -1;
		break;
	default:
		return decimal_parse(out, s, strlen(s));
	}
	*out = decimal_from_int(n);
	return 0;
}

static int
check_number(
    const struct setting_def *d, const char *s, struct setting_value *v)
{
	struct decimal max, min, n;
	int cmp;

	if (parse_number(d, s, &n) == -1 ||
	    parse_number(d, d->min, &min) == -1 ||
	    parse_number(d, d->max, &max) == -1)
		return invalid();
	cmp = decimal_cmp(n, min);
	if (cmp < 0 || (cmp == 0 && d->flags & SETTING_ABOVE) ||
	    decimal_cmp(n, max) > 0)
		return invalid();
	v->decimal = n;
	/* The bounds see to it that these fit. */
	if (d->kind == KIND_SECONDS)
		v->number = (int64_t)(n.e18 / 1000000000000000);
	else
		v->number = (int64_t)(n.e18 / 1000000000000000000);
	return 0;
}

static int
check_address(const char *s)
{
	const char *colon = strrchr(s, ':');
	unsigned char address[16];
	char host[64];
	int64_t port;
	size_t len;

	if (colon == NULL ||
	    num_parse(colon + 1, strlen(colon + 1), 0, UINT16_MAX, &port) == -1)
		return invalid();
	len = (size_t)(colon - s);
	if (len == 9 && memcmp(s, "localhost", len) == 0)
		return 0;
	if (len >= sizeof(host))
		return invalid();
	memcpy(host, s, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, address) == 1)
		return 0;
	if (len < 2 || host[0] != '[' || host[len - 1] != ']')
		return invalid();
	host[len - 1] = '\0';
	return inet_pton(AF_INET6, host + 1, address) == 1 ? 0 : invalid();
}

/* An address, or a block of them with a prefix's length. */
static int
check_network(const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);
	size_t host_len = slash != NULL ? (size_t)(slash - s) : len;
	unsigned char address[16];
	char host[64];
	int64_t bits;
	int max;

	if (host_len >= sizeof(host))
		return -1;
	memcpy(host, s, host_len);
	host[host_len] = '\0';
	if (inet_pton(AF_INET, host, address) == 1)
		max = 32;
	else if (inet_pton(AF_INET6, host, address) == 1)
		max = 128;
	else
		return -1;
	if (slash == NULL)
		return 0;
	return num_parse(slash + 1, len - host_len - 1, 0, max, &bits);
}

/*
 * A file of the zone database, the machine's own zone, or the POSIX form
 * ("MSK-3").  The C library takes an unknown zone for UTC without a word.
 */
static int
check_zone(const char *s)
{
	char path[256];
	struct stat st;
	size_t letters;
	int n;

	if (*s == ':')
		s++;
	letters = strspn(s, LETTERS);
	if (letters >= 3 && s[letters] != '\0' &&
	    strchr(DIGITS "+-", s[letters]) != NULL &&
	    only(s, strlen(s), LETTERS DIGITS "+-:,./") &&
	    strpbrk(s, DIGITS) != NULL)
		return 0;
	if (strcmp(s, "UTC") == 0 || strcmp(s, "Etc/UTC") == 0)
		return 0;
	if (!only(s, strlen(s), LETTERS DIGITS "+-_/") || *s == '\0' ||
	    (*s == '/' && strcmp(s, LOCALTIME) != 0))
		return invalid();
	n = snprintf(
	    path, sizeof(path), "%s%s", *s == '/' ? "" : ZONEINFO "/", s);
	if (n < 0 || (size_t)n >= sizeof(path) || access(path, R_OK) == -1 ||
	    stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return invalid();
	return 0;
}

static int
check_item(const struct setting_def *d, const char *s, size_t len)
{
	int64_t id;

	switch (d->kind) {
	case KIND_WORDS:
		return is_word(d->words, s, len) ? 0 : -1;
	case KIND_SYMBOLS:
		return len <= SYMBOL_MAX && only(s, len, UPPER DIGITS "-") ? 0
									   : -1;
	case KIND_NETWORKS:
		return is_word(d->words, s, len) ? 0 : check_network(s, len);
	case KIND_IDS:
		return num_parse(s, len, 1, INT64_MAX, &id);
	default:
		return len <= NAME_MAX_BYTES &&
			only(s, len, LETTERS DIGITS "-._@*+")
		    ? 0
		    : -1;
	}
}

static int
check_list(const struct setting_def *d, const char *s, struct setting_value *v)
{
	const char *item, *other;
	size_t i, len;
	char *out;

	v->items = malloc(strlen(s) + 1);
	if (v->items == NULL)
		return -1;
	out = v->items;
	v->nitems = 0;
	for (;;) {
		item = s + strspn(s, " \t");
		len = strcspn(item, ",");
		s = item + len;
		while (
		    len > 0 && (item[len - 1] == ' ' || item[len - 1] == '\t'))
			len--;
		if (len == 0 || check_item(d, item, len) == -1)
			return invalid();
		memcpy(out, item, len);
		out[len] = '\0';
		other = v->items;
		for (i = 0; i < v->nitems; i++) {
			if (strcmp(other, out) == 0)
				return invalid();
			other += strlen(other) + 1;
		}
		out += len + 1;
		v->nitems++;
		if (*s++ == '\0')
			return 0;
	}
}

/* Text at large: no control bytes, so that no value can forge a line. */
static int
check_text(const struct setting_def *d, const char *s)
{
	const unsigned char *p;

	if (strlen(s) > SETTING_SIZE_MAX)
		return invalid();
	for (p = (const unsigned char *)s; *p != '\0'; p++)
		if ((*p < 0x20 || *p == 0x7f) &&
		    !(*p == '\n' && d->flags & SETTING_LINES))
			return invalid();
	return 0;
}

static int
check_label(const char *s)
{
	const char *p;

	for (p = s; *p > 0x20 && *p < 0x7f; p++)
		;
	return *p == '\0' && p - s <= LABEL_MAX ? 0 : invalid();
}

int
setting_parse(
    const struct setting_def *d, const char *text, struct setting_value *v)
{
	if (check_text(d, text) == -1)
		return -1;
	switch (d->kind) {
	case KIND_TEXT:
	case KIND_SECRET:
		return 0;
	case KIND_LABEL:
		return check_label(text);
	case KIND_BOOL:
		v->number = strcmp(text, "true") == 0;
		return v->number || strcmp(text, "false") == 0 ? 0 : invalid();
	case KIND_INT:
	case KIND_SECONDS:
	case KIND_DECIMAL:
	case KIND_BYTES:
		return check_number(d, text, v);
	case KIND_CHOICE:
		return is_word(d->words, text, strlen(text)) ? 0 : invalid();
	case KIND_URL:
		return url_allowed(text) ? 0 : invalid();
	case KIND_ADDRESS:
		return check_address(text);
	case KIND_ZONE:
		return check_zone(text);
	case KIND_WORDS:
	case KIND_SYMBOLS:
	case KIND_NETWORKS:
	case KIND_NAMES:
	case KIND_IDS:
		return check_list(d, text, v);
	}
	return invalid();
}

/* "a, b or c" of "a b c". */
static void
put_words(struct buf *b, const char *words)
{
	const char *next;
	size_t n;

	for (;; words = next + 1) {
		n = strcspn(words, " ");
		buf_put(b, words, n);
		next = words + n;
		if (*next == '\0')
			return;
		buf_puts(b, strchr(next + 1, ' ') != NULL ? ", " : " or ");
	}
}

void
setting_expected(struct buf *b, const struct setting_def *d)
{
	const char *from = d->flags & SETTING_ABOVE ? "above" : "from";
	const char *to = d->flags & SETTING_ABOVE ? ", at most" : " to";

	switch (d->kind) {
	case KIND_TEXT:
	case KIND_SECRET:
		buf_printf(b, "at most %d bytes without control bytes",
		    SETTING_SIZE_MAX);
		break;
	case KIND_LABEL:
		buf_printf(b,
		    "1 to %d letters, digits and signs without blanks",
		    LABEL_MAX);
		break;
	case KIND_BOOL:
		buf_puts(b, "true or false");
		break;
	case KIND_INT:
		buf_printf(b, "a whole number from %s to %s", d->min, d->max);
		break;
	case KIND_SECONDS:
		buf_printf(b, "seconds from %s to %s", d->min, d->max);
		break;
	case KIND_DECIMAL:
		buf_printf(
		    b, "a decimal number %s %s%s %s", from, d->min, to, d->max);
		break;
	case KIND_BYTES:
		buf_printf(b, "a size from %s to %s, such as 512M or 4G",
		    d->min, d->max);
		break;
	case KIND_CHOICE:
		put_words(b, d->words);
		break;
	case KIND_URL:
		buf_puts(b,
		    "https://HOST[:PORT][/PATH], or http:// to loopback alone");
		break;
	case KIND_ADDRESS:
		buf_puts(
		    b, "ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080");
		break;
	case KIND_ZONE:
		buf_puts(b,
		    "a time zone of the package tzdata, such as UTC or "
		    "Europe/Moscow, or " LOCALTIME);
		break;
	case KIND_WORDS:
		buf_puts(b, "a comma-separated list of ");
		put_words(b, d->words);
		buf_puts(b, ", each once");
		break;
	case KIND_SYMBOLS:
		buf_puts(b,
		    "a comma-separated list of Bybit's names, each once, such "
		    "as ");
		buf_puts(b, d->value);
		break;
	case KIND_NETWORKS:
		buf_puts(b,
		    "a comma-separated list of addresses and blocks such as "
		    "10.0.0.0/8");
		if (d->words != NULL)
			buf_printf(b, ", or %s", d->words);
		break;
	case KIND_NAMES:
		buf_puts(b, "a comma-separated list of DNS or e-mail names");
		break;
	case KIND_IDS:
		buf_puts(b,
		    "a comma-separated list of numbers above 0, each once, "
		    "such as 123456789");
		break;
	}
}
