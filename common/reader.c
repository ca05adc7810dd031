#include "common/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"

struct reader {
	const char *dir, *stage;
	struct store *store;
	char error[512]; /* of opening */
};

struct reader *
reader_new(const char *dir, const char *stage)
{
	struct reader *r = must_have(calloc(1, sizeof(*r)));

	r->dir = dir;
	r->stage = stage;
	return r;
}

static void
drop(struct reader *r)
{
	store_close(r->store);
	r->store = NULL;
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	drop(r);
	free(r);
}

const char *
reader_error(const struct reader *r)
{
	return r->store != NULL ? store_errstr(r->store) : r->error;
}

enum store_error
reader_begin(struct reader *r, struct store_txn **out)
{
	struct store_opts o = {
		.dir = r->dir, .stage = r->stage, .mode = STORE_READ
	};
	enum store_error e = STORE_OK;

	/* Once more where what is open turns out to be no longer there. */
	for (int i = 0; i < 2; i++) {
		if (r->store == NULL) {
			e = store_open(
			    &r->store, &o, r->error, sizeof(r->error));
			if (e != STORE_OK)
				return e;
		}
		e = store_begin(r->store, 0, out);
		if (e == STORE_OK)
			return e;
		(void)snprintf(
		    r->error, sizeof(r->error), "%s", store_errstr(r->store));
		drop(r);
	}
	return e;
}

void
reader_end(struct reader *r, struct store_txn *t)
{
	(void)r;
	store_abort(t);
}

void
reader_trim(struct reader *r)
{
	if (r->store != NULL)
		store_trim(r->store);
}
