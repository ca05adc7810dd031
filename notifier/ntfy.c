/* The channel ntfy: a topic of ntfy.sh, or of a server of one's own. */
#include <openssl/evp.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"
#include "notifier/hook.h"

/* More than 4096 bytes would become an attachment; 3 bytes to a unit. */
#define UNITS_MAX 1365

/*
 * Bytes of an encoded word's text: RFC 2047 wants words of at most 75
 * characters, of whole characters of the text.
 */
#define WORD_BYTES 45
#define TITLE_MAX 1024

static int
is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return 0;
	return memmem(s, len, "=?", 2) == NULL;
}

/* Bytes of whole characters that fit into a word. */
static size_t
word_len(const char *s, size_t len)
{
	size_t n = 0, c;

	while (n < len) {
		c = utf8_len(s + n, len - n);
		if (c == 0)
			c = 1;
		if (n + c > WORD_BYTES)
			break;
		n += c;
	}
	return n;
}

void
ntfy_title(struct buf *b, const char *text)
{
	unsigned char word[WORD_BYTES / 3 * 4 + 1];
	size_t len = strcspn(text, "\r\n"), n;

	buf_puts(b, "Title: ");
	if (is_plain(text, len)) {
		buf_put(b, text, len);
		return;
	}
	for (; len > 0; text += n, len -= n) {
		n = word_len(text, len);
		(void)EVP_EncodeBlock(
		    word, (const unsigned char *)text, (int)n);
		buf_printf(
		    b, "=?UTF-8?B?%s?=%s", (char *)word, len > n ? " " : "");
	}
}

static int
start(void *state, const struct send *s)
{
	const char *headers[] = { "Content-Type: text/plain; charset=utf-8",
		NULL, NULL };
	struct buf title;
	int rc = -1;

	buf_init(&title, TITLE_MAX);
	ntfy_title(&title, s->text);
	headers[1] = buf_cstr(&title);
	/* A title that is too long is left out. */
	rc = hook_post(state, s, s->address, headers, s->text, strlen(s->text));
	buf_release(&title);
	return rc;
}

struct channel
ntfy_channel(struct http *h)
{
	return hook_channel("ntfy", UNITS_MAX, start, h);
}
