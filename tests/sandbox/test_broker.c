/* SPDX-License-Identifier: MIT */
/* What the broker, and so everything it starts, must never be able to do. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/own.h"
#include "sandbox/roles.h"
#include "sandbox/trial.h"

/* Written down here once more, so that nobody takes one out of the product's table by mistake. */
static const char *const forbidden[] = {"acct", "add_key", "adjtimex", "bpf", "clock_adjtime",
	"clock_settime", "delete_module", "finit_module", "fsmount", "fsopen", "fspick",
	"init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "kexec_file_load",
	"kexec_load", "keyctl", "landlock_create_ruleset", "mbind", "mount", "mount_setattr",
	"move_mount", "move_pages", "name_to_handle_at", "open_by_handle_at", "open_tree",
	"perf_event_open", "personality", "pivot_root", "process_madvise", "process_vm_readv",
	"process_vm_writev", "ptrace", "quotactl", "quotactl_fd", "reboot", "request_key",
	"setdomainname", "sethostname", "settimeofday", "swapoff", "swapon", "syslog", "umount2",
	"unshare", "userfaultfd", "vmsplice"};

static void what_changes_the_machine_or_looks_into_others_is_refused(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
		const struct call c = {forbidden[i], seccomp_syscall_resolve_name(forbidden[i]),
			{-1, 0, 0, -1, 0, 0}};

		if (c.nr >= 0)
			trials_end(role_enter_broker, &c, 1, EPERM);
	}
}

static uint64_t permitted(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return UINT64_MAX;
	return (uint64_t) data[1].permitted << 32 | data[0].permitted;
}

static int have_more_than_the_operations_need(void)
{
	const uint64_t may = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_NET_RAW | 1ULL << CAP_NET_ADMIN |
			     1ULL << CAP_NET_BROADCAST | 1ULL << CAP_SYS_PTRACE |
			     1ULL << CAP_SYS_CHROOT | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
			     1ULL << CAP_SETPCAP | 1ULL << CAP_KILL | 1ULL << CAP_DAC_READ_SEARCH |
			     1ULL << CAP_DAC_OVERRIDE;

	return permitted() & ~may ? 0 : EPERM;
}

static int get_a_capability_back(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.permitted = 1U << CAP_SYS_MODULE}};

	return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

static int lift_the_ban_on_new_privileges(void)
{
	(void) prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? 0 : EPERM;
}

static void only_what_the_operations_need_is_kept(void **state)
{
	(void) state;
	assert_int_equal(
		trial_of_deed(role_enter_broker, have_more_than_the_operations_need), EPERM);
	assert_int_equal(trial_of_deed(role_enter_broker, get_a_capability_back), EPERM);
	assert_int_equal(trial_of_deed(role_enter_broker, lift_the_ban_on_new_privileges), EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes_the_machine_or_looks_into_others_is_refused),
		cmocka_unit_test(only_what_the_operations_need_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
