/* SPDX-License-Identifier: MIT */
#include "discover/host/proc_cmdline.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/own.h"

void proc_cmdline_read(int procfd, int32_t pid, char ret[PROC_CMDLINE_MAX])
{
	char path[32];
	AUTO_CLOSE int fd = -1;
	ssize_t n = 0;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/cmdline", pid);
	fd = openat(procfd, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, ret, PROC_CMDLINE_MAX - 1);
	if (n < 0)
		n = 0;
	/* every argument ends with NUL */
	while (n > 0 && ret[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++) {
		if (ret[i] == '\0')
			ret[i] = ' ';
	}
	ret[n] = '\0';
}
