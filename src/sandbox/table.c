/* SPDX-License-Identifier: MIT */
#include "sandbox/table.h"

#include <errno.h>
#include <sys/mman.h>

int table_allow(scmp_filter_ctx f, const char *const *names, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		int rc;

		if (nr == __NR_SCMP_ERROR)
			return err_set(e, -EINVAL, "unknown system call %s in a table", names[i]);
		if (nr < 0)
			continue; /* not on this architecture */
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0);
		if (rc < 0)
			return err_sys(e, rc, "cannot allow system call %s", names[i]);
	}
	return 0;
}

int table_allow_memory(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(
		f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 0);
	return rc;
}

int table_allow_reading_limits(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
		SCMP_A2(SCMP_CMP_EQ, 0));
}

int table_load(scmp_filter_ctx f, struct err *e)
{
	int rc = seccomp_load(f);

	return rc < 0 ? err_sys(e, rc, "cannot install the system call filter") : 0;
}
