#include "common/endpoint.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/endpoint_internal.h"
#include "common/limits.h"

#define TARGETS_MAX 16

/* Reconnecting: at first at once nearly, then ever more slowly (F99). */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000

/* A connection that lived for less does not count as a success. */
#define GOOD_LIFE_MS 1000

/* What is sent already is moved out of a queue from here on. */
#define SENT_MAX (1u << 20)

/* An empty queue that once held more gives its memory back. */
#define IDLE_MEMORY_MAX (64u << 10)

struct queue {
	struct buf b;
	size_t sent;
};

/* A unix: endpoint. */
struct target {
	char path[SOCKET_PATH_MAX];
	int fd; /* -1: not connected */
	struct queue queue;
	int watches_out;
	int told; /* that it cannot be reached */
	int backoff_ms;
	int64_t retry_ms; /* monotonic */
	int64_t up_ms;
};

struct output {
	enum output_policy policy;
	int set;   /* epoll */
	int timer; /* of the nearest retry */
	int64_t timer_ms;
	int has_stdout, is_socket, watches_out;
	int error; /* errno that standard output failed with, for good */
	struct queue queue;
	struct target *targets[TARGETS_MAX];
	size_t ntargets;
	uint64_t connects;
	uint64_t dice;
	struct notices notices;
};

static size_t
queued(const struct queue *q)
{
	return q->b.len - q->sent;
}

static void
queue_sent(struct queue *q, size_t n)
{
	q->sent += n;
	if (q->sent == q->b.len) {
		q->sent = 0;
		if (q->b.cap > IDLE_MEMORY_MAX)
			buf_release(&q->b);
		else
			buf_clear(&q->b);
	} else if (q->sent > SENT_MAX) {
		buf_consume(&q->b, q->sent);
		q->sent = 0;
	}
}

static void
queue_drop(struct queue *q)
{
	buf_release(&q->b);
	q->sent = 0;
}

static void
watch(struct output *out, int op, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	/* Regular files are refused, and never have to be waited for. */
	(void)epoll_ctl(out->set, op, fd, &e);
}

struct output *
output_new(enum output_policy policy)
{
	struct output *out;
	int error;

	out = calloc(1, sizeof(*out));
	if (out == NULL)
		return NULL;
	out->policy = policy;
	out->timer_ms = INT64_MAX;
	out->dice = (uint64_t)clock_mono_ms() ^ (uint64_t)getpid() << 32 ^ 1;
	notice_init(&out->notices);
	buf_init(&out->queue.b, STDOUT_UNREAD_MAX + SENT_MAX);
	out->set = epoll_create1(EPOLL_CLOEXEC);
	out->timer =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (out->set == -1 || out->timer == -1) {
		error = errno;
		if (out->set != -1)
			(void)close(out->set);
		if (out->timer != -1)
			(void)close(out->timer);
		free(out);
		errno = error;
		return NULL;
	}
	watch(out, EPOLL_CTL_ADD, out->timer, EPOLLIN);
	return out;
}

int
output_fd(const struct output *out)
{
	return out->set;
}

uint64_t
output_connects(const struct output *out)
{
	return out->connects;
}

const char *
output_notice(struct output *out)
{
	return notice_next(&out->notices);
}

size_t
output_pending(const struct output *out)
{
	size_t i, n = queued(&out->queue);

	for (i = 0; i < out->ntargets; i++)
		n += queued(&out->targets[i]->queue);
	return n;
}

/* Three quarters to five quarters of ms: no two stages knock in step. */
static int64_t
jitter(struct output *out, int ms)
{
	out->dice ^= out->dice << 13;
	out->dice ^= out->dice >> 7;
	out->dice ^= out->dice << 17;
	return ms - ms / 4 + (int64_t)(out->dice % ((uint64_t)ms / 2 + 1));
}

