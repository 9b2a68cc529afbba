/* SPDX-License-Identifier: MIT */
#include "broker/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/pidfd.h>

#include "base/own.h"
#include "base/procstat.h"

int process_hold(int procfd, uint32_t pid, uint64_t starttime_ticks, struct err *e)
{
	AUTO_CLOSE int pidfd = -1;
	struct procstat st;
	int rc;

	if (pid == 0 || pid > INT32_MAX)
		return err_set(e, -ESRCH, "there is no process %" PRIu32, pid);
	pidfd = pidfd_open((pid_t) pid, 0);
	if (pidfd < 0)
		return err_sys(e, -errno, "process %" PRIu32, pid);
	rc = procstat_read(procfd, (int32_t) pid, &st);
	if (rc < 0)
		return err_sys(e, rc == -ENOENT ? -ESRCH : rc, "process %" PRIu32, pid);
	if (st.starttime_ticks != starttime_ticks)
		return err_set(e, -ESRCH, "process %" PRIu32 " is not the one meant", pid);
	return TAKE_FD(pidfd);
}

bool process_lives(int pidfd)
{
	return pidfd_send_signal(pidfd, 0, NULL, 0) == 0 || errno == EPERM;
}
