/*
 * env_file - the lines of a .env file.
 *
 *   # a comment
 *   export NAME=value        # the value ends before this
 *   NAME='literal $ \ #'
 *   NAME="\n \" \\ \$"
 *
 * An unquoted value is taken as it stands up to a '#' that follows white
 * space, and trimmed.  Nothing is ever expanded.  A BOM and CRLF line ends are
 * understood.
 */
#ifndef SLUICE_ENV_FILE_H
#define SLUICE_ENV_FILE_H

#include <stddef.h>

struct env_file {
	char *p, *end; /* what is left of the text */
	size_t line;   /* number of the line given last, from 1 */
	char *name;    /* of ENV_PAIR; both belong to the text */
	char *value;
	const char *why; /* of ENV_BAD */
};

enum env_status {
	ENV_PAIR, /* name and value */
	ENV_BAD,  /* a line that is neither a pair nor a comment */
	ENV_END,
};

/* Begin with text[0..len); text[len] must be writable, as all of it is. */
void env_file_init(struct env_file *f, char *text, size_t len);
enum env_status env_file_next(struct env_file *f);

#endif
