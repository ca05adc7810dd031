#include "trader/flatten.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/sig.h"
#include "trader/trader.h"

#define PATH_SIZE 1024
#define LOOK_MS 500
#define WAIT_MS 120000

static int
path_of(char path[PATH_SIZE], const char *dir)
{
	int n = snprintf(path, PATH_SIZE, "%s/flatten", dir);

	return n < 0 || n >= PATH_SIZE ? -1 : 0;
}

int
flatten_ask(const char *dir)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	struct pollfd pfd = { .fd = sig_fd(), .events = POLLIN };
	char path[PATH_SIZE];
	int fd = -1;

	if (path_of(path, dir) == 0)
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (fd == -1)
		die(EX_IOERR, "unable to make '%s': %s", path, strerror(errno));
	(void)close(fd);
	log_info("asked the trader that runs", LOG_STR("file", path));
	while (access(path, F_OK) == 0) {
		if (sig_stop())
			die(EX_TEMPFAIL,
			    "stopped; the trader that runs goes "
			    "on closing");
		if (clock_mono_ms() >= until)
			die(EX_TEMPFAIL,
			    "not all positions are closed after %d s; the "
			    "trader that runs goes on: see its log",
			    WAIT_MS / 1000);
		(void)poll(&pfd, 1, LOOK_MS);
	}
	log_line(LOG_INFO, "all positions of the bot are closed", NULL, 0);
	return EX_OK;
}

void
flatten_look(const char *dir, struct trader *t, int alone)
{
	static int64_t next_ms;
	int64_t now = clock_mono_ms();
	char path[PATH_SIZE];

	if (now < next_ms)
		return;
	next_ms = now + LOOK_MS;
	if (path_of(path, dir) == -1 || access(path, F_OK) == -1) {
		trader_flatten(t, alone);
		return;
	}
	if (trader_flat(t)) {
		trader_flatten(t, alone);
		if (unlink(path) == -1)
			log_error("unable to remove a file",
			    LOG_STR("file", path),
			    LOG_STR("reason", strerror(errno)));
		return;
	}
	trader_flatten(t, 1);
}
