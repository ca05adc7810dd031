#include "differ/read.h"

#include <string.h>

#include "common/json.h"
#include "differ/differ.h"
#include "differ/exits.h"
#include "differ/state.h"

const char *
read_string(const struct json *v, const char *key, const char *fallback)
{
	const char *s = json_string(json_get(v, key));

	return s != NULL ? s : fallback;
}

const char *
read_scalar(const struct json *v, const char *key)
{
	const struct json *m = json_get(v, key);
	const char *s = json_string(m);

	if (s == NULL)
		s = json_number(m);
	return s != NULL ? s : "";
}

int
read_copy(const struct json *v, const char *key, char *out, size_t size)
{
	const char *s = read_string(v, key, "");
	size_t n = strlen(s);

	if (n == 0 || n >= size)
		return -1;
	memcpy(out, s, n + 1);
	return 0;
}

int
read_ms(const struct json *v, const char *key, int64_t *out)
{
	int64_t ms;

	if (json_ms(json_get(v, key), &ms) == -1 || ms <= 0 || ms > TIME_MAX_MS)
		return -1;
	*out = ms;
	return 0;
}

int
read_flag(const struct json *v, const char *key)
{
	int flag = 0;

	(void)json_bool(json_get(v, key), &flag);
	return flag;
}

int
read_positive(const struct json *v, const char *key, struct decimal *out)
{
	struct decimal n;

	if (json_decimal(json_get(v, key), &n) == -1 || decimal_sign(n) <= 0 ||
	    !value_fits(n))
		return -1;
	*out = n;
	return 0;
}

const struct json *
read_text(struct differ *d, const char *table, const char *val, size_t len)
{
	const struct json *v;

	if (d->aside == NULL)
		d->aside = json_new();
	v = json_parse_copy(d->aside, &d->row, val, len);
	if (v == NULL)
		state_damaged(d->state, table, json_error(d->aside));
	return v;
}

const struct json *
read_row(struct differ *d, const char *table, const struct store_key *key)
{
	size_t len;
	const char *val = state_get(d->state, table, key, &len);

	return val != NULL ? read_text(d, table, val, len) : NULL;
}
