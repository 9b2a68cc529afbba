/* SPDX-License-Identifier: MIT */
/* The broker's table names what is forbidden instead of what is allowed: a filter is inherited by
 * the children, whose own tables allow the little they need, so this one can only take away what
 * none of the processes ever needs: everything that changes the machine or looks into others. */
#include "sandbox/seccomp.h"

#include <errno.h>

#include "base/own.h"
#include "sandbox/table.h"

static const char *const forbidden[] = {"acct", "add_key", "adjtimex", "bpf", "clock_adjtime",
	"clock_settime", "create_module", "delete_module", "finit_module", "fsopen", "fsmount",
	"fspick", "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm",
	"iopl", "kexec_file_load", "kexec_load", "keyctl", "landlock_create_ruleset", "mbind",
	"mount", "mount_setattr", "move_mount", "move_pages", "name_to_handle_at",
	"open_by_handle_at", "open_tree", "perf_event_open", "personality", "pivot_root",
	"process_madvise", "process_vm_readv", "process_vm_writev", "ptrace", "quotactl",
	"quotactl_fd", "reboot", "request_key", "setdomainname", "sethostname", "settimeofday",
	"swapoff", "swapon", "syslog", "umount2", "unshare", "userfaultfd", "vmsplice"};

int seccomp_broker(struct err *e)
{
	AUTO_FILTER scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	if (!f)
		return err_set(e, -ENOMEM, "cannot make a system call filter");
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
		int nr = seccomp_syscall_resolve_name(forbidden[i]);
		int rc;

		if (nr < 0)
			continue; /* not on this architecture, or newer than the library */
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), nr, 0);
		if (rc < 0)
			return err_sys(e, rc, "cannot forbid system call %s", forbidden[i]);
	}
	return table_load(f, e);
}
