#include "common/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/build.h"
#include "common/endpoint.h"
#include "common/log.h"
#include "common/sanitized.h"
#include "common/sig.h"

#define MESSAGES_MAX (64u << 10)
#define FILES_MAX 65536 /* open ones; more than any stage can use */

static const struct {
	char letter;
	const char *help;
} common_options[] = {
	{ 'd', "-d DIR       state folder (default $STATE_DIR, else ./state)" },
	{ 'e', "-e FILE      read settings from FILE (default ./.env)" },
	{ 'i', "-i ENDPOINT  lines come from - or unix:PATH" },
	{ 'l', "-l           lines alone: do not catch up from the state" },
	{ 'n', "-n           check settings and state, and exit" },
	{ 'o', "-o ENDPOINT  lines go to - or unix:PATH; may be repeated" },
	{ 'h', "-h           this text" },
	{ 'V', "-V           the version" },
};

static const char *usage_opts = "";
static const char *usage_synopsis = "";

static void
print_usage(FILE *f)
{
	size_t i;

	(void)fprintf(f, "usage: %s %s\n", log_stage(), usage_synopsis);
	for (i = 0; i < sizeof(common_options) / sizeof(common_options[0]); i++)
		if (strchr(usage_opts, common_options[i].letter) != NULL)
			(void)fprintf(f, "  %s\n", common_options[i].help);
}

void
stage_usage(const char *fmt, ...)
{
	char what[2048]; /* as in die() */
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	log_error(what, LOG_INT("exit", EX_USAGE));
	print_usage(stderr);
	exit(EX_USAGE);
}

void
stage_endpoint(int option, const char *endpoint)
{
	char why[512];

	if (endpoint_check(endpoint, why, sizeof(why)) == -1)
		stage_usage("option -%c: %s", option, why);
}

static void
check_new(const struct stage *st, const char *output)
{
	for (size_t i = 0; i < st->noutputs; i++)
		if (strcmp(st->outputs[i], output) == 0)
			stage_usage(
			    "option -o: endpoint '%s' is given twice", output);
}

static void
say_and_exit(int usage)
{
	if (usage)
		print_usage(stdout);
	else
		(void)printf("%s %s\n", log_stage(), build_version);
	exit(fflush(stdout) == 0 && !ferror(stdout) ? EX_OK : EX_IOERR);
}

/*
 * Of a descriptor that the caller left closed the next open would make a file
 * of ours: its use must fail instead.
 */
static void
fill_standard(int fd, int flags)
{
	int got;

	if (fcntl(fd, F_GETFD) != -1)
		return;
	got = open("/dev/null", flags);
	if (got != -1 && got != fd)
		(void)close(got);
}

/* A mapped file that shrank, or whose disk is full (F73). */
static void
bus_error(int number)
{
	static const char text[] =
	    "level=error msg=\"bus error: the disk under a mapped file is "
	    "full, or the file was cut short\"\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EX_IOERR);
}

/* As many open files as this user may have at all (F41). */
static void
raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur >= FILES_MAX)
		return;
	r.rlim_cur = r.rlim_max < FILES_MAX ? r.rlim_max : FILES_MAX;
	/* With fewer it goes on; stage_files() says where they are too few. */
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

void
stage_files(unsigned need)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur >= need)
		return;
	log_warn("the limit of open files is low: raise it (ulimit -n)",
	    LOG_INT("limit", (int64_t)r.rlim_cur), LOG_INT("expected", need));
}

static void
protect(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction sa = { .sa_handler = bus_error };
	const struct rlimit none = { 0, 0 };

	fill_standard(STDIN_FILENO, O_WRONLY);
	fill_standard(STDOUT_FILENO, O_RDONLY);
	fill_standard(STDERR_FILENO, O_RDONLY);
	(void)umask(077);
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		die(EX_OSERR, "unable to switch core dumps off: %s",
		    strerror(errno));
#ifndef SANITIZED
	/* The leak checker traces its own process, which this forbids. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		die(EX_OSERR, "unable to keep others out of this process: %s",
		    strerror(errno));
#endif
	raise_files();
	/* A file that grows past RLIMIT_FSIZE is an error of its write. */
	if (sigaction(SIGBUS, &sa, NULL) == -1 ||
	    sigaction(SIGXFSZ, &ignore, NULL) == -1 || sig_init() == -1)
		die(EX_OSERR, "unable to set up signals: %s", strerror(errno));
}

