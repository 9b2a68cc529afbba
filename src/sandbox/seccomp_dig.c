/* SPDX-License-Identifier: MIT */
/* A dig holds sockets inside a container's network namespace. It may not make another one, nor
 * connect, bind or change those it has: the resolver's connections lead where the broker has led
 * them. sendto(2) with an address works on the two ICMP sockets alone, sendmsg(2) on the socket to
 * the service alone. Whatever is not listed ends the process. */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/own.h"
#include "sandbox/table.h"

static const char *const allowed[] = {"brk", "clock_gettime", "close", "exit", "exit_group",
	"madvise", "munmap", "poll", "ppoll", "recvfrom", "recvmsg", "restart_syscall",
	"rt_sigreturn"};

int seccomp_dig(const struct seccomp_dig_fds *fds, struct err *e)
{
	AUTO_FILTER scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "cannot make a system call filter");
	rc = table_allow(f, allowed, ARRAY_LEN(allowed), e);
	if (rc < 0)
		return rc;
	/* what is connected already: no address */
	rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, SCMP_A4(SCMP_CMP_EQ, 0));
	for (size_t i = 0; i < ARRAY_LEN(fds->icmp) && rc == 0; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) fds->icmp[i]));
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) fds->control));
	if (rc == 0)
		rc = table_allow_memory(f);
	return rc < 0 ? err_sys(e, rc, "cannot write the system call table") : table_load(f, e);
}
