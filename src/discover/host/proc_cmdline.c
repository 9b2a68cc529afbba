/* SPDX-License-Identifier: MIT */
#include "discover/host/proc_cmdline.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/types.h>

#include "files/root_path.h"

size_t proc_argv_read(int procfd, int32_t pid, char ret[PROC_CMDLINE_MAX])
{
	char path[32];
	ssize_t n;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/cmdline", pid);
	/* reads the memory of the process, which may be a mapped file */
	n = root_path_read_start(procfd, path, ret, PROC_CMDLINE_MAX);
	if (n < 0)
		n = 0;
	/* every argument ends with NUL */
	while (n > 0 && ret[n - 1] == '\0')
		n--;
	ret[n] = '\0';
	return (size_t) n;
}

void proc_argv_join(char *argv, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++) {
		if (argv[i] == '\0')
			argv[i] = ' ';
	}
}

void proc_cmdline_read(int procfd, int32_t pid, char ret[PROC_CMDLINE_MAX])
{
	proc_argv_join(ret, proc_argv_read(procfd, pid, ret));
}