static void
try_later(struct output *out, struct target *t, int64_t now)
{
	t->retry_ms = now + jitter(out, t->backoff_ms);
	t->backoff_ms *= 2;
	if (t->backoff_ms > BACKOFF_MAX_MS)
		t->backoff_ms = BACKOFF_MAX_MS;
}

/* The timer wakes us for the target that is due first. */
static void
set_timer(struct output *out)
{
	struct itimerspec when = { .it_value = { 0, 0 } };
	int64_t first = INT64_MAX;
	size_t i;

	for (i = 0; i < out->ntargets; i++)
		if (out->targets[i]->fd == -1 &&
		    out->targets[i]->retry_ms < first)
			first = out->targets[i]->retry_ms;
	if (first == out->timer_ms)
		return;
	out->timer_ms = first;
	if (first != INT64_MAX) {
		when.it_value.tv_sec = first / 1000;
		when.it_value.tv_nsec = first % 1000 * 1000000 + 1;
	}
	/* Setting it also takes back that it has rung. */
	(void)timerfd_settime(out->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void
disconnect(struct output *out, struct target *t)
{
	int64_t now = clock_mono_ms();

	(void)close(t->fd);
	t->fd = -1;
	t->watches_out = 0;
	queue_drop(&t->queue);
	t->told = 1;
	if (now - t->up_ms >= GOOD_LIFE_MS)
		t->backoff_ms = BACKOFF_MIN_MS;
	try_later(out, t, now);
}

static void
connect_target(struct output *out, struct target *t, int64_t now)
{
	t->fd = socket_connect(t->path);
	if (t->fd == -1) {
		if (!t->told)
			notice_add(&out->notices,
			    "unable to connect to unix:%s: %s: retrying",
			    t->path, strerror(errno));
		t->told = 1;
		try_later(out, t, now);
		return;
	}
	t->told = 0;
	t->up_ms = now;
	out->connects++;
	watch(out, EPOLL_CTL_ADD, t->fd, EPOLLRDHUP);
	notice_add(&out->notices, "connected to unix:%s", t->path);
}

static void
connect_due(struct output *out)
{
	int64_t now = clock_mono_ms();
	size_t i;

	for (i = 0; i < out->ntargets; i++)
		if (out->targets[i]->fd == -1 &&
		    out->targets[i]->retry_ms <= now)
			connect_target(out, out->targets[i], now);
	set_timer(out);
}

/*
 * Send what the socket takes of p; the number of bytes, or -1 after the
 * connection was lost.
 */
static ssize_t
send_some(struct output *out, struct target *t, const char *p, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = send(
		    t->fd, p + done, len - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
			break;
		notice_add(&out->notices, "lost unix:%s: %s: reconnecting",
		    t->path, strerror(errno));
		disconnect(out, t);
		return -1;
	}
	return (ssize_t)done;
}

static void
want_out(struct output *out, struct target *t)
{
	int want = queued(&t->queue) > 0;

	if (want == t->watches_out)
		return;
	t->watches_out = want;
	watch(out, EPOLL_CTL_MOD, t->fd,
	    EPOLLRDHUP | (want ? (uint32_t)EPOLLOUT : 0));
}

static void
write_target(
    struct output *out, struct target *t, const char *lines, size_t len)
{
	ssize_t n = 0;

	if (t->fd == -1)
		return;
	if (queued(&t->queue) == 0) {
		n = send_some(out, t, lines, len);
		if (n == -1)
			return;
	}
	lines += n;
	len -= (size_t)n;
	if (queued(&t->queue) + len > PEER_UNREAD_MAX) {
		notice_add(&out->notices,
		    "cut off unix:%s: more than %u MiB unread", t->path,
		    PEER_UNREAD_MAX >> 20);
		disconnect(out, t);
		return;
	}
	buf_put(&t->queue.b, lines, len);
	want_out(out, t);
}

static void
flush_target(struct output *out, struct target *t)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLRDHUP };
	ssize_t n;

	if (t->fd == -1)
		return;
	if (poll(&pfd, 1, 0) == 1 &&
	    pfd.revents & (POLLRDHUP | POLLHUP | POLLERR)) {
		notice_add(&out->notices,
		    "lost unix:%s: the peer has closed: reconnecting", t->path);
		disconnect(out, t);
		return;
	}
	if (queued(&t->queue) == 0)
		return;
	n = send_some(out, t, t->queue.b.p + t->queue.sent, queued(&t->queue));
	if (n == -1)
		return;
	queue_sent(&t->queue, (size_t)n);
	want_out(out, t);
}

