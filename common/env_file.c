#include "common/env_file.h"

#include <string.h>

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int
is_name(char c, int first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

static char *
skip_blanks(char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

void
env_file_init(struct env_file *f, char *text, size_t len)
{
	*f = (struct env_file){ .p = text, .end = text + len };
	text[len] = '\0';
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		f->p += 3;
}

/* Behind a closing quote: nothing, or a comment. */
static const char *
check_rest(char *p)
{
	char *rest = skip_blanks(p);

	if (*rest == '\0' || (*rest == '#' && rest > p))
		return NULL;
	return "text behind the closing quote";
}

/* Decode in place what follows the opening quote. */
static const char *
single_quoted(char *p)
{
	char *close = strchr(p, '\'');

	if (close == NULL)
		return "the closing ' is missing";
	*close = '\0';
	return check_rest(close + 1);
}

static const char *
double_quoted(char *p)
{
	char *out = p;

	for (; *p != '"'; p++) {
		if (*p == '\0')
			return "the closing \" is missing";
		if (*p == '\\' && p[1] != '\0' &&
		    strchr("n\"\\$", p[1]) != NULL) {
			p++;
			*out++ = *p == 'n' ? '\n' : *p;
		} else
			*out++ = *p;
	}
	/* The quote stands at or behind out. */
	*out = '\0';
	return check_rest(p + 1);
}

static void
unquoted(char *p)
{
	char *end;

	for (end = p; *end != '\0'; end++)
		if (*end == '#' && is_blank(end[-1]))
			break;
	while (end > p && is_blank(end[-1]))
		end--;
	*end = '\0';
}

/* NULL, or what is wrong. */
static const char *
parse_pair(struct env_file *f, char *p)
{
	char *after;

	if (strncmp(p, "export", 6) == 0 && is_blank(p[6]))
		p = skip_blanks(p + 6);
	f->name = p;
	if (!is_name(*p, 1))
		return "not a line of the form NAME=value";
	while (is_name(*p, 0))
		p++;
	if (*p != '=')
		return "not a line of the form NAME=value";
	*p = '\0';
	after = skip_blanks(p + 1);
	f->value = after;
	if (*after == '\'' || *after == '"') {
		f->value = after + 1;
		return *after == '\'' ? single_quoted(after + 1)
				      : double_quoted(after + 1);
	}
	/* "NAME= # words" has a value that is empty: a blank stands before. */
	unquoted(after);
	return NULL;
}

enum env_status
env_file_next(struct env_file *f)
{
	char *line, *newline, *p;
	size_t len;

	while (f->p < f->end) {
		line = f->p;
		newline = memchr(line, '\n', (size_t)(f->end - line));
		len = (size_t)((newline != NULL ? newline : f->end) - line);
		f->p = newline != NULL ? newline + 1 : f->end;
		f->line++;
		if (len > 0 && line[len - 1] == '\r')
			len--;
		line[len] = '\0';
		if (strlen(line) != len) {
			f->why = "a NUL byte";
			return ENV_BAD;
		}
		p = skip_blanks(line);
		if (*p == '\0' || *p == '#')
			continue;
		f->why = parse_pair(f, p);
		return f->why == NULL ? ENV_PAIR : ENV_BAD;
	}
	return ENV_END;
}