/* One log line for each line of text, each with the fields. */
static void
log_each(enum log_level level, const char *text, const struct log_field *fields,
    size_t nfields)
{
	char line[512];
	size_t n;

	while (*text != '\0') {
		n = strcspn(text, "\n");
		(void)snprintf(line, sizeof(line), "%.*s", (int)n, text);
		log_line(level, line, fields, nfields);
		text += n;
		if (*text == '\n')
			text++;
	}
}

static struct settings *
read_settings(const char *file)
{
	struct buf errors, warnings;
	struct settings *s;
	const char *text;
	int code;

	buf_init(&errors, MESSAGES_MAX);
	buf_init(&warnings, MESSAGES_MAX);
	s = settings_read(file, &errors, &warnings);
	code = errno == EINVAL ? EX_CONFIG : EX_OSERR;
	text = buf_cstr(&warnings);
	log_each(
	    LOG_WARN, text != NULL ? text : "too many warnings\n", NULL, 0);
	if (s == NULL) {
		text = buf_cstr(&errors);
		log_each(LOG_ERROR, text != NULL ? text : "too many errors\n",
		    LOG_FIELDS(LOG_INT("exit", code)));
		exit(code);
	}
	buf_release(&errors);
	buf_release(&warnings);
	return s;
}

static void
set_level(const struct settings *s)
{
	static const char *const names[] = { [LOG_DEBUG] = "DEBUG",
		[LOG_INFO] = "INFO",
		[LOG_WARN] = "WARN",
		[LOG_ERROR] = "ERROR" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(setting_str(s, LOG_LEVEL), names[i]) == 0)
			log_set_level((enum log_level)i);
}

static void
take_options(struct stage *st, int argc, char *argv[], const char **file)
{
	const char *opts = usage_opts + (*usage_opts == '+');
	char all[64];
	int ch, n;

	/* Options stand before operands; what is missing is ours to say. */
	n = snprintf(all, sizeof(all), "+:%s", opts);
	if (n < 0 || (size_t)n >= sizeof(all))
		die(EX_SOFTWARE, "too many options");
	opterr = 0;
	while ((ch = getopt(argc, argv, all)) != -1)
		switch (ch) {
		case 'd':
			st->dir = optarg;
			break;
		case 'e':
			*file = optarg;
			break;
		case 'h':
			say_and_exit(1);
			break;
		case 'i':
			stage_endpoint(ch, optarg);
			st->input = optarg;
			break;
		case 'l':
			st->lines_alone = 1;
			break;
		case 'n':
			st->check = 1;
			break;
		case 'o':
			if (st->noutputs == STAGE_OUTPUTS_MAX)
				stage_usage("option -o is given more than %d "
					    "times",
				    STAGE_OUTPUTS_MAX);
			stage_endpoint(ch, optarg);
			check_new(st, optarg);
			st->outputs[st->noutputs++] = optarg;
			break;
		case 'V':
			say_and_exit(0);
			break;
		case ':':
			stage_usage("option -%c needs an argument", optopt);
		case '?':
			stage_usage("there is no option -%c", optopt);
		default:
			st->own[ch] = optarg != NULL ? optarg : "";
		}
	st->argc = argc - optind;
	st->argv = argv + optind;
	if (st->argc > 0 && *usage_opts != '+')
		stage_usage("'%s' is not expected", st->argv[0]);
}

void
stage_start(struct stage *st, int argc, char *argv[], const char *opts,
    const char *synopsis)
{
	const char *file = NULL;

	log_init(argc > 0 ? argv[0] : "sluice");
	usage_opts = opts;
	usage_synopsis = synopsis;
	*st = (struct stage){ .name = log_stage(),
		.input = "-",
		.has_state = strchr(opts, 'd') != NULL,
		.is_command = *opts == '+' };
	protect();
	take_options(st, argc, argv, &file);
	st->settings = read_settings(file);
	set_level(st->settings);
	if (st->noutputs == 0)
		st->outputs[st->noutputs++] = "-";
	if (st->dir == NULL)
		st->dir = setting_str(st->settings, STATE_DIR);
}