int
output_ready(struct output *out)
{
	int ready = out->has_stdout;

	for (size_t i = 0; i < out->ntargets; i++) {
		flush_target(out, out->targets[i]);
		ready |= out->targets[i]->fd != -1;
	}
	set_timer(out);
	return ready;
}

/*
 * One write to standard output that does not wait: its bytes, 0 where it
 * would, -1 with errno.  The descriptor may block, and stays as it came
 * (F97); a pipe that poll calls writable takes PIPE_BUF bytes.
 */
static ssize_t
try_stdout(const struct output *out, const char *p, size_t len)
{
	ssize_t n = out->is_socket ? 1 : endpoint_ready(STDOUT_FILENO, POLLOUT);

	if (n != 1)
		return n;
	/* A file is never waited for: what an interrupt leaves would stay. */
	do
		n = out->is_socket
		    ? send(STDOUT_FILENO, p, len, MSG_DONTWAIT | MSG_NOSIGNAL)
		    : write(STDOUT_FILENO, p, len < PIPE_BUF ? len : PIPE_BUF);
	while (n == -1 && errno == EINTR);
	return n == -1 && errno == EAGAIN ? 0 : n;
}

/* For good: what waits is dropped, and the descriptor not waited for. */
static int
stdout_failed(struct output *out, int error)
{
	if (out->error == 0)
		watch(out, EPOLL_CTL_DEL, STDOUT_FILENO, 0);
	out->error = error;
	queue_drop(&out->queue);
	errno = error;
	return -1;
}

/* All of it, however long that takes. */
static int
block_on_stdout(struct output *out, const char *p, size_t len)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t n;

	while (len > 0) {
		n = write(STDOUT_FILENO, p, len);
		if (n == -1 && errno == EAGAIN)
			(void)poll(&pfd, 1, -1);
		else if (n == -1 && errno != EINTR)
			return stdout_failed(out, errno);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static void
want_stdout(struct output *out)
{
	int want = queued(&out->queue) > 0;

	if (want == out->watches_out)
		return;
	out->watches_out = want;
	watch(out, EPOLL_CTL_MOD, STDOUT_FILENO, want ? (uint32_t)EPOLLOUT : 0);
}

static int
flush_stdout(struct output *out)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO };
	ssize_t n;

	if (!out->has_stdout)
		return 0;
	if (out->error != 0)
		return stdout_failed(out, out->error);
	/* The reader may have gone while nothing was written. */
	if (poll(&pfd, 1, 0) == 1 && pfd.revents & (POLLERR | POLLHUP))
		return stdout_failed(out, EPIPE);
	while (queued(&out->queue) > 0) {
		n = try_stdout(
		    out, out->queue.b.p + out->queue.sent, queued(&out->queue));
		if (n == -1)
			return stdout_failed(out, errno);
		if (n == 0)
			break;
		queue_sent(&out->queue, (size_t)n);
	}
	want_stdout(out);
	return 0;
}

static int
write_stdout(struct output *out, const char *lines, size_t len)
{
	ssize_t n;

	if (!out->has_stdout)
		return 0;
	if (out->error != 0)
		return stdout_failed(out, out->error);
	if (out->policy == OUTPUT_BLOCK)
		return block_on_stdout(out, lines, len);
	while (len > 0 && queued(&out->queue) == 0) {
		n = try_stdout(out, lines, len);
		if (n == -1)
			return stdout_failed(out, errno);
		if (n == 0)
			break;
		lines += n;
		len -= (size_t)n;
	}
	if (len > 0) {
		if (queued(&out->queue) + len > STDOUT_UNREAD_MAX)
			return stdout_failed(out, ENOBUFS);
		buf_put(&out->queue.b, lines, len);
	}
	want_stdout(out);
	return 0;
}

