#include "common/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/endpoint_internal.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/line.h"

/* Reads for one call of input_next: who sends no newline waits, too. */
#define READS_MAX 64

/* Lines given before the other peers are looked at again. */
#define LINES_BETWEEN_LOOKS 64

struct peer {
	int fd;
	int readable; /* as the last look, or the last read, said */
	uint64_t id;
	struct line_reader lines;
};

struct input {
	int fd; /* standard input, or the epoll set; -1 after the end */
	int listening;
	struct line_reader lines; /* of standard input */
	struct listener listener;
	int spare; /* given up to refuse a peer when descriptors run out */
	struct peer *peers[PEERS_MAX];
	size_t npeers;
	size_t turn; /* whose line is next */
	unsigned since_look;
	uint64_t ever;
	struct notices notices;
};

static void
peer_free(struct peer *p)
{
	(void)close(p->fd);
	line_release(&p->lines);
	free(p);
}

static int
watch(int set, int fd, uint32_t events, void *ptr)
{
	struct epoll_event e = { .events = events, .data.ptr = ptr };

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

struct input *
input_open(const char *endpoint, char *err, size_t size)
{
	const char *path = NULL;
	struct input *in;

	if (strcmp(endpoint, "-") != 0) {
		path = endpoint_path(endpoint, err, size);
		if (path == NULL)
			return NULL;
	}
	in = calloc(1, sizeof(*in));
	if (in == NULL) {
		(void)snprintf(err, size, "%s", strerror(errno));
		return NULL;
	}
	notice_init(&in->notices);
	line_init(&in->lines, LINE_SIZE_MAX);
	in->fd = STDIN_FILENO;
	in->spare = -1;
	in->listener.fd = -1;
	if (path == NULL)
		return in;

	in->listening = 1;
	in->fd = epoll_create1(EPOLL_CLOEXEC);
	in->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (in->fd == -1 || in->spare == -1) {
		(void)snprintf(err, size, "unable to listen on %s: %s",
		    endpoint, strerror(errno));
		goto fail;
	}
	if (listener_open(&in->listener, path, err, size) == -1)
		goto fail;
	if (watch(in->fd, in->listener.fd, EPOLLIN, NULL) == -1) {
		(void)snprintf(err, size, "unable to listen on %s: %s",
		    endpoint, strerror(errno));
		goto fail;
	}
	return in;
fail:
	input_close(in);
	return NULL;
}

void
input_close(struct input *in)
{
	size_t i;

	if (in == NULL)
		return;
	for (i = 0; i < in->npeers; i++)
		peer_free(in->peers[i]);
	listener_close(&in->listener);
	if (in->spare != -1)
		(void)close(in->spare);
	if (in->listening && in->fd != -1)
		(void)close(in->fd);
	line_release(&in->lines);
	notice_release(&in->notices);
	free(in);
}

int
input_fd(const struct input *in)
{
	return in->fd;
}

size_t
input_peers(const struct input *in)
{
	return in->npeers;
}

uint64_t
input_peers_ever(const struct input *in)
{
	return in->ever;
}

const char *
input_notice(struct input *in)
{
	return notice_next(&in->notices);
}

/* A last piece without a newline: is it all there? */
static int
is_whole_object(char *text, size_t len)
{
	struct json_doc *doc = json_new();
	const struct json *v = json_parse(doc, text, len);
	int whole;

	whole = v != NULL && json_type(v) == JSON_OBJECT;
	json_free(doc);
	return whole;
}

static void
name_line(struct input_line *l, const struct peer *p, uint64_t number)
{
	if (p == NULL)
		(void)snprintf(l->from, sizeof(l->from), "line %llu",
		    (unsigned long long)number);
	else
		(void)snprintf(l->from, sizeof(l->from), "peer %llu line %llu",
		    (unsigned long long)p->id, (unsigned long long)number);
}

/*
 * The next line of a stream as far as it was read.  INPUT_WAIT: read more.
 * p is NULL for standard input.
 */
static enum input_status
take_line(struct line_reader *r, const struct peer *p, struct input_line *l)
{
	enum line_status st;

	l->text = NULL;
	l->len = 0;
	l->why = NULL;
	st = line_next(r, &l->text, &l->len);
	name_line(l, p, r->number);
	switch (st) {
	case LINE_OK:
		return INPUT_LINE;
	case LINE_LONG:
		l->why = "longer than 4 MiB";
		return INPUT_SKIP;
	case LINE_TAIL:
		if (is_whole_object(l->text, l->len))
			return INPUT_LINE;
		l->why = "the stream ended inside this line";
		return p == NULL ? INPUT_CUT : INPUT_SKIP;
	case LINE_END:
		return INPUT_END;
	case LINE_MORE:
		break;
	}
	return INPUT_WAIT;
}

static enum input_status
next_of_stdin(struct input *in, struct input_line *l)
{
	enum input_status st;
	int reads, ready;
	long n;

	for (reads = 0;; reads++) {
		st = take_line(&in->lines, NULL, l);
		if (st == INPUT_END)
			in->fd = -1;
		if (st != INPUT_WAIT || reads == READS_MAX)
			return st;
		/* The descriptor may block, and stays as it came (F97). */
		ready = endpoint_ready(STDIN_FILENO, POLLIN);
		if (ready != 1)
			return ready == 0 ? INPUT_WAIT : INPUT_FAIL;
		n = line_fill(&in->lines, STDIN_FILENO);
		if (n == -1 && errno == EAGAIN)
			return INPUT_WAIT;
		if (n == -1 && errno != EINTR)
			return INPUT_FAIL;
	}
}

static void
refuse(struct input *in, int fd, const char *why)
{
	notice_add(&in->notices, "refused a peer of unix:%s: %s",
	    in->listener.path, why);
	(void)close(fd);
}

static void
admit(struct input *in, int fd)
{
	char why[64];
	struct peer *p;
	uid_t uid;

	if (!listener_allows(&in->listener, fd, &uid)) {
		(void)snprintf(why, sizeof(why), "it runs as uid %ld",
		    uid == (uid_t)-1 ? -1L : (long)uid);
		refuse(in, fd, why);
		return;
	}
	if (in->npeers == PEERS_MAX) {
		(void)snprintf(why, sizeof(why), "%d are connected", PEERS_MAX);
		refuse(in, fd, why);
		return;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL || watch(in->fd, fd, EPOLLIN, p) == -1) {
		refuse(in, fd, strerror(errno));
		free(p);
		return;
	}
	p->fd = fd;
	p->id = ++in->ever;
	line_init(&p->lines, LINE_SIZE_MAX);
	in->peers[in->npeers++] = p;
}

static void
accept_peers(struct input *in)
{
	int fd;

	for (;;) {
		fd = accept4(
		    in->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd != -1) {
			admit(in, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if ((errno != EMFILE && errno != ENFILE) || in->spare == -1)
			return;
		/*
		 * Out of descriptors, and the peer would make the endpoint
		 * readable for ever (F41): let it in to turn it away.
		 */
		(void)close(in->spare);
		fd = accept4(in->listener.fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			refuse(in, fd, "out of descriptors");
		in->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			return;
	}
}

/* Who has something to read?  New peers come in. */
static void
look(struct input *in)
{
	struct epoll_event events[PEERS_MAX + 1];
	struct peer *p;
	int i, n;

	in->since_look = 0;
	n = epoll_wait(in->fd, events, PEERS_MAX + 1, 0);
	for (i = 0; i < n; i++) {
		p = events[i].data.ptr;
		if (p != NULL)
			p->readable = 1;
	}
	for (i = 0; i < n; i++)
		if (events[i].data.ptr == NULL)
			accept_peers(in);
}

static enum input_status
next_of_peer(struct peer *p, struct input_line *l)
{
	enum input_status st;
	int reads;
	long n;

	for (reads = 0;; reads++) {
		st = take_line(&p->lines, p, l);
		if (st != INPUT_WAIT || !p->readable || reads == READS_MAX)
			return st;
		n = line_fill(&p->lines, p->fd);
		if (n == -1 && errno == EAGAIN) {
			p->readable = 0;
			return INPUT_WAIT;
		}
		/* A connection that broke has ended like any other. */
		if (n == -1 && errno != EINTR)
			p->lines.ended = 1;
	}
}

static void
drop_peer(struct input *in, size_t i)
{
	peer_free(in->peers[i]);
	in->npeers--;
	memmove(&in->peers[i], &in->peers[i + 1],
	    (in->npeers - i) * sizeof(in->peers[0]));
	if (in->turn > i)
		in->turn--;
}

/* One round among the peers, beginning with the one whose turn it is. */
static enum input_status
next_in_turn(struct input *in, struct input_line *l)
{
	enum input_status st;
	size_t at, i = 0;

	while (i < in->npeers) {
		at = (in->turn + i) % in->npeers;
		st = next_of_peer(in->peers[at], l);
		if (st == INPUT_END) {
			drop_peer(in, at);
			continue;
		}
		if (st != INPUT_WAIT) {
			in->turn = (at + 1) % in->npeers;
			in->since_look++;
			return st;
		}
		i++;
	}
	return INPUT_WAIT;
}

enum input_status
input_next(struct input *in, struct input_line *l)
{
	enum input_status st = INPUT_WAIT;

	if (!in->listening)
		return next_of_stdin(in, l);
	if (in->since_look < LINES_BETWEEN_LOOKS)
		st = next_in_turn(in, l);
	if (st == INPUT_WAIT) {
		look(in);
		st = next_in_turn(in, l);
	}
	return st;
}
