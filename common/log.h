/*
 * log - one logfmt line on standard error for each thing worth saying.
 *
 *   time=2026-11-21T10:30:00.123Z level=info stage=differ msg="signal" …
 *
 * One bounded write a line (8 KiB, into a pipe 4 KiB; a line that was cut ends
 * with cut=1), values quoted where they need it, control bytes and what is no
 * UTF-8 escaped, secrets scrubbed, errno preserved.  A full or dead log pipe
 * never blocks the caller: the line is dropped and counted, and the count is
 * told before the next line that goes out: "log lines dropped" (F102).
 *
 * log_info("signal", LOG_INT("number", 17), LOG_STR("action", "OPEN"));
 */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *key;
	const char *str; /* NULL: the value is num */
	size_t len;	 /* of str; SIZE_MAX: NUL-terminated */
	int64_t num;
};

#define LOG_STR(k, s) ((struct log_field){ (k), (s), SIZE_MAX, 0 })
#define LOG_MEM(k, s, n) ((struct log_field){ (k), (s), (n), 0 })
#define LOG_INT(k, n) ((struct log_field){ (k), NULL, 0, (n) })

/* stage: the program's name, copied; a path's last part is taken. */
void log_init(const char *stage);
const char *log_stage(void);

/* Lines below the level are dropped; log_wants() tells beforehand. */
void log_set_level(enum log_level level);
int log_wants(enum log_level level);

/* Wherever these bytes occur in a value from now on, *** stands (F35, F105). */
void log_secret(const char *secret);

/* Wipe what was given to log_secret, and look for nothing any more. */
void log_forget(void);

/* Without fields a signal handler may call it, too. */
void log_line(enum log_level level, const char *msg,
    const struct log_field *fields, size_t n);

#define LOG_FIELDS(...)                                                        \
	(const struct log_field[]){ __VA_ARGS__ },                             \
	    sizeof((const struct log_field[]){ __VA_ARGS__ }) /                \
	    sizeof(struct log_field)

#define log_debug(msg, ...) log_line(LOG_DEBUG, msg, LOG_FIELDS(__VA_ARGS__))
#define log_info(msg, ...) log_line(LOG_INFO, msg, LOG_FIELDS(__VA_ARGS__))
#define log_warn(msg, ...) log_line(LOG_WARN, msg, LOG_FIELDS(__VA_ARGS__))
#define log_error(msg, ...) log_line(LOG_ERROR, msg, LOG_FIELDS(__VA_ARGS__))

/*
 * For start-up, broken invariants and lack of memory: log the message at
 * error level and exit with code, one of <sysexits.h>.
 */
_Noreturn void die(int code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* p, or, where there was no memory for it, the end with EX_OSERR. */
void *must_have(void *p);

#endif
