#include "notifier/clean.h"

#include <stdint.h>

#include "common/buf.h"
#include "common/utf8.h"

/*
 * What is replaced: Cc, Zl, Zp, Bidi_Control, Default_Ignorable_Code_Point and
 * the blocks of combining marks, in the words of the Unicode standard, and what
 * is private or no character.  In order.
 */
static const struct {
	uint32_t first, last;
} banned[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
	{ 0x0300, 0x036f }, /* combining marks */
	{ 0x0483, 0x0489 }, { 0x061c, 0x061c }, { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
	{ 0x1ab0, 0x1aff }, /* combining marks */
	{ 0x1dc0, 0x1dff }, /* combining marks */
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0x20d0, 0x20ff },			/* combining marks */
	{ 0x3164, 0x3164 }, { 0xe000, 0xf8ff }, /* private */
	{ 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f }, /* combining marks */
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
	{ 0xfffe, 0xffff }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0x10ffff }, /* tags, private */
};

static uint32_t
code_point(const char *s, size_t len)
{
	static const unsigned char bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)s[0] & bits[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

static int
is_banned(uint32_t c)
{
	for (size_t i = 0; i < sizeof(banned) / sizeof(banned[0]); i++)
		if (c <= banned[i].last)
			return c >= banned[i].first;
	return 0;
}

void
clean_put(struct buf *b, const char *s, size_t len, size_t max)
{
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = utf8_len(s, len);
		if (max-- == 1 && (n == 0 ? 1 : n) < len) {
			buf_puts(b, "…");
			return;
		}
		if (n == 0) {
			n = 1;
			buf_puts(b, "\xef\xbf\xbd");
		} else if (*s == '\n' || *s == '\t') {
			buf_putc(b, ' ');
		} else if (is_banned(code_point(s, n))) {
			buf_puts(b, "\xef\xbf\xbd");
		} else {
			buf_put(b, s, n);
		}
	}
}
