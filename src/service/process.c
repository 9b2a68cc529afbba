/* SPDX-License-Identifier: MIT */
#include "service/process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/files.h"

int process_open_statm(void)
{
	return open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

uint64_t process_resident_bytes(int statm_fd)
{
	char text[128], *end;
	ssize_t n;

	if (statm_fd < 0 || lseek(statm_fd, 0, SEEK_SET) < 0)
		return 0;
	n = read(statm_fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	(void) strtoull(text, &end, 10); /* the size of the address space */
	return strtoull(end, NULL, 10) * (uint64_t) sysconf(_SC_PAGESIZE);
}

uint64_t process_open_files(uint64_t *ret_max)
{
	struct rlimit l = {0};

	(void) getrlimit(RLIMIT_NOFILE, &l);
	*ret_max = l.rlim_cur;
	return files_open(0, l.rlim_cur);
}
