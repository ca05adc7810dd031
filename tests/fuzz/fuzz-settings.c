/*
 * libFuzzer target: the lines of a .env file, and each value as one of every
 * setting.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/env_file.h"
#include "common/settings_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct setting_value v;
	enum env_status status;
	struct env_file f;
	struct buf b;
	char *text;
	int i;

	/* Exactly as long as it is said to be: a byte behind is a finding. */
	text = malloc(size + 1);
	if (text == NULL)
		abort();
	memcpy(text, data, size);
	env_file_init(&f, text, size);
	buf_init(&b, 1024);
	while ((status = env_file_next(&f)) != ENV_END) {
		if (status == ENV_BAD) {
			if (f.why == NULL)
				abort();
			continue;
		}
		/* Within the text, and one line at the most of it. */
		if (f.name < text || f.value < f.name ||
		    f.value + strlen(f.value) > text + size || *f.name == '\0')
			abort();
		(void)settings_nearest(f.name);
		for (i = 0; i < SETTINGS_COUNT; i++) {
			v = (struct setting_value){ .text = NULL };
			if (setting_parse(&setting_table[i], f.value, &v) ==
				0 &&
			    strpbrk(f.value, "\r\x1b") != NULL)
				abort();
			free(v.items);
			buf_clear(&b);
			setting_expected(&b, &setting_table[i]);
			if (b.len == 0 || buf_failed(&b))
				abort();
		}
	}
	buf_release(&b);
	free(text);
	return 0;
}
