/*
 * stage - what every program's start has in common.
 *
 * The options of DESIGN, settings, log, signals, the tables `health` and
 * `alarms`.  A stage's main() says which options it takes, and goes on.
 */
#ifndef SLUICE_STAGE_H
#define SLUICE_STAGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/settings.h"

struct confine;
struct store_txn;

#define STAGE_OUTPUTS_MAX 16

struct stage {
	const char *name;
	const char *input; /* -i, "-" */
	const char
	    *outputs[STAGE_OUTPUTS_MAX]; /* -o, "-" where none is given */
	size_t noutputs;
	const char *dir; /* -d, STATE_DIR */
	int lines_alone; /* -l */
	int check;	 /* -n */
	int has_state;	 /* the program knows -d */
	int is_command;	 /* it has operands, and ends by itself */
	/* Letters of the stage's own: the argument, "" without; or NULL. */
	const char *own['z' + 1];
	int argc; /* operands, where opts begins with '+' */
	char **argv;
	struct settings *settings;
};

/*
 * The first thing in main().  Takes argv by getopt; opts are the letters that
 * the stage takes, of "i:o:d:e:lnhV" and of its own; synopsis is the usage
 * line behind the name, and further lines for letters of its own.  A '+' before
 * the letters allows operands, with options before them alone.
 *
 * Ignores SIGPIPE and SIGXFSZ, sets umask 077 and no core dumps (F105), raises
 * the limit of open files to what the user may have, reads and checks the
 * settings, sets the log's level, installs sig.  What is wrong is said
 * and ends the process: 64 usage, 78 settings.  -h and -V end with 0.
 */
void stage_start(struct stage *st, int argc, char *argv[], const char *opts,
    const char *synopsis);

/* Warn where the process may not have so many files open. */
void stage_files(unsigned need);

/*
 * The secrets that this program uses, at once after stage_start: all others
 * are wiped, and all of the environment's (settings_keep).
 */
#define STAGE_SECRETS(st, ...)                                                 \
	settings_keep((st)->settings, (const enum setting[]){ __VA_ARGS__ },   \
	    sizeof((const enum setting[]){ __VA_ARGS__ }) /                    \
		sizeof(enum setting))
#define STAGE_NO_SECRETS(st) settings_keep((st)->settings, NULL, 0)

/* Say what is wrong with the command line, and the usage; exit 64. */
_Noreturn void stage_usage(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* The same where what the option has is not written as an endpoint is. */
void stage_endpoint(int option, const char *endpoint);

/*
 * From here on the process can do its work and little else: confine(), with
 * what every program needs added to c, which holds what this one does.  Call
 * it once state, sockets and listeners are open, before the first line is
 * read; no thread may be running.  Says what the kernel had; with CONFINE=false
 * only warns.  What fails ends the process (71).
 */
void stage_confine(const struct stage *st, struct confine *c);

/*
 * The row of this run in `health`: pid, start, last line, counters.  Written
 * within the transaction that the stage commits anyway.  ended: 1 at an
 * orderly end.
 */
struct health {
	int64_t start_ms;
	int64_t last_line_ms; /* wall clock; 0: none yet */
	uint64_t lines;	      /* taken */
	uint64_t skipped;     /* not understood */
	uint64_t out;	      /* written */
	int ended;
};
int health_put(struct store_txn *t, const char *stage, const struct health *h);

/* From where on a state is worth an alarm: use of its map, age of a reader. */
#define MAP_ALARM_PERCENT 70
#define READER_ALARM_MS 300000

/*
 * The row of an alarm in `alarms`: what a person must see, one row a change of
 * state.  name is the key ("snapshot_stale main linear USDT"); text a sentence;
 * open 1 or 0; since and until are wall times.  Writes nothing where the state
 * is as it was.  1 where it changed, 0 where not, -1 on a store error.
 */
int alarm_put(struct store_txn *t, const char *name, int open, const char *text,
    int64_t now_ms);

/*
 * Close an alarm on what is over as it happens, once it has been open for
 * max_ms: by then everybody knows.  As alarm_put.
 */
int alarm_expire(struct store_txn *t, const char *name, int64_t max_ms,
    const char *text, int64_t now_ms);

#endif
