/* killpoint: empty in a release build. */
#include "common/killpoint.h"

#ifdef KILL_POINTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/num.h"

void
kill_point(const char *name)
{
	static int64_t passed;
	const char *want = getenv("SLUICE_KILL");
	const char *end;
	size_t len = strlen(name);
	int64_t at = 1;
	int sig = SIGKILL;

	if (want == NULL || strncmp(want, name, len) != 0)
		return;
	want += len;
	if (*want == ':') {
		end = want + 1 + strcspn(want + 1, ":");
		if (num_parse(want + 1, (size_t)(end - want - 1), 1, INT64_MAX,
			&at) == -1)
			return;
		if (strcmp(end, ":stop") == 0)
			sig = SIGSTOP;
		else if (*end != '\0')
			return;
	} else if (*want != '\0')
		return;
	if (++passed != at)
		return;
	log_warn("kill point", LOG_STR("name", name), LOG_INT("pid", getpid()));
	(void)raise(sig);
}

#else

/* A translation unit must not be empty. */
extern int killpoint_unused;

#endif
