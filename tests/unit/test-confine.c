/*
 * What a confined process is refused, and what it must still be able to do.
 * Each attempt runs in a child that confines itself first, as a stage does.
 *
 * Not tested: a kernel without Landlock or seccomp (the rows are then said to
 * be skipped), another machine than this one, calls by another machine's
 * numbers (they kill).
 */
#include "common/confine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/sanitized.h"
#include "tests/unit/scratch.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static char dir[SCRATCH_SIZE];	       /* in it: state, other */
static uint16_t open_port, other_port; /* both have a listener */
static struct confined had;	       /* what this kernel has */

/* A listener of this process, which its children may connect to. */
static uint16_t
listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 16) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		return 0;
	return ntohs(a.sin_port);
}

/* 0, or the errno of a result of -1. */
static int
said(long rc)
{
	return rc == -1 ? errno : 0;
}

static int
try_open(const char *path, int flags)
{
	return said(open(path, flags | O_CLOEXEC, 0600));
}

/* ---- files ---- */

static int
read_outside(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}
static int
read_beside(void)
{
	return try_open("other/secret", O_RDONLY);
}
static int
list_outside(void)
{
	return try_open("other", O_RDONLY | O_DIRECTORY);
}
static int
write_beside(void)
{
	return try_open("other/secret", O_WRONLY);
}
static int
make_beside(void)
{
	return try_open("other/new", O_WRONLY | O_CREAT);
}
static int
truncate_beside(void)
{
	return said(truncate("other/secret", 0));
}
static int
unlink_beside(void)
{
	return said(unlink("other/secret"));
}
static int
link_out(void)
{
	return said(link("state/data", "other/link"));
}
static int
make_folder(void)
{
	return said(mkdir("state/folder", 0700));
}
static int
make_link(void)
{
	return said(symlink("/etc/passwd", "state/link"));
}
static int
unlink_in_state(void)
{
	return said(unlink("state/data"));
}
static int
replace_in_state(void)
{
	return said(rename("state/data", "state/other"));
}
static int
use_state(void)
{
	return try_open("state/data", O_RDWR);
}
static int
make_in_state(void)
{
	return try_open("state/new", O_RDWR | O_CREAT);
}
static int
chmod_ours(void)
{
	return said(chmod("other/secret", 0666));
}
static int
chown_ours(void)
{
	return said(chown("other/secret", (uid_t)-1, getegid()));
}

/* ---- network ---- */

static int
try_socket(int domain, int type, int protocol)
{
	return said(socket(domain, type, protocol));
}

