#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/confine.h"
#include "common/log.h"
#include "common/sanitized.h"
#include "common/settings.h"
#include "common/stage.h"

/* For names, certificates and the time; and libraries that are loaded late. */
static void
add_client(struct confine *c, const struct settings *s)
{
	static const char *const folders[] = { "/etc", "/usr", "/lib",
		"/lib64" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		confine_path(c, folders[i], CONFINE_READ);
	/* Where it is a link, another is made there by rename. */
	confine_file(c, "/etc/resolv.conf");
	if (setting_given(s, CA_FILE))
		confine_file(c, setting_str(s, CA_FILE));
}

void
stage_confine(const struct stage *st, struct confine *c)
{
	const enum log_level level = st->is_command ? LOG_DEBUG : LOG_INFO;
	struct confined done = { 0, 0 };
	char why[256];

	if (!setting_bool(st->settings, CONFINE)) {
		log_line(LOG_WARN,
		    "CONFINE=false: whoever gets into this process can do what "
		    "its user can",
		    NULL, 0);
		return;
	}
	if (st->has_state)
		confine_path(c, st->dir, CONFINE_READ | CONFINE_WRITE);
	/* What is bound was made before; at the end it is removed. */
	if (strncmp(st->input, "unix:", 5) == 0)
		confine_parent(c, st->input + 5, CONFINE_REMOVE);
	confine_path(c, "/dev/null", CONFINE_READ);
	/* Its own memory map, to give back pages of the state. */
	confine_path(c, "/proc", CONFINE_READ);
	if (c->net != CONFINE_LOCAL)
		add_client(c, st->settings);
	/* Else it is read when it is first asked for. */
	tzset();
#ifdef SANITIZED
	confine_path(c, "/", CONFINE_READ);
#endif
	if (confine(c, &done, why, sizeof(why)) == -1)
		die(EX_OSERR, "unable to confine this process: %s", why);
	log_line(level,
	    done.landlock >= 4 && done.seccomp
		? "confined"
		: "confined as far as this kernel can",
	    LOG_FIELDS(LOG_INT("landlock", done.landlock),
		LOG_INT("seccomp", done.seccomp)));
}
