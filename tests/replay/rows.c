/*
 * rows: put lines into a table of a stage's state, as that stage would.
 *
 *   rows DIR STAGE TABLE MEMBER <rows.ndjson
 *
 * The key of a row is the text of its member MEMBER.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/json.h"
#include "common/log.h"
#include "common/store.h"

static void
put(struct store_txn *t, const char *table, const char *member,
    struct json_doc *doc, const char *line, size_t len)
{
	char *copy = strdup(line);
	struct store_key key;
	const char *name;

	if (copy == NULL)
		die(EX_OSERR, "out of memory");
	name = json_string(json_get(json_parse(doc, copy, len), member));
	if (name == NULL)
		die(EX_DATAERR, "no %s in: %s", member, line);
	store_key_init(&key);
	store_key_str(&key, name);
	if (store_put(t, table, key.p, key.len, line, len) != STORE_OK)
		die(EX_IOERR, "unable to put: %s", line);
	free(copy);
}

int
main(int argc, char *argv[])
{
	const char *tables[] = { argc == 5 ? argv[3] : NULL, NULL };
	struct store_opts o = { .dir = argc == 5 ? argv[1] : "",
		.stage = argc == 5 ? argv[2] : "",
		.tables = tables,
		.schema = 1,
		.map_size = 64 << 20,
		.mode = STORE_OWN };
	struct json_doc *doc = json_new();
	struct store_txn *t;
	struct store *s;
	char *line = NULL, err[512];
	size_t size = 0;
	ssize_t n;

	log_init(argv[0]);
	if (argc != 5)
		die(EX_USAGE, "usage: rows DIR STAGE TABLE MEMBER <lines");
	if (doc == NULL || store_open(&s, &o, err, sizeof(err)) != STORE_OK)
		die(EX_CONFIG, "%s", err);
	if (store_begin(s, 1, &t) != STORE_OK)
		die(EX_IOERR, "%s", store_errstr(s));
	while ((n = getline(&line, &size, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		put(t, argv[3], argv[4], doc, line, (size_t)n);
	}
	if (store_commit(t) != STORE_OK)
		die(EX_IOERR, "%s", store_errstr(s));
	free(line);
	store_close(s);
	json_free(doc);
	return EX_OK;
}
