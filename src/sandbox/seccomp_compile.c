/* SPDX-License-Identifier: MIT */
/* A compiler has one socket, on which it receives and answers, and memory. libpcap runs here on
 * text of clients; whatever is not listed ends the process. */
#include "sandbox/seccomp.h"

#include <errno.h>

#include "base/own.h"
#include "sandbox/table.h"

static const char *const allowed[] = {"brk", "close", "exit", "exit_group", "madvise", "munmap",
	"poll", "ppoll", "recvmsg", "restart_syscall", "rt_sigreturn", "sendmsg"};

int seccomp_compile(struct err *e)
{
	AUTO_FILTER scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "cannot make a system call filter");
	rc = table_allow(f, allowed, ARRAY_LEN(allowed), e);
	if (rc == 0)
		rc = table_allow_memory(f);
	return rc < 0 ? err_sys(e, rc, "cannot write the system call table") : table_load(f, e);
}
