/*
 * Fuzz target: any bytes as lines of the poller, into a state that is kept
 * for the whole run.  No state, however odd, may be one that a new start
 * cannot read: every so often it is closed and opened again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/store.h"
#include "differ/differ.h"
#include "differ/state.h"

#define REOPEN_EVERY 500

static struct store *store;
static struct differ *d;
static char dir[512];

static void
fail(const char *why)
{
	fprintf(stderr, "fuzz-differ: %s\n", why);
	abort();
}

static void
open_state(void)
{
	struct store_opts o = { .dir = dir,
		.stage = "differ",
		.tables = state_tables,
		.schema = STATE_SCHEMA,
		.map_size = (int64_t)1 << 30,
		.mode = STORE_OWN };
	char why[512];

	if (dir[0] == '\0') {
		const char *tmp = getenv("TMPDIR");
		int n = snprintf(dir, sizeof(dir), "%s/fuzz-differ.XXXXXX",
		    tmp != NULL ? tmp : "/tmp");

		if (n < 0 || (size_t)n >= sizeof(dir) || mkdtemp(dir) == NULL)
			fail("no folder");
	}
	if (store_open(&store, &o, why, sizeof(why)) != STORE_OK)
		fail(why);
	d = differ_new(store, "main", why, sizeof(why));
	if (d == NULL)
		fail(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned runs;
	const uint8_t *end = data + size;

	if (d == NULL)
		open_state();
	while (data < end) {
		const uint8_t *nl = memchr(data, '\n', (size_t)(end - data));
		size_t len = (size_t)((nl != NULL ? nl : end) - data);
		char *line = malloc(len + 1);

		if (line == NULL)
			return 0;
		memcpy(line, data, len);
		(void)differ_line(d, line, len);
		free(line);
		if (differ_failed(d) != NULL)
			fail(differ_failed(d));
		data += len + (nl != NULL);
	}
	if (differ_commit(d, NULL, NULL) != STORE_OK)
		fail("no commit");
	differ_said(d);
	if (++runs % REOPEN_EVERY == 0) {
		differ_free(d);
		store_close(store);
		open_state();
	}
	return 0;
}
