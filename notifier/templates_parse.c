/* A file of templates, into what is kept of it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/utf8.h"
#include "notifier/templates_internal.h"

/* A file under way. */
struct parser {
	const char *name;
	size_t line;	     /* from 1 */
	const char *p, *end; /* the rest of the line */
	struct op *ops;	     /* one for each byte is enough */
	size_t n;
	int section;			 /* -1: none yet */
	size_t section_line, section_op; /* where it begins */
	int certain;			 /* a line of it is never left out */
	int line_certain, line_shows;
	uint64_t line_fields, fields; /* that are shown; in such lines */
	struct template of[SECTIONS]; /* what the file has */
	char *err;
	size_t size;
};

static int __attribute__((format(printf, 2, 3)))
bad(const struct parser *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(p->err, p->size, "%s:%zu: ", p->name, p->line);
	if (n < 0 || (size_t)n >= p->size)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(p->err + n, p->size - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

/* "OPEN, CLOSE or ALARM": the names of those that are in the set. */
static void
put_names(struct buf *b, const char *(*name)(size_t i), uint64_t set)
{
	for (size_t i = 0; set >> i != 0; i++) {
		if ((set >> i & 1) == 0)
			continue;
		if (b->len > 0)
			buf_puts(b, set >> i == 1 ? " or " : ", ");
		buf_puts(b, name(i));
	}
}

static const char *
section_name(size_t i)
{
	return template_sections[i].name;
}

static const char *
field_name(size_t i)
{
	return template_fields[i].name;
}

/* found (len bytes of it) is none of the names. */
static int
unknown(const struct parser *p, const char *what, const char *found, size_t len,
    const char *(*name)(size_t i), uint64_t set)
{
	struct buf b;

	buf_init(&b, 1024);
	put_names(&b, name, set);
	(void)bad(p, "%s '%.*s' is unknown%s%s: expected %s", what,
	    (int)(len < 40 ? len : 40), found,
	    name == field_name ? " in section " : "",
	    name == field_name ? section_name((size_t)p->section) : "",
	    buf_cstr(&b) != NULL ? buf_cstr(&b) : "another");
	buf_release(&b);
	return -1;
}

static int
named(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && memcmp(name, s, len) == 0;
}

/* Characters alone: UTF-8, and nothing that controls. */
static int
check_bytes(struct parser *p, const char *text, size_t len)
{
	size_t n;

	p->line = 1;
	for (; len > 0; text += n, len -= n) {
		n = utf8_len(text, len);
		if (n == 0)
			return bad(p,
			    "byte 0x%02x is not UTF-8: expected a "
			    "text in UTF-8",
			    (unsigned char)*text);
		if (*text == '\n')
			p->line++;
		else if (((unsigned char)*text < 0x20 &&
			     !(*text == '\r' && len > 1 && text[1] == '\n')) ||
		    *text == 0x7f)
			return bad(p,
			    "control byte 0x%02x: expected text and "
			    "newlines alone",
			    (unsigned char)*text);
	}
	return 0;
}

static struct op *
add(struct parser *p, enum op_kind kind)
{
	struct op *o = &p->ops[p->n++];

	*o = (struct op){ .kind = kind };
	return o;
}

static int
is_blank(const char *s, size_t len)
{
	while (len > 0 && *s == ' ') {
		s++;
		len--;
	}
	return len == 0;
}

/* The field that is named, of those of the section; -1 with words. */
static int
find_field(struct parser *p, const char *s, size_t len)
{
	uint64_t set = template_sections[p->section].fields;

	for (size_t i = 0; i < FIELDS; i++)
		if ((set >> i & 1) != 0 && named(field_name(i), s, len))
			return (int)i;
	return unknown(p, "placeholder", s, len, field_name, set);
}

/* name?yes|no, in braces; which is what follows the '?'. */
static int
parse_choice(struct parser *p, enum field f, const char *yes, size_t len)
{
	const struct field_row *row = &template_fields[f];
	const char *no = memchr(yes, '|', len);
	struct op *o;

	if (row->kind != FIELD_IS_CHOICE && row->kind != FIELD_IS_SIDE &&
	    row->kind != FIELD_IS_GAIN && row->kind != FIELD_IS_GAIN_PERCENT)
		return bad(p,
		    "{%s?...}: expected {%s}, as this is neither yes or no "
		    "nor a gain or a loss",
		    row->name, row->name);
	o = add(p, OP_CHOICE);
	o->field = f;
	o->a = yes;
	o->a_len = no != NULL ? (size_t)(no - yes) : len;
	if (no != NULL) {
		o->b = no + 1;
		o->b_len = len - o->a_len - 1;
		if (memchr(o->b, '|', o->b_len) != NULL)
			return bad(p,
			    "{%s?...}: a second '|': expected "
			    "{%s?TEXT} or {%s?TEXT|TEXT}",
			    row->name, row->name, row->name);
	}
	if (no == NULL || (row->kind != FIELD_IS_CHOICE && !row->always))
		p->line_certain = 0;
	return 0;
}

/* What stands between braces. */
static int
parse_braces(struct parser *p, const char *s, size_t len)
{
	const char *mark = memchr(s, '?', len);
	int spaced = len > 0 && *s == ' ', f;
	const struct field_row *row;
	struct op *o;

	if (len == 0)
		return 0;
	f = find_field(p, s + spaced,
	    (mark != NULL ? (size_t)(mark - s) : len) - (size_t)spaced);
	if (f == -1)
		return -1;
	row = &template_fields[f];
	if (mark != NULL && !spaced)
		return parse_choice(
		    p, (enum field)f, mark + 1, len - (size_t)(mark + 1 - s));
	if (mark != NULL || row->kind == FIELD_IS_CHOICE ||
	    row->kind == FIELD_IS_SIDE)
		return bad(p, "{%.*s}: expected {%s%s}",
		    (int)(len < 40 ? len : 40), s, row->name,
		    row->kind == FIELD_IS_CHOICE || row->kind == FIELD_IS_SIDE
			? "?TEXT|TEXT"
			: "");
	o = add(p, spaced ? OP_SPACED : OP_FIELD);
	o->field = (enum field)f;
	if (row->always) {
		p->line_shows = 1;
		p->line_fields |= UINT64_C(1) << f;
	} else if (!spaced)
		p->line_certain = 0;
	return 0;
}

static void
add_text(struct parser *p, const char *s, size_t len)
{
	struct op *o;

	if (len == 0)
		return;
	o = add(p, OP_TEXT);
	o->a = s;
	o->a_len = len;
	if (!is_blank(s, len))
		p->line_shows = 1;
}

/* {{ and }} stand for braces; else a placeholder, or a mistake. */
static int
parse_mark(struct parser *p)
{
	const char *s = p->p, *close;
	size_t len = (size_t)(p->end - s);

	if (len > 1 && s[1] == s[0]) {
		add_text(p, s, 1);
		p->p += 2;
		return 0;
	}
	if (*s == '}')
		return bad(p,
		    "'}' without '{': expected }} for a brace that "
		    "is to be shown");
	close = memchr(s + 1, '}', len - 1);
	if (close == NULL || memchr(s + 1, '{', (size_t)(close - s) - 1))
		return bad(p,
		    "'{' without '}': expected a placeholder such as "
		    "{symbol}, or {{ for a brace that is to be shown");
	p->p = close + 1;
	return parse_braces(p, s + 1, (size_t)(close - s) - 1);
}

static int
parse_line(struct parser *p)
{
	size_t n;

	p->line_certain = 1;
	p->line_shows = 0;
	p->line_fields = 0;
	while (p->p < p->end) {
		for (n = 0; p->p + n < p->end; n++)
			if (p->p[n] == '{' || p->p[n] == '}')
				break;
		add_text(p, p->p, n);
		p->p += n;
		if (p->p < p->end && parse_mark(p) == -1)
			return -1;
	}
	(void)add(p, OP_END);
	if (!p->line_certain)
		return 0;
	p->certain |= p->line_shows;
	p->fields |= p->line_fields;
	return 0;
}

static int
end_section(struct parser *p)
{
	if (p->section == -1)
		return 0;
	p->line = p->section_line;
	if (!p->certain)
		return bad(p,
		    "every line of section %s may be left out: expected one "
		    "that is always there, with text, or a placeholder that "
		    "always has a value, alone",
		    section_name((size_t)p->section));
	/* Who does not see the code can let nothing go on. */
	if (p->section == SECTION_RESUME && (p->fields >> FIELD_CODE & 1) == 0)
		return bad(p,
		    "section %s lacks {code}, which has to be sent back: "
		    "expected it in a line that is always there",
		    section_name((size_t)p->section));
	p->of[p->section].op = p->ops + p->section_op;
	p->of[p->section].n = p->n - p->section_op;
	return 0;
}

/* [NAME] */
static int
begin_section(struct parser *p)
{
	size_t line = p->line, len = (size_t)(p->end - p->p), i;
	uint64_t all = (UINT64_C(1) << SECTIONS) - 1;

	if (p->end[-1] != ']')
		return bad(p,
		    "'%.*s': expected [NAME] of a section, or {}[ "
		    "for a line that begins so",
		    (int)(len < 40 ? len : 40), p->p);
	if (end_section(p) == -1)
		return -1;
	p->line = line;
	for (i = 0; i < SECTIONS; i++)
		if (named(section_name(i), p->p + 1, len - 2))
			break;
	if (i == SECTIONS)
		return unknown(
		    p, "section", p->p + 1, len - 2, section_name, all);
	if (p->of[i].n > 0)
		return bad(p, "section %s is there twice: expected it once",
		    section_name(i));
	p->section = (int)i;
	p->section_line = line;
	p->section_op = p->n;
	p->certain = 0;
	p->fields = 0;
	return 0;
}

static int
take_line(struct parser *p)
{
	size_t len = (size_t)(p->end - p->p);

	if (len > 0 && *p->p == '#')
		return 0;
	if (len > 0 && *p->p == '[')
		return begin_section(p);
	if (is_blank(p->p, len)) {
		if (p->section != -1)
			(void)add(p, OP_BLANK);
		return 0;
	}
	if (p->section == -1)
		return bad(p,
		    "text before the first section: expected [NAME], "
		    "or # for a note");
	return parse_line(p);
}

static int
take_lines(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len, *newline;

	p->line = 0;
	while (text < end) {
		newline = memchr(text, '\n', (size_t)(end - text));
		p->line++;
		p->p = text;
		p->end = newline != NULL ? newline : end;
		text = p->end + 1;
		if (p->end > p->p && p->end[-1] == '\r')
			p->end--;
		if (take_line(p) == -1)
			return -1;
	}
	return end_section(p);
}

int
templates_parse(struct templates *t, enum lang lang, const char *name,
    const char *text, size_t len, struct op **ops, char *err, size_t size)
{
	struct parser p = {
		.name = name, .section = -1, .line = 1, .err = err, .size = size
	};

	*ops = NULL;
	if (len > TEMPLATES_SIZE_MAX)
		return bad(&p, "more than %u bytes: expected at most as many",
		    TEMPLATES_SIZE_MAX);
	if (check_bytes(&p, text, len) == -1)
		return -1;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	/* Each piece of a line is of a byte at least, as is the line's end. */
	p.ops = must_have(calloc(len + 1, sizeof(*p.ops)));
	*ops = p.ops;
	if (take_lines(&p, text, len) == -1)
		return -1;
	if (p.section == -1) {
		p.line = 1;
		return bad(&p, "there is no section: expected [NAME]");
	}
	for (size_t i = 0; i < SECTIONS; i++)
		if (p.of[i].n > 0)
			t->of[lang][i] = p.of[i];
	return 0;
}
