/*
 * intruder: what somebody who got into a program could do there.
 *
 * Preloaded into a stage by e2e/confine.sh.  At SIGUSR2 it tries, from within
 * the process, what a stage has no business to do, and writes "ATTEMPT ERRNO"
 * lines (0: it worked) into the file INTRUDER_OUT, which it opens before the
 * stage is confined.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int out = -1;
static const char *outside, *state;
static uint16_t bybit, other;

static void
tell(const char *what, long rc)
{
	char line[64];
	int n;

	n = snprintf(line, sizeof(line), "%s %d\n", what, rc == -1 ? errno : 0);
	(void)!write(out, line, (size_t)n);
}

static int
try_open(const char *folder, const char *name, int flags)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	(void)close(fd);
	return 0;
}

static int
try_connect(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP), rc, saved;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1)
		return -1;
	rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	saved = errno;
	(void)close(fd);
	errno = saved;
	return rc;
}

static void
intrude(int number)
{
	char *const argv[] = { (char[]){ "true" }, NULL };
	const int saved = errno;
	char path[512];

	(void)number;
	tell("read-settings", try_open(outside, "settings", O_RDONLY));
	tell("write-outside", try_open(outside, "new", O_WRONLY | O_CREAT));
	tell("read-state", try_open(state, "risker.mdb", O_RDONLY));
	(void)snprintf(path, sizeof(path), "%s/decoy", state);
	tell("remove-state", unlink(path));
	tell("connect-bybit", try_connect(bybit));
	tell("connect-other", try_connect(other));
	tell("signal", kill(getppid(), 0));
	tell("exec", execv("/bin/true", argv));
	tell("end", 0);
	errno = saved;
}

static uint16_t
port_of(const char *name)
{
	const char *text = getenv(name);

	return (uint16_t)(text != NULL ? strtoul(text, NULL, 10) : 0);
}

__attribute__((constructor)) static void
begin(void)
{
	const struct sigaction sa = { .sa_handler = intrude,
		.sa_flags = SA_RESTART };
	const char *name = getenv("INTRUDER_OUT");

	outside = getenv("INTRUDER_OUTSIDE");
	state = getenv("STATE_DIR");
	if (name == NULL || outside == NULL || state == NULL)
		return;
	out = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bybit = port_of("INTRUDER_BYBIT");
	other = port_of("INTRUDER_OTHER");
	if (sigaction(SIGUSR2, &sa, NULL) == -1)
		abort();
}