static int
add_stdout(struct output *out, char *err, size_t size)
{
	struct stat st;

	if (out->has_stdout) {
		(void)snprintf(err, size, "standard output is given twice");
		return -1;
	}
	if (fstat(STDOUT_FILENO, &st) == -1) {
		(void)snprintf(
		    err, size, "standard output: %s", strerror(errno));
		return -1;
	}
	out->has_stdout = 1;
	out->is_socket = S_ISSOCK(st.st_mode);
	watch(out, EPOLL_CTL_ADD, STDOUT_FILENO, 0);
	return 0;
}

int
output_add(struct output *out, const char *endpoint, char *err, size_t size)
{
	const char *path;
	struct target *t;
	size_t i;

	if (strcmp(endpoint, "-") == 0)
		return add_stdout(out, err, size);
	path = endpoint_path(endpoint, err, size);
	if (path == NULL)
		return -1;
	for (i = 0; i < out->ntargets; i++)
		if (strcmp(out->targets[i]->path, path) == 0) {
			(void)snprintf(err, size,
			    "endpoint '%s' is given twice", endpoint);
			return -1;
		}
	t = calloc(1, sizeof(*t));
	if (t == NULL || out->ntargets == TARGETS_MAX) {
		(void)snprintf(err, size, "%s",
		    t == NULL ? strerror(errno) : "too many outputs");
		free(t);
		return -1;
	}
	memcpy(t->path, path, strlen(path) + 1);
	t->fd = -1;
	t->backoff_ms = BACKOFF_MIN_MS;
	buf_init(&t->queue.b, PEER_UNREAD_MAX + SENT_MAX);
	out->targets[out->ntargets++] = t;
	connect_due(out);
	return 0;
}

int
output_write(struct output *out, const char *lines, size_t len)
{
	size_t i;

	connect_due(out);
	for (i = 0; i < out->ntargets; i++)
		write_target(out, out->targets[i], lines, len);
	set_timer(out);
	/* Last, for it may wait. */
	return write_stdout(out, lines, len);
}

int
output_flush(struct output *out)
{
	size_t i;

	for (i = 0; i < out->ntargets; i++)
		flush_target(out, out->targets[i]);
	connect_due(out);
	return flush_stdout(out);
}

static void
free_targets(struct output *out)
{
	struct target *t;

	while (out->ntargets > 0) {
		t = out->targets[--out->ntargets];
		if (t->fd != -1)
			(void)close(t->fd);
		queue_drop(&t->queue);
		free(t);
	}
}

/* Some file systems tell of a failed write when the file is closed. */
static int
close_stdout(void)
{
	int fd;

	fd = dup(STDOUT_FILENO);
	return fd == -1 ? -1 : close(fd);
}

int
output_close(struct output *out, int timeout_ms)
{
	int64_t left, until = clock_mono_ms() + timeout_ms;
	struct pollfd pfd = { .fd = out->set, .events = POLLIN };
	int rc;

	for (;;) {
		rc = output_flush(out);
		left = until - clock_mono_ms();
		if (output_pending(out) == 0 || left <= 0)
			break;
		(void)poll(&pfd, 1, left < 100 ? (int)left : 100);
	}
	if (rc == 0 && queued(&out->queue) > 0)
		rc = stdout_failed(out, ETIMEDOUT);
	if (rc == 0 && out->has_stdout && close_stdout() == -1)
		rc = stdout_failed(out, errno);
	free_targets(out);
	(void)close(out->timer);
	(void)close(out->set);
	queue_drop(&out->queue);
	notice_release(&out->notices);
	if (rc == -1)
		errno = out->error;
	free(out);
	return rc;
}
