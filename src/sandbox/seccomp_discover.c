/* SPDX-License-Identifier: MIT */
/* discover talks to container engines over unix sockets and reads /proc. It may not make any socket
 * but a unix one: no network, no packets. It may not start threads or programs, and of
 * processes only copies of itself, which have this table too (files/worker.h). openat(2) works for
 * reading alone, ioctl(2) for two questions: about namespaces, and about the driver of a link. */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/own.h"
#include "sandbox/table.h"

static const char *const allowed[] = {"brk", "clock_gettime", "close", "close_range", "connect",
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "exit", "exit_group",
	"faccessat", "faccessat2", "fcntl", "fstat", "fstatfs", "futex", "getdents64", "getegid",
	"geteuid", "getgid", "getpeername", "getpid", "getppid", "getrandom", "getsockname",
	"getsockopt", "gettid", "gettimeofday", "getuid", "lseek", "madvise", "memfd_create",
	"mmap", "mprotect", "mremap", "munmap", "newfstatat", "pipe2", "poll", "ppoll", "pread64",
	"read", "readlink", "readlinkat", "readv", "recvfrom", "recvmsg", "restart_syscall",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield",
	"sendmsg", "sendto", "setitimer", "setsockopt", "shutdown", "sigaltstack", "statx",
	"sysinfo", "uname", "wait4", "write", "writev"};

int seccomp_discover(struct err *e)
{
	AUTO_FILTER scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "cannot make a system call filter");
	rc = table_allow(f, allowed, ARRAY_LEN(allowed), e);
	if (rc < 0)
		return rc;
	rc = seccomp_rule_add(
		f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (rc == 0)
		rc = seccomp_rule_add(
			f, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
	if (rc == 0)
		rc = table_allow_reading_limits(f);
	/* fork(3) of glibc, and nothing else: no threads, no namespaces */
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_EQ, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD));
	/* which PID namespace lies in which */
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, NS_GET_PARENT));
	/* who made a user namespace */
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, NS_GET_OWNER_UID));
	/* who drives a link: to set anything by it takes the same rights as by rtnetlink
	 * (broker/op_netlink.c) */
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, SIOCETHTOOL));
	if (rc < 0)
		return err_sys(e, rc, "cannot write the system call table");
	return table_load(f, e);
}
