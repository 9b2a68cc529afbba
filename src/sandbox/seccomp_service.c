/* SPDX-License-Identifier: MIT */
/* The service talks to the network over sockets that others made: listening ones from the broker,
 * accepted ones from those. It may not make a socket, open a file, start anything. Only when it
 * proxies to another discovery service may it make internet sockets and connect them. */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/own.h"
#include "sandbox/table.h"

static const char *const allowed[] = {"accept4", "brk", "clock_gettime", "clock_nanosleep", "close",
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "exit", "exit_group",
	"fcntl", "fstat", "futex", "getegid", "geteuid", "getgid", "getpeername", "getpid",
	"getrandom", "getrlimit", "getsockname", "getsockopt", "gettid", "gettimeofday", "getuid",
	"lseek", "madvise", "munmap", "nanosleep", "newfstatat", "poll", "ppoll", "read", "readv",
	"recvfrom", "recvmsg", "restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "sched_yield", "sendmsg", "sendto", "set_robust_list", "setsockopt",
	"shutdown", "sysinfo", "time", "uname", "write", "writev"};

static int allow_connections(scmp_filter_ctx f)
{
	static const int families[] = {AF_INET, AF_INET6};
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(families); i++) {
		/* the low bits of the type: stream or datagram, never raw */
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) families[i]),
			SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
		if (rc == 0)
			rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) families[i]),
				SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
	}
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendmmsg), 0);
	return rc;
}

int seccomp_service(bool connects, struct err *e)
{
	AUTO_FILTER scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "cannot make a system call filter");
	rc = table_allow(f, allowed, ARRAY_LEN(allowed), e);
	if (rc < 0)
		return rc;
	rc = table_allow_memory(f);
	if (rc == 0)
		rc = table_allow_reading_limits(f);
	if (rc == 0 && connects)
		rc = allow_connections(f);
	return rc < 0 ? err_sys(e, rc, "cannot write the system call table") : table_load(f, e);
}
