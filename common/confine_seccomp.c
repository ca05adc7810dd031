/*
 * seccomp: a list of calls that none of the programs makes, nor any library
 * for them, and that help somebody who got in to get further.  A list of what
 * is allowed would be shorter-lived: the C library and OpenSSL take to new
 * calls, and what trader must do must not fail for that.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/confine_internal.h"
#include "common/sanitized.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define FOREIGN_CALLS 0x40000000u /* x32: the same calls by other numbers */
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH

static const int denied[] = {
/* Other programs, and other processes. */
#ifndef SANITIZED
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
#ifdef SYS_fork
	SYS_fork,
	SYS_vfork,
#endif
#endif
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_process_madvise,
	SYS_pidfd_getfd,
	SYS_kcmp,
	SYS_setns,
	SYS_unshare,
	/* The kernel's own doors, where many a hole was. */
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_add_key,
	SYS_keyctl,
	SYS_request_key,
	SYS_personality,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
#ifdef SYS_modify_ldt
	SYS_modify_ldt,
	SYS_iopl,
	SYS_ioperm,
#endif
	/* Other ways to code than by mmap and mprotect. */
	SYS_memfd_create,
	SYS_pkey_mprotect,
	SYS_shmat,
	/* The machine. */
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_acct,
	SYS_quotactl,
	SYS_syslog,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_vhangup,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_clock_adjtime,
	SYS_adjtimex,
	/* File systems, and what Landlock does not see. */
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_open_tree,
	SYS_move_mount,
	SYS_fsopen,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fspick,
	SYS_mount_setattr,
	SYS_fchown,
	SYS_fchownat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_setxattr,
	SYS_lsetxattr,
	SYS_fsetxattr,
	SYS_removexattr,
	SYS_lremovexattr,
	SYS_fremovexattr,
	SYS_utimensat,
	SYS_mknodat,
	SYS_fanotify_init,
#ifdef SYS_chmod
	SYS_chmod,
	SYS_chown,
	SYS_lchown,
	SYS_utime,
	SYS_utimes,
	SYS_futimesat,
	SYS_mknod,
#endif
	/* Who we are. */
	SYS_setuid,
	SYS_setgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_setgroups,
	SYS_capset,
};

/*
 * The last call that was looked at for this list, of Linux 6.5.  To a later
 * one the answer is that of an older kernel, which every library copes with.
 */
#define CALL_MAX 451

#define PROGRAM_MAX (2 * sizeof(denied) / sizeof(denied[0]) + 64)

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short len;
};

static void
put(struct program *p, struct sock_filter f)
{
	p->code[p->len++] = f;
}

static void
load(struct program *p, size_t offset)
{
	put(p,
	    (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void
answer(struct program *p, uint32_t action)
{
	put(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Go on with the next n instructions only where the test holds. */
static void
only_if(struct program *p, unsigned test, uint32_t k, uint8_t n)
{
	put(p,
	    (struct sock_filter)BPF_JUMP(
		(uint16_t)(BPF_JMP | test | BPF_K), k, 0, n));
}

/* The lower half of an argument: where the kernel takes an int, all of it. */
static void
load_arg(struct program *p, unsigned n)
{
	size_t offset = offsetof(struct seccomp_data, args) + 8 * (size_t)n;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	offset += 4;
#endif
	load(p, offset);
}

static void
deny(struct program *p)
{
	answer(p, SECCOMP_RET_ERRNO | EPERM);
}

static void
allow(struct program *p)
{
	answer(p, SECCOMP_RET_ALLOW);
}

/* Calls for another machine, or by other numbers, would be other calls. */
static void
check_machine(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	put(p,
	    (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	answer(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
#ifdef FOREIGN_CALLS
	only_if(p, BPF_JGE, FOREIGN_CALLS, 1);
	answer(p, SECCOMP_RET_KILL_PROCESS);
#endif
	only_if(p, BPF_JGT, CALL_MAX, 1);
	answer(p, SECCOMP_RET_ERRNO | ENOSYS);
}

/*
 * Unix sockets for all; for who asks names and connects, the internet's, and
 * netlink, by which the resolver learns of the machine's addresses.  Not
 * MPTCP and its like, which Landlock's ports do not hold back.
 */
static void
check_socket(struct program *p, enum confine_net net)
{
	only_if(p, BPF_JEQ, SYS_socket, net == CONFINE_LOCAL ? 4 : 13);
	load_arg(p, 0);
	only_if(p, BPF_JEQ, AF_UNIX, 1);
	allow(p);
	if (net == CONFINE_LOCAL) {
		deny(p);
		return;
	}
	only_if(p, BPF_JEQ, AF_NETLINK, 1);
	allow(p);
	put(p,
	    (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0));
	only_if(p, BPF_JEQ, AF_INET6, 5);
	load_arg(p, 2);
	put(p,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0));
	put(p,
	    (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0));
	only_if(p, BPF_JEQ, IPPROTO_UDP, 1);
	allow(p);
	deny(p);
}

/* Threads, but no children. */
static void
check_clone(struct program *p)
{
#ifndef SANITIZED
	only_if(p, BPF_JEQ, SYS_clone, 4);
	load_arg(p, 0);
	only_if(p, BPF_JSET, CLONE_THREAD, 1);
	allow(p);
	deny(p);
	/* Its flags lie in memory; the C library takes clone instead. */
	only_if(p, BPF_JEQ, SYS_clone3, 1);
	answer(p, SECCOMP_RET_ERRNO | ENOSYS);
#else
	(void)p;
#endif
}

/* No memory that is or becomes code, but for what is mapped from a library. */
static void
check_memory(struct program *p)
{
	only_if(p, BPF_JEQ, SYS_mprotect, 4);
	load_arg(p, 2);
	only_if(p, BPF_JSET, PROT_EXEC, 1);
	deny(p);
	allow(p);
	only_if(p, BPF_JEQ, SYS_mmap, 5);
	load_arg(p, 2);
	put(p,
	    (struct sock_filter)BPF_STMT(
		BPF_ALU | BPF_AND | BPF_K, PROT_EXEC | PROT_WRITE));
	only_if(p, BPF_JEQ, PROT_EXEC | PROT_WRITE, 1);
	deny(p);
	allow(p);
}

/* A terminal that we share must not be typed on. */
static void
check_ioctl(struct program *p)
{
	only_if(p, BPF_JEQ, SYS_ioctl, 4);
	load_arg(p, 1);
	only_if(p, BPF_JEQ, TIOCSTI, 1);
	deny(p);
	allow(p);
}

int
confine_seccomp(enum confine_net net, int *done, char *err, size_t size)
{
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;
	struct program p = { .len = 0 };
	struct sock_fprog prog;

	*done = 0;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == -1)
		return 0;
	check_machine(&p);
	check_socket(&p, net);
	check_clone(&p);
	check_memory(&p);
	check_ioctl(&p);
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		only_if(&p, BPF_JEQ, (uint32_t)denied[i], 1);
		deny(&p);
	}
	allow(&p);
	prog = (struct sock_fprog){ p.len, p.code };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == -1) {
		(void)snprintf(err, size, "seccomp: %s", strerror(errno));
		return -1;
	}
	*done = 1;
	return 0;
}

#else

int
confine_seccomp(enum confine_net net, int *done, char *err, size_t size)
{
	(void)net;
	(void)err;
	(void)size;
	*done = 0;
	return 0;
}

#endif
