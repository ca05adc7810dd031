/*
 * killpoint - named places where a test build dies or stops.
 *
 * In builds with -DKILL_POINTS, SLUICE_KILL=K11 kills the process with SIGKILL
 * the first time it comes to K11; SLUICE_KILL=K11:3 the third time;
 * SLUICE_KILL=K11:1:stop sends SIGSTOP instead.  Its last line says so, for
 * whoever has to know the moment.  Elsewhere it is nothing.
 * The names are those of tests/README.md.
 */
#ifndef SLUICE_KILLPOINT_H
#define SLUICE_KILLPOINT_H

#ifdef KILL_POINTS
void kill_point(const char *name);
#else
#define kill_point(name) ((void)0)
#endif

#endif
