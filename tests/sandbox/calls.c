/* SPDX-License-Identifier: MIT */
#include "sandbox/calls.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/own.h"

static const char root[] = "/", file[] = "/dev/null", program[] = "/bin/true", text[] = "x";
static const char *const arguments[] = {"true", NULL};
static const struct open_how how = {.flags = O_RDONLY};
static const struct rlimit no_core = {0, 0};
static struct rlimit limit;
static struct __user_cap_header_struct cap_header = {.version = _LINUX_CAPABILITY_VERSION_3};
static struct __user_cap_data_struct cap_data[2];

const struct call *calls_files(size_t *ret_n)
{
	static const struct call calls[] = {
		CALL(openat, AT_FDCWD, AT(file), O_RDONLY),
		CALL(openat, AT_FDCWD, AT(file), O_WRONLY),
		CALL(openat, AT_FDCWD, AT(root), O_RDONLY | O_DIRECTORY),
		CALL(openat, AT_FDCWD, AT(root), O_PATH),
		CALL(openat2, AT_FDCWD, AT(file), AT(&how), sizeof(how)),
		CALL(mkdirat, AT_FDCWD, AT("d"), 0700),
		CALL(unlinkat, AT_FDCWD, AT("d"), 0),
		CALL(linkat, AT_FDCWD, AT(file), AT_FDCWD, AT("l"), 0),
		CALL(symlinkat, AT(file), AT_FDCWD, AT("l")),
		CALL(fchmodat, AT_FDCWD, AT(root), 0777),
		CALL(fchownat, AT_FDCWD, AT(root), 0, 0, 0),
		CALL(mknodat, AT_FDCWD, AT("n"), 0600, 0),
		CALL(chdir, AT("..")),
		CALL(chroot, AT(root)),
		CALL(truncate, AT(file), 0),
		CALL(name_to_handle_at, AT_FDCWD, AT(root), 0, 0, 0),
		CALL(open_by_handle_at, AT_FDCWD, 0, O_RDONLY),
	};

	*ret_n = ARRAY_LEN(calls);
	return calls;
}

const struct call *calls_processes(size_t *ret_n)
{
	static const struct call calls[] = {
		CALL(execve, AT(program), AT(arguments), 0),
		CALL(execveat, AT_FDCWD, AT(program), AT(arguments), 0, 0),
		CALL(clone, SIGCHLD),
		CALL(ptrace, PTRACE_ATTACH, 1),
		CALL(ptrace, PTRACE_TRACEME),
		CALL(kill, 1, 0),
		CALL(kill, -1, 0),
		CALL(tgkill, 1, 1, 0),
		CALL(rt_sigqueueinfo, 1, 0, 0),
		CALL(pidfd_open, 1),
		CALL(pidfd_getfd, 3, 0),
		CALL(pidfd_send_signal, 3, 0),
		CALL(process_vm_readv, 1),
		CALL(process_vm_writev, 1),
		CALL(kcmp, 1, 1),
		CALL(setpriority, 0, 0, 0),
		CALL(prlimit64, 1, RLIMIT_CORE, 0, AT(&limit)),
		CALL(prlimit64, 0, RLIMIT_CORE, AT(&no_core), 0),
		CALL(sched_setaffinity, 1, 0, 0),
		CALL(personality, 0),
	};

	*ret_n = ARRAY_LEN(calls);
	return calls;
}

const struct call *calls_machine(size_t *ret_n)
{
	static const struct call calls[] = {
		CALL(mount, AT("none"), AT(root), AT("tmpfs")),
		CALL(umount2, AT(root), MNT_DETACH),
		CALL(pivot_root, AT(root), AT(root)),
		CALL(fsopen, AT("tmpfs")),
		CALL(open_tree, AT_FDCWD, AT(root), 0),
		CALL(move_mount, AT_FDCWD, AT(root), AT_FDCWD, AT(root)),
		CALL(unshare, CLONE_NEWUSER),
		CALL(unshare, CLONE_NEWNS),
		CALL(setns, 3, 0),
		CALL(bpf, 0, 0, 0),
		CALL(perf_event_open, 0, 0, 0, -1, 0),
		CALL(io_uring_setup, 1, 0),
		CALL(userfaultfd, 0),
		CALL(keyctl, 0),
		CALL(add_key, AT("user"), AT(text), AT(text), 1),
		CALL(init_module, 0, 0, AT("")),
		CALL(finit_module, 3, AT(""), 0),
		CALL(kexec_load, 0, 0, 0, 0),
		CALL(reboot, 0, 0, 0, 0),
		CALL(sethostname, AT(text), 1),
		CALL(settimeofday, 0, 0),
		CALL(clock_settime, 0, 0),
		CALL(setuid, 0),
		CALL(setgid, 0),
		CALL(setresuid, 0, 0, 0),
		CALL(setresgid, 0, 0, 0),
		CALL(setgroups, 0, 0),
		CALL(capset, AT(&cap_header), AT(cap_data)),
		CALL(seccomp, 1, 0, 0),
		CALL(syslog, 3, 0, 0),
		CALL(acct, 0),
		CALL(swapon, AT(file), 0),
		CALL(quotactl, 0, 0, 0, 0),
	};

	*ret_n = ARRAY_LEN(calls);
	return calls;
}
