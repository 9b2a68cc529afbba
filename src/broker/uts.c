/* SPDX-License-Identifier: MIT */
#include "broker/uts.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "base/log.h"

int uts_name(int fd, int own_uts_fd, struct utsname *ret)
{
	int rc;

	if (setns(fd, CLONE_NEWUTS) < 0)
		return -errno;
	rc = uname(ret) < 0 ? -errno : 0;
	if (setns(own_uts_fd, CLONE_NEWUTS) < 0) {
		log_error("cannot leave a UTS namespace, ending");
		abort();
	}
	return rc;
}
