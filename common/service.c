#include "common/service.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/confine.h"

#define PATH_SIZE 1024
#define FAILING_MS 360000 /* a life of 5 minutes, after a wait of one */

static const char *const stages[] = { "poller", "differ", "notifier",
	"webhookd", "risker", "trader" };

static const struct {
	const char *ending, *alarm;
	int64_t max_age_ms; /* 0: none */
} troubles[SERVICE_TROUBLES] = {
	[SERVICE_DOWN] = { "down", "service_down", 0 },
	[SERVICE_FAILING] = { "failing", "service_failing", FAILING_MS },
};

const char *
service_stage(size_t i)
{
	return i < sizeof(stages) / sizeof(stages[0]) ? stages[i] : NULL;
}

const char *
service_alarm(enum service_trouble which)
{
	return troubles[which].alarm;
}

static int
is_over(int fd, int64_t max_age_ms, int64_t now_ms)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return 1;
	return max_age_ms != 0 &&
	    now_ms - (int64_t)st.st_mtim.tv_sec * 1000 >= max_age_ms;
}

int
service_trouble(const char *dir, const char *stage, enum service_trouble which,
    int64_t now_ms, char text[SERVICE_TEXT_SIZE])
{
	char path[PATH_SIZE];
	ssize_t n = -1;
	int fd, len;

	len = snprintf(path, sizeof(path), "%s/services/alarm/%s.%s", dir,
	    stage, troubles[which].ending);
	if (len < 0 || len >= (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return 0;
	if (!is_over(fd, troubles[which].max_age_ms, now_ms))
		n = read(fd, text, SERVICE_TEXT_SIZE - 1);
	(void)close(fd);
	if (n == -1)
		return 0;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	for (char *p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return 1;
}

void
service_confine(struct confine *c, const char *dir)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "%s/services/alarm", dir) <
	    (int)sizeof(path))
		confine_path(c, path, CONFINE_READ);
	/* A service runs in its home; the state may learn of it later. */
	confine_path(c, "alarm", CONFINE_READ);
}
