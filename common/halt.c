#include "common/halt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/json.h"

#define PATH_SIZE 1024
#define FILE_SIZE_MAX 4096 /* bytes of the file that are looked at */

static int
path_of(char path[PATH_SIZE], const char *dir, const char *name)
{
	int n = snprintf(path, PATH_SIZE, "%s/%s", dir, name);

	if (n < 0 || n >= PATH_SIZE) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static void
copy(char *out, size_t size, const char *s)
{
	if (s != NULL)
		(void)snprintf(out, size, "%s", s);
}

/* What the file says, as far as it says anything: it halts in any case. */
static void
read_text(struct halt *h, char *text, size_t len)
{
	struct json_doc *doc = json_new();
	const struct json *v;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	v = json_parse(doc, text, len);
	copy(h->who, sizeof(h->who), json_string(json_get(v, "who")));
	copy(h->why, sizeof(h->why), json_string(json_get(v, "why")));
	(void)json_time(json_get(v, "time"), &h->time_ms);
	json_free(doc);
}

int
halt_get(const char *dir, struct halt *h)
{
	char path[PATH_SIZE], text[FILE_SIZE_MAX + 1];
	ssize_t n = -1;
	int fd = -1;

	if (h != NULL)
		memset(h, 0, sizeof(*h));
	if (path_of(path, dir, "halt") == 0)
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (h == NULL) {
		if (fd != -1)
			(void)close(fd);
		return 1;
	}
	if (fd != -1)
		n = read(fd, text, FILE_SIZE_MAX);
	if (n == -1)
		(void)snprintf(h->why, sizeof(h->why),
		    "the file cannot be read: %s", strerror(errno));
	else
		read_text(h, text, (size_t)n);
	if (fd != -1)
		(void)close(fd);
	return 1;
}

static int
sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd == -1)
		return -1;
	rc = fsync(fd);
	(void)close(fd);
	return rc;
}

static int
write_file(const char *path, const struct buf *text)
{
	/* Where the folder has a group, all of it may read who halted and why.
	 */
	mode_t mask = umask(027);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	int saved = errno;

	(void)umask(mask);
	errno = saved;
	if (fd == -1)
		return -1;
	if (write(fd, text->p, text->len) == (ssize_t)text->len &&
	    fsync(fd) == 0)
		return close(fd);
	saved = errno != 0 ? errno : ENOSPC;
	(void)close(fd);
	errno = saved;
	return -1;
}

int
halt_set(const char *dir, const char *who, const char *why, int64_t now_ms)
{
	char path[PATH_SIZE], name[64], made[PATH_SIZE];
	struct buf text;
	int rc = -1, saved;

	(void)snprintf(name, sizeof(name), "halt.%ld", (long)getpid());
	if (path_of(path, dir, "halt") == -1 || path_of(made, dir, name) == -1)
		return -1;
	buf_init(&text, FILE_SIZE_MAX);
	json_open_object(&text, NULL);
	json_put_time(&text, "time", now_ms);
	json_put_string(&text, "who", who);
	json_put_string(&text, "why", why);
	json_close_object(&text);
	buf_putc(&text, '\n');
	if (buf_failed(&text)) {
		errno = buf_failed(&text);
		goto out;
	}
	/* One that a crash left is perhaps the halt itself, by another name. */
	(void)unlink(made);
	errno = 0;
	if (write_file(made, &text) == -1)
		goto out;
	/* A link, unlike a rename, leaves a first reason in its place. */
	if (link(made, path) == 0)
		rc = sync_folder(dir) == 0 ? 1 : -1;
	else if (errno == EEXIST)
		rc = 0;
out:
	saved = errno;
	(void)unlink(made);
	buf_release(&text);
	errno = saved;
	return rc;
}

int
halt_clear(const char *dir)
{
	char path[PATH_SIZE];

	if (path_of(path, dir, "halt") == -1)
		return -1;
	if (unlink(path) == -1)
		return errno == ENOENT ? 0 : -1;
	return sync_folder(dir) == 0 ? 1 : -1;
}
