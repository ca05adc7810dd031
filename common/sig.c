/* sig: what happens in a handler is a flag and one byte into a pipe. */
#include "common/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"

static int pipe_fd[2] = { -1, -1 };
static volatile sig_atomic_t hup, stop;

/*
 * A second signal leaves now; a full standard error does not hold it up.  The
 * log allocates nothing, takes no lock and shares no buffer with what was
 * interrupted, so that a handler may call it.
 */
static void
leave(void)
{
	log_line(LOG_WARN,
	    "second signal: leaving at once, work under way is cut off", NULL,
	    0);
	_exit(EX_TEMPFAIL);
}

static void
handle(int signo)
{
	int saved = errno;

	if (signo == SIGHUP)
		hup = 1;
	else if (stop)
		leave();
	else
		stop = 1;
	/* A full pipe is readable already. */
	(void)!write(pipe_fd[1], "", 1);
	errno = saved;
}

int
sig_init(void)
{
	struct sigaction sa = { .sa_handler = handle, .sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (pipe_fd[0] == -1 && pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	(void)sigemptyset(&ignore.sa_mask);
	(void)sigemptyset(&sa.sa_mask);
	/* The two that end the program must not interrupt each other. */
	(void)sigaddset(&sa.sa_mask, SIGTERM);
	(void)sigaddset(&sa.sa_mask, SIGINT);
	if (sigaction(SIGPIPE, &ignore, NULL) == -1 ||
	    sigaction(SIGTERM, &sa, NULL) == -1 ||
	    sigaction(SIGINT, &sa, NULL) == -1 ||
	    sigaction(SIGHUP, &sa, NULL) == -1)
		return -1;
	return 0;
}

int
sig_fd(void)
{
	return pipe_fd[0];
}

int
sig_stop(void)
{
	char junk[64];

	while (read(pipe_fd[0], junk, sizeof(junk)) > 0)
		continue;
	return stop != 0;
}

int
sig_hup(void)
{
	if (!hup)
		return 0;
	/* One that comes between these lines left its byte in the pipe. */
	hup = 0;
	return 1;
}
