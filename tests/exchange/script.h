/*
 * script - what happens on the market and in the trader's app, line by line.
 *
 * A line is an object with "at", seconds since the start, and one verb of
 * control.c with what it takes.
 */
#ifndef SLUICE_EXCHANGE_SCRIPT_H
#define SLUICE_EXCHANGE_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

struct exchange;

struct script_line {
	int64_t at_ms;
	char *text;
	size_t len;
};

struct script {
	struct script_line *lines;
	size_t n, cap;
	size_t next; /* the first that has not happened yet */
	struct json_doc *doc;
};

/*
 * Read and check all of a file.  0, or -1 with err: file, line, what is wrong.
 */
int script_read(struct exchange *x, const char *file, char *err, size_t size);
void script_release(struct script *s);

/* When the next line is due, in the market's ms; -1: there is none. */
int64_t script_due(const struct script *s);

/* Do the next line.  0, or -1 with err. */
int script_step(struct exchange *x, char *err, size_t size);

#endif
