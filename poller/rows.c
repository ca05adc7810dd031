#include "poller/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "common/limits.h"

void
rows_init(struct rows *r)
{
	buf_init(&r->text, LINE_SIZE_MAX);
	r->v = NULL;
	r->n = r->room = 0;
}

void
rows_release(struct rows *r)
{
	buf_release(&r->text);
	free(r->v);
	rows_init(r);
}

void
rows_clear(struct rows *r)
{
	buf_clear(&r->text);
	r->n = 0;
}

int
rows_add(struct rows *r, const struct json *row, int64_t when)
{
	size_t start = r->text.len;
	size_t skip;

	if (r->n == r->room) {
		size_t room = r->room == 0 ? 64 : r->room * 2;
		struct row *v = reallocarray(r->v, room, sizeof(*v));

		if (v == NULL)
			return -1;
		r->v = v;
		r->room = room;
	}
	json_put(&r->text, NULL, row);
	if (buf_failed(&r->text)) {
		errno = buf_failed(&r->text);
		return -1;
	}
	/* The writer puts a comma between two values; it is none of the row. */
	skip = start > 0 && r->text.p[start] == ',';
	r->v[r->n] = (struct row){
		.start = start + skip,
		.len = r->text.len - start - skip,
		.when = when,
		.nth = r->n,
	};
	r->n++;
	return 0;
}

void
rows_drop(struct rows *r, size_t i)
{
	r->v[i].len = 0;
}

static int
older_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->nth > y->nth ? -1 : x->nth < y->nth;
}

void
rows_sort(struct rows *r)
{
	if (r->n > 1)
		qsort(r->v, r->n, sizeof(*r->v), older_first);
}

void
rows_put(struct buf *line, const char *key, const struct rows *r)
{
	int some = 0;
	size_t i;

	json_open_array(line, key);
	for (i = 0; i < r->n; i++) {
		if (r->v[i].len == 0)
			continue;
		if (some)
			buf_putc(line, ',');
		buf_put(line, r->text.p + r->v[i].start, r->v[i].len);
		some = 1;
	}
	json_close_array(line);
}