static int
try_connect(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1)
		return errno;
	return said(connect(fd, (struct sockaddr *)&a, sizeof(a)));
}
static int
connect_open(void)
{
	return try_connect(open_port);
}
static int
connect_other(void)
{
	return try_connect(other_port);
}
static int
bind_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1)
		return errno;
	return said(bind(fd, (struct sockaddr *)&a, sizeof(a)));
}
static int
socket_unix(void)
{
	return try_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
static int
socket_inet(void)
{
	return try_socket(AF_INET, SOCK_STREAM, 0);
}
static int
socket_inet6(void)
{
	return try_socket(AF_INET6, SOCK_STREAM, 0);
}
static int
socket_udp(void)
{
	return try_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
}
static int
socket_netlink(void)
{
	return try_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}
static int
socket_mptcp(void)
{
	return try_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}
static int
socket_raw(void)
{
	return try_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
static int
socket_packet(void)
{
	return try_socket(AF_PACKET, SOCK_RAW, 0);
}
static int
socket_crypto(void)
{
	return try_socket(AF_ALG, SOCK_SEQPACKET, 0);
}
static int
resolve(void)
{
	struct addrinfo *list;

	if (getaddrinfo("localhost", "443", NULL, &list) != 0)
		return EHOSTUNREACH;
	freeaddrinfo(list);
	return 0;
}
/* The test listens there, in the namespace that has no folder. */
static struct sockaddr_un
abstract_address(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s", dir);
	return a;
}
static int
connect_abstract(void)
{
	struct sockaddr_un a = abstract_address();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return said(connect(fd, (struct sockaddr *)&a, sizeof(a)));
}

/* ---- processes, memory, the kernel ---- */

#ifndef SANITIZED
static int
exec_shell(void)
{
	char *const argv[] = { (char[]){ "sh" }, NULL };

	return said(execv("/bin/sh", argv));
}
static int
fork_one(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return said(pid);
}
static int
trace_parent(void)
{
	return said(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}
#endif
static int
read_parent(void)
{
	char c;
	struct iovec here = { &c, 1 }, there = { &open_port, 1 };

	return said(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}
static int
signal_parent(void)
{
	return said(kill(getppid(), 0));
}
static int
signal_self(void)
{
	return said(kill(getpid(), 0));
}
static void *
from_thread(void *arg)
{
	int *got = arg;

	*got = read_beside();
	if (*got == EACCES)
		*got = try_socket(AF_PACKET, SOCK_RAW, 0);
	return NULL;
}
static int
in_a_thread(void)
{
	pthread_t t;
	int got = 0, rc = pthread_create(&t, NULL, from_thread, &got);

	return rc != 0 ? rc : pthread_join(t, NULL) != 0 ? EDEADLK : got;
}
static int
code_of_data(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return said(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int
code_that_changes(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}
static int
code_of_library(void)
{
	int fd = open("state/data", O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return p == MAP_FAILED ? errno : 0;
}
static int
type_on_terminal(void)
{
	return said(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}
static int
new_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : EPERM;
}
static int
capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct c[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, c) == -1)
		return errno;
	return c[0].effective | c[0].permitted | c[1].effective | c[1].permitted
	    ? EPERM
	    : 0;
}
static int
call_of_tomorrow(void)
{
	return said(syscall(452, AT_FDCWD, "other/secret", 0666, 0));
}
#define CALL(name, ...)                                                        \
	static int call_##name(void)                                           \
	{                                                                      \
		return said(syscall(SYS_##name, __VA_ARGS__));                 \
	}
CALL(mount, "none", "state", "tmpfs", 0, NULL)
CALL(unshare, CLONE_NEWUSER)
CALL(setns, -1, 0)
CALL(chroot, "state")
CALL(bpf, 0, NULL, 0)
CALL(keyctl, 0, 0, 0, 0, 0)
CALL(perf_event_open, NULL, 0, 0, 0, 0)
CALL(init_module, NULL, 0, "")
CALL(kexec_load, 0, 0, NULL, 0)
CALL(io_uring_setup, 1, NULL)
CALL(userfaultfd, 0)
CALL(setuid, 0)
CALL(memfd_create, "x", 0)
CALL(clock_settime, 0, NULL)
CALL(reboot, 0, 0, 0, NULL)

/* ---- the table ---- */

enum needs { ANY, LANDLOCK, PORTS, SIGNALS, SECCOMP };

static const struct attempt {
	const char *what;
	int (*make)(void);
	enum confine_net net;
	int want; /* errno, 0: it works */
	enum needs needs;
} attempts[] = {
	{ "no new privileges", new_privileges, CONFINE_LOCAL, 0, ANY },
	{ "no capability", capabilities, CONFINE_CLIENT, 0, ANY },

	{ "use the state", use_state, CONFINE_LOCAL, 0, ANY },
	{ "make a file there", make_in_state, CONFINE_LOCAL, 0, ANY },
	{ "read /etc", read_outside, CONFINE_LOCAL, EACCES, LANDLOCK },
	{ "read beside", read_beside, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "list beside", list_outside, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "write beside", write_beside, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "make beside", make_beside, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "truncate", truncate_beside, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "unlink beside", unlink_beside, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "link out", link_out, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "make a folder", make_folder, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "make a link", make_link, CONFINE_PORTS, EACCES, LANDLOCK },
	{ "unlink the state", unlink_in_state, CONFINE_LOCAL, EACCES,
	    LANDLOCK },
	{ "replace the state", replace_in_state, CONFINE_LOCAL, EACCES,
	    LANDLOCK },
	{ "chmod", chmod_ours, CONFINE_LOCAL, EPERM, SECCOMP },
	{ "chown", chown_ours, CONFINE_LOCAL, EPERM, SECCOMP },

	{ "unix socket", socket_unix, CONFINE_LOCAL, 0, ANY },
	{ "internet alone", socket_inet, CONFINE_LOCAL, EPERM, SECCOMP },
	{ "internet 6 alone", socket_inet6, CONFINE_LOCAL, EPERM, SECCOMP },
	{ "netlink alone", socket_netlink, CONFINE_LOCAL, EPERM, SECCOMP },
	{ "internet", socket_inet, CONFINE_PORTS, 0, ANY },
	{ "internet 6", socket_inet6, CONFINE_PORTS, 0, ANY },
	{ "udp", socket_udp, CONFINE_PORTS, 0, ANY },
	{ "netlink", socket_netlink, CONFINE_PORTS, 0, ANY },
	{ "a name", resolve, CONFINE_PORTS, 0, ANY },
	{ "mptcp", socket_mptcp, CONFINE_PORTS, EPERM, SECCOMP },
	{ "raw", socket_raw, CONFINE_PORTS, EPERM, SECCOMP },
	{ "packets", socket_packet, CONFINE_PORTS, EPERM, SECCOMP },
	{ "kernel crypto", socket_crypto, CONFINE_PORTS, EPERM, SECCOMP },
	{ "its port", connect_open, CONFINE_PORTS, 0, ANY },
	{ "another port", connect_other, CONFINE_PORTS, EACCES, PORTS },
	{ "any port", connect_other, CONFINE_CLIENT, 0, ANY },
	{ "bind", bind_tcp, CONFINE_PORTS, EACCES, PORTS },
	{ "bind as client", bind_tcp, CONFINE_CLIENT, EACCES, PORTS },
	{ "abstract", connect_abstract, CONFINE_CLIENT, EPERM, SIGNALS },

#ifndef SANITIZED
	{ "exec", exec_shell, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "fork", fork_one, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "trace", trace_parent, CONFINE_CLIENT, EPERM, SECCOMP },
#endif
	{ "read memory", read_parent, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "signal", signal_parent, CONFINE_CLIENT, EPERM, SIGNALS },
	{ "signal oneself", signal_self, CONFINE_CLIENT, 0, ANY },
	{ "thread", in_a_thread, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "code of data", code_of_data, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "code that changes", code_that_changes, CONFINE_CLIENT, EPERM,
	    SECCOMP },
	{ "code of a library", code_of_library, CONFINE_CLIENT, 0, ANY },
	{ "terminal", type_on_terminal, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "a later call", call_of_tomorrow, CONFINE_CLIENT, ENOSYS, SECCOMP },
	{ "mount", call_mount, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "unshare", call_unshare, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "setns", call_setns, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "chroot", call_chroot, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "bpf", call_bpf, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "keyctl", call_keyctl, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "perf", call_perf_event_open, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "module", call_init_module, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "kexec", call_kexec_load, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "io_uring", call_io_uring_setup, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "userfaultfd", call_userfaultfd, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "setuid", call_setuid, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "memfd", call_memfd_create, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "clock", call_clock_settime, CONFINE_CLIENT, EPERM, SECCOMP },
	{ "reboot", call_reboot, CONFINE_CLIENT, EPERM, SECCOMP },
};

static int
confine_as(enum confine_net net, unsigned access, struct confined *done)
{
	struct confine c = { .net = net, .ports = { open_port }, .nports = 1 };
	char why[256];

	confine_path(&c, "state", access);
	/* What stages that resolve names may read. */
	if (net != CONFINE_LOCAL)
		confine_path(&c, "/etc", CONFINE_READ);
	if (confine(&c, done, why, sizeof(why)) == 0)
		return 0;
	(void)fprintf(stderr, "%s\n", why);
	return -1;
}

/* The errno that a confined child meets; 255 where it could not begin. */
static int
child(const struct attempt *a, unsigned access)
{
	struct confined done;
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(
		    confine_as(a->net, access, &done) == -1 ? 255 : a->make());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("%s: signal %d", a->what, WTERMSIG(status));
	return WEXITSTATUS(status);
}

static int
has(enum needs needs)
{
	switch (needs) {
	case LANDLOCK:
		return had.landlock >= 3;
	case PORTS:
		return had.landlock >= 4;
	case SIGNALS:
		return had.landlock >= 6;
	case SECCOMP:
		return had.seccomp;
	case ANY:
		break;
	}
	return 1;
}

static void
test_attempts(void **state)
{
	const struct attempt *a;
	size_t i, skipped = 0, bad = 0;
	int got;

	(void)state;
	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		a = &attempts[i];
		if (!has(a->needs)) {
			print_message("skipped: %s: this kernel has Landlock "
				      "%d, seccomp %d\n",
			    a->what, had.landlock, had.seccomp);
			skipped++;
			continue;
		}
		got = child(a, CONFINE_READ | CONFINE_WRITE);
		if (got == a->want)
			continue;
		bad++;
		print_message("%s: %s, expected %s\n", a->what, strerror(got),
		    strerror(a->want));
	}
	assert_int_equal(bad, 0);
	print_message("%zu attempts, %zu skipped\n", i, skipped);
}

/* What was not named cannot be done: each kind of access is one of its own. */
static void
test_access(void **state)
{
	static const struct attempt use = { "use", use_state, CONFINE_LOCAL, 0,
		ANY },
				    make = { "make", make_in_state,
					    CONFINE_LOCAL, 0, ANY },
				    gone = { "unlink", unlink_in_state,
					    CONFINE_LOCAL, 0, ANY };

	(void)state;
	if (!has(LANDLOCK)) {
		print_message("skipped: this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(child(&use, CONFINE_READ), EACCES);
	assert_int_equal(child(&make, CONFINE_READ), EACCES);
	assert_int_equal(child(&gone, CONFINE_READ | CONFINE_REMOVE), 0);
}

/* A child that may read that file, and is stopped before it does. */
static pid_t
start_reader(const char *path)
{
	struct confine c = { .net = CONFINE_LOCAL };
	struct confined done;
	char why[256];
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		confine_file(&c, path);
		if (confine(&c, &done, why, sizeof(why)) == -1)
			_exit(255);
		(void)kill(getpid(), SIGSTOP);
		_exit(try_open(path, O_RDONLY) +
		    (has(LANDLOCK) && read_beside() != EACCES ? 200 : 0));
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

/* It goes on: the errno that it meets. */
static int
reads(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/*
 * A file that is renewed by a rename, or by a link that points elsewhere in the
 * file's own folder, is read again.
 */
static void
test_renewed(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(mkdir("keys", 0700), 0);
	assert_int_equal(mkdir("archive", 0700), 0);
	assert_int_equal(try_open("archive/1.pem", O_CREAT | O_WRONLY), 0);
	assert_int_equal(symlink("../archive/1.pem", "keys/cert.pem"), 0);
	pid = start_reader("keys/cert.pem");
	assert_int_equal(try_open("archive/2.pem", O_CREAT | O_WRONLY), 0);
	assert_int_equal(symlink("../archive/2.pem", "keys/new"), 0);
	assert_int_equal(rename("keys/new", "keys/cert.pem"), 0);
	assert_int_equal(reads(pid), 0);
}

/* So is one whose folders are made later, as /etc/resolv.conf at boot. */
static void
test_made_later(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(mkdir("etc", 0700), 0);
	assert_int_equal(mkdir("run", 0700), 0);
	assert_int_equal(symlink("../run/a/b/resolv.conf", "etc/resolv"), 0);
	pid = start_reader("etc/resolv");
	assert_int_equal(mkdir("run/a", 0700), 0);
	assert_int_equal(mkdir("run/a/b", 0700), 0);
	assert_int_equal(
	    try_open("run/a/b/resolv.conf", O_CREAT | O_WRONLY), 0);
	assert_int_equal(reads(pid), 0);
	/* But not all there is. */
	assert_int_equal(symlink("/no-such-folder/resolv", "etc/astray"), 0);
	assert_int_equal(reads(start_reader("etc/astray")), ENOENT);
}

/* What cannot be named must not be taken for confined. */
static void
test_too_many(void **state)
{
	struct confine c = { .net = CONFINE_LOCAL };
	struct confined done;
	char why[256] = "";

	(void)state;
	confine_path(&c, "not/there", CONFINE_READ);
	assert_int_equal(c.npaths, 0);
	for (int i = 0; i <= CONFINE_PATHS_MAX; i++)
		confine_path(&c, "state", CONFINE_READ);
	assert_int_equal(confine(&c, &done, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "unable to name what may be opened"));
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

static int
setup(void **state)
{
	struct sockaddr_un a;
	int fd, pipes[2];

	(void)state;
	scratch_make(dir, "confine");
	if (chdir(dir) == -1 || mkdir("state", 0700) == -1 ||
	    mkdir("other", 0700) == -1 ||
	    try_open("state/data", O_CREAT | O_WRONLY) != 0 ||
	    try_open("other/secret", O_CREAT | O_WRONLY) != 0)
		return -1;
	open_port = listen_somewhere();
	other_port = listen_somewhere();
	a = abstract_address();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (open_port == 0 || other_port == 0 || fd == -1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 16) == -1 || pipe(pipes) == -1)
		return -1;
	/* A child finds out what the kernel has: there is no way back. */
	if (fork() == 0) {
		if (confine_as(CONFINE_LOCAL, 0, &had) == -1)
			_exit(1);
		_exit(write(pipes[1], &had, sizeof(had)) != sizeof(had));
	}
	(void)close(pipes[1]);
	return read(pipes[0], &had, sizeof(had)) == sizeof(had) ? 0 : -1;
}

static int
teardown(void **state)
{

	(void)state;
	if (chdir("/") == -1)
		return -1;
	return scratch_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_renewed),
		cmocka_unit_test(test_made_later),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_access),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
