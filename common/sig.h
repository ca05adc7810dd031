/*
 * sig - signals as a descriptor to wait for (self-pipe).
 *
 * SIGPIPE is ignored, whatever was inherited (F92).  The first SIGTERM or
 * SIGINT is for the program's loop to end by; the second ends the process at
 * once, exit 75, with a line that says so.
 */
#ifndef SLUICE_SIG_H
#define SLUICE_SIG_H

/* Install the handlers.  0, or -1 with errno. */
int sig_init(void);

/* Readable when a signal came. */
int sig_fd(void);

/* Empty the pipe.  1 once a SIGTERM or SIGINT came, else 0. */
int sig_stop(void);

/* 1 if a SIGHUP came since the last call. */
int sig_hup(void);

#endif
