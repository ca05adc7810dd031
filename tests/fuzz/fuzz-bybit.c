/*
 * libFuzzer target: the judge of Bybit's replies.  The first two bytes are the
 * HTTP status, the rest is the body.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/bybit.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_reply h = { .outcome = HTTP_REPLY, .error = "" };
	struct bybit_reply r;
	struct json_doc *doc;
	const char *p;

	if (size < 2)
		return 0;
	h.status = (data[0] << 8 | data[1]) % 600;
	h.len = size - 2;
	h.body = malloc(h.len + 1);
	doc = json_new();
	if (h.body == NULL || doc == NULL)
		abort();
	memcpy(h.body, data + 2, h.len);
	h.body[h.len] = '\0';
	bybit_judge(&r, doc, &h);
	if (r.class == BYBIT_OK) {
		if (h.status != 200 || r.code != 0 || r.result == NULL ||
		    json_type(r.result) != JSON_OBJECT || r.error[0] != '\0')
			abort();
	} else if (r.result != NULL || r.error[0] == '\0') {
		abort();
	}
	for (p = r.error; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			abort();
	json_free(doc);
	free(h.body);
	return 0;
}
