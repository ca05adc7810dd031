/*
 * decide: stand in for risker's state.  Reads lines, and makes of each a
 * decision, as risker would have committed it: decide -d DIR <orders.ndjson.
 * For tests of trader alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/log.h"
#include "common/store.h"

static const char *const tables[] = { "decisions", "days", "open", "health",
	"alarms", NULL };

static void
decide(struct store *s, struct json_doc *doc, char *line, size_t len)
{
	struct store_key key;
	struct store_txn *t;
	struct buf copy;
	const char *id;

	buf_init(&copy, len + 1);
	buf_put(&copy, line, len);
	if (buf_cstr(&copy) == NULL)
		die(EX_OSERR, "out of memory");
	id = json_string(json_get(json_parse(doc, copy.p, len), "id"));
	if (id == NULL)
		die(EX_DATAERR, "no id: %s", line);
	store_key_init(&key);
	store_key_str(&key, id);
	if (store_begin(s, 1, &t) != STORE_OK ||
	    store_put(t, "decisions", key.p, key.len, line, len) != STORE_OK ||
	    store_put(t, "open", key.p, key.len, "{}", 2) != STORE_OK ||
	    store_commit(t) != STORE_OK)
		die(EX_IOERR, "%s", store_errstr(s));
	buf_release(&copy);
}

int
main(int argc, char *argv[])
{
	struct store_opts o = { .dir = argc == 3 ? argv[2] : "",
		.stage = "risker",
		.tables = tables,
		.schema = 1,
		.map_size = 64 << 20,
		.mode = STORE_OWN };
	struct json_doc *doc = json_new();
	struct store *s;
	char *line = NULL, err[512];
	size_t size = 0;
	ssize_t n;

	log_init(argv[0]);
	if (argc != 3 || strcmp(argv[1], "-d") != 0)
		die(EX_USAGE, "usage: decide -d DIR <orders.ndjson");
	if (doc == NULL || store_open(&s, &o, err, sizeof(err)) != STORE_OK)
		die(EX_CONFIG, "%s", err);
	while ((n = getline(&line, &size, stdin)) > 0) {
		if (line[n - 1] == '\n')
			n--;
		decide(s, doc, line, (size_t)n);
	}
	free(line);
	store_close(s);
	json_free(doc);
	return EX_OK;
}
